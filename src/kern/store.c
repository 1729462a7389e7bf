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

/* The nearest whole number, ties to even, of |x| < 2^22: in the low bits of a float whose ulp is 1. */
static uint32_t whole(float x) { return bits_of(x + 0x1.8p23f); }

static uint16_t to_half(float x)
{
    uint32_t u = bits_of(x), sign = u >> 16 & 0x8000, a = u & 0x7fffffff;
    if (a > 0x477fefff)                                        /* would round to 65536 and more */
        return (uint16_t)(sign | 0x7bff);
    if (a < 0x38800000)                                        /* below 2^-14: a multiple of 2^-24 */
        return (uint16_t)(sign | (whole(of_bits(a) * 0x1p24f) & 0xffff));
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
    return (int8_t)(whole(x < -127 ? -127 : x > 127 ? 127 : x) & 0xff);
}

/* Sixteen bits of fraction, rounded up: then 127 scale is exact and gives the same scale again. */
real rc_row_scale(size_t n, const real *w)
{
    float most = 0;
    for (size_t i = 0; i < n; i++)
        most = fabsf((float)w[i]) > most ? fabsf((float)w[i]) : most;
    float s = of_bits((bits_of(most / 127) + 0xff) & ~0xffu);
    return (real)(s * 127 >= most ? s : of_bits(bits_of(s) + 0x100));
}

#define EACH(n, x) for (size_t i = 0; i < (n); i++) x
void rc_store_row(int as, size_t n, const real *w, real scale, void *out)
{
    uint16_t *two = out;
    int8_t *one = out;
    if (as == RC_F16_WEIGHTS)
        EACH(n, two[i] = to_half((float)w[i]);)
    else if (as == RC_BF16_WEIGHTS)
        EACH(n, two[i] = to_bfloat((float)w[i]);)
    else if (as == RC_I8_WEIGHTS)
        EACH(n, one[i] = to_byte(scale > 0 ? (float)w[i] / (float)scale : 0);)
    else
        memcpy(out, w, n * sizeof *w);
}

void rc_fetch_row(int as, size_t n, const void *in, real scale, real *w)
{
    const uint16_t *two = in;
    const int8_t *one = in;
    if (as == RC_F16_WEIGHTS)
        EACH(n, w[i] = (real)from_half(two[i]);)
    else if (as == RC_BF16_WEIGHTS)
        EACH(n, w[i] = (real)of_bits((uint32_t)two[i] << 16);)
    else if (as == RC_I8_WEIGHTS)
        EACH(n, w[i] = (real)one[i] * scale;)
    else
        memcpy(w, in, n * sizeof *w);
}

size_t rc_panel_bytes(int as, int nr, int K)
{
    if (as == RC_I8_WEIGHTS)                                   /* room for sums and for whole fours too */
        return (size_t)nr * (sizeof(real) + (size_t)rc_k_pieces(K) * sizeof(int32_t) + (size_t)(K + 3) / 4 * 4);
    return (size_t)nr * (size_t)(as == RC_BF16_WEIGHTS ? (K + 1) / 2 * 2 : K) * rc_storage_size(as);
}

/* Row k of a panel is nr numbers: those of a weight row lie nr apart. */
static void scatter(size_t size, int nr, size_t n, const void *from, char *to)
{
    const uint16_t *two = from;
    const uint8_t *one = from;
    size_t step = (size_t)nr * size;
    if (size == 2)
        EACH(n, memcpy(to + i * step, two + i, 2);)
    else if (size == 1)
        EACH(n, to[i * step] = (char)one[i];)
    else
        EACH(n, memcpy(to + i * step, (const char *)from + i * size, size);)
}

void rc_ref_pack_as(int as, int nr, int K, int N, const real *W, int ldw, void *P)
{
    enum { PIECE = 256 };
    size_t size = rc_storage_size(as), bytes = rc_panel_bytes(as, nr, K);
    real piece[PIECE];
    memset(P, 0, (size_t)((N + nr - 1) / nr) * bytes);
    for (int n = 0; n < N; n++) {
        const real *w = W + (size_t)n * (size_t)ldw;
        char *panel = (char *)P + (size_t)(n / nr) * bytes;
        real scale = as == RC_I8_WEIGHTS ? rc_row_scale((size_t)K, w) : 1;
        if (as == RC_I8_WEIGHTS) {
            memcpy(panel + (size_t)(n % nr) * sizeof scale, &scale, sizeof scale);
            panel += (size_t)nr * sizeof scale;
        }
        for (int k = 0; k < K; k += PIECE) {
            size_t part = (size_t)(K - k < PIECE ? K - k : PIECE);
            rc_store_row(as, part, w + k, scale, piece);
            scatter(size, nr, part, piece, panel + (size_t)(k * nr + n % nr) * size);
        }
    }
}
