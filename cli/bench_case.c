/* SPDX-License-Identifier: MIT
 * The cases of `recur bench` that are single calls: net, run and batch of one, and what is done once and timed:
 *   infer   recur_forward of the batch (classify: up to the scores), of a step case one recur_step
 *   train   recur_loss and recur_backward, in lm and classify recur_update with clipping
 * A layer case stands for the backward of sum(y r).  Its head is `square`, whose gradient y - r costs one pass over y,
 * as r does; `norm` between input and stack has weights, so that the gradient of the stack's input is computed as well
 * (and norm's own work is timed on top).  Without an update gradients add up from run to run: adding is what they do
 * after an update too. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

const bench_case bench_cases[] = {
#define C(...) { __VA_ARGS__ },
#include "bench_cases.h"
#undef C
    { .group = NULL }
};

/* Words of the reviews of IMDB's training part, cut at 400: 32 quantiles, longest first. */
static const int lengths[] = { 400, 400, 400, 400, 392, 354, 323, 298, 275, 256, 239, 225, 211, 199, 189, 179,
                               171, 163, 156, 150, 144, 139, 134, 129, 125, 120, 115, 108, 96, 79, 62, 46 };

/* Rows of a batch; alive [steps] (may be NULL): the sequences that still run at each. */
static int rows_of(const bench_case *k, int32_t *alive)
{
    int all = 0;
    for (int t = 0; t < k->steps; t++) {
        int n = 0;
        for (int b = 0; b < k->batch; b++)
            n += !k->mixed || lengths[b] > t;
        all += n;
        if (alive)
            alive[t] = n;
    }
    return all;
}

/* Multiply and add of the matrix products: the forward, of which training is three times as much. */
static double flops(const bench_case *k, int gates, bool train)
{
    double sum = 0, directions = 1 + k->bi, width = k->input;
    for (int i = 0; i < k->layers; i++, width = directions * k->hidden)
        sum += directions * 2 * gates * k->hidden * (width + k->hidden);
    if (k->dense)
        sum += 2.0 * k->hidden * k->outputs;
    return sum * rows_of(k, NULL) * (train ? 3 : 1);
}

static uint64_t draw(uint64_t *s)        /* xorshift64* (Vigna 2016) */
{
    *s ^= *s >> 12, *s ^= *s << 25, *s ^= *s >> 27;
    return *s * 2685821657736338717u >> 32;
}

/* n numbers of mean 0 and variance 1. */
static float *numbers(size_t n, uint64_t seed)
{
    float *x = calloc(n + 1, sizeof *x);
    for (size_t i = 0; x && i < n; i++)
        x[i] = (float)((double)draw(&seed) / 4294967296.0 - 0.5) * 3.4641016f;
    return x;
}

static int32_t *integers(size_t n, int below, uint64_t seed)
{
    int32_t *x = calloc(n + 1, sizeof *x);
    for (size_t i = 0; x && i < n; i++)
        x[i] = (int32_t)(draw(&seed) % (uint64_t)below);
    return x;
}

/* Words of a text: number k comes as often as 1 / (k + 2.7) says (Zipf 1935, Mandelbrot 1953). */
static int32_t *words(size_t n, int below, uint64_t seed)
{
    int32_t *x = calloc(n + 1, sizeof *x);
    for (size_t i = 0; x && i < n; i++)
        x[i] = (int32_t)(2.7 * (pow(1 + below / 2.7, (double)draw(&seed) / 4294967296.0) - 1));
    return x;
}

/* --- a case made ready --- */

static void net_line(const bench_call *j, char *out, size_t n)
{
    const bench_case *k = j->k;
    char stack[80];
    snprintf(stack, sizeof stack, "%s %d layers=%d%s%s", j->cell, k->hidden, k->layers, k->bi ? " bi" : "", k->keys ? k->keys : "");
    if (!k->vocabulary)
        snprintf(out, n, "input%s | %s | square", j->train ? " | norm" : "", stack);
    else
        snprintf(out, n, "embed %d%s | %s%s | %s", k->input, k->before ? k->before : "", stack,
                 k->bi ? " | pool max" : "", k->head ? k->head : "dense | softmax");
}

