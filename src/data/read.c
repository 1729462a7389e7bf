/* SPDX-License-Identifier: MIT
 * read.c - records of a file, whatever its form: the form is found from the content, never from the name.
 *
 * A bad line is named file:line and costs that line, never the run, unless --strict. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "data/read.h"

int rc_problem(json_t *problems, const char *path, int64_t line, const char *kind, const char *what)
{
    if (problems == NULL || json_array_size(problems) >= RC_PROBLEMS)
        return RECUR_OK;
    json_t *p = json_object();
    char clean[256];
    size_t bad;
    const char *file = rc_utf8_valid(path, strlen(path), &bad) ? path : "?";
    snprintf(clean, sizeof clean, "%s", what);
    for (char *c = clean; !rc_utf8_valid(clean, strlen(clean), &bad) && *c != 0; c++)
        *c = (unsigned char)*c < 128 ? *c : '?';
    if (p == NULL || json_object_set_new(p, "file", json_string(file)) != 0
        || json_object_set_new(p, "line", json_integer(line)) != 0
        || json_object_set_new(p, "kind", json_string(kind)) != 0
        || json_object_set_new(p, "what", json_string(clean)) != 0) {
        json_decref(p);
        return RECUR_ENOMEM;
    }
    return json_array_append_new(problems, p) == 0 ? RECUR_OK : RECUR_ENOMEM;
}

int rc_source_bad(rc_source *f, int64_t line, const char *kind, const char *form, ...)
{
    char what[512];
    va_list a;
    va_start(a, form);
    vsnprintf(what, sizeof what, rc_speak(f->r, form), a);
    va_end(a);
    if (f->problems == NULL || (f->o != NULL && f->o->strict > 0))
        return rc_fail(f->r, RECUR_EDATA, "%s:%lld: %s", f->path, (long long)line, what);
    int e = rc_problem(f->problems, f->path, line, kind, what);
    return e == RECUR_OK ? e : rc_fail(f->r, e, "no memory for the list of bad lines");
}

rc_span_text rc_trim(const char *s, size_t n)
{
    while (n > 0 && isspace((unsigned char)s[0]))
        s++, n--;
    while (n > 0 && isspace((unsigned char)s[n - 1]))
        n--;
    return (rc_span_text){ s, n };
}

bool rc_is_name(const char *s, size_t n, const char *names)
{
    rc_span_text t = rc_trim(s, n);
    for (const char *w = names; *w != 0 && t.n > 0; w += *w == ' ') {
        size_t k = 0;
        while (w[k] != 0 && w[k] != ' ')
            k++;
        size_t i = 0;
        while (i < t.n && i < k && tolower((unsigned char)t.s[i]) == (unsigned char)w[i])
            i++;
        if (i == k && i == t.n)
            return true;
        w += k;
    }
    return false;
}

bool rc_number(const char *s, size_t n, float *out)
{
    char number[64], *after = number;
    rc_span_text t = rc_trim(s, n);
    *out = NAN;
    if (t.n == 0 || t.n >= sizeof number)
        return false;
    if (rc_is_name(t.s, t.n, "? nan na"))
        return true;
    memcpy(number, t.s, t.n);
    number[t.n] = 0;
    double x = strtod(number, &after);
    *out = (float)x;
    return after == number + t.n && fabs(x) <= RC_LARGEST;
}

bool rc_number_in(char sep, rc_span_text t, float *out)
{
    char point[64];
    const char *comma = sep == ';' && t.n > 0 ? memchr(t.s, ',', t.n) : NULL;
    if (comma == NULL || t.n > sizeof point)
        return rc_number(t.s, t.n, out);
    memcpy(point, t.s, t.n);
    point[comma - t.s] = '.';
    return rc_number(point, t.n, out);
}

int rc_values_add(rc_values *v, float x)
{
    if (v->n == v->cap) {
        size_t want = v->cap > 0 ? v->cap * 2 : 1024;
        float *wide = rc_grow(v->r, v->x, v->cap, want, sizeof *wide);
        if (wide == NULL)
            return RECUR_ENOMEM;
        v->x = wide;
        v->cap = want;
    }
    v->x[v->n++] = x;
    return RECUR_OK;
}

/* Whether anything stands in the text but blanks of any script. */
static bool empty(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        int32_t cp;
        int k = rc_utf8_next(s + i, n - i, &cp);
        if (k <= 0 || rc_utf8_class(cp) != RC_SPACE)
            return false;
        i += (size_t)k;
    }
    return true;
}

