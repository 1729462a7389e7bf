/* SPDX-License-Identifier: MIT
 * read_table.c - tables: label<TAB>text, TAB-parted columns, and CSV (RFC 4180) with ',' or ';', quoted fields and
 * line ends inside quotes.
 *
 * Which column is which: as --text-column and --label-column say (a name of the head, or a number from 1); by the
 * usual names in the head; else by shape: the text is the longest column on average, the label the one with the
 * fewest different values.  TAB-parted files without such a head are label first, text last. */
#include <stdio.h>
#include <stdlib.h>
#include "data/read.h"

enum { COLUMNS = 256, SAMPLE = 200 };
typedef struct { rc_span_text f[COLUMNS]; int n; bool open; } fields;     /* open: a quote without its end */
typedef struct { int text, label, columns; bool head, rest; } shape;
    /* rest: the text goes on to the line's end */

/* --- TAB --- */

static void tab_fields(const char *s, size_t n, fields *out)
{
    const char *end = s + n, *tab;
    out->n = 0;
    out->open = false;
    for (; (tab = memchr(s, '\t', (size_t)(end - s))) != NULL && out->n < COLUMNS - 1; s = tab + 1)
        out->f[out->n++] = (rc_span_text){ s, (size_t)(tab - s) };
    out->f[out->n++] = (rc_span_text){ s, (size_t)(end - s) };
}

bool rc_tabs_is(const rc_source *f)
{
    rc_lines l = { f->s, f->s + f->n, 0 };
    const char *s;
    size_t n;
    for (int seen = 0; seen < 20 && rc_lines_next(&l, &s, &n);) {
        if (rc_trim(s, n).n == 0)
            continue;
        if (memchr(s, '\t', n) != NULL)
            return true;
        seen++;
    }
    return false;
}

/* --- CSV --- */

/* One record from *s on; fields point into `text` where quotes were undone.  *lines: line ends passed. */
static int csv_fields(const char **s, const char *end, char sep, rc_buf *text, fields *out, int64_t *lines)
{
    const char *p = *s;
    size_t at[COLUMNS + 1];
    text->n = 0;
    out->n = 0;
    out->open = false;
    *lines = 0;
    bool more = true;
    while (more && out->n < COLUMNS) {
        at[out->n++] = text->n;
        if (p < end && *p == '"') {
            const char *q = p + 1, *from = q;
            for (;; q++) {
                while (q < end && *q != '"')
                    *lines += *q++ == '\n';
                if (q == end) {
                    out->open = true;
                    return RECUR_OK;
                }
                bool twice = q + 1 < end && q[1] == '"';
                if (rc_buf_add(text, from, (size_t)(q - from) + (twice ? 1 : 0)) != RECUR_OK)
                    return text->error;
                if (!twice)
                    break;
                from = ++q + 1;
            }
            p = q + 1;
        }
        const char *q = p;
        while (q < end && *q != sep && *q != '\n')
            q++;
        size_t n = (size_t)(q - p);
        if (n > 0 && (q == end || *q == '\n') && p[n - 1] == '\r')
            n--;
        if (rc_buf_add(text, p, n) != RECUR_OK)
            return text->error;
        more = q < end && *q == sep;
        *lines += q < end && *q == '\n';
        p = q < end ? q + 1 : end;
    }
    at[out->n] = text->n;
    for (int i = 0; i < out->n; i++)
        out->f[i] = (rc_span_text){ text->s != NULL ? text->s + at[i] : "", at[i + 1] - at[i] };
    *s = p;
    return RECUR_OK;
}

static char separator(const rc_source *f)
{
    const char *end = memchr(f->s, '\n', f->n);
    size_t n = end != NULL ? (size_t)(end - f->s) : f->n, comma = 0, semicolon = 0;
    for (size_t i = 0; i < n; i++) {
        comma += f->s[i] == ',';
        semicolon += f->s[i] == ';';
    }
    return semicolon > comma ? ';' : ',';
}

/* --- which column is which --- */

/* The column that `given` names in the head or by its number; -1: none such. */
static int column_of(const char *given, const fields *head)
{
    char *after;
    for (int i = 0; i < head->n; i++) {
        rc_span_text t = rc_trim(head->f[i].s, head->f[i].n);
        if (t.n == strlen(given) && memcmp(t.s, given, t.n) == 0)
            return i;
    }
    long k = strtol(given, &after, 10);
    return *after == 0 && k >= 1 && k <= head->n ? (int)k - 1 : -1;
}

static int by_name(const fields *head, const char *names)
{
    for (int i = 0; i < head->n; i++)
        if (rc_is_name(head->f[i].s, head->f[i].n, names))
            return i;
    return -1;
}

static bool head_says(const char *given, const fields *head, int column)
{
    rc_span_text t = rc_trim(head->f[column].s, head->f[column].n);
    return given != NULL && t.n == strlen(given) && memcmp(t.s, given, t.n) == 0;
}

