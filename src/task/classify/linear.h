/* SPDX-License-Identifier: MIT
 * linear.h - the linear model: linear.c fits and keeps it, features.c turns examples into features. */
#ifndef RC_LINEAR_H
#define RC_LINEAR_H
#include "task/task.h"

enum { RC_LINEAR_STATISTICS = 15 };      /* numbers for each measured feature */
typedef struct {                         /* features of the example looked at last */
    uint32_t *idx;
    float *val;
    size_t n, most;
    uint32_t *stamp, turn;               /* [dim] the turn in which a feature was seen last */
    rc_buf fold;
} rc_linear_work;
typedef struct {
    recur *r;
    int K, cols, bits, F;                /* classes, columns of weights, log2 of the hash, measured features */
    bool pieces;                         /* also n-grams of letters */
    size_t dim;
    float *w, *bias;                     /* [dim][cols], [cols] */
    float *mean, *scale;                 /* [dim] of the statistics, by the training part */
    rc_linear_work *work;
} rc_linear;
int rc_linear_fit(recur *r, rc_linear **out, const recur_data *d, const recur_data *held, uint64_t seed);
int rc_linear_read(recur *r, rc_linear **out, const recur_model *m);
int rc_linear_keep(const rc_linear *l, recur_model *m);
void rc_linear_score(const rc_linear *l, const recur_data *d, int i, double *p);
void rc_linear_free(rc_linear *l);

void rc_linear_features(const rc_linear *l, const recur_data *d, int i);     /* fills l->work */
void rc_linear_standard(rc_linear *l, const recur_data *d);                  /* mean and scale of the statistics */
#endif
