/* SPDX-License-Identifier: MIT
 * resample.c - another number of samples a second: band-limited interpolation (Smith & Gossett 1984).
 *
 *   y(m) = sum over k of x(k) h(m from/to - k)                                                    (F1)
 *   h(u) = c sinc(c u) cos^2(pi u / 2 W),  |u| < W,    c = 0.95 min(1, to / from),  W = ZEROS / c   (F2)
 *
 * from/to in lowest terms is M/L: the place of y(m) between two samples is one of L phases, and each phase has its
 * row of taps, made once.  What stands before the beginning and behind the end is silence. */
#include <math.h>

#include "format/sound.h"

enum { ZEROS = 24 };                     /* zero crossings of h on each side */
static const double pi = 3.14159265358979323846;

static int common(int a, int b)
{
    while (b != 0) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static double tap(double u, double c)
{
    double W = ZEROS / c, v = c * u;
    if (fabs(u) >= W)
        return 0;
    double bell = cos(pi * u / (2 * W));
    return c * (fabs(v) < 1e-9 ? 1 : sin(pi * v) / (pi * v)) * bell * bell;
}

/* Row p of the table: the taps of the samples first .. first + n - 1 beside a place p/L behind a sample; each row
 * sums to 1, so that a constant stays what it is. */
static void fill(double *table, int L, int n, int first, double c)
{
    for (int p = 0; p < L; p++) {
        double *row = table + (size_t)p * (size_t)n, sum = 0;
        for (int k = 0; k < n; k++)
            sum += row[k] = tap((double)p / L - (first + k), c);
        for (int k = 0; k < n; k++)
            row[k] /= sum;
    }
}

int rc_sound_resample(recur *r, rc_sound *s, int rate)
{
    enum { TABLE = 1 << 23 };
    if (s->rate == rate || s->n == 0) {
        s->rate = rate;
        return RECUR_OK;
    }
    int by = common(s->rate, rate), L = rate / by, M = s->rate / by;
    double c = 0.95 * (rate < s->rate ? (double)rate / s->rate : 1);
    int half = (int)ceil(ZEROS / c), n = 2 * half + 1, first = -half;
    size_t count = (size_t)(((uint64_t)s->n * (uint64_t)L + (uint64_t)M - 1) / (uint64_t)M);
    if ((int64_t)L * n > TABLE)
        return rc_fail(r, RECUR_EDATA, "from %d to %d samples a second: no simple ratio; take one that divides better",
                       s->rate, rate);
    double *table = rc_new(r, (size_t)L * (size_t)n, sizeof *table);
    float *y = rc_new(r, count, sizeof *y);
    if (table == NULL || y == NULL) {
        rc_free(r, table);
        rc_free(r, y);
        return RECUR_ENOMEM;
    }
    fill(table, L, n, first, c);
    for (size_t m = 0; m < count; m++) {
        uint64_t at = (uint64_t)m * (uint64_t)M;
        int64_t i = (int64_t)(at / (uint64_t)L) + first;
        const double *row = table + (size_t)(at % (uint64_t)L) * (size_t)n;
        int lo = i < 0 ? (int)-i : 0, hi = i + n > (int64_t)s->n ? (int)((int64_t)s->n - i) : n;
        double sum = 0;
        for (int k = lo; k < hi; k++)
            sum += row[k] * (double)s->x[i + k];
        y[m] = (float)sum;
    }
    rc_free(r, table);
    rc_free(r, s->x);
    *s = (rc_sound){ y, count, rate };
    return RECUR_OK;
}
