/* SPDX-License-Identifier: MIT
 * recur - what recur.c (options, weights, plan), recur_forward.c and recur_backward.c share.
 *
 * One direction d of D walks the steps; its states lie side by side with the other's in rows of D*H (stride ss), its
 * output h in rows of D*W (W = H, or P columns when projected).  A step of a direction has at most two segments of
 * rows: those whose predecessor in that direction exists, and those that begin here, from `init`. */
#ifndef RC_LAYER_RECUR_H
#define RC_LAYER_RECUR_H
#include "layer/layer.h"

struct rc_end { bool first; int col, n; };                   /* columns [col, col + n) of a side sequence's first or last row */
struct rc_ends { bool per_seq; int n; struct rc_end piece[2]; };

typedef struct {
    rc_layer l;
    int size, layers, proj, feed;    /* layers: read and expanded by the net's parser */
    char bi[32], init[32], bridge[32];   /* "" "cat" "sum"; "zero" "learn"; "" "tanh" "copy" */
    bool reverse, skip, share, peephole, coupled, norm, onebias, flip;
    double rdrop, wdrop, zoneout, zoneoutc, span;
    rc_act_fn act, gact, oact;
    rc_cell_opt opt;
    int D, W, P, R1, apart;      /* directions; columns of the output of one; rows of p; gates whose recurrent product goes into g; into u */
    bool sum, learn, rowwise, plain, zone;    /* plain: y is h itself; zone: states are mixed after the cell */
    int biases;
    struct { int wx, wh, b, bh, p, wr, s0[2], bridge[2][2]; } at[2];   /* of each direction, places in l.param; -1: none */
    struct rc_ends ends;         /* bridge: what states begin from */
    int S, side_out;             /* columns of that; of the side chain's rows */
    bool copy, lends;            /* lends: another layer begins with this one's last second state */
} rc_recur;

typedef struct {
    rc_act a;
    int gs, us, hs, ws, ss;      /* row strides of g, u, h, hp, states */
    int span;                    /* rows of x that are multiplied at once, at least */
    real *g[2], *u[2];           /* kept: [N][gs] activated gates, [N][us]; inference: of one span, of one step */
    real *q[2];                  /* [N][H] what the second round multiplied */
    real *hp[2];                 /* [N][ws] what the recurrent product multiplied (training) */
    real *h;                     /* [N][D*W] output states; y itself where that is plain */
    real *st[2], *fin[2];        /* [N][ss] states as the cell made them; as the next step sees them */
    real *init[2], *hinit;       /* [B][ss] states that sequences begin with; [B][D*W] outputs they begin with */
    char *wxp[2], *whp[2], *wrp[2];                  /* weights packed as `as` for forward */
    real *bias[2];               /* [G*H] b, and bh of the gates that are not apart; NULL: b alone */
    real *back[2], *back2[2], *rback[2];             /* for backward: wh of the first R1 gates, of the rest; wr */
    real *whd[2];                /* [R*H][W] weights with weight-drop */
    real *mask[2];               /* [B][W] of recurrent dropout */
    real *zmask[2];              /* [B][ss] of zoneout, of one step */
    uint64_t *zkey[2];           /* [D][B] keys of those masks */
    real *ds[2], *keep[2], *dh;  /* [B][ss] gradients of states; what zoneout carries past the cell; [B][D*W] of the projected output */
    real *dq[2], *tmp;           /* [B][H]; [B][D*W] */
    int as;                      /* how the forward's panels are stored */
    real *from, *dfrom;          /* bridge: [B][S] what states begin from, its gradient */
    real *last;                  /* [B][ss] gradient of the last second state, where that is lent */
    bool whole[2];               /* how each direction's were packed last */
    bool turn;                   /* the way a single step goes through its weights */
    uint64_t packed;             /* the weights that the forward panels were made of; 0: none */
} rc_recur_act;

