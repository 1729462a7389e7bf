/* SPDX-License-Identifier: MIT
 * recur: a cell over time; any cell, one direction or both.  Here: options, weights, plan, carried state.
 *
 * Weights of a direction, in PyTorch's shapes: wx [G*H][I], wh [R*H][W], b [G*H], bh [R*H], p [P][H], wr [W][H]
 * (projection, Sak et al. 2014), h0 [W] and c0 [H] (learnt initial states); the reverse one's begin with "r.". */
#include <math.h>
#include <stdio.h>

#include "layer/recur_back.h"

#define AT(field) offsetof(rc_recur, field)
static const rc_key_row keys[] = {
    { "", RC_KEY_INT, AT(size), "0", 0, 65536, NULL, "units" },
    { "layers", RC_KEY_INT, AT(layers), "1", 1, 64, NULL, "as many layers of this kind" },
    { "bi", RC_KEY_WORD, AT(bi), "", 0, 0, "cat sum", "both directions, side by side or added" },
    { "reverse", RC_KEY_FLAG, AT(reverse), NULL, 0, 0, NULL, "from the last step to the first" },
    { "proj", RC_KEY_INT, AT(proj), "0", 0, 65536, NULL, "outputs of a projection after each step" },
    { "skip", RC_KEY_FLAG, AT(skip), NULL, 0, 0, NULL, "add the input to the output" },
    { "init", RC_KEY_WORD, AT(init), "zero", 0, 0, "zero learn", "the state that sequences begin with" },
    { "bridge", RC_KEY_WORD, AT(bridge), "", 0, 0, "tanh copy", "begin with a state made of the side chain's last row" },
    { "share", RC_KEY_FLAG, AT(share), NULL, 0, 0, NULL, "use the weights of the side chain's layer of this kind" },
    { "feed", RC_KEY_INT, AT(feed), "0", 0, 65536, NULL, "columns of the next attend's output, one step before, beside the input" },
    { "rdrop", RC_KEY_REAL, AT(rdrop), "0", 0, 0.99, NULL, "dropout of the recurrent input, one mask a sequence" },
    { "wdrop", RC_KEY_REAL, AT(wdrop), "0", 0, 0.99, NULL, "dropout of the recurrent weights, one mask a batch" },
    { "zoneout", RC_KEY_REAL, AT(zoneout), "0", 0, 0.99, NULL, "part of h that keeps its value" },
    { "zoneoutc", RC_KEY_REAL, AT(zoneoutc), "0", 0, 0.99, NULL, "part of c that keeps its value" },
    { "peephole", RC_KEY_FLAG, AT(peephole), NULL, 0, 0, NULL, "gates see c" },
    { "coupled", RC_KEY_FLAG, AT(coupled), NULL, 0, 0, NULL, "one gate forgets and lets in" },
    { "norm", RC_KEY_FLAG, AT(norm), NULL, 0, 0, NULL, "layer normalisation inside the cell" },
    { "onebias", RC_KEY_FLAG, AT(onebias), NULL, 0, 0, NULL, "one bias, none of the recurrent product" },
    { "flip", RC_KEY_FLAG, AT(flip), NULL, 0, 0, NULL, "h = (1 - z) h0 + z n" },
    { "span", RC_KEY_REAL, AT(span), "0", 0, 1e9, NULL, "steps that gates remember at the start, from 1 up to this; 0: a few" },
    { "act", RC_KEY_ACT, AT(act), NULL, 0, 0, NULL, "activation" },
    { "gact", RC_KEY_ACT, AT(gact), NULL, 0, 0, NULL, "activation of the gates" },
    { "oact", RC_KEY_ACT, AT(oact), NULL, 0, 0, NULL, "activation of the output, where the cell has one of its own" },
};

static const char *word(const rc_layer *l) { return l->cell->name; }

/* The cell's equations, and what the layer does with its output. */
static void write_formula(const rc_layer *base, char *out, size_t n)
{
    const rc_recur *l = (const rc_recur *)base;
    rc_cell_formula(base->cell, &l->opt, out, n);
    size_t at = strlen(out);
    snprintf(out + at, n - at, "%s%s", l->proj ? "\nm = h Wr, h0 is the m before  (L13)" : "", l->skip ? "\ny = x + h" : "");
}

