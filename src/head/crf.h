/* SPDX-License-Identifier: MIT
 * What decoding needs of the head crf: its weights, and how likely all tag sequences are together. */
#ifndef RC_CRF_H
#define RC_CRF_H
#include "head/head.h"

typedef struct {
    int C;
    const real *start, *end;     /* [C] */
    const real *step;            /* [C][C] from a tag to the next */
    const uint8_t *forbid;       /* as rc_head has it */
} rc_crf;
rc_crf rc_crf_of(const rc_head *h, const rc_param *params, const real *w);
static inline bool rc_crf_may(const rc_crf *c, int from, int to)       /* from C: begin with; to C: end after */
{
    return !c->forbid || !c->forbid[from * (c->C + 1) + to];
}
/* log Z of one sequence: the sum over all allowed tag sequences, -INFINITY where there is none.  work: 3 C doubles. */
double rc_crf_log_z(const rc_crf *c, const rc_seq *q, double *work);
/* The `best` likeliest tag sequences of one sequence, best first (viterbi.c): path [best][T], score [best], whose
 * probability is exp(score - log Z).  Returns how many there are, or an error. */
int rc_viterbi(recur *r, const rc_crf *c, const rc_seq *q, int best, int32_t *path, double *score);
#endif
