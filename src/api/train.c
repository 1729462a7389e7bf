/* SPDX-License-Identifier: MIT
 * train.c - the whole job in one call: read, choose, build, fit, settle, baseline, card.  And `fit` alone. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

#include "api/api.h"

enum { LINE = 4096 };            /* longest net line that a task chooses */
enum { REPORT = 50000 };         /* units of a held-out running text that the report at the end is about */

/* Stands between the loop and the caller's watch: the card wants to know how long it took. */
typedef struct {
    recur_watch *watch; void *ud;
    const recur *r;
    const recur_model *m;        /* whose weights the loop writes */
    double seconds;
    bool stop;                   /* asked for before the loop began */
} observer;

static int observe(void *ud, const recur_progress *p)
{
    observer *w = ud;
    w->seconds = p->seconds;
    rc_model_wrote(w->m);
    return w->watch ? w->watch(w->ud, p) : 0;
}

static int tell(observer *w, int event, const char *text)
{
    recur_progress p = { .event = event, .held = (double)NAN, .text = text };
    if (w->watch && w->watch(w->ud, &p) > 0)
        w->stop = true;
    return 0;
}

static int say(void *ud, const char *form, ...)
{
    const observer *w = ud;
    char line[1024];
    va_list list;
    va_start(list, form);
    vsnprintf(line, sizeof line, rc_speak(w->r, form), list);
    va_end(list);
    return tell(ud, RECUR_CHOSEN, line);
}

/* --- the card: what was trained, on what, how long, with what --- */

static void add_files(recur *r, json_t *out, const char *const *path, int n, const char *part)
{
    for (int i = 0; i < n && path[i]; i++) {
        rc_buf b;
        char hash[20] = "";
        rc_buf_init(&b, r, 0);
        if (strcmp(path[i], "-") != 0 && rc_file_read(r, path[i], &b) >= 0)
            snprintf(hash, sizeof hash, "%016" PRIx64, rc_hash(b.s, b.n));
        rc_buf_free(&b);
        json_array_append_new(out, json_pack("{s:s, s:s, s:s}", "file", path[i], "xxh3", hash, "part", part));
    }
}

static json_t *files(recur *r, const char *const *path, int n, const recur_train_options *o)
{
    json_t *out = json_array();
    add_files(r, out, path, n, "training");
    add_files(r, out, (const char *const[]){ o->valid, o->valid_target }, 2, "held-out");
    return out;
}

/* What the loop wrote (steps, epochs, best value, ...) is joined by where it came from. */
static int write_card(recur_model *m, const observer *w, const recur_data *d, const recur_data *held,
                      const recur_train_options *o, json_t *data)
{
    json_t *t = json_object_get(m->card, "training"), *options = rc_options_json(o);
    json_t *more = json_pack("{s:o, s:I, s:I, s:I, s:f, s:s, s:i, s:s}", "data", data ? data : json_array(),
                             "examples", (json_int_t)recur_data_count(d), "held_out", (json_int_t)(held ? recur_data_count(held) : 0),
                             "units", (json_int_t)d->units, "seconds", w->seconds, "kernels", m->r->kern->name,
                             "threads", rc_pool_threads(m->r->pool), "version", RECUR_VERSION);
    int bad = !more || !options;
    if (!bad)
        bad = t ? json_object_update(t, more) : json_object_set(m->card, "training", more);
    if (!bad)
        bad = json_object_set(m->card, "options", options);
    json_decref(more);
    json_decref(options);
    return bad ? rc_fail(m->r, RECUR_ENOMEM, "out of memory") : RECUR_OK;
}

/* --- fitting: what both ways in have in common --- */

static int fit(recur_model *m, recur_data *d, recur_data *held, const recur_train_options *o, observer *w,
               json_t *data)
{
    int e;
    if (w->stop) {
        e = rc_fail(m->r, RECUR_ESTOP, "stopped before the first step");
        goto done;
    }
    if (m->net->as != RC_F32_WEIGHTS) {
        e = rc_fail(m->r, RECUR_EOPTION, "this model's weights are stored as %s, for answers only; train the model it was made from",
                    rc_storage_name[m->net->as]);
        goto done;
    }
    if (m->task->suits && (e = m->task->suits(m)) < 0)
        goto done;
    w->m = m;
    e = rc_fit(m, d, held, o, observe, w);
    rc_model_wrote(m);
    if (e == RECUR_EDIVERGE && json_object_get(m->card, "training")) {     /* the last good weights, and where they came from */
        char why[sizeof m->r->message];
        snprintf(why, sizeof why, "%s", m->r->message);
        int bad = write_card(m, w, d, held, o, data);
        data = NULL;
        e = bad < 0 ? bad : rc_fail(m->r, RECUR_EDIVERGE, "%s", why);
    }
    if (e < 0)
        goto done;
    if (m->task->settle && held && (e = m->task->settle(m, held)) < 0)
        goto done;
    e = write_card(m, w, d, held, o, data);
    data = NULL;
done:
    json_decref(data);
    return e < 0 ? e : RECUR_OK;
}

