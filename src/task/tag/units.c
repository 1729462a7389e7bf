/* SPDX-License-Identifier: MIT
 * units.c - words of sentences -> ids; a long sentence -> pieces.
 *
 * Columns of ids: the word as the vocabulary has it (small letters, digits as 0), pairs of neighbours where units are
 * signs, the shape of the letters, which small letters have lost.  The signs of a word are an example of the side data. */
#include <stdlib.h>
#include "data/pick.h"
#include "task/choose.h"
#include "task/tag/gather.h"

enum { LONGEST = 256, LETTERS = 24 };    /* units of an example; signs of a word that the net reads */

/* --- a word --- */

/* As the vocabulary has it; folding may bring blanks, and those become signs again. */
static int normal_word(rc_tag_gather *g, const rc_text *t, const char *s, size_t n)
{
    g->one.n = 0;
    int e = rc_utf8_fold(g->d->r, s, n, t->o.nfkc, t->o.lower, &g->one);
    for (size_t i = 0; i < g->one.n && e == RECUR_OK; i++) {
        char c = g->one.s[i];
        bool blank = c == ' ' || (c >= '\t' && c <= '\r');
        e = blank ? rc_buf_add(&g->normal, RC_TAG_BLANK, 3)
                  : rc_buf_add(&g->normal, c >= '0' && c <= '9' ? "0" : &g->one.s[i], 1);
    }
    return e == RECUR_OK && g->one.n == 0 ? rc_buf_add(&g->normal, RC_TAG_BLANK, 3) : e;
}

enum { OTHER, SMALL, FIRST_CAPITAL, ALL_CAPITALS, MIXED, CAPITAL, DIGITS, DIGITS_AND_MARKS, DIGITS_AND_LETTERS, MARKS, SIGNS };
_Static_assert((int)SIGNS < (int)RC_SHAPES, "a shape more than the column of shapes has");

static int32_t shape(const char *s, size_t n)
{
    int capitals = 0, small = 0, letters = 0, digits = 0, marks = 0, signs = 0, count = 0;
    bool first = false;
    for (size_t i = 0; i < n; count++) {
        int32_t cp;
        size_t k = (size_t)rc_utf8_next(s + i, n - i, &cp);
        int class = cp < 0 ? RC_PUNCT : rc_utf8_class(cp);
        bool capital = (cp >= 'A' && cp <= 'Z') || (cp >= 0xC0 && cp <= 0xDE && cp != 0xD7) || (cp >= 0x410 && cp <= 0x42F);
        first = first || (capital && count == 0);
        capitals += capital;
        small += class == RC_LETTER && !capital;
        letters += class == RC_LETTER;
        digits += class == RC_DIGIT;
        signs += class == RC_HAN;
        marks += class == RC_PUNCT || class == RC_SPACE;
        i += k;
    }
    if (signs > 0)
        return SIGNS;
    if (digits > 0)
        return letters > 0 ? DIGITS_AND_LETTERS : marks > 0 ? DIGITS_AND_MARKS : DIGITS;
    if (letters == 0)
        return marks > 0 ? MARKS : OTHER;
    if (capitals == 0)
        return SMALL;
    return capitals == 1 && letters == 1 ? CAPITAL : small == 0 ? ALL_CAPITALS : first && capitals == 1 ? FIRST_CAPITAL : MIXED;
}

/* --- vocabularies --- */

static void text_options(const rc_tag_gather *g, rc_text_options *t)
{
    const recur_train_options *o = g->o;
    *t = (rc_text_options){ .unit = "token", .min_count = 1, .lower = true, .nfkc = true };
    t->pairs = g->signs && g->d->count >= 500 ? 100000 : 0;
    if (o != NULL && o->pairs != NULL)
        t->pairs = strtoll(o->pairs, NULL, 10);
    rc_choose_text(o, t);
}

/* The sentence in g->normal, its words parted by single blanks. */
static int normal_sentence(rc_tag_gather *g, const rc_text *t, const rc_example *ex)
{
    rc_tag_walk w = rc_tag_walk_of(g->d, ex);
    const char *s;
    size_t n;
    int e = RECUR_OK;
    g->normal.n = 0;
    while (e == RECUR_OK && rc_tag_next(&w, &s, &n)) {
        if (g->normal.n > 0)
            e = rc_buf_add(&g->normal, " ", 1);
        if (e == RECUR_OK)
            e = normal_word(g, t, s, n);
    }
    return e;
}

