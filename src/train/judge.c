/* SPDX-License-Identifier: MIT
 * judge.c - an evaluation between steps: the best weights are kept, `plateau` lowers the rate, averaged SGD begins to
 * average.  Without a held-out part the weights of now are the best ones. */
#include <math.h>

#include "train/train.h"

/* Of equal figures the one with the lower loss is better: on a small held-out part the figure soon stands still (all
 * right, say) while the net is still learning. */
static bool is_better(const rc_fitting *f, double metric, double loss)
{
    if (isnan(metric) || isnan(f->s.best))
        return !isnan(metric);
    if (!(metric > f->s.best) && !(metric < f->s.best))
        return loss < f->s.best_loss;
    return f->m->task->rising ? metric > f->s.best : metric < f->s.best;
}

/* Non-monotone trigger (Merity et al. 2017, arXiv 1708.02182, algorithm 1): averaging begins when the held-out loss is
 * worse than the lowest of those at least RC_NT evaluations back.  (Half of the steps is the latest: rc_fit_step.) */
static void watch_loss(rc_fitting *f, double loss)
{
    rc_loop_state *s = &f->s;
    if (f->opt->kind->average && !f->opt->averaging && s->scored > RC_NT && loss > s->oldest) {
        f->opt->averaging = true;
        s->since_best = 0;
    }
    if (s->scored >= RC_NT && !(s->oldest <= s->recent4))
        s->oldest = s->recent4;
    s->recent4 = s->recent3;
    s->recent3 = s->recent2;
    s->recent2 = s->recent1;
    s->recent1 = s->recent0;
    s->recent0 = loss;
    s->scored++;
}

static void keep_best(rc_fitting *f)
{
    memcpy(f->best, f->m->w, f->n * sizeof(real));
    f->s.best_step = f->s.step;
}

static int judge(rc_fitting *f, double *loss, bool *better)
{
    double metric = (double)NAN, start = rc_now();
    int e = f->m->task->score(f->m, f->held, f->u, loss, &metric);
    if (e < 0)
        return e;
    f->score_seconds = rc_now() - start;
    if (!isfinite(*loss))
        return rc_fail(f->r, RECUR_EDIVERGE, "the loss on the held-out part is not finite; a lower --lr or --clip may help");
    f->s.held = metric;
    *better = is_better(f, metric, *loss);
    if (*better) {
        f->s.best = metric;
        f->s.best_loss = *loss;
        keep_best(f);
        f->s.since_best = f->s.waited = 0;
        return RECUR_OK;
    }
    f->s.since_best++;
    if (++f->s.waited >= (f->o.lr_after > 1 ? f->o.lr_after : 1)) {
        f->s.plateau *= f->o.lr_factor;
        f->s.waited = 0;
    }
    return RECUR_OK;
}

int rc_fit_judge(rc_fitting *f)
{
    const bool average = rc_optim_averages(f->opt);
    double loss = 0;
    bool better = true;
    int e = RECUR_OK;
    if (average) {
        memcpy(f->keep, f->m->w, f->n * sizeof(real));
        rc_optim_average(f->opt, f->m->w);
    }
    if (f->held)
        e = judge(f, &loss, &better);
    else
        keep_best(f);
    if (average)
        memcpy(f->m->w, f->keep, f->n * sizeof(real));
    if (e < 0 || !f->held)
        return e;
    watch_loss(f, loss);
    return rc_fit_tell(f, RECUR_EVALUATED, NULL, better);
}
