/* SPDX-License-Identifier: MIT
 * net: a chain of layers, its heads, and its memory.
 *
 *   net    = [ chain ">>" ] chain { "||" chain }      the first chain is the trunk; each further one a branch that reads the trunk
 *   chain  = layer { "|" layer }           a branch (or the trunk when there is none) may end in a head
 *   layer  = word [number] { key[=value] }
 *   "embed 128 | drop .4 locked | lstm 512 layers=2 | dense tie | softmax smooth=.1"
 *   "embed 64 | embed 64 of=pairs | lstm 96 bi | pool max mean | drop .5 | dense"
 *   "embed 64 | lstm 96 bi || dense | softmax || pool mean | dense | softmax weight=.5"
 *   "embed 64 | lstm 96 bi >> embed 64 | lstm 128 bridge | attend general | dense"
 * The chain before >> is the side chain: it reads another batch (recur_batch.side), has no head, and ends in rows that
 * layers `attend`, `side` and recurrent layers with key `bridge` of the other chains read.
 * layers=N makes N layers.  A chain without a head gets the task's.  The canonical line is printed back; parse(print) == same. */
#ifndef RC_NET_H
#define RC_NET_H
#include "head/head.h"

typedef struct rc_net {
    recur *r;
    rc_layer **layer; int layers;        /* side chain, trunk, then branch after branch */
    int side, trunk;                     /* the side chain is layers [0, side), the trunk [side, trunk) */
    struct { int first, n; rc_head *head; } branch[RECUR_HEADS]; int branches;   /* at least 1; without "||" branch 0 is empty and its head ends the trunk */
    rc_params params;
    rc_facts facts;                      /* vectors NULL after building */
    struct { int first, end, n; } feed;  /* layers [first, end) go step by step, for n columns of the last's y go back to the first; n 0: none */
    size_t state_size;                   /* reals */
    bool streams;                        /* one step at a time is possible: no layer behind the side chain looks ahead (bi, conv, pooling) */
    int as;                              /* how the packed weights of runs that only answer are stored: RC_F32_WEIGHTS, ... */
    char *line;                          /* canonical */
} rc_net;
/* head: the head of a chain without one, e.g. "softmax".  RECUR_ESPEC says which layer, which key, what would do. */
int rc_net_new(recur *r, rc_net **out, const char *line, const char *head, const rc_facts *f);
void rc_net_free(rc_net *n);
void rc_net_init(const rc_net *n, const rc_facts *f, uint64_t seed, real *w);      /* w [params.total] */
int rc_net_steps(const rc_net *n, int T);                     /* steps that T steps become on their way to the first head */
int rc_net_describe(const rc_net *n, rc_buf *out);           /* a line a layer: number, canonical text, in -> out, weights */

typedef struct { double best[2]; unsigned seen; bool solo; } rc_pace_size;   /* seconds a row with the team, without; passes */
typedef struct {                         /* pace.c's: passes without and with gradient, of 2^k rows and more */
    rc_pace_size size[2][32], *now;
    double from, spent;
    uint64_t teams;
    int rows;
    bool solo;
} rc_pace;
typedef struct rc_run {
    recur *r; const rc_net *net;
    rc_act **act;                        /* of each layer */
    real *w, *g;                         /* borrowed weights; own gradients (train) */
    real *state;                         /* [B][state_size] carried */
    bool train, scores, pending;         /* pending: loss was taken, backward is due */
    int B, T, N;
    struct { int B, T, N; } side;        /* of the side chain's batch */
    uint64_t seed, step;                 /* of the masks; the caller advances step */
    uint64_t weights;                    /* 0, or a number that the caller changes whenever w changes: packed weights are then kept between calls */
    void *own;                           /* net.c's */
    size_t bytes;
    rc_pace pace;
} rc_run;
typedef struct { double loss; double head_loss[RECUR_HEADS]; int64_t count[RECUR_HEADS], hits[RECUR_HEADS]; } rc_loss;   /* loss: weighted sum of means */
size_t rc_run_size(const rc_net *n, const recur_dims *d);
int rc_run_new(recur *r, rc_run **out, const rc_net *n, real *w, const recur_dims *d);
void rc_run_free(rc_run *u);
/* Forward to the scores of one head: [*rows][width], borrowed until the next call.  NULL: batch larger than the plan,
 * ids outside the vocabulary (message set).  A batch whose `side` is NULL reads the side chain's rows as the call before
 * left them: encode once, then step.  A recurrent layer with `bridge` starts from them where batch->fresh is 1. */
const real *rc_run_forward(rc_run *u, const recur_batch *b, int head, int *rows);
/* The rows of the scores that the last forward gave: steps and sequences after layers that changed them. */
const rc_rows *rc_run_rows(const rc_run *u, int head);
/* rc_run_forward, and what the head tells of those scores in out [*rows][width]: probabilities (crf: of each tag given the
 * whole sentence) or numbers. */
const real *rc_run_answer(rc_run *u, const recur_batch *b, int head, int *rows, real *out);
/* rc_run_forward, and the likeliest classes of each sequence: those of sequence b are out[at[b] .. at[b + 1]), one a row
 * or a list (ctc).  out [rows of the scores], at [B + 1]. */
int rc_run_best(rc_run *u, const recur_batch *b, int head, int32_t *out, int32_t *at);
/* Forward and loss.  In a training run dropout is on and the gradient of heads and chunked tail is taken on the way.
 * Scores of a large vocabulary are never stored: rows go through the tail in chunks.  eval: no dropout, no gradient,
 * also in a training run.  scale: multiplies the gradient (1 / accumulation). */
int rc_run_loss(rc_run *u, const recur_batch *b, bool eval, double scale, rc_loss *out);
void rc_run_backward(rc_run *u);
void rc_run_clear(rc_run *u);                                /* gradient = 0: whole dense weights, touched rows of sparse ones */
/* Runs of the flat blocks that have a gradient now (frozen ones left out, sparse ones row by row): for norm, clip, step.
 * Returns how many were written; in order of place, the same for every thread count. */
typedef struct { size_t at, n; int param; } rc_span;
int rc_run_spans(const rc_run *u, rc_span **spans);          /* borrowed until the next backward */
void rc_run_state_reset(rc_run *u, int b);                   /* b < 0: all */
const real *rc_run_input_gradient(const rc_run *u);          /* of batch->x [N][F] after backward, when rc_run_want_dx was set; for tests and `lab` */
void rc_run_want_dx(rc_run *u);
/* Gradient through time (trace.c): from rc_run_trace on, backward keeps dL/dh of each row of every recurrent layer. */
int rc_run_trace(rc_run *u);                                 /* allocates, once; training runs */
/* After backward: norm[k], k < T of the batch: root mean square over the sequences of |dL/dh| in direction d of a
 * recurrent layer, k steps before the sequence's last step in that direction.  How many k; 0: no such direction. */
int rc_run_trace_norms(const rc_run *u, int layer, int d, double *norm);
bool rc_run_trace_reverse(const rc_run *u, int layer, int d);     /* the direction ends at the first step */
void rc_run_trace_free(rc_run *u);
#endif
