/* SPDX-License-Identifier: MIT
 * Bits: a packed batch = each sequence alone, one step at a time = the whole sequence, 1, 2 and 3 threads the same,
 * a tail in chunks = whole; on every kernel set of this machine, every cell. */
#include "batch.h"

static const int lengths[] = { 9, 7, 7, 4, 1 };
enum { B = 5, T = 9 };

static int cases;
static rc_run *run(test_bench *s, int b, int t, bool train)
{
    rc_run *u;
    if (rc_run_new(&s->r, &u, s->net, s->w, &(recur_dims){ .B = b, .T = t, .train = train, .scores = 1 }))
        fail_msg("%s: %s", s->net->line, s->r.message);
    u->seed = 9;
    u->step = 2;
    return u;
}

static const real *scores(rc_run *u, const recur_batch *b, int *rows)
{
    const real *z = rc_run_forward(u, b, 0, rows);
    if (!z)
        fail_msg("%s", u->r->message);
    return z;
}

static void same(const char *line, const char *what, const real *a, const real *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a))
            fail_msg("%s: %s: number %zu differs: %.9g, %.9g", line, what, i, (double)a[i], (double)b[i]);
}

/* Calls fn for every cell with some options, on every usable kernel set. */
static void each(void (*fn)(const char *line, const char *kernels))
{
    static const char *const form[] = {
        "input | %s 37 | dense", "input | %s 20 bi | dense", "embed 16 | %s 24 bi=sum init=learn | drop .3 | dense",
            "input | %s 32 zoneout=.2 rdrop=.2 | drop .2 locked | dense",
        "input | mask width=3 | %s 21 reverse | norm | dense", "embed 12 | drop .3 word | %s 40 norm | dense",
            "embed 12 | %s 40 peephole coupled | dense", "input | %s 33 onebias flip | dense",
        "embed 24 | %s 24 skip | dense", "input | %s 20 | dense act=tanh",
        "input | %s 19 proj=7 bi | dense", "input | %s 21 | adaptive cuts=2,4 factor=2", "input | %s 16 layers=2 wdrop=.3 zoneout=.1 | dense",
    };
    for (int k = 0; rc_kern_at(k); k++)
        for (int c = 0; rc_cells[c] && rc_kern_usable(rc_kern_at(k)); c++)
            for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
                char line[160];
                rc_net *net;
                rc_facts f = test_facts();
                recur r = { 0 };
                f.classes[0] = CLASSES;
                test_open(&r, 1, "ref");
                snprintf(line, sizeof line, form[i], rc_cells[c]->name);
                int e = rc_net_new(&r, &net, line, "softmax", &f);
                rc_net_free(e ? NULL : net);
                test_close(&r);
                if (!e)
                    fn(line, rc_kern_at(k));
            }
}

static void one_alone(const char *line, const char *kernels)
{
    static test_batch all, one;
    test_bench s;
    int rows, n;
    test_setup(&s, line, kernels, 1);
    rc_run *u = run(&s, B, T, true), *v = run(&s, 1, T, true);
    rc_loss out;
    test_batch_fill(&all, lengths, B, 6);
    size_t width = (size_t)s.net->branch[0].head->in, F = (size_t)s.net->layer[0]->out;
    const real *z = scores(u, &all.b, &rows);
    bool measured = !s.net->layer[0]->nparam;
    for (int i = 0; i < B; i++) {
        test_batch_one(&all, i, &one, false);
        const real *y = scores(v, &one.b, &n);
        for (int t = 0, off = 0; t < one.b.T; off += all.alive[t++])
            same(line, "alone", z + (size_t)(off + i) * width, y + (size_t)t * width, width);
    }
    /* in training, with masks: the input gradient of each; a loss times its count is the sum, without a rounded
     * 1/count */
    rc_run_want_dx(u);
    rc_run_want_dx(v);
    double counted = (double)s.net->branch[0].head->kind->count(s.net->branch[0].head, &(rc_pass){ .batch = &all.b }, all.b.N);
    assert_int_equal(rc_run_loss(u, &all.b, false, counted, &out), 0);
    rc_run_backward(u);
    const real *dx = rc_run_input_gradient(u);
    for (int i = 0; i < B && measured; i++) {
        test_batch_one(&all, i, &one, false);
        double own = (double)s.net->branch[0].head->kind->count(s.net->branch[0].head, &(rc_pass){ .batch = &one.b }, one.b.N);
        assert_int_equal(rc_run_loss(v, &one.b, false, own, &out), 0);
        rc_run_backward(v);
        for (int t = 0, off = 0; t < one.b.T && own > 0; off += all.alive[t++])
            same(line, "alone, dx", dx + (size_t)(off + i) * F, rc_run_input_gradient(v) + (size_t)t * F, F);
    }
    cases++;
    rc_run_free(u);
    rc_run_free(v);
    test_teardown(&s);
}

