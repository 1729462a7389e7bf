/* SPDX-License-Identifier: MIT
 * vectors.c - word vectors as text: "word v1 ... vD" a line (GloVe), after a line "count D" (word2vec, fastText, whose
 * lines end in a blank).  GloVe's words may contain blanks, so a line is split from the right. */
#include <math.h>
#include <stdlib.h>

#include "format/format.h"

enum { DIM_MOST = 1 << 16 };

typedef struct {
    recur *r;
    const char *path;
    const rc_map *want;
    rc_lines lines;
    int dim;
    float *out;                  /* [count][dim] */
    int64_t found;
} reader;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int bad(const reader *x, const char *why)
{
    return rc_fail(x->r, RECUR_EDATA, "%s:%lld: %s", x->path, (long long)x->lines.line, rc_speak(x->r, why));
}

static size_t fields(const char *s, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += !is_blank(s[i]) && (i == 0 || is_blank(s[i - 1]));
    return k;
}

/* The line's word is what stands before its last D fields; *numbers is where they begin. */
static bool split(const char *s, size_t n, int D, size_t *word, const char **numbers)
{
    size_t i = n;
    for (int k = 0; k < D; k++) {
        while (i && is_blank(s[i - 1]))
            i--;
        size_t end = i;
        while (i && !is_blank(s[i - 1]))
            i--;
        if (i == end)
            return false;
    }
    *numbers = s + i;
    while (i && is_blank(s[i - 1]))
        i--;
    *word = i;
    return i > 0;
}

static int numbers(const reader *x, const char *s, float *to)
{
    for (int k = 0; k < x->dim; k++) {
        while (is_blank(*s))
            s++;
        char *end;
        float v = strtof(s, &end);
        if (end == s || (!is_blank(*end) && *end != '\n' && *end != '\r' && *end != 0))
            return bad(x, "not a number");
        if (!isfinite(v))
            return bad(x, "number out of range");
        to[k] = v;
        s = end;
    }
    return RECUR_OK;
}

static int read_line(reader *x, const char *s, size_t n)
{
    size_t word;
    const char *from;
    if (!split(s, n, x->dim, &word, &from))
        return rc_fail(x->r, RECUR_EDATA, "%s:%lld: a word and %d numbers are wanted, %zu fields found", x->path,
                       (long long)x->lines.line, x->dim, fields(s, n));
    int64_t row = rc_map_get(x->want, s, word);
    if (row < 0 || (uint64_t)row >= rc_map_count(x->want))
        return RECUR_OK;
    float *to = x->out + row * x->dim;
    if (!isnan(to[0]))                        /* the first line of a word counts */
        return RECUR_OK;
    int e = numbers(x, from, to);
    if (e)
        return e;
    x->found++;
    return RECUR_OK;
}

/* "count D": two whole numbers alone on the first line.  Without such a line the fields of the first line tell D. */
static int read_head(reader *x, const char *s, size_t n, bool *head)
{
    size_t k = fields(s, n);
    char *end, *stop;
    long count = strtol(s, &end, 10);
    long dim = strtol(end, &stop, 10);
    *head = k == 2 && count >= 0 && end != s && is_blank(*end) && stop != end && stop <= s + n &&
            fields(stop, (size_t)(s + n - stop)) == 0;
    if (!*head)
        dim = (long)k - 1;
    if (dim < 1 || dim > DIM_MOST)
        return bad(x, "no word vectors: a word and its numbers are wanted, or a line with count and dimension");
    x->dim = (int)dim;
    size_t V = rc_map_count(x->want), cells;
    x->out = rc_mul(V, (size_t)dim, &cells) ? rc_new(x->r, cells, sizeof *x->out) : NULL;
    if (!x->out)
        return rc_fail(x->r, RECUR_ENOMEM, "out of memory: %zu word vectors of %ld numbers", V, dim);
    for (size_t i = 0; i < cells; i++)
        x->out[i] = NAN;
    return RECUR_OK;
}

int rc_vectors_read(recur *r, const char *path, const rc_map *want, int *dim, float **out, int64_t *found)
{
    rc_buf b;
    rc_buf_init(&b, r, SIZE_MAX / 4);
    *out = NULL;
    reader x = { .r = r, .path = path, .want = want };
    int e = rc_file_read(r, path, &b);
    if (e)
        goto done;
    x.lines = (rc_lines){ b.s, b.s + b.n, 0 };
    const char *s;
    size_t n;
    while (!e && rc_lines_next(&x.lines, &s, &n)) {
        bool head = false;
        if (fields(s, n) == 0)
            continue;
        if (!x.out)
            e = read_head(&x, s, n, &head);
        if (!e && !head)
            e = read_line(&x, s, n);
    }
    if (!e && !x.out)
        e = rc_fail(r, RECUR_EDATA, "%s: no word vectors, the file is empty", path);
done:
    rc_buf_free(&b);
    if (e) {
        rc_free(r, x.out);
        return e;
    }
    *dim = x.dim;
    *out = x.out;
    if (found)
        *found = x.found;
    return RECUR_OK;
}
