/* SPDX-License-Identifier: MIT
 * generate.c - a language model goes on with a text, one unit at a time.
 *
 * Units may end inside a UTF-8 sign (bytes, BPE): what is emitted ends at whole signs, the rest waits.  Text that may be
 * the beginning of the stop text waits too. */
#include <stdlib.h>

#include "decode/decode.h"

enum { RECENT = 256 };                   /* units that the repetition penalty looks back over */

typedef struct {
    recur *r; const recur_model *m;
    const char *stop;
    recur_emit *emit; void *ud;
    rc_run *u;
    rc_ids said;                         /* start, prompt, output */
    rc_buf wait;                         /* written, not emitted yet */
    uint8_t *banned; void *work;
    int V;
    bool done;
} talk;

/* --- text out --- */

/* Bytes of s that are whole signs or can never become one: all but the beginning of a sign at the very end. */
static size_t whole(const char *s, size_t n)
{
    for (size_t back = 1; back <= 3 && back <= n; back++) {
        unsigned char c = (unsigned char)s[n - back];
        if ((c & 0xC0) == 0x80)
            continue;
        size_t need = c >= 0xF0 && c < 0xF5 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 1;
        return c < 0xF5 && need > back ? n - back : n;
    }
    return n;
}

static void put(talk *k, const char *s, size_t n)
{
    if (n > 0 && !k->done && k->emit(k->ud, s, n))
        k->done = true;
}

static void put_signs(talk *k, const char *s, size_t n)
{
    size_t from = 0, at = 0;
    while (at < n) {
        int32_t sign;
        int step = rc_utf8_next(s + at, n - at, &sign);
        if (sign < 0) {
            put(k, s + from, at - from);
            put(k, "\xEF\xBF\xBD", 3);
            from = at + 1;
        }
        at += (size_t)(step > 0 ? step : 1);
    }
    put(k, s + from, n - from);
}

/* The longest end of s that the stop text begins with. */
static size_t overlap(const char *s, size_t n, const char *stop)
{
    size_t len = strlen(stop), most = len - 1 < n ? len - 1 : n;
    for (; most > 0; most--)
        if (memcmp(s + n - most, stop, most) == 0)
            break;
    return most;
}

static const char *find(const char *s, size_t n, const char *what)
{
    size_t len = strlen(what);
    for (size_t i = 0; i + len <= n; i++)
        if (memcmp(s + i, what, len) == 0)
            return s + i;
    return NULL;
}

static void flush(talk *k, bool last)
{
    rc_buf *b = &k->wait;
    if (b->n == 0 || k->done)
        return;
    const char *end = k->stop ? find(b->s, b->n, k->stop) : NULL;
    size_t n = end ? (size_t)(end - b->s) : last ? b->n : b->n - (k->stop ? overlap(b->s, b->n, k->stop) : 0);
    if (!end && !last)
        n = whole(b->s, n);
    put_signs(k, b->s, n);
    if (end)
        k->done = true;
    memmove(b->s, b->s + n, b->n - n + 1);
    b->n -= n;
}

/* --- units in and out --- */
static const real *hear(talk *k, int32_t id)
{
    int rows;
    const recur_batch b = { .T = 1, .B = 1, .N = 1, .C = 1, .ids = &id, .fresh = k->said.n == 0 };
    if (rc_ids_add(&k->said, id) < 0)
        return NULL;
    return rc_run_forward(k->u, &b, 0, &rows);
}

static int say(talk *k, int32_t id)
{
    int32_t before = k->said.n > 0 ? k->said.id[k->said.n - 1] : -1;
    int e = rc_text_piece(k->m->text, id, before, &k->wait);
    if (e >= 0)
        flush(k, false);
    return e < 0 ? e : k->wait.error;
}

int rc_units(const rc_text *t, const char *s, rc_ids *out, int64_t *unknown)
{
    rc_ids column[2] = { *out, { .r = t->r } };
    int e = RECUR_OK;
    if (rc_text_start(t) != RC_EOS) {
        e = rc_text_encode(t, s, strlen(s), column, unknown);
    } else {
        for (const char *end; e >= 0 && *s; s = *end ? end + 1 : end) {
            end = s + strcspn(s, "\n");
            e = rc_text_encode(t, s, (size_t)(end - s), column, unknown);
            if (e >= 0 && *end)
                e = rc_ids_add(&column[0], RC_EOS);
        }
    }
    *out = column[0];
    rc_ids_free(&column[1]);
    return e;
}

