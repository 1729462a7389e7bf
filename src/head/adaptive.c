/* SPDX-License-Identifier: MIT
 * adaptive: softmax over a large vocabulary whose classes come in falling frequency (Grave, Joulin, Cissé, Grangier &
 * Jégou 2017).  The most frequent classes and a gate for each tail have one softmax; a tail is a softmax of its own,
 * over a projection of the row that is narrower the rarer its classes are.
 *
 *   p(k) = p_0(k)  for k < cut_1,    p(k) = p_0(gate i) p_i(k - cut_i)  for cut_i <= k < cut_i+1                   (S19)
 *   p_0 = softmax(W_0 x + b_0),      p_i = softmax(W_i P_i x + b_i),   P_i [from / factor^i][from]                 (S20)
 *
 * Of tail i the loss computes only the rows whose target lies in it; they are gathered in their order.  Each softmax goes
 * through in chunks of rows, so that no more scores than a chunk's are stored. */
#include <stdio.h>
#include <stdlib.h>

#include "head/head.h"

enum { TAILS = 4, LEAST = 2000 };                             /* most tails; fewest classes before them, where nobody says */
enum { SCORES = 1 << 20, CHUNK = 128, BLOCK = 32 };           /* reals and rows of a chunk; rows whose losses are summed together */

typedef struct {
    rc_head h;
    char cuts[256];
    int factor, tails, cut[TAILS + 2];                        /* softmax i has classes cut[i] .. cut[i + 1] */
} adaptive;

typedef struct { rc_packed w[TAILS + 1], p[TAILS + 1]; } half;   /* matrices as panels, where a run only answers */

static const rc_key_row keys[] = {
    RC_HEAD_WEIGHT,
    { "cuts", RC_KEY_TEXT, offsetof(adaptive, cuts), NULL, 0, 0, NULL, "the class with which each tail begins, parted by commas" },
    { "factor", RC_KEY_INT, offsetof(adaptive, factor), "4", 1, 64, NULL, "how much narrower each tail is than the one before" },
    { "smooth", RC_KEY_REAL, offsetof(rc_head, smooth), "0", 0, 0.99, NULL,
      "part of the target spread over the classes of each softmax on its way" },
};

/* Width of the rows that softmax i reads, and of its scores. */
static int width(const adaptive *a, int i)
{
    int w = a->h.from;
    for (int k = 0; k < i; k++)
        w = w / a->factor > 0 ? w / a->factor : 1;
    return w;
}

static int scores_of(const adaptive *a, int i) { return a->cut[i + 1] - a->cut[i] + (i ? 0 : a->tails); }

/* ------------------------------------------------------------------------------------------------ options, weights */

/* As many cuts as the text names, rising and below V; -1: it does not. */
static int parse(const char *s, int V, int *cut)
{
    for (int n = 0; n < TAILS; s++) {
        char *end;
        long v = strtol(s, &end, 10);
        if (end == s || v <= (n ? cut[n - 1] : 0) || v >= V)
            return -1;
        cut[n++] = (int)v;
        if (!*end)
            return n;
        if (*end != ',')
            return -1;
        s = end;
    }
    return -1;
}

/* By judgement: a fiftieth of the classes, at least LEAST, at most half of them; then ten times as many while that is
 * less than half. */
static void choose(adaptive *a)
{
    int64_t V = a->h.in, c = V / 50 > LEAST ? V / 50 : LEAST;
    c = c < V / 2 ? c : V / 2;
    for (int at = 0; !at || c < V / 2; c *= 10)
        at += snprintf(a->cuts + at, sizeof a->cuts - (size_t)at, "%s%d", at ? "," : "", (int)c);
}

enum { PROJECTION = -1, W, BIAS };                            /* of softmax i: h->param[3 i + one of these]; the first has no projection */

static int declare(rc_head *h, rc_build *b, int i, const char *which, int rows, int columns)
{
    char what[32];
    bool matrix = columns > 0;
    snprintf(what, sizeof what, i ? "tail%d.%s" : "%.0d%s", i, which);
    return rc_head_weight_add(b, h, &(rc_weight){ .what = what, .rank = 1 + matrix, .dim = { rows, columns },
                                                  .start = matrix ? RC_GLOROT : RC_ZERO, .decay = matrix });
}