static int options(rc_recur *l, rc_build *b)
{
    const rc_cell *c = l->l.cell;
    const struct { bool on; int flag; const char *key; } row[] = {
        { l->peephole, RC_CELL_PEEPHOLE, "peephole" }, { l->coupled, RC_CELL_COUPLED, "coupled" },
        { l->norm, RC_CELL_NORM, "norm" },
        { l->onebias, RC_CELL_ONE_BIAS, "onebias" }, { l->flip, RC_CELL_FLIP, "flip" },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        if (row[i].on && !(c->options & row[i].flag))
            return rc_layer_fail(b, &l->l, "has no option %s", row[i].key);
        l->opt.flags |= row[i].on ? row[i].flag : 0;
    }
    if (l->span > 0 && (!(c->options & RC_CELL_SPAN) || l->norm))
        return rc_layer_fail(b, &l->l, "has no option span%s", rc_speak(b->r, l->norm ? " beside norm" : ""));
    if (l->span > 0 && l->span < 3)
        return rc_layer_fail(b, &l->l, "span takes steps from 3, as many as the sequences have");
    l->opt.span = l->span;
    int acts = 0;
    for (; acts < 3 && c->act[acts]; acts++)
        if (rc_act_parse(c->act[acts], &l->opt.act[acts]))
            return rc_layer_fail(b, &l->l, "unknown activation %s", c->act[acts]);
    if ((l->gact.kind && acts < 2) || (l->oact.kind && acts < 3))
        return rc_layer_fail(b, &l->l, "has no option %s", l->oact.kind ? "oact" : "gact");
    if (l->act.kind)
        for (int i = acts > 1; i < acts; i++)
            l->opt.act[i] = l->act;
    if (l->gact.kind)
        l->opt.act[0] = l->gact;
    if (l->oact.kind)
        l->opt.act[2] = l->oact;
    return 0;
}

static int check(rc_recur *l, rc_build *b)
{
    const rc_cell *c = l->l.cell;
    const rc_layer *base = &l->l;
    if (!l->size)
        return rc_layer_fail(b, base, "needs a size, as in `%s 128`", c->name);
    if (base->per_seq_in)
        return rc_layer_fail(b, base, "cannot stand behind pooling: there are no steps left");
    if (l->bi[0] && l->reverse)
        return rc_layer_fail(b, base, "bi and reverse exclude each other");
    if (!c->R && (l->rdrop > 0 || l->wdrop > 0))
        return rc_layer_fail(b, base, "has no recurrent weights: rdrop and wdrop mean nothing here");
    if (l->proj && (!c->R || c->options & RC_CELL_FLIP))
        return rc_layer_fail(b, base, "cannot be projected: it uses its own output unit by unit");
    if (l->proj && (l->zoneout > 0 || l->zoneoutc > 0))
        return rc_layer_fail(b, base, "proj and zoneout exclude each other");
    if (l->zoneoutc > 0 && c->S < 2)
        return rc_layer_fail(b, base, "has no second state for zoneoutc");
    if (l->skip && base->in != base->out)
        return rc_layer_fail(b, base, "skip needs outputs as wide as the input: %d, not %d", base->in, base->out);
    return 0;
}

/* Declares a weight of direction d; its place, or an error. */
static int declare(rc_recur *l, rc_build *b, int d, const char *what, rc_weight w)
{
    char name[16];
    snprintf(name, sizeof name, "%s%s", d ? "r." : "", what);
    w.what = name;
    return rc_weight_add(b, &l->l, &w);
}

/* The side chain's layer whose weights l takes. */
static int lender(const rc_recur *l, const rc_build *b, const rc_recur **out)
{
    int i = b->side ? b->first - 1 : -1;
    while (i >= 0 && b->before[i]->cell != l->l.cell)
        i--;
    const rc_recur *from = *out = i < 0 ? NULL : (const rc_recur *)b->before[i];
    if (!from)
        return rc_layer_fail(b, &l->l, "share takes the weights of a layer of its kind before '>>', and there is none");
    if (from->l.in != l->l.in || from->size != l->size || from->W != l->W || from->D < l->D)
        return rc_layer_fail(b, &l->l, "share needs the shape of layer %d: %d to %d, not %d to %d", i + 1, from->l.in,
                             from->W, l->l.in, l->W);
    if (from->opt.flags != l->opt.flags)
        return rc_layer_fail(b, &l->l, "share needs the options of layer %d: peephole, coupled, norm, onebias, flip", i + 1);
    return 0;
}

