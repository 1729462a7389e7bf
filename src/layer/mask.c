/* SPDX-License-Identifier: MIT
 * mask: stretches of steps and bands of columns become 0 while training (SpecAugment: Park et al. 2019), (D5): a net
 * that must do without a part of each sequence learns it less by heart.  For inputs whose mean is 0. */
#include "layer/layer.h"

typedef struct { rc_layer l; int time, width, count; } mask;

static const rc_key_row keys[] = {
    { "time", RC_KEY_INT, offsetof(mask, time), "20", 0, 65536, NULL, "most steps of a stretch, a fifth of its sequence at most" },
    { "width", RC_KEY_INT, offsetof(mask, width), "8", 0, 65536, NULL, "most columns of a band, a third of all at most" },
    { "count", RC_KEY_INT, offsetof(mask, count), "2", 1, 64, NULL, "stretches, and bands, of a sequence" },
};

static int open(rc_layer *l, rc_build *b)
{
    l->out = l->in;
    return l->per_seq_in ? rc_layer_fail(b, l, "cannot stand behind pooling: there are no steps left") : 0;
}

static void bind(const rc_layer *l, rc_act *a, rc_plan *p) { (void)l, (void)a, (void)p; }

typedef struct { const mask *m; rc_act *a; const rc_pass *s; real *to; } job;

/* A piece [*from, *to) of 0..n, of at most `most`: where and how long are numbers i and i + 1 of the sequence's stream. */
static void piece(uint64_t key, uint64_t i, int n, int most, int *from, int *to)
{
    int size = most > 0 ? (int)rc_below(key, i, (uint64_t)most + 1) : 0;
    *from = (int)rc_below(key, i + 1, (uint64_t)(n - size) + 1);
    *to = *from + size;
}

static int least(int a, int b) { return a < b ? a : b; }

static void sequence(void *arg, int b)
{
    const job *j = arg;
    const rc_rows *in = &j->a->in;
    size_t w = (size_t)j->m->l.in;
    uint64_t key = rc_mask_key(j->s, &j->m->l, 0, b);
    int T = 0, from, to;
    while (T < in->T && b < in->alive[T])
        T++;
    for (int k = 0; k < j->m->count; k++) {
        piece(key, 4 * (uint64_t)k, T, least(j->m->time, T / 5), &from, &to);
        for (int t = from; t < to; t++)
            memset(j->to + (size_t)(in->off[t] + b) * w, 0, w * sizeof(real));
        piece(key, 4 * (uint64_t)k + 2, (int)w, least(j->m->width, (int)w / 3), &from, &to);
        for (int t = 0; t < T; t++)
            memset(j->to + (size_t)(in->off[t] + b) * w + from, 0, (size_t)(to - from) * sizeof(real));
    }
}

static void forward(const rc_layer *l, rc_act *a, const rc_pass *s)
{
    if (a->y != a->x && a->in.N)
        memcpy(a->y, a->x, (size_t)a->in.N * (size_t)l->in * sizeof *a->y);
    if (s->train)
        rc_each(s->r->pool, a->in.B, sequence, &(job){ (const mask *)l, a, s, a->y });
}

static void backward(const rc_layer *l, rc_act *a, const rc_pass *s)
{
    if (!a->dx)
        return;
    if (a->dx != a->dy && a->in.N)
        memcpy(a->dx, a->dy, (size_t)a->in.N * (size_t)l->in * sizeof *a->dx);
    rc_each(s->r->pool, a->in.B, sequence, &(job){ (const mask *)l, a, s, a->dx });
}

const rc_layer_kind rc_layer_mask = {
    .name = "mask", .formula = "y = x, but 0 in some stretches of steps and bands of columns  (D5)", .size = sizeof(mask),
    .act_size = sizeof(rc_act),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys, .idle = true,
    .open = open, .bind = bind, .forward = forward, .backward = backward,
};
