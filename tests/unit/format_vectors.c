/* SPDX-License-Identifier: MIT
 * Word vectors as text, and event files. */
#include "test.h"

#include <dirent.h>
#include <math.h>

#include "format/format.h"

static test_memory memory;

static rc_map *words(recur *r, const char *const *w, int n)
{
    rc_map *m;
    assert_int_equal(rc_map_new(r, &m), 0);
    for (int i = 0; i < n; i++)
        assert_int_equal(rc_map_set(m, w[i], strlen(w[i]), i), 0);
    return m;
}

static const char *const wanted[] = { "the", "a b", "absent", "\xE5\xAD\x97" };

static int read_text(recur *r, const char *path, const char *s, size_t n, int *dim, float **out, int64_t *found)
{
    rc_map *m = words(r, wanted, 4);
    test_spill(path, s, n);
    int e = rc_vectors_read(r, path, m, dim, out, found);
    rc_map_free(m);
    return e;
}

static void three_forms(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH];
    test_path(&f, "v", path);
    static const char *const text[] = {
        "the 1 -2.5 3e-2\nother 9 9 9\na b 4 5 6\n\xE5\xAD\x97 7 8 9",                   /* GloVe, a word with a blank, no last \n */
        "4 3\nthe 1 -2.5 0.03\na b 4 5 6\n\xE5\xAD\x97 7 8 9\nx 1 1 1\n",                /* word2vec */
        "4 3\nthe 1 -2.5 0.03 \na b 4 5 6 \n\xE5\xAD\x97 7 8 9 \nthe 0 0 0 \n",          /* fastText; a word twice: the first counts */
        "4 3\r\nthe 1 -2.5 0.03\r\na b\t4\t5\t6\r\n\r\n\xE5\xAD\x97 7  8  9\r\n",
    };
    for (int i = 0; i < 4; i++) {
        int dim = 0;
        float *v;
        int64_t found = 0;
        assert_int_equal(read_text(&r, path, text[i], strlen(text[i]), &dim, &v, &found), 0);
        assert_int_equal(dim, 3);
        assert_int_equal(found, 3);
        static const float rows[12] = { 1, -2.5f, .03f, 4, 5, 6, 0, 0, 0, 7, 8, 9 };
        for (int k = 0; k < 12; k++)
            if (k / 3 == 2)
                assert_true(isnan(v[k]));
            else
                assert_float_equal(v[k], rows[k], 1e-7);
        rc_free(&r, v);
    }
    test_folder_free(&f);
    assert_int_equal(memory.live, 0);
}

static void bad_lines(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH], where[TEST_PATH + 8];
    test_path(&f, "v", path);
    static const struct { const char *s; int line; } text[] = {
        { "the 1 2\na b 1 x\n", 2 }, { "the 1 2\na b 1 2x\n", 2 }, { "the 1 2\na b nan 2\n", 2 }, { "the 1 2\na b 1e400 2\n", 2 },
        { "the 1 2\nx 1\n", 2 }, { "the 1 2\nx\n", 2 }, { "word\n", 1 }, { "1 99999999\nthe 1\n", 1 }, { "4 0\nthe 1\n", 1 },
        { "4 -3\nthe 1\n", 1 }, { "4 3\nthe 1 2\n", 2 }, { "4 3\n1 2 3\n", 2 }, { "the inf 1\n", 1 }, { "\n\nthe - 1\n", 3 },
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        int dim;
        float *v;
        int e = read_text(&r, path, text[i].s, strlen(text[i].s), &dim, &v, NULL);
        snprintf(where, sizeof where, "%s:%d: ", path, text[i].line);
        if (e != RECUR_EDATA || !strstr(r.message, where))
            fail_msg("%d \"%s\" for \"%s\"", e, r.message, text[i].s);
        assert_null(v);
    }
    int dim;
    float *v;
    assert_int_equal(read_text(&r, path, "", 0, &dim, &v, NULL), RECUR_EDATA);
    assert_int_equal(read_text(&r, path, "\n \n", 3, &dim, &v, NULL), RECUR_EDATA);
    rc_map *m = words(&r, wanted, 1);
    assert_int_equal(rc_vectors_read(&r, "/no/such", m, &dim, &v, NULL), RECUR_EIO);
    rc_map_free(m);
    test_folder_free(&f);
    assert_int_equal(memory.live, 0);
}

static int scene(recur *r, void *arg)
{
    rc_map *m;
    int e = rc_map_new(r, &m), dim;
    float *v = NULL;
    if (!e)
        e = rc_map_set(m, "the", 3, 0);
    if (!e)
        e = rc_vectors_read(r, arg, m, &dim, &v, NULL);
    rc_free(r, v);
    rc_map_free(m);
    return e;
}

