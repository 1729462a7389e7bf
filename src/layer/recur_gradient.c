/* SPDX-License-Identifier: MIT
 * recur, gradients of weights, biases and x, each one product or sum over the rows of all steps. */
#include "layer/recur_back.h"

void rc_recur_back_place(rc_recur_back *j, rc_arena *m)
{
    const rc_recur *l = j->l;
    const rc_recur_act *a = j->a;
    const rc_cell *c = l->l.cell;
    const size_t N = (size_t)a->a.in.N, H = (size_t)l->size, W = (size_t)l->W;
    for (int d = 0; d < l->D; d++) {
        j->db[d] = rc_recur_joins(l) ? rc_take(m, (size_t)(c->G * l->size), sizeof(real)) : NULL;
        j->du[d] = l->apart ? rc_take(m, N * (size_t)a->us, sizeof(real)) : NULL;
        j->dhp[d] = l->proj ? rc_take(m, N * W, sizeof(real)) : NULL;
        j->dp[d] = l->rowwise ? rc_take(m, rc_recur_gains(l, a), sizeof(real)) : NULL;
    }
    j->dwh = l->wdrop > 0 ? rc_take(m, (size_t)c->R * H * W, sizeof(real)) : NULL;
    j->rest = rc_take(m, 0, sizeof(real));
}

/* dWh += dg' hp; with weight-drop through the mask of the batch. */
static void recurrent_gradient(const rc_recur_back *j, int d)
{
    const rc_recur *l = j->l;
    const rc_recur_act *a = j->a;
    const rc_pass *s = j->s;
    int H = l->size, W = l->W, N = a->a.in.N, R = l->l.cell->R, first = l->R1 * H;
    bool masked = j->dwh != NULL;
    real *dw = rc_g(&l->l, s, l->at[d].wh), *to = masked ? j->dwh : dw;
    rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = !masked, .M = first, .N = W, .K = N, .A = a->g[d], .lda = a->gs,
              .B = a->hp[d], .ldb = a->ws, .C = to, .ldc = W }, j->rest);
    rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = !masked, .M = R * H - first, .N = W, .K = N,
              .A = l->apart ? j->du[d] : a->g[d] + first, .lda = l->apart ? a->us : a->gs,
              .B = l->apart ? a->hp[d] : a->q[d], .ldb = l->apart ? a->ws : H,
              .C = to + (size_t)first * (size_t)W, .ldc = W }, j->rest);
    uint64_t key = rc_key(s->seed, RC_DROP, s->step, (uint64_t)l->l.index * 16 + (uint64_t)(8 * d + RC_MASK_WDROP));
    for (int i = 0; i < R * H && masked; i++) {
        real *row = to + (size_t)i * (size_t)W;
        s->k->drop(W, key, (uint64_t)i, 0, (real)l->wdrop, row, row);
        s->k->add((size_t)W, row, dw + (size_t)i * (size_t)W);
    }
}

/* Learnt initial states: the sum over the sequences that began with them. */
static void initial_gradient(const rc_recur_back *j, int d)
{
    const rc_recur *l = j->l;
    const rc_recur_act *a = j->a;
    if (!l->learn || (!l->l.ahead && !j->s->batch->fresh))
        return;
    for (int k = 0; k < l->l.cell->S; k++) {
        int w = k ? l->size : l->W, ld = k ? a->ss : a->hs;
        const real *ds = k ? a->ds[k] : l->proj ? a->dh : a->ds[0];
        j->s->k->col_sum(a->a.in.B, w, ds + d * w, ld, rc_g(&l->l, j->s, l->at[d].s0[k]));
    }
}

/* Gates that are not apart have one sum for both biases. */
static void bias_gradients(const rc_recur_back *j, int d)
{
    const rc_recur *l = j->l;
    const rc_recur_act *a = j->a;
    const rc_pass *s = j->s;
    int N = a->a.in.N, first = l->R1 * l->size, GH = l->l.cell->G * l->size;
    real *both = j->db[d];
    if (l->at[d].b < 0)
        return;
    if (both)
        memset(both, 0, (size_t)GH * sizeof *both);
    rc_col_sum(s->r, N, GH, a->g[d], a->gs, both ? both : rc_g(&l->l, s, l->at[d].b));
    if (!both)
        return;
    s->k->add((size_t)GH, both, rc_g(&l->l, s, l->at[d].b));
    s->k->add((size_t)first, both, rc_g(&l->l, s, l->at[d].bh));
    rc_col_sum(s->r, N, l->apart * l->size, j->du[d], a->us, rc_g(&l->l, s, l->at[d].bh) + first);
}

void rc_recur_gradients(const rc_recur_back *j, int d)
{
    const rc_recur *l = j->l;
    const rc_recur_act *a = j->a;
    const rc_pass *s = j->s;
    int H = l->size, I = l->l.in, N = a->a.in.N, GH = l->l.cell->G * H;
    rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = true, .M = GH, .N = I, .K = N, .A = a->g[d], .lda = a->gs,
              .B = a->a.x, .ldb = I, .C = rc_g(&l->l, s, l->at[d].wx), .ldc = I }, j->rest);
    if (l->l.cell->R)
        recurrent_gradient(j, d);
    bias_gradients(j, d);
    if (l->rowwise)
        s->k->col_sum(rc_recur_neighbourhoods(a->a.in.B), l->P * H, j->dp[d], l->P * H, rc_g(&l->l, s, l->at[d].p));
    if (l->proj)
        rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = true, .M = l->W, .N = H, .K = N, .A = j->dhp[d],
                  .lda = l->W, .B = a->fin[0] + d * H, .ldb = a->ss, .C = rc_g(&l->l, s, l->at[d].wr), .ldc = H },
                  j->rest);
    initial_gradient(j, d);
    if (a->a.dx)
        rc_matmul(s->r, &(rc_matmul_io){ .add = d > 0, .M = N, .N = I, .K = GH, .A = a->g[d], .lda = a->gs,
                  .B = rc_w(&l->l, s, l->at[d].wx), .ldb = I, .C = a->a.dx, .ldc = I }, j->rest);
}
