/* SPDX-License-Identifier: MIT
 * transcript.c - the spelling of transcripts: folded texts, their units, and texts from units. */
#include "task/transcribe/transcribe.h"

void rc_spelling_of(const json_t *form, rc_spelling *out)
{
    const char *unit = json_string_value(json_object_get(form, "unit"));
    *out = (rc_spelling){ .words = unit != NULL && strcmp(unit, "word") == 0,
                          .lower = json_is_true(json_object_get(form, "lower")),
                          .nfkc = json_is_true(json_object_get(form, "nfkc")),
                          .front = json_string_value(json_object_get(form, "front")) };
}

json_t *rc_spelling_form(const rc_spelling *s)
{
    return json_pack("{s:s, s:b, s:b, s:s?}", "unit", s->words ? "word" : "char", "lower", s->lower, "nfkc", s->nfkc,
                     "front", s->front);
}

int rc_transcript_fold(recur *r, const rc_spelling *s, const char *text, size_t n, rc_buf *out)
{
    size_t from = out->n;
    int e = rc_utf8_fold(r, text, n, s->nfkc, s->lower, out);
    if (e != RECUR_OK || out->n == from)
        return e;
    size_t to = from;                                        /* in place: it only becomes shorter */
    bool blank = false;
    for (size_t i = from; i < out->n;) {
        int32_t cp;
        int k = rc_utf8_next(out->s + i, out->n - i, &cp);
        bool space = cp >= 0 && rc_utf8_class(cp) == RC_SPACE;
        if (!space) {
            if (blank && to > from)
                out->s[to++] = ' ';
            memmove(out->s + to, out->s + i, (size_t)k);
            to += (size_t)k;
        }
        blank = space;
        i += (size_t)k;
    }
    out->n = to;
    out->s[to] = 0;
    return RECUR_OK;
}

static void take(const char **text, size_t *n, size_t k)
{
    *text += k;
    *n -= k;
}

/* The sign at the beginning; its bytes. */
static size_t sign(const char *s, size_t n, bool *alone)
{
    int32_t cp;
    size_t k = (size_t)rc_utf8_next(s, n, &cp);
    *alone = cp >= 0 && rc_utf8_class(cp) == RC_HAN;
    return k;
}

/* Up to the next blank. */
static size_t span(const char *s, size_t n)
{
    const char *end = memchr(s, ' ', n);
    return end != NULL ? (size_t)(end - s) : n;
}

bool rc_transcript_unit(const rc_spelling *s, const char **text, size_t *n, const char **unit, size_t *m)
{
    bool alone;
    if (s->words && *n > 0 && **text == ' ')
        take(text, n, 1);
    if (*n == 0)
        return false;
    *unit = *text;
    *m = s->words ? span(*text, *n) : sign(*text, *n, &alone);
    take(text, n, *m);
    return true;
}

bool rc_transcript_word(const char **text, size_t *n, const char **word, size_t *m)
{
    bool alone = false;
    while (*n > 0 && **text == ' ')
        take(text, n, 1);
    if (*n == 0)
        return false;
    *word = *text;
    *m = 0;
    while (*n > 0 && **text != ' ' && !alone) {
        size_t k = sign(*text, *n, &alone);
        if (alone && *m > 0)                                  /* it begins the next word */
            return true;
        *m += k;
        take(text, n, k);
    }
    return true;
}

int rc_transcript_join(recur *r, const rc_spelling *s, const rc_vocab *labels, const int32_t *label, int n, rc_buf *out)
{
    const size_t from = out->n;
    int e = rc_buf_add(out, "", 0);
    bool blank = false;
    (void)r;
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        size_t m;
        const char *unit = rc_vocab_str(labels, RC_FIRST + label[i], &m);
        if (m == 1 && *unit == ' ') {
            blank = true;
            continue;
        }
        if (out->n > from && (blank || s->words))
            e = rc_buf_add(out, " ", 1);
        blank = false;
        if (e == RECUR_OK)
            e = rc_buf_add(out, unit, m);
    }
    return e;
}
