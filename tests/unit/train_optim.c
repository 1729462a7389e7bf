/* SPDX-License-Identifier: MIT
 * train_optim.c - optimizers: three steps by hand, a quadratic, clipping, decay, sparse rows, threads, numbers that are none. */
#include "unit/train_help.h"

static void open_mean(bench *b, const char *line, const rc_facts *f, const char *optimizer, int threads, double mean)
{
    b->r = open_runtime(threads);
    GOOD(b->r, rc_net_new(b->r, &b->net, line, "softmax", f));
    b->w = rc_new(b->r, b->net->params.total, sizeof(real));
    rc_net_init(b->net, f, 1, b->w);
    GOOD(b->r, rc_run_new(b->r, &b->u, b->net, b->w, &(recur_dims){ .B = 4, .T = 1, .N = 4, .train = 1 }));
    GOOD(b->r, rc_optim_new(b->r, &b->o, optimizer, b->net->params.total, mean));
}

static void open_bench(bench *b, const char *line, const rc_facts *f, const char *optimizer, int threads)
{
    open_mean(b, line, f, optimizer, threads, 0);
}

static const rc_facts four = { .features = 4, .classes = { 3 } };

/* Plain doubles beside the library: one weight, gradient g = w - 3 (of (w - 3)^2 / 2). */
typedef struct { double w, m, v, sum; } twin;
static void twin_step(const char *name, twin *t, int k, double lr, double b1, double b2, double eps, double decay)
{
    double g = t->w - 3;
    if (strcmp(name, "adamw") != 0) g += decay * t->w;
    if (strcmp(name, "sgd") == 0) {
        t->m = b1 * t->m + g;
        t->w -= lr * t->m;
    } else if (strcmp(name, "asgd") == 0) {
        t->w -= lr * g;
    } else if (strcmp(name, "rmsprop") == 0) {
        t->v = b2 * t->v + (1 - b2) * g * g;
        t->w -= lr * g / (sqrt(t->v) + eps);
    } else {
        t->m = b1 * t->m + (1 - b1) * g;
        t->v = b2 * t->v + (1 - b2) * g * g;
        if (strcmp(name, "adamw") == 0) t->w -= lr * decay * t->w;
        t->w -= lr * (t->m / (1 - pow(b1, k))) / (sqrt(t->v / (1 - pow(b2, k))) + eps);
    }
    t->sum += t->w;
}

static void steps_match_the_equations(void **state)
{
    (void)state;
    const double decay[] = { 0, 0.1 };
    for (int i = 0; rc_optims[i]; i++)
        for (int with = 0; with < 2; with++) {
            const char *name = rc_optims[i]->name;
            bench b;
            twin t = { .w = 1 };
            recur_step_options s = { .lr = 0.05, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-6, .decay = decay[with] };
            double norm;
            open_bench(&b, "input | dense 3", &four, name, 1);
            b.o->averaging = true;
            const rc_param *p = &b.net->params.p[0];
            assert_true(p->decay);
            for (size_t k = 0; k < p->n; k++) b.w[p->at + k] = 1;
            for (int k = 1; k <= 3; k++) {
                rc_run_clear(b.u);
                for (size_t e = 0; e < p->n; e++) b.u->g[p->at + e] = b.w[p->at + e] - 3;
                GOOD(b.r, rc_optim_step(b.o, b.u, &s, &norm));
                twin_step(name, &t, k, s.lr, strcmp(name, "sgd") == 0 ? s.momentum : s.beta1, s.beta2, s.eps, s.decay);
                for (size_t e = 0; e < p->n; e++) assert_near((double)b.w[p->at + e], t.w, 2e-6);
            }
            if (b.o->kind->average) {
                rc_optim_average(b.o, b.w);
                assert_near((double)b.w[p->at], t.sum / 3, 2e-6);
            }
            close_bench(&b);
        }
}

