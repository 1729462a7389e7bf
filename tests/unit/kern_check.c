/* SPDX-License-Identifier: MIT
 * Every kernel set of this processor against the reference, element by element, within derived bounds and between guard
 * zones; and the rule that an element's bits do not depend on the shape of the call.  --bench times the sets. */
#include <float.h>

#include "unit/kern_bench.h"
#include "unit/kern_guard.h"

/* --- products --- */
typedef struct { int M, N, K, lda, ldb, ldc; bool ta, tb, add; } shape;

static shape some_shape(void)
{
    static const int m[] = { 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 20, 24, 25, 37 };
    static const int n[] = { 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 128, 130, 200 };
    static const int k[] = { 1, 2, 3, 7, 16, 33, 64, 200, 257, 400, 520 };
    shape s = { .M = m[below(15)], .N = n[below(20)], .K = k[below(11)], .ta = below(2), .tb = below(2), .add = below(2) };
    s.lda = (s.ta ? s.M : s.K) + below(5);
    s.ldb = (s.tb ? s.K : s.N) + below(5);
    s.ldc = s.N + below(9);
    return s;
}

static size_t a_size(const shape *s) { return (size_t)s->lda * (size_t)(s->ta ? s->K : s->M); }
static size_t b_size(const shape *s) { return (size_t)s->ldb * (size_t)(s->tb ? s->N : s->K); }
static size_t c_size(const shape *s) { return (size_t)s->ldc * (size_t)s->M; }

/* The chain of s.K roundings, each half an ulp of a partial sum; bound with the usual sqrt K for random signs. */
static void check_product(const char *name, const shape *s, const float *A, const float *B, const float *C0, const float *C)
{
    for (int m = 0; m < s->M; m++)
        for (int n = 0; n < s->ldc; n++) {
            size_t at = (size_t)m * (size_t)s->ldc + (size_t)n;
            if (n >= s->N) {
                assert_true(C[at] == C0[at]);
                continue;
            }
            double sum = s->add ? (double)C0[at] : 0, size = fabs(sum);
            for (int k = 0; k < s->K; k++) {
                double a = (double)A[s->ta ? (size_t)k * (size_t)s->lda + (size_t)m : (size_t)m * (size_t)s->lda + (size_t)k];
                double b = (double)B[s->tb ? (size_t)n * (size_t)s->ldb + (size_t)k : (size_t)k * (size_t)s->ldb + (size_t)n];
                sum += a * b;
                size += fabs(a * b);
            }
            if (!(fabs(sum - (double)C[at]) <= FLT_EPSILON * (2 + sqrt(s->K)) * size + 1e-30))
                fail_msg("%s: M %d N %d K %d ta %d tb %d add %d: C[%d][%d] is %.9g, exactly %.9g", name, s->M, s->N, s->K,
                         s->ta, s->tb, s->add, m, n, (double)C[at], sum);
        }
}

static void multiply(const rc_kern *k, const shape *s, const float *A, const float *P, float *C)
{
    k->gemm(s->M, s->N, s->K, A, s->ta ? 1 : s->lda, s->ta ? s->lda : 1, P, s->add, C, s->ldc);
}

/* The same product row by row, and in two parts of columns: every bit the same. */
static void check_parts(const rc_kern *k, const shape *s, const float *A, const float *P, const float *C0, const float *C)
{
    size_t n = c_size(s);
    int rs = s->ta ? 1 : s->lda, cs = s->ta ? s->lda : 1, cut = (s->N / k->nr + 1) / 2 * k->nr;
    float *rows = same(C0, n), *parts = same(C0, n);
    for (int m = 0; m < s->M; m++)
        k->gemm(1, s->N, s->K, A + (ptrdiff_t)m * rs, rs, cs, P, s->add, rows + (size_t)m * (size_t)s->ldc, s->ldc);
    assert_memory_equal(rows, C, n * sizeof *C);
    if (cut > 0 && cut < s->N) {
        int top = s->M / 3;
        k->gemm(s->M, cut, s->K, A, rs, cs, P, s->add, parts, s->ldc);
        k->gemm(top, s->N - cut, s->K, A, rs, cs, P + rc_panel_at(k, s->K, cut), s->add, parts + cut, s->ldc);
        k->gemm(s->M - top, s->N - cut, s->K, A + (ptrdiff_t)top * rs, rs, cs, P + rc_panel_at(k, s->K, cut), s->add,
                parts + (size_t)top * (size_t)s->ldc + cut, s->ldc);
        assert_memory_equal(parts, C, n * sizeof *C);
    }
    release(rows, n);
    release(parts, n);
}

