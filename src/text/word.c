/* SPDX-License-Identifier: MIT
 * word.c - runs of letters, runs of digits; signs of scripts without blanks and punctuation marks one by one.  Blanks
 * are dropped and put back by rule; a line's end is "</s>". */
#include "text/unit.h"

static int cut(const rc_text *t, const char *s, size_t n, rc_piece *piece, void *ud)
{
    (void)t;
    int e = RECUR_OK, run = RC_SPACE;              /* class of the run that began at `from` */
    size_t from = 0;
    for (size_t i = 0, k; i < n && !e; i += k) {
        int32_t cp;
        k = (size_t)rc_utf8_next(s + i, n - i, &cp);
        int kind = rc_utf8_class(cp);
        if (kind == run && (kind == RC_LETTER || kind == RC_DIGIT))
            continue;
        if (run != RC_SPACE)
            e = piece(ud, s + from, i - from);
        run = kind;
        from = i;
        if (!e && cp == '\n')
            e = piece(ud, "</s>", 4);
    }
    return !e && run != RC_SPACE ? piece(ud, s + from, n - from) : e;
}

static int learn(rc_text *t, const char *s, size_t n)
{
    return cut(t, s, n, rc_unit_count, t);
}

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

static int join(const rc_text *t, int32_t id, int32_t before, rc_buf *out)
{
    size_t n, m;
    const char *s = rc_vocab_str(t->vocab, id, &n), *left = rc_vocab_str(t->vocab, before, &m);
    if (id == RC_EOS)
        return rc_buf_add(out, "\n", 1);
    if (id == RC_BOS)
        return RECUR_OK;
    if (before == RC_UNK || before >= RC_FIRST) {
        int a = before == RC_UNK ? RC_LETTER : class_of(left, m), b = id == RC_UNK ? RC_LETTER : class_of(s, n);
        bool dense = (a == RC_HAN && (b == RC_HAN || b == RC_PUNCT)) || (b == RC_HAN && a == RC_PUNCT);
        if (!dense && !(cling(s, n, b) & LEFT) && !(cling(left, m, a) & RIGHT) && rc_buf_add(out, " ", 1))
            return out->error;
    }
    return rc_buf_add(out, s, n);
}

const rc_unit rc_unit_word = {
    "word", "words, numbers, and every other sign by itself", learn, rc_unit_rank, cut, .join = join,
};
