/* SPDX-License-Identifier: MIT
 * Memory, messages, growing text, maps. */
#include "test.h"

static test_memory memory;

static void aligned_and_zero(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    for (size_t n = 0; n < 300; n += 7) {
        unsigned char *p = rc_new(&r, n, 3);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % RC_ALIGN, 0);
        for (size_t i = 0; i < 3 * n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 7, 3 * n);
        unsigned char *q = rc_grow(&r, p, n, 2 * n + 1, 3);
        assert_int_equal((uintptr_t)q % RC_ALIGN, 0);
        for (size_t i = 0; i < 3 * (2 * n + 1); i++)
            assert_int_equal(q[i], i < 3 * n ? 7 : 0);
        rc_free(&r, q);
    }
    rc_free(&r, NULL);
    assert_int_equal(memory.live, 0);
}

static void sizes_do_not_wrap(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    size_t out;
    assert_true(rc_mul(0, SIZE_MAX, &out) && out == 0);
    assert_true(rc_mul(SIZE_MAX, 1, &out) && out == SIZE_MAX);
    assert_false(rc_mul(SIZE_MAX / 2 + 1, 2, &out));
    assert_null(rc_new(&r, SIZE_MAX / 4, 8));
    assert_null(rc_new(&r, SIZE_MAX - 8, 1));
    assert_non_null(strstr(r.message, "memory"));
    char *p = rc_copy(&r, "kept");
    assert_null(rc_grow(&r, p, 5, SIZE_MAX / 2, 16));
    assert_string_equal(p, "kept");
    rc_free(&r, p);
    rc_arena a = { NULL, 0 };
    assert_null(rc_take(&a, 3, 4));
    assert_int_equal(a.used, RC_ALIGN);
    assert_null(rc_take(&a, SIZE_MAX / 2, 16));
    assert_true(a.used > SIZE_MAX / 4);
    assert_null(rc_take(&a, 1000, 1000));
    assert_true(a.used > SIZE_MAX / 4);            /* what is too large stays too large */
    assert_int_equal(memory.live, 0);
}

static void arena_slices(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    rc_arena measure = { NULL, 0 };
    rc_take(&measure, 3, 4);
    rc_take(&measure, 100, 1);
    rc_arena a = { rc_new(&r, measure.used, 1), 0 };
    char *p = rc_take(&a, 3, 4), *q = rc_take(&a, 100, 1);
    assert_int_equal(q - p, RC_ALIGN);
    assert_int_equal(a.used, measure.used);
    assert_int_equal((uintptr_t)q % RC_ALIGN, 0);
    rc_free(&r, a.base);
}

static void messages(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    assert_int_equal(rc_fail(&r, RECUR_EDATA, "%s:%d: %s", "file", 7, "a\nb\x01"), RECUR_EDATA);
    assert_string_equal(r.message, "file:7: a?b?");
    rc_fail(&r, RECUR_EDATA, "again: %s", r.message);
    assert_string_equal(r.message, "again: file:7: a?b?");
    rc_warn(&r, "%d", 5);
    assert_string_equal(r.warning, "5");
    char text[3001];
    for (int shift = 0; shift < 3; shift++) {       /* three-byte signs, cut at each place */
        for (int i = 0; i < 3000; i++)
            text[i] = i < shift ? 'x' : "\xE5\xAD\x97"[(i - shift) % 3];
        text[3000] = 0;
        rc_fail(&r, -1, "%s", text);
        size_t n = strlen(r.message);
        assert_true(n > 1000 && n < sizeof r.message);
        assert_true(rc_utf8_valid(r.message, n, NULL));
    }
    assert_int_equal(rc_fail(NULL, -3, "no runtime"), -3);
}

static void growing_text(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    rc_buf b;
    rc_buf_init(&b, &r, 1000);
    for (int i = 0; i < 100; i++)
        assert_int_equal(rc_buf_print(&b, "%d,", i), 0);
    assert_int_equal(b.n, 290);
    assert_int_equal(strlen(b.s), b.n);
    assert_int_equal(rc_buf_add(&b, "a\0b", 3), 0);
    assert_int_equal(b.s[b.n], 0);
    char big[800] = { 0 };
    assert_int_equal(rc_buf_add(&b, big, 707), 0);            /* exactly the limit */
    assert_int_equal(rc_buf_add(&b, "x", 1), RECUR_EDATA);
    assert_int_equal(rc_buf_add(&b, "", 0), RECUR_EDATA);     /* the failure stays */
    assert_null(rc_buf_take(&b));
    rc_buf_init(&b, &r, 0);
    char *s = rc_buf_take(&b);
    assert_string_equal(s, "");
    rc_free(&r, s);
    assert_int_equal(memory.live, 0);
}

enum { KEYS = 20000 };

static int map_scene(recur *r, void *arg)
{
    const int n = *(int *)arg;
    rc_map *m;
    int e = rc_map_new(r, &m);
    for (int i = 0; i < n && !e; i++) {
        char key[32];
        int k = snprintf(key, sizeof key, "key %d", i * 7919 % n);
        e = rc_map_add(m, key, (size_t)k, i, NULL);
    }
    rc_map_free(m);
    return e;
}

static void maps(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    rc_map *m;
    assert_int_equal(rc_map_new(&r, &m), 0);
    const char *first = NULL, *key;
    size_t n;
    int64_t v;
    for (int round = 1; round <= 3; round++)
        for (int i = 0; i < KEYS; i++) {
            char s[32];
            int k = snprintf(s, sizeof s, "%d", i);
            assert_int_equal(rc_map_add(m, s, (size_t)k, i, &v), 0);
            assert_int_equal(v, (int64_t)round * i);
            if (!first)
                assert_true(rc_map_at(m, 0, &first, NULL, NULL));
        }
    assert_int_equal(rc_map_count(m), KEYS);
    for (size_t i = 0; i < KEYS; i++) {
        assert_true(rc_map_at(m, i, &key, &n, &v));
        assert_int_equal(atoi(key), i);
        assert_int_equal(strlen(key), n);
        assert_int_equal(v, 3 * i);
        assert_int_equal(rc_map_get(m, key, n), 3 * i);
    }
    assert_true(rc_map_at(m, 0, &key, NULL, NULL));
    assert_ptr_equal(key, first);                       /* keys never move */
    assert_false(rc_map_at(m, KEYS, &key, &n, &v));
    assert_int_equal(rc_map_get(m, "absent", 6), -1);
    assert_int_equal(rc_map_set(m, "", 0, -5), 0);      /* the empty key, and one with a 0 inside */
    assert_int_equal(rc_map_set(m, "a\0b", 3, 1), 0);
    assert_int_equal(rc_map_set(m, "a\0c", 3, 2), 0);
    assert_int_equal(rc_map_get(m, "", 0), -5);
    assert_int_equal(rc_map_get(m, "a\0b", 3), 1);
    assert_int_equal(rc_map_get(m, "a", 1), -1);
    char *big = calloc(1, 100000);
    memset(big, 'k', 100000);
    assert_int_equal(rc_map_set(m, big, 100000, 9), 0);
    assert_int_equal(rc_map_get(m, big, 100000), 9);
    assert_int_equal(rc_map_get(m, big, 99999), -1);
    free(big);
    rc_map_free(m);
    rc_map_free(NULL);
    assert_int_equal(memory.live, 0);
    test_all_allocations(map_scene, &(int){ 3000 }, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligned_and_zero), cmocka_unit_test(sizes_do_not_wrap), cmocka_unit_test(arena_slices),
        cmocka_unit_test(messages), cmocka_unit_test(growing_text), cmocka_unit_test(maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
