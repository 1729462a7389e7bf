/* SPDX-License-Identifier: MIT
 * recur, the products of the forward pass.  A thread packs the weights of its own units once, for all steps; where it owns
 * all units the gates' columns follow each other and one call multiplies them all: those whose recurrent product goes into
 * g, and those that have it apart. */
#include "layer/recur_step.h"

/* Where the gates end that are packed as one matrix with the first one. */
static int border(const rc_recur *l) { return l->apart ? l->R1 : l->l.cell->G; }

/* Packs the rows of gates j0..j1 of w [..][K] that belong to units lo..hi; P: panels of gate 0. */
static void pack_units(const rc_recur_part *p, int j0, int j1, int K, const real *w, char *P)
{
    const rc_kern *k = p->j->s->k;
    int H = p->j->l->size, as = p->j->a->as, n0, n1;
    size_t panels = rc_panels_as(k, as, K, H);
    if (p->j->whole[p->d]) {
        rc_part((j1 - j0) * H, k->nr, p->team->id, p->team->n, &n0, &n1);
        if (n1 > n0)
            k->pack_as(as, K, n1 - n0, w + ((size_t)j0 * (size_t)H + (size_t)n0) * (size_t)K, K,
                       P + (size_t)j0 * panels + rc_panel_as_at(k, as, K, n0));
        return;
    }
    for (int g = j0; g < j1 && p->hi > p->lo; g++)
        k->pack_as(as, K, p->hi - p->lo, w + ((size_t)g * (size_t)H + (size_t)p->lo) * (size_t)K, K,
                   P + (size_t)g * panels + rc_panel_as_at(k, as, K, p->lo));
}

/* Rows of wh with weight-drop (Merity et al. 2018): one mask for the batch. */
static void drop_rows(const rc_recur_part *p, const real *wh, int from, int to)
{
    const rc_recur *l = p->j->l;
    const rc_pass *s = p->j->s;
    size_t W = (size_t)l->W;
    uint64_t key = rc_key(s->seed, RC_DROP, s->step, (uint64_t)l->l.index * 16
                          + (uint64_t)(8 * p->d + RC_MASK_WDROP));
    for (int j = from; j < to; j++)
        s->k->drop(l->W, key, (uint64_t)j, 0, (real)l->wdrop, wh + (size_t)j * W, p->j->a->whd[p->d] + (size_t)j * W);
}

/* Those of gates j0..j1 that this thread packs. */
static const real *drop_weights(const rc_recur_part *p, int j0, int j1, const real *wh)
{
    int H = p->j->l->size, n0, n1;
    if (p->j->whole[p->d]) {
        rc_part((j1 - j0) * H, p->j->s->k->nr, p->team->id, p->team->n, &n0, &n1);
        drop_rows(p, wh, j0 * H + n0, j0 * H + n1);
    }
    for (int g = j0; g < j1 && !p->j->whole[p->d]; g++)
        drop_rows(p, wh, g * H + p->lo, g * H + p->hi);
    return p->j->a->whd[p->d];
}

/* Own units of a step's bias: b, and bh of the gates that are not apart. */
static void join_biases(const rc_recur_part *p, const real *b, const real *bh)
{
    real *bias = p->j->a->bias[p->d];
    int H = p->j->l->size, G = p->j->l->l.cell->G;
    for (int g = 0; g < G && bias; g++)
        for (int i = g * H + p->lo; i < g * H + p->hi; i++)
            bias[i] = b[i] + (g < p->j->l->R1 ? bh[i] : 0);
}

