/* SPDX-License-Identifier: MIT
 * base.c - what a tagger must beat: each word's most frequent tag; for words in text without blanks the longest word of
 * the training text that fits, from left to right; for sentences naive Bayes over their words.
 *
 * In the file: "words", 0-separated; "tags", one for each; "kinds" [words][K] and "kinds_seen" [K], how often. */
#include <math.h>
#include "data/pick.h"
#include "task/tag/tag.h"

enum { LONGEST = 24, MOST_COUNTS = 4000000 };                 /* signs of a word that is matched */

typedef struct {
    recur *r;
    rc_map *words;                       /* word -> its number */
    int32_t *count; size_t cap; int C;   /* [words][C] how often with each tag */
    rc_buf text;                         /* the words in order, each with a 0 behind it */
    int32_t n;
} counter;

static int word_number(counter *c, const char *s, size_t n, int32_t *out)
{
    int64_t at = rc_map_get(c->words, s, n);
    *out = (int32_t)at;
    if (at >= 0)
        return RECUR_OK;
    if ((size_t)c->n == c->cap) {
        size_t want = c->cap > 0 ? c->cap * 2 : 1024, wide = (size_t)c->C;
        int32_t *more = rc_grow(c->r, c->count, c->cap * wide, want * wide, sizeof *more);
        if (more == NULL)
            return RECUR_ENOMEM;
        c->count = more;
        c->cap = want;
    }
    *out = c->n++;
    rc_buf_add(&c->text, s, n);
    int e = rc_buf_add(&c->text, "", 1);
    return e == RECUR_OK ? rc_map_set(c->words, s, n, *out) : e;
}

static bool starts_word(const recur_data *d, int32_t tag)
{
    size_t n;
    const char *s = tag >= 0 ? rc_tag_name(d, tag, &n) : "I";
    return s[0] == 'B' || s[0] == 'S';
}

/* Words of segmented text, put together from their signs. */
static int count_words(counter *c, const recur_data *d, const rc_example *ex, rc_buf *word)
{
    rc_tag_walk w = rc_tag_walk_of(d, ex);
    const char *s;
    size_t n;
    int32_t at;
    int e = RECUR_OK;
    word->n = 0;
    for (size_t i = 0; e == RECUR_OK && i <= (size_t)ex->T; i++) {
        bool more = rc_tag_next(&w, &s, &n);
        if (word->n > 0 && (!more || starts_word(d, d->step_label[ex->at + i]))) {
            if ((e = word_number(c, word->s, word->n, &at)) == RECUR_OK)
                c->count[(size_t)at * (size_t)c->C]++;
            word->n = 0;
        }
        if (more && e == RECUR_OK)
            e = rc_buf_add(word, s, n);
    }
    return e;
}

static int count_tags(counter *c, const recur_data *d, const rc_example *ex)
{
    rc_tag_walk w = rc_tag_walk_of(d, ex);
    const char *s;
    size_t n;
    int32_t at;
    int e = RECUR_OK;
    for (size_t i = ex->at; e == RECUR_OK && rc_tag_next(&w, &s, &n); i++)
        if (d->step_label[i] >= 0 && d->step_label[i] < c->C && (e = word_number(c, s, n, &at)) == RECUR_OK)
            c->count[(size_t)at * (size_t)c->C + (size_t)d->step_label[i]]++;
    return e;
}

/* The most frequent tag of each word; *other: that of words seen once, for words never seen. */
static void best_tags(const counter *c, int32_t *tag, int32_t *other, int64_t *once)
{
    for (int32_t i = 0; i < c->n; i++) {
        const int32_t *k = c->count + (size_t)i * (size_t)c->C;
        int64_t all = 0;
        tag[i] = 0;
        for (int32_t j = 0; j < c->C; j++) {
            all += k[j];
            tag[i] = k[j] > k[tag[i]] ? j : tag[i];
        }
        once[tag[i]] += all == 1;
    }
    *other = 0;
    for (int32_t j = 1; j < c->C; j++)
        *other = once[j] > once[*other] ? j : *other;
}

