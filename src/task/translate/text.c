/* SPDX-License-Identifier: MIT
 * text.c - the texts of pairs become ids: units and vocabularies of both sides, and the rows of both. */
#include <stdio.h>
#include <stdlib.h>
#include "data/pick.h"
#include "task/choose.h"
#include "task/guess.h"
#include "task/translate/translate.h"

/* --- units --- */

static double blanks_a_text(const recur_data *d)
{
    int64_t blanks = 0, seen = 0;
    for (; seen < d->count && seen < 2000; seen++)
        for (size_t i = 1; i < d->ex[seen].text_n; i++)
            blanks += d->raw.s[d->ex[seen].text + i] == ' ';
    return seen > 0 ? (double)blanks / (double)seen : 0;
}

/* Text that is cut already: its tokens.  Scripts without blanks, single words, numbers: signs.  Else pieces of words, as
 * many kinds as the text can tell something about. */
static const char *guess_unit(const recur_data *d, char out[16])
{
    const char *s = d->raw.s != NULL ? d->raw.s : "";
    size_t n = d->raw.n;
    if (rc_text_tokenised(s, n < 1000000 ? n : 1000000))
        return "token";
    if (rc_share_of_han(s, n) > 0.3 || blanks_a_text(d) < 1 || rc_share_of_digits(s, n) > 0.2)
        return "char";
    snprintf(out, 16, "bpe:%d", n > 3000000 ? 8000 : n > 300000 ? 4000 : n > 30000 ? 1000 : 500);
    return out;
}

/* The unit of one side: --unit A, or --unit SOURCE,TARGET. */
static void given_unit(const char *unit, bool source, char out[32])
{
    const char *comma = strchr(unit, ',');
    const char *from = comma != NULL && !source ? comma + 1 : unit;
    size_t n = comma != NULL && source ? (size_t)(comma - unit) : strlen(from);
    snprintf(out, 32, "%.*s", (int)(n < 31 ? n : 31), from);
}

/* Sources in pieces of words are read in small letters: "Hello, how are you?" then knows what "How are you?" taught.  The
 * answer keeps its capitals, each as a mark and its small letter, and so does a vocabulary for both sides. */
static void text_options(const recur_data *d, const recur_train_options *o, bool source, char name[32], rc_text_options *t)
{
    char guessed[16];
    if (o != NULL && o->unit != NULL)
        given_unit(o->unit, source, name);
    else
        snprintf(name, 32, "%s", guess_unit(d, guessed));
    const bool pieces = strncmp(name, "bpe", 3) == 0;
    *t = (rc_text_options){ .unit = name, .min_count = d->count > 1000 ? 2 : 1, .lower = source && pieces, .marked = !source && pieces,
                           .blanks = !source };
    rc_choose_text(o, t);
}

static int learn(rc_text *t, const recur_data *d)
{
    int e = RECUR_OK;
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        e = rc_text_learn(t, d->raw.s + d->ex[i].text, d->ex[i].text_n);
    return e;
}

/* The text of d, learned from it, and where both sides share one, from `other` too. */
static int vocabulary(recur_data *d, const recur_data *other, const recur_train_options *o, bool source)
{
    char name[32];
    rc_text_options t;
    text_options(d, o, source, name, &t);
    int e = rc_text_new(d->r, &d->text, &t);
    if (e == RECUR_OK && other != NULL)
        e = learn(d->text, other);
    if (e == RECUR_OK)
        e = learn(d->text, d);
    return e == RECUR_OK ? rc_text_settle(d->text) : e;
}

static int vocabularies(recur_data *d, const recur_train_options *o)
{
    bool shared = o != NULL && rc_wanted(o->shared_vocab, false);
    int e = vocabulary(d, shared ? d->side : NULL, o, false);
    if (e != RECUR_OK || !shared)
        return e == RECUR_OK ? vocabulary(d->side, NULL, o, true) : e;
    d->side->text = rc_text_share(d->text);
    return RECUR_OK;
}

