/* SPDX-License-Identifier: MIT
 * capital.c - a capital letter as a mark and its small letter.
 *
 * "Comment" at the head of a sentence and "comment" inside one are the same word.  As pieces of their own they learn
 * nothing from each other; as [mark] comment and comment they do.  A word that begins with a blank has the blank in both,
 * so that its second part is the piece that stands inside sentences; joining drops the second blank. */
#include "text/unit.h"

static size_t blank(const char *s, size_t n)
{
    return n >= 3 && memcmp(s, RC_BLANK, 3) == 0 ? 3 : 0;
}

bool rc_capital_cut(const char *s, size_t n, rc_marked *out)
{
    int32_t cp;
    const size_t at = blank(s, n), k = (size_t)rc_utf8_next(s + at, n - at, &cp);
    const int32_t small = k > 0 ? rc_utf8_small(cp) : cp;
    if (k == 0 || small == cp || n > sizeof out->s - 4)
        return false;
    memcpy(out->mark, RC_BLANK, at);
    memcpy(out->mark + at, RC_SHIFT, 3);
    out->mark_n = at + 3;
    memcpy(out->s, s, at);
    out->n = at + (size_t)rc_utf8_put(small, out->s + at);
    memcpy(out->s + out->n, s + at + k, n - at - k);
    out->n += n - at - k;
    return true;
}

bool rc_capital_is_mark(const char *s, size_t n)
{
    return (n == 3 || (n == 6 && blank(s, n))) && memcmp(s + n - 3, RC_SHIFT, 3) == 0;
}

int rc_capital_join(const char **s, size_t *n, rc_buf *out)
{
    int32_t cp;
    char large[4];
    const size_t at = blank(*s, *n), k = (size_t)rc_utf8_next(*s + at, *n - at, &cp);
    *s += at + k;
    *n -= at + k;
    return k > 0 ? rc_buf_add(out, large, (size_t)rc_utf8_put(rc_utf8_capital(cp), large)) : RECUR_OK;
}
