/* SPDX-License-Identifier: MIT
 * batch.c - the only batcher: examples -> packed rows.
 *
 * The order of an epoch is drawn from (seed, epoch) alone, so a position in training is two numbers and seeking is
 * assignment.  Examples are shuffled, sorted by length inside pools of POOL batches, cut into batches, and the
 * batches are shuffled: nearly equal lengths run together, and yet no order of lengths is learned.  A running text is
 * cut into B streams side by side; the state goes on from batch to batch. */
#include <limits.h>
#include "data/batch.h"

enum { POOL = 20 };


int64_t rc_batch_longest(const recur_data *d, int n)
{
    int32_t longest = 0;
    int64_t sum = 0;
    for (int i = 0; i < d->count; i++)
        longest = d->ex[i].T > longest ? d->ex[i].T : longest;
    int32_t *of = rc_new(d->r, (size_t)longest + 1, sizeof *of);             /* how many of each length */
    if (of == NULL)
        return -1;
    for (int i = 0; i < d->count; i++)
        of[d->ex[i].T]++;
    for (int32_t t = longest; t > 0 && n > 0; n -= of[t], t--)
        sum += (int64_t)t * (of[t] < n ? of[t] : n);
    rc_free(d->r, of);
    return sum;
}

static int largest(const recur_data *d, int B, int T, recur_dims *out)
{
    *out = (recur_dims){ .B = B, .T = T };
    if (d->stream) {
        size_t M = d->rows / (size_t)B + (d->rows % (size_t)B > 0);
        out->B = d->rows < (size_t)B ? (int)d->rows : B;
        out->T = M < (size_t)T ? (int)M : T;
        out->N = out->B * out->T;
        return RECUR_OK;
    }
    out->B = d->count < B ? d->count : B;
    out->T = 0;
    for (int i = 0; i < d->count; i++)
        out->T = d->ex[i].T > out->T ? d->ex[i].T : out->T;
    int64_t sum = rc_batch_longest(d, out->B), most = (int64_t)out->B * out->T;
    int e = sum < 0 ? RECUR_ENOMEM : RECUR_OK;
    for (int i = 0; i < d->count && sum >= 0; i++)
        if (d->ex[i].weight != 1.0f) {                         /* drawn with repetition: the longest may come again */
            sum = most;
            break;
        }
    sum = sum < 0 ? most : sum;
    if (d->batch_units > 0 && sum > d->batch_units)
        sum = d->batch_units > out->T ? d->batch_units : out->T;
    out->N = sum < INT_MAX ? (int)sum : INT_MAX;
    return d->side != NULL && e == RECUR_OK ? rc_side_most(d, out->B, out->N, out) : e;
}

void rc_data_dims(const recur_data *d, int B, int T, recur_dims *out) { (void)largest(d, B, T, out); }

int rc_batch_room(recur_data *d, size_t B, size_t T, size_t N)
{
    recur *r = d->r;
    size_t w = (size_t)d->outputs;
    if (T > d->out.cap_t) {
        rc_free(r, d->out.alive);
        d->out.cap_t = 0;
        if ((d->out.alive = rc_new(r, T, sizeof(int32_t))) == NULL)
            return RECUR_ENOMEM;
        d->out.cap_t = T;
    }
    if (N > d->out.cap_n || B > d->out.cap_b) {
        N = N > d->out.cap_n ? N : d->out.cap_n;
        B = B > d->out.cap_b ? B : d->out.cap_b;
        size_t most = N > B ? N : B;
        void *old[] = { d->out.ids, d->out.x, d->out.target, d->out.kind, d->out.value, d->out.seq, d->out.key };
        for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
            rc_free(r, old[i]);
        d->out.cap_n = d->out.cap_b = 0;
        d->out.ids = d->C > 0 ? rc_new(r, N * (size_t)d->C, sizeof(int32_t)) : NULL;
        d->out.x = d->F > 0 ? rc_new(r, N * (size_t)d->F, sizeof(float)) : NULL;
        d->out.target = rc_new(r, most, sizeof(int32_t));
        d->out.kind = d->kinds > 0 ? rc_new(r, B, sizeof(int32_t)) : NULL;
        d->out.value = w > 0 ? rc_new(r, (d->per_step ? most : B) * w, sizeof(float)) : NULL;
        d->out.seq = rc_new(r, B, sizeof(int32_t));
        d->out.key = rc_new(r, B, sizeof(uint64_t));
        if ((d->C > 0 && d->out.ids == NULL) || (d->F > 0 && d->out.x == NULL) || d->out.target == NULL
            || (d->kinds > 0 && d->out.kind == NULL) || (w > 0 && d->out.value == NULL) || d->out.seq == NULL || d->out.key == NULL)
            return RECUR_ENOMEM;
        d->out.cap_n = N;
        d->out.cap_b = B;
    }
    return rc_lists_room(d, B);
}

