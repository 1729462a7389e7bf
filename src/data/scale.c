/* SPDX-License-Identifier: MIT
 * scale.c - measurements of any size become numbers around 0. */
#include <math.h>
#include "data/data.h"

static int learn(recur_data *d)
{
    size_t F = (size_t)d->F;
    d->scaling.mean = rc_new(d->r, F, sizeof(float));
    d->scaling.scale = rc_new(d->r, F, sizeof(float));
    if (d->scaling.mean == NULL || d->scaling.scale == NULL)
        return RECUR_ENOMEM;
    d->scaling.n = d->F;
    for (size_t f = 0; f < F; f++) {
        double sum = 0, square = 0, n = 0, mean;
        for (size_t i = 0; i < d->rows; i++)
            if (!isnan(d->x[i * F + f]))
                sum += (double)d->x[i * F + f], n++;
        mean = n > 0 ? sum / n : 0;
        for (size_t i = 0; i < d->rows; i++)
            if (!isnan(d->x[i * F + f]))
                square += ((double)d->x[i * F + f] - mean) * ((double)d->x[i * F + f] - mean);
        double sd = n > 0 ? sqrt(square / n) : 0;
        d->scaling.mean[f] = (float)mean;
        d->scaling.scale[f] = sd > 1e-12 ? (float)(1 / sd) : 1.0f;
    }
    return RECUR_OK;
}

void rc_scale_rows(const rc_scaling *s, float *x, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t f = 0; f < (size_t)s->n; f++) {
            float *v = &x[i * (size_t)s->n + f];
            *v = isnan(*v) ? 0 : (*v - s->mean[f]) * s->scale[f];
        }
}

void rc_scaling_free(recur *r, rc_scaling *s)
{
    rc_free(r, s->mean);
    rc_free(r, s->scale);
    *s = (rc_scaling){ 0 };
}

int rc_scaling_copy(recur *r, const rc_scaling *from, rc_scaling *to)
{
    const size_t n = (size_t)from->n;
    *to = (rc_scaling){ 0 };
    if (n == 0)
        return RECUR_OK;
    to->mean = rc_new(r, n, sizeof *to->mean);
    to->scale = rc_new(r, n, sizeof *to->scale);
    if (to->mean == NULL || to->scale == NULL)
        return RECUR_ENOMEM;
    memcpy(to->mean, from->mean, n * sizeof *to->mean);
    memcpy(to->scale, from->scale, n * sizeof *to->scale);
    to->n = from->n;
    return RECUR_OK;
}

int rc_data_scale(recur_data *d, const rc_scaling *given)
{
    int e = given != NULL ? rc_scaling_copy(d->r, given, &d->scaling) : learn(d);
    if (e == RECUR_OK)
        rc_scale_rows(&d->scaling, d->x, d->rows);
    return e;
}
