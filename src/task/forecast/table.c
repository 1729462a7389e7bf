/* SPDX-License-Identifier: MIT
 * table.c - which of three forms a table of series has, and where its numbers, times and names stand:
 *
 *   date,load,price          head line, a line a step; a column of times is known by what it holds.  With a column of
 *   2024-01-01,3.1,40        names (id, series, unique_id, ..., or --id) the lines of several series stand in one file.
 *   3.1,40                   the same without head line: columns are called 1, 2, ...
 *   A7,3.1,3.3,3.0           a line a series: its name, then its values (the M4 competition's form)
 *
 * The first file of a training shows it; every other file must have the columns that were found there. */
#include <stdio.h>
#include "task/forecast/table.h"

#define ID_NAMES "id series unique_id item_id series_id sample item name"
enum { LOOK = 200 };                     /* lines that show what a column holds */

static bool is_number(const rc_raw_table *t, rc_span_text c)
{
    float x;
    return c.n > 0 && rc_number_in(t->sep, c, &x);
}

static bool is_word(const rc_raw_table *t, rc_span_text c) { return c.n > 0 && !is_number(t, c) && !rc_raw_is_time(c); }

/* A name, then numbers alone. */
static bool is_wide(const rc_raw_table *t, const rc_line_cells *c)
{
    int numbers = 0;
    for (int i = 1; i < c->n; i++) {
        if (c->at[i].n > 0 && !is_number(t, c->at[i]))
            return false;
        numbers += c->at[i].n > 0;
    }
    return c->n >= 4 && numbers >= 3 && is_word(t, c->at[0]);
}

/* M4's own head: V1, V2, V3, ... */
static bool is_counted(const rc_line_cells *c)
{
    for (int i = 0; i < c->n; i++) {
        char name[16];
        int n = snprintf(name, sizeof name, "V%d", i + 1);
        if (c->at[i].n != (size_t)n || memcmp(c->at[i].s, name, (size_t)n) != 0)
            return false;
    }
    return c->n >= 4;
}

static bool same(rc_span_text a, const char *s) { return a.n == strlen(s) && memcmp(a.s, s, a.n) == 0; }

int rc_raw_column(const rc_raw_table *t, const char *name)
{
    char number[16];
    for (int i = 0; i < t->head.n && !t->headless; i++)
        if (same(t->head.at[i], name))
            return i;
    for (int i = 0; i < t->head.n && t->headless; i++) {
        snprintf(number, sizeof number, "%d", i + 1);
        if (strcmp(number, name) == 0)
            return i;
    }
    return -1;
}

bool rc_raw_listed(const char *list, rc_span_text name)
{
    for (const char *p = list; p != NULL && *p != 0; p += *p == ',') {
        size_t n = strcspn(p, ",");
        rc_span_text one = rc_trim(p, n);
        if (rc_same(one, name))
            return true;
        p += n;
    }
    return false;
}

static int no_column(const rc_raw_table *t, const char *option, rc_span_text name)
{
    char have[200] = "";
    for (int i = 0; i < t->head.n && strlen(have) < 140; i++)
        snprintf(have + strlen(have), sizeof have - strlen(have), "%s%.*s", i > 0 ? ", " : "", RC_SHOWN(t->head.at[i]));
    if (t->headless)
        snprintf(have, sizeof have, rc_speak(t->f.r, "numbers from 1 to %d, as there is no head line"), t->head.n);
    return rc_fail(t->f.r, RECUR_EDATA, "%s:1: %s: no column '%.*s'; there are %s", t->f.path, option,
                   RC_SHOWN(name), have);
}

/* A column stands once: what is forecast is not known ahead. */
static int stands_already(const rc_raw_table *t, const char *option, const char *name)
{
    json_t *column = t->w->look->column;
    for (size_t i = 0; i < json_array_size(column); i++)
        if (strcmp(json_string_value(json_array_get(column, i)), name) == 0)
            return rc_fail(t->f.r, RECUR_EDATA, "%s:1: %s: column '%s' %s", t->f.path, option, name,
                           rc_speak(t->f.r, (int)i < t->w->look->V && strcmp(option, "--known") == 0
                           ? "is to be forecast, so its future is not known: leave it out here or in --columns"
                           : "stands twice"));
    return RECUR_OK;
}

