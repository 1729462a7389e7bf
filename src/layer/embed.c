/* SPDX-License-Identifier: MIT
 * embed: y[n] = scale W[id[n]], a row of numbers for each unit.  As a later layer it appends its columns to x (join=cat) or
 * adds them (join=sum).  The gradient lies only in the rows of ids that occurred; its sum runs over the batch's rows
 * in their order whatever thread has the row of W. */
#include <math.h>

#include "layer/layer.h"

typedef struct {
    rc_layer l;
    int size;
    char of[32], join[32];
    bool frozen, vectors;
    double sd, scale;
    int column, V, at;           /* at: first column of its own in y */
} embed;

typedef struct {
    rc_act a;
    int32_t *first, *next;       /* [V], [N] rows with the same id, rising; first is -1 between passes */
    uint64_t *seen;              /* bit of each id touched since the gradient was cleared */
    int32_t *touched;            /* [V] */
} embed_act;

static const rc_key_row keys[] = {
    { "", RC_KEY_INT, offsetof(embed, size), "0", 0, 65536, NULL, "numbers a unit" },
    { "of", RC_KEY_WORD, offsetof(embed, of), "units", 0, 0, "units pairs shape", "which column of ids" },
    { "join", RC_KEY_WORD, offsetof(embed, join), "cat", 0, 0, "cat sum", "how it joins what came before" },
    { "vectors", RC_KEY_FLAG, offsetof(embed, vectors), NULL, 0, 0, NULL, "start from the word vectors given" },
    { "frozen", RC_KEY_FLAG, offsetof(embed, frozen), NULL, 0, 0, NULL, "stay as they start" },
    { "sd", RC_KEY_REAL, offsetof(embed, sd), "0.1", 0, 100, NULL, "standard deviation of the start" },
    { "scale", RC_KEY_REAL, offsetof(embed, scale), "1", 0, 1000, NULL, "y = scale W[id]: the same step of the optimizer goes further" },
};

static int open(rc_layer *l, rc_build *b)
{
    embed *e = (embed *)l;
    bool sum = l->in && !strcmp(e->join, "sum");
    bool pairs = !strcmp(e->of, "pairs"), shape = !strcmp(e->of, "shape");
    e->column = shape ? b->facts->shape : pairs;
    if (b->facts->columns && (b->facts->columns <= e->column || (shape && !e->column) || (pairs && b->facts->shape == 1)))
        return rc_layer_fail(b, l, "the data have no %s", rc_speak(b->r, shape ? "shapes of words" : "pairs of units"));
    if (!b->facts->columns)
        return rc_layer_fail(b, l, "the data have no ids; `input` reads measured features");
    if (e->vectors && (e->column || (b->facts->vector_dim && e->size && e->size != b->facts->vector_dim)))
        return rc_layer_fail(b, l, e->column ? "word vectors are of units alone"
                             : "the word vectors have %d numbers each", b->facts->vector_dim);
    if (e->vectors && !e->size)
        e->size = b->facts->vector_dim;
    if (sum && !e->size)
        e->size = l->in;
    if (!e->size)
        return rc_layer_fail(b, l, "needs a size, as in `embed 64`");
    if (sum && e->size != l->in)
        return rc_layer_fail(b, l, "join=sum needs size %d, the width of what comes before", l->in);
    if (l->per_seq_in)
        return rc_layer_fail(b, l, "cannot stand behind pooling: ids are of steps");
    e->V = b->facts->vocabulary[e->column];
    e->at = sum ? 0 : l->in;
    l->out = e->at + e->size;
    int err = rc_weight_add(b, l, &(rc_weight){ .what = "w", .rank = 2, .dim = { e->V, e->size },
                                                .start = e->vectors ? RC_OWN : RC_NORMAL,
                            .a = e->sd, .frozen = e->frozen, .sparse = !e->frozen });
    return err < 0 ? err : 0;
}

static void init(const rc_layer *l, const rc_params *ps, const rc_facts *f, uint64_t seed, real *w)
{
    const embed *e = (const embed *)l;
    size_t n = ps->p[l->param[0]].n;
    uint64_t key = rc_key(seed, RC_INIT, (uint64_t)l->index, 0);
    w += ps->p[l->param[0]].at;
    for (size_t i = 0; i < n; i++) {
        bool given = e->vectors && f->vectors && !isnan(f->vectors[i]);
        w[i] = given ? (real)f->vectors[i] : (real)(e->sd * rc_normal(key, i));
    }
}

static void bind(const rc_layer *l, rc_act *act, rc_plan *p)
{
    const embed *e = (const embed *)l;
    embed_act *a = (embed_act *)act;
    if (!p->train || e->frozen)
        return;
    size_t V = (size_t)e->V;
    a->first = rc_plan_take(p, V, sizeof *a->first);
    a->next = rc_plan_take(p, (size_t)act->in.N, sizeof *a->next);
    a->seen = rc_plan_take(p, (V + 63) / 64, sizeof *a->seen);
    a->touched = rc_plan_take(p, V, sizeof *a->touched);
    if (a->first)
        memset(a->first, 0xff, V * sizeof *a->first);
}

