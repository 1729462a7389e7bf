/* SPDX-License-Identifier: MIT
 * side.c - the side chain's examples of a batch: each that the batch's sequences or rows name once, longest first, and
 * which place each has.  A word that stands in ten sentences of a batch is read once. */
#include <limits.h>
#include "data/batch.h"

int rc_data_side(recur_data *d)
{
    return d->side != NULL ? RECUR_OK : rc_data_new(d->r, &d->side, d->task);
}

void rc_side_free(recur_data *d)
{
    rc_free(d->r, d->row_side);
    rc_free(d->r, d->beside.place);
    rc_free(d->r, d->beside.row_place);
    rc_free(d->r, d->beside.mark);
    rc_free(d->r, d->beside.list);
    rc_free(d->r, d->beside.bin);
    rc_free(d->r, d->beside.copied);
    recur_data_close(d->side);
}

static int32_t steps(const recur_data *side, int i) { return side->ex[i].T; }

int rc_side_most(const recur_data *d, int B, int N, recur_dims *out)
{
    const recur_data *side = d->side;
    int n = d->row_side != NULL ? N : 0;
    int named = d->group > 1 ? B / d->group + (B % d->group > 0 ? 2 : 0) : B;
    n = n < INT_MAX - named ? n + named : INT_MAX;             /* a sequence may name one beside its rows */
    out->side.B = side->count < n ? side->count : n;
    out->side.T = 0;
    for (int i = 0; i < side->count; i++)
        out->side.T = steps(side, i) > out->side.T ? steps(side, i) : out->side.T;
    int64_t sum = rc_batch_longest(side, out->side.B), all = (int64_t)out->side.B * out->side.T;
    int e = sum < 0 ? RECUR_ENOMEM : RECUR_OK;
    sum = sum < 0 ? all : sum;                                 /* without memory to count: as if all were the longest */
    out->side.N = sum > INT_MAX ? INT_MAX : (int)sum;
    return e;
}

/* At least `want` numbers in *p. */
static int room(recur *r, int32_t **p, size_t *cap, size_t want)
{
    if (want <= *cap)
        return RECUR_OK;
    rc_free(r, *p);
    *cap = 0;
    if ((*p = rc_new(r, want, sizeof **p)) == NULL)
        return RECUR_ENOMEM;
    *cap = want;
    return RECUR_OK;
}

/* Room for places of B sequences and N rows, and to sort examples of at most T steps. */
static int places(recur_data *d, size_t B, size_t N, size_t T)
{
    recur *r = d->r;
    size_t count = (size_t)d->side->count, was = d->beside.cap_e;
    int e = room(r, &d->beside.mark, &d->beside.cap_e, count + 1);
    for (size_t i = 0; e == RECUR_OK && was != d->beside.cap_e && i <= count; i++)
        d->beside.mark[i] = -1;
    if (e == RECUR_OK)
        e = room(r, &d->beside.list, &d->beside.cap_l, 2 * count + 2);
    if (e == RECUR_OK)
        e = room(r, &d->beside.place, &d->beside.cap_b, B);
    if (e == RECUR_OK && d->row_side != NULL)
        e = room(r, &d->beside.row_place, &d->beside.cap_n, N);
    return e == RECUR_OK ? room(r, &d->beside.bin, &d->beside.cap_t, T + 2) : e;
}

int rc_side_room(recur_data *d, const recur_dims *most)
{
    int e = places(d, (size_t)most->B, (size_t)most->N, (size_t)most->side.T);
    return e == RECUR_OK ? rc_batch_room(d->side, (size_t)most->side.B, (size_t)most->side.T, (size_t)most->side.N) : e;
}

/* Puts side example s on the list when it is new there. */
static void name(recur_data *d, int32_t s, int *n)
{
    if (s < 0 || d->beside.mark[s] >= 0)
        return;
    d->beside.mark[s] = *n;
    d->beside.list[(*n)++] = s;
}

/* Side examples that the batch names, in the order of its sequences; returns how many. */
static int gather(recur_data *d)
{
    int n = 0;
    for (int b = 0; b < d->batch.B; b++) {
        const rc_example *ex = &d->ex[d->out.seq[b]];
        name(d, ex->side, &n);
        for (int32_t t = 0; t < ex->T && d->row_side != NULL; t++)
            name(d, d->row_side[ex->at + (size_t)t], &n);
    }
    return n;
}

