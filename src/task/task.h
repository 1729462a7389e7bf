/* SPDX-License-Identifier: MIT
 * task - floor 5: what a line of text means: examples, targets, defaults, metrics, baselines.  Here language and
 * numbers meet.  A task is one file and one line in list.h. */
#ifndef RC_TASK_H
#define RC_TASK_H
#include <jansson.h>

#include "net/net.h"
#include "text/text.h"

typedef struct rc_task rc_task;

/* --- model (model.c): everything that one file holds --- */
typedef struct { float *mean, *scale; int n; } rc_scaling;
    /* x' = (x - mean) * scale, from the training part alone; n 0: none */
struct recur_model {
    recur *r;
    const rc_task *task;
    rc_net *net; real *w;
    _Atomic uint64_t version;            /* changes when somebody may have written to w: packed weights are good for one */
    rc_text *text;                       /* NULL: measured input or bare ids */
    rc_vocab *labels;                    /* NULL: none; label i is entry RC_FIRST + i */
    rc_scaling scaling;
    rc_text *side_text; rc_scaling side_scaling;
        /* of the side chain's data; side_text == text where both sides share one vocabulary */
    json_t *card;
        /* object: "version" "task" "net" "options" "training" "threshold" "baseline" "licence" ... */
    json_t *baseline; rc_store extra;
        /* what the task's baseline needs: settings, and tensors named "baseline.*" (owned copies) */
    real *class_weight;
        /* [classes] while training with --balance weights, lent to the head; NULL otherwise */
    uint8_t *forbid;                     /* tag: which tag may not follow which, lent to the head; NULL: all may */
};
/* A net on the facts of d, weights drawn from seed; text, labels and scaling that d owns become the model's (d then
 * borrows them).  vectors: file of word vectors for the first embedding, or NULL.  recur_model_free is in model.c
 * too. */
int rc_model_build(recur *r, recur_model **out, const char *net, recur_data *d, uint64_t seed, const char *vectors);
int rc_model_store(const recur_model *m, rc_store *s, bool baseline);      /* tensors borrowed from m */
int rc_model_from(recur *r, recur_model **out, rc_store *s, const char *path);
    /* every tensor found, none left over, shapes as declared; tensors named "opt.*" and "loop.*" are left to the
     * checkpoint's reader */
/* storage.c: matrices in fewer bits (rc_storage_name).  In memory they are floats still, rounded to what the storage can
 * say; runs that only answer pack them as that, and files hold them so: int8 with its scales as "NAME.scale". */
int rc_model_weights(recur_model *m, int as);                /* rounds; from then on the model is not trained */
int rc_model_dtype(const recur_model *m, const rc_param *p);  /* RC_F32, ...: of the tensor in the file */
int rc_model_store_matrix(const recur_model *m, rc_store *s, const rc_param *p);
int rc_model_load_matrix(recur_model *m, rc_store *s, const char *path, const rc_param *p, const rc_tensor *t);
int rc_model_label_count(const recur_model *m);
void rc_model_extra(recur_model *m, const char *name, int dtype, int64_t n, const void *data, int *error);
    /* copies a tensor "baseline.<name>" in */

/* --- data (data.c, batch.c): examples in memory --- */
typedef struct rc_windows rc_windows;                        /* forecast.h */
typedef struct {
    size_t at, text, text_n; int32_t T, label, file; int64_t line; float weight; int32_t side;
    size_t list; int32_t list_n;         /* its labels in d->list: rc_data_list */
} rc_example;
    /* at: first row in ids/x (and in per-step targets); label -1: none; text: offset in `raw`;
     * side: example of d->side that belongs to it, -1: none (rc_data_example sets that) */
