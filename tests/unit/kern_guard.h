/* SPDX-License-Identifier: MIT
 * What the kernel checks share: the sets of this processor, numbers, and memory between guard zones. */
#ifndef RC_KERN_GUARD_H
#define RC_KERN_GUARD_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "kern/kern.h"

enum { GUARD = 64, SETS = 8 };
static const float GUARD_VALUE = -7.25e30f;

/* threads < 0: a team of so many, whose caller always works alone. */
static inline recur *runtime(const char *most, int threads)
{
    recur *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_int_equal(rc_kern_open(r, most), 0);
    assert_int_equal(rc_pool_new(r, &r->pool, threads < 0 ? -threads : threads), 0);
    rc_pool_coin(r->pool, threads < 0);
    return r;
}

static inline void end(recur *r)
{
    rc_pool_free(r, r->pool);
    free(r);
}

/* The sets that can run here, without the reference. */
static inline int sets(const rc_kern **out)
{
    int n = 0;
    for (int i = 1; rc_kern_at(i); i++)
        if (rc_kern_usable(rc_kern_at(i))) {
            recur *r = runtime(rc_kern_at(i), 1);
            out[n++] = r->kern;
            assert_string_equal(r->kern->name, rc_kern_at(i));
            end(r);
        }
    return n;
}

static inline const rc_kern *reference(void)
{
    recur *r = runtime("ref", 1);
    const rc_kern *k = r->kern;
    end(r);
    return k;
}

/* --- guarded memory, numbers --- */
static inline float *guarded(size_t n)
{
    float *p = aligned_alloc(64, (n + 2 * GUARD + 15) / 16 * 64);
    assert_non_null(p);
    for (size_t i = 0; i < n + 2 * GUARD; i++)
        p[i] = GUARD_VALUE;
    return p + GUARD;
}

static inline void release(float *p, size_t n)
{
    for (size_t i = 0; i < GUARD; i++) {
        assert_true(p[-1 - (ptrdiff_t)i] == GUARD_VALUE);
        assert_true(p[n + i] == GUARD_VALUE);
    }
    free(p - GUARD);
}

static uint64_t seed = 1;

static inline double uniform(void) { return rc_uniform(11, seed++); }

static inline int below(int n) { return (int)(uniform() * n); }

/* Mostly of the size that nets have, sometimes zero, huge, or tiny. */
static inline float number(float size)
{
    double u = uniform();
    float x = (float)(2 * uniform() - 1) * size;
    return u < 0.03 ? 0 : u < 0.05 ? 20 * x : u < 0.07 ? 1e-6f * x : x;
}

static inline float *numbers(size_t n, float size)
{
    float *p = guarded(n);
    for (size_t i = 0; i < n; i++)
        p[i] = number(size);
    return p;
}

static inline float *same(const float *p, size_t n)
{
    float *q = guarded(n);
    for (size_t i = 0; i < n; i++)
        q[i] = p[i];
    return q;
}

static inline void near(const char *what, const rc_kern *k, size_t n, const float *got, const float *want, double abs_, double rel)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= abs_ + rel * fabs((double)want[i])))
            fail_msg("%s %s: element %zu of %zu is %.9g, reference %.9g", k->name, what, i, n, (double)got[i], (double)want[i]);
}
#endif
