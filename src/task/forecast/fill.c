/* SPDX-License-Identifier: MIT
 * fill.c - rows of tables -> series: in order, on their clock, parted in time (span.c), scaled. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "data/pick.h"
#include "task/forecast/forecast.h"

enum { LARGEST = 1 << 28 };              /* numbers of a window */

typedef struct {
    recur_data *d;
    rc_windows *w;
    rc_raw *raw;
    const recur_train_options *o;
    const rc_like *like;
    int part;
    json_t *problems;
    size_t *order, *begin;               /* rows by series: [rows], [series + 1] */
} filling;

static const char *path_of(const recur_data *d, int file) { return d->paths > file ? d->path[file] : "series"; }

/* --- order --- */

static int sort_rows(filling *f)
{
    const rc_raw *raw = f->raw;
    size_t n = (size_t)raw->n;
    f->order = rc_new(f->d->r, raw->rows + 1, sizeof *f->order);
    f->begin = rc_new(f->d->r, n + 2, sizeof *f->begin);
    if (f->order == NULL || f->begin == NULL)
        return RECUR_ENOMEM;
    for (size_t i = 0; i < raw->rows; i++)
        f->begin[raw->row[i].series + 2]++;
    for (size_t k = 2; k <= n; k++)
        f->begin[k] += f->begin[k - 1];
    for (size_t i = 0; i < raw->rows; i++)
        f->order[f->begin[raw->row[i].series + 1]++] = i;
    return RECUR_OK;
}

/* Rows whose time does not rise are named and left out. */
static int keep_rising(filling *f)
{
    const rc_raw *raw = f->raw;
    size_t out = 0, lost = 0;
    for (int k = 0; k < raw->n; k++) {
        size_t from = f->begin[k], to = f->begin[k + 1], first = out;
        for (size_t i = from; i < to; i++) {
            size_t row = f->order[i];
            if (out == first || raw->row[row].time > raw->row[f->order[out - 1]].time) {
                f->order[out++] = row;
                continue;
            }
            lost++;
            const char *what = rc_speak(f->d->r, "the time is not after that of the line before; several series? name their column: --id");
            int e = f->o != NULL && f->o->strict > 0
                  ? rc_fail(f->d->r, RECUR_EDATA, "%s:%lld: %s", path_of(f->d, raw->row[row].file),
                            (long long)raw->row[row].line, what)
                  : rc_problem(f->problems, path_of(f->d, raw->row[row].file), raw->row[row].line, "time", what);
            if (e != RECUR_OK)
                return e;
        }
        f->begin[k] = first;
    }
    f->begin[raw->n] = out;
    return lost <= out ? RECUR_OK
         : rc_fail(f->d->r, RECUR_EDATA, "%s: times fall and rise: several series in one table? --id names their column",
                   path_of(f->d, 0));
}

/* --- the clock --- */

static int64_t time_of(const filling *f, size_t i) { return f->raw->row[f->order[i]].time; }

/* Rows that are missing between two rows of a regular clock; -1: the second is not on the clock. */
static int64_t missing_rows(const rc_clock *c, int64_t a, int64_t b)
{
    double steps = rc_clock_steps(c, a, b), whole = floor(steps + 0.5);
    return fabs(steps - whole) < 1e-9 && whole >= 1 && whole < 1e6 ? (int64_t)whole - 1 : -1;
}

static void learn_clock(filling *f, rc_outlook *look)
{
    enum { FIRST = 1001 };
    int64_t t[FIRST] = { 0 }, holes = 0, off = 0;
    size_t n = f->begin[1] < FIRST ? f->begin[1] : FIRST;
    for (size_t i = 0; i < n; i++)
        t[i] = time_of(f, i);
    rc_clock_find(&look->clock, t, n);
    for (size_t i = 1; i < n; i++) {
        int64_t k = missing_rows(&look->clock, t[i - 1], t[i]);
        holes += k > 0 ? k : 0;
        off += k < 0;
    }
    look->grid = off == 0 && holes <= (int64_t)n / 5;
    look->gaps = holes > 0 || !look->grid;
}

/* How many rows are put in before row i of a series that begins at `from`. */
static size_t put_in(const filling *f, size_t from, size_t i)
{
    const rc_outlook *look = &f->w->look;
    int64_t k = i > from && look->grid && look->clock.form[0] != 0
              ? missing_rows(&look->clock, time_of(f, i - 1), time_of(f, i)) : 0;
    return k > 0 ? (size_t)k : 0;
}

/* --- rows --- */

static int make_rows(filling *f)
{
    rc_windows *w = f->w;
    const rc_raw *raw = f->raw;
    recur *r = f->d->r;
    size_t rows = 0, W = (size_t)rc_windows_width(&w->look), V = (size_t)w->look.V;
    for (int k = 0; k < raw->n; k++)
        for (size_t i = f->begin[k]; i < f->begin[k + 1]; i++)
            rows += 1 + put_in(f, f->begin[k], i);
    if (rows == 0)
        return rc_fail(r, RECUR_EDATA, "%s: no usable line", path_of(f->d, 0));
    if (rows > (size_t)INT32_MAX)
        return rc_fail(r, RECUR_EDATA, "%s: more than %d rows: part the files", path_of(f->d, 0), INT32_MAX);
    w->s = rc_new(r, (size_t)raw->n, sizeof *w->s);
    w->x = rc_new(r, rows, W * sizeof *w->x);
    w->time = rc_new(r, rows, sizeof *w->time);
    w->since = rc_new(r, rows, V * sizeof *w->since);
    return w->s != NULL && w->x != NULL && w->time != NULL && w->since != NULL ? RECUR_OK : RECUR_ENOMEM;
}

