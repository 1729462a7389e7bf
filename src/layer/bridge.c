/* SPDX-License-Identifier: MIT
 * bridge: the state that a sequence begins with is made of the last row of its side sequence (Bahdanau, Cho & Bengio
 * 2015, appendix A.2.2; Luong et al. 2015 hand it over as it is: bridge=copy).
 *   (E17) z_k = tanh(s Wk' + bk) for each state k and direction;   copy: z_0 = s, z_1 = the side layer's own c
 * s is what the side chain knows at its ends: of a layer forward in time its last step's row, backward in time that of
 * step 0, of both side by side each half where it ends; of any other chain that looks ahead both rows. */
#include "layer/recur.h"

static int pieces(rc_recur *l, const rc_build *b)
{
    const rc_layer *end = b->side;
    bool ahead = false;
    int i = end->index;
    for (int k = 0; k <= i; k++)
        ahead |= b->before[k]->ahead;
    while (i > 0 && b->before[i]->kind->idle)
        i--;
    const rc_recur *from = b->before[i]->cell ? (const rc_recur *)b->before[i] : NULL;
    int w = end->out;
    struct rc_ends *e = &l->ends;
    e->per_seq = end->per_seq;
    e->n = 1;
    if (e->per_seq || !ahead || (from && from->D == 1))
        e->piece[0] = (struct rc_end){ from && from->D == 1 && from->reverse && !e->per_seq, 0, w };
    else {
        bool halves = from && from->D == 2 && !from->sum;
        e->n = 2;
        e->piece[0] = (struct rc_end){ false, 0, halves ? w / 2 : w };
        e->piece[1] = (struct rc_end){ true, halves ? w / 2 : 0, halves ? w / 2 : w };
    }
    return e->piece[0].n + (e->n > 1 ? e->piece[1].n : 0);
}

int rc_bridge_open(rc_recur *l, rc_build *b)
{
    const rc_layer *base = &l->l;
    if (!b->side)
        return rc_layer_fail(b, base, "bridge starts from the side chain, and there is none before '>>'");
    if (!strcmp(l->init, "learn"))
        return rc_layer_fail(b, base, "bridge and init=learn exclude each other");
    l->copy = !strcmp(l->bridge, "copy");
    l->S = pieces(l, b);
    l->l.reads_side = true;
    if (!l->copy)
        return 0;
    rc_recur *from = b->side->cell ? (rc_recur *)b->before[b->side->index] : NULL;
    if (l->S != l->D * l->W)
        return rc_layer_fail(b, base, "bridge=copy needs as many outputs as the side chain ends in: %d, not %d; `bridge` fits any",
                             l->S, l->D * l->W);
    if (base->cell->S < 2)
        return 0;
    if (!from || from->l.cell->S != base->cell->S || from->D * from->size != l->D * l->size)
        return rc_layer_fail(b, base, "bridge=copy hands the second state over too: end the side chain with a layer of the same kind and size");
    from->lends = true;
    return 0;
}

void rc_bridge_bind(const rc_recur *l, rc_recur_act *a, rc_plan *p)
{
    size_t B = (size_t)a->a.in.B, S = (size_t)l->S;
    int wide = l->W > l->size ? l->W : l->size, most = a->a.in.B > wide ? a->a.in.B : wide;
    wide = wide > l->S ? wide : l->S;
    a->from = rc_plan_take(p, B * S, sizeof(real));
    a->dfrom = p->train ? rc_plan_take(p, B * S, sizeof(real)) : NULL;
    rc_plan_scratch(p, rc_matmul_scratch(p->r, most, wide, most > wide ? most : wide) * sizeof(real));
}

/* Row of the side's y that is an end of side sequence p; -1: it is empty. */
static int end_row(const rc_recur *l, const rc_rows *side, int p, bool first)
{
    int t = side->T - 1;
    if (l->ends.per_seq || p < 0)
        return p;
    while (t >= 0 && side->alive[t] <= p)
        t--;
    return t < 0 ? -1 : first ? p : side->off[t] + p;
}

/* to [S] = the ends of side sequence p, zeros where there are none. */
static void ends(const rc_recur *l, const rc_act *side, int p, real *to)
{
    for (int i = 0; i < l->ends.n; i++) {
        const struct rc_end *e = &l->ends.piece[i];
        int row = end_row(l, &side->rows, p, e->first);
        if (row < 0)
            memset(to, 0, (size_t)e->n * sizeof *to);
        else
            memcpy(to, side->y + (size_t)row * (size_t)l->side_out + e->col, (size_t)e->n * sizeof *to);
        to += e->n;
    }
}

