/* SPDX-License-Identifier: MIT
 * search.h - rows of a net with the head ctc -> the likeliest lists of labels, summed over the paths that say them
 * (prefix beam search, Hannun et al. 2014), with a lexicon and a language model where there are.  Scoring a transcribing
 * model needs it as much as using it does, so it stands on this floor. */
#ifndef RC_CTC_SEARCH_H
#define RC_CTC_SEARCH_H
#include "head/ctc.h"
#include "task/task.h"

/* --- words that may be said, as a tree of their labels (lexicon.c) --- */
typedef struct rc_lexicon rc_lexicon;
int rc_lexicon_new(recur *r, rc_lexicon **out);
void rc_lexicon_free(rc_lexicon *l);
int rc_lexicon_add(rc_lexicon *l, const int32_t *label, int n);
int rc_lexicon_next(const rc_lexicon *l, int at, int32_t label);     /* place after this label, from place `at` (0: a word's start); -1: no word goes on so */
bool rc_lexicon_ends(const rc_lexicon *l, int at);                   /* a word ends here */

/* --- the search (search.c) --- */
typedef struct {
    int beam, best, top;         /* lists kept from row to row; answers; likeliest classes looked at in a row; 0: 16, 1, 40 */
    int32_t space;               /* class between words; 0: none: then a lexicon's words are whole answers */
    const rc_lexicon *lexicon;   /* NULL: any list */
    const recur_model *lm;       /* language model of the task lm, NULL: none.  By signs: it judges every label; else every word, at its end */
    double alpha, beta;          /* score = log P(list | rows) + alpha log P_lm(list) + beta * (labels, or words where they are what is judged) */
    const char *const *text;     /* [width] what each class writes, for lm; text[0] is not read */
} rc_ctc_how;
typedef struct { int32_t *label; int n; double score, logp; } rc_ctc_found;      /* logp: of the rows alone, over the paths that were kept */
typedef struct rc_ctc_search rc_ctc_search;
/* what `how` points at is borrowed */
int rc_ctc_search_open(recur *r, rc_ctc_search **out, const rc_ctc_how *how, int width);
void rc_ctc_search_close(rc_ctc_search *s);
/* The best answers of one sequence, best first; out [best], freed by rc_ctc_found_free.  Returns how many (0: the lexicon
 * lets nothing be said), or an error. */
int rc_ctc_search_say(rc_ctc_search *s, const rc_seq *q, rc_ctc_found *out);
void rc_ctc_found_free(recur *r, rc_ctc_found *found, int n);

/* --- a language model heard at many places at once (search_lm.c) --- */
typedef struct rc_ctc_lm rc_ctc_lm;
int rc_ctc_lm_open(recur *r, rc_ctc_lm **out, const recur_model *m, int slots, const char *const *text, int width);
void rc_ctc_lm_close(rc_ctc_lm *l);
bool rc_ctc_lm_signs(const rc_ctc_lm *l);                            /* judges signs, not words */
int rc_ctc_lm_start(rc_ctc_lm *l);                                   /* all slots free but that of the start, which is returned */
double rc_ctc_lm_label(const rc_ctc_lm *l, int slot, int32_t label); /* log P of the label's sign there */
int rc_ctc_lm_after(rc_ctc_lm *l, int slot, int32_t label);          /* a new slot, after it, or an error */
/* log P of a word after what `slot` has heard; *after: a new slot after it, NULL: not wanted. */
int rc_ctc_lm_word(rc_ctc_lm *l, int slot, const char *word, size_t n, double *logp, int *after);
void rc_ctc_lm_keep(rc_ctc_lm *l, const int *slot, int n);           /* all others are free */
#endif
