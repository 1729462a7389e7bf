/* SPDX-License-Identifier: MIT
 * loop.c - the course of a training: steps, evaluations, checkpoints, and what is told of them, until the steps are done,
 * the watcher or the clock ends it, or the numbers diverge.  setup.c makes it ready, step.c is one step. */
#include <math.h>
#include <stdio.h>

#include "train/train.h"

/* --- telling --- */
static double left_seconds(const rc_fitting *f)
{
    if (f->pace_steps <= 0 || f->s.steps >= INT64_MAX / 2)
        return (double)NAN;
    double steps = (double)(f->s.steps - f->s.step), every = (double)(f->every > 0 ? f->every : f->course.epoch_steps);
    return steps * (f->pace_seconds / f->pace_steps) + steps / every * f->score_seconds;
}

int rc_fit_tell(rc_fitting *f, int event, const char *text, bool better)
{
    const rc_loop_state *s = &f->s;
    if (!f->watch)
        return RECUR_OK;
    recur_progress p = {
        .event = event, .epoch = s->epoch, .step = s->step, .steps = s->steps,
        .loss = s->loss_n > 0 ? s->loss_sum / s->loss_n : (double)NAN,
        .held = event == RECUR_FINISHED ? s->best : s->held, .better = better,
        .metric = f->m->task->measure ? f->m->task->measure(f->m) : f->m->task->metric,
        .lr = f->lr, .norm = f->norm, .rate = f->pace_seconds > 0 ? f->pace_rows / f->pace_seconds : 0,
        .seconds = rc_now() - f->began, .left = left_seconds(f), .text = text,
    };
    int wish = f->watch(f->ud, &p);
    f->stop |= wish > 0;
    f->keep_now |= wish < 0;
    return RECUR_OK;
}

int rc_fit_say(void *fitting, const char *form, ...)
{
    const rc_fitting *f = fitting;
    char line[1024];
    va_list v;
    va_start(v, form);
    vsnprintf(line, sizeof line, rc_speak(f->r, form), v);
    va_end(v);
    return rc_fit_tell(fitting, RECUR_CHOSEN, line, false);
}

/* --- saving --- */
static rc_snapshot snapshot(rc_fitting *f)
{
    f->s.optim_step = f->opt->step;
    f->s.averaged = f->opt->averaged;
    f->s.averaging = f->opt->averaging;
    f->s.seconds = rc_now() - f->began;
    return (rc_snapshot){ .m = f->m, .o = f->opt, .s = &f->s, .best = f->best, .n = f->n, .carry = f->u->state,
                          .ncarry = f->ncarry, .options = f->agree };
}

static int save(rc_fitting *f)
{
    char path[4096];
    if (!f->dir)
        return RECUR_OK;
    const rc_snapshot c = snapshot(f);
    int e = rc_checkpoint_write(f->dir, &c, path, sizeof path);
    f->saved = rc_now();
    f->keep_now = false;
    if (e >= 0)
        return rc_fit_tell(f, RECUR_SAVED, path, false);
    rc_fit_tell(f, RECUR_WARNED, f->r->message, false);    /* training is worth more than its checkpoint */
    return e;
}

static int resume(rc_fitting *f)
{
    if (!f->dir)
        return rc_fail(f->r, RECUR_EOPTION, "--resume needs -o: the checkpoint stands beside the model file");
    f->r->warning[0] = 0;
    const rc_snapshot c = snapshot(f);
    int e = rc_checkpoint_read(f->dir, &c, f->o.force);
    if (e < 0)
        return e;
    if (f->r->warning[0])
        rc_fit_tell(f, RECUR_WARNED, f->r->warning, false);
    f->opt->step = f->s.optim_step;
    f->opt->averaged = f->s.averaged;
    f->opt->averaging = f->s.averaging != 0;
    f->began = rc_now() - f->s.seconds;
    f->started = false;
    rc_fit_say(f, "resume: goes on after step %lld of %lld", (long long)f->s.step, (long long)f->s.steps);
    return RECUR_OK;
}

/* --- the course --- */

static int stopped(rc_fitting *f)
{
    int e = save(f);
    if (f->s.best_step > 0)
        memcpy(f->m->w, f->best, f->n * sizeof(real));
    if (e < 0)
        return e;
    return rc_fail(f->r, RECUR_ESTOP, f->dir ? "stopped after step %lld of %lld; --resume goes on from %s"
                   : "stopped after step %lld of %lld%s", (long long)f->s.step, (long long)f->s.steps, f->dir ? f->dir : "");
}

