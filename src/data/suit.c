/* SPDX-License-Identifier: MIT
 * suit.c - whether a net can learn from these examples, and be judged by them: asked once, before any batch. */
#include "data/data.h"

int rc_data_suits(const recur_data *d, const rc_net *net)
{
    const rc_head *h = net->branch[0].head;
    recur *r = d->r;
    const bool numbers = d->outputs > 0;
    if (d->stream || d->windows != NULL || h->kind->lists || d->count == 0)     /* their targets are made as they are read */
        return RECUR_OK;
    if (!numbers && d->classes == 0)
        return rc_fail(r, RECUR_EDATA, "the examples have no targets: give each a label, or numbers");
    if (h->kind->classes == numbers)
        return rc_fail(r, RECUR_ESHAPE, "the net ends in %s, which learns %s, and the examples have %s: %s",
                       h->kind->name, rc_speak(r, numbers ? "classes" : "numbers"),
                       rc_speak(r, numbers ? "numbers" : "classes"),
                       rc_speak(r, numbers ? "end it in square, huber or quantile" : "end it in softmax"));
    if (h->per_seq == d->per_step)
        return rc_fail(r, RECUR_ESHAPE, "the net gives an answer %s, and the examples have a target %s: %s",
                       rc_speak(r, h->per_seq ? "a sequence" : "a step"), rc_speak(r, h->per_seq ? "a step" : "a sequence"),
                       rc_speak(r, h->per_seq ? "leave the pooling out" : "pool before the last layer, e.g. `pool last`"));
    return RECUR_OK;
}
