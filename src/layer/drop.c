/* SPDX-License-Identifier: MIT
 * drop: inverted dropout (Srivastava et al. 2014), y = x m / (1 - p).  locked: one mask for all steps of a sequence;
 * word: whole rows, and a word that is dropped is dropped everywhere in its sequence (Gal & Ghahramani 2016). */
#include "layer/layer.h"

typedef struct { rc_layer l; double p; bool locked, word; } drop;

static const rc_key_row keys[] = {
    { "", RC_KEY_REAL, offsetof(drop, p), "0.5", 0, 0.99, NULL, "part that is dropped" },
    { "locked", RC_KEY_FLAG, offsetof(drop, locked), NULL, 0, 0, NULL, "one mask for all steps of a sequence" },
    { "word", RC_KEY_FLAG, offsetof(drop, word), NULL, 0, 0, NULL, "whole words, everywhere in the sequence" },
};

static int open(rc_layer *l, rc_build *b)
{
    drop *d = (drop *)l;
    l->out = l->in;
    l->per_seq = l->per_seq_in;
    if (d->word && (d->locked || !b->nbefore || strcmp(b->before[b->nbefore - 1]->kind->name, "embed")))
        return rc_layer_fail(b, l, d->locked ? "locked and word exclude each other"
                             : "word must stand right behind an embed");
    return 0;
}

static void bind(const rc_layer *l, rc_act *a, rc_plan *p) { (void)l, (void)a, (void)p; }

typedef struct { const drop *d; rc_act *a; const rc_pass *s; const real *from; real *to; } job;

static void whole_row(const job *j, int n, uint64_t key, const real *x, real *y)
{
    size_t w = (size_t)j->d->l.out;
    bool gone = rc_uniform(key, (uint64_t)j->s->batch->ids[n]) < j->d->p;
    memcpy(y, x, w * sizeof *y);
    j->s->k->scale(w, gone ? 0 : (real)(1 / (1 - j->d->p)), y);
}

static void rows(void *arg, int lo, int hi)
{
    const job *j = arg;
    const rc_rows *in = &j->a->in;
    int w = j->d->l.out, t = in->per_seq ? 0 : rc_row_step(in, in->first + lo);
    for (int i = lo; i < hi; i++) {
        int n = in->first + i;
        while (!in->per_seq && n >= in->off[t + 1])
            t++;
        uint64_t key = rc_mask_key(j->s, &j->d->l, 0, in->per_seq ? n : n - in->off[t]);
        const real *x = j->from + (size_t)i * (size_t)w;
        real *y = j->to + (size_t)i * (size_t)w;
        if (j->d->word)
            whole_row(j, n, key, x, y);
        else
            j->s->k->drop(w, key, j->d->locked ? 0 : (uint64_t)(in->step + t), 0, (real)j->d->p, x, y);
    }
}

static void forward(const rc_layer *l, rc_act *a, const rc_pass *s)
{
    const drop *d = (const drop *)l;
    size_t n = (size_t)a->in.N * (size_t)l->out;
    if (s->train && d->p > 0)
        rc_rows_each(s->r, a->in.N, 4096 / l->out + 1, rows, &(job){ d, a, s, a->x, a->y });
    else if (a->y != a->x && n)
        memcpy(a->y, a->x, n * sizeof *a->y);
}

static void backward(const rc_layer *l, rc_act *a, const rc_pass *s)
{
    const drop *d = (const drop *)l;
    if (a->dx && d->p > 0)
        rc_rows_each(s->r, a->in.N, 4096 / l->out + 1, rows, &(job){ d, a, s, a->dy, a->dx });
    else if (a->dx && a->in.N)
        memcpy(a->dx, a->dy, (size_t)a->in.N * (size_t)l->out * sizeof *a->dx);
}

const rc_layer_kind rc_layer_drop = {
    .name = "drop", .formula = "y = x m / (1 - p), m = 1 with probability 1 - p", .size = sizeof(drop),
    .act_size = sizeof(rc_act),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys, .rowwise = true, .idle = true,
    .open = open, .bind = bind, .forward = forward, .backward = backward,
};