int recur_fit(recur_model *m, recur_data *d, recur_data *held, const recur_train_options *o, recur_watch *watch,
              void *ud)
{
    if (!m)
        return RECUR_EOPTION;
    RC_NEED(m->r, d, RECUR_EOPTION, "recur_fit: no data are given");
    recur_train_options all;
    char line[LINE];
    observer w = { .watch = watch, .ud = ud, .r = m->r };
    int e = rc_options_or_default(m->r, o, &all);
    if (e >= 0)
        e = rc_options_suit(m->r, m->task, &all, false);
    if (e < 0)
        return e;
    all.net = m->net->line;                    /* the net stands; everything else may still be chosen */
    e = m->task->choose(d, &all, line, sizeof line, say, &w);
    if (e < 0)
        return e;
    all.net = m->net->line;
    e = fit(m, d, held, &all, &w, NULL);
    if (e >= 0)
        rc_checkpoint_forget(m->r, all.out);
    return e;
}

/* --- the whole job --- */

/* What the finished model scores on the held-out part goes into the card: it was chosen on, so it is no test. */
static int report(recur_model *m, recur_data *held, observer *w)
{
    json_t *score = NULL;
    recur_data *end = NULL;
    int e = held->stream && held->rows > REPORT ? recur_data_split(held, REPORT / (double)held->rows, 0, &end) : RECUR_OK;
    if (e < 0)
        return e;
    if (end) {
        end->look = (int64_t)end->rows;
        say(w, "report: on the last %zu units of the held-out text; eval reads all of a text", end->rows);
    }
    if ((e = m->task->eval(m, end ? end : held, &score)) >= 0
        && json_object_set_new(json_object_get(m->card, "training"), "report", score))
        e = rc_fail(m->r, RECUR_ENOMEM, "out of memory");
    recur_data_close(end);
    return e;
}

/* What the training part left out, the held-out part need not tell again; but that a label is in none of the examples that
 * teach, it alone can say. */
static void keep_labels(json_t *problems)
{
    for (size_t i = json_array_size(problems); i-- > 0;) {
        const char *kind = json_string_value(json_object_get(json_array_get(problems, i), "kind"));
        if (!kind || strcmp(kind, "unlearned") != 0)
            json_array_remove(problems, i);
    }
}

static int read_part(recur *r, const rc_task *t, recur_data **out, const char *const *path, int n,
                     const recur_train_options *o,
                     const rc_like *like, int part, observer *w)
{
    char said[1000];
    json_t *problems = json_array();
    int e = problems ? rc_data_new(r, out, t) : rc_fail(r, RECUR_ENOMEM, "out of memory");
    if (e >= 0)
        e = t->read(*out, path, n, o, like, part, problems);
    if (e >= 0 && part == RC_HELD_PART)
        keep_labels(problems);
    if (e >= 0 && rc_problem_text(problems, said, sizeof said)) {
        rc_warn(r, "%s", said);
        tell(w, RECUR_WARNED, said);
    }
    json_decref(problems);
    return e;
}

/* The held-out part measures and learns nothing: vocabulary, labels and scaling are the training part's. */
static int read_all(recur *r, const rc_task *t, recur_data **d, recur_data **held, const char *const *path, int n,
                    const recur_train_options *o, observer *w)
{
    bool own = !o->valid && o->held > 0;
    int e = read_part(r, t, d, path, n, o, NULL, own ? RC_TRAIN_PART : RC_ALL, w);
    if (e < 0 || !(own || o->valid))
        return e;
    rc_like like = { .text = (*d)->text, .labels = (*d)->labels, .scaling = &(*d)->scaling, .form = (*d)->form };
    if ((*d)->side)
        like.side_text = (*d)->side->text, like.side_scaling = &(*d)->side->scaling;
    const char *const valid[] = { o->valid, o->valid_target };
    return o->valid ? read_part(r, t, held, valid, o->valid_target ? 2 : 1, o, &like, RC_ALL, w)
                    : read_part(r, t, held, path, n, o, &like, RC_HELD_PART, w);
}