/* How often each word stands in sentences of each kind. */
static int keep_kinds(recur_model *m, const recur_data *d, const counter *c)
{
    size_t K = (size_t)d->kinds, n;
    if (d->kinds < 2 || (size_t)c->n * K > MOST_COUNTS)
        return RECUR_OK;
    int32_t *count = rc_new(m->r, (size_t)c->n * K + 1, sizeof *count), *seen = rc_new(m->r, K, sizeof *seen);
    int e = count != NULL && seen != NULL ? RECUR_OK : RECUR_ENOMEM;
    for (int i = 0; i < d->count && e == RECUR_OK; i++) {
        const rc_example *ex = &d->ex[i];
        rc_tag_walk w = rc_tag_walk_of(d, ex);
        const char *s;
        if (ex->label < 0 || ex->label >= d->kinds)
            continue;
        seen[ex->label]++;
        while (rc_tag_next(&w, &s, &n)) {
            int64_t at = rc_map_get(c->words, s, n);
            if (at >= 0)
                count[(size_t)at * K + (size_t)ex->label]++;
        }
    }
    rc_model_extra(m, "kinds", RC_I32, (int64_t)((size_t)c->n * K), count, &e);
    rc_model_extra(m, "kinds_seen", RC_I32, (int64_t)K, seen, &e);
    rc_free(m->r, count);
    rc_free(m->r, seen);
    return e;
}

static int keep(recur_model *m, const recur_data *d, const counter *c, bool segment)
{
    int32_t *tag = rc_new(m->r, (size_t)c->n + 1, sizeof *tag), other = 0;
    int64_t *once = rc_new(m->r, (size_t)c->C + 1, sizeof *once);
    int e = tag != NULL && once != NULL ? RECUR_OK : RECUR_ENOMEM;
    if (e == RECUR_OK)
        best_tags(c, tag, &other, once);
    rc_model_extra(m, "words", RC_U8, (int64_t)c->text.n, c->text.s != NULL ? c->text.s : "", &e);
    rc_model_extra(m, "tags", RC_I32, c->n, tag, &e);
    rc_free(m->r, tag);
    rc_free(m->r, once);
    if (e == RECUR_OK)
        e = keep_kinds(m, d, c);
    if (e != RECUR_OK)
        return e;
    json_decref(m->baseline);
    m->baseline = json_pack("{s:s,s:i}", "name", segment ? "longest match" : "each word's most frequent tag", "other", other);
    return m->baseline != NULL ? RECUR_OK : rc_fail(m->r, RECUR_ENOMEM, "no memory for the baseline");
}

int rc_tag_baseline(recur_model *m, recur_data *d, recur_data *held)
{
    bool segment = rc_tag_segments(d->form);
    counter c = { .r = m->r, .C = segment ? 1 : d->classes };
    rc_buf word;
    (void)held;
    rc_buf_init(&c.text, m->r, 0);
    rc_buf_init(&word, m->r, 0);
    int e = rc_map_new(m->r, &c.words);
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        e = segment ? count_words(&c, d, &d->ex[i], &word) : count_tags(&c, d, &d->ex[i]);
    if (e == RECUR_OK)
        e = keep(m, d, &c, segment);
    rc_map_free(c.words);
    rc_free(m->r, c.count);
    rc_buf_free(&c.text);
    rc_buf_free(&word);
    return e;
}

/* --- answers --- */

static const rc_tensor *extra(const recur_model *m, const char *name, int dtype)
{
    for (int i = 0; i < m->extra.tensors; i++)
        if (strcmp(m->extra.tensor[i].name, name) == 0 && m->extra.tensor[i].dtype == dtype)
            return &m->extra.tensor[i];
    return NULL;
}

static int read_words(const recur_model *m, rc_map **out)
{
    const rc_tensor *t = extra(m, "baseline.words", RC_U8), *tags = extra(m, "baseline.tags", RC_I32);
    int e = rc_map_new(m->r, out);
    if (t == NULL || tags == NULL || (t->n > 0 && ((const char *)t->data)[t->n - 1] != 0))
        return rc_fail(m->r, RECUR_EFORMAT, "baseline: words or tags are missing");
    const char *s = t->data;
    int64_t k = 0;
    for (size_t i = 0, n; i < t->n && e == RECUR_OK; i += n + 1, k++) {
        n = strlen(s + i);
        e = rc_map_set(*out, s + i, n, k);
    }
    if (e == RECUR_OK && (size_t)k != tags->n)
        e = rc_fail(m->r, RECUR_EFORMAT, "baseline: %lld words and %zu tags", (long long)k, tags->n);
    for (size_t i = 0; i < tags->n && e == RECUR_OK; i++) {
        int32_t tag = ((const int32_t *)tags->data)[i];
        if (tag < 0 || tag >= rc_model_label_count(m))
            e = rc_fail(m->r, RECUR_EFORMAT, "baseline.tags: no such tag");
    }
    return e;
}

