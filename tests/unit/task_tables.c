/* SPDX-License-Identifier: MIT
 * task_tables.c - what tables of series say and what is asked of them: parts, columns, times, separators. */
#include "task_help.h"
#include "task/forecast/forecast.h"

static recur_train_options options(void)
{
    recur_train_options o = task_options();
    o.input = 4;
    o.horizon = 2;
    o.period = 2;
    o.segment = 1;
    return o;
}

/* Reads one table; what is refused is named in r->message. */
static int read_one(recur *r, recur_data **d, const char *text, const recur_train_options *o, json_t *problems)
{
    return task_read(r, d, "forecast", &text, 1, o, NULL, RC_ALL, problems);
}

static void refused(recur *r, const char *text, const recur_train_options *o, const char *why)
{
    recur_data *d = NULL;
    int e = read_one(r, &d, text, o, NULL);
    recur_data_close(d);
    if (e == RECUR_OK || strstr(r->message, why) == NULL)
        fail_msg("%d: '%s' lacks '%s'", e, e == RECUR_OK ? "" : r->message, why);
}

static void parts_must_be_there(void **state)
{
    recur *r = *state;
    recur_train_options o = options();
    char text[600] = "v\n";
    for (int i = 0; i < 50; i++)
        sprintf(text + strlen(text), "%d\n", i % 7);
    o.split = "30,10,20";
    refused(r, text, &o, "--split 30,10,20 asks for 60 steps, and the table has 50");
    o.split = "30,30";
    refused(r, text, &o, "--split 30,30 asks for 60 steps, and the table has 50");
    recur_data *d;
    o.split = "30,10,10";
    GOOD(r, read_one(r, &d, text, &o, NULL));
    recur_data_close(d);
}

/* What is forecast must not be an input of the steps ahead. */
static void what_is_forecast_is_not_known(void **state)
{
    recur *r = *state;
    recur_train_options o = options();
    static const char text[] = "date,load,heat\n2024-01-01,1,2\n2024-01-02,2,3\n2024-01-03,1,2\n2024-01-04,2,3\n2024-01-05,1,2\n2024-01-06,2,3\n2024-01-07,3,3\n";
    o.columns = "load";
    o.known = "load";
    refused(r, text, &o, ":1: --known: column 'load' is to be forecast");
    o.known = "calendar,heat,heat";
    refused(r, text, &o, ":1: --known: column 'heat' stands twice");
    o.columns = "heat,heat";
    refused(r, text, &o, ":1: --columns: column 'heat' stands twice");
    recur_data *d;
    o.columns = NULL;
    o.known = "load";                    /* then it is none of those that are found */
    GOOD(r, read_one(r, &d, text, &o, NULL));
    assert_true(rc_windows_of(d)->look.V == 1 && rc_windows_of(d)->look.K == 1);
    recur_data_close(d);
}

/* --- times --- */

