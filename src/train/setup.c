/* SPDX-License-Identifier: MIT
 * setup.c - a training made ready: options that the task left automatic, the largest batch, and all memory.  A wrong option
 * or too little memory is refused here, before the first step. */
#include <math.h>
#include <stdio.h>

#include "data/pick.h"
#include "train/train.h"

enum { STREAMS = 16, LOOK_T = 16 };      /* an evaluation of a running text: at least so many streams, steps */

static int settle(rc_fitting *f)
{
    recur_train_options *o = &f->o;
    rc_pick_text(&o->optimizer, "adamw");
    rc_pick_text(&o->schedule, "cosine");
    const rc_optim_kind *kind = rc_optim_find(o->optimizer);
    rc_pick_int(&o->seed, 1);
    rc_pick_int(&o->batch, 32);
    rc_pick_int(&o->bptt, 64);
    rc_pick_int(&o->accumulate, 1);
    rc_pick_int(&o->steps, 0);
    rc_pick_int(&o->epochs, 10);
    rc_pick_int(&o->lr_after, 1);
    rc_pick_int(&o->patience, 0);
    rc_pick_int(&o->eval_every, 0);
    rc_pick_real(&o->time, 0);
    rc_pick_real(&o->lr, kind ? kind->lr : 0);
    rc_pick_real(&o->lr_epochs, 0);
    rc_pick_real(&o->momentum, 0);
    rc_pick_real(&o->beta1, 0.9);
    rc_pick_real(&o->beta2, 0.999);
    rc_pick_real(&o->eps, 1e-8);
    rc_pick_real(&o->decay, kind && kind->decoupled ? 0.01 : 0);
    rc_pick_real(&o->clip, 1);
    rc_pick_real(&o->clip_value, 0);
    rc_pick_real(&o->warmup, 0);
    rc_pick_real(&o->floor, 0);
    rc_pick_real(&o->lr_factor, 0.5);
    rc_pick_real(&o->save_every, 600);
    if (o->batch < 1 || o->bptt < 1 || o->accumulate < 1)
        return rc_fail(f->r, RECUR_EOPTION, "--batch, --bptt and --accumulate take numbers from 1");
    if (o->sampled > 0 && !f->m->task->guess)
        return rc_fail(f->r, RECUR_EOPTION, "--sampled: task %s has no decoder that reads its own guesses", f->m->task->name);
    if (!(f->sched = rc_sched_find(o->schedule))) {
        rc_names names = { "" };
        for (int i = 0; rc_sched_at(i); i++)
            rc_name_add(&names, rc_sched_at(i)->name);
        return rc_fail(f->r, RECUR_EOPTION, "no schedule '%s'; there are %s", o->schedule, names.s);
    }
    return RECUR_OK;
}

static int most(int a, int b)
{
    return a > b ? a : b;
}

/* The largest batch of both parts: one run trains and evaluates. */
static recur_dims largest(const rc_fitting *f)
{
    const recur_train_options *o = &f->o;
    recur_dims d, h = { 0 };
    rc_data_dims(f->d, (int)o->batch, (int)o->bptt, &d);
    if (f->held)
        rc_data_dims(f->held, (int)o->batch, (int)o->bptt, &h);
    if (f->held && f->held->stream && h.B < STREAMS && f->held->rows >= STREAMS * LOOK_T) {
        h.B = STREAMS;
        h.N = most(h.N, STREAMS * LOOK_T);
    }
    d.B = most(d.B, h.B);
    d.T = most(d.T, h.T);
    d.N = most(d.N, h.N);
    d.side.B = most(d.side.B, h.side.B);
    d.side.T = most(d.side.T, h.side.T);
    d.side.N = most(d.side.N, h.side.N);
    d.train = 1;
    d.scores = o->sampled > 0;
    return d;
}

static int make_run(rc_fitting *f)
{
    f->d->batch_units = f->o.batch_units;
    const recur_dims d = largest(f);
    int e = rc_run_new(f->r, &f->u, f->m->net, f->m->w, &d);
    if (e < 0)
        return e;
    f->u->seed = (uint64_t)f->o.seed;
    f->ncarry = (size_t)d.B * f->m->net->state_size;
    return rc_optim_new(f->r, &f->opt, f->o.optimizer, f->n, f->o.average);
}

/* Room for weights that are put aside, and what a checkpoint says and is called. */
static int make_room(rc_fitting *f)
{
    const recur_train_options *o = &f->o;
    if (!(f->best = rc_new(f->r, f->n, sizeof(real))))
        return RECUR_ENOMEM;
    if ((f->opt->kind->average || o->average > 0) && !(f->keep = rc_new(f->r, f->n, sizeof(real))))
        return RECUR_ENOMEM;
    memcpy(f->best, f->m->w, f->n * sizeof(real));
    if (!(f->agree = rc_options_agree(o, f->m, f->d, f->held)))
        return rc_fail(f->r, RECUR_ENOMEM, "training: out of memory");
    if (!o->out)
        return RECUR_OK;
    size_t n = strlen(o->out) + sizeof ".ckpt";
    if (!(f->dir = rc_new(f->r, n, 1)))
        return RECUR_ENOMEM;
    snprintf(f->dir, n, "%s.ckpt", o->out);
    return RECUR_OK;
}

/* What the task does before the first step.  It may warn, which is told here; a warning of reading was told already and
 * is the caller's to ask for afterwards. */
static int prepare(rc_fitting *f)
{
    char before[sizeof f->r->warning];
    if (!f->m->task->prepare)
        return RECUR_OK;
    memcpy(before, f->r->warning, sizeof before);
    f->r->warning[0] = 0;
    int e = f->m->task->prepare(f->m, f->d, &f->o);
    if (e >= 0 && f->r->warning[0])
        return rc_fit_tell(f, RECUR_WARNED, f->r->warning, false);
    memcpy(f->r->warning, before, sizeof before);
    return e;
}

int rc_fit_open(rc_fitting *f)
{
    const double none = (double)NAN;
    int e = settle(f);
    if (e < 0)
        return e;
    f->n = f->m->net->params.total;
    f->began = f->saved = rc_now();
    f->s = (rc_loop_state){ .best = none, .held = none, .plateau = 1, .oldest = none, .recent0 = none, .recent1 = none,
                            .recent2 = none, .recent3 = none, .recent4 = none };
    if ((e = make_run(f)) < 0 || (e = make_room(f)) < 0)
        return e;
    return prepare(f);
}

void rc_fit_close(rc_fitting *f)
{
    if (f->held)
        f->held->look = 0;
    rc_run_free(f->u);
    rc_optim_free(f->opt);
    rc_free(f->r, f->best);
    rc_free(f->r, f->keep);
    rc_free(f->r, f->dir);
    json_decref(f->agree);
}
