/* SPDX-License-Identifier: MIT
 * task_forecast.c - series: their times, tables, windows, spans, baselines and figures. */
#include <stdio.h>
#include "task_help.h"
#include "task/forecast/forecast.h"

/* A table of `rows` hours; values of rows from `other` on are drawn by another key. */
static char *hours(int rows, int other, uint64_t key)
{
    char *text = malloc((size_t)rows * 64 + 64);
    int n = sprintf(text, "time,load,heat\n");
    for (int i = 0; i < rows; i++) {
        uint64_t k = i < other ? 1 : key;
        n += sprintf(text + n, "2024-02-%02d %02d:00,%.3f,%.3f\n", 1 + i / 24, i % 24,
                     10 + 3 * sin(i * 0.2618) + rc_normal(rc_key(k, RC_OTHER, 0, 0), (uint64_t)i),
                     rc_normal(rc_key(k, RC_OTHER, 1, 0), (uint64_t)i));
    }
    return text;
}

static recur_train_options options(int input, int horizon)
{
    recur_train_options o = task_options();
    o.input = input;
    o.horizon = horizon;
    o.period = 4;
    o.segment = 1;
    return o;
}

static void times_are_written_as_read(void **state)
{
    (void)state;
    static const struct { const char *text, *next; int months; int64_t step; } cases[] = {
        { "2016-07-01 23:30:00", "2016-07-01 23:45:00", 0, 900 }, { "2024-02-28", "2024-02-29", 0, 86400 },
        { "1949/12", "1950/01", 1, 0 }, { "2023-01-31T05:00Z", "2023-02-28T05:00Z", 1, 0 },
        { "2024-12-31 23:00+01:00", "2025-01-01 00:00+01:00", 0, 3600 }, { "1999", "2000", 0, RC_NUMBER_UNIT },
        { "1700000000", "1700000060", 0, 60 }, { "0.5", "0.75", 0, RC_NUMBER_UNIT / 4 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rc_clock c = { .step = cases[i].step, .months = cases[i].months };
        char text[64];
        int64_t t, next;
        assert_true(rc_time_parse(cases[i].text, strlen(cases[i].text), c.form, &t));
        rc_time_print(&c, t, text);
        assert_string_equal(text, cases[i].text);
        next = rc_clock_ahead(&c, t, 1);
        rc_time_print(&c, next, text);
        assert_string_equal(text, cases[i].next);
        assert_near(rc_clock_steps(&c, t, next), 1, 1e-9);
    }
    static const char *const bad[] = { "2024-13-01", "2024-02", "24-02-01", "2024-02-01 25:00", "noon", "" };
    char form[40] = "Y-m-d H:M";
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t t;
        assert_false(rc_time_parse(bad[i], strlen(bad[i]), form, &t));
    }
}

static void forms_of_tables(void **state)
{
    recur *r = *state;
    recur_train_options o = options(2, 1);
    recur_data *d;
    const char *head[] = { "day;a;b\n2024-01-01;1;10\n2024-01-02;2;\n2024-01-03;?;30\n2024-01-04;4;40\n2024-01-05;5;50\n" };
    GOOD(r, task_read(r, &d, "forecast", head, 1, &o, NULL, RC_ALL, NULL));
    assert_int_equal(rc_windows_of(d)->look.V, 2);
    assert_int_equal(rc_windows_of(d)->rows, 5);
    assert_true(rc_windows_of(d)->look.gaps && d->F == 3);
    assert_true(isnan(rc_windows_of(d)->x[3]) && isnan(rc_windows_of(d)->x[4]));
    assert_int_equal(rc_windows_of(d)->since[4], 1);
    recur_data_close(d);
    const char *bare[] = { "1,2\n2,4\n3,6\n4,8\n" };
    GOOD(r, task_read(r, &d, "forecast", bare, 1, &o, NULL, RC_ALL, NULL));
    assert_string_equal(json_string_value(json_array_get(rc_windows_of(d)->look.column, 1)), "2");
    assert_int_equal(d->count, 4);       /* two columns, targets in rows 2 and 3 */
    recur_data_close(d);
    const char *wide[] = { "A,1,2,3,4,5\nB,5,6,7,8,,\n" };
    GOOD(r, task_read(r, &d, "forecast", wide, 1, &o, NULL, RC_ALL, NULL));
    assert_int_equal(rc_windows_of(d)->n, 2);
    assert_int_equal(rc_windows_of(d)->s[1].T, 4);
    assert_int_equal(rc_windows_of(d)->look.scaled, RC_SCALED_WINDOW);
    recur_data_close(d);
    const char *long_form[] = { "id,step,v\na,1,1\nb,1,9\na,2,2\nb,2,8\na,3,3\nb,3,7\n" };
    GOOD(r, task_read(r, &d, "forecast", long_form, 1, &o, NULL, RC_ALL, NULL));
    assert_int_equal(rc_windows_of(d)->n, 2);
    assert_string_equal(rc_windows_of(d)->s[1].id, "b");
    assert_int_equal(rc_windows_of(d)->s[1].T, 3);
    recur_data_close(d);
}