/* From names and options; the fields that stay -1 are for the shape to find. */
static int named(rc_source *f, const fields *head, shape *s)
{
    const char *text = f->o != NULL ? f->o->text_column : NULL, *label = f->o != NULL ? f->o->label_column : NULL;
    int by_text = by_name(head, RC_TEXT_NAMES), by_label = by_name(head, RC_LABEL_NAMES);
    *s = (shape){ .text = -1, .label = -1, .columns = head->n };
    if (text != NULL && (s->text = column_of(text, head)) < 0)
        return rc_fail(f->r, RECUR_EDATA, "%s:1: no column '%s': give a name of the head or a number from 1 to %d",
                       f->path, text, head->n);
    if (label != NULL && (s->label = column_of(label, head)) < 0)
        return rc_fail(f->r, RECUR_EDATA, "%s:1: no column '%s': give a name of the head or a number from 1 to %d",
                       f->path, label, head->n);
    s->head = (s->text >= 0 && head_says(text, head, s->text)) || (s->label >= 0 && head_says(label, head, s->label));
    if (by_text >= 0 && by_label >= 0 && by_text != by_label)
        s->head = true;
    if (s->head && s->text < 0)
        s->text = by_text;
    if (s->head && s->label < 0)
        s->label = by_label;
    if (s->text >= 0 && s->text == s->label)
        return rc_fail(f->r, RECUR_EDATA, "%s:1: column %d cannot be both text and label", f->path, s->text + 1);
    return RECUR_OK;
}

/* What the first records look like. */
typedef struct { int records; double length[COLUMNS]; rc_map *seen[COLUMNS]; int64_t first[COLUMNS]; } look;

static int look_at(rc_source *f, char sep, int columns, look *k)
{
    rc_buf text;
    fields x;
    const char *s = f->s, *end = f->s + f->n;
    int64_t lines, value;
    int e = RECUR_OK;
    rc_buf_init(&text, f->r, 0);
    while (e == RECUR_OK && s < end && k->records < SAMPLE) {
        if ((e = csv_fields(&s, end, sep, &text, &x, &lines)) != RECUR_OK || x.open)
            break;
        if (x.n != columns)
            continue;
        for (int i = 0; i < columns && e == RECUR_OK; i++) {
            k->length[i] += k->records > 0 ? (double)x.f[i].n : 0;
            if (k->seen[i] == NULL)
                e = rc_map_new(f->r, &k->seen[i]);
            if (e == RECUR_OK)
                e = rc_map_add(k->seen[i], x.f[i].s, x.f[i].n, 1, &value);
        }
        k->records++;
    }
    for (int i = 0; i < columns && e == RECUR_OK; i++) {       /* how often the first record's value occurs */
        const char *key;
        size_t n;
        if (k->seen[i] == NULL || !rc_map_at(k->seen[i], 0, &key, &n, &k->first[i]))
            k->first[i] = 0;
    }
    rc_buf_free(&text);
    return e;
}

static int by_shape(rc_source *f, char sep, shape *s)
{
    look *k = rc_new(f->r, 1, sizeof *k);
    if (k == NULL)
        return RECUR_ENOMEM;
    int e = look_at(f, sep, s->columns, k);
    for (int i = 0; i < s->columns && e == RECUR_OK && s->text < 0; i++)
        for (int j = 0; j < s->columns; j++)
            if (j != s->label && (s->text < 0 || k->length[j] > k->length[s->text]))
                s->text = j;
    for (int j = 0; j < s->columns && e == RECUR_OK && k->records > 0; j++) {
        bool better = s->label < 0 || rc_map_count(k->seen[j]) < rc_map_count(k->seen[s->label]);
        if (j != s->text && f->o != NULL && f->o->label_column != NULL)
            continue;
        if (j != s->text && better)
            s->label = j;
    }
    /* A head's word for the label does not come again, while labels do. */
    if (e == RECUR_OK && !s->head && s->label >= 0 && k->records > 2 && k->seen[s->label] != NULL)
        s->head = k->first[s->label] == 1 && 2 * rc_map_count(k->seen[s->label]) < (size_t)k->records + 2;
    for (int i = 0; i < COLUMNS; i++)
        rc_map_free(k->seen[i]);
    rc_free(f->r, k);
    return e;
}

/* --- reading --- */

static int take(rc_source *f, const fields *x, const shape *s, int64_t line, const char *line_end)
{
    rc_record rec = { .line = line };
    if (x->n <= s->label || x->n <= s->text || (!s->rest && x->n != s->columns)) {
        if (x->n == 1 && s->columns == 2)
            return rc_source_bad(f, line, "label", "label or text is missing: one column where two are expected");
        return rc_source_bad(f, line, "columns", "%d columns where %d are expected", x->n, s->columns);
    }
    rec.label = x->f[s->label].s, rec.label_n = x->f[s->label].n;
    rec.text = x->f[s->text].s, rec.text_n = s->rest ? (size_t)(line_end - rec.text) : x->f[s->text].n;
    return rc_source_emit(f, &rec);
}

