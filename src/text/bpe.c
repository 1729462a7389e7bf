/* SPDX-License-Identifier: MIT
 * bpe.c - byte pair encoding (Sennrich, Haddow, Birch 2016) in the manner of SentencePiece: a blank is U+2581 at the
 * head of the word that follows, every line begins with one of its own, and what has no piece is spelt in bytes
 * "<0xNN>".  So nothing is unknown, and decoding gives back every byte. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "text/unit.h"

enum { V_FALLBACK = 8000, V_LEAST = RC_PIECES + 1, V_MOST = 1 << 20, SLOTS = 64, LINE_END = RC_BYTES + '\n' };

/* --- words --- */
typedef struct {
    rc_bpe_word *word;
    void *ud;
    char s[4 * RC_BPE_WORD];
    size_t n;
    bool marked;                 /* a capital begins a word */
    int signs, blanks, kind;     /* code points; those that are blanks, at the front; class of the others or -1 */
} cutter;

/* Hands out the first n bytes of the word. */
static int flush(cutter *c, size_t n)
{
    int e = n ? c->word(c->ud, c->s, n, false) : RECUR_OK;
    memmove(c->s, c->s + n, c->n - n);
    c->n -= n;
    if (c->n == 0) {
        c->signs = c->blanks = 0;
        c->kind = -1;
    }
    return e;
}

static int put_blank(cutter *c)
{
    int e = c->kind >= 0 || c->signs == RC_BPE_WORD ? flush(c, c->n) : RECUR_OK;
    memcpy(c->s + c->n, RC_BLANK, 3);
    c->n += 3;
    c->signs++;
    c->blanks++;
    return e;
}

/* A word is one blank at most and a run of one class: what SentencePiece calls splitting by script and number. */
static int put_sign(cutter *c, const char *s, size_t n, int32_t cp)
{
    int kind = rc_utf8_class(cp), e = RECUR_OK;
    bool head = kind != c->kind || (c->marked && rc_utf8_small(cp) != cp);
    if ((c->kind >= 0 && head) || c->signs == RC_BPE_WORD)
        e = flush(c, c->n);
    if (!e && c->kind < 0 && c->blanks > 1) {
        e = flush(c, c->n - 3);
        c->signs = c->blanks = 1;
    }
    memcpy(c->s + c->n, s, n);
    c->n += n;
    c->signs++;
    c->kind = kind;
    return e;
}

int rc_bpe_words(const char *s, size_t n, bool marked, rc_bpe_word *word, void *ud)
{
    cutter c = { .word = word, .ud = ud, .marked = marked, .kind = -1 };
    int e = RECUR_OK;
    bool fresh = true;                           /* a line begins: its blank is due */
    for (size_t i = 0, k; i < n && !e; i += k) {
        int32_t cp;
        k = (size_t)rc_utf8_next(s + i, n - i, &cp);
        if (fresh && cp != '\n')
            e = put_blank(&c);
        fresh = cp == '\n';
        if (e)
            break;
        if (cp == ' ') {
            e = put_blank(&c);
        } else if (cp <= 0 || cp == '\n' || cp == 0x2581 || (marked && cp == RC_SHIFT_CP)) {
            e = flush(&c, c.n);
            if (!e)
                e = word(ud, s + i, k, true);
        } else {
            e = put_sign(&c, s + i, k, cp);
        }
    }
    return e ? e : flush(&c, c.n);
}

/* --- merges --- */
static size_t slot_of(const rc_bpe *b, int32_t left, int32_t right)
{
    uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9E3779B97F4A7C15u;
    for (size_t i = (size_t)(h >> 32) & (b->slots - 1);; i = (i + 1) & (b->slots - 1)) {
        uint32_t m = b->slot[i];
        if (!m || (b->merge[m - 1][0] == left && b->merge[m - 1][1] == right))
            return i;
    }
}

int64_t rc_bpe_merge(const rc_bpe *b, int32_t left, int32_t right)
{
    return b->slots ? (int64_t)b->slot[slot_of(b, left, right)] - 1 : -1;
}

static int widen(recur *r, rc_bpe *b)
{
    size_t cap = b->cap ? 2 * b->cap : SLOTS / 2;
    int32_t (*merge)[3] = rc_grow(r, b->merge, b->merges, cap, sizeof *merge);
    if (!merge)
        return RECUR_ENOMEM;
    b->merge = merge;
    b->cap = cap;
    uint32_t *slot = rc_new(r, 2 * cap, sizeof *slot);
    if (!slot)
        return RECUR_ENOMEM;
    rc_free(r, b->slot);
    b->slot = slot;
    b->slots = 2 * cap;
    for (size_t i = 0; i < b->merges; i++)
        b->slot[slot_of(b, merge[i][0], merge[i][1])] = (uint32_t)i + 1;
    return RECUR_OK;
}

