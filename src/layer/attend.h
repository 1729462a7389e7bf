/* SPDX-License-Identifier: MIT
 * attend - what attend.c (options, weights, plan, forward) and attend_back.c share.
 *
 * Row n of main sequence b looks at the L steps s_1 .. s_L of side sequence p = place[b]; q is what the row asks with.
 *   (E12) e_j = x · s_j | x Wq' · s_j | v · tanh(x Wq' + b + s_j Wk')      dot, general, additive
 *   (E13) α = softmax(e_1 .. e_L),   c = Σ_j α_j s_j
 *   (E14) y = tanh([c; x] Wc')
 * The products of a sequence are whole ones: its rows of q side by side, its side steps packed once for all that ask. */
#ifndef RC_LAYER_ATTEND_H
#define RC_LAYER_ATTEND_H
#include "layer/layer.h"

typedef struct {
    rc_layer l;
    int size, units;
    bool general, dot, additive;
    int S, Q;                    /* columns of the side's rows; of q */
    int wq, bq, wk, v, wc;       /* places in l.param; -1: none */
} rc_attend;

typedef struct {
    rc_act a;                    /* a.look: the weights [N][look_ld] */
    rc_packed wq, wcc, wcx;      /* wc's columns of c, of x */
    real *q, *c;                 /* [N][Q] where it is not x; [N][S] */
    real *keys;                  /* additive: [side rows][Q] s Wk' */
    real *P1, *P2;               /* of each side sequence: s' and s as panels */
    size_t *at1, *at2; int32_t *len;   /* [side sequences]: places in P1, P2; steps */
    real *dc, *dq, *dkeys, *dv;  /* [N][S]; [N][Q]; [side rows][Q]; [side sequences][Q] */
    int32_t *first, *next;       /* [side sequences], [B] main sequences of each, rising; -1: no more */
} rc_attend_act;

typedef struct { const rc_attend *l; rc_attend_act *a; const rc_pass *s; size_t own; } rc_attend_job;   /* own: reals of scratch a thread */

static inline const real *rc_attend_q(const rc_attend *l, const rc_attend_act *a) { return l->wq < 0 ? a->a.x : a->q; }
static inline int rc_attend_steps(const rc_rows *r, int b)   /* of sequence b */
{
    int t = r->T;
    while (t > 0 && r->alive[t - 1] <= b)
        t--;
    return t;
}
static inline real *rc_attend_slice(real **at, size_t n)      /* of scratch, at cache lines */
{
    real *p = *at;
    *at += rc_slice(n);
    return p;
}
/* u [L][Q] = tanh(q + key_j) for the steps of side sequence p. */
void rc_attend_units(const rc_attend_job *j, int p, const real *q, real *u);
/* Columns [0, w) of the rows of sequence b of x, side by side in y [steps][w], and back. */
void rc_attend_gather(const rc_rows *r, int b, int steps, int w, const real *x, int ldx, real *y);
void rc_attend_scatter(const rc_rows *r, int b, int steps, int w, const real *y, real *x, int ldx);
/* fn on all threads, or on this one alone where there is little to do. */
void rc_attend_each(const rc_attend_job *j, void (*fn)(void *arg, const rc_team *t));
size_t rc_attend_scratch(const rc_attend *l, const rc_kern *k, int T, int L, bool train);   /* reals a thread */
void rc_attend_backward(const rc_layer *l, rc_act *a, const rc_pass *s);
#endif
