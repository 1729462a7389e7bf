/* SPDX-License-Identifier: MIT
 * recur, the products of the forward pass.  A thread packs the weights of its own units once, for all steps; where it owns
 * all units the gates' columns follow each other and one call multiplies them all. */
#include "layer/recur_step.h"

/* Packs the rows of w [blocks * H][K] that belong to units lo..hi. */
static void pack_units(const rc_recur_part *p, int blocks, int K, const real *w, char *P)
{
    const rc_kern *k = p->j->s->k;
    int H = p->j->l->size, as = p->j->a->as, n0, n1;
    if (p->j->whole[p->d]) {
        rc_part(blocks * H, k->nr, p->team->id, p->team->n, &n0, &n1);
        if (n1 > n0)
            k->pack_as(as, K, n1 - n0, w + (size_t)n0 * (size_t)K, K, P + rc_panel_as_at(k, as, K, n0));
        return;
    }
    for (int g = 0; g < blocks && p->hi > p->lo; g++)
        k->pack_as(as, K, p->hi - p->lo, w + ((size_t)g * (size_t)H + (size_t)p->lo) * (size_t)K, K,
                   P + (size_t)g * rc_panels_as(k, as, K, H) + rc_panel_as_at(k, as, K, p->lo));
}

/* Rows of wh with weight-drop (Merity et al. 2018): one mask for the batch.  Own rows are those that are packed here. */
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

static const real *drop_weights(const rc_recur_part *p, const real *wh)
{
    const rc_recur *l = p->j->l;
    int H = l->size, n0, n1;
    if (p->j->whole[p->d]) {
        rc_part(l->l.cell->R * H, p->j->s->k->nr, p->team->id, p->team->n, &n0, &n1);
        drop_rows(p, wh, n0, n1);
    }
    for (int g = 0; g < l->l.cell->R && !p->j->whole[p->d]; g++)
        drop_rows(p, wh, g * H + p->lo, g * H + p->hi);
    return p->j->a->whd[p->d];
}

void rc_recur_pack(const rc_recur_part *p)
{
    const rc_recur *l = p->j->l;
    const rc_pass *s = p->j->s;
    rc_recur_act *a = p->j->a;
    int d = p->d, H = l->size;
    const real *wh = rc_recur_w(l, s, l->at[d].wh);
    if (p->j->packed)
        return;
    pack_units(p, l->l.cell->G, l->l.in, rc_w(&l->l, s, l->at[d].wx), a->wxp[d]);
    if (wh)
        pack_units(p, l->l.cell->R, l->W, s->train && l->wdrop > 0 ? drop_weights(p, wh) : wh, a->whp[d]);
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

/* Own units of `blocks` gates in n rows = bias, or zero. */
static void biases(const rc_recur_part *p, int blocks, int n, const real *b, real *y, int ldy)
{
    int H = p->j->l->size;
    for (int g = 0; g < blocks && b; g++)
        p->j->s->k->bias(n, p->hi - p->lo, b + (size_t)g * (size_t)H + p->lo, y + (size_t)g * (size_t)H + p->lo, ldy);
}

void rc_recur_input_product(const rc_recur_part *p, int row, int n)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    int I = l->l.in, G = l->l.cell->G;
    const real *b = rc_recur_w(l, p->j->s, l->at[p->d].b);
    real *g = a->g[p->d] + (size_t)(row - p->gbase) * (size_t)a->gs;
    biases(p, G, n, b, g, a->gs);
    rc_recur_multiply(p, 0, G, n, I, a->a.x + (size_t)row * (size_t)I, I, a->wxp[p->d], b != NULL, g, a->gs);
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
    real *to = a->g[p->d] + (size_t)(g->row - p->gbase) * (size_t)a->gs;
    int rs, ld = a->gs;
    bool add = true;
    if (!l->l.cell->R)
        return;
    const real *A = operand(p, g, &rs);
    if (l->apart) {
        to = a->u[p->d] + (size_t)(g->row - p->ubase) * (size_t)a->us;
        ld = a->us;
        add = bh != NULL;
        biases(p, l->l.cell->R, g->n, bh, to, ld);
    }
    rc_recur_multiply(p, 0, l->R1, g->n, l->W, A, rs, a->whp[p->d], add, to, ld);
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

/* Both products of a single row: columns at.. of all gates, whose panels begin at these places. */
static void products_of_one(const rc_recur_part *p, const rc_segment *g, int at, int w, size_t wx, size_t wh)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    const rc_kern *k = p->j->s->k;
    int d = p->d, rs;
    const real *b = rc_recur_w(l, p->j->s, l->at[d].b), *bh = rc_recur_w(l, p->j->s, l->at[d].bh);
    real *to = a->g[d] + at, *apart = a->u[d] + at;
    if (b)
        memcpy(to, b + at, (size_t)w * sizeof *to);
    k->gemm_as(a->as, 1, w, l->l.in, a->a.x, l->l.in, a->wxp[d] + wx, b != NULL, to, a->gs);
    if (at >= l->R1 * l->size)
        return;
    if (l->apart && bh)
        memcpy(apart, bh + at, (size_t)w * sizeof *to);
    const real *A = operand(p, g, &rs);
    k->gemm_as(a->as, 1, w, l->W, A, rs, a->whp[d] + wh, !l->apart || bh, l->apart ? apart : to, a->gs);
}

/* A step alone reads every weight once: to and fro, so that what the step before read last is still in the cache. */
void rc_recur_one_row(const rc_recur_part *p, const rc_segment *g)
{
    const rc_recur *l = p->j->l;
    const rc_kern *k = p->j->s->k;
    bool whole = p->j->whole[p->d];
    int H = l->size, I = l->l.in, W = l->W, as = p->j->a->as;
    int unit = (as == RC_I8_WEIGHTS ? 16 : 4) * k->nr;         /* a product in integers rounds its row each time */
    int lo = whole ? 0 : p->lo, hi = whole ? l->l.cell->G * H : p->hi;
    int blocks = (hi - lo + unit - 1) / unit, n = (whole ? 1 : l->l.cell->G) * blocks;
    for (int i = 0; i < n; i++) {
        int at = p->j->a->turn ? n - 1 - i : i, c = lo + at % blocks * unit, w = hi - c < unit ? hi - c : unit;
        size_t j = (size_t)(at / blocks);
        products_of_one(p, g, (int)j * H + c, w, j * rc_panels_as(k, as, I, H) + rc_panel_as_at(k, as, I, c),
                        j * rc_panels_as(k, as, W, H) + rc_panel_as_at(k, as, W, c));
    }
}
