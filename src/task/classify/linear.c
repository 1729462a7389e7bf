/* SPDX-License-Identifier: MIT
 * linear.c - the simple model that stands beside every classifier: logistic regression on hashed n-grams of words and
 * signs, or on plain statistics of measured sequences; Adagrad (Duchi et al. 2011), one example at a time, in an
 * order drawn from the seed.
 *
 * Features are marks (present or not) scaled to unit length.  Two classes need one column of weights, K need K. */
#include <math.h>
#include <stdlib.h>
#include <zlib.h>
#include "task/classify/linear.h"

static int new_linear(recur *r, rc_linear **out, int K, int F, int bits, bool pieces)
{
    rc_linear *l = *out = rc_new(r, 1, sizeof *l);
    if (l == NULL)
        return RECUR_ENOMEM;
    l->r = r;
    l->K = K;
    l->F = F;
    l->bits = bits;
    l->pieces = pieces;
    l->cols = K == 2 ? 1 : K;
    l->dim = F > 0 ? (size_t)F * RC_LINEAR_STATISTICS : (size_t)1 << bits;
    l->w = rc_new(r, l->dim * (size_t)l->cols, sizeof *l->w);
    l->bias = rc_new(r, (size_t)l->cols, sizeof *l->bias);
    l->mean = F > 0 ? rc_new(r, l->dim, sizeof *l->mean) : NULL;
    l->scale = F > 0 ? rc_new(r, l->dim, sizeof *l->scale) : NULL;
    l->work = rc_new(r, 1, sizeof *l->work);
    if (l->work != NULL) {
        l->work->most = F > 0 ? l->dim : (size_t)1 << 16;
        l->work->idx = rc_new(r, l->work->most, sizeof(uint32_t));
        l->work->val = rc_new(r, l->work->most, sizeof(float));
        l->work->stamp = F > 0 ? NULL : rc_new(r, l->dim, sizeof(uint32_t));
        rc_buf_init(&l->work->fold, r, (size_t)1 << 32);
    }
    if (l->w != NULL && l->bias != NULL && (F == 0 || (l->mean != NULL && l->scale != NULL)) && l->work != NULL
        && l->work->idx != NULL && l->work->val != NULL && (F > 0 || l->work->stamp != NULL))
        return RECUR_OK;
    rc_linear_free(l);
    *out = NULL;
    return RECUR_ENOMEM;
}

void rc_linear_free(rc_linear *l)
{
    if (l == NULL)
        return;
    recur *r = l->r;
    if (l->work != NULL) {
        rc_free(r, l->work->idx);
        rc_free(r, l->work->val);
        rc_free(r, l->work->stamp);
        rc_buf_free(&l->work->fold);
    }
    rc_free(r, l->work);
    rc_free(r, l->w);
    rc_free(r, l->bias);
    rc_free(r, l->mean);
    rc_free(r, l->scale);
    rc_free(r, l);
}

/* Probabilities from the features idx, val. */
static void answer(const rc_linear *l, const uint32_t *idx, const float *val, size_t n, double *p)
{
    int C = l->cols;
    double most = -INFINITY, sum = 0;
    for (int c = 0; c < C; c++)
        p[c] = (double)l->bias[c];
    for (size_t i = 0; i < n; i++) {
        const float *w = l->w + (size_t)idx[i] * (size_t)C;
        for (int c = 0; c < C; c++)
            p[c] += (double)(w[c] * val[i]);
    }
    if (C == 1) {
        double one = 1 / (1 + exp(-p[0]));
        p[0] = 1 - one;
        p[1] = one;
        return;
    }
    for (int c = 0; c < C; c++)
        most = p[c] > most ? p[c] : most;
    for (int c = 0; c < C; c++)
        sum += p[c] = exp(p[c] - most);
    for (int c = 0; c < C; c++)
        p[c] /= sum;
}

void rc_linear_score(const rc_linear *l, const recur_data *d, int i, double *p)
{
    rc_linear_features(l, d, i);
    answer(l, l->work->idx, l->work->val, l->work->n, p);
}

