/* SPDX-License-Identifier: MIT
 * api_forecast.c - forecasting from file to forecast: the same for any number of threads, blind to the test span, as good
 * from the file as before it was written, and resumed as if it had never stopped. */
#include <unistd.h>
#include "api.h"

enum { ROWS = 260, SPLIT = 180 };
static char folder[] = "/tmp/recur-forecast-XXXXXX";
static char csv[64], blind[64], out[64];

static float wave(int t) { return (float)(30 + 8 * sin(t * 0.7854) + 0.02 * t + sin(t * t * 1.3)); }

static void write_csv(const char *path, int from)
{
    FILE *f = fopen(path, "w");
    fputs("hour,v\n", f);
    for (int t = 0; t < ROWS; t++)
        fprintf(f, "2024-03-%02d %02d:00,%.9g\n", 1 + t / 24, t % 24, (double)wave(t) + (t >= from ? 100 : 0));
    fclose(f);
}

static int begin(void **state)
{
    recur *r;
    if (!mkdtemp(folder)) return -1;
    snprintf(csv, sizeof csv, "%s/a.csv", folder);
    snprintf(blind, sizeof blind, "%s/b.csv", folder);
    snprintf(out, sizeof out, "%s/m.recur", folder);
    write_csv(csv, ROWS);
    write_csv(blind, SPLIT + 40);
    int e = recur_open(&r, NULL);
    *state = r;
    return e;
}

static int end(void **state)
{
    recur_close(*state);
    unlink(csv);
    unlink(blind);
    unlink(out);
    rmdir(folder);
    return 0;
}

static recur_train_options options(const char *decode)
{
    recur_train_options o = recur_train_defaults();
    o.split = "180,40,40";
    o.input = 16;
    o.horizon = 8;
    o.segment = 4;
    o.epochs = 2;
    o.decode = decode;
    return o;
}

static recur_model *train(recur *r, const char *path, const recur_train_options *o)
{
    recur_model *m;
    OK(r, recur_train(r, &m, "forecast", &path, 1, o, NULL, NULL));
    return m;
}

static void same_weights(const recur_model *a, const recur_model *b)
{
    recur_param p, q;
    for (int i = 0; recur_model_param(a, i, &p) == RECUR_OK; i++) {
        assert_int_equal(recur_model_param(b, i, &q), RECUR_OK);
        assert_memory_equal(p.w, q.w, p.n * sizeof *p.w);
    }
}

static const char *const decodes[] = { "direct", "recursive", "parallel" };

static void threads_and_test_rows_change_nothing(void **state)
{
    recur *r = *state, *three;
    assert_int_equal(recur_open(&three, &(recur_config){ .threads = 3 }), RECUR_OK);
    for (int k = 0; k < 3; k++) {
        recur_train_options o = options(decodes[k]);
        recur_model *a = train(r, csv, &o), *b = train(three, csv, &o), *c = train(r, blind, &o);
        same_weights(a, b);
        same_weights(a, c);
        recur_model_free(a);
        recur_model_free(b);
        recur_model_free(c);
    }
    recur_close(three);
}

/* The file's own rows, the array of them, and the model read from its file: one forecast. */
static void one_forecast_three_ways(void **state)
{
    recur *r = *state;
    float past[ROWS], next[12], again[12];
    const char *path[] = { csv };
    for (int t = 0; t < ROWS; t++) {
        char text[32];
        snprintf(text, sizeof text, "%.9g", (double)wave(t));
        past[t] = strtof(text, NULL);
    }
    for (int k = 0; k < 3; k++) {
        recur_train_options o = options(decodes[k]);
        recur_model *m = train(r, csv, &o), *read;
        recur_data *d;
        char *json;
        OK(r, recur_forecast(r, m, past, ROWS, 1, next, 12));
        OK(r, recur_model_save(m, out));
        OK(r, recur_model_load(r, &read, out));
        OK(r, recur_forecast(r, read, past, ROWS, 1, again, 12));
        assert_memory_equal(next, again, sizeof next);
        OK(r, recur_data_files(r, &d, "forecast", path, 1, NULL, read));
        OK(r, recur_forecast_data(r, read, d, 12, 3, &json));
        assert_non_null(strstr(json, "\"2024-03-11 20:00\""));
        const char *at = strstr(json, "\"forecast\"");
        assert_non_null(at);
        at = strchr(at, '[') + 1;
        for (int h = 0; h < 12; h++) {
            char *after;
            assert_true(fabs(strtod(at, &after) - (double)next[h]) < 1e-4);
            at = after + 1;
        }
        recur_free(r, json);
        recur_data_close(d);
        recur_model_free(read);
        recur_model_free(m);
    }
}

static int stop_at_seven(void *ud, const recur_progress *p)
{
    (void)ud;
    return p->event == RECUR_STEP && p->step >= 7;
}

