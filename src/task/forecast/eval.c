/* SPDX-License-Identifier: MIT
 * eval.c - how far forecasts are off, and those of three simple ones beside them, from every row of the test
 * span: each window sees what lies before it and nothing else.
 *
 *   mse, mae   of values scaled by the training rows, as the literature has it
 *   mase       mean of |error| / mean |y[t] - y[t - period]| over the rows before the span (Hyndman & Koehler 2006)
 *   smape      mean of 200 |error| / (|y| + |forecast|) of the numbers themselves (Makridakis et al. 2020) */
#include <math.h>
#include <stdio.h>
#include "data/pick.h"
#include "task/sweep.h"
#include "task/forecast/forecast.h"

enum { NET, LAST, SEASONAL, LINEAR, MODELS, MOST_COLUMNS = 64 };
static const char *const names[MODELS] = { "net", "last", "seasonal", "linear" };

typedef struct { double square, error, smape, mase; int64_t n, n_mase; } sums;
typedef struct {
    const recur_model *m;
    recur_data *d;
    int H, Q, point;
    double q[RC_LEVELS];
    bool has[MODELS];
    rc_window_linear linear;
    double *unit;                        /* [series][V]: what mase is measured in, scaled; 0: not known */
    sums all[MODELS], column[MOST_COLUMNS];
    double pinball; int64_t inside, judged;
    float *f[MODELS];                    /* forecasts of one column of a window, scaled: [H], the net's [H][Q] apart */
} tally;

/* --- what mase is measured in --- */

/* Mean |y[t] - y[t - period]| of rows [0, to) of a series, scaled; 0: too short, or it repeats itself exactly. */
static double seasonal_unit(const rc_windows *w, const rc_stretch *s, int c, int32_t to)
{
    size_t W = (size_t)rc_windows_width(&w->look);
    double sum = 0, n = 0;
    for (int32_t t = w->look.period; t < to; t++) {
        double a = (double)w->x[(s->at + (size_t)t) * W + (size_t)c];
        double b = (double)w->x[(s->at + (size_t)(t - w->look.period)) * W + (size_t)c];
        if (!isnan(a - b))
            sum += fabs(a - b), n++;
    }
    return n > 0 ? sum / n : 0;
}

/* One series is measured by the training rows (the model has the figure), each of many by its own past. */
static int find_units(tally *t)
{
    const rc_windows *w = rc_windows_of(t->d);
    const json_t *kept = json_object_get(t->m->baseline, "unit");
    int V = w->look.V;
    bool same = w->look.period == json_integer_value(json_object_get(t->m->baseline, "period"));
    t->unit = rc_new(t->m->r, (size_t)w->n, (size_t)V * sizeof *t->unit);
    if (t->unit == NULL)
        return RECUR_ENOMEM;
    for (int k = 0; k < w->n; k++)
        for (int c = 0; c < V; c++) {
            double of_training = same ? json_number_value(json_array_get(kept, (size_t)c)) : 0;
            double own = of_training > 0 && !w->look.named ? 0 : seasonal_unit(w, &w->s[k], c, w->s[k].from);
            t->unit[k * V + c] = own > 0 ? own : of_training;
        }
    return RECUR_OK;
}

/* --- one window --- */

static void count(sums *s, double y, double f, double mean, double scale, double unit)
{
    double e = y - f, raw = y / scale + mean, said = f / scale + mean, both = fabs(raw) + fabs(said);
    s->square += e * e;
    s->error += fabs(e);
    s->smape += both > 0 ? 200 * fabs(raw - said) / both : 0;
    s->n++;
    if (unit > 0)
        s->mase += fabs(e) / unit, s->n_mase++;
}

static void simple_forecasts(tally *t, const rc_example *ex, int c)
{
    const rc_windows *w = rc_windows_of(t->d);
    int column = w->look.joint ? c : ex->label, m = w->look.period;
    for (int h = 0; h < t->H; h++) {
        t->f[LAST][h] = rc_window_value(w, ex, column, -1);
        t->f[SEASONAL][h] = rc_window_value(w, ex, column, h - (int64_t)m * (h / m + 1));
    }
    if (t->has[LINEAR])
        rc_window_linear_put(&t->linear, w, ex, c, t->H, t->f[LINEAR]);
}

static void judge_band(tally *t, double y, const float *f)
{
    t->judged++;
    t->inside += y >= (double)f[0] && y <= (double)f[t->Q - 1];
    for (int i = 0; i < t->Q; i++) {
        double e = y - (double)f[i];
        t->pinball += fmax(t->q[i] * e, (t->q[i] - 1) * e) / t->Q;
    }
}