static void quadratic_is_minimised(void **state)
{
    (void)state;
    for (int i = 0; rc_optims[i]; i++) {
        bench b;
        double norm;
        open_bench(&b, "input | dense 3", &four, rc_optims[i]->name, 2);
        for (int k = 0; k < 400; k++) {
            recur_step_options s = { .lr = 0.1 * (1 - k / 400.0), .momentum = 0.5, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8 };
            rc_run_clear(b.u);
            for (size_t e = 0; e < b.net->params.total; e++) b.u->g[e] = (real)(1 + (double)(e % 5)) * (b.w[e] - (real)0.5);
            GOOD(b.r, rc_optim_step(b.o, b.u, &s, &norm));
        }
        for (int p = 0; p < b.net->params.n; p++)
            for (size_t e = 0; e < b.net->params.p[p].n; e++)
                assert_near((double)b.w[b.net->params.p[p].at + e], 0.5, 1e-2);
        close_bench(&b);
    }
}

static void clipping_bounds_value_then_norm(void **state)
{
    (void)state;
    bench b;
    double norm;
    recur_step_options s = { .lr = 1, .clip_value = 2, .clip = 1 };
    open_bench(&b, "input | dense 3", &four, "sgd", 1);
    const rc_param *p = &b.net->params.p[0];
    for (size_t e = 0; e < p->n; e++) b.w[p->at + e] = 0;
    rc_run_clear(b.u);
    b.u->g[p->at] = 30;
    b.u->g[p->at + 1] = -30;
    b.u->g[p->at + 2] = 1;
    GOOD(b.r, rc_optim_step(b.o, b.u, &s, &norm));
    assert_near(norm, 3, 1e-6);  /* 2, -2, 1 */
    assert_near((double)b.w[p->at], -2.0 / 3, 1e-6);
    assert_near((double)b.w[p->at + 1], 2.0 / 3, 1e-6);
    assert_near((double)b.w[p->at + 2], -1.0 / 3, 1e-6);
    close_bench(&b);
}

static void broken_gradient_touches_nothing(void **state)
{
    (void)state;
    const real broken[] = { (real)NAN, (real)INFINITY, -(real)INFINITY };
    for (int i = 0; rc_optims[i]; i++)
        for (int k = 0; k < 6; k++) {
            bench b;
            double norm;
            recur_step_options s = { .lr = 1, .beta1 = 0.9, .beta2 = 0.9, .eps = 1e-8, .clip = k % 2, .clip_value = k % 2 };
            open_bench(&b, "input | dense 5 | dense 3", &four, rc_optims[i]->name, 1);
            size_t bytes = b.net->params.total * sizeof(real);
            real *before = malloc(bytes);
            memcpy(before, b.w, bytes);
            rc_run_clear(b.u);
            const rc_param *last = &b.net->params.p[b.net->params.n - 1];
            for (size_t e = 0; e < b.net->params.total; e++) b.u->g[e] = 1;
            b.u->g[0] = broken[k / 2];
            b.u->g[last->at] = broken[k / 2];
            assert_int_equal(rc_optim_step(b.o, b.u, &s, &norm), RECUR_EDIVERGE);
            assert_non_null(strstr(b.r->message, last->name));
            assert_memory_equal(b.w, before, bytes);
            for (int m = 0; m < b.o->kind->moments; m++)
                for (size_t e = 0; e < b.o->n; e++) assert_true(b.o->moment[m][e] == 0);
            assert_int_equal(b.o->step, 0);
            free(before);
            close_bench(&b);
        }
}

