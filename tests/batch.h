/* SPDX-License-Identifier: MIT
 * Small random batches and nets for the tests of layers, heads and nets. */
#ifndef TESTS_BATCH_H
#define TESTS_BATCH_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "net/net.h"

/* A runtime without the API's floor.  threads: always a team of so many; < 0: a coin decides each time whether the caller
 * works alone. */
static inline void test_open(recur *r, int threads, const char *kernels)
{
    assert_int_equal(rc_kern_open(r, kernels), 0);
    assert_int_equal(rc_pool_new(r, &r->pool, threads < 0 ? -threads : threads), 0);
    rc_pool_coin(r->pool, threads < 0 ? .5 : 0);
}

/* Numbers of threads that must give the same bits. */
enum { TEAMS = 5 };
static inline int test_team(int i) { return (const int[TEAMS]){ 1, 2, 3, -2, -3 }[i]; }

static inline void test_close(recur *r)
{
    rc_pool_free(r, r->pool);
    r->pool = NULL;
}

enum { UNITS = 11, PAIRS = 13, FEATURES = 3, CLASSES = 5, NUMBERS = 2, ROWS_MOST = 256, STEPS_MOST = 64, SIDES = 4, SIDE_STEPS = 5 };
#define TEST_SIDE .side = { SIDES, SIDE_STEPS, 0 }            /* in recur_dims: of every batch made here */

typedef struct {
    recur_batch b;
    int32_t alive[STEPS_MOST], ids[2 * ROWS_MOST], target[RECUR_HEADS][ROWS_MOST];
    int32_t list[ROWS_MOST], list_at[ROWS_MOST];
    uint64_t key[ROWS_MOST];
    struct { recur_batch b; int32_t alive[SIDE_STEPS], ids[SIDES * SIDE_STEPS]; float x[SIDES * SIDE_STEPS * FEATURES]; } side;
    int32_t place[ROWS_MOST], row_place[ROWS_MOST];
    float x[ROWS_MOST * FEATURES], value[RECUR_HEADS][ROWS_MOST * NUMBERS];
} test_batch;

static inline rc_facts test_facts(void)
{
    rc_facts f = { .columns = 2, .vocabulary = { UNITS, PAIRS }, .features = FEATURES,
                   .side = { .columns = 1, .vocabulary = { UNITS }, .features = FEATURES } };
    return f;
}

/* Side sequences of 5, 4, 4 and 0 steps; some are nobody's, some several's, some belong to none. */
static inline void test_batch_side(test_batch *t, uint64_t k)
{
    static const int length[SIDES] = { SIDE_STEPS, 4, 4, 0 };
    recur_batch *s = &t->side.b;
    *s = (recur_batch){ .T = SIDE_STEPS, .B = SIDES, .C = 1, .F = FEATURES, .alive = t->side.alive, .ids = t->side.ids,
                        .x = t->side.x, .fresh = 1 };
    for (int b = 0; b < SIDES; b++)
        for (int i = 0; i < length[b]; i++, s->N++)
            t->side.alive[i]++;
    for (int n = 0; n < s->N; n++)
        t->side.ids[n] = (int32_t)rc_below(k, 50000 + (uint64_t)n, UNITS);
    for (int i = 0; i < s->N * FEATURES; i++)
        t->side.x[i] = (float)((double)rc_below(k, 60000 + (uint64_t)i, 1024) / 512 - 1);
    for (int i = 0; i < ROWS_MOST; i++) {
        t->place[i] = i < 4 ? (int32_t[]){ 1, 0, 1, 3 }[i] : i % 5 - 1;
        t->row_place[i] = (int32_t)rc_below(k, 70000 + (uint64_t)i, SIDES + 1) - 1;
    }
    t->b.side = s;
    t->b.place = t->place;
    t->b.row_place = t->row_place;
}

