/* SPDX-License-Identifier: MIT
 * data: files and memory -> examples -> batches.  What an example is, the tasks above decide; here is how it is
 * kept, and the only batcher. */
#ifndef RC_DATA_H
#define RC_DATA_H
#include <jansson.h>

#include "net/net.h"
#include "text/text.h"

typedef struct rc_task rc_task;                              /* named only: whose data these are */

typedef struct { float *mean, *scale; int n; } rc_scaling;
    /* x' = (x - mean) * scale, from the training part alone; n 0: none */
int rc_scaling_copy(recur *r, const rc_scaling *from, rc_scaling *to);       /* what `to` held is not freed */
void rc_scaling_free(recur *r, rc_scaling *s);

typedef struct {
    size_t at, text, text_n; int32_t T, label, file; int64_t line; float weight; int32_t side;
    size_t list; int32_t list_n;         /* its labels in d->list: rc_data_list */
} rc_example;
    /* at: first row in ids/x (and in per-step targets); label -1: none; text: offset in `raw`;
     * side: example of d->side that belongs to it, -1: none (rc_data_example sets that) */
/* Where examples are not copied but cut from rows that they share, as a batch is made: what holds the rows begins with this. */
typedef struct rc_cutter rc_cutter;
struct rc_cutter {
    void (*put)(recur_data *d, const rc_example *ex, int b);             /* example ex as sequence b of d->out */
    void (*free)(rc_cutter *c);
    const void *(*rows)(const rc_cutter *c, size_t *bytes);              /* what a hash of the data covers */
};
struct recur_data {
    recur *r;
    const rc_task *task;
    rc_text *text; rc_vocab *labels; rc_scaling scaling; bool learned;
        /* text and labels are shared with the model made from these data, or with that they were read for;
         * learned: here, not taken from a model */
    int C, F, classes, outputs;          /* outputs > 0: targets are numbers */
    int vocabulary2;                     /* of their second column */
    int group;                           /* so many examples, one after the other, stay together in a shuffled epoch: they share a side example; 0: 1 */
    int vocabulary;                      /* of bare ids (text NULL); rc_data_facts tells it, a model file keeps it */
    int32_t *ids[4]; float *x; size_t rows, cap;
    rc_example *ex; int count, ex_cap;
    int32_t *step_label; float *value; bool per_step;    /* [rows] or NULL; [count or rows][outputs] or NULL */
    /* --- the side chain's data (before >> in the net line), owned; NULL: none.  A recur_data of its own: made by
     * rc_data_new, filled by rc_data_row and rc_data_example, with its own text (or text's other share:
     * one vocabulary for both), ids, features, scaling, windows, max_length.  Main examples name theirs by
     * rc_example.side (translate, forecast), or main rows theirs by row_side (tag: signs of each word).  Batches come
     * out with side, place, row_place: the side examples of a batch once each, longest first. */
    recur_data *side;
    int32_t *row_side;                   /* [rows] side example of each row, -1: none; NULL: rows name none.  Where side_rows is set before the first rc_data_row, that makes room */
    bool side_rows;
    int32_t *list; size_t list_n, list_cap; int32_t list_most;
        /* targets that are lists of labels (ctc), example after example; NULL: none; the longest list */
    rc_buf raw;                          /* normalised texts, for baselines and reports */
    char **path; int paths;              /* for messages: file:line */
    int64_t unknown, units, chars, bytes, skipped, dropped;
        /* UNK units, all units, characters of the text, bytes; bad lines; too long */
    int64_t max_length;                  /* classify: longer texts were cut to this; 0: none is cut */
    json_t *form;
        /* how files become examples here (front end, unit, ...), as the task writes it down: NULL, or what the model's
         * card keeps as "form" and rc_like hands to later readings */
    rc_cutter *windows;
        /* forecast: rows that examples are cut from as a batch is made; ids, x, value: NULL, rows: those of an epoch */
    int kinds;                           /* per_step: ex.label is the sequence's class among so many, for the second head */
    rc_vocab *unseen;                    /* per_step: names of the classes from `classes` on, which no head knows */
    int beam;                            /* translate: answers followed at once where a model is measured; 0: as many as usual */
    int shape;                           /* column of ids that holds the shape of a word's letters; 0: none */
    double drop_rare;                    /* training reads a unit seen c times as unknown with probability x / (x + c) */
    int64_t batch_units;                 /* at most so many rows in a batch, the longest sequence times their number; 0: no bound */
    bool stream;                         /* lm: all rows are one text; examples are its documents */
    int64_t look;                        /* lm: a score reads about so many units, in streams side by side; 0: all */
    /* --- batching (batch.c): order from (seed, epoch) alone, so that a position is two numbers --- */
    struct { int B, T, epoch, at, batches; uint64_t seed; int32_t *order, *start, *turn; int error; } cut;
    struct { int32_t *alive, *ids, *target, *kind, *seq; float *x, *value; uint64_t *key; size_t cap_n, cap_b, cap_t; } out;
    struct { int32_t *place, *row_place, *mark, *list, *bin; size_t cap_b, cap_n, cap_e, cap_l, cap_t, cap_c; int32_t *copied; } beside;   /* of batches with a side: side.c */
    struct { int32_t *at, *label; size_t cap_b, cap_n; } lists;   /* of batches with lists: lists.c */
    recur_batch batch;
};
int rc_data_new(recur *r, recur_data **out, const rc_task *t);
int rc_data_side(recur_data *d);                             /* makes d->side, empty; `own` as rc_data_new leaves it: true */
int rc_data_paths(recur_data *d, const char *const *path, int n);            /* their names, for messages */
int rc_data_row(recur_data *d, size_t n);                    /* room for n more rows */
int rc_data_example(recur_data *d, rc_example **out);        /* one more example, beginning at d->rows */
int rc_data_list(recur_data *d, rc_example *ex, const int32_t *label, size_t n);   /* ex's targets are this list of classes, copied */
int rc_lists_room(recur_data *d, size_t B);
void rc_lists_put(recur_data *d, int B);                     /* of the sequences that d->out.seq names */
int rc_data_batches(const recur_data *d);                    /* of the epoch started */
void rc_data_seek(recur_data *d, int at);                    /* the at-th batch of the epoch is next */
int rc_data_of(recur_data *d, const int32_t *ex, int n, recur_batch *out);
    /* a batch of just these examples (with their side examples) */
