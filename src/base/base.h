/* SPDX-License-Identifier: MIT
 * base: what C lacks.  Numbers, errors, memory, random numbers, threads, text buffers, files. */
#ifndef RC_BASE_H
#define RC_BASE_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "recur.h"

#ifdef RC_DOUBLE                 /* the second build of the whole library, for gradient checks */
typedef double real;
#else
typedef float real;
#endif
#define RC_ALIGN 64              /* bytes: a cache line, a 512-bit vector */

struct rc_kern;
struct rc_pool;

/* --- runtime and errors (error.c) --- */
typedef struct { const char *en, *own; } rc_word;     /* a message's form in English and in the user's language: the same arguments in the same order */
struct recur {
    void *(*alloc)(void *ud, void *p, size_t n);
    void *ud;
    struct rc_pool *pool;
    const struct rc_kern *kern;
    const rc_word *words;        /* up to en NULL; NULL: English */
    char message[1024], warning[1024];
};
/* The form in the runtime's language; as it is, where the language has none.  rc_fail, rc_warn and their like ask by
 * themselves, so this is for the pieces that become arguments. */
const char *rc_speak(const recur *r, const char *form) __attribute__((format_arg(2)));
int rc_fail(recur *r, int code, const char *form, ...) __attribute__((format(printf, 3, 4)));  /* sets the message, returns code */
/* "a, b, c" for a message: begins as { "" }; what has no room becomes "..." */
typedef struct { char s[500]; } rc_names;
void rc_name_add(rc_names *list, const char *name);
void rc_warn(recur *r, const char *form, ...) __attribute__((format(printf, 2, 3)));

/* --- memory (memory.c, arena.c).  rc_new and rc_grow return NULL with the message set. --- */
void *rc_new(recur *r, size_t n, size_t size);               /* zeroed, n * size checked for overflow; 64-byte aligned */
void *rc_grow(recur *r, void *p, size_t old, size_t n, size_t size);   /* keeps the first old elements, zeroes the rest; p stays valid on failure */
void rc_free(recur *r, void *p);
char *rc_copy(recur *r, const char *s);                      /* strdup */
char *rc_copy_n(recur *r, const char *s, size_t n);
bool rc_mul(size_t a, size_t b, size_t *out);                /* false on overflow: no size from a file is multiplied otherwise */

typedef struct { char *base; size_t used; } rc_arena;        /* base NULL: only measures */
static inline size_t rc_slice(size_t n) { return (n + 15) / 16 * 16; }      /* n numbers and the gap behind them: the next begin at a cache line */
void *rc_take(rc_arena *a, size_t n, size_t size);           /* 64-byte aligned slice, zeroed by nobody; NULL while measuring */

/* --- random numbers (rng.c): Philox-4x32-10 (Salmon et al. 2011), no hidden state --- */
enum { RC_INIT = 1, RC_SHUFFLE, RC_DROP, RC_SAMPLE, RC_SPLIT, RC_OTHER };
uint64_t rc_key(uint64_t seed, int purpose, uint64_t a, uint64_t b);   /* a stream of its own for each four numbers */
void rc_philox(uint64_t key, uint64_t hi, uint64_t lo, uint32_t out[4]);
double rc_uniform(uint64_t key, uint64_t i);                 /* [0, 1), 53 bits, the i-th number of the stream */
double rc_normal(uint64_t key, uint64_t i);
uint64_t rc_below(uint64_t key, uint64_t i, uint64_t n);     /* 0 .. n-1, without bias to speak of */
void rc_shuffle(uint64_t key, int32_t *v, size_t n);         /* Fisher-Yates */

/* --- threads (pool.c): persistent workers, spin then sleep.  Work is divided by output, so a thread count changes no bit.
 * Any run may turn out to be the caller's alone (team.n == 1), so work is divided by team.n and by nothing known before. --- */
typedef struct rc_pool rc_pool;
typedef struct { rc_pool *pool; int id, n, group; } rc_team;           /* this thread is number id of the n of its group */
int rc_pool_new(recur *r, rc_pool **out, int threads);
void rc_pool_free(recur *r, rc_pool *p);
int rc_pool_threads(const rc_pool *p);
/* fn(arg, team) on every thread, the caller among them.  groups > 1: the threads are parted into that many groups; where
 * there are fewer, or other programs keep the cores busy, the caller runs fn alone, for each team.group in turn.
 * Returns when all are done. */
