/* SPDX-License-Identifier: MIT
 * memory.c - the baseline of translation: answers with the target of the training source most like the text.
 *
 * Most like: of the NEAR sources that share most with it (Dice's measure over different units, a unit weighted by its
 * rarity, log(sources / sources with it)), the one with the fewest edits; of equals the one with more in common, then
 * the earlier.  The model file carries the pairs, deflated; everything else is made when the memory is opened. */
#include <math.h>
#include <stdio.h>
#include <zlib.h>
#include "judge/judge.h"
#include "task/translate/translate.h"

enum { NEAR = 32, KEEP_MOST = 32 << 20 };                     /* candidates; deflated bytes */

struct rc_memory {
    recur *r;
    const rc_text *text;                                      /* of sources */
    rc_buf plain;                                             /* source 0 target 0 source 0 ... */
    int pairs, units;
    const char **source, **target;                            /* [pairs] */
    int32_t *id; size_t *at;                                  /* units of source i: id[at[i]] .. id[at[i + 1]] */
    int32_t *list; size_t *from;                              /* sources that hold unit v, rising: list[from[v]] .. */
    double *rarity, *weight;                                  /* [units]; [pairs] sum over a source's different units */
    double *shared; int32_t *met;                             /* [pairs] while a text is looked up */
    int32_t *seen; int32_t turn;                              /* [units] the turn in which a unit was counted last */
    rc_ids ask;
};

/* --- into the model --- */

static int gather(recur_data *d, rc_buf *out)
{
    int e = RECUR_OK;
    for (int i = 0; i < d->count && e == RECUR_OK; i++) {
        const rc_example *a = &d->side->ex[i], *b = &d->ex[i];
        if ((e = rc_buf_add(out, d->side->raw.s + a->text, a->text_n)) == RECUR_OK
            && (e = rc_buf_add(out, "", 1)) == RECUR_OK && (e = rc_buf_add(out, d->raw.s + b->text, b->text_n)) == RECUR_OK)
            e = rc_buf_add(out, "", 1);
    }
    return e;
}

int rc_translate_baseline(recur_model *m, recur_data *d, recur_data *held)
{
    (void)held;
    rc_buf plain;
    rc_buf_init(&plain, m->r, (size_t)1 << 34);
    int e = gather(d, &plain);
    uLongf n = compressBound((uLong)plain.n);
    uint8_t *packed = e == RECUR_OK ? rc_new(m->r, n, 1) : NULL;
    if (e == RECUR_OK && packed == NULL)
        e = RECUR_ENOMEM;
    if (e == RECUR_OK && compress2(packed, &n, (const Bytef *)plain.s, (uLong)plain.n, 9) != Z_OK)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory to compress the training pairs");
    if (e == RECUR_OK && n > KEEP_MOST) {
        rc_warn(m->r, "the training pairs take %zu MB and are not kept: eval will have no memory beside the net",
                (size_t)n >> 20);
    } else if (e == RECUR_OK) {
        rc_model_extra(m, "pairs", RC_U8, (int64_t)n, packed, &e);
        json_decref(m->baseline);
        m->baseline = json_pack("{s:s,s:i,s:I}", "name", "memory of phrases", "pairs", d->count, "bytes",
                                (json_int_t)plain.n);
        if (e == RECUR_OK && m->baseline == NULL)
            e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the baseline");
    }
    rc_free(m->r, packed);
    rc_buf_free(&plain);
    return e;
}

/* --- out of the model --- */

static const rc_tensor *kept(const recur_model *m)
{
    for (int i = 0; i < m->extra.tensors; i++)
        if (strcmp(m->extra.tensor[i].name, "baseline.pairs") == 0)
            return &m->extra.tensor[i];
    return NULL;
}

static int inflate_pairs(rc_memory *y, const recur_model *m, const rc_tensor *t)
{
    json_int_t pairs = json_integer_value(json_object_get(m->baseline, "pairs"));
    json_int_t bytes = json_integer_value(json_object_get(m->baseline, "bytes"));
    if (t->dtype != RC_U8 || pairs < 1 || pairs > INT32_MAX || bytes < 2 * pairs || (uint64_t)bytes / 1100 > t->n)
        return rc_fail(y->r, RECUR_EFORMAT, "baseline.pairs: size does not fit");    /* deflate shrinks at most 1032 times */
    y->pairs = (int)pairs;
    uLongf n = (uLongf)bytes;
    char *to = rc_buf_room(&y->plain, (size_t)bytes);
    if (to == NULL)
        return y->plain.error;
    if (uncompress((Bytef *)to, &n, t->data, (uLong)t->n) != Z_OK || n != (uLongf)bytes)
        return rc_fail(y->r, RECUR_EFORMAT, "baseline.pairs: damaged");
    y->plain.n = n;
    return RECUR_OK;
}

