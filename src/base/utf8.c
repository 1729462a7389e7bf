/* SPDX-License-Identifier: MIT
 * utf8.c - Unicode, with utf8proc's tables. */
#include <errno.h>
#include <iconv.h>
#include <strings.h>
#include <utf8proc.h>

#include "base/base.h"

int rc_utf8_next(const char *s, size_t n, int32_t *cp)
{
    *cp = -1;
    if (n == 0)
        return 0;
    utf8proc_int32_t got;
    utf8proc_ssize_t k = utf8proc_iterate((const utf8proc_uint8_t *)s, n < 4 ? (utf8proc_ssize_t)n : 4, &got);
    if (k <= 0)
        return 1;
    *cp = got;
    return (int)k;
}

int rc_utf8_put(int32_t cp, char out[4])
{
    return (int)utf8proc_encode_char(cp, (utf8proc_uint8_t *)out);
}

bool rc_utf8_valid(const char *s, size_t n, size_t *bad)
{
    for (size_t i = 0; i < n;) {
        int32_t cp;
        int k = (unsigned char)s[i] < 0x80 ? 1 : rc_utf8_next(s + i, n - i, &cp);
        if (k == 1 && (unsigned char)s[i] >= 0x80) {
            if (bad)
                *bad = i;
            return false;
        }
        i += (size_t)k;
    }
    return true;
}

/* --- normalising --- */
enum { SOFT = 1024, HARD = 4096 };        /* bytes normalised at once */

/* Ordering of combining marks is quadratic in their number, so a text is normalised in pieces.  They end before a sign
 * that joins nothing on its left (ASCII, Han); only text without any for HARD bytes is cut elsewhere. */
static size_t piece(const char *s, size_t n, size_t *at)
{
    size_t i = 0;
    while (i < n && i < HARD) {
        int32_t cp;
        int k = rc_utf8_next(s + i, n - i, &cp);
        if (i >= SOFT && ((cp >= 0 && cp < 0x80) || (cp >= 0x4E00 && cp < 0xA000)))
            break;
        i += (size_t)k;
    }
    *at = i;
    return i;
}

static int add_cp(rc_buf *out, int32_t cp)
{
    char c[4];
    return rc_buf_add(out, c, (size_t)rc_utf8_put(cp, c));
}

static int fold_plain(const char *s, size_t n, bool lower, rc_buf *out)
{
    int e = 0;
    for (size_t i = 0; i < n && !e;) {
        int32_t cp;
        i += (size_t)rc_utf8_next(s + i, n - i, &cp);
        e = add_cp(out, cp < 0 ? 0xFFFD : lower ? utf8proc_tolower(cp) : cp);
    }
    return e;
}

/* One piece through NFKC; work holds its code points, at most 18 for one (the longest decomposition of Unicode). */
static int fold_piece(const char *s, size_t n, bool lower, rc_buf *clean, int32_t *work, size_t room, rc_buf *out)
{
    clean->n = 0;
    int e = fold_plain(s, n, false, clean);
    if (e)
        return e;
    const utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    utf8proc_ssize_t k = utf8proc_decompose((const utf8proc_uint8_t *)clean->s, (utf8proc_ssize_t)clean->n, work,
                                            (utf8proc_ssize_t)room, how);
    if (k >= 0 && (size_t)k <= room)
        k = utf8proc_normalize_utf32(work, k, how);
    if (k < 0 || (size_t)k > room)
        return rc_fail(out->r, RECUR_EDATA, "cannot normalise a text of %zu bytes: %s", n,
                       rc_speak(out->r, k < 0 ? utf8proc_errmsg(k) : "too long"));
    for (utf8proc_ssize_t i = 0; i < k && !e; i++)
        e = add_cp(out, lower ? utf8proc_tolower(work[i]) : work[i]);
    return e;
}

int rc_utf8_fold(recur *r, const char *s, size_t n, bool nfkc, bool lower, rc_buf *out)
{
    if (!rc_buf_room(out, n))
        return out->error;
    if (!nfkc)
        return rc_utf8_valid(s, n, NULL) && !lower ? rc_buf_add(out, s, n) : fold_plain(s, n, lower, out);
    const size_t room = 18 * (HARD + 4);
    rc_buf clean;
    rc_buf_init(&clean, r, 0);
    int32_t *work = rc_new(r, room, sizeof *work);
    int e = work ? RECUR_OK : RECUR_ENOMEM;
    for (size_t at; n && !e; s += at, n -= at)
        e = fold_piece(s, piece(s, n, &at), lower, &clean, work, room, out);
    rc_free(r, work);
    rc_buf_free(&clean);
    return e;
}

