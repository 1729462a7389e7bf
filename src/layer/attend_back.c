/* SPDX-License-Identifier: MIT
 * attend, backward.  One thread has a side sequence with all main sequences that look at it, in their order, so the
 * sums over them do not depend on the number of threads.
 *   (E15) dα_j = dc · s_j,   de_j = α_j (dα_j - Σ_k α_k dα_k),   ds_j += α_j dc
 *   (E16) product: dq += de_j s_j,  ds_j += de_j q;   additive: du = de_j v (1 - u²),  dq += du,  dkey_j += du,  dv += de_j u */
#include "layer/attend.h"

static void unbend(void *arg, int lo, int hi)
{
    const rc_attend_job *j = arg;
    size_t w = (size_t)j->l->l.out, at = (size_t)lo * w;
    rc_act_fn tanh_fn;
    rc_act_parse("tanh", &tanh_fn);
    j->s->k->act_back(&tanh_fn, (size_t)(hi - lo) * w, j->a->a.y + at, j->a->a.dy + at);
}

/* de = gradient of the scores, from that of the weights. */
static void softmax_back(int T, int L, const real *weight, real *de)
{
    for (int t = 0; t < T; t++, weight += L, de += L) {
        double sum = 0;
        for (int i = 0; i < L; i++)
            sum += (double)weight[i] * (double)de[i];
        for (int i = 0; i < L; i++)
            de[i] = weight[i] * (de[i] - (real)sum);
    }
}

/* E16 of an additive score: rows of sequence b, whose scores' gradient is de [T][L]. */
static void additive(const rc_attend_job *j, int b, int p, int T, const real *de, real *u)
{
    const rc_rows *side = &j->s->side->rows;
    const real *v = rc_w(&j->l->l, j->s, j->l->v);
    int L = j->a->len[p], Q = j->l->Q;
    real *dv = j->a->dv + (size_t)p * (size_t)Q;
    for (int t = 0; t < T; t++) {
        size_t row = (size_t)(j->a->a.in.off[t] + b) * (size_t)Q;
        real *dq = j->a->dq + row;
        rc_attend_units(j, p, j->a->q + row, u);
        for (int k = 0; k < L; k++) {
            real *dkey = j->a->dkeys + (size_t)(side->off[k] + p) * (size_t)Q;
            const real *uk = u + (size_t)k * (size_t)Q;
            real e = de[(size_t)t * (size_t)L + (size_t)k];
            for (int i = 0; i < Q; i++) {
                real du = e * v[i] * (1 - uk[i] * uk[i]);
                dq[i] += du;
                dkey[i] += du;
                dv[i] += e * uk[i];
            }
        }
    }
}

/* Main sequence b of side sequence p: ds [L][S] +=. */
static void one(const rc_attend_job *j, int b, int p, real *ds, real *at)
{
    const rc_kern *k = j->s->k;
    const rc_attend *l = j->l;
    rc_attend_act *a = j->a;
    const rc_rows *r = &a->a.in;
    int T = rc_attend_steps(r, b), L = a->len[p], S = l->S, Q = l->Q;
    size_t t = (size_t)T;
    real *weight = rc_attend_slice(&at, t * (size_t)L), *de = rc_attend_slice(&at, t * (size_t)L);
    real *dc = rc_attend_slice(&at, t * (size_t)S), *panel = rc_attend_slice(&at, rc_panels(k, T, S));
    rc_attend_gather(r, b, T, S, a->dc, S, dc);
    rc_attend_gather(r, b, T, L, a->a.look, a->a.look_ld, weight);
    k->gemm(T, L, S, dc, S, 1, a->P1 + a->at1[p], false, de, L);
    softmax_back(T, L, weight, de);
    k->pack(false, T, S, dc, S, panel);
    k->gemm(L, S, T, weight, 1, L, panel, true, ds, S);
    if (l->additive) {
        additive(j, b, p, T, de, at);
        return;
    }
    real *q = rc_attend_slice(&at, t * (size_t)Q), *dq = rc_attend_slice(&at, t * (size_t)Q);
    rc_attend_gather(r, b, T, Q, rc_attend_q(l, a), Q, q);
    k->pack(false, T, S, q, S, panel);
    k->gemm(L, S, T, de, 1, L, panel, true, ds, S);
    k->gemm(T, S, L, de, L, 1, a->P2 + a->at2[p], false, dq, S);
    rc_attend_scatter(r, b, T, Q, dq, a->dq, Q);
}