static int part_pairs(rc_memory *y)
{
    const char *s = y->plain.s, *end = s + y->plain.n;
    y->source = rc_new(y->r, (size_t)y->pairs, sizeof *y->source);
    y->target = rc_new(y->r, (size_t)y->pairs, sizeof *y->target);
    if (y->source == NULL || y->target == NULL)
        return RECUR_ENOMEM;
    for (int i = 0; i < 2 * y->pairs; i++) {
        const char *zero = s < end ? memchr(s, 0, (size_t)(end - s)) : NULL;
        if (zero == NULL)
            return rc_fail(y->r, RECUR_EFORMAT, "baseline.pairs: fewer texts than pairs");
        (i % 2 == 0 ? y->source : y->target)[i / 2] = s;
        s = zero + 1;
    }
    return s == end ? RECUR_OK : rc_fail(y->r, RECUR_EFORMAT, "baseline.pairs: more texts than pairs");
}

static int encode_sources(rc_memory *y)
{
    rc_ids id[2] = { { .r = y->r }, { .r = y->r } };
    int e = (y->at = rc_new(y->r, (size_t)y->pairs + 1, sizeof *y->at)) != NULL ? RECUR_OK : RECUR_ENOMEM;
    for (int i = 0; i < y->pairs && e == RECUR_OK; i++) {
        e = rc_text_encode(y->text, y->source[i], strlen(y->source[i]), id, NULL);
        y->at[i + 1] = id[0].n;
    }
    y->id = id[0].id;
    rc_ids_free(&id[1]);
    return e;
}

/* The different units of id [n], in order: what is left in their place; returns how many. */
static size_t different(rc_memory *y, const int32_t *id, size_t n, int32_t *out)
{
    size_t k = 0;
    y->turn++;
    for (size_t i = 0; i < n; i++)
        if (id[i] != RC_UNK && y->seen[id[i]] != y->turn)
            y->seen[id[i]] = y->turn, out[k++] = id[i];
    return k;
}

static int index_sources(rc_memory *y)
{
    recur *r = y->r;
    size_t V = (size_t)y->units, P = (size_t)y->pairs, longest = 0;
    for (size_t i = 0; i < P; i++)
        longest = y->at[i + 1] - y->at[i] > longest ? y->at[i + 1] - y->at[i] : longest;
    int32_t *unit = rc_new(r, longest + 1, sizeof *unit);
    y->seen = rc_new(r, V, sizeof *y->seen);
    y->from = rc_new(r, V + 2, sizeof *y->from);
    y->list = rc_new(r, y->at[P] + 1, sizeof *y->list);
    y->rarity = rc_new(r, V, sizeof *y->rarity);
    y->weight = rc_new(r, P, sizeof *y->weight);
    y->shared = rc_new(r, P, sizeof *y->shared);
    y->met = rc_new(r, P, sizeof *y->met);
    int e = unit != NULL && y->seen != NULL && y->from != NULL && y->list != NULL && y->rarity != NULL
        && y->weight != NULL && y->shared != NULL && y->met != NULL ? RECUR_OK : RECUR_ENOMEM;
    for (size_t i = 0; i < P && e == RECUR_OK; i++) {
        size_t n = different(y, y->id + y->at[i], y->at[i + 1] - y->at[i], unit);
        for (size_t k = 0; k < n; k++)
            y->from[unit[k] + 2]++;
    }
    for (size_t v = 0; v < V && e == RECUR_OK; v++) {
        y->rarity[v] = log((double)(P + 1) / (double)(y->from[v + 2] + 1)) + 1e-3;
        y->from[v + 2] += y->from[v + 1];
    }
    for (size_t i = 0; i < P && e == RECUR_OK; i++) {             /* from[v + 1] walks to where the list of v + 1 begins */
        size_t n = different(y, y->id + y->at[i], y->at[i + 1] - y->at[i], unit);
        for (size_t k = 0; k < n; k++) {
            y->list[y->from[unit[k] + 1]++] = (int32_t)i;
            y->weight[i] += y->rarity[unit[k]];
        }
    }
    rc_free(r, unit);
    return e;
}