static void most_frequent(const recur_data *d, const rc_map *words, const int32_t *tags, int32_t other, int32_t *tag)
{
    for (int i = 0; i < d->count; i++) {
        rc_tag_walk w = rc_tag_walk_of(d, &d->ex[i]);
        const char *s;
        size_t n;
        for (size_t row = d->ex[i].at; rc_tag_next(&w, &s, &n); row++) {
            int64_t k = rc_map_get(words, s, n);
            tag[row] = k >= 0 ? tags[k] : other;
        }
    }
}

/* The longest known word from here, in signs; 1: none is known. */
static int match(const rc_map *words, rc_tag_walk w, int left, rc_buf *word)
{
    const char *s;
    size_t n;
    int best = 1;
    word->n = 0;
    for (int k = 1; k <= LONGEST && k <= left && rc_tag_next(&w, &s, &n); k++) {
        if (rc_buf_add(word, s, n) != RECUR_OK)
            return best;
        if (rc_map_get(words, word->s, word->n) >= 0)
            best = k;
    }
    return best;
}

static int longest_match(const recur_model *m, const recur_data *d, const rc_map *words, int32_t *tag)
{
    static const char *const names[] = { "B", "I", "E", "S" };
    int32_t part[4];
    rc_buf word;
    rc_buf_init(&word, m->r, 0);
    for (int i = 0; i < 4; i++)
        part[i] = rc_vocab_id(m->labels, names[i], 1) - RC_FIRST;
    for (int i = 0; i < d->count; i++) {
        const rc_example *ex = &d->ex[i];
        rc_tag_walk w = rc_tag_walk_of(d, ex);
        for (int t = 0, n; t < ex->T; t += n) {
            const char *s;
            size_t length;
            n = match(words, w, ex->T - t, &word);
            for (int k = 0; k < n; k++) {
                int32_t p = part[n == 1 ? 3 : k == 0 ? 0 : k == n - 1 ? 2 : 1];
                tag[ex->at + (size_t)(t + k)] = p >= 0 ? p : 0;
                rc_tag_next(&w, &s, &length);
            }
        }
    }
    int e = word.error;
    rc_buf_free(&word);
    return e;
}

static int bayes(const recur_model *m, const recur_data *d, const rc_map *words, int32_t *kind)
{
    const rc_tensor *counts = extra(m, "baseline.kinds", RC_I32), *seen = extra(m, "baseline.kinds_seen", RC_I32);
    size_t K = (size_t)d->kinds, V = rc_map_count(words), n;
    memset(kind, 0, (size_t)d->count * sizeof *kind);
    if (counts == NULL || seen == NULL || seen->n != K || counts->n != V * K)
        return RECUR_OK;
    const int32_t *c = counts->data, *all = seen->data;
    double *score = rc_new(m->r, K, sizeof *score), *total = rc_new(m->r, K, sizeof *total);
    int e = score != NULL && total != NULL ? RECUR_OK : RECUR_ENOMEM;
    for (size_t i = 0; i < V * K && e == RECUR_OK; i++)
        total[i % K] += c[i];
    for (int i = 0; i < d->count && e == RECUR_OK; i++) {
        rc_tag_walk w = rc_tag_walk_of(d, &d->ex[i]);
        const char *s;
        for (size_t k = 0; k < K; k++)
            score[k] = log((double)all[k] + 1e-3);
        while (rc_tag_next(&w, &s, &n)) {
            int64_t at = rc_map_get(words, s, n);
            for (size_t k = 0; k < K && at >= 0; k++)
                score[k] += log(((double)c[(size_t)at * K + k] + 0.1) / (total[k] + 0.1 * (double)V));
        }
        for (size_t k = 1; k < K; k++)
            kind[i] = score[k] > score[kind[i]] ? (int32_t)k : kind[i];
    }
    rc_free(m->r, score);
    rc_free(m->r, total);
    return e;
}

int rc_tag_baseline_say(const recur_model *m, recur_data *d, int32_t *tag, int32_t *kind)
{
    rc_map *words = NULL;
    json_int_t other = json_integer_value(json_object_get(m->baseline, "other"));
    int e = read_words(m, &words);
    if (e == RECUR_OK && (other < 0 || other >= rc_model_label_count(m)))
        e = rc_fail(m->r, RECUR_EFORMAT, "baseline: no such tag");
    if (e == RECUR_OK && rc_tag_segments(d->form))
        e = longest_match(m, d, words, tag);
    else if (e == RECUR_OK)
        most_frequent(d, words, extra(m, "baseline.tags", RC_I32)->data, (int32_t)other, tag);
    if (e == RECUR_OK && kind != NULL)
        e = bayes(m, d, words, kind);
    rc_map_free(words);
    return e;
}