static void times_of_other_lands(void **state)
{
    (void)state;
    static const struct { const char *text, *form, *next; int64_t step; } cases[] = {
        { "01/31/2024", "m/d/Y", "02/01/2024", 86400 }, { "31.01.2024", "d.m.Y", "01.02.2024", 86400 },
        { "02.01.2024 23:30", "d.m.Y H:M", "03.01.2024 00:00", 1800 }, { "31/12/2024 23:00:00", "d/m/Y H:M:S", "01/01/2025 00:00:00", 3600 },
        { "01/02/2024", "m/d/Y", "01/03/2024", 86400 }, { "31-01-2024T05:00Z", "d-m-YTH:MZ", "31-01-2024T06:00Z", 3600 },
        { "1700000000123", "U", "1700000000223", 100 }, { "1700000000", "u", "1700000060", 60 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rc_clock c = { .step = cases[i].step };
        char text[64];
        int64_t t;
        if (!rc_time_parse(cases[i].text, strlen(cases[i].text), c.form, &t))
            fail_msg("%s is not read", cases[i].text);
        assert_string_equal(c.form, cases[i].form);
        rc_time_print(&c, t, text);
        assert_string_equal(text, cases[i].text);
        rc_time_print(&c, rc_clock_ahead(&c, t, 1), text);
        assert_string_equal(text, cases[i].next);
    }
    static const char *const bad[] = { "13/13/2024", "0/1/2024", "1/2/24", "1/2-2024", "1.2", "31.02", "1/2", "1//2/2024", "/1/2/2024" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char form[40] = "";
        int64_t t;
        if (rc_time_parse(bad[i], strlen(bad[i]), form, &t) && form[0] != 'n')
            fail_msg("%s is read as %s", bad[i], form);
    }
}

/* The calendar of milliseconds is that of seconds. */
static void milliseconds_have_a_calendar(void **state)
{
    (void)state;
    rc_clock s = { .form = "u", .step = 3600 }, m = { .form = "U", .step = 3600000 };
    float a[6], b[6];
    assert_int_equal(rc_clock_features(&s), 6);
    assert_int_equal(rc_clock_features(&m), 6);
    rc_clock_put(&s, 1700000000, a);
    rc_clock_put(&m, 1700000000000, b);
    assert_memory_equal(a, b, sizeof a);
}

/* Where day and month stand is asked of the whole column; a day that is left out is a row that is missing. */
static void the_column_shows_the_day(void **state)
{
    recur *r = *state;
    recur_train_options o = options();
    static const struct { const char *head, *first; } cases[] = { { "m/d/Y", "01/05/2023" }, { "d/m/Y", "05/01/2023" } };
    for (int k = 0; k < 2; k++) {
        char text[3000] = "date,v\n";
        recur_data *d;
        for (int i = 5; i <= 28; i++)
            if (i != 20)
                sprintf(text + strlen(text), k == 0 ? "01/%02d/2023,%d\n" : "%02d/01/2023,%d\n", i, i % 5);
        GOOD(r, read_one(r, &d, text, &o, NULL));
        const rc_windows *w = rc_windows_of(d);
        char said[64];
        rc_time_print(&w->look.clock, w->time[0], said);
        assert_string_equal(w->look.clock.form, cases[k].head);
        assert_string_equal(said, cases[k].first);
        assert_int_equal(w->rows, 24);
        assert_int_equal(w->look.clock.step, 86400);
        assert_string_equal(w->look.remark, "");
        recur_data_close(d);
    }
}

static void what_is_not_certain_is_said(void **state)
{
    recur *r = *state;
    recur_train_options o = options();
    char text[3000] = "date,v\n";
    recur_data *d;
    for (int i = 1; i <= 12; i++)
        sprintf(text + strlen(text), "01/%02d/2023,%d\n", i, i % 5);
    GOOD(r, read_one(r, &d, text, &o, NULL));
    assert_non_null(strstr(rc_windows_of(d)->look.remark, "the month is taken to come first"));
    recur_data_close(d);
    strcpy(text, "date,v\n");
    for (int i = 1; i <= 12; i++)
        sprintf(text + strlen(text), "%d Jan 2023,%d\n", i, i % 5);
    GOOD(r, read_one(r, &d, text, &o, NULL));
    assert_non_null(strstr(rc_windows_of(d)->look.remark, "'1 Jan 2023' looks like a time"));
    assert_int_equal(rc_windows_of(d)->look.clock.form[0], 0);
    recur_data_close(d);
    static const char long_name[] = "量得的每一个数值所属于的那一天的日期写在这里,v\n1/1/2023,1\n1/2/2023,2\n1/3/2023,3\n1/4/2023,3\n1/5/2023,3\n1/6/2023,3\n1/7/2023,3\n";
    GOOD(r, read_one(r, &d, long_name, &o, NULL));
    size_t bad;                          /* the name is cut, and not inside a sign */
    assert_true(rc_windows_of(d)->look.remark[0] != 0);
    assert_true(rc_utf8_valid(rc_windows_of(d)->look.remark, strlen(rc_windows_of(d)->look.remark), &bad));
    recur_data_close(d);
    static const char said[] = "日期,v\n一月1日,1\n一月2日,2\n一月3日,3\n一月4日,3\n一月5日,3\n一月6日,3\n一月7日,3\n";
    GOOD(r, read_one(r, &d, said, &o, NULL));
    assert_non_null(strstr(rc_windows_of(d)->look.remark, "'一月1日' looks like a time"));
    recur_data_close(d);
    refused(r, "da\xe4te,v\n1/1/2023,1\n1/2/2023,2\n1/3/2023,3\n1/4/2023,3\n1/5/2023,3\n", &o, ":1: the name of a column is not UTF-8");
    static const char falls[] = "date,v\n05/05/2023,1\n05/02/2023,2\n05/27/2023,3\n05/28/2023,3\n05/29/2023,3\n05/30/2023,3\n05/31/2023,3\n06/01/2023,1\n";
    json_t *problems = json_array();
    GOOD(r, read_one(r, &d, falls, &o, problems));
    assert_int_equal(json_array_size(problems), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(problems, 0), "line")), 3);
    json_decref(problems);
    recur_data_close(d);
}

/* Seconds since 1970 by name or by what they are; asked for as numbers, they are numbers. */
static void seconds_since_1970(void **state)
{
    recur *r = *state;
    recur_train_options o = options();
    static const char *const head[] = { "ts,v", "at,v", "date,v" };
    for (int ms = 0; ms < 2; ms++)
        for (size_t k = 0; k < 3; k++) {
            char text[1000];
            recur_data *d;
            sprintf(text, "%s\n", head[k]);
            for (int i = 0; i < 12; i++)
                sprintf(text + strlen(text), "%lld,%d\n", (1700000000LL + 60 * i) * (ms ? 1000 : 1), i % 4);
            GOOD(r, read_one(r, &d, text, &o, NULL));
            assert_int_equal(rc_windows_of(d)->look.V, 1);
            assert_string_equal(rc_windows_of(d)->look.clock.form, ms ? "U" : "u");
            assert_int_equal(rc_windows_of(d)->look.clock.step, ms ? 60000 : 60);
            recur_data_close(d);
            o.columns = head[k][0] == 'a' ? "at,v" : NULL;
            if (o.columns != NULL) {
                GOOD(r, read_one(r, &d, text, &o, NULL));
                assert_int_equal(rc_windows_of(d)->look.V, 2);
                recur_data_close(d);
            }
            o.columns = NULL;
        }
    recur_data *d;
    const char *falling = "at,v\n1700000000,1\n1600000000,2\n1650000000,1\n1500000000,2\n1700000000,1\n1600000000,2\n1500000000,1\n1700000000,1\n";
    GOOD(r, read_one(r, &d, falling, &o, NULL));
    assert_int_equal(rc_windows_of(d)->look.V, 2);
    recur_data_close(d);
}

