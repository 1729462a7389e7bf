/* SPDX-License-Identifier: MIT
 * One training step (loss, backward) of a net: milliseconds and GFLOP/s, three times the forward's multiply-adds.
 *   step [NET [V B T [threads [kernels [repeats]]]]] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/net.h"

/* Multiply-adds of a row: every matrix once, but those of embeddings. */
static double madds(const rc_net *n)
{
    double sum = 0;
    for (int i = 0; i < n->params.n; i++)
        if (n->params.p[i].rank == 2 && (n->params.p[i].layer < 0 || n->layer[n->params.p[i].layer]->in))
            sum += (double)n->params.p[i].n;
    return sum;
}

int main(int argc, char **argv)
{
    const char *line = argc > 1 ? argv[1] : "embed 64 | drop .1 | lstm 512 | drop .4 | dense";
    int V = argc > 2 ? atoi(argv[2]) : 65, B = argc > 3 ? atoi(argv[3]) : 64, T = argc > 4 ? atoi(argv[4]) : 128;
    int threads = argc > 5 ? atoi(argv[5]) : 1, repeats = argc > 7 ? atoi(argv[7]) : 5;
    recur r = { 0 };
    rc_net *net;
    rc_run *u;
    rc_loss out;
    rc_facts f = { .columns = 1, .vocabulary = { V }, .classes = { V } };
    bool ready = !rc_kern_open(&r, argc > 6 && *argv[6] ? argv[6] : NULL) && !rc_pool_new(&r, &r.pool, threads);
    if (ready && rc_net_new(&r, &net, line, "softmax", &f))    /* a net that says its number of classes */
        f.classes[0] = 0, ready = !rc_net_new(&r, &net, line, "softmax", &f);
    if (!ready) {
        fprintf(stderr, "%s\n", r.message);
        return 1;
    }
    real *w = rc_new(&r, net->params.total, sizeof *w);
    int32_t *ids = malloc((size_t)B * (size_t)T * 2 * sizeof *ids);
    if (!w || !ids || rc_run_new(&r, &u, net, w, &(recur_dims){ .B = B, .T = T, .train = 1 })) {
        fprintf(stderr, "%s\n", r.message);
        return 1;
    }
    rc_net_init(net, &f, 1, w);
    for (int i = 0; i < B * T * 2; i++)
        ids[i] = (int32_t)rc_below(3, (uint64_t)i, (uint64_t)V);
    int32_t *target = ids + B * T;
    for (int i = 0; i < B * T; i++)
        target[i] %= net->branch[0].head->in;
    recur_batch b = { .T = T, .B = B, .N = B * T, .C = 1, .ids = ids, .target = { target }, .fresh = 1 };
    double best = 1e9, forward = 1e9, flops = 6 * madds(net) * B * T;
    for (int i = 0; i < repeats + 1; i++) {
        double t0 = rc_now();
        if (rc_run_loss(u, &b, false, 1, &out)) {
            fprintf(stderr, "%s\n", r.message);
            return 1;
        }
        double t1 = rc_now();
        rc_run_backward(u);
        double t2 = rc_now();
        rc_run_clear(u);
        u->step++;
        if (i && t2 - t0 < best)
            best = t2 - t0, forward = t1 - t0;
    }
    printf("%s, V=%d B=%d T=%d, %d threads, %s: %.1f ms (loss %.1f, backward %.1f), %.1f GFLOP/s, plan %.1f MB, loss %.4f\n", net->line, V, B, T, threads,
           r.kern->name, best * 1e3, forward * 1e3, (best - forward) * 1e3, flops / best / 1e9,
               (double)u->bytes / 1e6, out.loss);
    rc_run_free(u);
    rc_free(&r, w);
    free(ids);
    rc_net_free(net);
    rc_pool_free(&r, r.pool);
    return 0;
}