/* --- fitting --- */

typedef struct { uint32_t *idx; float *val; size_t *at; size_t n, cap; int examples; } cache;
    /* features of every example */

static void free_cache(recur *r, cache *c)
{
    rc_free(r, c->idx);
    rc_free(r, c->val);
    rc_free(r, c->at);
}

static int fill_cache(rc_linear *l, const recur_data *d, cache *c)
{
    enum { MOST = 48000000 };                /* features kept; what comes after is left out */
    recur *r = l->r;
    *c = (cache){ .examples = 0 };
    if ((c->at = rc_new(r, (size_t)d->count + 1, sizeof *c->at)) == NULL)
        return RECUR_ENOMEM;
    for (int i = 0; i < d->count && c->n < MOST; i++) {
        rc_linear_features(l, d, i);
        size_t n = l->work->n;
        if (c->n + n > c->cap) {
            size_t want = c->cap + c->cap / 2 + n + 65536;
            uint32_t *idx = rc_grow(r, c->idx, c->cap, want, sizeof *idx);
            if (idx == NULL)
                return RECUR_ENOMEM;
            c->idx = idx;
            float *val = rc_grow(r, c->val, c->cap, want, sizeof *val);
            if (val == NULL)
                return RECUR_ENOMEM;
            c->val = val;
            c->cap = want;
        }
        memcpy(c->idx + c->n, l->work->idx, n * sizeof(uint32_t));
        memcpy(c->val + c->n, l->work->val, n * sizeof(float));
        c->n += n;
        c->at[++c->examples] = c->n;
    }
    return RECUR_OK;
}

/* One example: w -= rate g / sqrt(sum of g^2), g = (p - y) x + decay w, for the features that it has. */
static void learn(rc_linear *l, const cache *c, int i, int y, double rate, double decay, float *square,
                  float *bias_square, double *p)
{
    int C = l->cols;
    size_t from = c->at[i], to = c->at[i + 1];
    answer(l, c->idx + from, c->val + from, to - from, p);
    for (int k = 0; k < C; k++) {
        int class = C == 1 ? 1 : k;
        float err = (float)(p[class] - (y == class));
        bias_square[k] += err * err;
        l->bias[k] -= (float)(0.2 * rate) * err / sqrtf(bias_square[k] + 1e-3f);
        if (fabsf(err) < 1e-4f)
            continue;
        for (size_t j = from; j < to; j++) {
            size_t at = (size_t)c->idx[j] * (size_t)C + (size_t)k;
            float g = err * c->val[j] + (float)decay * l->w[at];
            square[at] += g * g;
            l->w[at] -= (float)rate * g / sqrtf(square[at] + 1e-6f);
        }
    }
}

static double nats(const rc_linear *l, const cache *c, const recur_data *d, double *p)
{
    double sum = 0;
    for (int i = 0; i < c->examples; i++) {
        answer(l, c->idx + c->at[i], c->val + c->at[i], c->at[i + 1] - c->at[i], p);
        if (d->ex[i].label >= 0)
            sum -= log(p[d->ex[i].label] + 1e-12);
    }
    return sum;
}

