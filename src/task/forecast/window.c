/* SPDX-License-Identifier: MIT
 * window.c - windows cut from the rows of series, as a batch is made of them.
 *
 *   series   . . . . . [ input rows ][ block of targets ] . . .
 *                                    ^ row ex->at
 *
 * A step of the net's input is, for each column of the window, its value on the window's own level (Kim et al. 2022 call
 * it reversible normalisation; the last value as shift: SegRNN, Lin et al. 2023), with `gaps` whether it is missing (the
 * last one seen stands in) and how long ago one was seen, log2(1 + steps) - 1 (after GRU-D, Che et al. 2018); then the
 * columns known ahead and the calendar.  Where something is known ahead, the window goes on over the block, whose values
 * are missing.  Where the horizon's segments are given side by side (RC_PARALLEL), the side chain reads the window, and
 * each segment reads its number, its column and what is known of its rows.  A window that reaches back beyond its series
 * repeats the first row.  `segment` rows side by side are one step of the net. */
#include <math.h>
#include "task/forecast/forecast.h"

static void let_go(rc_cutter *c)
{
    rc_windows *w = (rc_windows *)c;
    if (w->users-- > 0)
        return;
    for (int i = 0; i < w->n; i++)
        rc_free(w->r, w->s[i].id);
    json_decref(w->look.column);
    void *blocks[] = { w->s, w->x, w->gap, w->time, w->since };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        rc_free(w->r, blocks[i]);
    rc_free(w->r, w);
}

static const void *rows(const rc_cutter *c, size_t *bytes)
{
    const rc_windows *w = (const rc_windows *)c;
    *bytes = w->rows * (size_t)rc_windows_width(&w->look) * sizeof(float);
    return w->x;
}

/* The row of the whole block that lies k rows after the window's first target, kept inside its series. */
static size_t row_at(const rc_windows *w, const rc_example *ex, int64_t k)
{
    const rc_stretch *s = &w->s[ex->file];
    int64_t at = (int64_t)(ex->at - s->at) + k;
    return s->at + (size_t)(at < 0 ? 0 : at < s->T ? at : s->T - 1);
}

float rc_window_value(const rc_windows *w, const rc_example *ex, int column, int64_t k)
{
    const rc_stretch *s = &w->s[ex->file];
    size_t W = (size_t)rc_windows_width(&w->look), V = (size_t)w->look.V, c = (size_t)column;
    if (k >= 0)
        return (int64_t)(ex->at - s->at) + k < s->T ? w->x[(ex->at + (size_t)k) * W + c] : NAN;
    size_t row = row_at(w, ex, k), ago = (size_t)w->since[row * V + c];
    return row - s->at >= ago ? w->x[(row - ago) * W + c] : 0;             /* nothing seen so far: the mean */
}

/* Scaled value of column c of the window k rows after ex->at: what stood there, or from ex->at on what was forecast. */
static float value_at(const rc_windows *w, const rc_example *ex, int c, int64_t k, const float *done)
{
    return k >= 0 ? done[k * rc_outlook_wide(&w->look) + c] : rc_window_value(w, ex, w->look.joint ? c : ex->label, k);
}

rc_level rc_window_level(const rc_windows *w, const rc_example *ex, int c, int k, const float *done)
{
    const rc_outlook *o = &w->look;
    rc_level l = { 0, 1 };
    double sum = 0, square = 0, n = o->input;
    if (o->scaled == RC_SCALED_NONE)
        return l;
    l.shift = value_at(w, ex, c, k - 1, done);
    for (int i = 0; i < o->input && o->scaled == RC_SCALED_WINDOW; i++)
        sum += (double)value_at(w, ex, c, (int64_t)i + k - o->input, done);
    for (int i = 0; i < o->input && o->scaled == RC_SCALED_WINDOW; i++) {
        double off = (double)value_at(w, ex, c, (int64_t)i + k - o->input, done) - sum / n;
        square += off * off;
    }
    double mean = fabs(sum / n), spread = sqrt(square / n);
    if (o->scaled == RC_SCALED_WINDOW)   /* a flat window has no spread */
        l.scale = (float)(spread > 1e-4 * mean && spread > 0 ? spread : mean > 0 ? 0.01 * mean : 1);
    return l;
}

