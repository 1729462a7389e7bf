/* SPDX-License-Identifier: MIT
 * The list of heads, the declaration of their weights, and what heads of numbers share. */
#include <math.h>
#include <stdio.h>

#include "head/head.h"

#define X(name) extern const rc_head_kind rc_head_##name;
#include "head/list.h"
#undef X
#define X(name) &rc_head_##name,
const rc_head_kind *const rc_head_kinds[] = {
#include "head/list.h"
    NULL
};
#undef X

const rc_head_kind *rc_head_find(const char *name)
{
    for (int i = 0; rc_head_kinds[i]; i++)
        if (!strcmp(rc_head_kinds[i]->name, name))
            return rc_head_kinds[i];
    return NULL;
}

int rc_head_weight_add(rc_build *b, rc_head *h, const rc_weight *w)
{
    char name[96];
    if (h->nparam == (int)(sizeof h->param / sizeof *h->param))
        return rc_fail(b->r, RECUR_ESPEC, "net: head %d (%s) has too many weights", h->index + 1, h->kind->name);
    snprintf(name, sizeof name, "head%d.%s.%s", h->index + 1, h->kind->name, w->what);
    int i = rc_params_add(b->params, name, -1 - h->index, w);
    if (i < 0)
        return i;
    h->param[h->nparam] = i;
    return h->nparam++;
}

int64_t rc_head_count_values(const rc_head *h, const recur_batch *b, int rows, int width)
{
    int64_t n = 0;
    const float *v = b->value[h->index];
    for (size_t i = 0; i < (size_t)rows * (size_t)width; i++)
        n += !isnan(v[i]);
    return n;
}

/* --- heads of classes --- */

int64_t rc_class_count(const rc_head *h, const rc_pass *s, int rows)
{
    int64_t n = 0;
    for (int i = 0; i < rows; i++)
        n += s->batch->target[h->index][i] >= 0;
    return n;
}

void rc_class_answer(const rc_head *h, const rc_kern *k, int n, const real *z, real *out)
{
    k->softmax(n, h->in, z, h->in, out, h->in);
}

int rc_class_best(const rc_head *h, recur *r, const rc_param *params, const real *w, const rc_seq *q, int32_t *out)
{
    (void)r, (void)params, (void)w;
    for (int t = 0; t < q->T; t++) {
        const real *z = rc_seq_row(q, t);
        out[t] = 0;
        for (int32_t k = 1; k < h->in; k++)
            out[t] = z[k] > z[out[t]] ? k : out[t];
    }
    return q->T;
}

/* --- heads of numbers --- */

int rc_error_open(rc_head *h, rc_build *b)
{
    (void)h, (void)b;
    return RECUR_OK;
}

int64_t rc_error_count(const rc_head *h, const rc_pass *s, int rows)
{
    return rc_head_count_values(h, s->batch, rows, h->in);
}

void rc_error_answer(const rc_head *h, const rc_kern *k, int n, const real *z, real *out)
{
    (void)k;
    memcpy(out, z, (size_t)n * (size_t)h->in * sizeof *out);
}