/* Passes until the held-out part stops getting better, whose best weights are kept; without one, as many as usual. */
static int train(rc_linear *l, const recur_data *d, const recur_data *held, uint64_t seed, cache *a, cache *b)
{
    recur *r = l->r;
    size_t n = l->dim * (size_t)l->cols;
    int passes = l->F > 0 ? 60 : 20, plain = l->F > 0 ? 30 : 6, stop = passes;
    double best = INFINITY, rate = l->F > 0 ? 0.05 : 0.3, decay = l->F > 0 ? 1e-3 : 1e-6;
    float *square = rc_new(r, n, sizeof *square), *bias_square = rc_new(r, (size_t)l->cols, sizeof *bias_square);
    float *kept = rc_new(r, n + (size_t)l->cols, sizeof *kept);
    int32_t *order = rc_new(r, (size_t)a->examples + 1, sizeof *order);
    double *p = rc_new(r, (size_t)l->K + 1, sizeof *p);
    bool ok = square != NULL && bias_square != NULL && kept != NULL && order != NULL && p != NULL;
    for (int i = 0; i < a->examples && ok; i++)
        order[i] = i;
    bool look = ok && b->examples >= 20;
    for (int pass = 0; ok && pass < (look ? stop : plain); pass++) {
        rc_shuffle(rc_key(seed, RC_OTHER, (uint64_t)pass, 1), order, (size_t)a->examples);
        for (int i = 0; i < a->examples; i++)
            if (d->ex[order[i]].label >= 0)
                learn(l, a, order[i], d->ex[order[i]].label, rate, decay, square, bias_square, p);
        double now = look ? nats(l, b, held, p) : 0;
        if (look && now < best) {
            best = now;
            stop = pass + 4 < passes ? pass + 4 : passes;      /* three more without gain end it */
            memcpy(kept, l->w, n * sizeof *kept);
            memcpy(kept + n, l->bias, (size_t)l->cols * sizeof *kept);
        }
    }
    if (look && best < INFINITY) {
        memcpy(l->w, kept, n * sizeof *kept);
        memcpy(l->bias, kept + n, (size_t)l->cols * sizeof *kept);
    }
    void *all[] = { square, bias_square, kept, order, p };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        rc_free(r, all[i]);
    return ok ? RECUR_OK : RECUR_ENOMEM;
}

int rc_linear_fit(recur *r, rc_linear **out, const recur_data *d, const recur_data *held, uint64_t seed)
{
    rc_linear *l;
    cache a = { .n = 0 }, b = { .n = 0 };
    bool pieces = d->count > 0 && d->bytes / d->count < 400;   /* parts of words help where texts are short */
    int e = new_linear(r, &l, d->classes, d->F, d->classes == 2 ? 20 : 18, pieces);
    *out = NULL;
    if (e != RECUR_OK)
        return e;
    if (d->F > 0)
        rc_linear_standard(l, d);
    if ((e = fill_cache(l, d, &a)) == RECUR_OK && held != NULL)
        e = fill_cache(l, held, &b);
    if (e == RECUR_OK)
        e = train(l, d, held, seed, &a, &b);
    free_cache(r, &a);
    free_cache(r, &b);
    if (e != RECUR_OK)
        rc_linear_free(l);
    else
        *out = l;
    return e;
}

/* --- keeping: weights as bfloat16 (the upper half of a float, rounded), compressed --- */

static uint16_t half(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return (uint16_t)((u + 0x7FFF + ((u >> 16) & 1)) >> 16);
}

