/* SPDX-License-Identifier: MIT
 * future.c - the steps behind the last row of each series: rows are put there, with their times and what is
 * known of them, and the windows before them are the examples. */
#include <math.h>
#include <stdio.h>
#include "task/forecast/forecast.h"

/* The first row behind the last value of a series; 0: it has none.  Rows behind it may hold what is known ahead. */
static int32_t end_of(const rc_windows *w, const rc_stretch *s)
{
    size_t V = (size_t)w->look.V;
    int32_t t = s->T;
    for (; t > 0; t--)
        for (size_t c = 0; c < V; c++)
            if (w->since[(s->at + (size_t)t - 1) * V + c] == 0)
                return t;
    return 0;
}

static bool known_there(const rc_windows *w, size_t row)
{
    size_t W = (size_t)rc_windows_width(&w->look);
    for (int k = 0; k < w->look.K; k++)
        if (isnan(w->x[row * W + (size_t)(w->look.V + k)]))
            return false;
    return true;
}

/* Row i of series s, which ends at `end`, as row `to` of the new block. */
static int place_row(const rc_windows *w, const rc_stretch *s, int32_t i, int32_t end, int32_t H, rc_windows *new, size_t to)
{
    const rc_clock *c = &w->look.clock;
    size_t W = (size_t)rc_windows_width(&w->look), V = (size_t)w->look.V, from = s->at + (size_t)i;
    bool there = i < s->T;
    if (there) {
        memcpy(new->x + to * W, w->x + from * W, W * sizeof *new->x);
        new->time[to] = w->time[from];
        memcpy(new->since + to * V, w->since + from * V, V * sizeof *new->since);
        if (w->gap != NULL)
            memcpy(new->gap + to * V, w->gap + from * V, V * sizeof *new->gap);
    } else {
        new->time[to] = rc_clock_ahead(c, new->time[to - 1], 1);
        for (size_t k = 0; k < W; k++)
            new->x[to * W + k] = NAN;
        if (w->look.A > 0)
            rc_clock_put(c, new->time[to], new->x + to * W + W - (size_t)w->look.A);
        for (size_t k = 0; k < V; k++)
            new->since[to * V + k] = new->since[(to - 1) * V + k] + 1;
    }
    if (i >= end && i < end + H && w->look.K > 0 && !(there && known_there(w, from)))
        return rc_fail(w->r, RECUR_EDATA, "series '%s': step %d ahead: the columns of --known have no values there; add "
                       "lines to the table that hold them and no values to forecast", s->id, i - end + 1);
    return RECUR_OK;
}

/* Room for `more` steps behind each series, of which H are asked for. */
static int extend(recur_data *d, int32_t H, int32_t more)
{
    rc_windows *w = rc_windows_of(d), new = *w;
    size_t W = (size_t)rc_windows_width(&w->look), V = (size_t)w->look.V, rows = 0;
    int e = RECUR_OK;
    for (int k = 0; k < w->n; k++)
        rows += (size_t)end_of(w, &w->s[k]) + (size_t)more;
    new.x = rc_new(w->r, rows, W * sizeof *new.x);
    new.time = rc_new(w->r, rows, sizeof *new.time);
    new.since = rc_new(w->r, rows, V * sizeof *new.since);
    new.gap = w->gap != NULL ? rc_new(w->r, rows, V * sizeof *new.gap) : NULL;
    if (new.x == NULL || new.time == NULL || new.since == NULL || (w->gap != NULL && new.gap == NULL))
        e = RECUR_ENOMEM;
    new.rows = 0;
    for (int k = 0; k < w->n && e == RECUR_OK; k++) {
        rc_stretch *s = &w->s[k];
        int32_t end = end_of(w, s);
        size_t at = new.rows;
        for (int32_t i = 0; i < (end > 0 ? end + more : 0) && e == RECUR_OK; i++)
            e = place_row(w, s, i, end, H, &new, new.rows++);
        *s = (rc_stretch){ .id = s->id, .at = at, .T = end > 0 ? end + more : 0, .from = end, .to = end };
    }
    if (e != RECUR_OK) {
        void *blocks[] = { new.x, new.time, new.since, new.gap };
        for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
            rc_free(w->r, blocks[i]);
        return e;
    }
    void *old[] = { w->x, w->time, w->since, w->gap };
    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
        rc_free(w->r, old[i]);
    new.s = w->s;
    *w = new;
    return RECUR_OK;
}