/* --- the order of an epoch --- */

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
    if (!ok || largest(d, B, d->cut.T, &most) != RECUR_OK)
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
int rc_data_order(const recur_data *d, int i) { return d->out.seq[i]; }

/* --- one batch --- */

/* The rows of sequence b of the batch, whose example is ex: row n = off[t] + b. */
static void put_sequence(recur_data *d, const rc_example *ex, int b, int N)
{
    size_t F = (size_t)d->F, w = (size_t)d->outputs, n = (size_t)b;
    if (d->windows != NULL) {
        d->windows->put(d, ex, b);
        return;
    }
    for (int32_t t = 0; t < ex->T; n += (size_t)d->out.alive[t], t++) {
        size_t from = ex->at + (size_t)t;
        for (int c = 0; c < d->C; c++)
            d->out.ids[(size_t)c * (size_t)N + n] = d->ids[c][from];
        if (F > 0)
            memcpy(d->out.x + n * F, d->x + from * F, F * sizeof(float));
        if (d->per_step && w > 0)
            memcpy(d->out.value + n * w, d->value + from * w, w * sizeof(float));
        else if (d->per_step)
            d->out.target[n] = d->step_label[from] < d->classes ? d->step_label[from] : -1;
    }
    if (d->kinds > 0)
        d->out.kind[b] = ex->label < d->kinds ? ex->label : -1;
    if (!d->per_step && w > 0)
        memcpy(d->out.value + (size_t)b * w, d->value + (size_t)(ex - d->ex) * w, w * sizeof(float));
    else if (!d->per_step)
        d->out.target[b] = ex->label;
}

static void finish(recur_data *d, int T, int B, int N, int fresh)
{
    recur_batch *o = &d->batch;
    memset(o, 0, sizeof *o);
    o->T = T, o->B = B, o->N = N, o->C = d->C, o->F = d->F, o->fresh = fresh;
    o->alive = d->out.alive;
    o->ids = d->C > 0 ? d->out.ids : NULL;
    o->x = d->F > 0 ? d->out.x : NULL;
    o->key = d->out.key;
    if (d->outputs > 0)
        o->value[0] = d->out.value;
    else
        o->target[0] = d->out.target;
    if (d->list != NULL)
        o->target[0] = d->lists.label, o->list_at[0] = d->lists.at;
    o->target[1] = d->kinds > 0 ? d->out.kind : NULL;
}

void rc_batch_pack(recur_data *d, const int32_t *ex, int n)
{
    int N = 0, T = n > 0 ? 0 : 1;
    for (int i = 0; i < n; i++) {                              /* insertion: stable, longest first */
        int k = i;
        for (; k > 0 && d->ex[d->out.seq[k - 1]].T < d->ex[ex[i]].T; k--)
            d->out.seq[k] = d->out.seq[k - 1];
        d->out.seq[k] = ex[i];
        N += d->ex[ex[i]].T;
        T = d->ex[ex[i]].T > T ? d->ex[ex[i]].T : T;
    }
    for (int t = 0, alive = n; t < T; t++) {
        while (alive > 0 && d->ex[d->out.seq[alive - 1]].T <= t)
            alive--;
        d->out.alive[t] = alive;
    }
    for (int b = 0; b < n; b++) {
        d->out.key[b] = (uint64_t)d->out.seq[b];
        put_sequence(d, &d->ex[d->out.seq[b]], b, N);
    }
    rc_lists_put(d, n);
    finish(d, T, n, N, 1);
}

