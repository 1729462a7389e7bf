/* SPDX-License-Identifier: MIT
 * What it saves that only those rows of an embedding are updated whose words a batch held: steps in turn with an update
 * of those rows and with one of all rows, best milliseconds of the processor.
 *   rows [NET [V B T [threads [optimizer [repeats]]]]] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "train/train.h"

typedef struct { double pass, update; } times;

static double now(void) { return (double)clock() / CLOCKS_PER_SEC; }

/* Words as often as Zipf's law says. */
static void draw(int32_t *ids, int n, int V, uint64_t step)
{
    for (int i = 0; i < n; i++)
        ids[i] = (int32_t)(2.7 * (pow(1 + V / 2.7, rc_uniform(rc_key(3, RC_OTHER, step, 0), (uint64_t)i)) - 1));
}

static int step(rc_run *u, rc_optim *o, const recur_batch *b, times *best)
{
    const recur_step_options how = { .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .clip = 1 };
    rc_loss out;
    double t0 = now(), norm;
    int e = rc_run_loss(u, b, false, 1, &out);
    if (e < 0)
        return e;
    rc_run_backward(u);
    double t1 = now();
    if ((e = rc_optim_step(o, u, &how, &norm)) < 0)
        return e;
    rc_run_clear(u);
    double t2 = now();
    best->pass = fmin(best->pass, t1 - t0);
    best->update = fmin(best->update, t2 - t1);
    return 0;
}

int main(int argc, char **argv)
{
    const char *line = argc > 1 ? argv[1] : "embed 256 | lstm 256 | adaptive";
    int V = argc > 2 ? atoi(argv[2]) : 50000, B = argc > 3 ? atoi(argv[3]) : 20, T = argc > 4 ? atoi(argv[4]) : 35;
    int threads = argc > 5 ? atoi(argv[5]) : 1, repeats = argc > 7 ? atoi(argv[7]) : 10, N = B * T;
    recur r = { 0 };
    rc_net *net;
    rc_run *u;
    rc_optim *o;
    rc_facts f = { .columns = 1, .vocabulary = { V }, .classes = { V } };
    int e = rc_kern_open(&r, NULL);
    e = e < 0 ? e : rc_pool_new(&r, &r.pool, threads);
    e = e < 0 ? e : rc_net_new(&r, &net, line, "softmax", &f);
    real *w = e < 0 ? NULL : rc_new(&r, net->params.total, sizeof *w);
    int32_t *ids = malloc((size_t)N * 2 * sizeof *ids);
    if (w && ids && (e = rc_run_new(&r, &u, net, w, &(recur_dims){ .B = B, .T = T, .train = 1 })) >= 0)
        e = rc_optim_new(&r, &o, argc > 6 ? argv[6] : "adam", net->params.total, 0);
    if (e < 0 || !w || !ids) {
        fprintf(stderr, "%s\n", r.message);
        return 1;
    }
    rc_net_init(net, &f, 1, w);
    recur_batch b = { .T = T, .B = B, .N = N, .C = 1, .ids = ids, .target = { ids + N }, .fresh = 1 };
    times best[2] = { { 1e9, 1e9 }, { 1e9, 1e9 } };
    for (int i = 0; i < 2 * repeats; i++) {
        net->params.p[0].sparse = i % 2 == 0;                  /* the embedding's */
        draw(ids, 2 * N, V, (uint64_t)i);
        if ((e = step(u, o, &b, &best[i % 2])) < 0) {
            fprintf(stderr, "%s\n", r.message);
            return 1;
        }
    }
    printf("%s, V=%d, %d rows, %s: loss and backward %.1f ms; update of touched rows %.2f ms, of all %.2f ms; step %.2f times as fast\n",
           net->line, V, N, o->kind->name, best[0].pass * 1e3, best[0].update * 1e3, best[1].update * 1e3,
           (best[1].pass + best[1].update) / (best[0].pass + best[0].update));
    rc_optim_free(o);
    rc_run_free(u);
    rc_free(&r, w);
    free(ids);
    rc_net_free(net);
    rc_pool_free(&r, r.pool);
    return 0;
}
