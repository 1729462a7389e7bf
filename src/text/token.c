/* SPDX-License-Identifier: MIT
 * token.c - what stands between blanks, for text that somebody has cut already ("<unk>" and "N" of the Penn Treebank).
 * A line's end is "</s>". */
#include <ctype.h>

#include "text/unit.h"

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int cut(const rc_text *t, const char *s, size_t n, rc_piece *piece, void *ud)
{
    (void)t;
    int e = RECUR_OK;
    for (size_t i = 0; i < n && !e;) {
        size_t from = i;
        while (i < n && !is_blank(s[i]))
            i++;
        if (i > from)
            e = piece(ud, s + from, i - from);
        else if (s[i++] == '\n')
            e = piece(ud, "</s>", 4);
    }
    return e;
}

static int learn(rc_text *t, const char *s, size_t n)
{
    return cut(t, s, n, rc_unit_count, t);
}

static int join(const rc_text *t, int32_t id, int32_t before, rc_buf *out)
{
    size_t n;
    const char *s = rc_vocab_str(t->vocab, id, &n);
    if (id == RC_EOS)
        return rc_buf_add(out, "\n", 1);
    if (id == RC_BOS)
        return RECUR_OK;
    if ((before == RC_UNK || before >= RC_FIRST) && rc_buf_add(out, " ", 1))
        return out->error;
    return rc_buf_add(out, s, n);
}

/* Whether the semicolon at i ends a name like &apos; that tokenisers write for a sign. */
static bool ends_name(const char *s, size_t i)
{
    enum { LONGEST = 8 };
    size_t k = i;
    while (k > 0 && i - k < LONGEST && (isalnum((unsigned char)s[k - 1]) || s[k - 1] == '#'))
        k--;
    return s[i] == ';' && k < i && k > 0 && s[k - 1] == '&';
}

bool rc_text_tokenised(const char *s, size_t n)
{
    size_t apart = 0, marks = 0;
    for (size_t i = 0; i < n; i++) {
        bool left = i == 0 || is_blank(s[i - 1]);
        if (s[i] == '<' && left && n - i >= 5 && memcmp(s + i, "<unk>", 5) == 0 && (n - i == 5 || is_blank(s[i + 5])))
            return true;
        if (memchr(",.;?!", s[i], 5) && !ends_name(s, i)) {
            marks++;
            apart += left && (i + 1 == n || is_blank(s[i + 1]));
        }
    }
    return marks >= 20 && (double)apart > 0.8 * (double)marks;
}

const rc_unit rc_unit_token = {
    "token", "what stands between blanks, for text that is cut already", learn, rc_unit_rank, cut, .join = join,
};
