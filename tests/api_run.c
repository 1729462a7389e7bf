/* SPDX-License-Identifier: MIT
 * api_run.c - runs: steps equal the whole, nothing is allocated, the state is the caller's, updates learn. */
#include "api.h"

typedef struct { counter c; recur *r; recur_data *d; recur_model *m; } world;

static int begin(void **state)
{
    world *w = calloc(1, sizeof *w);
    w->r = open_counted(&w->c, 2);
    w->d = sequences(w->r, true);
    OK(w->r, recur_model_new(w->r, &w->m, "embed 5 | lstm 7 layers=2 | dense", w->d, 3));
    *state = w;
    return 0;
}

static int end(void **state)
{
    world *w = *state;
    recur_model_free(w->m);
    recur_data_close(w->d);
    recur_close(w->r);
    assert_int_equal(w->c.live, 0);
    free(w);
    return 0;
}

static recur_run *run(world *w, int B, int T, bool train)
{
    recur_run *u;
    recur_dims d = { .B = B, .T = T, .train = train, .scores = 1 };
    assert_true(recur_run_size(w->m, &d) > 0);
    OK(w->r, recur_run_new(w->r, &u, w->m, &d));
    return u;
}

static void steps_equal_the_whole_bit_for_bit(void **state)
{
    world *w = *state;
    recur_run *all = run(w, 10, STEPS, false), *one = run(w, 1, 1, false);
    size_t n = recur_state_size(w->m);
    float *mine = calloc(10 * n, sizeof *mine);
    recur_batch b;
    recur_data_start(w->d, 10, STEPS, 0, 0);
    OK(w->r, recur_data_next(w->d, &b));
    int rows, width, row = 0;
    const float *y = recur_forward(all, &b, 0, &rows, &width);
    assert_non_null(y);
    assert_int_equal(rows, b.N);
    assert_int_equal(width, IDS);
    long calls = w->c.calls;
    for (int t = 0; t < b.T; t++)                  /* ten sequences side by side through one run: states are ours */
        for (int i = 0; i < b.alive[t]; i++, row++) {
            const float *z = recur_step(one, mine + (size_t)i * n, b.ids[row], NULL);
            assert_non_null(z);
            assert_memory_equal(z, y + row * width, (size_t)width * sizeof *z);
        }
    assert_int_equal(w->c.calls, calls);
    free(mine);
    recur_run_free(one);
    recur_run_free(all);
}

static void states_are_read_and_written(void **state)
{
    world *w = *state;
    size_t n = recur_state_size(w->m), bytes = (size_t)IDS * sizeof(float);
    assert_int_equal(n, 2 * 2 * 7);
    recur_run *u = run(w, 2, 1, false);
    float *keep = calloc(n, sizeof *keep), first[IDS], second[IDS];
    const int32_t ids[2] = { 1, 2 };
    recur_batch b = { .T = 1, .B = 2, .N = 2, .C = 1, .ids = ids };
    recur_forward(u, &b, 0, NULL, NULL);
    recur_state_get(u, 1, keep);
    memcpy(first, recur_forward(u, &b, 0, NULL, NULL) + IDS, bytes);
    memcpy(second, recur_forward(u, &b, 0, NULL, NULL) + IDS, bytes);
    assert_memory_not_equal(first, second, bytes);
    recur_state_set(u, 1, keep);
    assert_memory_equal(recur_forward(u, &b, 0, NULL, NULL) + IDS, first, bytes);
    recur_state_reset(u, -1);
    memcpy(first, recur_forward(u, &b, 0, NULL, NULL), bytes);
    recur_state_set(u, 0, NULL);
    assert_memory_equal(recur_forward(u, &b, 0, NULL, NULL), first, bytes);
    free(keep);
    recur_run_free(u);
}

