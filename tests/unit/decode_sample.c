/* SPDX-License-Identifier: MIT
 * decode_sample.c - choosing an id: frequencies, top-k, top-p, penalty, what may never be chosen. */
#include "unit/train_help.h"
#include "decode/decode.h"

static int pick(const real *z, int n, const rc_sampler *s, double coin)
{
    void *work = malloc(rc_sample_work(n));
    int id = rc_sample(z, n, s, NULL, 0, NULL, coin, work);
    free(work);
    return id;
}

/* Chi-square over six ids, 60 000 draws; 25.7 is the 0.9999 quantile of 5 degrees of freedom. */
static void frequencies_follow_the_scores(void **state)
{
    (void)state;
    const real z[] = { 0, 1, -1, 2, (real)0.5, -2 };
    const double T[] = { 1, 0.5, 3 };
    enum { V = 6, DRAWS = 60000 };
    for (int t = 0; t < 3; t++)
        for (int way = 0; way < 2; way++) {              /* with and without the sorted path */
            const rc_sampler s = { .temperature = T[t], .top_p = way ? 0.9999999 : 1, .penalty = 1 };
            double p[V], sum = 0, chi = 0;
            int count[V] = { 0 };
            for (int i = 0; i < V; i++) sum += p[i] = exp((double)z[i] / T[t]);
            for (int i = 0; i < DRAWS; i++) count[pick(z, V, &s, rc_uniform(rc_key(1, RC_SAMPLE, (uint64_t)t, 0), (uint64_t)i))]++;
            for (int i = 0; i < V; i++) {
                double want = DRAWS * p[i] / sum;
                chi += (count[i] - want) * (count[i] - want) / want;
            }
            assert_true(chi < 25.7);
        }
}

static void coin_runs_over_all_ids(void **state)
{
    (void)state;
    const real z[] = { 0, 0, 0, 0 };
    const rc_sampler s = { .temperature = 1 };
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pick(z, 4, &s, i / 4.0), i);
        assert_int_equal(pick(z, 4, &s, (i + 1) / 4.0 - 1e-12), i);
    }
}

static void zero_temperature_takes_the_largest(void **state)
{
    (void)state;
    const real z[] = { 1, 5, 5, -3 };
    const rc_sampler s = { .temperature = 0, .top_k = 3, .top_p = 0.5 };
    for (int i = 0; i < 10; i++) assert_int_equal(pick(z, 4, &s, i / 10.0), 1);
}

static void top_k_keeps_k(void **state)
{
    (void)state;
    const real z[] = { 1, 4, 3, 2, 3 };
    rc_sampler s = { .temperature = 1, .top_k = 2 };
    int seen[5] = { 0 };
    for (int i = 0; i < 1000; i++) seen[pick(z, 5, &s, i / 1000.0)]++;
    assert_true(seen[1] > 0 && seen[2] > 0 && seen[0] + seen[3] + seen[4] == 0);    /* equal scores: the lower id */
    s.top_k = 1;
    for (int i = 0; i < 10; i++) assert_int_equal(pick(z, 5, &s, i / 10.0), 1);
    s.top_k = 50;
    for (int i = 0, all = 0; i < 1000; i++) {
        all |= 1 << pick(z, 5, &s, i / 1000.0);
        if (i == 999) assert_int_equal(all, 31);
    }
}

static void top_p_keeps_the_fewest_that_reach_p(void **state)
{
    (void)state;
    const real z[] = { (real)log(0.1), (real)log(0.5), (real)log(0.3), (real)log(0.1) };
    const struct { double p; int k, ids; } rows[] = {
        { 0.49, 0, 2 }, { 0.6, 0, 2 | 4 }, { 0.79, 0, 2 | 4 }, { 0.85, 0, 1 | 2 | 4 }, { 0.95, 0, 15 }, { 1, 0, 15 }, { 0, 0, 15 },
        { 0.6, 2, 2 }, { 0.7, 2, 2 | 4 }, { 0.01, 3, 2 },    /* of the two: .625 and .375 */
    };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const rc_sampler s = { .temperature = 1, .top_p = rows[r].p, .top_k = rows[r].k };
        int ids = 0;
        for (int i = 0; i < 1000; i++) ids |= 1 << pick(z, 4, &s, i / 1000.0);
        assert_int_equal(ids, rows[r].ids);
    }
}

static void penalty_lowers_recent_ids_once(void **state)
{
    (void)state;
    const real z[] = { 3, 2, -1, (real)-1.5 };
    const int32_t recent[] = { 0, 0, 0, 99, -1 };
    char work[512];
    rc_sampler s = { .temperature = 0, .penalty = 1.4 };
    assert_true(rc_sample_work(4) <= sizeof work);
    assert_int_equal(rc_sample(z, 4, &s, recent, 5, NULL, 0, work), 0);   /* 3 / 1.4 = 2.14, and not 3 / 1.4^3 */
    s.penalty = 2;
    assert_int_equal(rc_sample(z, 4, &s, recent, 5, NULL, 0, work), 1);
    const int32_t low[] = { 2 };
    const uint8_t banned[] = { 1, 1, 0, 0 };
    assert_int_equal(rc_sample(z, 4, &s, low, 1, banned, 0, work), 3);    /* -1 becomes -2 */
}

static void banned_and_broken_scores_are_never_chosen(void **state)
{
    (void)state;
    const real z[] = { (real)NAN, 9, 1, -(real)INFINITY, 0 };
    const uint8_t banned[] = { 0, 1, 0, 0, 0 }, all[] = { 1, 1, 1, 1, 1 };
    char work[512];
    const rc_sampler rows[] = { { .temperature = 1 }, { .temperature = 0 }, { .temperature = 1, .top_k = 4 }, { .temperature = 2, .top_p = 0.99 } };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        for (int i = 0; i <= 100; i++) {
            int id = rc_sample(z, 5, &rows[r], NULL, 0, banned, i / 100.0, work);
            assert_true(id == 2 || id == 4);
        }
        assert_int_equal(rc_sample(z, 5, &rows[r], NULL, 0, all, 0.5, work), -1);
    }
    const real up[] = { 0, (real)INFINITY, 3 };
    assert_int_equal(rc_sample(up, 3, &rows[0], NULL, 0, NULL, 0.9, work), 1);
    const real one[] = { -5 };
    assert_int_equal(rc_sample(one, 1, &rows[3], NULL, 0, NULL, 0.999999, work), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frequencies_follow_the_scores), cmocka_unit_test(coin_runs_over_all_ids),
        cmocka_unit_test(zero_temperature_takes_the_largest), cmocka_unit_test(top_k_keeps_k),
        cmocka_unit_test(top_p_keeps_the_fewest_that_reach_p), cmocka_unit_test(penalty_lowers_recent_ids_once),
        cmocka_unit_test(banned_and_broken_scores_are_never_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
