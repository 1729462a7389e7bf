/* SPDX-License-Identifier: MIT
 * pool.c - persistent workers.  The caller is thread 0 and works like the others.
 *
 * Whoever waits spins for a while, since a layer follows another within microseconds, and then sleeps: where other
 * programs want the cores, the partner may have none, and one that sleeps has its core back at once when it is woken,
 * where one that yielded would stand behind a whole slice of somebody else.
 *
 * A team that waits more than it works is slower than its caller would be without it.  So the caller measures both and
 * works alone for a time when that is so, longer each time that the team, tried again, was no better. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE              /* sched_getaffinity */
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/base.h"

enum { MOST = 1024, PAUSES = 64 };                   /* threads; pauses between two looks at the clock */
/* Seconds: a wait before sleep, about what waking costs; a team's work before it is judged; alone, at least and at most,
 * or LOOKS times what the last judgement took: so much less do trials cost. */
static const double SPIN = 50e-6, LOOK = 2e-3, REST_LEAST = 4e-3, REST_MOST = .5, LOOKS = 16;

typedef struct {                 /* a number that others wait to see change; a cache line for each */
    _Alignas(RC_ALIGN) atomic_uint turn;
    atomic_int arrived, asleep;
    pthread_mutex_t lock;
    pthread_cond_t wake;
} gate;

typedef struct {
    rc_pool *pool;
    pthread_t thread;
    int id;
} worker;

struct rc_pool {
    int threads, ready;          /* ready: barriers whose gates were made */
    worker *worker;              /* [threads]; the first is the caller's place */
    gate *barrier;              /* [threads], one a group */
    void (*fn)(void *arg, const rc_team *t);
    void *arg;
    int groups;
    atomic_bool stop;
    gate job, done;              /* a job is a number that rises: workers watch it */
    _Alignas(RC_ALIGN) double spent, waited;   /* the caller's, in teams since they were last judged */
    double until, rest;          /* alone until then; for so long the next time */
    bool solo;
    double share;                /* of runs that are alone by the fall of a coin; < 0: as the pool judges */
    uint64_t coins, teams;       /* thrown; at work so far */
};

static void gate_open(gate *g)
{
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->wake, NULL);
}

static void gate_close(gate *g)
{
    pthread_cond_destroy(&g->wake);
    pthread_mutex_destroy(&g->lock);
}

static inline void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool pass(gate *g, unsigned seen)
{
    for (int i = 0; i < PAUSES; i++) {
        if (atomic_load_explicit(&g->turn, memory_order_acquire) != seen)
            return true;
        pause_cpu();
    }
    return false;
}

/* Until the number is another than seen: how long it took, where that was worth a look at the clock.
 * A sleeper announces itself before it looks at the number again, and next raises the number before it looks for
 * sleepers (both sequentially consistent): one of them sees the other. */
static double await(gate *g, unsigned seen)
{
    if (pass(g, seen))
        return 0;
    const double from = rc_now();
    double now = from;
    while (now - from < SPIN) {
        if (pass(g, seen))
            return rc_now() - from;
        now = rc_now();
    }
    pthread_mutex_lock(&g->lock);
    atomic_fetch_add(&g->asleep, 1);
    while (atomic_load(&g->turn) == seen)
        pthread_cond_wait(&g->wake, &g->lock);
    atomic_fetch_sub(&g->asleep, 1);
    pthread_mutex_unlock(&g->lock);
    return rc_now() - from;
}

static void next(gate *g)
{
    atomic_fetch_add(&g->turn, 1);
    if (atomic_load(&g->asleep)) {
        pthread_mutex_lock(&g->lock);
        pthread_cond_broadcast(&g->wake);
        pthread_mutex_unlock(&g->lock);
    }
}

/* The last of n to arrive opens the next turn. */
static bool arrive(gate *g, int n)
{
    if (atomic_fetch_add_explicit(&g->arrived, 1, memory_order_acq_rel) != n - 1)
        return false;
    atomic_store_explicit(&g->arrived, 0, memory_order_relaxed);
    next(g);
    return true;
}

