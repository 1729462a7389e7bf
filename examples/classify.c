/* SPDX-License-Identifier: MIT
 * classify.c - a classifier from a handful of examples in memory, asked about a text.   classify [TEXT...] */
#include "must.h"

static const recur_example known[] = {
    { .label = "weather", .text = "it rains and the wind is cold" },  { .label = "food", .text = "the soup is hot and full of salt" },
    { .label = "weather", .text = "a warm and sunny afternoon" },     { .label = "food", .text = "bread and butter with cheese" },
    { .label = "weather", .text = "snow fell in the night" },         { .label = "food", .text = "she baked an apple cake" },
    { .label = "weather", .text = "clouds and rain in the north" },   { .label = "food", .text = "we ate rice and beans" },
    { .label = "weather", .text = "thunder and a storm at night" },   { .label = "food", .text = "a cake with cheese and salt" },
    { .label = "weather", .text = "the sun and a cold wind" },        { .label = "food", .text = "hot soup with rice and butter" },
};

static int next(void *at, recur_example *out)
{
    int *i = at;
    if (*i == (int)(sizeof known / sizeof *known)) return 1;
    *out = known[(*i)++];
    return 0;
}

int main(int argc, char **argv)
{
    recur *r; recur_data *d; recur_model *m; recur_answer best[2];
    int at = 0;
    recur_train_options o = training();
    o.unit = "word", o.epochs = 60, o.batch = 4, o.lr = 0.01;
    must(NULL, recur_open(&r, NULL));
    must(r, recur_data_callback(r, &d, "classify", next, &at, &o, NULL));
    must(r, recur_model_new(r, &m, "embed 16 | lstm 16 bi | pool max | dense", d, 1));
    must(r, recur_fit(m, d, NULL, &o, NULL, NULL));
    for (int i = argc > 1 ? 1 : 0; i < argc; i++) {
        const char *text = argc > 1 ? argv[i] : "a cold wind and rain";
        must(r, recur_classify(r, m, text, best, 2));
        printf("%s: %s %.2f, %s %.2f\n", text, best[0].name, (double)best[0].p, best[1].name, (double)best[1].p);
    }
    recur_model_free(m);
    recur_data_close(d);
    recur_close(r);
}