void rc_recur_pack(const rc_recur_part *p)
{
    const rc_recur *l = p->j->l;
    const rc_pass *s = p->j->s;
    rc_recur_act *a = p->j->a;
    int d = p->d, H = l->size, ends[] = { border(l), l->l.cell->G };
    const real *wh = rc_recur_w(l, s, l->at[d].wh);
    if (p->j->packed)
        return;
    for (int i = 0, j = 0; i < 2; j = ends[i++]) {
        pack_units(p, j, ends[i], l->l.in, rc_w(&l->l, s, l->at[d].wx), a->wxp[d]);
        if (wh)
            pack_units(p, j, ends[i], l->W, s->train && l->wdrop > 0 ? drop_weights(p, j, ends[i], wh) : wh, a->whp[d]);
    }
    join_biases(p, rc_recur_w(l, s, l->at[d].b), rc_recur_w(l, s, l->at[d].bh));
    if (l->proj && p->chi > p->clo)
        s->k->pack_as(a->as, H, p->chi - p->clo, rc_w(&l->l, s, l->at[d].wr) + (size_t)p->clo * (size_t)H, H,
                      a->wrp[d] + rc_panel_as_at(s->k, a->as, H, p->clo));
}

void rc_recur_multiply(const rc_recur_part *p, int j0, int j1, int n, int K, const real *A, int rs, const char *P, bool add,
                     real *C, int ldc)
{
    const rc_kern *k = p->j->s->k;
    int H = p->j->l->size, as = p->j->a->as;
    size_t panels = rc_panels_as(k, as, K, H);
    if (p->j->whole[p->d] || (p->hi - p->lo == H && H % k->nr == 0)) {       /* the gates' columns follow each other: one call */
        k->gemm_as(as, n, (j1 - j0) * H, K, A, rs, P + (size_t)j0 * panels, add, C, ldc);
        return;
    }
    for (int j = j0; j < j1 && p->hi > p->lo; j++)
        k->gemm_as(as, n, p->hi - p->lo, K, A, rs, P + (size_t)j * panels + rc_panel_as_at(k, as, K, p->lo), add,
                   C + (size_t)(j - j0) * (size_t)H + p->lo, ldc);
}

/* Own units of `blocks` gates in n rows = bias; NULL: none. */
static void biases(const rc_recur_part *p, int blocks, int n, const real *b, real *y, int ldy)
{
    int H = p->j->l->size;
    for (int g = 0; g < blocks && b; g++)
        p->j->s->k->bias(n, p->hi - p->lo, b + (size_t)g * (size_t)H + p->lo, y + (size_t)g * (size_t)H + p->lo, ldy);
}

static const real *input_bias(const rc_recur_part *p)
{
    const rc_recur *l = p->j->l;
    return p->j->a->bias[p->d] ? p->j->a->bias[p->d] : rc_recur_w(l, p->j->s, l->at[p->d].b);
}

void rc_recur_input_product(const rc_recur_part *p, int row, int n)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    int I = l->l.in, G = l->l.cell->G, ends[] = { border(l), G };
    const real *b = input_bias(p);
    real *g = a->g[p->d] + (size_t)(row - p->gbase) * (size_t)a->gs;
    biases(p, G, n, b, g, a->gs);
    for (int i = 0, j = 0; i < 2; j = ends[i++])
        rc_recur_multiply(p, j, ends[i], n, I, a->a.x + (size_t)row * (size_t)I, I, a->wxp[p->d], b != NULL,
                          g + j * l->size, a->gs);
}

/* What the recurrent product multiplies for the rows of a segment, row stride *rs. */
static const real *operand(const rc_recur_part *p, const rc_segment *g, int *rs)
{
    rc_recur_act *a = p->j->a;
    size_t at = (size_t)(p->d * p->j->l->W), hs = (size_t)a->hs;
    *rs = p->j->s->train ? a->ws : a->hs;
    if (p->j->s->train)
        return a->hp[p->d] + (size_t)g->row * (size_t)a->ws;
    return (g->prev < 0 ? a->hinit + (size_t)g->b * hs : a->h + (size_t)g->prev * hs) + at;
}

