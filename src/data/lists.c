/* SPDX-License-Identifier: MIT
 * lists.c - targets that are a list of labels for a whole sequence (the head ctc): kept one after the other, and so
 * handed to a batch. */
#include <limits.h>
#include "data/data.h"

int rc_data_list(recur_data *d, rc_example *ex, const int32_t *label, size_t n)
{
    if (n > (size_t)INT_MAX || d->list_n + n > (size_t)INT_MAX)
        return rc_fail(d->r, RECUR_EDATA, "more than %d labels: part the files", INT_MAX);
    if (d->list == NULL || d->list_n + n > d->list_cap) {
        size_t want = d->list_cap + d->list_cap / 2 + n + 256;
        int32_t *wide = rc_grow(d->r, d->list, d->list_cap, want, sizeof *wide);
        if (wide == NULL)
            return RECUR_ENOMEM;
        d->list = wide;
        d->list_cap = want;
    }
    if (n > 0)
        memcpy(d->list + d->list_n, label, n * sizeof *label);
    ex->list = d->list_n;
    ex->list_n = (int32_t)n;
    d->list_n += n;
    d->list_most = d->list_most > (int32_t)n ? d->list_most : (int32_t)n;
    return RECUR_OK;
}

int rc_lists_room(recur_data *d, size_t B)
{
    size_t most = (size_t)d->list_most, n;
    if (d->list == NULL || (B <= d->lists.cap_b && most <= d->lists.cap_n))
        return RECUR_OK;
    rc_free(d->r, d->lists.at);
    rc_free(d->r, d->lists.label);
    d->lists.cap_b = d->lists.cap_n = 0;
    d->lists.at = rc_new(d->r, B + 1, sizeof *d->lists.at);
    d->lists.label = rc_mul(B, most, &n) ? rc_new(d->r, n + 1, sizeof *d->lists.label) : NULL;
    if (d->lists.at == NULL || d->lists.label == NULL)
        return RECUR_ENOMEM;
    d->lists.cap_b = B;
    d->lists.cap_n = most;
    return RECUR_OK;
}

void rc_lists_put(recur_data *d, int B)
{
    int32_t n = 0;
    for (int b = 0; b < B && d->list != NULL; b++) {
        const rc_example *ex = &d->ex[d->out.seq[b]];
        d->lists.at[b] = n;
        for (int32_t i = 0; i < ex->list_n; i++)
            d->lists.label[n++] = d->list[ex->list + (size_t)i];
        d->lists.at[b + 1] = n;
    }
}
