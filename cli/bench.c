/* SPDX-License-Identifier: MIT
 * recur bench: how fast networks train and answer on this machine, beside what it can do at most.
 *
 * A case is computed once with the reference kernels too and must agree before it is timed.  Times are of whole calls:
 *   infer   recur_forward of the batch (classify: up to the scores), in group step one recur_step
 *   train   recur_loss and recur_backward, in lm and classify recur_update with clipping
 * A layer case stands for the backward of sum(y r).  Its head is `square`, whose gradient y - r costs one pass over y,
 * as r does; `norm` between input and stack has weights, so that the gradient of the stack's input is computed as well
 * (and norm's own work is timed on top).  Without an update gradients add up from run to run: adding is what they do
 * after an update too. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

typedef struct bench_case {
    const char *group, *name, *cell;
    int input, hidden, layers, bi, batch, steps, vocabulary, outputs;
    const char *optimizer;
    double clip;
    const char *weights, *before, *keys, *head;   /* storage; layers before the recurrent one; its keys; what ends the line */
    bool mixed;
} bench_case;

static const bench_case cases[] = {
#define C(...) { __VA_ARGS__ },
#include "bench_cases.h"
#undef C
};
enum { CASES = sizeof cases / sizeof *cases, CHECK_STEPS = 8 };

static const struct { const char *name; int gates; } cells[] = { { "lstm", 4 }, { "gru", 3 }, { "rnn", 1 } };
enum { CELLS = sizeof cells / sizeof *cells };
static const char *const phases[] = { "train", "infer" };

typedef struct { const char *group, *name, *cell, *phase; double seconds; } own;
static const recur_option rows[] = {
    {"group", RECUR_TEXT, offsetof(own, group), NULL, 0, 0, "GROUP",
     "layer, step, lm, classify, stored, mixed, regular, words, generate, fit or start; otherwise all", "bench"},
    {"case", RECUR_TEXT, offsetof(own, name), NULL, 0, 0, "CASE", "the case of that name; otherwise all", "bench"},
    {"cell", RECUR_TEXT, offsetof(own, cell), NULL, 0, 0, "CELL", "lstm, gru or rnn; otherwise all", "bench"},
    {"phase", RECUR_TEXT, offsetof(own, phase), NULL, 0, 0, "PHASE", "train or infer; otherwise both", "bench"},
    {"seconds", RECUR_REAL, offsetof(own, seconds), "2", 0, 3600, "S", "time for each case; at least five runs are timed", "bench"},
};

/* One case with one cell in one phase. */
typedef struct job {
    const cli *c;
    recur *ref;                          /* a second runtime, with the reference kernels */
    const bench_case *k;
    const char *cell;
    bool train, step;
    int out;                             /* numbers of a row's targets or scores */
    recur_model *m;
    recur_run *u;
    recur_batch batch;
    float *x, *value, *state;
    int32_t *ids, *target, *alive;
    double flop, bytes;                  /* multiply and add of products; memory of run and weights */
} job;

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
    if (strcmp(k->group, "lm") == 0 || k->head)
        sum += 2.0 * k->hidden * k->outputs;
    return sum * rows_of(k, NULL) * (train ? 3 : 1);
}

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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

static void net_line(const job *j, char *out, size_t n)
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

static bool fill(job *j)
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
static int make_model(job *j)
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

static recur_dims dims(const job *j, int steps)
{
    return (recur_dims){ .B = j->k->batch, .T = steps, .N = steps == j->k->steps ? j->batch.N : 0, .train = j->train, .scores = !j->train,
                         .optimizer = j->k->optimizer };
}

static bool is_step(const bench_case *k) { return strcmp(k->group, "step") == 0 || strcmp(k->group, "stored") == 0; }

/* What a run plans, the optimizer's moments among it, and the weights. */
static double bytes_of(const job *j, const recur_dims *d)
{
    recur_param p;
    double bytes = (double)recur_run_size(j->m, d);
    for (int i = 0; recur_model_param(j->m, i, &p) == RECUR_OK; i++)
        bytes += (double)p.n * sizeof *p.w;
    return bytes;
}

