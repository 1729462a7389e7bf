/* SPDX-License-Identifier: MIT
 * Random numbers: the published vectors of Philox-4x32-10, moments, independence of streams, bounds, shuffles. */
#include "test.h"

#include <math.h>

/* Random123's kat_vectors: counter (four words, lowest first), key, result. */
static const struct { uint64_t lo, hi, key; uint32_t out[4]; } known[] = {
    { 0, 0, 0, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
    { ~0ull, ~0ull, ~0ull, { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
    { 0x85a308d3243f6a88, 0x0370734413198a2e, 0x299f31d0a4093822, { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
};

static void known_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint32_t v[4];
        rc_philox(known[i].key, known[i].hi, known[i].lo, v);
        assert_memory_equal(v, known[i].out, sizeof v);
    }
}

static void moments(void **state)
{
    (void)state;
    enum { N = 200000 };
    double u1 = 0, u2 = 0, lag = 0, n1 = 0, n2 = 0, n4 = 0, last = 0;
    const uint64_t key = rc_key(1, RC_INIT, 2, 3);
    for (uint64_t i = 0; i < N; i++) {
        double u = rc_uniform(key, i), z = rc_normal(key, i);
        assert_true(u >= 0 && u < 1);
        assert_true(isfinite(z));
        u1 += u;
        u2 += u * u;
        lag += (u - .5) * (last - .5);
        last = u;
        n1 += z;
        n2 += z * z;
        n4 += z * z * z * z;
    }
    assert_float_equal(u1 / N, 1. / 2, .004);
    assert_float_equal(u2 / N, 1. / 3, .004);
    assert_float_equal(lag / N, 0, .002);
    assert_float_equal(n1 / N, 0, .012);
    assert_float_equal(n2 / N, 1, .02);
    assert_float_equal(n4 / N, 3, .15);
}

static void streams_differ(void **state)
{
    (void)state;
    uint64_t key[64];
    int n = 0;
    for (int purpose = RC_INIT; purpose <= RC_OTHER && n < 60; purpose++)
        for (uint64_t a = 0; a < 3; a++)
            for (uint64_t b = 0; b < 3; b++)
                key[n++] = rc_key(7, purpose, a, b);
    key[n++] = rc_key(8, RC_INIT, 0, 0);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            assert_true(key[i] != key[k]);
    assert_true(rc_key(7, RC_INIT, 1, 2) == rc_key(7, RC_INIT, 1, 2));
}

static void below(void **state)
{
    (void)state;
    int seen[7] = { 0 };
    for (uint64_t i = 0; i < 70000; i++)
        seen[rc_below(5, i, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 9600, 10400);
    /* the upper half of a 128-bit product: against the compiler's */
    for (uint64_t i = 0; i < 2000; i++) {
        uint64_t n = (uint64_t)(rc_uniform(9, i) * 0x1p63) << (i & 1);
        __extension__ typedef unsigned __int128 wide;
        uint32_t v[4];
        rc_philox(11, 2, i, v);
        assert_true(rc_below(11, i, n) == (uint64_t)((wide)(v[0] | (uint64_t)v[1] << 32) * n >> 64));
    }
    assert_int_equal(rc_below(1, 2, 1), 0);
}

static void shuffles(void **state)
{
    (void)state;
    int first[5] = { 0 };
    for (uint64_t key = 0; key < 10000; key++) {
        int32_t v[5] = { 0, 1, 2, 3, 4 };
        int seen = 0;
        rc_shuffle(rc_key(key, RC_SHUFFLE, 0, 0), v, 5);
        for (int i = 0; i < 5; i++)
            seen |= 1 << v[i];
        assert_int_equal(seen, 31);
        first[v[0]]++;
    }
    for (int i = 0; i < 5; i++)
        assert_in_range(first[i], 1850, 2150);
    rc_shuffle(1, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_vectors), cmocka_unit_test(moments), cmocka_unit_test(streams_differ),
        cmocka_unit_test(below), cmocka_unit_test(shuffles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
