/* SPDX-License-Identifier: MIT
 * head: scores + targets -> loss and gradient; scores -> answer.  A net has a list of heads, each with its
 * weight; their gradients add. */
#ifndef RC_HEAD_H
#define RC_HEAD_H
#include <math.h>

#include "layer/layer.h"

/* One sequence's scores among packed rows; off NULL: they lie one after the other. */
typedef struct { const real *z; int width, T; const int32_t *off; int b; } rc_seq;
static inline const real *rc_seq_row(const rc_seq *q, int t)
{
    return q->z + (q->off ? (size_t)q->off[t] + (size_t)q->b : (size_t)t) * (size_t)q->width;
}
static inline int rc_seq_steps(const rc_rows *r, int b)      /* of sequence b */
{
    int t = 0;
    while (t < r->T && r->alive[t] > b)
        t++;
    return t;
}

typedef struct rc_head rc_head;
typedef struct rc_head_kind {
    const char *name, *formula;
    size_t size, act_size;       /* of the kind's struct, which begins with rc_head; of its half of a run (rc_pass.own), 0: none */
    const rc_key_row *keys; int nkeys;
    bool classes;                /* targets are class numbers (batch->target), else numbers (batch->value) */
    bool lists;                  /* a sequence's targets are a list of classes (batch->list_at), not one a row */
    bool rowwise;                /* rows may come in chunks; else they come all at once, and s->rows says which is whose */
    int  (*open)(rc_head *h, rc_build *b);                     /* in is set */
    int  (*outputs)(const rc_head *h, int width);              /* scores needed for `width` classes or numbers (quantiles: width * q); NULL: width */
    int64_t (*count)(const rc_head *h, const rc_pass *s, int rows);        /* targets that count, for the mean */
    void (*bind)(const rc_head *h, void *own, rc_plan *p, const rc_rows *most);   /* takes buffers of the run, asks for scratch; NULL: neither */
    /* A head that makes the scores itself from rows x [n][from], z [n][in]; NULL: they are the rows. */
    void (*scores)(const rc_head *h, const rc_pass *s, int n, const real *x, real *z);
    /* Rows [row, row+n), z [n][from]: sum of losses; grad: z becomes scale * dL/dz. */
    double (*loss)(const rc_head *h, const rc_pass *s, int row, int n, real *z, bool grad, real scale, int64_t *hits);
    void (*answer)(const rc_head *h, const rc_kern *k, int n, const real *z, real *out);   /* probabilities or numbers, [n][in] */
    void (*tell)(const rc_head *h, const rc_pass *s, const real *z, real *out);   /* the same where rows depend on each other or on weights; NULL: answer tells all */
    /* The likeliest classes of one sequence, out [q->T]: one a row, or a list (ctc).  Returns how many, or an error; NULL: numbers. */
    int (*best)(const rc_head *h, recur *r, const rc_param *params, const real *w, const rc_seq *q, int32_t *out);
} rc_head_kind;
struct rc_head {
    const rc_head_kind *kind;
    int index, in;               /* in: scores a row */
    int from;                    /* width of the rows that it reads: in, but for heads with `scores` */
    bool per_seq;                /* scores are one row a sequence */
    int param[16], nparam;        /* indices into the net's params, in order of declaration */
    double weight;               /* key "weight" of every head */
    const real *class_weight;    /* [classes] or NULL: set by the task (--balance), borrowed, must outlive the net's use */
    const uint8_t *forbid;       /* crf: [in + 1][in + 1] or NULL: 1 where class j may never follow class i; row `in`: begin with j, column `in`: end after i.  Set by the task, borrowed likewise */
    double smooth, focal;        /* softmax: keys "smooth", "focal" */
};
int rc_head_weight_add(rc_build *b, rc_head *h, const rc_weight *w);   /* in open: "head1.crf.transitions"; returns its place in h->param or an error */
static inline const real *rc_head_w(const rc_head *h, const rc_pass *s, int i) { return s->w + s->params[h->param[i]].at; }
static inline real *rc_head_g(const rc_head *h, const rc_pass *s, int i) { return s->g + s->params[h->param[i]].at; }
#define RC_HEAD_WEIGHT { "weight", RC_KEY_REAL, offsetof(rc_head, weight), "1", 0, 1e6, NULL, "of this head's loss in the sum" }
/* What the heads of classes share (head.c): targets of -1 do not count; scores are logarithms of probabilities, but for a
 * constant of the row. */
int64_t rc_class_count(const rc_head *h, const rc_pass *s, int rows);
void rc_class_answer(const rc_head *h, const rc_kern *k, int n, const real *z, real *out);
int rc_class_best(const rc_head *h, recur *r, const rc_param *params, const real *w, const rc_seq *q, int32_t *out);
int64_t rc_head_count_values(const rc_head *h, const recur_batch *b, int rows, int width);   /* numbers that are not NAN */

/* What the heads of numbers share (head.c): an error head is a name and the loss of one error e = z - target, whose
 * derivative goes to *d.  A target of NAN does not count: there e is 0. */
typedef double rc_error_fn(const rc_head *h, double e, double *d);
/* n rows of scores against the batch's numbers; f is a constant, so each head has a loop of its own.  Eight sums side by
 * side, in an order that depends on nothing but n. */
static inline double rc_error_loss(const rc_head *h, const rc_pass *s, int row, int n, real *z, bool grad, real scale, rc_error_fn *f)
{
    const float *v = s->batch->value[h->index] + (size_t)row * (size_t)h->in;
    double sum[8] = { 0 }, d = 0;
    for (size_t i = 0, all = (size_t)n * (size_t)h->in; i < all; i += 8)
        for (size_t k = 0; k < 8 && k < all - i; k++) {
            real e = z[i + k] - (real)v[i + k];
            e = e == e ? e : isnan(v[i + k]) ? 0 : e;          /* a number that does not count */
            sum[k] += f(h, (double)e, &d);
            if (grad)
                z[i + k] = scale * (real)d;
        }
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}
int rc_error_open(rc_head *h, rc_build *b);
int64_t rc_error_count(const rc_head *h, const rc_pass *s, int rows);
void rc_error_answer(const rc_head *h, const rc_kern *k, int n, const real *z, real *out);
extern const rc_head_kind *const rc_head_kinds[];
const rc_head_kind *rc_head_find(const char *name);
#endif
