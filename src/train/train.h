/* SPDX-License-Identifier: MIT
 * train: optimizers, schedules, the loop, checkpoint and resume. */
#ifndef RC_TRAIN_H
#define RC_TRAIN_H
#include "task/task.h"

/* --- optimizers: one a file (sgd.c asgd.c rmsprop.c adam.c adamw.c), listed in list.h --- */
typedef struct rc_optim rc_optim;
typedef struct rc_optim_kind {
    const char *name, *formula;
    int moments;                         /* blocks beside the weights: 0..3 */
    double lr;                           /* a sane rate when nothing else is known */
    bool momentum;                       /* b1 is --momentum, not --beta1 */
    bool decoupled;                      /* weight decay acts beside the step (AdamW); false: it is added to the gradient (L2) */
    void (*step)(const rc_optim *o, const rc_optim_io *io, size_t at, size_t n, real *w, real *g);   /* elements [at, at + n) of the whole blocks w, g and moments */
    void (*average)(const rc_optim *o, size_t at, size_t n, real *w);     /* averaged SGD: w <- average (the caller keeps a copy); NULL: has none */
} rc_optim_kind;
extern const rc_optim_kind *const rc_optims[];               /* NULL-ended */
const rc_optim_kind *rc_optim_find(const char *name);
struct rc_optim {
    recur *r;
    const rc_optim_kind *kind;
    size_t n;
    real *moment[3];                     /* [n] each; with `mean` one more than the kind's */
    int moments;
    double mean;                         /* part of itself that the running mean of the weights keeps at a step; 0: there is none */
    int64_t step, averaged;              /* steps taken; of them in the average */
    bool averaging;                      /* set by whoever decides that the average begins */
};
int rc_optim_new(recur *r, rc_optim **out, const char *name, size_t n, double mean);   /* EOPTION lists the names */
void rc_optim_free(rc_optim *o);
void rc_optim_clear(rc_optim *o);        /* as new */
/* Norm over the spans with a gradient, clip by value and then by norm, step, all on r->pool; the gradient is left for
 * rc_run_clear.  A gradient that is not finite: RECUR_EDIVERGE, weights and moments untouched, the message names the weight. */
int rc_optim_step(rc_optim *o, rc_run *u, const recur_step_options *s, double *norm);
bool rc_optim_averages(const rc_optim *o);                   /* whether there is an average by now */
void rc_optim_average(const rc_optim *o, real *w);           /* w [n] <- average, where there is one */

/* --- schedules (sched.c): constant step linear cosine onecycle plateau --- */
typedef struct {
    double lr, floor, factor;            /* highest rate; lowest as part of it; what step and plateau multiply by */
    double warmup;                       /* steps in which the rate rises from 0; below 1: part of all steps */
    int64_t after, steps, epoch_steps;   /* full epochs before `step` begins; steps in all, in an epoch */
    double plateau;                      /* product of the factors that `plateau` has earned so far */
} rc_sched_io;
typedef struct { const char *name, *formula; double (*rate)(const rc_sched_io *s, int64_t step); } rc_sched;
const rc_sched *rc_sched_find(const char *name);
const rc_sched *rc_sched_at(int i);      /* NULL past the end */

/* --- where a training stands: everything that decides how it goes on, apart from weights, moments and carried state --- */
#define RC_NT 5                          /* evaluations that averaged SGD's trigger looks back over */
#define RC_LOOP_INTS(X)                                                                                                \
    X(step) X(steps) X(first)            /* updates done, planned, planned at first */                                 \
    X(cuts)                              /* times that the plan was shortened: `cut` */                                \
    X(epoch) X(at) X(micro)              /* batches done in this epoch, in all */                                      \
    X(optim_step) X(averaged) X(averaging)                                                                             \
    X(best_step) X(since_best)           /* evaluations since the best one */                                          \
    X(waited) X(scored)                  /* evaluations that brought nothing since plateau's last cut; evaluations */
#define RC_LOOP_REALS(X)                                                                                               \
    X(seconds) X(best) X(held)           /* best, last held-out metric; NAN: none */                                   \
    X(best_loss)                         /* held-out loss beside the best metric: of equal metrics it decides */       \
    X(loss_sum) X(loss_n)                /* running mean of the loss */                                                \
    X(plateau) X(oldest)                 /* oldest: lowest held-out loss before those in `recent` */                   \
    X(recent0) X(recent1) X(recent2) X(recent3) X(recent4)    /* the last RC_NT held-out losses, newest first */
