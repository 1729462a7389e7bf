/* SPDX-License-Identifier: MIT
 * bench.h - what the cases of `recur bench` share: bench.c has those of single calls, bench_own.c whole jobs. */
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

typedef struct bench_job {               /* a whole job: made ready, run, cleared away */
    const char *group, *name, *phase;
    int (*open)(const cli *c, void **ud, bench_row *row);
    int (*work)(void *ud);
    void (*close)(void *ud);
} bench_job;
extern const bench_job bench_jobs[];     /* ended by a group NULL */
#endif
