/* SPDX-License-Identifier: MIT
 * read_npy.c - measured sequences as NumPy stores arrays (format 1.0 to 3.0: numpy.lib.format): X.npy holds
 * [count][steps][features] or [count][steps], float32 or float64, little-endian, in C order; X.labels.txt beside it
 * one label a line.  Without that file the sequences have no labels, which is enough for being classified. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "data/read.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC = 6, MOST = 1 << 30 };      /* MOST: of one dimension */

bool rc_npy_is(const char *s, size_t n) { return n >= MAGIC && memcmp(s, magic, MAGIC) == 0; }

typedef struct { const char *data; size_t n; int wide; size_t dim[3]; } array;  /* wide: bytes of a number */

/* What stands after 'key': in the header's dictionary; NULL: nothing. */
static const char *value(const char *head, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s'", key);
    const char *p = strstr(head, quoted);
    if (p == NULL)
        return NULL;
    p += strlen(quoted);
    p += strspn(p, " ");
    if (*p != ':')
        return NULL;
    return p + 1 + strspn(p + 1, " ");
}

/* "(3, 4)" into dim; the number of dimensions, or -1. */
static int shape(const char *p, size_t dim[3])
{
    int n = 0;
    if (p == NULL || *p++ != '(')
        return -1;
    for (;;) {
        char *after;
        p += strspn(p, " ");
        if (*p == ')')
            return n;
        if (*p < '0' || *p > '9' || n == 3)
            return -1;
        unsigned long long x = strtoull(p, &after, 10);
        if (x > MOST)
            return -1;
        dim[n++] = (size_t)x;
        p = after + strspn(after, " ");
        if (*p == ',')
            p++;
        else if (*p != ')')
            return -1;
    }
}

/* "'<i8'" and not what follows. */
static int descr_size(const char *type)
{
    size_t n = *type == '\'' ? 2 + strcspn(type + 1, "'") : strcspn(type, ",}");
    return n < 20 ? (int)n : 20;
}

static int read_dictionary(rc_source *f, const char *head, array *a)
{
    const char *type = value(head, "descr"), *fortran = value(head, "fortran_order");
    if (type == NULL || fortran == NULL)
        return rc_fail(f->r, RECUR_EDATA, "%s: damaged: its header does not name descr and fortran_order", f->path);
    a->wide = strncmp(type, "'<f4'", 5) == 0 ? 4 : strncmp(type, "'<f8'", 5) == 0 ? 8 : 0;
    if (a->wide == 0)
        return rc_fail(f->r, RECUR_EDATA,
                       "%s: numbers of type %.*s; '<f4' and '<f8' are read: save x.astype('float32')", f->path,
                       descr_size(type), type);
    if (strncmp(fortran, "False", 5) != 0)
        return rc_fail(f->r, RECUR_EDATA, "%s: in Fortran's order; save numpy.ascontiguousarray(x)", f->path);
    int rank = shape(value(head, "shape"), a->dim);
    if (rank != 2 && rank != 3)
        return rc_fail(f->r, RECUR_EDATA, "%s: its shape is not [count][steps][features] nor [count][steps]",
                       f->path);
    a->dim[2] = rank == 2 ? 1 : a->dim[2];
    return RECUR_OK;
}

/* Magic, version, length of the header in 2 or 4 bytes, the header, the numbers. */
static int read_header(rc_source *f, array *a)
{
    const uint8_t *p = (const uint8_t *)f->s;
    size_t version = f->n > MAGIC ? p[MAGIC] : 0, at = version == 1 ? 10 : 12, n = 0, bytes;
    char *head;
    if (f->n < at || version < 1 || version > 3)
        return rc_fail(f->r, RECUR_EDATA, "%s: damaged, or a version of .npy that is not known", f->path);
    for (size_t i = at; i-- > 8;)
        n = n << 8 | p[i];
    if (n > f->n - at)
        return rc_fail(f->r, RECUR_EDATA, "%s: truncated within its header", f->path);
    if ((head = rc_copy_n(f->r, f->s + at, n)) == NULL)
        return RECUR_ENOMEM;
    int e = read_dictionary(f, head, a);
    rc_free(f->r, head);
    if (e != RECUR_OK)
        return e;
    a->data = f->s + at + n;
    a->n = f->n - at - n;
    if (!rc_mul(a->dim[0], a->dim[1], &bytes) || !rc_mul(bytes, a->dim[2], &bytes)
        || !rc_mul(bytes, (size_t)a->wide, &bytes)
        || bytes != a->n)
        return rc_fail(f->r, RECUR_EDATA,
                       "%s: truncated or damaged: %zu bytes of numbers do not make [%zu][%zu][%zu] of %d bytes",
                       f->path, a->n, a->dim[0], a->dim[1], a->dim[2], a->wide);
    if (bytes == 0)
        return rc_fail(f->r, RECUR_EDATA, "%s: an empty array", f->path);
    return RECUR_OK;
}