static bool fused(const rc_kern *k) { return !strcmp(k->name, "avx2") || !strcmp(k->name, "avx512") || !strcmp(k->name, "vnni") || !strcmp(k->name, "bf16"); }

static void test_products(void **state)
{
    (void)state;
    const rc_kern *set[SETS] = { reference() };
    int n = 1 + sets(set + 1);
    for (int i = 0; i < 400; i++) {
        shape s = some_shape();
        float *A = numbers(a_size(&s), 1), *B = numbers(b_size(&s), 1), *C0 = numbers(c_size(&s), 1), *first = NULL;
        for (int j = 0; j < n; j++) {
            const rc_kern *k = set[j];
            size_t panels = rc_panels(k, s.K, s.N);
            float *P = guarded(panels), *C = same(C0, c_size(&s));
            k->pack(s.tb, s.K, s.N, B, s.ldb, P);
            for (size_t p = (size_t)(s.N / k->nr * k->nr) * (size_t)s.K; p < panels; p++)   /* the last panel's empty columns */
                if ((int)(p % (size_t)k->nr) >= s.N % k->nr)
                    assert_true(P[p] == 0);
            multiply(k, &s, A, P, C);
            check_product(k->name, &s, A, B, C0, C);
            check_parts(k, &s, A, P, C0, C);
            if (fused(k) && first)
                assert_memory_equal(C, first, c_size(&s) * sizeof *C);
            else if (fused(k))
                first = same(C, c_size(&s));
            release(P, panels);
            release(C, c_size(&s));
        }
        release(A, a_size(&s));
        release(B, b_size(&s));
        release(C0, c_size(&s));
        if (first)
            release(first, c_size(&s));
    }
}

typedef struct { const rc_kern *k; rc_matmul_io io; float *scratch; } product;

static void in_team(void *arg, const rc_team *t)
{
    const product *p = arg;
    rc_matmul_team(p->k, t, &p->io, p->scratch);
}

/* Whole products on 1, 2 and 3 threads, and on one where three were planned. */
static void test_matmul(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) {
        shape s = some_shape();
        if (i % 6 == 0)
            s.M = 300 + below(9), s.lda = (s.ta ? s.M : s.K) + 1;
        if (i % 10 == 0)
            s.N = 1100 + below(30), s.ldb = (s.tb ? s.K : s.N) + 3, s.ldc = s.N;
        float *A = numbers(a_size(&s), 1), *B = numbers(b_size(&s), 1), *C0 = numbers(c_size(&s), 1), *first = NULL;
        for (int j = 0; rc_kern_at(j); j++)
            for (int threads = 1; threads <= 4 && rc_kern_usable(rc_kern_at(j)); threads++) {
                recur *r = runtime(rc_kern_at(j), threads < 4 ? threads : -3);
                size_t room = rc_matmul_scratch(r, s.M, s.N, s.K);
                float *C = same(C0, c_size(&s)), *scratch = guarded(room);
                product p = { r->kern, { s.ta, s.tb, s.add, s.M, s.N, s.K, A, s.lda, B, s.ldb, C, s.ldc }, scratch };
                if (threads == 1)
                    rc_matmul(r, &p.io, scratch);
                else                                           /* rc_matmul would leave most of these to the caller */
                    rc_pool_run(r->pool, 1, in_team, &p);
                if (threads == 1) {
                    check_product(r->kern->name, &s, A, B, C0, C);
                    first = same(C, c_size(&s));
                } else {
                    assert_memory_equal(C, first, c_size(&s) * sizeof *C);
                }
                if (threads == 4)
                    release(first, c_size(&s));
                release(scratch, room);
                release(C, c_size(&s));
                end(r);
            }
        release(A, a_size(&s));
        release(B, b_size(&s));
        release(C0, c_size(&s));
    }
}