/* Longest first, of equal lengths the earlier first: by counting.  mark becomes the place. */
static void sort(recur_data *d, int n, int32_t T)
{
    int32_t *list = d->beside.list, *to = list + d->side->count + 1, *bin = d->beside.bin;
    memset(bin, 0, ((size_t)T + 2) * sizeof *bin);
    for (int i = 0; i < n; i++)
        bin[T - steps(d->side, list[i]) + 1]++;
    for (int32_t t = 0; t < T; t++)
        bin[t + 1] += bin[t];
    for (int i = 0; i < n; i++) {
        int32_t at = bin[T - steps(d->side, list[i])]++;
        to[at] = list[i];
        d->beside.mark[list[i]] = at;
    }
    memcpy(list, to, (size_t)n * sizeof *list);
}

static int32_t place(const recur_data *d, int32_t s) { return s < 0 ? -1 : d->beside.mark[s]; }

int rc_side_put(recur_data *d)
{
    recur_data *side = d->side;
    recur_batch *o = &d->batch;
    int32_t T = 0;
    size_t N = 0;
    int e = places(d, (size_t)o->B, (size_t)o->N, 0);
    if (e != RECUR_OK)
        return e;
    int n = gather(d);
    for (int i = 0; i < n; i++) {
        int32_t t = steps(side, d->beside.list[i]);
        N += (size_t)t;
        T = t > T ? t : T;
    }
    if ((e = places(d, (size_t)o->B, (size_t)o->N, (size_t)T)) == RECUR_OK)
        e = rc_batch_room(side, (size_t)n, (size_t)T, N);
    if (e == RECUR_OK) {
        sort(d, n, T);
        rc_batch_pack(side, d->beside.list, n);
        side->batch.T = n > 0 ? side->batch.T : 0;
    }
    for (int b = 0; b < o->B && e == RECUR_OK; b++) {
        const rc_example *ex = &d->ex[d->out.seq[b]];
        d->beside.place[b] = place(d, ex->side);
        for (size_t t = 0, row = (size_t)b; t < (size_t)ex->T && d->row_side != NULL; row += (size_t)o->alive[t++])
            d->beside.row_place[row] = place(d, d->row_side[ex->at + t]);
    }
    for (int i = 0; i < n; i++)
        d->beside.mark[d->beside.list[i]] = -1;
    o->side = &side->batch;
    o->place = d->beside.place;
    o->row_place = d->row_side != NULL ? d->beside.row_place : NULL;
    return e;
}

/* --- parting --- */

/* The place of side example s of d in h->side, where it is copied when it comes first. */
static int copy(const recur_data *d, int32_t s, recur_data *h, int32_t *out)
{
    size_t was = h->beside.cap_c, count = (size_t)d->side->count;
    int e = room(h->r, &h->beside.copied, &h->beside.cap_c, count);
    for (size_t i = was; e == RECUR_OK && i < h->beside.cap_c; i++)
        h->beside.copied[i] = -1;
    if (e == RECUR_OK && s >= 0 && h->beside.copied[s] < 0) {
        h->beside.copied[s] = h->side->count;
        e = rc_data_copy(d->side, s, h->side);
    }
    *out = e == RECUR_OK && s >= 0 ? h->beside.copied[s] : -1;
    return e;
}

int rc_side_copy(const recur_data *d, const rc_example *from, recur_data *h, rc_example *to)
{
    int e = copy(d, from->side, h, &to->side);
    for (size_t t = 0; t < (size_t)from->T && d->row_side != NULL && e == RECUR_OK; t++)
        e = copy(d, d->row_side[from->at + t], h, &h->row_side[to->at + t]);
    return e;
}

void rc_side_facts(const recur_data *d, rc_facts *out)
{
    const recur_data *side = d->side;
    if (side == NULL)
        return;
    rc_facts own;
    rc_data_facts(side, &own);
    out->side.columns = own.columns;
    out->side.features = own.features;
    memcpy(out->side.vocabulary, own.vocabulary, sizeof own.vocabulary);
}
