/* SPDX-License-Identifier: MIT
 * api_model.c - data in, models out: arrays, callbacks, files; save and load; classify, evaluate, inspect. */
#include <unistd.h>
#include "api.h"

#define FILE_NAME "api_model_test.recur"

static void arrays_are_checked(void **state)
{
    recur *r = *state;
    recur_data *d;
    static const float x[] = { 1, 2, NAN, 4 };
    static const int32_t id[] = { 0, 1, 2, 9 }, label[] = { 0, 1 }, length[] = { 2, 3 };
    FAILS(r, RECUR_EOPTION, "count", recur_data_arrays(r, &d, &(recur_arrays){ .count = 0 }));
    FAILS(r, RECUR_EOPTION, "either", recur_data_arrays(r, &d, &(recur_arrays){ .count = 2, .steps = 2 }));
    FAILS(r, RECUR_EOPTION, "vocabulary", recur_data_arrays(r, &d, &(recur_arrays){ .count = 2, .steps = 2, .ids = id }));
    FAILS(r, RECUR_EOPTION, "classes", recur_data_arrays(r, &d, &(recur_arrays){ .count = 2, .steps = 1, .ids = id, .vocabulary = 9, .label = label }));
    FAILS(r, RECUR_EDATA, "id 9", recur_data_arrays(r, &d, &(recur_arrays){ .count = 2, .steps = 2, .ids = id, .vocabulary = 9 }));
    FAILS(r, RECUR_EDATA, "finite", recur_data_arrays(r, &d, &(recur_arrays){ .count = 2, .steps = 2, .features = 1, .x = x }));
    FAILS(r, RECUR_EDATA, "length 3", recur_data_arrays(r, &d, &(recur_arrays){ .count = 2, .steps = 2, .ids = id, .vocabulary = 10, .length = length }));
    assert_null(d);
}

static void arrays_come_out_as_packed_rows(void **state)
{
    recur *r = *state;
    recur_data *d = sequences(r, false), *held;
    recur_batch b;
    int seen = 0;
    assert_int_equal(recur_data_count(d), COUNT);
    recur_data_start(d, 7, STEPS, 0, 0);
    for (; recur_data_next(d, &b) == RECUR_OK; seen += b.B) {
        int rows = 0;
        for (int t = 0; t < b.T; t++) {
            assert_true(b.alive[t] > 0 && (t == 0 || b.alive[t] <= b.alive[t - 1]));
            rows += b.alive[t];
        }
        assert_int_equal(rows, b.N);
        for (int i = 0; i < b.B; i++) assert_int_equal(b.target[0][i], b.ids[i]);    /* the class is the first id */
    }
    assert_int_equal(seen, COUNT);
    OK(r, recur_data_split(d, 0.25, 1, &held));
    assert_int_equal(recur_data_count(d) + recur_data_count(held), COUNT);
    recur_data_close(held);
    recur_data_close(d);
    recur_data_close(NULL);
}

static void fit_learns_arrays(void **state)
{
    recur *r = *state;
    recur_data *d = sequences(r, false);
    recur_model *m;
    recur_train_options o = recur_train_defaults();
    char *json;
    o.epochs = 40;
    o.batch = 10;
    o.lr = 0.02;
    OK(r, recur_model_new(r, &m, "embed 8 | lstm 16 | pool last | dense", d, 1));
    OK(r, recur_fit(m, d, NULL, &o, NULL, NULL));
    float *p = malloc(sizeof(float) * COUNT * IDS);
    OK(r, recur_classify_data(r, m, d, p));
    int right = 0;
    for (int i = 0; i < COUNT; i++) right += p[i * IDS + i % IDS] > 0.5f;
    assert_int_equal(right, COUNT);
    free(p);
    OK(r, recur_eval(r, m, d, &json));
    assert_non_null(strstr(json, "\"accuracy\""));
    recur_free(r, json);
    recur_model_free(m);
    recur_data_close(d);
}

