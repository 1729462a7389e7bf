/* SPDX-License-Identifier: MIT
 * byte.c - the 256 bytes: nothing is unknown, any file can be read. */
#include "text/unit.h"

static int learn(rc_text *t, const char *s, size_t n)
{
    int64_t seen[256] = { 0 };
    for (size_t i = 0; i < n; i++)
        seen[(unsigned char)s[i]]++;
    int e = RECUR_OK;
    for (int i = 0; i < 256 && !e; i++)
        if (seen[i])
            e = rc_map_add(t->counts, &(char){ (char)i }, 1, seen[i], NULL);
    return e;
}

static int settle(rc_text *t)
{
    int e = RECUR_OK;
    for (int i = 0; i < 256 && !e; i++) {
        char c = (char)i;
        int64_t seen = t->counts ? rc_map_get(t->counts, &c, 1) : 0;
        e = rc_vocab_add(t->vocab, &c, 1, seen < 0 ? 0 : seen, NULL);
    }
    return e;
}

static int cut(const rc_text *t, const char *s, size_t n, rc_piece *piece, void *ud)
{
    (void)t;
    int e = RECUR_OK;
    for (size_t i = 0; i < n && !e; i++)
        e = piece(ud, s + i, 1);
    return e;
}

static int join(const rc_text *t, int32_t id, int32_t before, rc_buf *out)
{
    (void)t;
    (void)before;
    return id < RC_FIRST ? RECUR_OK : rc_buf_add(out, &(char){ (char)(id - RC_FIRST) }, 1);
}

const rc_unit rc_unit_byte = { "byte", "the 256 bytes; nothing is unknown", learn, settle, cut, join, .raw = true };