static void put_row(rc_windows *w, int64_t time, const float *x, int columns)
{
    size_t W = (size_t)rc_windows_width(&w->look);
    for (int c = 0; c < columns; c++)
        w->x[w->rows * W + (size_t)c] = x != NULL ? x[c] : NAN;
    w->time[w->rows++] = time;
}

static int place_rows(filling *f)
{
    rc_windows *w = f->w;
    rc_raw *raw = f->raw;
    int columns = w->look.V + w->look.K, last = f->d->paths - 1;
    for (int k = 0; k < raw->n; k++) {
        rc_stretch *s = &w->s[w->n++];
        *s = (rc_stretch){ .id = raw->name[k], .at = w->rows };
        raw->name[k] = NULL;                                   /* it is the series' now */
        s->fresh = -1;
        for (size_t i = f->begin[k]; i < f->begin[k + 1]; i++) {
            size_t more = put_in(f, f->begin[k], i), row = f->order[i];
            for (size_t j = 1; j <= more; j++)
                put_row(w, rc_clock_ahead(&w->look.clock, time_of(f, i - 1), (int64_t)j), NULL, columns);
            if (raw->row[row].file == last && s->fresh < 0)
                s->fresh = (int32_t)(w->rows - s->at);
            put_row(w, raw->row[row].time, raw->x.x + row * (size_t)columns, columns);
        }
        s->T = (int32_t)(w->rows - s->at);
        s->fresh = s->fresh < 0 ? s->T : s->fresh;
    }
    return RECUR_OK;
}

/* --- scaling --- */

static int learn_scaling(filling *f)
{
    recur_data *d = f->d;
    rc_windows *w = f->w;
    size_t n = (size_t)(w->look.V + w->look.K), W = (size_t)rc_windows_width(&w->look);
    d->scaling.mean = rc_new(d->r, n, sizeof(float));
    d->scaling.scale = rc_new(d->r, n, sizeof(float));
    if (d->scaling.mean == NULL || d->scaling.scale == NULL)
        return RECUR_ENOMEM;
    d->scaling.n = (int)n;
    for (size_t c = 0; c < n; c++) {
        double sum = 0, square = 0, count = 0;
        bool level = w->look.scaled == RC_SCALED_WINDOW && c < (size_t)w->look.V;
        for (int pass = 0; pass < 2; pass++)
            for (int k = 0; k < w->n; k++)
                for (size_t i = w->s[k].at; i < w->s[k].at + (size_t)w->s[k].to; i++) {
                    double x = (double)w->x[i * W + c];
                    if (isnan(x))
                        continue;
                    sum += pass == 0 ? level ? fabs(x) : x : 0;
                    count += pass == 0;
                    square += pass == 1 ? (x - sum / count) * (x - sum / count) : 0;
                }
        /* windows that bring their own spread keep their small differences only where no large mean is taken off */
        double sd = count > 0 ? level ? sum / count : sqrt(square / count) : 0;
        d->scaling.mean[c] = count > 0 && !level ? (float)(sum / count) : 0;
        d->scaling.scale[c] = sd > 1e-30 ? (float)(1 / sd) : 1.0f;
    }
    return RECUR_OK;
}

static void scale(filling *f)
{
    const rc_scaling *s = &f->d->scaling;
    rc_windows *w = f->w;
    size_t n = (size_t)s->n, W = (size_t)rc_windows_width(&w->look);
    for (size_t i = 0; i < w->rows; i++) {
        for (size_t c = 0; c < n; c++)
            w->x[i * W + c] = (w->x[i * W + c] - s->mean[c]) * s->scale[c];
        if (w->look.A > 0)
            rc_clock_put(&w->look.clock, w->time[i], w->x + i * W + n);
    }
}

static void count_since(filling *f)
{
    rc_windows *w = f->w;
    size_t V = (size_t)w->look.V, W = (size_t)rc_windows_width(&w->look);
    for (int k = 0; k < w->n; k++)
        for (size_t i = w->s[k].at; i < w->s[k].at + (size_t)w->s[k].T; i++)
            for (size_t c = 0; c < V; c++)
                w->since[i * V + c] = !isnan(w->x[i * W + c]) ? 0
                                    : i > w->s[k].at ? w->since[(i - 1) * V + c] + 1 : 1;
}

