/* SPDX-License-Identifier: MIT
 * step.c - one step at a time: a net learns to count, then is asked number by number.  The state is ours: it could be
 * copied, stored, or kept for each of many users. */
#include "must.h"

enum { COUNT = 50, STEPS = 20, DIGITS = 10 };

int main(void)
{
    static int32_t digit[COUNT][STEPS], after[COUNT][STEPS];
    for (int i = 0; i < COUNT; i++)
        for (int t = 0; t < STEPS; t++) {
            digit[i][t] = (i + t) % DIGITS;
            after[i][t] = (i + t + 1) % DIGITS;
        }
    recur *r; recur_data *d; recur_model *m; recur_run *u;
    recur_arrays a = { COUNT, STEPS, .ids = digit[0], .vocabulary = DIGITS, .label = after[0], .classes = DIGITS,
                       .per_step = 1 };
    recur_train_options o = training();
    o.epochs = 20, o.batch = 10, o.lr = 0.01;
    must(NULL, recur_open(&r, NULL));
    must(r, recur_data_arrays(r, &d, &a));
    must(r, recur_model_new(r, &m, "embed 8 | lstm 16 | dense", d, 1));
    must(r, recur_fit(m, d, NULL, &o, NULL, NULL));
    must(r, recur_run_new(r, &u, m, &(recur_dims){ .B = 1, .T = 1, .scores = 1 }));
    float *state = calloc(recur_state_size(m), sizeof *state);
    for (int t = 0, id = 3; state && t < STEPS; t++) {
        const float *score = recur_step(u, state, id, NULL);
        if (!score) must(r, RECUR_EDATA);
        printf("%d ", id);
        id = 0;
        for (int k = 1; k < DIGITS; k++)
            if (score[k] > score[id]) id = k;
    }
    putchar('\n');
    free(state);
    recur_run_free(u);
    recur_model_free(m);
    recur_data_close(d), recur_close(r);
}
