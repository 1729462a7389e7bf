/* SPDX-License-Identifier: MIT
 * train_sched.c - schedules: values computed by hand. */
#include "unit/train_help.h"

static double rate(const char *name, const rc_sched_io *s, int64_t step)
{
    const rc_sched *k = rc_sched_find(name);
    assert_non_null(k);
    return k->rate(s, step);
}
#define NEAR(a, b) assert_near(a, b, 1e-12)

static void constant_rises_then_stays(void **state)
{
    (void)state;
    rc_sched_io s = { .lr = 2, .warmup = 4, .steps = 100 };
    NEAR(rate("constant", &s, 0), 0.5);
    NEAR(rate("constant", &s, 2), 1.5);
    NEAR(rate("constant", &s, 3), 2);
    NEAR(rate("constant", &s, 99), 2);
    s.warmup = 0.1;                      /* a part of all steps: 10 */
    NEAR(rate("constant", &s, 0), 0.2);
    NEAR(rate("constant", &s, 9), 2);
}

static void step_follows_zaremba(void **state)
{
    (void)state;
    rc_sched_io s = { .lr = 1, .factor = 0.5, .after = 4, .epoch_steps = 10, .steps = 130 };
    NEAR(rate("step", &s, 0), 1);
    NEAR(rate("step", &s, 39), 1);       /* end of the fourth epoch */
    NEAR(rate("step", &s, 40), 0.5);
    NEAR(rate("step", &s, 55), 0.25);
    s.floor = 0.4;
    NEAR(rate("step", &s, 55), 0.4);
}

static void cosine_and_linear_fall_to_the_floor(void **state)
{
    (void)state;
    rc_sched_io s = { .lr = 2, .floor = 0.1, .warmup = 10, .steps = 111 };
    NEAR(rate("cosine", &s, 9), 2);
    NEAR(rate("cosine", &s, 10), 2);
    NEAR(rate("cosine", &s, 60), 2 * (0.1 + 0.9 / 2));
    NEAR(rate("cosine", &s, 110), 0.2);
    NEAR(rate("linear", &s, 35), 2 * (0.1 + 0.9 * 0.75));
    NEAR(rate("linear", &s, 110), 0.2);
    NEAR(rate("linear", &s, 500), 0.2);
    s.steps = 1;
    assert_true(isfinite(rate("cosine", &s, 0)));
}

static void onecycle_rises_and_falls(void **state)
{
    (void)state;
    rc_sched_io s = { .lr = 1, .steps = 101 };
    NEAR(rate("onecycle", &s, 0), 1.0 / 25);
    assert_true(rate("onecycle", &s, 15) < rate("onecycle", &s, 29));
    assert_true(rate("onecycle", &s, 31) > 0.999);
    NEAR(rate("onecycle", &s, 100), 1e-4);
}

static void plateau_multiplies(void **state)
{
    (void)state;
    rc_sched_io s = { .lr = 2, .plateau = 0.25, .steps = 10 };
    NEAR(rate("plateau", &s, 5), 0.5);
    s.floor = 0.5;
    NEAR(rate("plateau", &s, 5), 1);
}

static void every_rate_is_positive_and_at_most_lr(void **state)
{
    (void)state;
    for (int i = 0; rc_sched_at(i); i++)
        for (int64_t step = 0; step < 50; step++) {
            rc_sched_io s = { .lr = 3, .floor = 0.01, .warmup = 5, .factor = 0.5, .after = 2, .steps = 50, .epoch_steps = 7, .plateau = 1 };
            double x = rc_sched_at(i)->rate(&s, step);
            assert_true(x > 0 && x <= 3);
        }
    assert_null(rc_sched_find("none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_rises_then_stays), cmocka_unit_test(step_follows_zaremba),
        cmocka_unit_test(cosine_and_linear_fall_to_the_floor), cmocka_unit_test(onecycle_rises_and_falls),
        cmocka_unit_test(plateau_multiplies), cmocka_unit_test(every_rate_is_positive_and_at_most_lr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
