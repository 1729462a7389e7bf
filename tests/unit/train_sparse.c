/* SPDX-License-Identifier: MIT
 * train_sparse.c - an update that touches only the rows of an embedding that batches held gives the bits of one that touches
 * all of them, where the optimizer leaves a row without gradient as it is: no momentum, no decay of its own. */
#include "unit/train_help.h"

enum { V = 300, E = 7, B = 4, T = 6, STEPS = 12 };

static void open_bench(bench *b, const char *line, const char *optimizer, int threads, bool every)
{
    const rc_facts f = { .columns = 1, .vocabulary = { V }, .classes = { V } };
    b->r = open_runtime(threads);
    GOOD(b->r, rc_net_new(b->r, &b->net, line, "softmax", &f));
    assert_true(b->net->params.p[0].sparse);
    b->w = rc_new(b->r, b->net->params.total, sizeof(real));
    rc_net_init(b->net, &f, 1, b->w);
    GOOD(b->r, rc_run_new(b->r, &b->u, b->net, b->w, &(recur_dims){ .B = B, .T = T, .train = 1 }));
    GOOD(b->r, rc_optim_new(b->r, &b->o, optimizer, b->net->params.total, 0));
    b->net->params.p[0].sparse = !every;
}

/* Steps of two batches each, words as often as in a text: some rows come in every step, most in none. */
static void train(bench *b, const recur_step_options *s)
{
    int32_t ids[B * T], target[B * T];
    for (int k = 0; k < 2 * STEPS; k++) {
        uint64_t key = rc_key(3, RC_OTHER, (uint64_t)k, 0);
        double norm;
        rc_loss l;
        for (int i = 0; i < B * T; i++) {
            ids[i] = (int32_t)(pow(V, rc_uniform(key, (uint64_t)i)) - 1);
            target[i] = (int32_t)rc_below(key, 1000 + (uint64_t)i, V);
        }
        recur_batch x = { .T = T, .B = B, .N = B * T, .C = 1, .ids = ids, .fresh = 1, .target = { target } };
        GOOD(b->r, rc_run_loss(b->u, &x, false, 0.5, &l));
        rc_run_backward(b->u);
        if (k % 2 == 0)
            continue;
        GOOD(b->r, rc_optim_step(b->o, b->u, s, &norm));
        rc_run_clear(b->u);
        for (size_t i = 0; i < b->net->params.total; i++)
            assert_true(b->u->g[i] == 0);
    }
}

static bool same(const char *line, const char *optimizer, double momentum, int threads)
{
    const recur_step_options s = { .lr = 0.3, .momentum = momentum, .beta1 = 0.9, .beta2 = 0.9, .eps = 1e-8, .clip_value = 1, .decay = 0.1 };
    bench b[2];
    for (int every = 0; every < 2; every++) {
        open_bench(&b[every], line, optimizer, threads, every);
        b[every].o->averaging = true;
        train(&b[every], &s);
        if (b[every].o->kind->average)
            rc_optim_average(b[every].o, b[every].w);
    }
    bool equal = memcmp(b[0].w, b[1].w, b[0].net->params.total * sizeof(real)) == 0;
    for (int every = 0; every < 2; every++)
        close_bench(&b[every]);
    return equal;
}

static void bits_of_the_dense_update(void **state)
{
    (void)state;
    static const char *const line[] = { "embed 7 | gru 5 | dense", "embed 7 | adaptive cuts=40,120 factor=2" };
    for (int i = 0; i < 2; i++)
        for (int threads = 1; threads <= 2; threads++) {
            assert_true(same(line[i], "sgd", 0, threads));
            assert_true(same(line[i], "asgd", 0, threads));
        }
}

/* Where a resting row would move, both differ: the test above can fail, and the documents say that these rest. */
static void momentum_makes_a_difference(void **state)
{
    (void)state;
    assert_false(same("embed 7 | gru 5 | dense", "sgd", 0.9, 1));
    assert_false(same("embed 7 | gru 5 | dense", "rmsprop", 0, 1));
    assert_false(same("embed 7 | gru 5 | dense", "adam", 0, 1));
    assert_false(same("embed 7 | gru 5 | dense", "adamw", 0, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(bits_of_the_dense_update), cmocka_unit_test(momentum_makes_a_difference) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
