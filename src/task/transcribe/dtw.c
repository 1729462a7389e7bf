/* SPDX-License-Identifier: MIT
 * dtw.c - what a transcript may be without a net: that of the utterance, among those kept of the training part, which
 * is most similar by dynamic time warping (Sakoe & Chiba 1978).
 *
 *   D(i, j) = |x_i - y_j| + min(D(i-1, j), D(i, j-1), D(i-1, j-1)),   the way's cost divided by I + J          (K5)
 *
 * GROUP steps are averaged into one, and at most ROWS of those are kept, of utterances drawn evenly. */
#include <math.h>
#include "data/pick.h"
#include "task/transcribe/transcribe.h"

enum { GROUP = 3, ROWS = 8000, LONGEST = 400, BAND = 4 };    /* BAND: part of the length that a way may stray */

struct rc_dtw {
    recur *r;
    int F, count;
    const float *x; const int64_t *at;       /* [rows][F]; [count + 1] */
    const char *text; const int64_t *text_at;
    float *ask; double *row;                 /* [LONGEST][F]; 2 rows */
};

/* GROUP steps become one; how many. */
static int thin(const float *x, int T, int F, float *out)
{
    int n = (T + GROUP - 1) / GROUP;
    n = n < LONGEST ? n : LONGEST;
    for (int i = 0; i < n; i++)
        for (int f = 0; f < F; f++) {
            int to = (i + 1) * GROUP < T ? (i + 1) * GROUP : T;
            float sum = 0;
            for (int t = i * GROUP; t < to; t++)
                sum += x[(size_t)t * (size_t)F + (size_t)f];
            out[(size_t)i * (size_t)F + (size_t)f] = sum / (float)(to - i * GROUP);
        }
    return n;
}

/* --- keeping --- */

typedef struct { float *x; int64_t *at, *text_at; rc_buf text; int n; int64_t rows; } kept;

/* Which transcript stands most often: the example that has it first. */
static int commonest(recur_data *d, int *out)
{
    rc_map *seen = NULL;
    int64_t most = 0, n;
    int e = rc_map_new(d->r, &seen);
    *out = 0;
    for (int i = 0; i < d->count && e == RECUR_OK; i++) {
        e = rc_map_add(seen, d->ex[i].text_n > 0 ? d->raw.s + d->ex[i].text : "", d->ex[i].text_n, 1, &n);
        if (e == RECUR_OK && n > most)
            most = n, *out = i;
    }
    rc_map_free(seen);
    return e;
}

static int keep(kept *k, const recur_data *d, int i)
{
    const rc_example *ex = &d->ex[i];
    k->at[k->n] = k->rows;
    k->text_at[k->n++] = (int64_t)k->text.n;
    k->rows += thin(d->x + ex->at * (size_t)d->F, ex->T, d->F, k->x + (size_t)k->rows * (size_t)d->F);
    return ex->text_n > 0 ? rc_buf_add(&k->text, d->raw.s + ex->text, ex->text_n) : RECUR_OK;
}

int rc_dtw_fit(recur_model *m, recur_data *d, recur_data *held)
{
    kept k = { 0 };
    int e, common = 0, seen = 0;
    (void)held;
    rc_buf_init(&k.text, m->r, 0);
    int32_t *order = rc_new(m->r, (size_t)d->count + 1, sizeof *order);
    k.x = rc_new(m->r, (ROWS + LONGEST) * (size_t)d->F, sizeof *k.x);
    k.at = rc_new(m->r, (size_t)d->count + 2, sizeof *k.at);
    k.text_at = rc_new(m->r, (size_t)d->count + 2, sizeof *k.text_at);
    e = order != NULL && k.x != NULL && k.at != NULL && k.text_at != NULL ? commonest(d, &common) : RECUR_ENOMEM;
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        order[i] = i;
    if (e == RECUR_OK) {
        rc_shuffle(rc_key(1, RC_SHUFFLE, 0, 3), order, (size_t)d->count);
        e = keep(&k, d, common);                              /* the first is the commonest transcript's */
    }
    for (; seen < d->count && e == RECUR_OK && k.rows < ROWS; seen++)
        if (order[seen] != common)
            e = keep(&k, d, order[seen]);
    if (e == RECUR_OK) {
        k.at[k.n] = k.rows;
        k.text_at[k.n] = (int64_t)k.text.n;
        rc_model_extra(m, "dtw.x", RC_F32, k.rows * d->F, k.x, &e);
        rc_model_extra(m, "dtw.at", RC_I64, k.n + 1, k.at, &e);
        rc_model_extra(m, "dtw.text", RC_U8, (int64_t)k.text.n, k.text.n > 0 ? k.text.s : "", &e);
        rc_model_extra(m, "dtw.text_at", RC_I64, k.n + 1, k.text_at, &e);
    }
    if (e == RECUR_OK) {
        json_t *j = json_pack("{s:s, s:i}", "name", "most similar utterance", "utterances", k.n);
        json_decref(m->baseline);
        m->baseline = j;
        e = j != NULL ? RECUR_OK : rc_fail(m->r, RECUR_ENOMEM, "no memory for the baseline");
    }
    rc_buf_free(&k.text);
    rc_free(m->r, k.x);
    rc_free(m->r, k.at);
    rc_free(m->r, k.text_at);
    rc_free(m->r, order);
    return e;
}

