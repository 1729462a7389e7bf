/* SPDX-License-Identifier: MIT
 * Heads that see whole sequences: the bits of each sequence do not depend on the batch it is in, nor any on the number
 * of threads. */
#include "batch.h"

static const int lengths[] = { 21, 17, 17, 14, 9, 5, 1 };
enum { B = 7, T = 21 };
static const struct { const char *line, *head; } nets[] = {
    { "input | dense | crf", "crf" }, { "input | conv 9 width=2 stride=2 | dense | crf", "crf" },
    { "input | dense | ctc", "ctc" }, { "input | maxpool 2 | dense 7 act=tanh | dense | ctc", "ctc" },
    { "input | dense 40 act=tanh | adaptive cuts=1,3 factor=3", "adaptive" }, { "input | conv 9 width=2 stride=2 | adaptive", "adaptive" },
};
enum { NETS = sizeof nets / sizeof *nets };

typedef struct { recur r; rc_net *net; real *w; rc_run *u; } bench;

static void setup(bench *s, int i, int threads)
{
    memset(s, 0, sizeof *s);
    test_open(&s->r, threads, NULL);
    s->net = test_net(&s->r, nets[i].line, nets[i].head);
    s->w = test_weights(&s->r, s->net, 3);
    if (rc_run_new(&s->r, &s->u, s->net, s->w, &(recur_dims){ .B = B, .T = T, .train = 1, .scores = 1 }))
        fail_msg("%s: %s", nets[i].line, s->r.message);
    rc_run_want_dx(s->u);
}

static void teardown(bench *s)
{
    rc_run_free(s->u);
    rc_free(&s->r, s->w);
    rc_net_free(s->net);
    test_close(&s->r);
}

static void fill(test_batch *t, const char *head)
{
    test_batch_fill(t, lengths, B, 6);
    if (rc_head_find(head)->lists)
        test_batch_lists(t, lengths, B);
}

/* Sequence k alone, with its own list or the targets of its rows after layers that changed the steps. */
static void alone(const test_batch *all, const rc_rows *rows, int k, test_batch *one)
{
    test_batch_one(all, k, one, false);
    for (int t = 0; t < rows->T && rows->alive[t] > k && !all->b.list_at[0]; t++)
        one->target[0][t] = all->target[0][rows->off[t] + k];
    if (all->b.list_at[0]) {
        one->b.target[0] = all->list + all->list_at[k];
        one->list_at[0] = 0;
        one->list_at[1] = all->list_at[k + 1] - all->list_at[k];
        one->b.list_at[0] = one->list_at;
    }
}

static real kept[B * T * 16], said[B * T * 16], other[B * T * 16];

static void same_alone_and_together(void **state)
{
    (void)state;
    static test_batch all, one;
    for (int i = 0; i < NETS; i++) {
        bench s, v;
        rc_loss out;
        int n, m;
        double sum = 0;
        setup(&s, i, 2);
        setup(&v, i, 1);
        fill(&all, nets[i].head);
        assert_non_null(rc_run_answer(s.u, &all.b, 0, &n, said));
        rc_rows rows = *rc_run_rows(s.u, 0);
        assert_int_equal(rc_run_loss(s.u, &all.b, true, 1, &out), 0);
        assert_true(out.count[0] > 0 && out.loss > 0);
        double whole = out.loss * (double)out.count[0];
        assert_int_equal(rc_run_loss(s.u, &all.b, false, (double)out.count[0], &out), 0);
        rc_run_backward(s.u);
        const real *dx = rc_run_input_gradient(s.u);
        if (dx)
            memcpy(kept, dx, (size_t)all.b.N * FEATURES * sizeof *dx);
        for (int k = 0; k < B; k++) {
            alone(&all, &rows, k, &one);
            assert_non_null(rc_run_answer(v.u, &one.b, 0, &m, other));
            for (int t = 0; t < m; t++)
                assert_memory_equal(other + t * CLASSES, said + (rows.off[t] + k) * CLASSES, CLASSES * sizeof *said);
            assert_int_equal(rc_run_loss(v.u, &one.b, true, 1, &out), 0);
            double count = (double)out.count[0];
            sum += out.loss * count;
            assert_int_equal(rc_run_loss(v.u, &one.b, false, count, &out), 0);
            rc_run_backward(v.u);
            dx = rc_run_input_gradient(v.u);
            for (int t = 0, off = 0; dx && count > 0 && t < one.b.T; off += all.alive[t++])
                assert_memory_equal(dx + t * FEATURES, kept + (off + k) * FEATURES, FEATURES * sizeof *dx);
        }
        assert_true(fabs(sum - whole) <= 1e-9 * whole);
        teardown(&v);
        teardown(&s);
    }
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    static test_batch t;
    for (int i = 0; i < NETS; i++) {
        bench s[TEAMS];
        rc_loss out[TEAMS];
        int rows;
        fill(&t, nets[i].head);
        for (int k = 0; k < TEAMS; k++) {
            setup(&s[k], i, test_team(k));
            assert_non_null(rc_run_answer(s[k].u, &t.b, 0, &rows, k ? other : said));
            assert_int_equal(rc_run_loss(s[k].u, &t.b, false, 1, &out[k]), 0);
            rc_run_backward(s[k].u);
            if (!k)
                continue;
            assert_memory_equal(&out[0], &out[k], sizeof *out);
            assert_memory_equal(said, other, (size_t)rows * CLASSES * sizeof *said);
            assert_memory_equal(s[0].u->g, s[k].u->g, s[0].net->params.total * sizeof(real));
        }
        for (int k = 0; k < TEAMS; k++)
            teardown(&s[k]);
    }
}

