/* SPDX-License-Identifier: MIT
 * check.c - what is wrong with pairs of texts: bad lines, doubled pairs, lengths that cannot belong together,
 * targets that are the source untranslated. */
#include <stdio.h>
#include "data/pick.h"
#include "data/read.h"
#include "task/translate/translate.h"

static const char *text_of(const recur_data *d, int i, size_t *n)
{
    *n = d->ex[i].text_n;
    return d->raw.s + d->ex[i].text;
}

static int problem(json_t *problems, const recur_data *d, const rc_example *ex, const char *kind, const char *what)
{
    int e = rc_problem(problems, d->path[ex->file], ex->line, kind, what);
    return e == RECUR_OK ? e : rc_fail(d->r, e, "no memory for the report");
}

/* The mean of target bytes a source byte. */
static double usual_ratio(const recur_data *d)
{
    return d->side->bytes > 0 ? (double)d->bytes / (double)d->side->bytes : 1;
}

static int check_pair(const recur_data *d, int i, double usual, rc_map *seen, json_t *problems)
{
    enum { LONG = 40 };                                       /* bytes: shorter texts may differ as they like */
    char what[500];
    size_t a, b;
    const char *s = text_of(d->side, i, &a), *t = text_of(d, i, &b);
    double ratio = (double)b / (double)a / usual;
    uint64_t key[2] = { rc_hash(s, a), rc_hash(t, b) };
    int64_t was = rc_map_get(seen, (const char *)key, sizeof key);
    int e = was < 0 ? rc_map_set(seen, (const char *)key, sizeof key, i) : RECUR_OK;
    if (e == RECUR_OK && was >= 0) {
        snprintf(what, sizeof what, "same pair as %.200s:%lld", d->path[d->ex[was].file], (long long)d->ex[was].line);
        e = problem(problems, d, &d->ex[i], "duplicate", what);
    }
    if (e == RECUR_OK && (a > LONG || b > LONG) && (ratio > 4 || ratio < 0.25)) {
        snprintf(what, sizeof what, "source of %zu bytes, target of %zu: do they belong together?", a, b);
        e = problem(problems, d, &d->ex[i], "length", what);
    }
    if (e == RECUR_OK && a > LONG && a == b && memcmp(s, t, a) == 0)
        e = problem(problems, d, &d->ex[i], "same", "the target is the source, word for word");
    return e;
}

static int report(const recur_data *d, const char *const *path, int n, json_t *out)
{
    json_t *files = json_array();
    int bad = json_object_set_new(out, "files", files);
    for (int i = 0; i < n && !bad; i++) {
        size_t at;
        bad = json_array_append_new(files, json_string(rc_utf8_valid(path[i], strlen(path[i]), &at) ? path[i] : "?"));
    }
    const recur_data *side[] = { d->side, d };
    const char *const name[] = { "source", "target" };
    for (int k = 0; k < 2 && !bad; k++) {
        json_t *f = json_object();
        bad = json_object_set_new(out, name[k], f) | json_object_set_new(f, "unit", json_string(side[k]->text->o.unit))
            | json_object_set_new(f, "kinds", json_integer(rc_vocab_size(side[k]->text->vocab)))
            | json_object_set_new(f, "units", json_integer(side[k]->units))
            | json_object_set_new(f, "chars", json_integer(side[k]->chars))
            | rc_json_real(f, "unk_rate", side[k]->units > 0 ? (double)side[k]->unknown / (double)side[k]->units : 0);
    }
    bad = bad | json_object_set_new(out, "pairs", json_integer(d->count))
        | json_object_set_new(out, "too_long", json_integer(d->dropped));
    return bad ? rc_fail(d->r, RECUR_ENOMEM, "no memory for the report") : RECUR_OK;
}

/* A failure to read is a problem of the data, unless memory or the disk is at fault. */
static int survive(recur *r, int e, const char *path, json_t *problems)
{
    char what[sizeof r->message];
    if (e != RECUR_EDATA)
        return e;
    snprintf(what, sizeof what, "%s", r->message);
    return rc_problem(problems, path, 1, "file", what);
}

int rc_translate_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out)
{
    recur_data *d = NULL;
    rc_map *seen = NULL;
    json_t *problems = json_array();
    *out = json_object();
    int e = json_object_set_new(*out, "problems", problems) == 0 ? rc_data_new(r, &d, &rc_task_translate) : RECUR_ENOMEM;
    if (e == RECUR_OK)
        e = rc_map_new(r, &seen);
    if (e == RECUR_OK)
        e = rc_translate_read(d, path, n, o, NULL, RC_ALL, problems);
    bool whole = e == RECUR_OK;
    e = survive(r, e, path[0], problems);
    double usual = d != NULL && whole ? usual_ratio(d) : 1;
    for (int i = 0; whole && i < d->count && e == RECUR_OK; i++)
        e = check_pair(d, i, usual, seen, problems);
    if (whole && e == RECUR_OK)
        e = report(d, path, n, *out);
    rc_map_free(seen);
    recur_data_close(d);
    if (e != RECUR_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return e;
}