/* What would be lost, or would only fail after an hour, is said before anything is read. */
static int check_output(recur *r, const char *const *path, int n, const recur_train_options *o)
{
    struct stat there, input;
    if (!o->out)
        return RECUR_OK;
    bool exists = stat(o->out, &there) == 0;
    RC_NEED(r, !exists || !S_ISDIR(there.st_mode), RECUR_EIO, "%s is a folder; -o names the model's file", o->out);
    for (int i = 0; exists && i < n; i++)
        RC_NEED(r, stat(path[i], &input) != 0 || input.st_dev != there.st_dev || input.st_ino != there.st_ino, RECUR_EOPTION,
                "%s is read and would be replaced by the model; give -o another name", o->out);
    if (o->force > 0 || o->resume > 0)
        return RECUR_OK;
    RC_NEED(r, !exists, RECUR_EOPTION, "%s is there already; --force replaces it, --resume goes on with its checkpoint", o->out);
    RC_NEED(r, !rc_checkpoint_there(o->out), RECUR_EOPTION,
            "%s.ckpt has the checkpoint of a training that was stopped; --resume goes on with it, --force begins anew", o->out);
    return RECUR_OK;
}

/* --from: what another model learned, into the weights just drawn.  The card says so. */
static int begin(recur_model *m, const recur_model *from, const char *path, observer *w)
{
    rc_begun got;
    int e = rc_model_begin(m, from, &got);
    if (e < 0)
        return e;
    say(w, "weights: %d of %d begin with those of %s", got.weights, got.in_all, path);
    if (got.of)
        say(w, "units: %" PRId64 " of %" PRId64 " are known there", got.units, got.of);
    json_t *came = json_array();
    if (came)
        add_files(m->r, came, &path, 1, "weights");
    if (!came || json_object_set_new(m->card, "from", came))
        return rc_fail(m->r, RECUR_ENOMEM, "out of memory");
    return RECUR_OK;
}

/* What was trained is safe before anything else is done with it: baseline and report may take long, and be cut off.  Of a
 * training that diverged (e) the last good weights. */
static int keep(recur_model *m, const recur_train_options *o, int e)
{
    char why[sizeof m->r->message];
    snprintf(why, sizeof why, "%s", m->r->message);
    int bad = o->out ? recur_model_save(m, o->out) : RECUR_OK;
    if (bad < 0)
        return bad;
    rc_checkpoint_forget(m->r, o->out);
    return e < 0 ? rc_fail(m->r, e, "%s", why) : RECUR_OK;
}

int recur_train(recur *r, recur_model **out, const char *task, const char *const *path, int n,
                const recur_train_options *given, recur_watch *watch, void *ud)
{
    if (!r || !out)
        return RECUR_EOPTION;
    *out = NULL;
    RC_NEED(r, path && n > 0, RECUR_EOPTION, "recur_train: no file is named");
    const rc_task *t;
    recur_data *d = NULL, *held = NULL;
    recur_model *m = NULL, *from = NULL;
    recur_train_options o;
    char line[LINE] = "";
    observer w = { .watch = watch, .ud = ud, .r = r };
    int e = rc_options_or_default(r, given, &o);
    if (e < 0 || (e = rc_task_named(r, task, NULL, &t)) < 0 || (e = rc_options_suit(r, t, &o, false)) < 0
        || (e = check_output(r, path, n, &o)) < 0)
        goto done;
    if (o.from && (e = recur_model_load(r, &from, o.from)) < 0)
        goto done;
    if ((e = read_all(r, t, &d, &held, path, n, &o, &w)) < 0)
        goto done;
    if (held && recur_data_count(held) == 0) {
        recur_data_close(held);
        held = NULL;
    }
    if ((e = t->choose(d, &o, line, sizeof line, say, &w)) < 0)
        goto done;
    if ((e = rc_model_build(r, &m, o.net ? o.net : line, d, (uint64_t)o.seed, o.vectors)) < 0)
        goto done;
    o.net = m->net->line;
    if (from && (e = begin(m, from, o.from, &w)) < 0)
        goto done;
    e = fit(m, d, held, &o, &w, files(r, path, n, &o));
    if (e < 0 && (e != RECUR_EDIVERGE || !o.out || !json_object_get(m->card, "training")))
        goto done;
    if ((e = keep(m, &o, e)) < 0)
        goto done;
    if (!(o.no_baseline > 0) && t->baseline && (e = t->baseline(m, d, held)) < 0)
        goto done;
    if (held && t->eval && (e = report(m, held, &w)) < 0)
        goto done;
    if (!o.out)
        goto done;
    if ((e = recur_model_save(m, o.out)) >= 0)
        tell(&w, RECUR_SAVED, o.out);
done:
    recur_data_close(held);
    recur_data_close(d);
    recur_model_free(from);
    if (e < 0) {
        recur_model_free(m);
        return e;
    }
    *out = m;
    return RECUR_OK;
}