int rc_forecast_future(const recur_model *m, recur_data *d, int H, float **out, int *Q)
{
    rc_windows *w = rc_windows_of(d);
    double q[RC_LEVELS];
    rc_run *u = NULL;
    *out = NULL;
    if (w == NULL || H < 1)
        return rc_fail(m->r, w == NULL ? RECUR_EDATA : RECUR_EOPTION, w == NULL ? "a forecast needs series"
                                                                                 : "a forecast of no steps");
    int levels = rc_forecast_levels(m, q), wide = rc_outlook_wide(&w->look), windows = 0, n;
    int32_t more = (H + w->look.block - 1) / w->look.block * w->look.block;
    *Q = levels > 0 ? levels : 1;
    int e = extend(d, H, more);
    if (e == RECUR_OK)
        e = rc_windows_behind(d);
    if (e == RECUR_OK && d->count == 0)
        e = rc_fail(m->r, RECUR_EDATA, "%s: no value to go on from", d->paths > 0 ? d->path[0] : "series");
    size_t one = (size_t)wide * (size_t)H * (size_t)*Q;
    if (e == RECUR_OK)
        e = rc_forecast_open(m, d, &u);
    windows = e == RECUR_OK ? rc_windows_count(d) : 0;
    if (e == RECUR_OK && (*out = rc_new(m->r, (size_t)windows, one * sizeof **out)) == NULL)
        e = RECUR_ENOMEM;
    for (int i = 0; i < windows && e == RECUR_OK; i += n) {
        n = windows - i < RC_TOGETHER ? windows - i : RC_TOGETHER;
        e = rc_forecast_run(m, d, u, i, n, H, *out + (size_t)i * one);
    }
    for (int i = 0; i < windows && e == RECUR_OK; i++)         /* as the table has them */
        for (int c = 0; c < wide; c++) {
            int column = w->look.joint ? c : rc_windows_at(d, i)->label;
            float *y = *out + (size_t)i * one + (size_t)c * (size_t)H * (size_t)*Q;
            for (int h = 0; h < H * *Q; h++)
                y[h] = y[h] / d->scaling.scale[column] + d->scaling.mean[column];
        }
    rc_run_free(u);
    if (e != RECUR_OK) {
        rc_free(m->r, *out);
        *out = NULL;
    }
    return e;
}

/* --- as JSON --- */

static json_t *times(const rc_windows *w, const rc_stretch *s, int32_t from, int32_t to)
{
    json_t *list = json_array();
    for (int32_t t = from; t < to; t++) {
        char text[64];
        rc_time_print(&w->look.clock, w->time[s->at + (size_t)t], text);
        json_array_append_new(list, json_string(text));
    }
    return list;
}

static json_t *past(const recur_data *d, const rc_stretch *s, int c, int32_t back)
{
    const rc_windows *w = rc_windows_of(d);
    json_t *list = json_array();
    for (int32_t t = s->from - back; t < s->from; t++) {
        float x = w->x[(s->at + (size_t)t) * (size_t)rc_windows_width(&w->look) + (size_t)c];
        json_array_append_new(list, isnan(x) ? json_null()
                              : json_real((double)(x / d->scaling.scale[c] + d->scaling.mean[c])));
    }
    return list;
}

/* One column of a series: {"column", "forecast": [H], "quantiles": [[H] for each level]}. */
static json_t *column_json(const recur_data *d, const rc_stretch *s, int c, const float *y, int H, int Q, bool banded,
                           int point, int32_t back)
{
    json_t *said = json_array(), *bands = json_array();
    for (int h = 0; h < H; h++)
        json_array_append_new(said, json_real((double)y[h * Q + point]));
    for (int q = 0; q < Q && banded; q++) {
        json_t *band = json_array();
        for (int h = 0; h < H; h++)
            json_array_append_new(band, json_real((double)y[h * Q + q]));
        json_array_append_new(bands, band);
    }
    return json_pack("{s:O,s:o,s:o,s:o}", "column", json_array_get(rc_windows_of(d)->look.column, (size_t)c), "forecast", said,
                     "quantiles", bands, "past", past(d, s, c, back));
}

int rc_forecast_json(const recur_model *m, recur_data *d, int H, int back, json_t **out)
{
    double q[RC_LEVELS];
    float *y = NULL;
    int Q, e = rc_forecast_future(m, d, H, &y, &Q), levels = rc_forecast_levels(m, q), point = rc_forecast_point(q, levels);
    const rc_windows *w = rc_windows_of(d);
    int wide = e == RECUR_OK ? rc_outlook_wide(&w->look) : 1;
    json_t *list = json_array(), *series = json_array(), *one = NULL;
    for (int i = 0; i < levels; i++)
        json_array_append_new(list, json_real(q[i]));
    for (int i = 0, file = -1; e == RECUR_OK && i < rc_windows_count(d); i++) {
        const rc_example *ex = rc_windows_at(d, i);
        const rc_stretch *s = &w->s[ex->file];
        int32_t look = back < s->from ? back : s->from;
        if (ex->file != file) {
            bool clock = w->look.clock.form[0] != 0;
            one = json_pack("{s:s,s:o,s:o,s:[]}", "id", s->id, "time", clock ? times(w, s, s->from, s->from + H) : json_null(),
                            "past_time", clock ? times(w, s, s->from - look, s->from) : json_null(), "columns");
            json_array_append_new(series, one);
            file = ex->file;
        }
        for (int c = 0; c < wide; c++) {
            const float *at = y + ((size_t)i * (size_t)wide + (size_t)c) * (size_t)H * (size_t)Q;
            json_array_append_new(json_object_get(one, "columns"),
                                  column_json(d, s, w->look.joint ? c : ex->label, at, H, Q, levels > 0, point, look));
        }
    }
    rc_free(m->r, y);
    *out = e == RECUR_OK ? json_pack("{s:i,s:b,s:s,s:s,s:o,s:o}", "horizon", H, "named", w->look.named, "id",
                                     w->look.id[0] != 0 ? w->look.id : "id", "time_name",
                                     w->look.time[0] != 0 ? w->look.time : w->look.clock.form[0] != 0 ? "time" : "step",
                                     "levels", list, "series", series) : NULL;
    if (e == RECUR_OK && *out == NULL)
        e = rc_fail(m->r, RECUR_EDATA, "the forecast cannot be written: a name of a series is not UTF-8");
    if (e != RECUR_OK && *out == NULL) {
        json_decref(list);
        json_decref(series);
    }
    return e;
}
