/* SPDX-License-Identifier: MIT
 * translate.c - texts in, translations out, as JSON: every text's best answers with their scores, and what each unit
 * looked at. */
#include "data/pick.h"
#include "decode/decode.h"
#include "task/translate/translate.h"

typedef struct {
    recur *r; const recur_model *m; const recur_translate_options *o;
    rc_ids *source; rc_pieces *pieces; rc_founds *found;      /* [n] of the texts that are not empty */
    int *at; int n;                      /* [n] which text each is */
} interpreter;

static int can_translate(const recur_model *m)
{
    const rc_net *net = m->net;
    if (m->task != &rc_task_translate)
        return rc_wrong_task(m->r, m, "cannot translate");
    if (m->text == NULL || m->side_text == NULL)
        return rc_fail(m->r, RECUR_EFORMAT, "the model has no vocabulary to read or to write with: %s", net->line);
    return rc_translate_suits(m);
}

static bool empty(const char *s)
{
    return s[strspn(s, " \t\r\n\v\f")] == 0;
}

static int read_texts(interpreter *x, const char *const *text, int n)
{
    recur *r = x->r;
    int e = RECUR_OK;
    x->source = rc_new(r, (size_t)n + 1, sizeof *x->source);
    x->pieces = rc_new(r, (size_t)n + 1, sizeof *x->pieces);
    x->found = rc_new(r, (size_t)n + 1, sizeof *x->found);
    x->at = rc_new(r, (size_t)n + 1, sizeof *x->at);
    if (x->source == NULL || x->pieces == NULL || x->found == NULL || x->at == NULL)
        return RECUR_ENOMEM;
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        if (empty(text[i]))
            continue;
        int k = x->n++;
        size_t bytes = strlen(text[i]);
        x->at[k] = i;
        x->source[k].r = r;
        if ((e = rc_translate_source(x->m->side_text, text[i], bytes, &x->source[k], NULL)) == RECUR_OK)
            e = rc_pieces_of(x->m->side_text, text[i], bytes, &x->pieces[k]);
    }
    return e;
}

static void forget(interpreter *x)
{
    for (int i = 0; i < x->n; i++) {     /* none where a block above is missing */
        rc_ids_free(&x->source[i]);
        rc_pieces_free(x->r, &x->pieces[i]);
    }
    rc_founds_free(x->r, x->found, x->n);
    rc_free(x->r, x->source);
    rc_free(x->r, x->pieces);
    rc_free(x->r, x->found);
    rc_free(x->r, x->at);
}

static int search(interpreter *x)
{
    const recur_translate_options *o = x->o;
    const bool unknown = o->keep_unknown || rc_says_unknown(x->m);
    const rc_search how = {
        .beam = (int)o->beam, .best = (int)(o->n_best < o->beam ? o->n_best : o->beam), .most = (int)o->most,
        .length = o->length_penalty, .coverage = o->coverage, .unknown = unknown,
        .look = o->attention ? RC_LOOK_ALWAYS : unknown && !o->keep_unknown ? RC_LOOK_UNKNOWN : RC_LOOK_NEVER,
    };
    return rc_search_all(x->m, x->source, x->n, &how, x->found);
}

/* --- JSON --- */

/* A piece of bytes may be no UTF-8 by itself. */
static json_t *source_units(recur *r, const rc_pieces *p)
{
    json_t *a = json_array();
    for (int i = 0; i < p->n; i++) {
        size_t n;
        const char *s = rc_pieces_at(p, i, &n);
        json_array_append_new(a, rc_json_text(r, s, n));
    }
    return a;
}

static json_t *target_units(const recur_model *m, const rc_found *f)
{
    json_t *a = json_array();
    for (int i = 0; i < f->n; i++) {
        size_t n;
        const char *s = rc_vocab_str(m->text->vocab, f->id[i], &n);
        json_array_append_new(a, rc_json_text(m->r, s, n));
    }
    return a;
}

/* Rows over the source's units, and pairs [source, target] of what was looked at most. */
static int put_attention(const rc_found *f, json_t *o)
{
    json_t *rows = json_array(), *pairs = json_array();
    for (int t = 0; t < f->n; t++) {
        json_t *row = json_array();
        int best = 0;
        for (int s = 0; s < f->S; s++) {
            float a = f->attention[(size_t)t * (size_t)f->S + (size_t)s];
            json_array_append_new(row, json_real((double)a));
            best = a > f->attention[(size_t)t * (size_t)f->S + (size_t)best] ? s : best;
        }
        json_array_append_new(rows, row);
        json_array_append_new(pairs, json_pack("[i,i]", best, t));
    }
    return json_object_set_new(o, "attention", rows) | json_object_set_new(o, "alignment", pairs);
}

static int put_answer(const interpreter *x, int k, const rc_found *f, json_t *list)
{
    const recur_model *m = x->m;
    int unknown = 0;
    rc_buf said;
    rc_buf_init(&said, x->r, 0);
    for (int i = 0; i < f->n; i++)
        unknown += f->id[i] == RC_UNK;
    int e = rc_translate_say(m, &x->pieces[k], f, x->o->keep_unknown, &said);
    json_t *o = json_object();
    int bad = e != RECUR_OK || json_array_append_new(list, o) != 0
        || json_object_set_new(o, "text", rc_json_text(x->r, said.s, said.n)) != 0
        || json_object_set_new(o, "score", json_real(f->score)) != 0
        || json_object_set_new(o, "logp", json_real(f->logp)) != 0
        || json_object_set_new(o, "unknown", json_integer(unknown)) != 0;
    if (!bad && x->o->attention && f->attention != NULL)
        bad = json_object_set_new(o, "source", source_units(x->r, &x->pieces[k]))
            | json_object_set_new(o, "target", target_units(m, f)) | put_attention(f, o);
    rc_buf_free(&said);
    return e != RECUR_OK ? e : bad ? rc_fail(x->r, RECUR_ENOMEM, "no memory for the answers") : RECUR_OK;
}

static int put_all(const interpreter *x, int n, json_t *all)
{
    int e = RECUR_OK;
    for (int i = 0, k = 0; i < n && e == RECUR_OK; i++) {
        json_t *list = json_array();
        if (json_array_append_new(all, list) != 0)
            return rc_fail(x->r, RECUR_ENOMEM, "no memory for the answers");
        if (k == x->n || x->at[k] != i)
            continue;                    /* an empty text has no answer */
        for (int b = 0; b < x->found[k].n && e == RECUR_OK; b++)
            e = put_answer(x, k, &x->found[k].found[b], list);
        k++;
    }
    return e;
}

int rc_translate(const recur_model *m, const char *const *text, int n, const recur_translate_options *o, json_t **out)
{
    interpreter x = { .r = m->r, .m = m, .o = o };
    *out = NULL;
    int e = can_translate(m);
    if (e == RECUR_OK)
        e = read_texts(&x, text, n);
    if (e == RECUR_OK && x.n > 0)
        e = search(&x);
    if (e == RECUR_OK && (*out = json_array()) == NULL)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the answers");
    if (e == RECUR_OK)
        e = put_all(&x, n, *out);
    if (e != RECUR_OK) {
        json_decref(*out);
        *out = NULL;
    }
    forget(&x);
    return e;
}
