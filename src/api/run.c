/* SPDX-License-Identifier: MIT
 * run.c - one planned block of memory that computes: forward, loss, backward, update, state, step.
 * Nothing here allocates but recur_run_new. */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#include "api/api.h"

/* In the double build these are doubles; its tests know. */
static const float *numbers(const real *x)
{
    return (const void *)x;
}

/* Whose moments a training run has room for, since an update allocates nothing; NULL: there is no such optimizer. */
static const rc_optim_kind *optimizer_of(const recur_dims *d)
{
    const rc_optim_kind *best = rc_optims[0];
    if (d->optimizer)
        return rc_optim_find(d->optimizer);
    for (int i = 1; rc_optims[i]; i++)
        if (rc_optims[i]->moments > best->moments)
            best = rc_optims[i];
    return best;
}

static bool good(const recur_dims *d)
{
    return d && d->B > 0 && d->T > 0 && d->N >= 0 && (int64_t)d->B * d->T <= INT32_MAX && d->N <= d->B * d->T;
}

size_t recur_run_size(const recur_model *m, const recur_dims *d)
{
    if (!m || !good(d))
        return 0;
    const rc_optim_kind *kind = d->train ? optimizer_of(d) : NULL;
    return rc_run_size(m->net, d) + (kind ? (size_t)kind->moments * m->net->params.total * sizeof(real) : 0);
}

int recur_run_new(recur *r, recur_run **out, recur_model *m, const recur_dims *d)
{
    if (!r || !out)
        return RECUR_EOPTION;
    *out = NULL;
    RC_NEED(r, m, RECUR_EOPTION, "recur_run_new: no model is given");
    RC_NEED(r, good(d), RECUR_EOPTION, "recur_run_new: B and T must be at least 1, N at most B*T = %d",
            d ? d->B * d->T : 0);
    RC_NEED(r, !d->train || optimizer_of(d), RECUR_EOPTION, "recur_run_new: no optimizer '%s'", d->optimizer);
    RC_NEED(r, !d->train || m->net->as == RC_F32_WEIGHTS, RECUR_EOPTION,
            "this model's weights are stored as %s, for answers only; train the model it was made from", rc_storage_name[m->net->as]);
    recur_run *u = rc_new(r, 1, sizeof *u);
    if (!u)
        return RECUR_ENOMEM;
    int e;
    u->r = r;
    u->m = m;
    e = rc_run_new(r, &u->u, m->net, m->w, d);
    if (e < 0)
        goto fail;
    if (d->trace && (e = rc_run_trace(u->u)) < 0)
        goto fail;
    if (d->trace && !(u->norms = rc_new(r, (size_t)d->T, sizeof *u->norms))) {
        e = RECUR_ENOMEM;
        goto fail;
    }
    if (d->train && (e = rc_optim_new(r, &u->optim, optimizer_of(d)->name, m->net->params.total, 0)) < 0)
        goto fail;
    *out = u;
    return RECUR_OK;
fail:
    recur_run_free(u);
    return e;
}

void recur_run_free(recur_run *u)
{
    if (!u)
        return;
    rc_optim_free(u->optim);
    rc_free(u->r, u->norms);
    rc_run_free(u->u);
    rc_free(u->r, u);
}

/* The weights of this call, for those that keep them packed.  0 means that nothing is known of them. */
static void weights(recur_run *u)
{
    u->u->weights = 1 + atomic_load_explicit(&u->m->version, memory_order_relaxed);
}

const float *recur_forward(recur_run *u, const recur_batch *b, int head, int *rows, int *width)
{
    int n = 0;
    if (!u || !b)
        return NULL;
    if (head < 0 || head >= u->m->net->branches) {
        rc_fail(u->r, RECUR_EOPTION, "recur_forward: head %d of a net that has %d", head, u->m->net->branches);
        return NULL;
    }
    if (!u->u->scores) {
        rc_fail(u->r, RECUR_EOPTION, "recur_forward: the run was made without `scores` in its recur_dims");
        return NULL;
    }
    weights(u);
    const real *z = rc_run_forward(u->u, b, head, &n);
    if (rows)
        *rows = z ? n : 0;
    if (width)
        *width = u->m->net->branch[head].head->in;
    return numbers(z);
}

int recur_decode(recur_run *u, const recur_batch *b, int head, int32_t *out, int32_t *at)
{
    if (!u)
        return RECUR_EOPTION;
    RC_NEED(u->r, b && out && at, RECUR_EOPTION, "recur_decode: a batch and room for its classes are needed");
    RC_NEED(u->r, head >= 0 && head < u->m->net->branches, RECUR_EOPTION, "recur_decode: head %d of a net that has %d",
            head, u->m->net->branches);
    RC_NEED(u->r, u->u->scores, RECUR_EOPTION, "recur_decode: the run was made without `scores` in its recur_dims");
    weights(u);
    return rc_run_best(u->u, b, head, out, at);
}

