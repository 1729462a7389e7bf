/* SPDX-License-Identifier: MIT
 * decode: scores -> ids -> text.  Randomness comes in as an argument. */
#ifndef RC_DECODE_H
#define RC_DECODE_H
#include "task/task.h"

typedef struct { double temperature, top_p, penalty; int top_k; } rc_sampler;
/* One id from scores [n]: repetition penalty over `recent` (Keskar et al. 2019), temperature (0: the largest), top-k (0: all),
 * top-p (0 or 1: all); coin in [0, 1) decides.  Never picks an id whose banned[id] is set (may be NULL); -1: nothing is
 * left to pick.  work: rc_sample_work(n) bytes, aligned as malloc does. */
int rc_sample(const real *score, int n, const rc_sampler *s, const int32_t *recent, int nrecent, const uint8_t *banned, double coin, void *work);
size_t rc_sample_work(int n);
/* Text that goes on from o->prompt, in whole UTF-8 signs (a byte that cannot become one is written as U+FFFD). */
int rc_generate(recur *r, const recur_model *m, const recur_generate_options *o, recur_emit *emit, void *ud);
/* Units of a text as a language model reads it: where lines end in </s>, each whole line gets one. */
int rc_units(const rc_text *t, const char *s, rc_ids *out, int64_t *unknown);
/* The best answers to each text, as recur_translate_lines of recur.h gives them. */
int rc_translate(const recur_model *m, const char *const *text, int n, const recur_translate_options *o, json_t **out);
/* Words and tags of each text, as recur_tag_lines of recur.h gives them. */
int rc_tag(const recur_model *m, const char *const *text, int n, int best, json_t **out);
/* The text of a sound, as recur_transcribe_sound of recur.h tells it; lm may be NULL. */
int rc_transcribe(recur *r, const recur_model *m, const recur_sound *sound, const recur_model *lm,
                  const recur_transcribe_options *o, json_t **out);
/* Sound as it comes (hear.c); see recur_hear of recur.h. */
typedef struct rc_hearing rc_hearing;
int rc_hear_open(recur *r, rc_hearing **out, const recur_model *m, recur_emit *emit, void *ud);
int rc_hear_rate(const rc_hearing *h);
int rc_hear(rc_hearing *h, const float *x, size_t n);
int rc_hear_end(rc_hearing *h);
void rc_hear_close(rc_hearing *h);
/* How much of `text` stands word for word in the training text, which the model file carries or which `path` names. */
int rc_copy_report(const recur_model *m, const char *text, const char *const *path, int n, json_t **out);
#endif
