/* SPDX-License-Identifier: MIT
 * transcribe.c - learns from a list of sounds and their texts, then writes down what is said in one.
 *     transcribe LIST.tsv SOUND      LIST.tsv: path TAB text */
#include <recur.h>
#include <stdio.h>
#define MUST(call) if ((call) < 0) return fprintf(stderr, "%s\n", recur_message(r)), 1

int main(int argc, char **argv)
{
    recur *r = NULL; recur_model *m; char *text;
    recur_train_options o = recur_train_defaults();
    const char *list = argc > 1 ? argv[1] : "dial.tsv", *sound = argc > 2 ? argv[2] : "dial.test.wav#0.7332-1.1538";
    MUST(recur_open(&r, NULL));
    MUST(recur_train(r, &m, "transcribe", &list, 1, &o, NULL, NULL));
    MUST(recur_transcribe(r, m, sound, &text));
    printf("%s: %s\n", sound, text);
    recur_free(r, text);
    recur_model_free(m);
    recur_close(r);
}
