/* SPDX-License-Identifier: MIT
 * check.c - lists of sounds and texts, looked at before an hour is lost: sounds that cannot be read, texts
 * that do not fit their sound, the same sound twice, signs that the first list does not have. */
#include "data/pick.h"
#include "task/doctor.h"
#include "task/transcribe/transcribe.h"

static int look_at(rc_doctor *c, const recur_data *d, const rc_example *ex, int file)
{
    int e = RECUR_OK;
    size_t bytes = (size_t)ex->T * (size_t)d->F * sizeof(float);
    const rc_place *was = rc_doctor_seen(c, d->x + ex->at * (size_t)d->F, bytes, (rc_place){ file, ex->line, 0 }, &e);
    if (was != NULL)
        e = rc_doctor_problem(c, file, ex->line, "duplicate", "the same sound as in %.200s:%lld", c->path[was->file],
                              (long long)was->line);
    if (e == RECUR_OK && ex->text_n == 0)
        e = rc_doctor_problem(c, file, ex->line, "empty", "nothing is said: no text behind the TAB");
    return e;
}

static int look_alike(rc_doctor *c, const rc_example *ex, int file, double mean)
{
    double each = ex->list_n > 0 ? (double)ex->T / ex->list_n : mean;
    if (each > mean / 4 && each < mean * 4)
        return RECUR_OK;
    return rc_doctor_problem(c, file, ex->line, "length", "%d steps for %d units, where others have %.1f each: is this its text?",
                             ex->T, ex->list_n, mean);
}

static int report(rc_doctor *c, const recur_data *d, int file)
{
    json_t *f = json_object();
    int64_t labels = 0;
    for (int i = 0; i < d->count; i++)
        labels += d->ex[i].list_n;
    double rate = labels + d->unknown > 0 ? (double)d->unknown / (double)(labels + d->unknown) : 0;
    int e = json_object_set_new(f, "file", json_string(rc_doctor_name(c, file))) | json_object_set_new(f, "examples", json_integer(d->count))
          | json_object_set_new(f, "steps", json_integer((json_int_t)d->rows))
          | json_object_set_new(f, "units", json_integer(labels)) | rc_json_real(f, "unk_rate", rate)
          | json_object_set(f, "form", d->form) | json_object_set_new(f, "kinds", json_integer(d->classes - 1));
    if ((e | json_array_append_new(c->files, f)) != 0)
        return rc_fail(c->r, RECUR_ENOMEM, "no memory for the report");
    e = RECUR_OK;
    for (int i = 0; i < d->count && e == RECUR_OK && labels > 0; i++)
        e = look_alike(c, &d->ex[i], file, (double)d->rows / (double)labels);
    if (e == RECUR_OK && rate > 0)
        e = rc_doctor_problem(c, file, d->count > 0 ? d->ex[0].line : 1, "unknown", "%lld units that the first list does not "
                              "have: they can never be said", (long long)d->unknown);
    return e;
}

static int look(rc_doctor *c, recur_data *d, int file, bool known)
{
    int e = RECUR_OK;
    (void)known;
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        e = look_at(c, d, &d->ex[i], file);
    return e == RECUR_OK ? report(c, d, file) : e;
}

int rc_transcribe_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out)
{
    rc_doctor c;
    int e = rc_doctor_begin(&c, r, path, o, out);
    if (e == RECUR_OK)
        e = rc_doctor_each(&c, &rc_task_transcribe, n, o, look);
    return rc_doctor_end(&c, e, out);
}
