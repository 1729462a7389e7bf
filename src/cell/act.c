/* SPDX-License-Identifier: MIT
 * Activations y = f(x), with f' written in y alone: a step keeps only what it put out.
 * Names, formulas and defaults of alpha and beta are those of ONNX (operator RNN, attribute `activations`); `linear` is
 * its Affine with 1 and 0.  Where f has a corner, f' is the left one's, as in PyTorch (relu'(0) = 0). */
#include <stdio.h>
#include <stdlib.h>
#include <tgmath.h>

#include "cell/cell.h"

#define F(name, expression) \
    static real name(real x, real a, real b) { (void)x, (void)a, (void)b; return expression; }
#define D(name, expression) \
    static real name(real x, real y, real a, real b) { (void)x, (void)y, (void)a, (void)b; return expression; }

F(f_tanh, tanh(x))
D(d_tanh, 1 - y * y)
F(f_sigmoid, 1 / (1 + exp(-x)))
D(d_sigmoid, y * (1 - y))
F(f_relu, x > 0 ? x : 0)
D(d_relu, y > 0 ? 1 : 0)
F(f_linear, x)
D(d_linear, 1)
F(f_affine, a * x + b)
D(d_affine, a)
F(f_leaky, x > 0 ? x : a * x)
D(d_leaky, y > 0 ? 1 : a)
F(f_threshold, x > a ? x : 0)
D(d_threshold, y > 0 ? 1 : 0)
F(f_scaledtanh, a * tanh(b * x))
D(d_scaledtanh, b * (a - y * y / a))
F(f_hardsigmoid, a * x + b < 0 ? 0 : a * x + b > 1 ? 1 : a * x + b)
D(d_hardsigmoid, y > 0 && y < 1 ? a : 0)
F(f_elu, x > 0 ? x : a * expm1(x))
D(d_elu, y > 0 ? 1 : y + a)
F(f_softsign, x / (1 + fabs(x)))
D(d_softsign, (1 - fabs(y)) * (1 - fabs(y)))
F(f_softplus, (x > 0 ? x : 0) + log1p(exp(-fabs(x))))
D(d_softplus, -expm1(-y))

static const rc_act_kind kinds[] = {
    { "tanh", "tanh(x)", 0, 0, 0, f_tanh, d_tanh, 0, RC_FAST_TANH },
    { "sigmoid", "1 / (1 + exp(-x))", 0, 0, 0, f_sigmoid, d_sigmoid, 0, RC_FAST_SIGMOID },
    { "relu", "max(0, x)", 0, 0, 0, f_relu, d_relu, 0, RC_FAST_RELU },
    { "linear", "x", 0, 0, 0, f_linear, d_linear, 0, RC_FAST_LINEAR },
    { "affine", "a x + b", 2, 1, 0, f_affine, d_affine, (real)-1e30, 0 },
    { "leakyrelu", "x > 0: x, else a x", 1, (real)0.01, 0, f_leaky, d_leaky, 0, 0 },
    { "thresholdedrelu", "x > a: x, else 0", 1, 1, 0, f_threshold, d_threshold, 0, 0 },
    { "scaledtanh", "a tanh(b x)", 2, (real)1.7159, (real)(2.0 / 3), f_scaledtanh, d_scaledtanh, (real)1e-30, 0 },
    { "hardsigmoid", "max(0, min(1, a x + b))", 2, (real)0.2, (real)0.5, f_hardsigmoid, d_hardsigmoid, 0, 0 },
    { "elu", "x > 0: x, else a (exp(x) - 1)", 1, 1, 0, f_elu, d_elu, 0, 0 },
    { "softsign", "x / (1 + |x|)", 0, 0, 0, f_softsign, d_softsign, 0, 0 },
    { "softplus", "ln(1 + exp(x))", 0, 0, 0, f_softplus, d_softplus, 0, 0 },
};

const rc_act_kind *rc_act_at(int i)
{
    return i >= 0 && i < (int)(sizeof kinds / sizeof *kinds) ? &kinds[i] : NULL;
}

/* ":number" at *s, if the kind has such an argument. */
static bool number(const char **s, real *out)
{
    char *end;
    double v = strtod(*s + 1, &end);
    if (end == *s + 1 || !(fabs(v) <= 1e30))
        return false;
    *out = (real)v;
    *s = end;
    return true;
}

int rc_act_parse(const char *s, rc_act_fn *out)
{
    size_t n = strcspn(s, ":");
    for (int i = 0; rc_act_at(i); i++) {
        const rc_act_kind *k = rc_act_at(i);
        if (strlen(k->name) != n || memcmp(k->name, s, n) != 0)
            continue;
        rc_act_fn f = { k, k->a, k->b };
        s += n;
        if (*s == ':' && (k->args < 1 || !number(&s, &f.a)))
            return RECUR_ESPEC;
        if (*s == ':' && (k->args < 2 || !number(&s, &f.b)))
            return RECUR_ESPEC;
        if (*s || f.a < k->least)
            return RECUR_ESPEC;
        *out = f;
        return 0;
    }
    return RECUR_ESPEC;
}

/* The shortest digits that read back as the same number. */
static void digits(real v, char *out, size_t n)
{
    for (int p = 1; p <= 17; p++) {
        snprintf(out, n, "%.*g", p, (double)v);
        if ((real)strtod(out, NULL) == v)
            return;
    }
}

void rc_act_print(const rc_act_fn *f, char *out, size_t n)
{
    char a[40] = "", b[40] = "";
    bool own_b = f->kind->args > 1 && f->b != f->kind->b;
    bool own_a = f->kind->args > 0 && f->a != f->kind->a;
    if (own_a || own_b)
        digits(f->a, a, sizeof a);
    if (own_b)
        digits(f->b, b, sizeof b);
    snprintf(out, n, "%s%s%s%s%s", f->kind->name, *a ? ":" : "", a, *b ? ":" : "", b);
}
