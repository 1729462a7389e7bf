/* SPDX-License-Identifier: MIT
 * when.c - which column of a table has the times, and how they are written.
 *
 * A column of dates is known by its first one.  Plain numbers are times where the column is called so, or where they are
 * seconds or milliseconds since 1970 that rise.  1/2/2024 may be January or February: the whole column is asked whether a
 * number above 12 shows where the day stands; where none does, the month is taken to come first, and that is said. */
#include <stdarg.h>
#include <stdio.h>
#include "task/forecast/table.h"

#define COUNTED_NAMES "time timestamp t step index year unix epoch"       /* columns of times that are plain numbers */
#define EPOCH_NAMES "ts ds date datetime unixtime"           /* the same, where they are seconds since 1970 */
#define DATE_NAMES "date datetime time timestamp ts ds day week month quarter period datum 日期 时间 年月"
enum { LOOK = 200 };

bool rc_raw_is_time(rc_span_text t)
{
    float x;
    char form[40] = "";
    int64_t at;
    return t.n > 0 && !rc_number(t.s, t.n, &x) && rc_time_parse(t.s, t.n, form, &at);
}

/* Seconds since 1970, or milliseconds, of a day between 1985 and 2128. */
static bool is_epoch(rc_span_text t, double *seconds)
{
    char form[40] = "";
    int64_t at;
    if (!rc_time_parse(t.s, t.n, form, &at) || (form[0] != 'u' && form[0] != 'U'))
        return false;
    *seconds = (double)at / (form[0] == 'U' ? 1000 : 1);
    return *seconds >= 5e8 && *seconds < 5e9;
}

/* Nothing but such numbers, which rise: falls are where one series ends and the next begins. */
static int rises(const rc_raw_table *t, int column, rc_lines l, bool *yes)
{
    rc_line_cells row = { NULL, 0, 0 };
    rc_span_text s;
    double before = 0, at;
    int e = RECUR_OK, up = 0, down = 0;
    *yes = true;
    for (int k = 0; k < LOOK && *yes && rc_filled_line(&l, &s); k++) {
        if ((e = rc_line_split(t->f.r, s.s, s.n, t->sep, &row)) != RECUR_OK)
            break;
        if (row.n != t->head.n)
            continue;
        *yes = is_epoch(row.at[column], &at);
        up += *yes && at > before;
        down += *yes && at < before;
        before = at;
    }
    *yes = *yes && up > 1 && up > 9 * down;
    rc_free(t->f.r, row.at);
    return e;
}

static bool is_free(const rc_raw_table *t, int i, const recur_train_options *o)
{
    char number[16];
    rc_span_text name = t->head.at[i];
    if (t->headless)
        name = (rc_span_text){ number, (size_t)snprintf(number, sizeof number, "%d", i + 1) };
    return i != t->id && !rc_raw_listed(o != NULL ? o->columns : NULL, name)
        && !rc_raw_listed(o != NULL ? o->known : NULL, name);
}

/* A column of plain numbers that are times. */
static int find_counted(rc_raw_table *t, const rc_line_cells *first, const recur_train_options *o, rc_lines data)
{
    float x;
    double at;
    int e = RECUR_OK, n = t->head.n < first->n ? t->head.n : first->n;
    for (int i = 0; i < n && t->time < 0 && !t->headless; i++) {
        rc_span_text name = t->head.at[i], cell = first->at[i];
        bool counted = rc_is_name(name.s, name.n, COUNTED_NAMES) && cell.n > 0 && rc_number(cell.s, cell.n, &x);
        if (is_free(t, i, o) && (counted || (rc_is_name(name.s, name.n, EPOCH_NAMES) && is_epoch(cell, &at))))
            t->time = i;
    }
    for (int i = 0; i < n && t->time < 0 && e == RECUR_OK; i++) {
        bool yes = false;
        if (is_free(t, i, o) && is_epoch(first->at[i], &at))
            e = rises(t, i, data, &yes);
        if (yes)
            t->time = i;
    }
    return e;
}

