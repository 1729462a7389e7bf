/* SPDX-License-Identifier: MIT
 * viterbi.c - the likeliest tag sequences of the head crf, best first (Viterbi 1967; several: Seshadri & Sundberg 1994).
 * In each row every tag keeps the K best ways that end with it; the best way of all is one of them.  Of equal scores
 * the one whose last tag is the smaller comes first, then the one that was ahead in the row before. */
#include <math.h>

#include "head/crf.h"

typedef struct { double score; int32_t from; } way;          /* from: tag * K + place among its ways, in the row before */

/* Puts one more into `best`, which has n of at most K, falling; equal ones stay in order of coming.  Returns n. */
static int take(way *best, int n, int K, double score, int32_t from)
{
    if (!(score > -INFINITY) || (n == K && !(score > best[n - 1].score)))
        return n;
    int at = n < K ? n : K - 1;
    for (; at > 0 && best[at - 1].score < score; at--)
        best[at] = best[at - 1];
    best[at] = (way){ score, from };
    return n < K ? n + 1 : n;
}

/* The ways into tag j of a row with score z. */
static void into(const rc_crf *c, int K, const way *before, int j, double z, way *now)
{
    int n = 0;
    for (int i = 0; i < c->C; i++) {
        double step = rc_crf_may(c, i, j) ? (double)c->step[i * c->C + j] : -INFINITY;
        for (int k = 0; k < K && before[i * K + k].score > -INFINITY; k++)
            n = take(now, n, K, before[i * K + k].score + step, i * K + k);
    }
    for (int k = 0; k < K; k++)
        now[k].score = k < n ? now[k].score + z : -INFINITY;
}

/* The last tags, best first, and from each the way back. */
static int trace(const rc_crf *c, int K, int T, const way *last, const int32_t *from, way *best, int32_t *path,
                 double *score)
{
    int n = 0;
    for (int j = 0; j < c->C; j++)
        for (int k = 0; k < K && last[j * K + k].score > -INFINITY && rc_crf_may(c, j, c->C); k++)
            n = take(best, n, K, last[j * K + k].score + (double)c->end[j], j * K + k);
    for (int k = 0; k < n; k++) {
        int32_t at = best[k].from;
        score[k] = best[k].score;
        for (int t = T - 1; t >= 0; t--) {
            path[(size_t)k * (size_t)T + (size_t)t] = at / K;
            at = from[(size_t)t * (size_t)(c->C * K) + (size_t)at];
        }
    }
    return n;
}

int rc_viterbi(recur *r, const rc_crf *c, const rc_seq *q, int best, int32_t *path, double *score)
{
    int K = best, C = c->C, T = q->T, n = RECUR_ENOMEM;
    if (T == 0 || K < 1)
        return 0;
    size_t row = (size_t)C * (size_t)K;
    way *before = rc_new(r, row, sizeof *before), *now = rc_new(r, row, sizeof *now);
    int32_t *from = rc_new(r, row * (size_t)T, sizeof *from);
    if (!before || !now || !from)
        goto done;
    for (int t = 0; t < T; t++) {
        const real *z = rc_seq_row(q, t);
        for (int j = 0; j < C && t; j++)
            into(c, K, before, j, (double)z[j], now + (size_t)j * (size_t)K);
        for (size_t i = 0; i < row && !t; i++)
            now[i].score = i % (size_t)K || !rc_crf_may(c, C, (int)i / K) ? -INFINITY
                         : (double)c->start[i / (size_t)K] + (double)z[i / (size_t)K];
        for (size_t i = 0; i < row; i++)
            from[(size_t)t * row + i] = now[i].from;
        way *turn = before;
        before = now;
        now = turn;
    }
    n = trace(c, K, T, before, from, now, path, score);
done:
    rc_free(r, from);
    rc_free(r, now);
    rc_free(r, before);
    return n;
}