/* net: the net's forecasts of this column, [H][Q]. */
static void judge(tally *t, const rc_example *ex, int c, const float *net)
{
    const rc_windows *w = rc_windows_of(t->d);
    int column = w->look.joint ? c : ex->label;
    double mean = (double)t->d->scaling.mean[column], scale = (double)t->d->scaling.scale[column];
    double unit = t->unit[ex->file * w->look.V + column];
    simple_forecasts(t, ex, c);
    for (int h = 0; h < t->H; h++) {
        double y = (double)rc_window_value(w, ex, column, h);
        bool within = (int64_t)(ex->at - w->s[ex->file].at) + h < w->s[ex->file].to;
        if (isnan(y) || !within)
            continue;
        t->f[NET][h] = net[h * t->Q + t->point];
        for (int k = 0; k < MODELS; k++)
            if (t->has[k])
                count(&t->all[k], y, (double)t->f[k][h], mean, scale, unit);
        if (column < MOST_COLUMNS)
            count(&t->column[column], y, (double)t->f[NET][h], mean, scale, unit);
        if (t->Q > 1)
            judge_band(t, y, net + h * t->Q);
    }
}

static int judge_all(tally *t)
{
    recur_data *d = t->d;
    int wide = rc_outlook_wide(&rc_windows_of(d)->look), windows = rc_windows_count(d), n;
    rc_run *u = NULL;
    int e = rc_forecast_open(t->m, d, &u);
    size_t one = (size_t)wide * (size_t)t->H * (size_t)t->Q;
    float *out = e == RECUR_OK ? rc_new(t->m->r, RC_TOGETHER, one * sizeof *out) : NULL;
    if (e == RECUR_OK && out == NULL)
        e = RECUR_ENOMEM;
    for (int i = 0; i < windows && e == RECUR_OK; i += n) {
        n = windows - i < RC_TOGETHER ? windows - i : RC_TOGETHER;
        if ((e = rc_forecast_run(t->m, d, u, i, n, t->H, out)) != RECUR_OK)
            break;
        for (int k = 0; k < n; k++)
            for (int c = 0; c < wide; c++)
                judge(t, rc_windows_at(d, i + k), c, out + (size_t)k * one + (size_t)c * (size_t)t->H * (size_t)t->Q);
    }
    rc_free(t->m->r, out);
    rc_run_free(u);
    return e;
}

/* --- the figures --- */

static json_t *figures(const sums *s)
{
    json_t *o = json_object();
    double n = (double)s->n;
    if (o == NULL)
        return NULL;
    int bad = rc_json_real(o, "mse", s->n > 0 ? s->square / n : NAN) | rc_json_real(o, "mae", s->n > 0 ? s->error / n : NAN)
        | rc_json_real(o, "mase", s->n_mase > 0 ? s->mase / (double)s->n_mase : NAN)
        | rc_json_real(o, "smape", s->n > 0 ? s->smape / n : NAN);
    if (bad == 0)
        return o;
    json_decref(o);
    return NULL;
}

static int add_columns(const tally *t, json_t *o)
{
    const rc_outlook *look = &rc_windows_of(t->d)->look;
    json_t *list = json_array();
    int bad = list == NULL;
    for (int c = 0; c < look->V && bad == 0; c++) {
        json_t *row = figures(&t->column[c]);
        bad = row == NULL || json_object_set(row, "column", json_array_get(look->column, (size_t)c)) != 0
            || json_array_append_new(list, row) != 0;
    }
    return bad | json_object_set_new(o, "by_column", list);
}

/* The best of the simple ones stands beside the net; all of them under "baselines". */
static int add_baselines(const tally *t, json_t *o)
{
    json_t *all = json_object();
    int best = LAST, bad = all == NULL;
    for (int k = LAST; k < MODELS && bad == 0; k++)
        if (t->has[k]) {
            best = t->all[k].error < t->all[best].error ? k : best;
            bad = json_object_set_new(all, names[k], figures(&t->all[k]));
        }
    json_t *beside = bad == 0 ? json_copy(json_object_get(all, names[best])) : NULL;
    bad = bad || beside == NULL || json_object_set_new(beside, "name", json_string(names[best]));
    bool better = t->all[NET].error < t->all[best].error;
    return bad | json_object_set_new(o, "baseline", beside) | json_object_set_new(o, "baselines", all)
         | json_object_set_new(o, "better", json_boolean(better));
}

