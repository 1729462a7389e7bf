/* SPDX-License-Identifier: MIT
 * task_quantile.c - quantiles of forecasts: which levels may be asked for, and that those of a step never cross. */
#include "task_help.h"
#include "task/forecast/forecast.h"

static void levels_rise_and_have_the_median(void **state)
{
    recur *r = *state;
    double q[RC_LEVELS];
    int n;
    bool added;
    GOOD(r, rc_levels_read(r, ".9,.1", q, &n, &added));
    assert_true(n == 3 && added && q[0] == 0.1 && q[1] == 0.5 && q[2] == 0.9);
    GOOD(r, rc_levels_read(r, ".5", q, &n, &added));
    assert_true(n == 1 && !added);
    static const char *const bad[] = { "", ".1,", "0,.5", ".5,1", "a", ".1 .9", ".1,.1", ".5,.5", "nan" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (rc_levels_read(r, bad[i], q, &n, &added) != RECUR_EOPTION)
            fail_msg("'%s' is taken", bad[i]);
    recur_train_options o = task_options();
    static const char *const own[] = { "input | dense | quantile q=.1:.9", "input | dense | quantile q=\".1:.9\" weight=2" };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        o.net = own[i];
        assert_int_equal(rc_levels_agree(r, &o), RECUR_EOPTION);
    }
    o.net = "input | dense | quantile";
    GOOD(r, rc_levels_agree(r, &o));
    o.net = "input | dense | quantile weight=1 q=.25:.5";
    GOOD(r, rc_levels_agree(r, &o));
    o.quantiles = ".1,.5";
    assert_int_equal(rc_levels_agree(r, &o), RECUR_EOPTION);
}

/* A net whose weights know nothing of an order: what it answers, and what it is judged by, has one. */
static void quantiles_of_a_step_never_cross(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    char text[2000] = "v\n";
    const char *at[] = { text };
    for (int i = 0; i < 80; i++)
        sprintf(text + strlen(text), "%.4f\n", rc_normal(7, (uint64_t)i));
    o.input = 8, o.horizon = 4, o.period = 2, o.segment = 1;
    recur_data *d;
    recur_model *m;
    float *y;
    int Q;
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_ALL, NULL));
    GOOD(r, rc_model_build(r, &m, "input | gru 5 | pool last | dense | quantile q=.1:.3:.5:.7:.9", d, 1, NULL));
    GOOD(r, rc_forecast_future(m, d, 4, &y, &Q));
    assert_int_equal(Q, 5);
    for (int h = 0; h < 4; h++)
        for (int k = 1; k < Q; k++)
            assert_true(y[h * Q + k - 1] <= y[h * Q + k]);
    rc_free(r, y);
    recur_model_free(m);
    recur_data_close(d);
}

static void a_head_of_falling_levels_is_refused(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    const char *at[] = { "v\n1\n2\n1\n2\n1\n2\n1\n2\n1\n2\n1\n2\n" };
    o.input = 3, o.horizon = 1, o.period = 2, o.segment = 1;
    recur_data *d;
    recur_model *m = NULL;
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_ALL, NULL));
    assert_int_equal(rc_model_build(r, &m, "input | gru 5 | pool last | dense | quantile q=.9:.5", d, 1, NULL), RECUR_ESPEC);
    assert_non_null(strstr(r->message, "q=.9:.5"));
    recur_data_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(levels_rise_and_have_the_median), TASK_TEST(quantiles_of_a_step_never_cross),
        TASK_TEST(a_head_of_falling_levels_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