static float whole(uint16_t h)
{
    uint32_t u = (uint32_t)h << 16;
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

int rc_linear_keep(const rc_linear *l, recur_model *m)
{
    size_t n = l->dim * (size_t)l->cols;
    uLongf bytes = compressBound((uLong)n * 2);
    uint16_t *flat = rc_new(l->r, n, sizeof *flat);
    uint8_t *packed = rc_new(l->r, bytes, 1);
    int e = flat != NULL && packed != NULL ? RECUR_OK : RECUR_ENOMEM;
    for (size_t i = 0; i < n && e == RECUR_OK; i++)
        flat[i] = half(l->w[i]);
    if (e == RECUR_OK && compress2(packed, &bytes, (const Bytef *)flat, (uLong)n * 2, 6) != Z_OK)
        e = rc_fail(l->r, RECUR_ENOMEM, "no memory to compress the linear model");
    rc_model_extra(m, "weights", RC_U8, (int64_t)bytes, packed, &e);
    rc_model_extra(m, "bias", RC_F32, l->cols, l->bias, &e);
    if (l->F > 0) {
        rc_model_extra(m, "mean", RC_F32, (int64_t)l->dim, l->mean, &e);
        rc_model_extra(m, "scale", RC_F32, (int64_t)l->dim, l->scale, &e);
    }
    rc_free(l->r, flat);
    rc_free(l->r, packed);
    if (e != RECUR_OK)
        return e;
    json_decref(m->baseline);
    const char *name = l->F > 0 ? "linear model on statistics of the series"
                                : "linear model on n-grams of words and signs";
    m->baseline = json_pack("{s:s,s:i,s:i,s:i,s:b}", "name", name, "classes", l->K, "features", l->F, "bits", l->bits,
                            "pieces", (int)l->pieces);
    return m->baseline != NULL ? RECUR_OK : rc_fail(l->r, RECUR_ENOMEM, "no memory for the baseline");
}

/* A tensor of the baseline; n 0: of any length. */
static const rc_tensor *extra(const recur_model *m, const char *name, int dtype, size_t n)
{
    for (int i = 0; i < m->extra.tensors; i++) {
        const rc_tensor *t = &m->extra.tensor[i];
        if (strcmp(t->name, name) == 0 && t->dtype == dtype && (n == 0 || t->n == n))
            return t;
    }
    return NULL;
}

int rc_linear_read(recur *r, rc_linear **out, const recur_model *m)
{
    json_int_t K = json_integer_value(json_object_get(m->baseline, "classes"));
    json_int_t F = json_integer_value(json_object_get(m->baseline, "features"));
    json_int_t bits = json_integer_value(json_object_get(m->baseline, "bits"));
    const rc_tensor *w = extra(m, "baseline.weights", RC_U8, 0);
    rc_linear *l = NULL;
    *out = NULL;
    if (w == NULL)
        return rc_fail(r, RECUR_EDATA, "the model file carries no linear model (--no-baseline)");
    if (K != rc_model_label_count(m) || K < 2 || F < 0 || F != m->scaling.n || bits < 8 || bits > 22)
        return rc_fail(r, RECUR_EFORMAT, "baseline: classes, features or bits are out of range");
    size_t n = (F > 0 ? (size_t)F * RC_LINEAR_STATISTICS : (size_t)1 << bits) * (size_t)(K == 2 ? 1 : K);
    if (n * 2 / 1100 > w->n)                                  /* deflate shrinks at most 1032 times */
        return rc_fail(r, RECUR_EFORMAT, "baseline.weights: too short");
    int e = new_linear(r, &l, (int)K, (int)F, (int)bits, json_is_true(json_object_get(m->baseline, "pieces")));
    uint16_t *flat = e == RECUR_OK ? rc_new(r, n, sizeof *flat) : NULL;
    uLongf bytes = (uLongf)n * 2;
    if (flat == NULL)
        e = RECUR_ENOMEM;
    else if (uncompress((Bytef *)flat, &bytes, w->data, (uLong)w->n) != Z_OK || bytes != n * 2)
        e = rc_fail(r, RECUR_EFORMAT, "baseline.weights: damaged");
    const rc_tensor *bias = extra(m, "baseline.bias", RC_F32, (size_t)(K == 2 ? 1 : K));
    const rc_tensor *mean = extra(m, "baseline.mean", RC_F32, l != NULL ? l->dim : 1);
    const rc_tensor *scale = extra(m, "baseline.scale", RC_F32, l != NULL ? l->dim : 1);
    if (e == RECUR_OK && (bias == NULL || (F > 0 && (mean == NULL || scale == NULL))))
        e = rc_fail(r, RECUR_EFORMAT, "baseline: a tensor is missing or has another size");
    for (size_t i = 0; i < n && e == RECUR_OK; i++)
        l->w[i] = whole(flat[i]);
    if (e == RECUR_OK)
        memcpy(l->bias, bias->data, (size_t)l->cols * sizeof(float));
    if (e == RECUR_OK && F > 0) {
        memcpy(l->mean, mean->data, l->dim * sizeof(float));
        memcpy(l->scale, scale->data, l->dim * sizeof(float));
    }
    rc_free(r, flat);
    if (e != RECUR_OK)
        rc_linear_free(l);
    else
        *out = l;
    return e;
}
