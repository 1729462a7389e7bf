/* SPDX-License-Identifier: MIT
 * beam.h - the hypotheses of a group of sources on their way: beam.c takes them a step further, search.c begins and ends
 * them.  Sequences are a forest of (unit, parent): a hypothesis is its last node. */
#ifndef RC_TRANSLATE_BEAM_H
#define RC_TRANSLATE_BEAM_H
#include "task/translate/search.h"

typedef struct { int32_t id, before; } rc_beam_node;                  /* before: -1 at the start */
typedef struct { int source, node, n; double logp; } rc_beam_row;     /* a hypothesis; n units */
typedef struct { double logp; int row; int32_t id; } rc_beam_candidate;
typedef struct { double score, logp; int node, n; } rc_beam_done;

typedef struct {
    recur *r; const recur_model *m; const rc_search *o;
    rc_run *u;
    int V, K, S, T;                      /* units, beam, most sources of a group, most steps of a source */
    size_t state;                        /* reals of a state */
    rc_beam_row *live, *next; int rows;
    real *p, *keep;                      /* [S K][V] probabilities; [S K][state] */
    float *cover, *cover_next;           /* [S K][T] attention each unit of the source got; NULL: no such penalty */
    rc_beam_candidate *best;             /* [S K][K + 1] of each row, falling */
    rc_beam_done *done; int *ended;      /* [S][K] answers; [S] how many */
    rc_beam_node *tree; int nodes, cap;
    int32_t *ids, *place, *alive, *side_ids;
    recur_batch side;
    const rc_ids *const *source;         /* [side.B] of the group, longest first */
    int step;
} rc_beam;

const real *rc_beam_attention(const rc_beam *x, int i);
    /* what row i of the last step looked at, over its source's units; NULL: the net has no layer `attend` */
const real *rc_beam_forward(rc_beam *x, const rc_beam_row *at, int rows, bool encode, bool fresh);
    /* one unit of each row further: scores [rows][V] */
int rc_beam_grow(rc_beam *x, int32_t id, int before);        /* one node more */
int rc_beam_step(rc_beam *x);                                /* all live hypotheses one unit further: who ends, who goes on */
#endif