static void stepwise(const char *line, const char *kernels)
{
    static test_batch all, step;
    static const int length[] = { 8, 8, 8 };
    test_bench s;
    int rows, n;
    test_setup(&s, line, kernels, 1);
    if (s.net->streams) {
        rc_run *u = run(&s, 3, 8, false), *v = run(&s, 3, 1, false);
        test_batch_fill(&all, length, 3, 6);
        size_t width = (size_t)s.net->branch[0].head->in;
        const real *z = scores(u, &all.b, &rows);
        v->weights = 1;                                        /* packed once */
        for (int t = 0; t < 8; t++) {
            step = all;
            step.b.T = 1, step.b.N = 3;
            step.b.fresh = 0;
            step.b.x = all.x + t * 3 * FEATURES;
            step.b.alive = NULL;
            step.b.ids = step.ids;
            memcpy(step.ids, all.ids + t * 3, 3 * sizeof *step.ids);
            memcpy(step.ids + 3, all.ids + all.b.N + t * 3, 3 * sizeof *step.ids);
            same(line, "step", z + (size_t)t * 3 * width, scores(v, &step.b, &n), 3 * width);
        }
        same(line, "state", u->state, v->state, 3 * s.net->state_size);
        rc_run_free(u);
        rc_run_free(v);
    }
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
        u[i] = run(&s[i], B, T, true);
        assert_int_equal(rc_run_loss(u[i], &t.b, false, 1, &out[i]), 0);
        rc_run_backward(u[i]);
        t.b.fresh = 0;
        assert_int_equal(rc_run_loss(u[i], &t.b, false, 1, &out[i]), 0);
        rc_run_backward(u[i]);
        t.b.fresh = 1;
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

static void batch_is_each_alone(void **state) { (void)state; each(one_alone); }
static void stream_is_whole(void **state) { (void)state; each(stepwise); }
static void threads_change_no_bit(void **state) { (void)state; each(threads); }

/* Other layers, branches and pooling, with any number of threads. */
static void layers_and_threads(void **state)
{
    (void)state;
    static const char *const line[] = {
        "embed 8 | embed 7 of=pairs | conv 20 width=3 act=relu | maxpool 2 | gru 33 bi | pool last mean max attend | drop .3 | dense",
        /* wide: one direction on several threads */
        "embed 64 | lstm 256 rdrop=.1 | gru 400 zoneout=.1 | gru0 300 | drop .1 | dense",
        "embed 64 | lstm 256 norm reverse | lstm 300 proj=100 wdrop=.2 init=learn | dense",
        "input | lstm 70 | drop .2 | adaptive cuts=2,3 factor=2",
        "input | conv 9 width=4 stride=2 | lstm 16 || dense | softmax || pool mean | norm | dense 30 act=tanh | dense | softmax weight=.5",
    };
    for (size_t i = 0; i < sizeof line / sizeof *line; i++)
        for (int k = 0; rc_kern_at(k); k++)
            if (rc_kern_usable(rc_kern_at(k)))
                threads(line[i], rc_kern_at(k));
}

/* A tail whose rows come in several chunks gives what the unchunked scores give. */
static void chunked_tail_is_whole(void **state)
{
    (void)state;
    enum { N = 700, V = 600 };
    static int32_t ids[N], target[N];
    for (int threads_n = 1; threads_n <= 2; threads_n++) {
        recur r = { 0 };
        rc_net *net;
        rc_run *u;
        rc_loss out;
        int rows;
        test_open(&r, threads_n, NULL);
        rc_facts f = { .columns = 1, .vocabulary = { V }, .classes = { V } };
        assert_int_equal(rc_net_new(&r, &net, "embed 8 | drop .2 | dense 9 act=tanh | norm | dense", "softmax", &f),
                         0);
        real *w = test_weights(&r, net, 4);
        assert_int_equal(rc_run_new(&r, &u, net, w, &(recur_dims){ .B = 7, .T = 100, .N = N, .train = 1, .scores = 1 }), 0);
        for (int i = 0; i < N; i++) {
            ids[i] = (i * 37) % V;
            target[i] = i % 11 ? (i * 53) % V : -1;
        }
        recur_batch b = { .T = 100, .B = 7, .N = N, .C = 1, .ids = ids, .target = { target }, .fresh = 1 };
        assert_int_equal(rc_run_loss(u, &b, true, 1, &out), 0);
        const real *z = rc_run_forward(u, &b, 0, &rows);
        assert_non_null(z);
        double sum = 0;
        for (int n = 0; n < N; n++) {
            double all = 0;
            for (int v = 0; v < V; v++)
                all += exp((double)z[n * V + v]);
            sum += target[n] < 0 ? 0 : log(all) - (double)z[n * V + target[n]];
        }
        assert_true(fabs(sum / (double)out.count[0] - out.loss) < 1e-5);
        assert_int_equal(rc_run_loss(u, &b, false, 1, &out), 0);
        rc_run_backward(u);
        for (size_t i = 0; i < net->params.total; i++)
            assert_true(isfinite(u->g[i]));
        rc_run_free(u);
        rc_free(&r, w);
        rc_net_free(net);
        test_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_is_each_alone), cmocka_unit_test(stream_is_whole),
            cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(layers_and_threads), cmocka_unit_test(chunked_tail_is_whole),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("%d nets\n", cases);
    return failed;
}
