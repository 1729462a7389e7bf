/* SPDX-License-Identifier: MIT
 * Reference kernels: the table in plain C, complete and never fast.  They define what a set computes. */
#include <tgmath.h>

#include "kern/ref.h"

enum { NR = 8, MR = 4 };

void rc_ref_pack(int nr, bool trans, int K, int N, const real *B, int ldb, real *P)
{
    size_t ld = (size_t)ldb;
    for (int n0 = 0; n0 < N; n0 += nr)
        for (int k = 0; k < K; k++)
            for (int j = n0; j < n0 + nr; j++)
                *P++ = j >= N ? 0 : trans ? B[(size_t)j * ld + (size_t)k] : B[(size_t)k * ld + (size_t)j];
}

static void pack(bool trans, int K, int N, const real *B, int ldb, real *P)
{
    rc_ref_pack(NR, trans, K, N, B, ldb, P);
}

static void gemm(int M, int N, int K, const real *A, int rs, int cs, const real *P, bool add, real *C, int ldc)
{
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            const real *a = A + (ptrdiff_t)m * rs;
            const real *b = P + (size_t)(n / NR) * (size_t)K * NR + n % NR;
            real *c = C + (size_t)m * (size_t)ldc + (size_t)n, sum = add ? *c : 0;
            for (int k = 0; k < K; k++)
                sum += a[(ptrdiff_t)k * cs] * b[(size_t)k * NR];
            *c = sum;
        }
}

static void pack_as(int as, int K, int N, const real *W, int ldw, void *P)
{
    rc_ref_pack_as(as, NR, K, N, W, ldw, P);
}

static void gemm_as(int as, int M, int N, int K, const real *A, int rs, const void *P, bool add, real *C, int ldc)
{
    size_t size = rc_storage_size(as), bytes = rc_panel_bytes(as, NR, K);
    if (as == RC_F32_WEIGHTS) {
        gemm(M, N, K, A, rs, 1, P, add, C, ldc);
        return;
    }
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            const char *p = (const char *)P + (size_t)(n / NR) * bytes;
            real *c = C + (size_t)m * (size_t)ldc + (size_t)n, scale = 1, sum = add && as != RC_I8_WEIGHTS ? *c : 0;
            if (as == RC_I8_WEIGHTS) {
                memcpy(&scale, p + (size_t)(n % NR) * sizeof scale, sizeof scale);
                p += NR * sizeof scale;
            }
            for (int k = 0; k < K; k++) {
                real w;
                rc_fetch_row(as, 1, p + (size_t)(k * NR + n % NR) * size, 1, &w);
                sum += A[(ptrdiff_t)m * rs + k] * w;
            }
            *c = as == RC_I8_WEIGHTS ? (add ? *c : 0) + sum * scale : sum;
        }
}

static void bias(int n, int w, const real *b, real *y, int ldy)
{
    for (int r = 0; r < n; r++)
        memcpy(y + (size_t)r * (size_t)ldy, b, (size_t)w * sizeof *b);
}

static void col_sum(int n, int w, const real *x, int ldx, real *s)
{
    for (int r = 0; r < n; r++)
        for (int j = 0; j < w; j++)
            s[j] += x[(size_t)r * (size_t)ldx + (size_t)j];
}

static void add(size_t n, const real *x, real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void scale(size_t n, real a, real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] *= a;
}

static void mul(size_t n, const real *x, const real *m, real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * m[i];
}

/* Element e of a stream has word e % 4 of block e / 4. */
void rc_ref_drop(int n, uint64_t key, uint64_t hi, uint64_t lo, real p, const real *x, real *y)
{
    uint32_t below = rc_drop_below(p), bits[4];
    real keep = 1 / (1 - p);
    for (int i = 0; i < n; i++) {
        uint64_t e = lo + (uint64_t)i;
        if (i == 0 || e % 4 == 0)
            rc_philox(key, hi, e / 4, bits);
        y[i] = x[i] * (bits[e % 4] < below ? 0 : keep);
    }
}

void rc_ref_act(const rc_act_fn *f, size_t n, real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = f->kind->f(y[i], f->a, f->b);
}

void rc_ref_act_back(const rc_act_fn *f, size_t n, const real *y, real *dy)
{
    for (size_t i = 0; i < n; i++)
        dy[i] *= f->kind->d((real)NAN, y[i], f->a, f->b);
}