int rc_memory_open(rc_memory **out, const recur_model *m)
{
    const rc_tensor *t = kept(m);
    *out = NULL;
    if (t == NULL || m->baseline == NULL || m->side_text == NULL)
        return RECUR_OK;
    rc_memory *y = rc_new(m->r, 1, sizeof *y);
    if (y == NULL)
        return RECUR_ENOMEM;
    y->r = m->r;
    y->text = m->side_text;
    y->units = rc_vocab_size(m->side_text->vocab);
    y->ask.r = m->r;
    rc_buf_init(&y->plain, m->r, (size_t)1 << 34);
    int e = inflate_pairs(y, m, t);
    if (e == RECUR_OK)
        e = part_pairs(y);
    if (e == RECUR_OK)
        e = encode_sources(y);
    if (e == RECUR_OK)
        e = index_sources(y);
    if (e != RECUR_OK)
        rc_memory_free(y);
    else
        *out = y;
    return e;
}

void rc_memory_free(rc_memory *y)
{
    if (y == NULL)
        return;
    recur *r = y->r;
    void *blocks[] = { y->source, y->target, y->id, y->at, y->list, y->from, y->rarity, y->weight, y->shared, y->met,
                       y->seen };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        rc_free(r, blocks[i]);
    rc_ids_free(&y->ask);
    rc_buf_free(&y->plain);
    rc_free(r, y);
}

/* --- answering --- */

typedef struct { double like; int32_t pair; } near;

static bool before(near a, near b)
{
    return a.like > b.like || (!(a.like < b.like) && a.pair < b.pair);
}

/* The NEAR sources that share most with the units [n]; returns how many. */
static int nearest(rc_memory *y, const int32_t *unit, size_t n, near best[NEAR])
{
    double own = 0;
    int met = 0, found = 0;
    for (size_t k = 0; k < n; k++) {
        int32_t v = unit[k];
        own += y->rarity[v];
        for (size_t i = y->from[v]; i < y->from[v + 1]; i++) {
            int32_t p = y->list[i];
            if (!(y->shared[p] > 0))
                y->met[met++] = p;
            y->shared[p] += y->rarity[v];
        }
    }
    for (int i = 0; i < met; i++) {
        int32_t p = y->met[i];
        near x = { 2 * y->shared[p] / (own + y->weight[p]), p };
        y->shared[p] = 0;
        if (found == NEAR && !before(x, best[NEAR - 1]))
            continue;
        int at = found < NEAR ? found++ : NEAR - 1;
        for (; at > 0 && before(x, best[at - 1]); at--)
            best[at] = best[at - 1];
        best[at] = x;
    }
    return found;
}

int rc_memory_answer(rc_memory *y, const char *s, size_t n, const char **target, size_t *target_n)
{
    rc_ids id[2] = { y->ask, { .r = y->r } };
    near best[NEAR];
    int64_t edits[4], fewest = INT64_MAX;
    int32_t said = 0;
    id[0].n = 0;
    int e = rc_text_encode(y->text, s, n, id, NULL);
    rc_ids_free(&id[1]);
    y->ask = id[0];
    int32_t *unit = e == RECUR_OK ? rc_new(y->r, y->ask.n + 1, sizeof *unit) : NULL;
    if (e == RECUR_OK && unit == NULL)
        e = RECUR_ENOMEM;
    int found = e == RECUR_OK ? nearest(y, unit, different(y, y->ask.id, y->ask.n, unit), best) : 0;
    for (int i = 0; i < found && e == RECUR_OK; i++) {
        size_t at = y->at[best[i].pair];
        e = rc_edit_distance(y->r, y->ask.id, (int)y->ask.n, y->id + at, (int)(y->at[best[i].pair + 1] - at), edits);
        int64_t all = edits[0] + edits[1] + edits[2];
        if (e == RECUR_OK && all < fewest)
            fewest = all, said = best[i].pair;
    }
    rc_free(y->r, unit);
    *target = y->target[said];
    *target_n = strlen(*target);
    return e;
}
