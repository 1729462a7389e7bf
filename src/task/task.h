/* SPDX-License-Identifier: MIT
 * task: what a line of text means: examples, targets, defaults, metrics, baselines.  Here language and
 * numbers meet.  A task is a folder, or a file, and one line in list.h; beside this file stands what all tasks need.
 * A folder includes its own headers and those beside this one, never another task's (tools/floors.sh). */
#ifndef RC_TASK_H
#define RC_TASK_H
#include <jansson.h>

#include "data/data.h"
#include "judge/judge.h"
#include "task/task.h"

/* --- model (model.c): everything that one file holds --- */
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
int rc_model_build(recur *r, recur_model **out, const char *net, const recur_data *d, uint64_t seed, const char *vectors);
/* begin.c: weights of another model wherever layers, and the units or labels that rows stand for, are alike; EOPTION
 * where nothing is. */
typedef struct { int weights, in_all; int64_t units, of; } rc_begun;    /* matrices and vectors begun so; units known to both, of the new model's */
int rc_model_begin(recur_model *m, const recur_model *from, rc_begun *got);
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
    const char *verb;                    /* of the command that puts its models to work */
    const char *const *own;
        /* of the rows of recur_train_table that not every task has a use for, those that this one has; NULL at the end */
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
    int (*suits)(const recur_model *m);  /* whether a net can do what the task wants of it, before it is trained; NULL: any */
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
int rc_model_targets(recur_model *m, const recur_train_options *o);     /* --smooth, --focal to heads that take them and say nothing themselves; EOPTION: none takes them */
int rc_model_heads(recur_model *m, const recur_train_options *o);       /* the same; ESPEC: a head that cannot judge classes */
/* suits.c */
int rc_options_suit(recur *r, const rc_task *t, const recur_train_options *o, bool reading);
    /* EOPTION names a given one that the task has no use for, and who has; reading: of those that say how files are read */
int rc_wrong_task(recur *r, const recur_model *m, const char *what);     /* EOPTION: a model of this task `what`, and which verb fits */
int rc_net_suits_writing(const recur_model *m, const char *instead);    /* ESPEC names a layer that looks at what is still to be written; instead: what would do */
extern const rc_task *const rc_tasks[];
const rc_task *rc_task_find(const char *name);
#endif
