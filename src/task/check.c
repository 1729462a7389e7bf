/* SPDX-License-Identifier: MIT
 * check.c - what is wrong with the data, before an hour is lost: bad lines, doubled texts inside and between files,
 * equal texts with different labels, over-long texts, rare labels, unknown units.  Each with file and line. */
#include <stdio.h>
#include "task/classify.h"
#include "task/lm.h"
#include "data/pick.h"
#include "data/read.h"

typedef struct {
    recur *r;
    json_t *out, *files, *problems;
    rc_map *seen;                    /* hash of a text -> its first place */
    struct place { int file; int64_t line; int32_t label; } *place;
    size_t places, cap;
    const char *const *path;
} doctor;

static int begin(doctor *c, recur *r, const char *const *path, json_t **out)
{
    *c = (doctor){ .r = r, .path = path, .out = json_object(), .files = json_array(), .problems = json_array() };
    *out = c->out;
    if (json_object_set_new(c->out, "files", c->files) != 0
        || json_object_set_new(c->out, "problems", c->problems) != 0)
        return rc_fail(r, RECUR_ENOMEM, "no memory for the report");
    return rc_map_new(r, &c->seen);
}

static int end(doctor *c, int e, json_t **out)
{
    rc_map_free(c->seen);
    rc_free(c->r, c->place);
    if (e != RECUR_OK) {
        json_decref(c->out);
        *out = NULL;
    }
    return e;
}

static int problem(doctor *c, int file, int64_t line, const char *kind, const char *what)
{
    int e = rc_problem(c->problems, c->path[file], line, kind, what);
    return e == RECUR_OK ? e : rc_fail(c->r, e, "no memory for the report");
}

/* The first place of this text; NULL: this is it, and it is kept.  *error as usual. */
static const struct place *first_place(doctor *c, const char *s, size_t n, int file, int64_t line, int32_t label,
                                       int *error)
{
    uint64_t h = rc_hash(s, n);
    int64_t at = rc_map_get(c->seen, (const char *)&h, sizeof h);
    if (at >= 0)
        return &c->place[at];
    if (c->places == c->cap) {
        size_t want = c->cap ? c->cap * 2 : 1024;
        struct place *wide = rc_grow(c->r, c->place, c->cap, want, sizeof *wide);
        if (wide == NULL) {
            *error = RECUR_ENOMEM;
            return NULL;
        }
        c->place = wide;
        c->cap = want;
    }
    c->place[c->places] = (struct place){ file, line, label };
    *error = rc_map_set(c->seen, (const char *)&h, sizeof h, (int64_t)c->places++);
    return NULL;
}

/* A failure to read is a problem of the data, unless memory or the disk is at fault. */
static int survive(doctor *c, int e, int file)
{
    char what[sizeof c->r->message];
    if (e != RECUR_EDATA)
        return e;
    snprintf(what, sizeof what, "%s", c->r->message);
    return problem(c, file, 1, "file", what);
}

static int report(doctor *c, const recur_data *d, int file, bool known)
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
        return problem(c, file, 1, "unknown", what);
    }
    return RECUR_OK;
}

/* --- classify --- */

static int check_text(doctor *c, const recur_data *d, const rc_example *ex, int file)
{
    char what[400];
    int e = RECUR_OK;
    const char *s = ex->text_n > 0 ? d->raw.s + ex->text : (const char *)(d->x + ex->at * (size_t)d->F);
    size_t n = ex->text_n > 0 ? ex->text_n : (size_t)ex->T * (size_t)d->F * sizeof(float);
    if (ex->text_n > 2000 && ex->text_n * (uint64_t)d->count > 20 * (uint64_t)d->bytes) {
        snprintf(what, sizeof what, "a text of %zu bytes, more than 20 times the mean", ex->text_n);
        e = problem(c, file, ex->line, "long", what);
    }
    const struct place *was = e == RECUR_OK ? first_place(c, s, n, file, ex->line, ex->label, &e) : NULL;
    if (was == NULL)
        return e;
    bool conflict = was->label != ex->label;
    snprintf(what, sizeof what, "%s %.200s:%lld", conflict ? "same text as, but another label than," : "same text as",
             c->path[was->file], (long long)was->line);
    return problem(c, file, ex->line, conflict ? "conflict" : "duplicate", what);
}