int rc_data_scale(recur_data *d, const rc_scaling *given);
    /* every column of x to mean 0 and deviation 1 by the figures of these rows, or as given (copied); what is missing
     * (NAN) becomes the mean */
void rc_scale_rows(const rc_scaling *s, float *x /* [rows][n] */, size_t rows);
int rc_data_order(const recur_data *d, int i);               /* which example sequence i of the last batch is */
int rc_data_suits(const recur_data *d, const rc_net *net);   /* their targets are what its first head learns: kind, steps or sequences */
void rc_data_facts(const recur_data *d, rc_facts *out);
void rc_data_dims(const recur_data *d, int B, int T, recur_dims *out);
    /* B, T, N of the largest batch that recur_data_start(d, B, T, ...) can give */
    /* recur_data_split, _count, _start, _next and _close of recur.h are in data.c and batch.c */

/* readers (read.c): records of a file, whatever its form, found from its content */
typedef struct {
    const char *label, *text; size_t label_n, text_n; int64_t line;
    const float *x; int steps, features;
} rc_record;
typedef int rc_take_record(void *ud, const rc_record *rec);
int rc_read_records(recur *r, const char *path, const recur_train_options *o, rc_take_record *take, void *ud,
                    json_t *problems);
    /* label<TAB>text, CSV with header, JSON lines {"label","text"}, .ts, .npy; bad lines: appended to `problems`
     * (array of {file,line,what}) and skipped, or EDATA at the first when o->strict or problems is NULL */
#endif
