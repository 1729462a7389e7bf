/* SPDX-License-Identifier: MIT
 * adaptive with as many classes as it is for: scores are logarithms of probabilities that sum to 1, the loss is that of the
 * targets, and rows that come in several chunks give the bits of rows that come chunk by chunk. */
#include "batch.h"

enum { V = 20000, N = 300, PART = 100, E = 9 };
#define LINE "embed 9 | adaptive factor=2 cuts="
static int32_t ids[N], target[N];

static void setup(test_bench *s, const char *line, int threads)
{
    const rc_facts f = { .columns = 1, .vocabulary = { 50 }, .classes = { V } };
    memset(s, 0, sizeof *s);
    test_open(&s->r, threads, NULL);
    if (rc_net_new(&s->r, &s->net, line, "softmax", &f))
        fail_msg("%s: %s", line, s->r.message);
    s->w = rc_new(&s->r, s->net->params.total, sizeof *s->w);
    for (size_t i = 0; i < s->net->params.total; i++)
        s->w[i] = (real)(0.3 * rc_normal(7, i));
    for (int i = 0; i < N; i++) {
        ids[i] = i * 37 % 50;
        target[i] = i % 11 == 5 ? -1 : i % 3 ? i * 53 % 70 : i * 7919 % V;
    }
}

static rc_run *open_run(test_bench *s, int rows, bool train, bool scores)
{
    rc_run *u;
    if (rc_run_new(&s->r, &u, s->net, s->w, &(recur_dims){ .B = 1, .T = rows, .train = train, .scores = scores }))
        fail_msg("%s", s->r.message);
    return u;
}

static recur_batch rows_of(int at, int n)
{
    return (recur_batch){ .T = n, .B = 1, .N = n, .C = 1, .ids = ids + at, .target = { target + at }, .fresh = 1 };
}

static void scores_are_a_distribution(void **state)
{
    (void)state;
    static const char *const lines[] = { LINE "9000,14000", LINE "40", LINE "1,2,3,19999" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        test_bench s;
        rc_loss out;
        int n;
        setup(&s, lines[i], 2);
        rc_run *u = open_run(&s, N, false, true);
        recur_batch b = rows_of(0, N);
        const real *z = rc_run_forward(u, &b, 0, &n);
        assert_non_null(z);
        double loss = 0;
        for (int k = 0; k < N; k++) {
            double sum = 0;
            for (int v = 0; v < V; v++)
                sum += exp((double)z[(size_t)k * V + (size_t)v]);
            assert_true(fabs(sum - 1) < 1e-5);                 /* three softmaxes of floats, each rounded to 2^-24 of its sum */
            loss -= target[k] < 0 ? 0 : (double)z[(size_t)k * V + (size_t)target[k]];
        }
        assert_int_equal(rc_run_loss(u, &b, true, 1, &out), 0);
        assert_true(fabs(loss / (double)out.count[0] - out.loss) < 1e-6 * out.loss);
        rc_run_free(u);
        test_teardown(&s);
    }
}

/* Gradients of all rows at once, and of parts one after the other, which add up in the same order. */
static void chunks_change_no_bit(void **state)
{
    (void)state;
    test_bench s[2];
    rc_run *u[2];
    rc_loss out;
    for (int k = 0; k < 2; k++)
        setup(&s[k], LINE "9000,14000", 1 + k);
    u[0] = open_run(&s[0], N, true, false);
    u[1] = open_run(&s[1], PART, true, false);
    const recur_batch all = rows_of(0, N);
    rc_pass pass = { .batch = &all };
    const rc_head *h = s[0].net->branch[0].head;
    assert_int_equal(rc_run_loss(u[0], &all, false, (double)h->kind->count(h, &pass, N), &out), 0);
    rc_run_backward(u[0]);
    double whole = out.loss * (double)out.count[0], sum = 0;
    for (int at = 0; at < N; at += PART) {
        const recur_batch part = rows_of(at, PART);
        pass.batch = &part;
        assert_int_equal(rc_run_loss(u[1], &part, false, (double)h->kind->count(h, &pass, PART), &out), 0);
        rc_run_backward(u[1]);
        sum += out.loss * (double)out.count[0];
    }
    assert_true(fabs(sum - whole) < 1e-9 * whole);
    for (int i = 0; i < s[0].net->params.n; i++) {
        const rc_param *p = &s[0].net->params.p[i];
        if (memcmp(u[0]->g + p->at, u[1]->g + p->at, p->n * sizeof(real)))
            fail_msg("%s differs", p->name);
    }
    for (int k = 0; k < 2; k++) {
        rc_run_free(u[k]);
        test_teardown(&s[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(scores_are_a_distribution), cmocka_unit_test(chunks_change_no_bit) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
