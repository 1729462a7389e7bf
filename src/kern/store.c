/* SPDX-License-Identifier: MIT
 * Weights stored in two bytes or one, for nets that only answer: IEEE half precision; bfloat16, the upper half of a
 * float; int8, w = q scale, with one scale for each row of the matrix. */
#include <math.h>

#include "kern/ref.h"

const char *const rc_storage_name[RC_STORAGES] = { "fp32", "fp16", "bf16", "int8" };

int rc_storage_find(const char *name)
{
    int i = RC_STORAGES - 1;
    while (i >= 0 && strcmp(rc_storage_name[i], name) != 0)
        i--;
    return i;
}

size_t rc_storage_size(int as)
{
    static const size_t size[RC_STORAGES] = { sizeof(real), 2, 2, 1 };
    return size[as];
}

static uint32_t bits_of(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static float of_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static uint16_t to_half(float x)
{
    uint32_t u = bits_of(x), sign = u >> 16 & 0x8000, a = u & 0x7fffffff;
    if (a > 0x477fefff)                                        /* would round to 65536 and more */
        return (uint16_t)(sign | 0x7bff);
    if (a < 0x38800000)                                        /* below 2^-14: a multiple of 2^-24 */
        return (uint16_t)(sign | (uint32_t)lrintf(of_bits(a) * 0x1p24f));
    return (uint16_t)(sign | (((a + 0xfff + (a >> 13 & 1)) >> 13) - (112 << 10)));
}

/* Exponent and fraction moved into place are 2^-112 of the value, but of what is not finite. */
static float from_half(uint16_t h)
{
    uint32_t a = (uint32_t)(h & 0x7fff) << 13, sign = (uint32_t)(h & 0x8000) << 16;
    return of_bits(sign | (a >= 0x7c00u << 13 ? a | 0x7f800000 : bits_of(of_bits(a) * 0x1p112f)));
}

static uint16_t to_bfloat(float x)
{
    uint32_t u = bits_of(x), r = (u + 0x7fff + (u >> 16 & 1)) >> 16;
    return (uint16_t)((r & 0x7fff) < 0x7f80 ? r : (r & 0x8000) | 0x7f7f);
}

static int8_t to_byte(float x)
{
    return (int8_t)lrintf(x < -127 ? -127 : x > 127 ? 127 : x);
}

/* Sixteen bits of fraction, rounded up: then 127 scale is exact and gives the same scale again. */
real rc_row_scale(size_t n, const real *w)
{
    float most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf((float)w[i]));
    float s = of_bits((bits_of(most / 127) + 0xff) & ~0xffu);
    return (real)(s * 127 >= most ? s : of_bits(bits_of(s) + 0x100));
}

void rc_store_row(int as, size_t n, const real *w, real scale, void *out)
{
    uint16_t *two = out;
    int8_t *one = out;
    for (size_t i = 0; i < n; i++)
        if (as == RC_F16_WEIGHTS)
            two[i] = to_half((float)w[i]);
        else if (as == RC_BF16_WEIGHTS)
            two[i] = to_bfloat((float)w[i]);
        else if (as == RC_I8_WEIGHTS)
            one[i] = scale > 0 ? to_byte((float)w[i] / (float)scale) : 0;
        else
            memcpy((real *)out + i, w + i, sizeof *w);
}

void rc_fetch_row(int as, size_t n, const void *in, real scale, real *w)
{
    const uint16_t *two = in;
    const int8_t *one = in;
    for (size_t i = 0; i < n; i++)
        if (as == RC_F16_WEIGHTS)
            w[i] = (real)from_half(two[i]);
        else if (as == RC_BF16_WEIGHTS)
            w[i] = (real)of_bits((uint32_t)two[i] << 16);
        else if (as == RC_I8_WEIGHTS)
            w[i] = (real)one[i] * scale;
        else
            memcpy(w + i, (const real *)in + i, sizeof *w);
}

size_t rc_panel_bytes(int as, int nr, int K)
{
    return (size_t)nr * ((as == RC_I8_WEIGHTS ? sizeof(real) : 0) + (size_t)K * rc_storage_size(as));
}

void rc_ref_pack_as(int as, int nr, int K, int N, const real *W, int ldw, void *P)
{
    size_t size = rc_storage_size(as), bytes = rc_panel_bytes(as, nr, K);
    memset(P, 0, (size_t)((N + nr - 1) / nr) * bytes);
    for (int n = 0; n < N; n++) {
        const real *w = W + (size_t)n * (size_t)ldw;
        char *panel = (char *)P + (size_t)(n / nr) * bytes;
        real scale = as == RC_I8_WEIGHTS ? rc_row_scale((size_t)K, w) : 1;
        if (as == RC_I8_WEIGHTS) {
            memcpy(panel + (size_t)(n % nr) * sizeof scale, &scale, sizeof scale);
            panel += (size_t)nr * sizeof scale;
        }
        for (int k = 0; k < K; k++)
            rc_store_row(as, 1, w + k, scale, panel + (size_t)(k * nr + n % nr) * size);
    }
}
