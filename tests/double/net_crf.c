/* SPDX-License-Identifier: MIT
 * The head crf against all tag sequences, one by one: loss, probabilities of tags, log Z; with forbidden neighbours and
 * with tags that are not known; gradients of its weights where neighbours are forbidden. */
#include "batch.h"
#include "head/crf.h"

enum { C = 3, T = 5, B = 4 };
static const int length[B] = { 5, 4, 2, 1 };
static recur runtime, *const r = &runtime;

static int open_runtime(void **state) { (void)state; test_open(r, 2, NULL); return 0; }
static int close_runtime(void **state) { (void)state; test_close(r); return 0; }

typedef struct { rc_net *net; real *w; rc_run *u; test_batch t; const uint8_t *forbid; } scene;

static void set(scene *s, const uint8_t *forbid, double size)
{
    rc_facts f = test_facts();
    f.classes[0] = C;
    if (rc_net_new(r, &s->net, "input | dense | crf", "crf", &f))
        fail_msg("%s", r->message);
    s->w = test_weights(r, s->net, 3);
    for (size_t i = 0; i < s->net->params.total; i++)
        s->w[i] *= size;
    s->forbid = s->net->branch[0].head->forbid = forbid;
    assert_int_equal(rc_run_new(r, &s->u, s->net, s->w, &(recur_dims){ .B = B, .T = T, .train = 1, .scores = 1 }), 0);
    test_batch_fill(&s->t, length, B, 8);
    for (int n = 0; n < s->t.b.N; n++)
        s->t.target[0][n] = (int32_t)rc_below(4, (uint64_t)n, C);
}

static void drop(scene *s)
{
    rc_run_free(s->u);
    rc_free(r, s->w);
    rc_net_free(s->net);
}

/* Score of a tag sequence of sequence b; -INFINITY: forbidden. */
static double score(const scene *s, const real *z, int b, const int *y)
{
    rc_crf c = rc_crf_of(s->net->branch[0].head, s->net->params.p, s->w);
    const int32_t *off = rc_run_rows(s->u, 0)->off;
    double sum = c.start[y[0]] + c.end[y[length[b] - 1]];
    bool may = rc_crf_may(&c, C, y[0]) && rc_crf_may(&c, y[length[b] - 1], C);
    for (int t = 0; t < length[b]; t++) {
        sum += z[(off[t] + b) * C + y[t]] + (t ? c.step[y[t - 1] * C + y[t]] : 0);
        may &= !t || rc_crf_may(&c, y[t - 1], y[t]);
    }
    return may ? sum : -INFINITY;
}

typedef struct { double all, agreeing, p[T][C]; bool fits; } truth;

static truth enumerate(const scene *s, const real *z, int b)
{
    truth o = { 0 };
    const int32_t *off = rc_run_rows(s->u, 0)->off;
    int ways = 1;
    for (int t = 0; t < length[b]; t++)
        ways *= C;
    for (int k = 0; k < ways; k++) {
        int y[T], rest = k;
        bool agrees = true;
        for (int t = 0; t < length[b]; t++, rest /= C) {
            y[t] = rest % C;
            int known = s->t.target[0][off[t] + b];
            agrees &= known < 0 || known == y[t];
        }
        double p = exp(score(s, z, b, y));
        o.all += p;
        o.agreeing += agrees ? p : 0;
        for (int t = 0; t < length[b]; t++)
            o.p[t][y[t]] += p;
    }
    return o;
}

static void close_to(const char *what, double a, double b)
{
    if (!(fabs(a - b) <= 1e-10 * (1 + fabs(b))))
        fail_msg("%s: %.15g, by enumeration %.15g", what, a, b);
}

static void compare(scene *s)
{
    static real z[B * T * C], p[B * T * C];
    double work[3 * C], sum = 0;
    int rows, count = 0;
    rc_loss out;
    const real *said = rc_run_answer(s->u, &s->t.b, 0, &rows, p);
    assert_non_null(said);
    memcpy(z, said, (size_t)rows * C * sizeof *z);
    const int32_t *off = rc_run_rows(s->u, 0)->off;
    rc_crf c = rc_crf_of(s->net->branch[0].head, s->net->params.p, s->w);
    for (int b = 0; b < B; b++) {
        truth t = enumerate(s, z, b);
        close_to("log Z", rc_crf_log_z(&c, &(rc_seq){ z, C, length[b], off, b }, work), log(t.all));
        for (int i = 0; i < length[b]; i++)
            for (int j = 0; j < C; j++)
                close_to("p", p[(off[i] + b) * C + j], t.p[i][j] / t.all);
        int known = 0;
        for (int i = 0; i < length[b]; i++)
            known += s->t.target[0][off[i] + b] >= 0;
        if (t.agreeing > 0 && known) {
            sum += log(t.all) - log(t.agreeing);
            count += known;
        }
    }
    assert_int_equal(rc_run_loss(s->u, &s->t.b, false, 1, &out), 0);
    assert_int_equal(out.count[0], count);
    close_to("loss", out.loss * count, sum);
}

static const uint8_t rules[(C + 1) * (C + 1)] = {             /* tag 2 follows 1 or 2 alone; nothing ends after 1 */
    0, 0, 1, 0,
    0, 0, 0, 1,
    0, 0, 0, 0,
    0, 0, 1, 0,
};

