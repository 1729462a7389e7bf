/* SPDX-License-Identifier: MIT
 * sample.c - one id from a row of scores: a pure function of scores, options and a coin.
 *
 *   penalty      s = s / penalty where s > 0, else s penalty, for ids seen recently    Keskar et al. 2019, arXiv 1909.05858
 *   temperature  p ~ exp(s / temperature)
 *   top-k        only the k likeliest                                                    Fan et al. 2018
 *   top-p        only the fewest likeliest whose sum reaches p                           Holtzman et al. 2020
 * Equal scores: the lower id comes first.  Scores that are not numbers are never picked. */
#include <math.h>

#include "decode/decode.h"

typedef struct { double s; int32_t id; } choice;

size_t rc_sample_work(int n)
{
    return (size_t)(n > 0 ? n : 1) * sizeof(choice);
}

static bool before(const choice *a, const choice *b)
{
    return a->s > b->s || (a->s == b->s && a->id < b->id);
}

/* Heap whose root comes first. */
static void sink(choice *c, int n, int i)
{
    choice x = c[i];
    for (int k = 2 * i + 1; k < n; k = 2 * i + 1) {
        if (k + 1 < n && before(&c[k + 1], &c[k]))
            k++;
        if (!before(&c[k], &x))
            break;
        c[i] = c[k];
        i = k;
    }
    c[i] = x;
}

static bool seen_before(const int32_t *recent, int i)        /* an id is punished once */
{
    for (int k = 0; k < i; k++)
        if (recent[k] == recent[i])
            return true;
    return false;
}

/* Scores that may be picked, punished; how many. */
static int candidates(const real *score, int n, const rc_sampler *s, const int32_t *recent, int nrecent,
                      const uint8_t *banned, choice *c)
{
    int m = 0;
    for (int i = 0; i < n; i++)
        c[i] = (choice){ (double)score[i], i };
    if (s->penalty > 0 && s->penalty != 1)
        for (int i = 0; i < nrecent; i++) {
            if (recent[i] < 0 || recent[i] >= n || seen_before(recent, i))
                continue;
            choice *x = &c[recent[i]];
            x->s = x->s > 0 ? x->s / s->penalty : x->s * s->penalty;
        }
    for (int i = 0; i < n; i++)
        if (!(banned && banned[i]) && c[i].s > -INFINITY)
            c[m++] = c[i];      /* NAN fails too */
    return m;
}

static choice best(const choice *c, int m)
{
    int k = 0;
    for (int i = 1; i < m; i++)
        if (before(&c[i], &c[k]))
            k = i;
    return c[k];
}

/* Along the candidates until the coin's share of the whole is reached. */
static int toss(const choice *c, int m, double sum, double coin)
{
    double at = 0;
    int last = 0;
    for (int i = 0; i < m; i++) {
        if (!(c[i].s > 0))
            continue;
        last = i;
        at += c[i].s;
        if (coin * sum < at)
            break;
    }
    return c[last].id;
}

/* The candidates (c[i].s: p, their sum is `sum`) that top-k and top-p leave, likeliest first, at the end of c; how many.
 * A nucleus is a part of what top-k leaves. */
static int likeliest(choice *c, int m, const rc_sampler *s, double *sum)
{
    const bool by_p = s->top_p > 0 && s->top_p < 1, by_k = s->top_k > 0 && s->top_k < m;
    const int want = by_k ? s->top_k : m;
    double got = 0, reach = by_p && !by_k ? s->top_p * *sum : INFINITY;
    int kept = 0;
    if (!by_p && !by_k)
        return m;
    for (int i = m / 2 - 1; i >= 0; i--)
        sink(c, m, i);
    for (int left = m; kept < want && got < reach; kept++) {
        choice x = c[0];
        c[0] = c[--left];
        c[left] = x;
        sink(c, left, 0);
        got += x.s;
    }
    if (by_p && by_k) {
        reach = s->top_p * got;
        got = 0;
        for (kept = 0; kept < want && got < reach; kept++)
            got += c[m - 1 - kept].s;
    }
    for (int i = m - kept, k = m - 1; i < k; i++, k--) {
        choice x = c[i];
        c[i] = c[k];
        c[k] = x;
    }
    *sum = got;
    return kept;
}

int rc_sample(const real *score, int n, const rc_sampler *s, const int32_t *recent, int nrecent, const uint8_t *banned, double coin, void *work)
{
    choice *c = work;
    int m = candidates(score, n, s, recent, nrecent, banned, c);
    if (m == 0)
        return -1;
    const choice top = best(c, m);
    if (!(s->temperature > 0) || top.s == INFINITY)
        return top.id;
    double sum = 0;
    for (int i = 0; i < m; i++) {
        c[i].s = exp((c[i].s - top.s) / s->temperature);
        sum += c[i].s;
    }
    int kept = likeliest(c, m, s, &sum);
    return toss(c + m - kept, kept, sum, coin);
}