int rc_bpe_add(recur *r, rc_bpe *b, int32_t left, int32_t right, int32_t into)
{
    int e = b->merges == b->cap || b->slots < 2 * b->cap ? widen(r, b) : RECUR_OK;
    if (e)
        return e;
    b->merge[b->merges][0] = left;
    b->merge[b->merges][1] = right;
    b->merge[b->merges][2] = into;
    b->merges++;
    b->slot[slot_of(b, left, right)] = (uint32_t)b->merges;
    return RECUR_OK;
}

/* --- the unit --- */
static int count_word(void *ud, const char *s, size_t n, bool raw)
{
    rc_text *t = ud;
    rc_marked w;
    if (raw)
        return RECUR_OK;
    if (!t->o.marked || !rc_capital_cut(s, n, &w))
        return rc_map_add(t->counts, s, n, 1, NULL);
    int e = rc_map_add(t->counts, w.mark, w.mark_n, 1, NULL);
    return e ? e : rc_map_add(t->counts, w.s, w.n, 1, NULL);
}

static int learn(rc_text *t, const char *s, size_t n)
{
    return rc_bpe_words(s, n, t->o.marked, count_word, t);
}

/* "bpe:8000": entries of the vocabulary, all told. */
static int size_of(const rc_text *t, size_t *V)
{
    const char *colon = strchr(t->o.unit, ':');
    char *end = NULL;
    long n = colon ? strtol(colon + 1, &end, 10) : t->o.max_size > 0 ? (long)t->o.max_size : V_FALLBACK;
    *V = (size_t)n;
    if ((colon && (end == colon + 1 || *end)) || n < V_LEAST || n > V_MOST)
        return rc_fail(t->r, RECUR_EOPTION, "unit \"%s\": bpe:%d to bpe:%d is wanted", t->o.unit, V_LEAST, V_MOST);
    return RECUR_OK;
}

int rc_bpe_bytes(rc_text *t)
{
    int e = RECUR_OK;
    for (int i = 0; i < 256 && !e; i++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", (unsigned)i);
        e = rc_vocab_add(t->vocab, name, 6, 0, NULL);
    }
    return e;
}

static int settle(rc_text *t)
{
    size_t V;
    int e = size_of(t, &V);
    if (e)
        return e;
    t->own = rc_new(t->r, 1, sizeof(rc_bpe));
    if (!t->own)
        return RECUR_ENOMEM;
    e = rc_bpe_bytes(t);
    return e ? e : rc_bpe_learn(t, t->own, V);
}

typedef struct {
    const rc_text *t;
    rc_piece *piece;
    void *ud;
} encoder;

static int spell(const encoder *x, const char *s, size_t n)
{
    int e = RECUR_OK;
    for (size_t i = 0; i < n && !e; i++)
        e = x->piece(x->ud, rc_vocab_str(x->t->vocab, RC_BYTES + (unsigned char)s[i], NULL), 6);
    return e;
}

/* The strongest merge first, the leftmost of equals.  rank[i]: of the merge of pieces i and i+1. */
static int merge_word(const rc_bpe *b, int32_t *id, int n)
{
    int64_t rank[4 * RC_BPE_WORD];
    for (int i = 0; i + 1 < n; i++)
        rank[i] = rc_bpe_merge(b, id[i], id[i + 1]);
    for (;;) {
        int best = -1;
        for (int i = 0; i + 1 < n; i++)
            if (rank[i] >= 0 && (best < 0 || rank[i] < rank[best]))
                best = i;
        if (best < 0)
            return n;
        id[best] = b->merge[rank[best]][2];
        n--;
        for (int i = best + 1; i < n; i++) {
            id[i] = id[i + 1];
            rank[i - 1] = rank[i];
        }
        if (best)
            rank[best - 1] = rc_bpe_merge(b, id[best - 1], id[best]);
        if (best + 1 < n)
            rank[best] = rc_bpe_merge(b, id[best], id[best + 1]);
    }
}

/* The pieces of a word; what has none is spelt in bytes. */
static int pieces(const rc_text *t, const char *s, size_t n, int32_t *id)
{
    int N = 0;
    for (size_t i = 0, k; i < n; i += k) {
        int32_t cp;
        k = (size_t)rc_utf8_next(s + i, n - i, &cp);
        id[N] = rc_vocab_id(t->vocab, s + i, k);
        if (id[N++] == RC_UNK)
            for (N--; k && N < 4 * RC_BPE_WORD; k--)
                id[N++] = RC_BYTES + (unsigned char)s[i++];
    }
    return merge_word(t->own, id, N);
}

static int hand_out(const encoder *x, const int32_t *id, int N)
{
    int e = RECUR_OK;
    for (int i = 0; i < N && !e; i++) {
        size_t length;
        const char *p = rc_vocab_str(x->t->vocab, id[i], &length);
        e = x->piece(x->ud, p, length);
    }
    return e;
}

