/* SPDX-License-Identifier: MIT
 * read_series.c - CSV files of measurements, with a head line.
 *
 * With an id column (named id, series or sample, or the one that holds neither numbers nor the label) a line is a
 * step: all lines with the same id, in their order, are one sequence with as many features as there are columns of
 * numbers.  Without one a line is a whole sequence of one feature, as the UCR archive has it.
 * Numbers are the columns that --columns lists, else all that hold numbers and are not id, label or time. */
#include <math.h>
#include <stdlib.h>
#include "data/read.h"

#define LABEL_NAMES "label class category target activity"
#define ID_NAMES "id series sample"
#define TIME_NAMES "time t step timestamp index date datetime"
#define SHOWN(t) (int)((t).n < 40 ? (t).n : 40), (t).s       /* for %.*s */
enum { LOOK = 200 };                     /* lines that show what a column holds */

typedef struct { int words, numbers, runs; } column;         /* runs: how often the value changes from line to line */
typedef struct {
    rc_source *f;
    char sep;
    rc_line_cells head, row, before;
    column *col;                         /* [head.n] */
    int *number, F;                      /* columns of the features, in order */
    int label, id;                       /* -1: none */
    int seen;                            /* lines looked at */
    bool given;                          /* --columns */
} table;

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

static bool same(rc_span_text a, rc_span_text b) { return a.n == b.n && memcmp(a.s, b.s, a.n) == 0; }

/* --- which column is which --- */

/* The column with this name, or with this number from 1; -1: none. */
static int column_of(const table *t, rc_span_text name)
{
    char copy[16], *after;
    for (int i = 0; i < t->head.n; i++)
        if (same(t->head.at[i], name))
            return i;
    if (name.n == 0 || name.n >= sizeof copy)
        return -1;
    memcpy(copy, name.s, name.n);
    copy[name.n] = 0;
    long k = strtol(copy, &after, 10);
    return *after == 0 && k >= 1 && k <= t->head.n ? (int)k - 1 : -1;
}

static bool is_number_column(const table *t, int i)
{
    for (int k = 0; k < t->F; k++)
        if (t->number[k] == i)
            return true;
    return false;
}

/* The first column that has one of these names, the first name before the second. */
static int named(const table *t, const char *names)
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
static int listed(table *t, const char *list)
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

static int look(table *t)
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
            column *c = &t->col[i];
            if (t->row.at[i].n > 0)
                ++*(rc_number(t->row.at[i].s, t->row.at[i].n, &x) ? &c->numbers : &c->words);
            c->runs += t->seen == 0 || !same(t->row.at[i], t->before.at[i]);
        }
        t->before = t->row;
        t->row = was;
        t->seen++;
    }
    return RECUR_OK;
}

/* Numbers, but for a bad line here and there. */
static bool numeric(const column *c) { return c->numbers > 4 * c->words; }

/* A head has words; figures stand in it only where the label or the id is named beside them (0, 1, 2, ..., label). */
static bool is_head(const table *t)
{
    float x;
    bool figures = false;
    for (int i = 0; i < t->head.n; i++)
        figures = figures || (t->head.at[i].n > 0 && rc_number(t->head.at[i].s, t->head.at[i].n, &x));
    return !figures || t->given || t->label >= 0 || t->id >= 0;
}

/* Label, numbers, id.  Returns whether that makes a table of measurements. */
static bool choose(table *t)
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

static void close_table(table *t)
{
    rc_free(t->f->r, t->head.at);
    rc_free(t->f->r, t->row.at);
    rc_free(t->f->r, t->before.at);
    rc_free(t->f->r, t->col);
    rc_free(t->f->r, t->number);
}

/* 1: it is a table of measurements, 0: not; an error as usual.  t is to be closed either way. */
static int open_table(table *t, rc_source *f)
{
    rc_lines l = { f->s, f->s + f->n, 0 };
    rc_span_text s;
    int e;
    *t = (table){ .f = f, .label = -1, .id = -1, .given = f->o != NULL && f->o->columns != NULL };
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
    table t;
    int e = open_table(&t, &copy);
    close_table(&t);
    return e != 0;                                            /* reading meets an error again and tells it */
}

/* --- reading --- */

typedef struct { rc_span_text label; int64_t line; int32_t steps; size_t at; bool bad; } series;
typedef struct {
    rc_values x;                         /* [rows][F] */
    int32_t *of; size_t rows, cap;       /* the series of each row */
    series *s; int count, room;
    rc_map *ids;
} gather;

/* The numbers of the line in t->row, appended to v. */
static int numbers(const table *t, int64_t line, rc_values *v, bool *bad)
{
    int e = RECUR_OK;
    *bad = false;
    for (int k = 0; k < t->F && e == RECUR_OK; k++) {
        rc_span_text c = t->row.at[t->number[k]], name = t->head.at[t->number[k]];
        float x = NAN;
        if (c.n > 0 && !rc_number(c.s, c.n, &x) && !*bad) {
            *bad = true;
            e = rc_source_bad(t->f, line, "number", "column '%.*s': '%.*s' is no finite number", SHOWN(name),
                              SHOWN(c));
        }
        if (e == RECUR_OK)
            e = rc_values_add(v, x);
    }
    return e;
}