static void fit_learns_numbers(void **state)
{
    recur *r = *state;
    enum { N = 64, T = 5 };
    static float x[N][T][2], y[N];
    for (int i = 0; i < N; i++)
        for (int t = 0; t < T; t++) {                  /* the mean of what the first feature says where the second is 1 */
            x[i][t][0] = (float)((i * 7 + t * 3) % 11) / 11;
            x[i][t][1] = (float)((i + t) % 2);
            y[i] += x[i][t][0] * x[i][t][1] / 2;
        }
    recur_data *d;
    recur_model *m;
    recur_run *u;
    recur_batch b;
    recur_train_options o = recur_train_defaults();
    o.epochs = 200;
    o.batch = 16;
    o.lr = 0.02;
    OK(r, recur_data_arrays(r, &d, &(recur_arrays){ .count = N, .steps = T, .features = 2, .x = x[0][0], .value = y, .outputs = 1 }));
    OK(r, recur_model_new(r, &m, "input | gru 12 | pool last | dense | square", d, 1));
    OK(r, recur_fit(m, d, NULL, &o, NULL, NULL));
    OK(r, recur_run_new(r, &u, m, &(recur_dims){ .B = N, .T = T, .scores = 1 }));
    recur_data_start(d, N, T, 0, 0);
    OK(r, recur_data_next(d, &b));
    const float *z = recur_forward(u, &b, 0, NULL, NULL);
    assert_non_null(z);
    for (int i = 0; i < N; i++) assert_true(fabsf(z[i] - b.value[0][i]) < 0.15f);
    assert_true(recur_loss(u, &b) < 0.002);
    FAILS(r, RECUR_EOPTION, "classes", recur_classify_data(r, m, d, y));
    recur_run_free(u);
    recur_model_free(m);
    recur_data_close(d);
}

static void numbers_are_judged(void **state)
{
    recur *r = *state;
    enum { N = 40, T = 3 };
    static float x[N * T * 2], y[N][2];
    char *json;
    for (int i = 0; i < N * T * 2; i++) x[i] = (float)(i * 7 % 13) / 13;
    for (int i = 0; i < N; i++) y[i][0] = x[2 * (i * T + T - 1)], y[i][1] = 1;
    y[3][1] = NAN;
    recur_arrays a = { .count = N, .steps = T, .features = 2, .x = x, .value = y[0], .outputs = 2 };
    recur_data *d;
    recur_model *m;
    recur_train_options o = recur_train_defaults();
    o.epochs = 150;
    o.lr = .02;
    OK(r, recur_data_arrays(r, &d, &a));
    OK(r, recur_model_new(r, &m, NULL, d, 1));                 /* the task sees that a sequence wants numbers */
    assert_non_null(strstr(recur_model_net(m), "square"));
    OK(r, recur_fit(m, d, NULL, &o, NULL, NULL));
    OK(r, recur_eval(r, m, d, &json));
    double mse = atof(strstr(json, "\"mse\": ") + 7);
    assert_true(mse >= 0 && mse < .1 && strstr(json, "\"better\": true") && strstr(json, "\"mae\"") && strstr(json, "\"r2\""));
    recur_free(r, json);
    recur_model_free(m);
    recur_data_close(d);
}

/* A net whose answers are not where the targets are, or no targets at all: refused before the first step. */
static void targets_and_answers_must_meet(void **state)
{
    recur *r = *state;
    static const struct { bool per_step, labels, values; const char *net, *says; } t[] = {
        { true, true, false, "embed 4 | gru 4 | pool last | dense", "leave the pooling out" },
        { false, true, false, "embed 4 | gru 4 | dense", "pool before" },
        { false, false, false, "embed 4 | gru 4 | pool last | dense 2", "no targets" },
        { false, false, true, "embed 4 | gru 4 | pool last | dense", "square" },
        { false, true, false, "embed 4 | gru 4 | pool last | dense | square", "softmax" },
    };
    int32_t id[8] = { 0, 1, 1, 0, 1, 0, 0, 1 };
    float y[8] = { 0 };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        recur_data *d;
        recur_model *m;
        OK(r, recur_data_arrays(r, &d, &(recur_arrays){ .count = 4, .steps = 2, .ids = id, .vocabulary = 2, .per_step = t[i].per_step,
                                .label = t[i].labels ? id : NULL, .classes = t[i].labels ? 2 : 0, .value = t[i].values ? y : NULL, .outputs = t[i].values }));
        OK(r, recur_model_new(r, &m, t[i].net, d, 1));
        assert_true(recur_fit(m, d, NULL, NULL, NULL, NULL) < 0);
        if (!strstr(recur_message(r), t[i].says)) fail_msg("%s: %s", t[i].net, recur_message(r));
        recur_model_free(m);
        recur_data_close(d);
    }
}

