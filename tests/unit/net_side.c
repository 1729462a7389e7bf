/* SPDX-License-Identifier: MIT
 * Nets with a side chain, to the bit: a batch = each sequence alone with its own side sequence, threads change nothing,
 * and a decoder that steps over what was encoded once gives what the whole gives, its sequences in any order. */
#include "batch.h"

static const char *const nets[] = {
    "embed 9 | lstm 12 bi >> embed 7 | lstm 24 bridge | attend | dense",
    "embed 9 | drop .2 | gru 20 >> input | gru 20 bridge=copy | drop .3 | attend dot 17 | norm | dense",
    "input | segment 3 | lstm 10 bi >> embed 12 | lstm 20 bridge=copy | attend additive units=33 | gru 18 bridge | attend 40 | dense",
    "embed 9 | lstm 12 bi >> embed 7 | drop .2 | lstm 24 bridge feed=17 | drop .3 | gru 20 | attend 17 | gru 9 | dense",
    "embed 8 | gru 9 bi | pool last max >> embed 20 | side | lstm 19 | dense",
    "embed 8 | conv 12 width=3 | segment | gru 9 | pool mean >> side | lstm 16 bridge | dense",
};
enum { NETS = sizeof nets / sizeof *nets, B = 5 };
static const int lengths[B] = { 9, 7, 7, 4, 1 };

static rc_run *run(test_bench *s, int b, int t, bool train)
{
    rc_run *u;
    if (rc_run_new(&s->r, &u, s->net, s->w, &(recur_dims){ .B = b, .T = t, .train = train, .scores = 1, TEST_SIDE }))
        fail_msg("%s: %s", s->net->line, s->r.message);
    u->seed = 9;
    u->step = 2;
    return u;
}

static const real *scores(rc_run *u, const recur_batch *b, int *rows)
{
    const real *z = rc_run_forward(u, b, 0, rows);
    if (!z)
        fail_msg("%s: %s", u->net->line, u->r->message);
    return z;
}

static void same(const char *line, const char *what, const real *a, const real *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a))
            fail_msg("%s: %s: number %zu differs: %.9g, %.9g", line, what, i, (double)a[i], (double)b[i]);
}

/* fn for each net on each kernel set of this machine. */
static void each(void (*fn)(const char *line, const char *kernels))
{
    for (int i = 0; i < NETS; i++)
        for (int k = 0; rc_kern_at(k); k++)
            if (rc_kern_usable(rc_kern_at(k)))
                fn(nets[i], rc_kern_at(k));
}

/* The side sequence of main sequence i alone, in `to`; side rows that words name stay as they are. */
static void side_alone(const test_batch *from, int i, test_batch *to)
{
    const recur_batch *s = &from->side.b;
    int p = from->place[i];
    to->b.side = &to->side.b;
    to->side.b = *s;
    to->side.b.B = 1;
    to->side.b.T = to->side.b.N = 0;
    to->side.b.alive = to->side.alive, to->side.b.ids = to->side.ids, to->side.b.x = to->side.x;
    for (int t = 0, off = 0; p >= 0 && t < s->T && s->alive[t] > p; off += s->alive[t++]) {
        to->side.alive[t] = 1;
        to->side.ids[t] = s->ids[off + p];
        memcpy(to->side.x + t * FEATURES, s->x + (off + p) * FEATURES, FEATURES * sizeof *to->side.x);
        to->side.b.N = ++to->side.b.T;
    }
    to->place[0] = p < 0 ? -1 : 0;
    to->b.row_place = NULL;
}

static void one_alone(const char *line, const char *kernels)
{
    static test_batch all, one;
    test_bench s;
    int rows, n;
    test_setup(&s, line, kernels, 1);
    rc_run *u = run(&s, B, 9, false), *v = run(&s, 1, 9, false);
    test_batch_fill(&all, lengths, B, 6);
    size_t width = (size_t)s.net->branch[0].head->in;
    const real *z = scores(u, &all.b, &rows);
    for (int i = 0; i < B; i++) {
        test_batch_one(&all, i, &one, false);
        if (!strstr(line, "side"))
            side_alone(&all, i, &one);
        const real *y = scores(v, &one.b, &n);
        for (int t = 0, off = 0; t < one.b.T; off += all.alive[t++])
            same(line, "alone", z + (size_t)(off + i) * width, y + (size_t)t * width, width);
    }
    rc_run_free(u);
    rc_run_free(v);
    test_teardown(&s);
}

