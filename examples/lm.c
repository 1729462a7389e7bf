/* SPDX-License-Identifier: MIT
 * lm.c - a language model learns a text and goes on from a prompt. */
#include <recur.h>
#include <stdio.h>
#define MUST(call) if ((call) < 0) return fprintf(stderr, "%s\n", recur_message(r)), 1

static int once(void *given, recur_example *out)      /* the whole text is one example */
{
    if ((*(int *)given)++) return 1;
    out->text =
        "This is the malt that lay in the house that Jack built. This is the rat that ate the malt that lay in the "
        "house that Jack built. This is the cat that killed the rat that ate the malt that lay in the house that "
        "Jack built. This is the dog that worried the cat that killed the rat that ate the malt.\n";
    return 0;
}

static int print(void *ud, const char *text, size_t n)
{
    (void)ud;
    return fwrite(text, 1, n, stdout) != n;
}

int main(void)
{
    recur *r = NULL; recur_data *d; recur_model *m; int given = 0;
    recur_train_options o = recur_train_defaults();
    recur_generate_options g = recur_generate_defaults();
    o.unit = "char"; o.steps = 300; o.batch = 4; o.bptt = 32; o.lr = 0.01;
    g.prompt = "This is the cat"; g.length = 200;
    MUST(recur_open(&r, NULL));
    MUST(recur_data_callback(r, &d, "lm", once, &given, &o, NULL));      /* recur_data_files reads it from files */
    MUST(recur_model_new(r, &m, "embed 16 | lstm 64 | dense", d, 1));
    MUST(recur_fit(m, d, NULL, &o, NULL, NULL));
    fputs(g.prompt, stdout);
    MUST(recur_generate(r, m, &g, print, NULL));
    putchar('\n');
    recur_model_free(m);
    recur_data_close(d);
    recur_close(r);
}
