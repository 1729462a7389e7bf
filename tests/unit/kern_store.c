/* SPDX-License-Identifier: MIT
 * Weights in two bytes or one: what storing rounds, that storing what was stored changes nothing, and the products of
 * every kernel set with such weights against exact sums of the fetched numbers. */
#include <float.h>

#include "unit/kern_guard.h"

/* Half an ulp of the storage: 11 and 8 bits of fraction; half a step of the row's scale. */
static double half_step(int as, double w, double scale)
{
    return as == RC_I8_WEIGHTS ? scale / 2 : as == RC_F16_WEIGHTS ? fmax(fabs(w) * 0x1p-11, 0x1p-25) : fabs(w) * 0x1p-8;
}

static void test_rounding(void **state)
{
    (void)state;
    enum { N = 500 };
    for (int as = RC_F16_WEIGHTS; as < RC_STORAGES; as++)
        for (int i = 0; i < 200; i++) {
            uint64_t stored[N], again[N];
            float *w = numbers(N, i % 3 ? 1 : 1e-4f), *x = guarded(N), scale = rc_row_scale(N, w);
            rc_store_row(as, N, w, scale, stored);
            rc_fetch_row(as, N, stored, scale, x);
            for (int k = 0; k < N; k++)
                assert_true(fabs((double)w[k] - (double)x[k]) <= half_step(as, (double)w[k], (double)scale) * (1 + 1e-6));
            assert_true(as != RC_I8_WEIGHTS || rc_row_scale(N, x) == scale);
            rc_store_row(as, N, x, scale, again);
            assert_memory_equal(again, stored, N * rc_storage_size(as));
            release(w, N), release(x, N);
        }
}

static void test_limits(void **state)
{
    (void)state;
    const float w[] = { 0, -0.0f, 65504, 70000, -1e30f, 0x1p-24f, 0x1.8p-25f, 0x1p-26f, 1 + 0x1p-11f, 1 + 0x1.8p-10f, FLT_MAX };
    const float half[] = { 0, -0.0f, 65504, 65504, -65504, 0x1p-24f, 0x1p-24f, 0, 1, 1 + 0x1p-9f, 65504 };
    enum { N = sizeof w / sizeof *w };
    uint16_t two[N];
    float x[N];
    rc_store_row(RC_F16_WEIGHTS, N, w, 1, two);
    rc_fetch_row(RC_F16_WEIGHTS, N, two, 1, x);
    assert_memory_equal(x, half, sizeof x);
    rc_store_row(RC_BF16_WEIGHTS, N, w, 1, two);
    rc_fetch_row(RC_BF16_WEIGHTS, N, two, 1, x);
    assert_true(isfinite(x[N - 1]) && x[2] == 65536 && x[4] < -9.9e29f);
    float none[3] = { 0 };
    int8_t one[3] = { 1, 1, 1 };
    assert_true(rc_row_scale(3, none) == 0);
    rc_store_row(RC_I8_WEIGHTS, 3, none, 0, one);
    assert_true(!one[0] && !one[1] && !one[2]);
    assert_int_equal(rc_storage_find("bf16"), RC_BF16_WEIGHTS);
    assert_int_equal(rc_storage_find("fp8"), -1);
}

/* Sets whose products round the rows of A to 16 bits. */
static bool in_integers(const rc_kern *k, int as) { return as == RC_I8_WEIGHTS && (!strcmp(k->name, "vnni") || !strcmp(k->name, "bf16")); }
static bool in_pairs(const rc_kern *k, int as) { return as == RC_BF16_WEIGHTS && !strcmp(k->name, "bf16"); }

/* Every bit pattern of a half and of a byte goes through each set's registers as it is.  A row's other weight, which
 * the product leaves out, makes the scale. */
static void test_fetching(void **state)
{
    (void)state;
    enum { N = 65536 };
    const rc_kern *set[SETS] = { reference() };
    const float second[2] = { 0, 1 };
    int n = 1 + sets(set + 1);
    float *w = guarded(2 * N), *y = guarded(N);
    for (int as = RC_F16_WEIGHTS; as < RC_STORAGES; as++)
        for (int j = 0; j < n; j++) {
            size_t bytes = rc_panels_as(set[j], as, 2, N);
            char *P = aligned_alloc(64, (bytes + 63) / 64 * 64);
            for (int i = 0; i < N; i++) {
                uint16_t h = (uint16_t)i;
                int8_t b = (int8_t)(i % 255 - 127);
                rc_fetch_row(as, 1, as == RC_I8_WEIGHTS ? (void *)&b : (void *)&h, 0.0625f, &w[2 * i + 1]);
                w[2 * i] = as == RC_I8_WEIGHTS ? 127 * 0.0625f : 0;
                w[2 * i + 1] = isfinite(w[2 * i + 1]) ? w[2 * i + 1] : 0;
            }
            set[j]->pack_as(as, 2, N, w, 2, P);
            set[j]->gemm_as(as, 1, N, 2, second, 2, P, false, y, N);
            for (int i = 0; i < N; i++)
                if (y[i] != w[2 * i + 1] && !(in_pairs(set[j], as) && fabsf(w[2 * i + 1]) < FLT_MIN && y[i] == 0))   /* too small for its instruction */
                    fail_msg("%s %s: %.9g comes out as %.9g", set[j]->name, rc_storage_name[as], (double)w[2 * i + 1], (double)y[i]);
            free(P);
        }
    release(w, 2 * N), release(y, N);
}

