/* SPDX-License-Identifier: MIT
 * Vector words of SSE2, which every x86-64 has: four floats, no fused multiply-add. */
#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

enum { VL = 4, MR = 6 };                       /* lanes; rows of the micro-tile: 6 x 2 of 16 registers */
typedef __m128 vf;
typedef uint64_t vw __attribute__((vector_size(16)));

static inline vf v_load(const float *p) { return _mm_loadu_ps(p); }
static inline void v_store(float *p, vf x) { _mm_storeu_ps(p, x); }
static inline vf v_load_bf16(const uint16_t *p)
{
    return _mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), _mm_loadl_epi64((const __m128i *)p)));
}
/* Exponent and fraction moved into place are 2^-112 of the value, small numbers too. */
static inline vf v_load_f16(const uint16_t *p)
{
    __m128i h = _mm_unpacklo_epi16(_mm_setzero_si128(), _mm_loadl_epi64((const __m128i *)p)), sign = _mm_set1_epi32((int)0x80000000u);
    vf x = _mm_castsi128_ps(_mm_srli_epi32(_mm_andnot_si128(sign, h), 3));
    return _mm_or_ps(_mm_mul_ps(x, _mm_set1_ps(0x1p112f)), _mm_castsi128_ps(_mm_and_si128(sign, h)));
}
static inline vf v_load_i8(const int8_t *p)
{
    int four;
    memcpy(&four, p, sizeof four);
    __m128i x = _mm_cvtsi32_si128(four);
    x = _mm_unpacklo_epi8(x, x);
    return _mm_cvtepi32_ps(_mm_srai_epi32(_mm_unpacklo_epi16(x, x), 24));
}
static inline vf v_loadn(const float *p, int n)
{
    float t[VL] = { 0 };
    if (n >= VL)
        return v_load(p);
    memcpy(t, p, (size_t)n * sizeof *t);
    return v_load(t);
}
static inline void v_storen(float *p, vf x, int n)
{
    float t[VL];
    v_store(t, x);
    memcpy(p, t, (size_t)(n < VL ? n : VL) * sizeof *t);
}
static inline vf v_set(float x) { return _mm_set1_ps(x); }
static inline vf v_add(vf a, vf b) { return _mm_add_ps(a, b); }
static inline vf v_sub(vf a, vf b) { return _mm_sub_ps(a, b); }
static inline vf v_mul(vf a, vf b) { return _mm_mul_ps(a, b); }
static inline vf v_div(vf a, vf b) { return _mm_div_ps(a, b); }
static inline vf v_sqrt(vf a) { return _mm_sqrt_ps(a); }
static inline vf v_fma(vf a, vf b, vf c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }     /* a b + c, rounded twice */
static inline vf v_fnma(vf a, vf b, vf c) { return _mm_sub_ps(c, _mm_mul_ps(a, b)); }    /* c - a b, likewise */
static inline vf v_min(vf a, vf b) { return _mm_min_ps(a, b); }                          /* a NaN in b comes through */
static inline vf v_max(vf a, vf b) { return _mm_max_ps(a, b); }                          /* likewise */
static inline vf v_positive(vf x, vf a, vf b)                                            /* x > 0 ? a : b */
{
    vf m = _mm_cmpgt_ps(x, _mm_setzero_ps());
    return _mm_or_ps(_mm_and_ps(m, a), _mm_andnot_ps(m, b));
}
static inline vf v_round(vf x) { return _mm_cvtepi32_ps(_mm_cvtps_epi32(x)); }           /* |x| < 2^31 */
static inline vf v_pow2(vf n)                                                            /* 2^n of a whole n in -126 .. 127 */
{
    return _mm_castsi128_ps(_mm_slli_epi32(_mm_add_epi32(_mm_cvtps_epi32(n), _mm_set1_epi32(127)), 23));
}
static inline vw v_mul_low(vw a, uint32_t b) { return (vw)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(b)); }   /* of each lane's lower half */
static inline float v_sum(vf x)
{
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
}
static inline float v_most(vf x)
{
    x = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(x, _mm_shuffle_ps(x, x, 1)));
}

static inline void v_transpose(vf x[VL])
{
    vf a = _mm_unpacklo_ps(x[0], x[1]), b = _mm_unpackhi_ps(x[0], x[1]);
    vf c = _mm_unpacklo_ps(x[2], x[3]), d = _mm_unpackhi_ps(x[2], x[3]);
    x[0] = _mm_movelh_ps(a, c), x[1] = _mm_movehl_ps(c, a);
    x[2] = _mm_movelh_ps(b, d), x[3] = _mm_movehl_ps(d, b);
}
