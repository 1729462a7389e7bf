/* SPDX-License-Identifier: MIT
 * The sums over all tag sequences that the head crf needs (crf_sum.c), one sequence at a time. */
#ifndef RC_CRF_SUM_H
#define RC_CRF_SUM_H
#include "head/crf.h"

typedef struct {                 /* of the weights, once a call */
    rc_crf c;
    double most;                 /* largest of A */
    double *to, *from;           /* [C][C] exp(A - most), 0 where forbidden; from: its transpose */
    double *start, *end;         /* [C], -INFINITY where forbidden */
} rc_crf_table;

typedef struct {                 /* of a lane: T rows of C */
    double *a, *p, *m;           /* log of all ways to here; exp(a - m) and m, its row's largest */
    double *d;                   /* dL/dz */
    double *b, *u, *q, *e;       /* [C] log of all ways from here; u = b + z, q = exp(u - its largest); a row's scores */
    double *dstep, *dstart, *dend;
} rc_crf_lane;


void rc_crf_fill(rc_crf_table *t);                            /* from t->c */
/* a of all steps; returns log Z.  y: known tags, which let no other stand there; NULL: every tag may. */
double rc_crf_ways(const rc_crf_table *t, const rc_crf_lane *l, const rc_seq *q, const int32_t *y);
/* Gradients += sign * the probabilities that rc_crf_ways has made. */
void rc_crf_expect(const rc_crf_table *t, const rc_crf_lane *l, const rc_seq *q, const int32_t *y, double log_z, double sign);
/* Score of a sequence whose tags are all known, and its part in the gradients. */
double rc_crf_known(const rc_crf_table *t, const rc_crf_lane *l, const rc_seq *q, const int32_t *y);
#endif
