/* SPDX-License-Identifier: MIT
 * rows.c - sounds through the front end, and other measured sequences as they are, into rows of examples. */
#include <math.h>
#include <stdlib.h>
#include "data/read.h"
#include "task/transcribe/gather.h"

/* An utterance's own level helps to tell short words apart; norm=utterance is for recordings of many levels. */
static const char usual[] = "logmel 40 norm=none";

/* --- rows of an example: made at d->x + d->rows --- */

static int width(rc_gather *g, int F)
{
    recur_data *d = g->d;
    int want = g->like != NULL && g->like->scaling != NULL && g->like->scaling->n > 0 ? g->like->scaling->n : d->F;
    if (want > 0 && F != want)
        return rc_fail(d->r, RECUR_EDATA, "%s: %d features a step where %d are expected", g->name, F, want);
    d->F = F;
    return RECUR_OK;
}

static int open_front(rc_gather *g, int rate)
{
    enum { SPEECH = 16000 };             /* what a voice needs; finer sounds are read at this rate */
    if (g->front != NULL)
        return RECUR_OK;
    const char *line = g->like != NULL ? g->how.front : g->o != NULL && g->o->front != NULL ? g->o->front : usual;
    return rc_front_new(g->d->r, &g->front, line, rate < SPEECH ? rate : SPEECH);
}

int rc_gather_sound(rc_gather *g, rc_sound *s, int *T)
{
    recur_data *d = g->d;
    int e = open_front(g, s->rate);
    if (e == RECUR_OK && s->rate == 0)
        s->rate = rc_front_rate(g->front);
    if (e == RECUR_OK)
        e = rc_sound_resample(d->r, s, rc_front_rate(g->front));
    if (e == RECUR_OK)
        e = width(g, rc_front_width(g->front));
    if (e != RECUR_OK)
        return e;
    *T = rc_front_rows(g->front, s->n);
    if ((e = rc_data_row(d, (size_t)*T)) != RECUR_OK)
        return e;
    return rc_front_run(g->front, s->x, s->n, d->x + d->rows * (size_t)d->F);
}

typedef struct { rc_gather *g; int T; } rows_of;

/* An array [steps][features] comes as `steps` sequences of one feature, [1][steps][features] as one sequence. */
static int take_rows(void *ud, const rc_record *rec)
{
    rows_of *w = ud;
    recur_data *d = w->g->d;
    int T = rec->features == 1 ? 1 : rec->steps, F = rec->features == 1 ? rec->steps : rec->features;
    int e = rec->features > 1 && w->T > 0
        ? rc_fail(d->r, RECUR_EDATA, "%s: more than one sequence; a file for each is wanted", w->g->name) : width(w->g, F);
    if (e != RECUR_OK || (e = rc_data_row(d, (size_t)(w->T + T))) != RECUR_OK)
        return e;
    memcpy(d->x + (d->rows + (size_t)w->T) * (size_t)F, rec->x, (size_t)T * (size_t)F * sizeof(float));
    w->T += T;
    return RECUR_OK;
}

static bool ends(const char *s, const char *with)
{
    size_t n = strlen(s), m = strlen(with);
    return n >= m && strcmp(s + n - m, with) == 0;
}

/* Labels beside the array are not asked for; any other problem is one of the whole file. */
static int read_rows(rc_gather *g, int *T)
{
    rows_of w = { g, 0 };
    json_t *bad = json_array(), *one;
    size_t i;
    int e = bad != NULL ? rc_read_records(g->d->r, g->name, NULL, take_rows, &w, bad)
                        : rc_fail(g->d->r, RECUR_ENOMEM, "no memory for %s", g->name);
    json_array_foreach(bad, i, one)
        if (e == RECUR_OK && json_integer_value(json_object_get(one, "line")) > 0)
            e = rc_fail(g->d->r, RECUR_EDATA, "%s: row %lld: %s", g->name,
                        (long long)json_integer_value(json_object_get(one, "line")),
                        json_string_value(json_object_get(one, "what")));
    json_decref(bad);
    *T = w.T;
    return e == RECUR_OK && w.T == 0 ? rc_fail(g->d->r, RECUR_EDATA, "%s: no step in it", g->name) : e;
}