/* --- other encodings --- */
static int convert(recur *r, const char *encoding, const char *s, size_t n, rc_buf *out)
{
    iconv_t c = iconv_open("UTF-8", encoding);
    if (c == (iconv_t)-1)
        return rc_fail(r, RECUR_EOPTION, "unknown encoding \"%s\"; `iconv -l` lists those of this system", encoding);
    char *in = (char *)(uintptr_t)s;             /* iconv's in-pointer lacks its const */
    size_t left = n;
    bool flushed = false;
    int e = RECUR_OK;
    while (!e && !flushed) {
        char part[4096], *to = part;
        size_t room = sizeof part;
        flushed = left == 0;
        size_t k = flushed ? iconv(c, NULL, NULL, &to, &room) : iconv(c, &in, &left, &to, &room);
        int why = errno;
        e = rc_buf_add(out, part, sizeof part - room);
        if (!e && k == (size_t)-1 && why != E2BIG)
            e = rc_fail(r, RECUR_EDATA, "byte %zu is not %s: the text is damaged or in another encoding", n - left,
                        encoding);
        else if (k == (size_t)-1)
            flushed = false;
    }
    iconv_close(c);
    return e;
}

int rc_utf8_from(recur *r, const char *encoding, const char *s, size_t n, rc_buf *out)
{
    if (encoding && strcasecmp(encoding, "utf-8") != 0 && strcasecmp(encoding, "utf8") != 0)
        return convert(r, encoding, s, n, out);
    if (n >= 2 && (memcmp(s, "\xFF\xFE", 2) == 0 || memcmp(s, "\xFE\xFF", 2) == 0))
        return convert(r, "UTF-16", s, n, out);
    size_t mark = n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    return rc_buf_add(out, s + mark, n - mark);
}

/* --- classes --- */
/* Scripts written without blanks between words; Hangul is not one of them. */
static const int32_t unspaced[][2] = {
    { 0x0E01, 0x0EDF }, { 0x1000, 0x109F }, { 0x1780, 0x17DD }, { 0x2E80, 0x2FDF }, { 0x3005, 0x3007 },
    { 0x3041, 0x30FF }, { 0x3105, 0x312F }, { 0x31A0, 0x31BF }, { 0x31F0, 0x31FF }, { 0x3400, 0x4DBF },
    { 0x4E00, 0x9FFF }, { 0xF900, 0xFAFF }, { 0xFF66, 0xFF9F }, { 0x1B000, 0x1B16F }, { 0x20000, 0x3FFFF },
};

static bool is_unspaced(int32_t cp)
{
    for (size_t i = 0; i < sizeof unspaced / sizeof *unspaced && cp >= unspaced[i][0]; i++)
        if (cp <= unspaced[i][1])
            return true;
    return false;
}

int rc_utf8_class(int32_t cp)
{
    if (cp < 0)
        return RC_PUNCT;
    utf8proc_category_t k = utf8proc_category(cp);
    if (k >= UTF8PROC_CATEGORY_ZS && k <= UTF8PROC_CATEGORY_ZP)
        return RC_SPACE;
    if (k == UTF8PROC_CATEGORY_CC)
        return (cp >= '\t' && cp <= '\r') || cp == 0x85 ? RC_SPACE : RC_PUNCT;
    if (k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO && !is_unspaced(cp))
        return RC_DIGIT;
    if ((k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_ME) || k == UTF8PROC_CATEGORY_NL)
        return is_unspaced(cp) ? RC_HAN : RC_LETTER;
    return RC_PUNCT;
}

int32_t rc_utf8_small(int32_t cp)
{
    int32_t small = cp < 0 ? cp : utf8proc_tolower(cp);
    return small != cp && utf8proc_toupper(small) == cp && rc_utf8_class(small) == rc_utf8_class(cp) ? small : cp;
}

int32_t rc_utf8_capital(int32_t cp)
{
    int32_t capital = cp < 0 ? cp : utf8proc_toupper(cp);
    return rc_utf8_small(capital) == cp ? capital : cp;
}
