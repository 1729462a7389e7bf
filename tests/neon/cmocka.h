/* SPDX-License-Identifier: MIT
 * What the kernel checks use of cmocka, for a processor that has no cmocka here: the first failure ends the program. */
#ifndef NEON_CMOCKA_H
#define NEON_CMOCKA_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define fail_msg(...) (printf("%s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), puts(""), exit(1))
#define assert_true(x) ((x) ? (void)0 : (fail_msg("%s", #x)))
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_int_equal(a, b) assert_true((long long)(a) == (long long)(b))
#define assert_string_equal(a, b) assert_true(!strcmp(a, b))
#define assert_memory_equal(a, b, n) assert_true(!memcmp(a, b, n))
#define print_message(...) printf(__VA_ARGS__)

struct CMUnitTest { const char *name; void (*fn)(void **state); };
#define cmocka_unit_test(f) { #f, f }
#define cmocka_run_group_tests(tests, up, down) neon_run(tests, (int)(sizeof(tests) / sizeof *(tests)))
#define cmocka_run_group_tests_name(name, tests, up, down) cmocka_run_group_tests(tests, up, down)

static inline int neon_run(const struct CMUnitTest *t, int n)
{
    for (int i = 0; i < n; i++) {
        void *state = NULL;
        printf("%s\n", t[i].name);
        t[i].fn(&state);
    }
    return 0;
}
#endif
