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
#define LOAD_C(i, j) c[i][j] = add ? v_load(C + (size_t)(i) * ldc + (j) * VL) : v_set(0);
#define LOAD_B(i, j) b[j] = v_load(P + (size_t)((j) / 2) * panel + (j) % 2 * VL);
#define MULTIPLY(i, j) c[i][j] = v_fma(x, b[j], c[i][j]);
#define STORE_C(i, j) v_store(C + (size_t)(i) * ldc + (j) * VL, c[i][j]);
#define LOAD_ROW(i) EACH_VECTOR(v, LOAD_C, i)
#define MULTIPLY_ROW(i) x = v_set(a[(i) / 3][(i) % 3 * rs]); EACH_VECTOR(v, MULTIPLY, i)
#define STORE_ROW(i) EACH_VECTOR(v, STORE_C, i)

/* C [m][v vectors] = A P (+ C).  m and v are constants where this is called.  A's rows go by threes from one pointer,
 * which addressing modes reach without a register for each row. */
INLINE void tile(int m, int v, int K, const float *A, ptrdiff_t rs, ptrdiff_t cs, const float *P, size_t panel, bool add,
                 float *C, size_t ldc)
{
    vf c[12][8], b[8], x;
    const float *a[4] = { A, A + 3 * rs, A + 6 * rs, A + 9 * rs };
    EACH_TILE_ROW(m, LOAD_ROW)
    for (int k = 0; k < K; k++, P += NR) {
        EACH_VECTOR(v, LOAD_B, 0)
        EACH_TILE_ROW(m, MULTIPLY_ROW)
        a[0] += cs, a[1] += cs, a[2] += cs, a[3] += cs;
    }
    EACH_TILE_ROW(m, STORE_ROW)
}

typedef void tile_fn(int K, const float *A, ptrdiff_t rs, ptrdiff_t cs, const float *P, size_t panel, bool add, float *C, size_t ldc);

#define TILE(m, v)                                                                                                      \
    static void tile_##m##_##v(int K, const float *A, ptrdiff_t rs, ptrdiff_t cs, const float *P, size_t panel,         \
                               bool add, float *C, size_t ldc)                                                          \
    {                                                                                                                   \
        tile(m, v, K, A, rs, cs, P, panel, add, C, ldc);                                                                \
    }
#define ROWS_6(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define ROWS_12(X) X(7) X(8) X(9) X(10) X(11) X(12)
#define NARROW(m) TILE(m, 1) TILE(m, 2)
ROWS_6(NARROW)
#ifdef TALL                                       /* 32 registers */
ROWS_12(NARROW)
TILE(1, 8) TILE(2, 8) TILE(3, 8) TILE(4, 4) TILE(5, 4) TILE(6, 4)
#else
TILE(1, 8) TILE(2, 4) TILE(3, 4)
#endif

#define ONE(m) tile_##m##_1,
#define TWO(m) tile_##m##_2,
#ifdef TALL
static tile_fn *const half_panel[] = { NULL, ROWS_6(ONE) ROWS_12(ONE) };
static tile_fn *const one_panel[] = { NULL, ROWS_6(TWO) ROWS_12(TWO) };
static const struct { tile_fn *fn; int panels; } wide[MR + 1] = {
    { NULL, 0 }, { tile_1_8, 4 }, { tile_2_8, 4 }, { tile_3_8, 4 }, { tile_4_4, 2 }, { tile_5_4, 2 }, { tile_6_4, 2 },
};
#else
static tile_fn *const half_panel[] = { NULL, ROWS_6(ONE) };
static tile_fn *const one_panel[] = { NULL, ROWS_6(TWO) };
static const struct { tile_fn *fn; int panels; } wide[MR + 1] = { { NULL, 0 }, { tile_1_8, 4 }, { tile_2_4, 2 }, { tile_3_4, 2 } };
#endif

/* The last n < NR columns: by way of a tile of our own where they are no whole vectors. */
static void edge(int m, int n, int K, const float *A, ptrdiff_t rs, ptrdiff_t cs, const float *P, bool add, float *C, size_t ldc)
{
    tile_fn *fn = n <= VL ? half_panel[m] : one_panel[m];
    float t[MR * NR] = { 0 };
    if (n == VL) {
        fn(K, A, rs, cs, P, 0, add, C, ldc);
        return;
    }
    for (int i = 0; add && i < m; i++)
        memcpy(t + i * NR, C + (size_t)i * ldc, (size_t)n * sizeof *t);
    fn(K, A, rs, cs, P, 0, add, t, NR);
    for (int i = 0; i < m; i++)
        memcpy(C + (size_t)i * ldc, t + i * NR, (size_t)n * sizeof *t);
}

/* m <= MR rows, all columns; step: reals from a panel to the next. */
static void strip(int m, int N, int K, const float *A, ptrdiff_t rs, ptrdiff_t cs, const float *P, size_t step, bool add, float *C, size_t ldc)
{
    int n = 0, group = wide[m].panels * NR;
    for (; group && n + group <= N; n += group, P += step * (size_t)wide[m].panels)
        wide[m].fn(K, A, rs, cs, P, step, add, C + n, ldc);
    for (; n + NR <= N; n += NR, P += step)
        one_panel[m](K, A, rs, cs, P, 0, add, C + n, ldc);
    if (n < N)
        edge(m, N - n, K, A, rs, cs, P, add, C + n, ldc);
}

/* Rows m0..m1 in even tiles of at most MR, panel by panel: the panel's block of k stays in the first-level cache. */
static void block(int m0, int m1, int N, int K, const float *A, ptrdiff_t rs, ptrdiff_t cs, const float *P, size_t step, bool add, float *C, size_t ldc)
{
    int tiles = (m1 - m0 + MR - 1) / MR;
    for (int n = 0; n < N; n += NR, P += step)
        for (int t = 0; t < tiles; t++) {
            int lo, hi;
            rc_part(m1 - m0, 1, t, tiles, &lo, &hi);
            lo += m0;
            hi += m0;
            if (N - n >= NR)
                one_panel[hi - lo](K, A + lo * rs, rs, cs, P, 0, add, C + (size_t)lo * ldc + n, ldc);
            else
                edge(hi - lo, N - n, K, A + lo * rs, rs, cs, P, add, C + (size_t)lo * ldc + n, ldc);
        }
}

static void gemm(int M, int N, int K, const float *A, int rs, int cs, const float *P, bool add, float *C, int ldc)
{
    size_t step = (size_t)K * NR;
    if (M <= MR) {
        if (M > 0)
            strip(M, N, K, A, rs, cs, P, step, add, C, (size_t)ldc);
        return;
    }
    int blocks = K > KB + KB / 2 ? (K + KB - 1) / KB : 1;
    for (int b = 0; b < blocks; b++) {
        int k0, k1;
        rc_part(K, 1, b, blocks, &k0, &k1);
        for (int m0 = 0; m0 < M; m0 += MB)
            block(m0, m0 + MB < M ? m0 + MB : M, N, k1 - k0, A + (ptrdiff_t)k0 * cs, rs, cs, P + (size_t)k0 * NR, step,
                  add || b, C, (size_t)ldc);
    }
}
