/* SPDX-License-Identifier: MIT
 * Reference kernels: softmax, and softmax cross-entropy with its gradient.
 *
 *   (S1)  log p_j = z_j - log sum exp z
 *   (S2)  l = -(1 - s) log p_t - s / V sum_j log p_j                s: label smoothing (Szegedy et al. 2016)
 *   (S3)  L = w_t (1 - p_t)^c l                                     c: focal (Lin et al. 2017)
 *   (S4)  dL/dz_j = w_t ((1 - p_t)^c (p_j - q_j) - l c (1 - p_t)^(c-1) p_t (d_jt - p_j)),  q_j = (1 - s) d_jt + s / V */
#include <math.h>

#include "kern/ref.h"

typedef struct { real max; int at; double log_sum, sum; } peak;   /* largest score and where, log sum exp, sum of scores */

static peak peak_of(int V, const real *z)
{
    peak p = { .max = z[0] };
    for (int j = 0; j < V; j++) {
        p.sum += (double)z[j];
        if (z[j] > p.max)
            p.max = z[j], p.at = j;
    }
    double e = 0;
    for (int j = 0; j < V; j++)
        e += exp((double)(z[j] - p.max));
    p.log_sum = (double)p.max + log(e);
    return p;
}

/* One row with target t; its loss. */
static double row(int V, real *z, const peak *k, int t, double w, double smooth, double focal, bool grad, real scale)
{
    double log_t = (double)z[t] - k->log_sum, p_t = exp(log_t);
    double l = -(1 - smooth) * log_t - smooth * (k->sum / V - k->log_sum);                  /* (S2) */
    double rest = fmax(1 - p_t, 1e-12);
    double f = focal > 0 ? pow(rest, focal) : 1;
    double df = focal > 0 ? l * focal * pow(rest, focal - 1) * p_t : 0;
    for (int j = 0; j < V; j++) {
        double log_p = (double)z[j] - k->log_sum, p = exp(log_p), one = j == t;                      /* (S1) */
        if (!grad) {
            z[j] = (real)log_p;
            continue;
        }
        z[j] = scale * (real)(w * (f * (p - (1 - smooth) * one - smooth / V) - df * (one - p)));    /* (S4) */
    }
    return w * f * l;                                                                               /* (S3) */
}

double rc_ref_xent(int n, int V, real *z, int ldz, const int32_t *target, const real *w, real smooth, real focal,
                   bool grad, real scale, int64_t *hits)
{
    double loss = 0;
    for (int r = 0; r < n; r++, z += ldz) {
        int t = target[r];
        peak k = peak_of(V, z);
        if (t >= 0) {
            loss += row(V, z, &k, t, w ? (double)w[t] : 1, (double)smooth, (double)focal, grad, scale);
            if (hits)
                *hits += k.at == t;
            continue;
        }
        for (int j = 0; j < V; j++)
            z[j] = grad ? 0 : (real)((double)z[j] - k.log_sum);
    }
    return loss;
}

void rc_ref_softmax(int n, int V, const real *z, int ldz, real *p, int ldp)
{
    for (int r = 0; r < n; r++, z += ldz, p += ldp) {
        peak k = peak_of(V, z);
        for (int j = 0; j < V; j++)
            p[j] = (real)exp((double)z[j] - k.log_sum);
    }
}
