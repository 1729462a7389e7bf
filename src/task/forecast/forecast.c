/* SPDX-License-Identifier: MIT
 * forecast.c - the steps that come next in series of numbers: files or examples -> series and windows. */
#include <math.h>
#include <stdio.h>
#include "data/pick.h"
#include "task/forecast/forecast.h"

/* --- the outlook in the model's card, under "form" --- */

static const char *const scales[] = { "last", "window", "none", NULL };
static const char *const decodes[] = { "direct", "recursive", "parallel", NULL };

static int word_of(const char *const *words, const char *s)
{
    for (int i = 0; s != NULL && words[i] != NULL; i++)
        if (strcmp(words[i], s) == 0)
            return i;
    return -1;
}

int rc_outlook_write(recur *r, const rc_outlook *o, json_t *form)
{
    json_t *j = json_pack("{s:O,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:s,s:s,s:b,s:b,s:b,s:b,s:b,s:s,s:s,s:s,s:I,s:i}",
                          "columns", o->column, "known", o->K, "calendar", o->A, "input", o->input,
                          "horizon", o->horizon, "block", o->block, "segment", o->segment, "period", o->period,
                          "scaled", scales[o->scaled], "decode", decodes[o->decode], "gaps", o->gaps, "joint", o->joint,
                          "named", o->named, "grid", o->grid, "headless", o->headless, "id", o->id,
                          "time_name", o->time, "time", o->clock.form, "step", (json_int_t)o->clock.step, "months", o->clock.months);
    int bad = j == NULL || json_object_update(form, j) != 0;
    json_decref(j);
    return bad ? rc_fail(r, RECUR_ENOMEM, "no memory for the form of the series") : RECUR_OK;
}

static int number(const json_t *form, const char *key, int least, int most, bool *bad)
{
    const json_t *v = json_object_get(form, key);
    json_int_t n = json_integer_value(v);
    *bad = *bad || !json_is_integer(v) || n < least || n > most;
    return *bad ? least : (int)n;
}

static void text(const json_t *form, const char *key, char *out, size_t n, bool *bad)
{
    const char *s = json_string_value(json_object_get(form, key));
    *bad = *bad || s == NULL || strlen(s) >= n;
    snprintf(out, n, "%s", *bad ? "" : s);
}

/* EFORMAT where a number cannot be. */
static int read_outlook(recur *r, const json_t *form, rc_outlook *o)
{
    bool bad = false;
    *o = (rc_outlook){ 0 };
    json_t *columns = json_object_get(form, "columns");
    size_t n = json_array_size(columns);
    for (size_t i = 0; i < n; i++)
        bad = bad || !json_is_string(json_array_get(columns, i));
    bad = bad || n < 1 || n > 1 << 20;
    o->K = number(form, "known", 0, bad ? 0 : (int)n - 1, &bad);
    o->A = number(form, "calendar", 0, 6, &bad);
    o->V = bad ? 1 : (int)n - o->K;
    o->input = number(form, "input", 1, 1000000, &bad);
    o->horizon = number(form, "horizon", 1, 1000000, &bad);
    o->block = number(form, "block", 1, 1000000, &bad);
    o->segment = number(form, "segment", 1, 1000000, &bad);
    o->period = number(form, "period", 1, 1000000, &bad);
    o->scaled = word_of(scales, json_string_value(json_object_get(form, "scaled")));
    o->decode = word_of(decodes, json_string_value(json_object_get(form, "decode")));
    o->gaps = json_is_true(json_object_get(form, "gaps"));
    o->joint = json_is_true(json_object_get(form, "joint"));
    o->named = json_is_true(json_object_get(form, "named"));
    o->grid = json_is_true(json_object_get(form, "grid"));
    o->headless = json_is_true(json_object_get(form, "headless"));
    text(form, "id", o->id, sizeof o->id, &bad);
    text(form, "time_name", o->time, sizeof o->time, &bad);
    text(form, "time", o->clock.form, sizeof o->clock.form, &bad);
    o->clock.step = json_integer_value(json_object_get(form, "step"));
    o->clock.months = number(form, "months", 0, 12000, &bad);
    bad = bad || o->input % o->segment != 0;
    bad = bad || (o->decode == RC_PARALLEL && (o->block % o->segment != 0 || o->joint));
    bad = bad || o->scaled < 0 || o->decode < 0 || o->clock.step < 0 || rc_clock_features(&o->clock) < o->A;
    if (bad)
        return rc_fail(r, RECUR_EFORMAT, "the model's card: \"form\" does not say what its series look like");
    o->column = json_incref(columns);
    return RECUR_OK;
}

/* The words among the options. */
static int take_options(recur *r, const recur_train_options *o, rc_outlook *out)
{
    double level[RC_LEVELS];
    int levels;
    bool added;
    if (o == NULL)
        return RECUR_OK;
    out->scaled = o->scaled != NULL ? word_of(scales, o->scaled) : out->scaled;
    out->decode = o->decode != NULL ? word_of(decodes, o->decode) : out->decode;
    out->joint = o->joint > 0;
    if (out->scaled < 0)
        return rc_fail(r, RECUR_EOPTION, "--scaled '%s': last, window and none are known", o->scaled);
    if (out->decode < 0)
        return rc_fail(r, RECUR_EOPTION, "--decode '%s': direct, recursive and parallel are known", o->decode);
    return o->quantiles != NULL ? rc_levels_read(r, o->quantiles, level, &levels, &added) : RECUR_OK;
}

/* --- reading --- */

