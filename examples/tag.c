/* SPDX-License-Identifier: MIT
 * tag.c - a tagger from a file of words and tags, asked about a sentence.  tag FILE.conll [SENTENCE] */
#include <recur.h>
#include <stdio.h>
#define MUST(call) if ((call) < 0) return fprintf(stderr, "%s\n", recur_message(r)), 1

int main(int argc, char **argv)
{
    recur *r = NULL; recur_model *m; char *tags;
    recur_train_options o = recur_train_defaults();
    const char *file[] = { argc > 1 ? argv[1] : "share/entities.conll" };
    o.epochs = 8;
    MUST(recur_open(&r, NULL));
    MUST(recur_train(r, &m, "tag", file, 1, &o, NULL, NULL));
    MUST(recur_tag(r, m, argc > 2 ? argv[2] : "Mr Lindgren left the Ford Bank in Riga .", &tags));
    fputs(tags, stdout);
    recur_free(r, tags);
    recur_model_free(m);
    recur_close(r);
}
