/* SPDX-License-Identifier: MIT
 * check.c - what is wrong with pairs of texts: bad lines, doubled pairs, lengths that cannot belong together,
 * targets that are the source untranslated. */
#include "data/pick.h"
#include "task/doctor.h"
#include "task/translate/translate.h"

static const char *text_of(const recur_data *d, int i, size_t *n)
{
    *n = d->ex[i].text_n;
    return d->raw.s + d->ex[i].text;
}

/* The mean of target bytes a source byte. */
static double usual_ratio(const recur_data *d)
{
    return d->side->bytes > 0 ? (double)d->bytes / (double)d->side->bytes : 1;
}

static int check_pair(rc_doctor *c, const recur_data *d, int i, double usual)
{
    enum { LONG = 40 };                                       /* bytes: shorter texts may differ as they like */
    size_t a, b;
    const rc_example *ex = &d->ex[i];
    const char *s = text_of(d->side, i, &a), *t = text_of(d, i, &b);
    double ratio = (double)b / (double)a / usual;
    const uint64_t pair[2] = { rc_hash(s, a), rc_hash(t, b) };
    int e = RECUR_OK;
    const rc_place *was = rc_doctor_seen(c, pair, sizeof pair, (rc_place){ ex->file, ex->line, 0 }, &e);
    if (was != NULL)
        e = rc_doctor_problem(c, ex->file, ex->line, "duplicate", "same pair as %.200s:%lld", c->path[was->file],
                              (long long)was->line);
    if (e == RECUR_OK && (a > LONG || b > LONG) && (ratio > 4 || ratio < 0.25))
        e = rc_doctor_problem(c, ex->file, ex->line, "length", "source of %zu bytes, target of %zu: do they belong together?", a, b);
    if (e == RECUR_OK && a > LONG && a == b && memcmp(s, t, a) == 0)
        e = rc_doctor_problem(c, ex->file, ex->line, "same", "the target is the source, word for word");
    return e;
}

static int report(rc_doctor *c, const recur_data *d, int n)
{
    int bad = 0;
    for (int i = 0; i < n && !bad; i++)
        bad = json_array_append_new(c->files, json_string(rc_doctor_name(c, i)));
    const recur_data *side[] = { d->side, d };
    const char *const name[] = { "source", "target" };
    for (int k = 0; k < 2 && !bad; k++) {
        json_t *f = json_object();
        bad = json_object_set_new(c->out, name[k], f) | json_object_set_new(f, "unit", json_string(side[k]->text->o.unit))
            | json_object_set_new(f, "kinds", json_integer(rc_vocab_size(side[k]->text->vocab)))
            | json_object_set_new(f, "units", json_integer(side[k]->units))
            | json_object_set_new(f, "chars", json_integer(side[k]->chars))
            | rc_json_real(f, "unk_rate", side[k]->units > 0 ? (double)side[k]->unknown / (double)side[k]->units : 0);
    }
    bad = bad | json_object_set_new(c->out, "pairs", json_integer(d->count))
        | json_object_set_new(c->out, "too_long", json_integer(d->dropped));
    return bad ? rc_fail(d->r, RECUR_ENOMEM, "no memory for the report") : RECUR_OK;
}

int rc_translate_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out)
{
    rc_doctor c;
    recur_data *d = NULL;
    int e = rc_doctor_begin(&c, r, path, o, out);
    if (e == RECUR_OK)
        e = rc_data_new(r, &d, &rc_task_translate);
    if (e == RECUR_OK)
        e = rc_translate_read(d, path, n, o, NULL, RC_ALL, c.problems);
    bool whole = e == RECUR_OK;
    e = rc_doctor_survive(&c, e, 0);
    double usual = whole ? usual_ratio(d) : 1;
    for (int i = 0; whole && i < d->count && e == RECUR_OK; i++)
        e = check_pair(&c, d, i, usual);
    if (whole && e == RECUR_OK)
        e = report(&c, d, n);
    recur_data_close(d);
    return rc_doctor_end(&c, e, out);
}
