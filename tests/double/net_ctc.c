/* SPDX-License-Identifier: MIT
 * The head ctc against all paths, one by one; long sequences, whose forward numbers are made twice, against a plain
 * table of all of them; lists that do not fit count nothing. */
#include "batch.h"
#include "head/ctc.h"

static recur runtime, *const r = &runtime;
static int open_runtime(void **state) { (void)state; test_open(r, 2, NULL); return 0; }
static int close_runtime(void **state) { (void)state; test_close(r); return 0; }

enum { V = 3, MOST = 1400, LISTS = 8 };
typedef struct { rc_net *net; real w[1]; rc_run *u; recur_batch b; float *x; int32_t alive[MOST], list[MOST], at[LISTS + 1]; } scene;

/* A net that gives its input as scores: B sequences of these lengths, V scores a row. */
static void set(scene *s, const int *length, int B)
{
    rc_facts f = { .features = V, .classes = { V } };
    memset(s, 0, sizeof *s);
    if (rc_net_new(r, &s->net, "input | ctc", "ctc", &f))
        fail_msg("%s", r->message);
    s->b = (recur_batch){ .T = length[0], .B = B, .F = V, .alive = s->alive, .target = { s->list }, .list_at = { s->at },
                          .fresh = 1 };
    for (int t = 0; t < length[0]; t++)
        for (int i = 0; i < B; i++)
            s->alive[t] += length[i] > t;
    for (int t = 0; t < length[0]; t++)
        s->b.N += s->alive[t];
    s->b.x = s->x = rc_new(r, (size_t)s->b.N * V, sizeof *s->x);
    for (int i = 0; i < s->b.N * V; i++)
        s->x[i] = (float)(2 * rc_normal(7, (uint64_t)i));
    assert_int_equal(rc_run_new(r, &s->u, s->net, s->w, &(recur_dims){ .B = B, .T = length[0], .N = s->b.N, .train = 1, .scores = 1 }), 0);
    rc_run_want_dx(s->u);
}

static void drop(scene *s)
{
    rc_run_free(s->u);
    rc_free(r, s->x);
    rc_net_free(s->net);
}

static void close_to(const char *what, double a, double b)
{
    if (!(fabs(a - b) <= 1e-9 * (1 + fabs(b))))
        fail_msg("%s: %.15g, not %.15g", what, a, b);
}

static int row_of(const scene *s, int b, int t)
{
    int n = b;
    for (int i = 0; i < t; i++)
        n += s->alive[i];
    return n;
}

static double log_y(const scene *s, int b, int t, int k)
{
    const float *z = s->x + (size_t)row_of(s, b, t) * V;
    double sum = 0;
    for (int j = 0; j < V; j++)
        sum += exp((double)z[j]);
    return (double)z[k] - log(sum);
}

/* What is left of a path is the list. */
static bool says(const int *path, int T, const int32_t *list, int n)
{
    int at = 0;
    for (int t = 0; t < T; t++) {
        if (path[t] == RC_BLANK || (t && path[t] == path[t - 1]))
            continue;
        if (at == n || list[at++] != path[t])
            return false;
    }
    return at == n;
}

static double enumerate(const scene *s, int b, int T, const int32_t *list, int n)
{
    int ways = 1;
    double sum = 0;
    for (int t = 0; t < T; t++)
        ways *= V;
    for (int k = 0; k < ways; k++) {
        int path[16], rest = k;
        double p = 0;
        for (int t = 0; t < T; t++, rest /= V) {
            path[t] = rest % V;
            p += log_y(s, b, t, path[t]);
        }
        sum += says(path, T, list, n) ? exp(p) : 0;
    }
    return sum;
}

static void every_path(void **state)
{
    (void)state;
    static scene s;
    static const int length[] = { 8, 8, 7, 6, 3, 2, 1, 1 };
    static const int32_t lists[LISTS][5] = { { 1, 2, 1 }, { 1, 1, 2, 2, 2 }, { 2, 2 }, { 0 }, { 1, 1 }, { 2, 2 }, { 1 }, { 1, 2 } };
    static const int n[LISTS] = { 3, 5, 2, 0, 2, 2, 1, 2 };
    static const bool fits[LISTS] = { true, true, true, true, true, false, true, false };
    double sum = 0;
    int64_t count = 0;
    rc_loss out;
    set(&s, length, LISTS);
    for (int b = 0; b < LISTS; b++) {
        memcpy(s.list + s.at[b], lists[b], (size_t)n[b] * sizeof *s.list);
        s.at[b + 1] = s.at[b] + n[b];
        assert_int_equal(rc_ctc_fits(length[b], lists[b], n[b]), fits[b]);
        double p = enumerate(&s, b, length[b], lists[b], n[b]);
        assert_int_equal(p > 0, fits[b]);
        if (fits[b]) {
            sum -= log(p);
            count += n[b] ? n[b] : 1;
        }
    }
    assert_int_equal(rc_run_loss(s.u, &s.b, false, 1, &out), 0);
    rc_run_backward(s.u);
    assert_int_equal(out.count[0], count);
    close_to("loss", out.loss * (double)count, sum);
    const real *dx = rc_run_input_gradient(s.u);
    assert_non_null(dx);
    for (int b = 0; b < LISTS; b++)
        for (int t = 0; t < length[b]; t++)
            for (int k = 0; k < V; k++) {
                float *at = &s.x[row_of(&s, b, t) * V + k], was = *at;
                const float e = 1.0F / 1024;
                *at = was + e;
                double hi = fits[b] ? log(enumerate(&s, b, length[b], lists[b], n[b])) : 0;
                *at = was - e;
                double lo = fits[b] ? log(enumerate(&s, b, length[b], lists[b], n[b])) : 0;
                *at = was;
                double slope = -(hi - lo) / (double)((was + e) - (was - e)) / (double)count;
                if (fabs(slope - dx[row_of(&s, b, t) * V + k]) > 1e-5)
                    fail_msg("sequence %d row %d class %d: gradient %.9g, difference %.9g", b, t, k,
                             dx[row_of(&s, b, t) * V + k], slope);
            }
    drop(&s);
}

