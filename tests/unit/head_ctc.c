/* SPDX-License-Identifier: MIT
 * Single paths of the head ctc against all paths: the likeliest, and the likeliest that says a list; a row at a time. */
#include <math.h>

#include "test.h"
#include "head/ctc.h"

enum { V = 3, T = 7, WAYS = 2187 };
static test_memory memory;

static double log_y(const real *z, int k)
{
    double sum = 0;
    for (int j = 0; j < V; j++)
        sum += exp((double)z[j]);
    return (double)z[k] - log(sum);
}

/* What is left of a path, and where: rows of each label. */
static int collapse(const int32_t *path, rc_ctc_said *out)
{
    int n = 0;
    for (int t = 0; t < T; t++) {
        if (path[t] != RC_BLANK && (!t || path[t] != path[t - 1]))
            out[n++] = (rc_ctc_said){ .label = path[t], .from = t };
        if (path[t] != RC_BLANK)
            out[n - 1].to = t + 1;
    }
    return n;
}

static void draw(real *z, uint64_t seed)
{
    for (int i = 0; i < T * V; i++)
        z[i] = (real)(2 * rc_normal(seed, (uint64_t)i));
}

static bool same(const rc_ctc_said *a, int n, const int32_t *label, int m)
{
    bool equal = n == m;
    for (int i = 0; i < n && equal; i++)
        equal = a[i].label == label[i];
    return equal;
}

static void likeliest_paths(void **state)
{
    (void)state;
    static const int32_t lists[][3] = { { 0 }, { 1 }, { 1, 1 }, { 2, 1, 2 }, { 2, 2, 1 } };
    static const int size[] = { 0, 1, 2, 3, 3 };
    recur r = test_runtime(&memory);
    for (uint64_t seed = 1; seed < 30; seed++) {
        real z[T * V];
        draw(z, seed);
        rc_seq q = { z, V, T, NULL, 0 };
        for (int k = -1; k < 5; k++) {
            double best = -INFINITY, logp;
            rc_ctc_said where[T], said[T], at[T];
            int count = 0, n = 0;
            for (int way = 0; way < WAYS; way++) {
                int32_t path[T];
                double p = 0;
                for (int t = 0, rest = way; t < T; t++, rest /= V) {
                    path[t] = rest % V;
                    p += log_y(z + t * V, path[t]);
                }
                count = collapse(path, at);
                if (p > best && (k < 0 || same(at, count, lists[k], size[k]))) {
                    best = p;
                    n = count;
                    memcpy(where, at, sizeof at);
                }
            }
            count = k < 0 ? rc_ctc_greedy(&q, said) : rc_ctc_align(&r, &q, lists[k], size[k], said, &logp);
            assert_int_equal(count, n);
            if (k >= 0)
                assert_true(fabs(logp - best) < 1e-5);
            for (int i = 0; i < n; i++) {
                double p = 0;
                assert_true(said[i].label == where[i].label && said[i].from == where[i].from && said[i].to == where[i].to);
                for (int t = said[i].from; t < said[i].to; t++)
                    p += log_y(z + t * V, said[i].label);
                assert_true(fabs(said[i].p - exp(p / (said[i].to - said[i].from))) < 1e-5);
            }
        }
    }
    assert_int_equal(memory.live, 0);
}

static void lists_that_do_not_fit(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    real z[T * V] = { 0 };
    rc_ctc_said said[T];
    double logp;
    static const int32_t list[] = { 1, 1, 2 };
    assert_int_equal(rc_ctc_rows(list, 3), 4);
    assert_int_equal(rc_ctc_align(&r, &(rc_seq){ z, V, 3, NULL, 0 }, list, 3, said, &logp), RECUR_EDATA);
    assert_int_equal(rc_ctc_align(&r, &(rc_seq){ z, V, 4, NULL, 0 }, list, 3, said, &logp), 3);
    assert_true(said[0].to == 1 && said[1].from == 2 && said[2].from == 3);
    assert_false(rc_ctc_fits(0, list, 0));
}

static void a_row_at_a_time(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        real z[T * V];
        rc_ctc_said said[T];
        int32_t before = RC_BLANK;
        int n = 0;
        draw(z, seed);
        int count = rc_ctc_greedy(&(rc_seq){ z, V, T, NULL, 0 }, said);
        for (int t = 0; t < T; t++) {
            int32_t k = rc_ctc_step(z + t * V, V, &before);
            if (k == RC_BLANK)
                continue;
            assert_true(n < count && said[n].label == k && said[n].from == t);
            n++;
        }
        assert_int_equal(n, count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(likeliest_paths), cmocka_unit_test(lists_that_do_not_fit),
                                        cmocka_unit_test(a_row_at_a_time) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
