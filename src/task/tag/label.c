/* SPDX-License-Identifier: MIT
 * label.c - tags as they stand in files -> labels: entities in one way of writing, everything in the order of bytes. */
#include <stdlib.h>
#include "task/tag/gather.h"

static int by_bytes(const void *pa, const void *pb)
{
    const rc_span_text *a = pa, *b = pb;
    int c = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);
    return c != 0 ? c : (a->n > b->n) - (a->n < b->n);
}

/* The entries of v in the order of their bytes, whatever the order of the lines: *out, and now[old] = new. */
static int in_order(recur *r, const rc_vocab *v, rc_vocab **out, int32_t **now)
{
    int n = rc_vocab_size(v) - RC_FIRST, e = rc_vocab_new(r, out);
    rc_span_text *row = rc_new(r, (size_t)n + 1, sizeof *row);
    *now = rc_new(r, (size_t)n + 1, sizeof **now);
    if (row == NULL || *now == NULL)
        e = RECUR_ENOMEM;
    for (int i = 0; i < n && e == RECUR_OK; i++)
        row[i].s = rc_vocab_str(v, RC_FIRST + i, &row[i].n);
    if (e == RECUR_OK)
        qsort(row, (size_t)n, sizeof *row, by_bytes);
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        (*now)[rc_vocab_id(v, row[i].s, row[i].n) - RC_FIRST] = i;
        e = rc_vocab_add(*out, row[i].s, row[i].n, 0, NULL);
    }
    rc_free(r, row);
    return e;
}

bool rc_tag_entities(const rc_vocab *tags, bool *alone)
{
    int B = 0, O = 0, bare = 0, n = rc_vocab_size(tags) - RC_FIRST;
    for (int i = 0; i < n; i++) {
        size_t k;
        const char *s = rc_vocab_str(tags, RC_FIRST + i, &k);
        bool part = strchr("BIES", s[0]) != NULL;
        B += part && k > 2 && s[1] == '-';
        bare += part && k == 1;
        O += k == 1 && s[0] == 'O';
    }
    *alone = n > 1 && bare == n;
    return *alone || (B > 0 && B + O == n);
}

bool rc_tag_counts_entities(const json_t *form, const rc_vocab *labels)
{
    bool alone;
    return rc_scheme_find(json_string_value(json_object_get(form, "scheme"))) != NULL
        || (labels != NULL && rc_tag_entities(labels, &alone));
}

int rc_tag_form(rc_tag_gather *g)
{
    recur_data *d = g->d;
    if (g->like != NULL) {
        d->form = json_incref(g->like->form);
        return RECUR_OK;
    }
    bool alone, are = rc_tag_entities(g->tags, &alone);
    const char *wish = g->o != NULL ? g->o->scheme : NULL, *scheme = "as-is";
    if (wish != NULL && strcmp(wish, "as-is") != 0 && rc_scheme_find(wish) == NULL)
        return rc_fail(d->r, RECUR_EOPTION, "--scheme '%s': iob2, bioes and as-is are known", wish);
    if (wish != NULL && strcmp(wish, "as-is") != 0 && !are)
        return rc_fail(d->r, RECUR_EDATA, "%s: --scheme %s: the tags are no entities (O, B-X, I-X)",
                       d->paths > 0 ? d->path[0] : "examples", wish);
    if (alone)
        scheme = "bioes";
    else if (are)
        scheme = wish != NULL ? wish : "iob2";
    json_t *kinds = json_array();
    rc_vocab *sorted = NULL;
    int32_t *now = NULL;
    int e = in_order(d->r, g->kinds, &sorted, &now);
    for (int i = 0; e == RECUR_OK && i < rc_vocab_size(sorted) - RC_FIRST; i++) {
        size_t n;
        const char *s = rc_vocab_str(sorted, RC_FIRST + i, &n);
        json_array_append_new(kinds, json_stringn(s, n));
    }
    rc_vocab_free(sorted);
    rc_free(d->r, now);
    d->form = json_pack("{s:b,s:b,s:b,s:s,s:o,s:I}", "segment", (int)alone, "signs", (int)g->signs,
                        "conllu", (int)g->conllu, "scheme", scheme, "kinds", kinds,
                        "column", (json_int_t)(g->o != NULL && g->o->column > 0 ? g->o->column : 0));
    return d->form != NULL ? e : rc_fail(d->r, RECUR_ENOMEM, "no memory for the form of the data");
}

