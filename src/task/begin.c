/* SPDX-License-Identifier: MIT
 * begin.c - a new model begins with what another one learned.
 *
 * Its layers are matched by kind and order: the second lstm of a net takes the second lstm of the other, whatever stands
 * between them, a chain of its own for the side.  A weight of the same shape is copied.  Rows that stand for units, pairs
 * of units or labels are matched by their text, so the two models may know other words and other labels; rows that the
 * other model does not have stay as they were drawn.  A head's own weights (which tag follows which) are taken where both
 * models have the same labels, or the same units where those are what is answered. */
#include "task/task.h"

typedef struct { const recur_model *m; const rc_layer *l; bool side, end; int column; const rc_vocab *rows; } place;
    /* end: the last layer before the first head; column: of ids, -1: no embedding; rows: what its rows stand for, NULL: nothing */

static const rc_vocab *answers(const recur_model *m)
{
    return m->labels != NULL ? m->labels : m->text != NULL ? m->text->vocab : NULL;
}

static const rc_vocab *row_names(const place *p)
{
    const recur_model *m = p->m;
    const rc_text *text = p->side ? m->side_text : m->text;
    if (p->column >= 0)
        return text == NULL ? NULL : p->column == 0 ? text->vocab : p->column == m->net->facts.shape ? NULL : text->pairs;
    return p->end ? answers(m) : NULL;
}

static bool of_labels(const place *p) { return p->rows != NULL && p->rows == p->m->labels; }

/* Entry of the vocabulary that row 0 stands for: labels have none of the signs before RC_FIRST. */
static int32_t first_row(const place *p) { return of_labels(p) ? RC_FIRST : 0; }

static place place_of(const recur_model *m, int layer)
{
    const rc_net *n = m->net;
    int end = n->branch[0].n > 0 ? n->branch[0].first + n->branch[0].n : n->trunk;
    place p = { .m = m, .l = n->layer[layer], .side = layer < n->side, .end = layer == end - 1 };
    p.column = rc_embed_column(p.l);
    p.rows = row_names(&p);
    return p;
}

static bool alike(const place *a, const place *b)
{
    return a->side == b->side && a->column == b->column && of_labels(a) == of_labels(b) && strcmp(rc_layer_word(a->l), rc_layer_word(b->l)) == 0;
}

/* How many layers like this one stand before it. */
static int rank_of(const place *p)
{
    int k = 0;
    for (int i = 0; i < p->l->index; i++) {
        place q = place_of(p->m, i);
        k += alike(&q, p);
    }
    return k;
}

static bool find(const recur_model *from, const place *p, place *out)
{
    int want = rank_of(p);
    for (int i = 0; i < from->net->layers; i++) {
        *out = place_of(from, i);
        if (alike(out, p) && want-- == 0)
            return true;
    }
    return false;
}

/* "lstm.r.wh" of "2.lstm.r.wh": what a weight is, wherever its layer stands. */
static const char *what(const rc_param *p)
{
    const char *dot = strchr(p->name, '.');
    return dot != NULL ? dot + 1 : p->name;
}

static bool same_shape(const rc_param *a, const rc_param *b, int first)
{
    bool same = a->rank == b->rank;
    for (int i = first; i < a->rank && same; i++)
        same = a->dim[i] == b->dim[i];
    return same;
}

/* Rows that both name; how many.  The signs before RC_FIRST are everybody's. */
static int64_t copy_rows(const place *to, const rc_param *p, const place *from, const rc_param *q)
{
    size_t width = p->n / (size_t)p->dim[0];
    int32_t least = first_row(to), copied = 0;
    for (int32_t i = least; i < rc_vocab_size(to->rows); i++) {
        size_t n;
        const char *s = rc_vocab_str(to->rows, i, &n);
        int32_t k = i < RC_FIRST ? i : rc_vocab_id(from->rows, s, n);
        if (k == RC_UNK && i != RC_UNK)
            continue;
        memcpy(to->m->w + p->at + (size_t)(i - least) * width, from->m->w + q->at + (size_t)(k - least) * width, width * sizeof(real));
        copied++;
    }
    return copied;
}

static int64_t named_rows(const place *p) { return rc_vocab_size(p->rows) - first_row(p); }

/* One layer's weights; adds to what was taken. */
static void take_layer(const place *to, const place *from, rc_begun *got)
{
    for (int i = 0; i < to->l->nparam; i++) {
        const rc_param *p = &to->m->net->params.p[to->l->param[i]];
        for (int k = 0; k < from->l->nparam; k++) {
            const rc_param *q = &from->m->net->params.p[from->l->param[k]];
            if (p->layer != to->l->index || q->layer != from->l->index || strcmp(what(p), what(q)) != 0)
                continue;                                     /* not its own: a tied matrix is taken where it belongs */
            bool named = to->rows != NULL && from->rows != NULL && p->dim[0] == named_rows(to) && q->dim[0] == named_rows(from);
            if (named && same_shape(p, q, 1)) {
                int64_t rows = copy_rows(to, p, from, q);
                got->weights += rows > 0;
                if (to->column == 0 && !to->side)
                    got->units = rows, got->of = named_rows(to);
            } else if (to->rows == NULL && from->rows == NULL && same_shape(p, q, 0)) {
                memcpy(to->m->w + p->at, from->m->w + q->at, p->n * sizeof(real));
                got->weights++;
            }
        }
    }
}

static bool same_answers(const recur_model *a, const recur_model *b)
{
    const rc_vocab *x = answers(a), *y = answers(b);
    if (x == NULL || y == NULL)
        return x == y;
    int n = rc_vocab_size(x);
    bool same = n == rc_vocab_size(y);
    for (int i = RC_FIRST; i < n && same; i++) {
        size_t m, k;
        const char *s = rc_vocab_str(x, i, &m), *t = rc_vocab_str(y, i, &k);
        same = m == k && memcmp(s, t, m) == 0;
    }
    return same;
}

static void take_heads(recur_model *m, const recur_model *from, rc_begun *got)
{
    for (int i = 0; i < m->net->params.n; i++) {
        const rc_param *p = &m->net->params.p[i];
        for (int k = 0; k < from->net->params.n && p->layer < 0; k++) {
            const rc_param *q = &from->net->params.p[k];
            if (q->layer != p->layer || strcmp(p->name, q->name) != 0 || !same_shape(p, q, 0))
                continue;
            memcpy(m->w + p->at, from->w + q->at, p->n * sizeof(real));
            got->weights++;
        }
    }
}

int rc_model_begin(recur_model *m, const recur_model *from, rc_begun *got)
{
    *got = (rc_begun){ .in_all = m->net->params.n };
    for (int i = 0; i < m->net->layers; i++) {
        place to = place_of(m, i), with;
        if (find(from, &to, &with))
            take_layer(&to, &with, got);
    }
    if (same_answers(m, from))
        take_heads(m, from, got);
    if (got->weights == 0)
        return rc_fail(m->r, RECUR_EOPTION, "--from: no weight of the net '%.300s' has its like in '%.300s'; layers of the same kind "
                       "and size are wanted (--net)", m->net->line, from->net->line);
    return RECUR_OK;
}
