/* SPDX-License-Identifier: MIT
 * runtime.c - opening and closing a runtime, and what it has to say. */
#include <errno.h>
#include <stdlib.h>

#include "api/api.h"

/* The environment stands in where the program leaves the choice open: RECUR_THREADS, RECUR_KERNELS. */
static int threads_of(recur *r, const recur_config *c, int *threads)
{
    const char *s = getenv("RECUR_THREADS");
    *threads = c->threads;
    RC_NEED(r, c->threads >= 0, RECUR_EOPTION, "threads: %d, but 0 (one per core) or more is wanted", c->threads);
    if (c->threads || !s || !*s)
        return RECUR_OK;
    char *end;
    errno = 0;
    long n = strtol(s, &end, 10);
    RC_NEED(r, end != s && !*end && !errno && n >= 0 && n <= 1024, RECUR_EOPTION,
            "RECUR_THREADS is '%s', not a number from 0 to 1024", s);
    *threads = (int)n;
    return RECUR_OK;
}

int recur_open(recur **out, const recur_config *c)
{
    static const recur_config plain = { 0 };
    if (!out)
        return RECUR_EOPTION;
    *out = NULL;
    if (!c)
        c = &plain;
    recur seed = { .alloc = c->alloc, .ud = c->ud };     /* the runtime's own memory comes through it too */
    recur *r = rc_new(&seed, 1, sizeof *r);
    if (!r)
        return RECUR_ENOMEM;
    *r = seed;
    int threads, e = RECUR_EOPTION;
    if (c->language && strcmp(c->language, "zh") == 0)
        r->words = rc_words_zh;
    else if (c->language && strcmp(c->language, "en") != 0) {
        rc_fail(r, e, "no language '%s'; there are en, zh", c->language);
        goto fail;
    }
    const char *kernels = c->kernels ? c->kernels : getenv("RECUR_KERNELS");
    if ((e = threads_of(r, c, &threads)) < 0)
        goto fail;
    if ((e = rc_kern_open(r, kernels && *kernels ? kernels : NULL)) < 0)
        goto fail;
    if ((e = rc_pool_new(r, &r->pool, threads)) < 0)
        goto fail;
    *out = r;
    return RECUR_OK;
fail:
    recur_close(r);
    return e;
}

void recur_close(recur *r)
{
    if (!r)
        return;
    rc_pool_free(r, r->pool);
    recur last = *r;
    rc_free(&last, r);
}

const char *recur_message(const recur *r)
{
    return r ? r->message : "";
}

const char *recur_warning(const recur *r)
{
    return r ? r->warning : "";
}

const char *recur_kernels(const recur *r)
{
    return r && r->kern ? r->kern->name : "";
}

int recur_threads(const recur *r)
{
    return r && r->pool ? rc_pool_threads(r->pool) : 0;
}

double recur_fma_peak(recur *r)
{
    return r ? rc_kern_peak(r) : 0;
}

void recur_free(recur *r, void *text)
{
    if (r)
        rc_free(r, text);
}

const char *recur_strerror(int error)
{
    static const struct { int code; const char *text; } errors[] = {
#define X(name, code, text) { code, text },
        RECUR_ERRORS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].code == error)
            return errors[i].text;
    return "unknown error";
}
