/* SPDX-License-Identifier: MIT
 * pace.c - how many steps a training takes, and when it looks at the held-out part.
 *
 * With --time the speed is measured by a few steps and one evaluation, whose traces are then wiped out: weights, moments,
 * carried state and counters are put back.  The training proper depends on the number of steps alone, so --steps with
 * the number printed gives the same bits.  What happens when the machine gets slower stands in replan.c. */
#include <math.h>

#include "train/train.h"

enum { UNTIMED = 2, TIMED = 10 };        /* first steps touch memory for the first time: not timed */
enum { LOOKS = 20, FEW_LOOKS = 4, MOST_EPOCHS = 40, LOOK_MOST = 200000, LOOK_LEAST = 4096 };

static int64_t epoch_steps(const rc_fitting *f)
{
    return (f->batches + f->o.accumulate - 1) / f->o.accumulate;
}

static int timed_steps(rc_fitting *f, double limit, double *row_seconds)
{
    double began = rc_now(), start = began;
    int64_t rows = 0;
    for (int i = 0; i < UNTIMED + TIMED || rc_now() - began < limit; i++) {
        int e = rc_fit_step(f);
        if (e < 0)
            return e;
        rc_fit_tell(f, RECUR_PACED, NULL, false);
        if (f->stop)
            return RECUR_ESTOP;
        if (i < UNTIMED)
            start = rc_now();
        else
            rows += f->rows;
        if (i >= UNTIMED && rc_now() - began > 0.25 * f->o.time)
            break;      /* slow steps: three quarters must remain */
    }
    *row_seconds = (rc_now() - start) / (double)(rows > 0 ? rows : 1);
    return RECUR_OK;
}

/* Seconds a unit takes in training, seconds of one evaluation; of a running text: for each unit of it. */
static int measure(rc_fitting *f, double *row_seconds, double *score_seconds)
{
    const rc_loop_state s = f->s;
    double limit = 0.03 * f->o.time, loss, metric, units = 1;
    int e;
    f->s.steps = INT64_MAX / 2;
    f->course.steps = f->s.steps;
    memcpy(f->best, f->m->w, f->n * sizeof(real));
    if ((e = timed_steps(f, limit < 8 ? limit : 8, row_seconds)) < 0)
        goto done;
    if (f->held && f->held->stream) {
        f->held->look = LOOK_LEAST;
        units = fmin((double)f->held->rows, LOOK_LEAST);
    }
    double start = rc_now();
    if (f->held && (e = f->m->task->score(f->m, f->held, f->u, &loss, &metric)) < 0)
        goto done;
    *score_seconds = (rc_now() - start) / units;
done:
    memcpy(f->m->w, f->best, f->n * sizeof(real));
    rc_optim_clear(f->opt);
    rc_run_clear(f->u);
    rc_run_state_reset(f->u, -1);
    f->s = s;
    f->started = false;
    return e;
}

static double epoch_units(const rc_fitting *f)
{
    return f->d->stream ? (double)f->batches * (double)f->d->cut.B * (double)f->d->cut.T : (double)f->d->rows;
}

/* Held-out units that all evaluations of a training may score together: a unit costs about three times more in
 * training, so they take a twentieth of its time. */
static double affordable(const rc_fitting *f, int64_t steps)
{
    return 0.15 * (double)steps * epoch_units(f) / (double)epoch_steps(f);
}

/* Units of a held-out running text that one evaluation scores; a matter of the number of steps, not of the clock.
 * All, where that is no more than LOOK_MOST and FEW_LOOKS can be afforded. */
static int64_t look(const rc_fitting *f, int64_t steps)
{
    if (!f->held || !f->held->stream)
        return 1;
    int64_t most = (int64_t)f->held->rows < LOOK_MOST ? (int64_t)f->held->rows : LOOK_MOST;
    double part = affordable(f, steps) / FEW_LOOKS;
    if (f->o.eval_every > 0 || part >= (double)most)
        return most;
    return part > LOOK_LEAST ? (int64_t)part : most < LOOK_LEAST ? most : LOOK_LEAST;
}

/* Steps between evaluations; 0: at the end of each epoch.  Streams: epochs where there are about as many as wanted, else
 * LOOKS a run, fewer where they cannot be afforded. */
