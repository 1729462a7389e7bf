/* SPDX-License-Identifier: MIT
 * kern: how it is computed here.  ref.c fills the whole table in plain C; an instruction set overlays what
 * it has (body.h, written once over the vector words of vec_*.h).  No slot is ever NULL.  Kernels are pure: no
 * allocation, no threads, no errors, no state; they may be called on any thread.
 *
 * One rule makes batch = single, streaming = whole and any thread count give the same bits: an element of a product
 * is one chain of multiply-adds over k = 0, 1, 2, ... that begins at the value C had (or 0), whatever the shape of the
 * call and the place of the element in it.  Every set with fused multiply-add gives the same product bits. */
#ifndef RC_KERN_H
#define RC_KERN_H
#include "cell/cell.h"

/* How weights that only answer may be stored (store.c): 2 bytes, or 1 with a scale for each row of the matrix.  Products
 * turn them into floats on their way into the registers and go on as with floats, so that what is fetched shrinks. */
enum { RC_F32_WEIGHTS, RC_F16_WEIGHTS, RC_BF16_WEIGHTS, RC_I8_WEIGHTS, RC_STORAGES };

#define RC_CELLS 16
#define RC_CHAINS 12            /* of multiply-adds, side by side, that `peak` runs */

typedef struct {                 /* the step of an optimizer over [0, n) of the flat blocks */
    real lr, b1, b2, eps, decay, scale;   /* scale: what clipping multiplies the gradient by; decay: lr * weight decay, decoupled */
    real c1, c2;                          /* 1 / (1 - b1^t), 1 / (1 - b2^t) */
} rc_optim_io;

typedef struct rc_kern {
    const char *name;            /* "ref", "avx2", ... of the highest overlay */
    int nr, mr;                  /* columns of a packed panel; rows of the micro-tile (for choosing blocks only) */

    /* B [K][N] (trans: stored as [N][K]), row stride ldb -> panels P: panel j holds columns j*nr.., as [K][nr], the last
     * filled up with zeros.  Size: rc_panels. */
    void (*pack)(bool trans, int K, int N, const real *B, int ldb, real *P);
    /* C [M][N] = A [M][K] B [K][N] + (add ? C : 0), A(m,k) = A[m*rs + k*cs], B in panels.  N need not be a multiple of nr. */
    void (*gemm)(int M, int N, int K, const real *A, int rs, int cs, const real *P, bool add, real *C, int ldc);

    /* The same for weights W [N][K] stored as `as`, row stride ldw, and C = A W' + (add ? C : 0).  int8: an element is
     * its chain from 0, once times the row's scale, or A rounded to 16 bits (vnni.c, bf16.c).  Size and places of panels: rc_panels_as, rc_panel_as_at. */
    void (*pack_as)(int as, int K, int N, const real *W, int ldw, void *P);
    void (*gemm_as)(int as, int M, int N, int K, const real *A, int rs, const void *P, bool add, real *C, int ldc);

    void (*bias)(int n, int w, const real *b, real *y, int ldy);            /* y [n][w] = b [w], each row */
    void (*col_sum)(int n, int w, const real *x, int ldx, real *s);         /* s [w] += sum over rows, in order of rows */
    void (*add)(size_t n, const real *x, real *y);                          /* y += x */
    void (*scale)(size_t n, real a, real *y);                               /* y *= a */
    void (*mul)(size_t n, const real *x, const real *m, real *y);           /* y = x m */
    /* y [n] = x or 0: element i is kept (and divided by 1-p) where the random number (key, hi, lo + i) says so; y may be x.
     * The same call with dy for x is the backward. */
    void (*drop)(int n, uint64_t key, uint64_t hi, uint64_t lo, real p, const real *x, real *y);
    void (*act)(const rc_act_fn *f, size_t n, real *y);                     /* y = f(y) */
    void (*act_back)(const rc_act_fn *f, size_t n, const real *y, real *dy);/* dy *= f'(y) */
    void (*norm)(int n, int w, real eps, const real *x, const real *gain, const real *shift, real *y, real *stat /* [n][2] mean, 1/sd */);
    void (*norm_back)(int n, int w, const real *x, const real *gain, const real *stat, const real *dy, real *dx, real *dgain, real *dshift);  /* dgain, dshift +=; dx NULL: not wanted */
    /* Softmax cross-entropy of n rows, in place.  target -1: the row gives 0.  w [V] class weights or NULL; smooth: label
     * smoothing; focal: gamma (Lin et al. 2017), 0: none.  grad: z becomes scale * dL/dz, otherwise it becomes log p.
     * Returns the sum of losses (double, in order of rows); *hits (may be NULL) += rows whose largest score is the target. */
    double (*xent)(int n, int V, real *z, int ldz, const int32_t *target, const real *w, real smooth, real focal, bool grad, real scale, int64_t *hits);
    void (*softmax)(int n, int V, const real *z, int ldz, real *p, int ldp);
    double (*sum_sq)(size_t n, const real *x);                              /* in double, in fixed chunks */
    /* The optimizers leave g as it is. */
    void (*sgd)(const rc_optim_io *o, size_t n, real *w, real *g, real *m);       /* m NULL: no momentum (b1); Nesterov no */
    void (*rmsprop)(const rc_optim_io *o, size_t n, real *w, real *g, real *v);
    void (*adam)(const rc_optim_io *o, size_t n, real *w, real *g, real *m, real *v);
    double (*peak)(int rounds, real x[RC_CHAINS]);                          /* multiply-adds in registers, x = 0.5 x + 1 `rounds` times: x ends as the sum of a chain's lanes; returns the operations */
    struct { void (*forward[2])(const rc_cell_io *); void (*backward[2])(const rc_cell_io *); } cell[RC_CELLS];
        /* overlays; by rc_cell_index.  An overlay takes the options that its set's `takes` allows. */
    bool (*takes)(int cell, const rc_cell_opt *o);                          /* false: rc_kern_cell falls back to the cell's own functions */
} rc_kern;