static void training_by_hand_learns_and_allocates_nothing(void **state)
{
    world *w = *state;
    recur_run *u = run(w, 20, STEPS, true);
    recur_batch b;
    double first = 0, loss = 0, norm = 0;
    recur_data_start(w->d, 20, STEPS, 0, 0);
    OK(w->r, recur_data_next(w->d, &b));
    long calls = w->c.calls;
    for (int i = 0; i < 150; i++) {
        loss = recur_loss(u, &b);
        if (i == 0) first = loss;
        recur_backward(u);
        assert_non_null(recur_gradient(u, 0));
        OK(w->r, recur_update(u, &(recur_step_options){ .optimizer = i < 100 ? "adam" : "sgd", .lr = i < 100 ? 0.02 : 0.1, .clip = 1 }, &norm));
        assert_true(isfinite(norm));
    }
    assert_int_equal(w->c.calls, calls);
    assert_true(first > 1.5 && loss < 0.2);
    recur_run_free(u);
}

/* A run made for one optimizer keeps no room for hungrier ones, and says so when one comes. */
static void room_for_the_optimizer_named(void **state)
{
    world *w = *state;
    recur_dims d = { .B = 20, .T = STEPS, .train = 1 };
    const size_t any = recur_run_size(w->m, &d);
    recur_run *u = NULL;
    recur_batch b;
    d.optimizer = "sgd";
    assert_true(recur_run_size(w->m, &d) < any);
    OK(w->r, recur_run_new(w->r, &u, w->m, &d));
    recur_data_start(w->d, 20, STEPS, 0, 0);
    OK(w->r, recur_data_next(w->d, &b));
    assert_true(isfinite(recur_loss(u, &b)));
    recur_backward(u);
    assert_int_equal(recur_update(u, &(recur_step_options){ .optimizer = "adam" }, NULL), RECUR_EOPTION);
    assert_non_null(strstr(recur_message(w->r), "recur_dims.optimizer"));
    OK(w->r, recur_update(u, &(recur_step_options){ .optimizer = "sgd", .lr = 0.01 }, NULL));
    recur_run_free(u);
    d.optimizer = "sdg";
    assert_int_equal(recur_run_new(w->r, &u, w->m, &d), RECUR_EOPTION);
    assert_non_null(strstr(recur_message(w->r), "sdg"));
}

/* The gradient through time: one for each layer, and asking for it changes no bit and allocates nothing. */
static void norms_through_time(void **state)
{
    world *w = *state;
    recur_run *plain = run(w, 20, STEPS, true), *u;
    recur_dims d = { .B = 20, .T = STEPS, .train = 1, .trace = 1 };
    recur_norms n;
    recur_batch b;
    OK(w->r, recur_run_new(w->r, &u, w->m, &d));
    recur_data_start(w->d, 20, STEPS, 0, 0);
    OK(w->r, recur_data_next(w->d, &b));
    long calls = w->c.calls;
    recur_loss(plain, &b);
    recur_backward(plain);
    recur_loss(u, &b);
    recur_backward(u);
    for (int i = 0; i < 2; i++) {
        OK(w->r, recur_gradient_norms(u, i, &n));
        assert_string_equal(n.name, i ? "3.lstm" : "2.lstm");
        assert_int_equal(n.steps, b.T);
        for (int k = 0; k < n.steps; k++)
            assert_true(n.norm[k] > 0 && isfinite(n.norm[k]));
    }
    assert_int_equal(recur_gradient_norms(u, 2, &n), RECUR_EEND);
    assert_int_equal(w->c.calls, calls);
    recur_param p;
    for (int i = 0; recur_model_param(w->m, i, &p) == RECUR_OK; i++)
        assert_memory_equal(recur_gradient(u, i), recur_gradient(plain, i), p.n * sizeof(float));
    assert_int_equal(recur_gradient_norms(plain, 0, &n), RECUR_EOPTION);
    recur_run_free(u);
    recur_run_free(plain);
}

static void two_runs_share_a_model(void **state)
{
    world *w = *state;
    recur_run *a = run(w, 10, STEPS, false), *b = run(w, 1, 1, false);
    recur_batch batch;
    int rows, width;
    recur_data_start(w->d, 10, STEPS, 0, 0);
    OK(w->r, recur_data_next(w->d, &batch));
    const float *y = recur_forward(a, &batch, 0, &rows, &width);
    size_t n = (size_t)rows * (size_t)width * sizeof *y;
    float *keep = malloc(n), *mine = calloc(recur_state_size(w->m), sizeof *mine);
    memcpy(keep, y, n);
    assert_non_null(recur_step(b, mine, 4, NULL));
    assert_memory_equal(recur_forward(a, &batch, 0, NULL, NULL), keep, n);
    free(keep);
    free(mine);
    recur_run_free(a);
    recur_run_free(b);
}

