/* SPDX-License-Identifier: MIT
 * check.c - what is wrong with labelled texts: bad lines, doubled texts inside and between files, equal texts with
 * different labels, over-long texts, rare labels, unknown units. */
#include "data/pick.h"
#include "task/doctor.h"
#include "task/classify/classify.h"

static int check_text(rc_doctor *c, const recur_data *d, const rc_example *ex, int file)
{
    int e = RECUR_OK;
    const char *s = ex->text_n > 0 ? d->raw.s + ex->text : (const char *)(d->x + ex->at * (size_t)d->F);
    size_t n = ex->text_n > 0 ? ex->text_n : (size_t)ex->T * (size_t)d->F * sizeof(float);
    if (ex->text_n > 2000 && ex->text_n * (uint64_t)d->count > 20 * (uint64_t)d->bytes)
        e = rc_doctor_problem(c, file, ex->line, "long", "a text of %zu bytes, more than 20 times the mean", ex->text_n);
    const rc_place here = { file, ex->line, (uint64_t)ex->label };
    const rc_place *was = e == RECUR_OK ? rc_doctor_seen(c, s, n, here, &e) : NULL;
    if (was == NULL)
        return e;
    bool conflict = was->mark != here.mark;
    return rc_doctor_problem(c, file, ex->line, conflict ? "conflict" : "duplicate", "%s %.200s:%lld", rc_speak(c->r, conflict
                             ? "same text as, but another label than," : "same text as"), c->path[was->file], (long long)was->line);
}

static int check_labels(rc_doctor *c, const recur_data *d, int file)
{
    json_t *labels = c->ud;
    int e = RECUR_OK;
    for (int k = 0; k < d->classes && e == RECUR_OK; k++) {
        size_t n;
        const char *name = rc_vocab_str(d->labels, RC_FIRST + k, &n);
        int64_t seen = 0, line = 0;
        for (int i = 0; i < d->count; i++)
            if (d->ex[i].label == k && ++seen == 1)
                line = d->ex[i].line;
        json_int_t before = json_integer_value(json_object_getn(labels, name, n));
        if (json_object_setn_new(labels, name, n, json_integer(before + seen)) != 0)
            e = rc_fail(c->r, RECUR_ENOMEM, "no memory for the report");
        if (e == RECUR_OK && file == 0 && seen < 2)
            e = rc_doctor_problem(c, file, line, "rare", "label '%.*s' has %lld example(s): nothing can be learned of it",
                                  (int)(n < 100 ? n : 100), name, (long long)seen);
    }
    return e;
}

static int look(rc_doctor *c, recur_data *d, int file, bool known)
{
    int e = RECUR_OK;
    for (int k = 0; k < d->count && e == RECUR_OK; k++)
        e = check_text(c, d, &d->ex[k], file);
    if (e == RECUR_OK)
        e = check_labels(c, d, file);
    return e == RECUR_OK ? rc_doctor_units(c, d, file, known) : e;
}

int rc_classify_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out)
{
    rc_doctor c;
    int e = rc_doctor_begin(&c, r, path, o, out);
    if (e == RECUR_OK && json_object_set_new(c.out, "labels", c.ud = json_object()) != 0)
        e = rc_fail(r, RECUR_ENOMEM, "no memory for the report");
    if (e == RECUR_OK)
        e = rc_doctor_each(&c, &rc_task_classify, n, o, look);
    return rc_doctor_end(&c, e, out);
}
