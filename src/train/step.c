/* SPDX-License-Identifier: MIT
 * step.c - one update: batches -> loss -> gradient, `accumulate` times, then the optimizer; an epoch begun where data end.
 *
 * What a step does depends on rc_loop_state, weights, moments and carried state alone, never on the clock: so a training
 * that is cut off and resumed, or repeated with the same number of steps, gives the same bits. */
#include <math.h>
#include <stdio.h>

#include "train/train.h"

/* Where a number that is not finite first appeared: for the message alone. */
static const char *culprit(const rc_fitting *f, char *out, size_t n)
{
    const rc_net *net = f->m->net;
    for (int i = 0; i < net->layers; i++) {
        const rc_act *a = f->u->act[i];
        const rc_layer *l = net->layer[i];
        size_t count = (size_t)a->rows.N * (size_t)l->out;
        for (size_t k = 0; a->y && k < count; k++) {
            if (isfinite(a->y[k]))
                continue;
            snprintf(out, n, rc_speak(f->r, "layer %d (%s) gave it first"), l->index + 1, rc_layer_word(l));
            return out;
        }
    }
    snprintf(out, n, "%s", rc_speak(f->r, "the head gave it first"));
    return out;
}

int rc_fit_epoch(rc_fitting *f)
{
    const uint64_t seed = (uint64_t)f->o.seed + 1;               /* 0 would be: in order */
    recur_data_start(f->d, (int)f->o.batch, (int)f->o.bptt, seed, (int)f->s.epoch);
    f->batches = rc_data_batches(f->d);
    if (f->batches <= 0 && f->d->cut.error < 0)
        return f->d->cut.error;
    if (f->batches <= 0)
        return rc_fail(f->r, RECUR_EDATA, "the training data do not fill a batch; a smaller --batch or --bptt may do");
    rc_data_seek(f->d, (int)f->s.at);
    f->started = true;
    return RECUR_OK;
}

/* Now and then a stream of a running text begins again from the start state, in the middle of the text.  Without it
 * the net meets that state once an epoch and never learns to live with it, though generation and evaluation start there. */
static void forget(rc_fitting *f, int B)
{
    const double share = 0.02;
    const uint64_t key = rc_key((uint64_t)f->o.seed, RC_OTHER, (uint64_t)f->s.micro, 0);
    for (int b = 0; b < B; b++)
        if (rc_uniform(key, (uint64_t)b) < share)
            rc_run_state_reset(f->u, b);
}

/* Scheduled sampling (Bengio et al. 2015), its share rising with the steps: what a decoder reads becomes in part what it
 * would have said itself. */
static int guess(rc_fitting *f, const recur_batch *b)
{
    const double share = f->o.sampled * (double)f->s.step / (double)(f->s.steps > 0 ? f->s.steps : 1);
    if (!(share > 0))
        return RECUR_OK;
    return f->m->task->guess(f->m, f->d, f->u, b, share, rc_key((uint64_t)f->o.seed, RC_SAMPLE, (uint64_t)f->s.micro, 0));
}

/* Gradients of the step's batches, added; the mean loss of them. */
static int gather(rc_fitting *f, double *loss)
{
    int64_t rest = f->batches - f->s.at, group = f->o.accumulate < rest ? f->o.accumulate : rest;
    char where[64];
    *loss = 0;
    f->rows = 0;
    for (int64_t i = 0; i < group; i++) {
        recur_batch b;
        rc_loss l;
        int e = recur_data_next(f->d, &b);
        if (e < 0)
            return e == RECUR_EEND ? rc_fail(f->r, RECUR_EDATA, "the data ended before their last batch") : e;
        if (f->d->stream && !b.fresh)
            forget(f, b.B);
        if ((e = guess(f, &b)) < 0)
            return e;
        f->u->step = (uint64_t)f->s.micro++;
        if ((e = rc_run_loss(f->u, &b, false, 1.0 / (double)group, &l)) < 0)
            return e;
        if (!isfinite(l.loss))
            return rc_fail(f->r, RECUR_EDIVERGE, "the loss is not finite; %s; a lower --lr or --clip may help",
                           culprit(f, where, sizeof where));
        rc_run_backward(f->u);
        *loss += l.loss / (double)group;
        f->rows += b.N;
        f->s.at++;
    }
    return RECUR_OK;
}

int rc_fit_step(rc_fitting *f)
{
    rc_loop_state *s = &f->s;
    const recur_train_options *o = &f->o;
    double loss;
    int e;
    if (!f->started && (e = rc_fit_epoch(f)) < 0)
        return e;
    if ((e = gather(f, &loss)) < 0)
        return e;
    f->course.plateau = s->plateau;
    f->lr = f->sched->rate(&f->course, s->step);
    if (f->opt->kind->average && 2 * s->step >= s->steps)
        f->opt->averaging = true;
    const recur_step_options how = {
        .optimizer = o->optimizer, .lr = f->lr, .momentum = o->momentum, .beta1 = o->beta1, .beta2 = o->beta2,
        .eps = o->eps, .decay = o->decay, .clip = o->clip, .clip_value = o->clip_value,
    };
    if ((e = rc_optim_step(f->opt, f->u, &how, &f->norm)) < 0)
        return e;
    rc_run_clear(f->u);
    s->step++;
    s->loss_sum = RC_MEMORY * s->loss_sum + loss;
    s->loss_n = RC_MEMORY * s->loss_n + 1;
    if (s->at >= f->batches) {
        s->epoch++;
        s->at = 0;
        f->started = false;
    }
    return RECUR_OK;
}
