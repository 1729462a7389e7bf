/* SPDX-License-Identifier: MIT
 * linear.c - the linear model that stands beside every forecast: one matrix from the window to the horizon,
 * both on the window's own level, for all columns and series (Zeng et al. 2023 call it NLinear).  Ridge regression by
 * the normal equations, (X'X + a I) W = X'Y; how much ridge the held-out part says. */
#include <math.h>
#include <stdio.h>
#include "task/forecast/forecast.h"

typedef struct {
    recur *r;
    int n, H;                            /* numbers of a window with the one for the bias, steps of the horizon */
    double *xx, *xy, *l, *w;             /* [n][n], [n][H], Cholesky's factor, [n][H] */
    float *x, *y;                        /* one window: [n], [H] */
    int64_t rows;
} ridge;

/* Window and horizon of one column; false: a target is missing. */
static bool take(ridge *g, const rc_windows *w, const rc_example *ex, int c)
{
    int column = w->look.joint ? c : ex->label;
    rc_level l = rc_window_level(w, ex, c, 0, NULL);
    g->x[0] = 1;
    for (int i = 1; i < g->n; i++)
        g->x[i] = (rc_window_value(w, ex, column, i - g->n) - l.shift) / l.scale;
    for (int h = 0; h < g->H; h++) {
        g->y[h] = (rc_window_value(w, ex, column, h) - l.shift) / l.scale;
        if (isnan(g->y[h]))
            return false;
    }
    return true;
}

static void add(ridge *g)
{
    for (int i = 0; i < g->n; i++) {
        double xi = (double)g->x[i], *a = g->xx + (size_t)i * (size_t)g->n, *b = g->xy + (size_t)i * (size_t)g->H;
        for (int k = 0; k <= i; k++)
            a[k] += xi * (double)g->x[k];
        for (int h = 0; h < g->H; h++)
            b[h] += xi * (double)g->y[h];
    }
    g->rows++;
}

/* W = (X'X + a I)^-1 X'Y by Cholesky's factor; the bias is not held down. */
static void solve(ridge *g, double a)
{
    size_t n = (size_t)g->n, H = (size_t)g->H;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k <= i; k++) {
            double s = g->xx[i * n + k] + (i == k ? (i > 0 ? a : 0) + 1e-9 * (double)g->rows : 0);
            for (size_t j = 0; j < k; j++)
                s -= g->l[i * n + j] * g->l[k * n + j];
            g->l[i * n + k] = i == k ? sqrt(s > 1e-12 ? s : 1e-12) : s / g->l[k * n + k];
        }
    for (size_t i = 0; i < n; i++)
        for (size_t h = 0; h < H; h++) {
            double s = g->xy[i * H + h];
            for (size_t j = 0; j < i; j++)
                s -= g->l[i * n + j] * g->w[j * H + h];
            g->w[i * H + h] = s / g->l[i * n + i];
        }
    for (size_t i = n; i-- > 0;)
        for (size_t h = 0; h < H; h++) {
            double s = g->w[i * H + h];
            for (size_t j = i + 1; j < n; j++)
                s -= g->l[j * n + i] * g->w[j * H + h];
            g->w[i * H + h] = s / g->l[i * n + i];
        }
}

static double error_on(ridge *g, const recur_data *d, int step)
{
    const rc_windows *w = rc_windows_of(d);
    double sum = 0, n = 0;
    for (int i = 0; i < rc_windows_count(d); i += step)
        for (int c = 0; c < rc_outlook_wide(&w->look); c++) {
            if (!take(g, w, rc_windows_at(d, i), c))
                continue;
            for (int h = 0; h < g->H; h++, n++) {
                double f = 0;
                for (int k = 0; k < g->n; k++)
                    f += (double)g->x[k] * g->w[(size_t)k * (size_t)g->H + (size_t)h];
                sum += fabs(f - (double)g->y[h]);
            }
        }
    return n > 0 ? sum / n : 0;
}