/* Trained on lines that were counted, a table with dates is counted too: its forecasts are no dates. */
static void a_model_without_times_counts(void **state)
{
    recur *r = *state;
    recur_train_options o = options();
    static const char *const dated[] = { "date,v\n2024-01-01,1\n2024-01-02,2\n2024-01-03,1\n2024-01-04,2\n2024-01-05,1\n2024-01-06,2\n2024-01-07,1\n" };
    recur_data *d, *e;
    recur_model *m;
    json_t *said;
    GOOD(r, read_one(r, &d, "v\n1\n2\n1\n2\n1\n2\n1\n2\n1\n", &o, NULL));
    GOOD(r, rc_model_build(r, &m, "input | gru 3 | pool last | dense", d, 1, NULL));
    rc_like like = { .scaling = &m->scaling, .form = json_object_get(m->card, "form") };
    GOOD(r, task_read(r, &e, "forecast", dated, 1, &o, &like, RC_ALL, NULL));
    GOOD(r, rc_forecast_json(m, e, 2, 0, &said));
    assert_string_equal(json_string_value(json_object_get(said, "time_name")), "step");
    assert_true(json_is_null(json_object_get(json_array_get(json_object_get(said, "series"), 0), "time")));
    json_decref(said);
    recur_data_close(e);
    recur_model_free(m);
    recur_data_close(d);
}

/* --- separators --- */

/* Parted by semicolons, a comma is the decimal sign; parted by commas, it parts. */
static void decimal_commas(void **state)
{
    recur *r = *state;
    recur_train_options o = options();
    recur_data *d[2];
    static const char comma[] = "datum;y;z\n31.01.2024;1,5;-2\n01.02.2024;2,25;?\n02.02.2024;;3,125e1\n03.02.2024;1.5;4\n04.02.2024;2;5\n05.02.2024;3;6\n06.02.2024;1;7\n";
    static const char point[] = "datum,y,z\n31.01.2024,1.5,-2\n01.02.2024,2.25,?\n02.02.2024,,3.125e1\n03.02.2024,1.5,4\n04.02.2024,2,5\n05.02.2024,3,6\n06.02.2024,1,7\n";
    GOOD(r, read_one(r, &d[0], comma, &o, NULL));
    GOOD(r, read_one(r, &d[1], point, &o, NULL));
    const rc_windows *a = rc_windows_of(d[0]), *b = rc_windows_of(d[1]);
    assert_true(a->rows == 7 && a->look.V == 2 && b->rows == 7);
    for (size_t i = 0; i < 14; i++)
        assert_true(a->x[i] == b->x[i] || (isnan(a->x[i]) && isnan(b->x[i])));
    recur_data_close(d[0]);
    recur_data_close(d[1]);
    json_t *problems = json_array();
    GOOD(r, read_one(r, &d[0], "y\n1\n2\n3\n4\n5\n6\n7\n", &o, problems));
    recur_data_close(d[0]);
    GOOD(r, read_one(r, &d[0], "y;z\n1,5;1\n1.234,5;2\n3,5;3\n4;4\n5;5\n6;6\n7;7\n8;8\n", &o, problems));
    assert_int_equal(json_array_size(problems), 1);          /* a mark of thousands is none of ours */
    assert_int_equal(json_integer_value(json_object_get(json_array_get(problems, 0), "line")), 3);
    json_decref(problems);
    recur_data_close(d[0]);
    GOOD(r, read_one(r, &d[0], "A;1,5;2;3;4,5;5;6;7;8\nB;1;2;3;4;5;6;7;8,25\n", &o, NULL));
    assert_int_equal(rc_windows_of(d[0])->n, 2);
    recur_data_close(d[0]);
    const char *waves = "a;b;label\n1,5;2;up\n2;1,25;down\n0,5;1;up\n";     /* a line a sequence of another task */
    GOOD(r, task_read(r, &d[0], "classify", &waves, 1, &o, NULL, RC_ALL, NULL));
    assert_int_equal(d[0]->count, 3);
    recur_data_close(d[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(parts_must_be_there), TASK_TEST(what_is_forecast_is_not_known),
        cmocka_unit_test(times_of_other_lands), cmocka_unit_test(milliseconds_have_a_calendar), TASK_TEST(the_column_shows_the_day),
        TASK_TEST(what_is_not_certain_is_said), TASK_TEST(seconds_since_1970),
        TASK_TEST(a_model_without_times_counts), TASK_TEST(decimal_commas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
