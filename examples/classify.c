/* SPDX-License-Identifier: MIT
 * classify.c - a classifier from a handful of examples in memory, asked about a text. */
#include <recur.h>
#include <stdio.h>
#define MUST(call) if ((call) < 0) return fprintf(stderr, "%s\n", recur_message(r)), 1

static const char *const known[][2] = {
    { "weather", "it rains and the wind is cold" },         { "food", "the soup is hot and full of salt" },
    { "weather", "a warm and sunny afternoon" },            { "food", "bread and butter with cheese" },
    { "weather", "snow fell in the night" },                { "food", "she baked an apple cake" },
    { "weather", "clouds and rain in the north" },          { "food", "we ate rice and beans" },
    { "weather", "thunder and a storm at night" },          { "food", "a cake with cheese and salt" },
    { "weather", "the sun and a cold wind" },               { "food", "hot soup with rice and butter" },
};

static int next(void *at, recur_example *out)
{
    int i = (*(int *)at)++;
    if (i == sizeof known / sizeof *known) return 1;
    *out = (recur_example){ .label = known[i][0], .text = known[i][1] };
    return 0;
}

int main(int argc, char **argv)
{
    recur *r = NULL; recur_data *d; recur_model *m; recur_answer best[2];
    recur_train_options o = recur_train_defaults();
    const char *text = argc > 1 ? argv[1] : "a cold wind and rain";
    int at = 0;
    o.unit = "word"; o.epochs = 60; o.batch = 4; o.lr = 0.01;
    MUST(recur_open(&r, NULL));
    MUST(recur_data_callback(r, &d, "classify", next, &at, &o, NULL));
    MUST(recur_model_new(r, &m, "embed 16 | lstm 16 bi | pool max | dense", d, 1));
    MUST(recur_fit(m, d, NULL, &o, NULL, NULL));
    MUST(recur_classify(r, m, text, best, 2));
    printf("%s: %s %.2f, %s %.2f\n", text, best[0].name, (double)best[0].p, best[1].name, (double)best[1].p);
    recur_model_free(m);
    recur_data_close(d);
    recur_close(r);
}
