/* SPDX-License-Identifier: MIT
 * The gradient through time against differences, in double: a sequence is parted after step t, the state that is carried
 * over is moved a little, and the loss at the end tells how much of it arrived. */
#include "batch.h"

enum { T = 7, COUNTED = 2 };             /* steps; the last of them have targets */

static recur runtime, *const r = &runtime;
static int open_runtime(void **state) { (void)state; test_open(r, 1, NULL); return 0; }
static int close_runtime(void **state) { (void)state; test_close(r); return 0; }

/* Steps [from, to) of the batch as one of its own. */
static recur_batch part(const test_batch *t, int from, int to)
{
    recur_batch b = t->b;
    b.T = b.N = to - from;
    b.C = 0;
    b.ids = NULL;
    b.alive = t->alive + from;
    b.x = t->x + from * FEATURES;
    b.target[0] = t->target[0] + from;
    b.fresh = from == 0;
    return b;
}

static double loss(rc_run *u, const recur_batch *b)
{
    rc_loss out;
    if (rc_run_loss(u, b, true, 1, &out))
        fail_msg("%s", r->message);
    return out.loss;
}

/* |dL/dh| after step t by differences of each number of h, the first numbers of the layer's state. */
static double by_differences(rc_run *u, const test_batch *t, int layer, int step, int H)
{
    enum { MOST = 64 };
    real carried[MOST];
    size_t n = u->net->state_size;
    recur_batch before = part(t, 0, step + 1), after = part(t, step + 1, T);
    double sum = 0, eps = 1e-5;
    assert_true(n <= MOST);
    loss(u, &before);
    memcpy(carried, u->state, n * sizeof *carried);
    for (int k = 0; k < H; k++) {
        double side[2];
        for (int s = 0; s < 2; s++) {
            memcpy(u->state, carried, n * sizeof *carried);
            u->state[u->act[layer]->state_at + (size_t)k] += (real)(s ? -eps : eps);
            side[s] = loss(u, &after);
        }
        double g = (side[0] - side[1]) / (2 * eps);
        sum += g * g;
    }
    return sqrt(sum);
}

static void check(const char *line)
{
    static test_batch t;
    const int length = T;
    test_batch_fill(&t, &length, 1, 5);
    for (int i = 0; i < T; i++)
        t.target[0][i] = i >= T - COUNTED ? i % CLASSES : -1;
    rc_net *net = test_net(r, line, "softmax");
    real *w = test_weights(r, net, 3);
    rc_run *u;
    rc_loss out;
    double norm[T];
    recur_batch whole = part(&t, 0, T);
    assert_int_equal(rc_run_new(r, &u, net, w, &(recur_dims){ .B = 1, .T = T, .N = T, .train = 1 }), 0);
    assert_int_equal(rc_run_trace(u), 0);
    assert_int_equal(rc_run_loss(u, &whole, false, 1, &out), 0);
    rc_run_backward(u);
    const int top = net->layers - 2;     /* h of a lower one also acts through the upper ones of its own step */
    assert_int_equal(rc_run_trace_norms(u, top, 1, norm), 0);
    assert_int_equal(rc_run_trace_norms(u, top, 0, norm), T);
    for (int step = 0; step < T - COUNTED; step++) {
        double numeric = by_differences(u, &t, top, step, net->layer[top]->out), got = norm[T - 1 - step];
        if (!(fabs(got - numeric) <= 1e-6 * (got + 1e-3)))
            fail_msg("%s: step %d: %.10g, by differences %.10g", line, step, got, numeric);
    }
    rc_run_free(u);
    rc_free(r, w);
    rc_net_free(net);
}

static void every_cell(void **state)
{
    static const char *const key[] = { "", " layers=2", " proj=3" };
    (void)state;
    for (int c = 0; rc_cells[c]; c++)
        for (size_t k = 0; k < sizeof key / sizeof *key; k++) {
            char line[100];
            rc_net *net;
            rc_facts f = test_facts();
            f.classes[0] = CLASSES;
            snprintf(line, sizeof line, "input | %s 4%s | dense", rc_cells[c]->name, key[k]);
            if (rc_net_new(r, &net, line, "softmax", &f))      /* a cell without a projection */
                continue;
            rc_net_free(net);
            check(line);
        }
}

/* Both directions of sequences of several lengths, a loss that sees all steps. */
static void directions(void **state)
{
    static const int length[] = { 6, 4, 4, 1 };
    static test_batch t;
    (void)state;
    test_batch_fill(&t, length, 4, 5);
    rc_net *net = test_net(r, "input | gru 4 bi | pool mean | dense", "softmax");
    real *w = test_weights(r, net, 3);
    rc_run *u;
    rc_loss out;
    double norm[2][6];
    assert_int_equal(rc_run_new(r, &u, net, w, &(recur_dims){ .B = 4, .T = 6, .N = t.b.N, .train = 1 }), 0);
    assert_int_equal(rc_run_trace(u), 0);
    assert_int_equal(rc_run_loss(u, &t.b, false, 1, &out), 0);
    rc_run_backward(u);
    for (int d = 0; d < 2; d++) {
        assert_int_equal(rc_run_trace_norms(u, 1, d, norm[d]), 6);
        for (int k = 0; k < 6; k++)
            if (!(norm[d][k] > 0))
                fail_msg("direction %d, distance %d: %g", d, k, norm[d][k]);
    }
    rc_run_free(u);
    rc_free(r, w);
    rc_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_cell), cmocka_unit_test(directions) };
    return cmocka_run_group_tests(tests, open_runtime, close_runtime);
}
