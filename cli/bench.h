/* SPDX-License-Identifier: MIT
 * bench.h - what the files of `recur bench` share: bench.c has the verb, bench_case.c cases of single calls, bench_check.c
 * compares them with the reference, bench_own.c has whole jobs. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H
#include "cli.h"

enum { BENCH_RUNS = 2000, BENCH_LEAST = 5 };

typedef struct bench_times { double t[BENCH_RUNS], median; int n; } bench_times;
typedef struct bench_row {               /* what is printed of a case */
    const char *group, *name, *cell, *phase;
    double flop, bytes, units;           /* multiply and add of products; memory; rows or signs, in one run */
    bool checked;
} bench_row;

double bench_now(void);
/* Runs work(ud) for so many seconds, at least BENCH_LEAST times, after two runs that do not count; a RECUR_E* ends it. */
int bench_measure(int (*work)(void *ud), void *ud, double seconds, bench_times *out);

/* A case of single calls (bench_cases.h). */
typedef struct bench_case {
    const char *group, *name, *cell;
    int input, hidden, layers, bi, batch, steps, vocabulary, outputs;
    const char *optimizer;
    double clip;
    const char *weights, *before, *keys, *head;   /* storage; layers before the recurrent one; its keys; what ends the line */
    bool mixed, step, dense;             /* lengths differ; recur_step of one sequence; the last layer's products count */
} bench_case;
extern const bench_case bench_cases[];   /* ended by a group NULL */

/* One case with one cell in one phase. */
typedef struct bench_call {
    const cli *c;
    recur *ref;                          /* a second runtime, with the reference kernels */
    const bench_case *k;
    const char *cell;
    bool train;
    int out;                             /* numbers of a row's targets or scores */
    recur_model *m;
    recur_run *u;
    recur_batch batch;
    float *x, *value, *state;
    int32_t *ids, *target, *alive;
    double flop, bytes;                  /* multiply and add of products; memory of run and weights */
} bench_call;
int bench_prepare(bench_call *j, int gates);                 /* of the cell; to be discarded in any case */
void bench_discard(bench_call *j);
recur_dims bench_dims(const bench_call *j, int steps);       /* of a run over so many steps of the batch */
int bench_work(void *call);              /* once what is timed */
int bench_check(const bench_call *j);    /* CLI_*: the same numbers with the reference kernels */

typedef struct bench_job {               /* a whole job: made ready, run, cleared away */
    const char *group, *name, *phase;
    int (*open)(const cli *c, void **ud, bench_row *row);
    int (*work)(void *ud);
    void (*close)(void *ud);
} bench_job;
extern const bench_job bench_jobs[];     /* ended by a group NULL */
#endif