/* An embedding's rows that the batch does not hold keep weight and moments, also with decay and momentum. */
static void untouched_rows_rest(void **state)
{
    (void)state;
    const rc_facts f = { .columns = 1, .vocabulary = { 50 }, .classes = { 3 } };
    const int32_t ids[] = { 4, 9, 4, 30 }, target[] = { 0, 1, 2, 0 };
    for (int i = 0; rc_optims[i]; i++) {
        bench b;
        double norm;
        rc_loss l;
        recur_batch x = { .T = 1, .B = 4, .N = 4, .C = 1, .ids = ids, .fresh = 1 };
        recur_step_options s = { .lr = 0.1, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.9, .eps = 1e-8, .decay = 0.1 };
        x.target[0] = target;
        open_bench(&b, "embed 6 | dense 3", &f, rc_optims[i]->name, 1);
        real *before = malloc(b.net->params.total * sizeof(real));
        memcpy(before, b.w, b.net->params.total * sizeof(real));
        for (int k = 0; k < 2; k++) {
            GOOD(b.r, rc_run_loss(b.u, &x, false, 1, &l));
            rc_run_backward(b.u);
            GOOD(b.r, rc_optim_step(b.o, b.u, &s, &norm));
            rc_run_clear(b.u);
        }
        const rc_param *p = &b.net->params.p[0];
        for (int row = 0; row < 50; row++) {
            bool same = memcmp(b.w + p->at + row * 6, before + p->at + row * 6, 6 * sizeof(real)) == 0;
            assert_int_equal(same, !(row == 4 || row == 9 || row == 30));
        }
        free(before);
        close_bench(&b);
    }
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    const rc_facts f = { .features = 60, .classes = { 3 } };
    for (int i = 0; rc_optims[i]; i++) {
        bench b[3];
        double norm[3];
        recur_step_options s = { .lr = 0.1, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.9, .eps = 1e-8, .decay = 0.1, .clip = 0.5 };
        for (int k = 0; k < 3; k++) {
            open_bench(&b[k], "input | dense 301 | dense 77 | dense 3", &f, rc_optims[i]->name, (const int[]){ 1, 3, -3 }[k]);
            for (int step = 0; step < 3; step++) {
                for (size_t e = 0; e < b[k].net->params.total; e++)
                    b[k].u->g[e] = (real)(rc_uniform(rc_key(5, RC_OTHER, (uint64_t)step, 0), e) - 0.5);
                GOOD(b[k].r, rc_optim_step(b[k].o, b[k].u, &s, &norm[k]));
            }
        }
        for (int k = 1; k < 3; k++) {
            assert_true(norm[0] == norm[k]);
            assert_memory_equal(b[0].w, b[k].w, b[0].net->params.total * sizeof(real));
        }
        for (int k = 0; k < 3; k++) close_bench(&b[k]);
    }
}

/* The running mean beside one in double, of every weight, whatever the number of threads. */
static void mean_follows_the_weights(void **state)
{
    (void)state;
    for (int i = 0; rc_optims[i]; i++)
        for (int threads = 1; threads <= 3; threads += 2) {
            bench b;
            recur_step_options s = { .lr = 0.05, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-6 };
            double norm, mean[128] = { 0 };
            if (rc_optims[i]->average) continue;
            open_mean(&b, "input | dense 6 | dense 3", &four, rc_optims[i]->name, threads, 0.5);
            const size_t n = b.net->params.total;
            assert_in_range(n, 1, 128);
            assert_false(rc_optim_averages(b.o));
            for (int k = 1; k <= 12; k++) {
                rc_run_clear(b.u);
                for (size_t e = 0; e < n; e++) b.u->g[e] = (real)(rc_uniform(rc_key(7, RC_OTHER, (uint64_t)k, 0), e) - 0.5);
                GOOD(b.r, rc_optim_step(b.o, b.u, &s, &norm));
                const double rise = (k - 1.0) / (k + 9.0), d = rise < 0.5 ? rise : 0.5;
                for (size_t e = 0; e < n; e++) mean[e] = d * mean[e] + (1 - d) * (double)b.w[e];
            }
            assert_true(rc_optim_averages(b.o));
            rc_optim_average(b.o, b.w);
            for (size_t e = 0; e < n; e++) assert_near((double)b.w[e], mean[e], 1e-6);
            close_bench(&b);
        }
}

static void what_is_refused_says_why(void **state)
{
    (void)state;
    static const struct { const char *name; double mean; const char *said; } bad[] = {
        { "adamx", 0, "sgd, asgd, rmsprop, adam, adamw" }, { "asgd", 0.9, "--average" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        recur *r = open_runtime(1);
        rc_optim *o;
        assert_int_equal(rc_optim_new(r, &o, bad[i].name, 10, bad[i].mean), RECUR_EOPTION);
        assert_null(o);
        assert_non_null(strstr(r->message, bad[i].said));
        close_runtime(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_match_the_equations), cmocka_unit_test(quadratic_is_minimised),
        cmocka_unit_test(clipping_bounds_value_then_norm), cmocka_unit_test(broken_gradient_touches_nothing),
        cmocka_unit_test(untouched_rows_rest), cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(mean_follows_the_weights),
        cmocka_unit_test(what_is_refused_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