static double add(double a, double b)
{
    double m = fmax(a, b);
    return m == -INFINITY ? m : m + log(exp(a - m) + exp(b - m));
}

/* log P and the gradient of sequence b from two whole tables. */
static double table(const scene *s, int b, int T, const int32_t *list, int n, double *d)
{
    size_t W = 2 * (size_t)n + 1;
    double *a = malloc((size_t)T * W * sizeof *a), *z = malloc((size_t)T * W * sizeof *z);
    for (int t = 0; t < T; t++)
        for (size_t k = 0; k < W; k++) {
            double in = t ? a[((size_t)t - 1) * W + k] : k < 2 ? 0 : -INFINITY;
            in = add(in, t && k ? a[((size_t)t - 1) * W + k - 1] : -INFINITY);
            in = add(in, t && rc_ctc_skips(list, (int)k) ? a[((size_t)t - 1) * W + k - 2] : -INFINITY);
            a[(size_t)t * W + k] = in + log_y(s, b, t, rc_ctc_at(list, (int)k));
        }
    for (int t = T - 1; t >= 0; t--)
        for (size_t k = 0; k < W; k++) {
            double out = t == T - 1 ? k + 2 >= W ? 0 : -INFINITY : -INFINITY;
            for (size_t to = k; t < T - 1 && to < W && to <= k + 2; to++)
                if (to < k + 2 || rc_ctc_skips(list, (int)to))
                    out = add(out, z[((size_t)t + 1) * W + to] + log_y(s, b, t + 1, rc_ctc_at(list, (int)to)));
            z[(size_t)t * W + k] = out;
        }
    double p = add(a[(size_t)T * W - 1], W > 1 ? a[(size_t)T * W - 2] : -INFINITY);
    for (int t = 0; t < T; t++) {
        for (int k = 0; k < V; k++)
            d[t * V + k] = exp(log_y(s, b, t, k));
        for (size_t k = 0; k < W; k++)
            d[t * V + rc_ctc_at(list, (int)k)] -= exp(a[(size_t)t * W + k] + z[(size_t)t * W + k] - p);
    }
    free(a);
    free(z);
    return p;
}

static void long_sequences(void **state)
{
    (void)state;
    static scene s;
    static const int length[] = { 1301, 1100, 900, 40 };
    enum { B = 4 };
    double sum = 0;
    int64_t count = 0;
    rc_loss out;
    set(&s, length, B);
    for (int b = 0; b < B; b++) {
        int n = length[b] / (b ? 6 : 9);
        for (int i = 0; i < n; i++)
            s.list[s.at[b] + i] = 1 + (int32_t)rc_below(3, (uint64_t)(b * 1000 + i), V - 1);
        s.at[b + 1] = s.at[b] + n;
        count += n;
    }
    assert_int_equal(rc_run_loss(s.u, &s.b, false, 1, &out), 0);
    rc_run_backward(s.u);
    const real *dx = rc_run_input_gradient(s.u);
    static double d[MOST * V];
    for (int b = 0; b < B; b++) {
        sum -= table(&s, b, length[b], s.list + s.at[b], s.at[b + 1] - s.at[b], d);
        for (int t = 0; t < length[b]; t++)
            for (int k = 0; k < V; k++)
                close_to("gradient", dx[row_of(&s, b, t) * V + k], d[t * V + k] / (double)count);
    }
    close_to("loss", out.loss * (double)count, sum);
    drop(&s);
}

static void bad_lists_are_named(void **state)
{
    (void)state;
    static scene s;
    static const int length[] = { 3, 2 };
    rc_loss out;
    set(&s, length, 2);
    s.at[1] = s.at[2] = 1;
    s.list[0] = V;
    assert_int_equal(rc_run_loss(s.u, &s.b, false, 1, &out), RECUR_ESHAPE);
    assert_non_null(strstr(r->message, "label 3 in list 0"));
    s.list[0] = RC_BLANK;
    assert_int_equal(rc_run_loss(s.u, &s.b, false, 1, &out), RECUR_ESHAPE);
    s.list[0] = 1;
    s.at[2] = 0;
    assert_int_equal(rc_run_loss(s.u, &s.b, false, 1, &out), RECUR_ESHAPE);
    s.b.list_at[0] = NULL;
    assert_int_equal(rc_run_loss(s.u, &s.b, false, 1, &out), RECUR_ESHAPE);
    assert_non_null(strstr(r->message, "list_at"));
    drop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_path), cmocka_unit_test(long_sequences),
                                        cmocka_unit_test(bad_lists_are_named) };
    return cmocka_run_group_tests(tests, open_runtime, close_runtime);
}
