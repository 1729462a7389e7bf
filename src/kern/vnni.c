/* SPDX-License-Identifier: MIT
 * Of the set "vnni", which is avx512 otherwise: int8 weights times rows rounded to 16 bits, exactly, in integers.
 *
 * A row x has one power of two s above its largest number; q = round(2^15 x / s) + 2^15 = 256 h + l in bytes, and
 * sum w x = s / 2^15 (256 (sum w h - 128 sum w) + sum w l).  Rounding moves a number by s / 2^16 at most, where
 * storing moves a weight by a 254th of its row's largest.  Sums of integers have no order: the rules of bits hold.
 * A panel has four bytes of a column side by side, [K/4][nr][4], behind scales and the sums of its columns: one sum
 * for each piece of K, which is rounded by itself. */
#include "kern/kern.h"

#if defined __x86_64__ && !defined RC_DOUBLE
#include "kern/vec_avx512.h"
#include "kern/vnni.h"

typedef struct { uint8_t h[6][RC_PIECE], l[6][RC_PIECE]; float step[6]; } rows;      /* of A; s / 2^15 */

#include "kern/body_few.h"

#define BEGIN(i, j) h[i][j] = l[i][j] = _mm512_setzero_si512();
#define LOAD(i, j) b[j] = WEIGHTS(j);
#define MULTIPLY(i, j) h[i][j] = _mm512_dpbusd_epi32(h[i][j], xh, b[j]), \
    l[i][j] = _mm512_dpbusd_epi32(l[i][j], xl, b[j]);
#define STORE(i, j) \
    store(at, j, h[i][j], l[i][j], x->step[i], add, C + (size_t)(i) * ldc + (j) * VL);

/* c (= or +=) a vector of the sums: the j-th of a tile's. */
INLINE void store(const block *at, int j, __m512i h, __m512i l, float step, bool add, float *c)
{
    const char *P = at->P + (size_t)(j / 2) * at->panel + (size_t)(j % 2) * sizeof h;
    __m512i sum = _mm512_loadu_si512(P + at->sums);
    vf top = _mm512_cvtepi32_ps(_mm512_sub_epi32(h, _mm512_slli_epi32(sum, 7)));
    vf all = v_fma(top, v_set(256), _mm512_cvtepi32_ps(l)), by = v_mul(_mm512_loadu_ps(P), v_set(step));
    v_store(c, add ? v_fma(all, by, v_load(c)) : v_mul(all, by));
}

INLINE void tile(int m, int v, const rows *x, const block *at, bool add, float *C, size_t ldc)
{
    TILE_BODY(__m512i, 4)
}

static float of_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* s has the exponent after that of the largest number; a row of zeros, and one too small to count, is 0. */
static void round_row(int n, const float *a, uint8_t *h, uint8_t *l, float *step)
{
    vf most = v_set(0), odd = v_set(0);
    for (int k = 0; k < n; k += VL) {
        vf x = v_loadn(a + k, n - k);
        most = v_max(most, _mm512_abs_ps(x));
        odd = v_fma(x, v_set(0), odd);                         /* not a number where one of them is none */
    }
    float top = v_most(most), times = 0;
    uint32_t bits;
    memcpy(&bits, &top, sizeof bits);
    bits &= 0x7f800000;
    if (bits > 27u << 23)
        times = of_bits((268u << 23) - bits);
    for (int k = 0; k < n; k += VL) {
        vf x = v_mul(v_loadn(a + k, n - k), v_set(times));
        __m512i q = _mm512_min_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(0x7fff));
        q = _mm512_add_epi32(q, _mm512_set1_epi32(0x8000));
        _mm_storeu_si128((__m128i *)(void *)(h + k), _mm512_cvtepi32_epi8(_mm512_srli_epi32(q, 8)));
        _mm_storeu_si128((__m128i *)(void *)(l + k), _mm512_cvtepi32_epi8(q));
    }
    *step = (times > 0 ? of_bits(bits - (14u << 23)) : 0) + v_sum(odd);
}

/* Places in a panel: of the scales, of the sums of a piece, of its weights. */
static size_t sums_at(int piece) { return (size_t)(1 + piece) * NR * sizeof(float); }
static size_t weights_at(int K, int k) { return sums_at(rc_k_pieces(K)) + (size_t)k * NR; }

void rc_vnni_gemm_as(int as, int M, int N, int K, const float *A, int rs, const void *P, bool add, float *C, int ldc)
{
    rows x;
    if (as != RC_I8_WEIGHTS) {
        rc_kern_avx512.gemm_as(as, M, N, K, A, rs, P, add, C, ldc);
        return;
    }
    for (int m0 = 0, m; m0 < M; m0 += m) {
        m = M - m0 < SIX ? M - m0 : SIX;
        for (int i = 0; i < rc_k_pieces(K); i++) {
            int k = i * PIECE, part = K - k < PIECE ? K - k : PIECE;
            for (int r = 0; r < m; r++)
                round_row(part, A + (ptrdiff_t)(m0 + r) * rs + k, x.h[r], x.l[r], &x.step[r]);
            block at = { P, sums_at(i), weights_at(K, k), rc_panel_bytes(as, NR, K), (part + 3) / 4 };
            panels(m, N, &x, at, add || i, C + (size_t)m0 * (size_t)ldc, (size_t)ldc);
        }
    }
}

void rc_vnni_pack_as(int as, int K, int N, const float *W, int ldw, void *P)
{
    size_t panel = rc_panel_bytes(as, NR, K);
    if (as != RC_I8_WEIGHTS) {
        rc_kern_avx512.pack_as(as, K, N, W, ldw, P);
        return;
    }
    memset(P, 0, (size_t)((N + NR - 1) / NR) * panel);
    for (int n = 0; n < N; n++) {
        const float *w = W + (size_t)n * (size_t)ldw;
        char *to = (char *)P + (size_t)(n / NR) * panel;
        float scale = rc_row_scale((size_t)K, w);
        memcpy(to + (size_t)(n % NR) * sizeof scale, &scale, sizeof scale);
        for (int k = 0; k < K; k += PIECE) {
            int8_t piece[PIECE];
            int part = K - k < PIECE ? K - k : PIECE, sum = 0;
            rc_store_row(as, (size_t)part, w + k, scale, piece);
            for (int i = 0; i < part; i++) {
                to[weights_at(K, k) + (size_t)((i / 4 * NR + n % NR) * 4 + i % 4)] = (char)piece[i];
                sum += piece[i];
            }
            memcpy(to + sums_at(k / PIECE) + (size_t)(n % NR) * sizeof sum, &sum, sizeof sum);
        }
    }
}
#else
typedef int rc_no_vnni;                           /* a file has to hold something */
#endif
