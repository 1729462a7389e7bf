/* SPDX-License-Identifier: MIT
 * task_help.h - a runtime, files with given content, and options for the tests of the task floor. */
#ifndef TASK_HELP_H
#define TASK_HELP_H
#include <math.h>

#include "task/task.h"
#include "../test.h"

#define GOOD(r, call) do { int e_ = (call); if (e_ < 0) fail_msg("%s: %d, %s", #call, e_, (r)->message); } while (0)
#define assert_near(a, b, by) do { double a_ = (a), b_ = (b); \
    if (!(fabs(a_ - b_) <= (by))) fail_msg("%s = %.12g, %s = %.12g", #a, a_, #b, b_); } while (0)

/* A runtime whose memory is counted: what a test does not give back fails it. */
typedef struct { recur r; test_memory m; } task_bed;
TEST_MAYBE static recur *task_runtime(void)
{
    task_bed *b = calloc(1, sizeof *b);
    b->r = test_runtime(&b->m);
    GOOD(&b->r, rc_kern_open(&b->r, NULL));
    GOOD(&b->r, rc_pool_new(&b->r, &b->r.pool, 1));
    return &b->r;
}

TEST_MAYBE static int task_runtime_free(recur *r)
{
    task_bed *b = (task_bed *)r;
    rc_pool_free(r, r->pool);
    int64_t live = b->m.live;
    free(b);
    if (live != 0)
        print_error("%lld blocks of memory are lost\n", (long long)live);
    return live != 0 ? -1 : 0;
}

/* A test that begins with `recur *r = *state;`. */
TEST_MAYBE static int task_open(void **state) { return (*state = task_runtime()) != NULL ? 0 : -1; }
TEST_MAYBE static int task_close(void **state) { return task_runtime_free(*state); }
#define TASK_TEST(f) cmocka_unit_test_setup_teardown(f, task_open, task_close)

TEST_MAYBE static recur_train_options task_options(void)
{
    recur_train_options o;
    int n;
    const recur_option *t = recur_train_table(&n);
    recur_option_defaults(t, n, &o);
    return o;
}

/* Reads texts[0..n-1], each written into a file of its own, as the task reads them. */
TEST_MAYBE static int task_read(recur *r, recur_data **d, const char *task, const char *const *texts, int n,
                                const recur_train_options *o, const rc_like *like, int part, json_t *problems)
{
    test_folder f = test_folder_new();
    char path[4][TEST_PATH], name[16];
    const char *at[4];
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "f%d", i);
        at[i] = test_path(&f, name, path[i]);
        test_spill(at[i], texts[i], strlen(texts[i]));
    }
    int e = rc_data_new(r, d, rc_task_find(task));
    if (e == RECUR_OK)
        e = (*d)->task->read(*d, at, n, o, like, part, problems);
    test_folder_free(&f);
    return e;
}
#endif
