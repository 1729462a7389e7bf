/* SPDX-License-Identifier: MIT
 * Packing and products in vector words.
 *
 * A tile is m rows by v vectors of C held in registers while k runs once through A's rows (broadcast) and the panels
 * (streamed).  Two vectors make a panel; a few rows take several panels at once, since less than eight chains leave the
 * multiply-adders waiting (four cycles, two a cycle); v = 1 is the first half of a panel, for what is left of N. */
enum { NR = 2 * VL, KB = 256, MB = 12 * MR };     /* K of a panel that stays in the first-level cache; rows of A in the second */

/* Columns n.. of B into one panel: rows are copied. */
static void pack_rows(int K, int n, const float *B, size_t ldb, float *P)
{
    for (int k = 0; k < K; k++, B += ldb, P += NR) {
        __builtin_prefetch(B + 12 * ldb);                      /* two lines of each of many rows: no stream that is foreseen */
        __builtin_prefetch(B + 12 * ldb + VL);
        v_store(P, v_loadn(B, n < VL ? n : VL));
        v_store(P + VL, n > VL ? v_loadn(B + VL, n - VL) : v_set(0));
    }
}

/* The same from B stored [N][K]: squares of VL are turned in registers. */
static void pack_columns(int K, int n, const float *B, size_t ldb, float *P)
{
    for (int half = 0; half < 2; half++, B += VL * ldb, P += VL) {
        int have = n - half * VL;
        for (int k = 0; k < K; k += VL) {
            vf x[VL];
            for (int j = 0; j < VL; j++)
                x[j] = j < have ? v_loadn(B + (size_t)j * ldb + k, K - k) : v_set(0);
            v_transpose(x);
            for (int j = 0; j < VL && j < K - k; j++)
                v_store(P + (size_t)(k + j) * NR, x[j]);
        }
    }
}

static void pack(bool trans, int K, int N, const float *B, int ldb, float *P)
{
    for (int n = 0; n < N; n += NR, P += (size_t)K * NR)
        if (trans)
            pack_columns(K, N - n, B + (size_t)n * (size_t)ldb, (size_t)ldb, P);
        else
            pack_rows(K, N - n, B + n, (size_t)ldb, P);
}

#define INLINE static inline __attribute__((always_inline))

/* S(i) for the rows, S(i, j) for the vectors of row i: m and v are constants, so what is left is straight code whose
 * sums every compiler keeps in registers. */
#define WHEN(is, s) if (is) { s }
#define EACH_TILE_ROW(m, S) S(0) WHEN(m > 1, S(1)) WHEN(m > 2, S(2)) WHEN(m > 3, S(3)) WHEN(m > 4, S(4)) WHEN(m > 5, S(5)) \
    WHEN(m > 6, S(6)) WHEN(m > 7, S(7)) WHEN(m > 8, S(8)) WHEN(m > 9, S(9)) WHEN(m > 10, S(10)) WHEN(m > 11, S(11))
#define EACH_VECTOR(v, S, i) S(i, 0) WHEN(v > 1, S(i, 1)) WHEN(v > 2, S(i, 2)) WHEN(v > 3, S(i, 3)) WHEN(v > 4, S(i, 4)) \
    WHEN(v > 5, S(i, 5)) WHEN(v > 6, S(i, 6)) WHEN(v > 7, S(i, 7))
#define LOAD_C(i, j) c[i][j] = add && !scaled ? v_load(C + (size_t)(i) * ldc + (j) * VL) : v_set(0);
#define LOAD_B(i, j) b[j] = v_weights(as, p + (size_t)((j) / 2) * panel + (j) % 2 * VL * size);
#define MULTIPLY(i, j) c[i][j] = v_fma(x, b[j], c[i][j]);
#define ONCE(i, j) LOAD_B(i, j) MULTIPLY(i, j)
#define FETCH_C(i, j) __builtin_prefetch(next + (size_t)(i) * ldc + (j) * VL, 1);
#define LOAD_SCALE(i, j) b[j] = v_load((const float *)(P + (size_t)((j) / 2) * panel) + (j) % 2 * VL);
#define SCALE(i, j) c[i][j] = add ? v_fma(c[i][j], b[j], v_load(C + (size_t)(i) * ldc + (j) * VL)) : v_mul(c[i][j], b[j]);
#define STORE_C(i, j) v_store(C + (size_t)(i) * ldc + (j) * VL, c[i][j]);
#define LOAD_ROW(i) EACH_VECTOR(v, LOAD_C, i)
#define FETCH_ROW(i) EACH_VECTOR(v, FETCH_C, i)
#define MULTIPLY_ROW(i) x = v_set(a[(i) / 3][(i) % 3 * rs]); EACH_VECTOR(v, MULTIPLY, i)
#define SCALE_ROW(i) EACH_VECTOR(v, SCALE, i)
#define STORE_ROW(i) EACH_VECTOR(v, STORE_C, i)