/* log2(1 + steps since a value was seen before) - 1: 0 where the one before was seen one step ago. */
static int measure_gaps(filling *f)
{
    rc_windows *w = f->w;
    const rc_clock *c = &w->look.clock;
    size_t V = (size_t)w->look.V;
    if (!w->look.gaps)
        return RECUR_OK;
    if ((w->gap = rc_new(f->d->r, w->rows, V * sizeof *w->gap)) == NULL)
        return RECUR_ENOMEM;
    for (int k = 0; k < w->n; k++)
        for (size_t i = w->s[k].at + 1; i < w->s[k].at + (size_t)w->s[k].T; i++)
            for (size_t v = 0; v < V; v++) {
                size_t ago = (size_t)w->since[(i - 1) * V + v] + 1;
                ago = ago > i - w->s[k].at ? i - w->s[k].at : ago;
                double steps = c->form[0] != 0 ? rc_clock_steps(c, w->time[i - ago], w->time[i]) : (double)ago;
                w->gap[i * V + v] = (float)log2(1 + steps) - 1;
            }
    return RECUR_OK;
}

/* --- the whole --- */

static bool any_missing(const rc_windows *w)
{
    size_t V = (size_t)w->look.V, W = (size_t)rc_windows_width(&w->look);
    for (int k = 0; k < w->n; k++)
        for (size_t i = w->s[k].at; i < w->s[k].at + (size_t)w->s[k].to; i++)
            for (size_t c = 0; c < V; c++)
                if (isnan(w->x[i * W + c]))
                    return true;
    return false;
}

static int learn(filling *f)
{
    rc_outlook *look = &f->w->look;
    int e = rc_spans_form(f->d, f->o);
    look->gaps = look->gaps || any_missing(f->w) || look->K + look->A > 0;
    if (e == RECUR_OK)
        e = learn_scaling(f);
    scale(f);
    count_since(f);
    if (e == RECUR_OK)
        e = rc_outlook_settle(f->d, f->o);
    return e == RECUR_OK ? rc_outlook_write(f->d->r, look, f->d->form) : e;
}

static int fill(filling *f)
{
    recur_data *d = f->d;
    rc_outlook *look = &f->w->look;
    const char *known = f->o != NULL ? f->o->known : NULL;
    int e = sort_rows(f);
    if (e == RECUR_OK && look->clock.form[0] != 0 && (e = keep_rising(f)) == RECUR_OK && f->like == NULL)
        learn_clock(f, look);
    if (f->like == NULL && known != NULL && strstr(known, "calendar") != NULL) {
        look->A = rc_clock_features(&look->clock);
        if (look->A == 0)
            return rc_fail(d->r, RECUR_EOPTION, "--known calendar: %s has no column of dates with a step below a year",
                           path_of(d, 0));
    }
    if (e != RECUR_OK || (e = make_rows(f)) != RECUR_OK || (e = place_rows(f)) != RECUR_OK
        || (e = rc_spans_find(d, f->o, f->like, f->part)) != RECUR_OK)
        return e;
    if (f->like == NULL) {
        e = learn(f);
    } else {
        d->learned = false;
        if ((e = rc_scaling_copy(d->r, f->like->scaling, &d->scaling)) != RECUR_OK)
            return e;
        scale(f);
        count_since(f);
    }
    return e == RECUR_OK ? measure_gaps(f) : e;
}

/* Windows go to the side chain, segments of the horizon to the main one. */
static int make_side(recur_data *d)
{
    const rc_outlook *look = &rc_windows_of(d)->look;
    int e = rc_data_side(d);
    if (e != RECUR_OK)
        return e;
    d->side->windows = d->windows;
    rc_windows_of(d)->users++;
    d->side->F = d->F;
    d->F = look->segment * (look->K + look->A);
    d->outputs = look->segment;
    d->C = 2;
    d->vocabulary = rc_outlook_parts(look);
    d->vocabulary2 = look->V;
    d->group = rc_outlook_parts(look);
    return RECUR_OK;
}

int rc_windows_fill(recur_data *d, rc_raw *raw, const recur_train_options *o, const rc_like *like, int part,
                    json_t *problems)
{
    filling f = { .d = d, .w = rc_windows_of(d), .raw = raw, .o = o, .like = like, .part = part, .problems = problems };
    if (raw->rows == 0)
        return rc_fail(d->r, RECUR_EDATA, "%s: no usable line", path_of(d, 0));
    const rc_outlook *look = &rc_windows_of(d)->look;
    int e = fill(&f);
    if (e == RECUR_OK && ((int64_t)rc_outlook_wide(look) * look->block > LARGEST
                          || (int64_t)rc_outlook_features(look) * (look->input + (int64_t)look->block) > LARGEST))
        e = rc_fail(d->r, RECUR_EOPTION, "a window of %d columns, %d steps of input and %d of horizon is too large",
                    rc_outlook_wide(look), look->input, look->block);
    if (e == RECUR_OK) {
        d->F = look->segment * rc_outlook_features(look);
        d->outputs = rc_outlook_wide(look) * look->block;
        e = look->decode == RC_PARALLEL ? make_side(d) : RECUR_OK;
    }
    d->units = (int64_t)rc_windows_of(d)->rows * look->V;
    rc_free(d->r, f.order);
    rc_free(d->r, f.begin);
    return e == RECUR_OK ? rc_windows_examples(d, part) : e;
}
