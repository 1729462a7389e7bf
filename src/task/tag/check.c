/* SPDX-License-Identifier: MIT
 * check.c - what is wrong with tagged files: bad lines, sentences that stand twice or with
 * other tags, tags of which nothing can be learned, words that the first file does not know. */
#include <stdio.h>
#include "data/pick.h"
#include "task/tag/tag.h"

typedef struct { int file; int64_t line; uint64_t tags; } place;
typedef struct {
    recur *r;
    const char *const *path;
    json_t *problems, *files;
    rc_map *seen;                        /* hash of a sentence -> its first place */
    place *at; size_t places, cap;
} doctor;

static int problem(doctor *c, int file, int64_t line, const char *kind, const char *what)
{
    int e = rc_problem(c->problems, c->path[file], line, kind, what);
    return e == RECUR_OK ? e : rc_fail(c->r, e, "no memory for the report");
}

static int look_twice(doctor *c, const recur_data *d, const rc_example *ex, int file)
{
    char what[400];
    uint64_t h = rc_hash(d->raw.s + ex->text, ex->text_n);
    uint64_t tags = rc_hash(d->step_label + ex->at, (size_t)ex->T * sizeof(int32_t));
    int64_t at = rc_map_get(c->seen, (const char *)&h, sizeof h);
    if (at >= 0 && c->at[at].tags == tags && c->at[at].file == file)
        return RECUR_OK;                 /* a sentence may be said twice; in two files it is learned and measured */
    if (at >= 0) {
        bool same = c->at[at].tags == tags;
        snprintf(what, sizeof what, "%s %.200s:%lld", same ? "same sentence as" : "same sentence as, but other tags than,",
                 c->path[c->at[at].file], (long long)c->at[at].line);
        return problem(c, file, ex->line, same ? "duplicate" : "conflict", what);
    }
    if (c->places == c->cap) {
        size_t want = c->cap > 0 ? c->cap * 2 : 1024;
        place *wide = rc_grow(c->r, c->at, c->cap, want, sizeof *wide);
        if (wide == NULL)
            return RECUR_ENOMEM;
        c->at = wide;
        c->cap = want;
    }
    c->at[c->places] = (place){ file, ex->line, tags };
    return rc_map_set(c->seen, (const char *)&h, sizeof h, (int64_t)c->places++);
}

/* How often each label stands in the file, and where it does first. */
static int look_tags(doctor *c, const recur_data *d, int file, bool first, json_t *out)
{
    int n = d->classes + (d->unseen != NULL ? rc_vocab_size(d->unseen) - RC_FIRST : 0), e = RECUR_OK;
    int64_t *seen = rc_new(c->r, (size_t)n + 1, sizeof *seen), *line = rc_new(c->r, (size_t)n + 1, sizeof *line);
    if (seen == NULL || line == NULL)
        e = RECUR_ENOMEM;
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        for (size_t k = d->ex[i].at; k < d->ex[i].at + (size_t)d->ex[i].T; k++)
            if (d->step_label[k] >= 0 && seen[d->step_label[k]]++ == 0)
                line[d->step_label[k]] = d->ex[i].line;
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        char what[300];
        size_t m;
        const char *name = rc_tag_name(d, i, &m);
        int shown = (int)(m < 100 ? m : 100);
        if (seen[i] > 0 && json_object_setn_new(out, name, m, json_integer(seen[i])) != 0)
            e = rc_fail(c->r, RECUR_ENOMEM, "no memory for the report");
        snprintf(what, sizeof what, i >= d->classes ? "tag '%.*s' does not stand in the first file: no model can say it"
                 : "tag '%.*s' stands there once: nothing can be learned of it", shown, name);
        if (e == RECUR_OK && (i >= d->classes || (first && seen[i] == 1)))
            e = problem(c, file, line[i], i >= d->classes ? "unknown" : "rare", what);
    }
    rc_free(c->r, seen);
    rc_free(c->r, line);
    return e;
}

static int report(doctor *c, const recur_data *d, int file, bool first)
{
    size_t bad;
    const char *name = c->path[file];
    json_t *f = json_object(), *tags = json_object();
    double rate = d->units > 0 ? (double)d->unknown / (double)d->units : 0;
    int e = json_object_set_new(f, "file", json_string(rc_utf8_valid(name, strlen(name), &bad) ? name : "?"))
          | json_object_set_new(f, "sentences", json_integer(d->count)) | json_object_set_new(f, "words", json_integer(d->units))
          | json_object_set_new(f, "kinds_of_sentences", json_integer(d->kinds)) | rc_json_real(f, "unk_rate", rate)
          | json_object_set_new(f, "tags", tags) | json_array_append_new(c->files, f);
    if (e != 0)
        return rc_fail(c->r, RECUR_ENOMEM, "no memory for the report");
    if ((e = look_tags(c, d, file, first, tags)) != RECUR_OK)
        return e;
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        e = look_twice(c, d, &d->ex[i], file);
    if (e == RECUR_OK && !first && rate > 0.3) {
        char what[200];
        snprintf(what, sizeof what, "%.1f %% of the words are unknown to the first file: another language or encoding?", rate * 100);
        e = problem(c, file, 1, "unknown", what);
    }
    return e;
}

static int one_file(doctor *c, int i, const recur_train_options *o, recur_data **first)
{
    recur_data *d;
    rc_like like = { 0 };
    int e = rc_data_new(c->r, &d, &rc_task_tag);
    if (e != RECUR_OK)
        return e;
    if (*first != NULL)
        like = (rc_like){ .text = (*first)->text, .labels = (*first)->labels, .form = (*first)->form, .max_length = -1,
                          .side_text = (*first)->side != NULL ? (*first)->side->text : NULL };
    recur_train_options whole = *o;
    whole.max_length = 0;
    e = rc_task_tag.read(d, &c->path[i], 1, &whole, *first != NULL ? &like : NULL, RC_ALL, c->problems);
    if (e == RECUR_EDATA) {              /* a file that cannot be read is a problem of the data */
        char what[sizeof c->r->message];
        snprintf(what, sizeof what, "%s", c->r->message);
        e = problem(c, i, 1, "file", what);
    } else if (e == RECUR_OK) {
        e = report(c, d, i, *first == NULL);
        if (*first == NULL) {
            *first = d;
            return e;
        }
    }
    recur_data_close(d);
    return e;
}

int rc_tag_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out)
{
    recur_data *first = NULL;
    doctor c = { .r = r, .path = path, .problems = json_array(), .files = json_array() };
    *out = json_object();
    int e = json_object_set_new(*out, "files", c.files) | json_object_set_new(*out, "problems", c.problems);
    e = e != 0 ? rc_fail(r, RECUR_ENOMEM, "no memory for the report") : rc_map_new(r, &c.seen);
    for (int i = 0; i < n && e == RECUR_OK; i++)
        e = one_file(&c, i, o, &first);
    recur_data_close(first);
    rc_map_free(c.seen);
    rc_free(r, c.at);
    if (e != RECUR_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return e;
}