/* --- saying --- */

static const rc_tensor *extra(const recur_model *m, const char *name, int dtype)
{
    for (int i = 0; i < m->extra.tensors; i++)
        if (strcmp(m->extra.tensor[i].name, name) == 0)
            return m->extra.tensor[i].dtype == dtype ? &m->extra.tensor[i] : NULL;
    return NULL;
}

/* Rising places from 0 to `end`, count + 1 of them. */
static bool rising(const rc_tensor *t, size_t count, int64_t end)
{
    const int64_t *at = t->data;
    if (t->n != count + 1 || at[0] != 0 || at[count] != end)
        return false;
    for (size_t i = 0; i < count; i++)
        if (at[i + 1] < at[i])
            return false;
    return true;
}

int rc_dtw_read(recur *r, rc_dtw **out, const recur_model *m)
{
    json_int_t count = json_integer_value(json_object_get(m->baseline, "utterances"));
    const rc_tensor *x = extra(m, "baseline.dtw.x", RC_F32), *at = extra(m, "baseline.dtw.at", RC_I64);
    const rc_tensor *text = extra(m, "baseline.dtw.text", RC_U8), *text_at = extra(m, "baseline.dtw.text_at", RC_I64);
    size_t F = (size_t)m->scaling.n;
    *out = NULL;
    if (x == NULL || at == NULL || text == NULL || text_at == NULL || F == 0 || count < 1 || count > ROWS + 1
        || x->n % F != 0 || !rising(at, (size_t)count, (int64_t)(x->n / F))
        || !rising(text_at, (size_t)count, (int64_t)text->n))
        return rc_fail(r, RECUR_EFORMAT, "baseline: the utterances kept are damaged");
    rc_dtw *t = rc_new(r, 1, sizeof *t);
    if (t == NULL)
        return RECUR_ENOMEM;
    *t = (rc_dtw){ .r = r, .F = (int)F, .count = (int)count, .x = x->data, .at = at->data, .text = text->data,
                   .text_at = text_at->data };
    t->ask = rc_new(r, LONGEST * F, sizeof *t->ask);
    t->row = rc_new(r, (size_t)LONGEST + 1, sizeof *t->row);
    if (t->ask == NULL || t->row == NULL) {
        rc_dtw_free(t);
        return RECUR_ENOMEM;
    }
    *out = t;
    return RECUR_OK;
}

void rc_dtw_free(rc_dtw *t)
{
    if (t == NULL)
        return;
    rc_free(t->r, t->ask);
    rc_free(t->r, t->row);
    rc_free(t->r, t);
}

static double away(const float *a, const float *b, int F)
{
    float sum = 0;
    for (int f = 0; f < F; f++)
        sum += (a[f] - b[f]) * (a[f] - b[f]);
    return sqrt((double)sum);
}

/* Cost of the best way between t->ask [I] and y [J]; given up, as INFINITY, once it cannot be below `most`. */
static double warp(const rc_dtw *t, int I, const float *y, int J, double most)
{
    int wide = (I > J ? I : J) / BAND + 2;
    double *row = t->row;
    for (int j = 0; j <= J; j++)
        row[j] = j == 0 ? 0 : INFINITY;
    for (int i = 1; i <= I; i++) {
        int middle = (int)((int64_t)i * J / I), lo = middle > wide ? middle - wide : 1, hi = middle + wide;
        double corner = row[lo - 1], least = INFINITY;
        hi = hi < J ? hi : J;
        row[lo - 1] = INFINITY;
        for (int j = lo; j <= hi; j++) {
            double up = row[j], before = fmin(corner, fmin(up, row[j - 1]));
            corner = up;
            row[j] = before == INFINITY ? INFINITY
                : before + away(t->ask + (size_t)(i - 1) * (size_t)t->F, y + (size_t)(j - 1) * (size_t)t->F, t->F);
            least = fmin(least, row[j]);
        }
        if (least >= most * (I + J))
            return INFINITY;
    }
    return row[J] / (I + J);
}

static const char *text_of(const rc_dtw *t, int i, size_t *n)
{
    *n = (size_t)(t->text_at[i + 1] - t->text_at[i]);
    return t->text + t->text_at[i];
}

const char *rc_dtw_say(rc_dtw *t, const float *x, int T, size_t *n)
{
    int I = thin(x, T, t->F, t->ask), best = 0;
    double least = INFINITY;
    for (int i = 0; i < t->count; i++) {
        int64_t J = t->at[i + 1] - t->at[i];
        double cost = J > 0 && J <= LONGEST ? warp(t, I, t->x + (size_t)t->at[i] * (size_t)t->F, (int)J, least) : INFINITY;
        if (cost < least)
            least = cost, best = i;
    }
    return text_of(t, best, n);
}

const char *rc_dtw_common(const rc_dtw *t, size_t *n) { return text_of(t, 0, n); }
