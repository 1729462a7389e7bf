/* SPDX-License-Identifier: MIT
 * api: what recur.h promises.  Arguments are checked here, and floors put together; the logic is below. */
#ifndef RC_API_H
#define RC_API_H
#include "decode/decode.h"
#include "train/train.h"

struct recur_run {
    recur *r;
    recur_model *m;
    rc_run *u;
    rc_optim *optim;             /* training: room for the optimizer that recur_dims names, so that an update allocates nothing */
    rc_loss loss;                /* of the last recur_loss */
    double *norms;               /* [T] of the last recur_gradient_norms; NULL: the run keeps no trace */
};

/* An argument that cannot be right: the message names the function. */
#define RC_NEED(r, truth, code, ...)              \
    do {                                          \
        if (!(truth))                             \
            return rc_fail(r, code, __VA_ARGS__); \
    } while (0)

void rc_model_wrote(const recur_model *m);                     /* a new version: somebody writes to the weights, or may */
int rc_text_of(recur *r, json_t *j, char **out);               /* JSON as text for recur_free; drops j */
int rc_task_named(recur *r, const char *name, const recur_model *m, const rc_task **out);   /* name NULL: the model's */
int rc_options_or_default(recur *r, const recur_train_options *o, recur_train_options *out);
extern const rc_word rc_words_zh[];                            /* messages in Chinese, up to en NULL */
bool rc_problem_text(const json_t *problems, char *out, size_t n);    /* one line about the lines left out; false: none were */
#endif