/* The start and the prompt; scores of the first unit. */
static int listen(talk *k, const char *prompt, const real **score)
{
    rc_ids in = { .r = k->r };
    int64_t unknown = 0;
    int e = rc_units(k->m->text, prompt, &in, &unknown);
    if (e < 0)
        goto done;
    e = RECUR_ENOMEM;
    if (!(*score = hear(k, rc_text_start(k->m->text))))
        goto done;
    for (size_t i = 0; i < in.n; i++)
        if (!(*score = hear(k, in.id[i])))
            goto done;
    if (unknown > 0)
        rc_warn(k->r, "%lld of the prompt's %zu units are not in the model's vocabulary", (long long)unknown, in.n);
    e = RECUR_OK;
done:
    rc_ids_free(&in);
    return e;
}

static int open_talk(talk *k)
{
    const rc_net *net = k->m->net;
    int e;
    if (strcmp(k->m->task->name, "lm") != 0)
        return rc_wrong_task(k->r, k->m, "writes no text of its own");
    if (!k->m->text || net->branch[0].head->in != rc_vocab_size(k->m->text->vocab))
        return rc_fail(k->r, RECUR_EOPTION, "this model answers with something else than the units it reads: %s", net->line);
    if (!net->streams || net->facts.columns != 1)
        return rc_fail(k->r, RECUR_EOPTION, "this net cannot write one unit after the other: %s", net->line);
    k->V = net->branch[0].head->in;
    if ((e = rc_run_new(k->r, &k->u, net, k->m->w, &(recur_dims){ .B = 1, .T = 1, .N = 1, .scores = 1 })) < 0)
        return e;
    k->u->weights = 1;                   /* they stay as they are: what is packed once is kept */
    if (!(k->banned = rc_new(k->r, (size_t)k->V, 1)) || !(k->work = rc_new(k->r, rc_sample_work(k->V), 1)))
        return RECUR_ENOMEM;
    k->banned[RC_UNK] = k->banned[RC_BOS] = 1;
    k->banned[RC_EOS] = rc_text_start(k->m->text) != RC_EOS;   /* a line's end only where lines end so */
    return RECUR_OK;
}

static int go_on(talk *k, const recur_generate_options *o, const real *score)
{
    const rc_sampler s = { .temperature = o->temperature, .top_p = o->top_p, .penalty = o->penalty,
                           .top_k = o->top_k < k->V ? (int)o->top_k : 0 };
    const uint64_t key = rc_key((uint64_t)o->seed, RC_SAMPLE, 0, 0);
    int e;
    for (int64_t i = 0; i < o->length && !k->done; i++) {
        int recent = k->said.n < RECENT ? (int)k->said.n : RECENT;
        double coin = rc_uniform(key, (uint64_t)i);
        int id = rc_sample(score, k->V, &s, k->said.id + k->said.n - recent, recent, k->banned, coin, k->work);
        if (id < 0)
            return rc_fail(k->r, RECUR_EFORMAT, "the model's scores are not numbers: its weights are damaged");
        if ((e = say(k, id)) < 0)
            return e;
        if (i + 1 < o->length && !(score = hear(k, id)))
            return RECUR_ENOMEM;
    }
    flush(k, true);
    return RECUR_OK;
}

int rc_generate(recur *r, const recur_model *m, const recur_generate_options *o, recur_emit *emit, void *ud)
{
    recur_generate_options fall_back;
    int e, n;
    const recur_option *table = recur_generate_table(&n);
    recur_option_defaults(table, n, &fall_back);
    if (!o)
        o = &fall_back;
    talk k = { .r = r, .m = m, .stop = o->stop && *o->stop ? o->stop : NULL, .emit = emit, .ud = ud, .said = { .r = r } };
    const real *score = NULL;
    rc_buf_init(&k.wait, r, 0);
    if ((e = open_talk(&k)) < 0)
        goto done;
    if ((e = listen(&k, o->prompt ? o->prompt : "", &score)) < 0)
        goto done;
    e = go_on(&k, o, score);
done:
    rc_run_free(k.u);
    rc_ids_free(&k.said);
    rc_buf_free(&k.wait);
    rc_free(r, k.banned);
    rc_free(r, k.work);
    return e;
}
