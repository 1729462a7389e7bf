/* SPDX-License-Identifier: MIT
 * recur bench: how fast networks train and answer on this machine, beside what it can do at most.
 *
 * A case (bench_case.c) is computed once with the reference kernels too and must agree before it is timed (bench_check.c);
 * whole jobs stand in bench_own.c.  Times are of whole calls. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

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

/* --- time --- */

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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

typedef struct {
    const cli *c;
    recur *ref;
    double peak;
    cli_table *table;
    int done;
    bench_times t;                       /* of the case that runs */
} bench;

static void heading(bench *b)
{
    b->table = cli_table_new(SAY_BENCH_MEMORY - SAY_BENCH_CASE + 1);
    for (int w = SAY_BENCH_CASE; w <= SAY_BENCH_MEMORY; w++)
        cli_cell(b->table, "%s", say((enum cli_word)w));
}

static void print(bench *b, const bench_row *r)
{
    const bench_times *t = &b->t;
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
    bench_call j = { .c = b->c, .ref = b->ref, .k = k, .cell = cells[cell].name, .train = train };
    int e = bench_prepare(&j, cells[cell].gates), code = e < 0 ? cli_fail(b->c, e) : bench_check(&j);
    j.batch.fresh = !k->vocabulary || k->bi;                   /* a language model goes on where it was */
    if (code == CLI_DONE && (e = bench_measure(bench_work, &j, ((const own *)b->c->own)->seconds, &b->t)) < 0)
        code = cli_fail(b->c, e);
    if (code == CLI_DONE)
        print(b, &(bench_row){ k->group, k->name, j.cell, phases[!train], j.flop, j.bytes, j.batch.N, true });
    bench_discard(&j);
    b->done++;
    return code;
}

static int whole_job(bench *b, const bench_job *k)
{
    bench_row row = { .group = k->group, .name = k->name, .cell = "lstm", .phase = k->phase };
    void *ud = NULL;
    int e = k->open(b->c, &ud, &row);
    if (e >= 0)
        e = bench_measure(k->work, ud, ((const own *)b->c->own)->seconds, &b->t);
    if (e >= 0)
        print(b, &row);
    k->close(ud);
    b->done++;
    return e < 0 ? cli_fail(b->c, e) : CLI_DONE;
}

static bool wanted(const char *filter, const char *name)
{
    return !filter || strcmp(filter, name) == 0;
}

/* Steps have no training; what a language model answers with is measured by its steps. */
static bool has(const bench_case *k, bool train)
{
    return train ? !k->step : !k->vocabulary || k->bi;
}

static int all(bench *b)
{
    const own *o = b->c->own;
    int code = CLI_DONE;
    for (const bench_case *k = bench_cases; k->group && code == CLI_DONE; k++)
        for (int c = 0; c < CELLS && code == CLI_DONE; c++)
            for (int p = 0; p < 2 && code == CLI_DONE; p++)
                if (wanted(o->group, k->group) && wanted(o->name, k->name) && wanted(o->cell, cells[c].name)
                    && wanted(k->cell, cells[c].name) && wanted(o->phase, phases[p]) && has(k, p == 0))
                    code = one(b, k, c, p == 0);
    for (const bench_job *k = bench_jobs; k->group && code == CLI_DONE; k++)
        if (wanted(o->group, k->group) && wanted(o->name, k->name) && wanted(o->cell, "lstm") && wanted(o->phase, k->phase))
            code = whole_job(b, k);
    return code;
}

static int none(void)
{
    char names[1200] = "";
    for (const bench_case *k = bench_cases; k->group; k++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s %s %s", k > bench_cases ? "," : "", k->group,
                 k->name);
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
