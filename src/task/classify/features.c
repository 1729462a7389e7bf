/* SPDX-License-Identifier: MIT
 * features.c - what the linear model sees of an example: n-grams of its text, hashed, or plain statistics of
 * its series. */
#include <math.h>
#include "task/classify/linear.h"

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ (x + 1)) * 0x9E3779B97F4A7C15u;
    h ^= h >> 29;
    h *= 0xBF58476D1CE4E5B9u;
    return h ^ (h >> 32);
}

/* A feature counts once. */
static void mark(const rc_linear *l, uint64_t h)
{
    rc_linear_work *w = l->work;
    uint32_t at = (uint32_t)(h >> (64 - l->bits));
    if (w->stamp[at] == w->turn || w->n == w->most)
        return;
    w->stamp[at] = w->turn;
    w->idx[w->n++] = at;
}

enum { WORD = 1, PAIR, THREE, PIECE };   /* kinds of n-grams: equal signs of different kinds are different features */

/* Runs of 2 to 4 letters of a word, its ends marked. */
static void pieces(const rc_linear *l, const int32_t *cp, int n)
{
    for (int i = -1; i < n; i++) {
        uint64_t h = PIECE;
        for (int k = i; k < i + 4 && k <= n; k++) {
            h = mix(h, k < 0 || k == n ? 1 : (uint64_t)cp[k]);
            if (k > i)
                mark(l, h);
        }
    }
}

/* Words with their neighbours.  Signs of scripts without blanks are words of one sign, in runs of up to three. */
static void text_features(const rc_linear *l, const char *s, size_t n)
{
    enum { LONGEST = 64 };
    uint64_t word = 0, before = 0, second = 0;
    int32_t cp = 0, letters[LONGEST];
    int length = 0, last = RC_SPACE;
    for (size_t i = 0; i <= n;) {
        int k = i < n ? rc_utf8_next(s + i, n - i, &cp) : 0;
        int class = k <= 0 ? RC_SPACE : cp < 0 ? RC_PUNCT : rc_utf8_class(cp);
        class = class == RC_DIGIT ? RC_LETTER : class;
        bool joins = class == last && class != RC_SPACE && class != RC_HAN;
        if (!joins && word != 0) {                            /* a word ends here */
            mark(l, mix(WORD, word));
            if (before != 0)
                mark(l, mix(mix(PAIR, before), word));
            if (second != 0 && last == RC_HAN)
                mark(l, mix(mix(mix(THREE, second), before), word));
            if (l->pieces && last == RC_LETTER)
                pieces(l, letters, length);
            second = before;
            before = word;
            word = 0;
            length = 0;
        }
        if (class != RC_SPACE) {
            word = mix(word, (uint64_t)(uint32_t)cp);
            if (length < LONGEST)
                letters[length++] = cp;
        }
        last = class;
        i += k > 0 ? (size_t)k : 1;
    }
}

/* Of one series: mean, deviation, least, most, first, last, slope, and the means of eight equal parts. */
static void statistics(const float *x, int T, int F, int f, float out[RC_LINEAR_STATISTICS])
{
    double sum = 0, square = 0, least = INFINITY, most = -INFINITY, slope = 0, spread = 0, middle = (T - 1) / 2.0;
    for (int t = 0; t < T; t++) {
        double v = (double)x[(size_t)t * (size_t)F + (size_t)f];
        sum += v;
        square += v * v;
        least = v < least ? v : least;
        most = v > most ? v : most;
        slope += v * (t - middle);
        spread += (t - middle) * (t - middle);
    }
    double mean = sum / T, var = square / T - mean * mean;
    const double seven[] = { mean, var > 0 ? sqrt(var) : 0, least, most, (double)x[f],
                             (double)x[(size_t)(T - 1) * (size_t)F + (size_t)f], spread > 0 ? slope / spread : 0 };
    for (int k = 0; k < 7; k++)
        out[k] = (float)seven[k];
    for (int p = 0; p < 8; p++) {
        int lo = (int)((int64_t)T * p / 8), hi = (int)((int64_t)T * (p + 1) / 8);
        double part = 0;
        lo = lo < T ? lo : T - 1;
        hi = hi > lo ? hi : lo + 1;
        for (int t = lo; t < hi; t++)
            part += (double)x[(size_t)t * (size_t)F + (size_t)f];
        out[7 + p] = (float)(part / (hi - lo));
    }
}

static void series_features(const rc_linear *l, const float *x, int T)
{
    rc_linear_work *w = l->work;
    float unit = 1 / sqrtf((float)l->dim);
    for (int f = 0; f < l->F; f++)
        statistics(x, T, l->F, f, w->val + (size_t)f * RC_LINEAR_STATISTICS);
    for (w->n = 0; w->n < l->dim; w->n++) {
        w->idx[w->n] = (uint32_t)w->n;
        w->val[w->n] = (w->val[w->n] - l->mean[w->n]) * l->scale[w->n] * unit;
    }
}

void rc_linear_features(const rc_linear *l, const recur_data *d, int i)
{
    rc_linear_work *w = l->work;
    const rc_example *ex = &d->ex[i];
    w->n = 0;
    if (l->F > 0) {
        series_features(l, d->x + ex->at * (size_t)d->F, ex->T);
        return;
    }
    w->turn++;
    w->fold.n = 0;
    if (ex->text_n == 0 || rc_utf8_fold(l->r, d->raw.s + ex->text, ex->text_n, true, true, &w->fold) != RECUR_OK
        || w->fold.n == 0)
        return;
    text_features(l, w->fold.s, w->fold.n);
    float unit = w->n > 0 ? 1 / sqrtf((float)w->n) : 0;
    for (size_t k = 0; k < w->n; k++)
        w->val[k] = unit;
}

void rc_linear_standard(rc_linear *l, const recur_data *d)
{
    float *v = l->work->val;
    double n = d->count > 0 ? d->count : 1;
    for (size_t k = 0; k < l->dim; k++)
        l->scale[k] = 1;
    for (int pass = 0; pass < 2; pass++) {                    /* means, then deviations */
        for (int i = 0; i < d->count; i++)
            for (int f = 0; f < l->F; f++) {
                statistics(d->x + d->ex[i].at * (size_t)d->F, d->ex[i].T, l->F, f, v);
                for (size_t k = 0, at = (size_t)f * RC_LINEAR_STATISTICS; k < RC_LINEAR_STATISTICS; k++, at++) {
                    if (pass == 0)
                        l->mean[at] += v[k] / (float)n;
                    else
                        l->scale[at] += (v[k] - l->mean[at]) * (v[k] - l->mean[at]) / (float)n;
                }
            }
        for (size_t k = 0; pass == 0 && k < l->dim; k++)
            l->scale[k] = 0;
    }
    for (size_t k = 0; k < l->dim; k++)
        l->scale[k] = l->scale[k] > 1e-12f ? 1 / sqrtf(l->scale[k]) : 1;
}
