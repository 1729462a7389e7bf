/* SPDX-License-Identifier: MIT
 * input: y = x of the batch, measured features; as a later layer it appends them to what came before. */
#include "layer/layer.h"

typedef struct { rc_layer l; int size, F; } input;

static const rc_key_row keys[] = {
    { "", RC_KEY_INT, offsetof(input, size), "0", 0, 1 << 20, NULL,
      "features a step; without it as many as the data have" },
};

static int open(rc_layer *l, rc_build *b)
{
    input *i = (input *)l;
    i->F = b->facts->features;
    if (!i->F)
        return rc_layer_fail(b, l, "the data have no measured features; `embed 64` reads ids");
    if (i->size && i->size != i->F)
        return rc_layer_fail(b, l, "the data have %d features a step, not %d", i->F, i->size);
    if (l->per_seq_in)
        return rc_layer_fail(b, l, "cannot stand behind pooling: features are of steps");
    l->out = l->in + i->F;
    return 0;
}

static void bind(const rc_layer *l, rc_act *a, rc_plan *p) { (void)l, (void)a, (void)p; }

static int check(const rc_layer *l, recur *r, const recur_batch *b)
{
    int F = ((const input *)l)->F;
    if (b->N && (!b->x || b->F != F))
        return rc_fail(r, RECUR_ESHAPE, "batch: layer %d (input) reads %d features a row, the batch has %d",
                       l->index + 1, F, b->x ? b->F : 0);
    return 0;
}

typedef struct { const input *i; rc_act *a; const rc_pass *s; } job;

static void copy(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t in = (size_t)j->i->l.in, F = (size_t)j->i->F;
    for (int n = lo; n < hi; n++) {
        real *y = j->a->y + (size_t)n * (in + F);
        const float *x = j->s->batch->x + (size_t)n * F;
        if (in)
            memcpy(y, j->a->x + (size_t)n * in, in * sizeof *y);
        for (size_t f = 0; f < F; f++)
            y[in + f] = (real)x[f];
    }
}

static void forward(const rc_layer *l, rc_act *a, const rc_pass *s)
{
    rc_rows_each(s->r, a->in.N, 32768 / l->out + 1, copy, &(job){ (const input *)l, a, s });
}

static void pass_down(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t in = (size_t)j->i->l.in, out = (size_t)j->i->l.out;
    for (int n = lo; n < hi; n++)
        memcpy(j->a->dx + (size_t)n * in, j->a->dy + (size_t)n * out, in * sizeof(real));
}

static void backward(const rc_layer *l, rc_act *a, const rc_pass *s)
{
    if (a->dx)
        rc_rows_each(s->r, a->in.N, 32768 / l->out + 1, pass_down, &(job){ (const input *)l, a, s });
}

const rc_layer_kind rc_layer_input = {
    .name = "input", .formula = "y = x of the batch", .size = sizeof(input), .act_size = sizeof(rc_act),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys, .source = true,
    .open = open, .check = check, .bind = bind, .forward = forward, .backward = backward,
};