static void bad_lines_are_named(void **state)
{
    recur *r = *state;
    recur_train_options o = options(2, 1);
    const char *text[] = { "time,v\n2024-01-01,1\n2024-01-02,two\n2024-01-03,3,4\nnever,4\n2024-01-05,5\n2024-01-04,4\n2024-01-06,6\n" };
    static const int lines[] = { 3, 4, 5, 7 };
    json_t *problems = json_array();
    recur_data *d;
    GOOD(r, task_read(r, &d, "forecast", text, 1, &o, NULL, RC_ALL, problems));
    assert_int_equal(json_array_size(problems), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(problems, i), "line")), lines[i]);
    recur_data_close(d);
    json_decref(problems);
    const char *none[] = { "a,b\nx,y\n" };
    assert_int_equal(task_read(r, &d, "forecast", none, 1, &o, NULL, RC_ALL, NULL), RECUR_EDATA);
    recur_data_close(d);
    o.columns = "b";
    const char *other[] = { "time,v\n2024-01-01,1\n2024-01-02,2\n" };
    assert_int_equal(task_read(r, &d, "forecast", other, 1, &o, NULL, RC_ALL, NULL), RECUR_EDATA);
    assert_non_null(strstr(r->message, "--columns: no column 'b'"));
    recur_data_close(d);
}

/* A row that is lacking on an even clock is put in, and what is not seen is said with how long ago something was. */
static void gaps_are_inputs(void **state)
{
    recur *r = *state;
    recur_train_options o = options(3, 1);
    o.scaled = "none";
    char text[600];
    const char *at[] = { text };
    int n = sprintf(text, "time,v\n");
    for (int i = 0; i < 12; i++)
        if (i != 6)
            n += sprintf(text + n, "2024-01-01 %02d:00,%d\n", i, i);
    recur_data *d;
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_ALL, NULL));
    assert_int_equal(rc_windows_of(d)->rows, 12);
    assert_int_equal(d->count, 8);       /* targets in rows 3 to 11 but for row 6, which is not known */
    float x[9];
    rc_example ex = { .at = 8, .T = 3 };
    rc_window_cut(rc_windows_of(d), &ex, 0, NULL, x, 3);
    assert_near(x[0], rc_windows_of(d)->x[5], 0);
    assert_near(x[3], x[0], 0);          /* the last one seen stands in */
    assert_true(x[1] == 0.0f && x[4] == 1.0f && x[7] == 0.0f);
    assert_true(x[2] == 0.0f && x[5] == 0.0f);
    assert_near(x[8], log2(3) - 1, 1e-6);
    recur_data_close(d);
}

static void a_window_is_cut_the_same_alone(void **state)
{
    recur *r = *state;
    recur_train_options o = options(8, 3);
    char *text = hours(90, 90, 1);
    const char *at[] = { text };
    recur_data *d;
    recur_batch many, one;
    float x[7][8], y[7][3];
    int32_t ex[7];
    o.segment = 2;
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_ALL, NULL));
    for (int i = 0; i < 7; i++)
        ex[i] = i * 5;
    GOOD(r, rc_data_of(d, ex, 7, &many));
    assert_true(many.T == 4 && many.B == 7 && many.N == 28 && many.F == 2);
    for (int i = 0; i < 7; i++) {
        for (int t = 0; t < 4; t++)
            memcpy(&x[i][2 * t], many.x + (t * 7 + i) * 2, 2 * sizeof(float));
        memcpy(y[i], many.value[0] + 3 * i, sizeof y[i]);
    }
    for (int i = 0; i < 7; i++) {
        const rc_windows *w = rc_windows_of(d);
        const rc_example *e = &d->ex[ex[i]];
        GOOD(r, rc_data_of(d, &ex[i], 1, &one));
        assert_memory_equal(one.x, x[i], sizeof x[i]);
        assert_memory_equal(one.value[0], y[i], sizeof y[i]);
        float last = w->x[(e->at - 1) * 2 + (size_t)e->label];
        for (size_t t = 0; t < 8; t++)
            assert_true(x[i][t] == w->x[(e->at - 8 + t) * 2 + (size_t)e->label] - last);
        for (size_t t = 0; t < 3; t++)
            assert_true(y[i][t] == w->x[(e->at + t) * 2 + (size_t)e->label] - last);
    }
    recur_data_close(d);
    free(text);
}

