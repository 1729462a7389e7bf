/* SPDX-License-Identifier: MIT
 * search.h - a net with a side chain is asked for the likeliest sequences.  Scoring a translating model needs them as
 * much as using it does, so the search stands on this floor and the decoder above makes text of what it finds. */
#ifndef RC_SEARCH_H
#define RC_SEARCH_H
#include "task/task.h"

typedef struct {
    int beam, best, most;                /* most: units of an answer; 0: twice the source's and 10 */
    double length, coverage;             /* exponent and weight of the penalties; 0: none */
    bool unknown;                        /* whether <unk> may be said */
    enum { RC_LOOK_NEVER, RC_LOOK_UNKNOWN, RC_LOOK_ALWAYS } look;        /* attention: of answers with <unk>, of all */
} rc_search;
typedef struct {
    int32_t *id; int n;                  /* without </s> */
    double score, logp;                  /* logp: with </s> */
    float *attention; int S;             /* [n][S] over the units of the source, or NULL */
} rc_found;
typedef struct { rc_found *found; int n; } rc_founds;        /* of one source, best first */

/* out [n], zeroed by the caller: for each source the `best` best answers, the same whatever else is asked for with it. */
int rc_search_all(const recur_model *m, const rc_ids *source, int n, const rc_search *o, rc_founds *out);
void rc_founds_free(recur *r, rc_founds *f, int n);          /* what the n entries hold, not the entries */
#endif
