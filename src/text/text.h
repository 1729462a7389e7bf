/* SPDX-License-Identifier: MIT
 * text: text -> ids, ids -> text.  Knows nothing of nets. */
#ifndef RC_TEXT_H
#define RC_TEXT_H
#include <stdatomic.h>

#include "format/format.h"

typedef struct { int32_t *id; size_t n, cap; recur *r; } rc_ids;
int rc_ids_add(rc_ids *v, int32_t id);
void rc_ids_free(rc_ids *v);

/* ids <-> strings, counts.  Id 0 is "<unk>", 1 "<s>" (begin), 2 "</s>" (end of line, sentence or text). */
enum { RC_UNK = 0, RC_BOS = 1, RC_EOS = 2, RC_FIRST = 3 };
typedef struct rc_vocab rc_vocab;
int rc_vocab_new(recur *r, rc_vocab **out);
void rc_vocab_free(rc_vocab *v);                              /* gone when the last who holds it lets go */
rc_vocab *rc_vocab_share(rc_vocab *v);                        /* one more holds v; NULL: NULL */
int rc_vocab_size(const rc_vocab *v);
int32_t rc_vocab_id(const rc_vocab *v, const char *s, size_t n);              /* RC_UNK when absent */
const char *rc_vocab_str(const rc_vocab *v, int32_t id, size_t *n);
int64_t rc_vocab_count(const rc_vocab *v, int32_t id);                        /* in the training text */
int rc_vocab_add(rc_vocab *v, const char *s, size_t n, int64_t count, int32_t *id);   /* order of adding = order of ids */

/* One way to cut text a file: byte.c char.c word.c token.c bpe.c. */
typedef struct rc_text rc_text;
typedef int rc_piece(void *ud, const char *s, size_t n);
typedef struct rc_unit {
    const char *name, *help;
    int (*learn)(rc_text *t, const char *s, size_t n);        /* once for each text of the training part: counts */
    int (*settle)(rc_text *t);                                /* counts -> vocabulary (and merges) */
    int (*cut)(const rc_text *t, const char *s, size_t n, rc_piece *piece, void *ud);     /* the pieces whose ids are looked up */
    int (*join)(const rc_text *t, int32_t id, int32_t before, rc_buf *out);               /* before: id on its left, -1 at the start */
    bool raw;                                                 /* cuts any bytes: invalid UTF-8 need not become U+FFFD */
    int (*save)(const rc_text *t, rc_store *s);               /* what the unit has beside the vocabulary; NULL: nothing */
    int (*load)(rc_text *t, rc_store *s);                     /* reads it, checks the vocabulary; NULL: nothing */
    void (*drop)(rc_text *t);                                 /* frees t->own */
} rc_unit;
typedef struct {
    const char *unit;             /* "byte" "char" "word" "token" "bpe" or "bpe:8000" */
    int64_t min_count, max_size;  /* words and signs seen less often are <unk>; most entries (0: no bound) */
    bool lower, nfkc;
    bool blanks;                  /* word: what joining by rule would get wrong is said by units of their own (word.c); not for texts
                                   * whose scores are compared a word */
    bool marked;                  /* bpe: a capital is a mark and its small letter (capital.c) */
    int64_t pairs;                /* > 0: a second column of ids, pairs of neighbouring units, at most this many, seen >= 2 (bpe, byte too) */
} rc_text_options;
struct rc_text {
    recur *r;
    atomic_int shares;            /* who hold it beside the first: data and models, closed in any order, by any thread */
    const rc_unit *unit;
    rc_text_options o;
    rc_vocab *vocab, *pairs;      /* pairs NULL: one column */
    void *own;                    /* the unit's: counts while learning, merges after */
    rc_map *counts;               /* while learning */
    rc_buf kept;                  /* while learning, for the pairs: each text after its size */
};
int rc_text_new(recur *r, rc_text **out, const rc_text_options *o);
void rc_text_free(rc_text *t);                                /* gone when the last who holds it lets go */
rc_text *rc_text_share(rc_text *t);                           /* one more holds t; NULL: NULL */
int rc_text_learn(rc_text *t, const char *s, size_t n);       /* normalises, then the unit's learn; pairs counted too */
int rc_text_settle(rc_text *t);
int rc_text_columns(const rc_text *t);
/* Normalises, cuts, looks up.  out[0] units; out[1] pairs: (unit i, unit i+1), the last with </s>; equally many.
 * unknown (may be NULL) += units that are <unk>. */
int rc_text_encode(const rc_text *t, const char *s, size_t n, rc_ids *out, int64_t *unknown);
int rc_text_decode(const rc_text *t, const int32_t *id, size_t n, rc_buf *out);     /* decode(encode(s)) == normalised s where nothing is <unk>; of words: up to runs of blanks with `blanks`, else by rule */
int rc_text_piece(const rc_text *t, int32_t id, int32_t before, rc_buf *out);       /* for streaming; a byte or BPE piece may end inside a UTF-8 sign */
int rc_text_save(const rc_text *t, rc_store *s);              /* tensors "text.vocab" (U8, entries 0-separated), "text.counts" (I64), "text.merges", ..., text "text" (JSON) */
int rc_text_load(recur *r, rc_text **out, rc_store *s);       /* every inconsistency is EFORMAT and names it */
bool rc_text_tokenised(const char *s, size_t n);              /* punctuation stands between blanks, or <unk> occurs: "token" is faithful */
const rc_unit *rc_unit_find(const char *name);                /* by the part before ':' */
const rc_unit *rc_unit_at(int i);                             /* NULL past the end */
/* The unit that stands before a text: "\n" where texts keep it, else "</s>".  What eval and generate begin with. */
int32_t rc_text_start(const rc_text *t);
#endif
