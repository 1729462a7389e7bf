/* SPDX-License-Identifier: MIT
 * step.c - one step at a time: a net learns to count, then goes on from its own answers.  The state is ours. */
#include <recur.h>
#include <stdio.h>
#define MUST(call) if ((call) < 0) return fprintf(stderr, "%s\n", recur_message(r)), 1

enum { COUNT = 50, STEPS = 20, DIGITS = 10 };

int main(void)
{
    static int32_t digit[COUNT][STEPS], after[COUNT][STEPS];
    for (int i = 0; i < COUNT * STEPS; i++) {
        digit[i / STEPS][i % STEPS] = (i / STEPS + i % STEPS) % DIGITS;
        after[i / STEPS][i % STEPS] = (i / STEPS + i % STEPS + 1) % DIGITS;
    }
    recur *r = NULL; recur_data *d; recur_model *m; recur_run *u;
    recur_arrays a = { .count = COUNT, .steps = STEPS, .ids = digit[0], .vocabulary = DIGITS,
                       .label = after[0], .classes = DIGITS, .per_step = 1 };
    recur_train_options o = recur_train_defaults();
    o.epochs = 20; o.batch = 10; o.lr = 0.01;
    MUST(recur_open(&r, NULL));
    MUST(recur_data_arrays(r, &d, &a));
    MUST(recur_model_new(r, &m, "embed 8 | lstm 16 | dense", d, 1));
    MUST(recur_fit(m, d, NULL, &o, NULL, NULL));
    MUST(recur_run_new(r, &u, m, &(recur_dims){ .B = 1, .T = 1, .scores = 1 }));
    float state[64] = { 0 };                           /* recur_state_size(m) numbers: one such block for each talker */
    for (int t = 0, id = 3, next = 0; t < STEPS; t++, id = next, next = 0) {
        const float *score = recur_step(u, state, id, NULL);
        MUST(score ? 0 : RECUR_EDATA);
        for (int k = 1; k < DIGITS; k++) next = score[k] > score[next] ? k : next;
        printf("%d ", id);
    }
    putchar('\n');
    recur_run_free(u);
    recur_model_free(m);
    recur_data_close(d);
    recur_close(r);
}