/* The columns of a list, in its order, to the end of look->column; `calendar` is no column. */
static int add_listed(rc_raw_table *t, const char *option, const char *list, int *count)
{
    for (const char *p = list; p != NULL && *p != 0; p += *p == ',') {
        size_t n = strcspn(p, ",");
        rc_span_text name = rc_trim(p, n);
        char copy[256];
        p += n;
        if (same(name, "calendar") && strcmp(option, "--known") == 0)
            continue;
        snprintf(copy, sizeof copy, "%.*s", (int)(name.n < 255 ? name.n : 255), name.s);
        if (rc_raw_column(t, copy) < 0)
            return no_column(t, option, name);
        int e = stands_already(t, option, copy);
        if (e != RECUR_OK)
            return e;
        if (json_array_append_new(t->w->look->column, json_string(copy)) != 0)
            return rc_fail(t->f.r, RECUR_EDATA, "%s:1: the name of a column is not UTF-8: say --encoding", t->f.path);
        ++*count;
    }
    return RECUR_OK;
}

/* All that hold numbers and are neither time nor name nor known ahead.  What a column holds its first lines show. */
static int add_numeric(rc_raw_table *t, const char *known, rc_lines l)
{
    int numbers[1024] = { 0 }, e = RECUR_OK, most = t->head.n < 1024 ? t->head.n : 1024;
    rc_span_text s;
    for (int k = 0; k < LOOK && rc_filled_line(&l, &s); k++) {
        if ((e = rc_line_split(t->f.r, s.s, s.n, t->sep, &t->row)) != RECUR_OK)
            return e;
        for (int i = 0; i < most && t->row.n == t->head.n; i++)
            if (t->row.at[i].n > 0)
                numbers[i] += is_number(t, t->row.at[i]) ? 1 : -1;
    }
    for (int i = 0; i < most && e == RECUR_OK; i++) {
        char name[256];
        snprintf(name, sizeof name, "%d", i + 1);
        if (!t->headless)
            snprintf(name, sizeof name, "%.*s", (int)(t->head.at[i].n < 255 ? t->head.at[i].n : 255), t->head.at[i].s);
        if (i == t->time || i == t->id || numbers[i] <= 0 || name[0] == 0
            || rc_raw_listed(known, (rc_span_text){ name, strlen(name) }))
            continue;
        if (json_array_append_new(t->w->look->column, json_string(name)) != 0)
            e = rc_fail(t->f.r, RECUR_EDATA, "%s:1: the name of a column is not UTF-8: say --encoding", t->f.path);
        t->w->look->V++;
    }
    return e;
}

/* The name of a column as a card can have it. */
static int keep_name(const rc_raw_table *t, rc_span_text name, char out[256])
{
    size_t bad;
    if (name.n > 255 || !rc_utf8_valid(name.s, name.n, &bad))
        return rc_fail(t->f.r, RECUR_EDATA, "%s:1: the name of a column is not UTF-8, or too long: say --encoding", t->f.path);
    snprintf(out, 256, "%.*s", (int)name.n, name.s);
    return RECUR_OK;
}

/* Where times and names stand.  `first` is the first line of numbers, `data` all of them. */
static int find_roles(rc_raw_table *t, const rc_line_cells *first, const recur_train_options *o, rc_lines data)
{
    const char *id = o != NULL && o->id != NULL ? o->id : t->w->look->id[0] != 0 ? t->w->look->id : NULL;
    rc_outlook *look = t->w->look;
    t->time = t->id = -1;
    if (id != NULL && (t->id = rc_raw_column(t, id)) < 0)
        return no_column(t, "--id", (rc_span_text){ id, strlen(id) });
    int e = rc_raw_find_time(t, first, o, data);
    for (int i = 0; i < t->head.n && t->id < 0 && !t->headless; i++)
        if (i != t->time && i < first->n && is_word(t, first->at[i])
            && rc_is_name(t->head.at[i].s, t->head.at[i].n, ID_NAMES))
            t->id = i;
    if (e == RECUR_OK && t->id >= 0 && !t->headless)
        e = keep_name(t, t->head.at[t->id], look->id);
    if (e == RECUR_OK && t->time >= 0 && !t->headless && t->w->learn)
        e = keep_name(t, t->head.at[t->time], look->time);
    return e;
}