static int check_labels(doctor *c, const recur_data *d, int file, json_t *labels)
{
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
        if (e == RECUR_OK && file == 0 && seen < 2) {
            char what[400];
            snprintf(what, sizeof what, "label '%.*s' has %lld example(s): nothing can be learned of it",
                     (int)(n < 100 ? n : 100), name, (long long)seen);
            e = problem(c, file, line, "rare", what);
        }
    }
    return e;
}

int rc_classify_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out)
{
    doctor c;
    recur_data *first = NULL, *d;
    json_t *labels = json_object();
    int e = begin(&c, r, path, out);
    if (e == RECUR_OK && json_object_set(c.out, "labels", labels) != 0)
        e = rc_fail(r, RECUR_ENOMEM, "no memory for the report");
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        rc_like like = { 0 };
        if (first != NULL)
            like = (rc_like){ .text = first->text, .labels = first->labels, .scaling = &first->scaling,
                              .form = first->form };
        if ((e = rc_data_new(r, &d, &rc_task_classify)) != RECUR_OK)
            break;
        e = rc_task_classify.read(d, &path[i], 1, o, first != NULL ? &like : NULL, RC_ALL, c.problems);
        bool whole = e == RECUR_OK;
        e = survive(&c, e, i);
        for (int k = 0; k < d->count && e == RECUR_OK && whole; k++)
            e = check_text(&c, d, &d->ex[k], i);
        if (e == RECUR_OK && whole && (e = check_labels(&c, d, i, labels)) == RECUR_OK)
            e = report(&c, d, i, first != NULL);
        if (first == NULL && whole)
            first = d;
        else
            recur_data_close(d);
    }
    recur_data_close(first);
    json_decref(labels);
    return end(&c, e, out);
}

/* --- lm --- */

/* Long lines that stand in an earlier file too: what is measured on would have been learned. */
static int check_lines(doctor *c, const char *path, int file, const recur_train_options *o)
{
    enum { LONG = 40 };
    rc_buf raw, text;
    const char *s;
    size_t n;
    rc_buf_init(&raw, c->r, (size_t)1 << 34);
    rc_buf_init(&text, c->r, (size_t)1 << 34);
    int e = rc_file_read(c->r, path, &raw);
    if (e == RECUR_OK)
        e = rc_utf8_from(c->r, o != NULL && o->encoding != NULL ? o->encoding : "utf-8", raw.s, raw.n, &text);
    rc_lines l = { text.s, text.s != NULL ? text.s + text.n : NULL, 0 };
    while (e == RECUR_OK && text.n > 0 && rc_lines_next(&l, &s, &n)) {
        char what[300];
        if (n < LONG)
            continue;
        const struct place *was = first_place(c, s, n, file, l.line, 0, &e);
        if (was == NULL || was->file == file)
            continue;
        snprintf(what, sizeof what, "same line as %.200s:%lld", c->path[was->file], (long long)was->line);
        e = problem(c, file, l.line, "duplicate", what);
    }
    rc_buf_free(&raw);
    rc_buf_free(&text);
    return e;
}

int rc_lm_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out)
{
    doctor c;
    recur_data *first = NULL, *d;
    int e = begin(&c, r, path, out);
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        rc_like like = { 0 };
        if (first != NULL)
            like.text = first->text;
        if ((e = rc_data_new(r, &d, &rc_task_lm)) != RECUR_OK)
            break;
        e = rc_task_lm.read(d, &path[i], 1, o, first != NULL ? &like : NULL, RC_ALL, c.problems);
        bool whole = e == RECUR_OK;
        e = survive(&c, e, i);
        if (e == RECUR_OK && whole && (e = report(&c, d, i, first != NULL)) == RECUR_OK)
            e = survive(&c, check_lines(&c, path[i], i, o), i);
        if (first == NULL && whole)
            first = d;
        else
            recur_data_close(d);
    }
    recur_data_close(first);
    return end(&c, e, out);
}