/* TAB-parted: two columns, the text with whatever TABs it has, unless the first lines all have the same more. */
static void tab_shape(const rc_source *f, shape *s)
{
    rc_lines l = { f->s, f->s + f->n, 0 };
    const char *p;
    size_t n;
    fields x;
    bool same = true;
    int seen = 0;
    for (; seen < SAMPLE && rc_lines_next(&l, &p, &n); seen++) {
        tab_fields(p, n, &x);
        same = same && (x.n == s->columns || rc_trim(p, n).n == 0);
    }
    if (s->label < 0)
        s->label = s->text == 0 ? 1 : 0;
    if (s->text < 0 && same && s->columns > 2)
        s->text = s->label == s->columns - 1 ? s->columns - 2 : s->columns - 1;
    else if (s->text < 0)
        s->text = s->label == 0 ? 1 : 0, s->rest = s->label == 0;
    if (s->rest)
        s->columns = 2;
}

int rc_tabs_read(rc_source *f)
{
    rc_lines l = { f->s, f->s + f->n, 0 };
    const char *p;
    size_t n;
    fields x;
    shape s = { .text = -1, .label = -1 };
    int e = RECUR_OK;
    while (e == RECUR_OK && rc_lines_next(&l, &p, &n)) {
        if (rc_trim(p, n).n == 0)
            continue;
        tab_fields(p, n, &x);
        if (s.text < 0 && x.n == 1) {                         /* a broken line before the first whole one */
            e = rc_source_bad(f, l.line, "label", "no TAB: a line is label<TAB>text");
            continue;
        }
        if (s.text < 0) {
            if ((e = named(f, &x, &s)) != RECUR_OK)
                break;
            if (s.text < 0 || s.label < 0)
                tab_shape(f, &s);
            if (s.head)
                continue;
        }
        e = take(f, &x, &s, l.line, p + n);
    }
    return e;
}

/* The first records have equally many columns, at least two, and the head or the options say that it is a table, or
 * the shape does: one column is much shorter and has few different values. */
bool rc_csv_is(const rc_source *f)
{
    const char *s = f->s, *end = f->s + f->n;
    rc_buf text;
    fields x;
    int64_t lines;
    int columns = 0, seen = 0, other = 0;
    bool name = false;
    char sep = separator(f);
    rc_buf_init(&text, f->r, 0);
    for (; s < end && seen + other < 50; ) {
        if (csv_fields(&s, end, sep, &text, &x, &lines) != RECUR_OK)
            break;
        if (x.open) {
            const char *nl = memchr(s, '\n', (size_t)(end - s));
            other++;
            s = nl != NULL ? nl + 1 : end;
            continue;
        }
        if (seen == 0 && x.n > 1) {
            columns = x.n;
            name = by_name(&x, RC_TEXT_NAMES) >= 0 && by_name(&x, RC_LABEL_NAMES) >= 0;
        }
        seen += x.n == columns && columns > 1;
        other += x.n != columns;
    }
    rc_buf_free(&text);
    bool given = f->o != NULL && (f->o->text_column != NULL || f->o->label_column != NULL);
    return columns > 1 && (name || given || seen > 9 * other);
}

int rc_csv_read(rc_source *f)
{
    const char *p = f->s, *end = f->s + f->n;
    rc_buf text;
    fields x;
    shape s = { .text = -1, .label = -1 };
    int64_t line = 1, lines = 0;
    int e = RECUR_OK;
    char sep = separator(f);
    rc_buf_init(&text, f->r, (size_t)1 << 32);
    for (; e == RECUR_OK && p < end; line += lines) {
        const char *from = p;
        if ((e = csv_fields(&p, end, sep, &text, &x, &lines)) != RECUR_OK)
            break;
        if (x.open) {                                         /* give the line up and go on with the next */
            const char *nl = memchr(from, '\n', (size_t)(end - from));
            e = rc_source_bad(f, line, "quote", "a quote is opened and never closed");
            p = nl != NULL ? nl + 1 : end;
            lines = 1;
            continue;
        }
        if (x.n == 1 && rc_trim(x.f[0].s, x.f[0].n).n == 0)
            continue;
        if (s.text < 0) {
            if ((e = named(f, &x, &s)) != RECUR_OK
                || ((s.text < 0 || s.label < 0) && (e = by_shape(f, sep, &s)) != RECUR_OK))
                break;
            if (s.text < 0 || s.label < 0) {                      /* a broken line before the first whole one */
                e = rc_source_bad(f, line, "label", "label or text is missing: %d column%s", x.n, x.n > 1 ? "s" : "");
                s.text = s.label = -1;
                continue;
            }
            if (s.head)
                continue;
        }
        e = take(f, &x, &s, line, NULL);
    }
    rc_buf_free(&text);
    return e;
}
