/* SPDX-License-Identifier: MIT
 * numbers.c - figures of a net that gives numbers for a sequence: how far off they are, and what a constant would do. */
#include "data/pick.h"
#include "task/classify/classify.h"

typedef struct { double n, square, absolute, variance; } errors;

/* Output c of p [count][K] against the targets; one that is NAN does not count.  variance: n times that of the targets,
 * which is what their mean leaves of squared error. */
static void add_output(errors *e, const recur_data *d, const float *p, int c)
{
    double n = 0, sum = 0, sum2 = 0;
    for (int i = 0; i < d->count; i++) {
        const size_t at = (size_t)i * (size_t)d->outputs + (size_t)c;
        const double y = (double)d->value[at], miss = (double)p[at] - y;
        if (isnan(y))
            continue;
        n++;
        sum += y;
        sum2 += y * y;
        e->square += miss * miss;
        e->absolute += fabs(miss);
    }
    e->n += n;
    e->variance += n > 0 ? fmax(sum2 - sum * sum / n, 0) : 0;
}

int rc_classify_eval_numbers(const recur_model *m, recur_data *d, json_t **out)
{
    float *p = rc_new(m->r, (size_t)d->count * (size_t)d->outputs + 1, sizeof *p);
    errors all = { 0 };
    int e = p != NULL ? rc_classify_scores(m, d, p) : RECUR_ENOMEM;
    for (int c = 0; c < d->outputs && e == RECUR_OK; c++)
        add_output(&all, d, p, c);
    rc_free(m->r, p);
    *out = NULL;
    if (e != RECUR_OK)
        return e;
    if (all.n == 0)
        return rc_fail(m->r, RECUR_EDATA, "examples: no numbers to compare the answers with");
    const bool better = all.square < all.variance;
    *out = json_pack("{s:s,s:i,s:f,s:f,s:{s:s,s:f},s:b,s:s}", "task", "classify", "samples", d->count, "mse", all.square / all.n,
                     "mae", all.absolute / all.n, "baseline", "name", "the mean of these targets", "mse", all.variance / all.n,
                     "better", better, "verdict", better ? "the net is better than the mean of the targets"
                     : "the net is no better than the mean of the targets");
    if (*out == NULL || rc_json_real(*out, "r2", all.variance > 0 ? 1 - all.square / all.variance : (double)NAN) != 0)
        return rc_fail(m->r, RECUR_ENOMEM, "no memory for the figures");
    return RECUR_OK;
}