#define RC_CUTS 32                       /* most of them */
#define RC_PLAN 1024                     /* bytes of a plan as text */
typedef struct { int64_t at, steps; } rc_cut;    /* from step `at` on, `steps` in all */
typedef struct {
#define X(name) int64_t name;
    RC_LOOP_INTS(X)
#undef X
#define X(name) double name;
    RC_LOOP_REALS(X)
#undef X
    rc_cut cut[RC_CUTS];
} rc_loop_state;

/* --- checkpoint.c: NAME.ckpt/gen-K.safetensors, the two newest K.  A generation is a model file with more in it:
 * opt.m0.. (moments), loop.best (best weights), loop.carry (state of the streams), texts `loop` and `loop.options`. --- */
typedef struct {
    recur_model *m; rc_optim *o;
    rc_loop_state *s;
    real *best; size_t n;                /* [n] */
    real *carry; size_t ncarry;          /* state that the run carries */
    const json_t *options;               /* what must agree: options, net, data */
} rc_snapshot;
int rc_checkpoint_write(const char *dir, const rc_snapshot *c, char *path, size_t n);      /* path: the file written */
/* Fills the snapshot's blocks from the newest complete generation; a damaged one falls back to the one before, with a
 * warning.  Nothing there: EIO.  Options or data that differ: EOPTION names them, unless force. */
int rc_checkpoint_read(const char *dir, const rc_snapshot *c, bool force);
void rc_checkpoint_remove(recur *r, const char *dir);        /* our files, then the folder if it is empty */
json_t *rc_options_json(const recur_train_options *o);       /* every row, for model card and checkpoint; automatic: null */
json_t *rc_options_agree(const recur_train_options *o, const recur_model *m, const recur_data *d, const recur_data *held);
    /* the rows that decide a training's bits, the net, and hashes of the data */

/* --- the loop (loop.c), made ready (setup.c), a step of it (step.c), how long it is (pace.c), what the held-out part says
 * (judge.c) --- */
#define RC_MEMORY 0.98                   /* what a running mean keeps of itself at a step */
typedef struct {
    recur *r; recur_model *m; recur_data *d, *held;
    recur_train_options o;               /* nothing automatic left */
    recur_watch *watch; void *ud; bool stop, keep_now;       /* keep_now: a checkpoint is asked for */
    rc_run *u; rc_optim *opt; const rc_sched *sched;
    rc_sched_io course;
    rc_loop_state s;
    real *best, *keep; size_t n;         /* [n] best weights; room for those that an evaluation replaces */
    size_t ncarry;
    int batches;                         /* of the epoch that runs */
    bool started;                        /* data stands at s.at */
    bool timed;                          /* the clock may shorten the plan */
    int64_t every;                       /* steps between evaluations; 0: at the end of each epoch */
    json_t *agree; char *dir; bool unsaved;
    double norm, lr, began, saved;       /* of the last step; clock: began less what earlier runs took, last save */
    int64_t rows;                        /* units of the last step */
    double pace_rows, pace_steps, pace_seconds, score_seconds;   /* running sums for units a second; of one evaluation */
} rc_fitting;
/* Trains m on d; the best weights on `held` (may be NULL) are m's at the end.  Options still automatic get plain values.
 * ESTOP: saved, best weights in place.  EDIVERGE: last good weights in place.  EIO: finished, but the last save failed. */
int rc_fit(recur_model *m, recur_data *d, recur_data *held, const recur_train_options *o, recur_watch *watch, void *ud);
int rc_fit_open(rc_fitting *f);          /* settles the options, takes all memory; f is to be closed in any case */
void rc_fit_close(rc_fitting *f);
int rc_fit_tell(rc_fitting *f, int event, const char *text, bool better);    /* calls watch; f->stop once it asks for it */
int rc_fit_say(void *fitting, const char *form, ...) __attribute__((format(printf, 2, 3)));   /* RECUR_CHOSEN */
int rc_fit_epoch(rc_fitting *f);         /* data to s.epoch, s.at */
int rc_fit_step(rc_fitting *f);          /* one update */
int rc_fit_pace(rc_fitting *f);          /* s.steps, every, course; with --time it measures first and leaves no trace */
int rc_fit_plan_read(rc_fitting *f);     /* replan.c: --plan to s.first, s.cut */
void rc_fit_plan_text(const rc_loop_state *s, char *out, size_t n);      /* as --plan takes it */
void rc_fit_replan(rc_fitting *f);       /* after a step: fewer steps where the time runs out, or as --plan says */
int rc_fit_judge(rc_fitting *f);         /* evaluation: best weights, plateau, averaging */
#endif