static int weights(rc_recur *l, rc_build *b, int d)
{
    const rc_recur *from = NULL;
    int err = l->share ? lender(l, b, &from) : 0;
    if (err)
        return err;
    const rc_cell *c = l->l.cell;
    int G = c->G, R = c->R, H = l->size, I = l->l.in, W = l->W;
    bool made = l->bridge[0] && !l->copy;
    enum { CORE = 6 };                                         /* the first rows: what `share` takes */
    const struct { bool on; const char *what; int *place; rc_weight w; } row[] = {
        { true, "wx", &l->at[d].wx, { .rank = 2, .dim = { G * H, I }, .start = RC_OWN, .decay = true } },
        { R > 0, "wh", &l->at[d].wh, { .rank = 2, .dim = { R * H, W }, .start = W == H ? RC_ORTHOGONAL : RC_GLOROT,
                                       .decay = true } },
        { l->biases & 1, "b", &l->at[d].b, { .rank = 1, .dim = { G * H }, .start = RC_OWN } },
        { l->biases & 2, "bh", &l->at[d].bh, { .rank = 1, .dim = { R * H }, .start = RC_OWN } },
        { l->P > 0, "p", &l->at[d].p, { .rank = 2, .dim = { l->P, H }, .start = RC_OWN, .exact = true } },
        { l->proj > 0, "wr", &l->at[d].wr, { .rank = 2, .dim = { W, H }, .start = RC_GLOROT, .decay = true } },
        { l->learn, "h0", &l->at[d].s0[0], { .rank = 1, .dim = { W }, .start = RC_ZERO } },
        { l->learn && c->S > 1, "c0", &l->at[d].s0[1], { .rank = 1, .dim = { H }, .start = RC_ZERO } },
        { made, "bridge.h", &l->at[d].bridge[0][0], { .rank = 2, .dim = { W, l->S }, .start = RC_GLOROT, .decay = true } },
        { made, "bridge.hb", &l->at[d].bridge[0][1], { .rank = 1, .dim = { W }, .start = RC_ZERO } },
        { made && c->S > 1, "bridge.c", &l->at[d].bridge[1][0], { .rank = 2, .dim = { H, l->S }, .start = RC_GLOROT,
                                                                  .decay = true } },
        { made && c->S > 1, "bridge.cb", &l->at[d].bridge[1][1], { .rank = 1, .dim = { H }, .start = RC_ZERO } },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        if (row[i].on && from && i < CORE) {
            const int *theirs = (const int *)((const char *)from + ((const char *)row[i].place - (const char *)l));
            *row[i].place = l->l.nparam;
            l->l.param[l->l.nparam++] = from->l.param[*theirs];
            continue;
        }
        int e = row[i].on ? declare(l, b, d, row[i].what, row[i].w) : -1;
        if (row[i].on && e < 0)
            return e;
        *row[i].place = e;
    }
    return 0;
}

static int open(rc_layer *base, rc_build *b)
{
    rc_recur *l = (rc_recur *)base;
    const rc_cell *c = base->cell;
    l->D = l->bi[0] ? 2 : 1;
    base->feed = l->feed;
    base->in += l->feed;
    l->sum = !strcmp(l->bi, "sum");
    l->W = l->proj ? l->proj : l->size;
    base->out = l->sum ? l->W : l->D * l->W;
    int e = options(l, b);
    if (e || (e = check(l, b)))
        return e;
    l->learn = !strcmp(l->init, "learn");
    l->apart = c->apart ? c->apart(&l->opt) : 0;
    l->rowwise = c->rowwise && c->rowwise(&l->opt);
    l->biases = c->biases ? c->biases(&l->opt) : 1;
    l->P = c->P ? c->P(&l->opt) : 0;
    l->R1 = c->split ? c->split : c->R - l->apart;
    l->plain = !l->sum && !l->skip;
    l->zone = l->zoneout > 0 || l->zoneoutc > 0;
    base->ahead = l->reverse || l->D == 2;
    base->needs_y = true;
    l->side_out = b->side ? b->side->out : 0;
    if (l->bridge[0] && (e = rc_bridge_open(l, b)))
        return e;
    for (int d = 0; d < l->D; d++)
        if ((e = weights(l, b, d)))
            return e;
    return 0;
}

