/* SPDX-License-Identifier: MIT
 * Weights as they start.  Each has a random stream of its own, so that a change in one layer changes no other. */
#include <math.h>

#include "net/net.h"

/* Sum of x y, in sixteen partial sums that a compiler may keep in vectors. */
static double dot(size_t n, const real *x, const real *y)
{
    double part[16] = { 0 }, sum = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (size_t k = 0; k < 16; k++)
            part[k] += (double)x[i + k] * (double)y[i + k];
    for (; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    for (size_t k = 0; k < 16; k++)
        sum += part[k];
    return sum;
}

/* Rows of [n][n] made orthogonal (Saxe et al. 2014): modified Gram-Schmidt on normal numbers, twice. */
static void orthogonal_block(uint64_t key, size_t n, real *w)
{
    for (size_t i = 0; i < n * n; i++)
        w[i] = (real)rc_normal(key, i);
    for (size_t i = 0; i < n; i++) {
        real *row = w + i * n;
        for (size_t j = 0; j < 2 * i; j++) {
            const real *other = w + (j < i ? j : j - i) * n;
            real part = (real)dot(n, row, other);
            for (size_t k = 0; k < n; k++)
                row[k] -= part * other[k];
        }
        real scale = (real)(1 / sqrt(dot(n, row, row)));
        for (size_t k = 0; k < n; k++)
            row[k] *= scale;
    }
}

typedef struct { uint64_t key; size_t n; real *w; } blocks;

static void one_block(void *arg, int i)
{
    const blocks *b = arg;
    orthogonal_block(rc_key(b->key, RC_INIT, (uint64_t)i, 1), b->n, b->w + (size_t)i * b->n * b->n);
}

static void init_one(const rc_net *net, const rc_param *p, uint64_t key, real *w)
{
    double in = p->rank > 1 ? p->dim[p->rank - 1] : 1, rows = p->dim[0];
    double range = p->start == RC_GLOROT ? sqrt(6 / (in + rows)) : p->a;      /* Glorot & Bengio 2010 */
    if (p->start == RC_ORTHOGONAL) {
        rc_each(net->r->pool, p->dim[0] / p->dim[1], one_block, &(blocks){ key, (size_t)p->dim[1], w });
        return;
    }
    for (size_t i = 0; i < p->n; i++)
        w[i] = p->start == RC_ONE ? 1 : p->start == RC_NORMAL ? (real)(p->a * rc_normal(key, i))
             : p->start == RC_ZERO ? 0 : (real)(range * (2 * rc_uniform(key, i) - 1));
}

void rc_net_init(const rc_net *net, const rc_facts *f, uint64_t seed, real *w)
{
    memset(w, 0, net->params.total * sizeof *w);
    for (int i = 0; i < net->params.n; i++)
        if (net->params.p[i].start != RC_OWN)
            init_one(net, &net->params.p[i], rc_key(seed, RC_INIT, (uint64_t)i, 0), w + net->params.p[i].at);
    rc_facts side = rc_facts_side(f);
    for (int i = 0; i < net->layers; i++)
        if (net->layer[i]->kind->init)
            net->layer[i]->kind->init(net->layer[i], &net->params, i < net->side ? &side : f, seed, w);
}
