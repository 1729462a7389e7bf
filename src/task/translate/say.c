/* SPDX-License-Identifier: MIT
 * say.c - units that were found become text.  Where a vocabulary of words had no word, the source's word that
 * was looked at stands in its place: names and numbers are mostly the same on both sides (Luong et al. 2015b). */
#include "text/unit.h"
#include "task/translate/translate.h"

/* --- the source's units as they stand in it --- */

static int add_piece(void *ud, const char *s, size_t n)
{
    rc_pieces *p = ud;
    recur *r = p->text.r;
    if (p->n == p->cap) {
        size_t want = p->cap > 0 ? (size_t)p->cap * 2 : 64;
        size_t *wide = rc_grow(r, p->end, (size_t)p->cap, want, sizeof *wide);
        if (wide == NULL)
            return RECUR_ENOMEM;
        p->end = wide;
        p->cap = (int)want;
    }
    int e = rc_buf_add(&p->text, s, n);
    p->end[p->n++] = p->text.n;
    return e;
}

static int cut(const rc_text *t, const rc_buf *plain, rc_pieces *out)
{
    rc_buf_init(&out->text, t->r, 0);
    int e = t->unit->cut(t, plain->s, plain->n, add_piece, out);
    return e == RECUR_OK ? add_piece(out, "</s>", 4) : e;
}

/* Small letters are cut where their capitals are; were there a text where they are not, it would keep the small ones. */
static int cut_own(const rc_text *t, const char *s, size_t n, rc_pieces *out)
{
    rc_buf plain;
    rc_pieces *own = rc_new(t->r, 1, sizeof *own);
    if (own == NULL)
        return RECUR_ENOMEM;
    *own = (rc_pieces){ 0 };
    rc_buf_init(&plain, t->r, 0);
    int e = rc_utf8_fold(t->r, s, n, t->o.nfkc, false, &plain);
    if (e == RECUR_OK)
        e = cut(t, &plain, own);
    rc_buf_free(&plain);
    out->own = own;
    if (e == RECUR_OK && own->n != out->n) {
        rc_pieces_free(t->r, own);
        rc_free(t->r, own);
        out->own = NULL;
    }
    return e;
}

int rc_pieces_of(const rc_text *t, const char *s, size_t n, rc_pieces *out)
{
    rc_buf plain;
    rc_buf_init(&plain, t->r, 0);
    int e = rc_text_normal(t, s, n, &plain);
    if (e == RECUR_OK)
        e = cut(t, &plain, out);
    if (e == RECUR_OK && t->o.lower)
        e = cut_own(t, s, n, out);
    rc_buf_free(&plain);
    return e;
}

const char *rc_pieces_at(const rc_pieces *p, int i, size_t *n)
{
    size_t from = i > 0 ? p->end[i - 1] : 0;
    *n = p->end[i] - from;
    return p->text.s + from;
}

void rc_pieces_free(recur *r, rc_pieces *p)
{
    if (p->own != NULL)
        rc_pieces_free(r, p->own);
    rc_free(r, p->own);
    rc_free(r, p->end);
    if (p->text.r != NULL)
        rc_buf_free(&p->text);
    *p = (rc_pieces){ 0 };
}

/* --- answers --- */

bool rc_says_unknown(const recur_model *m)
{
    const char *unit = m->text->unit->name, *from = m->side_text->unit->name;
    bool words = strcmp(unit, "word") == 0 || strcmp(unit, "token") == 0;
    return words && (strcmp(from, "word") == 0 || strcmp(from, "token") == 0);
}

/* The word of the source, not its end, that step t looked at most; -1: nothing is known of it. */
static int looked_at(const rc_found *f, int t, const rc_pieces *source)
{
    int best = -1;
    for (int s = 0; f->attention != NULL && s + 1 < f->S && s + 1 < source->n; s++) {
        const float *a = f->attention + (size_t)t * (size_t)f->S;
        size_t n;
        const char *piece = rc_pieces_at(source, s, &n);
        if (!rc_word_is_mark(piece, n) && (best < 0 || a[s] > a[best]))
            best = s;
    }
    return best;
}

int rc_translate_say(const recur_model *m, const rc_pieces *source, const rc_found *f, bool keep_unknown, rc_buf *out)
{
    int e = RECUR_OK;
    for (int t = 0; t < f->n && e == RECUR_OK; t++) {
        e = rc_text_piece(m->text, f->id[t], t > 0 ? f->id[t - 1] : -1, out);
        int s = f->id[t] == RC_UNK && !keep_unknown ? looked_at(f, t, source) : -1;
        if (e != RECUR_OK || s < 0)
            continue;
        size_t n, mark;
        const char *piece = rc_pieces_at(source->own != NULL ? source->own : source, s, &n);
        rc_vocab_str(m->text->vocab, RC_UNK, &mark);
        out->n -= mark;
        e = rc_buf_add(out, piece, n);
    }
    return e;
}
