/* SPDX-License-Identifier: MIT
 * train - floor 6: optimizers, schedules, the loop, checkpoint and resume. */
#ifndef RC_TRAIN_H
#define RC_TRAIN_H
#include "task/task.h"

/* One optimizer a file (sgd.c asgd.c rmsprop.c adam.c adamw.c), listed in list.h. */
typedef struct rc_optim_kind {
    const char *name, *formula;
    int moments;                         /* blocks beside the weights: 0..3 */
    double lr;                           /* a sane rate when nothing else is known */
    void (*step)(const rc_kern *k, const rc_optim_io *io, size_t at, size_t n, real *w, real *g, real *const *moment);
    void (*finish)(const rc_kern *k, size_t n, real *w, real *const *moment, double count);   /* averaged SGD: weights <- average, for evaluation and saving (the caller keeps a copy); NULL: nothing */
} rc_optim_kind;
extern const rc_optim_kind *const rc_optims[];
const rc_optim_kind *rc_optim_find(const char *name);
typedef struct { recur *r; const rc_optim_kind *kind; size_t n; real *moment[3]; int64_t step; } rc_optim;
int rc_optim_new(recur *r, rc_optim **out, const char *name, size_t n);
void rc_optim_free(rc_optim *o);
/* Norm over the spans with a gradient, clip by value and by norm, step, all on r->pool.  A norm that is not finite:
 * RECUR_EDIVERGE, weights and moments untouched, message names the weight whose gradient it is. */
int rc_optim_step(rc_optim *o, rc_run *u, const recur_step_options *s, double *norm);

/* Schedules (sched.c), by name from a list: constant, step, cosine, onecycle, plateau, linear. */
typedef struct { double lr, floor, warmup, factor; int64_t after, steps, epoch_steps; double plateau; } rc_sched_io;
typedef struct { const char *name, *formula; double (*rate)(const rc_sched_io *s, int64_t step); } rc_sched;
const rc_sched *rc_sched_find(const char *name);
const rc_sched *rc_sched_at(int i);

/* The loop (loop.c) and its checkpoint (checkpoint.c): NAME.ckpt/ with two generations, `best` beside them. */
typedef struct {
    int64_t step, epoch, at, steps; double seconds;          /* at: batches done in this epoch */
    double best, held, loss_sum, loss_n, plateau; int64_t best_step, since_best, bad_epochs;
} rc_loop_state;
int rc_checkpoint_write(const char *dir, const recur_model *m, const rc_optim *o, const rc_loop_state *l, const real *state, size_t nstate, const real *best, const json_t *options);
int rc_checkpoint_read(recur *r, const char *dir, recur_model *m, rc_optim *o, rc_loop_state *l, real *state, size_t nstate, real *best, const json_t *options);
    /* the newest complete generation; a damaged one falls back to the one before, with a warning; options or data that differ: EOPTION names them */
int rc_fit(recur_model *m, recur_data *d, recur_data *held, const recur_train_options *o, recur_watch *watch, void *ud);
json_t *rc_options_json(const recur_train_options *o);       /* every row, for model card and checkpoint */
#endif