static recur_model *model(recur *r, recur_data *d, const char *net)
{
    recur_model *m;
    GOOD(r, rc_model_build(r, &m, net, d, 1, NULL));
    return m;
}

/* The segments of a window's horizon: number and column as ids, their rows as targets, one window of the side chain. */
static void segments_side_by_side(void **state)
{
    recur *r = *state;
    recur_train_options o = options(8, 6);
    char *text = hours(90, 90, 1);
    const char *at[] = { text };
    recur_data *d;
    recur_batch b;
    float all[6], x[8], windows[4][8];
    o.segment = 2;
    o.decode = "parallel";
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_ALL, NULL));
    assert_true(d->group == 3 && d->count == 3 * d->side->count && rc_windows_count(d) == d->side->count);
    recur_data_start(d, 12, 1, 3, 0);
    GOOD(r, recur_data_next(d, &b));
    assert_true(b.B == 12 && b.N == 12 && b.C == 2 && b.side != NULL && b.side->B == 4 && b.side->T == 4 && b.side->F == 2);
    for (int i = 0; i < 12; i++) {
        const rc_example *e = &d->ex[rc_data_order(d, i)];
        float last = rc_window_value(rc_windows_of(d), e, e->label, -1);
        assert_true(b.ids[i] == i % 3 && b.ids[12 + i] == e->label && b.place[i] == i / 3);
        for (int k = 0; k < 2; k++)
            assert_true(b.value[0][2 * i + k] == rc_window_value(rc_windows_of(d), e, e->label, 2 * (i % 3) + k) - last);
        rc_window_cut(rc_windows_of(d), &d->side->ex[e->side], 0, NULL, x, 2);
        for (int t = 0; t < 4; t++)
            memcpy(&windows[i / 3][2 * t], b.side->x + (t * 4 + i / 3) * 2, 2 * sizeof(float));
        assert_memory_equal(x, windows[i / 3], sizeof x);
    }
    recur_model *m = NULL;
    rc_run *u;
    GOOD(r, rc_model_build(r, &m, "input | gru 4 >> embed 3 | gru 4 bridge=copy | dense", d, 1, NULL));
    float many[5 * 6];
    GOOD(r, rc_forecast_open(m, d, &u));
    GOOD(r, rc_forecast_run(m, d, u, 0, 5, 6, many));
    for (int i = 0; i < 5; i++) {
        GOOD(r, rc_forecast_run(m, d, u, i, 1, 6, all));
        assert_memory_equal(all, many + 6 * i, sizeof all);    /* alone as among others */
    }
    rc_run_free(u);
    recur_model_free(m);
    recur_data_close(d);
    free(text);
}

/* One window with both columns is as good as each alone where the net is blind to it: last values. */
static void joint_windows(void **state)
{
    recur *r = *state;
    recur_train_options o = options(6, 3);
    char *text = hours(60, 60, 1);
    const char *at[] = { text };
    recur_data *d;
    rc_run *u;
    float y[2 * 3];
    o.joint = 1;
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_ALL, NULL));
    assert_true(d->F == 2 && d->outputs == 6 && d->count == 60 - 3 - 6 + 1);
    recur_model *m = model(r, d, "input | gru 4 | pool last | dense");
    memset(m->w, 0, m->net->params.total * sizeof *m->w);
    GOOD(r, rc_forecast_open(m, d, &u));
    GOOD(r, rc_forecast_run(m, d, u, 7, 1, 3, y));
    for (int c = 0; c < 2; c++)
        for (int h = 0; h < 3; h++)
            assert_true(y[3 * c + h] == rc_windows_of(d)->x[(d->ex[7].at - 1) * 2 + (size_t)c]);
    rc_run_free(u);
    recur_model_free(m);
    recur_data_close(d);
    free(text);
}

