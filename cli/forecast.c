/* SPDX-License-Identifier: MIT
 * recur forecast M.recur [CSV]: the steps behind the last line of each series as CSV, their times going on; --plot draws
 * past, forecast and band. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct { const char *plot, *draw; int64_t past; } forecast_own;
static const recur_option own_rows[] = {
    {"plot", RECUR_TEXT, offsetof(forecast_own, plot), NULL, 0, 0, "FILE.svg", "write a figure of past and forecast as SVG", "answers"},
    {"draw", RECUR_TEXT, offsetof(forecast_own, draw), NULL, 0, 0, "NAME", "which column, or which series; otherwise the first", "answers"},
    {"past", RECUR_INT, offsetof(forecast_own, past), NULL, 0, 1e6, "N", "steps of the past to draw, or to tell with --json; otherwise 3 horizons", "answers"},
};

/* --- CSV --- */

static void put_cell(const char *text)
{
    if (!text[strcspn(text, ",\"\n\r")]) {
        fputs(text, stdout);
        return;
    }
    fputc('"', stdout);
    for (; *text; text++)
        fputs(*text == '"' ? "\"\"" : (char[]){*text, 0}, stdout);
    fputc('"', stdout);
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static void put_head(const json_t *j, const json_t *columns)
{
    const json_t *levels = json_object_get(j, "levels");
    size_t i, k;
    json_t *c, *q;
    if (json_is_true(json_object_get(j, "named"))) {
        put_cell(text_of(j, "id"));
        putchar(',');
    }
    put_cell(text_of(j, "time_name"));
    json_array_foreach(columns, i, c) {
        putchar(',');
        put_cell(text_of(c, "column"));
        json_array_foreach(levels, k, q) {
            char name[400];
            snprintf(name, sizeof name, "%s_q%g", text_of(c, "column"), json_number_value(q));
            putchar(',');
            put_cell(name);
        }
    }
    putchar('\n');
}

static void put_number(const json_t *list, size_t h) { printf(",%.7g", json_number_value(json_array_get(list, h))); }

static void put_series(const json_t *j, const json_t *s)
{
    const json_t *time = json_object_get(s, "time"), *columns = json_object_get(s, "columns");
    size_t H = (size_t)json_integer_value(json_object_get(j, "horizon")), i, k;
    json_t *c, *band;
    for (size_t h = 0; h < H; h++) {
        if (json_is_true(json_object_get(j, "named"))) {
            put_cell(text_of(s, "id"));
            putchar(',');
        }
        if (json_is_array(time))
            put_cell(json_string_value(json_array_get(time, h)));
        else
            printf("%zu", h + 1);
        json_array_foreach(columns, i, c) {
            put_number(json_object_get(c, "forecast"), h);
            json_array_foreach(json_object_get(c, "quantiles"), k, band)
                put_number(band, h);
        }
        putchar('\n');
    }
}

/* --- figure --- */

/* The numbers of a list as y at x = from, from + 1, ...; 0: no memory. */
static int points(const json_t *list, double from, double **x, double **y)
{
    size_t n = json_array_size(list);
    *x = calloc(n + 1, sizeof **x);
    *y = calloc(n + 1, sizeof **y);
    for (size_t i = 0; *x && *y && i < n; i++) {
        const json_t *v = json_array_get(list, i);
        (*x)[i] = from + (double)i;
        (*y)[i] = json_is_number(v) ? json_number_value(v) : (double)NAN;
    }
    return *x && *y ? (int)n : 0;
}

/* The series and column that --draw names. */
static const json_t *pick(const json_t *j, const char *name, const json_t **series)
{
    const json_t *first = NULL;
    size_t i, k;
    json_t *s, *c;
    json_array_foreach(json_object_get(j, "series"), i, s)
        json_array_foreach(json_object_get(s, "columns"), k, c) {
            bool here = !name || strcmp(text_of(s, "id"), name) == 0 || strcmp(text_of(c, "column"), name) == 0;
            if (here && !first) {
                first = c;
                *series = s;
            }
        }
    return first;
}

static int draw(const json_t *j, const forecast_own *own)
{
    const json_t *series = NULL, *c = pick(j, own->draw, &series), *bands = json_object_get(c, "quantiles");
    double *x[4] = {0}, *y[4] = {0};
    int code = CLI_DONE;
    if (!c) {
        cli_note(say(SAY_NO_SERIES), own->draw ? own->draw : "");
        return CLI_USAGE;
    }
    const json_t *past = json_object_get(c, "past"), *ahead = json_object_get(c, "forecast");
    size_t Q = json_array_size(bands);
    const json_t *time = json_object_get(series, "time");
    char title[300], axis[160];
    snprintf(title, sizeof title, "%s%s%s", text_of(series, "id"), *text_of(series, "id") ? ": " : "", text_of(c, "column"));
    snprintf(axis, sizeof axis, json_is_array(time) ? say(SAY_STEPS_FROM) : "%s", json_is_array(time)
             ? json_string_value(json_array_get(time, 0)) : say(SAY_STEPS_AHEAD));
    int back = points(past, 1 - (double)json_array_size(past), &x[0], &y[0]), n = points(ahead, 1, &x[1], &y[1]);
    int low = points(json_array_get(bands, 0), 1, &x[2], &y[2]), high = points(json_array_get(bands, Q ? Q - 1 : 0), 1, &x[3], &y[3]);
    cli_series curve[3];
    int curves = 0;
    if (Q > 1 && low && high)
        curve[curves++] = (cli_series){.name = say(SAY_BAND), .n = high, .x = x[3], .y = y[3], .low = y[2], .color = 1};
    curve[curves++] = (cli_series){.name = say(SAY_PAST), .n = back, .x = x[0], .y = y[0], .color = 0};
    curve[curves++] = (cli_series){.name = say(SAY_FORECAST), .n = n, .x = x[1], .y = y[1], .color = 1};
    if (n == 0)
        code = CLI_MEMORY;
    else
        code = cli_svg_plot(&(cli_plot){.title = title, .x = axis, .y = text_of(c, "column"), .curve = curve, .curves = curves}, own->plot);
    for (int i = 0; i < 4; i++) {
        free(x[i]);
        free(y[i]);
    }
    return code;
}

static int print(const cli *c, const char *text)
{
    const forecast_own *own = c->own;
    json_t *j = json_loads(text, 0, NULL), *series = json_object_get(j, "series"), *s;
    size_t i;
    if (c->common.json) {
        json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(7));
        putchar('\n');
    } else {
        put_head(j, json_object_get(json_array_get(series, 0), "columns"));
        json_array_foreach(series, i, s)
            put_series(j, s);
    }
    int code = own->plot ? draw(j, own) : CLI_DONE;
    json_decref(j);
    return code;
}

