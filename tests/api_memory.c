/* SPDX-License-Identifier: MIT
 * api_memory.c - every allocation fails once: the call says so, and nothing is lost. */
#include <unistd.h>
#include "api.h"

#define FILE_NAME "api_memory_test.recur"

static void write_model(void)
{
    counter c;
    recur *r = open_counted(&c, 1);
    recur_data *d = texts(r, NULL);
    recur_model *m;
    OK(r, recur_model_new(r, &m, "embed 4 | lstm 4 bi | pool max mean | dense", d, 1));
    OK(r, recur_model_save(m, FILE_NAME));
    recur_model_free(m);
    recur_data_close(d);
    recur_close(r);
    assert_int_equal(c.live, 0);
}

/* Each job returns what went wrong first. */
static int load_and_classify(recur *r)
{
    recur_model *m;
    recur_answer best[2];
    int e = recur_model_load(r, &m, FILE_NAME);
    if (e < 0) return e;
    e = recur_classify(r, m, "a funny play", best, 2);
    recur_model_free(m);
    return e;
}

static int make_and_step(recur *r)
{
    static counting c;
    recur_data *d = NULL;
    recur_model *m = NULL;
    recur_run *u = NULL;
    recur_batch b;
    make_counting(&c);
    int e = recur_data_arrays(r, &d, &(recur_arrays){ .count = 8, .steps = STEPS, .ids = c.id[0], .vocabulary = IDS, .label = c.label, .classes = IDS });
    if (e >= 0) e = recur_model_new(r, &m, "embed 4 | gru 4 | pool last | dense", d, 1);
    if (e >= 0) e = recur_run_new(r, &u, m, &(recur_dims){ .B = 4, .T = STEPS, .train = 1 });
    if (e >= 0) {
        recur_data_start(d, 4, STEPS, 1, 0);
        while ((e = recur_data_next(d, &b)) == RECUR_OK) {
            recur_loss(u, &b);
            recur_backward(u);
            if ((e = recur_update(u, NULL, NULL)) < 0) break;
        }
        e = e == RECUR_EEND ? RECUR_OK : e;
    }
    recur_run_free(u);
    recur_model_free(m);
    recur_data_close(d);
    return e;
}

static void every_allocation_fails(int (*job)(recur *r))
{
    int spared = 0;              /* temporary tables may be done without */
    for (long k = 1;; k++) {
        counter c = { .fail_at = k };
        recur *r;
        int e = recur_open(&r, &(recur_config){ .threads = 1, .alloc = counted, .ud = &c });
        if (e >= 0) {
            e = job(r);
            if (e < 0 && e != RECUR_ENOMEM) fail_msg("allocation %ld failed and the answer was: %s: %s", k,
                                                     recur_strerror(e), recur_message(r));
            if (e < 0) assert_non_null(strstr(recur_message(r), "memory"));
            recur_close(r);
        } else {
            assert_int_equal(e, RECUR_ENOMEM);
            assert_null(r);
        }
        if (c.live) fail_msg("allocation %ld failed and %ld blocks were lost", k, c.live);
        spared += e >= 0 && c.calls >= k;
        if (c.calls >= k) continue;
        print_message("%ld allocations, each failed once; the job was done without %d of them\n", c.calls, spared);
        assert_true(e >= 0 && spared < 8);
        return;
    }
}

static void loading_and_classifying(void **state)
{
    (void)state;
    write_model();
    every_allocation_fails(load_and_classify);
    unlink(FILE_NAME);
}

static void making_and_training(void **state)
{
    (void)state;
    every_allocation_fails(make_and_step);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(loading_and_classifying),
                                        cmocka_unit_test(making_and_training) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
