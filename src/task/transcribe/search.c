/* SPDX-License-Identifier: MIT
 * search.c - prefix beam search (Hannun et al. 2014): row by row, the likeliest beginnings of the answer.
 *
 * A beginning is a node of a tree of labels.  Its probability is kept in two parts, of the paths that end with a blank
 * (b) and of those that end with its last label (l): a label said again goes on from b alone, for after l it is the
 * same label still.  In logarithms, double.  Of equal scores the beginning that was ahead stays ahead, and the label
 * that is likelier, then smaller. */
#include <limits.h>
#include <math.h>

#include "task/transcribe/search.h"

typedef struct {
    int32_t label; int parent, child, next;
    int at;                      /* place in the beam, -1: not in it */
    int word;                    /* node before the first label of the word that is being said */
    int lex, slot;               /* places in the lexicon and of the language model */
    double judged;               /* what language model and beta give it so far */
    double ends;                 /* what they give more if the word ends here; NAN: not asked yet */
} node;
typedef struct { int node, parent; int32_t label; int lex; double b, l, judged, rank; } hope;   /* node -1: not in the tree yet, or not in the beam */

struct rc_ctc_search {
    recur *r; rc_ctc_how how; int width;
    rc_ctc_lm *lm;
    bool signs;                  /* every label is judged, else words */
    node *tree; int nodes, cap;
    hope *beam, *next; int n;    /* [beam] */
    int32_t *class; double *y;   /* [top] classes looked at in this row; [width] log p */
    int *slot;                   /* [beam] */
    rc_buf word;
};

static double add(double x, double y)
{
    double m = x > y ? x : y;
    return m == -INFINITY ? m : m + log1p(exp((x > y ? y : x) - m));
}

/* ------------------------------------------------------------------------------------------------ judging */

/* The word that ends at node i, and what it is worth. */
static int word_ends(rc_ctc_search *s, int i, int *after, double *worth)
{
    int from = s->tree[i].word, e;
    double logp = 0;
    s->word.n = 0;
    for (int k = i, n = 0; s->lm != NULL && k != from; k = s->tree[k].parent, n++)     /* backwards: each label goes before the rest */
        if ((e = rc_buf_add(&s->word, s->how.text[s->tree[k].label], strlen(s->how.text[s->tree[k].label]))) != RECUR_OK)
            return e;
    char *w = s->word.s;
    size_t end = s->word.n;
    for (int k = i; s->lm != NULL && k != from; k = s->tree[k].parent) {
        const char *text = s->how.text[s->tree[k].label];
        size_t n = strlen(text);
        memcpy(w + end - n, text, n);
        end -= n;
    }
    e = s->lm != NULL ? rc_ctc_lm_word(s->lm, s->tree[i].slot, w != NULL ? w : "", s->word.n, &logp, after) : RECUR_OK;
    *worth = s->how.alpha * logp + s->how.beta;
    return e;
}

/* What a word's end at node i is worth, asked once. */
static int ends(rc_ctc_search *s, int i, double *worth)
{
    int e = RECUR_OK;
    if (isnan(s->tree[i].ends) && s->tree[i].word == i)
        s->tree[i].ends = 0;                                   /* no label since the last word */
    else if (isnan(s->tree[i].ends))
        e = word_ends(s, i, NULL, &s->tree[i].ends);
    *worth = s->tree[i].ends;
    return e;
}

/* What node i is worth with one more label; false: the lexicon has no such word. */
static bool judge(rc_ctc_search *s, int i, int32_t c, hope *h, int *e)
{
    const node *at = &s->tree[i];
    double more = 0;
    bool space = s->how.space && c == s->how.space;
    h->lex = 0;
    if (s->how.lexicon != NULL && space && (at->word == i || !rc_lexicon_ends(s->how.lexicon, at->lex)))
        return false;
    if (s->how.lexicon != NULL && !space && (h->lex = rc_lexicon_next(s->how.lexicon, at->lex, c)) < 0)
        return false;
    if (s->signs)
        more = s->how.beta + (s->lm != NULL ? s->how.alpha * rc_ctc_lm_label(s->lm, at->slot, c) : 0);
    else if (space)
        *e = ends(s, i, &more);
    h->judged = s->tree[i].judged + more;
    return *e == RECUR_OK;
}

/* ------------------------------------------------------------------------------------------------ the tree */

static int find(const rc_ctc_search *s, int parent, int32_t label)
{
    int k = s->tree[parent].child;
    while (k > 0 && s->tree[k].label != label)
        k = s->tree[k].next;
    return k > 0 ? k : -1;
}

static int add_node(rc_ctc_search *s, int parent, int32_t label)
{
    if (s->nodes == s->cap) {
        int cap = s->cap > 0 ? 2 * s->cap : 1024;
        node *wide = s->cap > INT_MAX / 4 ? NULL : rc_grow(s->r, s->tree, (size_t)s->cap, (size_t)cap, sizeof *wide);
        if (wide == NULL)
            return RECUR_ENOMEM;
        s->tree = wide;
        s->cap = cap;
    }
    int k = s->nodes++;
    s->tree[k] = (node){ .label = label, .parent = parent, .at = -1, .ends = NAN };
    if (parent >= 0) {
        s->tree[k].next = s->tree[parent].child;
        s->tree[parent].child = k;
    }
    return k;
}

