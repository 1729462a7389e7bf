/* SPDX-License-Identifier: MIT
 * What a run owns: plan.c places it, net.c computes with it.
 *
 *   side [0, side) -> its last y stays for all that read it
 *   stem [side, stem) -> each branch: pre [from, tail), then the tail [tail, end), layers that work row by row, and a head
 *
 * Without branches the tail is the end of the trunk.  A tail is run in chunks of rows with the head's loss and its own
 * backward, so the scores of a large vocabulary are never stored whole. */
#ifndef RC_NET_PLAN_H
#define RC_NET_PLAN_H
#include "net/net.h"

enum { RC_BLOCK = 32 };          /* rows whose losses are summed together, whatever the number of threads */

typedef struct {
    char *block;                 /* all memory below but the arrays of layers */
    recur_batch batch;           /* the caller's, with alive and key never NULL */
    int32_t *alive, *off; uint64_t *key;
    struct {
        recur_batch batch; int32_t *alive, *off, *place; uint64_t *key;
        real *dy;                /* gradient of its last y, to which the main layers add; NULL: not wanted */
        bool ready;              /* its rows are those of batch, without masks */
    } side;
    struct {                     /* layers that go step by step (feed.c) */
        rc_rows rows;            /* all steps */
        int32_t off[2];
        real *x, *dx;            /* of one step: [B][in of the first] */
        real *small, *y;         /* of the last: y of one step, of all */
        real *turn[2];           /* gradients of one step in turn */
        real *states, *after, *dstate;   /* [N][state_size] what each step began with; [B][..] the end's, gradients */
    } feed;
    int stem, from[RECUR_HEADS], tail[RECUR_HEADS], end[RECUR_HEADS];
    int rows[RECUR_HEADS], chunk[RECUR_HEADS];   /* of each tail: the most rows, rows a chunk */
    void *head[RECUR_HEADS];     /* each head's half of the run; NULL: it has none */
    real **dy; real **dx;        /* [layers] gradient of y; where the gradient of x goes (training) */
    bool *needs;                 /* [layers] whether the gradient of y is wanted: there are weights at or below */
    real *ping[2];               /* gradients in turn; in inference y in turn */
    real *z, *tdy[2], *tdx;      /* of a chunk: scores apart from y; gradients within the tail; gradient to be added */
    real *scores;
    double *sum; int64_t *hits;  /* of blocks of rows */
    rc_span *span; size_t spans;
    bool set, want_dx;           /* set: the gradient of the stem's y holds a first branch's part already */
    double scale;
    bool trained;                /* the pending loss was with masks */
    char *scratch; size_t scratch_bytes;
} rc_own;

int rc_run_enter(rc_run *u, const recur_batch *b, bool grad);            /* takes the batch: sizes within the plan, ids within the vocabulary */
int rc_run_targets(const rc_run *u, int head, const rc_rows *rows);      /* the head's targets are there and in range */
rc_pass rc_run_pass(const rc_run *u, bool train);
void rc_run_join(rc_act *a, const rc_act *before, bool per_seq);      /* layer a reads what `before` wrote */
int rc_run_steps(rc_run *u, const recur_batch *b, const char *what, const recur_dims *most, int32_t *alive, int32_t *off);
    /* alive and off of each step, within the plan */
/* With the team or without (pace.c): around a pass of this batch, and between a loss and the backward that follows. */
void rc_pace_begin(rc_run *u, bool grad, const recur_batch *b);
void rc_pace_pause(rc_run *u);
void rc_pace_resume(rc_run *u);
void rc_pace_end(rc_run *u);
/* The side chain (side.c); nothing where the net has none. */
int rc_side_enter(rc_run *u, const recur_batch *b, bool grad);
void rc_side_forward(rc_run *u, bool train);                  /* where the batch brings rows for it */
void rc_side_backward(rc_run *u);
/* Layers that go step by step (feed.c). */
void rc_feed_forward(rc_run *u, const rc_pass *s);
void rc_feed_backward(rc_run *u, const rc_pass *s);           /* from dy of the last to dy of the layer before the first */
rc_rows rc_feed_bind_first(rc_run *u, rc_rows all);           /* rows that the loop's layers are bound with */
rc_rows rc_feed_bind_last(rc_run *u, rc_plan *p);             /* behind the loop's last layer; rows that follow */
static inline rc_act *rc_run_before(const rc_run *u, int b, int i)   /* the layer whose y layer i of branch b (or its head: i == end) reads */
{
    const rc_own *o = u->own;
    return u->act[i > o->from[b] ? i - 1 : o->stem - 1];
}
static inline bool rc_run_scores_apart(const rc_run *u, int b, bool grad)    /* the head's gradient must not overwrite the y that it is of */
{
    const rc_own *o = u->own;
    return o->tail[b] == o->end[b] || (grad && u->net->layer[o->end[b] - 1]->needs_y);
}
#endif
