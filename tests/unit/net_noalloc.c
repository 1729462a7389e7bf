/* SPDX-License-Identifier: MIT
 * Nothing is allocated while a run computes; every allocation of building failing once gives ENOMEM and leaks
 * nothing. */
#include "batch.h"

/* fail_at: the allocation that fails, counted from 1; 0: none */
typedef struct { long calls, live, fail_at; } meter;

static void *metered(void *ud, void *p, size_t n)
{
    meter *m = ud;
    if (!n) {
        m->live -= p != NULL;
        free(p);
        return NULL;
    }
    if (++m->calls == m->fail_at)
        return NULL;
    void *q = realloc(p, n);
    m->live += q && !p;
    return q;
}

static const char *const lines[] = {
    "embed 8 | embed 5 of=pairs | drop .2 word | lstm 20 layers=2 bi rdrop=.2 wdrop=.2 init=learn | conv 12 | maxpool 2 | pool max mean attend last | norm | drop .3 | dense",
    "input | gru 7 | dense | ctc",
    "embed 8 | gru 7 || drop .2 | adaptive cuts=1,3 || pool max | dense 6 | adaptive factor=2 smooth=.1",
    "input | conv 6 width=2 stride=2 | gru 8 bi || dense | crf || dense | softmax weight=.5",
    "input | lstm 16 proj=4 || gru 9 zoneout=.2 | dense | softmax || pool last | dense 5 act=tanh | dense | softmax weight=.5 smooth=.1",
    "embed 8 | lstm 6 bi >> embed 8 | lstm 12 bridge | attend | gru 9 bridge | attend additive 7 | dense",
    "embed 8 | lstm 6 >> embed 8 | lstm 12 bridge feed=7 | drop .2 | attend 7 | dense",
    "embed 8 | gru 6 | pool last >> input | side | gru 6 bridge=copy | dense",
};

static void computing_allocates_nothing(void **state)
{
    (void)state;
    static const int length[] = { 9, 6, 1 };
    static test_batch t;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        meter m = { 0 };
        recur r = { .alloc = metered, .ud = &m };
        rc_run *u;
        rc_loss out;
        rc_span *span;
        int rows;
        test_open(&r, 2, NULL);
        rc_net *net = test_net(&r, lines[i], "softmax");
        real *w = test_weights(&r, net, 3);
        assert_int_equal(rc_run_new(&r, &u, net, w, &(recur_dims){ .B = 3, .T = 9, .train = 1, .scores = 1, TEST_SIDE }), 0);
        assert_int_equal(u->bytes, rc_run_size(net, &(recur_dims){ .B = 3, .T = 9, .train = 1, .scores = 1, TEST_SIDE }));
        test_batch_fill(&t, length, 3, 5);
        if (strstr(lines[i], "ctc"))
            test_batch_lists(&t, length, 3);
        long before = m.calls;
        for (int k = 0; k < 3; k++) {
            assert_int_equal(rc_run_loss(u, &t.b, false, 1, &out), 0);
            rc_run_backward(u);
            assert_true(rc_run_spans(u, &span) > 0);
            rc_run_clear(u);
            assert_non_null(rc_run_forward(u, &t.b, 0, &rows));
            rc_run_state_reset(u, -1);
        }
        for (size_t k = 0; k < net->params.total; k++)
            assert_true(u->g[k] == 0);
        assert_int_equal(m.calls, before);
        rc_run_free(u);
        rc_free(&r, w);
        rc_net_free(net);
        test_close(&r);
        assert_int_equal(m.live, 0);
    }
}

/* Builds net and run with the n-th allocation failing; false when that many were not needed. */
static bool build(const char *line, long n)
{
    meter m = { 0 };
    recur r = { .alloc = metered, .ud = &m };
    rc_net *net = NULL;
    rc_run *u = NULL;
    rc_facts f = test_facts();
    static real w[1 << 16];
    f.classes[0] = f.classes[1] = CLASSES;
    test_open(&r, 1, NULL);
    m.calls = 0;
    m.fail_at = n;
    int e = rc_net_new(&r, &net, line, "softmax", &f);
    if (!e) {
        assert_true(net->params.total <= sizeof w / sizeof *w);
        e = rc_run_new(&r, &u, net, w, &(recur_dims){ .B = 3, .T = 9, .train = 1, .scores = 1, TEST_SIDE });
    }
    bool failed = m.calls >= n;
    assert_int_equal(e, failed ? RECUR_ENOMEM : 0);
    assert_true(!e || (!u && *r.message));
    m.fail_at = 0;
    rc_run_free(u);
    rc_net_free(net);
    test_close(&r);
    assert_int_equal(m.live, 0);
    return failed;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        long n = 1;
        while (build(lines[i], n))
            n++;
        assert_true(n > 30);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(computing_allocates_nothing),
                                        cmocka_unit_test(every_allocation_fails_once) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