static int begin(recur_data *d, rc_raw *raw, const rc_like *like)
{
    rc_windows *w = rc_new(d->r, 1, sizeof *w);
    int e;
    *raw = (rc_raw){ .r = d->r, .learn = like == NULL, .x = { .r = d->r } };
    if (w == NULL)
        return RECUR_ENOMEM;
    w->cut = rc_windows_cutter;
    d->windows = &w->cut;
    w->r = d->r;
    raw->look = &w->look;
    if ((e = rc_map_new(d->r, &raw->names)) != RECUR_OK)
        return e;
    if (like != NULL && (e = read_outlook(d->r, like->form, &w->look)) != RECUR_OK)
        return e;
    if (like != NULL && like->scaling->n != w->look.V + w->look.K)
        return rc_fail(d->r, RECUR_EFORMAT, "the model has no scaling of its columns");
    if (like != NULL)
        return RECUR_OK;
    w->look.grid = true;
    w->look.period = w->look.segment = 1;
    return (w->look.column = json_array()) != NULL ? RECUR_OK : rc_fail(d->r, RECUR_ENOMEM, "no memory for the columns");
}

static int finish(recur_data *d, rc_raw *raw, const recur_train_options *o, const rc_like *like, int part,
                  json_t *problems)
{
    rc_outlook *look = &rc_windows_of(d)->look;
    int e = RECUR_OK;
    if (like == NULL) {                  /* many series have many levels: each window brings its own */
        look->scaled = raw->n > 1 ? RC_SCALED_WINDOW : RC_SCALED_LAST;
        look->horizon = o != NULL && o->horizon > 0 ? (int)o->horizon : 0;
        e = take_options(d->r, o, look);
    } else if (o != NULL && part == RC_ALL) {
        look->horizon = o->horizon > 0 ? (int)o->horizon : look->horizon;
        look->period = o->period > 0 ? (int)o->period : look->period;
    }
    return e == RECUR_OK ? rc_windows_fill(d, raw, o, like, part, problems) : e;
}

static int forecast_read(recur_data *d, const char *const *path, int n, const recur_train_options *o,
                         const rc_like *like, int part, json_t *problems)
{
    rc_raw raw;
    int e = begin(d, &raw, like);
    size_t bad = json_array_size(problems);
    if (e == RECUR_OK)
        e = rc_data_paths(d, path, n);
    for (int i = 0; i < n && e == RECUR_OK; i++)
        e = rc_raw_read(&raw, path[i], i, o, problems);
    if (e == RECUR_OK)
        e = finish(d, &raw, o, like, part, problems);
    d->skipped = (int64_t)(json_array_size(problems) - bad);
    rc_raw_free(&raw);
    return e;
}

/* Each example of a callback is a series: its steps, its columns, its name as label. */
static int add_series(recur_data *d, rc_raw *raw, const recur_example *ex)
{
    rc_outlook *look = raw->look;
    int32_t series;
    char name[24];
    int e = RECUR_OK;
    if (ex->x == NULL || ex->steps < 1 || ex->features < 1)
        return rc_fail(d->r, RECUR_EDATA, "series %d has %d steps of %d columns", raw->n + 1, ex->steps, ex->features);
    for (int c = 0; raw->learn && c < ex->features; c++) {
        snprintf(name, sizeof name, "%d", c + 1);
        if (json_array_append_new(look->column, json_string(name)) != 0)
            return rc_fail(d->r, RECUR_ENOMEM, "no memory for the columns");
        look->V++;
        look->headless = true;
    }
    raw->learn = false;
    if (ex->features != look->V + look->K)
        return rc_fail(d->r, RECUR_EDATA, "series %d has %d columns where %d are expected", raw->n + 1, ex->features,
                       look->V + look->K);
    snprintf(name, sizeof name, "%d", raw->n + 1);
    const char *id = ex->label != NULL ? ex->label : raw->n > 0 ? name : "";
    e = rc_raw_series(raw, id, strlen(id), &series);
    for (int t = 0; t < ex->steps && e == RECUR_OK; t++) {
        for (int c = 0; c < ex->features && e == RECUR_OK; c++)
            e = rc_values_add(&raw->x, ex->x[(size_t)t * (size_t)ex->features + (size_t)c]);
        if (e == RECUR_OK)
            e = rc_raw_row(raw, series, t, t + 1, 0);
    }
    return e;
}

static int forecast_pull(recur_data *d, recur_next_example *next, void *ud, const recur_train_options *o,
                         const rc_like *like)
{
    rc_raw raw;
    recur_example ex = { 0 };
    int e = begin(d, &raw, like), got = 0;
    if (e == RECUR_OK && like != NULL)                         /* counted steps: no calendar to go by */
        rc_windows_of(d)->look.clock.form[0] = 0;
    while (e == RECUR_OK && (got = next(ud, &ex)) == 0)
        e = add_series(d, &raw, &ex);
    e = got < 0 ? got : e;
    if (e == RECUR_OK)
        e = finish(d, &raw, o, like, RC_ALL, NULL);
    rc_raw_free(&raw);
    return e;
}

static const char *const own[] = {
    "columns", "id", "split", "known", "scaled", "decode", "quantiles", "input", "horizon", "period", "segment-steps", "joint",
    "batch-units", NULL,
};

const rc_task rc_task_forecast = {
    .name = "forecast", .help = "the next steps of series of numbers", .head = "huber", .verb = "forecast", .own = own,
    .metric = "loss", .rising = false,
    .read = forecast_read, .pull = forecast_pull, .choose = rc_forecast_choose, .score = rc_forecast_score,
    .eval = rc_forecast_eval, .baseline = rc_forecast_baseline, .check = rc_forecast_check,
};
