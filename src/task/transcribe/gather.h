/* SPDX-License-Identifier: MIT
 * gather.h - examples being gathered for transcription: transcribe.c goes through lists, rows.c turns what they name into
 * rows, units.c their texts into classes. */
#ifndef RC_TRANSCRIBE_GATHER_H
#define RC_TRANSCRIBE_GATHER_H
#include "task/transcribe/transcribe.h"

typedef struct {
    recur_data *d;
    const recur_train_options *o;        /* may be NULL */
    const rc_like *like;
    json_t *problems;
    rc_spelling how;
    rc_front *front;
    rc_buf path, kept_name;
    rc_sound kept;                       /* the file read last, whole */
    int part, file;
    int64_t line, elsewhere, said;       /* records of the other part; examples that have a text */
    double speed;                        /* the file is heard so much faster; 0: as it is */
    const char *name;                    /* of the sound, for messages */
} rc_gather;

/* Rows at d->x + d->rows, room made; *T of them.  Of the file g->name, of a sound, of rows in memory. */
int rc_gather_file(rc_gather *g, int *T);
int rc_gather_sound(rc_gather *g, rc_sound *s, int *T);      /* s comes back at the front end's rate; rate 0: it is that */
int rc_gather_rows(rc_gather *g, const float *x, int T, int F);

const char *rc_gather_name(const rc_gather *g);              /* of the list, for messages */
int rc_gather_problem(rc_gather *g, const char *kind, const char *what);     /* of the line: noted, or with --strict EDATA */
int rc_gather_units(rc_gather *g);                           /* d->labels, g->how.words: from the option, else from the texts */
int rc_gather_encode(rc_gather *g);                          /* the texts of all examples -> their lists of classes */
#endif