/* --- functions of one number --- */
static void check_act(const rc_kern *k, const rc_act_fn *f)
{
    const rc_kern *ref = reference();
    for (size_t n = 0; n < 70; n++) {
        float *x = numbers(n, 10), *y = same(x, n), *want = same(x, n), *dy = numbers(n, 1), *dw = same(dy, n);
        k->act(f, n, y);
        ref->act(f, n, want);
        near(f->kind->name, k, n, y, want, 4e-7, f->kind->fast ? 0 : 1e-7);
        k->act_back(f, n, want, dy);
        ref->act_back(f, n, want, dw);
        near(f->kind->name, k, n, dy, dw, 20 * 1.2e-7, 4e-7);         /* dy reaches 20; 1 - y cancels */
        release(x, n), release(y, n), release(want, n), release(dy, n), release(dw, n);
    }
}

static void test_activations(void **state)
{
    (void)state;
    const rc_kern *set[SETS];
    int n = sets(set);
    for (int i = 0; i < n; i++)
        for (int j = 0; rc_act_at(j); j++)
            check_act(set[i], &(rc_act_fn){ rc_act_at(j), rc_act_at(j)->a, rc_act_at(j)->b });
}

/* Over the whole range: bounds, tanh's relative error at 0, a NaN that stays one. */
static void test_activation_range(void **state)
{
    (void)state;
    enum { N = 200001 };
    const rc_kern *set[SETS];
    int n = sets(set);
    float *x = guarded(N), *y = guarded(N);
    rc_act_fn tanh_ = { 0 }, sigmoid = { 0 };
    assert_int_equal(rc_act_parse("tanh", &tanh_), 0);
    assert_int_equal(rc_act_parse("sigmoid", &sigmoid), 0);
    for (int i = 0; i < n; i++) {
        double worst[3] = { 0 };
        for (int j = 0; j < N; j++)
            y[j] = x[j] = (float)(j - N / 2) * 2e-4f;
        set[i]->act(&tanh_, N, y);
        for (int j = 0; j < N; j++) {
            double t = tanh((double)x[j]), e = fabs((double)y[j] - t);
            worst[0] = fmax(worst[0], e);
            if (x[j] != 0 && fabsf(x[j]) < 0.1f)
                worst[2] = fmax(worst[2], e / fabs(t));
            assert_true(fabsf(y[j]) <= 1);
        }
        memcpy(y, x, N * sizeof *y);
        set[i]->act(&sigmoid, N, y);
        for (int j = 0; j < N; j++) {
            worst[1] = fmax(worst[1], fabs((double)y[j] - 1 / (1 + exp(-(double)x[j]))));
            assert_true(y[j] >= 0 && y[j] <= 1);
        }
        print_message("%s: tanh %.1e, sigmoid %.1e absolute; tanh near 0 %.1e relative\n", set[i]->name, worst[0], worst[1], worst[2]);
        bool exact = strcmp(set[i]->name, "sse2") != 0;          /* rounds every multiply-add twice */
        assert_true(worst[0] <= (exact ? 3e-7 : 4e-7) && worst[1] <= 3e-7 && worst[2] <= 4e-7);
        float odd[3] = { NAN, INFINITY, -INFINITY };
        set[i]->act(&tanh_, 3, odd);
        assert_true(isnan(odd[0]) && odd[1] == 1 && odd[2] == -1);
    }
    release(x, N);
    release(y, N);
}

/* --- flat blocks --- */
static void check_flat(const rc_kern *k, size_t n)
{
    const rc_kern *ref = reference();
    float *x = numbers(n, 1), *m = numbers(n, 1), *y = numbers(n, 1), *w = same(y, n);
    k->add(n, x, y), ref->add(n, x, w);
    assert_memory_equal(y, w, n * sizeof *y);
    k->scale(n, 0.37f, y), ref->scale(n, 0.37f, w);
    assert_memory_equal(y, w, n * sizeof *y);
    k->mul(n, x, m, y), ref->mul(n, x, m, w);
    assert_memory_equal(y, w, n * sizeof *y);
    for (uint64_t lo = 0; lo < 6; lo++) {
        k->drop((int)n, 123, 7, lo + 1000000, 0.3f, x, y);
        ref->drop((int)n, 123, 7, lo + 1000000, 0.3f, x, w);
        assert_memory_equal(y, w, n * sizeof *y);
    }
    double a = k->sum_sq(n, x), b = ref->sum_sq(n, x);
    assert_true(fabs(a - b) <= 1e-14 * b);
    release(x, n), release(m, n), release(y, n), release(w, n);
}

