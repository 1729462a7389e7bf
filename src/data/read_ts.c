/* SPDX-License-Identifier: MIT
 * read_ts.c - measured sequences in the .ts form of the UEA & UCR archive (sktime): lines with # and @ are the head;
 * then one example a line, dimensions parted by ':', values by ',', missing values '?', the label last. */
#include "data/read.h"

bool rc_ts_is(const rc_source *f)
{
    rc_lines l = { f->s, f->s + f->n, 0 };
    const char *s;
    size_t n;
    while (rc_lines_next(&l, &s, &n)) {
        rc_span_text t = rc_trim(s, n);
        if (t.n == 0 || t.s[0] == '#')
            continue;
        size_t k = 0;
        while (k < t.n && t.s[k] != ' ' && t.s[k] != '\t')
            k++;
        return t.s[0] == '@' && rc_is_name(t.s, k, "@problemname @timestamps @missing @univariate @dimensions "
                                           "@dimension @equallength @serieslength @classlabel @data @targetlabel");
    }
    return false;
}

/* The values of one dimension, s up to the ':', appended to v; 1: not a number. */
static int dimension(rc_values *v, const char *s, const char *end)
{
    while (s < end) {
        const char *stop = memchr(s, ',', (size_t)(end - s));
        float x;
        stop = stop != NULL ? stop : end;
        if (!rc_number(s, (size_t)(stop - s), &x))
            return 1;
        int e = rc_values_add(v, x);
        if (e != RECUR_OK)
            return e;
        s = stop < end ? stop + 1 : end;
    }
    return RECUR_OK;
}

/* v holds dimension after dimension, [dims][steps]; turned into rows [steps][dims] in `rows`. */
static int emit(rc_source *f, const rc_values *v, rc_values *rows, int dims, size_t steps, rc_record *rec)
{
    if (rows->cap < v->n) {
        float *wide = rc_grow(f->r, rows->x, rows->cap, v->cap, sizeof *wide);
        if (wide == NULL)
            return RECUR_ENOMEM;
        rows->x = wide;
        rows->cap = v->cap;
    }
    for (size_t t = 0; t < steps; t++)
        for (size_t k = 0; k < (size_t)dims; k++)
            rows->x[t * (size_t)dims + k] = v->x[k * steps + t];
    rec->x = rows->x;
    rec->steps = (int)steps;
    rec->features = dims;
    return rc_source_emit(f, rec);
}

static int line(rc_source *f, const char *s, size_t n, int64_t at, rc_values *v, rc_values *rows, int *features)
{
    const char *end = s + n, *colon;
    size_t steps = 0;
    int dims = 0;
    v->n = 0;
    for (; (colon = memchr(s, ':', (size_t)(end - s))) != NULL; s = colon + 1, dims++) {
        size_t before = v->n;
        int e = dimension(v, s, colon);
        if (e < 0)
            return e;
        if (e > 0)
            return rc_source_bad(f, at, "number", "dimension %d has something that is no finite number", dims + 1);
        if (dims == 0)
            steps = v->n;
        else if (v->n - before != steps)
            return rc_source_bad(f, at, "shape", "dimension %d has %zu values, the first has %zu", dims + 1,
                                 v->n - before, steps);
    }
    if (dims == 0 || steps == 0)
        return rc_source_bad(f, at, "empty", "no values: a line is values,...:label");
    if (*features == 0)
        *features = dims;
    if (dims != *features)
        return rc_source_bad(f, at, "shape", "%d dimensions, the lines before have %d", dims, *features);
    rc_record rec = { .label = s, .label_n = (size_t)(end - s), .line = at };
    return emit(f, v, rows, dims, steps, &rec);
}

int rc_ts_read(rc_source *f)
{
    rc_values v = { .r = f->r }, rows = { .r = f->r };
    rc_lines l = { f->s, f->s + f->n, 0 };
    const char *s;
    size_t n;
    int e = RECUR_OK, features = 0;
    while (e == RECUR_OK && rc_lines_next(&l, &s, &n)) {
        rc_span_text t = rc_trim(s, n);
        if (t.n == 0 || t.s[0] == '#')
            continue;
        if (t.s[0] == '@') {
            size_t k = 0;
            while (k < t.n && t.s[k] != ' ')
                k++;
            if ((rc_is_name(t.s, k, "@timestamps") && rc_is_name(t.s + k, t.n - k, "true"))
                || (rc_is_name(t.s, k, "@classlabel") && rc_is_name(t.s + k, t.n - k, "false")))
                e = rc_fail(f->r, RECUR_EDATA,
                            "%s:%lld: '%.*s' is not supported: values without times, with class labels, are", f->path,
                            (long long)l.line, (int)(t.n < 80 ? t.n : 80), t.s);
            continue;
        }
        e = line(f, t.s, t.n, l.line, &v, &rows, &features);
    }
    rc_free(f->r, v.x);
    rc_free(f->r, rows.x);
    return e;
}
