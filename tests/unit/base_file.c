/* SPDX-License-Identifier: MIT
 * Files: whole or not at all, gzip, lines; Unicode: validity, folding, encodings, classes. */
#include "test.h"

#include <dirent.h>
#include <time.h>
#include <zlib.h>

static test_memory memory;

static int entries(const char *folder)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (const struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void check_content(const char *path, const char *wanted)
{
    size_t n;
    char *s = test_slurp(path, &n);
    assert_non_null(s);
    assert_int_equal(n, strlen(wanted));
    assert_string_equal(s, wanted);
    free(s);
}

static int write_file(recur *r, const char *path, const void *s, size_t n)
{
    rc_file *f;
    int e = rc_file_begin(r, &f, path);
    if (e)
        return e;
    e = rc_file_put(f, s, n);
    if (!e)
        return rc_file_commit(f);
    rc_file_abort(f);
    return e;
}

static void writes_whole(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH], link_path[TEST_PATH];
    test_path(&f, "a", path);
    assert_int_equal(write_file(&r, path, "one", 3), 0);
    check_content(path, "one");
    chmod(path, 0640);
    rc_file *w;
    assert_int_equal(rc_file_begin(&r, &w, path), 0);
    char *big = calloc(1, 200000);
    memset(big, 'x', 199999);
    for (int i = 0; i < 3; i++) {                       /* small and large pieces in turn */
        assert_int_equal(rc_file_put(w, "ab", 2), 0);
        assert_int_equal(rc_file_put(w, big, 199999), 0);
        check_content(path, "one");                     /* the old file stands until the end */
    }
    assert_int_equal(rc_file_commit(w), 0);
    size_t n;
    char *s = test_slurp(path, &n);
    assert_int_equal(n, 600003);
    assert_memory_equal(s + 400002, "abxx", 4);
    struct stat st;
    stat(path, &st);
    assert_int_equal(st.st_mode & 0777, 0640);
    free(s);
    free(big);
    assert_int_equal(rc_file_begin(&r, &w, path), 0);
    assert_int_equal(rc_file_put(w, "half", 4), 0);
    rc_file_abort(w);
    stat(path, &st);
    assert_int_equal(st.st_size, 600003);
    assert_int_equal(entries(f.path), 1);
    test_path(&f, "link", link_path);
    assert_int_equal(symlink(path, link_path), 0);
    assert_int_equal(write_file(&r, link_path, "by link", 7), 0);
    check_content(path, "by link");
    lstat(link_path, &st);
    assert_true(S_ISLNK(st.st_mode));
    test_folder_free(&f);
    assert_int_equal(memory.live, 0);
}

static void failure_keeps_the_old(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH], inner[TEST_PATH + 8];
    test_path(&f, "a", path);
    assert_int_equal(write_file(&r, path, "old", 3), 0);
    rc_file *w;
    assert_int_equal(rc_file_begin(&r, &w, path), 0);
    assert_int_equal(rc_file_put(w, "new", 3), 0);
    assert_int_equal(unlink(path), 0);                  /* a folder with something in it takes the place: rename must fail */
    assert_int_equal(mkdir(path, 0777), 0);
    snprintf(inner, sizeof inner, "%s/inner", path);
    test_spill(inner, "x", 1);
    assert_int_equal(rc_file_commit(w), RECUR_EIO);
    assert_non_null(strstr(r.message, path));
    assert_true(test_exists(inner));
    assert_int_equal(entries(f.path), 1);               /* no temporary stays */
    assert_int_equal(write_file(&r, path, "x", 1), RECUR_EIO);
    assert_non_null(strstr(r.message, "folder"));
    test_path(&f, "no/such/folder", path);
    assert_int_equal(write_file(&r, path, "x", 1), RECUR_EIO);
    assert_int_equal(write_file(&r, "", "x", 1), RECUR_EIO);
    if (test_exists("/dev/full")) {
        assert_int_equal(write_file(&r, "/dev/full", "x", 1), RECUR_EIO);
        assert_non_null(strstr(r.message, "/dev/full: cannot write: No space"));
    }
    assert_int_equal(write_file(&r, "/dev/null", "x", 1), 0);
    struct stat st;
    stat("/dev/null", &st);
    assert_true(S_ISCHR(st.st_mode));                   /* a device is written to, not replaced */
    test_folder_free(&f);
    assert_int_equal(memory.live, 0);
}

static int write_scene(recur *r, void *arg)
{
    return write_file(r, arg, "text", 4);
}

