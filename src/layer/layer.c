/* SPDX-License-Identifier: MIT
 * The list of layers, the declaration of weights, the plan's two verbs, and sums that several layers need. */
#include <stdio.h>
#include <stdlib.h>

#include "layer/layer.h"

#define X(name) extern const rc_layer_kind rc_layer_##name;
#include "layer/list.h"
#undef X
#define X(name) &rc_layer_##name,
const rc_layer_kind *const rc_layer_kinds[] = {
#include "layer/list.h"
    NULL
};
#undef X

const rc_layer_kind *rc_layer_find(const char *word, const struct rc_cell **cell)
{
    *cell = NULL;
    for (int i = 0; rc_layer_kinds[i]; i++)
        if (rc_layer_kinds[i] != &rc_layer_recur && !strcmp(rc_layer_kinds[i]->name, word))
            return rc_layer_kinds[i];
    *cell = rc_cell_find(word);
    return *cell ? &rc_layer_recur : NULL;
}

const char *rc_layer_word(const rc_layer *l) { return l->kind->word ? l->kind->word(l) : l->kind->name; }

int rc_layer_fail(const rc_build *b, const rc_layer *l, const char *form, ...)
{
    char what[512];
    va_list args;
    va_start(args, form);
    vsnprintf(what, sizeof what, rc_speak(b->r, form), args);
    va_end(args);
    return rc_fail(b->r, RECUR_ESPEC, "net: layer %d (%s): %s", l->index + 1, rc_layer_word(l), what);
}

int rc_params_add(rc_params *ps, const char *name, int layer, const rc_weight *w)
{
    if (ps->n == ps->cap) {
        int cap = ps->cap ? 2 * ps->cap : 16;
        rc_param *p = rc_grow(ps->r, ps->p, (size_t)ps->cap, (size_t)cap, sizeof *p);
        if (!p)
            return RECUR_ENOMEM;
        ps->p = p;
        ps->cap = cap;
    }
    rc_param *p = &ps->p[ps->n];
    *p = (rc_param){ .rank = w->rank, .at = ps->total, .n = 1, .start = w->start, .a = w->a, .frozen = w->frozen,
                     .decay = w->decay, .sparse = w->sparse, .exact = w->exact || w->rank < 2,
                     .layer = layer };
    for (int i = 0; i < w->rank; i++) {
        p->dim[i] = w->dim[i];
        if (w->dim[i] < 1 || !rc_mul(p->n, (size_t)w->dim[i], &p->n) || p->n > SIZE_MAX / 64)
            return rc_fail(ps->r, RECUR_ESPEC, "net: weight %s is too large", name);
    }
    if (!(p->name = rc_copy(ps->r, name)))
        return RECUR_ENOMEM;
    ps->total += rc_slice(p->n);
    return ps->n++;
}

/* The name's first part is the layer's number in the net, counted from 1 as messages count. */
int rc_weight_add(rc_build *b, rc_layer *l, const rc_weight *w)
{
    char name[96];
    if (l->nparam == (int)(sizeof l->param / sizeof *l->param))
        return rc_layer_fail(b, l, "has too many weights");
    snprintf(name, sizeof name, "%d.%s.%s", l->index + 1, rc_layer_word(l), w->what);
    int i = rc_params_add(b->params, name, l->index, w);
    if (i < 0)
        return i;
    l->param[l->nparam] = i;
    return l->nparam++;
}

void *rc_plan_take(rc_plan *p, size_t n, size_t size) { return rc_take(&p->arena, n, size); }

void rc_plan_scratch(rc_plan *p, size_t bytes)
{
    if (bytes > p->scratch)
        p->scratch = bytes;
}

typedef struct { const rc_kern *k; int n, w; const real *x; int ldx; real *y; int ldy; } rows_job;

static void col_sum_part(void *arg, int lo, int hi)
{
    const rows_job *j = arg;
    j->k->col_sum(j->n, hi - lo, j->x + lo, j->ldx, j->y + lo);
}

void rc_col_sum(recur *r, int n, int w, const real *x, int ldx, real *s)
{
    rows_job j = { r->kern, n, w, x, ldx, s, 0 };
    rc_rows_each(r, w, n > 256 ? 64 : 16384 / (n + 1) + 1, col_sum_part, &j);
}

static void add_part(void *arg, int lo, int hi)
{
    const rows_job *j = arg;
    for (int n = lo; n < hi; n++)
        j->k->add((size_t)j->w, j->x + (size_t)n * (size_t)j->ldx, j->y + (size_t)n * (size_t)j->ldy);
}

void rc_add_rows(recur *r, int n, int w, const real *x, int ldx, real *y, int ldy)
{
    rows_job j = { r->kern, n, w, x, ldx, y, ldy };
    rc_rows_each(r, n, 65536 / (w + 1) + 1, add_part, &j);
}

void rc_rows_thin(const rc_rows *in, int k, int32_t *alive, int32_t *off, rc_rows *out)
{
    out->T = rc_rows_thin_steps(in->T, k);
    out->alive = alive;
    out->off = off;
    out->N = 0;
    for (int t = 0; t < out->T; t++) {
        off[t] = out->N;
        out->N += alive[t] = in->alive[t * k];
    }
    off[out->T] = out->N;
}