/* The number of a tag as labels have it; from `classes` on: one that no head knows. */
static int number(rc_tag_gather *g, rc_vocab *learned, const char *s, size_t n, int32_t *out)
{
    recur_data *d = g->d;
    if (learned != NULL)
        return rc_tag_entry(g, learned, (rc_span_text){ s, n }, out);
    int32_t id = rc_vocab_id(d->labels, s, n);
    if (id >= RC_FIRST) {
        *out = id - RC_FIRST;
        return RECUR_OK;
    }
    int e = d->unseen == NULL ? rc_vocab_new(d->r, &d->unseen) : RECUR_OK;
    if (e == RECUR_OK)
        e = rc_tag_entry(g, d->unseen, (rc_span_text){ s, n }, out);
    *out += d->classes;
    return e;
}

typedef struct { const rc_scheme *scheme; rc_entity_kinds *kinds; rc_entity *work; char *part; rc_buf name; } writer;

/* Tags of one sentence as labels in the scheme's writing, in place. */
static int relabel(rc_tag_gather *g, writer *w, rc_vocab *learned, int32_t *tag, int n)
{
    int e = RECUR_OK, count = w->scheme != NULL ? rc_scheme_write(w->scheme, w->kinds, tag, n, w->work, w->part) : 0;
    for (int i = 0, k = 0; i < n && e == RECUR_OK; i++) {
        size_t m;
        const char *s;
        if (tag[i] < 0)
            continue;
        s = rc_vocab_str(g->tags, RC_FIRST + tag[i], &m);
        if (w->scheme != NULL && w->part[i] != 0) {
            while (k < count && w->work[k].to <= i)
                k++;
            const char *type = rc_entity_type(w->kinds, w->work[k].type);
            w->name.n = 0;
            e = rc_buf_print(&w->name, "%c%s%s", w->part[i], *type ? "-" : "", type);
            s = w->name.s, m = w->name.n;
        }
        if (e == RECUR_OK)
            e = number(g, learned, s, m, &tag[i]);
    }
    return e;
}

static int label_words(rc_tag_gather *g)
{
    recur_data *d = g->d;
    rc_vocab *learned = NULL;
    int32_t *now = NULL;
    int longest = 0, e = g->like == NULL ? rc_vocab_new(d->r, &learned) : RECUR_OK;
    for (int i = 0; i < d->count; i++)
        longest = d->ex[i].T > longest ? d->ex[i].T : longest;
    writer w = { .scheme = rc_scheme_find(json_string_value(json_object_get(d->form, "scheme"))) };
    rc_buf_init(&w.name, d->r, 0);
    w.work = rc_new(d->r, (size_t)longest + 1, sizeof *w.work);
    w.part = rc_new(d->r, (size_t)longest + 1, 1);
    if (w.work == NULL || w.part == NULL)
        e = RECUR_ENOMEM;
    if (e == RECUR_OK)
        e = rc_entity_kinds_new(d->r, &w.kinds, g->tags);
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        e = relabel(g, &w, learned, g->tag.id + d->ex[i].at, d->ex[i].T);
    if (e == RECUR_OK && learned != NULL)
        e = in_order(d->r, learned, &d->labels, &now);
    for (size_t i = 0; i < g->tag.n && now != NULL && e == RECUR_OK; i++)
        g->tag.id[i] = g->tag.id[i] < 0 ? -1 : now[g->tag.id[i]];
    rc_entity_kinds_free(w.kinds);
    rc_buf_free(&w.name);
    rc_free(d->r, w.work);
    rc_free(d->r, w.part);
    rc_free(d->r, now);
    rc_vocab_free(learned);
    return e;
}

/* What sentences are as a whole: learned in the order of bytes, or the model's, which form names. */
static int label_sentences(rc_tag_gather *g)
{
    recur_data *d = g->d;
    const json_t *names = json_object_get(d->form, "kinds");
    d->kinds = (int)json_array_size(names);
    for (int i = 0; i < d->count && d->kinds > 0; i++) {
        size_t n;
        const char *s = d->ex[i].label >= 0 ? rc_vocab_str(g->kinds, RC_FIRST + d->ex[i].label, &n) : NULL;
        int k = 0;
        while (s != NULL && k < d->kinds && strcmp(json_string_value(json_array_get(names, (size_t)k)), s) != 0)
            k++;
        d->ex[i].label = s != NULL ? k : -1;
    }
    return RECUR_OK;
}

int rc_tag_labels(rc_tag_gather *g)
{
    int e = label_words(g);
    return e == RECUR_OK ? label_sentences(g) : e;
}
