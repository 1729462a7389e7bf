/* SPDX-License-Identifier: MIT
 * choose.h - what all tasks choose in the same way: each says the numbers, and what the user said stands. */
#ifndef RC_CHOOSE_H
#define RC_CHOOSE_H
#include "task/task.h"

typedef struct {
    int64_t epochs, fewest, most;        /* epochs, brought between the two */
    double hastes;                       /* below this part of the epochs the rate rises in proportion: most of what is
                                          * learned are entries of words, each of which is updated seldom; 0: never */
    double lr, beta2;                    /* of Adam's family; beta2 0: the optimizer's own */
    double decay, clip, warmup;
    int64_t patience;
} rc_recipe;
void rc_choose_steps(recur_train_options *o, const rc_recipe *p);
int rc_choose_net(recur *r, const recur_train_options *o, const char *line, char *net, size_t n);
    /* the user's net, or `line`; word vectors stand beside the columns of its first layer */
void rc_choose_text(const recur_train_options *o, rc_text_options *t);
    /* t holds the task's own: unit, folding, sizes; o may be NULL.  Pairs stay the task's affair */
#endif
