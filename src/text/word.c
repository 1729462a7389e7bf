/* SPDX-License-Identifier: MIT
 * word.c - runs of letters, runs of digits; signs of scripts without blanks and punctuation marks one by one.  Blanks
 * are dropped and put back by rule; a line's end is "</s>".
 *
 * A text that is to come back as it was (rc_text_options.blanks) has two units more, which stand where the rule errs:
 * "3 . <join> 5" is 3.5 and "a <part> - <part> b" is a - b.  That they are in a vocabulary tells that its text is cut so. */
#include "text/unit.h"

#define JOIN "<join>"            /* what follows stands right behind; no text is cut into such a piece */
#define PART "<part>"            /* what follows stands behind a blank */

/* Where a mark clings: to what is on its left, to what is on its right, or to both. */
enum { LOOSE, LEFT, RIGHT };
static const struct { const char *marks; int how; } clings[] = {
    { ".,!?;:%)]}>\xE2\x80\xA6\xE2\x80\x9D", LEFT },                       /* ... and the closing quotation mark */
    { "([{<$#@\xE2\x80\x9C\xE2\x80\x98", RIGHT },                          /* ... and the opening ones */
    { "'-/_\xE2\x80\x99", LEFT | RIGHT },                                  /* ... and the apostrophe */
};

static int cling(const char *s, size_t n, int kind)
{
    int32_t cp;
    if (kind != RC_PUNCT || n == 0)
        return LOOSE;
    rc_utf8_next(s, n, &cp);
    if ((cp >= 0x3000 && cp < 0x3040) || (cp >= 0xFF00 && cp < 0xFF66))     /* full-width marks bring their own room */
        return LEFT | RIGHT;
    for (size_t i = 0; i < sizeof clings / sizeof *clings; i++)
        for (const char *m = clings[i].marks; *m;) {
            int32_t mark;
            m += rc_utf8_next(m, strlen(m), &mark);
            if (mark == cp)
                return clings[i].how;
        }
    return LOOSE;
}

static int class_of(const char *s, size_t n)
{
    int32_t cp;
    rc_utf8_next(s, n, &cp);
    return rc_utf8_class(cp);
}

/* The rule: whether a blank stands between two pieces.  What is unknown is taken for letters. */
static bool parted(const char *left, size_t m, const char *right, size_t n)
{
    int a = left != NULL ? class_of(left, m) : RC_LETTER, b = right != NULL ? class_of(right, n) : RC_LETTER;
    bool dense = (a == RC_HAN && (b == RC_HAN || b == RC_PUNCT)) || (b == RC_HAN && a == RC_PUNCT);
    return !dense && !(cling(right, n, b) & LEFT) && !(cling(left, m, a) & RIGHT);
}

/* --- text to pieces --- */

typedef struct {
    const rc_text *t;
    rc_piece *piece; void *ud;
    bool marks, blank;           /* the vocabulary has the two; a blank was passed since the last piece */
    const char *left; size_t n;  /* the last piece, as joining will know it: NULL where it is unknown */
    bool any;                    /* there is one on this line */
} cutter;

static int put(cutter *c, const char *s, size_t n)
{
    int e = RECUR_OK;
    if (c->marks) {
        const char *known = rc_vocab_id(c->t->vocab, s, n) != RC_UNK ? s : NULL;
        if (c->any && parted(c->left, c->n, known, n) != c->blank)
            e = c->piece(c->ud, c->blank ? PART : JOIN, strlen(JOIN));
        c->left = known;
        c->n = n;
    }
    c->any = true;
    c->blank = false;
    return e == RECUR_OK ? c->piece(c->ud, s, n) : e;
}

static int end_line(cutter *c)
{
    c->any = c->blank = false;
    return c->piece(c->ud, "</s>", 4);
}

static int cut(const rc_text *t, const char *s, size_t n, rc_piece *piece, void *ud)
{
    cutter c = { .t = t, .piece = piece, .ud = ud, .marks = rc_vocab_id(t->vocab, JOIN, strlen(JOIN)) != RC_UNK };
    int e = RECUR_OK, run = RC_SPACE;              /* class of the run that began at `from` */
    size_t from = 0;
    for (size_t i = 0, k; i < n && !e; i += k) {
        int32_t cp;
        k = (size_t)rc_utf8_next(s + i, n - i, &cp);
        int kind = rc_utf8_class(cp);
        if (kind == run && (kind == RC_LETTER || kind == RC_DIGIT))
            continue;
        if (run != RC_SPACE)
            e = put(&c, s + from, i - from);
        c.blank |= kind == RC_SPACE;
        run = kind;
        from = i;
        if (!e && cp == '\n')
            e = end_line(&c);
    }
    return !e && run != RC_SPACE ? put(&c, s + from, n - from) : e;
}

static int learn(rc_text *t, const char *s, size_t n)
{
    return cut(t, s, n, rc_unit_count, t);
}

static int settle(rc_text *t)
{
    int e = RECUR_OK;
    if (t->o.blanks)
        e = rc_vocab_add(t->vocab, JOIN, strlen(JOIN), 0, NULL);
    if (t->o.blanks && !e)
        e = rc_vocab_add(t->vocab, PART, strlen(PART), 0, NULL);
    return e ? e : rc_unit_rank(t);
}

/* --- and back --- */

bool rc_word_is_mark(const char *s, size_t n)
{
    return n == strlen(JOIN) && (memcmp(s, JOIN, n) == 0 || memcmp(s, PART, n) == 0);
}

static int join(const rc_text *t, int32_t id, int32_t before, rc_buf *out)
{
    size_t n, m;
    const char *s = rc_vocab_str(t->vocab, id, &n), *left = rc_vocab_str(t->vocab, before, &m);
    if (id == RC_EOS)
        return rc_buf_add(out, "\n", 1);
    if (id == RC_BOS)
        return RECUR_OK;
    if (rc_word_is_mark(s, n))
        return memcmp(s, PART, n) == 0 ? rc_buf_add(out, " ", 1) : RECUR_OK;
    const bool follows = before == RC_UNK || (before >= RC_FIRST && !rc_word_is_mark(left, m));
    if (follows && parted(before != RC_UNK ? left : NULL, m, id != RC_UNK ? s : NULL, n) && rc_buf_add(out, " ", 1))
        return out->error;
    return rc_buf_add(out, s, n);
}

const rc_unit rc_unit_word = {
    "word", "words, numbers, and every other sign by itself", learn, settle, cut, .join = join,
};
