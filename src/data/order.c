/* SPDX-License-Identifier: MIT
 * order.c - which examples, or which place of a running text, come when.
 *
 * The order of an epoch is drawn from (seed, epoch) alone, so a position in training is two numbers and seeking is
 * assignment.  Examples are shuffled, sorted by length inside pools of POOL batches, cut into batches, and the
 * batches are shuffled: nearly equal lengths run together, and yet no order of lengths is learned.  A running text is
 * cut into B streams side by side; the state goes on from batch to batch. */
#include "data/batch.h"

enum { POOL = 20 };

/* Which examples, in the order of the files: each once, or with weights (--balance sample) as often as its weight
 * says.  Systematic sampling: one coin, then equal steps along the summed weights of the shuffled examples, so that
 * exactly count come out, each as often as its share to within one. */
static void population(recur_data *d, uint64_t key, int32_t *work)
{
    double sum = 0, at = 0;
    bool even = true;
    for (int i = 0; i < d->count; i++) {
        sum += (double)d->ex[i].weight;
        even = even && d->ex[i].weight == 1.0f;
        d->cut.order[i] = work[i] = i;
    }
    if (even || key == 0 || !(sum > 0))
        return;
    rc_shuffle(rc_key(key, RC_SHUFFLE, 0, 2), work, (size_t)d->count);
    double step = sum / d->count, next = step * rc_uniform(key, (uint64_t)1 << 62);
    int k = 0;
    for (int i = 0; i < d->count && k < d->count; i++)
        for (at += (double)d->ex[work[i]].weight; k < d->count && next < at; next += step)
            d->cut.order[k++] = work[i];
    for (; k < d->count; k++)                                  /* rounding at the very end */
        d->cut.order[k] = work[d->count - 1];
}

/* By chance, those of a group one after the other. */
static void shuffle(uint64_t key, int32_t *order, int n, int group)
{
    int whole = group > 1 ? n / group : n;
    rc_shuffle(key, order, (size_t)whole);
    for (int i = whole; group > 1 && i-- > 0;)
        for (int first = order[i] * group, k = group; k-- > 0;)
            order[i * group + k] = first + k;
}

/* Longest first; of equal lengths the earlier first. */
static void by_length(const recur_data *d, int32_t *order, int n, int64_t *work)
{
    for (int i = 0; i < n; i++)
        work[i] = ((int64_t)(INT32_MAX - d->ex[order[i]].T) << 32) | (int64_t)i;
    for (int width = 1; width < n; width *= 2)                 /* merge sort, bottom up; work + n is the other half */
        for (int lo = 0; lo < n; lo += 2 * width) {
            int mid = lo + width < n ? lo + width : n, hi = mid + width < n ? mid + width : n, a = lo, b = mid;
            for (int k = lo; k < hi; k++)
                work[n + k] = (a < mid && (b >= hi || work[a] <= work[b])) ? work[a++] : work[b++];
            memcpy(work + lo, work + n + lo, (size_t)(hi - lo) * sizeof *work);
        }
    for (int i = 0; i < n; i++)
        work[n + i] = order[(int32_t)(work[i] & 0xffffffff)];
    for (int i = 0; i < n; i++)
        order[i] = (int32_t)work[n + i];
}

/* The first of each batch, in start, ended by the number of examples: as many as B and --batch-units allow, none across
 * the border of a pool. */
static void cut(recur_data *d, int64_t pool)
{
    int n = d->count, k = 0;
    for (int at = 0, size = 0, longest = 0; at <= n; at++) {
        int T = at < n ? d->ex[d->cut.order[at]].T : 0;
        longest = T > longest ? T : longest;
        bool full = size == d->cut.B || at % pool == 0 || (d->batch_units > 0 && (int64_t)longest * (size + 1) > d->batch_units);
        if (at == n || full) {
            d->cut.start[k++] = at;
            size = 0;
            longest = T;
        }
        size++;
    }
    d->cut.batches = k - 1;
}

