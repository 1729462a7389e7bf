/* SPDX-License-Identifier: MIT
 * lexicon.c - a tree of words: each place has its first child and the next of its own parent's children. */
#include <limits.h>

#include "task/transcribe/search.h"

typedef struct { int32_t label; int child, next; bool ends; } place;
struct rc_lexicon { recur *r; place *at; int n, cap; };

int rc_lexicon_new(recur *r, rc_lexicon **out)
{
    rc_lexicon *l = *out = rc_new(r, 1, sizeof *l);
    if (l == NULL)
        return RECUR_ENOMEM;
    l->r = r;
    l->cap = 256;
    l->n = 1;
    if ((l->at = rc_new(r, (size_t)l->cap, sizeof *l->at)) != NULL)
        return RECUR_OK;
    rc_free(r, l);
    *out = NULL;
    return RECUR_ENOMEM;
}

void rc_lexicon_free(rc_lexicon *l)
{
    if (l == NULL)
        return;
    rc_free(l->r, l->at);
    rc_free(l->r, l);
}

int rc_lexicon_next(const rc_lexicon *l, int at, int32_t label)
{
    int k = l->at[at].child;
    while (k > 0 && l->at[k].label != label)
        k = l->at[k].next;
    return k > 0 ? k : -1;
}

bool rc_lexicon_ends(const rc_lexicon *l, int at) { return l->at[at].ends; }

int rc_lexicon_add(rc_lexicon *l, const int32_t *label, int n)
{
    int at = 0;
    for (int i = 0; i < n; i++) {
        int k = rc_lexicon_next(l, at, label[i]);
        if (k < 0) {
            if (l->n == l->cap) {
                if (l->cap > INT_MAX / 2)
                    return rc_fail(l->r, RECUR_EDATA, "the lexicon has more than %d places", l->cap);
                place *wide = rc_grow(l->r, l->at, (size_t)l->cap, 2 * (size_t)l->cap, sizeof *wide);
                if (wide == NULL)
                    return RECUR_ENOMEM;
                l->at = wide;
                l->cap *= 2;
            }
            k = l->n++;
            l->at[k] = (place){ label[i], 0, l->at[at].child, false };
            l->at[at].child = k;
        }
        at = k;
    }
    l->at[at].ends |= n > 0;
    return RECUR_OK;
}
