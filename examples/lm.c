/* SPDX-License-Identifier: MIT
 * lm.c - a language model that learns a text and goes on from a prompt.   lm [FILE [PROMPT]] */
#include "must.h"

static const char rhyme[] =
    "This is the malt that lay in the house that Jack built. This is the rat that ate the malt that lay in the house "
    "that Jack built. This is the cat that killed the rat that ate the malt that lay in the house that Jack built.\n";

static int once(void *given, recur_example *out)      /* the whole text is one example */
{
    if ((*(int *)given)++) return 1;
    *out = (recur_example){ .text = rhyme };
    return 0;
}

static int print(void *ud, const char *text, size_t n)
{
    (void)ud;
    return fwrite(text, 1, n, stdout) != n;
}

int main(int argc, char **argv)
{
    recur *r; recur_data *d; recur_model *m;
    int given = 0;
    recur_train_options o = training();
    o.unit = "char";
    if (argc == 1) o.steps = 300, o.batch = 4, o.bptt = 32, o.lr = 0.01;
    must(NULL, recur_open(&r, NULL));
    must(r, argc > 1 ? recur_data_files(r, &d, "lm", (const char *const *)argv + 1, 1, &o, NULL)
                     : recur_data_callback(r, &d, "lm", once, &given, &o, NULL));
    must(r, recur_model_new(r, &m, argc > 1 ? NULL : "embed 16 | lstm 64 | dense", d, 1));
    must(r, recur_fit(m, d, NULL, &o, NULL, NULL));
    recur_generate_options g = { .temperature = 0.5, .top_p = 1, .penalty = 1, .length = 200, .seed = 1,
                                 .prompt = argc > 2 ? argv[2] : "This is the cat" };
    must(r, recur_generate(r, m, &g, print, NULL));
    putchar('\n');
    recur_model_free(m);
    recur_data_close(d), recur_close(r);
}