void rc_recur_own_product(const rc_recur_part *p, const rc_segment *g)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    const real *bh = rc_recur_w(l, p->j->s, l->at[p->d].bh);
    int rs;
    if (!l->l.cell->R)
        return;
    const real *A = operand(p, g, &rs);
    rc_recur_multiply(p, 0, l->R1, g->n, l->W, A, rs, a->whp[p->d], true,
                      a->g[p->d] + (size_t)(g->row - p->gbase) * (size_t)a->gs, a->gs);
    if (!l->apart)
        return;
    real *u = a->u[p->d] + (size_t)(g->row - p->ubase) * (size_t)a->us;
    biases(p, l->apart, g->n, bh ? bh + l->R1 * l->size : NULL, u, a->us);
    rc_recur_multiply(p, l->R1, l->R1 + l->apart, g->n, l->W, A, rs, a->whp[p->d], bh != NULL, u, a->us);
}

/* h = cell's output times wr', own columns. */
void rc_recur_project(const rc_recur_part *p, const rc_segment *g)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    const rc_kern *k = p->j->s->k;
    int H = l->size;
    if (p->chi > p->clo)
        k->gemm_as(a->as, g->n, p->chi - p->clo, H, a->fin[0] + (size_t)g->row * (size_t)a->ss + p->d * H, a->ss,
                   a->wrp[p->d] + rc_panel_as_at(k, a->as, H, p->clo), false,
                   a->h + (size_t)g->row * (size_t)a->hs + p->d * l->W + p->clo, a->hs);
}

/* Both products of a single row: columns at.. of all gates, all apart or none, whose panels begin at these places. */
static void products_of_one(const rc_recur_part *p, const rc_segment *g, int at, int w, size_t wx, size_t wh)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    const rc_kern *k = p->j->s->k;
    int d = p->d, first = l->R1 * l->size, rs;
    const real *b = input_bias(p), *bh = rc_recur_w(l, p->j->s, l->at[d].bh);
    real *to = a->g[d] + at;
    bool apart = l->apart && at >= first;
    if (b)
        memcpy(to, b + at, (size_t)w * sizeof *to);
    k->gemm_as(a->as, 1, w, l->l.in, a->a.x, l->l.in, a->wxp[d] + wx, b != NULL, to, a->gs);
    if (at >= first && !apart)
        return;
    if (apart)
        to = a->u[d] + (at - first);
    if (apart && bh)
        memcpy(to, bh + at, (size_t)w * sizeof *to);
    const real *A = operand(p, g, &rs);
    k->gemm_as(a->as, 1, w, l->W, A, rs, a->whp[d] + wh, !apart || bh, to, a->gs);
}

/* A step alone reads every weight once: to and fro, so that what the step before read last is still in the cache. */
void rc_recur_one_row(const rc_recur_part *p, const rc_segment *g)
{
    const rc_recur *l = p->j->l;
    const rc_kern *k = p->j->s->k;
    bool whole = p->j->whole[p->d], turn = p->j->a->turn;
    int H = l->size, I = l->l.in, W = l->W, G = l->l.cell->G, as = p->j->a->as;
    int unit = (as == RC_I8_WEIGHTS ? 16 : 4) * k->nr;         /* a product in integers rounds its row each time */
    int ends[] = { border(l), G }, matrices = whole ? 2 : G;
    for (int i = 0; i < matrices; i++) {
        int m = turn ? matrices - 1 - i : i, j = whole ? (m ? ends[0] : 0) : m;
        int lo = whole ? 0 : p->lo, hi = whole ? (ends[m] - j) * H : p->hi, blocks = (hi - lo + unit - 1) / unit;
        for (int at = 0; at < blocks; at++) {
            int c = lo + (turn ? blocks - 1 - at : at) * unit, w = hi - c < unit ? hi - c : unit;
            products_of_one(p, g, j * H + c, w, (size_t)j * rc_panels_as(k, as, I, H) + rc_panel_as_at(k, as, I, c),
                            (size_t)j * rc_panels_as(k, as, W, H) + rc_panel_as_at(k, as, W, c));
        }
    }
}
