/* SPDX-License-Identifier: MIT
 * task_measure.c - figures against numbers worked out by hand, and the n-gram model against what must hold. */
#include "task/lm/lm.h"
#include "task_help.h"

static double figure(const json_t *o, const char *key) { return json_number_value(json_object_get(o, key)); }

static void three_classes(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    int64_t confusion[9] = { 5, 1, 0, 2, 3, 1, 0, 0, 4 };
    rc_judged j = { .classes = 3, .confusion = confusion };
    json_t *o;
    GOOD(&r, rc_measure(&r, &j, NULL, &o));
    assert_int_equal(json_integer_value(json_object_get(o, "samples")), 16);
    assert_near(figure(o, "accuracy"), 12.0 / 16, 1e-12);
    /* precision 5/7 3/4 4/5, recall 5/6 3/6 4/4: F1 = 10/13, 6/10, 8/9 */
    assert_near(figure(o, "macro_f1"), (10.0 / 13 + 0.6 + 8.0 / 9) / 3, 1e-12);
    const json_t *second = json_object_get(json_object_get(o, "per_class"), "1");
    assert_near(figure(second, "precision"), 0.75, 1e-12);
    assert_near(figure(second, "recall"), 0.5, 1e-12);
    assert_int_equal(json_integer_value(json_object_get(second, "support")), 6);
    json_decref(o);
    assert_int_equal(m.live, 0);
}

/* Falling probability of class 1: y = 1 1 0 1 0.  Precision at the hits: 1/1, 2/2, 3/4; average (1 + 1 + .75) / 3.
 * With two of them tied (.7 .7: one hit, one not): at the tie 2 hits of 3. */
static void precision_recall_area(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    int64_t confusion[4] = { 0 };
    double p[10] = { .1, .9, .2, .8, .3, .7, .4, .6, .5, .5 };
    int32_t y[5] = { 1, 1, 0, 1, 0 };
    rc_judged j = { .classes = 2, .confusion = confusion, .p = p, .y = y, .n = 5 };
    json_t *o;
    GOOD(&r, rc_measure(&r, &j, NULL, &o));
    assert_near(figure(o, "pr_auc"), 2.75 / 3, 1e-12);
    json_decref(o);
    p[2] = .3, p[3] = .7;
    GOOD(&r, rc_measure(&r, &j, NULL, &o));
    assert_near(figure(o, "pr_auc"), (1 + 2.0 / 3 + 3.0 / 4) / 3, 1e-12);
    json_decref(o);
}

/* Two bins: .9 sure and right half of the time, .6 sure and always right: (2 * .4 + 1 * .4) / 3. */
static void calibration(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    int64_t confusion[4] = { 0 };
    double p[6] = { .9, .1, .1, .9, .6, .4 };
    int32_t y[3] = { 0, 0, 0 };
    rc_judged j = { .classes = 2, .confusion = confusion, .p = p, .y = y, .n = 3 };
    json_t *o;
    GOOD(&r, rc_measure(&r, &j, NULL, &o));
    assert_near(figure(o, "calibration_error"), (0.8 + 0.4) / 3, 1e-9);
    json_decref(o);
}

/* --- n-grams --- */

enum { V = 7, LONG = 4000 };
static void markov(int32_t *id, size_t n, uint64_t seed)     /* the next unit hangs on the two before */
{
    for (size_t i = 0; i < n; i++) {
        uint64_t r = rc_below(rc_key(seed, RC_OTHER, i, 0), 0, 10);
        id[i] = i < 2 || r == 0 ? (int32_t)rc_below(rc_key(seed, RC_OTHER, i, 1), 0, V) : (id[i - 1] * 3 + id[i - 2] + (r > 7)) % V;
    }
}

