/* SPDX-License-Identifier: MIT
 * cell: what an LSTM *is*: pointwise equations, forward and backward, and the weights they start from.
 * A cell is only the mathematics between matrix products; time, batches, products, biases and their gradients are
 * written once, in layer/recur.c.  The functions here are the reference kernels: plain C, exact libm, any option.
 *
 * Numbers in comments, (L1) ..., are those of docs/math.md. */
#ifndef RC_CELL_H
#define RC_CELL_H
#include "base/base.h"

/* Activations (act.c): y = f(x), and f'(x) from y and x.  Names as ONNX has them, small letters. */
typedef struct rc_act_kind { const char *name, *formula; int args; real a, b;      /* defaults of alpha, beta */
    real (*f)(real x, real a, real b); real (*d)(real x, real y, real a, real b); real least; /* alpha */ int fast; } rc_act_kind;
enum { RC_FAST_TANH = 1, RC_FAST_SIGMOID, RC_FAST_RELU, RC_FAST_LINEAR };   /* rc_act_kind.fast: those that kernels know */
typedef struct { const rc_act_kind *kind; real a, b; } rc_act_fn;
int rc_act_parse(const char *s, rc_act_fn *out);              /* "tanh", "leakyrelu:0.02", "hardsigmoid:0.2:0.5"; 0 or RECUR_ESPEC */
void rc_act_print(const rc_act_fn *f, char *out, size_t n);   /* canonical, parse(print) == same */
const rc_act_kind *rc_act_at(int i);
/* Activations whose derivative needs x keep x themselves: none of ours does; d() gets y alone in the cells (x = NAN). */

enum { RC_CELL_PEEPHOLE = 1, RC_CELL_COUPLED = 2, RC_CELL_NORM = 4, RC_CELL_ONE_BIAS = 8,   /* options a cell may have */
       RC_CELL_SPAN = 32,        /* gates whose biases say how long they remember at the start; never in `flags` */
       RC_CELL_FLIP = 16 };       /* GRUs: h = (1-z) h0 + z n instead of (1-z) n + z h0 */
typedef struct {
    int flags;
    double span;                  /* > 1: units forget within 1 .. span steps at the start; 0: as init has it */
    rc_act_fn act[3];             /* as the cell orders them: lstm gates, candidate, output; gru gates, candidate; rnn one */
} rc_cell_opt;

/* An equation of a cell with the options `has` and without those of `lacks`; $0 to $2 stand for its activations. */
typedef struct { int has, lacks; const char *text; } rc_cell_line;

typedef struct rc_cell_io {       /* one step of n rows, units lo..hi-1 of H (a row-wise cell always gets 0..H) */
    int n, H, lo, hi;
    int gs, us, ss, qs;           /* row strides of g and dg, of u and du, of every state, of q; a state's rows never overlap another's */
    const rc_cell_opt *opt;
    real *g;                      /* [n][G*H]  in: x Wx' + b + h0 Wh' + bh, of the gates apart without the last two; out: activated gates, kept for backward */
    real *u;                      /* [n][apart*H]  h0 Wh' + bh of the gates apart; a cell may leave there what its backward needs */
    const real *s0[2]; real *s[2];   /* each [n][H]: states before, after; s[0] is the output h */
    real *q;                      /* [n][H]    what a second round multiplies (original GRU: r h0) */
    const real *p; real *dp;      /* [P][H]    weights per unit: peepholes, gains; dp is += (a team's threads own their units); dp NULL: not wanted */
    real *ds[2];                  /* [n][H]    in: dL/ds; out: dL/ds0 but for the part through Wh */
    real *dg, *du, *dq;           /* out: dL/d(pre-activations of g), dL/du, in: dL/dq;  dg may be g itself: read before write, row by row and unit by unit; du never u */
} rc_cell_io;

typedef struct rc_cell {
    const char *name;             /* word of the net line */
    const rc_cell_line *formula;  /* its equations, rc_cell_formula's; the last has no text */
    int G, R, S;                  /* gates, recurrent gates (columns of Wh / H; 0: no recurrent matrix), states */
    int split;                    /* R gates of the first round; the rest multiply q in a second round.  0: one round */
    int options;                  /* RC_CELL_* it understands */
    const char *act[3];           /* default activations, NULL: fewer */
    bool (*rowwise)(const rc_cell_opt *o);            /* looks along its row: threads part rows, not units; NULL: never */
    int  (*apart)(const rc_cell_opt *o);              /* so many gates, the last, get h0 Wh' + bh apart in u, not added into g; NULL: none */
    int  (*P)(const rc_cell_opt *o);                  /* rows of p; NULL: 0 */
    int  (*biases)(const rc_cell_opt *o);             /* 1: b, 3: b and bh, 0: none; NULL: 1 */
    void (*init)(const rc_cell_opt *o, int H, real *b, real *bh, real *p);   /* starting values: forget bias 1, gains 1, ... ; b [G*H], bh [R*H] (NULL where none) are zero on entry */
    void (*forward[2])(const rc_cell_io *c);          /* [1]: after the second round, NULL otherwise */
    void (*backward[2])(const rc_cell_io *c);         /* backward[0] from ds; a split cell: [1] first gives dg of the second round's gates and (recur.c) dq, then [0] */
} rc_cell;
extern const rc_cell *const rc_cells[];               /* NULL-ended, from list.h */
const rc_cell *rc_cell_find(const char *name);
int rc_cell_index(const rc_cell *c);
void rc_cell_options(const rc_cell *c, rc_cell_opt *out);     /* none, and its own activations */
/* The equations with these options as `recur inspect` prints them, lines parted by \n, with the numbers of docs/math.md. */
void rc_cell_formula(const rc_cell *c, const rc_cell_opt *o, char *out, size_t n);
/*            G  R  S apart split P                     order of blocks in g
 *   rnn      1  1  1   0    0    0
 *   lstm     4  4  2   0    0    peephole 3 (i f o);   i f g o (PyTorch's); coupled: f = 1 - i, block f stays unused and zero
 *                                norm: gains of x part and of h part, shifts (4 rows each), gain and shift of c:
 *                                P = 14, all apart, row-wise, no b, no peepholes (Ba, Kiros & Hinton 2016, eq. 20-22)
 *   gru      3  3  1   1    0    0                     r z n  (reset after the product; ONE_BIAS: bh absent, zero)
 *   gru0     3  3  1   0    2    0                     r z n  (original: n's product is of q = r h0, second round)
 *   mingru   2  0  1   0    0    0                     z n    (h = (1-z) h0 + z n, Feng et al. 2024)
 *   indrnn   1  0  1   0    0    1 (recurrent weight)         (h = relu(x W + p h0 + b), Li et al. 2018)
 * GRU convention: h = (1-z) n + z h0 (PyTorch, cuDNN, Keras); with FLIP the one of Cho et al. 2014's text, (1-z) h0 + z n. */
#endif