static int learn(rc_tag_gather *g)
{
    recur_data *d = g->d;
    rc_text_options t;
    text_options(g, &t);
    int e = rc_text_new(d->r, &d->text, &t);
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        if ((e = normal_sentence(g, d->text, &d->ex[i])) == RECUR_OK)
            e = rc_text_learn(d->text, g->normal.s, g->normal.n);
    return e == RECUR_OK ? rc_text_settle(d->text) : e;
}

/* --- the signs of words --- */

/* Each different word of these data is an example of the side data; learned: the vocabulary of signs is theirs. */
static int side_words(rc_tag_gather *g)
{
    recur_data *d = g->d;
    rc_text_options t = { .unit = "char", .min_count = 1, .nfkc = true };
    int e = rc_data_side(d);
    if (e == RECUR_OK)
        e = rc_map_new(d->r, &g->words);
    if (e == RECUR_OK && g->like != NULL) {
        d->side->text = rc_text_share(g->like->side_text);
    } else if (e == RECUR_OK) {
        e = rc_text_new(d->r, &d->side->text, &t);
        for (size_t i = 0, from = 0; i <= d->raw.n && e == RECUR_OK; i++)        /* the words lie one after the other */
            if (i == d->raw.n || d->raw.s[i] == ' ') {
                e = i > from ? rc_text_learn(d->side->text, d->raw.s + from, i - from) : RECUR_OK;
                from = i + 1;
            }
        if (e == RECUR_OK)
            e = rc_text_settle(d->side->text);
    }
    if (e == RECUR_OK)
        d->side->C = 1, d->side_rows = true;
    return e;
}

/* The example of a word; a long word keeps its beginning and its end. */
static int side_word(rc_tag_gather *g, const char *s, size_t n, rc_ids *id, int32_t *out)
{
    recur_data *d = g->d->side;
    rc_example *ex;
    int64_t at = rc_map_get(g->words, s, n);
    int e = RECUR_OK;
    *out = (int32_t)at;
    if (at >= 0)
        return e;
    id->n = 0;
    if ((e = rc_text_encode(d->text, s, n, id, &d->unknown)) != RECUR_OK)
        return e;
    size_t T = id->n < LETTERS ? id->n : LETTERS, head = id->n < LETTERS ? T : LETTERS / 2;
    if ((e = rc_data_row(d, T > 0 ? T : 1)) != RECUR_OK || (e = rc_data_example(d, &ex)) != RECUR_OK)
        return e;
    d->ids[0][d->rows] = RC_UNK;
    memcpy(d->ids[0] + d->rows, id->id, head * sizeof(int32_t));
    if (T > head)
        memcpy(d->ids[0] + d->rows + head, id->id + id->n - (T - head), (T - head) * sizeof(int32_t));
    ex->T = (int32_t)(T > 0 ? T : 1);
    d->rows += (size_t)ex->T;
    d->units += ex->T;
    *out = d->count - 1;
    return rc_map_set(g->words, s, n, *out);
}

/* --- pieces --- */

static bool ends_clause(const char *s, size_t n)
{
    static const char *const marks[] = { ".", "!", "?", ";", ",", "。", "！", "？", "；", "，", "、", ":", "：" };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strlen(marks[i]) == n && memcmp(marks[i], s, n) == 0)
            return true;
    return false;
}

/* Whether the unit with this tag goes on with an entity that began before it. */
static bool goes_on(const recur_data *d, int32_t tag)
{
    size_t n;
    const char *s = tag >= 0 ? rc_tag_name(d, tag, &n) : "O";
    return rc_scheme_find(json_string_value(json_object_get(d->form, "scheme"))) != NULL && (s[0] == 'I' || s[0] == 'E');
}

/* How many units the next piece takes of those that are left: behind the last mark that ends a clause in the second half,
 * else anywhere; what is learned from is not cut inside an entity.  tag NULL: nothing may be known of tags. */
static int piece(const recur_data *d, rc_tag_walk w, int left, int most, const int32_t *tag)
{
    const char *s;
    size_t n;
    int mark = 0, any = 0;
    if (most <= 0 || left <= most)
        return left;
    for (int i = 0; i < most && rc_tag_next(&w, &s, &n); i++) {
        bool inside = tag != NULL && goes_on(d, tag[i + 1]);
        if (!inside)
            any = i + 1;
        if (!inside && i >= most / 2 && ends_clause(s, n))
            mark = i + 1;
    }
    return mark > 0 ? mark : any > 0 ? any : most;
}

