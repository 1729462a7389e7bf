/* SPDX-License-Identifier: MIT
 * translate.h - the parts of the translation task: translate.c reads, text.c makes ids, net.c chooses,
 * search.c and beam.c find the likeliest answers, say.c makes text of them, eval.c scores, memory.c is the baseline,
 * check.c looks at files.
 *
 * The side data are the sources, ended by </s>; the main data are the targets: input <s> y1 .. yn, wanted y1 .. yn </s>.
 * Example i of the one belongs to example i of the other. */
#ifndef RC_TRANSLATE_H
#define RC_TRANSLATE_H
#include "judge/bleu.h"
#include "task/translate/search.h"

enum { RC_HELD_MOST = 3000 };            /* pairs of a file that are held out for measuring, at most */

/* --- reading --- */
int rc_translate_read(recur_data *d, const char *const *path, int n, const recur_train_options *o, const rc_like *like,
                      int part, json_t *problems);
int rc_translate_texts(recur_data *d, const recur_train_options *o, const rc_like *like);
    /* texts of the examples -> vocabularies (or the given ones) -> ids; what is too long is left out and counted */
int rc_translate_source(const rc_text *t, const char *s, size_t n, rc_ids *out, int64_t *unknown);
    /* ids of a source as the net reads it: with </s> */

int rc_translate_choose(const recur_data *d, recur_train_options *o, char *net, size_t n, rc_say *say, void *ud);
int rc_translate_suits(const recur_model *m);                 /* a net that reads one text and writes another, unit after unit */
int rc_translate_prepare(recur_model *m, recur_data *d, const recur_train_options *o);
int rc_translate_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric);
int rc_translate_guess(const recur_model *m, recur_data *d, rc_run *u, const recur_batch *b, double share, uint64_t key);
int rc_translate_eval(const recur_model *m, recur_data *d, json_t **out);
int rc_translate_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out);

/* --- saying (say.c) --- */
typedef struct rc_pieces {
    rc_buf text; size_t *end; int n, cap;
    struct rc_pieces *own;               /* the same with the capitals that they have in the text; NULL: no others */
} rc_pieces;                             /* units of a source as the net reads them, the last "</s>" */
int rc_pieces_of(const rc_text *t, const char *s, size_t n, rc_pieces *out);     /* out zeroed; rc_pieces_free in any case */
const char *rc_pieces_at(const rc_pieces *p, int i, size_t *n);
void rc_pieces_free(recur *r, rc_pieces *p);
bool rc_says_unknown(const recur_model *m);                   /* whether <unk> may be said, to be put right by attention */
int rc_translate_say(const recur_model *m, const rc_pieces *source, const rc_found *f, bool keep_unknown, rc_buf *out);
    /* the text of an answer; <unk> becomes the source's unit that was looked at most */

/* --- the baseline: a memory of the training pairs, which answers with the target of the source most like it --- */
typedef struct rc_memory rc_memory;
int rc_translate_baseline(recur_model *m, recur_data *d, recur_data *held);
int rc_memory_open(rc_memory **out, const recur_model *m);    /* *out NULL: the model file carries none */
int rc_memory_answer(rc_memory *y, const char *s, size_t n, const char **target, size_t *target_n);   /* borrowed */
void rc_memory_free(rc_memory *y);

extern const rc_task rc_task_translate;
#endif
