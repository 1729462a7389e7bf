/* SPDX-License-Identifier: MIT
 * loop.c - the training: batches -> loss -> gradient -> update, evaluation, checkpoints, until the steps are done.
 *
 * A step is `accumulate` batches and one update.  What a step does depends on rc_loop_state, weights, moments and carried
 * state alone, never on the clock: so a training that is cut off and resumed, or repeated with the same number of steps,
 * gives the same bits. */
#include <math.h>
#include <stdio.h>

#include "train/train.h"

#define MEMORY 0.98                      /* of the running means, a step */
enum { STREAMS = 16, LOOK_T = 16 };      /* an evaluation of a running text: at least so many streams, steps */

/* --- options: what the task left automatic --- */
static void fall_int(int64_t *x, int64_t value)
{
    if (*x < 0)
        *x = value;
}

static void fall_real(double *x, double value)
{
    if (isnan(*x))
        *x = value;
}

static int settle(rc_fitting *f)
{
    recur_train_options *o = &f->o;
    if (!o->optimizer)
        o->optimizer = "adamw";
    if (!o->schedule)
        o->schedule = "cosine";
    const rc_optim_kind *kind = rc_optim_find(o->optimizer);
    fall_int(&o->seed, 1);
    fall_int(&o->batch, 32);
    fall_int(&o->bptt, 64);
    fall_int(&o->accumulate, 1);
    fall_int(&o->steps, 0);
    fall_int(&o->epochs, 10);
    fall_int(&o->lr_after, 1);
    fall_int(&o->patience, 0);
    fall_int(&o->eval_every, 0);
    fall_real(&o->time, 0);
    fall_real(&o->lr, kind ? kind->lr : 0);
    fall_real(&o->momentum, 0);
    fall_real(&o->beta1, 0.9);
    fall_real(&o->beta2, 0.999);
    fall_real(&o->eps, 1e-8);
    fall_real(&o->decay, kind && kind->decoupled ? 0.01 : 0);
    fall_real(&o->clip, 1);
    fall_real(&o->clip_value, 0);
    fall_real(&o->warmup, 0);
    fall_real(&o->floor, 0);
    fall_real(&o->lr_factor, 0.5);
    fall_real(&o->save_every, 600);
    if (o->batch < 1 || o->bptt < 1 || o->accumulate < 1)
        return rc_fail(f->r, RECUR_EOPTION, "--batch, --bptt and --accumulate take numbers from 1");
    if (o->sampled > 0 && !f->m->task->guess)
        return rc_fail(f->r, RECUR_EOPTION, "--sampled: task %s has no decoder that reads its own guesses", f->m->task->name);
    if (!(f->sched = rc_sched_find(o->schedule))) {
        char names[128] = "";
        for (int i = 0; rc_sched_at(i); i++) {
            size_t at = strlen(names);
            snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "", rc_sched_at(i)->name);
        }
        return rc_fail(f->r, RECUR_EOPTION, "no schedule '%s'; there are %s", o->schedule, names);
    }
    return RECUR_OK;
}

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
        .held = event == RECUR_FINISHED ? s->best : s->held, .metric = f->m->task->measure ? f->m->task->measure(f->m) : f->m->task->metric, .better = better,
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
    char line[1024];
    va_list v;
    va_start(v, form);
    vsnprintf(line, sizeof line, form, v);
    va_end(v);
    return rc_fit_tell(fitting, RECUR_CHOSEN, line, false);
}

/* --- one update --- */

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
            snprintf(out, n, "layer %d (%s) gave it first", l->index + 1, rc_layer_word(l));
            return out;
        }
    }
    snprintf(out, n, "the head gave it first");
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
    s->loss_sum = MEMORY * s->loss_sum + loss;
    s->loss_n = MEMORY * s->loss_n + 1;
    if (s->at >= f->batches) {
        s->epoch++;
        s->at = 0;
        f->started = false;
    }
    return RECUR_OK;
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
    f->unsaved = e < 0;
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