static int64_t cadence(const rc_fitting *f, int64_t steps)
{
    if (f->o.eval_every > 0)
        return f->o.eval_every;
    if (!f->d->stream)
        return 0;
    int64_t units = look(f, steps);
    double afford = affordable(f, steps) / (double)(units > 0 ? units : 1);
    double epochs = (double)steps / (double)epoch_steps(f);
    if (epochs >= 4 && epochs <= MOST_EPOCHS && epochs <= afford)
        return 0;
    double looks = afford < 2 ? 2 : afford < LOOKS ? floor(afford) : LOOKS;
    int64_t every = (int64_t)ceil((double)steps / looks);
    return every > 0 ? every : 1;
}

static double evaluations(const rc_fitting *f, int64_t steps)
{
    int64_t every = cadence(f, steps);
    return ceil((double)steps / (double)(every > 0 ? every : epoch_steps(f)));
}

static int64_t fit_time(rc_fitting *f, double row_seconds, double score_seconds)
{
    double left = f->o.time * 0.98 - (rc_now() - f->began);
    double step = row_seconds * epoch_units(f) / (double)epoch_steps(f);
    int64_t low = 1, high = (int64_t)(left / step) + 2;
    while (low + 1 < high) {             /* the most steps that end in time with their evaluations */
        int64_t n = low + (high - low) / 2;
        if ((double)n * step + evaluations(f, n) * score_seconds * (double)look(f, n) <= left)
            low = n;
        else
            high = n;
    }
    return low;
}

/* What an evaluation of a running text reads; told where that is not all of it. */
static void settle_look(rc_fitting *f)
{
    if (!f->held || !f->held->stream)
        return;
    f->held->look = look(f, f->s.first);
    if (f->held->look < (int64_t)f->held->rows)
        rc_fit_say(f, "looks: each reads about %lld of the %lld held-out units, the beginnings of %d equal stretches",
                   (long long)f->held->look, (long long)f->held->rows, f->u->B);
}

/* Fewer epochs than the rate is meant for take a higher one; a matter of the number of steps, not of the clock. */
static void haste(rc_fitting *f)
{
    const double most = 4, epochs = (double)f->s.first / (double)epoch_steps(f), more = f->o.lr_epochs / epochs;
    if (!(more > 1))
        return;
    f->course.lr = f->o.lr * fmin(more, most);
    rc_fit_say(f, "rate: %.3g, as %.3g epochs are fewer than the %g that %g is for (--lr-epochs)", f->course.lr, epochs, f->o.lr_epochs, f->o.lr);
}

int rc_fit_pace(rc_fitting *f)
{
    const recur_train_options *o = &f->o;
    double row_seconds = 0, score_seconds = 0;
    int e;
    if ((e = rc_fit_epoch(f)) < 0)
        return e;
    f->course = (rc_sched_io){ .lr = o->lr, .floor = o->floor, .factor = o->lr_factor, .warmup = o->warmup,
                               .after = o->lr_after, .epoch_steps = epoch_steps(f), .plateau = 1 };
    f->timed = o->time > 0 && !o->plan && o->steps <= 0;
    if (f->s.steps > 0) {                /* resumed */
    } else if (o->plan) {
        if ((e = rc_fit_plan_read(f)) < 0)
            return e;
    } else if (o->steps > 0) {
        f->s.steps = o->steps;
    } else if (o->time > 0) {
        if ((e = measure(f, &row_seconds, &score_seconds)) < 0)
            return e;
        f->s.steps = fit_time(f, row_seconds, score_seconds);
        f->score_seconds = score_seconds * (double)look(f, f->s.steps);
        rc_fit_say(f, "steps %lld: fit into %.0f s at %.0f units/s with %.0f looks at the held-out part; "
                   "repeat exactly with --steps %lld", (long long)f->s.steps, o->time, 1 / row_seconds,
                   f->held ? evaluations(f, f->s.steps) : 0.0, (long long)f->s.steps);
    } else {
        f->s.steps = o->epochs * epoch_steps(f);
    }
    if (f->s.first == 0)
        f->s.first = f->s.steps;
    f->course.steps = f->s.steps;
    haste(f);
    f->every = cadence(f, f->s.first);
    settle_look(f);
    return RECUR_OK;
}
