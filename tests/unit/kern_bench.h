/* SPDX-License-Identifier: MIT
 * kern_check --bench: every kernel set timed with the same calls; products also as a share of the multiply-add peak
 * that the same program measures. */
#ifndef RC_KERN_BENCH_H
#define RC_KERN_BENCH_H
#include <stdio.h>
#include <stdlib.h>

#include "kern/kern.h"

/* Peak: twelve independent chains, more than latency times units asks for. */
#if defined __x86_64__
#include <immintrin.h>
#define PEAK(name, features, type, set1, fma, lanes)                                                    \
    static __attribute__((target(features))) double flops_##name(long n, float *sink)                   \
    {                                                                                                   \
        type c[12], x = set1(0.999f), y = set1(0.001f);                                                 \
        for (int i = 0; i < 12; i++)                                                                    \
            c[i] = set1((float)i);                                                                      \
        _Pragma("GCC unroll 4") for (long k = 0; k < n; k++)                                            \
            _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++)                                       \
                c[i] = fma(c[i], x, y);                                                                 \
        for (int i = 1; i < 12; i++)                                                                    \
            c[0] = fma(c[0], c[i], y);                                                                  \
        memcpy(sink, &c[0], sizeof *sink);                                                              \
        return 2.0 * 12 * lanes * (double)n;                                                            \
    }
PEAK(avx512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, 16)
PEAK(avx2, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, 8)
#define MUL_ADD(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
PEAK(sse2, "sse2", __m128, _mm_set1_ps, MUL_ADD, 4)
static double flops(const char *set, long n, float *sink)
{
    return !strcmp(set, "avx512") || !strcmp(set, "vnni") || !strcmp(set, "bf16") ? flops_avx512(n, sink) : !strcmp(set, "avx2") ? flops_avx2(n, sink) : flops_sse2(n, sink);
}
#else
static double flops(const char *set, long n, float *sink) { (void)set, (void)n; *sink = 0; return 0; }
#endif

static float *bench_block(size_t n)
{
    float *p = aligned_alloc(64, (n + 15) / 16 * 64);
    for (size_t i = 0; p && i < n; i++)
        p[i] = (float)rc_uniform(5, i) - 0.5f;
    return p;
}

/* The best time of a call, in seconds. */
#define BEST(call, out)                                                                                 \
    do {                                                                                                \
        double best_ = 1e9, start_ = rc_now();                                                          \
        for (int i_ = 0; i_ < 7 || rc_now() - start_ < 0.15; i_++) {                                    \
            double t_ = rc_now();                                                                       \
            call;                                                                                       \
            t_ = rc_now() - t_;                                                                         \
            best_ = t_ < best_ ? t_ : best_;                                                            \
        }                                                                                               \
        out = best_;                                                                                    \
    } while (0)

static double bench_peak(const char *set)
{
    double t, n = 0;
    float sink;
    BEST(n = flops(set, 200000, &sink), t);
    return n / t * 1e-9;
}

static void bench_gemm(const rc_kern *k, double peak)
{
    static const int shapes[][3] = { { 64, 2048, 512 }, { 64, 1024, 256 }, { 64, 800, 200 }, { 20, 800, 200 }, { 20, 200, 800 }, { 20, 200, 200 }, { 20, 104, 200 }, { 64, 128, 256 },
        { 32, 512, 128 }, { 16, 2048, 512 }, { 2048, 1024, 256 }, { 700, 800, 200 }, { 1, 2048, 512 }, { 2, 2048, 512 },
        { 4, 1024, 256 }, { 8, 128, 256 }, { 1, 512, 512 } };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        int M = shapes[i][0], N = shapes[i][1], K = shapes[i][2];
        float *A = bench_block((size_t)M * (size_t)K), *B = bench_block((size_t)N * (size_t)K), *C = bench_block((size_t)M * (size_t)N);
        float *P = bench_block(rc_panels(k, K, N));
        double t, packed;
        BEST(k->pack(true, K, N, B, K, P), packed);
        BEST(k->gemm(M, N, K, A, K, 1, P, true, C, N), t);
        double g = 2.0 * M * N * K / t * 1e-9;
        printf("%-7s gemm    M %4d N %4d K %4d  %9.1f us %6.1f GFLOP/s %3.0f %%   pack (turned) %.2f ns an element\n", k->name, M, N, K,
               t * 1e6, g, 100 * g / peak, packed * 1e9 / ((double)N * K));
        free(A), free(B), free(C), free(P);
    }
}

