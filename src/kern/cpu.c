/* SPDX-License-Identifier: MIT
 * Which kernel set: the best one built in that this processor has and the caller allows. */
#include <stdlib.h>
#if defined __x86_64__
#include <cpuid.h>
#endif

#include "kern/kern.h"

static bool has_ref(void) { return true; }
#ifndef RC_DOUBLE
#if defined __x86_64__
static bool has_sse2(void) { return true; }                   /* every x86-64 */
static bool has_f16c(void)                                    /* asked for by hand: clang 14 does not know its name */
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && c & bit_F16C;
}
static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c(); }
static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}
static bool has_vnni(void) { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
static bool has_bf16(void) { return has_vnni() && __builtin_cpu_supports("avx512bf16"); }
#elif defined __aarch64__
static bool has_neon(void) { return true; }                   /* every AArch64 */
#endif
#endif

#define X(name) extern const rc_kern rc_kern_##name;
#include "kern/list.h"
#undef X

static const struct { const rc_kern *kern; bool (*usable)(void); } sets[] = {
#define X(name) { &rc_kern_##name, has_##name },
#include "kern/list.h"
#undef X
};
enum { SETS = sizeof sets / sizeof *sets };

const char *rc_kern_at(int i) { return i >= 0 && i < SETS ? sets[i].kern->name : NULL; }

static int find(const char *name)
{
    for (int i = 0; i < SETS; i++)
        if (!strcmp(sets[i].kern->name, name))
            return i;
    return -1;
}

bool rc_kern_usable(const char *name)
{
    int i = find(name);
    return i >= 0 && sets[i].usable();
}

int rc_kern_open(recur *r, const char *most)
{
    const char *from = "kernels";
    if (!most) {
        most = getenv("RECUR_KERNELS");
        from = "RECUR_KERNELS";
    }
    int i = SETS - 1;
    if (most && *most && (i = find(most)) < 0) {
        rc_names names = { "" };
        for (int k = 0; k < SETS; k++)
            rc_name_add(&names, sets[k].kern->name);
        return rc_fail(r, RECUR_EOPTION, "%s: no kernel set \"%s\"; this build has %s", from, most, names.s);
    }
    while (!sets[i].usable())
        i--;
    r->kern = sets[i].kern;
    return 0;
}

size_t rc_panels(const rc_kern *k, int K, int N)
{
    return (size_t)((N + k->nr - 1) / k->nr) * (size_t)k->nr * (size_t)K;
}

rc_cell_fns rc_kern_cell(const rc_kern *k, const rc_cell *c, const rc_cell_opt *o)
{
    int i = rc_cell_index(c);
    rc_cell_fns f = { { c->forward[0], c->forward[1] }, { c->backward[0], c->backward[1] } };
    if (k->takes(i, o)) {
        f.forward[0] = k->cell[i].forward[0], f.forward[1] = k->cell[i].forward[1];
        f.backward[0] = k->cell[i].backward[0], f.backward[1] = k->cell[i].backward[1];
    }
    return f;
}
