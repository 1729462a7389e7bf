/* SPDX-License-Identifier: MIT
 * eval.c - how well a text is foretold: by the net, and by the n-gram model beside it. */
#include <limits.h>
#include <stdio.h>
#include <zlib.h>
#include "data/pick.h"
#include "task/lm/lm.h"

/* Sum of nats over the text, every unit once, the state carried along; with d->look over the beginnings of the B
 * stretches that the text is cut into. */
static int nats(recur_data *d, rc_run *u, int B, int T, double *sum, int64_t *count)
{
    recur_batch b;
    rc_loss l;
    int e = RECUR_OK;
    *sum = 0;
    *count = 0;
    recur_data_start(d, B, T, 0, 0);
    while ((d->look == 0 || *count < d->look) && (e = recur_data_next(d, &b)) == RECUR_OK) {
        if ((e = rc_run_loss(u, &b, true, 1, &l)) != RECUR_OK)
            return e;
        *sum += l.head_loss[0] * (double)l.count[0];
        *count += l.count[0];
    }
    return e == RECUR_EEND ? RECUR_OK : e;
}

int rc_lm_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric)
{
    size_t n = (size_t)u->B * m->net->state_size;
    real *state = rc_new(m->r, n + 1, sizeof *state);
    if (state == NULL)
        return RECUR_ENOMEM;
    memcpy(state, u->state, n * sizeof *state);
    double sum;
    int64_t count;
    int T = u->N / u->B < u->T ? u->N / u->B : u->T;
    int e = nats(held, u, u->B, T, &sum, &count);
    memcpy(u->state, state, n * sizeof *state);
    rc_free(m->r, state);
    *loss = *metric = count > 0 ? sum / (double)count : NAN;
    return e;
}

/* --- the units of the training text, kept in the model file for the n-gram model and for reports of copies --- */

enum { KEEP_MOST = 64 << 20 };                                /* compressed bytes */

static size_t put_number(uint8_t *p, uint32_t v)              /* 7 bits a byte, the lowest first */
{
    size_t n = 0;
    for (; v >= 128; v >>= 7)
        p[n++] = (uint8_t)(v | 128);
    p[n++] = (uint8_t)v;
    return n;
}

static int pack_ids(recur *r, const int32_t *id, size_t n, uint8_t **out, size_t *bytes, size_t *plain)
{
    uint8_t *flat = rc_new(r, n + 1, 5);
    size_t k = 0;
    int e = RECUR_ENOMEM;
    *out = NULL;
    for (size_t i = 0; flat != NULL && i < n; i++)
        k += put_number(flat + k, (uint32_t)id[i]);
    uLongf most = compressBound((uLong)k);
    *plain = k;
    if (flat != NULL && (*out = rc_new(r, most, 1)) != NULL)
        e = compress2(*out, &most, flat, (uLong)k, 6) == Z_OK
            ? RECUR_OK : rc_fail(r, RECUR_ENOMEM, "no memory to compress the training text");
    *bytes = most;
    rc_free(r, flat);
    return e;
}

static const rc_tensor *extra(const recur_model *m, const char *name)
{
    for (int i = 0; i < m->extra.tensors; i++)
        if (strcmp(m->extra.tensor[i].name, name) == 0)
            return &m->extra.tensor[i];
    return NULL;
}

int rc_lm_training_ids(const recur_model *m, rc_ids *out)
{
    const rc_tensor *t = extra(m, "baseline.ids");
    int64_t plain = json_integer_value(json_object_get(m->baseline, "bytes"));
    int V = m->net->facts.vocabulary[0], e = RECUR_OK;
    *out = (rc_ids){ .r = m->r };
    if (t == NULL)
        return rc_fail(m->r, RECUR_EDATA,
                       "the model file does not carry its training text (--no-baseline, or too large)");
    if (t->dtype != RC_U8 || plain < 0 || (uint64_t)plain / 1100 > t->n)      /* deflate shrinks at most 1032 times */
        return rc_fail(m->r, RECUR_EFORMAT, "baseline.ids: size does not fit");
    uLongf n = (uLongf)plain;
    uint8_t *flat = rc_new(m->r, (size_t)plain + 1, 1);
    if (flat == NULL)
        return RECUR_ENOMEM;
    if (uncompress(flat, &n, t->data, (uLong)t->n) != Z_OK || n != (uLongf)plain)
        e = rc_fail(m->r, RECUR_EFORMAT, "baseline.ids: damaged");
    for (size_t i = 0; i < n && e == RECUR_OK;) {
        uint32_t v = 0;
        int shift = 0;
        while (i < n && flat[i] >= 128 && shift < 28)
            v |= (uint32_t)(flat[i++] & 127) << shift, shift += 7;
        if (i < n)
            v |= (uint32_t)flat[i++] << shift;
        e = v < (uint32_t)V ? rc_ids_add(out, (int32_t)v)
            : rc_fail(m->r, RECUR_EFORMAT, "baseline.ids: unit outside the vocabulary");
    }
    rc_free(m->r, flat);
    return e;
}

