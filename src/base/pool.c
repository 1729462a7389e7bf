/* SPDX-License-Identifier: MIT
 * pool.c - persistent workers.  A job is a number that rises: workers watch it, first spinning (a layer follows another
 * within microseconds), then asleep.  The caller is thread 0 and works like the others. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE              /* sched_getaffinity */
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/base.h"

enum { SPIN_LEAST = 8, SPIN_FIRST = 256, SPIN_MOST = 2000, YIELDS = 64, MOST = 1024 };

typedef struct {                 /* a cache line for each: groups do not disturb one another */
    _Alignas(RC_ALIGN) atomic_int arrived;
    atomic_uint turn;
    atomic_int patience;         /* pauses that a wait is worth: see learn */
} barrier;

typedef struct {
    rc_pool *pool;
    pthread_t thread;
    int id;
    atomic_int patience;
} worker;

struct rc_pool {
    int threads;
    worker *worker;              /* [threads]; the first is the caller's place */
    barrier *barrier;            /* [threads], one a group */
    void (*fn)(void *arg, const rc_team *t);
    void *arg;
    int groups;
    _Alignas(RC_ALIGN) atomic_uint job;
    atomic_int asleep;
    atomic_bool stop;
    _Alignas(RC_ALIGN) atomic_int busy;
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

static inline void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Waits a little: first spinning, then giving the core away, for the partner may have none. */
static inline void wait_more(int *spun, int patience)
{
    if (*spun < patience) {
        ++*spun;
        pause_cpu();
    } else {
        sched_yield();
    }
}

/* Where partners share a core every spin is lost, where they do not every yield is: a wait that spinning ended doubles
 * the patience, another halves it. */
static void learn(atomic_int *patience, int spun)
{
    int old = atomic_load_explicit(patience, memory_order_relaxed), now = old;
    if (spun >= old)
        now = old / 2 > SPIN_LEAST ? old / 2 : SPIN_LEAST;
    else if (spun > 0)
        now = 2 * old < SPIN_MOST ? 2 * old : SPIN_MOST;
    if (now != old)
        atomic_store_explicit(patience, now, memory_order_relaxed);
}

static void work(rc_pool *p, int id)
{
    int group = 0, lo = 0, hi = p->threads;
    for (; group < p->groups; group++) {
        rc_part(p->threads, 1, group, p->groups, &lo, &hi);
        if (id < hi)
            break;
    }
    p->fn(p->arg, &(rc_team){ .pool = p, .id = id - lo, .n = hi - lo, .group = group });
}

/* A sleeper announces itself before it looks at the job again, and the caller raises the job before it looks for
 * sleepers (both sequentially consistent): one of them sees the other. */
static unsigned next_job(rc_pool *p, atomic_int *patience, unsigned seen)
{
    const int pauses = atomic_load_explicit(patience, memory_order_relaxed);
    for (int spun = 0, k = 0; k < pauses + YIELDS; k++) {
        unsigned job = atomic_load_explicit(&p->job, memory_order_acquire);
        if (job != seen) {
            learn(patience, spun);
            return job;
        }
        wait_more(&spun, pauses);
    }
    learn(patience, pauses);
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->asleep, 1);
    while (atomic_load(&p->job) == seen)
        pthread_cond_wait(&p->wake, &p->lock);
    atomic_fetch_sub(&p->asleep, 1);
    pthread_mutex_unlock(&p->lock);
    return atomic_load(&p->job);
}

static void raise_job(rc_pool *p)
{
    atomic_fetch_add(&p->job, 1);
    if (atomic_load(&p->asleep)) {
        pthread_mutex_lock(&p->lock);
        pthread_cond_broadcast(&p->wake);
        pthread_mutex_unlock(&p->lock);
    }
}

static void *serve(void *arg)
{
    worker *w = arg;
    rc_pool *p = w->pool;
    for (unsigned seen = 0;;) {
        seen = next_job(p, &w->patience, seen);
        if (atomic_load(&p->stop))
            return NULL;
        work(p, w->id);
        atomic_fetch_sub_explicit(&p->busy, 1, memory_order_release);
    }
}

static int cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
    return n > 0 ? n : 1;
}

