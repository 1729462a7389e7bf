/* SPDX-License-Identifier: MIT
 * A case of `recur bench` computed with the reference kernels too: before anything is timed the numbers must agree. */
#include <math.h>
#include <stdlib.h>

#include "bench.h"

enum { CHECK_STEPS = 8 };

/* Both sums are of the same numbers in another order: they part by rounding, which grows with their length, never by a
 * ten-thousandth of the largest. */
static bool agree(const bench_call *j, const char *what, const float *x, const float *y, size_t n)
{
    double most = 0, apart = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs((double)y[i]));
        double d = fabs((double)x[i] - (double)y[i]);
        apart = d <= apart ? apart : d;                        /* NaN stays */
    }
    if (apart <= 1e-4 * most + 1e-9)
        return true;
    cli_note(say(SAY_BENCH_WRONG), j->k->group, j->k->name, j->cell, what, apart, most);
    return false;
}

static int same_steps(const bench_call *j, recur_run *ref, float *state)
{
    for (int t = 0; t < CHECK_STEPS; t++) {
        const float *x = recur_step(j->u, j->state, 0, j->x), *y = x ? recur_step(ref, state, 0, j->x) : NULL;
        if (!y || !agree(j, "y", x, y, (size_t)j->out))
            return CLI_FAILED;
    }
    return CLI_DONE;
}

static int same_scores(const bench_call *j, recur_run *ref, const recur_batch *b)
{
    int n, w;
    const float *x = recur_forward(j->u, b, 0, &n, &w), *y = x ? recur_forward(ref, b, 0, &n, &w) : NULL;
    return y && agree(j, "y", x, y, (size_t)n * (size_t)w) ? CLI_DONE : CLI_FAILED;
}

static int same_gradients(const bench_call *j, recur_run *ref, const recur_batch *b)
{
    recur_param p;
    float x = (float)recur_loss(j->u, b), y = (float)recur_loss(ref, b);
    recur_backward(j->u);
    recur_backward(ref);
    if (!agree(j, "loss", &x, &y, 1))
        return CLI_FAILED;
    for (int i = 0; recur_model_param(j->m, i, &p) == RECUR_OK; i++)
        if (!agree(j, p.name, recur_gradient(j->u, i), recur_gradient(ref, i), p.n))
            return CLI_FAILED;
    return CLI_DONE;
}

/* The same weights and inputs with both sets of kernels: scores, or loss and every gradient.  The reference is slow, so
 * of a large batch only its first steps are compared. */
int bench_check(const bench_call *j)
{
    double many = 1e9 / (j->flop / j->k->steps);
    int T = many < 2 ? 2 : many < j->k->steps ? (int)many : j->k->steps;
    T = T < j->k->steps ? T : j->k->steps;
    recur_batch b = j->batch;
    recur_dims few = bench_dims(j, T);
    recur_run *ref = NULL;
    float *state = calloc(recur_state_size(j->m) + 1, sizeof *state);
    b.T = T, b.N = 0;
    for (int t = 0; t < T; t++)
        b.N += b.alive[t];
    int e = state ? recur_run_new(j->ref, &ref, j->m, &few) : RECUR_ENOMEM;
    int code = e < 0 ? cli_exit_of(e) : j->k->step ? same_steps(j, ref, state)
             : j->train ? same_gradients(j, ref, &b) : same_scores(j, ref, &b);
    recur_run_free(ref);
    free(state);
    return code;
}
