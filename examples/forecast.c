/* SPDX-License-Identifier: MIT
 * forecast.c - a series in memory, a net that learns how it goes on, and the next day. */
#include <math.h>
#include <recur.h>
#include <stdio.h>
#define MUST(call) if ((call) < 0) return fprintf(stderr, "%s\n", recur_message(r)), 1
enum { HOURS = 24 * 40, DAY = 24 };

typedef struct { const float *x; int given; } source;

static int give(void *ud, recur_example *out)
{
    source *s = ud;
    *out = (recur_example){ .x = s->x, .steps = HOURS, .features = 1 };
    return s->given++;                                         /* 0: here it is; then: no more */
}

int main(void)
{
    static float load[HOURS], next[DAY];
    recur *r = NULL; recur_data *d; recur_model *m;
    recur_train_options o = recur_train_defaults();
    source from = { load, 0 };
    for (int t = 0; t < HOURS; t++)
        load[t] = (float)(20 + 5 * sin(t * 0.2618) + (t / 24 % 7 > 4 ? -4 : 0) + 0.3 * sin(t * t * 1.7));
    o.input = 7 * DAY; o.horizon = DAY; o.epochs = 20;
    MUST(recur_open(&r, NULL));
    MUST(recur_data_callback(r, &d, "forecast", give, &from, &o, NULL));
    MUST(recur_model_new(r, &m, NULL, d, 1));                  /* NULL: a net that fits the windows */
    MUST(recur_fit(m, d, NULL, &o, NULL, NULL));
    MUST(recur_forecast(r, m, load, HOURS, 1, next, DAY));
    for (int t = 0; t < DAY; t++)
        printf("%s%.1f", t ? " " : "", (double)next[t]);
    printf("\n");
    recur_model_free(m);
    recur_data_close(d);
    recur_close(r);
}
