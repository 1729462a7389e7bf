/* SPDX-License-Identifier: MIT
 * A runtime that decides by itself when threads work together: as many passes as it takes to try both ways and to try
 * them again give the bits of one thread. */
#include "batch.h"

enum { B = 6, T = 8, PASSES = 560 };

static void trials_change_no_bit(void **state)
{
    (void)state;
    static test_batch t;
    static const int lengths[B] = { 8, 8, 8, 6, 4, 3 };
    test_bench s[2];
    rc_run *u[2];
    rc_loss out[2];
    test_batch_fill(&t, lengths, B, 5);
    for (int i = 0; i < 2; i++) {
        test_setup(&s[i], "input | lstm 40 bi | lstm 64 | dense", NULL, i + 1);
        rc_pool_coin(s[i].r.pool, -1);
        assert_int_equal(rc_run_new(&s[i].r, &u[i], s[i].net, s[i].w, &(recur_dims){ .B = B, .T = T, .train = 1, .scores = 1 }), 0);
        for (int k = 0; k < PASSES; k++) {
            int rows;
            t.b.fresh = k % 7 == 0;
            assert_int_equal(rc_run_loss(u[i], &t.b, false, 1, &out[i]), 0);
            rc_run_backward(u[i]);
            assert_non_null(rc_run_forward(u[i], &t.b, 0, &rows));
        }
    }
    assert_memory_equal(&out[0], &out[1], sizeof *out);
    assert_memory_equal(u[0]->g, u[1]->g, s[0].net->params.total * sizeof(real));
    assert_memory_equal(u[0]->state, u[1]->state, B * s[0].net->state_size * sizeof(real));
    for (int i = 0; i < 2; i++) {
        rc_run_free(u[i]);
        test_teardown(&s[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(trials_change_no_bit) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