/* A capital keeps its form where the mark, or a piece that the mark could change, is missing. */
static int cut_word(void *ud, const char *s, size_t n, bool raw)
{
    const encoder *x = ud;
    const rc_vocab *v = x->t->vocab;
    int32_t id[4 * RC_BPE_WORD + 1];
    rc_marked w;
    if (raw)
        return spell(x, s, n);
    if (x->t->o.marked && rc_capital_cut(s, n, &w) && w.n < 4 * RC_BPE_WORD) {
        id[0] = rc_vocab_id(v, w.mark, w.mark_n);
        int N = pieces(x->t, w.s, w.n, id + 1);
        if (id[0] >= RC_PIECES && id[1] >= RC_PIECES && id[1] != rc_vocab_id(v, RC_BLANK, 3))
            return hand_out(x, id, N + 1);
    }
    return hand_out(x, id, pieces(x->t, s, n, id));
}

static int cut(const rc_text *t, const char *s, size_t n, rc_piece *piece, void *ud)
{
    encoder x = { t, piece, ud };
    return rc_bpe_words(s, n, t->o.marked, cut_word, &x);
}

static int join(const rc_text *t, int32_t id, int32_t before, rc_buf *out)
{
    size_t n;
    const char *s = rc_vocab_str(t->vocab, id, &n);
    if (id == RC_UNK)
        return rc_buf_add(out, "\xEF\xBF\xBD", 3);
    if (id < RC_BYTES)
        return RECUR_OK;
    if (id < RC_PIECES)
        return rc_buf_add(out, &(char){ (char)(id - RC_BYTES) }, 1);
    const bool first = before < 0 || before == RC_BOS || before == RC_EOS || before == LINE_END;
    if (first && n >= 3 && memcmp(s, RC_BLANK, 3) == 0) {        /* the line's own blank */
        s += 3;
        n -= 3;
    }
    int e = rc_buf_add(out, "", 0);
    if (t->o.marked && !e) {
        size_t k = 0;
        const char *left = before >= RC_PIECES ? rc_vocab_str(t->vocab, before, &k) : "";
        if (rc_capital_is_mark(s, n))
            return n > 3 ? rc_buf_add(out, " ", 1) : RECUR_OK;
        if (rc_capital_is_mark(left, k))
            e = rc_capital_join(&s, &n, out);
    }
    for (size_t i = 0; i < n && !e;) {
        const bool blank = n - i >= 3 && memcmp(s + i, RC_BLANK, 3) == 0;
        e = blank ? rc_buf_add(out, " ", 1) : rc_buf_add(out, s + i, 1);
        i += blank ? 3 : 1;
    }
    return e;
}

/* --- in files --- */
static int save(const rc_text *t, rc_store *s)
{
    const rc_bpe *b = t->own;
    return rc_store_add(s, "text.merges", RC_I32, 2, (int64_t[]){ (int64_t)b->merges, 3 }, b->merge);
}

static bool fits(const rc_vocab *v, const int32_t m[3])
{
    size_t n[3];
    const char *s[3];
    for (int i = 0; i < 3; i++) {
        if (m[i] < RC_PIECES || m[i] >= rc_vocab_size(v))
            return false;
        s[i] = rc_vocab_str(v, m[i], &n[i]);
    }
    return n[2] == n[0] + n[1] && memcmp(s[2], s[0], n[0]) == 0 && memcmp(s[2] + n[0], s[1], n[1]) == 0;
}

static int load(rc_text *t, rc_store *s)
{
    const rc_tensor *m = rc_store_find(s, "text.merges");
    if (!m || m->dtype != RC_I32 || m->rank != 2 || m->dim[1] != 3 || m->dim[0] > UINT32_MAX / 4)
        return rc_fail(t->r, RECUR_EFORMAT, "text.merges: missing, or not rows of three ids");
    for (int i = 0; i < 256; i++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", (unsigned)i);
        if (rc_vocab_id(t->vocab, name, 6) != RC_BYTES + i)
            return rc_fail(t->r, RECUR_EFORMAT, "text.vocab: entry %d is not \"%s\"", RC_BYTES + i, name);
    }
    rc_bpe *b = t->own = rc_new(t->r, 1, sizeof *b);
    int e = b ? RECUR_OK : RECUR_ENOMEM;
    const int32_t (*row)[3] = m->data;
    for (int64_t i = 0; i < m->dim[0] && !e; i++) {
        if (!fits(t->vocab, row[i]) || rc_bpe_merge(b, row[i][0], row[i][1]) >= 0)
            return rc_fail(t->r, RECUR_EFORMAT, "text.merges: row %lld is no new merge of two pieces into a third",
                           (long long)i);
        e = rc_bpe_add(t->r, b, row[i][0], row[i][1], row[i][2]);
    }
    return e;
}

static void drop(rc_text *t)
{
    rc_bpe *b = t->own;
    if (!b)
        return;
    rc_free(t->r, b->merge);
    rc_free(t->r, b->slot);
    rc_free(t->r, b);
}

const rc_unit rc_unit_bpe = {
    "bpe", "pieces of words learned from the text, bpe:8000 with that many; nothing is unknown",
    learn, settle, cut, join, .raw = true, .save = save, .load = load, .drop = drop,
};
