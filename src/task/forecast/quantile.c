/* SPDX-License-Identifier: MIT
 * quantile.c - the levels of a forecast's quantiles, and their order.
 *
 * Levels rise strictly, and the median is among them: it is the forecast, which is what the figures judge.  Nothing in a
 * net keeps its quantiles from crossing, so those of a step are sorted: the rearranged ones are never further from the
 * true quantile function (Chernozhukov, Fernandez-Val & Galichon 2010). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "task/forecast/forecast.h"

static int rising(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool is_median(double level) { return fabs(level - 0.5) < 1e-9; }

static bool has_median(const double *q, int n)
{
    for (int i = 0; i < n; i++)
        if (is_median(q[i]))
            return true;
    return false;
}

int rc_levels_read(recur *r, const char *list, double q[RC_LEVELS], int *n, bool *added)
{
    *n = 0;
    for (const char *p = list;; p++) {
        char *end;
        double level = strtod(p, &end);
        if (end == p || !(level > 0 && level < 1) || (*end != 0 && *end != ',' && *end != ':') || *n == RC_LEVELS - 1)
            return rc_fail(r, RECUR_EOPTION, "--quantiles %s: give numbers between 0 and 1 parted by commas, at most %d, "
                           "for instance 0.1,0.5,0.9", list, RC_LEVELS - 1);
        q[(*n)++] = level;
        if (*(p = end) == 0)
            break;
    }
    *added = !has_median(q, *n);
    if (*added)
        q[(*n)++] = 0.5;
    qsort(q, (size_t)*n, sizeof *q, rising);
    for (int i = 1; i < *n; i++)
        if (!(q[i] > q[i - 1]))
            return rc_fail(r, RECUR_EOPTION, "--quantiles %s: %g stands twice", list, q[i]);
    return RECUR_OK;
}

/* The levels that a net line says. */
static int levels_of(const char *line, double *q)
{
    const char *at = strstr(line, "quantile"), *end = at != NULL ? strchr(at, '|') : NULL;
    int n = 0;
    at = at != NULL ? strstr(at, " q=") : NULL;
    at = at != NULL && (end == NULL || at < end) ? at + 3 : "0.1:0.5:0.9";
    for (const char *p = at + (*at == '"'); n < RC_LEVELS;) {
        char *after;
        q[n++] = strtod(p, &after);
        if (*after != ':')
            return n;
        p = after + 1;
    }
    return n;
}

int rc_levels_agree(recur *r, const recur_train_options *o)
{
    double q[RC_LEVELS];
    if (o->net == NULL)
        return RECUR_OK;
    if (o->quantiles != NULL)
        return rc_fail(r, RECUR_EOPTION, "--quantiles is for the net that is chosen; in a line of your own the head says "
                       "them: ... | dense | quantile q=0.1:0.5:0.9");
    if (strstr(o->net, "quantile") != NULL && !has_median(q, levels_of(o->net, q)))
        return rc_fail(r, RECUR_EOPTION, "--net: quantile: the forecast is the quantile 0.5, and q= does not have it");
    return RECUR_OK;
}

int rc_forecast_levels(const recur_model *m, double *q)
{
    return strcmp(m->net->branch[0].head->kind->name, "quantile") == 0 ? levels_of(m->net->line, q) : 0;
}

int rc_forecast_point(const double *q, int Q)
{
    int best = 0;
    for (int i = 1; i < Q; i++)
        if (fabs(q[i] - 0.5) < fabs(q[best] - 0.5))
            best = i;
    return best;
}

void rc_forecast_sort(float *y, int steps, int Q)
{
    for (int h = 0; h < steps; h++, y += Q)
        for (int i = 1; i < Q; i++)
            for (int k = i; k > 0 && y[k - 1] > y[k]; k--) {
                float lower = y[k];
                y[k] = y[k - 1];
                y[k - 1] = lower;
            }
}
