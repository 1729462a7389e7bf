/* SPDX-License-Identifier: MIT
 * recur_back.h - the backward pass in two files: recur_backward.c walks the steps against time, recur_gradient.c then makes
 * what does not hang on their order in whole products. */
#ifndef RC_LAYER_RECUR_BACK_H
#define RC_LAYER_RECUR_BACK_H
#include "layer/recur.h"

typedef struct {
    const rc_recur *l; rc_recur_act *a; const rc_pass *s; rc_cell_fns fn;
    real *du[2], *dp[2], *dhp[2];   /* scratch: [N][us]; [neighbourhoods][P*H] of row-wise cells; [N][W] of the projected output */
    real *db[2];                    /* scratch: [G*H] of biases that are added together */
    real *dwh;                      /* scratch: of the recurrent weights before weight-drop's mask; one direction after the other */
    real *rest;                     /* scratch of the products */
} rc_recur_back;
void rc_recur_back_place(rc_recur_back *j, rc_arena *m);      /* the slices above, for measuring and for the pass */
static inline size_t rc_recur_gains(const rc_recur *l, const rc_recur_act *a)      /* numbers in dp of a direction */
{
    return (size_t)rc_recur_neighbourhoods(a->a.in.B) * (size_t)l->P * (size_t)l->size;
}
void rc_recur_gradients(const rc_recur_back *j, int d);       /* of direction d: weights, biases, learnt states +=; dx */
#endif