static int refuse(void *ud, recur_example *out)
{
    (void)ud; (void)out;
    return RECUR_EIO;
}

static void callbacks_pass_errors_on(void **state)
{
    recur *r = *state;
    recur_data *d;
    assert_int_equal(recur_data_callback(r, &d, "classify", refuse, NULL, NULL, NULL), RECUR_EIO);
    assert_null(d);
    FAILS(r, RECUR_EOPTION, "astrology", recur_data_callback(r, &d, "astrology", refuse, NULL, NULL, NULL));
    FAILS(r, RECUR_EOPTION, "function", recur_data_callback(r, &d, "classify", NULL, NULL, NULL, NULL));
}

static recur_model *judge_of_plays(recur *r)
{
    recur_data *d = texts(r, NULL);
    recur_model *m;
    recur_train_options o = recur_train_defaults();
    o.epochs = 40;
    o.batch = 4;
    o.lr = 0.02;
    OK(r, recur_model_new(r, &m, "embed 8 | lstm 8 bi | pool max | dense", d, 1));
    OK(r, recur_fit(m, d, NULL, &o, NULL, NULL));
    recur_data_close(d);
    return m;
}

static void a_loaded_model_answers_bit_for_bit(void **state)
{
    recur *r = *state;
    recur_model *m = judge_of_plays(r), *n;
    recur_answer a[2], b[2];
    OK(r, recur_model_save(m, FILE_NAME));
    OK(r, recur_model_load(r, &n, FILE_NAME));
    assert_string_equal(recur_model_net(m), recur_model_net(n));
    assert_string_equal(recur_model_task(n), "classify");
    assert_int_equal(recur_model_labels(n), 2);
    assert_null(recur_model_label(n, 2));
    static const char *const text[] = { "a funny evening", "a dull evening", "words never seen before", "the" };
    for (int i = 0; i < 4; i++) {
        assert_int_equal(recur_classify(r, m, text[i], a, 2), 2);
        assert_int_equal(recur_classify(r, n, text[i], b, 2), 2);
        assert_true(a[0].label == b[0].label && a[0].p == b[0].p && a[1].p == b[1].p && a[0].p >= a[1].p);
        assert_string_equal(a[0].name, b[0].name);
    }
    assert_int_equal(recur_classify(r, n, "funny and warm", b, 9), 2);
    assert_string_equal(b[0].name, "good");
    recur_data *d = texts(r, n);
    assert_int_equal(recur_data_count(d), 8);
    recur_data_close(d);
    recur_model_free(n);
    recur_model_free(m);
    unlink(FILE_NAME);
}

/* Vocabulary and labels live as long as anything that reads them: data, models and parts may go in any order. */
static void data_and_models_may_go_in_any_order(void **state)
{
    recur *r = *state;
    const char *const net = "embed 8 | gru 4 | pool max | dense";
    for (int order = 0; order < 2; order++) {
        recur_data *d = texts(r, NULL), *held, *more;
        recur_model *m, *n;
        recur_answer a[2], b[2];
        OK(r, recur_data_split(d, .3, 1, &held));
        OK(r, recur_model_new(r, &m, net, d, 1));
        more = texts(r, m);
        if (order == 0) recur_data_close(d);
        else recur_model_free(m);
        OK(r, recur_model_new(r, &n, net, held, 1));
        if (order == 0) OK(r, recur_fit(n, more, NULL, NULL, NULL, NULL));
        else OK(r, recur_model_new(r, &m, net, more, 1));
        recur_data_close(held);
        recur_data_close(more);
        if (order == 1) recur_data_close(d);
        assert_int_equal(recur_classify(r, m, "a funny evening", a, 2), 2);
        assert_int_equal(recur_classify(r, n, "a funny evening", b, 2), 2);
        if (order == 1) assert_true(a[0].p == b[0].p);       /* drawn by one seed */
        recur_model_free(m);
        recur_model_free(n);
    }
}

static void damaged_files_are_refused(void **state)
{
    recur *r = *state;
    recur_model *m;
    FAILS(r, RECUR_EIO, "no_such_file", recur_model_load(r, &m, "no_such_file.recur"));
    FILE *f = fopen(FILE_NAME, "wb");
    fputs("this is no model", f);
    fclose(f);
    FAILS(r, RECUR_EFORMAT, FILE_NAME, recur_model_load(r, &m, FILE_NAME));
    assert_null(m);
    unlink(FILE_NAME);
    m = judge_of_plays(r);
    FAILS(r, RECUR_EIO, "nowhere", recur_model_save(m, "nowhere/at/all.recur"));
    recur_model_free(m);
    recur_model_free(NULL);
}

