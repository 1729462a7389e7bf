/* SPDX-License-Identifier: MIT
 * Threads: every index once, groups, barriers that order memory, sleep and waking. */
#include "test.h"

#include <stdatomic.h>

enum { MOST = 4, INDICES = 1000 };

static recur r;
static test_memory memory;

static rc_pool *pool_of(int threads)
{
    rc_pool *p;
    r = test_runtime(&memory);
    assert_int_equal(rc_pool_new(&r, &p, threads), RECUR_OK);
    assert_int_equal(rc_pool_threads(p), threads);
    rc_pool_coin(p, 0);
    return p;
}

static void drop(rc_pool *p)
{
    rc_pool_free(&r, p);
    assert_int_equal(memory.live, 0);
}

static void mark(void *arg, int i)
{
    ((int *)arg)[i]++;               /* not atomic: a data race would be ours to notice */
}

static void every_index_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= MOST; threads++) {
        rc_pool *p = pool_of(threads);
        for (int n = 0; n < 40; n++) {
            int seen[INDICES] = { 0 };
            rc_each(p, n, mark, seen);
            for (int i = 0; i < INDICES; i++)
                assert_int_equal(seen[i], i < n);
        }
        drop(p);
    }
    int seen[3] = { 0 };
    rc_each(NULL, 3, mark, seen);     /* a runtime without a pool computes on the caller */
    assert_int_equal(seen[0] + seen[1] + seen[2], 3);
}

typedef struct {
    int ran[MOST + 2][MOST];          /* [group][member] */
    int size[MOST + 2];
} roll;

static void call(void *arg, const rc_team *t)
{
    roll *x = arg;
    x->ran[t->group][t->id]++;
    if (t->id == 0)
        x->size[t->group] = t->n;
}

static void groups_part_the_threads(void **state)
{
    (void)state;
    for (int threads = 1; threads <= MOST; threads++) {
        rc_pool *p = pool_of(threads);
        for (int groups = 1; groups <= MOST + 2; groups++) {
            roll x = { 0 };
            rc_pool_run(p, groups, call, &x);
            int all = 0;
            for (int g = 0; g < MOST + 2; g++)
                for (int i = 0; i < MOST; i++) {
                    assert_int_equal(x.ran[g][i], g < groups && i < x.size[g]);
                    all += x.ran[g][i];
                }
            assert_int_equal(all, groups > threads ? groups : threads);
        }
        drop(p);
    }
}

/* Alone the caller does every group's work, and that of every index. */
static void alone_does_all(void **state)
{
    (void)state;
    rc_pool *p = pool_of(3);
    rc_pool_coin(p, 1);
    for (int groups = 1; groups <= MOST + 1; groups++) {
        roll x = { 0 };
        int seen[8] = { 0 };
        rc_pool_run(p, groups, call, &x);
        for (int g = 0; g < MOST + 2; g++) {
            assert_int_equal(x.ran[g][0], g < groups);
            assert_int_equal(x.size[g], g < groups);
        }
        rc_each(p, 8, mark, seen);
        for (int i = 0; i < 8; i++)
            assert_int_equal(seen[i], 1);
    }
    drop(p);
}

/* A team whose caller mostly waits gives way, and is tried again. */
static void lopsided(void *arg, const rc_team *t)
{
    int *teams = arg;
    if (t->id == 0)
        *teams += t->n > 1;
    else
        usleep(1000);
}

static void gives_way(void **state)
{
    (void)state;
    rc_pool *p = pool_of(2);
    int teams = 0, runs = 0;
    rc_pool_coin(p, -1);
    for (double until = rc_now() + 60; (teams < 2 || runs < 100 * teams) && rc_now() < until; runs++)
        rc_pool_run(p, 1, lopsided, &teams);
    assert_true(teams > 1);
    assert_true(runs >= 100 * teams);    /* a team takes 1 ms, the caller alone less than 1 us */
    drop(p);
}

/* A chain: in each round every thread writes its cell from the sum of all cells of the round before.  One missing
 * barrier and the numbers differ. */
enum { ROUNDS = 300 };
typedef struct { uint64_t cell[2][MOST][MOST]; } chain;

static void relay(void *arg, const rc_team *t)
{
    chain *x = arg;
    for (int k = 0; k < ROUNDS; k++) {
        uint64_t sum = 1;
        for (int i = 0; i < t->n; i++)
            sum += x->cell[k & 1][t->group][i];
        x->cell[!(k & 1)][t->group][t->id] = sum * 3 + (uint64_t)t->id;
        rc_barrier(t);
    }
}

static void barriers_order(void **state)
{
    (void)state;
    for (int threads = 1; threads <= MOST; threads++)
        for (int groups = 1; groups <= threads; groups++) {
            rc_pool *p = pool_of(threads);
            chain x = { 0 };
            rc_pool_run(p, groups, relay, &x);
            for (int g = 0; g < groups; g++) {
                int lo, hi;
                rc_part(threads, 1, g, groups, &lo, &hi);
                chain y = { 0 };
                for (int k = 0; k < ROUNDS; k++) {
                    uint64_t sum = 1;
                    for (int i = 0; i < hi - lo; i++)
                        sum += y.cell[k & 1][g][i];
                    for (int i = 0; i < hi - lo; i++)
                        y.cell[!(k & 1)][g][i] = sum * 3 + (uint64_t)i;
                }
                assert_memory_equal(x.cell[0][g], y.cell[0][g], sizeof x.cell[0][g]);
            }
            drop(p);
        }
}

static void wakes_from_sleep(void **state)
{
    (void)state;
    rc_pool *p = pool_of(3);
    for (int k = 0; k < 60; k++) {
        int seen[8] = { 0 };
        if (k % 3 == 0)
            usleep((useconds_t)(k * 40));     /* shorter and longer than the workers spin */
        rc_each(p, 8, mark, seen);
        for (int i = 0; i < 8; i++)
            assert_int_equal(seen[i], 1);
    }
    usleep(3000);
    drop(p);
}

static void parts_cover(void **state)
{
    (void)state;
    for (int n = 0; n < 70; n++)
        for (int unit = 1; unit < 20; unit += 5)
            for (int of = 1; of < 9; of++) {
                int at = 0, lo, hi;
                for (int id = 0; id < of; id++) {
                    rc_part(n, unit, id, of, &lo, &hi);
                    assert_int_equal(lo, at);
                    assert_true(hi >= lo && (hi % unit == 0 || hi == n));
                    at = hi;
                }
                assert_int_equal(at, n);
            }
}

static int scene(recur *run, void *arg)
{
    (void)arg;
    rc_pool *p;
    int e = rc_pool_new(run, &p, 3);
    rc_pool_free(run, p);
    return e;
}

static void refuses(void **state)
{
    (void)state;
    rc_pool *p;
    r = test_runtime(&memory);
    assert_int_equal(rc_pool_new(&r, &p, 1 << 20), RECUR_EOPTION);
    assert_null(p);
    assert_non_null(strstr(r.message, "1048576"));
    assert_int_equal(rc_pool_new(&r, &p, 0), RECUR_OK);     /* one per core */
    assert_true(rc_pool_threads(p) >= 1);
    drop(p);
    test_all_allocations(scene, NULL, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_once), cmocka_unit_test(groups_part_the_threads), cmocka_unit_test(barriers_order),
        cmocka_unit_test(wakes_from_sleep), cmocka_unit_test(alone_does_all), cmocka_unit_test(gives_way),
        cmocka_unit_test(parts_cover), cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
