/* SPDX-License-Identifier: MIT
 * tag.c - texts -> their words with tags, or the words that were found in them.  Pieces of a long text are put together
 * again; tags come as IOB2 whatever the net has inside. */
#include "data/pick.h"
#include "decode/decode.h"
#include "task/tag/tag.h"

typedef struct {
    const recur_model *m;
    recur_data *d;
    int best;
    bool segment;
    const json_t *kinds;
    rc_tag_answers a;
} teller;

/* Words of a text between blanks, or its signs; line number i + 1 says which text they are of. */
typedef struct { rc_span_text *word; int n, cap; recur *r; } words;

static int add_word(words *w, const char *s, size_t n)
{
    if (w->n == w->cap) {
        size_t want = w->cap > 0 ? (size_t)w->cap * 2 : 256;
        rc_span_text *more = rc_grow(w->r, w->word, (size_t)w->cap, want, sizeof *more);
        if (more == NULL)
            return RECUR_ENOMEM;
        w->word = more;
        w->cap = (int)want;
    }
    w->word[w->n++] = (rc_span_text){ s, n };
    return RECUR_OK;
}

static int cut(words *w, const char *s, bool signs)
{
    size_t n = strlen(s), from = 0;
    int e = RECUR_OK;
    for (size_t i = 0, k; i < n && e == RECUR_OK; i += k) {
        int32_t cp;
        k = (size_t)rc_utf8_next(s + i, n - i, &cp);
        bool blank = signs ? cp >= 0 && rc_utf8_class(cp) == RC_SPACE : s[i] == ' ' || (s[i] >= '\t' && s[i] <= '\r');
        if (signs && !blank)
            e = add_word(w, s + i, k);
        if (!signs && blank && i > from)
            e = add_word(w, s + from, i - from);
        if (blank)
            from = i + k;
    }
    return e == RECUR_OK && !signs && n > from ? add_word(w, s + from, n - from) : e;
}

/* All texts as one set of data. */
static int gather(teller *t, const char *const *text, int n)
{
    const recur_model *m = t->m;
    const json_t *most = json_object_get(m->card, "max_length");
    rc_like like = { .text = m->text, .labels = m->labels, .scaling = &m->scaling, .form = json_object_get(m->card, "form"),
                     .side_text = m->side_text, .side_scaling = &m->side_scaling,
                     .max_length = json_integer_value(most) > 0 ? json_integer_value(most) : -1 };
    words w = { .r = m->r };
    rc_tagged *s = rc_new(m->r, (size_t)n + 1, sizeof *s);
    int *at = rc_new(m->r, (size_t)n + 1, sizeof *at), e = s != NULL && at != NULL ? rc_data_new(m->r, &t->d, m->task) : RECUR_ENOMEM;
    int count = 0;
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        at[i] = w.n;
        e = cut(&w, text[i], t->segment);
    }
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        int to = i + 1 < n ? at[i + 1] : w.n;
        if (to > at[i])
            s[count++] = (rc_tagged){ w.word + at[i], NULL, to - at[i], { "", 0 }, i + 1, false };
    }
    if (e == RECUR_OK)
        e = rc_tag_words(t->d, s, count, &like);
    rc_free(m->r, s);
    rc_free(m->r, at);
    rc_free(m->r, w.word);
    return e;
}

static int answer(teller *t)
{
    recur *r = t->m->r;
    size_t rows = t->d->rows + 1, count = (size_t)t->d->count + 1, best = (size_t)t->best;
    bool kinds = json_array_size(t->kinds) > 1 && t->m->net->branches > 1;
    t->a = (rc_tag_answers){ .best = t->best, .tag = rc_new(r, rows * best, sizeof(int32_t)), .p = rc_new(r, rows, sizeof(float)),
                             .whole = t->best > 1 ? rc_new(r, count * best, sizeof(float)) : NULL,
                             .kind = kinds ? rc_new(r, count, sizeof(int32_t)) : NULL,
                             .kind_p = kinds ? rc_new(r, count, sizeof(float)) : NULL };
    if (!t->a.tag || !t->a.p || (t->best > 1 && !t->a.whole) || (kinds && (!t->a.kind || !t->a.kind_p)))
        return RECUR_ENOMEM;
    return rc_tag_say(t->m, t->d, &t->a);
}

static json_t *tags_of(const teller *t, int first, int count, int b)
{
    json_t *out = json_array();
    for (int i = first; i < first + count; i++)
        for (int k = 0; k < t->d->ex[i].T; k++) {
            char name[300];
            int32_t tag = t->a.tag[(size_t)b * t->d->rows + t->d->ex[i].at + (size_t)k];
            json_array_append_new(out, rc_json_text(t->m->r, name, rc_tag_told(t->m, tag, name, sizeof name)));
        }
    return out;
}