static unsigned turn_of(gate *g)
{
    return atomic_load_explicit(&g->turn, memory_order_relaxed);
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

static void *serve(void *arg)
{
    worker *w = arg;
    rc_pool *p = w->pool;
    for (unsigned seen = 0;; seen++) {               /* no job is raised before the last is done */
        await(&p->job, seen);
        if (atomic_load(&p->stop))
            return NULL;
        work(p, w->id);
        arrive(&p->done, p->threads - 1);
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
    p->rest = REST_LEAST;
    p->share = -1;
    gate_open(&p->job);
    gate_open(&p->done);
    p->worker = rc_new(r, (size_t)threads, sizeof *p->worker);
    p->barrier = rc_new(r, (size_t)threads, sizeof *p->barrier);
    for (; p->barrier && p->ready < threads; p->ready++)
        gate_open(&p->barrier[p->ready]);
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
    next(&p->job);
    for (int i = 1; i < p->threads; i++)
        pthread_join(p->worker[i].thread, NULL);
    while (p->ready > 0)
        gate_close(&p->barrier[--p->ready]);
    gate_close(&p->done);
    gate_close(&p->job);
    rc_free(r, p->barrier);
    rc_free(r, p->worker);
    rc_free(r, p);
}

int rc_pool_threads(const rc_pool *p)
{
    return p ? p->threads : 1;
}

void rc_pool_coin(rc_pool *p, double share)
{
    p->share = share;
    p->until = 0;
}

void rc_pool_solo(rc_pool *p, bool solo)
{
    p->solo = solo;
}

uint64_t rc_pool_teams(const rc_pool *p)
{
    return p->teams;
}

/* Whether this run is the caller's alone. */
static bool run_alone(rc_pool *p, double now)
{
    if (p->share >= 0)
        return rc_uniform(1, p->coins++) < p->share;
    return p->solo || now < p->until;
}

/* Alone the caller would need about threads times what it worked in the team.  Who works alone is interrupted more often
 * than who sleeps in between, by others that want the core: hence 2. */
static void judge(rc_pool *p, double now)
{
    if (p->spent < LOOK)
        return;
    if (2 * (p->spent - p->waited) * p->threads < p->spent) {
        double most = LOOKS * p->spent > REST_MOST ? LOOKS * p->spent : REST_MOST;
        p->until = now + p->rest;
        p->rest = 2 * p->rest < most ? 2 * p->rest : most;
    } else {
        p->rest = p->rest / 2 > REST_LEAST ? p->rest / 2 : REST_LEAST;
    }
    p->spent = p->waited = 0;
}

void rc_pool_run(rc_pool *p, int groups, void (*fn)(void *arg, const rc_team *t), void *arg)
{
    int threads = rc_pool_threads(p);
    double from = threads > 1 ? rc_now() : 0, now;
    if (threads == 1 || groups > threads || run_alone(p, from)) {
        for (int g = 0; g < (groups > 1 ? groups : 1); g++)
            fn(arg, &(rc_team){ .pool = p, .id = 0, .n = 1, .group = g });
        return;
    }
    unsigned seen = turn_of(&p->done);
    p->fn = fn;
    p->arg = arg;
    p->groups = groups > 1 ? groups : 1;
    p->teams++;
    next(&p->job);               /* publishes what it is */
    work(p, 0);
    p->waited += await(&p->done, seen);
    now = rc_now();
    p->spent += now - from;
    judge(p, now);
}

void rc_barrier(const rc_team *t)
{
    if (t->n == 1)
        return;
    gate *g = &t->pool->barrier[t->group];
    unsigned turn = turn_of(g);
    if (arrive(g, t->n))
        return;
    double waited = await(g, turn);
    if (t->id == 0 && t->group == 0)
        t->pool->waited += waited;
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