/* Glorot & Bengio's uniform range for each gate's block on its own: the fan-out of a gate is H, not G*H. */
static void init(const rc_layer *base, const rc_params *ps, const rc_facts *f, uint64_t seed, real *w)
{
    const rc_recur *l = (const rc_recur *)base;
    (void)f;
    for (int d = 0; d < l->D && !l->share; d++) {
        const rc_param *px = &ps->p[base->param[l->at[d].wx]];
        double range = sqrt(6.0 / (base->in + l->size));
        uint64_t key = rc_key(seed, RC_INIT, (uint64_t)base->index, 100 + (uint64_t)d);
        for (size_t i = 0; i < px->n; i++)
            w[px->at + i] = (real)(range * (2 * rc_uniform(key, i) - 1));
        real *own[3] = { NULL, NULL, NULL };
        const int place[3] = { l->at[d].b, l->at[d].bh, l->at[d].p };
        for (int i = 0; i < 3; i++)
            if (place[i] >= 0) {
                const rc_param *p = &ps->p[base->param[place[i]]];
                own[i] = w + p->at;
                memset(own[i], 0, p->n * sizeof *w);
            }
        if (base->cell->init)
            base->cell->init(&l->opt, l->size, own[0], own[1], own[2]);
    }
}

static int padded(int n) { return n % 256 ? n : n + 16; }      /* rows a power of two apart share few cache sets */

/* Scratch of backward: its slices, then the hungriest of its products. */
static size_t back_scratch(const rc_recur *l, rc_recur_act *a, const rc_plan *p)
{
    const rc_cell *c = l->l.cell;
    int N = a->a.in.N, H = l->size;
    rc_arena m = { 0 };
    const size_t product[] = { rc_matmul_scratch(p->r, c->G * H, l->l.in, N), rc_matmul_scratch(p->r, N, l->l.in, c->G * H),
                               c->R ? rc_matmul_scratch(p->r, c->R * H, l->W, N) : 0, rc_matmul_scratch(p->r, l->W, H, N) };
    size_t most = 0;
    for (size_t i = 0; i < sizeof product / sizeof *product; i++)
        most = product[i] > most ? product[i] : most;
    rc_recur_back_place(&(rc_recur_back){ .l = l, .a = a }, &m);
    return m.used + most * sizeof(real);
}

static void bind_packed(const rc_recur *l, rc_recur_act *a, rc_plan *p)
{
    const rc_kern *k = p->r->kern;
    const rc_cell *c = l->l.cell;
    int H = l->size;
    size_t real_size = sizeof(real), G = (size_t)c->G, R = (size_t)c->R;
    a->as = p->as;
    for (int d = 0; d < l->D; d++) {
        a->wxp[d] = rc_plan_take(p, G * rc_panels_as(k, p->as, l->l.in, H), 1);
        if (R)
            a->whp[d] = rc_plan_take(p, R * rc_panels_as(k, p->as, l->W, H), 1);
        if (l->proj)
            a->wrp[d] = rc_plan_take(p, rc_panels_as(k, p->as, H, l->W), 1);
        if (rc_recur_joins(l))
            a->bias[d] = rc_plan_take(p, G * (size_t)H, real_size);
        if (!p->train)
            continue;
        if (l->R1)
            a->back[d] = rc_plan_take(p, rc_panels(k, l->R1 * H, l->W), real_size);
        if (c->R > l->R1)
            a->back2[d] = rc_plan_take(p, rc_panels(k, (c->R - l->R1) * H, l->W), real_size);
        if (l->proj)
            a->rback[d] = rc_plan_take(p, rc_panels(k, l->W, H), real_size);
        if (l->wdrop > 0)
            a->whd[d] = rc_plan_take(p, R * (size_t)H * (size_t)l->W, real_size);
    }
}