/* What was learned from the first file must be found in each. */
static int place_columns(rc_raw_table *t)
{
    const rc_outlook *o = t->w->look;
    if ((t->column = rc_new(t->f.r, (size_t)(o->V + o->K) + 1, sizeof *t->column)) == NULL)
        return RECUR_ENOMEM;
    for (int k = 0; k < o->V + o->K; k++) {
        const char *name = json_string_value(json_array_get(o->column, (size_t)k));
        if ((t->column[k] = rc_raw_column(t, name)) < 0)
            return no_column(t, "columns that the model was trained on", (rc_span_text){ name, strlen(name) });
    }
    if (t->time < 0 && o->clock.form[0] != 0)
        return rc_fail(t->f.r, RECUR_EDATA, "%s: no column of times like %s, which the training data had", t->f.path,
                       o->clock.form);
    return RECUR_OK;
}

static int learn_columns(rc_raw_table *t, const recur_train_options *o, rc_lines data)
{
    rc_outlook *look = t->w->look;
    const char *known = o != NULL ? o->known : NULL;
    int e = o != NULL && o->columns != NULL ? add_listed(t, "--columns", o->columns, &look->V)
                                           : add_numeric(t, known, data);
    if (e == RECUR_OK)
        e = add_listed(t, "--known", known, &look->K);
    if (e == RECUR_OK && look->V == 0)
        e = rc_fail(t->f.r, RECUR_EDATA, "%s: no column of numbers; a table looks like: date,load / 2024-01-01,3.1",
                    t->f.path);
    look->named = t->id >= 0;
    look->headless = t->headless;
    return e;
}

static int learn_wide(rc_raw_table *t)
{
    rc_outlook *look = t->w->look;
    look->named = look->headless = true;
    look->V = 1;
    return json_array_append_new(look->column, json_string("value")) == 0 ? RECUR_OK
         : rc_fail(t->f.r, RECUR_ENOMEM, "no memory for the columns");
}

int rc_raw_open(rc_raw_table *t, const recur_train_options *o, rc_lines *data)
{
    rc_span_text first, second = { NULL, 0 };
    rc_lines l = *data, after;
    int e;
    if (!rc_filled_line(&l, &first))
        return rc_fail(t->f.r, RECUR_EDATA, "%s: the file is empty", t->f.path);
    after = l;
    t->sep = memchr(first.s, '\t', first.n) != NULL ? '\t' : memchr(first.s, ';', first.n) != NULL ? ';' : ',';
    if (!rc_filled_line(&l, &second))
        second = first;
    if ((e = rc_line_split(t->f.r, first.s, first.n, t->sep, &t->head)) != RECUR_OK
        || (e = rc_line_split(t->f.r, second.s, second.n, t->sep, &t->row)) != RECUR_OK)
        return e;
    bool counted = is_counted(&t->head) && is_wide(t, &t->row), head = false;
    t->wide = counted || is_wide(t, &t->head);
    for (int i = 0; i < t->head.n; i++)
        head = head || is_word(t, t->head.at[i]);
    t->headless = !head;
    *data = counted || (head && !t->wide) ? after : *data;
    if (t->wide != (t->w->look->named && t->w->look->headless) && !t->w->learn)
        return rc_fail(t->f.r, RECUR_EDATA, "%s: %s, and the training data had the other form", t->f.path,
                       rc_speak(t->f.r, t->wide ? "a line is a whole series" : "a line is a step"));
    if (t->wide)
        return t->w->learn ? learn_wide(t) : RECUR_OK;
    if ((e = find_roles(t, t->headless ? &t->head : &t->row, o, *data)) != RECUR_OK)
        return e;
    if (t->w->learn && (e = learn_columns(t, o, *data)) != RECUR_OK)
        return e;
    return place_columns(t);
}