static void what_they_refuse(void **state)
{
    (void)state;
    recur r = { 0 };
    rc_net *net;
    rc_facts f = test_facts();
    f.classes[0] = CLASSES;
    test_open(&r, 1, NULL);
    assert_int_equal(rc_net_new(&r, &net, "input | pool mean | dense | crf", "crf", &f), RECUR_ESPEC);
    assert_non_null(strstr(r.message, "no pooling before it"));
    assert_int_equal(rc_net_new(&r, &net, "input | pool mean | dense | ctc", "ctc", &f), RECUR_ESPEC);
    f.classes[0] = 1;
    assert_int_equal(rc_net_new(&r, &net, "input | dense | ctc", "ctc", &f), RECUR_ESPEC);
    assert_non_null(strstr(r.message, "blank"));
    f.classes[0] = f.classes[1] = CLASSES;
    assert_int_equal(rc_net_new(&r, &net, "input | lstm 5 || dense | crf || dense | crf weight=.5", "crf", &f), 0);
    static const char *const names[] = { "head1.crf.transitions", "head1.crf.start", "head1.crf.end",
                                         "head2.crf.transitions" };
    for (int i = 0, n = 0; i < net->params.n; i++)
        if (!strncmp(net->params.p[i].name, "head", 4) && n < 4)
            assert_string_equal(net->params.p[i].name, names[n++]);
    rc_net_free(net);
    static const struct { const char *line, *say; } bad[] = {
        { "input | adaptive cuts=2,2", "cuts=2,2: at most 4 rising numbers below 5" }, { "input | adaptive cuts=5", "cuts=5" },
        { "input | adaptive cuts=1,2,3,", "rising numbers" }, { "input | adaptive cuts=0", "rising" },
        { "input | adaptive focal=2", "no key 'focal'; it takes weight, cuts, factor, smooth" }, { "input | dense | adaptive", "needs a size" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(rc_net_new(&r, &net, bad[i].line, "softmax", &f), RECUR_ESPEC);
        if (!strstr(r.message, bad[i].say))
            fail_msg("%s: %s", bad[i].line, r.message);
    }
    f.classes[0] = 3;
    assert_int_equal(rc_net_new(&r, &net, "input | adaptive", "softmax", &f), RECUR_ESPEC);
    assert_non_null(strstr(r.message, "many classes, not for 3"));
    f.classes[0] = 0;
    assert_int_equal(rc_net_new(&r, &net, "input | adaptive", "softmax", &f), RECUR_ESPEC);
    assert_non_null(strstr(r.message, "how many classes"));
    test_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(same_alone_and_together), cmocka_unit_test(threads_change_no_bit),
                                        cmocka_unit_test(what_they_refuse) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