typedef struct {                 /* of one segment of a step */
    int row, n, b, prev;         /* first row, rows, first sequence; row of the predecessor of the first, -1: they begin here */
} rc_segment;

/* Sequences whose gradients of a row-wise cell's gains are summed together. */
enum { RC_NEIGHBOURS = 4 };
static inline int rc_recur_neighbourhoods(int B) { return (B + RC_NEIGHBOURS - 1) / RC_NEIGHBOURS; }

/* The one or two segments of step t; returns how many. */
int rc_recur_segments(const rc_rows *r, bool reverse, int t, rc_segment out[2]);
/* Rows lo..hi of a segment. */
static inline rc_segment rc_recur_cut(const rc_segment *g, int lo, int hi)
{
    return (rc_segment){ g->row + lo, hi - lo, g->b + lo, g->prev < 0 ? -1 : g->prev + lo };
}
/* Those of sequences b0..b1. */
static inline rc_segment rc_recur_within(const rc_segment *g, int b0, int b1)
{
    int lo = b0 > g->b ? b0 - g->b : 0, hi = b1 < g->b + g->n ? b1 - g->b : g->n;
    return rc_recur_cut(g, lo < g->n ? lo : g->n, hi > lo && lo < g->n ? hi : lo < g->n ? lo : g->n);
}
/* Whether a team shares a direction by sequences, which meet no barrier at a step, rather than by units, of which each
 * thread needs fewer weights: a step's recurrent weights are so many bytes. */
bool rc_recur_by_sequence(const rc_recur *l, const rc_rows *r, int threads, size_t weights);
static inline bool rc_recur_joins(const rc_recur *l) { return l->biases == 3 && l->R1 > 0; }   /* some gates have both biases in g */
static inline bool rc_recur_reverse(const rc_recur *l, int d) { return l->reverse || d == 1; }
static inline int rc_recur_step(const rc_recur *l, int d, int T, int i) { return rc_recur_reverse(l, d) ? T - 1 - i : i; }   /* the i-th step in direction d */
static inline const real *rc_recur_w(const rc_recur *l, const rc_pass *s, int place) { return place < 0 ? NULL : rc_w(&l->l, s, place); }
/* The cell's view of a segment, all units; g and u, q begin with rows gbase, ubase of the batch. */
void rc_recur_io(const rc_recur *l, const rc_recur_act *a, const rc_pass *s, int d, const rc_segment *g, int gbase, int ubase, rc_cell_io *c);
/* Numbers > 0 where state k of the segment at step t is new, 0 where zoneout keeps the old: zmask[k], rows b. */
void rc_recur_zone(const rc_recur *l, const rc_recur_act *a, const rc_pass *s, int d, int k, int t, const rc_segment *g, int lo, int hi);
static inline double rc_recur_zoneout(const rc_recur *l, int k) { return k ? l->zoneoutc : l->zoneout; }

/* Masks of a layer, by number; direction d adds 8. */
enum { RC_MASK_RDROP = 1, RC_MASK_WDROP, RC_MASK_ZONE /* + k */ };

bool rc_recur_in_teams(const rc_recur *l, const rc_rows *r);  /* steps are long enough for all threads */
/* fn for each direction on all threads, or on this one alone where steps are short. */
void rc_recur_walk(const rc_recur *l, const rc_rows *r, const rc_pass *s, void (*fn)(void *arg, const rc_team *t), void *arg);

/* bridge.c: states from the side chain */
int rc_bridge_open(rc_recur *l, rc_build *b);
void rc_bridge_bind(const rc_recur *l, rc_recur_act *a, rc_plan *p);
void rc_bridge_forward(const rc_recur *l, rc_recur_act *a, const rc_pass *s);
void rc_bridge_backward(const rc_recur *l, rc_recur_act *a, const rc_pass *s, real *scratch);

void rc_recur_forward(const rc_layer *l, rc_act *a, const rc_pass *s);
void rc_recur_backward(const rc_layer *l, rc_act *a, const rc_pass *s);
#endif
