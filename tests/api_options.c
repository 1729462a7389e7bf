/* SPDX-License-Identifier: MIT
 * api_options.c - opening a runtime, option tables, error codes. */
#include "api.h"

static void a_runtime_opens_and_closes(void **state)
{
    (void)state;
    counter c;
    recur *r = open_counted(&c, 2);
    assert_int_equal(recur_threads(r), 2);
    assert_string_equal(recur_message(r), "");
    assert_true(strlen(recur_kernels(r)) > 0);
    recur_close(r);
    assert_int_equal(c.live, 0);
    recur_close(NULL);
    OK(NULL, recur_open(&r, NULL));
    assert_true(recur_threads(r) >= 1);
    recur_close(r);
    assert_int_equal(recur_open(&r, &(recur_config){ .kernels = "abacus" }), RECUR_EOPTION);
    assert_null(r);
    assert_int_equal(recur_open(&r, &(recur_config){ .threads = -1 }), RECUR_EOPTION);
    assert_int_equal(recur_open(NULL, NULL), RECUR_EOPTION);
    OK(NULL, recur_open(&r, &(recur_config){ .kernels = "ref" }));
    assert_string_equal(recur_kernels(r), "ref");
    recur_close(r);
}

static void the_environment_stands_in(void **state)
{
    (void)state;
    recur *r;
    setenv("RECUR_THREADS", "3", 1);
    setenv("RECUR_KERNELS", "ref", 1);
    OK(NULL, recur_open(&r, NULL));
    assert_int_equal(recur_threads(r), 3);
    assert_string_equal(recur_kernels(r), "ref");
    recur_close(r);
    OK(NULL, recur_open(&r, &(recur_config){ .threads = 1 }));
    assert_int_equal(recur_threads(r), 1);
    recur_close(r);
    setenv("RECUR_THREADS", "many", 1);
    assert_int_equal(recur_open(&r, NULL), RECUR_EOPTION);
    unsetenv("RECUR_THREADS");
    unsetenv("RECUR_KERNELS");
}

static void every_error_has_words(void **state)
{
    (void)state;
#define X(name, code, text) assert_string_equal(recur_strerror(RECUR_##name), text);
    RECUR_ERRORS(X)
#undef X
    assert_string_equal(recur_strerror(-1234), "unknown error");
}

static void rows_have_names_help_and_valid_defaults(void **state)
{
    const recur_option *(*const table[])(int *) = { recur_train_table, recur_generate_table };
    recur *r = *state;
    for (int k = 0; k < 2; k++) {
        int n;
        const recur_option *t = table[k](&n);
        union { recur_train_options train; recur_generate_options generate; } o;
        recur_option_defaults(t, n, &o);
        for (int i = 0; i < n; i++) {
            assert_true(strlen(t[i].help) > 5 && strlen(t[i].group) > 0 && t[i].least <= t[i].most);
            assert_null(strchr(t[i].name, '_'));
            assert_true(t[i].type == RECUR_FLAG || strlen(t[i].arg) > 0);
            if (t[i].fallback) OK(r, recur_option_set(r, t, n, &o, t[i].name, t[i].fallback));
            for (int j = 0; j < i; j++) assert_string_not_equal(t[i].name, t[j].name);
        }
    }
}

static void values_are_read(void **state)
{
    recur *r = *state;
    int n;
    const recur_option *t = recur_train_table(&n);
    recur_train_options o = recur_train_defaults();
    assert_true(isnan(o.lr) && o.epochs == -1 && !o.net && o.lower == -1 && o.seed == 1 && o.save_every == 600);
    OK(r, recur_option_set(r, t, n, &o, "lr", "0.25"));
    OK(r, recur_option_set(r, t, n, &o, "epochs", "12"));
    OK(r, recur_option_set(r, t, n, &o, "time", "1h30m5s"));
    OK(r, recur_option_set(r, t, n, &o, "net", "lstm 8"));
    OK(r, recur_option_set(r, t, n, &o, "strict", NULL));
    OK(r, recur_option_set(r, t, n, &o, "lower", "no"));
    assert_true(o.lr == 0.25 && o.epochs == 12 && o.time == 5405 && o.strict == 1 && o.lower == 0);
    assert_string_equal(o.net, "lstm 8");
    OK(r, recur_option_set(r, t, n, &o, "lr", "auto"));
    assert_true(isnan(o.lr));
}

static void wrong_values_are_refused(void **state)
{
    recur *r = *state;
    int n;
    const recur_option *t = recur_train_table(&n);
    recur_train_options o = recur_train_defaults(), before = o;
    FAILS(r, RECUR_EOPTION, "is --net meant", recur_option_set(r, t, n, &o, "nett", "1"));
    FAILS(r, RECUR_EOPTION, "zzzzzz", recur_option_set(r, t, n, &o, "zzzzzz", "1"));
    FAILS(r, RECUR_EOPTION, "--epochs", recur_option_set(r, t, n, &o, "epochs", "0"));
    FAILS(r, RECUR_EOPTION, "--epochs", recur_option_set(r, t, n, &o, "epochs", "2x"));
    FAILS(r, RECUR_EOPTION, "--epochs", recur_option_set(r, t, n, &o, "epochs", "99999999999999999999"));
    FAILS(r, RECUR_EOPTION, "--lr", recur_option_set(r, t, n, &o, "lr", "nan"));
    FAILS(r, RECUR_EOPTION, "--lr", recur_option_set(r, t, n, &o, "lr", "-1"));
    FAILS(r, RECUR_EOPTION, "--time", recur_option_set(r, t, n, &o, "time", "soon"));
    FAILS(r, RECUR_EOPTION, "--net", recur_option_set(r, t, n, &o, "net", NULL));
    FAILS(r, RECUR_EOPTION, "--strict", recur_option_set(r, t, n, &o, "strict", "perhaps"));
    assert_memory_equal(&o, &before, sizeof o);
}

static int open_runtime(void **state)
{
    recur *r;
    int e = recur_open(&r, NULL);
    *state = r;
    return e;
}

static int close_runtime(void **state)
{
    recur_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_runtime_opens_and_closes), cmocka_unit_test(the_environment_stands_in),
        cmocka_unit_test(every_error_has_words), cmocka_unit_test(rows_have_names_help_and_valid_defaults),
        cmocka_unit_test(values_are_read), cmocka_unit_test(wrong_values_are_refused),
    };
    return cmocka_run_group_tests(tests, open_runtime, close_runtime);
}