static bool fill(bench_call *j)
{
    const bench_case *k = j->k;
    recur_batch *b = &j->batch;
    if (!(j->alive = calloc((size_t)k->steps, sizeof *j->alive)))
        return false;
    *b = (recur_batch){ .T = k->steps, .B = k->batch, .N = rows_of(k, j->alive), .alive = j->alive, .fresh = 1 };
    size_t N = (size_t)b->N;
    if (k->vocabulary) {
        b->ids = j->ids = k->head ? words(N, k->vocabulary, 3) : integers(N, k->vocabulary, 3);
        b->target[0] = j->target = k->head ? words(N, k->outputs, 5) : integers(N, k->outputs, 5);
        b->C = 1;
        return j->ids && j->target;
    }
    b->x = j->x = numbers(N * (size_t)k->input, 3);
    b->value[0] = j->value = numbers(N * (size_t)j->out, 5);
    b->F = k->input;
    return j->x && j->value;
}

/* The model is made from one row of data, which tells the sizes. */
static int make_model(bench_call *j)
{
    const bench_case *k = j->k;
    int32_t none = 0;
    recur_arrays a = { .count = 1, .steps = 1, .per_step = !k->vocabulary || !k->bi };
    recur_data *d = NULL;
    char line[200];
    net_line(j, line, sizeof line);
    if (k->vocabulary)
        a.ids = &none, a.label = &none, a.vocabulary = k->vocabulary, a.classes = k->outputs;
    else
        a.x = j->x, a.value = j->value, a.features = k->input, a.outputs = j->out;
    int e = recur_data_arrays(j->c->r, &d, &a);
    if (e >= 0)
        e = recur_model_new(j->c->r, &j->m, line, d, 1);
    recur_data_close(d);
    return e;
}

recur_dims bench_dims(const bench_call *j, int steps)
{
    return (recur_dims){ .B = j->k->batch, .T = steps, .N = steps == j->k->steps ? j->batch.N : 0, .train = j->train, .scores = !j->train,
                         .optimizer = j->k->optimizer };
}

/* What a run plans, the optimizer's moments among it, and the weights. */
static double bytes_of(const bench_call *j, const recur_dims *d)
{
    recur_param p;
    double bytes = (double)recur_run_size(j->m, d);
    for (int i = 0; recur_model_param(j->m, i, &p) == RECUR_OK; i++)
        bytes += (double)p.n * sizeof *p.w;
    return bytes;
}

int bench_prepare(bench_call *j, int gates)
{
    const bench_case *k = j->k;
    j->out = k->vocabulary ? k->outputs : k->hidden * (1 + k->bi);
    j->flop = flops(k, gates, j->train);
    if (!fill(j))
        return RECUR_ENOMEM;
    recur_dims all = bench_dims(j, k->steps);
    const char *weights = k->weights ? k->weights : j->c->common.weights;
    int e = make_model(j);
    if (e >= 0 && weights && !j->train)
        e = recur_model_weights(j->m, weights);
    if (e >= 0)
        j->bytes = bytes_of(j, &all);
    if (e >= 0)
        e = recur_run_new(j->c->r, &j->u, j->m, &all);
    if (e >= 0 && !(j->state = calloc(recur_state_size(j->m) + 1, sizeof *j->state)))
        e = RECUR_ENOMEM;
    return e;
}

void bench_discard(bench_call *j)
{
    recur_run_free(j->u);
    recur_model_free(j->m);
    free(j->x), free(j->value), free(j->state), free(j->ids), free(j->target), free(j->alive);
}

int bench_work(void *ud)
{
    bench_call *j = ud;
    if (j->k->step)
        return recur_step(j->u, j->state, 0, j->x) ? RECUR_OK : RECUR_EDATA;
    if (!j->train)
        return recur_forward(j->u, &j->batch, 0, NULL, NULL) ? RECUR_OK : RECUR_EDATA;
    if (isnan(recur_loss(j->u, &j->batch)))
        return RECUR_EDATA;
    recur_backward(j->u);
    if (!j->k->optimizer)
        return RECUR_OK;
    bool sgd = strcmp(j->k->optimizer, "sgd") == 0;
    return recur_update(j->u, &(recur_step_options){ .optimizer = j->k->optimizer, .lr = sgd ? 0.1 : 1e-3,
                                                     .clip = j->k->clip }, NULL);
}
