/* SPDX-License-Identifier: MIT
 * classify.h - the parts of the classification task: classify.c reads, net.c chooses and prepares, eval.c scores,
 * linear.c is the baseline, check.c looks at files. */
#ifndef RC_CLASSIFY_H
#define RC_CLASSIFY_H
#include "task/task.h"

int rc_classify_choose(const recur_data *d, recur_train_options *o, char *net, size_t n, rc_say *say, void *ud);
int rc_classify_prepare(recur_model *m, recur_data *d, const recur_train_options *o);
int rc_classify_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric);
int rc_classify_settle(recur_model *m, recur_data *held);
int rc_classify_eval(const recur_model *m, recur_data *d, json_t **out);
int rc_classify_baseline(recur_model *m, recur_data *d, recur_data *held);
int rc_classify_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out);
extern const rc_task rc_task_classify;
#endif
