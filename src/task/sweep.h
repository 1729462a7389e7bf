/* SPDX-License-Identifier: MIT
 * sweep.h - all examples through a run, in their order, as many together as it has room for.  What comes out of an example
 * does not depend on which others are beside it. */
#ifndef RC_SWEEP_H
#define RC_SWEEP_H
#include "task/task.h"

typedef struct { recur_data *d; const rc_run *u; int32_t *ex; int at, n; } rc_sweep;    /* n examples before number `at` make the batch */
int rc_sweep_open(rc_sweep *p, recur_data *d, const rc_run *u);                /* rc_sweep_close in any case */
int rc_sweep_next(rc_sweep *p, recur_batch *b);                                /* EEND: there are no more */
void rc_sweep_close(rc_sweep *p);

int rc_sweep_run(const recur_model *m, const recur_data *d, int sequences, int rows, rc_run **out);
    /* a run for answers, weights packed once: batches of at most so many rows, or of the one example that is longer */
int rc_sweep_loss(rc_run *u, recur_data *d, double *mean, double *right);
    /* of the first head: mean loss of a target, share of the targets that were the likeliest (right may be NULL); NAN
     * where there are none */
#endif