static int open(rc_head *h, rc_build *b)
{
    adaptive *a = (adaptive *)h;
    if (h->in < 4)
        return rc_fail(b->r, RECUR_ESPEC, "net: head %d (adaptive) is for many classes, not for %d: `dense | softmax`",
                       h->index + 1, h->in);
    if (!*a->cuts)
        choose(a);
    if ((a->tails = parse(a->cuts, h->in, a->cut + 1)) < 0)
        return rc_fail(b->r, RECUR_ESPEC, "net: head %d (adaptive): cuts=%s: at most %d rising numbers below %d, the number of "
                       "classes, parted by commas, as in cuts=2000,20000", h->index + 1, a->cuts, TAILS, h->in);
    a->cut[a->tails + 1] = h->in;
    int e = 0;
    for (int i = 0; i <= a->tails && e >= 0; i++) {
        e = i ? declare(h, b, i, "p", width(a, i), h->from) : 0;
        if (e >= 0)
            e = declare(h, b, i, "w", scores_of(a, i), width(a, i));
        if (e >= 0)
            e = declare(h, b, i, "b", scores_of(a, i), 0);
    }
    return e < 0 ? e : 0;
}

/* ------------------------------------------------------------------------------------------------ memory of a call */

typedef struct {
    const adaptive *a; half *own;
    rc_pass s;                   /* the caller's, its scratch behind what is below */
    bool grad; real scale;
    real *z;                     /* scores of a chunk */
    real *dx;                    /* [N][from] gradient of the rows */
    real *x, *low, *dlow;        /* [N][from] rows of a tail, [N][width] projected, their gradient */
    int32_t *row, *y;            /* [N] rows of a tail; targets of the softmax at work */
    real *gate;                  /* [step][tails] log p of the gates of a chunk */
    int step;                    /* rows of a chunk that fits every softmax */
    double *sum;                 /* of blocks of rows */
    char *rest;                  /* scratch of products */
} job;

static int chunk_rows(int out, int N)
{
    int c = SCORES / out > CHUNK ? SCORES / out / BLOCK * BLOCK : CHUNK;
    return c < N ? c : N;
}

/* In the same order for measuring and placing. */
static void place(job *j, rc_arena *m, int N, bool train)
{
    const adaptive *a = j->a;
    size_t rows = (size_t)N, from = rows * (size_t)a->h.from, low = rows * (size_t)width(a, 1), most = 0;
    j->step = N;
    for (int i = 0; i <= a->tails; i++) {
        int out = scores_of(a, i), c = chunk_rows(out, N);
        j->step = c < j->step ? c : j->step;
        most = (size_t)c * (size_t)out > most ? (size_t)c * (size_t)out : most;
    }
    j->z = rc_take(m, most, sizeof(real));
    j->x = rc_take(m, from, sizeof(real));
    j->low = rc_take(m, low, sizeof(real));
    j->dx = rc_take(m, train ? from : 0, sizeof(real));
    j->dlow = rc_take(m, train ? low : 0, sizeof(real));
    j->row = rc_take(m, rows, sizeof *j->row);
    j->y = rc_take(m, rows, sizeof *j->y);
    j->sum = rc_take(m, rows / BLOCK + 1, sizeof *j->sum);
    j->gate = rc_take(m, (size_t)j->step * (size_t)a->tails, sizeof(real));
    j->rest = rc_take(m, 0, 1);
}

static size_t product_scratch(const recur *r, int n, int out, int in, bool train)
{
    size_t s[] = { rc_matmul_scratch(r, n, out, in), train ? rc_matmul_scratch(r, out, in, n) : 0,
                   train ? rc_matmul_scratch(r, n, in, out) : 0 };
    size_t most = s[0] > s[1] ? s[0] : s[1];
    return most > s[2] ? most : s[2];
}

static void bind(const rc_head *h, void *own, rc_plan *p, const rc_rows *rows)
{
    const adaptive *a = (const adaptive *)h;
    half *u = own;
    rc_arena m = { 0 };
    size_t most = 0;
    for (int i = 0; i <= a->tails; i++) {
        int in = width(a, i), out = scores_of(a, i);
        size_t w = product_scratch(p->r, chunk_rows(out, rows->N), out, in, p->train);
        size_t projection = product_scratch(p->r, rows->N, in, h->from, p->train);
        most = w > most ? w : most;
        most = i && projection > most ? projection : most;
        rc_packed_bind(&u->w[i], p, in, out);
        if (i)
            rc_packed_bind(&u->p[i], p, h->from, in);
    }
    place(&(job){ .a = a }, &m, rows->N, p->train);
    rc_plan_scratch(p, m.used + most * sizeof(real));
}