static void time_step(rc_fitting *f, double seconds)
{
    f->pace_rows = RC_MEMORY * f->pace_rows + (double)f->rows;
    f->pace_steps = RC_MEMORY * f->pace_steps + 1;
    f->pace_seconds = RC_MEMORY * f->pace_seconds + seconds;
}

static bool due(const rc_fitting *f)
{
    if (f->s.step >= f->s.steps)
        return true;
    return f->every > 0 ? f->s.step % f->every == 0 : f->s.at == 0;
}

static int loop(rc_fitting *f)
{
    const int64_t patience = f->o.patience;
    while (f->s.step < f->s.steps && !(patience > 0 && f->s.since_best >= patience)) {
        double start = rc_now();
        int e = rc_fit_step(f);
        if (e < 0)
            return e;
        rc_fit_replan(f);
        rc_fit_tell(f, RECUR_STEP, NULL, false);
        time_step(f, rc_now() - start);          /* what the watcher does takes time too */
        if (due(f) && (e = rc_fit_judge(f)) < 0)
            return e;
        if (f->stop)
            return RECUR_ESTOP;
        if (f->keep_now || (f->o.save_every > 0 && rc_now() - f->saved > f->o.save_every))
            save(f);
    }
    return RECUR_OK;
}

static int record(rc_fitting *f)
{
    const rc_loop_state *s = &f->s;
    json_t *j = json_pack("{s:I,s:I,s:I,s:I,s:s,s:s,s:s,s:f,s:I}", "steps", (json_int_t)s->step, "planned", (json_int_t)s->first,
                          "epochs", (json_int_t)s->epoch, "best_step", (json_int_t)s->best_step, "optimizer", f->o.optimizer,
                          "schedule", f->o.schedule, "metric", f->m->task->metric, "lr", f->o.lr, "seed", (json_int_t)f->o.seed);
    if (!j)
        return rc_fail(f->r, RECUR_ENOMEM, "training: out of memory");
    json_object_set_new(j, "loss", s->loss_n > 0 ? json_real(s->loss_sum / s->loss_n) : json_null());
    char plan[RC_PLAN];
    rc_fit_plan_text(s, plan, sizeof plan);
    if (s->cuts > 0)
        json_object_set_new(j, "plan", json_string(plan));
    json_object_set_new(j, "held", isfinite(s->best) ? json_real(s->best) : json_null());
    return json_object_set_new(f->m->card, "training", j) == 0 ? RECUR_OK : rc_fail(f->r, RECUR_ENOMEM, "training: out of memory");
}

/* The message gets the step in front and what became of the weights behind.  Those that an evaluation has seen are written
 * down like a finished training's. */
static int diverged(rc_fitting *f)
{
    char why[sizeof f->r->message];
    const long long best = (long long)f->s.best_step;
    snprintf(why, sizeof why, "%s", f->r->message);
    memcpy(f->m->w, f->best, f->n * sizeof(real));
    if (best > 0 && f->m->card && record(f) == RECUR_OK)
        return rc_fail(f->r, RECUR_EDIVERGE, "step %lld: %s; the weights of step %lld are kept", (long long)f->s.step + 1, why, best);
    return rc_fail(f->r, RECUR_EDIVERGE, "step %lld: %s; no evaluation came before it, so no weights are kept",
                   (long long)f->s.step + 1, why);
}

static int finish(rc_fitting *f)
{
    memcpy(f->m->w, f->best, f->n * sizeof(real));
    int e = f->m->card ? record(f) : RECUR_OK;
    rc_fit_tell(f, RECUR_FINISHED, NULL, false);
    return e;
}

int rc_fit(recur_model *m, recur_data *d, recur_data *held, const recur_train_options *o, recur_watch *watch, void *ud)
{
    if (held && recur_data_count(held) == 0)
        held = NULL;      /* so few examples that none fell into it */
    rc_fitting f = { .r = m->r, .m = m, .d = d, .held = held, .watch = watch, .ud = ud };
    int e, rows;
    const recur_option *table = recur_train_table(&rows);
    if (o)
        f.o = *o;
    else
        recur_option_defaults(table, rows, &f.o);
    if ((e = rc_fit_open(&f)) < 0)
        goto done;
    if (f.o.resume && (e = resume(&f)) < 0)
        goto done;
    if ((e = rc_fit_pace(&f)) >= 0)
        e = loop(&f);
    if (e == RECUR_EDIVERGE)
        e = diverged(&f);
    else if (e == RECUR_ESTOP)
        e = stopped(&f);
    else if (e >= 0)
        e = finish(&f);
done:
    rc_fit_close(&f);
    return e;
}
