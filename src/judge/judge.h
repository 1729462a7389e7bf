/* SPDX-License-Identifier: MIT
 * judge: how good answers are, from the answers alone: classes, entities of tagged sentences, edits between
 * two sequences; BLEU and chrF are in bleu.h. */
#ifndef RC_JUDGE_H
#define RC_JUDGE_H
#include <jansson.h>

#include "text/text.h"

/* Entities as conlleval counts them (Tjong Kim Sang & De Meulder 2003): tags "B-PER" "I-PER" (IOB1, IOB2), with E and S
 * too (BIOES); a tag without such a beginning is outside.  Sentence s is [at[s], at[s + 1]) of gold and said, numbers of
 * labels (entry RC_FIRST + i of the vocabulary); gold < 0 is outside and counts for no accuracy.
 * *out: {"precision","recall","f1","accuracy","entities","said","correct","per_type":{"PER":{the same but accuracy}}},
 * as fractions. */
int rc_entities(recur *r, const rc_vocab *labels, const int32_t *gold, const int32_t *said, const int32_t *at, int S,
                json_t **out);

/* Entities of one sentence's tags: writes first row, row after the last and type (an index that rc_entity_type names) of
 * each; at most n.  Returns how many. */
typedef struct { int from, to, type; } rc_entity;
typedef struct rc_entity_kinds rc_entity_kinds;              /* what each label of a vocabulary begins with, and its type */
int rc_entity_kinds_new(recur *r, rc_entity_kinds **out, const rc_vocab *labels);
void rc_entity_kinds_free(rc_entity_kinds *k);
const char *rc_entity_type(const rc_entity_kinds *k, int type);
int rc_entities_of(const rc_entity_kinds *k, const int32_t *tag, int n, rc_entity *out);

/* Fewest edits that make b [m] of a [n] (Levenshtein 1966): substitutions, deletions (of a), insertions (from b), n.
 * Where ways are equally short, a step is a substitution before it is a deletion, and that before an insertion. */
enum { RC_SUBSTITUTED, RC_DELETED, RC_INSERTED, RC_LENGTH };
int rc_edit_distance(recur *r, const int32_t *a, int n, const int32_t *b, int m, int64_t out[4]);

/* --- classes (measure.c) --- */
typedef struct { int classes; int64_t *confusion; double *p; int32_t *y; int n; } rc_judged;
    /* confusion [true][said]; p [n][classes] */
int rc_measure(recur *r, const rc_judged *j, const rc_vocab *labels, json_t **out);
    /* samples accuracy macro_f1 per_class confusion pr_auc (two classes) calibration_error */
/* How probably chance alone makes two classifiers differ as much on the same samples: a, b were right alone. */
double rc_mcnemar(int64_t a, int64_t b);
#endif