/* K + 2 roundings, each half an ulp of a partial sum; see the products of fp32.  In integers: each number of A to half
 * of a 2^15th of the power of two above the largest of its row; in pairs: to a 2^17th of itself. */
static void check(const rc_kern *k, int as, bool add, int M, int N, int K, const float *A, const float *W, const float *C0, const float *C)
{
    float *w = guarded((size_t)K), *x = guarded((size_t)K);
    for (int n = 0; n < N; n++) {
        float scale = as == RC_I8_WEIGHTS ? rc_row_scale((size_t)K, W + (size_t)n * (size_t)K) : 1;
        uint64_t stored[1200];
        rc_store_row(as, (size_t)K, W + (size_t)n * (size_t)K, scale, stored);
        rc_fetch_row(as, (size_t)K, stored, 1, x);
        for (int m = 0; m < M; m++) {
            double c = (double)C0[m * N + n], sum = 0, size = 0, got = (double)C[m * N + n], weights = 0, most = 0;
            for (int i = 0; i < K; i++) {
                double term = (double)A[m * K + i] * (double)x[i] * (double)scale;
                sum += term, size += fabs(term);
                weights += fabs((double)x[i] * (double)scale), most = fmax(most, fabs((double)A[m * K + i]));
            }
            sum += add ? c : 0, size += add ? fabs(c) : 0;
            double rounding = in_integers(k, as) ? weights * most * 0x1p-15 : in_pairs(k, as) ? size * 0x1p-17 : 0;
            if (!(fabs(sum - got) <= FLT_EPSILON * (4 + sqrt(K)) * size + rounding + 1e-30))
                fail_msg("%s %s: M %d N %d K %d add %d: C[%d][%d] is %.9g, exactly %.9g", k->name, rc_storage_name[as], M, N, K, add, m, n, got, sum);
        }
    }
    release(w, (size_t)K), release(x, (size_t)K);
}

static bool fused(const rc_kern *k) { return !strcmp(k->name, "avx2") || !strcmp(k->name, "avx512") || !strcmp(k->name, "vnni") || !strcmp(k->name, "bf16"); }

static void test_products(void **state)
{
    (void)state;
    static const int ms[] = { 1, 2, 3, 4, 5, 6, 7, 11, 13, 20 }, ns[] = { 1, 3, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 128, 130, 200 };
    static const int ks[] = { 1, 2, 3, 7, 16, 33, 200, 400, 520, 1024, 1100 };
    const rc_kern *set[SETS] = { reference() };
    int count = 1 + sets(set + 1);
    for (int i = 0; i < 150; i++)
        for (int as = 0; as < RC_STORAGES; as++) {
            int M = ms[below(10)], N = ns[below(15)], K = ks[below(11)];
            bool add = below(2);
            size_t a = (size_t)(M * K), c = (size_t)(M * N);
            float *A = numbers(a, 1), *W = numbers((size_t)(N * K), 1), *C0 = numbers(c, 1), *first = NULL;
            for (int j = 0; j < count; j++) {
                const rc_kern *k = set[j];
                size_t reals = (rc_panels_as(k, as, K, N) + 3) / 4;
                float *P = guarded(reals), *C = same(C0, c), *rows = same(C0, c);
                k->pack_as(as, K, N, W, K, P);
                k->gemm_as(as, M, N, K, A, K, P, add, C, N);
                check(k, as, add, M, N, K, A, W, C0, C);
                for (int m = 0; m < M; m++)
                    k->gemm_as(as, 1, N, K, A + m * K, K, P, add, rows + m * N, N);
                assert_memory_equal(rows, C, c * sizeof *C);
                if (fused(k) && first && !in_integers(k, as) && !in_pairs(k, as))
                    assert_memory_equal(C, first, c * sizeof *C);
                else if (fused(k) && !first)
                    first = same(C, c);
                release(P, reals), release(C, c), release(rows, c);
            }
            release(A, a), release(W, (size_t)(N * K)), release(C0, c);
            if (first)
                release(first, c);
        }
}

/* What is not a number stays none. */
static void test_nan(void **state)
{
    (void)state;
    enum { N = 40, K = 70 };
    const rc_kern *set[SETS] = { reference() };
    int count = 1 + sets(set + 1);
    for (int j = 0; j < count; j++)
        for (int as = 0; as < RC_STORAGES; as++) {
            float *A = numbers(K, 1), *W = numbers(N * K, 1), *C = guarded(N);
            size_t reals = (rc_panels_as(set[j], as, K, N) + 3) / 4;
            float *P = guarded(reals);
            A[33] = j % 2 ? NAN : INFINITY;
            set[j]->pack_as(as, K, N, W, K, P);
            set[j]->gemm_as(as, 1, N, K, A, K, P, false, C, N);
            for (int n = 0; n < N; n++)
                assert_true(!isfinite(C[n]) || W[n * K + 33] == 0);
            release(A, K), release(W, N * K), release(C, N), release(P, reals);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounding), cmocka_unit_test(test_limits), cmocka_unit_test(test_fetching), cmocka_unit_test(test_products),
        cmocka_unit_test(test_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