/* Signs put together as words: a new one begins at B and S, behind E and S, and where the text had a blank. */
static json_t *words_of(const teller *t, const char *text, int first, int count)
{
    json_t *out = json_array();
    const char *s = text, *from = NULL, *word = text;
    size_t n = strlen(text);
    char before = 'S';
    int32_t cp;
    for (int i = first; i < first + count; i++)
        for (int k = 0; k < t->d->ex[i].T; k++) {
            size_t m;
            char part = rc_vocab_str(t->m->labels, RC_FIRST + t->a.tag[t->d->ex[i].at + (size_t)k], &m)[0];
            const char *end = s;
            while (s < text + n && rc_utf8_next(s, n - (size_t)(s - text), &cp) && cp >= 0 && rc_utf8_class(cp) == RC_SPACE)
                s += rc_utf8_next(s, n - (size_t)(s - text), &cp);
            bool starts = part == 'B' || part == 'S' || before == 'E' || before == 'S' || s > end;
            if (starts && from != NULL)
                json_array_append_new(out, rc_json_text(t->m->r, word, (size_t)(end - word)));
            if (starts)
                word = s;
            from = s;
            s += rc_utf8_next(s, n - (size_t)(s - text), &cp);
            before = part;
        }
    if (from != NULL)
        json_array_append_new(out, rc_json_text(t->m->r, word, (size_t)(s - word)));
    return out;
}

static json_t *text_words(const teller *t, int first, int count)
{
    json_t *out = json_array();
    for (int i = first; i < first + count; i++) {
        rc_tag_walk w = rc_tag_walk_of(t->d, &t->d->ex[i]);
        const char *s;
        size_t n;
        while (rc_tag_next(&w, &s, &n))
            json_array_append_new(out, rc_json_text(t->m->r, s, n));
    }
    return out;
}

/* The answer to one text, whose examples are [first, first + count). */
static json_t *tell(const teller *t, const char *text, int first, int count)
{
    json_t *o = json_object(), *p = json_array(), *readings = json_array();
    for (int i = first; i < first + count; i++)
        for (int k = 0; k < t->d->ex[i].T; k++)
            json_array_append_new(p, json_real((double)t->a.p[t->d->ex[i].at + (size_t)k]));
    if (t->segment) {
        json_object_set_new(o, "words", words_of(t, text, first, count));
        json_decref(p);
    } else {
        json_object_set_new(o, "words", text_words(t, first, count));
        json_object_set_new(o, "tags", tags_of(t, first, count, 0));
        json_object_set_new(o, "p", p);
    }
    if (t->a.kind != NULL) {
        bool any = count > 0;
        const json_t *kind = any ? json_array_get(t->kinds, (size_t)t->a.kind[first]) : NULL;
        json_object_set_new(o, "intent", kind != NULL ? json_string(json_string_value(kind)) : json_null());
        json_object_set_new(o, "intent_p", any ? json_real((double)t->a.kind_p[first]) : json_null());
    }
    for (int b = 0; b < t->best && count == 1 && !t->segment && t->best > 1; b++) {
        double whole = (double)t->a.whole[(size_t)b * (size_t)t->d->count + (size_t)first];
        if (whole > 0 || b == 0)
            json_array_append_new(readings, json_pack("{s:f,s:o}", "p", whole, "tags", tags_of(t, first, count, b)));
    }
    if (json_array_size(readings) > 0)
        json_object_set(o, "readings", readings);
    json_decref(readings);
    return o;
}

int rc_tag(const recur_model *m, const char *const *text, int n, int best, json_t **out)
{
    teller t = { .m = m, .best = best > 0 ? best : 1 };
    *out = NULL;
    if (m->task != &rc_task_tag)
        return rc_wrong_task(m->r, m, "has no tags to give");
    t.segment = rc_tag_segments(json_object_get(m->card, "form"));
    t.kinds = json_object_get(json_object_get(m->card, "form"), "kinds");
    int e = gather(&t, text, n);
    if (e == RECUR_OK)
        e = answer(&t);
    json_t *all = json_array();
    for (int i = 0, at = 0, k; i < n && e == RECUR_OK; i++, at += k) {
        for (k = 0; at + k < t.d->count && t.d->ex[at + k].line == i + 1;)
            k++;
        json_array_append_new(all, tell(&t, text[i], at, k));
    }
    if (e == RECUR_OK && all == NULL)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the answers");
    void *blocks[] = { t.a.tag, t.a.p, t.a.whole, t.a.kind, t.a.kind_p };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        rc_free(m->r, blocks[i]);
    recur_data_close(t.d);
    if (e == RECUR_OK)
        *out = all;
    else
        json_decref(all);
    return e;
}