/* A hope that came through becomes a node that can go on. */
static int settle(rc_ctc_search *s, hope *h)
{
    int k = find(s, h->parent, h->label), e = RECUR_OK;
    if (k < 0 && (k = add_node(s, h->parent, h->label)) < 0)
        return k;
    node *now = &s->tree[k];
    const node *before = &s->tree[h->parent];
    bool space = s->how.space && h->label == s->how.space;
    double worth;
    now->judged = h->judged;
    now->lex = h->lex;
    now->word = space ? k : before->word;
    now->slot = before->slot;
    if (s->lm != NULL && s->signs)
        e = now->slot = rc_ctc_lm_after(s->lm, before->slot, h->label);
    else if (s->lm != NULL && space && before->word != h->parent)
        e = word_ends(s, h->parent, &now->slot, &worth);
    h->node = k;
    return e < 0 ? e : RECUR_OK;
}

/* ------------------------------------------------------------------------------------------------ one row */

static void look(rc_ctc_search *s, const real *z)
{
    double most = -INFINITY, sum = 0;
    int n = 0, top = s->how.top;
    for (int k = 0; k < s->width; k++)
        most = (double)z[k] > most ? (double)z[k] : most;
    for (int k = 0; k < s->width; k++)
        sum += exp((double)z[k] - most);
    for (int k = 0; k < s->width; k++)
        s->y[k] = (double)z[k] - most - log(sum);
    for (int32_t k = 1; k < s->width; k++) {
        if (n == top && !(s->y[k] > s->y[s->class[n - 1]]))
            continue;
        int at = n < top ? n++ : n - 1;
        for (; at > 0 && s->y[k] > s->y[s->class[at - 1]]; at--)
            s->class[at] = s->class[at - 1];
        s->class[at] = k;
    }
}

/* Into the next beam, if it is among the best. */
static void offer(rc_ctc_search *s, int *n, const hope *h)
{
    int most = s->how.beam;
    if (!(h->rank > -INFINITY) || (*n == most && !(h->rank > s->next[most - 1].rank)))
        return;
    int at = *n < most ? (*n)++ : most - 1;
    for (; at > 0 && s->next[at - 1].rank < h->rank; at--)
        s->next[at] = s->next[at - 1];
    s->next[at] = *h;
}

/* Beginnings that stay what they are: a blank, their last label once more, or from a shorter one of the beam. */
static int stay(rc_ctc_search *s, int *kept)
{
    for (int i = 0; i < s->n; i++) {
        const hope *h = &s->beam[i];
        int32_t last = s->tree[h->node].label;
        double b = add(h->b, h->l) + s->y[RC_BLANK], l = last != RC_BLANK ? h->l + s->y[last] : -INFINITY;
        int up = s->tree[h->node].parent, from = up >= 0 ? s->tree[up].at : -1;
        for (int k = 0; k < s->how.top && from >= 0; k++)
            if (s->class[k] == last) {
                const hope *p = &s->beam[from];
                l = add(l, (s->tree[up].label == last ? p->b : add(p->b, p->l)) + s->y[last]);
                break;
            }
        hope now = *h;
        now.b = b, now.l = l, now.rank = add(b, l) + h->judged;
        offer(s, kept, &now);
    }
    return RECUR_OK;
}

static int grow(rc_ctc_search *s, int *kept)
{
    int e = RECUR_OK;
    for (int i = 0; i < s->n && e == RECUR_OK; i++)
        for (int k = 0; k < s->how.top && e == RECUR_OK; k++) {
            const hope *from = &s->beam[i];
            int32_t c = s->class[k];
            int at = find(s, from->node, c);
            hope h = { .node = -1, .parent = from->node, .label = c, .b = -INFINITY };
            h.l = (c == s->tree[from->node].label ? from->b : add(from->b, from->l)) + s->y[c];
            if (!(h.l > -INFINITY) || (at >= 0 && s->tree[at].at >= 0) || !judge(s, from->node, c, &h, &e))
                continue;
            h.rank = h.l + h.judged;
            offer(s, kept, &h);
        }
    return e;
}

static int row(rc_ctc_search *s, const real *z)
{
    int kept = 0, e;
    look(s, z);
    if ((e = stay(s, &kept)) != RECUR_OK || (e = grow(s, &kept)) != RECUR_OK)
        return e;
    for (int i = 0; i < s->n; i++)
        s->tree[s->beam[i].node].at = -1;
    for (int i = 0; i < kept; i++) {
        if (s->next[i].node < 0 && (e = settle(s, &s->next[i])) != RECUR_OK)
            return e;
        s->tree[s->next[i].node].at = i;
        s->slot[i] = s->tree[s->next[i].node].slot;
    }
    if (s->lm != NULL)
        rc_ctc_lm_keep(s->lm, s->slot, kept);
    hope *turn = s->beam;
    s->beam = s->next;
    s->next = turn;
    s->n = kept;
    return RECUR_OK;
}