/* What lies behind the training span changes nothing that is learned or trained on. */
static void nothing_leaks(void **state)
{
    recur *r = *state;
    recur_train_options o = options(12, 4);
    o.period = o.input = o.horizon = -1;
    o.split = "60,20,20";
    o.known = "calendar";
    recur_data *d[2];
    for (int i = 0; i < 2; i++) {
        char *text = hours(100, 60, (uint64_t)i + 1);
        const char *at[] = { text };
        GOOD(r, task_read(r, &d[i], "forecast", at, 1, &o, NULL, RC_TRAIN_PART, NULL));
        free(text);
    }
    assert_int_equal(d[0]->count, d[1]->count);
    assert_memory_equal(d[0]->scaling.mean, d[1]->scaling.mean, 2 * sizeof(float));
    assert_memory_equal(d[0]->scaling.scale, d[1]->scaling.scale, 2 * sizeof(float));
    assert_true(json_equal(d[0]->form, d[1]->form));
    recur_batch a, b;
    recur_data_start(d[0], 16, 1, 5, 1);
    recur_data_start(d[1], 16, 1, 5, 1);
    while (recur_data_next(d[0], &a) == RECUR_OK) {
        GOOD(r, recur_data_next(d[1], &b));
        assert_memory_equal(a.x, b.x, (size_t)a.N * (size_t)a.F * sizeof(float));
        assert_memory_equal(a.value[0], b.value[0], (size_t)a.B * (size_t)d[0]->outputs * sizeof(float));
    }
    recur_data_close(d[0]);
    recur_data_close(d[1]);
}

static rc_like like_of(const recur_model *m)
{
    return (rc_like){ .scaling = &m->scaling, .form = json_object_get(m->card, "form") };
}

static void spans_of_an_evaluation(void **state)
{
    recur *r = *state;
    recur_train_options o = options(8, 4), plain = task_options();
    o.split = ".5,.2,.3";
    char *same = hours(100, 100, 1), *other = hours(100, 0, 9);
    const char *at[] = { same }, *else_at[] = { other }, *both[] = { same, other };
    recur_data *d, *e;
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_TRAIN_PART, NULL));
    recur_model *m = model(r, d, "input | gru 4 | pool last | dense");
    rc_like like = like_of(m);
    GOOD(r, task_read(r, &e, "forecast", at, 1, &o, &like, RC_HELD_PART, NULL));
    assert_true(rc_windows_of(e)->s[0].from == 50 && rc_windows_of(e)->s[0].to == 70);
    recur_data_close(e);
    GOOD(r, task_read(r, &e, "forecast", at, 1, &plain, &like, RC_ALL, NULL));
    assert_true(rc_windows_of(e)->s[0].from == 70 && rc_windows_of(e)->s[0].to == 100 && rc_windows_of(e)->span == RC_SPAN_TEST);
    assert_int_equal(e->count, 2 * (30 - 4 + 1));
    recur_data_close(e);
    GOOD(r, task_read(r, &e, "forecast", else_at, 1, &plain, &like, RC_ALL, NULL));
    assert_true(rc_windows_of(e)->s[0].from == 0 && rc_windows_of(e)->s[0].to == 100 && rc_windows_of(e)->span == RC_SPAN_ALL);
    recur_data_close(e);
    for (char *p = other; (p = strstr(p, "2024-02")) != NULL; p++)
        p[6] = '3';                      /* a month later: the second file goes on */
    GOOD(r, task_read(r, &e, "forecast", both, 2, &plain, &like, RC_ALL, NULL));
    assert_int_equal(rc_windows_of(e)->s[0].to - rc_windows_of(e)->s[0].from, 100);
    recur_data_close(e);
    recur_model_free(m);
    recur_data_close(d);
    free(same);
    free(other);
}