/* Signals are the caller's: a handler never runs on a worker. */
static int start(rc_pool *p, int threads)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    int error = 0;
    for (p->threads = 1; p->threads < threads && !error; p->threads += !error) {
        worker *w = &p->worker[p->threads];
        w->pool = p;
        w->id = p->threads;
        error = pthread_create(&w->thread, NULL, serve, w);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

int rc_pool_new(recur *r, rc_pool **out, int threads)
{
    *out = NULL;
    if (threads <= 0)
        threads = cores();
    if (threads > MOST)
        return rc_fail(r, RECUR_EOPTION, "%d threads asked for; at most %d", threads, MOST);
    rc_pool *p = rc_new(r, 1, sizeof *p);
    if (!p)
        return RECUR_ENOMEM;
    p->threads = 1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    p->worker = rc_new(r, (size_t)threads, sizeof *p->worker);
    p->barrier = rc_new(r, (size_t)threads, sizeof *p->barrier);
    for (int i = 0; p->worker && p->barrier && i < threads; i++) {
        atomic_init(&p->worker[i].patience, SPIN_FIRST);
        atomic_init(&p->barrier[i].patience, SPIN_FIRST);
    }
    if (!p->worker || !p->barrier) {
        rc_pool_free(r, p);
        return RECUR_ENOMEM;
    }
    int error = start(p, threads);
    if (error) {
        int got = p->threads;
        rc_pool_free(r, p);
        return rc_fail(r, RECUR_ENOMEM, "cannot start %d threads: the system gave %d (error %d); ask for fewer",
                       threads, got, error);
    }
    *out = p;
    return RECUR_OK;
}

void rc_pool_free(recur *r, rc_pool *p)
{
    if (!p)
        return;
    atomic_store(&p->stop, true);
    raise_job(p);
    for (int i = 1; i < p->threads; i++)
        pthread_join(p->worker[i].thread, NULL);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    rc_free(r, p->barrier);
    rc_free(r, p->worker);
    rc_free(r, p);
}

int rc_pool_threads(const rc_pool *p)
{
    return p ? p->threads : 1;
}

void rc_pool_run(rc_pool *p, int groups, void (*fn)(void *arg, const rc_team *t), void *arg)
{
    int threads = rc_pool_threads(p);
    if (threads == 1 || groups > threads) {
        for (int g = 0; g < (groups > 1 ? groups : 1); g++)
            fn(arg, &(rc_team){ .pool = p, .id = 0, .n = 1, .group = g });
        return;
    }
    p->fn = fn;
    p->arg = arg;
    p->groups = groups > 1 ? groups : 1;
    atomic_store_explicit(&p->busy, threads - 1, memory_order_relaxed);   /* published by raise_job */
    raise_job(p);
    work(p, 0);
    atomic_int *patience = &p->worker[0].patience;
    int spun = 0, pauses = atomic_load_explicit(patience, memory_order_relaxed);
    while (atomic_load_explicit(&p->busy, memory_order_acquire))
        wait_more(&spun, pauses);
    learn(patience, spun);
}

/* The last to arrive opens the next turn. */
void rc_barrier(const rc_team *t)
{
    if (t->n == 1)
        return;
    barrier *b = &t->pool->barrier[t->group];
    unsigned turn = atomic_load_explicit(&b->turn, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&b->arrived, 1, memory_order_acq_rel) == t->n - 1) {
        atomic_store_explicit(&b->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&b->turn, turn + 1, memory_order_release);
        return;
    }
    int spun = 0, pauses = atomic_load_explicit(&b->patience, memory_order_relaxed);
    while (atomic_load_explicit(&b->turn, memory_order_acquire) == turn)
        wait_more(&spun, pauses);
    learn(&b->patience, spun);
}

typedef struct {
    int n;
    void (*fn)(void *arg, int i);
    void *arg;
} each;

static void each_run(void *arg, const rc_team *t)
{
    const each *e = arg;
    int lo, hi;
    rc_part(e->n, 1, t->id, t->n, &lo, &hi);
    for (int i = lo; i < hi; i++)
        e->fn(e->arg, i);
}

void rc_each(rc_pool *p, int n, void (*fn)(void *arg, int i), void *arg)
{
    each e = { n, fn, arg };
    if (n > 1)
        rc_pool_run(p, 1, each_run, &e);
    else if (n == 1)
        fn(arg, 0);
}
