/* SPDX-License-Identifier: MIT
 * decode - floor 6: scores -> ids -> text.  Randomness comes in as an argument. */
#ifndef RC_DECODE_H
#define RC_DECODE_H
#include "task/task.h"

typedef struct { double temperature, top_p, penalty; int top_k; } rc_sampler;
/* One id from scores [n]: repetition penalty over `recent` (Keskar et al. 2019), temperature (0: the largest), top-k, top-p;
 * coin in [0, 1) decides.  Never picks an id whose banned[id] is set (may be NULL).  work: [2 n] reals-and-ids scratch. */
int rc_sample(const real *score, int n, const rc_sampler *s, const int32_t *recent, int nrecent, const uint8_t *banned, double coin, void *work);
size_t rc_sample_work(int n);
int rc_generate(recur *r, const recur_model *m, const recur_generate_options *o, recur_emit *emit, void *ud);
int rc_copy_report(const recur_model *m, const char *text, const char *const *path, int n, json_t **out);   /* suffix array over the training ids */
#endif
