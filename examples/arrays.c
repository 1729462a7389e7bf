/* SPDX-License-Identifier: MIT
 * arrays.c - an LSTM of 64 on 10 steps of 32 features, into 10 classes (frequencies under noise): fit, evaluate. */
#include <math.h>
#include <recur.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define MUST(call) if ((call) < 0) return fprintf(stderr, "%s\n", recur_message(r)), 1

enum { COUNT = 3000, STEPS = 10, FEATURES = 32, CLASSES = 10, ROW = STEPS * FEATURES };
static float x[COUNT * ROW];
static int32_t label[COUNT];

static int watch(void *ud, const recur_progress *p)
{
    return p->event == RECUR_EVALUATED && fprintf(ud, "epoch %d: held-out %s %.3f\n", (int)p->epoch, p->metric, p->held) < 0;
}

int main(void)
{
    for (int i = 0; i < COUNT * ROW; i++) {
        label[i / ROW] = i / ROW % CLASSES;
        x[i] = sinf(0.3f * (float)((label[i / ROW] + 1) * (i % ROW / FEATURES) + i % FEATURES)) + (float)(rand() % 500) / 100 - 2.5f;
    }
    recur *r = NULL; recur_data *d, *held, *test; recur_model *m; char *json;
    recur_arrays a = { .count = COUNT, .steps = STEPS, .features = FEATURES, .x = x, .label = label, .classes = CLASSES };
    recur_train_options o = recur_train_defaults();
    o.epochs = 5; o.batch = 50;
    MUST(recur_open(&r, NULL));
    MUST(recur_data_arrays(r, &d, &a));
    MUST(recur_data_split(d, 0.2, 1, &test));
    MUST(recur_data_split(d, 0.1, 2, &held));
    MUST(recur_model_new(r, &m, "input | lstm 64 | pool last | dense", d, 1));
    MUST(recur_fit(m, d, held, &o, watch, stdout));
    MUST(recur_eval(r, m, test, &json));
    printf("test accuracy %.3f\n", atof(strstr(json, "\"accuracy\":") + 11));
    recur_free(r, json); recur_model_free(m);
    recur_data_close(d); recur_data_close(held); recur_data_close(test);
    recur_close(r);
}