static void bench_matmul(const char *set, double peak)
{
    static const struct { int M, N, K; bool ta, tb; } s[] = { { 2048, 512, 8192, true, false }, { 800, 200, 700, true, false },
        { 1024, 256, 8192, true, false }, { 700, 800, 200, false, true }, { 700, 200, 800, false, false }, { 8192, 2048, 512, false, true },
        { 700, 10000, 200, false, true }, { 10000, 200, 700, true, false } };
    for (int threads = 1; threads <= 2; threads++)
        for (size_t i = 0; i < sizeof s / sizeof *s; i++) {
            recur r = { 0 };
            int M = s[i].M, N = s[i].N, K = s[i].K;
            if (rc_kern_open(&r, set) || rc_pool_new(&r, &r.pool, threads))
                return;
            float *A = bench_block((size_t)M * (size_t)K), *B = bench_block((size_t)N * (size_t)K), *C = bench_block((size_t)M * (size_t)N);
            float *scratch = bench_block(rc_matmul_scratch(&r, M, N, K));
            double t;
            rc_matmul_io io = { s[i].ta, s[i].tb, true, M, N, K, A, s[i].ta ? M : K, B, s[i].tb ? K : N, C, N };
            BEST(rc_matmul(&r, &io, scratch), t);
            double g = 2.0 * M * N * K / t * 1e-9;
            printf("%-7s matmul%s%s M %5d N %5d K %4d, %d thread%s %9.1f us %6.1f GFLOP/s %3.0f %%\n", set, s[i].ta ? "T" : " ",
                   s[i].tb ? "T" : " ", M, N, K, threads, threads > 1 ? "s" : " ", t * 1e6, g, 100 * g / peak / threads);
            free(A), free(B), free(C), free(scratch);
            rc_pool_free(&r, r.pool);
        }
}

static void bench_rows(const rc_kern *k)
{
    enum { N = 4096, V = 10000 };
    float *x = bench_block(N), *y = bench_block(N), *m = bench_block(N), *v = bench_block(N), *z = bench_block(8 * V);
    int32_t target[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    rc_optim_io o = { .lr = 1e-6f, .b1 = 0.9f, .b2 = 0.99f, .eps = 1e-6f, .scale = 1, .c1 = 1, .c2 = 1 };
    double t, sum = 0;
    for (int i = 0; i < 2; i++) {
        rc_act_fn f;
        rc_act_parse(i ? "sigmoid" : "tanh", &f);
        BEST(k->act(&f, N, y), t);
        printf("%-7s %-8s %6.3f ns an element\n", k->name, f.kind->name, t / N * 1e9);
    }
    BEST(k->drop(N, 3, 4, 5, 0.5f, x, y), t);
    printf("%-7s drop     %6.3f ns an element\n", k->name, t / N * 1e9);
    BEST(k->adam(&o, N, y, x, m, v), t);
    printf("%-7s adam     %6.3f ns an element\n", k->name, t / N * 1e9);
    BEST(sum += k->sum_sq(N, x), t);
    printf("%-7s sum_sq   %6.3f ns an element\n", k->name, t / N * 1e9);
    BEST(k->col_sum(64, 64, x, 64, y), t);
    printf("%-7s col_sum  %6.3f ns an element\n", k->name, t / N * 1e9);
    BEST(k->norm(8, 512, 1e-5f, x, m, v, y, z), t);
    printf("%-7s norm     %6.3f ns an element\n", k->name, t / N * 1e9);
    BEST(sum += k->xent(8, V, z, V, target, NULL, 0, 0, true, 1, NULL), t);
    printf("%-7s xent     %6.3f ns an element (%g)\n", k->name, t / (8 * V) * 1e9, sum * 0);
    free(x), free(y), free(m), free(v), free(z);
}

static void bench_cells(const rc_kern *k)
{
    enum { N = 20, H = 200, ROOM = N * H * 4 };
    for (int i = 0; rc_cells[i]; i++) {
        const rc_cell *c = rc_cells[i];
        rc_cell_opt o = { 0 };
        for (int j = 0; j < 3 && c->act[j]; j++)
            rc_act_parse(c->act[j], &o.act[j]);
        float *b[10];
        for (int j = 0; j < 10; j++)
            b[j] = bench_block(ROOM);
        rc_cell_io io = { .n = N, .H = H, .hi = H, .gs = 4 * H, .us = 4 * H, .ss = H, .qs = H, .opt = &o, .g = b[0], .u = b[1],
            .s0 = { b[2], b[3] }, .s = { b[4], b[5] }, .q = b[6], .p = b[7], .dg = b[8], .du = b[9], .dq = b[6], .ds = { b[2], b[3] } };
        rc_cell_fns f = rc_kern_cell(k, c, &o);
        double there, back;
        BEST(f.forward[0](&io); if (f.forward[1]) f.forward[1](&io), there);
        BEST(if (f.backward[1]) f.backward[1](&io); f.backward[0](&io), back);
        printf("%-7s %-8s %6.3f ns a unit forward, %6.3f backward\n", k->name, c->name, there / (N * H) * 1e9, back / (N * H) * 1e9);
        for (int j = 0; j < 10; j++)
            free(b[j]);
    }
}

static int kern_bench(const char *only)
{
    for (int i = 1; rc_kern_at(i); i++) {
        recur r = { 0 };
        if (!rc_kern_usable(rc_kern_at(i)) || (only && strcmp(only, rc_kern_at(i))) || rc_kern_open(&r, rc_kern_at(i)))
            continue;
        double peak = bench_peak(r.kern->name);
        printf("%-7s peak %.1f GFLOP/s on one thread\n", r.kern->name, peak);
        bench_gemm(r.kern, peak);
        bench_matmul(r.kern->name, peak);
        bench_rows(r.kern);
        bench_cells(r.kern);
    }
    return 0;
}
#endif
