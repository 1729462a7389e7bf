/* SPDX-License-Identifier: MIT
 * lm.h - the halves of the language model task: lm.c reads and chooses, lm_eval.c scores, check.c looks at files. */
#ifndef RC_LM_H
#define RC_LM_H
#include "task/task.h"

int rc_lm_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric);
int rc_lm_eval(const recur_model *m, recur_data *d, json_t **out);
int rc_lm_baseline(recur_model *m, recur_data *d, recur_data *held);
int rc_lm_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out);
extern const rc_task rc_task_lm;
#endif
