/* SPDX-License-Identifier: MIT
 * batch.c - the only batcher: examples, or a window of a running text, -> packed rows; and the largest batch there can be. */
#include <limits.h>
#include "data/batch.h"


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

int rc_batch_dims(const recur_data *d, int B, int T, recur_dims *out)
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

void rc_data_dims(const recur_data *d, int B, int T, recur_dims *out) { (void)rc_batch_dims(d, B, T, out); }

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

/* --- one batch --- */

int rc_data_order(const recur_data *d, int i) { return d->out.seq[i]; }

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