static void norm(int n, int w, real eps, const real *x, const real *gain, const real *shift, real *y, real *stat)
{
    for (int r = 0; r < n; r++, x += w, y += w, stat += 2) {
        real mean = 0, square = 0;
        for (int j = 0; j < w; j++)
            mean += x[j];
        mean /= (real)w;
        for (int j = 0; j < w; j++)
            square += (x[j] - mean) * (x[j] - mean);
        real s = 1 / sqrt(square / (real)w + eps);
        stat[0] = mean, stat[1] = s;
        for (int j = 0; j < w; j++)
            y[j] = (x[j] - mean) * s * gain[j] + shift[j];
    }
}

/* (L22) of docs/math.md */
static void norm_back(int n, int w, const real *x, const real *gain, const real *stat, const real *dy, real *dx,
                      real *dgain, real *dshift)
{
    for (int r = 0; r < n; r++, x += w, dy += w, stat += 2) {
        real mean = stat[0], s = stat[1], sum = 0, sum_n = 0;
        for (int j = 0; j < w; j++) {
            real v = (x[j] - mean) * s;
            dgain[j] += dy[j] * v;
            dshift[j] += dy[j];
            sum += dy[j] * gain[j];
            sum_n += dy[j] * gain[j] * v;
        }
        sum /= (real)w, sum_n /= (real)w;
        for (int j = 0; dx && j < w; j++)
            dx[(size_t)r * (size_t)w + (size_t)j] = (dy[j] * gain[j] - sum - (x[j] - mean) * s * sum_n) * s;
    }
}

static double sum_sq(size_t n, const real *x)
{
    double s = 0;
    for (size_t i = 0; i < n; i++)
        s += (double)x[i] * (double)x[i];
    return s;
}

/* g is left as it is; scale and decay as rc_optim_io says. */
static void sgd(const rc_optim_io *o, size_t n, real *w, real *g, real *m)
{
    for (size_t i = 0; i < n; i++) {
        real d = g[i] * o->scale;
        if (m)
            d = m[i] = o->b1 * m[i] + d;
        w[i] -= o->decay * w[i] + o->lr * d;
    }
}

/* Tieleman & Hinton 2012 */
static void rmsprop(const rc_optim_io *o, size_t n, real *w, real *g, real *v)
{
    for (size_t i = 0; i < n; i++) {
        real d = g[i] * o->scale;
        v[i] = o->b2 * v[i] + (1 - o->b2) * d * d;
        w[i] -= o->decay * w[i] + o->lr * d / (sqrt(v[i]) + o->eps);
    }
}

/* Kingma & Ba 2015, algorithm 1; decay decoupled: Loshchilov & Hutter 2019 */
static void adam(const rc_optim_io *o, size_t n, real *w, real *g, real *m, real *v)
{
    for (size_t i = 0; i < n; i++) {
        real d = g[i] * o->scale;
        m[i] = o->b1 * m[i] + (1 - o->b1) * d;
        v[i] = o->b2 * v[i] + (1 - o->b2) * d * d;
        w[i] -= o->decay * w[i] + o->lr * (m[i] * o->c1) / (sqrt(v[i] * o->c2) + o->eps);
    }
}

static double peak(int rounds, real x[RC_CHAINS])
{
    for (int n = 0; n < rounds; n++)
        for (int i = 0; i < RC_CHAINS; i++)
            x[i] = (real)0.5 * x[i] + 1;
    return 2.0 * RC_CHAINS * rounds;
}

static bool takes(int cell, const rc_cell_opt *o)
{
    (void)cell, (void)o;
    return false;
}

const rc_kern rc_kern_ref = {
    .name = "ref", .nr = NR, .mr = MR,
    .pack = pack, .gemm = gemm, .pack_as = pack_as, .gemm_as = gemm_as, .bias = bias, .col_sum = col_sum, .add = add, .scale = scale, .mul = mul,
    .drop = rc_ref_drop, .act = rc_ref_act, .act_back = rc_ref_act_back, .norm = norm, .norm_back = norm_back,
    .xent = rc_ref_xent, .softmax = rc_ref_softmax, .sum_sq = sum_sq, .sgd = sgd, .rmsprop = rmsprop, .adam = adam,
    .peak = peak, .takes = takes,
};