/* Names and cells may be cut inside a sign, or be in no known encoding: what is said of them is text. */
static void __attribute__((format(printf, 2, 3))) remark(const rc_raw_table *t, const char *form, ...)
{
    rc_outlook *look = t->w->look;
    size_t bad;
    va_list a;
    va_start(a, form);
    vsnprintf(look->remark, sizeof look->remark, rc_speak(t->f.r, form), a);
    va_end(a);
    for (char *c = look->remark; *c != 0 && !rc_utf8_valid(look->remark, strlen(look->remark), &bad); c++)
        *c = (unsigned char)*c < 128 ? *c : '?';
}

/* --- which of the first two numbers is the day --- */

static int settle_order(const rc_raw_table *t, rc_lines l)
{
    rc_outlook *look = t->w->look;
    rc_line_cells row = { NULL, 0, 0 };
    rc_span_text s;
    int e = RECUR_OK, day = 0, month = 0, seen = 0;
    while (rc_filled_line(&l, &s)) {
        char form[40] = "";
        if ((e = rc_line_split(t->f.r, s.s, s.n, t->sep, &row)) != RECUR_OK)
            break;
        if (row.n != t->head.n)
            continue;
        bool turned = rc_time_turned(row.at[t->time].s, row.at[t->time].n, form);
        if (form[0] == 0)
            continue;
        if ((form[0] != 'd' && form[0] != 'm') || form[1] == '.')
            break;                                             /* nothing to ask */
        if (seen++ == 0)
            memcpy(look->clock.form, form, sizeof form);
        day += form[0] == 'd';
        month += form[0] == 'm' && !turned;
    }
    rc_free(t->f.r, row.at);
    if (seen == 0 || e != RECUR_OK)
        return e;
    look->clock.form[0] = day > month ? 'd' : 'm';
    look->clock.form[2] = day > month ? 'm' : 'd';
    if (day == 0 && month == 0)
        remark(t, "no number above 12 says which is the day in '%.*s': the month is taken to come first (%s)",
               RC_SHOWN(t->head.at[t->time]), look->clock.form);
    return RECUR_OK;
}

/* --- what is no time, and was meant as one --- */

static bool meant_as_time(rc_span_text name, rc_span_text cell)
{
    int runs = 0, marks = 0;
    float x;
    if (cell.n == 0 || rc_number(cell.s, cell.n, &x))
        return false;
    for (size_t i = 0; i < cell.n; i++) {
        bool digit = cell.s[i] >= '0' && cell.s[i] <= '9', before = i > 0 && cell.s[i - 1] >= '0' && cell.s[i - 1] <= '9';
        runs += digit && !before;
        marks += !digit && before && strchr("-/.:", cell.s[i]) != NULL;
    }
    return runs > 0 && (rc_is_name(name.s, name.n, DATE_NAMES) || (runs >= 3 && marks >= 2));
}

static void remark_unread(const rc_raw_table *t, const rc_line_cells *first)
{
    for (int i = 0; i < t->head.n && i < first->n; i++)
        if (i != t->id && meant_as_time(t->headless ? (rc_span_text){ "", 0 } : t->head.at[i], first->at[i])) {
            remark(t, "'%.*s' looks like a time and cannot be read as one: lines count as even steps in their order; write "
                   "2024-01-31 13:00", RC_SHOWN(first->at[i]));
            return;
        }
}

int rc_raw_find_time(rc_raw_table *t, const rc_line_cells *first, const recur_train_options *o, rc_lines data)
{
    const rc_outlook *look = t->w->look;
    int e = RECUR_OK;
    if (!t->w->learn && look->clock.form[0] == 0)
        return RECUR_OK;                                       /* a model that was taught no times counts lines */
    if (!t->w->learn && look->time[0] != 0)
        t->time = rc_raw_column(t, look->time);
    for (int i = 0; i < first->n && t->time < 0; i++)
        if (i != t->id && rc_raw_is_time(first->at[i]))
            t->time = i;
    if (t->time < 0)
        e = find_counted(t, first, o, data);
    if (e == RECUR_OK && t->w->learn && t->time >= 0)
        e = settle_order(t, data);
    else if (e == RECUR_OK && t->w->learn)
        remark_unread(t, first);
    return e;
}