/* VL weights as they are stored; `as` is a constant. */
INLINE vf v_weights(int as, const char *p)
{
    return as == RC_F32_WEIGHTS ? v_load((const float *)p) : as == RC_F16_WEIGHTS ? v_load_f16((const uint16_t *)p)
         : as == RC_BF16_WEIGHTS ? v_load_bf16((const uint16_t *)p) : v_load_i8((const int8_t *)p);
}

/* By storage and rows; of what is stored smaller strips have at most SIX rows. */
enum { SIX = 6 };

/* C [m][v vectors] = A P (+ C).  m, v and as are constants where this is called.  A's rows go by threes from one
 * pointer, which addressing modes reach without a register for each row.  panel: bytes from one to the next; next: the C
 * of the tile that follows, which is fetched meanwhile. */
INLINE void tile(int as, int m, int v, int K, const float *A, ptrdiff_t rs, ptrdiff_t cs, const char *P, size_t panel,
                 bool add, float *C, size_t ldc, const float *next)
{
    const bool scaled = as == RC_I8_WEIGHTS;
    const int size = as == RC_F32_WEIGHTS ? 4 : as == RC_I8_WEIGHTS ? 1 : 2;
    vf c[12][8], b[8], x;
    const float *a[4] = { A, A + 3 * rs, A + 6 * rs, A + 9 * rs };
    const char *p = P + (scaled ? NR * sizeof(float) : 0);
    EACH_TILE_ROW(m, LOAD_ROW)
    if (m > MR / 2) {
        EACH_TILE_ROW(m, FETCH_ROW)
    }
    for (int k = 0; k < K; k++, p += NR * size) {
        if (m > MR / 2 && v == 2) {             /* what comes next is on its way from a slower cache meanwhile */
            __builtin_prefetch(p + panel);
            __builtin_prefetch(p + panel + VL * sizeof(float));
            __builtin_prefetch(a[0] + 16 * cs);
        }
        if (m == 1) {                             /* each vector is used once: none waits in a register */
            x = v_set(*a[0]);
            EACH_VECTOR(v, ONCE, 0)
        } else {
            EACH_VECTOR(v, LOAD_B, 0)
            EACH_TILE_ROW(m, MULTIPLY_ROW)
        }
        a[0] += cs, a[1] += cs, a[2] += cs, a[3] += cs;
    }
    if (scaled) {
        EACH_VECTOR(v, LOAD_SCALE, 0)
        EACH_TILE_ROW(m, SCALE_ROW)
    }
    EACH_TILE_ROW(m, STORE_ROW)
}

typedef void tile_fn(int K, const float *A, ptrdiff_t rs, ptrdiff_t cs, const char *P, size_t panel, bool add, float *C, size_t ldc,
                     const float *next);