int rc_source_emit(rc_source *f, const rc_record *rec)
{
    rc_record good = *rec;
    size_t bad = 0;
    rc_span_text label = rc_trim(rec->label != NULL ? rec->label : "", rec->label != NULL ? rec->label_n : 0);
    if (rec->x != NULL && rec->label == NULL)
        return f->take(f->ud, rec);
    if (label.n == 0 && rec->x != NULL)
        return rc_source_bad(f, rec->line, "label", "no label");
    if (label.n == 0)
        return rc_source_bad(f, rec->line, "label",
                             "no label: a line is label<TAB>text, or say --label-column and --text-column");
    if (!rc_utf8_valid(label.s, label.n, &bad) || memchr(label.s, 0, label.n) != NULL)
        return rc_source_bad(f, rec->line, "encoding", "the label is not UTF-8 text: say --encoding");
    if (label.n > 256)
        return rc_source_bad(f, rec->line, "label", "a label of %zu bytes: are label and text exchanged?", label.n);
    good.label = label.s;
    good.label_n = label.n;
    if (rec->text != NULL) {
        if (memchr(rec->text, 0, rec->text_n) != NULL)
            return rc_source_bad(f, rec->line, "encoding", "a 0 byte in the text: is this a text file?");
        if (!rc_utf8_valid(rec->text, rec->text_n, &bad))
            return rc_source_bad(f, rec->line, "encoding",
                                 "byte %zu of the text is not UTF-8: say --encoding, for instance gb18030", bad + 1);
        if (empty(rec->text, rec->text_n))
            return rc_source_bad(f, rec->line, "empty", "the text is empty");
    }
    return f->take(f->ud, &good);
}

/* Lines without structure: fastText's "__label__x text", or no labels at all. */
static bool plain_is(const rc_source *f) { (void)f; return true; }

static int plain_read(rc_source *f)
{
    static const char mark[] = "__label__";
    rc_lines l = { f->s, f->s + f->n, 0 };
    const char *s;
    size_t n, m = sizeof mark - 1;
    int e = RECUR_OK;
    while (e == RECUR_OK && rc_lines_next(&l, &s, &n)) {
        rc_record rec = { .text = s, .text_n = n, .line = l.line };
        if (rc_trim(s, n).n == 0)
            continue;
        if (n > m && memcmp(s, mark, m) == 0) {
            size_t k = m;
            while (k < n && s[k] != ' ' && s[k] != '\t')
                k++;
            rec.label = s + m, rec.label_n = k - m;
            rec.text = s + k, rec.text_n = n - k;
        }
        e = rc_source_emit(f, &rec);
    }
    return e;
}

static const struct { bool (*is)(const rc_source *f); int (*read)(rc_source *f); } forms[] = {
    { rc_ts_is, rc_ts_read }, { rc_json_is, rc_json_read }, { rc_series_is, rc_series_read },
    { rc_tabs_is, rc_tabs_read }, { rc_csv_is, rc_csv_read }, { plain_is, plain_read },
};

/* From text, which the bytes of the file have become. */
static int read_text(rc_source *f)
{
    size_t k = 0;
    if (f->n == 0)
        return rc_source_bad(f, 1, "empty", "the file is empty");
    while (!forms[k].is(f))
        k++;
    if (f->o != NULL && f->o->columns != NULL && forms[k].read != rc_series_read)
        return rc_fail(f->r, RECUR_EDATA, "%s: --columns is for CSV files with a head line, which this is not",
                       f->path);
    return forms[k].read(f);
}

int rc_read_records(recur *r, const char *path, const recur_train_options *o, rc_take_record *take, void *ud,
                    json_t *problems)
{
    rc_buf raw, text;
    rc_buf_init(&raw, r, (size_t)1 << 34);
    rc_buf_init(&text, r, (size_t)1 << 34);
    rc_source f = { r, path, "", 0, o, take, ud, problems };
    int e = rc_file_read(r, path, &raw);
    if (e == RECUR_OK && rc_npy_is(raw.s, raw.n)) {
        f.s = raw.s, f.n = raw.n;
        e = rc_npy_read(&f);
    } else if (e == RECUR_OK) {
        char why[sizeof r->message];
        e = rc_utf8_from(r, o != NULL && o->encoding != NULL ? o->encoding : "utf-8", raw.s, raw.n, &text);
        memcpy(why, r->message, sizeof why);
        if (e != RECUR_OK && e != RECUR_ENOMEM)
            rc_fail(r, e, "%s: %.900s", path, why);
        f.s = text.n > 0 ? text.s : "", f.n = text.n;
        e = e == RECUR_OK ? read_text(&f) : e;
    }
    rc_buf_free(&raw);
    rc_buf_free(&text);
    return e;
}