/* A unit that training always knows is one that the net cannot do without: the rarer it is, the oftener it is read as
 * unknown.  The coin is a matter of seed, epoch, example and step alone. */
static void drop_rare(recur_data *d)
{
    const recur_batch *o = &d->batch;
    const rc_vocab *v[] = { d->text->vocab, d->text->pairs };
    for (int b = 0; b < o->B; b++) {
        uint64_t key = rc_key(d->cut.seed, RC_DROP, (uint64_t)d->cut.epoch, (uint64_t)d->out.seq[b]);
        size_t n = (size_t)b;
        for (int t = 0; t < o->T && b < o->alive[t]; n += (size_t)o->alive[t], t++) {
            for (int c = 0; c < 2 && v[c] != NULL; c++) {
                int32_t *id = &d->out.ids[(size_t)c * (size_t)o->N + n];
                double seen = (double)rc_vocab_count(v[c], *id);
                if (*id >= RC_FIRST && rc_uniform(key, (uint64_t)t * 2 + (uint64_t)c) < d->drop_rare / (d->drop_rare + seen))
                    *id = RC_UNK;
            }
        }
    }
}

int rc_data_of(recur_data *d, const int32_t *ex, int n, recur_batch *out)
{
    size_t N = 0, T = 1;
    for (int i = 0; i < n; i++) {
        size_t t = (size_t)d->ex[ex[i]].T;
        N += t;
        T = t > T ? t : T;
    }
    int e = rc_batch_room(d, (size_t)n, T, N);
    if (e != RECUR_OK)
        return e;
    rc_batch_pack(d, ex, n);
    if (d->side != NULL && (e = rc_side_put(d)) != RECUR_OK)
        return e;
    *out = d->batch;
    return RECUR_OK;
}

/* Input of pair i is the unit before it, target is unit i.  Before the first stands what texts begin after. */
static void pack_stream(recur_data *d, int at)
{
    size_t T = (size_t)d->cut.T, rows = d->rows;
    int alive = d->cut.B, N = 0, steps = 0;
    int32_t before = d->text != NULL ? rc_text_start(d->text) : RC_EOS;
    for (size_t t = 0; t < T; t++, steps++) {
        size_t k = (size_t)at * T + t;                         /* place in each stream */
        while (d->cut.seed == 0 && alive > 0 && k >= (size_t)(d->cut.start[alive] - d->cut.start[alive - 1]))
            alive--;
        if (alive == 0)
            break;
        d->out.alive[t] = alive;
        N += alive;
    }
    for (int c = 0; c < d->C; c++)
        for (size_t t = 0, n = 0; t < (size_t)steps; t++)
            for (int b = 0; b < d->out.alive[t]; b++, n++) {
                size_t i = ((size_t)d->cut.start[b] + (size_t)at * T + t) % rows;
                d->out.ids[(size_t)c * (size_t)N + n] = i > 0 ? d->ids[c][i - 1] : c == 0 ? before : RC_UNK;
                d->out.target[n] = d->ids[0][i];
            }
    for (int b = 0; b < d->cut.B; b++) {
        d->out.key[b] = (uint64_t)b;
        d->out.seq[b] = b;
    }
    finish(d, steps, steps > 0 ? d->out.alive[0] : 0, N, at == 0);
}

int recur_data_next(recur_data *d, recur_batch *out)
{
    if (d->cut.error != RECUR_OK)
        return d->cut.error;
    int k = d->cut.at;
    if (k >= d->cut.batches)
        return RECUR_EEND;
    if (d->stream) {
        pack_stream(d, k);
    } else {
        int from = d->cut.start[d->cut.turn[k]], n = d->cut.start[d->cut.turn[k] + 1] - from;
        rc_batch_pack(d, d->cut.order + from, n);
        if (d->drop_rare > 0 && d->cut.seed != 0)
            drop_rare(d);
    }
    int e = d->side != NULL ? rc_side_put(d) : RECUR_OK;
    if (e != RECUR_OK)
        return e;
    d->cut.at++;
    *out = d->batch;
    return RECUR_OK;
}
