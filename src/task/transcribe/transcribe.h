/* SPDX-License-Identifier: MIT
 * transcribe.h - the parts of the task that turns sounds, or other measured sequences, into text by CTC:
 * transcribe.c reads, rows.c hears, transcript.c knows the spelling, units.c makes classes of texts, net.c chooses and
 * prepares, eval.c scores, dtw.c is the baseline, check.c looks at lists. */
#ifndef RC_TRANSCRIBE_H
#define RC_TRANSCRIBE_H
#include "format/sound.h"
#include "task/task.h"

/* --- spelling (transcript.c): what recur_data.form and the model's card say of the texts --- */
typedef struct { bool words, lower, nfkc; const char *front; } rc_spelling;      /* front NULL: rows of measurements; borrowed */
void rc_spelling_of(const json_t *form, rc_spelling *out);
json_t *rc_spelling_form(const rc_spelling *s);
int rc_transcript_fold(recur *r, const rc_spelling *s, const char *text, size_t n, rc_buf *out);
    /* appended: case and signs folded, one blank between words, none at the ends */
bool rc_transcript_unit(const rc_spelling *s, const char **text, size_t *n, const char **unit, size_t *m);
    /* the next unit of a folded text, a word or a sign; false: no more */
bool rc_transcript_word(const char **text, size_t *n, const char **word, size_t *m);
    /* the next word as measures count them: between blanks, signs of scripts without blanks one by one */
int rc_transcript_join(recur *r, const rc_spelling *s, const rc_vocab *labels, const int32_t *label, int n, rc_buf *out);
    /* the text of classes 1.., appended: one blank between words, none at the ends */

int rc_transcribe_open(const recur_model *m, const recur_sound *sound, recur_data **out);
    /* one sound, or rows of measurements, as the model reads them: data with one example without a text */

int rc_transcribe_suits(const recur_model *m);                /* a model of this task, whose head says its labels; else EOPTION */
int rc_transcribe_choose(const recur_data *d, recur_train_options *o, char *net, size_t n, rc_say *say, void *ud);
int rc_transcribe_prepare(recur_model *m, recur_data *d, const recur_train_options *o);
int rc_transcribe_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric);
int rc_transcribe_eval(const recur_model *m, recur_data *d, json_t **out);
int rc_transcribe_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out);
extern const rc_task rc_task_transcribe;

/* --- the baseline (dtw.c): the transcript of the most similar utterance that was trained on --- */
typedef struct rc_dtw rc_dtw;
int rc_dtw_fit(recur_model *m, recur_data *d, recur_data *held);     /* into m->baseline, m->extra */
int rc_dtw_read(recur *r, rc_dtw **out, const recur_model *m);
const char *rc_dtw_say(rc_dtw *t, const float *x, int T, size_t *n); /* x [T][F], scaled */
const char *rc_dtw_common(const rc_dtw *t, size_t *n);               /* the commonest transcript */
void rc_dtw_free(rc_dtw *t);
#endif