/* --- labels --- */

/* X.npy, X.npy.gz -> X.labels.txt; false: the name does not end so. */
static bool labels_path(const char *path, char *out, size_t n)
{
    size_t k = strlen(path);
    if (k > 3 && strcmp(path + k - 3, ".gz") == 0)
        k -= 3;
    if (k < 4 || strncmp(path + k - 4, ".npy", 4) != 0)
        return false;
    int w = snprintf(out, n, "%.*s.labels.txt", (int)(k - 4), path);
    return w > 0 && (size_t)w < n;
}

/* *given: there are labels, as many lines as the array has sequences. */
static int read_labels(rc_source *f, size_t count, rc_buf *out, bool *given)
{
    char path[4096];
    struct stat st;
    const char *s;
    size_t n, lines = 0;
    *given = labels_path(f->path, path, sizeof path) && stat(path, &st) == 0;
    if (!*given)
        return rc_source_bad(f, 0, "label", "no labels: they stand in X.labels.txt beside X.npy, one a line");
    int e = rc_file_read(f->r, path, out);
    rc_lines l = { out->s, out->s != NULL ? out->s + out->n : NULL, 0 };
    while (e == RECUR_OK && out->n > 0 && rc_lines_next(&l, &s, &n))
        lines++;
    if (e == RECUR_OK && lines != count)
        e = rc_fail(f->r, RECUR_EDATA, "%s: %zu lines, but %s holds %zu sequences", path, lines, f->path, count);
    return e;
}

/* --- reading --- */

/* Sequence i into x [steps][features]; false: a number that is not finite, and not NaN either, which is `missing`. */
static bool sequence(const array *a, size_t i, float *x)
{
    size_t n = a->dim[1] * a->dim[2];
    const char *from = a->data + i * n * (size_t)a->wide;
    bool good = true;
    for (size_t k = 0; k < n; k++) {
        double d;
        float s;
        if (a->wide == 8)
            memcpy(&d, from + 8 * k, sizeof d);
        else
            memcpy(&s, from + 4 * k, sizeof s), d = (double)s;
        good = good && (isnan(d) || fabs(d) <= RC_LARGEST);
        x[k] = good ? (float)d : 0;
    }
    return good;
}

int rc_npy_read(rc_source *f)
{
    array a = { 0 };
    rc_buf text;
    bool given = false;
    float *x = NULL;
    rc_buf_init(&text, f->r, (size_t)1 << 32);
    int e = read_header(f, &a);
    if (e == RECUR_OK && (e = read_labels(f, a.dim[0], &text, &given)) == RECUR_OK
        && (x = rc_new(f->r, a.dim[1] * a.dim[2], sizeof *x)) == NULL)
        e = RECUR_ENOMEM;
    rc_lines l = { text.s, text.s != NULL ? text.s + text.n : NULL, 0 };
    for (size_t i = 0; i < a.dim[0] && e == RECUR_OK; i++) {
        rc_record rec = { .line = (int64_t)i + 1, .x = x, .steps = (int)a.dim[1], .features = (int)a.dim[2] };
        if (given)
            rc_lines_next(&l, &rec.label, &rec.label_n);
        e = sequence(&a, i, x) ? rc_source_emit(f, &rec)
                               : rc_source_bad(f, rec.line, "number", "the sequence has a number that is not finite");
    }
    rc_free(f->r, x);
    rc_buf_free(&text);
    return e;
}