static int check(const rc_layer *l, recur *r, const recur_batch *b)
{
    const embed *e = (const embed *)l;
    if (!b->ids || b->C <= e->column)
        return rc_fail(r, RECUR_ESHAPE, "batch: layer %d (embed) reads column %d of ids, the batch has %d",
                       l->index + 1, e->column + 1, b->ids ? b->C : 0);
    const int32_t *id = b->ids + (size_t)e->column * (size_t)b->N;
    for (int n = 0; n < b->N; n++)
        if (id[n] < 0 || id[n] >= e->V)
            return rc_fail(r, RECUR_ESHAPE, "batch: id %d in row %d, column %d; the vocabulary has 0 to %d",
                           (int)id[n], n, e->column + 1, e->V - 1);
    return 0;
}

typedef struct { const embed *e; embed_act *a; const rc_pass *s; const int32_t *id; real *dw; } job;

/* to [size] += scale from. */
static void add_scaled(const job *j, const real *from, real *to)
{
    const real scale = (real)j->e->scale;
    if (!(scale < 1 || scale > 1)) {                          /* nearly always: the kernel's sum is this one */
        j->s->k->add((size_t)j->e->size, from, to);
        return;
    }
    for (int i = 0; i < j->e->size; i++)
        to[i] += scale * from[i];
}

static void gather(void *arg, int lo, int hi)
{
    const job *j = arg;
    const embed *e = j->e;
    const real *w = rc_w(&e->l, j->s, 0);
    size_t E = (size_t)e->size, in = (size_t)e->l.in, out = (size_t)e->l.out;
    const real scale = (real)e->scale;
    for (int n = lo; n < hi; n++) {
        real *y = j->a->a.y + (size_t)n * out;
        const real *row = w + (size_t)j->id[n] * E;
        if (in)
            memcpy(y, j->a->a.x + (size_t)n * in, in * sizeof *y);
        if (in && !e->at)
            add_scaled(j, row, y);
        else
            for (size_t i = 0; i < E; i++)
                y[(size_t)e->at + i] = scale * row[i];
    }
}

static void forward(const rc_layer *l, rc_act *a, const rc_pass *s)
{
    const embed *e = (const embed *)l;
    job j = { e, (embed_act *)a, s, s->batch->ids + (size_t)e->column * (size_t)s->batch->N, NULL };
    rc_rows_each(s->r, a->in.N, 32768 / l->out + 1, gather, &j);
}

/* Rows lo..hi of those touched: the sum over the batch's rows with that id. */
static void scatter(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t E = (size_t)j->e->size, out = (size_t)j->e->l.out;
    for (int i = lo; i < hi; i++) {
        int32_t id = j->a->touched[i];
        for (int32_t n = j->a->first[id]; n >= 0; n = j->a->next[n])
            add_scaled(j, j->a->a.dy + (size_t)n * out + j->e->at, j->dw + (size_t)id * E);
        j->a->first[id] = -1;
    }
}

static void pass_down(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t in = (size_t)j->e->l.in, out = (size_t)j->e->l.out;
    for (int n = lo; n < hi; n++)
        memcpy(j->a->a.dx + (size_t)n * in, j->a->a.dy + (size_t)n * out, in * sizeof(real));
}

static void backward(const rc_layer *l, rc_act *act, const rc_pass *s)
{
    const embed *e = (const embed *)l;
    embed_act *a = (embed_act *)act;
    job j = { e, a, s, s->batch->ids + (size_t)e->column * (size_t)s->batch->N, rc_g(l, s, 0) };
    if (j.dw) {
        if (!act->touched_n)
            memset(a->seen, 0, ((size_t)e->V + 63) / 64 * sizeof *a->seen);
        for (int n = act->in.N - 1; n >= 0; n--) {
            int32_t id = j.id[n];
            a->next[n] = a->first[id];
            a->first[id] = n;
            a->seen[id >> 6] |= (uint64_t)1 << (id & 63);
        }
        act->touched_n = 0;
        for (int32_t i = 0; i < (e->V + 63) / 64; i++)
            for (uint64_t bits = a->seen[i]; bits; bits &= bits - 1) {
                int32_t id = i * 64;
                for (uint64_t low = bits & (0 - bits); low > 1; low >>= 1)
                    id++;
                a->touched[act->touched_n++] = id;
            }
        act->touched = a->touched;
        rc_rows_each(s->r, act->touched_n, 16, scatter, &j);
    }
    if (act->dx)
        rc_rows_each(s->r, act->in.N, 32768 / l->out + 1, pass_down, &j);
}

const rc_layer_kind rc_layer_embed = {
    .name = "embed", .formula = "y = scale W[id]", .size = sizeof(embed), .act_size = sizeof(embed_act),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys, .source = true,
    .open = open, .check = check, .init = init, .bind = bind, .forward = forward, .backward = backward,
};

bool rc_embed_vectors(const rc_layer *l) { return l->kind == &rc_layer_embed && ((const embed *)l)->vectors; }
int rc_embed_column(const rc_layer *l) { return l->kind == &rc_layer_embed ? ((const embed *)l)->column : -1; }
