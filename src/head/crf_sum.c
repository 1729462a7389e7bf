/* SPDX-License-Identifier: MIT
 * crf_sum.c - all tag sequences of one sequence, summed step by step, forward and back: (S12)-(S14) of docs/math.md.
 *
 * In double and in logarithms.  A step's sum over the tags before is one product with the matrix exp(A); where that
 * lost what mattered, because the likeliest tags never meet, it is taken again one by one. */
#include <math.h>

#include "head/crf_sum.h"

#define TINY 1e-200              /* below it a sum of products may have lost what mattered: it is taken in logarithms */

/* ------------------------------------------------------------------------------------------------ sums */

static double largest(int n, const double *x)
{
    double m = -INFINITY;
    for (int i = 0; i < n; i++)
        m = x[i] > m || isnan(x[i]) ? x[i] : m;
    return m;
}

/* log Σ exp(x); -INFINITY where all are. */
static double log_sum(int n, const double *x)
{
    double m = largest(n, x), sum = 0;
    if (m == -INFINITY)
        return m;
    for (int i = 0; i < n; i++)
        sum += exp(x[i] - m);
    return m + log(sum);
}

/* y = exp(x - m) and m, the largest of x; all 0 where nothing is possible. */
static double scaled(int n, const double *x, double *y)
{
    double m = largest(n, x), by = m == -INFINITY ? 0 : m;
    for (int i = 0; i < n; i++)
        y[i] = exp(x[i] - by);
    return by;
}

/* The same sum as a product would give, without loss: over the tags before `j` (ahead false) or after it. */
static double log_step(const rc_crf_table *t, const double *x, int j, bool ahead)
{
    int C = t->c.C;
    double m = -INFINITY, sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < C; i++) {
            int from = ahead ? j : i, to = ahead ? i : j;
            double v = rc_crf_may(&t->c, from, to) ? x[i] + (double)t->c.step[from * C + to] : -INFINITY;
            if (!pass)
                m = v > m ? v : m;
            else if (m > -INFINITY)
                sum += exp(v - m);
        }
    return m > -INFINITY ? m + log(sum) : m;
}

/* y_j = log Σ_i exp(x_i + A): p and m as `scaled` gave them of x, E: [C][C] the row of each i.                  (S12) */
static void product(const rc_crf_table *t, const double *E, const double *x, const double *p, double m, bool ahead, double *y)
{
    int C = t->c.C;
    memset(y, 0, (size_t)C * sizeof *y);
    for (int i = 0; i < C; i++)
        for (int j = 0; j < C; j++)
            y[j] += p[i] * E[(size_t)i * (size_t)C + (size_t)j];
    for (int j = 0; j < C; j++)
        y[j] = y[j] < TINY ? log_step(t, x, j, ahead) : m + t->most + log(y[j]);
}

/* ------------------------------------------------------------------------------------------------ one sequence */

/* Scores of step t; y: known tags, which let no other stand there; NULL: every tag may. */
static void scores(const rc_seq *q, const int32_t *y, int t, double *e)
{
    const real *z = rc_seq_row(q, t);
    int32_t known = y ? y[q->off ? q->off[t] + q->b : t] : -1;
    for (int j = 0; j < q->width; j++)
        e[j] = known < 0 || known == j ? (double)z[j] : -INFINITY;
}

/* a of all steps; returns log Z. */
double rc_crf_ways(const rc_crf_table *t, const rc_crf_lane *l, const rc_seq *q, const int32_t *y)
{
    size_t C = (size_t)t->c.C;
    for (int s = 0; s < q->T; s++) {
        double *a = l->a + (size_t)s * C, *p = l->p + ((size_t)s - (s > 0)) * C;
        scores(q, y, s, l->e);
        if (s) {
            l->m[s - 1] = scaled(t->c.C, a - C, p);
            product(t, t->to, a - C, p, l->m[s - 1], false, a);
        }
        for (size_t j = 0; j < C; j++)
            a[j] = (s ? a[j] : t->start[j]) + l->e[j];
    }
    for (size_t j = 0; j < C; j++)
        l->e[j] = l->a[(size_t)(q->T - 1) * C + j] + t->end[j];
    return log_sum(t->c.C, l->e);
}