static int prepare(job *j, int gates)
{
    const bench_case *k = j->k;
    j->step = is_step(k);
    j->out = k->vocabulary ? k->outputs : k->hidden * (1 + k->bi);
    j->flop = flops(k, gates, j->train);
    if (!fill(j))
        return RECUR_ENOMEM;
    recur_dims all = dims(j, k->steps);
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

static void discard(job *j)
{
    recur_run_free(j->u);
    recur_model_free(j->m);
    free(j->x), free(j->value), free(j->state), free(j->ids), free(j->target), free(j->alive);
}

/* --- against the reference --- */

/* Both sums are of the same numbers in another order: they part by rounding, which grows with their length, never by a
 * ten-thousandth of the largest. */
static bool agree(const job *j, const char *what, const float *x, const float *y, size_t n)
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

static int same_steps(const job *j, recur_run *ref, float *state)
{
    for (int t = 0; t < CHECK_STEPS; t++) {
        const float *x = recur_step(j->u, j->state, 0, j->x), *y = x ? recur_step(ref, state, 0, j->x) : NULL;
        if (!y || !agree(j, "y", x, y, (size_t)j->out))
            return CLI_FAILED;
    }
    return CLI_DONE;
}

static int same_scores(const job *j, recur_run *ref, const recur_batch *b)
{
    int n, w;
    const float *x = recur_forward(j->u, b, 0, &n, &w), *y = x ? recur_forward(ref, b, 0, &n, &w) : NULL;
    return y && agree(j, "y", x, y, (size_t)n * (size_t)w) ? CLI_DONE : CLI_FAILED;
}

static int same_gradients(const job *j, recur_run *ref, const recur_batch *b)
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
static int check(const job *j)
{
    double many = 1e9 / (j->flop / j->k->steps);
    int T = many < 2 ? 2 : many < j->k->steps ? (int)many : j->k->steps;
    T = T < j->k->steps ? T : j->k->steps;
    recur_batch b = j->batch;
    recur_dims few = dims(j, T);
    recur_run *ref = NULL;
    float *state = calloc(recur_state_size(j->m) + 1, sizeof *state);
    b.T = T, b.N = 0;
    for (int t = 0; t < T; t++)
        b.N += b.alive[t];
    int e = state ? recur_run_new(j->ref, &ref, j->m, &few) : RECUR_ENOMEM;
    int code = e < 0 ? cli_exit_of(e) : j->step ? same_steps(j, ref, state)
             : j->train ? same_gradients(j, ref, &b) : same_scores(j, ref, &b);
    recur_run_free(ref);
    free(state);
    return code;
}

/* --- time --- */

static int work(void *ud)
{
    job *j = ud;
    if (j->step)
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

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int bench_measure(int (*run_once)(void *ud), void *ud, double seconds, bench_times *out)
{
    int e = RECUR_OK;
    for (int i = 0; i < 2 && e >= 0; i++)
        e = run_once(ud);
    out->n = 0;
    for (double finish = bench_now() + seconds; e >= 0 && out->n < BENCH_RUNS && (out->n < BENCH_LEAST || bench_now() < finish);) {
        double from = bench_now();
        e = run_once(ud);
        out->t[out->n++] = bench_now() - from;
    }
    if (e < 0)
        return e;
    qsort(out->t, (size_t)out->n, sizeof *out->t, rising);
    out->median = (out->t[(out->n - 1) / 2] + out->t[out->n / 2]) / 2;
    return e;
}

/* --- the whole --- */

typedef struct { const cli *c; recur *ref; double peak; cli_table *table; int done; } bench;

static void heading(bench *b)
{
    b->table = cli_table_new(SAY_BENCH_MEMORY - SAY_BENCH_CASE + 1);
    for (int w = SAY_BENCH_CASE; w <= SAY_BENCH_MEMORY; w++)
        cli_cell(b->table, "%s", say((enum cli_word)w));
}

static void print(bench *b, const bench_row *r, const bench_times *t)
{
    double rate = r->flop / t->median;
    int threads = recur_threads(b->c->r);
    if (!b->c->common.json) {
        if (!b->table)
            heading(b);
        cli_cell(b->table, "%s %s %s %s", r->group, r->name, r->cell, r->phase);
        cli_cell(b->table, "%.3f", t->median * 1e3);
        cli_cell(b->table, "%.3f", t->t[0] * 1e3);
        cli_cell(b->table, "%d", t->n);
        cli_cell(b->table, "%.1f", rate / 1e9);
        cli_cell(b->table, "%.1f %%", 100 * rate / b->peak);
        cli_cell(b->table, "%.0f", r->units / t->median);
        cli_cell(b->table, "%.1f", r->bytes / 1e6);
        return;
    }
    json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:f,s:f,s:i,s:I,s:f,s:f,s:f,s:f,s:I,s:b}", "peer", "recur",
                          "version", RECUR_VERSION, "kernels", recur_kernels(b->c->r), "group", r->group, "case",
                          r->name, "cell", r->cell, "phase", r->phase, "threads", threads, "median_s", t->median,
                          "min_s", t->t[0], "runs", t->n, "flop", (json_int_t)r->flop, "gflops", rate / 1e9, "peak_gflops",
                          b->peak / 1e9, "peak_share", rate / b->peak, "units_per_s", r->units / t->median, "bytes",
                          (json_int_t)r->bytes, "checked", r->checked);
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
    json_decref(o);
    putchar('\n');
    fflush(stdout);
}