/* A net of zeros on last values forecasts the last value; the figures are those of the definition. */
static void figures_by_their_definition(void **state)
{
    enum { ROWS = 96, FROM = 72, H = 5, M = 4 };
    recur *r = *state;
    recur_train_options o = options(8, H), plain = task_options();
    o.split = "60,12,24";
    o.columns = "load";
    char *text = hours(ROWS, ROWS, 1);
    const char *at[] = { text };
    recur_data *d, *e;
    json_t *score;
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_TRAIN_PART, NULL));
    recur_model *m = model(r, d, "input | gru 4 | pool last | dense");
    memset(m->w, 0, m->net->params.total * sizeof *m->w);
    GOOD(r, rc_forecast_baseline(m, d, NULL));
    rc_like like = like_of(m);
    GOOD(r, task_read(r, &e, "forecast", at, 1, &plain, &like, RC_ALL, NULL));
    GOOD(r, rc_forecast_eval(m, e, &score));
    double y[ROWS], mse = 0, mae = 0, smape = 0, season = 0, unit = 0, n = 0;
    for (int i = 0; i < ROWS; i++)
        y[i] = (double)rc_windows_of(e)->x[i];
    for (int t = M; t < 60; t++)
        unit += fabs(y[t] - y[t - M]) / (60 - M);
    for (int t = FROM; t + H <= ROWS; t++)
        for (int h = 0; h < H; h++, n++) {
            double s = (double)d->scaling.scale[0], mean = (double)d->scaling.mean[0], off = fabs(y[t + h] - y[t - 1]);
            mse += off * off;
            mae += off;
            smape += 200 * off / s / (fabs(y[t + h] / s + mean) + fabs(y[t - 1] / s + mean));
            season += fabs(y[t + h] - y[h < M ? t + h - M : t + h - 2 * M]);
        }
    const json_t *last = json_object_get(json_object_get(score, "baselines"), "last");
    assert_near(json_number_value(json_object_get(score, "mse")), mse / n, 1e-6);
    assert_near(json_number_value(json_object_get(score, "mae")), mae / n, 1e-6);
    assert_near(json_number_value(json_object_get(score, "mase")), mae / n / unit, 1e-6);
    assert_near(json_number_value(json_object_get(score, "smape")), smape / n, 1e-5);
    assert_near(json_number_value(json_object_get(last, "mse")), mse / n, 1e-9);
    assert_near(json_number_value(json_object_get(json_object_get(json_object_get(score, "baselines"), "seasonal"), "mae")),
                season / n, 1e-6);
    json_decref(score);
    recur_data_close(e);
    recur_model_free(m);
    recur_data_close(d);
    free(text);
}

/* The linear model finds a sine, which is a sum of two values before it. */
static void linear_finds_a_sine(void **state)
{
    recur *r = *state;
    recur_train_options o = options(6, 4), plain = task_options();
    char *text = malloc(40 * 300);
    const char *at[] = { text };
    int n = sprintf(text, "v\n");
    for (int i = 0; i < 300; i++)
        n += sprintf(text + n, "%.7f\n", 5 + sin(i * 0.37));
    recur_data *d, *held, *e;
    json_t *score;
    o.split = ".6,.2,.2";
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_TRAIN_PART, NULL));
    recur_model *m = model(r, d, "input | gru 4 | pool last | dense");
    rc_like like = like_of(m);
    GOOD(r, task_read(r, &held, "forecast", at, 1, &o, &like, RC_HELD_PART, NULL));
    GOOD(r, rc_forecast_baseline(m, d, held));
    GOOD(r, task_read(r, &e, "forecast", at, 1, &plain, &like, RC_ALL, NULL));
    GOOD(r, rc_forecast_eval(m, e, &score));
    const json_t *base = json_object_get(score, "baseline");
    assert_string_equal(json_string_value(json_object_get(base, "name")), "linear");
    assert_true(json_number_value(json_object_get(base, "mae")) < 0.02);     /* ridge of 1e-3 holds it back by so little */
    json_decref(score);
    recur_data_close(e);
    recur_data_close(held);
    recur_model_free(m);
    recur_data_close(d);
    free(text);
}

/* Going on from its own forecasts is the same as being given them as further rows. */
static void recursion_is_going_on(void **state)
{
    recur *r = *state;
    recur_train_options o = options(6, 6), plain = task_options();
    o.decode = "recursive";
    o.segment = 2;
    o.columns = "load";
    char *text = hours(60, 60, 1), *more = malloc(strlen(text) + 200);
    const char *at[] = { text }, *more_at[] = { more };
    recur_data *d, *e;
    float *y, *next;
    int Q, n = sprintf(more, "%s", text);
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_ALL, NULL));
    assert_int_equal(rc_windows_of(d)->look.block, 2);
    recur_model *m = model(r, d, "input | gru 5 | pool last | dense");
    rc_like like = like_of(m);
    GOOD(r, task_read(r, &e, "forecast", at, 1, &plain, &like, RC_ALL, NULL));
    GOOD(r, rc_forecast_future(m, e, 5, &y, &Q));
    assert_int_equal(Q, 1);
    recur_data_close(e);
    for (int k = 0; k < 4; k += 2) {
        for (int i = 0; i < 2; i++)
            n += sprintf(more + n, "2024-02-%02d %02d:00,%.9g,0\n", 1 + (60 + k + i) / 24, (60 + k + i) % 24, (double)y[k + i]);
        GOOD(r, task_read(r, &e, "forecast", more_at, 1, &plain, &like, RC_ALL, NULL));
        GOOD(r, rc_forecast_future(m, e, 1, &next, &Q));
        assert_near(next[0], y[k + 2], 2e-5);
        rc_free(r, next);
        recur_data_close(e);
    }
    rc_free(r, y);
    recur_model_free(m);
    recur_data_close(d);
    free(text);
    free(more);
}

