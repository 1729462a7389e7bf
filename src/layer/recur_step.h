/* SPDX-License-Identifier: MIT
 * recur_step.h - what the three files of the forward pass share: recur_forward.c walks the steps, recur_step.c is one step,
 * recur_product.c its products with packed weights. */
#ifndef RC_LAYER_RECUR_STEP_H
#define RC_LAYER_RECUR_STEP_H
#include "layer/recur.h"

typedef struct { const rc_recur *l; rc_recur_act *a; const rc_pass *s; rc_cell_fns fn; bool packed, alone, whole[2], team[2]; } rc_recur_job;
/* whole: threads own all units, so the gates' columns are packed as those of one matrix; team: they share by sequences */
typedef struct {                 /* what one thread does of it */
    const rc_recur_job *j; const rc_team *team;
    int d, lo, hi, clo, chi;     /* direction; own units; own columns of the output */
    int b0, b1;                  /* own sequences */
    int gbase, ubase;
} rc_recur_part;

/* recur_product.c */
void rc_recur_pack(const rc_recur_part *p);                   /* own units of all weights, unless they are packed already */
void rc_recur_input_product(const rc_recur_part *p, int row, int n);         /* g of these rows = bias + x Wx', own units */
void rc_recur_own_product(const rc_recur_part *p, const rc_segment *g);      /* += h Wh', or u = where the cell wants it apart */
void rc_recur_multiply(const rc_recur_part *p, int j0, int j1, int n, int K, const real *A, int rs, const char *P, bool add, real *C, int ldc);
    /* C's own units of gates j0..j1 (= or +=) A [n][K] times their panels; C begins with gate j0 */
void rc_recur_project(const rc_recur_part *p, const rc_segment *g);
void rc_recur_one_row(const rc_recur_part *p, const rc_segment *g);          /* both products of a step of one sequence */

/* recur_step.c */
void rc_recur_begin(const rc_recur_part *p);                  /* masks, and what the first step of each sequence multiplies */
void rc_recur_run_step(rc_recur_part *p, int t);
#endif