static int one(bench *b, const bench_case *k, int cell, bool train)
{
    static bench_times t;
    job j = { .c = b->c, .ref = b->ref, .k = k, .cell = cells[cell].name, .train = train };
    int e = prepare(&j, cells[cell].gates), code = e < 0 ? cli_fail(b->c, e) : check(&j);
    j.batch.fresh = !k->vocabulary || k->bi;                   /* a language model goes on where it was */
    if (code == CLI_DONE && (e = bench_measure(work, &j, ((const own *)b->c->own)->seconds, &t)) < 0)
        code = cli_fail(b->c, e);
    if (code == CLI_DONE)
        print(b, &(bench_row){ k->group, k->name, j.cell, phases[!train], j.flop, j.bytes, j.batch.N, true }, &t);
    discard(&j);
    b->done++;
    return code;
}

static int whole_job(bench *b, const bench_job *k)
{
    static bench_times t;
    bench_row row = { .group = k->group, .name = k->name, .cell = "lstm", .phase = k->phase };
    void *ud = NULL;
    int e = k->open(b->c, &ud, &row);
    if (e >= 0)
        e = bench_measure(k->work, ud, ((const own *)b->c->own)->seconds, &t);
    if (e >= 0)
        print(b, &row, &t);
    k->close(ud);
    b->done++;
    return e < 0 ? cli_fail(b->c, e) : CLI_DONE;
}

static bool wanted(const char *filter, const char *name) { return !filter || strcmp(filter, name) == 0; }

/* Steps have no training; what a language model answers with is measured by its steps. */
static bool has(const bench_case *k, bool train)
{
    return train ? !is_step(k) : !k->vocabulary || k->bi;
}

static int all(bench *b)
{
    const own *o = b->c->own;
    int code = CLI_DONE;
    for (int i = 0; i < CASES && code == CLI_DONE; i++)
        for (int c = 0; c < CELLS && code == CLI_DONE; c++)
            for (int p = 0; p < 2 && code == CLI_DONE; p++)
                if (wanted(o->group, cases[i].group) && wanted(o->name, cases[i].name) && wanted(o->cell, cells[c].name)
                    && wanted(cases[i].cell, cells[c].name) && wanted(o->phase, phases[p]) && has(&cases[i], p == 0))
                    code = one(b, &cases[i], c, p == 0);
    for (const bench_job *k = bench_jobs; k->group && code == CLI_DONE; k++)
        if (wanted(o->group, k->group) && wanted(o->name, k->name) && wanted(o->cell, "lstm") && wanted(o->phase, k->phase))
            code = whole_job(b, k);
    return code;
}

static int none(void)
{
    char names[1200] = "";
    for (int i = 0; i < CASES; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s %s %s", i ? "," : "", cases[i].group,
                 cases[i].name);
    for (const bench_job *k = bench_jobs; k->group; k++)
        snprintf(names + strlen(names), sizeof names - strlen(names), ", %s %s", k->group, k->name);
    cli_note(say(SAY_BENCH_NONE), names);
    return CLI_USAGE;
}

static int run(cli *c)
{
    bench b = { .c = c };
    recur_config config = { .threads = recur_threads(c->r), .kernels = "ref" };
    int e = recur_open(&b.ref, &config);
    if (e < 0)
        return cli_fail(c, e);
    b.peak = recur_fma_peak(c->r);
    int code = all(&b);
    if (!b.done)
        code = none();
    cli_table_end(b.table, stdout);
    if (b.table && !c->common.quiet)
        printf(say(SAY_BENCH_PEAK), b.peak / 1e9, recur_kernels(c->r), recur_threads(c->r));
    recur_close(b.ref);
    return code;
}

static const char *const examples[] = {
    "recur bench --group layer --cell lstm --threads 1",
    "recur bench --case char --json",
    NULL};

const cli_verb cli_bench = {
    .name = "bench", .what = SAY_DOES_BENCH, .use = "", .most = 0, .row = rows, .rows = sizeof rows / sizeof *rows,
    .size = sizeof(own), .example = examples, .run = run};