void rc_pool_run(rc_pool *p, int groups, void (*fn)(void *arg, const rc_team *t), void *arg);
void rc_pool_solo(rc_pool *p, bool solo);                     /* from now on every run is the caller's alone, or no longer */
uint64_t rc_pool_teams(const rc_pool *p);                     /* runs that were not */
void rc_pool_coin(rc_pool *p, double share);                  /* tests: a coin decides which runs, such a share, are the caller's alone; < 0: the pool */
void rc_barrier(const rc_team *t);                            /* all n threads of the group; free when n == 1 */
void rc_each(rc_pool *p, int n, void (*fn)(void *arg, int i), void *arg);   /* i in 0..n-1, fixed division in runs */
/* The id-th of `of` parts of 0..n, cut at multiples of unit; none is larger than the first, which is the caller's. */
static inline void rc_part(int n, int unit, int id, int of, int *lo, int *hi)
{
    int64_t k = (n + unit - 1) / unit;
    int64_t a = (k * id + of - 1) / of * unit, b = (k * (id + 1) + of - 1) / of * unit;
    *lo = a < n ? (int)a : n;
    *hi = b < n ? (int)b : n;
}

/* --- growing text (buf.c) --- */
typedef struct { recur *r; char *s; size_t n, cap, limit; int error; } rc_buf;   /* s is always 0-ended once non-NULL; limit 0: 1 GiB */
void rc_buf_init(rc_buf *b, recur *r, size_t limit);
char *rc_buf_room(rc_buf *b, size_t n);                      /* place for n more bytes at b->s + b->n; NULL: b->error */
int rc_buf_add(rc_buf *b, const void *s, size_t n);          /* the first failure stays in b->error */
int rc_buf_print(rc_buf *b, const char *form, ...) __attribute__((format(printf, 2, 3)));
void rc_buf_free(rc_buf *b);
char *rc_buf_take(rc_buf *b);                                /* hands the text over (never NULL unless b->error) */

/* --- string -> number map (map.c): open addressing over XXH3, keys copied --- */
typedef struct rc_map rc_map;
int rc_map_new(recur *r, rc_map **out);
void rc_map_free(rc_map *m);
int64_t rc_map_get(const rc_map *m, const char *key, size_t n);               /* -1: absent */
int rc_map_add(rc_map *m, const char *key, size_t n, int64_t delta, int64_t *value);  /* value += delta, 0 when new */
int rc_map_set(rc_map *m, const char *key, size_t n, int64_t value);
size_t rc_map_count(const rc_map *m);
bool rc_map_at(const rc_map *m, size_t i, const char **key, size_t *n, int64_t *value);  /* in order of insertion */

/* --- files (file.c): whole files, gzip seen through, "-" is standard input --- */
int rc_file_read(recur *r, const char *path, rc_buf *out);   /* EIO with the path and the system's reason; a cut gzip is EDATA */
typedef struct rc_file rc_file;                              /* written in pieces: temporary, fsync, rename, fsync of the folder */
int rc_file_begin(recur *r, rc_file **out, const char *path);
int rc_file_put(rc_file *f, const void *s, size_t n);
int rc_file_commit(rc_file *f);                              /* frees f either way; on failure the old file stands */
void rc_file_abort(rc_file *f);
uint64_t rc_hash(const void *s, size_t n);                   /* XXH3, 64 bits */
typedef struct { const char *s, *end; int64_t line; } rc_lines;
bool rc_lines_next(rc_lines *l, const char **s, size_t *n);  /* without \n or \r\n; a last line without \n counts */

/* Every number of the struct is in its row's range, or automatic: EOPTION names the one that is not. */
int rc_option_check(recur *r, const recur_option *t, int n, const void *options);

/* --- Unicode (utf8.c over utf8proc) --- */
int rc_utf8_next(const char *s, size_t n, int32_t *cp);      /* bytes of the sign at s; 0 at the end; invalid: 1 and *cp = -1 */
int rc_utf8_put(int32_t cp, char out[4]);                    /* bytes written */
bool rc_utf8_valid(const char *s, size_t n, size_t *bad);    /* bad: offset of the first invalid byte */
int rc_utf8_fold(recur *r, const char *s, size_t n, bool nfkc, bool lower, rc_buf *out);   /* invalid bytes become U+FFFD */
int rc_utf8_from(recur *r, const char *encoding, const char *s, size_t n, rc_buf *out);    /* "utf-8" (BOM dropped, UTF-16 with BOM seen), "gb18030", ... by iconv */
enum { RC_LETTER, RC_DIGIT, RC_SPACE, RC_HAN, RC_PUNCT };    /* HAN: signs written without blanks between words (Han, kana, Thai...) */
int rc_utf8_class(int32_t cp);
int32_t rc_utf8_small(int32_t cp);                           /* the small letter of a capital that is its capital; else cp */
int32_t rc_utf8_capital(int32_t cp);                         /* the capital of such a small letter; else cp */

/* --- clock --- */
double rc_now(void);                                         /* seconds, monotonic */
#endif
