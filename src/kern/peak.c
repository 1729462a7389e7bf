/* SPDX-License-Identifier: MIT
 * The ceiling that products are measured by: multiply-adds of the kernel set in registers, on all threads at once. */
#include "kern/kern.h"

enum { TRIALS = 24, ROUNDS = 1 << 19 };       /* a trial: about a millisecond */

typedef struct { const rc_kern *k; double flop; } job;

static void chains(void *arg, const rc_team *t)
{
    job *j = arg;
    real x[RC_CHAINS] = { 0 };
    double flop = j->k->peak(ROUNDS, x);
    if (t->id == 0)
        j->flop = flop * t->n;
}

double rc_kern_peak(recur *r)
{
    job j = { r->kern, 0 };
    double best = 0;
    for (int i = 0; i < TRIALS; i++) {                         /* noise only ever adds time */
        double from = rc_now();
        rc_pool_run(r->pool, 1, chains, &j);
        double rate = j.flop / (rc_now() - from);
        best = rate > best ? rate : best;
    }
    return best;
}
