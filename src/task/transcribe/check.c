/* SPDX-License-Identifier: MIT
 * check.c - lists of sounds and texts, looked at before an hour is lost: sounds that cannot be read, texts
 * that do not fit their sound, the same sound twice, signs that the first list does not have. */
#include <stdio.h>
#include "data/pick.h"
#include "data/read.h"
#include "task/transcribe/transcribe.h"

typedef struct {
    recur *r;
    json_t *files, *problems;
    rc_map *seen;                        /* hash of the rows -> number of the line that had them first */
} doctor;

static int found(doctor *c, const recur_data *d, const rc_example *ex, const char *kind, const char *what)
{
    int e = rc_problem(c->problems, d->path[0], ex->line, kind, what);
    return e == RECUR_OK ? e : rc_fail(c->r, e, "no memory for the report");
}

static int look_at(doctor *c, const recur_data *d, const rc_example *ex)
{
    char what[300];
    int e = RECUR_OK;
    uint64_t h = rc_hash(d->x + ex->at * (size_t)d->F, (size_t)ex->T * (size_t)d->F * sizeof(float));
    int64_t before = rc_map_get(c->seen, (const char *)&h, sizeof h);
    if (before >= 0) {
        snprintf(what, sizeof what, "the same sound as in line %lld", (long long)before);
        e = found(c, d, ex, "duplicate", what);
    } else {
        e = rc_map_set(c->seen, (const char *)&h, sizeof h, ex->line);
    }
    if (e == RECUR_OK && ex->text_n == 0)
        e = found(c, d, ex, "empty", "nothing is said: no text behind the TAB");
    return e;
}

static int look_alike(doctor *c, const recur_data *d, const rc_example *ex, double mean)
{
    char what[300];
    double each = ex->list_n > 0 ? (double)ex->T / ex->list_n : mean;
    if (each > mean / 4 && each < mean * 4)
        return RECUR_OK;
    snprintf(what, sizeof what, "%d steps for %d units, where others have %.1f each: is this its text?", ex->T, ex->list_n, mean);
    return found(c, d, ex, "length", what);
}

static int report(doctor *c, const recur_data *d, const char *path)
{
    json_t *f = json_object();
    int64_t labels = 0;
    for (int i = 0; i < d->count; i++)
        labels += d->ex[i].list_n;
    double rate = labels + d->unknown > 0 ? (double)d->unknown / (double)(labels + d->unknown) : 0;
    int e = json_object_set_new(f, "file", json_string(path)) | json_object_set_new(f, "examples", json_integer(d->count))
          | json_object_set_new(f, "steps", json_integer((json_int_t)d->rows))
          | json_object_set_new(f, "units", json_integer(labels)) | rc_json_real(f, "unk_rate", rate)
          | json_object_set(f, "form", d->form) | json_object_set_new(f, "kinds", json_integer(d->classes - 1));
    if ((e | json_array_append_new(c->files, f)) != 0)
        return rc_fail(c->r, RECUR_ENOMEM, "no memory for the report");
    e = RECUR_OK;
    for (int i = 0; i < d->count && e == RECUR_OK && labels > 0; i++)
        e = look_alike(c, d, &d->ex[i], (double)d->rows / (double)labels);
    if (e == RECUR_OK && rate > 0) {
        char what[200];
        snprintf(what, sizeof what, "%lld units that the first list does not have: they can never be said",
                 (long long)d->unknown);
        e = d->count > 0 ? found(c, d, &d->ex[0], "unknown", what) : RECUR_OK;
    }
    return e;
}

static int one_file(doctor *c, const char *const *path, const recur_train_options *o, const recur_data *first,
                    recur_data *d)
{
    rc_like like = { 0 };
    if (first != NULL)
        like = (rc_like){ .labels = first->labels, .scaling = &first->scaling, .form = first->form };
    int e = rc_task_transcribe.read(d, path, 1, o, first != NULL ? &like : NULL, RC_ALL, c->problems);
    if (e == RECUR_EDATA) {                                   /* a problem of the data, no failure */
        char what[sizeof c->r->message];
        snprintf(what, sizeof what, "%s", c->r->message);
        d->count = -1;
        return rc_problem(c->problems, path[0], 1, "file", what) == RECUR_OK ? RECUR_OK
            : rc_fail(c->r, RECUR_ENOMEM, "no memory for the report");
    }
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        e = look_at(c, d, &d->ex[i]);
    return e == RECUR_OK ? report(c, d, path[0]) : e;
}

int rc_transcribe_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out)
{
    doctor c = { .r = r, .files = json_array(), .problems = json_array() };
    recur_data *first = NULL, *d;
    int e = rc_map_new(r, &c.seen);
    *out = json_pack("{s:o, s:o}", "files", c.files, "problems", c.problems);
    if (e == RECUR_OK && *out == NULL)
        e = rc_fail(r, RECUR_ENOMEM, "no memory for the report");
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        if ((e = rc_data_new(r, &d, &rc_task_transcribe)) != RECUR_OK)
            break;
        e = one_file(&c, &path[i], o, first, d);
        if (first == NULL && e == RECUR_OK && d->count >= 0)
            first = d;
        else
            recur_data_close(d);
    }
    rc_map_free(c.seen);
    recur_data_close(first);
    if (e != RECUR_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return e;
}
