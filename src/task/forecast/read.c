/* SPDX-License-Identifier: MIT
 * read.c - tables of series -> rows in the order of the files.  table.c says what form a table has.
 *
 * A cell that is empty, "?", "na" or "nan" is missing. */
#include <math.h>
#include "task/forecast/table.h"

/* --- series and rows --- */

int rc_raw_series(rc_raw *w, const char *name, size_t n, int32_t *out)
{
    int64_t k = rc_map_get(w->names, name, n);
    *out = (int32_t)k;
    if (k >= 0)
        return RECUR_OK;
    if (w->n == w->cap_n) {
        int want = w->cap_n > 0 ? 2 * w->cap_n : 16;
        char **more = rc_grow(w->r, w->name, (size_t)w->cap_n, (size_t)want, sizeof *more);
        if (more == NULL)
            return RECUR_ENOMEM;
        w->name = more;
        w->cap_n = want;
    }
    if ((w->name[w->n] = rc_copy_n(w->r, name, n)) == NULL)
        return RECUR_ENOMEM;
    *out = w->n++;
    return rc_map_set(w->names, name, n, *out);
}

int rc_raw_row(rc_raw *w, int32_t series, int64_t time, int64_t line, int32_t file)
{
    if (w->rows == w->cap) {
        size_t want = w->cap > 0 ? 2 * w->cap : 1024;
        void *more = rc_grow(w->r, w->row, w->cap, want, sizeof *w->row);
        if (more == NULL)
            return RECUR_ENOMEM;
        w->row = more;
        w->cap = want;
    }
    w->row[w->rows].series = series;
    w->row[w->rows].time = time;
    w->row[w->rows].line = line;
    w->row[w->rows++].file = file;
    return RECUR_OK;
}

void rc_raw_free(rc_raw *w)
{
    for (int i = 0; i < w->n; i++)
        rc_free(w->r, w->name[i]);
    rc_free(w->r, w->name);
    rc_free(w->r, w->row);
    rc_free(w->r, w->x.x);
    rc_map_free(w->names);
}

/* --- lines --- */

static int take_wide(rc_raw_table *t, int64_t line)
{
    int32_t series;
    float x;
    int n = t->row.n, e = RECUR_OK;
    while (n > 1 && t->row.at[n - 1].n == 0)
        n--;
    for (int i = 1; i < n; i++)
        if (t->row.at[i].n > 0 && !rc_number(t->row.at[i].s, t->row.at[i].n, &x))
            return rc_source_bad(&t->f, line, "number", "value %d of series '%.*s': '%.*s' is no number", i,
                                 RC_SHOWN(t->row.at[0]), RC_SHOWN(t->row.at[i]));
    e = rc_raw_series(t->w, t->row.at[0].s, t->row.at[0].n, &series);
    for (int i = 1; i < n && e == RECUR_OK; i++) {
        x = NAN;
        if (t->row.at[i].n > 0)
            rc_number(t->row.at[i].s, t->row.at[i].n, &x);
        if ((e = rc_values_add(&t->w->x, x)) == RECUR_OK)
            e = rc_raw_row(t->w, series, 0, line, t->file);
    }
    return e;
}

static int take_step(rc_raw_table *t, int64_t line)
{
    rc_outlook *o = t->w->look;
    int32_t series;
    int64_t time = 0;
    float x;
    if (t->row.n != t->head.n)
        return rc_source_bad(&t->f, line, "columns", "%d columns where %d are expected", t->row.n, t->head.n);
    for (int k = 0; k < o->V + o->K; k++) {
        rc_span_text c = t->row.at[t->column[k]];
        if (c.n > 0 && !rc_number(c.s, c.n, &x))
            return rc_source_bad(&t->f, line, "number", "column '%s': '%.*s' is no number",
                                 json_string_value(json_array_get(o->column, (size_t)k)), RC_SHOWN(c));
    }
    if (t->time >= 0 && !rc_time_parse(t->row.at[t->time].s, t->row.at[t->time].n, o->clock.form, &time))
        return rc_source_bad(&t->f, line, "time", "'%.*s' is no time like those before (%s)",
                             RC_SHOWN(t->row.at[t->time]), o->clock.form[0] != 0 ? o->clock.form : "Y-m-d H:M:S");
    int e = rc_raw_series(t->w, t->id >= 0 ? t->row.at[t->id].s : "", t->id >= 0 ? t->row.at[t->id].n : 0, &series);
    for (int k = 0; k < o->V + o->K && e == RECUR_OK; k++) {
        rc_span_text c = t->row.at[t->column[k]];
        x = NAN;
        if (c.n > 0)
            rc_number(c.s, c.n, &x);
        e = rc_values_add(&t->w->x, x);
    }
    return e == RECUR_OK ? rc_raw_row(t->w, series, time, line, t->file) : e;
}

static int read_table(rc_raw_table *t, const recur_train_options *o)
{
    rc_lines l = { t->f.s, t->f.s + t->f.n, 0 };
    rc_span_text s;
    int e = rc_raw_open(t, o, &l);
    while (e == RECUR_OK && rc_filled_line(&l, &s))
        if ((e = rc_line_split(t->f.r, s.s, s.n, t->sep, &t->row)) == RECUR_OK)
            e = t->wide ? take_wide(t, l.line) : take_step(t, l.line);
    rc_free(t->f.r, t->head.at);
    rc_free(t->f.r, t->row.at);
    rc_free(t->f.r, t->column);
    return e;
}

int rc_raw_read(rc_raw *w, const char *path, int file, const recur_train_options *o, json_t *problems)
{
    rc_buf raw, text;
    char why[sizeof w->r->message];
    rc_buf_init(&raw, w->r, (size_t)1 << 34);
    rc_buf_init(&text, w->r, (size_t)1 << 34);
    int e = rc_file_read(w->r, path, &raw);
    if (e == RECUR_OK) {
        e = rc_utf8_from(w->r, o != NULL && o->encoding != NULL ? o->encoding : "utf-8", raw.s, raw.n, &text);
        memcpy(why, w->r->message, sizeof why);
        if (e != RECUR_OK && e != RECUR_ENOMEM)
            rc_fail(w->r, e, "%s: %.900s", path, why);
    }
    rc_raw_table t = { .f = { .r = w->r, .path = path, .s = text.n > 0 ? text.s : "", .n = text.n, .o = o,
                       .problems = problems }, .w = w, .file = file, .time = -1, .id = -1 };
    if (e == RECUR_OK)
        e = read_table(&t, o);
    w->learn = false;                                          /* the first file said what there is */
    rc_buf_free(&raw);
    rc_buf_free(&text);
    return e;
}