static void check_optimizers(const rc_kern *k, size_t n, bool decay)
{
    const rc_kern *ref = reference();
    rc_optim_io o = { .lr = 0.01f, .b1 = 0.9f, .b2 = 0.99f, .eps = 1e-6f, .decay = decay ? 1e-3f : 0, .scale = 0.5f, .c1 = 1.7f, .c2 = 3.1f };
    for (int kind = 0; kind < 4; kind++) {
        float *w = numbers(n, 1), *g = numbers(n, 1), *m = numbers(n, 0.1f), *v = numbers(n, 0.1f);
        for (size_t i = 0; i < n; i++)
            v[i] = fabsf(v[i]);
        float *w2 = same(w, n), *g2 = same(g, n), *m2 = same(m, n), *v2 = same(v, n);
        for (int both = 0; both < 2; both++) {
            const rc_kern *s = both ? ref : k;
            float *a = both ? w2 : w, *b = both ? m2 : m, *c = both ? v2 : v;
            if (kind < 2)
                s->sgd(&o, n, a, g, kind ? b : NULL);
            else if (kind == 2)
                s->rmsprop(&o, n, a, g, c);
            else
                s->adam(&o, n, a, g, b, c);
        }
        assert_memory_equal(g, g2, n * sizeof *g);
        near("optimizer's weights", k, n, w, w2, 1e-6, 1e-6);
        near("optimizer's m", k, n, m, m2, 1e-6, 1e-6);
        near("optimizer's v", k, n, v, v2, 1e-6, 1e-6);
        release(w, n), release(g, n), release(m, n), release(v, n);
        release(w2, n), release(g2, n), release(m2, n), release(v2, n);
    }
}

static void test_flat(void **state)
{
    (void)state;
    const rc_kern *set[SETS];
    int n = sets(set);
    for (int i = 0; i < n; i++)
        for (size_t size = 0; size < 200; size += size < 70 ? 1 : 13) {
            check_flat(set[i], size);
            check_optimizers(set[i], size, size % 2);
        }
}

/* --- rows --- */
static void check_norm(const rc_kern *k, int rows, int w)
{
    const rc_kern *ref = reference();
    size_t n = (size_t)rows * (size_t)w, v = (size_t)w, st = 2 * (size_t)rows;
    float *x = numbers(n, 1), *gain = numbers(v, 1), *shift = numbers(v, 1), *dy = numbers(n, 1);
    float *out[2][5];
    for (int both = 0; both < 2; both++) {
        const rc_kern *s = both ? ref : k;
        float **o = out[both];
        o[0] = guarded(n), o[1] = guarded(st), o[2] = guarded(n), o[3] = same(gain, v), o[4] = same(shift, v);
        s->norm(rows, w, 1e-5f, x, gain, shift, o[0], o[1]);
        s->norm_back(rows, w, x, gain, o[1], dy, o[2], o[3], o[4]);
    }
    static const char *const what[] = { "norm", "norm's moments", "norm's dx", "norm's dgain", "norm's dshift" };
    for (int i = 0; i < 5; i++) {
        size_t size = i == 0 || i == 2 ? n : i == 1 ? st : v;
        double scale = i == 2 ? (double)out[1][1][1] : 1;        /* dx carries 1 / sd, which is large in narrow rows */
        for (int r = 0; i == 2 && r < rows; r++)
            scale = fmax(scale, (double)out[1][1][2 * r + 1]);
        near(what[i], k, size, out[0][i], out[1][i], 1e-5 * scale * (i == 2 ? 20 : 1), 1e-4);
    }
    for (int i = 0; i < 10; i++)
        release(out[i / 5][i % 5], i % 5 == 1 ? st : i % 5 == 0 || i % 5 == 2 ? n : v);
    release(x, n), release(gain, v), release(shift, v), release(dy, n);
}