static int run(cli *c)
{
    const forecast_own *own = c->own;
    const recur_train_options *o = c->library;
    const char *file = c->args > 1 ? c->arg[1] : "-";
    recur_model *m = NULL;
    recur_data *d = NULL;
    char *text = NULL;
    int code = cli_open(c, &m, &d, "forecast", &file, 1);
    if (!code) {
        int64_t past = own->past >= 0 ? own->past : own->plot ? -1 : 0;
        int e = recur_forecast_data(c->r, m, d, o->horizon > 0 ? (int)o->horizon : 0, (int)past, &text);
        code = e < 0 ? cli_fail(c, e) : print(c, text);
    }
    recur_free(c->r, text);
    recur_data_close(d);
    recur_model_free(m);
    return code;
}

static const char *const examples[] = {
    "recur forecast load.recur load.csv > next.csv",
    "recur forecast load.recur load.csv --horizon 48 --plot load.svg",
    NULL};

const cli_verb cli_forecast = {
    .name = "forecast", .what = SAY_DOES_FORECAST, .use = "M.recur [CSV]", .least = 1, .most = 2,
    .row = own_rows, .rows = sizeof own_rows / sizeof *own_rows, .size = sizeof(forecast_own),
    .library = cli_data_rows, .library_size = sizeof(recur_train_options), .example = examples, .run = run};