static int read_scene(recur *r, void *arg)
{
    rc_buf b;
    rc_buf_init(&b, r, 0);
    int e = rc_file_read(r, arg, &b);
    rc_buf_free(&b);
    return e;
}

static void gz(const char *path, const char *s, size_t n, const char *mode)
{
    gzFile z = gzopen(path, mode);
    assert_non_null(z);
    assert_int_equal(gzwrite(z, s, (unsigned)n), (int)n);
    gzclose(z);
}

static int read_bytes(recur *r, const char *path, const void *s, size_t n, rc_buf *b)
{
    test_spill(path, s, n);
    rc_buf_free(b);
    return rc_file_read(r, path, b);
}

static void reads_gzip(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH], text[5000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + rc_below(3, i, 20));
    test_path(&f, "a.gz", path);
    gz(path, text, sizeof text, "wb");
    gz(path, "second member", 13, "ab");
    rc_buf b;
    rc_buf_init(&b, &r, 0);
    assert_int_equal(rc_file_read(&r, path, &b), 0);
    assert_int_equal(b.n, sizeof text + 13);
    assert_memory_equal(b.s, text, sizeof text);
    assert_string_equal(b.s + sizeof text, "second member");
    size_t n;
    char *z = test_slurp(path, &n);
    int cut = 0, same = 0;
    for (size_t k = 2; k < n; k++) {                    /* cut at every byte: only between the members is it whole */
        int e = read_bytes(&r, path, z, k, &b);
        cut += e == RECUR_EDATA;
        same += e == 0 && b.n == sizeof text;
        assert_true(e == RECUR_EDATA || (e == 0 && b.n == sizeof text));
    }
    assert_int_equal(same, 1);
    assert_int_equal(cut, n - 3);
    assert_non_null(strstr(r.message, "a.gz"));
    z[n - 6] ^= 1;                                      /* the second member's checksum */
    assert_int_equal(read_bytes(&r, path, z, n, &b), RECUR_EDATA);
    rc_buf_free(&b);
    rc_buf_init(&b, &r, 1000);                          /* a bomb stops at the limit */
    z[n - 6] ^= 1;
    test_spill(path, z, n);
    assert_int_equal(rc_file_read(&r, path, &b), RECUR_EDATA);
    rc_buf_free(&b);
    free(z);
    test_all_allocations(write_scene, path, 1);
    gz(path, text, sizeof text, "wb");
    for (int64_t k = 1; k < 4; k++) {
        r = test_runtime(&memory);
        memory.fail_at = k;
        assert_true(read_scene(&r, path) == RECUR_ENOMEM || !memory.failed);
        assert_int_equal(memory.live, 0);
    }
    test_folder_free(&f);
}

static void reads_plain(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH];
    test_path(&f, "a", path);
    rc_buf b;
    rc_buf_init(&b, &r, 5);
    assert_int_equal(read_bytes(&r, path, "12345", 5, &b), 0);          /* exactly the limit */
    assert_string_equal(b.s, "12345");
    assert_int_equal(read_bytes(&r, path, "123456", 6, &b), RECUR_EDATA);
    rc_buf_free(&b);
    rc_buf_init(&b, &r, 0);
    assert_int_equal(read_bytes(&r, path, "", 0, &b), 0);
    assert_string_equal(b.s, "");
    assert_int_equal(rc_buf_add(&b, "before ", 7), 0);
    test_spill(path, "after", 5);
    assert_int_equal(rc_file_read(&r, path, &b), 0);                    /* appends */
    assert_string_equal(b.s, "before after");
    assert_int_equal(rc_file_read(&r, f.path, &b), RECUR_EIO);
    assert_int_equal(rc_file_read(&r, "/no/such/file", &b), RECUR_EIO);
    assert_string_equal(r.message, "/no/such/file: cannot open: No such file or directory");
    rc_buf_free(&b);
    test_all_allocations(read_scene, path, 1);
    test_folder_free(&f);
    assert_int_equal(memory.live, 0);
}

static void lines(void **state)
{
    (void)state;
    static const char text[] = "one\ntwo\r\n\n\r\nlast\r";
    static const char *const wanted[] = { "one", "two", "", "", "last" };
    rc_lines l = { text, text + sizeof text - 1, 0 };
    const char *s;
    size_t n;
    for (int i = 0; i < 5; i++) {
        assert_true(rc_lines_next(&l, &s, &n));
        assert_int_equal(n, strlen(wanted[i]));
        assert_memory_equal(s, wanted[i], n);
        assert_int_equal(l.line, i + 1);
    }
    assert_false(rc_lines_next(&l, &s, &n));
}

