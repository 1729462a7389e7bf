/* SPDX-License-Identifier: MIT
 * series.c - a CSV table of measurements: its lines and cells, whether it is one, and which of its columns is what.
 *
 * The label is the column that --label-column names, else one with a usual name.  The id is one with a usual name, or the
 * one that holds neither numbers nor the label.  Numbers are the columns that --columns lists, else all that hold numbers
 * and are not id, label or time. */
#include <stdlib.h>
#include "data/series.h"

#define LABEL_NAMES "label class category target activity"
#define ID_NAMES "id series sample"
#define TIME_NAMES "time t step timestamp index date datetime"
enum { LOOK = 200 };                     /* lines that show what a column holds */

/* --- lines --- */

/* The cells of a line, quotes around one taken off.  A table of numbers has no line ends in its cells. */
int rc_line_split(recur *r, const char *s, size_t n, char sep, rc_line_cells *c)
{
    const char *end = s + n;
    for (c->n = 0;; s++) {
        rc_span_text t;
        const char *stop = s < end && *s == '"' ? memchr(s + 1, '"', (size_t)(end - s - 1)) : NULL;
        const char *next = memchr(stop != NULL ? stop : s, sep, (size_t)(end - (stop != NULL ? stop : s)));
        next = next != NULL ? next : end;
        t = stop != NULL ? rc_trim(s + 1, (size_t)(stop - s - 1)) : rc_trim(s, (size_t)(next - s));
        if (c->n == c->cap) {
            int want = c->cap > 0 ? c->cap * 2 : 64;
            rc_span_text *wide = rc_grow(r, c->at, (size_t)c->cap, (size_t)want, sizeof *wide);
            if (wide == NULL)
                return RECUR_ENOMEM;
            c->at = wide;
            c->cap = want;
        }
        c->at[c->n++] = t;
        if ((s = next) == end)
            return RECUR_OK;
    }
}

static char separator(const char *s, size_t n)
{
    size_t comma = 0, semicolon = 0;
    for (size_t i = 0; i < n; i++) {
        comma += s[i] == ',';
        semicolon += s[i] == ';';
    }
    return comma + semicolon == 0 ? 0 : semicolon > comma ? ';' : ',';
}

bool rc_filled_line(rc_lines *l, rc_span_text *out)
{
    const char *s;
    size_t n;
    while (rc_lines_next(l, &s, &n))
        if ((*out = (rc_span_text){ s, n }, rc_trim(s, n).n > 0))
            return true;
    return false;
}

/* --- which column is which --- */

/* The column with this name, or with this number from 1; -1: none. */
static int column_of(const rc_series_table *t, rc_span_text name)
{
    char copy[16], *after;
    for (int i = 0; i < t->head.n; i++)
        if (rc_same(t->head.at[i], name))
            return i;
    if (name.n == 0 || name.n >= sizeof copy)
        return -1;
    memcpy(copy, name.s, name.n);
    copy[name.n] = 0;
    long k = strtol(copy, &after, 10);
    return *after == 0 && k >= 1 && k <= t->head.n ? (int)k - 1 : -1;
}

static bool is_number_column(const rc_series_table *t, int i)
{
    for (int k = 0; k < t->F; k++)
        if (t->number[k] == i)
            return true;
    return false;
}

/* The first column that has one of these names, the first name before the second. */
static int named(const rc_series_table *t, const char *names)
{
    char one[32];
    for (const char *w = names; *w != 0; w += *w == ' ') {
        size_t n = 0;
        for (; w[n] != 0 && w[n] != ' '; n++)
            one[n] = w[n];
        one[n] = 0;
        for (int i = 0; i < t->head.n; i++)
            if (rc_is_name(t->head.at[i].s, t->head.at[i].n, one) && !is_number_column(t, i))
                return i;
        w += n;
    }
    return -1;
}

/* The columns that --columns lists. */
static int listed(rc_series_table *t, const char *list)
{
    for (const char *p = list;; p++) {
        size_t n = strcspn(p, ",");
        rc_span_text name = rc_trim(p, n);
        int i = column_of(t, name);
        if (i < 0)
            return rc_fail(t->f->r, RECUR_EDATA,
                           "%s:1: --columns: no column '%.*s'; give names of the head or numbers from 1 to %d",
                           t->f->path, (int)(name.n < 100 ? name.n : 100), name.s, t->head.n);
        if (is_number_column(t, i))
            return rc_fail(t->f->r, RECUR_EDATA, "%s:1: --columns: '%.*s' stands twice", t->f->path,
                           (int)(name.n < 100 ? name.n : 100), name.s);
        t->number[t->F++] = i;
        p += n;
        if (*p == 0)
            return RECUR_OK;
    }
}