static int grow_rows(recur *r, gather *g)
{
    if (g->rows < g->cap)
        return RECUR_OK;
    size_t want = g->cap > 0 ? 2 * g->cap : 1024;
    int32_t *wide = rc_grow(r, g->of, g->cap, want, sizeof *wide);
    if (wide == NULL)
        return RECUR_ENOMEM;
    g->of = wide;
    g->cap = want;
    return RECUR_OK;
}

/* The number of the series that the line in t->row belongs to, which may be new. */
static int series_of(const table *t, gather *g, int64_t line, int32_t *out)
{
    recur *r = t->f->r;
    rc_span_text id = t->row.at[t->id], label = { NULL, 0 };
    int64_t k = rc_map_get(g->ids, id.s, id.n);
    if (t->label >= 0)
        label = t->row.at[t->label];
    if (k >= 0) {
        series *s = &g->s[*out = (int32_t)k];
        if (t->label < 0 || s->bad || same(s->label, label))
            return RECUR_OK;
        s->bad = true;
        return rc_source_bad(t->f, line, "label", "'%.*s' is labelled '%.*s' here and '%.*s' in line %lld", SHOWN(id),
                             SHOWN(label), SHOWN(s->label), (long long)s->line);
    }
    if (g->count == g->room) {
        int want = g->room > 0 ? 2 * g->room : 64;
        series *wide = rc_grow(r, g->s, (size_t)g->room, (size_t)want, sizeof *wide);
        if (wide == NULL)
            return RECUR_ENOMEM;
        g->s = wide;
        g->room = want;
    }
    g->s[*out = g->count] = (series){ .label = label, .line = line };
    return rc_map_set(g->ids, id.s, id.n, g->count++);
}

static int add_step(const table *t, gather *g, int64_t line)
{
    bool bad;
    int32_t k;
    int e = grow_rows(t->f->r, g);
    if (e != RECUR_OK || (e = series_of(t, g, line, &k)) != RECUR_OK
        || (e = numbers(t, line, &g->x, &bad)) != RECUR_OK)
        return e;
    g->s[k].bad = g->s[k].bad || bad;
    g->s[k].steps++;
    g->of[g->rows++] = k;
    return RECUR_OK;
}

/* The lines of one series lie anywhere in the file: a counting sort brings them together, in their order. */
static int emit_series(const table *t, gather *g)
{
    size_t F = (size_t)t->F, at = 0;
    float *x = rc_new(t->f->r, g->rows + 1, F * sizeof *x);
    int e = x != NULL ? RECUR_OK : RECUR_ENOMEM;
    for (int i = 0; i < g->count; at += (size_t)g->s[i].steps, i++)
        g->s[i].at = at;
    for (size_t n = 0; n < g->rows && e == RECUR_OK; n++)
        memcpy(x + F * g->s[g->of[n]].at++, g->x.x + F * n, F * sizeof *x);
    for (int i = 0; i < g->count && e == RECUR_OK; i++) {
        const series *s = &g->s[i];
        rc_record rec = { .label = s->label.s, .label_n = s->label.n, .line = s->line, .steps = s->steps,
                          .features = t->F };
        rec.x = x + F * (s->at - (size_t)s->steps);
        e = s->bad ? RECUR_OK : rc_source_emit(t->f, &rec);
    }
    rc_free(t->f->r, x);
    return e;
}

static int emit_line(const table *t, rc_values *v, int64_t line)
{
    bool bad;
    rc_record rec = { .line = line, .steps = t->F, .features = 1 };
    v->n = 0;
    int e = numbers(t, line, v, &bad);
    if (t->label >= 0)
        rec.label = t->row.at[t->label].s, rec.label_n = t->row.at[t->label].n;
    rec.x = v->x;
    return e != RECUR_OK || bad ? e : rc_source_emit(t->f, &rec);
}

static int read_lines(table *t, gather *g)
{
    rc_source *f = t->f;
    rc_lines l = { f->s, f->s + f->n, 0 };
    rc_span_text s;
    int e = RECUR_OK;
    rc_filled_line(&l, &s);                                   /* the head */
    if (f->o != NULL && f->o->label_column != NULL && t->label < 0)
        e = rc_source_bad(f, l.line, "label", "no column '%s' for the label: the head has others",
                          f->o->label_column);
    while (e == RECUR_OK && rc_filled_line(&l, &s)) {
        if ((e = rc_line_split(f->r, s.s, s.n, t->sep, &t->row)) != RECUR_OK)
            break;
        if (t->row.n != t->head.n)
            e = rc_source_bad(f, l.line, "columns", "%d columns where %d are expected", t->row.n, t->head.n);
        else
            e = t->id >= 0 ? add_step(t, g, l.line) : emit_line(t, &g->x, l.line);
    }
    return e == RECUR_OK && t->id >= 0 ? emit_series(t, g) : e;
}

int rc_series_read(rc_source *f)
{
    table t;
    gather g = { .x = { .r = f->r } };
    int e = open_table(&t, f);
    if (e == 0)
        /* lacked when the form was looked for */
        e = rc_fail(f->r, RECUR_ENOMEM, "no memory to read %s", f->path);
    if (e > 0 && (e = rc_map_new(f->r, &g.ids)) == RECUR_OK)
        e = read_lines(&t, &g);
    rc_map_free(g.ids);
    rc_free(f->r, g.x.x);
    rc_free(f->r, g.of);
    rc_free(f->r, g.s);
    close_table(&t);
    return e;
}
