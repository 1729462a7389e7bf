/* SPDX-License-Identifier: MIT
 * ctc_path.c - single paths of the head ctc: the likeliest of all, and the likeliest that says a given list. */
#include <math.h>

#include "head/ctc.h"

static int32_t best_class(const real *z, int width)
{
    int32_t best = 0;
    for (int32_t k = 1; k < width; k++)
        best = z[k] > z[best] ? k : best;
    return best;
}

int32_t rc_ctc_step(const real *z, int width, int32_t *before)
{
    int32_t k = best_class(z, width), was = *before;
    *before = k;
    return k == was ? RC_BLANK : k;
}

/* log of the sum of exp of a row: log p = z - it. */
static double log_norm(const real *z, int width)
{
    double most = (double)z[best_class(z, width)], sum = 0;
    for (int k = 0; k < width; k++)
        sum += exp((double)z[k] - most);
    return most + log(sum);
}

int rc_ctc_greedy(const rc_seq *q, rc_ctc_said *out)
{
    int32_t before = RC_BLANK;
    int n = 0;
    for (int t = 0; t < q->T; t++) {
        const real *z = rc_seq_row(q, t);
        if (rc_ctc_step(z, q->width, &before) != RC_BLANK)
            out[n++] = (rc_ctc_said){ before, t, t, 0 };
        if (before == RC_BLANK)
            continue;
        out[n - 1].to = t + 1;
        out[n - 1].p += (double)z[before] - log_norm(z, q->width);
    }
    for (int i = 0; i < n; i++)
        out[i].p = exp(out[i].p / (out[i].to - out[i].from));
    return n;
}

/* --- forced alignment: places s of the list with its blanks, as (S15) has them, with the largest for the sum --- */

/* Row t; how far back each place came from goes to `from`. */
static void ahead(const rc_seq *q, const int32_t *label, int W, int t, double *a, uint8_t *from)
{
    const real *z = rc_seq_row(q, t);
    double norm = log_norm(z, q->width);
    for (int s = W - 1; s >= 0; s--) {                         /* downwards: a holds the row before at s and below */
        double best = t ? a[s] : s < 2 ? 0 : -INFINITY;
        uint8_t back = 0;
        if (t && s && a[s - 1] > best)
            best = a[s - 1], back = 1;
        if (t && rc_ctc_skips(label, s) && a[s - 2] > best)
            best = a[s - 2], back = 2;
        a[s] = best + (double)z[rc_ctc_at(label, s)] - norm;
        from[s] = back;
    }
}

int rc_ctc_align(recur *r, const rc_seq *q, const int32_t *label, int n, rc_ctc_said *out, double *logp)
{
    int W = 2 * n + 1, T = q->T, e = RECUR_ENOMEM;
    if (!rc_ctc_fits(T, label, n))
        return RECUR_EDATA;
    double *a = rc_new(r, (size_t)W, sizeof *a);
    uint8_t *from = rc_new(r, (size_t)W * (size_t)T, sizeof *from);
    if (!a || !from)
        goto done;
    for (int t = 0; t < T; t++)
        ahead(q, label, W, t, a, from + (size_t)t * (size_t)W);
    int s = n && a[W - 2] > a[W - 1] ? W - 2 : W - 1;
    *logp = a[s];
    for (int i = 0; i < n; i++)
        out[i] = (rc_ctc_said){ label[i], T, 0, 0 };
    for (int t = T - 1; t >= 0; t--) {
        if (s & 1) {
            rc_ctc_said *o = &out[s / 2];
            const real *z = rc_seq_row(q, t);
            o->from = t;
            o->to = o->to ? o->to : t + 1;
            o->p += (double)z[o->label] - log_norm(z, q->width);
        }
        s -= from[(size_t)t * (size_t)W + (size_t)s];
    }
    for (int i = 0; i < n; i++)
        out[i].p = exp(out[i].p / (out[i].to - out[i].from));
    e = n;
done:
    rc_free(r, from);
    rc_free(r, a);
    return e;
}
