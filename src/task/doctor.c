/* SPDX-License-Identifier: MIT
 * doctor.c - reports on data: what is in the files and what is wrong with them, each problem with file and line. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/pick.h"
#include "data/read.h"
#include "task/doctor.h"

int rc_doctor_begin(rc_doctor *c, recur *r, const char *const *path, const recur_train_options *o, json_t **out)
{
    *c = (rc_doctor){ .r = r, .path = path, .o = o, .out = json_object(), .files = json_array(), .problems = json_array() };
    *out = c->out;
    if (json_object_set_new(c->out, "files", c->files) != 0
        || json_object_set_new(c->out, "problems", c->problems) != 0)
        return rc_fail(r, RECUR_ENOMEM, "no memory for the report");
    return rc_map_new(r, &c->seen);
}

int rc_doctor_end(rc_doctor *c, int e, json_t **out)
{
    rc_map_free(c->seen);
    rc_free(c->r, c->place);
    if (e != RECUR_OK) {
        json_decref(c->out);
        *out = NULL;
    }
    return e;
}

const char *rc_doctor_name(const rc_doctor *c, int file)
{
    size_t bad;
    return rc_utf8_valid(c->path[file], strlen(c->path[file]), &bad) ? c->path[file] : "?";
}

int rc_doctor_problem(rc_doctor *c, int file, int64_t line, const char *kind, const char *form, ...)
{
    char what[500];
    va_list a;
    va_start(a, form);
    vsnprintf(what, sizeof what, rc_speak(c->r, form), a);
    va_end(a);
    int e = rc_problem(c->problems, c->path[file], line, kind, what);
    return e == RECUR_OK ? e : rc_fail(c->r, e, "no memory for the report");
}

const rc_place *rc_doctor_seen(rc_doctor *c, const void *s, size_t n, rc_place here, int *error)
{
    uint64_t h = rc_hash(s, n);
    int64_t at = rc_map_get(c->seen, (const char *)&h, sizeof h);
    if (at >= 0)
        return &c->place[at];
    if (c->places == c->cap) {
        size_t want = c->cap ? c->cap * 2 : 1024;
        rc_place *wide = rc_grow(c->r, c->place, c->cap, want, sizeof *wide);
        if (wide == NULL) {
            *error = RECUR_ENOMEM;
            return NULL;
        }
        c->place = wide;
        c->cap = want;
    }
    c->place[c->places] = here;
    *error = rc_map_set(c->seen, (const char *)&h, sizeof h, (int64_t)c->places++);
    return NULL;
}

int rc_doctor_survive(rc_doctor *c, int e, int file)
{
    char what[sizeof c->r->message];
    const char *said = what;
    size_t n = strlen(c->path[file]);
    long line = 0;
    if (e != RECUR_EDATA)
        return e;
    snprintf(what, sizeof what, "%s", c->r->message);
    if (strncmp(said, c->path[file], n) == 0 && said[n] == ':') {        /* path: or path:line: stands before it */
        char *after;
        line = strtol(said + n + 1, &after, 10);
        said = line > 0 && *after == ':' ? after + 1 : said + n + 1;
        said += strspn(said, " ");
    }
    return rc_doctor_problem(c, file, line > 0 ? line : 1, "file", "%s", said);
}

int rc_doctor_each(rc_doctor *c, const rc_task *t, int n, const recur_train_options *o,
                   int (*look)(rc_doctor *c, recur_data *d, int file, bool known))
{
    recur_data *first = NULL, *d;
    rc_like like;
    int e = RECUR_OK;
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        if ((e = rc_data_new(c->r, &d, t)) != RECUR_OK)
            break;
        bool known = first != NULL;
        if (known)
            like = (rc_like){ .text = first->text, .labels = first->labels, .scaling = &first->scaling, .form = first->form,
                              .max_length = first->max_length > 0 ? first->max_length : -1,
                              .side_text = first->side != NULL ? first->side->text : NULL };
        e = t->read(d, &c->path[i], 1, o, known ? &like : NULL, RC_ALL, c->problems);
        bool whole = e == RECUR_OK;
        e = whole ? look(c, d, i, known) : rc_doctor_survive(c, e, i);
        if (whole && !known)
            first = d;
        else
            recur_data_close(d);
    }
    recur_data_close(first);
    return e;
}

int rc_doctor_units(rc_doctor *c, const recur_data *d, int file, bool known)
{
    json_t *f = json_object();
    int e = json_object_set_new(f, "file", json_string(rc_doctor_name(c, file)))
          | json_object_set_new(f, d->stream ? "units" : "examples", json_integer(recur_data_count(d)))
          | json_object_set_new(f, "bytes", json_integer(d->bytes))
          | json_object_set_new(f, "chars", json_integer(d->chars))
          | json_object_set_new(f, "cut", json_integer(d->dropped));
    double rate = d->units > 0 ? (double)d->unknown / (double)d->units : 0;
    if (d->text != NULL)
        e |= rc_json_real(f, "unk_rate", rate) | json_object_set_new(f, "unit", json_string(d->text->unit->name));
    if ((e | json_array_append_new(c->files, f)) != 0)
        return rc_fail(c->r, RECUR_ENOMEM, "no memory for the report");
    return known && rate > 0.1
        ? rc_doctor_problem(c, file, 1, "unknown", "%.1f %% of the units are unknown to the first file's vocabulary: "
                            "another language or encoding?", rate * 100) : RECUR_OK;
}