static void look_back(void *arg, const rc_team *team)
{
    const rc_attend_job *j = arg;
    const rc_rows *side = &j->s->side->rows;
    size_t S = (size_t)j->l->S;
    for (int p = team->id; p < side->B; p += team->n) {
        real *at = (real *)j->s->scratch + (size_t)team->id * j->own;
        int L = j->a->len[p];
        real *ds = rc_attend_slice(&at, (size_t)L * S);
        memset(ds, 0, (size_t)L * S * sizeof *ds);
        for (int b = L ? j->a->first[p] : -1; b >= 0; b = j->a->next[b])
            one(j, b, p, ds, at);
        for (int k = 0; k < L && j->s->dside && j->a->first[p] >= 0; k++)
            j->s->k->add(S, ds + (size_t)k * S, j->s->dside + (size_t)(side->off[k] + p) * S);
    }
}

/* Which main sequences look at each side sequence. */
static void sort(const rc_attend_job *j)
{
    rc_attend_act *a = j->a;
    for (int p = 0; p < j->s->side->rows.B; p++)
        a->first[p] = -1;
    for (int b = a->a.in.B - 1; b >= 0; b--) {
        int p = j->s->batch->place[b];
        if (p < 0)
            continue;
        a->next[b] = a->first[p];
        a->first[p] = b;
    }
}

static void keys_back(const rc_attend_job *j)
{
    const rc_attend *l = j->l;
    const rc_pass *s = j->s;
    const rc_rows *side = &s->side->rows;
    real *scratch = (real *)s->scratch;
    rc_col_sum(s->r, j->a->a.in.N, l->Q, j->a->dq, l->Q, rc_g(&l->l, s, l->bq));
    s->k->col_sum(side->B, l->Q, j->a->dv, l->Q, rc_g(&l->l, s, l->v));
    rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = true, .M = l->Q, .N = l->S, .K = side->N, .A = j->a->dkeys,
              .lda = l->Q, .B = s->side->y, .ldb = l->S, .C = rc_g(&l->l, s, l->wk), .ldc = l->S }, scratch);
    if (s->dside)
        rc_matmul(s->r, &(rc_matmul_io){ .add = true, .M = side->N, .N = l->S, .K = l->Q, .A = j->a->dkeys, .lda = l->Q,
                  .B = rc_w(&l->l, s, l->wk), .ldb = l->S, .C = s->dside, .ldc = l->S }, scratch);
}

void rc_attend_backward(const rc_layer *base, rc_act *act, const rc_pass *s)
{
    const rc_attend *l = (const rc_attend *)base;
    rc_attend_act *a = (rc_attend_act *)act;
    const rc_rows *side = &s->side->rows;
    int N = act->in.N, in = base->in, out = base->out, S = l->S, Q = l->Q, ld = S + in;
    real *scratch = (real *)s->scratch, *dwc = rc_g(base, s, l->wc);
    const real *wc = rc_w(base, s, l->wc);
    rc_attend_job j = { l, a, s, rc_attend_scratch(l, s->k, act->in.T, side->T, true) };
    rc_rows_each(s->r, N, 16384 / out + 1, unbend, &j);
    rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = true, .M = out, .N = S, .K = N, .A = act->dy, .lda = out,
              .B = a->c, .ldb = S, .C = dwc, .ldc = ld }, scratch);
    rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = true, .M = out, .N = in, .K = N, .A = act->dy, .lda = out,
              .B = act->x, .ldb = in, .C = dwc + S, .ldc = ld }, scratch);
    rc_matmul(s->r, &(rc_matmul_io){ .M = N, .N = S, .K = out, .A = act->dy, .lda = out, .B = wc, .ldb = ld, .C = a->dc,
              .ldc = S }, scratch);
    if (act->dx)
        rc_matmul(s->r, &(rc_matmul_io){ .M = N, .N = in, .K = out, .A = act->dy, .lda = out, .B = wc + S, .ldb = ld,
                  .C = act->dx, .ldc = in }, scratch);
    memset(a->dq, 0, (size_t)N * (size_t)Q * sizeof *a->dq);
    if (l->additive) {
        memset(a->dkeys, 0, (size_t)side->N * (size_t)Q * sizeof *a->dkeys);
        memset(a->dv, 0, (size_t)side->B * (size_t)Q * sizeof *a->dv);
    }
    sort(&j);
    rc_attend_each(&j, look_back);
    if (l->additive)
        keys_back(&j);
    if (l->wq >= 0)
        rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = true, .M = Q, .N = in, .K = N, .A = a->dq, .lda = Q,
                  .B = act->x, .ldb = in, .C = rc_g(base, s, l->wq), .ldc = in }, scratch);
    if (act->dx && l->wq >= 0)
        rc_matmul(s->r, &(rc_matmul_io){ .add = true, .M = N, .N = in, .K = Q, .A = a->dq, .lda = Q,
                  .B = rc_w(base, s, l->wq), .ldb = in, .C = act->dx, .ldc = in }, scratch);
    else if (act->dx)
        rc_add_rows(s->r, N, Q, a->dq, Q, act->dx, in);
}