/* ------------------------------------------------------------------------------------------------ answers */

static int answer(rc_ctc_search *s, const hope *h, rc_ctc_found *out)
{
    int n = 0;
    for (int k = h->node; k > 0; k = s->tree[k].parent)
        n++;
    *out = (rc_ctc_found){ .n = n, .score = h->rank, .logp = add(h->b, h->l) };
    if ((out->label = rc_new(s->r, (size_t)n + 1, sizeof *out->label)) == NULL)
        return RECUR_ENOMEM;
    for (int k = h->node; k > 0; k = s->tree[k].parent)
        out->label[--n] = s->tree[k].label;
    return RECUR_OK;
}

/* Ranks as whole answers: the last word has ended, and the lexicon has it. */
static int finish(rc_ctc_search *s, rc_ctc_found *out)
{
    int n = 0, e = RECUR_OK, found = 0;
    for (int i = 0; i < s->n && e == RECUR_OK; i++) {
        hope h = s->beam[i];
        const node *at = &s->tree[h.node];
        double more = 0;
        if (s->how.lexicon != NULL && at->word != h.node && !rc_lexicon_ends(s->how.lexicon, at->lex))
            continue;
        if (!s->signs)
            e = ends(s, h.node, &more);
        h.rank = add(h.b, h.l) + h.judged + more;
        offer(s, &n, &h);
    }
    for (; found < n && found < s->how.best && e == RECUR_OK; found += e == RECUR_OK)
        e = answer(s, &s->next[found], &out[found]);
    if (e != RECUR_OK)
        rc_ctc_found_free(s->r, out, found);
    return e != RECUR_OK ? e : found;
}

int rc_ctc_search_say(rc_ctc_search *s, const rc_seq *q, rc_ctc_found *out)
{
    int e, slot = 0;
    s->nodes = 0;
    if ((e = add_node(s, -1, RC_BLANK)) < 0 || (s->lm != NULL && (e = slot = rc_ctc_lm_start(s->lm)) < 0))
        return e;
    s->tree[0].at = 0;
    s->tree[0].slot = slot;
    s->beam[0] = (hope){ .node = 0, .parent = -1, .b = 0, .l = -INFINITY };
    s->n = 1;
    for (int t = 0; t < q->T; t++)
        if ((e = row(s, rc_seq_row(q, t))) != RECUR_OK)
            return e;
    return finish(s, out);
}

void rc_ctc_found_free(recur *r, rc_ctc_found *found, int n)
{
    for (int i = 0; i < n; i++)
        rc_free(r, found[i].label);
}

int rc_ctc_search_open(recur *r, rc_ctc_search **out, const rc_ctc_how *how, int width)
{
    rc_ctc_search *s = *out = rc_new(r, 1, sizeof *s);
    if (s == NULL)
        return RECUR_ENOMEM;
    s->r = r;
    s->how = *how;
    s->width = width;
    rc_buf_init(&s->word, r, 0);
    s->how.beam = how->beam > 0 ? how->beam : 16;
    s->how.best = how->best > 0 ? how->best : 1;
    s->how.top = how->top > 0 ? how->top : 40;
    s->how.top = s->how.top < width - 1 ? s->how.top : width - 1;
    size_t B = (size_t)s->how.beam;
    int e = RECUR_ENOMEM;
    s->beam = rc_new(r, B, sizeof *s->beam);
    s->next = rc_new(r, B, sizeof *s->next);
    s->class = rc_new(r, (size_t)width, sizeof *s->class);
    s->y = rc_new(r, (size_t)width, sizeof *s->y);
    s->slot = rc_new(r, B, sizeof *s->slot);
    if (s->beam == NULL || s->next == NULL || s->class == NULL || s->y == NULL || s->slot == NULL)
        goto fail;
    if (how->lm != NULL && (e = rc_ctc_lm_open(r, &s->lm, how->lm, 2 * s->how.beam + 2, how->text, width)) != RECUR_OK)
        goto fail;
    s->signs = s->lm != NULL ? rc_ctc_lm_signs(s->lm) : !s->how.space;
    return RECUR_OK;
fail:
    rc_ctc_search_close(s);
    *out = NULL;
    return e;
}

void rc_ctc_search_close(rc_ctc_search *s)
{
    if (s == NULL)
        return;
    rc_ctc_lm_close(s->lm);
    rc_free(s->r, s->tree);
    rc_free(s->r, s->beam);
    rc_free(s->r, s->next);
    rc_free(s->r, s->class);
    rc_free(s->r, s->y);
    rc_free(s->r, s->slot);
    rc_buf_free(&s->word);
    rc_free(s->r, s);
}