static void probabilities_sum_to_one(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    int32_t id[LONG];
    markov(id, LONG, 1);
    for (int order = 1; order <= 8; order++) {
        rc_ngram *g;
        GOOD(&r, rc_ngram_fit(&r, &g, id, LONG, V + 2, order));      /* two ids never seen */
        for (size_t at = 0; at < 60; at++) {
            int32_t odd[3] = { (int32_t)(at % (V + 2)), V + 1, (int32_t)(at % 3) };      /* histories never seen, too */
            double sum = 0, other = 0;
            for (int32_t w = 0; w < V + 2; w++) {
                double p = rc_ngram_p(g, id, at, w);
                assert_true(p > 0 && p < 1);
                sum += p;
                other += rc_ngram_p(g, odd, 3, w);
            }
            assert_near(sum, 1, 1e-12);
            assert_near(other, 1, 1e-12);
        }
        rc_ngram_free(g);
    }
    assert_int_equal(m.live, 0);
}

static void longer_grams_foretell_better(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    int32_t id[LONG], test[LONG];
    markov(id, LONG, 1);
    markov(test, LONG, 2);
    double nats[4];
    for (int order = 1; order <= 3; order++) {
        rc_ngram *g;
        GOOD(&r, rc_ngram_fit(&r, &g, id, LONG, V, order));
        nats[order] = rc_ngram_nats(g, test, LONG) / LONG;
        rc_ngram_free(g);
    }
    assert_near(nats[1], log(V), 0.1);
    assert_true(nats[3] < nats[2] - 0.3);
    assert_true(nats[3] < 1.2);
}

/* Exact values: 2 * sum of C(n, i) / 2^n; scipy.stats.binomtest gives the same. */
static void chance_of_a_difference(void **state)
{
    (void)state;
    assert_near(rc_mcnemar(0, 0), 1, 0);
    assert_near(rc_mcnemar(0, 5), 0.0625, 1e-12);
    assert_near(rc_mcnemar(6, 0), 0.03125, 1e-12);
    assert_near(rc_mcnemar(2, 8), 0.109375, 1e-12);
    assert_near(rc_mcnemar(7, 7), 1, 1e-12);
    assert_near(rc_mcnemar(300, 300), 1, 1e-12);
    assert_near(rc_mcnemar(120, 80), rc_mcnemar(80, 120), 0);
    assert_near(rc_mcnemar(121, 80), rc_mcnemar(120, 80), 0.002);      /* exact and normal meet */
    assert_true(rc_mcnemar(1000, 880) < 0.05 && rc_mcnemar(1000, 930) > 0.05);
    assert_string_equal(rc_outcome(20, 2, 0.1), "better");
    assert_string_equal(rc_outcome(2, 20, -0.1), "worse");
    assert_string_equal(rc_outcome(2, 20, 0), "worse");
    assert_string_equal(rc_outcome(6, 5, 0.1), "even");
    assert_string_equal(rc_outcome(2, 20, 0.1), "divided");   /* the measure and whole samples: no claim */
    assert_string_equal(rc_outcome(20, 2, -0.1), "divided");
}

/* Texts of 0, 1, 2 units. */
static void hardly_any_text(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    int32_t id[2] = { 3, 1 };
    for (size_t n = 0; n <= 2; n++) {
        rc_ngram *g;
        double sum = 0;
        GOOD(&r, rc_ngram_fit(&r, &g, id, n, 5, 4));
        for (int32_t w = 0; w < 5; w++)
            sum += rc_ngram_p(g, id, n, w);
        assert_near(sum, 1, 1e-12);
        rc_ngram_free(g);
    }
    assert_int_equal(m.live, 0);
}

static int fit_and_free(recur *r, void *arg)
{
    rc_ngram *g;
    int e = rc_ngram_fit(r, &g, arg, 600, V, 4);
    if (e == RECUR_OK)
        rc_ngram_free(g);
    return e;
}

static void memory_fails(void **state)
{
    (void)state;
    int32_t id[600];
    markov(id, 600, 1);
    test_all_allocations(fit_and_free, id, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_classes), cmocka_unit_test(precision_recall_area), cmocka_unit_test(calibration),
        cmocka_unit_test(chance_of_a_difference),
        cmocka_unit_test(probabilities_sum_to_one), cmocka_unit_test(longer_grams_foretell_better),
        cmocka_unit_test(hardly_any_text), cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