double recur_loss(recur_run *u, const recur_batch *b)
{
    if (!u || !b)
        return (double)NAN;
    weights(u);
    return rc_run_loss(u->u, b, !u->u->train, 1, &u->loss) < 0 ? (double)NAN : u->loss.loss;
}

void recur_backward(recur_run *u)
{
    if (u && u->u->train && u->u->pending)
        rc_run_backward(u->u);
}

const float *recur_gradient(const recur_run *u, int param)
{
    const rc_params *ps = &u->m->net->params;
    if (!u->u->train || param < 0 || param >= ps->n || ps->p[param].frozen)
        return NULL;
    return numbers(u->u->g + ps->p[param].at);
}

int recur_gradient_norms(recur_run *u, int i, recur_norms *out)
{
    if (!u || !out)
        return RECUR_EOPTION;
    RC_NEED(u->r, u->norms, RECUR_EOPTION, "recur_gradient_norms: the run was made without `trace` in its recur_dims");
    const rc_net *net = u->m->net;
    for (int k = 0; k < net->layers && i >= 0; k++)
        for (int d = 0; d < 2; d++) {
            int T = rc_run_trace_norms(u->u, k, d, u->norms);
            if (T == 0 || i-- > 0)
                continue;
            out->steps = T;
            out->norm = u->norms;
            snprintf(out->name, sizeof out->name, "%d.%s%s", k + 1, rc_layer_word(net->layer[k]), d ? ".r" : "");
            return RECUR_OK;
        }
    return RECUR_EEND;
}

static double given(double x, double usual)
{
    return x != 0 && !isnan(x) ? x : usual;
}

int recur_update(recur_run *u, const recur_step_options *o, double *norm)
{
    static const recur_step_options plain = { 0 };
    double unused;
    if (!u)
        return RECUR_EOPTION;
    RC_NEED(u->r, u->optim, RECUR_EOPTION, "recur_update: the run was made without `train` in its recur_dims");
    recur_step_options s = o ? *o : plain;
    if (!s.optimizer)
        s.optimizer = "adamw";
    const rc_optim_kind *kind = rc_optim_find(s.optimizer);
    RC_NEED(u->r, kind, RECUR_EOPTION, "recur_update: no optimizer '%s'", s.optimizer);
    RC_NEED(u->r, kind->moments <= u->optim->moments, RECUR_EOPTION,
            "recur_update: %s needs more room than the run was made for; name it in recur_dims.optimizer", s.optimizer);
    if (kind != u->optim->kind)
        rc_optim_clear(u->optim);      /* another one than last time begins with clean moments */
    u->optim->kind = kind;
    s.lr = given(s.lr, kind->lr);
    s.beta1 = given(s.beta1, 0.9);
    s.beta2 = given(s.beta2, 0.999);
    s.eps = given(s.eps, 1e-8);
    int e = rc_optim_step(u->optim, u->u, &s, norm ? norm : &unused);
    rc_run_clear(u->u);
    rc_model_wrote(u->m);
    u->u->step++;
    return e < 0 ? e : RECUR_OK;
}

/* --- state --- */

size_t recur_state_size(const recur_model *m)
{
    return m->net->state_size;
}

void recur_state_reset(recur_run *u, int b)
{
    if (u && b < u->u->B)
        rc_run_state_reset(u->u, b);
}

void recur_state_get(const recur_run *u, int b, float *state)
{
    size_t n = u->m->net->state_size;
    const real *s = u->u->state + (size_t)b * n;
    if (b < 0 || b >= u->u->B)
        return;
    for (size_t i = 0; i < n; i++)
        state[i] = (float)s[i];
}

void recur_state_set(recur_run *u, int b, const float *state)
{
    size_t n = u->m->net->state_size;
    real *s = u->u->state + (size_t)b * n;
    if (b < 0 || b >= u->u->B)
        return;
    if (!state)
        memset(s, 0, n * sizeof *s);
    else
        for (size_t i = 0; i < n; i++)
            s[i] = state[i];
}

const float *recur_step(recur_run *u, float *state, int32_t id, const float *x)
{
    const rc_net *net = u->m->net;
    const rc_facts *f = &net->facts;
    const char *why = net->side > 0 ? "it reads a second sequence (before >>), which recur_forward takes in the batch's `side`"
                    : f->columns > 1 ? "it reads pairs of units" : !net->streams ? "a layer of it looks ahead" : NULL;
    if (why) {
        rc_fail(u->r, RECUR_ESHAPE, "recur_step: this net cannot go one step at a time: %s", why);
        return NULL;
    }
    recur_batch b = { .T = 1, .B = 1, .N = 1, .C = x ? 0 : 1, .F = x ? f->features : 0, .ids = x ? NULL : &id,
                      .x = x };
    recur_state_set(u, 0, state);
    const float *z = recur_forward(u, &b, 0, NULL, NULL);
    if (z)
        recur_state_get(u, 0, state);
    return z;
}