static void resumed_as_if_never_stopped(void **state)
{
    recur *r = *state;
    const char *path[] = { csv };
    recur_train_options o = options("parallel");
    recur_model *whole = train(r, csv, &o), *m;
    o.out = out;
    o.force = 1;
    FAILS(r, RECUR_ESTOP, "stopped", recur_train(r, &m, "forecast", path, 1, &o, stop_at_seven, NULL));
    o.resume = 1;
    OK(r, recur_train(r, &m, "forecast", path, 1, &o, NULL, NULL));
    same_weights(whole, m);
    recur_model_free(whole);
    recur_model_free(m);
}

static void wrong_calls_are_refused(void **state)
{
    recur *r = *state;
    const char *path[] = { csv };
    recur_train_options o = options("sideways");
    recur_model *m;
    recur_data *d, *held;
    float next[4];
    FAILS(r, RECUR_EOPTION, "--decode 'sideways'", recur_train(r, &m, "forecast", path, 1, &o, NULL, NULL));
    o = options("direct");
    o.split = "0,1";
    FAILS(r, RECUR_EOPTION, "--split", recur_train(r, &m, "forecast", path, 1, &o, NULL, NULL));
    o.split = NULL;
    o.segment = 5;
    FAILS(r, RECUR_EOPTION, "does not divide", recur_train(r, &m, "forecast", path, 1, &o, NULL, NULL));
    o.segment = 4;
    o.input = 4000;
    FAILS(r, RECUR_EDATA, "no window fits", (o.horizon = 300, recur_train(r, &m, "forecast", path, 1, &o, NULL, NULL)));
    o = options("direct");
    m = train(r, csv, &o);
    FAILS(r, RECUR_EDATA, "columns", recur_forecast(r, m, next, 2, 2, next, 4));
    OK(r, recur_data_files(r, &d, "forecast", path, 1, NULL, m));
    FAILS(r, RECUR_EOPTION, "--split", recur_data_split(d, 0.5, 1, &held));
    recur_data_close(d);
    recur_model_free(m);
}

/* A model file whose card does not say what its series look like, or says what cannot be. */
static void damaged_forms_are_refused(void **state)
{
    recur *r = *state;
    const char *path[] = { csv };
    recur_train_options o = options("parallel");
    recur_model *m = train(r, csv, &o);
    static const char *const from[] = { "\\\"segment\\\":4", "\\\"input\\\":16", "\\\"decode\\\":\\\"p", "\\\"block\\\":8", "\\\"form\\\":" };
    static const char *const to[] = { "\\\"segment\\\":3", "\\\"input\\\":-6", "\\\"decode\\\":\\\"q", "\\\"block\\\":9", "\\\"norm\\\":" };
    OK(r, recur_model_save(m, out));
    recur_model_free(m);
    FILE *f = fopen(out, "rb");
    static char whole[1 << 20], copy[1 << 20];
    size_t n = fread(whole, 1, sizeof whole, f);
    fclose(f);
    for (int k = 0; k < 5; k++) {
        recur_data *d = NULL;
        size_t at = 0, len = strlen(from[k]);
        memcpy(copy, whole, n);
        while (at + len < n && memcmp(copy + at, from[k], len) != 0) at++;
        assert_true(at + len < n);
        memcpy(copy + at, to[k], len);
        f = fopen(out, "wb");
        fwrite(copy, 1, n, f);
        fclose(f);
        int e = recur_model_load(r, &m, out);
        if (e == RECUR_OK) {
            assert_int_equal(recur_data_files(r, &d, "forecast", path, 1, NULL, m), RECUR_EFORMAT);
            recur_model_free(m);
        } else {
            assert_int_equal(e, RECUR_EFORMAT);
        }
    }
}

static void no_memory_is_told(void **state)
{
    (void)state;
    counter c;
    const char *path[] = { csv };
    recur_train_options o = options("parallel");
    o.steps = 1;
    for (long k = 1, done = 0; !done; k += 1 + k / 8) {
        recur *r = open_counted(&c, 1);
        recur_model *m = NULL;
        c.fail_at = c.calls + k;
        int e = recur_train(r, &m, "forecast", path, 1, &o, NULL, NULL);
        if (e == RECUR_OK) done = 1;
        else assert_int_equal(e, RECUR_ENOMEM);
        c.fail_at = 0;
        recur_model_free(m);
        recur_close(r);
        assert_int_equal(c.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_and_test_rows_change_nothing), cmocka_unit_test(one_forecast_three_ways),
        cmocka_unit_test(resumed_as_if_never_stopped), cmocka_unit_test(wrong_calls_are_refused), cmocka_unit_test(damaged_forms_are_refused), cmocka_unit_test(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