/* --- the whole --- */
static int open_fit(rc_fitting *f)
{
    recur_dims d, h = { 0 };
    int e;
    if ((e = settle(f)) < 0)
        return e;
    const recur_train_options *o = &f->o;
    const rc_net *net = f->m->net;
    f->n = net->params.total;
    f->began = f->saved = rc_now();
    f->s = (rc_loop_state){ .best = (double)NAN, .held = (double)NAN, .plateau = 1, .oldest = (double)NAN, .recent0 = (double)NAN,
        .recent1 = (double)NAN, .recent2 = (double)NAN, .recent3 = (double)NAN, .recent4 = (double)NAN };
    f->d->batch_units = o->batch_units;
    rc_data_dims(f->d, (int)o->batch, (int)o->bptt, &d);
    if (f->held)
        rc_data_dims(f->held, (int)o->batch, (int)o->bptt, &h);
    if (f->held && f->held->stream && h.B < STREAMS && f->held->rows >= STREAMS * LOOK_T) {
        h.B = STREAMS;
        h.N = h.N > STREAMS * LOOK_T ? h.N : STREAMS * LOOK_T;
    }
    if (h.B > d.B)
        d.B = h.B;
    if (h.T > d.T)
        d.T = h.T;
    if (h.N > d.N)
        d.N = h.N;
    if (h.side.B > d.side.B)
        d.side.B = h.side.B;
    if (h.side.T > d.side.T)
        d.side.T = h.side.T;
    if (h.side.N > d.side.N)
        d.side.N = h.side.N;
    d.train = 1;
    d.scores = o->sampled > 0;
    if ((e = rc_run_new(f->r, &f->u, net, f->m->w, &d)) < 0)
        return e;
    f->u->seed = (uint64_t)o->seed;
    f->ncarry = (size_t)d.B * net->state_size;
    if ((e = rc_optim_new(f->r, &f->opt, o->optimizer, f->n, o->average)) < 0)
        return e;
    if (!(f->best = rc_new(f->r, f->n, sizeof(real))))
        return RECUR_ENOMEM;
    if ((f->opt->kind->average || o->average > 0) && !(f->keep = rc_new(f->r, f->n, sizeof(real))))
        return RECUR_ENOMEM;
    memcpy(f->best, f->m->w, f->n * sizeof(real));
    if (!(f->agree = rc_options_agree(o, f->m, f->d, f->held)))
        return rc_fail(f->r, RECUR_ENOMEM, "training: out of memory");
    if (o->out) {
        size_t n = strlen(o->out) + sizeof ".ckpt";
        if (!(f->dir = rc_new(f->r, n, 1)))
            return RECUR_ENOMEM;
        snprintf(f->dir, n, "%s.ckpt", o->out);
    }
    if (!f->m->task->prepare)
        return RECUR_OK;
    char before[sizeof f->r->warning];             /* of reading: told already, and the caller's to ask for afterwards */
    memcpy(before, f->r->warning, sizeof before);
    f->r->warning[0] = 0;
    e = f->m->task->prepare(f->m, f->d, o);
    if (e >= 0 && f->r->warning[0])
        return rc_fit_tell(f, RECUR_WARNED, f->r->warning, false);
    memcpy(f->r->warning, before, sizeof before);
    return e;
}

static void close_fit(rc_fitting *f)
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

/* The message gets the step in front and what became of the weights behind. */
static int diverged(rc_fitting *f)
{
    char why[sizeof f->r->message];
    snprintf(why, sizeof why, "%s", f->r->message);
    memcpy(f->m->w, f->best, f->n * sizeof(real));
    return rc_fail(f->r, RECUR_EDIVERGE, "step %lld: %s; the weights of step %lld are kept", (long long)f->s.step + 1, why,
                   (long long)f->s.best_step);
}

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
    f->pace_rows = MEMORY * f->pace_rows + (double)f->rows;
    f->pace_steps = MEMORY * f->pace_steps + 1;
    f->pace_seconds = MEMORY * f->pace_seconds + seconds;
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

static int finish(rc_fitting *f)
{
    int e = RECUR_OK;
    char why[sizeof f->r->message];
    snprintf(why, sizeof why, "%s", f->r->message);
    memcpy(f->m->w, f->best, f->n * sizeof(real));
    if (f->m->card)
        e = record(f);
    rc_fit_tell(f, RECUR_FINISHED, NULL, false);
    if (e >= 0 && f->unsaved)
        return rc_fail(f->r, RECUR_EIO, "trained, but the last checkpoint could not be written: %s", why);
    if (f->dir)
        rc_checkpoint_remove(f->r, f->dir);
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
    if ((e = open_fit(&f)) < 0)
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
    close_fit(&f);
    return e;
}