/* --- ids --- */

int rc_translate_source(const rc_text *t, const char *s, size_t n, rc_ids *out, int64_t *unknown)
{
    int e = rc_text_encode(t, s, n, out, unknown);
    return e == RECUR_OK ? rc_ids_add(out, RC_EOS) : e;
}

static int put_source(recur_data *d, rc_example *ex, const rc_ids *id)
{
    int e = rc_data_row(d, id->n);
    if (e != RECUR_OK)
        return e;
    memcpy(d->ids[0] + d->rows, id->id, id->n * sizeof(int32_t));
    ex->at = d->rows;
    ex->T = (int32_t)id->n;
    d->rows += id->n;
    d->units += (int64_t)id->n;
    return RECUR_OK;
}

/* <s> y1 .. yn is read, y1 .. yn </s> is wanted. */
static int put_target(recur_data *d, rc_example *ex, const rc_ids *id)
{
    int e = rc_data_row(d, id->n + 1);
    if (e != RECUR_OK)
        return e;
    int32_t *in = d->ids[0] + d->rows, *wanted = d->step_label + d->rows;
    in[0] = RC_BOS;
    for (size_t i = 0; i < id->n; i++)
        wanted[i] = in[i + 1] = id->id[i];
    wanted[id->n] = RC_EOS;
    ex->at = d->rows;
    ex->T = (int32_t)id->n + 1;
    d->rows += id->n + 1;
    d->units += ex->T;
    return RECUR_OK;
}

/* Pairs that the model may learn from; the others are closed up over and counted. */
static int encode(recur_data *d, int64_t most)
{
    recur_data *side = d->side;
    rc_ids x = { .r = d->r }, y = { .r = d->r };
    int e = RECUR_OK, kept = 0, n = d->count;
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        rc_example a = side->ex[i], b = d->ex[i];
        x.n = y.n = 0;
        if ((e = rc_translate_source(side->text, side->raw.s + a.text, a.text_n, &x, &side->unknown)) == RECUR_OK)
            e = rc_text_encode(d->text, d->raw.s + b.text, b.text_n, &y, &d->unknown);
        if (e != RECUR_OK)
            break;
        if (most > 0 && ((int64_t)x.n > most || (int64_t)y.n + 1 > most)) {
            d->dropped++;
            continue;
        }
        if ((e = put_source(side, &a, &x)) == RECUR_OK && (e = put_target(d, &b, &y)) == RECUR_OK) {
            b.side = kept;
            side->ex[kept] = a;
            d->ex[kept++] = b;
        }
    }
    if (e == RECUR_OK)
        d->count = side->count = kept;
    rc_ids_free(&x);
    rc_ids_free(&y);
    return e;
}

/* What is measured on is never left out for its length, unless somebody says so. */
static int64_t longest(const recur_data *d, const recur_train_options *o, const rc_like *like)
{
    if (o != NULL && o->max_length >= 0)
        return o->max_length;
    if (like != NULL)
        return 0;
    const char *unit = d->text->unit->name;
    return strcmp(unit, "char") == 0 || strcmp(unit, "byte") == 0 ? 200 : 100;
}

int rc_translate_texts(recur_data *d, const recur_train_options *o, const rc_like *like)
{
    int e = RECUR_OK, read = d->count;
    if (like != NULL) {
        d->learned = false;
        d->text = rc_text_share(like->text);
        d->side->text = rc_text_share(like->side_text);
    } else {
        e = vocabularies(d, o);
    }
    if (e != RECUR_OK)
        return e;
    d->classes = rc_vocab_size(d->text->vocab);
    d->max_length = longest(d, o, like);
    if ((e = encode(d, d->max_length)) != RECUR_OK)
        return e;
    if (d->count == 0 && read > 0)
        return rc_fail(d->r, RECUR_EDATA, "%s: all %d pairs are longer than %lld units: say --max-length",
                       d->paths > 0 ? d->path[0] : "examples", read, (long long)d->max_length);
    return RECUR_OK;
}
