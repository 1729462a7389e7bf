/* SPDX-License-Identifier: MIT
 * period.c - after how many steps series repeat themselves: the first high peak of the autocorrelation. */
#include <math.h>
#include "task/forecast/forecast.h"

enum { LAGS = 1000, ROWS = 10000, COLUMNS = 12 };

/* The last rows of a column without their straight line, gaps filled with what was seen last; how many. */
static int detrended(const rc_windows *w, const rc_stretch *s, int c, double *v)
{
    size_t W = (size_t)rc_windows_width(&w->look), V = (size_t)w->look.V;
    int n = s->to < ROWS ? s->to : ROWS;
    double mean = 0, slope = 0, square = 0;
    for (int i = 0; i < n; i++) {
        size_t row = s->at + (size_t)(s->to - n + i), ago = (size_t)w->since[row * V + (size_t)c];
        v[i] = row - s->at >= ago ? (double)w->x[(row - ago) * W + (size_t)c] : 0;
        mean += v[i] / n;
    }
    for (int i = 0; i < n; i++) {
        double t = i - (n - 1) / 2.0;
        slope += t * (v[i] - mean);
        square += t * t;
    }
    for (int i = 0; i < n; i++)
        v[i] -= mean + (square > 0 ? slope / square : 0) * (i - (n - 1) / 2.0);
    return n;
}

static void add_correlation(const double *v, int n, int lags, double *sum)
{
    double all = 0;
    for (int i = 0; i < n; i++)
        all += v[i] * v[i];
    for (int l = 0; l <= lags && all > 1e-12; l++) {
        double a = 0;
        for (int i = l; i < n; i++)
            a += v[i] * v[i - l];
        sum[l] += a / all * n / (n - l);
    }
}

/* The first peak that rises clearly from the valley before it and is nearly as high as the highest. */
static int first_peak(const double *r, int lags, double least)
{
    double valley = r[0], highest = 0;
    for (int pass = 0; pass < 2; pass++) {
        valley = r[0];
        for (int l = 1; l < lags; l++) {
            valley = r[l] < valley ? r[l] : valley;
            bool peak = l > 1 && r[l] > r[l - 1] && r[l] >= r[l + 1] && r[l] > least && r[l] - valley > least;
            if (peak && pass == 0 && r[l] > highest)
                highest = r[l];
            if (peak && pass == 1 && r[l] > 0.85 * highest)
                return l;
        }
    }
    return 1;
}

int rc_period_find(recur *r, const rc_windows *w, int *out)
{
    double *v = rc_new(r, ROWS + LAGS + 2, sizeof *v), *sum = v != NULL ? v + ROWS : NULL;
    int32_t longest = 0;
    int used = 0;
    *out = 1;
    if (v == NULL)
        return RECUR_ENOMEM;
    for (int k = 0; k < w->n; k++)
        longest = w->s[k].to > longest ? w->s[k].to : longest;
    int lags = longest / 3 < LAGS ? longest / 3 : LAGS, step = w->n > COLUMNS ? w->n / COLUMNS : 1;
    for (int k = 0; k < w->n && lags > 3; k += step)
        for (int c = 0; c < w->look.V && used < 2 * COLUMNS; c++)
            if (w->s[k].to > 2 * lags) {
                add_correlation(v, detrended(w, &w->s[k], c, v), lags, sum);
                used++;
            }
    for (int l = 0; l <= lags && used > 0; l++)
        sum[l] /= used;
    if (used > 0)
        *out = first_peak(sum, lags, fmax(0.2, 4 / sqrt(longest)));   /* of noise: 1 / sqrt(longest) */
    rc_free(r, v);
    return RECUR_OK;
}