#define TILE(as, m, v)                                                                                                  \
    static void tile_##as##_##m##_##v(int K, const float *A, ptrdiff_t rs, ptrdiff_t cs, const char *P, size_t panel,   \
                                      bool add, float *C, size_t ldc, const float *next)                                \
    {                                                                                                                   \
        tile(RC_##as##_WEIGHTS, m, v, K, A, rs, cs, P, panel, add, C, ldc, next);                                             \
    }
#define ROWS_6(X, as) X(as, 1) X(as, 2) X(as, 3) X(as, 4) X(as, 5) X(as, 6)
#define ROWS_12(X, as) X(as, 7) X(as, 8) X(as, 9) X(as, 10) X(as, 11) X(as, 12)
#define HALF(as, m) TILE(as, m, 1)
#define NARROW(as, m) TILE(as, m, 2)
#ifdef TALL                                       /* 32 registers */
#define WIDE(as) TILE(as, 1, 8) TILE(as, 2, 8) TILE(as, 3, 8) TILE(as, 4, 4) TILE(as, 5, 4) TILE(as, 6, 4)
#define WIDE_FNS(as) { NULL, tile_##as##_1_8, tile_##as##_2_8, tile_##as##_3_8, tile_##as##_4_4, tile_##as##_5_4, tile_##as##_6_4 }
static const int wide_panels[MR + 1] = { 0, 4, 4, 4, 2, 2, 2 };
ROWS_12(NARROW, F32) ROWS_12(HALF, F32)
#define MORE(X, as) ROWS_12(X, as)
#else
#define WIDE(as) TILE(as, 1, 8) TILE(as, 2, 4) TILE(as, 3, 4)
#define WIDE_FNS(as) { NULL, tile_##as##_1_8, tile_##as##_2_4, tile_##as##_3_4 }
static const int wide_panels[MR + 1] = { 0, 4, 2, 2 };
#define MORE(X, as)
#endif
#define EACH_STORAGE(X) X(F32) X(F16) X(BF16) X(I8)
#define TILES(as) ROWS_6(NARROW, as) WIDE(as)
EACH_STORAGE(TILES) ROWS_6(HALF, F32)

#define ONE(as, m) tile_##as##_##m##_1,
#define TWO(as, m) tile_##as##_##m##_2,
static tile_fn *const half_panel[MR + 1] = { NULL, ROWS_6(ONE, F32) MORE(ONE, F32) };      /* of floats alone */
static tile_fn *const one_panel[][MR + 1] = {
    { NULL, ROWS_6(TWO, F32) MORE(TWO, F32) }, { NULL, ROWS_6(TWO, F16) }, { NULL, ROWS_6(TWO, BF16) }, { NULL, ROWS_6(TWO, I8) },
};
static tile_fn *const wide[][MR + 1] = { WIDE_FNS(F32), WIDE_FNS(F16), WIDE_FNS(BF16), WIDE_FNS(I8) };

/* The last n < NR columns: by way of a tile of our own where they are no whole vectors. */
static void edge(int as, int m, int n, int K, const float *A, ptrdiff_t rs, ptrdiff_t cs, const char *P, bool add, float *C, size_t ldc)
{
    tile_fn *fn = n <= VL && as == RC_F32_WEIGHTS ? half_panel[m] : one_panel[as][m];
    float t[MR * NR] = { 0 };
    if (n == VL && as == RC_F32_WEIGHTS) {
        fn(K, A, rs, cs, P, 0, add, C, ldc, C);
        return;
    }
    for (int i = 0; add && i < m; i++)
        memcpy(t + i * NR, C + (size_t)i * ldc, (size_t)n * sizeof *t);
    fn(K, A, rs, cs, P, 0, add, t, NR, t);
    for (int i = 0; i < m; i++)
        memcpy(C + (size_t)i * ldc, t + i * NR, (size_t)n * sizeof *t);
}

/* m <= MR rows, all columns; step: bytes from a panel to the next. */
static void strip(int as, int m, int N, int K, const float *A, ptrdiff_t rs, ptrdiff_t cs, const char *P, size_t step, bool add, float *C, size_t ldc)
{
    int n = 0, group = wide_panels[m] * NR;
    for (; group && n + group <= N; n += group, P += step * (size_t)wide_panels[m])
        wide[as][m](K, A, rs, cs, P, step, add, C + n, ldc, C + n);
    for (; n + NR <= N; n += NR, P += step)
        one_panel[as][m](K, A, rs, cs, P, 0, add, C + n, ldc, C + n + NR);
    if (n < N)
        edge(as, m, N - n, K, A, rs, cs, P, add, C + n, ldc);
}

/* Rows m0..m1 in even tiles of at most MR, panel by panel: the panel's block of k stays in the first-level cache. */
static void block(int m0, int m1, int N, int K, const float *A, ptrdiff_t rs, ptrdiff_t cs, const char *P, size_t step, bool add, float *C, size_t ldc)
{
    int tiles = (m1 - m0 + MR - 1) / MR;
    for (int n = 0; n < N; n += NR, P += step)
        for (int t = 0; t < tiles; t++) {
            int lo, hi;
            rc_part(m1 - m0, 1, t, tiles, &lo, &hi);
            lo += m0;
            hi += m0;
            float *c = C + (size_t)lo * ldc + n, *next = hi < m1 ? c + (size_t)(hi - lo) * ldc : C + (size_t)m0 * ldc + n + NR;
            if (N - n >= NR)
                one_panel[0][hi - lo](K, A + lo * rs, rs, cs, P, t == tiles - 1 ? step : 0, add, c, ldc, next);
            else
                edge(0, hi - lo, N - n, K, A + lo * rs, rs, cs, P, add, c, ldc);
        }
}

static void gemm(int M, int N, int K, const float *A, int rs, int cs, const float *P, bool add, float *C, int ldc)
{
    size_t step = (size_t)K * NR * sizeof *P;
    if (M <= MR) {
        if (M > 0)
            strip(RC_F32_WEIGHTS, M, N, K, A, rs, cs, (const char *)P, step, add, C, (size_t)ldc);
        return;
    }
    int blocks = K > KB + KB / 2 ? (K + KB - 1) / KB : 1;
    for (int b = 0; b < blocks; b++) {
        int k0, k1;
        rc_part(K, 1, b, blocks, &k0, &k1);
        for (int m0 = 0; m0 < M; m0 += MB)
            block(m0, m0 + MB < M ? m0 + MB : M, N, k1 - k0, A + (ptrdiff_t)k0 * cs, rs, cs,
                  (const char *)(P + (size_t)k0 * NR), step, add || b, C, (size_t)ldc);
    }
}

static void gemm_as(int as, int M, int N, int K, const float *A, int rs, const void *P, bool add, float *C, int ldc)
{
    if (as == RC_F32_WEIGHTS) {
        gemm(M, N, K, A, rs, 1, P, add, C, ldc);
        return;
    }
    int strips = (M + SIX - 1) / SIX;
    for (int i = 0; i < strips; i++) {
        int lo, hi;
        rc_part(M, 1, i, strips, &lo, &hi);
        strip(as, hi - lo, N, K, A + (ptrdiff_t)lo * rs, rs, 1, P, rc_panel_bytes(as, NR, K), add, C + (size_t)lo * (size_t)ldc,
              (size_t)ldc);
    }
}

static void pack_as(int as, int K, int N, const float *B, int ldb, void *P)
{
    if (as == RC_F32_WEIGHTS)
        pack(true, K, N, B, ldb, P);
    else
        rc_ref_pack_as(as, NR, K, N, B, ldb, P);
}