/* dstep += sign * probability of each pair of tags at steps s - 1, s.                                           (S14) */
static void pairs(const rc_crf_table *t, const rc_crf_lane *l, int s, double mu, double log_z, double sign)
{
    size_t C = (size_t)t->c.C;
    const double *p = l->p + (size_t)(s - 1) * C, *a = l->a + (size_t)(s - 1) * C;
    double by = l->m[s - 1] + mu + t->most - log_z;
    for (size_t i = 0; i < C && by < 300; i++) {
        double w = sign * exp(by) * p[i];
        for (size_t j = 0; j < C; j++)
            l->dstep[i * C + j] += w * t->to[i * C + j] * l->q[j];
    }
    for (size_t i = 0; i < C && !(by < 300); i++)              /* the likeliest tags never meet: one by one */
        for (size_t j = 0; j < C; j++)
            if (rc_crf_may(&t->c, (int)i, (int)j))
                l->dstep[i * C + j] += sign * exp(a[i] + (double)t->c.step[i * C + j] + l->u[j] - log_z);
}

/* Gradients += sign * the probabilities that a and log Z make.                                                  (S13) */
void rc_crf_expect(const rc_crf_table *t, const rc_crf_lane *l, const rc_seq *q, const int32_t *y, double log_z, double sign)
{
    size_t C = (size_t)t->c.C;
    memcpy(l->b, t->end, C * sizeof *l->b);
    for (int s = q->T - 1; s >= 0; s--) {
        const double *a = l->a + (size_t)s * C;
        double *d = l->d + (size_t)s * C;
        for (size_t j = 0; j < C; j++) {
            double p = sign * exp(a[j] + l->b[j] - log_z);
            d[j] += p;
            l->dend[j] += s == q->T - 1 ? p : 0;
            l->dstart[j] += s ? 0 : p;
        }
        if (!s)
            break;
        scores(q, y, s, l->e);
        for (size_t j = 0; j < C; j++)
            l->u[j] = l->b[j] + l->e[j];
        double mu = scaled(t->c.C, l->u, l->q);
        pairs(t, l, s, mu, log_z, sign);
        product(t, t->from, l->u, l->q, mu, true, l->b);
    }
}

/* Score of a sequence whose tags are all known, and its part in the gradients. */
double rc_crf_known(const rc_crf_table *t, const rc_crf_lane *l, const rc_seq *q, const int32_t *y)
{
    size_t C = (size_t)t->c.C, before = 0;
    double sum = 0;
    for (int s = 0; s < q->T; s++) {
        size_t row = q->off ? (size_t)q->off[s] + (size_t)q->b : (size_t)s, j = (size_t)y[row];
        sum += (double)rc_seq_row(q, s)[j] + (s ? (double)t->c.step[before * C + j] : t->start[j]);
        l->d[(size_t)s * C + j] -= 1;
        if (s)
            l->dstep[before * C + j] -= 1;
        else
            l->dstart[j] -= 1;
        before = j;
    }
    l->dend[before] -= 1;
    return sum + t->end[before];
}

void rc_crf_fill(rc_crf_table *t)
{
    int C = t->c.C;
    t->most = (double)t->c.step[0];
    for (int i = 0; i < C * C; i++)
        t->most = (double)t->c.step[i] > t->most ? (double)t->c.step[i] : t->most;
    for (int i = 0; i < C; i++) {
        for (int k = 0; k < C; k++) {
            double v = rc_crf_may(&t->c, i, k) ? exp((double)t->c.step[i * C + k] - t->most) : 0;
            t->to[i * C + k] = t->from[k * C + i] = v;
        }
        t->start[i] = rc_crf_may(&t->c, C, i) ? (double)t->c.start[i] : -INFINITY;
        t->end[i] = rc_crf_may(&t->c, i, C) ? (double)t->c.end[i] : -INFINITY;
    }
}

double rc_crf_log_z(const rc_crf *c, const rc_seq *q, double *work)
{
    int C = c->C;
    double *a = work, *b = work + C, *v = work + 2 * C;
    for (int t = 0; t < q->T; t++) {
        const real *z = rc_seq_row(q, t);
        for (int j = 0; j < C; j++) {
            for (int i = 0; i < C && t; i++)
                v[i] = rc_crf_may(c, i, j) ? a[i] + (double)c->step[i * C + j] : -INFINITY;
            double in = t ? log_sum(C, v) : rc_crf_may(c, C, j) ? (double)c->start[j] : -INFINITY;
            b[j] = in + (double)z[j];
        }
        double *turn = a;
        a = b;
        b = turn;
    }
    for (int j = 0; j < C; j++)
        v[j] = rc_crf_may(c, j, C) ? a[j] + (double)c->end[j] : -INFINITY;
    return q->T ? log_sum(C, v) : 0;
}
