/* SPDX-License-Identifier: MIT
 * rng.c - Philox-4x32-10, a random function of (key, counter).
 * Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011. */
#include <math.h>

#include "base/base.h"

/* Each kind of number reads counters of its own, so that one key may serve them all. */
enum { UNIFORM, NORMAL, BELOW };

void rc_philox(uint64_t key, uint64_t hi, uint64_t lo, uint32_t out[4])
{
    uint32_t c0 = (uint32_t)lo, c1 = (uint32_t)(lo >> 32), c2 = (uint32_t)hi, c3 = (uint32_t)(hi >> 32);
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

static uint64_t word(const uint32_t v[2])
{
    return v[0] | (uint64_t)v[1] << 32;
}

static double unit(const uint32_t v[2])
{
    return (double)(word(v) >> 11) * 0x1p-53;
}

uint64_t rc_key(uint64_t seed, int purpose, uint64_t a, uint64_t b)
{
    uint32_t v[4];
    rc_philox(seed, (uint64_t)(unsigned)purpose, a, v);
    rc_philox(word(v), word(v + 2), b, v);
    return word(v);
}

double rc_uniform(uint64_t key, uint64_t i)
{
    uint32_t v[4];
    rc_philox(key, UNIFORM, i, v);
    return unit(v);
}

/* Box and Muller 1958; 1 - u lies in (0, 1], where the logarithm is finite. */
double rc_normal(uint64_t key, uint64_t i)
{
    uint32_t v[4];
    rc_philox(key, NORMAL, i, v);
    return sqrt(-2 * log(1 - unit(v))) * cos(6.283185307179586477 * unit(v + 2));
}

/* The upper half of the 128-bit product word * n, in 32-bit pieces. */
uint64_t rc_below(uint64_t key, uint64_t i, uint64_t n)
{
    uint32_t v[4];
    rc_philox(key, BELOW, i, v);
    uint64_t n0 = (uint32_t)n, n1 = n >> 32;
    uint64_t low = (v[0] * n0 >> 32) + v[1] * n0;
    uint64_t carry = low < v[1] * n0;
    uint64_t mid = low + v[0] * n1;
    carry += mid < low;
    return v[1] * n1 + (mid >> 32) + (carry << 32);
}

void rc_shuffle(uint64_t key, int32_t *v, size_t n)
{
    for (size_t i = n; i-- > 1;) {
        size_t j = (size_t)rc_below(key, i, i + 1);
        int32_t t = v[i];
        v[i] = v[j];
        v[j] = t;
    }
}
