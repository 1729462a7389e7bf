/* SPDX-License-Identifier: MIT
 * gradients.c - how much of a gradient reaches back through time, in a simple cell and in an LSTM. */
#include <recur.h>
#include <stdio.h>
#include <stdlib.h>
#define MUST(call) if ((call) < 0) return fprintf(stderr, "%s\n", recur_message(r)), 1

enum { COUNT = 32, STEPS = 60 };
static float x[COUNT * STEPS];
static int32_t label[COUNT];

int main(void)
{
    static const char *const net[] = { "input | rnn 32 | pool last | dense", "input | lstm 32 | pool last | dense" };
    recur *r = NULL;
    recur_arrays a = { .count = COUNT, .steps = STEPS, .features = 1, .x = x, .label = label, .classes = 2 };
    recur_dims dims = { .B = COUNT, .T = STEPS, .train = 1, .trace = 1 };
    for (int i = 0; i < COUNT * STEPS; i++) x[i] = (float)(rand() % 200) / 100 - 1;
    for (int i = 0; i < COUNT; i++) label[i] = x[i * STEPS] > 0;      /* the first of 60 numbers decides */
    MUST(recur_open(&r, NULL));
    for (int k = 0; k < 2; k++) {
        recur_data *d; recur_model *m; recur_run *u; recur_batch b; recur_norms n;
        MUST(recur_data_arrays(r, &d, &a));
        MUST(recur_model_new(r, &m, net[k], d, 1));
        MUST(recur_run_new(r, &u, m, &dims));
        recur_data_start(d, COUNT, STEPS, 0, 0);
        MUST(recur_data_next(d, &b));
        recur_loss(u, &b);
        recur_backward(u);
        MUST(recur_gradient_norms(u, 0, &n));
        printf("%s: |dL/dh| at the end %.2g, 10 steps before %.2g, %d steps before %.2g\n", n.name, n.norm[0], n.norm[10],
               n.steps - 1, n.norm[n.steps - 1]);
        recur_run_free(u);
        recur_model_free(m);
        recur_data_close(d);
    }
    recur_close(r);
}
