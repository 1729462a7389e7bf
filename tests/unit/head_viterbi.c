/* SPDX-License-Identifier: MIT
 * The likeliest tag sequences against all of them sorted; ties; forbidden neighbours; what cannot be said at all. */
#include <math.h>

#include "test.h"
#include "head/crf.h"

enum { C = 3, T = 5, WAYS = 243 };
typedef struct { real start[C], end[C], step[C * C], z[T * C]; } numbers;
typedef struct { double score; int y[T]; } whole;

static test_memory memory;

static void draw(numbers *n, uint64_t seed)
{
    real *x = (real *)n;
    for (size_t i = 0; i < sizeof *n / sizeof *x; i++)
        x[i] = (real)rc_normal(seed, i);
}

static rc_crf crf_of(const numbers *n, const uint8_t *forbid)
{
    return (rc_crf){ .C = C, .start = n->start, .end = n->end, .step = n->step, .forbid = forbid };
}

static int falling(const void *a, const void *b)
{
    double x = ((const whole *)a)->score, y = ((const whole *)b)->score;
    return (x < y) - (x > y);
}

/* Every sequence that may be, best first. */
static int enumerate(const rc_crf *c, const numbers *n, int steps, whole *all)
{
    int ways = 1, count = 0;
    for (int t = 0; t < steps; t++)
        ways *= C;
    for (int k = 0; k < ways; k++) {
        whole w = { 0 };
        bool may = true;
        for (int t = 0, rest = k; t < steps; t++, rest /= C) {
            w.y[t] = rest % C;
            w.score += (double)n->z[t * C + w.y[t]] + (double)(t ? n->step[w.y[t - 1] * C + w.y[t]] : n->start[w.y[t]]);
            may &= rc_crf_may(c, t ? w.y[t - 1] : C, w.y[t]);
        }
        w.score += (double)n->end[w.y[steps - 1]];
        if (may && rc_crf_may(c, w.y[steps - 1], C))
            all[count++] = w;
    }
    qsort(all, (size_t)count, sizeof *all, falling);
    return count;
}

static void against_all(void **state)
{
    (void)state;
    static whole all[WAYS];
    static int32_t path[300 * T];
    static double score[300];
    static const uint8_t rules[(C + 1) * (C + 1)] = { 0, 0, 1, 0,  1, 0, 0, 1,  0, 0, 0, 0,  0, 1, 0, 0 };
    recur r = test_runtime(&memory);
    for (uint64_t seed = 1; seed < 40; seed++)
        for (int K = 1; K <= 300; K = K < 4 ? K + 1 : K * 75) {
            numbers n;
            draw(&n, seed);
            int steps = 1 + (int)(seed % T);
            rc_crf c = crf_of(&n, seed % 2 ? rules : NULL);
            rc_seq q = { n.z, C, steps, NULL, 0 };
            int have = enumerate(&c, &n, steps, all), want = have < K ? have : K;
            double work[3 * C], sum = 0, log_z = rc_crf_log_z(&c, &q, work);
            assert_int_equal(rc_viterbi(&r, &c, &q, K, path, score), want);
            for (int i = 0; i < want; i++) {
                assert_true(fabs(score[i] - all[i].score) < 1e-5);
                for (int t = 0; t < steps; t++)
                    assert_int_equal(path[i * steps + t], all[i].y[t]);
            }
            for (int i = 0; i < have; i++)
                sum += exp(all[i].score - log_z);
            assert_true(fabs(sum - 1) < 1e-5);
        }
    assert_int_equal(memory.live, 0);
}

static void equal_scores_have_an_order(void **state)
{
    (void)state;
    numbers n = { 0 };
    recur r = test_runtime(&memory);
    int32_t path[4 * 3];
    double score[4];
    rc_crf c = crf_of(&n, NULL);
    assert_int_equal(rc_viterbi(&r, &c, &(rc_seq){ n.z, C, 3, NULL, 0 }, 4, path, score), 4);
    static const int32_t expected[] = { 0, 0, 0,  1, 0, 0,  2, 0, 0,  0, 1, 0 };
    assert_memory_equal(path, expected, sizeof expected);
}

static void nothing_may_be_said(void **state)
{
    (void)state;
    numbers n = { 0 };
    recur r = test_runtime(&memory);
    static uint8_t never[(C + 1) * (C + 1)];
    int32_t path[T];
    double score, work[3 * C];
    memset(never, 1, sizeof never);
    rc_crf c = crf_of(&n, never);
    rc_seq q = { n.z, C, T, NULL, 0 };
    assert_int_equal(rc_viterbi(&r, &c, &q, 1, path, &score), 0);
    assert_true(rc_crf_log_z(&c, &q, work) == -INFINITY);
    q.T = 0;
    assert_int_equal(rc_viterbi(&r, &c, &q, 1, path, &score), 0);
}

/* Rows of a packed batch are found by its table of places. */
static void packed_rows(void **state)
{
    (void)state;
    numbers n;
    recur r = test_runtime(&memory);
    draw(&n, 99);
    rc_crf c = crf_of(&n, NULL);
    static real packed[2 * T * C];
    int32_t off[T + 1], a[T], b[T];
    double x, y;
    for (int t = 0; t < T; t++) {
        off[t] = 2 * t;
        memcpy(packed + (2 * t + 1) * C, n.z + t * C, sizeof n.z / T);
    }
    assert_int_equal(rc_viterbi(&r, &c, &(rc_seq){ n.z, C, T, NULL, 0 }, 1, a, &x), 1);
    assert_int_equal(rc_viterbi(&r, &c, &(rc_seq){ packed, C, T, off, 1 }, 1, b, &y), 1);
    assert_memory_equal(a, b, sizeof a);
    assert_true(x == y);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(against_all), cmocka_unit_test(equal_scores_have_an_order),
                                        cmocka_unit_test(nothing_may_be_said), cmocka_unit_test(packed_rows) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
