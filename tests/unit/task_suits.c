/* SPDX-License-Identifier: MIT
 * task_suits.c - an option that a task has no use for, a net that cannot do what it is trained for: both are refused
 * before anything is trained, with a line that says what would do. */
#include "task_help.h"

/* Sets a row to something that is not its default. */
static void give(recur *r, recur_train_options *o, const recur_option *t, int n, int i)
{
    char x[32];
    snprintf(x, sizeof x, "%g", t[i].most < 1 ? t[i].most / 2 : t[i].least + 1);
    GOOD(r, recur_option_set(r, t, n, o, t[i].name, t[i].type == RECUR_FLAG ? "1" : t[i].type == RECUR_TEXT ? "x" : x));
}

/* Every row is everybody's or told by its name, and what is listed is a row. */
static void rows_are_told_by_name(void **state)
{
    recur *r = *state;
    int n, refused = 0, listed = 0;
    const recur_option *t = recur_train_table(&n);
    for (int k = 0; rc_tasks[k]; k++) {
        const recur_train_options plain = task_options();
        GOOD(r, rc_options_suit(r, rc_tasks[k], &plain, false));
        for (int i = 0; i < n; i++) {
            bool own = false;
            for (const char *const *s = rc_tasks[k]->own; s && *s; s++)
                own |= strcmp(*s, t[i].name) == 0;
            recur_train_options o = task_options();
            give(r, &o, t, n, i);
            int e = rc_options_suit(r, rc_tasks[k], &o, false);
            assert_true(e == RECUR_OK || (e == RECUR_EOPTION && !own));
            if (e != RECUR_OK)
                assert_non_null(strstr(r->message, t[i].name));
            refused += e != RECUR_OK;
            listed += own;
        }
        for (const char *const *s = rc_tasks[k]->own; s && *s; s++)
            listed--;
    }
    assert_int_equal(listed, 0);
    assert_true(refused > 0);
}

static void who_has_it_is_said(void **state)
{
    recur *r = *state;
    static const struct { const char *task, *name, *value, *said; } row[] = {
        { "translate", "focal", "1", "--focal: task translate has no use for it; lm, classify and tag have" },
        { "lm", "balance", "weights", "--balance: task lm has no use for it; classify has" },
        { "forecast", "bptt", "40", "--bptt: task forecast has no use for it; lm has" },
        { "tag", "known", "calendar", "--known: task tag has no use for it; forecast has" },
        { "transcribe", "vectors", "f", "--vectors: task transcribe has no use for it; lm, classify and tag have" },
        { "translate", "vectors", "f", "--vectors: task translate has no use for it; lm, classify and tag have" },
    };
    int n;
    const recur_option *t = recur_train_table(&n);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        recur_train_options o = task_options();
        GOOD(r, recur_option_set(r, t, n, &o, row[i].name, row[i].value));
        assert_int_equal(rc_options_suit(r, rc_task_find(row[i].task), &o, false), RECUR_EOPTION);
        assert_string_equal(r->message, row[i].said);
    }
    recur_train_options o = task_options();
    o.joint = o.segmented = o.shared_vocab = 0;               /* off asks for nothing */
    GOOD(r, rc_options_suit(r, rc_task_find("lm"), &o, false));
}

static void heads_without_use(void **state)
{
    recur *r = *state;
    const char *text = "a\tX\nb\tY\n\na\tX\n";
    recur_train_options o = task_options();
    recur_data *d;
    recur_model *m;
    GOOD(r, task_read(r, &d, "tag", &text, 1, &o, NULL, RC_ALL, NULL));
    GOOD(r, rc_model_build(r, &m, "embed 4 | lstm 4 bi | dense | crf", d, 1, NULL));
    o.smooth = 0.1;
    assert_int_equal(m->task->prepare(m, d, &o), RECUR_EOPTION);
    assert_non_null(strstr(r->message, "--smooth: this net's head (crf)"));
    recur_model_free(m);
    GOOD(r, rc_model_build(r, &m, "embed 4 | lstm 4 bi | dense | softmax", d, 1, NULL));
    GOOD(r, m->task->prepare(m, d, &o));
    assert_near(m->net->branch[0].head->smooth, 0.1, 0);
    recur_model_free(m);
    recur_data_close(d);
}

static void vectors_want_a_reader(void **state)
{
    recur *r = *state;
    const char *text = "a\tgood fine\nb\tbad dull\n", *rows = "good 1 2\n";
    test_folder f = test_folder_new();
    char path[TEST_PATH];
    test_path(&f, "v.txt", path);
    test_spill(path, rows, strlen(rows));
    recur_train_options o = task_options();
    recur_data *d;
    recur_model *m;
    GOOD(r, task_read(r, &d, "classify", &text, 1, &o, NULL, RC_ALL, NULL));
    assert_int_equal(rc_model_build(r, &m, "embed 4 | pool mean | dense", d, 1, path), RECUR_EOPTION);
    assert_non_null(strstr(r->message, "'embed vectors'"));
    assert_null(m);
    GOOD(r, rc_model_build(r, &m, "embed vectors | pool mean | dense", d, 1, path));
    recur_model_free(m);
    recur_data_close(d);
    test_folder_free(&f);
}

/* A writer that sees the future learns to copy it: its scores are perfect and it cannot write. */
static void writers_see_no_future(void **state)
{
    recur *r = *state;
    static const struct { const char *task, *net, *said; } row[] = {
        { "translate", "embed 4 | gru 4 >> embed 4 | gru 4 bi | attend | dense", "layer 4 (gru)" },
        { "translate", "embed 4 | gru 4 >> embed 4 | gru 4 bridge | attend | conv 4 width=3 | dense", "layer 6 (conv)" },
        { "translate", "embed 4 | gru 4 bi | dense", ">>" },
        { "translate", "embed 4 | gru 4 >> embed 4 | gru 4 bridge | attend | dense | crf", "one head" },
        { "lm", "embed 4 | gru 4 bi | dense", "layer 2 (gru)" },
        { "lm", "embed 4 | conv 4 width=3 | dense", "layer 2 (conv)" },
    };
    const char *text = "a b\tx y\nc\tz\n";
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        recur_train_options o = task_options();
        recur_data *d;
        recur_model *m;
        o.unit = "char";
        GOOD(r, task_read(r, &d, row[i].task, &text, 1, &o, NULL, RC_ALL, NULL));
        assert_int_equal(rc_model_build(r, &m, row[i].net, d, 1, NULL), RECUR_ESPEC);
        assert_non_null(strstr(r->message, row[i].said));
        assert_null(m);
        recur_data_close(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(rows_are_told_by_name), TASK_TEST(who_has_it_is_said), TASK_TEST(heads_without_use),
        TASK_TEST(vectors_want_a_reader), TASK_TEST(writers_see_no_future),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
