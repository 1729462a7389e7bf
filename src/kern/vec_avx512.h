/* SPDX-License-Identifier: MIT
 * Vector words of AVX-512: sixteen floats, masks for tails. */
#include <immintrin.h>
#include <stdint.h>

enum { VL = 16, MR = 12 };                     /* lanes; rows of the micro-tile: 12 x 2 of 32 registers */
typedef __m512 vf;
typedef uint64_t vw __attribute__((vector_size(64)));

static inline vf v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
static inline vf v_load_f16(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
static inline vf v_load_bf16(const uint16_t *p)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)), 16));
}
static inline vf v_load_i8(const int8_t *p) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p))); }
static inline __mmask16 v_first(int n) { return (__mmask16)(n >= VL ? 0xffffu : (1u << n) - 1); }
static inline vf v_loadn(const float *p, int n) { return _mm512_maskz_loadu_ps(v_first(n), p); }
static inline void v_storen(float *p, vf x, int n) { _mm512_mask_storeu_ps(p, v_first(n), x); }
static inline vf v_set(float x) { return _mm512_set1_ps(x); }
static inline vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf v_div(vf a, vf b) { return _mm512_div_ps(a, b); }
static inline vf v_sqrt(vf a) { return _mm512_sqrt_ps(a); }
static inline vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }       /* a b + c */
static inline vf v_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }     /* c - a b */
static inline vf v_min(vf a, vf b) { return _mm512_min_ps(a, b); }                  /* a NaN in b comes through */
static inline vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }                  /* likewise */
static inline vf v_positive(vf x, vf a, vf b) { return _mm512_mask_mov_ps(b, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GT_OQ), a); }   /* x > 0 ? a : b */
static inline vf v_round(vf x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline vf v_pow2(vf n)                                                       /* 2^n of a whole n in -126 .. 127 */
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23));
}
static inline vw v_mul_low(vw a, uint32_t b) { return (vw)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(b)); }   /* of each lane's lower half */
static inline float v_sum(vf x) { return _mm512_reduce_add_ps(x); }
static inline float v_most(vf x) { return _mm512_reduce_max_ps(x); }

/* Rows to columns: pairs, fours, then whole quarters. */
static inline void v_transpose(vf x[VL])
{
    vf t[VL];
    for (int i = 0; i < VL; i += 4) {
        vf a = _mm512_unpacklo_ps(x[i], x[i + 1]), b = _mm512_unpackhi_ps(x[i], x[i + 1]);
        vf c = _mm512_unpacklo_ps(x[i + 2], x[i + 3]), d = _mm512_unpackhi_ps(x[i + 2], x[i + 3]);
        t[i] = _mm512_shuffle_ps(a, c, 0x44), t[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
        t[i + 2] = _mm512_shuffle_ps(b, d, 0x44), t[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
    }
    for (int i = 0; i < 4; i++) {
        vf a = _mm512_shuffle_f32x4(t[i], t[i + 4], 0x88), b = _mm512_shuffle_f32x4(t[i], t[i + 4], 0xdd);
        vf c = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0x88), d = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0xdd);
        x[i] = _mm512_shuffle_f32x4(a, c, 0x88), x[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
        x[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88), x[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
}
