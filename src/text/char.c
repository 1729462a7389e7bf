/* SPDX-License-Identifier: MIT
 * char.c - Unicode code points. */
#include "text/unit.h"

static int cut(const rc_text *t, const char *s, size_t n, rc_piece *piece, void *ud)
{
    (void)t;
    int e = RECUR_OK;
    for (size_t i = 0, k; i < n && !e; i += k) {
        int32_t cp;
        k = (size_t)rc_utf8_next(s + i, n - i, &cp);
        e = piece(ud, s + i, k);
    }
    return e;
}

static int learn(rc_text *t, const char *s, size_t n)
{
    return cut(t, s, n, rc_unit_count, t);
}

static int join(const rc_text *t, int32_t id, int32_t before, rc_buf *out)
{
    (void)before;
    size_t n;
    const char *s = rc_vocab_str(t->vocab, id, &n);
    if (id == RC_UNK)
        return rc_buf_add(out, "\xEF\xBF\xBD", 3);      /* U+FFFD */
    return id < RC_FIRST ? RECUR_OK : rc_buf_add(out, s, n);
}

static int load(rc_text *t, rc_store *store)
{
    (void)store;
    for (int32_t id = RC_FIRST; id < rc_vocab_size(t->vocab); id++) {
        size_t n;
        int32_t cp;
        const char *s = rc_vocab_str(t->vocab, id, &n);
        if (rc_utf8_next(s, n, &cp) != (int)n || cp < 0)
            return rc_fail(t->r, RECUR_EFORMAT, "text.vocab: entry %d is not one character", id);
    }
    return RECUR_OK;
}

const rc_unit rc_unit_char = { "char", "Unicode characters", learn, rc_unit_rank, cut, join, .load = load };
