/* SPDX-License-Identifier: MIT
 * translate.c - a translator from generated pairs in memory: digits, and the same digits backwards. */
#include <recur.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define MUST(call) if ((call) < 0) return fprintf(stderr, "%s\n", recur_message(r)), 1

typedef struct { int n; char digits[8], backwards[8]; } pair;

static int next(void *ud, recur_example *out)
{
    pair *p = ud;
    if (p->n++ == 4000) return 1;
    int length = 1 + rand() % 6;
    for (int i = 0; i < length; i++) p->digits[i] = p->backwards[length - 1 - i] = (char)('0' + rand() % 10);
    p->digits[length] = p->backwards[length] = 0;
    *out = (recur_example){ .text = p->digits, .label = p->backwards };      /* source, target */
    return 0;
}

int main(int argc, char **argv)
{
    recur *r = NULL; recur_data *d; recur_model *m; char *said;
    recur_train_options o = recur_train_defaults();
    pair p = { 0 };
    o.epochs = 15; o.batch = 32; o.lr = 0.005;
    MUST(recur_open(&r, &(recur_config){ .threads = 1 }));
    MUST(recur_data_callback(r, &d, "translate", next, &p, &o, NULL));
    MUST(recur_model_new(r, &m, "embed 16 | gru 32 bi >> embed 16 | gru 64 bridge | attend | dense", d, 1));
    MUST(recur_fit(m, d, NULL, &o, NULL, NULL));
    MUST(recur_translate(r, m, argc > 1 ? argv[1] : "12345", NULL, &said));
    printf("%s\n", said);
    recur_free(r, said);
    recur_model_free(m);
    recur_data_close(d);
    recur_close(r);
}
