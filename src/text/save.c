/* SPDX-License-Identifier: MIT
 * save.c - a text's unit, options and vocabulary in a store and back.  Reading believes nothing. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "text/unit.h"

enum { SIZE_MOST = 1 << 28 };

static int save_vocab(const rc_text *t, rc_store *s)
{
    const int V = rc_vocab_size(t->vocab);
    rc_buf b;
    rc_buf_init(&b, t->r, SIZE_MAX / 4);
    int64_t *counts = rc_new(t->r, (size_t)V, sizeof *counts);
    int e = counts ? rc_store_keep(s, counts) : RECUR_ENOMEM;
    if (e)
        return e;
    for (int32_t id = 0; id < V; id++) {
        size_t n;
        const char *entry = rc_vocab_str(t->vocab, id, &n);
        counts[id] = rc_vocab_count(t->vocab, id);
        rc_buf_add(&b, entry, n + 1);                /* with its 0 */
    }
    const int64_t bytes = (int64_t)b.n;
    char *entries = rc_buf_take(&b);
    e = entries ? rc_store_keep(s, entries) : RECUR_ENOMEM;
    if (!e && t->unit != &rc_unit_byte)              /* bytes are what they are, and one of them is 0 */
        e = rc_store_add(s, "text.vocab", RC_U8, 1, &bytes, entries);
    return e ? e : rc_store_add(s, "text.counts", RC_I64, 1, &(int64_t){ V }, counts);
}

int rc_text_save(const rc_text *t, rc_store *s)
{
    char json[512];
    snprintf(json, sizeof json,
             "{\"unit\":\"%.64s\",\"min_count\":%" PRId64 ",\"max_size\":%" PRId64 ",\"lower\":%s,\"nfkc\":%s,\"pairs\":%" PRId64 "%s}",
             t->o.unit, t->o.min_count, t->o.max_size, t->o.lower ? "true" : "false", t->o.nfkc ? "true" : "false",
             t->pairs ? t->o.pairs : 0, t->o.marked ? ",\"marked\":true" : "");
    int e = rc_store_text(s, "text", json);
    if (!e)
        e = save_vocab(t, s);
    if (!e && t->unit->save)
        e = t->unit->save(t, s);
    return !e && t->pairs ? rc_pairs_save(t, s) : e;
}

/* --- reading --- */
static int64_t whole(const json_t *root, const char *key, bool *good)
{
    const json_t *v = json_object_get(root, key);
    *good = *good && json_is_integer(v) && json_integer_value(v) >= 0;
    return json_integer_value(v);
}

static bool flag(const json_t *root, const char *key, bool *good)
{
    const json_t *v = json_object_get(root, key);
    *good = *good && json_is_boolean(v);
    return json_is_true(v);
}

static int load_options(recur *r, rc_text **out, const rc_store *s)
{
    const char *json = rc_store_get(s, "text");
    if (!json)
        return rc_fail(r, RECUR_EFORMAT, "metadata \"text\" is missing: the file tells nothing of its units");
    json_error_t why;
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, &why);
    if (!root && json_error_code(&why) == json_error_out_of_memory)
        return rc_fail(r, RECUR_ENOMEM, "out of memory: metadata \"text\"");
    const bool marked = json_object_get(root, "marked") != NULL;     /* stands there where it is true */
    bool good = json_object_size(root) == 6 + (size_t)marked;
    rc_text_options o = {
        .unit = json_string_value(json_object_get(root, "unit")),
        .min_count = whole(root, "min_count", &good),
        .max_size = whole(root, "max_size", &good),
        .lower = flag(root, "lower", &good),
        .nfkc = flag(root, "nfkc", &good),
        .marked = marked && flag(root, "marked", &good),
        .pairs = whole(root, "pairs", &good),
    };
    int e = RECUR_OK;
    if (!good || !o.unit || strlen(o.unit) > 64)
        e = rc_fail(r, RECUR_EFORMAT, "metadata \"text\" is not what was written: %.200s", json);
    else if ((e = rc_text_new(r, out, &o)) == RECUR_EOPTION)
        e = RECUR_EFORMAT;
    json_decref(root);
    return e;
}