static void enumeration(void **state)
{
    (void)state;
    const double size[] = { 1, 0.01, 60 };                     /* 60: scores far apart, sums that lose their small parts */
    for (size_t i = 0; i < 3; i++)
        for (int forbid = 0; forbid < 2; forbid++)
            for (int unknown = 0; unknown < 3; unknown++) {
                scene s;
                set(&s, forbid ? rules : NULL, size[i]);
                for (int n = 0; n < s.t.b.N && unknown; n += unknown)
                    s.t.target[0][n] = -1;
                compare(&s);
                drop(&s);
            }
}

/* Where the likeliest transition never fits the likeliest tags, sums are taken in logarithms: nothing is lost. */
static void scores_far_apart(void **state)
{
    (void)state;
    for (int huge = 0; huge < 2; huge++) {
        scene s;
        set(&s, NULL, 1);
        rc_crf c = rc_crf_of(s.net->branch[0].head, s.net->params.p, s.w);
        real *step = s.w + (c.step - s.w), *bias = s.w + s.net->params.p[1].at;
        for (int i = 0; i < C * C; i++)
            step[i] = i == 0 ? 700 : huge ? -300 : -0.5 * i;
        bias[0] = -2000, bias[1] = 1, bias[2] = 0.5;
        const real *z;
        int rows;
        rc_loss out;
        assert_non_null(z = rc_run_forward(s.u, &s.t.b, 0, &rows));
        double work[3 * C], sum = 0;
        const int32_t *off = rc_run_rows(s.u, 0)->off;
        static real kept[B * T * C];
        memcpy(kept, z, (size_t)rows * C * sizeof *z);
        for (int b = 0; b < B; b++) {
            int y[T];
            for (int t = 0; t < length[b]; t++)
                y[t] = s.t.target[0][off[t] + b];
            sum += rc_crf_log_z(&c, &(rc_seq){ kept, C, length[b], off, b }, work) - score(&s, kept, b, y);
        }
        assert_int_equal(rc_run_loss(s.u, &s.t.b, false, 1, &out), 0);
        close_to("loss", out.loss * (double)out.count[0], sum);
        for (size_t i = 0; i < s.net->params.total; i++)
            assert_true(isfinite(s.u->g[i]));
        drop(&s);
    }
}

static double loss(scene *s)
{
    rc_loss out;
    assert_int_equal(rc_run_loss(s->u, &s->t.b, false, 1, &out), 0);
    return out.loss;
}

static void gradients_with_rules(void **state)
{
    (void)state;
    scene s;
    set(&s, rules, 1);
    s.t.target[0][2] = -1;
    loss(&s);
    rc_run_backward(s.u);
    size_t n = s.net->params.total;
    real *g = rc_new(r, n, sizeof *g);
    memcpy(g, s.u->g, n * sizeof *g);
    for (int i = 0; i < s.net->params.n; i++)
        for (size_t k = 0; k < s.net->params.p[i].n; k++) {
            real *at = &s.w[s.net->params.p[i].at + k], was = *at;
            *at = was + 1e-5;
            double hi = loss(&s);
            *at = was - 1e-5;
            double slope = (hi - loss(&s)) / 2e-5, own = g[s.net->params.p[i].at + k];
            *at = was;
            if (!(fabs(own - slope) <= 1e-8 * (1 + fabs(slope))))
                fail_msg("%s[%zu]: gradient %.10g, difference %.10g", s.net->params.p[i].name, k, own, slope);
        }
    assert_true(g[s.net->params.p[2].at + 0 * C + 2] == 0);    /* a forbidden one never moves */
    rc_free(r, g);
    drop(&s);
}

/* Tags that are not known between two that no way joins: the sequence tells nothing, and harms nothing. */
static void no_way_over_unknown_tags(void **state)
{
    (void)state;
    static const uint8_t only[(C + 1) * (C + 1)] = { 1, 1, 0, 0,  0, 0, 0, 0,  1, 1, 0, 0,  0, 0, 0, 0 };   /* 0 before 2, 2 before 2 */
    static const int32_t y[] = { 0, -1, 0, 2, 2 };
    scene s;
    rc_loss with, without;
    set(&s, only, 1);
    for (int n = 0; n < s.t.b.N; n++)
        s.t.target[0][n] = 1;
    for (int t = 0, n = 0; t < length[0]; n += s.t.alive[t++])
        s.t.target[0][n] = y[t];
    assert_int_equal(rc_run_loss(s.u, &s.t.b, false, 1, &with), 0);
    rc_run_backward(s.u);
    for (size_t i = 0; i < s.net->params.total; i++)
        assert_true(isfinite(s.u->g[i]));
    for (int t = 0, n = 0; t < length[0]; n += s.t.alive[t++])
        s.t.target[0][n] = -1;
    assert_int_equal(rc_run_loss(s.u, &s.t.b, true, 1, &without), 0);
    close_to("loss", with.loss * (double)with.count[0], without.loss * (double)without.count[0]);
    drop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(enumeration), cmocka_unit_test(scores_far_apart),
                                        cmocka_unit_test(gradients_with_rules),
                                        cmocka_unit_test(no_way_over_unknown_tags) };
    return cmocka_run_group_tests(tests, open_runtime, close_runtime);
}
