/* SPDX-License-Identifier: MIT
 * test.h - what tests share: cmocka, a runtime whose allocator counts and fails, a temporary folder, visible skips.
 * A test is linked with the floors up to its own, so a runtime is made here and not by recur_open. */
#ifndef TEST_H
#define TEST_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

#if defined(__GNUC__)
#define TEST_MAYBE __attribute__((unused))
#else
#define TEST_MAYBE
#endif

/* --- memory that is watched --- */
typedef struct {
    int64_t live;                /* blocks not yet freed: 0 at the end, or there is a leak */
    int64_t calls;               /* allocations asked for */
    int64_t fail_at;             /* the number of the one that fails (1 = the first); 0: none */
    bool for_good;               /* and all after it */
    int64_t failed;              /* how many did: a fault that never struck proves nothing */
} test_memory;

TEST_MAYBE static void *test_alloc(void *ud, void *p, size_t n)
{
    test_memory *m = ud;
    if (n == 0) {
        m->live -= p != NULL;
        free(p);
        return NULL;
    }
    m->calls++;
    if (m->fail_at && (m->calls == m->fail_at || (m->for_good && m->calls > m->fail_at))) {
        m->failed++;
        return NULL;
    }
    void *q = realloc(p, n);
    m->live += q && !p;
    return q;
}

/* A runtime without threads and kernels: enough for the lower floors. */
TEST_MAYBE static recur test_runtime(test_memory *m)
{
    *m = (test_memory){ 0 };
    return (recur){ .alloc = test_alloc, .ud = m };
}

/* Runs scene again and again, its k-th allocation failing, until one run needs fewer.  scene returns RECUR_OK or an
 * error and frees all it took.  Returns the number of faults that struck. */
TEST_MAYBE static int64_t test_all_allocations(int (*scene)(recur *r, void *arg), void *arg, int64_t stride)
{
    int64_t struck = 0;
    for (int good = 0; good < 2; good++)
        for (int64_t k = 1;; k += stride) {
            test_memory m;
            recur r = test_runtime(&m);
            m.fail_at = k;
            m.for_good = good;
            int e = scene(&r, arg);
            assert_int_equal(m.live, 0);
            if (!m.failed) {
                assert_int_equal(e, RECUR_OK);
                break;
            }
            assert_int_equal(e, RECUR_ENOMEM);
            assert_non_null(strstr(r.message, "memory"));
            struck += m.failed > 0;
        }
    assert_true(struck > 0);
    return struck;
}

/* --- files --- */
typedef struct { char path[64]; } test_folder;

TEST_MAYBE static test_folder test_folder_new(void)
{
    test_folder f = { "/tmp/recur-test-XXXXXX" };
    if (!mkdtemp(f.path))
        fail_msg("cannot make a temporary folder");
    return f;
}

TEST_MAYBE static void test_folder_free(test_folder *f)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", f->path);
    if (system(command))
        print_error("cannot remove %s\n", f->path);
}

/* path/name in a buffer of the caller's */
#define TEST_PATH 512
TEST_MAYBE static const char *test_path(const test_folder *f, const char *name, char out[TEST_PATH])
{
    snprintf(out, TEST_PATH, "%s/%s", f->path, name);
    return out;
}

TEST_MAYBE static bool test_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* The file's bytes, 0-ended; NULL where there is none.  Freed with free. */
TEST_MAYBE static char *test_slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    size_t used = 0, cap = 4096;
    char *s = malloc(cap + 1);
    for (size_t k; s && (k = fread(s + used, 1, cap - used, f)) > 0;) {
        used += k;
        if (used == cap)
            s = realloc(s, (cap *= 2) + 1);
    }
    fclose(f);
    if (!s)
        return NULL;
    s[used] = 0;
    if (n)
        *n = used;
    return s;
}

TEST_MAYBE static void test_spill(const char *path, const void *s, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(s, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* --- skipping, never silently --- */
#define TEST_SKIP(...)                      \
    do {                                    \
        print_message("SKIPPED: " __VA_ARGS__); \
        print_message("\n");                \
        skip();                             \
    } while (0)

/* A Python that has the module: $RECUR_PYTHON or the system's, then the one where peers are usually put. */
TEST_MAYBE static const char *test_python(const char *module)
{
    const char *const candidate[] = { getenv("RECUR_PYTHON") ? getenv("RECUR_PYTHON") : "python3", "/opt/peer/bin/python" };
    for (size_t i = 0; i < 2; i++) {
        char command[256];
        snprintf(command, sizeof command, "%s -c 'import %s' >/dev/null 2>&1", candidate[i], module);
        if (system(command) == 0)
            return candidate[i];
    }
    return NULL;
}
#endif