static int open_ridge(ridge *g, recur *r, const rc_outlook *o)
{
    size_t n = (size_t)o->input + 1, H = (size_t)o->horizon;
    *g = (ridge){ .r = r, .n = o->input + 1, .H = o->horizon };
    g->xx = rc_new(r, n * n, sizeof *g->xx);
    g->l = rc_new(r, n * n, sizeof *g->l);
    g->xy = rc_new(r, n * H, sizeof *g->xy);
    g->w = rc_new(r, n * H, sizeof *g->w);
    g->x = rc_new(r, n, sizeof *g->x);
    g->y = rc_new(r, H, sizeof *g->y);
    return g->xx != NULL && g->l != NULL && g->xy != NULL && g->w != NULL && g->x != NULL && g->y != NULL
         ? RECUR_OK : RECUR_ENOMEM;
}

static void close_ridge(ridge *g)
{
    void *blocks[] = { g->xx, g->l, g->xy, g->w, g->x, g->y };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        rc_free(g->r, blocks[i]);
}

/* Of the ridges tried the one that errs least on the held-out part; without one the second. */
static void choose_ridge(ridge *g, const recur_data *held)
{
    static const double ridges[] = { 1e-1, 1e-3, 1e-2, 1, 10 };
    double best = INFINITY, with = ridges[1];
    int most = held != NULL ? rc_windows_count(held) / 500 + 1 : 1;
    for (size_t i = 0; i < sizeof ridges / sizeof ridges[0] && held != NULL && held->count > 0; i++) {
        solve(g, ridges[i] * (double)g->rows);
        double e = error_on(g, held, most);
        if (e < best)
            best = e, with = ridges[i];
    }
    solve(g, with * (double)g->rows);
}

int rc_window_linear_fit(recur_model *m, const recur_data *d, const recur_data *held)
{
    enum { WINDOWS = 30000 };
    const rc_windows *w = rc_windows_of(d);
    const rc_outlook *o = &w->look;
    double work = (double)(o->input + 1) * (o->input / 2 + o->horizon), most = 3e9 / work;
    most = most < WINDOWS ? most : WINDOWS;
    int step = (int)(rc_windows_count(d) / (most > 1 ? most : 1)) + 1, wide = rc_outlook_wide(o);
    ridge g;
    int e = open_ridge(&g, m->r, o);
    float *flat = e == RECUR_OK ? rc_new(m->r, (size_t)g.n * (size_t)g.H, sizeof *flat) : NULL;
    e = e == RECUR_OK && flat == NULL ? RECUR_ENOMEM : e;
    for (int i = 0; i < rc_windows_count(d) && e == RECUR_OK; i += step)
        for (int c = 0; c < wide; c++)
            if (take(&g, w, rc_windows_at(d, i), c))
                add(&g);
    if (e == RECUR_OK && g.rows > 1) {
        choose_ridge(&g, held);
        for (size_t i = 0; i < (size_t)g.n * (size_t)g.H; i++)
            flat[i] = (float)g.w[i];
        rc_model_extra(m, "linear", RC_F32, (int64_t)g.n * g.H, flat, &e);
    }
    rc_free(m->r, flat);
    close_ridge(&g);
    return e;
}

bool rc_window_linear_read(const recur_model *m, rc_window_linear *out)
{
    out->input = (int)json_integer_value(json_object_get(m->baseline, "input"));
    out->horizon = (int)json_integer_value(json_object_get(m->baseline, "horizon"));
    for (int i = 0; i < m->extra.tensors; i++) {
        const rc_tensor *t = &m->extra.tensor[i];
        if (strcmp(t->name, "baseline.linear") == 0 && t->dtype == RC_F32 && out->input > 0 && out->horizon > 0
            && t->n == ((size_t)out->input + 1) * (size_t)out->horizon) {
            out->w = t->data;
            return true;
        }
    }
    return false;
}

void rc_window_linear_put(const rc_window_linear *l, const rc_windows *w, const rc_example *ex, int c, int H, float *out)
{
    rc_level level = rc_window_level(w, ex, c, 0, NULL);
    int column = w->look.joint ? c : ex->label;
    for (int h = 0; h < H; h++)
        out[h] = l->w[h];
    for (int i = 0; i < l->input; i++) {
        float x = (rc_window_value(w, ex, column, i - l->input) - level.shift) / level.scale;
        const float *row = l->w + (size_t)(i + 1) * (size_t)l->horizon;
        for (int h = 0; h < H; h++)
            out[h] += x * row[h];
    }
    for (int h = 0; h < H; h++)
        out[h] = out[h] * level.scale + level.shift;
}
