/* SPDX-License-Identifier: MIT
 * Whole products and runs of rows on all threads, parted by output: a thread count changes no bit.
 *
 * A product is blocked three times.  K in blocks that leave a panel [kc][nr] in the first-level cache; an element's
 * chain goes on from one block to the next through C.  Columns in blocks whose panels stay in the second-level cache.
 * Rows of a transposed A in blocks that are copied side by side first where their stride is a power of two. */
#include "kern/kern.h"

enum { KC = 384, NC = 768, MC = 96 };

static int least(int a, int b) { return a < b ? a : b; }

static int panels(const rc_kern *k, int N) { return (N + k->nr - 1) / k->nr; }

/* Width of a block of columns that one of `of` threads has for itself. */
static int own_width(const rc_kern *k, int N, int of)
{
    int most = NC / k->nr / of, share = (panels(k, N) + of - 1) / of;
    return least(share, most > 0 ? most : 1) * k->nr;
}

/* Reals for panels: two blocks in turn of a common width, or one block for each thread. */
static size_t panel_scratch(const rc_kern *k, int N, int kc, int of)
{
    size_t common = 2 * (size_t)least(panels(k, N) * k->nr, NC) * (size_t)kc;
    return rc_slice(common + (size_t)of * (size_t)k->nr * (size_t)kc);
}

size_t rc_matmul_scratch(const recur *r, int M, int N, int K)
{
    int of = rc_pool_threads(r->pool), kc = least(K, KC);
    return panel_scratch(r->kern, N, kc, of) + (size_t)of * rc_slice((size_t)least(M, MC) * (size_t)kc);
}

/* Rows k0.. of op(B), columns n0.. as panels. */
static void pack(const rc_kern *k, const rc_matmul_io *m, int k0, int kc, int n0, int width, real *P)
{
    size_t ld = (size_t)m->ldb;
    const real *b = m->tb ? m->B + (size_t)n0 * ld + (size_t)k0 : m->B + (size_t)k0 * ld + (size_t)n0;
    if (width > 0)
        k->pack(m->tb, kc, width, b, m->ldb, P);
}

/* C's rows m0..m1, columns n0.. += A's columns k0.. by panels P.  copy: room for [kc][MC] of a transposed A whose rows
 * are a power of two apart and share few sets of a cache; others are read where they lie. */
static void multiply(const rc_kern *k, const rc_matmul_io *m, int m0, int m1, int n0, int width, int k0, int kc,
                     const real *P, real *copy)
{
    enum { APART = 512 };
    bool add = m->add || k0 > 0;
    size_t ld = (size_t)m->lda;
    real *c = m->C + (size_t)m0 * (size_t)m->ldc + (size_t)n0;
    if (!m->ta || m->lda % APART) {
        const real *a = m->ta ? m->A + (size_t)k0 * ld + (size_t)m0 : m->A + (size_t)m0 * ld + (size_t)k0;
        k->gemm(m1 - m0, width, kc, a, m->ta ? 1 : m->lda, m->ta ? m->lda : 1, P, add, c, m->ldc);
        return;
    }
    for (int rows; m0 < m1; m0 += rows, c += (size_t)rows * (size_t)m->ldc) {
        int blocks = (m1 - m0 + MC - 1) / MC;
        rows = least(m1 - m0, ((m1 - m0 + blocks - 1) / blocks + k->mr - 1) / k->mr * k->mr);
        for (int i = 0; i < kc; i++)
            memcpy(copy + (size_t)i * (size_t)rows, m->A + (size_t)(k0 + i) * ld + (size_t)m0, (size_t)rows * sizeof *copy);
        k->gemm(rows, width, kc, copy, 1, rows, P, add, c, m->ldc);
    }
}