static void mutated(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH];
    test_path(&f, "v", path);
    static const char text[] = "4 3\nthe 1 -2.5 0.03\na b 4 5 6\n\xE5\xAD\x97 7 8 9\nx 1 1 1\n", spice[] = " \n\t\r0-.e9x\0";
    uint64_t at = 0;
    for (int round = 0; round < 3000; round++) {
        char s[sizeof text];
        memcpy(s, text, sizeof text);
        for (uint64_t k = 1 + rc_below(1, at++, 5); k; k--, at++)
            s[rc_below(2, at, sizeof text - 1)] = rc_below(3, at, 2) ? spice[rc_below(4, at, sizeof spice)] : (char)rc_below(5, at, 256);
        int dim = 0;
        float *v;
        int e = read_text(&r, path, s, (size_t)rc_below(6, at, sizeof text), &dim, &v, NULL);
        assert_true(e == RECUR_EDATA || (e == RECUR_OK && dim > 0));
        rc_free(&r, v);
    }
    test_spill(path, text, sizeof text - 1);
    test_all_allocations(scene, path, 1);
    test_folder_free(&f);
    assert_int_equal(memory.live, 0);
}

/* --- event files --- */
static uint32_t crc(const unsigned char *s, size_t n)      /* bit by bit, as in the definition */
{
    uint32_t c = ~0u;
    while (n--) {
        c ^= *s++;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ 0x82F63B78u : c >> 1;
    }
    c = ~c;
    return (c >> 15 | c << 17) + 0xA282EAD8u;
}

static uint64_t little(const unsigned char *s, int n)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++)
        v |= (uint64_t)s[i] << 8 * i;
    return v;
}

static int events_scene(recur *r, void *arg)
{
    recur_events *e;
    int error = recur_events_open(r, &e, arg);
    if (!error)
        error = recur_events_scalar(e, "loss/train", 300, 1.5);
    if (!error)
        error = recur_events_scalar(e, "a", 0, 0);
    recur_events_close(error && !e ? NULL : e);
    return error;
}

static void events(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH], file[2 * TEST_PATH] = "";
    test_path(&f, "log/run 1", path);
    assert_true(crc((const unsigned char *)"123456789", 9) == ((0xE3069283u >> 15 | 0xE3069283u << 17) + 0xA282EAD8u));
    assert_int_equal(events_scene(&r, path), 0);
    DIR *d = opendir(path);
    for (const struct dirent *e; d && (e = readdir(d));)
        if (strncmp(e->d_name, "events.out.tfevents.", 20) == 0)
            snprintf(file, sizeof file, "%s/%s", path, e->d_name);
    closedir(d);
    size_t n = 0, at = 0;
    unsigned char *s = (unsigned char *)test_slurp(file, &n);
    assert_non_null(s);
    const unsigned char *message[4] = { NULL };
    size_t size[4] = { 0 };
    int k = 0;
    for (; at < n && k < 4; k++) {
        size[k] = (size_t)little(s + at, 8);
        assert_true(little(s + at + 8, 4) == crc(s + at, 8));
        message[k] = s + at + 12;
        at += 12 + size[k];
        assert_true(little(s + at, 4) == crc(message[k], size[k]));
        at += 4;
    }
    assert_int_equal(at, n);
    assert_int_equal(k, 3);
    /* protobuf, field by field: wall_time 1 (fixed64), file_version 3, step 2 (varint), summary 5 { value 1 { tag 1, simple_value 2 } } */
    assert_int_equal(message[0][0], 0x09);
    assert_memory_equal(message[0] + 9, "\x1A\x0D" "brain.Event:2", 15);
    assert_memory_equal(message[1] + 9, "\x10\xAC\x02\x2A\x13\x0A\x11\x0A\x0Aloss/train\x15\0\0\xC0\x3F", 3 + 2 + 2 + 12 + 5);
    assert_int_equal(size[1], 9 + 24);
    assert_memory_equal(message[2] + 9, "\x2A\x0A\x0A\x08\x0A\x01" "a\x15\0\0\0\0", 12);
    free(s);
    recur_events *e;
    test_spill(test_path(&f, "plain", path), "", 0);
    assert_int_equal(recur_events_open(&r, &e, path), RECUR_EIO);
    assert_null(e);
    assert_int_equal(recur_events_open(&r, &e, ""), RECUR_EIO);
    recur_events_close(NULL);
    test_all_allocations(events_scene, (void *)(uintptr_t)test_path(&f, "again", path), 1);
    test_folder_free(&f);
    assert_int_equal(memory.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_forms), cmocka_unit_test(bad_lines), cmocka_unit_test(mutated), cmocka_unit_test(events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