/* The second state of the side's own layer where side sequence p ends; add: the other way, gradients. */
static void second(const rc_recur *l, const rc_act *side, int p, real *c, bool add)
{
    const rc_recur_act *from = (const rc_recur_act *)side;
    int D = l->ends.n, H = from->ss / D;
    for (int d = 0; d < D; d++) {
        int row = end_row(l, &side->rows, p, l->ends.piece[d].first);
        real *to = c + d * H;
        if (add && row >= 0)
            for (int i = 0; i < H; i++)
                from->last[(size_t)p * (size_t)from->ss + (size_t)(d * H + i)] += to[i];
        else if (!add && row >= 0)
            memcpy(to, from->fin[1] + (size_t)row * (size_t)from->ss + d * H, (size_t)H * sizeof *to);
        else if (!add)
            memset(to, 0, (size_t)H * sizeof *to);
    }
}

static void copy(const rc_recur *l, rc_recur_act *a, const rc_pass *s)
{
    for (int b = 0; b < a->a.in.B; b++) {
        int p = s->batch->place[b];
        memcpy(a->hinit + (size_t)b * (size_t)a->hs, a->from + (size_t)b * (size_t)l->S, (size_t)l->S * sizeof *a->hinit);
        if (l->l.cell->S > 1)
            second(l, s->side, p, a->init[1] + (size_t)b * (size_t)a->ss, false);
    }
}

void rc_bridge_forward(const rc_recur *l, rc_recur_act *a, const rc_pass *s)
{
    int B = a->a.in.B;
    rc_act_fn tanh_fn;
    rc_act_parse("tanh", &tanh_fn);
    for (int b = 0; b < B; b++)
        ends(l, s->side, s->batch->place[b], a->from + (size_t)b * (size_t)l->S);
    if (l->copy) {
        copy(l, a, s);
        return;
    }
    for (int d = 0; d < l->D; d++)
        for (int k = 0; k < l->l.cell->S; k++) {
            int w = k ? l->size : l->W, ld = k ? a->ss : a->hs;
            real *z = (k ? a->init[k] : a->hinit) + d * w;
            s->k->bias(B, w, rc_w(&l->l, s, l->at[d].bridge[k][1]), z, ld);
            rc_matmul(s->r, &(rc_matmul_io){ .tb = true, .add = true, .M = B, .N = w, .K = l->S, .A = a->from, .lda = l->S,
                      .B = rc_w(&l->l, s, l->at[d].bridge[k][0]), .ldb = l->S, .C = z, .ldc = ld }, (real *)s->scratch);
            for (int b = 0; b < B; b++)
                s->k->act(&tanh_fn, (size_t)w, z + (size_t)b * (size_t)ld);
        }
}

/* dz of direction d's state k, in place of the gradient of the state, into weights and the ends' gradient. */
static void state_back(const rc_recur *l, rc_recur_act *a, const rc_pass *s, int d, int k, real *scratch)
{
    int B = a->a.in.B, S = l->S, w = k ? l->size : l->W, ld = k ? a->ss : a->hs;
    real *dz = (k ? a->ds[k] : l->proj ? a->dh : a->ds[0]) + d * w;
    const real *z = (k ? a->init[k] : a->hinit) + d * w;
    rc_act_fn tanh_fn;
    rc_act_parse("tanh", &tanh_fn);
    for (int b = 0; b < B; b++)
        s->k->act_back(&tanh_fn, (size_t)w, z + (size_t)b * (size_t)ld, dz + (size_t)b * (size_t)ld);
    s->k->col_sum(B, w, dz, ld, rc_g(&l->l, s, l->at[d].bridge[k][1]));
    rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = true, .M = w, .N = S, .K = B, .A = dz, .lda = ld, .B = a->from,
              .ldb = S, .C = rc_g(&l->l, s, l->at[d].bridge[k][0]), .ldc = S }, scratch);
    rc_matmul(s->r, &(rc_matmul_io){ .add = d + k > 0, .M = B, .N = S, .K = w, .A = dz, .lda = ld,
              .B = rc_w(&l->l, s, l->at[d].bridge[k][0]), .ldb = S, .C = a->dfrom, .ldc = S }, scratch);
}

void rc_bridge_backward(const rc_recur *l, rc_recur_act *a, const rc_pass *s, real *scratch)
{
    int B = a->a.in.B;
    size_t S = (size_t)l->S;
    for (int d = 0; d < l->D && !l->copy; d++)
        for (int k = 0; k < l->l.cell->S; k++)
            state_back(l, a, s, d, k, scratch);
    for (int b = 0; b < B && l->copy; b++) {
        memcpy(a->dfrom + (size_t)b * S, (l->proj ? a->dh : a->ds[0]) + (size_t)b * (size_t)a->hs, S * sizeof *a->dfrom);
        if (l->l.cell->S > 1 && s->dside)
            second(l, s->side, s->batch->place[b], a->ds[1] + (size_t)b * (size_t)a->ss, true);
    }
    for (int b = 0; b < B && s->dside; b++) {
        const real *from = a->dfrom + (size_t)b * S;
        for (int i = 0; i < l->ends.n; i++) {
            const struct rc_end *e = &l->ends.piece[i];
            int row = end_row(l, &s->side->rows, s->batch->place[b], e->first);
            if (row >= 0)
                s->k->add((size_t)e->n, from, s->dside + (size_t)row * (size_t)l->side_out + e->col);
            from += e->n;
        }
    }
}