struct recur_data {
    recur *r;
    const rc_task *task;
    rc_text *text; rc_vocab *labels; rc_scaling scaling; bool own;
        /* own: learned here, handed to the model that is made from it */
    int C, F, classes, outputs;          /* outputs > 0: targets are numbers */
    int vocabulary2;                     /* of their second column */
    int group;                           /* so many examples, one after the other, stay together in a shuffled epoch: they share a side example; 0: 1 */
    int vocabulary;                      /* of bare ids (text NULL); rc_data_facts tells it, a model file keeps it */
    int32_t *ids[4]; float *x; size_t rows, cap;
    rc_example *ex; int count, ex_cap;
    int32_t *step_label; float *value; bool per_step;    /* [rows] or NULL; [count or rows][outputs] or NULL */
    /* --- the side chain's data (before >> in the net line), owned; NULL: none.  A recur_data of its own: made by
     * rc_data_new, filled by rc_data_row and rc_data_example, with its own text (or side->own = false and
     * side->text = text: one vocabulary for both), ids, features, scaling, windows, max_length.  Main examples name theirs by
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
    rc_windows *windows;
        /* forecast: rows that examples are cut from as a batch is made; ids, x, value: NULL, rows: those of an epoch */
    int kinds;                           /* per_step: ex.label is the sequence's class among so many, for the second head */
    rc_vocab *unseen;                    /* per_step: names of the classes from `classes` on, which no head knows */
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
    /* every column of x to mean 0 and deviation 1 by the figures of these rows, or as given (borrowed); what is missing
     * (NAN) becomes the mean */
void rc_scale_rows(const rc_scaling *s, float *x /* [rows][n] */, size_t rows);
int rc_data_order(const recur_data *d, int i);               /* which example sequence i of the last batch is */
void rc_data_facts(const recur_data *d, rc_facts *out);
void rc_windows_put(recur_data *d, const rc_example *ex, int b);
    /* example ex as sequence b of d->out: its window, cut from the rows */
void rc_windows_free(rc_windows *w);
const void *rc_windows_rows(const rc_windows *w, size_t *bytes);
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

/* --- the task contract --- */
typedef struct { rc_text *text; rc_vocab *labels; const rc_scaling *scaling; int64_t max_length; json_t *form;
                 rc_text *side_text; const rc_scaling *side_scaling; } rc_like;
    /* what reading takes as given, borrowed */
    /* max_length: where the options say nothing; the card's "max_length", or -1: never cut; 0: as if nothing were
     * given */
enum { RC_ALL, RC_TRAIN_PART, RC_HELD_PART };
    /* which part of the files: without --valid a tenth is held out, the text's end (lm) or by hash of the text
     * (classify: equal texts stay together); nothing is learned from it */
typedef int rc_say(void *ud, const char *form, ...) __attribute__((format(printf, 2, 3)));
struct rc_task {
    const char *name, *help, *head;      /* head: default of a chain without one */
    const char *metric; bool rising;
        /* the held-out measure that early stopping looks at, and whether more is better */
    const char *(*measure)(const recur_model *m);             /* its name where that hangs on the data; NULL: metric */
    int (*read)(recur_data *d, const char *const *path, int n, const recur_train_options *o, const rc_like *like,
                int part, json_t *problems);
        /* like NULL: learn vocabulary, labels, scaling, from the examples of this part alone */
    int (*pull)(recur_data *d, recur_next_example *next, void *ud, const recur_train_options *o, const rc_like *like);
        /* the same from a callback */
    int (*choose)(const recur_data *d, recur_train_options *o, char *net, size_t n, rc_say *say, void *ud);
        /* fills what the user left automatic, the net line among it; says each choice in a line with its reason */
    int (*ready)(recur_model *m);        /* a model was made or loaded: what its heads need of the task; may be NULL */
    int (*prepare)(recur_model *m, recur_data *d, const recur_train_options *o);
        /* once before training: --smooth, --focal, --balance; may be NULL */
    int (*guess)(const recur_model *m, recur_data *d, rc_run *u, const recur_batch *b, double share, uint64_t key);
        /* --sampled: before a step that part of the units that batch b of d reads become the net's own guesses; u is
         * planned with scores; NULL: the task has no such units */
    int (*score)(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric);
        /* cheap, between epochs; u is a training run, whose carried states are kept */
    int (*settle)(recur_model *m, recur_data *held);
        /* after training: threshold on the held-out part; may be NULL */
    int (*eval)(const recur_model *m, recur_data *d, json_t **out);       /* all metrics and "baseline" */
    int (*baseline)(recur_model *m, recur_data *d, recur_data *held);
        /* fit it on the training part and put it into m->baseline, m->extra */
    int (*check)(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out);
        /* {"problems":[{file,line,what}],...} */
};
extern const rc_task *const rc_tasks[];
const rc_task *rc_task_find(const char *name);

/* --- measures (measure.c) --- */
typedef struct { int classes; int64_t *confusion; double *p; int32_t *y; int n; } rc_judged;
    /* confusion [true][said]; p [n][classes] */
int rc_measure(recur *r, const rc_judged *j, const rc_vocab *labels, json_t **out);
    /* samples accuracy macro_f1 per_class confusion pr_auc (two classes) calibration_error */
/* How probably chance alone makes two classifiers differ as much on the same samples: a, b were right alone. */
double rc_mcnemar(int64_t a, int64_t b);
/* Probabilities [count][classes] of a classifying model for every example, in their order; batches of any size give
 * the same. */
int rc_classify_scores(const recur_model *m, recur_data *d, float *p);
/* --- baselines: linear.c (hashed n-grams of words and signs, logistic), ngram.c (Kneser-Ney over ids) --- */
typedef struct rc_linear rc_linear;
int rc_linear_fit(recur *r, rc_linear **out, const recur_data *d, const recur_data *held, uint64_t seed);
int rc_linear_read(recur *r, rc_linear **out, const recur_model *m);
int rc_linear_keep(const rc_linear *l, recur_model *m);
void rc_linear_score(const rc_linear *l, const recur_data *d, int i, double *p);
void rc_linear_free(rc_linear *l);
typedef struct rc_ngram rc_ngram;
int rc_ngram_fit(recur *r, rc_ngram **out, const int32_t *id, size_t n, int V, int order);
double rc_ngram_nats(const rc_ngram *g, const int32_t *id, size_t n);
    /* total, every id given those before it; nothing is fitted */
double rc_ngram_p(const rc_ngram *g, const int32_t *before, size_t n, int32_t id);
    /* of id after before[0..n-1]; sums to 1 over the V ids */
void rc_ngram_free(rc_ngram *g);
/* The unit that stands before a text: "\n" where texts keep it, else "</s>".  What eval and generate begin with. */
int32_t rc_lm_start(const rc_text *t);
/* The units of the training text, which a language model's file carries: EDATA when they were left out. */
int rc_lm_training_ids(const recur_model *m, rc_ids *out);
#endif
