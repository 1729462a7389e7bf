/* SPDX-License-Identifier: MIT
 * arrays.c - an LSTM of 64 on 10 steps of 32 features, into 10 classes (frequencies under noise): fit, evaluate. */
#include <math.h>
#include <string.h>
#include "must.h"

enum { COUNT = 3000, STEPS = 10, FEATURES = 32, CLASSES = 10 };
static float x[COUNT][STEPS][FEATURES]; static int32_t label[COUNT];

static int watch(void *ud, const recur_progress *p)
{
    (void)ud;
    if (p->event == RECUR_EVALUATED) printf("%d: loss %.3f, held %s %.3f\n", (int)p->epoch, p->loss, p->metric, p->held);
    return 0;
}

int main(void)
{
    srand(1);
    for (int i = 0; i < COUNT; i++) {
        label[i] = rand() % CLASSES;
        for (int t = 0; t < STEPS; t++)
            for (int f = 0; f < FEATURES; f++)
                x[i][t][f] = sinf(0.3f * (float)((label[i] + 1) * t + f)) + 5 * (float)rand() / (float)RAND_MAX - 2.5f;
    }
    recur *r; recur_data *d, *held, *test; recur_model *m; char *json;
    recur_arrays a = { COUNT, STEPS, FEATURES, .x = x[0][0], .label = label, .classes = CLASSES };
    recur_train_options o = training();
    o.epochs = 10, o.batch = 50;
    must(NULL, recur_open(&r, NULL));
    must(r, recur_data_arrays(r, &d, &a));
    must(r, recur_data_split(d, 0.2, 1, &test));
    must(r, recur_data_split(d, 0.1, 2, &held));
    must(r, recur_model_new(r, &m, "input | lstm 64 | pool last | dense", d, 1));
    must(r, recur_fit(m, d, held, &o, watch, NULL));
    must(r, recur_eval(r, m, test, &json));
    printf("test accuracy %.3f\n", atof(strstr(json, "\"accuracy\":") + 11));
    recur_free(r, json), recur_model_free(m);
    recur_data_close(d), recur_data_close(held), recur_data_close(test), recur_close(r);
}
