/* SPDX-License-Identifier: MIT
 * What tasks and decoding need to know of the head ctc: its blank, and which lists of labels its rows can say. */
#ifndef RC_CTC_H
#define RC_CTC_H
#include "head/head.h"

enum { RC_BLANK = 0 };
/* How few rows can say the labels: each one, and a blank between two that are equal. */
static inline int rc_ctc_rows(const int32_t *label, int n)
{
    int rows = n;
    for (int i = 1; i < n; i++)
        rows += label[i] == label[i - 1];
    return rows;
}
static inline bool rc_ctc_fits(int rows, const int32_t *label, int n) { return rows > 0 && rc_ctc_rows(label, n) <= rows; }

/* The labels with a blank before, between and after them: place s of 2 n + 1. */
static inline int32_t rc_ctc_at(const int32_t *label, int s) { return s & 1 ? label[s / 2] : RC_BLANK; }
/* Whether place s may follow place s - 2: the blank between different labels need not be said. */
static inline bool rc_ctc_skips(const int32_t *label, int s) { return (s & 1) && s > 1 && label[s / 2] != label[s / 2 - 1]; }

/* --- scores -> labels and where they are said (ctc_path.c) --- */
typedef struct { int32_t label; int from, to; double p; } rc_ctc_said;   /* in rows [from, to); p: geometric mean of its probability there */
/* The likeliest class of each row, repeats and blanks taken out: out [T]; returns how many. */
int rc_ctc_greedy(const rc_seq *q, rc_ctc_said *out);
/* The same a row at a time, for nets that stream.  *before: RC_BLANK at the start; returns the label that begins in
 * this row, or RC_BLANK: none does. */
int32_t rc_ctc_step(const real *z, int width, int32_t *before);
/* Where a list of labels is said: the likeliest path of it (forced alignment).  out [n], *logp: of the path.  Returns n,
 * RECUR_EDATA where the list does not fit (no message), or RECUR_ENOMEM. */
int rc_ctc_align(recur *r, const rc_seq *q, const int32_t *label, int n, rc_ctc_said *out, double *logp);
#endif