static void threads(const char *line, const char *kernels)
{
    static test_batch t;
    test_bench s[TEAMS];
    rc_run *u[TEAMS];
    rc_loss out[TEAMS];
    test_batch_fill(&t, lengths, B, 6);
    for (int i = 0; i < TEAMS; i++) {
        test_setup(&s[i], line, kernels, test_team(i));
        u[i] = run(&s[i], B, 9, true);
        for (int k = 0; k < 2; k++) {
            t.b.fresh = !k;
            assert_int_equal(rc_run_loss(u[i], &t.b, false, 1, &out[i]), 0);
            rc_run_backward(u[i]);
        }
        assert_true(isfinite(out[i].loss));
        if (i) {
            assert_memory_equal(&out[0], &out[i], sizeof *out);
            same(line, "gradient", u[0]->g, u[i]->g, s[0].net->params.total);
            same(line, "state", u[0]->state, u[i]->state, B * s[0].net->state_size);
        }
    }
    for (int i = 0; i < TEAMS; i++) {
        rc_run_free(u[i]);
        test_teardown(&s[i]);
    }
}

/* Wide enough that every part of the work is shared among threads. */
static void wide(const char *kernels)
{
    threads("embed 64 | lstm 128 bi >> embed 64 | lstm 256 bridge | attend | drop .2 | attend additive 96 | dense", kernels);
}

/* Step t of a packed batch of three equally long sequences as a batch of its own, sequence b in place order[b]. */
static recur_batch step_of(const test_batch *all, int t, const int *order, test_batch *to)
{
    recur_batch b = all->b;
    b.T = 1, b.B = b.N = 3;
    b.fresh = t == 0;
    b.side = t ? NULL : all->b.side;
    b.alive = NULL, b.key = NULL;
    b.ids = to->ids, b.x = to->x, b.place = to->place, b.row_place = to->row_place;
    for (int i = 0; i < 3; i++) {
        int n = t * 3 + i, k = order[i];
        to->ids[k] = all->ids[n];
        to->ids[3 + k] = all->ids[all->b.N + n];
        memcpy(to->x + k * FEATURES, all->x + n * FEATURES, FEATURES * sizeof *to->x);
        to->place[k] = all->place[i];
        to->row_place[k] = all->row_place[n];
    }
    return b;
}

static void stepwise(const char *line, const char *kernels)
{
    static test_batch all, step;
    static const int length[] = { 8, 8, 8 }, order[4][3] = { { 0, 1, 2 }, { 2, 0, 1 }, { 1, 0, 2 }, { 0, 2, 1 } };
    test_bench s;
    int rows, n;
    test_setup(&s, line, kernels, 1);
    assert_true(s.net->streams);
    rc_run *u = run(&s, 3, 8, false), *v = run(&s, 3, 1, false);
    size_t width = (size_t)s.net->branch[0].head->in, state = s.net->state_size;
    real *keep = rc_new(&s.r, 3 * state + 1, sizeof *keep);
    test_batch_fill(&all, length, 3, 6);
    const real *z = scores(u, &all.b, &rows);
    v->weights = 1;                                            /* packed once */
    for (int t = 0; t < 8; t++) {
        const int *now = order[t % 4], *was = order[(t + 3) % 4];
        memcpy(keep, v->state, 3 * state * sizeof *keep);
        for (int i = 0; i < 3 && t; i++)
            memcpy(v->state + (size_t)now[i] * state, keep + (size_t)was[i] * state, state * sizeof *keep);
        recur_batch b = step_of(&all, t, now, &step);
        const real *y = scores(v, &b, &n);
        for (int i = 0; i < 3; i++)
            same(line, "step", z + (size_t)(t * 3 + i) * width, y + (size_t)now[i] * width, width);
    }
    rc_free(&s.r, keep);
    rc_run_free(u);
    rc_run_free(v);
    test_teardown(&s);
}

static void batch_is_each_alone(void **state) { (void)state; each(one_alone); }
static void stream_is_whole(void **state) { (void)state; each(stepwise); }
static void threads_change_no_bit(void **state)
{
    (void)state;
    each(threads);
    for (int k = 0; rc_kern_at(k); k++)
        if (rc_kern_usable(rc_kern_at(k)))
            wide(rc_kern_at(k));
}

