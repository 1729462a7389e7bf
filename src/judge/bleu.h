/* SPDX-License-Identifier: MIT
 * bleu.h - how near a translation comes to the one that was wanted, as sacrebleu counts it.
 *
 * Both measures are sums over all lines of a text: lines are added one by one, the score is taken at the end. */
#ifndef RC_BLEU_H
#define RC_BLEU_H
#include "base/base.h"

/* How BLEU cuts a line: mteval's rules for Western text; those with each Chinese sign alone; every sign; between
 * blanks only, for text that is cut already. */
enum rc_cut { RC_CUT_13A, RC_CUT_ZH, RC_CUT_CHAR, RC_CUT_NONE };
extern const char *const rc_cut_names[];                      /* "13a" "zh" "char" "none"; NULL at the end */
int rc_cut_line(recur *r, enum rc_cut cut, bool lower, const char *s, size_t n, rc_buf *out);
    /* appends the pieces, each with a blank before it */

enum { RC_BLEU_ORDER = 4, RC_CHRF_ORDER = 6 };
typedef struct {
    int64_t match[RC_BLEU_ORDER], total[RC_BLEU_ORDER];       /* n-grams of what was said */
    int64_t said, wanted;                                     /* pieces */
} rc_bleu;
int rc_bleu_add(recur *r, rc_bleu *b, enum rc_cut cut, bool lower, const char *said, size_t said_n,
                const char *wanted, size_t wanted_n);
double rc_bleu_score(const rc_bleu *b);                       /* 0 to 100 */

typedef struct { int64_t match[RC_CHRF_ORDER], said[RC_CHRF_ORDER], wanted[RC_CHRF_ORDER]; } rc_chrf;
int rc_chrf_add(recur *r, rc_chrf *c, const char *said, size_t said_n, const char *wanted, size_t wanted_n);
double rc_chrf_score(const rc_chrf *c);                       /* 0 to 100 */
#endif