/* Where row i of the window begins. */
static float *row_of(const rc_outlook *o, float *x, size_t stride, int i)
{
    return x + (size_t)(i / o->segment) * stride + (size_t)(i % o->segment) * (size_t)rc_outlook_features(o);
}

static void cut_column(const rc_windows *w, const rc_example *ex, int c, int k, const float *done, float *x,
                       size_t stride)
{
    const rc_outlook *o = &w->look;
    rc_level level = rc_window_level(w, ex, c, k, done);
    size_t V = (size_t)o->V, column = (size_t)(o->joint ? c : ex->label);
    for (int i = 0; i < ex->T * o->segment; i++) {
        float *step = row_of(o, x, stride, i) + c * (o->gaps ? 3 : 1);
        int64_t at = (int64_t)i + k - o->input;
        bool ahead = i >= o->input, made = !ahead && at >= 0;
        step[0] = ahead ? 0 : (value_at(w, ex, c, at, done) - level.shift) / level.scale;
        if (o->gaps) {
            size_t row = row_at(w, ex, at) * V + column;
            step[1] = ahead || (!made && w->since[row] > 0) ? 1 : 0;
            step[2] = ahead ? log2f((float)(i - o->input + 3)) - 1 : made ? 0 : w->gap[row];
        }
    }
}

void rc_window_cut(const rc_windows *w, const rc_example *ex, int k, const float *done, float *x, size_t stride)
{
    const rc_outlook *o = &w->look;
    int wide = rc_outlook_wide(o), per = o->gaps ? 3 : 1, more = o->K + o->A;
    size_t W = (size_t)rc_windows_width(o);
    for (int c = 0; c < wide; c++)
        cut_column(w, ex, c, k, done, x, stride);
    for (int i = 0; i < ex->T * o->segment && more > 0; i++) {
        const float *from = w->x + row_at(w, ex, (int64_t)i + k - o->input) * W + o->V;
        float *step = row_of(o, x, stride, i) + wide * per;
        for (int f = 0; f < more; f++)
            step[f] = isnan(from[f]) ? 0 : from[f];
    }
}

/* Targets of one column of a window: rows [from, from + n) of the block, on the window's level. */
static float *put_targets(const rc_windows *w, const rc_example *ex, int c, int from, int n, float *value)
{
    rc_level l = rc_window_level(w, ex, c, 0, NULL);
    for (int i = from; i < from + n; i++)
        *value++ = (rc_window_value(w, ex, w->look.joint ? c : ex->label, i) - l.shift) / l.scale;
    return value;
}

/* Segment ex->line of the horizon: ids are its number and its column, x is what is known of its rows. */
static void put_segment(recur_data *d, const rc_example *ex, int b)
{
    const rc_windows *w = rc_windows_of(d);
    const rc_outlook *o = &w->look;
    size_t B = (size_t)d->out.alive[0], W = (size_t)rc_windows_width(o), more = (size_t)(o->K + o->A);
    int from = (int)ex->line * o->segment;
    d->out.ids[b] = (int32_t)ex->line;
    d->out.ids[B + (size_t)b] = ex->label;
    put_targets(w, ex, 0, from, o->segment, d->out.value + (size_t)b * (size_t)d->outputs);
    for (int i = 0; i < o->segment && more > 0; i++) {
        const float *known = w->x + row_at(w, ex, from + i) * W + o->V;
        float *x = d->out.x + (size_t)b * (size_t)d->F + (size_t)i * more;
        for (size_t f = 0; f < more; f++)
            x[f] = isnan(known[f]) ? 0 : known[f];
    }
}

static void put(recur_data *d, const rc_example *ex, int b)
{
    const rc_outlook *o = &rc_windows_of(d)->look;
    size_t B = (size_t)d->out.alive[0], F = (size_t)d->F;
    if (d->side != NULL) {
        put_segment(d, ex, b);
        return;
    }
    float *value = d->outputs > 0 ? d->out.value + (size_t)b * (size_t)d->outputs : NULL;
    rc_window_cut(rc_windows_of(d), ex, 0, NULL, d->out.x + (size_t)b * F, B * F);
    for (int c = 0; c < rc_outlook_wide(o) && value != NULL; c++)
        value = put_targets(rc_windows_of(d), ex, c, 0, o->block, value);
}

const rc_cutter rc_windows_cutter = { .put = put, .free = let_go, .rows = rows };