static job start(const rc_head *h, const rc_pass *s, int n, bool grad)
{
    job j = { .a = (const adaptive *)h, .own = s->own, .s = *s, .grad = grad };
    rc_arena m = { s->scratch, 0 };
    place(&j, &m, n, grad);
    j.s.scratch = j.rest;
    return j;
}

static const real *weight(const job *j, int i, int which) { return rc_head_w(&j->a->h, &j->s, 3 * i + which); }
static real *gradient(const job *j, int i, int which) { return rc_head_g(&j->a->h, &j->s, 3 * i + which); }

/* ------------------------------------------------------------------------------------------------ one softmax */

/* Scores of rows x [n][width] into z. */
static void multiply(const job *j, int i, int n, const real *x)
{
    int in = width(j->a, i), out = scores_of(j->a, i);
    j->s.k->bias(n, out, weight(j, i, BIAS), j->z, out);
    rc_product(&j->s, &j->own->w[i], &(rc_product_io){ n, in, out, x, weight(j, i, W), in, true, j->z });
}

static void project(const job *j, int i, int n, const real *x)
{
    int from = j->a->h.from, in = width(j->a, i);
    rc_product(&j->s, &j->own->p[i], &(rc_product_io){ n, from, in, x, weight(j, i, PROJECTION), from, false, j->low });
}

/* Gradient of a matrix and of what it multiplied: w [out][in], dy [n][out], x and dx [n][in]. */
static void multiply_back(const job *j, int n, int in, int out, const real *dy, const real *x, const real *w, real *dw, real *dx)
{
    real *scratch = (real *)j->s.scratch;
    rc_matmul(j->s.r, &(rc_matmul_io){ .ta = true, .add = true, .M = out, .N = in, .K = n, .A = dy, .lda = out, .B = x,
              .ldb = in, .C = dw, .ldc = in }, scratch);
    rc_matmul(j->s.r, &(rc_matmul_io){ .M = n, .N = in, .K = out, .A = dy, .lda = out, .B = w, .ldb = in, .C = dx,
              .ldc = in }, scratch);
}

typedef struct { const job *j; int n, out; const int32_t *y; } block_job;

static void block(void *arg, int i)
{
    const block_job *b = arg;
    const job *j = b->j;
    int at = i * BLOCK, n = b->n - at < BLOCK ? b->n - at : BLOCK;
    j->sum[i] = j->s.k->xent(n, b->out, j->z + (size_t)at * (size_t)b->out, b->out, b->y + at, NULL, (real)j->a->h.smooth, 0,
                             j->grad, j->scale, NULL);
}

/* Rows x [n][width] with targets y: sum of losses, gradient to dx.  Where none is wanted z holds log p of the last chunk. */
static double one(const job *j, int i, int n, const real *x, const int32_t *y, real *dx)
{
    int in = width(j->a, i), out = scores_of(j->a, i), step = chunk_rows(out, n);
    double sum = 0;
    for (int at = 0, m; at < n; at += m) {
        m = n - at < step ? n - at : step;
        const real *rows = x + (size_t)at * (size_t)in;
        multiply(j, i, m, rows);
        rc_each(j->s.r->pool, (m + BLOCK - 1) / BLOCK, block, &(block_job){ j, m, out, y + at });
        for (int k = 0; k < (m + BLOCK - 1) / BLOCK; k++)
            sum += j->sum[k];
        if (!j->grad)
            continue;
        rc_col_sum(j->s.r, m, out, j->z, out, gradient(j, i, BIAS));
        multiply_back(j, m, in, out, j->z, rows, weight(j, i, W), gradient(j, i, W), dx + (size_t)at * (size_t)in);
    }
    return sum;
}

/* ------------------------------------------------------------------------------------------------ loss */

static int tail_of(const adaptive *a, int32_t y)
{
    int i = 0;
    while (y >= a->cut[i + 1])
        i++;
    return i;
}

/* The rows whose target lies in tail i: copied to x.  Returns how many. */
static int gather(const job *j, int i, int n, const int32_t *target, const real *x)
{
    const adaptive *a = j->a;
    size_t from = (size_t)a->h.from;
    int m = 0;
    for (int k = 0; k < n; k++) {
        if (target[k] < a->cut[i] || target[k] >= a->cut[i + 1])
            continue;
        memcpy(j->x + (size_t)m * from, x + (size_t)k * from, from * sizeof *x);
        j->row[m] = k;
        j->y[m++] = target[k] - a->cut[i];
    }
    return m;
}