static int start_examples(recur_data *d)
{
    int B = d->cut.B, n = d->count;
    d->cut.order = rc_new(d->r, (size_t)n + 1, sizeof(int32_t));
    d->cut.start = rc_new(d->r, (size_t)n + 2, sizeof(int32_t));
    d->cut.turn = rc_new(d->r, (size_t)n + 1, sizeof(int32_t));
    int64_t pool = (int64_t)B * POOL < n ? (int64_t)B * POOL : n > 0 ? n : 1;
    int64_t *work = rc_new(d->r, 2 * (size_t)pool + 1, sizeof *work);
    int32_t *mixed = rc_new(d->r, (size_t)n + 1, sizeof *mixed);
    bool ok = d->cut.order != NULL && d->cut.start != NULL && d->cut.turn != NULL && work != NULL && mixed != NULL;
    uint64_t key = d->cut.seed != 0 ? rc_key(d->cut.seed, RC_SHUFFLE, (uint64_t)d->cut.epoch, 0) : 0;
    if (ok)
        population(d, key, mixed);
    if (d->cut.seed != 0 && ok) {
        shuffle(key, d->cut.order, n, d->group);
        for (int64_t lo = 0; lo < n; lo += pool)
            by_length(d, d->cut.order + lo, (int)(lo + pool < n ? pool : n - lo), work);
    }
    if (ok)
        cut(d, pool);
    for (int k = 0; k < d->cut.batches && ok; k++)
        d->cut.turn[k] = k;
    if (d->cut.seed != 0 && ok)
        rc_shuffle(rc_key(d->cut.seed, RC_SHUFFLE, (uint64_t)d->cut.epoch, 1), d->cut.turn, (size_t)d->cut.batches);
    rc_free(d->r, work);
    rc_free(d->r, mixed);
    recur_dims most;
    if (!ok || rc_batch_dims(d, B, d->cut.T, &most) != RECUR_OK)
        return RECUR_ENOMEM;
    int e = rc_batch_room(d, (size_t)most.B, (size_t)most.T, (size_t)most.N);
    return d->side != NULL && e == RECUR_OK ? rc_side_room(d, &most) : e;
}

/* In order: the streams' lengths differ by at most one, the longer first, and the last window is partial: every unit
 * is scored exactly once.  Shuffled: B equal streams from a random place, going round the end of the text, in whole
 * windows, so that every epoch has as many batches and other borders. */
static int start_stream(recur_data *d)
{
    size_t n = d->rows, B = (size_t)d->cut.B, T = (size_t)d->cut.T;
    if (B > n)
        B = n > 0 ? n : 1;
    d->cut.B = (int)B;
    if ((d->cut.start = rc_new(d->r, B + 1, sizeof(int32_t))) == NULL)
        return RECUR_ENOMEM;
    size_t M = n / B, more = n % B;
    if (d->cut.seed != 0) {
        T = M < T ? M : T;
        d->cut.batches = T > 0 ? (int)(M / T) : 0;
        uint64_t first = n > 0 ? rc_below(rc_key(d->cut.seed, RC_SHUFFLE, (uint64_t)d->cut.epoch, 0), 0, n) : 0;
        for (size_t b = 0; b < B; b++)
            d->cut.start[b] = (int32_t)((first + b * M) % n);
        d->cut.T = (int)(T > 0 ? T : 1);
    } else {
        size_t longest = M + (more > 0);
        d->cut.batches = (int)(longest / T + (longest % T > 0));
        for (size_t b = 0; b <= B; b++)
            d->cut.start[b] = (int32_t)(b * M + (b < more ? b : more));
        T = longest < T ? longest : T;
    }
    return rc_batch_room(d, B, T > 0 ? T : 1, B * (T > 0 ? T : 1));
}

void recur_data_start(recur_data *d, int B, int T, uint64_t seed, int epoch)
{
    rc_free(d->r, d->cut.order);
    rc_free(d->r, d->cut.start);
    rc_free(d->r, d->cut.turn);
    memset(&d->cut, 0, sizeof d->cut);
    d->cut.B = B > 0 ? B : 1;
    d->cut.T = T > 0 ? T : 1;
    d->cut.seed = seed;
    d->cut.epoch = epoch;
    d->cut.error = d->stream ? start_stream(d) : start_examples(d);
}

int rc_data_batches(const recur_data *d) { return d->cut.error != RECUR_OK ? 0 : d->cut.batches; }
void rc_data_seek(recur_data *d, int at) { d->cut.at = at; }