static int load_entries(rc_text *t, const rc_tensor *v, const int64_t *counts, int64_t V)
{
    const char *s = v->data, *end = s + v->n;
    size_t bad;
    if (v->n == 0 || end[-1] != 0 || !rc_utf8_valid(s, v->n, &bad))
        return rc_fail(t->r, RECUR_EFORMAT, "text.vocab: not UTF-8, or its last entry has no end");
    int64_t id = 0;
    for (int e; s < end; id++) {
        size_t n = strlen(s);
        if (n == 0 || id >= V)
            return rc_fail(t->r, RECUR_EFORMAT, "text.vocab: entry %" PRId64 " %s", id,
                           rc_speak(t->r, n ? "has no count" : "is empty"));
        if (id < RC_FIRST && strcmp(s, rc_vocab_str(t->vocab, (int32_t)id, NULL)) != 0)
            return rc_fail(t->r, RECUR_EFORMAT, "text.vocab: entry %" PRId64 " is not \"%s\"", id,
                           rc_vocab_str(t->vocab, (int32_t)id, NULL));
        if (id >= RC_FIRST && (e = rc_vocab_add(t->vocab, s, n, counts[id], NULL)) != RECUR_OK)
            return e;
        s += n + 1;
    }
    return id == V ? RECUR_OK : rc_fail(t->r, RECUR_EFORMAT, "text.vocab: %" PRId64 " entries, %" PRId64 " counts",
                                        id, V);
}

static int load_bytes(rc_text *t, const int64_t *counts, int64_t V)
{
    if (V != RC_FIRST + 256)
        return rc_fail(t->r, RECUR_EFORMAT, "text.counts: %" PRId64 " entries, bytes need %d", V, RC_FIRST + 256);
    int e = RECUR_OK;
    for (int i = 0; i < 256 && !e; i++)
        e = rc_vocab_add(t->vocab, &(char){ (char)i }, 1, counts[RC_FIRST + i], NULL);
    return e;
}

static int load_vocab(rc_text *t, rc_store *s)
{
    const rc_tensor *v = rc_store_find(s, "text.vocab"), *c = rc_store_find(s, "text.counts");
    if (!c || c->dtype != RC_I64 || c->rank != 1 || c->dim[0] < RC_FIRST || c->dim[0] > SIZE_MOST)
        return rc_fail(t->r, RECUR_EFORMAT, "text.counts: missing, or not a list of %d to %d whole numbers", RC_FIRST,
                       SIZE_MOST);
    const int64_t *counts = c->data;
    for (int64_t i = 0; i < c->dim[0]; i++)
        if (counts[i] < 0)
            return rc_fail(t->r, RECUR_EFORMAT, "text.counts: entry %" PRId64 " is negative", i);
    const bool bytes = t->unit == &rc_unit_byte;
    if (bytes ? v != NULL : !v || v->dtype != RC_U8 || v->rank != 1)
        return rc_fail(t->r, RECUR_EFORMAT, "text.vocab: %s",
                       rc_speak(t->r, bytes ? "bytes have none" : "missing, or not a list of bytes"));
    return bytes ? load_bytes(t, counts, c->dim[0]) : load_entries(t, v, counts, c->dim[0]);
}

int rc_text_load(recur *r, rc_text **out, rc_store *s)
{
    rc_text *t = NULL;
    *out = NULL;
    int e = load_options(r, &t, s);
    if (!e)
        e = load_vocab(t, s);
    if (!e && t->unit->load)
        e = t->unit->load(t, s);
    if (!e && t->o.pairs > 0)
        e = rc_pairs_load(t, s);
    if (e) {
        rc_text_free(t);
        return e;
    }
    rc_map_free(t->counts);
    t->counts = NULL;
    *out = t;
    return RECUR_OK;
}
