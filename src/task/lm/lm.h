/* SPDX-License-Identifier: MIT
 * lm.h - the parts of the language model task: lm.c reads and chooses, eval.c scores, ngram.c is the baseline,
 * check.c looks at files. */
#ifndef RC_LM_H
#define RC_LM_H
#include "task/task.h"

int rc_lm_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric);
int rc_lm_eval(const recur_model *m, recur_data *d, json_t **out);
int rc_lm_baseline(recur_model *m, recur_data *d, recur_data *held);
int rc_lm_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out);
/* The units of the training text, which a language model's file carries: EDATA when they were left out. */
int rc_lm_training_ids(const recur_model *m, rc_ids *out);
extern const rc_task rc_task_lm;

/* --- the baseline: Kneser-Ney over ids --- */
typedef struct rc_ngram rc_ngram;
int rc_ngram_fit(recur *r, rc_ngram **out, const int32_t *id, size_t n, int V, int order);
double rc_ngram_nats(const rc_ngram *g, const int32_t *id, size_t n);
    /* total, every id given those before it; nothing is fitted */
double rc_ngram_p(const rc_ngram *g, const int32_t *before, size_t n, int32_t id);
    /* of id after before[0..n-1]; sums to 1 over the V ids */
void rc_ngram_free(rc_ngram *g);
#endif