static void bind_training(const rc_recur *l, rc_recur_act *a, rc_plan *p)
{
    size_t N = (size_t)a->a.in.N, B = (size_t)a->a.in.B, ss = (size_t)a->ss, hs = (size_t)a->hs, size = sizeof(real);
    for (int d = 0; d < l->D; d++) {
        if (l->l.cell->R)
            a->hp[d] = rc_plan_take(p, N * (size_t)a->ws, size);
        if (l->rdrop > 0)
            a->mask[d] = rc_plan_take(p, B * (size_t)l->W, size);
        if (l->l.cell->split)
            a->dq[d] = rc_plan_take(p, B * (size_t)l->size, size);
    }
    for (int k = 0; k < l->l.cell->S; k++) {
        a->ds[k] = rc_plan_take(p, B * ss, size);
        a->keep[k] = l->zone ? rc_plan_take(p, B * ss, size) : NULL;
        a->zmask[k] = l->zone ? rc_plan_take(p, B * ss, size) : NULL;
        a->zkey[k] = l->zone ? rc_plan_take(p, B * (size_t)l->D, sizeof(uint64_t)) : NULL;
    }
    a->dh = l->proj ? rc_plan_take(p, B * hs, size) : NULL;
    a->last = l->lends ? rc_plan_take(p, B * ss, size) : NULL;
    a->tmp = l->rdrop > 0 ? rc_plan_take(p, B * hs, size) : NULL;
    rc_plan_scratch(p, back_scratch(l, a, p));
}

static void bind(const rc_layer *base, rc_act *act, rc_plan *p)
{
    const rc_recur *l = (const rc_recur *)base;
    rc_recur_act *a = (rc_recur_act *)act;
    const rc_cell *c = base->cell;
    int H = l->size, N = act->in.N, B = act->in.B, S = c->S;
    size_t size = sizeof(real);
    a->gs = padded(c->G * H);
    a->us = padded(l->apart * H);
    a->ws = padded(l->W);
    a->hs = l->D * l->W;
    a->ss = l->D * H;
    a->span = 256;
    size_t most = (size_t)(N < a->span + B ? N : a->span + B), rows = p->train ? (size_t)N : most, n = (size_t)N;
    for (int d = 0; d < l->D; d++) {
        a->g[d] = rc_plan_take(p, rows * (size_t)a->gs, size);
        if (l->apart)
            a->u[d] = rc_plan_take(p, (p->train ? n : (size_t)B) * (size_t)a->us, size);
        if (c->split)
            a->q[d] = rc_plan_take(p, (p->train ? n : (size_t)B) * (size_t)H, size);
    }
    a->h = l->plain ? NULL : rc_plan_take(p, n * (size_t)a->hs, size);
    for (int k = 0; k < S; k++) {
        bool own = k || l->proj;                               /* otherwise the state is h */
        a->fin[k] = own ? rc_plan_take(p, n * (size_t)a->ss, size) : NULL;
        a->st[k] = l->zone ? rc_plan_take(p, n * (size_t)a->ss, size) : a->fin[k];
        a->init[k] = rc_plan_take(p, (size_t)B * (size_t)a->ss, size);
    }
    a->hinit = l->proj ? rc_plan_take(p, (size_t)B * (size_t)a->hs, size) : a->init[0];
    bind_packed(l, a, p);
    if (l->bridge[0])
        rc_bridge_bind(l, a, p);
    if (p->train)
        bind_training(l, a, p);
}

static size_t state(const rc_layer *base)
{
    const rc_recur *l = (const rc_recur *)base;
    return base->ahead ? 0 : (size_t)l->W + (size_t)(base->cell->S - 1) * (size_t)l->size;
}

static void start(const rc_layer *base, const rc_params *ps, const real *w, real *to)
{
    const rc_recur *l = (const rc_recur *)base;
    if (!l->learn || base->ahead)
        return;
    for (int k = 0; k < base->cell->S; k++) {
        const rc_param *p = &ps->p[base->param[l->at[0].s0[k]]];
        memcpy(to + (k ? l->W : 0), w + p->at, p->n * sizeof *to);
    }
}

const rc_layer_kind rc_layer_recur = {
    .name = "recur", .size = sizeof(rc_recur), .act_size = sizeof(rc_recur_act),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys,
    .open = open, .init = init, .bind = bind, .forward = rc_recur_forward, .backward = rc_recur_backward,
    .state = state, .start = start, .word = word, .write = write_formula,
};