static int look(rc_series_table *t)
{
    rc_lines l = { t->f->s, t->f->s + t->f->n, 0 };
    rc_span_text s;
    int e = RECUR_OK;
    rc_filled_line(&l, &s);                                   /* the head */
    while (t->seen < LOOK && rc_filled_line(&l, &s)) {
        rc_line_cells was = t->before;
        if ((e = rc_line_split(t->f->r, s.s, s.n, t->sep, &t->row)) != RECUR_OK)
            return e;
        if (t->row.n != t->head.n)
            continue;
        for (int i = 0; i < t->head.n; i++) {
            float x;
            rc_series_column *c = &t->col[i];
            if (t->row.at[i].n > 0)
                ++*(rc_number(t->row.at[i].s, t->row.at[i].n, &x) ? &c->numbers : &c->words);
            c->runs += t->seen == 0 || !rc_same(t->row.at[i], t->before.at[i]);
        }
        t->before = t->row;
        t->row = was;
        t->seen++;
    }
    return RECUR_OK;
}

/* Numbers, but for a bad line here and there. */
static bool numeric(const rc_series_column *c) { return c->numbers > 4 * c->words; }

/* A head has words; figures stand in it only where the label or the id is named beside them (0, 1, 2, ..., label). */
static bool is_head(const rc_series_table *t)
{
    float x;
    bool figures = false;
    for (int i = 0; i < t->head.n; i++)
        figures = figures || (t->head.at[i].n > 0 && rc_number(t->head.at[i].s, t->head.at[i].n, &x));
    return !figures || t->given || t->label >= 0 || t->id >= 0;
}

/* Label, numbers, id.  Returns whether that makes a table of measurements. */
static bool choose(rc_series_table *t)
{
    const recur_train_options *o = t->f->o;
    const char *label = o != NULL ? o->label_column : NULL;
    int words = 0, last = -1;
    t->label = label != NULL ? column_of(t, (rc_span_text){ label, strlen(label) }) : named(t, LABEL_NAMES);
    if (label == NULL && t->label < 0 && named(t, "x") < 0)   /* x, y, z are measured */
        t->label = named(t, "y");
    t->id = named(t, ID_NAMES);
    t->id = t->id == t->label ? -1 : t->id;
    for (int i = 0; i < t->head.n; i++) {
        bool time = t->head.at[i].n == 0 || rc_is_name(t->head.at[i].s, t->head.at[i].n, TIME_NAMES);
        if (i == t->label || i == t->id || time || is_number_column(t, i))
            continue;
        if (t->col[i].words > 0 && !numeric(&t->col[i]))
            words++, last = i;
        else if (!t->given && numeric(&t->col[i]))
            t->number[t->F++] = i;
    }
    if (t->given) {
        t->id = t->id < 0 && words == 1 ? last : t->id;
        return true;
    }
    for (int i = 0; i < t->head.n; i++)                       /* a text stands there: no measurements */
        if (t->col[i].words > 0 && rc_is_name(t->head.at[i].s, t->head.at[i].n, RC_TEXT_NAMES))
            return false;
    if (t->id < 0 && words == 1 && 2 * t->col[last].runs <= t->seen)          /* ids come again, texts do not */
        t->id = last, words = 0;
    return t->F > 0 && t->seen > 0 && (words == 0 || t->id >= 0) && is_head(t);
}

void rc_series_close(rc_series_table *t)
{
    rc_free(t->f->r, t->head.at);
    rc_free(t->f->r, t->row.at);
    rc_free(t->f->r, t->before.at);
    rc_free(t->f->r, t->col);
    rc_free(t->f->r, t->number);
}

int rc_series_open(rc_series_table *t, rc_source *f)
{
    rc_lines l = { f->s, f->s + f->n, 0 };
    rc_span_text s;
    int e;
    *t = (rc_series_table){ .f = f, .label = -1, .id = -1, .given = f->o != NULL && f->o->columns != NULL };
    if (!rc_filled_line(&l, &s) || (t->sep = separator(s.s, s.n)) == 0 || memchr(s.s, '\t', s.n) != NULL)
        return 0;
    if (f->o != NULL && f->o->text_column != NULL && !t->given)
        return 0;
    if ((e = rc_line_split(f->r, s.s, s.n, t->sep, &t->head)) != RECUR_OK)
        return e;
    t->col = rc_new(f->r, (size_t)t->head.n, sizeof *t->col);
    t->number = rc_new(f->r, (size_t)t->head.n, sizeof *t->number);
    if (t->col == NULL || t->number == NULL)
        return RECUR_ENOMEM;
    if ((t->given && (e = listed(t, f->o->columns)) != RECUR_OK) || (e = look(t)) != RECUR_OK)
        return e;
    return choose(t) ? 1 : 0;
}

bool rc_series_is(const rc_source *f)
{
    rc_source copy = *f;
    rc_series_table t;
    int e = rc_series_open(&t, &copy);
    rc_series_close(&t);
    return e != 0;                                            /* reading meets an error again and tells it */
}