/* Wide products: each thread has columns of its own and packs them itself; nobody waits. */
static void by_columns(const rc_kern *k, const rc_team *t, const rc_matmul_io *m, int blocks, real *panel, real *copy)
{
    int lo, hi, width = own_width(k, m->N, t->n);
    rc_part(m->N, k->nr, t->id, t->n, &lo, &hi);
    for (int n0 = lo; n0 < hi; n0 += width)
        for (int b = 0; b < blocks; b++) {
            int k0, k1, w = least(width, hi - n0);
            rc_part(m->K, 1, b, blocks, &k0, &k1);
            pack(k, m, k0, k1 - k0, n0, w, panel);
            multiply(k, m, 0, m->M, n0, w, k0, k1 - k0, panel, copy);
        }
}

/* Tall products: threads pack a block of columns together, then each does its rows.  Two blocks in turn: one barrier
 * keeps a fast thread from packing over what a slow one still reads. */
static void by_rows(const rc_kern *k, const rc_team *t, const rc_matmul_io *m, int blocks, real *panel, real *copy)
{
    int m0, m1, turn = 0, width = least(panels(k, m->N) * k->nr, NC / k->nr * k->nr);
    size_t block = (size_t)width * (size_t)((m->K + blocks - 1) / blocks);
    rc_part(m->M, k->mr, t->id, t->n, &m0, &m1);
    for (int n0 = 0; n0 < m->N; n0 += width)
        for (int b = 0; b < blocks; b++, turn = !turn) {
            int k0, k1, lo, hi, w = least(width, m->N - n0);
            real *P = panel + (turn ? block : 0);
            rc_part(m->K, 1, b, blocks, &k0, &k1);
            rc_part(w, k->nr, t->id, t->n, &lo, &hi);
            pack(k, m, k0, k1 - k0, n0 + lo, hi - lo, P + rc_panel_at(k, k1 - k0, lo));
            rc_barrier(t);
            if (m1 > m0)
                multiply(k, m, m0, m1, n0, w, k0, k1 - k0, P, copy);
        }
}

void rc_matmul_team(const rc_kern *k, const rc_team *t, const rc_matmul_io *m, real *scratch)
{
    if (m->M <= 0 || m->N <= 0)
        return;
    int kc = least(m->K, KC), blocks = m->K > 0 ? (m->K + KC - 1) / KC : 1;
    size_t room = panel_scratch(k, m->N, kc, t->n);
    real *copy = scratch + room + (size_t)t->id * rc_slice((size_t)least(m->M, MC) * (size_t)kc);
    if (m->N > m->M || t->n == 1)
        by_columns(k, t, m, blocks, scratch + (size_t)t->id * (size_t)own_width(k, m->N, t->n) * (size_t)kc, copy);
    else
        by_rows(k, t, m, blocks, scratch, copy);
    rc_barrier(t);
}

typedef struct { recur *r; const rc_matmul_io *m; real *scratch; } job;

static void run(void *arg, const rc_team *t)
{
    const job *j = arg;
    rc_matmul_team(j->r->kern, t, j->m, j->scratch);
}

void rc_matmul(recur *r, const rc_matmul_io *m, real *scratch)
{
    enum { SMALL = 1 << 18 };                                  /* multiply-adds not worth bringing to another core */
    if ((double)m->M * m->N * m->K < SMALL)
        rc_matmul_team(r->kern, &(rc_team){ .pool = r->pool, .id = 0, .n = 1 }, m, scratch);
    else
        rc_pool_run(r->pool, 1, run, &(job){ r, m, scratch });
}

typedef struct { int n, parts; void (*fn)(void *arg, int lo, int hi); void *arg; } rows_job;

static void run_rows(void *arg, const rc_team *t)
{
    const rows_job *j = arg;
    int lo, hi, parts = least(t->n, j->parts);
    if (t->id >= parts)
        return;
    rc_part(j->n, 1, t->id, parts, &lo, &hi);
    if (hi > lo)
        j->fn(j->arg, lo, hi);
}

void rc_rows_each(recur *r, int n, int grain, void (*fn)(void *arg, int lo, int hi), void *arg)
{
    int parts = least(rc_pool_threads(r->pool), n / (grain > 0 ? grain : 1));
    if (n <= 0)
        return;
    if (parts <= 1)
        fn(arg, 0, n);
    else
        rc_pool_run(r->pool, 1, run_rows, &(rows_job){ n, parts, fn, arg });
}