static void check_xent(const rc_kern *k, int rows, int V, bool weights, float smooth, float focal, bool grad)
{
    const rc_kern *ref = reference();
    int ld = V + below(4);
    size_t n = (size_t)rows * (size_t)ld;
    float *z = numbers(n, 3), *z2 = same(z, n), *w = numbers((size_t)V, 1);
    int32_t t[16];
    for (int i = 0; i < rows; i++)
        t[i] = below(V + 1) - 1;
    for (int i = 0; i < V; i++)
        w[i] = fabsf(w[i]) + 0.1f;
    int64_t hits = 0, hits2 = 0;
    double a = k->xent(rows, V, z, ld, t, weights ? w : NULL, smooth, focal, grad, 0.25f, &hits);
    double b = ref->xent(rows, V, z2, ld, t, weights ? w : NULL, smooth, focal, grad, 0.25f, &hits2);
    assert_true(fabs(a - b) <= 2e-5 * (1 + fabs(b)));
    assert_int_equal(hits, hits2);
    near(grad ? "cross-entropy's gradient" : "log p", k, n, z, z2, 2e-6, 2e-6);
    release(z, n), release(z2, n), release(w, (size_t)V);
}

static void check_softmax(const rc_kern *k, int rows, int V)
{
    size_t n = (size_t)rows * (size_t)V;
    float *z = numbers(n, 5), *p = guarded(n), *want = guarded(n);
    k->softmax(rows, V, z, V, p, V);
    reference()->softmax(rows, V, z, V, want, V);
    near("softmax", k, n, p, want, 5e-7, 2e-6);
    release(z, n), release(p, n), release(want, n);
}

static void check_sums(const rc_kern *k, int rows, int w)
{
    int ld = w + below(5);
    size_t n = (size_t)rows * (size_t)ld, v = (size_t)w;
    float *x = numbers(n, 1), *s = numbers(v, 1), *want = same(s, v), *y = same(x, n), *y2 = same(x, n);
    k->col_sum(rows, w, x, ld, s), reference()->col_sum(rows, w, x, ld, want);
    assert_memory_equal(s, want, v * sizeof *s);
    k->bias(rows, w, s, y, ld), reference()->bias(rows, w, s, y2, ld);
    assert_memory_equal(y, y2, n * sizeof *y);
    release(x, n), release(s, v), release(want, v), release(y, n), release(y2, n);
}

static void test_rows(void **state)
{
    (void)state;
    const rc_kern *set[SETS];
    int n = sets(set);
    for (int i = 0; i < n; i++)
        for (int w = 1; w < 150; w += w < 70 ? 1 : 17) {
            int rows = 1 + below(9);
            check_sums(set[i], rows, w);
            check_softmax(set[i], rows, w);
            if (w > 1)
                check_norm(set[i], rows, w);
            for (int o = 0; o < 8; o++)
                check_xent(set[i], rows, w, o & 1, o & 2 ? 0.1f : 0, w % 2 ? 0 : 2, o & 4);
        }
}

/* Three rounds of x = 0.5 x + 1 from 0 make 1.75 in each lane. */
static void test_peak(void **state)
{
    (void)state;
    for (int i = 0; rc_kern_at(i); i++) {
        recur r = { 0 };
        float x[RC_CHAINS] = { 0 };
        if (!rc_kern_usable(rc_kern_at(i)))
            continue;
        assert_int_equal(rc_kern_open(&r, rc_kern_at(i)), 0);
        double lanes = r.kern->peak(3, x) / (2.0 * 3 * RC_CHAINS);
        for (int c = 0; c < RC_CHAINS; c++)
            assert_true(x[c] == 1.75 * lanes);
    }
}

static void test_choice(void **state)
{
    (void)state;
    recur r = { 0 };
    assert_int_equal(rc_kern_open(&r, "mmx"), RECUR_EOPTION);
    assert_non_null(strstr(r.message, "mmx"));
    assert_non_null(strstr(r.message, "ref"));
    assert_int_equal(rc_kern_open(&r, "ref"), 0);
    assert_string_equal(r.kern->name, "ref");
    setenv("RECUR_KERNELS", "ref", 1);
    assert_int_equal(rc_kern_open(&r, NULL), 0);
    assert_string_equal(r.kern->name, "ref");
    unsetenv("RECUR_KERNELS");
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--bench"))
        return kern_bench(argc > 2 ? argv[2] : NULL);
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice), cmocka_unit_test(test_peak), cmocka_unit_test(test_products), cmocka_unit_test(test_matmul),
        cmocka_unit_test(test_activations), cmocka_unit_test(test_activation_range), cmocka_unit_test(test_flat),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests_name("kern_check", tests, NULL, NULL);
}