static void known_ahead_must_be_there(void **state)
{
    recur *r = *state;
    recur_train_options o = options(6, 3), plain = task_options();
    o.columns = "load";
    o.known = "heat,calendar";
    char *text = hours(50, 50, 1), *more = malloc(strlen(text) + 200);
    const char *at[] = { text }, *more_at[] = { more };
    recur_data *d, *e;
    float *y;
    int Q;
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_ALL, NULL));
    assert_true(rc_windows_of(d)->look.K == 1 && rc_windows_of(d)->look.A == 6 && d->F == 3 + 7 && d->ex[0].T == 9);
    recur_model *m = model(r, d, "input | gru 5 | pool last | dense");
    rc_like like = like_of(m);
    GOOD(r, task_read(r, &e, "forecast", at, 1, &plain, &like, RC_ALL, NULL));
    assert_int_equal(rc_forecast_future(m, e, 3, &y, &Q), RECUR_EDATA);
    assert_non_null(strstr(r->message, "--known"));
    recur_data_close(e);
    sprintf(more, "%s2024-02-03 02:00,,1\n2024-02-03 03:00,,2\n2024-02-03 04:00,,3\n", text);
    GOOD(r, task_read(r, &e, "forecast", more_at, 1, &plain, &like, RC_ALL, NULL));
    GOOD(r, rc_forecast_future(m, e, 3, &y, &Q));
    rc_free(r, y);
    recur_data_close(e);
    recur_model_free(m);
    recur_data_close(d);
    free(text);
    free(more);
}

static void the_period_is_found(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    char *text = malloc(40 * 500);
    const char *at[] = { text };
    recur_data *d;
    int n = sprintf(text, "v\n");
    for (int i = 0; i < 400; i++)
        n += sprintf(text + n, "%.4f\n", 0.05 * i + (i % 7 == 0 ? 6 : 0) + rc_normal(3, (uint64_t)i));
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_TRAIN_PART, NULL));
    assert_int_equal(rc_windows_of(d)->look.period, 7);
    recur_data_close(d);
    n = sprintf(text, "v\n");
    for (int i = 0; i < 400; i++)
        n += sprintf(text + n, "%.4f\n", rc_normal(3, (uint64_t)i));
    GOOD(r, task_read(r, &d, "forecast", at, 1, &o, NULL, RC_TRAIN_PART, NULL));
    assert_int_equal(rc_windows_of(d)->look.period, 1);
    recur_data_close(d);
    free(text);
}

static int read_and_free(recur *r, void *arg)
{
    recur_train_options o = options(6, 3);
    recur_data *d = NULL;
    const char *at[] = { arg };
    int e = task_read(r, &d, "forecast", at, 1, &o, NULL, RC_TRAIN_PART, NULL);
    recur_data_close(d);
    return e;
}

static void memory_fails(void **state)
{
    (void)state;
    char *text = hours(48, 48, 1);
    test_all_allocations(read_and_free, text, 1);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_as_read), TASK_TEST(forms_of_tables), TASK_TEST(bad_lines_are_named),
        TASK_TEST(gaps_are_inputs), TASK_TEST(a_window_is_cut_the_same_alone), TASK_TEST(segments_side_by_side), TASK_TEST(joint_windows),
        TASK_TEST(nothing_leaks),
        TASK_TEST(spans_of_an_evaluation), TASK_TEST(figures_by_their_definition),
        TASK_TEST(linear_finds_a_sine), TASK_TEST(recursion_is_going_on),
        TASK_TEST(known_ahead_must_be_there), TASK_TEST(the_period_is_found), cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