static double tail(const job *j, int i, int n, const int32_t *target, const real *x)
{
    int m = gather(j, i, n, target, x), from = j->a->h.from, in = width(j->a, i);
    if (!m)
        return 0;
    project(j, i, m, j->x);
    double sum = one(j, i, m, j->low, j->y, j->dlow);
    if (!j->grad)
        return sum;
    /* the gathered rows have served: their gradient takes their place */
    real *scratch = (real *)j->s.scratch;
    rc_matmul(j->s.r, &(rc_matmul_io){ .ta = true, .add = true, .M = in, .N = from, .K = m, .A = j->dlow, .lda = in, .B = j->x,
              .ldb = from, .C = gradient(j, i, PROJECTION), .ldc = from }, scratch);
    rc_matmul(j->s.r, &(rc_matmul_io){ .M = m, .N = from, .K = in, .A = j->dlow, .lda = in, .B = weight(j, i, PROJECTION),
              .ldb = from, .C = j->x, .ldc = from }, scratch);
    for (int k = 0; k < m; k++)
        j->s.k->add((size_t)from, j->x + (size_t)k * (size_t)from, j->dx + (size_t)j->row[k] * (size_t)from);
    return sum;
}

static double loss(const rc_head *h, const rc_pass *s, int row, int n, real *z, bool grad, real scale, int64_t *hits)
{
    const adaptive *a = (const adaptive *)h;
    const int32_t *target = s->batch->target[h->index];
    job j = start(h, s, n, grad);
    j.scale = scale;
    (void)row, (void)hits;
    for (int k = 0; k < n; k++) {
        int i = target[k] < 0 ? 0 : tail_of(a, target[k]);
        j.y[k] = i ? a->cut[1] + i - 1 : target[k];
    }
    double sum = one(&j, 0, n, z, j.y, j.dx);
    for (int i = 1; i <= a->tails; i++)
        sum += tail(&j, i, n, target, z);
    if (grad)
        memcpy(z, j.dx, (size_t)n * (size_t)h->from * sizeof *z);
    return sum;
}

/* ------------------------------------------------------------------------------------------------ all scores */

typedef struct { const job *j; int i; real *out; } spread_job;

/* log p of a chunk of softmax i to its columns of out; those of a tail with their gate's. */
static void spread(void *arg, int lo, int hi)
{
    const spread_job *p = arg;
    const adaptive *a = p->j->a;
    int at = a->cut[p->i], n = a->cut[p->i + 1] - at, wide = scores_of(a, p->i);
    for (int k = lo; k < hi; k++) {
        real *out = p->out + (size_t)k * (size_t)a->h.in;
        const real *z = p->j->z + (size_t)k * (size_t)wide;
        real gate = p->i ? p->j->gate[k * a->tails + p->i - 1] : 0;
        for (int c = 0; c < n; c++)
            out[at + c] = z[c] + gate;
        for (int c = 0; c < a->tails && !p->i; c++)
            p->j->gate[k * a->tails + c] = z[n + c];
    }
}

static void scores(const rc_head *h, const rc_pass *s, int n, const real *x, real *z)
{
    const adaptive *a = (const adaptive *)h;
    job j = start(h, s, n, false);
    for (int k = 0; k < n; k++)
        j.y[k] = -1;
    for (int at = 0, m; at < n; at += m) {
        m = n - at < j.step ? n - at : j.step;
        const real *rows = x + (size_t)at * (size_t)h->from;
        for (int i = 0; i <= a->tails; i++) {
            if (i)
                project(&j, i, m, rows);
            one(&j, i, m, i ? j.low : rows, j.y, NULL);
            rc_rows_each(s->r, m, 65536 / scores_of(a, i) + 1, spread, &(spread_job){ &j, i, z + (size_t)at * (size_t)h->in });
        }
    }
}

const rc_head_kind rc_head_adaptive = {
    .name = "adaptive", .formula = "p(k) = p0(k), or p0(gate i) pi(k - cut i) in tail i  (S19)\n"
                                   "pi = softmax(Wi Pi x + bi)  (S20)\nL = -log p(target)",
    .size = sizeof(adaptive), .act_size = sizeof(half), .keys = keys, .nkeys = sizeof keys / sizeof *keys,
    .classes = true, .open = open, .count = rc_class_count, .bind = bind, .scores = scores, .loss = loss,
    .answer = rc_class_answer, .best = rc_class_best,
};