typedef struct { void (*forward[2])(const rc_cell_io *); void (*backward[2])(const rc_cell_io *); } rc_cell_fns;
rc_cell_fns rc_kern_cell(const rc_kern *k, const rc_cell *c, const rc_cell_opt *o);

int rc_kern_open(recur *r, const char *most);                /* sets r->kern: best set of this CPU, at most `most`; RECUR_EOPTION names the sets */
const char *rc_kern_at(int i);                               /* names, reference first, rising; NULL past the end */
bool rc_kern_usable(const char *name);                       /* built in and this CPU has it */
double rc_kern_peak(recur *r);                               /* FLOP/s of `peak` on all threads at once: peak.c, some 50 ms */
size_t rc_panels(const rc_kern *k, int K, int N);            /* reals of the packed form */
static inline size_t rc_panel_at(const rc_kern *k, int K, int n0) { return (size_t)(n0 / k->nr) * (size_t)K * (size_t)k->nr; }  /* n0 a multiple of nr */

/* store.c: numbers as they are stored.  Rounding is to the nearest, ties to even, saturating. */
extern const char *const rc_storage_name[RC_STORAGES];       /* "fp32" "fp16" "bf16" "int8" */
int rc_storage_find(const char *name);                        /* -1: none */
size_t rc_storage_size(int as);                               /* bytes of a weight; of fp32: of a real */
real rc_row_scale(size_t n, const real *w);                   /* of int8: largest / 127, a little up, so that storing what was stored changes nothing */
void rc_store_row(int as, size_t n, const real *w, real scale, void *out);
void rc_fetch_row(int as, size_t n, const void *in, real scale, real *w);
enum { RC_PIECE = 1024 };                                  /* of K, which products with instructions of their own make ready by itself */
static inline int rc_k_pieces(int K) { return (K + RC_PIECE - 1) / RC_PIECE; }
size_t rc_panel_bytes(int as, int nr, int K);                 /* of one panel: [nr] scales (int8 alone), [K][nr] weights; int8, bf16: or as vnni.c, bf16.c have it */
static inline size_t rc_panels_as(const rc_kern *k, int as, int K, int N) { return (size_t)((N + k->nr - 1) / k->nr) * rc_panel_bytes(as, k->nr, K); }
static inline size_t rc_panel_as_at(const rc_kern *k, int as, int K, int n0) { return (size_t)(n0 / k->nr) * rc_panel_bytes(as, k->nr, K); }

/* par.c: whole products on all threads of r->pool, parted by output.
 * C [M][N] (ldc) = op(A) op(B) + (add ? C : 0); op is transpose where ta, tb.  scratch: rc_matmul_scratch reals. */
typedef struct { bool ta, tb, add; int M, N, K; const real *A; int lda; const real *B; int ldb; real *C; int ldc; } rc_matmul_io;
size_t rc_matmul_scratch(const recur *r, int M, int N, int K);   /* monotone in each */
void rc_matmul(recur *r, const rc_matmul_io *m, real *scratch);
void rc_matmul_team(const rc_kern *k, const rc_team *t, const rc_matmul_io *m, real *scratch);   /* inside a running team; barriers within */
/* fn on runs of rows [lo, hi) of 0..n, at least `grain` rows a run, on all threads */
void rc_rows_each(recur *r, int n, int grain, void (*fn)(void *arg, int lo, int hi), void *arg);
#endif
