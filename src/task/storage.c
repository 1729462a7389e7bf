/* SPDX-License-Identifier: MIT
 * storage.c - weights in two bytes or one, in the model and in its file. */
#include <math.h>
#include <stdio.h>
#include "task/task.h"

static int storage_of(const recur_model *m, const rc_param *p)
{
    return p->exact ? RC_F32_WEIGHTS : m->net->as;
}

int rc_model_dtype(const recur_model *m, const rc_param *p)
{
    static const int dtype[RC_STORAGES] = { sizeof(real) == 8 ? RC_F64 : RC_F32, RC_F16, RC_BF16, RC_I8 };
    return dtype[storage_of(m, p)];
}

static size_t width(const rc_param *p) { return p->n / (size_t)p->dim[0]; }

int rc_model_weights(recur_model *m, int as)
{
    size_t most = 0;
    for (int i = 0; i < m->net->params.n; i++)
        most = width(&m->net->params.p[i]) > most ? width(&m->net->params.p[i]) : most;
    void *row = rc_new(m->r, most + 1, sizeof(real));
    if (row == NULL)
        return RECUR_ENOMEM;
    m->net->as = as;
    for (int i = 0; i < m->net->params.n; i++) {
        const rc_param *p = &m->net->params.p[i];
        for (size_t k = 0, n = width(p); k < p->n && !p->exact; k += n) {
            real *w = m->w + p->at + k, scale = rc_row_scale(n, w);
            rc_store_row(as, n, w, scale, row);
            rc_fetch_row(as, n, row, scale, w);
        }
    }
    rc_free(m->r, row);
    return RECUR_OK;
}

static const char *scale_name(const rc_param *p, char *out, size_t n)
{
    snprintf(out, n, "%s.scale", p->name);
    return out;
}

/* The matrix in its storage and, of int8, the scales: blocks that the store frees. */
int rc_model_store_matrix(const recur_model *m, rc_store *s, const rc_param *p)
{
    int64_t dim[3] = { p->dim[0], p->dim[1], p->dim[2] };
    int as = storage_of(m, p), dtype = rc_model_dtype(m, p), e;
    char name[160];
    if (as == RC_F32_WEIGHTS)
        return rc_store_add(s, p->name, dtype, p->rank, dim, m->w + p->at);
    size_t rows = (size_t)p->dim[0], n = width(p), size = rc_storage_size(as);
    char *data = rc_new(m->r, p->n, size);
    float *scale = rc_new(m->r, rows, sizeof *scale);
    if (data == NULL || scale == NULL) {
        rc_free(m->r, data);
        rc_free(m->r, scale);
        return RECUR_ENOMEM;
    }
    for (size_t k = 0; k < rows; k++) {
        const real *w = m->w + p->at + k * n;
        scale[k] = (float)rc_row_scale(n, w);
        rc_store_row(as, n, w, (real)scale[k], data + k * n * size);
    }
    e = rc_store_keep(s, data);
    if (e != RECUR_OK) {
        rc_free(m->r, scale);
        return e;
    }
    if ((e = rc_store_keep(s, scale)) == RECUR_OK)
        e = rc_store_add(s, p->name, dtype, p->rank, dim, data);
    return e == RECUR_OK && as == RC_I8_WEIGHTS
        ? rc_store_add(s, scale_name(p, name, sizeof name), RC_F32, 1, dim, scale) : e;
}

static int bad(const recur_model *m, const char *path, const char *what, const char *why)
{
    return rc_fail(m->r, RECUR_EFORMAT, "%s: %s: %s", path, what, rc_speak(m->r, why));
}

/* The scales of an int8 matrix; NULL with *e 0: it needs none. */
static const float *scales(const recur_model *m, rc_store *s, const char *path, const rc_param *p, const rc_tensor *t, int *e)
{
    char name[160];
    *e = RECUR_OK;
    if (t->dtype != RC_I8)
        return NULL;
    const rc_tensor *found = rc_store_find(s, scale_name(p, name, sizeof name));
    if (found == NULL || found->dtype != RC_F32 || found->rank != 1 || found->n != (size_t)p->dim[0]) {
        *e = bad(m, path, name, found == NULL ? "these scales are missing" : "not one F32 for each row");
        return NULL;
    }
    return found->data;
}

static void fetch(const rc_tensor *t, size_t at, size_t n, real scale, real *w)
{
    static const int storage[] = { [RC_F16] = RC_F16_WEIGHTS, [RC_BF16] = RC_BF16_WEIGHTS, [RC_I8] = RC_I8_WEIGHTS };
    const char *from = (const char *)t->data + at * rc_dtype_size(t->dtype);
    if (t->dtype != RC_F32 && t->dtype != RC_F64) {
        rc_fetch_row(storage[t->dtype], n, from, scale, w);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double wide;
        float narrow;
        if (t->dtype == RC_F64) {
            memcpy(&wide, from + i * sizeof wide, sizeof wide);
        } else {
            memcpy(&narrow, from + i * sizeof narrow, sizeof narrow);
            wide = (double)narrow;
        }
        w[i] = (real)wide;
    }
}

int rc_model_load_matrix(recur_model *m, rc_store *s, const char *path, const rc_param *p, const rc_tensor *t)
{
    int e;
    const float *scale = scales(m, s, path, p, t, &e);
    size_t n = width(p);
    for (size_t k = 0; k < p->n && e == RECUR_OK; k += n) {
        real *w = m->w + p->at + k, own = scale != NULL ? (real)scale[k / n] : 1;
        if (!(own >= 0))
            return bad(m, path, p->name, "a scale is negative or no number");
        fetch(t, k, n, own, w);
        for (size_t i = 0; i < n && e == RECUR_OK; i++)
            if (!isfinite(w[i]))
                e = bad(m, path, p->name, "a weight is not finite");
    }
    return e;
}
