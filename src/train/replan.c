/* SPDX-License-Identifier: MIT
 * replan.c - a training within --time that gets slower: fewer steps, and how to repeat it.
 *
 * The first plan comes from the pace of the first seconds.  When the clock says that it will not hold, the number of steps
 * is lowered on the spot; rate and end follow it from there on.  Each change is written down with the step it came at:
 * "4000,3200@1500" - 4000 steps planned, from step 1500 on 3200.  --plan with that line takes no look at the clock and
 * gives the same bits; evaluations follow the first number, so that they stay where they are. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "train/train.h"

enum { STEADY = 8 };                     /* steps in the running mean of the pace, from which it is believed */

static int refuse(const rc_fitting *f)
{
    return rc_fail(f->r, RECUR_EOPTION, "--plan takes steps as a training within --time tells them, such as 4000,3200@1500, not '%s'",
                   f->o.plan);
}

int rc_fit_plan_read(rc_fitting *f)
{
    const char *s = f->o.plan;
    int64_t before = 0;
    f->s.cuts = 0;
    for (bool more = true; more; s++) {
        char *end;
        long long steps = isdigit((unsigned char)*s) ? strtoll(s, &end, 10) : 0, at = 0;
        if (steps < 1)
            return refuse(f);
        s = end;
        if (before > 0) {                /* each but the first says from where on */
            if (*s != '@' || !isdigit((unsigned char)s[1]))
                return refuse(f);
            at = strtoll(s + 1, &end, 10);
            s = end;
            if (f->s.cuts == RC_CUTS || at < 1 || steps < at || steps >= before)
                return refuse(f);
            if (f->s.cuts > 0 && at <= f->s.cut[f->s.cuts - 1].at)
                return refuse(f);
            f->s.cut[f->s.cuts++] = (rc_cut){ at, steps };
        } else {
            f->s.first = steps;
        }
        before = steps;
        if (*s && *s != ',')
            return refuse(f);
        more = *s == ',';
    }
    f->s.steps = f->s.first;
    return RECUR_OK;
}

void rc_fit_plan_text(const rc_loop_state *s, char *out, size_t n)
{
    int at = snprintf(out, n, "%lld", (long long)s->first);
    for (int64_t i = 0; i < s->cuts && at > 0 && (size_t)at < n; i++)
        at += snprintf(out + at, n - (size_t)at, ",%lld@%lld", (long long)s->cut[i].steps, (long long)s->cut[i].at);
}

static void follow(rc_fitting *f)        /* --plan */
{
    for (int64_t i = 0; i < f->s.cuts; i++)
        if (f->s.cut[i].at == f->s.step)
            f->s.steps = f->s.cut[i].steps;
}

/* Steps that still end in time: as many as the clock allows at the pace of now, evaluations and the last one counted. */
static int64_t affordable(const rc_fitting *f, double left)
{
    double every = (double)(f->every > 0 ? f->every : f->course.epoch_steps);
    double one = f->pace_seconds / f->pace_steps + f->score_seconds / every;
    double steps = (left - f->score_seconds) / one;
    return f->s.step + (steps > 0 ? (int64_t)steps : 0);
}

void rc_fit_replan(rc_fitting *f)
{
    rc_loop_state *s = &f->s;
    const double time = f->o.time, used = rc_now() - f->began;
    char plan[RC_PLAN];
    if (f->o.plan)
        follow(f);
    f->course.steps = s->steps;
    /* The last place is kept for the end of the time; before, a plan is worth changing by a fiftieth. */
    if (!f->timed || s->step >= s->steps || f->pace_steps <= 0 || s->cuts == RC_CUTS)
        return;
    if (used < time && (f->pace_steps < STEADY || s->step % (s->first / 100 + 1) != 0 || s->cuts == RC_CUTS - 1))
        return;
    int64_t can = affordable(f, time - used), worth = (s->steps - s->step) / 50;
    if (can + worth >= s->steps)
        return;
    can = affordable(f, 0.99 * time - used);
    s->cut[s->cuts++] = (rc_cut){ s->step, can };
    s->steps = f->course.steps = can;
    rc_fit_plan_text(s, plan, sizeof plan);
    rc_fit_say(f, "steps %lld: the machine got slower than at the start; repeat exactly with --plan %s", (long long)can, plan);
}
