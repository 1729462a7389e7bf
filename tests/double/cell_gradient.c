/* SPDX-License-Identifier: MIT
 * Every cell with every set of its options, and every activation: backward against central differences of forward. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "cell/cell.h"

enum { N = 3, H = 5, GS = 4 * H + 3, US = 4 * H + 1, SS = H + 2, QS = H, P = 14 };
static const double STEP = 1e-6, MIX = 0.7;                    /* MIX: what stands for the second round's product */

typedef struct {
    double g[N * GS], u[N * US], s0[2][N * SS], p[P * H];      /* what a step reads */
} input;
typedef struct {
    double g[N * GS], u[N * US], q[N * QS], s[2][N * SS];
} output;

static uint64_t seed;

static void fill(double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] = 2 * rc_uniform(3, seed++) - 1;
}

static rc_cell_io io_of(const rc_cell_opt *o, const input *in, output *out)
{
    return (rc_cell_io){ .n = N, .H = H, .hi = H, .gs = GS, .us = US, .ss = SS, .qs = QS, .opt = o, .g = out->g, .u = out->u,
        .q = out->q, .s0 = { in->s0[0], in->s0[1] }, .s = { out->s[0], out->s[1] }, .p = in->p };
}

static void forward(const rc_cell *c, const rc_cell_opt *o, const input *in, output *out)
{
    rc_cell_io io = io_of(o, in, out);
    memcpy(out->g, in->g, sizeof in->g);
    memcpy(out->u, in->u, sizeof in->u);
    c->forward[0](&io);
    for (int r = 0; c->split && r < N; r++)
        for (int j = 0; j < H; j++)
            out->g[r * GS + c->split * H + j] += MIX * out->q[r * QS + j];
    if (c->forward[1])
        c->forward[1](&io);
}

/* A loss that all states of all rows enter. */
static double loss(const rc_cell *c, const rc_cell_opt *o, const input *in, double *const weight[2])
{
    output out = { 0 };
    double sum = 0;
    forward(c, o, in, &out);
    for (int k = 0; k < c->S; k++)
        for (int r = 0; r < N; r++)
            for (int j = 0; j < H; j++)
                sum += weight[k][r * SS + j] * out.s[k][r * SS + j];
    return sum;
}

typedef struct {
    double g[N * GS], u[N * US], s[2][N * SS], p[P * H];
} gradient;

static void backward(const rc_cell *c, const rc_cell_opt *o, const input *in, double *const weight[2], bool alias, gradient *d)
{
    output out = { 0 };
    double dq[N * QS] = { 0 };
    forward(c, o, in, &out);
    rc_cell_io io = io_of(o, in, &out);
    for (int k = 0; k < c->S; k++)
        memcpy(d->s[k], weight[k], sizeof d->s[k]);
    io.dg = alias ? out.g : d->g, io.du = d->u, io.dq = dq, io.dp = d->p;
    io.ds[0] = d->s[0], io.ds[1] = d->s[1];
    if (c->backward[1])
        c->backward[1](&io);
    for (int r = 0; c->split && r < N; r++)
        for (int j = 0; j < H; j++)
            dq[r * QS + j] = MIX * io.dg[r * GS + c->split * H + j];
    c->backward[0](&io);
    if (alias)
        memcpy(d->g, out.g, sizeof d->g);
}

typedef struct { const char *what; double *x, *d; int rows, stride, width; } part;

static void compare(const rc_cell *c, const rc_cell_opt *o, input *in, double *const weight[2], const part *p)
{
    for (int r = 0; r < p->rows; r++)
        for (int j = 0; j < p->width; j++) {
            double *x = p->x + r * p->stride + j, keep = *x, got = p->d[r * p->stride + j];
            *x = keep + STEP;
            double more = loss(c, o, in, weight);
            *x = keep - STEP;
            double want = (more - loss(c, o, in, weight)) / (2 * STEP);
            *x = keep;
            if (!(fabs(got - want) <= 1e-7 * (1 + fabs(want))))
                fail_msg("%s (%s %s %s, flags %d): d%s[%d][%d] is %.12g, differences say %.12g", c->name, o->act[0].kind->name,
                         c->act[1] ? o->act[1].kind->name : "", c->act[2] ? o->act[2].kind->name : "", o->flags, p->what, r, j,
                         got, want);
        }
}

static void check(const rc_cell *c, const rc_cell_opt *o, bool alias)
{
    input in;
    gradient d = { .g = { 0 } };
    double w0[N * SS], w1[N * SS], *const weight[2] = { w0, w1 };
    int rows = c->P ? c->P(o) : 0;
    fill(in.g, N * GS), fill(in.u, N * US), fill(in.s0[0], N * SS), fill(in.s0[1], N * SS), fill(in.p, P * H);
    fill(w0, N * SS), fill(w1, N * SS);
    backward(c, o, &in, weight, alias, &d);
    compare(c, o, &in, weight, &(part){ "g", in.g, d.g, N, GS, c->G * H });
    compare(c, o, &in, weight, &(part){ "u", in.u, d.u, N, US, c->apart ? c->apart(o) * H : 0 });
    compare(c, o, &in, weight, &(part){ "p", in.p, d.p, rows, H, H });
    for (int k = 0; k < c->S; k++)
        compare(c, o, &in, weight, &(part){ "s0", in.s0[k], d.s[k], N, SS, H });
}

static void test_cells(void **state)
{
    (void)state;
    for (int i = 0; rc_cells[i]; i++)
        for (int flags = 0; flags < 32; flags++)
            for (int a = 0; !(flags & ~rc_cells[i]->options) && rc_act_at(a); a++) {
                const rc_cell *c = rc_cells[i];
                rc_cell_opt o = { .flags = flags };
                for (int j = 0; j < 3 && c->act[j]; j++)
                    assert_int_equal(rc_act_parse(a ? rc_act_at((a + j) % 12)->name : c->act[j], &o.act[j]), 0);
                check(c, &o, a % 2);
            }
}

static void test_activations(void **state)
{
    (void)state;
    for (int i = 0; rc_act_at(i); i++)
        for (int j = 0; j < 2000; j++) {
            const rc_act_kind *k = rc_act_at(i);
            double x = 8 * rc_uniform(4, seed++) - 4, y = k->f(x, k->a, k->b);
            double want = (k->f(x + STEP, k->a, k->b) - k->f(x - STEP, k->a, k->b)) / (2 * STEP);
            if (!(fabs(k->d(NAN, y, k->a, k->b) - want) <= 1e-7))
                fail_msg("%s at %.9g: %.12g, differences say %.12g", k->name, x, k->d(NAN, y, k->a, k->b), want);
        }
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(test_cells), cmocka_unit_test(test_activations) };
    return cmocka_run_group_tests_name("cell_gradient", tests, NULL, NULL);
}
