/* SPDX-License-Identifier: MIT
 * Stored weights times a few rows that were made ready for them: what vnni.c and bf16.c share.  A file says what
 * `rows` of A are, defines `tile`, and has `panels`.  m rows by v vectors of columns are constants in a tile, so that
 * its sums stay in registers. */
enum { NR = 2 * VL, SIX = 6, PIECE = RC_PIECE };

typedef struct { const char *P; size_t sums, weights, panel; int groups; } block; /* where panels have a piece of K */

#define INLINE static inline __attribute__((always_inline))
#define WHEN(is, s) if (is) { s }
#define EACH_ROW(m, S) S(0) WHEN(m > 1, S(1)) WHEN(m > 2, S(2)) WHEN(m > 3, S(3)) WHEN(m > 4, S(4)) WHEN(m > 5, S(5))
#define EACH_VECTOR(v, S, i) S(i, 0) S(i, 1) WHEN(v > 2, S(i, 2) S(i, 3)) \
    WHEN(v > 4, S(i, 4) S(i, 5) S(i, 6) S(i, 7))
#define WEIGHTS(j) _mm512_loadu_si512(w + (size_t)((j) / 2) * at->panel + (size_t)((j) % 2 * 4 * VL))
#define BEGIN_ROW(i) EACH_VECTOR(v, BEGIN, i)
#define MULTIPLY_ROW(i) xh = four(x->h[i] + k), xl = four(x->l[i] + k); EACH_VECTOR(v, MULTIPLY, i)
#define STORE_ROW(i) EACH_VECTOR(v, STORE, i)

/* What a tile does, with sums of a type, `group` numbers of a column side by side; BEGIN, LOAD, MULTIPLY, STORE are the file's. */
#define TILE_BODY(sum, group) \
    sum h[SIX][8], l[SIX][8]; \
    __m512i b[8], xh, xl; \
    const char *w = at->P + at->weights; \
    EACH_ROW(m, BEGIN_ROW) \
    for (int k = 0; k < (group) * at->groups; k += (group), w += 4 * NR) { \
        EACH_VECTOR(v, LOAD, 0) \
        EACH_ROW(m, MULTIPLY_ROW) \
    } \
    EACH_ROW(m, STORE_ROW)

/* C [m][v vectors] (= or +=) rows of x times a piece of v / 2 panels. */
INLINE void tile(int m, int v, const rows *x, const block *at, bool add, float *C, size_t ldc);

/* Four bytes in every lane. */
INLINE __m512i four(const void *x)
{
    int32_t all;
    memcpy(&all, x, sizeof all);
    return _mm512_set1_epi32(all);
}

typedef void tile_fn(const rows *x, const block *at, bool add, float *C, size_t ldc);
#define TILE(m, v) static void tile_##m##_##v(const rows *x, const block *at, bool add, float *C, size_t ldc) \
    { tile(m, v, x, at, add, C, ldc); }
TILE(1, 8) TILE(1, 2) TILE(2, 4) TILE(2, 2) TILE(3, 4) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2)
static tile_fn *const one_panel[SIX + 1] = { NULL, tile_1_2, tile_2_2, tile_3_2, tile_4_2, tile_5_2, tile_6_2 };
static tile_fn *const wide[SIX + 1] = { NULL, tile_1_8, tile_2_4, tile_3_4 };
static const int wide_panels[SIX + 1] = { 0, 4, 2, 2 };

static void copy(int m, int n, const float *from, size_t ldf, float *to, size_t ldt)
{
    for (int r = 0; r < m; r++)
        memcpy(to + (size_t)r * ldt, from + (size_t)r * ldf, (size_t)n * sizeof *to);
}

/* m rows by all columns. */
static void panels(int m, int N, const rows *x, block at, bool add, float *C, size_t ldc)
{
    int n = 0, by = wide_panels[m];
    float t[SIX * NR] = { 0 };
    for (; by && n + by * NR <= N; n += by * NR, at.P += (size_t)by * at.panel)
        wide[m](x, &at, add, C + n, ldc);
    for (; n + NR <= N; n += NR, at.P += at.panel)
        one_panel[m](x, &at, add, C + n, ldc);
    if (n == N)
        return;
    if (add)
        copy(m, N - n, C + n, ldc, t, NR);
    one_panel[m](x, &at, add, t, NR);
    copy(m, N - n, t, NR, C + n, ldc);
}