static void utf8_validity(void **state)
{
    (void)state;
    static const struct { const char *s; int bytes; int32_t cp; } table[] = {
        { "a", 1, 'a' }, { "\x7f", 1, 0x7f }, { "\xC2\x80", 2, 0x80 }, { "\xDF\xBF", 2, 0x7ff }, { "\xE0\xA0\x80", 3, 0x800 },
        { "\xED\x9F\xBF", 3, 0xD7FF }, { "\xEE\x80\x80", 3, 0xE000 }, { "\xEF\xBF\xBD", 3, 0xFFFD }, { "\xEF\xBF\xBF", 3, 0xFFFF },
        { "\xF0\x90\x80\x80", 4, 0x10000 }, { "\xF4\x8F\xBF\xBF", 4, 0x10FFFF },
        { "\x80", 1, -1 }, { "\xBF", 1, -1 }, { "\xC0\x80", 1, -1 }, { "\xC1\xBF", 1, -1 }, { "\xC2", 1, -1 }, { "\xC2" "a", 1, -1 },
        { "\xE0\x80\x80", 1, -1 }, { "\xE0\x9F\xBF", 1, -1 }, { "\xED\xA0\x80", 1, -1 }, { "\xED\xBF\xBF", 1, -1 }, { "\xE4\xB8", 1, -1 },
        { "\xF0\x80\x80\x80", 1, -1 }, { "\xF0\x8F\xBF\xBF", 1, -1 }, { "\xF4\x90\x80\x80", 1, -1 }, { "\xF5\x80\x80\x80", 1, -1 },
        { "\xF8\x88\x80\x80\x80", 1, -1 }, { "\xFE", 1, -1 }, { "\xFF", 1, -1 }, { "\xF0\x9F\x98", 1, -1 },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int32_t cp;
        size_t n = strlen(table[i].s), bad = 99;
        assert_int_equal(rc_utf8_next(table[i].s, n, &cp), table[i].bytes);
        assert_int_equal(cp, table[i].cp);
        char text[32];
        snprintf(text, sizeof text, "x%s", table[i].s);
        assert_int_equal(rc_utf8_valid(text, n + 1, &bad), cp >= 0);
        assert_int_equal(bad, cp >= 0 ? 99 : 1);
        char back[4];
        if (cp >= 0) {
            assert_int_equal(rc_utf8_put(cp, back), n);
            assert_memory_equal(back, table[i].s, n);
        }
    }
    int32_t cp;
    assert_int_equal(rc_utf8_next("", 0, &cp), 0);
}

static void check_fold(const char *s, size_t n, bool nfkc, bool lower, const char *wanted)
{
    recur r = test_runtime(&memory);
    rc_buf b;
    rc_buf_init(&b, &r, 0);
    assert_int_equal(rc_utf8_fold(&r, s, n, nfkc, lower, &b), 0);
    assert_int_equal(rc_buf_add(&b, "", 0), 0);
    assert_string_equal(b.s, wanted);
    rc_buf_free(&b);
    assert_int_equal(memory.live, 0);
}