/* Weights of attention: each row's sum to 1 over its side sequence's steps. */
static void attention_is_readable(void **state)
{
    (void)state;
    static test_batch all;
    static const int steps[SIDES] = { SIDE_STEPS, 4, 4, 0 };
    test_bench s;
    int rows;
    test_setup(&s, nets[0], NULL, 1);
    rc_run *u = run(&s, B, 9, false);
    test_batch_fill(&all, lengths, B, 6);
    scores(u, &all.b, &rows);
    const rc_act *a = NULL;
    for (int i = 0; i < s.net->layers; i++)
        a = u->act[i]->look ? u->act[i] : a;
    assert_non_null(a);
    assert_int_equal(a->look_ld, SIDE_STEPS);
    for (int t = 0, n = 0; t < all.b.T; t++)
        for (int b = 0; b < all.alive[t]; b++, n++) {
            double sum = 0;
            int L = all.place[b] < 0 ? 0 : steps[all.place[b]];
            for (int j = 0; j < L; j++)
                sum += (double)a->look[n * a->look_ld + j];
            assert_true(!L || fabs(sum - 1) < 1e-5);
        }
    rc_run_free(u);
    test_teardown(&s);
}

/* A batch that names no side sequence: the same whether the side has any. */
static void nobodys_side(void **state)
{
    (void)state;
    static test_batch t;
    for (int i = 0; i < NETS; i++) {
        test_bench s;
        rc_loss out[2];
        test_setup(&s, nets[i], NULL, 1);
        rc_run *u = run(&s, B, 9, true);
        test_batch_fill(&t, lengths, B, 6);
        for (int k = 0; k < ROWS_MOST; k++)
            t.place[k] = t.row_place[k] = -1;
        for (int k = 0; k < 2; k++) {
            assert_int_equal(rc_run_loss(u, &t.b, false, 1, &out[k]), 0);
            rc_run_backward(u);
            rc_run_clear(u);
            t.side.b.B = t.side.b.T = t.side.b.N = 0;
        }
        assert_true(isfinite(out[0].loss));
        assert_memory_equal(&out[0], &out[1], sizeof *out);
        rc_run_free(u);
        test_teardown(&s);
    }
}

static void fails(rc_run *u, recur_batch *b, const char *say)
{
    int rows;
    assert_null(rc_run_forward(u, b, 0, &rows));
    if (!strstr(u->r->message, say))
        fail_msg("'%s' does not say '%s'", u->r->message, say);
}

static void batches_are_checked(void **state)
{
    (void)state;
    static test_batch all;
    static const int32_t far[] = { 0, 1, 0, SIDES, 0 };
    test_bench s;
    int rows;
    rc_loss out;
    recur_batch side;
    test_setup(&s, nets[0], NULL, 1);
    rc_run *u = run(&s, B, 9, true);
    test_batch_fill(&all, lengths, B, 6);
    recur_batch b = all.b;
    b.side = NULL;
    fails(u, &b, "side is missing");
    b.side = &side, side = all.side.b, side.B = SIDES + 1;
    fails(u, &b, "batch.side: 5 sequences");
    side = all.side.b, side.T = 2;
    fails(u, &b, "batch.side: N is");
    side = all.side.b;
    all.side.ids[2] = UNITS;
    fails(u, &b, "id 11");
    all.side.ids[2] = 1;
    b.place = far;
    fails(u, &b, "place 3 is 4");
    b.place = NULL;
    fails(u, &b, "without places");
    b = all.b;
    scores(u, &b, &rows);
    b.side = NULL;
    scores(u, &b, &rows);                                      /* what was encoded stays */
    assert_int_equal(rc_run_loss(u, &b, true, 1, &out), 0);
    assert_int_equal(rc_run_loss(u, &b, false, 1, &out), RECUR_ESHAPE);
    rc_run *v;
    assert_int_equal(rc_run_new(&s.r, &v, s.net, s.w, &(recur_dims){ .B = 2, .T = 2 }), RECUR_ESHAPE);
    assert_non_null(strstr(s.r.message, "side"));
    rc_run_free(u);
    test_teardown(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_is_each_alone), cmocka_unit_test(stream_is_whole),
        cmocka_unit_test(threads_change_no_bit), cmocka_unit_test(attention_is_readable),
        cmocka_unit_test(nobodys_side),
        cmocka_unit_test(batches_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
