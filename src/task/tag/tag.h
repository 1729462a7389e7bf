/* SPDX-License-Identifier: MIT
 * tag.h - the parts of the tagging task: read.c finds sentences in files, scheme.c turns tags into labels,
 * tag.c makes examples, net.c chooses, say.c answers, eval.c scores, base.c is the baseline, check.c looks at files.
 *
 * An example is a sentence, or a piece of a long one; its units are words, or signs where words are to be found.  Words
 * of an example stand in `raw`, parted by single blanks; a blank inside a word has become U+2581.  Pieces of a sentence
 * follow one another and have the same file and line. */
#ifndef RC_TAG_H
#define RC_TAG_H
#include "data/read.h"
#include "judge/judge.h"
#include "task/task.h"

/* --- reading --- */
typedef struct {
    const rc_span_text *word, *tag;      /* [n]; tag NULL: none is known */
    int n;
    rc_span_text kind;                   /* of the sentence as a whole; n 0: none */
    int64_t line;
    bool conllu;                         /* whether its file is CoNLL-U */
} rc_tagged;
typedef int rc_take_tagged(void *ud, const rc_tagged *s);
int rc_tag_sentences(recur *r, const char *path, const recur_train_options *o, bool segment, rc_take_tagged *take,
                     void *ud, json_t *problems);
    /* CoNLL (columns by tabs or blanks), CoNLL-U, text whose words are parted by blanks; bad lines cost their sentence */
int rc_tag_signs(recur *r, const char *s, size_t n, rc_take_tagged *take, void *ud);
    /* one text as its signs without blanks, untagged */
int rc_tag_words(recur_data *d, const rc_tagged *s, int n, const rc_like *like);
    /* sentences in memory, read as a model reads (like) */

/* --- how entities are written --- */
typedef struct { const char *name; const char *parts; } rc_scheme;     /* letters of a first, an inner, a last, a lone word */
const rc_scheme *rc_scheme_find(const char *name);            /* "iob2" "bioes"; NULL: no such */
bool rc_tag_entities(const rc_vocab *tags, bool *alone);
    /* whether they are entities: O and B- I- (E- S-) of some type; alone: B I E S without types, places of signs in words */
bool rc_tag_counts_entities(const json_t *form, const rc_vocab *labels);      /* ... whatever way they are written */
int rc_scheme_write(const rc_scheme *s, const rc_entity_kinds *k, const int32_t *tag, int n, rc_entity *work, char *part);
    /* part[i]: letter of word i in this scheme, 0: outside; work [n]; returns how many entities */
int rc_tag_forbid(recur *r, const rc_vocab *labels, const json_t *form, uint8_t **out);
    /* [C + 1][C + 1] 1 where the second label cannot follow the first; index C: before the first, after the last;
     * NULL: all may follow all */
const char *rc_tag_name(const recur_data *d, int32_t tag, size_t *n);  /* a label, or one that no head knows */
size_t rc_tag_told(const recur_model *m, int32_t tag, char *out, size_t n);
    /* the label's name as it is told: entities in IOB2; returns its length */
static inline bool rc_tag_segments(const json_t *form) { return json_is_true(json_object_get(form, "segment")); }

/* --- answers --- */
typedef struct {
    int best;                            /* readings wanted of each example, at least 1 */
    int32_t *tag;                        /* [best][rows] */
    float *p, *whole;                    /* [rows] of the first reading's tags; [best][count] of whole readings */
    int32_t *kind; float *kind_p;        /* [count] */
} rc_tag_answers;
int rc_tag_say(const recur_model *m, recur_data *d, const rc_tag_answers *a);      /* blocks that are NULL are not filled */

int rc_tag_choose(const recur_data *d, recur_train_options *o, char *net, size_t n, rc_say *say, void *ud);
int rc_tag_ready(recur_model *m);
const char *rc_tag_measure(const recur_model *m);
int rc_tag_prepare(recur_model *m, recur_data *d, const recur_train_options *o);
int rc_tag_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric);
int rc_tag_eval(const recur_model *m, recur_data *d, json_t **out);
int rc_tag_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out);

/* --- the baseline: each word's most frequent tag; of signs, the longest known word --- */
int rc_tag_baseline(recur_model *m, recur_data *d, recur_data *held);
int rc_tag_baseline_say(const recur_model *m, recur_data *d, int32_t *tag /* [rows] */, int32_t *kind /* [count] or NULL */);

/* Words of example ex, one after the other. */
typedef struct { const char *s, *end; } rc_tag_walk;
static inline rc_tag_walk rc_tag_walk_of(const recur_data *d, const rc_example *ex)
{
    const char *s = ex->text_n > 0 ? d->raw.s + ex->text : "";
    return (rc_tag_walk){ s, s + ex->text_n };
}
static inline bool rc_tag_next(rc_tag_walk *w, const char **s, size_t *n)
{
    const char *blank = w->s < w->end ? memchr(w->s, ' ', (size_t)(w->end - w->s)) : NULL, *end = blank ? blank : w->end;
    bool more = w->s < w->end;
    *s = w->s, *n = (size_t)(end - w->s);
    w->s = blank ? blank + 1 : w->end;
    return more;
}
extern const rc_task rc_task_tag;
#endif
