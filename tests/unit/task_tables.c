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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(parts_must_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
