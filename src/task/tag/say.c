/* SPDX-License-Identifier: MIT
 * say.c - a tagger's answers: the likeliest tags of each sentence, how sure they are, and what the sentence is. */
#include <math.h>
#include <stdlib.h>
#include "head/crf.h"
#include "task/sweep.h"
#include "task/tag/tag.h"

enum { SEQUENCES = 64, ROWS = 8192 };

typedef struct {
    const recur_model *m;
    recur_data *d;
    const rc_tag_answers *a;
    rc_run *u;
    real *told;                          /* [u->N][C] probabilities */
    int32_t *path; double *score, *work; /* [best][u->T], [best], [3 C] of one sentence */
    real *zero;                          /* [C][C] scores of transitions where rows know nothing of each other; or NULL */
} asker;

/* The likeliest tags of one sequence, each row for itself. */
static void alone(const rc_seq *q, int32_t *tag)
{
    for (int t = 0; t < q->T; t++) {
        const real *z = rc_seq_row(q, t);
        tag[t] = 0;
        for (int c = 1; c < q->width; c++)
            if (z[c] > z[tag[t]])
                tag[t] = c;
    }
}

/* A chain's transitions; rows for themselves are a chain whose transitions are all nothing: its likeliest sequences are the
 * largest products of the rows' probabilities. */
static rc_crf crf_of(const asker *k, const rc_head *h)
{
    if (h->nparam > 0)
        return rc_crf_of(h, k->m->net->params.p, k->m->w);
    return (rc_crf){ .C = h->in, .step = k->zero, .start = k->zero, .end = k->zero };
}

/* The same as a whole, by the scores of transitions, and as many further readings as are wanted. */
static int together(asker *k, const rc_head *h, const rc_seq *q, int i)
{
    const rc_example *ex = &k->d->ex[i];
    const rc_tag_answers *a = k->a;
    size_t T = (size_t)q->T;
    rc_crf c = crf_of(k, h);
    int n = rc_viterbi(k->m->r, &c, q, a->best, k->path, k->score);
    if (n < 0)
        return n;
    if (n == 0)
        alone(q, a->tag + ex->at);
    double all = a->whole != NULL ? rc_crf_log_z(&c, q, k->work) : 0;
    for (int b = 0; b < n; b++)
        memcpy(a->tag + (size_t)b * k->d->rows + ex->at, k->path + (size_t)b * T, T * sizeof *k->path);
    for (int b = 0; b < a->best && a->whole != NULL; b++)
        a->whole[(size_t)b * (size_t)k->d->count + (size_t)i] = b < n ? (float)exp(k->score[b] - all) : 0;
    return RECUR_OK;
}

static int tags_of_batch(asker *k, const recur_batch *b)
{
    const rc_head *h = k->m->net->branch[0].head;
    bool whole = h->nparam > 0 || k->a->whole != NULL;
    int rows;
    const real *z = k->a->p != NULL ? rc_run_answer(k->u, b, 0, &rows, k->told) : rc_run_forward(k->u, b, 0, &rows);
    if (z == NULL)
        return RECUR_ESHAPE;
    if (rows != b->N)
        return rc_fail(k->m->r, RECUR_ESHAPE, "the net answers %d times for %d words: a tagger's first head reads every step",
                       rows, b->N);
    const rc_rows *r = rc_run_rows(k->u, 0);
    for (int s = 0; s < b->B; s++) {
        const rc_example *ex = &k->d->ex[rc_data_order(k->d, s)];
        rc_seq q = { z, h->in, ex->T, r->off, s };
        int32_t *tag = k->a->tag + ex->at;
        int e = whole ? together(k, h, &q, rc_data_order(k->d, s)) : RECUR_OK;
        if (e != RECUR_OK)
            return e;
        if (!whole)
            alone(&q, tag);
        for (int t = 0; t < ex->T && k->a->p != NULL; t++)
            k->a->p[ex->at + (size_t)t] = (float)k->told[(size_t)(r->off[t] + s) * (size_t)h->in + (size_t)tag[t]];
    }
    return RECUR_OK;
}

static int kinds_of_batch(asker *k, const recur_batch *b)
{
    int rows, K = k->m->net->branch[1].head->in;
    const real *z = rc_run_answer(k->u, b, 1, &rows, k->told);
    if (z == NULL)
        return RECUR_ESHAPE;
    if (rows != b->B)
        return rc_fail(k->m->r, RECUR_ESHAPE, "the net's second head answers %d times for %d sentences: it needs pooling",
                       rows, b->B);
    for (int s = 0; s < b->B; s++) {
        const real *p = k->told + (size_t)s * (size_t)K;
        int i = rc_data_order(k->d, s), best = 0;
        for (int c = 1; c < K; c++)
            if (p[c] > p[best])
                best = c;
        k->a->kind[i] = best;
        if (k->a->kind_p != NULL)
            k->a->kind_p[i] = (float)p[best];
    }
    return RECUR_OK;
}

static int open_asker(asker *k)
{
    int widest = 1;
    int e = rc_sweep_run(k->m, k->d, SEQUENCES, ROWS, &k->u);
    if (e != RECUR_OK)
        return e;
    for (int b = 0; b < k->m->net->branches; b++)
        widest = k->m->net->branch[b].head->in > widest ? k->m->net->branch[b].head->in : widest;
    size_t C = (size_t)k->m->net->branch[0].head->in;
    k->told = rc_new(k->m->r, (size_t)k->u->N * (size_t)widest, sizeof *k->told);
    k->path = rc_new(k->m->r, (size_t)k->a->best * (size_t)k->u->T, sizeof *k->path);
    k->score = rc_new(k->m->r, (size_t)k->a->best, sizeof *k->score);
    k->work = rc_new(k->m->r, 3 * C, sizeof *k->work);
    bool apart = k->a->whole != NULL && k->m->net->branch[0].head->nparam == 0;
    k->zero = apart ? rc_new(k->m->r, C * C, sizeof *k->zero) : NULL;
    return k->told && k->path && k->score && k->work && (k->zero || !apart) ? RECUR_OK : RECUR_ENOMEM;
}

int rc_tag_say(const recur_model *m, recur_data *d, const rc_tag_answers *a)
{
    asker k = { .m = m, .d = d, .a = a };
    rc_sweep all = { .d = d };
    recur_batch b;
    const int width = m->net->branch[0].head->in, tags = rc_model_label_count(m);
    if (d->count == 0)
        return RECUR_OK;
    int e = width == tags ? open_asker(&k)
          : rc_fail(m->r, RECUR_ESHAPE, "the net's first head gives %d scores for %d tags", width, tags);
    if (e == RECUR_OK)
        e = rc_sweep_open(&all, d, k.u);
    while (e == RECUR_OK && (e = rc_sweep_next(&all, &b)) == RECUR_OK) {
        if (a->tag != NULL)
            e = tags_of_batch(&k, &b);
        if (e == RECUR_OK && a->kind != NULL && m->net->branches > 1)
            e = kinds_of_batch(&k, &b);
    }
    rc_sweep_close(&all);
    rc_free(m->r, k.told);
    rc_free(m->r, k.path);
    rc_free(m->r, k.score);
    rc_free(m->r, k.work);
    rc_free(m->r, k.zero);
    rc_run_free(k.u);
    return e == RECUR_EEND ? RECUR_OK : e;
}