/* --- the whole --- */

typedef struct { rc_ids id[2], sign; } ids;

static int put_rows(rc_tag_gather *g, const rc_example *ex, const int32_t *tag, ids *v)
{
    recur_data *d = g->d;
    int n = ex->T, e;
    v->id[0].n = v->id[1].n = 0;
    if ((e = normal_sentence(g, d->text, ex)) != RECUR_OK
        || (e = rc_text_encode(d->text, g->normal.s, g->normal.n, v->id, &d->unknown)) != RECUR_OK
        || (e = rc_data_row(d, (size_t)n)) != RECUR_OK)
        return e;
    if (v->id[0].n != (size_t)n)
        return rc_fail(d->r, RECUR_EDATA, "%s:%lld: a word of this sentence cannot be told from two",
                       d->paths > 0 ? d->path[ex->file] : "sentence", (long long)ex->line);
    for (int c = 0; c < d->shape; c++)
        memcpy(d->ids[c] + d->rows, v->id[c].id, (size_t)n * sizeof(int32_t));
    rc_tag_walk w = rc_tag_walk_of(d, ex);
    const char *s;
    size_t m;
    for (size_t row = d->rows; e == RECUR_OK && rc_tag_next(&w, &s, &m); row++) {
        d->ids[d->shape][row] = shape(s, m);
        d->step_label[row] = tag[row - d->rows];
        if (d->side != NULL)
            e = side_word(g, s, m, &v->sign, &d->row_side[row]);
    }
    d->rows += (size_t)n;
    d->units += n;
    return e;
}

/* A sentence as one example or several, each with its part of raw. */
static int put_sentence(rc_tag_gather *g, const rc_example *whole, ids *v)
{
    recur_data *d = g->d;
    const int32_t *tag = g->tag.id + whole->at;
    rc_tag_walk w = rc_tag_walk_of(d, whole);
    int e = RECUR_OK, left = whole->T;
    d->dropped += d->max_length > 0 && left > d->max_length;
    while (left > 0 && e == RECUR_OK) {
        rc_example *ex, now = *whole;
        const char *from = w.s, *s = from;
        size_t n = 0;
        now.T = piece(d, w, left, (int)d->max_length, g->like == NULL ? tag : NULL);
        for (int i = 0; i < now.T; i++)
            rc_tag_next(&w, &s, &n);
        now.text = (size_t)(from - d->raw.s);
        now.text_n = (size_t)(s + n - from);
        now.at = d->rows;
        if ((e = put_rows(g, &now, tag, v)) == RECUR_OK && (e = rc_data_example(d, &ex)) == RECUR_OK)
            *ex = now;
        left -= now.T;
        tag += now.T;
    }
    return e;
}

static int64_t longest(const rc_tag_gather *g)
{
    if (g->o != NULL && g->o->max_length >= 0)
        return g->o->max_length;
    if (g->like != NULL && g->like->max_length != 0)
        return g->like->max_length > 0 ? g->like->max_length : 0;
    return LONGEST;
}

int rc_tag_units(rc_tag_gather *g)
{
    recur_data *d = g->d;
    bool signs = json_is_true(json_object_get(d->form, "signs"));
    bool beside = g->like != NULL ? g->like->side_text != NULL
                : !signs && (g->o == NULL || g->o->net == NULL || strstr(g->o->net, ">>") != NULL);
    ids v = { { { .r = d->r }, { .r = d->r } }, { .r = d->r } };
    d->max_length = longest(g);
    d->text = g->like != NULL ? rc_text_share(g->like->text) : NULL;
    d->per_step = true;
    int e = g->like == NULL ? learn(g) : RECUR_OK;
    if (e == RECUR_OK && beside)
        e = side_words(g);
    rc_example *whole = d->ex;
    int n = d->count;
    if (e == RECUR_OK) {
        d->shape = rc_text_columns(d->text);
        d->C = d->shape + 1;
        d->ex = NULL;
        d->count = d->ex_cap = 0;
        for (int i = 0; i < n && e == RECUR_OK; i++)
            e = put_sentence(g, &whole[i], &v);
        rc_free(d->r, whole);
    }
    rc_ids_free(&v.id[0]);
    rc_ids_free(&v.id[1]);
    rc_ids_free(&v.sign);
    return e;
}