/* Sequences of the lengths given, longest first; every fifth target does not count. */
static inline void test_batch_fill(test_batch *t, const int *length, int B, uint64_t seed)
{
    uint64_t k = rc_key(seed, RC_OTHER, 1, 2);
    memset(t, 0, sizeof *t);
    t->b = (recur_batch){ .T = length[0], .B = B, .C = 2, .F = FEATURES, .alive = t->alive, .ids = t->ids, .x = t->x,
                          .key = t->key, .fresh = 1 };
    for (int s = 0; s < length[0]; s++)
        for (int i = 0; i < B; i++)
            t->alive[s] += length[i] > s;
    for (int s = 0; s < length[0]; s++)
        t->b.N += t->alive[s];
    for (int n = 0; n < t->b.N; n++) {
        t->ids[n] = (int32_t)rc_below(k, (uint64_t)n, UNITS);
        t->ids[t->b.N + n] = (int32_t)rc_below(k, 1000 + (uint64_t)n, PAIRS);
    }
    /* multiples of 1/512: a float holds them with their steps */
    for (int i = 0; i < t->b.N * FEATURES; i++)
        t->x[i] = (float)((double)rc_below(k, 2000 + (uint64_t)i, 1024) / 512 - 1);
    for (int i = 0; i < B; i++)
        t->key[i] = 77 + (uint64_t)i * 3;
    for (int h = 0; h < RECUR_HEADS; h++) {
        for (int n = 0; n < ROWS_MOST; n++)
            t->target[h][n] = n % 5 == 3 ? -1 : (int32_t)rc_below(k, 9000 + (uint64_t)(h * ROWS_MOST + n), CLASSES);
        for (int n = 0; n < ROWS_MOST * NUMBERS; n++)
            t->value[h][n] = n % 5 == 3 ? NAN : (float)rc_normal(k, 20000 + (uint64_t)(h * ROWS_MOST * NUMBERS + n));
        t->b.target[h] = t->target[h];
        t->b.value[h] = t->value[h];
    }
    test_batch_side(t, k);
}

/* Head 0 gets lists of labels instead, a third as long as its sequence; two of three lists have equal neighbours. */
static inline void test_batch_lists(test_batch *t, const int *length, int B)
{
    int n = 0;
    for (int b = 0; b < B; b++) {
        t->list_at[b] = n;
        for (int i = 0; i < (length[b] + 1) / 3; i++, n++)
            t->list[n] = i && b % 3 ? t->list[n - 1] : 1 + (b + 2 * i) % (CLASSES - 1);
    }
    t->list_at[B] = n;
    t->b.target[0] = t->list;
    t->b.list_at[0] = t->list_at;
}

/* Sequence i of a packed batch as a batch of its own. */
static inline void test_batch_one(const test_batch *from, int i, test_batch *to, bool per_seq)
{
    memset(to, 0, sizeof *to);
    to->b = from->b;
    to->b.alive = to->alive, to->b.ids = to->ids, to->b.x = to->x, to->b.key = to->key;
    to->b.B = 1, to->b.T = to->b.N = 0;
    to->key[0] = from->key[i];
    to->place[0] = from->place[i];
    to->b.place = to->place;
    to->b.row_place = to->row_place;
    for (int s = 0; s < from->b.T && from->alive[s] > i; s++)
        to->b.N = ++to->b.T;
    for (int s = 0, off = 0; s < to->b.T; off += from->alive[s++]) {
        int n = off + i;
        to->alive[s] = 1;
        to->row_place[s] = from->row_place[n];
        to->ids[s] = from->ids[n];
        to->ids[to->b.N + s] = from->ids[from->b.N + n];
        memcpy(to->x + s * FEATURES, from->x + n * FEATURES, FEATURES * sizeof *to->x);
        for (int h = 0; h < RECUR_HEADS; h++)
            to->target[h][s] = from->target[h][n];
    }
    for (int h = 0; h < RECUR_HEADS; h++) {
        if (per_seq)
            to->target[h][0] = from->target[h][i];
        to->b.target[h] = to->target[h];
        to->b.value[h] = to->value[h];
    }
}

static inline rc_net *test_net(recur *r, const char *line, const char *head)
{
    rc_facts f = test_facts();
    rc_net *net;
    for (int h = 0; h < RECUR_HEADS; h++)
        f.classes[h] = rc_head_find(head)->classes ? CLASSES : NUMBERS;
    if (rc_net_new(r, &net, line, head, &f))
        fail_msg("%s: %s", line, r->message);
    return net;
}

/* Weights as the net starts, every one moved a little so that none is at 0 or 1. */
static inline real *test_weights(recur *r, const rc_net *net, uint64_t seed)
{
    rc_facts f = test_facts();
    real *w = rc_new(r, net->params.total, sizeof *w);
    assert_non_null(w);
    rc_net_init(net, &f, seed, w);
    for (int i = 0; i < net->params.n; i++)
        for (size_t k = 0; k < net->params.p[i].n; k++)
            w[net->params.p[i].at + k] += (real)(0.3 * rc_normal(rc_key(seed, RC_OTHER, (uint64_t)i, 7), k));
    return w;
}

/* A runtime with a net. */
typedef struct { recur r; rc_net *net; real *w; } test_bench;

static inline void test_setup(test_bench *s, const char *line, const char *kernels, int threads)
{
    memset(s, 0, sizeof *s);
    test_open(&s->r, threads, kernels);
    s->net = test_net(&s->r, line, "softmax");
    s->w = test_weights(&s->r, s->net, 3);
}

static inline void test_teardown(test_bench *s)
{
    rc_free(&s->r, s->w);
    rc_net_free(s->net);
    test_close(&s->r);
}
#endif
