/* SPDX-License-Identifier: MIT
 * layer: functions on rows, x [N][in] -> y [N'][out], and back.
 * A layer has two halves: rc_layer, its options and weights (part of the net, constant while it computes), and rc_act,
 * its buffers (part of a run).  `bind` is called twice with the same code: to measure, then to place. */
#ifndef RC_LAYER_H
#define RC_LAYER_H
#include "kern/kern.h"

/* Rows of a batch, or of what a layer made of it. */
typedef struct {
    int T, B, N;                 /* steps, sequences, rows */
    const int32_t *alive;        /* [T] */
    const int32_t *off;          /* [T+1] first row of step t */
    int first;                   /* row 0 here is this row of the whole: the tail of a net sees chunks */
    bool per_seq;                /* rows are sequences: N == B, T == 1 */
    int step;                    /* which step of its sequence step 0 is, where a chain goes step by step */
} rc_rows;
static inline int rc_row_step(const rc_rows *r, int n)       /* step of the whole's row n; its sequence is n - off[step] */
{
    int lo = 0, hi = r->T;
    while (hi - lo > 1) {
        int mid = lo + (hi - lo) / 2;
        if (r->off[mid] <= n)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

/* --- weights: declared once, with name, shape and start; gradients and moments lie at the same offsets --- */
enum { RC_ZERO, RC_ONE, RC_UNIFORM /* +-a */, RC_NORMAL /* sd a */, RC_GLOROT, RC_ORTHOGONAL /* each [H][H] block */, RC_OWN /* layer->init */ };
typedef struct {
    char *name;                  /* "2.lstm.wh"; reverse direction "2.lstm.r.wh" */
    int rank, dim[3];
    size_t at, n;                /* place in the flat blocks */
    int start; double a;
    bool frozen;                 /* no gradient, no update */
    bool decay;                  /* matrices yes, biases and gains no */
    bool exact;                  /* never stored in fewer bits: no factor of a product */
    bool sparse;                 /* gradient only in rows that the batch touched: see rc_act.touched */
    int layer;                   /* whose: a layer's index; head h: -1 - h */
} rc_param;
typedef struct { recur *r; rc_param *p; int n, cap; size_t total; } rc_params;   /* every `at` is a multiple of 16 elements; gaps stay zero */

/* --- keys: options of a layer or head in the net line, one row each --- */
enum { RC_KEY_FLAG /* bool: the bare word */, RC_KEY_INT /* int */, RC_KEY_REAL /* double */, RC_KEY_WORD /* char[32], one of `words` */, RC_KEY_ACT /* rc_act_fn */, RC_KEY_TEXT /* char[256], in quotes where blank */ };
typedef struct { const char *name; int type; size_t offset; const char *fallback; double least, most; const char *words, *help; } rc_key_row;
    /* name "" : the bare number after the layer's word (size, probability); it is printed bare */

/* --- what a net is built against: facts from the data --- */
enum { RC_SHAPES = 12 };
typedef struct {
    int columns, vocabulary[4];  /* id columns and how many ids each has */
    int shape;                   /* column of ids that holds the shape of a word's letters (RC_SHAPES kinds); 0: none */
    int features;
    int classes[RECUR_HEADS];    /* width that head h needs (0: unknown, must be given) */
    const float *vectors; int vector_dim;   /* [vocabulary[0]][vector_dim] rows NAN where absent, or NULL */
    struct { int columns, vocabulary[4], features; } side;   /* of the data of the side chain; zeros: there are none */
} rc_facts;
static inline rc_facts rc_facts_side(const rc_facts *f)      /* as the side chain's own layers see them */
{
    rc_facts s = { .columns = f->side.columns, .features = f->side.features };
    memcpy(s.vocabulary, f->side.vocabulary, sizeof s.vocabulary);
    return s;
}

typedef struct rc_layer rc_layer;
typedef struct rc_act rc_act;
typedef struct rc_build rc_build;
typedef struct rc_plan rc_plan;
typedef struct rc_pass rc_pass;

typedef struct rc_layer_kind {
    const char *name, *formula;  /* word of the net line; what `recur inspect` prints, with the numbers of docs/math.md */
    void (*write)(const rc_layer *l, char *out, size_t n);    /* that formula with the layer's own options; NULL: it has none that change it */
    size_t size, act_size;       /* of the kind's structs, which begin with rc_layer and rc_act */
    const rc_key_row *keys; int nkeys;
    bool rowwise;                /* each row for itself and nothing kept but x and y: the tail of a net is run in chunks of rows */
    bool idle;                   /* y = x when not training: an inference plan gives it no buffer of its own */
    bool source;                 /* reads the batch too; as first layer in == 0; later it appends its columns to x */
    int  (*open)(rc_layer *l, rc_build *b);                   /* in is set; checks options, sets out, declares weights */
    void (*init)(const rc_layer *l, const rc_params *ps, const rc_facts *f, uint64_t seed, real *w);   /* for weights that start RC_OWN; w: the flat block */
    void (*bind)(const rc_layer *l, rc_act *a, rc_plan *p);   /* takes buffers, sets a->rows' largest sizes */
    void (*forward)(const rc_layer *l, rc_act *a, const rc_pass *s);    /* a->x, a->in rows are set; fills a->y, a->rows */
    void (*backward)(const rc_layer *l, rc_act *a, const rc_pass *s);   /* a->dy -> a->dx (NULL: not wanted; overwritten), weights' gradients += */
    int  (*check)(const rc_layer *l, recur *r, const recur_batch *b);   /* what it reads from the batch is there and in range; NULL: reads nothing */
    size_t (*state)(const rc_layer *l);                       /* reals a sequence carries from batch to batch; NULL: 0 */
    void (*start)(const rc_layer *l, const rc_params *ps, const real *w, real *state);   /* what it starts from; NULL: zeros */
    int (*steps)(const rc_layer *l, int T);                   /* steps of y for T steps of x; NULL: as many, or one where per_seq */
    const char *(*word)(const rc_layer *l);                   /* name to print where it differs (a cell's); NULL: kind->name */
} rc_layer_kind;
extern const rc_layer_kind *const rc_layer_kinds[];           /* NULL-ended, from list.h */

struct rc_layer {
    const rc_layer_kind *kind;
    const struct rc_cell *cell;  /* recurrent layers: which */
    int index, in, out;          /* index counts through the whole net, branches too */
    int param[24], nparam;       /* indices into the net's params, in order of declaration */
    bool per_seq_in, per_seq;    /* whether x, y are one row a sequence */
    bool ahead;                  /* looks at later steps: cannot run step by step */
    bool reads_side;             /* set in open: reads rc_pass.side */
    int feed;                    /* set in open: the last columns of x are y of a later layer that `answers`, one step before (counted in `in`) */
    bool answers, fed;           /* answers: set in open; fed: its y goes back, and its state holds it */
    bool needs_y;                /* backward reads y, so a head may not put its gradient over it */
};
struct rc_act {                  /* run-time half */
    rc_rows in, rows;            /* of x, of y.  bind: the largest; forward: of this batch */
    const real *x; real *y;      /* [in.N][in], [rows.N][out] */
    real *dy, *dx;               /* the same shapes; NULL in inference */
    const int32_t *touched; int touched_n;   /* rows of a sparse weight with a gradient now, rising, each once */
    size_t state_at;             /* of this layer's part in a sequence's state */
    real *look; int look_ld;     /* attend: [rows.N][look_ld] weight of each step of the row's side sequence; NULL: not this layer */
    real *trace;                 /* recurrent layers, where asked for: dL/dh of each row, both directions side by side; NULL: not kept */
};
struct rc_build { recur *r; const rc_facts *facts; rc_params *params; rc_layer **before; int nbefore; int head; int width; int first; const rc_layer *side; };
    /* before: every layer opened so far (for `dense tie`); head: which branch, -1 in the trunk of a net with branches;
     * width: what the head after this layer needs, 0: unknown or not the last layer; first: of `before` that reads the same data, 0 in the side
     * chain, behind it in the main one; side: the side chain's last layer, NULL: none or inside it */
typedef struct { const char *what; int rank, dim[3]; int start; double a; bool frozen, decay, sparse, exact; } rc_weight;
int rc_weight_add(rc_build *b, rc_layer *l, const rc_weight *w);   /* declares it; returns its place in l->param or an error */
int rc_params_add(rc_params *ps, const char *name, int layer, const rc_weight *w);   /* what layers and heads declare through: the index in ps or an error */
int rc_layer_fail(const rc_build *b, const rc_layer *l, const char *form, ...) __attribute__((format(printf, 3, 4)));  /* ESPEC, "layer 2 (lstm): ..." */
const char *rc_layer_word(const rc_layer *l);

/* --- the plan of memory: bind is called with a measuring arena, then with a placing one --- */
struct rc_plan {
    recur *r; rc_arena arena; bool train;
    int B, T, N;                 /* the largest batch */
    const rc_act *side;          /* the side chain's last layer, bound; NULL: none */
    int as;                      /* how packed weights are stored: RC_F32_WEIGHTS while training */
    size_t scratch;              /* bytes: the most any layer asked for; dead after each call */
};
void *rc_plan_take(rc_plan *p, size_t n, size_t size);       /* kept from forward to backward; NULL while measuring */
void rc_plan_scratch(rc_plan *p, size_t bytes);

/* --- one pass --- */
struct rc_pass {
    recur *r; const rc_kern *k;
    const recur_batch *batch;    /* alive and key are never NULL here */
    bool train;                  /* masks are drawn, buffers kept */
    uint64_t seed, step;         /* of the masks: rc_key(seed, RC_DROP, step, layer index * 16 + which) */
    const real *w; real *g;      /* flat blocks of weights and gradients; g NULL in inference */
    const rc_param *params;
    real *state;                 /* [B][state_size], the sequences' carried state: read at the start, written at the end */
    size_t state_size;
    char *scratch;
    void *own;                   /* while a head computes: its half of the run */
    const rc_rows *rows;         /* of the scores, while a head computes: its chunk's steps and sequences, after layers that changed them */
    real *dstate;                /* [B][state_size] where a chain goes back step by step: gradient of the state behind these rows; backward leaves that of the state before them; NULL: they are whole sequences */
    const rc_act *side; real *dside;     /* last layer of the side chain, and the gradient of its y to be added to; NULL: no side chain */
    uint64_t weights;            /* 0, or a number that changes whenever w does: packed weights stay good for it */
};
static inline const real *rc_w(const rc_layer *l, const rc_pass *s, int i) { return s->w + s->params[l->param[i]].at; }
static inline real *rc_g(const rc_layer *l, const rc_pass *s, int i) { return s->params[l->param[i]].frozen ? NULL : s->g + s->params[l->param[i]].at; }   /* NULL: not wanted */

bool rc_embed_vectors(const rc_layer *l);                     /* starts from word vectors */
int rc_embed_column(const rc_layer *l);                       /* column of ids that an embed reads; -1: it is no embed */
const rc_layer_kind *rc_layer_find(const char *word, const struct rc_cell **cell);   /* layers first, then cells */

/* Masks are indexed by (sequence, step, unit), so packing does not change them: the stream of one sequence's mask. */
static inline uint64_t rc_mask_key(const rc_pass *s, const rc_layer *l, int which, int b)
{
    return rc_key(rc_key(s->seed, RC_DROP, s->step, (uint64_t)l->index * 16 + (uint64_t)which), RC_DROP, s->batch->key[b], 0);
}
/* product.c: y [n][out] (= or +=) x [n][in] w', w [out][in] with row stride ldw; the plan holds rc_matmul_scratch(n, out, in). */
typedef struct { char *panels; int as; uint64_t packed; } rc_packed;   /* inference: w as panels, and of which weights; 0: none */
typedef struct { int n, in, out; const real *x, *w; int ldw; bool add; real *y; } rc_product_io;
void rc_packed_bind(rc_packed *k, rc_plan *p, int in, int out);
void rc_product(const rc_pass *s, rc_packed *k, const rc_product_io *io);
void rc_col_sum(recur *r, int n, int w, const real *x, int ldx, real *s);   /* s [w] += sum over rows, columns parted over threads */
void rc_add_rows(recur *r, int n, int w, const real *x, int ldx, real *y, int ldy);   /* y += x */
/* Every k-th step of `in`, the first among them: sets T, alive, off and N of out; alive [T], off [T+1] are the layer's own. */
static inline int rc_rows_thin_steps(int T, int k) { return (T + k - 1) / k; }
void rc_rows_thin(const rc_rows *in, int k, int32_t *alive, int32_t *off, rc_rows *out);
#endif