static int kind_fits(rc_gather *g, bool sound)
{
    bool other = g->like != NULL ? sound != (g->how.front != NULL) : g->d->count > 0 && sound != (g->front != NULL);
    if (!other)
        return RECUR_OK;
    return rc_fail(g->d->r, RECUR_EDATA, "%s: %s, where %s expected", g->name, rc_speak(g->d->r, sound ? "a sound" : "rows of measurements"),
                   rc_speak(g->d->r, sound ? "rows of measurements are" : "sounds are"));
}

/* "talk.wav#12.5-14": seconds 12.5 to 14 of talk.wav.  The bytes of the file's name; *from, *to: NAN where it is whole. */
static size_t span_of(const char *name, double *from, double *to)
{
    const char *mark = strrchr(name, '#');
    char *end;
    *from = *to = (double)NAN;
    if (mark == NULL || mark == name)
        return strlen(name);
    double a = strtod(mark + 1, &end), b = *end == '-' ? strtod(end + 1, &end) : -1;
    if (*end != 0 || !(a >= 0) || !(b > a))
        return strlen(name);
    *from = a;
    *to = b;
    return (size_t)(mark - name);
}

/* The file is kept: a list may name spans of it one after the other. */
static int keep_file(rc_gather *g, size_t n)
{
    recur *r = g->d->r;
    if (g->kept.x != NULL && g->kept_name.n == n && memcmp(g->kept_name.s, g->name, n) == 0)
        return RECUR_OK;
    rc_sound_free(r, &g->kept);
    g->kept_name.n = 0;
    int e = rc_buf_add(&g->kept_name, g->name, n);
    return e == RECUR_OK ? rc_sound_read(r, g->kept_name.s, &g->kept) : e;
}

static int take_span(rc_gather *g, rc_sound *s)
{
    double from, to;
    int e = keep_file(g, span_of(g->name, &from, &to));
    if (e != RECUR_OK)
        return e;
    size_t n = g->kept.n, a = 0;
    if (!isnan(from)) {
        if (to * g->kept.rate > (double)n + 1)
            return rc_fail(g->d->r, RECUR_EDATA, "%s: the sound ends after %.4f seconds", g->name, (double)n / g->kept.rate);
        a = (size_t)(from * g->kept.rate + 0.5);
        size_t b = (size_t)(to * g->kept.rate + 0.5);
        n = (b < n ? b : n) - (a < n ? a : n);
    }
    if (n == 0)
        return rc_fail(g->d->r, RECUR_EDATA, "%s: no sample between these times", g->name);
    if ((s->x = rc_new(g->d->r, n, sizeof *s->x)) == NULL)
        return RECUR_ENOMEM;
    memcpy(s->x, g->kept.x + a, n * sizeof *s->x);
    s->n = n;
    s->rate = g->kept.rate;
    return RECUR_OK;
}

int rc_gather_file(rc_gather *g, int *T)
{
    rc_sound s = { 0 };
    bool sound = !ends(g->name, ".npy");
    int e = kind_fits(g, sound);
    if (e != RECUR_OK || !sound)
        return e != RECUR_OK ? e : read_rows(g, T);
    if ((e = take_span(g, &s)) == RECUR_OK) {
        e = open_front(g, s.rate);                            /* before the speed changes what the rate seems to be */
        if (g->speed > 0)
            s.rate = (int)(s.rate * g->speed + 0.5);
    }
    if (e == RECUR_OK)
        e = rc_gather_sound(g, &s, T);
    rc_sound_free(g->d->r, &s);
    return e;
}

int rc_gather_rows(rc_gather *g, const float *x, int T, int F)
{
    recur_data *d = g->d;
    int e = width(g, F);
    if (e == RECUR_OK)
        e = rc_data_row(d, (size_t)T);
    if (e == RECUR_OK)
        memcpy(d->x + d->rows * (size_t)F, x, (size_t)T * (size_t)F * sizeof(float));
    return e;
}
