/* SPDX-License-Identifier: MIT
 * doctor.c - reports on data: what is in the files and what is wrong with them, each problem with file and line. */
#include <stdio.h>

#include "data/pick.h"
#include "data/read.h"
#include "task/doctor.h"

int rc_doctor_begin(rc_doctor *c, recur *r, const char *const *path, json_t **out)
{
    *c = (rc_doctor){ .r = r, .path = path, .out = json_object(), .files = json_array(), .problems = json_array() };
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

int rc_doctor_problem(rc_doctor *c, int file, int64_t line, const char *kind, const char *what)
{
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
    if (e != RECUR_EDATA)
        return e;
    snprintf(what, sizeof what, "%s", c->r->message);
    return rc_doctor_problem(c, file, 1, "file", what);
}

int rc_doctor_units(rc_doctor *c, const recur_data *d, int file, bool known)
{
    const char *name = c->path[file];
    size_t bad;
    json_t *f = json_object();
    int e = json_object_set_new(f, "file", json_string(rc_utf8_valid(name, strlen(name), &bad) ? name : "?"))
          | json_object_set_new(f, d->stream ? "units" : "examples", json_integer(recur_data_count(d)))
          | json_object_set_new(f, "bytes", json_integer(d->bytes))
          | json_object_set_new(f, "chars", json_integer(d->chars))
          | json_object_set_new(f, "cut", json_integer(d->dropped));
    double rate = d->units > 0 ? (double)d->unknown / (double)d->units : 0;
    if (d->text != NULL)
        e |= rc_json_real(f, "unk_rate", rate) | json_object_set_new(f, "unit", json_string(d->text->unit->name));
    if ((e | json_array_append_new(c->files, f)) != 0)
        return rc_fail(c->r, RECUR_ENOMEM, "no memory for the report");
    if (known && rate > 0.1) {
        char what[256];
        snprintf(what, sizeof what,
                 "%.1f %% of the units are unknown to the first file's vocabulary: another language or encoding?",
                 rate * 100);
        return rc_doctor_problem(c, file, 1, "unknown", what);
    }
    return RECUR_OK;
}
