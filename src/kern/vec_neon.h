/* SPDX-License-Identifier: MIT
 * Vector words of NEON on AArch64: four floats. */
#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

enum { VL = 4, MR = 12 };                      /* lanes; rows of the micro-tile: 12 x 2 of 32 registers */
typedef float32x4_t vf;
typedef uint64_t vw __attribute__((vector_size(16)));

static inline vf v_load(const float *p) { return vld1q_f32(p); }
static inline void v_store(float *p, vf x) { vst1q_f32(p, x); }
static inline vf v_load_f16(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
static inline vf v_load_bf16(const uint16_t *p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)); }
static inline vf v_load_i8(const int8_t *p)
{
    uint32_t four;
    memcpy(&four, p, sizeof four);
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(four))))));
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
static inline vf v_set(float x) { return vdupq_n_f32(x); }
static inline vf v_add(vf a, vf b) { return vaddq_f32(a, b); }
static inline vf v_sub(vf a, vf b) { return vsubq_f32(a, b); }
static inline vf v_mul(vf a, vf b) { return vmulq_f32(a, b); }
static inline vf v_div(vf a, vf b) { return vdivq_f32(a, b); }
static inline vf v_sqrt(vf a) { return vsqrtq_f32(a); }
static inline vf v_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }             /* a b + c */
static inline vf v_fnma(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }            /* c - a b */
static inline vf v_min(vf a, vf b) { return vminq_f32(a, b); }                      /* a NaN comes through */
static inline vf v_max(vf a, vf b) { return vmaxq_f32(a, b); }                      /* likewise */
static inline vf v_positive(vf x, vf a, vf b) { return vbslq_f32(vcgtq_f32(x, vdupq_n_f32(0)), a, b); }   /* x > 0 ? a : b */
static inline vf v_round(vf x) { return vrndnq_f32(x); }
static inline vf v_pow2(vf n)                                                       /* 2^n of a whole n in -126 .. 127 */
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)), 23));
}
static inline vw v_mul_low(vw a, uint32_t b) { return (vw)vmull_u32(vmovn_u64((uint64x2_t)a), vdup_n_u32(b)); }   /* of each lane's lower half */
static inline float v_sum(vf x) { return vaddvq_f32(x); }
static inline float v_most(vf x) { return vmaxvq_f32(x); }

static inline void v_transpose(vf x[VL])
{
    vf a = vtrn1q_f32(x[0], x[1]), b = vtrn2q_f32(x[0], x[1]), c = vtrn1q_f32(x[2], x[3]), d = vtrn2q_f32(x[2], x[3]);
    x[0] = vcombine_f32(vget_low_f32(a), vget_low_f32(c)), x[1] = vcombine_f32(vget_low_f32(b), vget_low_f32(d));
    x[2] = vcombine_f32(vget_high_f32(a), vget_high_f32(c)), x[3] = vcombine_f32(vget_high_f32(b), vget_high_f32(d));
}
