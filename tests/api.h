/* SPDX-License-Identifier: MIT
 * api.h - what the tests of recur.h share: an allocator that counts and fails on request, small data, small models.
 * They see the library as its users do: through recur.h alone. */
#ifndef TEST_API_H
#define TEST_API_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "recur.h"

typedef struct { long calls, live, fail_at; } counter;       /* fail_at: the call that fails; 0: none */

static inline void *counted(void *ud, void *p, size_t n)
{
    counter *c = ud;
    if (!n) {
        c->live -= p != NULL;
        free(p);
        return NULL;
    }
    if (++c->calls == c->fail_at) return NULL;
    void *q = realloc(p, n);
    c->live += !p && q;
    return q;
}

static inline recur *open_counted(counter *c, int threads)
{
    recur *r;
    *c = (counter){ 0 };
    assert_int_equal(recur_open(&r, &(recur_config){ .threads = threads, .alloc = counted, .ud = c }), RECUR_OK);
    return r;
}

#define OK(r, call) do { int ok_ = (call); if (ok_ < 0) fail_msg("%s: %s: %s", #call, recur_strerror(ok_), recur_message(r)); } while (0)
#define FAILS(r, code, word, call) do { \
    assert_int_equal(call, code); \
    if (!strstr(recur_message(r), word)) fail_msg("the message of %s is \"%s\", without \"%s\"", #call, recur_message(r), word); \
    assert_null(strchr(recur_message(r), '\n')); } while (0)

/* Sequences that count upwards from their number, of lengths 4 to 8; the class is the first id. */
enum { COUNT = 60, STEPS = 8, IDS = 6 };
typedef struct { int32_t id[COUNT][STEPS], label[COUNT], next[COUNT][STEPS], length[COUNT]; } counting;

static inline void make_counting(counting *c)
{
    for (int i = 0; i < COUNT; i++) {
        c->length[i] = STEPS - i % 5;
        c->label[i] = i % IDS;
        for (int t = 0; t < STEPS; t++) {
            c->id[i][t] = (i + t) % IDS;
            c->next[i][t] = (i + t + 1) % IDS;
        }
    }
}

static inline recur_data *sequences(recur *r, bool per_step)
{
    static counting c;
    recur_data *d;
    make_counting(&c);
    OK(r, recur_data_arrays(r, &d, &(recur_arrays){ .count = COUNT, .steps = STEPS, .ids = c.id[0], .vocabulary = IDS, .length = c.length,
                                                   .label = per_step ? c.next[0] : c.label, .classes = IDS, .per_step = per_step }));
    return d;
}

/* A handful of labelled texts from a callback. */
static inline int next_text(void *at, recur_example *out)
{
    static const recur_example text[] = {
        { .label = "bad", .text = "the play was dull and long" },   { .label = "good", .text = "a fine and funny play" },
        { .label = "bad", .text = "nothing in it was any good" },   { .label = "good", .text = "we laughed all evening" },
        { .label = "bad", .text = "a waste of an evening" },        { .label = "good", .text = "the best play of the year" },
        { .label = "bad", .text = "dull dull dull" },               { .label = "good", .text = "funny and warm and well played" },
    };
    int *i = at;
    if (*i == (int)(sizeof text / sizeof *text)) return 1;
    *out = text[(*i)++];
    return 0;
}

static inline recur_data *texts(recur *r, const recur_model *m)
{
    recur_train_options o = recur_train_defaults();
    recur_data *d;
    int at = 0;
    o.unit = "word";
    o.min_count = 1;
    OK(r, recur_data_callback(r, &d, "classify", next_text, &at, &o, m));
    return d;
}
#endif
