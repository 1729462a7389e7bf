/* SPDX-License-Identifier: MIT
 * unit.h - what the units share. */
#ifndef RC_UNIT_H
#define RC_UNIT_H
#include "text/text.h"

#define X(name) extern const rc_unit rc_unit_##name;
#include "text/list.h"
#undef X

int rc_text_normal(const rc_text *t, const char *s, size_t n, rc_buf *out);
int rc_unit_count(void *t, const char *s, size_t n);   /* an rc_piece: counts it in t->counts */
int rc_unit_rank(rc_text *t);                          /* counts -> vocabulary: often first, ties by first seen */
int rc_unit_order(recur *r, const rc_map *counts, int64_t least, size_t most, uint32_t **out, size_t *n);
    /* indices into counts of what was seen at least `least` times, most frequent first, at most `most`; caller frees */

/* pairs.c */
int rc_pairs_keep(rc_text *t, const char *s, size_t n);
int rc_pairs_settle(rc_text *t);
int rc_pairs_encode(const rc_text *t, const rc_ids *units, size_t from, rc_ids *out);
int rc_pairs_save(const rc_text *t, rc_store *s);
int rc_pairs_load(rc_text *t, rc_store *s);

bool rc_word_is_mark(const char *s, size_t n);         /* word.c: a unit that says where a blank is, and is no text itself */

/* capital.c: a word that begins with a capital as a mark and a word of its small letter */
#define RC_SHIFT "\xE2\x87\xA7" /* U+21E7 after the word's blank, where it has one */
enum { RC_SHIFT_CP = 0x21E7, RC_MARK = 6 };
typedef struct { char mark[RC_MARK]; size_t mark_n, n; char s[4 * 64 + 4]; } rc_marked;
bool rc_capital_cut(const char *s, size_t n, rc_marked *out);       /* false: no capital */
bool rc_capital_is_mark(const char *s, size_t n);
int rc_capital_join(const char **s, size_t *n, rc_buf *out);        /* of a piece after a mark: drops its blank, adds its first letter, large */

/* bpe.c and bpe_learn.c */
enum { RC_BYTES = RC_FIRST, RC_PIECES = RC_FIRST + 256 };   /* first byte piece, first piece of text */
typedef struct {
    int32_t (*merge)[3];         /* left, right, what they become; the first is the strongest */
    size_t merges, cap;
    uint32_t *slot;              /* hash of (left, right) -> merge + 1 */
    size_t slots;
} rc_bpe;
#define RC_BLANK "\xE2\x96\x81"  /* U+2581 stands for a blank */
enum { RC_BPE_WORD = 64 };       /* code points of a word at most: longer runs are cut, so that no text is quadratic */
typedef int rc_bpe_word(void *ud, const char *s, size_t n, bool raw);   /* raw: bytes that have no pieces */
int rc_bpe_words(const char *s, size_t n, bool marked, rc_bpe_word *word, void *ud);
int64_t rc_bpe_merge(const rc_bpe *b, int32_t left, int32_t right);     /* rank, or -1 */
int rc_bpe_add(recur *r, rc_bpe *b, int32_t left, int32_t right, int32_t into);
int rc_bpe_learn(rc_text *t, rc_bpe *b, size_t V);
int rc_bpe_bytes(rc_text *t);                                           /* adds the 256 byte pieces to an empty vocabulary */
#endif