static void a_wrong_net_is_explained(void **state)
{
    recur *r = *state;
    recur_data *d = sequences(r, false);
    recur_model *m;
    FAILS(r, RECUR_ESPEC, "lstn", recur_model_new(r, &m, "embed 4 | lstn 8 | pool last | dense", d, 1));
    FAILS(r, RECUR_EOPTION, "data", recur_model_new(r, &m, "embed 4", NULL, 1));
    recur_data_close(d);
}

static void a_model_shows_itself(void **state)
{
    recur *r = *state;
    recur_model *m = judge_of_plays(r);
    recur_param p;
    char *json;
    size_t n = 0;
    int i = 0;
    for (; recur_model_param(m, i, &p) == RECUR_OK; i++) {
        assert_true(p.rank >= 1 && p.rank <= 3 && p.w && strlen(p.name) > 3);
        n += p.n;
    }
    assert_int_equal(recur_model_param(m, i, &p), RECUR_EEND);
    OK(r, recur_inspect(r, m, &json));
    static const char *const keys[] = { "\"task\"", "\"net\"", "\"parameters\"", "\"labels\"", "\"training\"",
                                        "\"formula\"", "\"steps\"", "\"seed\"" };
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        if (!strstr(json, keys[k])) fail_msg("inspect has no %s: %s", keys[k], json);
    char count[64];
    snprintf(count, sizeof count, "\"parameters\": %zu", n);
    assert_non_null(strstr(json, count));
    recur_free(r, json);
    recur_model_free(m);
}

/* Rounded at load or stored in a file: the same answers; smaller; answers only. */
static void fewer_bytes_answer_alike(void **state)
{
    recur *r = *state;
    static const char *const storage[] = { "fp16", "bf16", "int8" };
    static const char text[] = "a dull play";
    recur_dims dims = { .B = 1, .T = 4, .train = 1 };
    for (int i = 0; i < 3; i++) {
        recur_model *m = judge_of_plays(r), *again;
        recur_answer whole[2], a[2], b[2];
        recur_run *u;
        assert_int_equal(recur_classify(r, m, text, whole, 2), 2);
        OK(r, recur_model_weights(m, storage[i]));
        assert_int_equal(recur_classify(r, m, text, a, 2), 2);
        OK(r, recur_model_save(m, FILE_NAME));
        OK(r, recur_model_load(r, &again, FILE_NAME));
        assert_int_equal(recur_classify(r, again, text, b, 2), 2);
        assert_int_equal(a[0].label, b[0].label);
        assert_true(a[0].p == b[0].p && fabsf(a[0].p - whole[0].p) < 0.1f);
        OK(r, recur_model_weights(again, storage[i]));                    /* once more changes nothing */
        assert_int_equal(recur_classify(r, again, text, b, 2), 2);
        assert_true(a[0].p == b[0].p);
        FAILS(r, RECUR_EOPTION, storage[i], recur_run_new(r, &u, m, &dims));
        FAILS(r, RECUR_EOPTION, "fp8", recur_model_weights(m, "fp8"));
        recur_model_free(again);
        recur_model_free(m);
        unlink(FILE_NAME);
    }
}

static int open_runtime(void **state)
{
    recur *r;
    int e = recur_open(&r, &(recur_config){ .threads = 2 });
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
        cmocka_unit_test(arrays_are_checked), cmocka_unit_test(arrays_come_out_as_packed_rows), cmocka_unit_test(fit_learns_arrays),
        cmocka_unit_test(fit_learns_numbers), cmocka_unit_test(numbers_are_judged), cmocka_unit_test(targets_and_answers_must_meet),
        cmocka_unit_test(callbacks_pass_errors_on), cmocka_unit_test(a_loaded_model_answers_bit_for_bit),
        cmocka_unit_test(data_and_models_may_go_in_any_order),
        cmocka_unit_test(damaged_files_are_refused), cmocka_unit_test(a_wrong_net_is_explained), cmocka_unit_test(a_model_shows_itself),
        cmocka_unit_test(fewer_bytes_answer_alike),
    };
    return cmocka_run_group_tests(tests, open_runtime, close_runtime);
}
