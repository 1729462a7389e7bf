/* SPDX-License-Identifier: MIT
 * read_series.c - CSV files of measurements, with a head line.
 *
 * With an id column a line is a step: all lines with the same id, in their order, are one sequence with as many features
 * as there are columns of numbers.  Without one a line is a whole sequence of one feature, as the UCR archive has it.
 * series.c says which column is which. */
#include <math.h>
#include "data/series.h"

typedef struct { rc_span_text label; int64_t line; int32_t steps; size_t at; bool bad; } series;
typedef struct {
    rc_values x;                         /* [rows][F] */
    int32_t *of; size_t rows, cap;       /* the series of each row */
    series *s; int count, room;
    rc_map *ids;
} gather;

/* The numbers of the line in t->row, appended to v. */
static int numbers(const rc_series_table *t, int64_t line, rc_values *v, bool *bad)
{
    int e = RECUR_OK;
    *bad = false;
    for (int k = 0; k < t->F && e == RECUR_OK; k++) {
        rc_span_text c = t->row.at[t->number[k]], name = t->head.at[t->number[k]];
        float x = NAN;
        if (c.n > 0 && !rc_number(c.s, c.n, &x) && !*bad) {
            *bad = true;
            e = rc_source_bad(t->f, line, "number", "column '%.*s': '%.*s' is no finite number", RC_SHOWN(name),
                              RC_SHOWN(c));
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
static int series_of(const rc_series_table *t, gather *g, int64_t line, int32_t *out)
{
    recur *r = t->f->r;
    rc_span_text id = t->row.at[t->id], label = { NULL, 0 };
    int64_t k = rc_map_get(g->ids, id.s, id.n);
    if (t->label >= 0)
        label = t->row.at[t->label];
    if (k >= 0) {
        series *s = &g->s[*out = (int32_t)k];
        if (t->label < 0 || s->bad || rc_same(s->label, label))
            return RECUR_OK;
        s->bad = true;
        return rc_source_bad(t->f, line, "label", "'%.*s' is labelled '%.*s' here and '%.*s' in line %lld", RC_SHOWN(id),
                             RC_SHOWN(label), RC_SHOWN(s->label), (long long)s->line);
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

static int add_step(const rc_series_table *t, gather *g, int64_t line)
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
static int emit_series(const rc_series_table *t, gather *g)
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

static int emit_line(const rc_series_table *t, rc_values *v, int64_t line)
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

static int read_lines(rc_series_table *t, gather *g)
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
    rc_series_table t;
    gather g = { .x = { .r = f->r } };
    int e = rc_series_open(&t, f);
    if (e == 0)
        /* lacked when the form was looked for */
        e = rc_fail(f->r, RECUR_ENOMEM, "no memory to read %s", f->path);
    if (e > 0 && (e = rc_map_new(f->r, &g.ids)) == RECUR_OK)
        e = read_lines(&t, &g);
    rc_map_free(g.ids);
    rc_free(f->r, g.x.x);
    rc_free(f->r, g.of);
    rc_free(f->r, g.s);
    rc_series_close(&t);
    return e;
}
