/* SPDX-License-Identifier: MIT
 * span.c - which rows of a series are for what.
 *
 *   row 0 ............ a ............ b ............ c        of each series: train | measure | test
 *
 * Nothing is learned from rows at or behind a: not the scaling, not the period, not which values may be missing.  A file
 * given later that begins with the rows that were learned from is known by their hash, and its test rows are those that
 * were not learned from. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "data/pick.h"
#include "task/forecast/forecast.h"

enum { SEEN = 4096 };                    /* rows that the hash is of, at most */

static int parse_split(recur *r, const char *text, double v[3], int *n)
{
    const char *p = text;
    *n = 0;
    while (text != NULL && *n < 3) {
        char *end;
        v[*n] = strtod(p, &end);
        if (end == p || !(v[*n] >= 0) || (*end != 0 && *end != ','))
            break;
        ++*n;
        if (*end == 0) {
            double sum = v[0] + (*n > 1 ? v[1] : 0) + (*n > 2 ? v[2] : 0);
            if (*n >= 2 && v[0] > 0 && (v[0] > 1 || sum < 1.0001))
                return RECUR_OK;
            break;
        }
        p = end + 1;
    }
    return text == NULL ? RECUR_OK
         : rc_fail(r, RECUR_EOPTION, "--split %s: give steps (8640,2880,2880) or parts of one (.7,.1,.2), of training, "
                   "held-out and test part", text);
}

/* a, b, c of the drawing above for a series of T rows. */
static int bounds(recur *r, const char *split, double held, int64_t horizon, int32_t T, int32_t at[3])
{
    double v[3] = { 0, 0, 0 }, a, b, c = T;
    int n, e = parse_split(r, split, v, &n);
    if (e != RECUR_OK)
        return e;
    if (n == 0) {
        double least = horizon > 0 ? fmin((double)horizon, T / 3) : 0;
        a = held > 0 ? T - fmax(floor(held * T), least) : T;
        b = T;
    } else if (v[0] > 1) {
        a = v[0], b = v[0] + v[1], c = n > 2 ? b + v[2] : T;
    } else {
        a = floor(v[0] * T), c = T;
        b = n < 3 ? floor((v[0] + v[1]) * T) : v[0] + v[1] + v[2] > 0.9999 ? T - floor(v[2] * T) : floor((v[0] + v[1]) * T);
        c = n < 3 || v[0] + v[1] + v[2] > 0.9999 ? T : b + floor(v[2] * T);
    }
    at[0] = (int32_t)fmin(a, T), at[1] = (int32_t)fmin(b, T), at[2] = (int32_t)fmin(c, T);
    return RECUR_OK;
}

static void hash_first(const rc_windows *w, int32_t rows, char out[20])
{
    size_t W = (size_t)rc_windows_width(&w->look), columns = (size_t)(w->look.V + w->look.K);
    uint64_t h = 0;
    for (size_t i = 0; i < (size_t)rows; i++) {
        uint64_t both[2] = { h, rc_hash(w->x + (w->s[0].at + i) * W, columns * sizeof(float)) };
        h = rc_hash(both, sizeof both);
    }
    snprintf(out, 20, "%016llx", (unsigned long long)h);
}

/* Whether these rows begin with those that were learned from. */
static bool seen(const rc_windows *w, const json_t *form)
{
    char hash[20];
    const char *was = json_string_value(json_object_get(form, "seen"));
    json_int_t rows = json_integer_value(json_object_get(form, "seen_rows"));
    if (was == NULL || rows < 1 || rows > SEEN || rows > w->s[0].T)
        return false;
    hash_first(w, (int32_t)rows, hash);
    return strcmp(hash, was) == 0;
}

/* Steps that are asked for must be there: a test part that is cut short measures something else than was said. */
static int enough(recur *r, const char *split, const rc_stretch *s, const char *path)
{
    double v[3] = { 0, 0, 0 };
    int n, e = parse_split(r, split, v, &n);
    double steps = v[0] + v[1] + v[2];
    if (e != RECUR_OK || v[0] <= 1 || steps <= s->T)
        return e;
    return rc_fail(r, RECUR_EOPTION, "%s: --split %s asks for %.0f steps, and%s%s has %d: give fewer, or parts of one "
                   "(.7,.1,.2)", path, split, steps, rc_speak(r, s->id[0] != 0 ? " series " : " the table"), s->id, s->T);
}

typedef struct { const recur_train_options *o; const rc_like *like; int part, files; const char *path; } asked;

/* The rows of series s that targets come from. */
static int span_of(rc_windows *w, rc_stretch *s, const asked *f, bool known)
{
    const json_t *form = f->like != NULL ? f->like->form : NULL;
    const char *split = f->o != NULL ? f->o->split : NULL;
    double held = rc_held_part(f->o);
    bool eval = f->part == RC_ALL && f->like != NULL, given = split != NULL;
    int32_t at[3];
    if (eval && f->files > 1 && !given) {                   /* the last file goes on where the others end */
        s->from = s->fresh, s->to = s->T;
        return RECUR_OK;
    }
    if (eval && known && !given) {
        split = json_string_value(json_object_get(form, "split"));
        held = json_number_value(json_object_get(form, "held"));
    }
    int e = given ? enough(w->r, split, s, f->path) : RECUR_OK;
    if (e != RECUR_OK || (e = bounds(w->r, split, held, w->look.horizon, s->T, at)) != RECUR_OK)
        return e;
    if (eval) {
        bool test = (known || given) && at[2] > at[1], all = !known && !given;
        s->from = all ? 0 : test ? at[1] : at[0];
        s->to = all ? s->T : test ? at[2] : at[1];
        w->span = all ? RC_SPAN_ALL : test ? RC_SPAN_TEST : RC_SPAN_HELD;
        return RECUR_OK;
    }
    bool whole = f->part == RC_ALL && !given;
    w->span = f->part == RC_HELD_PART ? RC_SPAN_HELD : RC_SPAN_ALL;
    s->from = f->part == RC_HELD_PART ? at[0] : 0;
    s->to = whole ? s->T : f->part == RC_HELD_PART ? at[1] : at[0];
    s->T = s->to;                                              /* what lies behind does not exist */
    return RECUR_OK;
}

int rc_spans_find(recur_data *d, const recur_train_options *o, const rc_like *like, int part)
{
    rc_windows *w = rc_windows_of(d);
    const asked f = { o, like, part, d->paths, d->paths > 0 ? d->path[0] : "series" };
    bool known = like != NULL && seen(w, like->form);
    int e = RECUR_OK;
    for (int k = 0; k < w->n && e == RECUR_OK; k++)
        e = span_of(w, &w->s[k], &f, known);
    return e;
}

int rc_spans_form(recur_data *d, const recur_train_options *o)
{
    char hash[20];
    const rc_windows *w = rc_windows_of(d);
    int32_t rows = w->s[0].to < SEEN ? w->s[0].to : SEEN;
    hash_first(w, rows, hash);
    d->form = json_pack("{s:s,s:i,s:s?,s:f}", "seen", hash, "seen_rows", (int)rows, "split", o != NULL ? o->split : NULL,
                        "held", rc_held_part(o));
    return d->form != NULL ? RECUR_OK : rc_fail(d->r, RECUR_ENOMEM, "no memory for the form of the series");
}