static void folding(void **state)
{
    (void)state;
    static const struct { const char *s; bool nfkc, lower; const char *wanted; } table[] = {
        { "Ab \xC3\x84", false, false, "Ab \xC3\x84" }, { "Ab \xC3\x84", false, true, "ab \xC3\xA4" },
        { "A\xCC\x88", true, false, "\xC3\x84" }, { "A\xCC\x88", true, true, "\xC3\xA4" },
        { "\xEF\xBC\xA1\xEF\xBC\x91", true, false, "A1" },                   /* full width */
        { "\xEF\xAC\x81", true, false, "fi" }, { "a\xFF" "b", false, false, "a\xEF\xBF\xBD" "b" },
        { "a\xC2", true, false, "a\xEF\xBF\xBD" }, { "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", true, false, "\xED\x95\x9C" },
        { "\xED\xA0\x80", false, true, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" }, { "", true, true, "" },
        { "a\nB\tc\r\n", true, true, "a\nb\tc\r\n" }, { "\xE5\xAD\x97 \xF0\x9F\x98\x80", true, true, "\xE5\xAD\x97 \xF0\x9F\x98\x80" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        check_fold(table[i].s, strlen(table[i].s), table[i].nfkc, table[i].lower, table[i].wanted);
    /* pieces of a long text join as if it were one: a decomposed letter at every offset around the cuts */
    char *text = malloc(20000), *wanted = malloc(20000);
    for (size_t shift = 0; shift < 3; shift++) {
        size_t n = 0, m = 0;
        for (; n < shift; n++)
            wanted[m++] = text[n] = 'z';
        while (n < 9000) {
            memcpy(text + n, "o\xCC\x88", 3);
            memcpy(wanted + m, "\xC3\xB6", 2);
            n += 3;
            m += 2;
        }
        wanted[m] = 0;
        check_fold(text, n, true, false, wanted);
    }
    free(text);
    free(wanted);
}

/* A million combining marks in the worst order must not take quadratic time. */
static void many_marks(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    enum { N = 1000000 };
    char *text = malloc(2 * N + 1);
    for (size_t i = 0; i < N; i++)
        memcpy(text + 2 * i, i & 1 ? "\xCC\xA7" : "\xCC\x88", 2);
    rc_buf b;
    rc_buf_init(&b, &r, 0);
    const clock_t start = clock();                           /* of this process: others may be busy too */
    assert_int_equal(rc_utf8_fold(&r, text, 2 * N, true, true, &b), 0);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 30);
    assert_int_equal(b.n, 2 * N);
    rc_buf_free(&b);
    free(text);
}

static void encodings(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    static const struct { const char *encoding, *s; size_t n; const char *wanted; } table[] = {
        { NULL, "\xEF\xBB\xBF" "a", 4, "a" }, { "UTF-8", "\xE4\xB8\xAD", 3, "\xE4\xB8\xAD" }, { "utf8", "", 0, "" },
        { NULL, "\xFF\xFE" "a\0-N", 6, "a\xE4\xB8\xAD" }, { NULL, "\xFE\xFF" "\0aN-", 6, "a\xE4\xB8\xAD" },
        { "gb18030", "\xD6\xD0\xCE\xC4", 4, "\xE4\xB8\xAD\xE6\x96\x87" }, { "GB18030", "\x81\x30\x81\x30", 4, "\xC2\x80" },
        { "latin1", "\xE4", 1, "\xC3\xA4" },
    };
    rc_buf b;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        rc_buf_init(&b, &r, 0);
        assert_int_equal(rc_utf8_from(&r, table[i].encoding, table[i].s, table[i].n, &b), 0);
        assert_string_equal(b.s ? b.s : "", table[i].wanted);
        rc_buf_free(&b);
    }
    rc_buf_init(&b, &r, 0);
    assert_int_equal(rc_utf8_from(&r, "no-such", "a", 1, &b), RECUR_EOPTION);
    assert_int_equal(rc_utf8_from(&r, "gb18030", "ab\xFF\xFF", 4, &b), RECUR_EDATA);
    assert_non_null(strstr(r.message, "byte 2"));
    rc_buf_free(&b);
    assert_int_equal(rc_utf8_from(&r, "gb18030", "ab\xD6", 3, &b), RECUR_EDATA);
    rc_buf_free(&b);
    char big[20000];
    memset(big, 0xE4, sizeof big);
    assert_int_equal(rc_utf8_from(&r, "latin1", big, sizeof big, &b), 0);
    assert_int_equal(b.n, 2 * sizeof big);
    rc_buf_free(&b);
    assert_int_equal(memory.live, 0);
}

static void classes(void **state)
{
    (void)state;
    static const struct { int32_t cp; int kind; } table[] = {
        { 'a', RC_LETTER }, { 0xE4, RC_LETTER }, { 0x434, RC_LETTER }, { 0xD55C, RC_LETTER }, { 0x308, RC_LETTER },
        { '7', RC_DIGIT }, { 0xFF11, RC_DIGIT }, { ' ', RC_SPACE }, { '\n', RC_SPACE }, { 0xA0, RC_SPACE },
        { 0x3000, RC_SPACE }, { 0x4E2D, RC_HAN }, { 0x3042, RC_HAN }, { 0x30AB, RC_HAN }, { 0x3005, RC_HAN },
        { 0x0E01, RC_HAN }, { 0x20000, RC_HAN }, { ',', RC_PUNCT }, { 0x3002, RC_PUNCT }, { 0x1F600, RC_PUNCT },
        { '_', RC_PUNCT }, { 1, RC_PUNCT }, { -1, RC_PUNCT }, { 0xFFFD, RC_PUNCT }, { '$', RC_PUNCT },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(rc_utf8_class(table[i].cp), table[i].kind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_whole), cmocka_unit_test(failure_keeps_the_old), cmocka_unit_test(reads_gzip),
        cmocka_unit_test(reads_plain), cmocka_unit_test(lines), cmocka_unit_test(utf8_validity), cmocka_unit_test(folding),
        cmocka_unit_test(many_marks), cmocka_unit_test(encodings), cmocka_unit_test(classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
