/* SPDX-License-Identifier: MIT
 * Of the set "bf16", which is vnni otherwise: bf16 weights times rows that are parted in two bf16 numbers, x = h + l.
 *
 * What is left of a number is 2^-17 of it at most, where storing moves a weight by 2^-9 of itself.  Every element has
 * two chains over pairs of k, of h from what C had and of l from 0, added at the end: the rules of bits hold.  A panel
 * has two numbers of a column side by side, [K/2][nr][2].  Pieces of K go on from one another through C. */
#include "kern/kern.h"

#if defined __x86_64__ && !defined RC_DOUBLE
#include "kern/vec_avx512.h"
#include "kern/vnni.h"

typedef struct { uint16_t h[6][RC_PIECE], l[6][RC_PIECE]; } rows;      /* of A */

#include "kern/body_few.h"

#define PAIRS(x) ((__m512bh)(x))
#define BEGIN(i, j) h[i][j] = add ? v_load(C + (size_t)(i) * ldc + (j) * VL) : v_set(0), l[i][j] = v_set(0);
#define LOAD(i, j) b[j] = WEIGHTS(j);
#define MULTIPLY(i, j) h[i][j] = _mm512_dpbf16_ps(h[i][j], PAIRS(xh), PAIRS(b[j])), \
    l[i][j] = _mm512_dpbf16_ps(l[i][j], PAIRS(xl), PAIRS(b[j]));
#define STORE(i, j) v_store(C + (size_t)(i) * ldc + (j) * VL, v_add(h[i][j], l[i][j]));

INLINE void tile(int m, int v, const rows *x, const block *at, bool add, float *C, size_t ldc)
{
    TILE_BODY(vf, 2)
}

static void part_row(int n, const float *a, uint16_t *h, uint16_t *l)
{
    for (int k = 0; k < n; k += VL) {
        vf x = v_loadn(a + k, n - k);
        __m256i high = (__m256i)_mm512_cvtneps_pbh(x);
        vf back = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));
        _mm256_storeu_si256((__m256i *)(void *)(h + k), high);
        _mm256_storeu_si256((__m256i *)(void *)(l + k), (__m256i)_mm512_cvtneps_pbh(v_sub(x, back)));
    }
}

void rc_bf16_gemm_as(int as, int M, int N, int K, const float *A, int rs, const void *P, bool add, float *C, int ldc)
{
    rows x;
    if (as != RC_BF16_WEIGHTS) {
        rc_vnni_gemm_as(as, M, N, K, A, rs, P, add, C, ldc);
        return;
    }
    for (int m0 = 0, m; m0 < M; m0 += m) {
        m = M - m0 < SIX ? M - m0 : SIX;
        for (int i = 0; i < rc_k_pieces(K); i++) {
            int k = i * PIECE, part = K - k < PIECE ? K - k : PIECE;
            for (int r = 0; r < m; r++)
                part_row(part, A + (ptrdiff_t)(m0 + r) * rs + k, x.h[r], x.l[r]);
            block at = { P, 0, (size_t)k * NR * 2, rc_panel_bytes(as, NR, K), (part + 1) / 2 };
            panels(m, N, &x, at, add || i, C + (size_t)m0 * (size_t)ldc, (size_t)ldc);
        }
    }
}

void rc_bf16_pack_as(int as, int K, int N, const float *W, int ldw, void *P)
{
    size_t panel = rc_panel_bytes(as, NR, K);
    if (as != RC_BF16_WEIGHTS) {
        rc_vnni_pack_as(as, K, N, W, ldw, P);
        return;
    }
    memset(P, 0, (size_t)((N + NR - 1) / NR) * panel);
    for (int n = 0; n < N; n++)
        for (int k = 0; k < K; k++)
            rc_store_row(as, 1, W + (size_t)n * (size_t)ldw + (size_t)k, 1,
                         (char *)P + (size_t)(n / NR) * panel + (size_t)((k / 2 * NR + n % NR) * 2 + k % 2) * 2);
}
#else
typedef int rc_no_bf16;                           /* a file has to hold something */
#endif
