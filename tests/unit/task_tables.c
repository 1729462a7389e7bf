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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(parts_must_be_there), TASK_TEST(what_is_forecast_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