static int add_band(const tally *t, json_t *o)
{
    if (t->Q < 2 || t->judged == 0)
        return 0;
    bool median = fabs(t->q[t->point] - 0.5) < 1e-9;         /* a line of the user's may have left it out */
    return (!median && rc_json_real(o, "forecast_level", t->q[t->point])) | rc_json_real(o, "quantile_loss", t->pinball / (double)t->judged)
         | rc_json_real(o, "band", t->q[t->Q - 1] - t->q[0])
         | rc_json_real(o, "coverage", (double)t->inside / (double)t->judged);
}

static int write(const tally *t, json_t **out)
{
    static const char *const spans[] = { "test", "held-out", "all" };
    const rc_windows *w = rc_windows_of(t->d);
    json_t *o = *out = figures(&t->all[NET]);
    int bad = o == NULL || json_object_set_new(o, "task", json_string("forecast"))
        || json_object_set_new(o, "span", json_string(spans[w->span]))
        || json_object_set_new(o, "windows", json_integer(rc_windows_count(t->d)))
        || json_object_set_new(o, "horizon", json_integer(t->H))
        || json_object_set_new(o, "period", json_integer(w->look.period))
        || json_object_set_new(o, "targets", json_integer(t->all[NET].n)) || add_band(t, o)
        || (w->look.V > 1 && w->look.V <= MOST_COLUMNS && add_columns(t, o)) || add_baselines(t, o);
    return bad ? rc_fail(t->m->r, RECUR_ENOMEM, "no memory for the figures") : RECUR_OK;
}

int rc_forecast_eval(const recur_model *m, recur_data *d, json_t **out)
{
    tally *t = rc_new(m->r, 1, sizeof *t);
    int e = t != NULL ? RECUR_OK : RECUR_ENOMEM;
    *out = NULL;
    if (e == RECUR_OK && (d->windows == NULL || d->count == 0))
        e = rc_fail(m->r, RECUR_EDATA, "%s: no row to score: a series needs %d rows before the test span and one in it",
                    d->paths > 0 ? d->path[0] : "series", 1);
    if (e == RECUR_OK) {
        t->m = m, t->d = d, t->H = rc_windows_of(d)->look.horizon;
        t->Q = rc_forecast_levels(m, t->q);
        t->point = t->Q > 0 ? rc_forecast_point(t->q, t->Q) : 0;
        t->Q = t->Q > 0 ? t->Q : 1;
        t->has[NET] = t->has[LAST] = t->has[SEASONAL] = true;
        t->has[LINEAR] = rc_window_linear_read(m, &t->linear) && t->linear.horizon >= t->H;
        e = find_units(t);
    }
    for (int k = 0; k < MODELS && e == RECUR_OK; k++)
        if ((t->f[k] = rc_new(m->r, (size_t)t->H, sizeof *t->f[k])) == NULL)
            e = RECUR_ENOMEM;
    if (e == RECUR_OK)
        e = judge_all(t);
    if (e == RECUR_OK)
        e = write(t, out);
    for (int k = 0; k < MODELS && t != NULL; k++)
        rc_free(m->r, t->f[k]);
    rc_free(m->r, t != NULL ? t->unit : NULL);
    rc_free(m->r, t);
    if (e != RECUR_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return e;
}

/* --- while training --- */

int rc_forecast_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric)
{
    (void)m;
    int e = rc_sweep_loss(u, held, loss, NULL);
    *metric = *loss;
    return e;
}

int rc_forecast_baseline(recur_model *m, recur_data *d, recur_data *held)
{
    const rc_windows *w = rc_windows_of(d);
    json_t *units = json_array();
    int bad = units == NULL;
    for (int c = 0; c < w->look.V && bad == 0; c++) {
        double sum = 0, n = 0;
        for (int k = 0; k < w->n; k++) {
            double unit = seasonal_unit(w, &w->s[k], c, w->s[k].to);
            sum += unit;
            n += unit > 0;
        }
        bad = json_array_append_new(units, json_real(n > 0 ? sum / n : 0));
    }
    json_decref(m->baseline);
    m->baseline = bad ? NULL : json_pack("{s:s,s:i,s:i,s:i,s:o}", "name", "linear", "input", w->look.input, "horizon",
                                         w->look.horizon, "period", w->look.period, "unit", units);
    if (m->baseline == NULL)
        return rc_fail(m->r, RECUR_ENOMEM, "no memory for the baseline");
    return rc_window_linear_fit(m, d, held);
}