static void what_does_not_fit_is_refused(void **state)
{
    world *w = *state;
    recur_run *u, *wide = run(w, 2, 3, false);
    const int32_t ids[8] = { 0, 1, 2, IDS, 0, 0, 0, 0 };
    recur_batch big = { .T = 4, .B = 2, .N = 8, .C = 1, .ids = ids, .fresh = 1 }, outside = { .T = 2, .B = 2, .N = 4, .C = 1, .ids = ids, .fresh = 1 };
    double norm;
    FAILS(w->r, RECUR_EOPTION, "at least 1", recur_run_new(w->r, &u, w->m, &(recur_dims){ .B = 0, .T = 1 }));
    assert_null(u);
    FAILS(w->r, RECUR_EOPTION, "model", recur_run_new(w->r, &u, NULL, &(recur_dims){ .B = 1, .T = 1 }));
    assert_null(recur_forward(wide, &big, 0, NULL, NULL));
    assert_true(strlen(recur_message(w->r)) > 0);
    assert_null(recur_forward(wide, &outside, 0, NULL, NULL));
    assert_non_null(strstr(recur_message(w->r), "6"));
    outside.ids = ids + 4;
    assert_null(recur_forward(wide, &outside, 1, NULL, NULL));
    assert_non_null(recur_forward(wide, &outside, 0, NULL, NULL));
    FAILS(w->r, RECUR_EOPTION, "train", recur_update(wide, NULL, &norm));
    recur_run_free(wide);
    recur_run_free(NULL);
}

static void weights_that_would_break_are_left_alone(void **state)
{
    world *w = *state;
    recur_run *u = run(w, 20, STEPS, true);
    recur_param p;
    recur_batch b;
    int last = 0;
    while (recur_model_param(w->m, last + 1, &p) == RECUR_OK) last++;
    OK(w->r, recur_model_param(w->m, last, &p));
    recur_data_start(w->d, 20, STEPS, 0, 0);
    OK(w->r, recur_data_next(w->d, &b));
    p.w[0] = NAN;
    float before[IDS];
    memcpy(before, p.w + 1, (p.n - 1) * sizeof *before);
    recur_loss(u, &b);
    recur_backward(u);
    assert_int_equal(recur_update(u, NULL, NULL), RECUR_EDIVERGE);
    assert_memory_equal(p.w + 1, before, (p.n - 1) * sizeof *before);
    recur_run_free(u);
}

/* Panels are kept between calls; who writes through recur_param.w says so. */
static void written_weights_are_seen(void **state)
{
    world *w = *state;
    recur_run *old = run(w, 1, 1, false);
    size_t n = recur_state_size(w->m);
    float *a = calloc(2 * n, sizeof *a), *b = a + n;
    recur_param p;
    for (int i = 0; recur_model_param(w->m, i, &p) == RECUR_OK; i++) {
        assert_non_null(recur_step(old, a, 1, NULL));        /* packs */
        p.w[p.n / 2] += 0.5f;
        recur_model_touch(w->m);
        recur_run *fresh = run(w, 1, 1, false);
        memcpy(b, a, n * sizeof *a);
        const float *x = recur_step(old, a, 1, NULL), *y = recur_step(fresh, b, 1, NULL);
        assert_memory_equal(x, y, IDS * sizeof *x);
        assert_memory_equal(a, b, n * sizeof *a);
        recur_run_free(fresh);
    }
    free(a);
    recur_run_free(old);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(steps_equal_the_whole_bit_for_bit), T(states_are_read_and_written), T(training_by_hand_learns_and_allocates_nothing),
        T(norms_through_time), T(room_for_the_optimizer_named), T(two_runs_share_a_model), T(what_does_not_fit_is_refused),
        T(weights_that_would_break_are_left_alone), T(written_weights_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