/* The longest grams that a text of n units of V kinds can fill. */
static int order_of(int V, size_t n)
{
    return V > 1000 ? 5 : n < 100000 ? 6 : n < 5000000 ? 7 : 8;
}

int rc_lm_baseline(recur_model *m, recur_data *d, recur_data *held)
{
    (void)held;
    char name[64];
    uint8_t *packed;
    size_t bytes, plain;
    int order = order_of(m->net->facts.vocabulary[0], d->rows);
    int e = pack_ids(m->r, d->ids[0], d->rows, &packed, &bytes, &plain);
    if (e == RECUR_OK && bytes <= KEEP_MOST) {
        rc_model_extra(m, "ids", RC_U8, (int64_t)bytes, packed, &e);
        snprintf(name, sizeof name, "interpolated Kneser-Ney %d-gram", order);
        json_decref(m->baseline);
        m->baseline = json_pack("{s:s,s:i,s:I,s:I}", "name", name, "order", order, "units", (json_int_t)d->rows,
                                "bytes", (json_int_t)plain);
        if (e == RECUR_OK && m->baseline == NULL)
            e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the baseline");
    } else if (e == RECUR_OK) {
        rc_warn(m->r, "the training text takes %zu MB and is not kept: eval will have no n-gram model beside the net",
                bytes >> 20);
    }
    rc_free(m->r, packed);
    return e;
}

/* --- eval --- */

static int figures(json_t *o, double sum, int64_t units, const recur_data *d)
{
    double unit = units > 0 ? sum / (double)units : NAN, sign = d->chars > 0 ? sum / (double)d->chars : NAN;
    return json_object_set_new(o, "units", json_integer(units)) | rc_json_real(o, "perplexity", exp(unit))
         | rc_json_real(o, "nats_per_unit", unit) | rc_json_real(o, "nats_per_char", sign)
         | rc_json_real(o, "bits_per_char", sign / log(2))
         | rc_json_real(o, "bits_per_byte", d->bytes > 0 ? sum / log(2) / (double)d->bytes : NAN)
         | rc_json_real(o, "unk_rate", d->units > 0 ? (double)d->unknown / (double)d->units : 0);
}

static int beside(const recur_model *m, const recur_data *d, double sum, json_t *o)
{
    rc_ids id;
    rc_ngram *g = NULL;
    if (m->baseline == NULL || extra(m, "baseline.ids") == NULL)
        return json_object_set_new(o, "baseline", json_null());
    int e = rc_lm_training_ids(m, &id);
    int order = (int)json_integer_value(json_object_get(m->baseline, "order"));
    if (e == RECUR_OK && (e = rc_ngram_fit(m->r, &g, id.id, id.n, m->net->facts.vocabulary[0], order)) == RECUR_OK) {
        double other = rc_ngram_nats(g, d->ids[0], d->rows);
        json_t *b = json_object();
        const char *verdict = sum < other ? "the net foretells the text better than the n-gram model"
            : "the net is no better than the n-gram model: train longer, or use a larger net or more text";
        e = (json_object_set(b, "name", json_object_get(m->baseline, "name")) | figures(b, other, (int64_t)d->rows, d)
             | json_object_set_new(o, "baseline", b) | json_object_set_new(o, "better", json_boolean(sum < other))
             | json_object_set_new(o, "verdict", json_string(verdict))) == 0 ? RECUR_OK : RECUR_ENOMEM;
    }
    rc_ngram_free(g);
    rc_ids_free(&id);
    return e;
}

int rc_lm_eval(const recur_model *m, recur_data *d, json_t **out)
{
    enum { WINDOW = 256, STREAMS = 16 };
    rc_run *u = NULL;
    double sum = 0;
    int64_t count = 0;
    json_t *o = *out = json_object();
    const int B = d->look > 0 ? STREAMS : 1, T = WINDOW / B;
    int e = rc_run_new(m->r, &u, m->net, m->w, &(recur_dims){ .B = B, .T = T, .N = B * T });
    if (e == RECUR_OK) {
        u->weights = 1;
        e = nats(d, u, B, T, &sum, &count);
    }
    rc_run_free(u);
    if (e == RECUR_OK && (json_object_set_new(o, "task", json_string("lm")) != 0
        || json_object_set_new(o, "unit", json_string(m->text != NULL ? m->text->unit->name : "id")) != 0
        || figures(o, sum, count, d) != 0))
        e = RECUR_ENOMEM;
    if (e == RECUR_OK)
        e = beside(m, d, sum, o);
    if (e != RECUR_OK) {
        json_decref(o);
        *out = NULL;
        if (e == RECUR_ENOMEM)
            rc_fail(m->r, e, "no memory for the figures");
    }
    return e;
}
