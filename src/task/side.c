/* SPDX-License-Identifier: MIT
 * side.c - what a model keeps of the side chain's data: its text and scaling, in the model's file under the same
 * names as the main ones with "side." before them.  A text that both sides share stands there once. */
#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "task/side.h"

int rc_side_learned(recur_model *m, const recur_data *side)
{
    m->side_text = rc_text_share(side->text);
    return rc_scaling_copy(m->r, &side->scaling, &m->side_scaling);
}

void rc_side_forget(recur_model *m)
{
    rc_text_free(m->side_text);
    rc_scaling_free(m->r, &m->side_scaling);
}

json_t *rc_side_json(const recur_model *m)
{
    const rc_facts *f = &m->net->facts;
    json_t *vocabulary = json_array();
    const char *text = m->side_text == NULL ? "none" : m->side_text == m->text ? "shared" : "own";
    for (int c = 0; c < f->side.columns && c < 4; c++)
        json_array_append_new(vocabulary, json_integer(f->side.vocabulary[c]));
    return json_pack("{s:o,s:i,s:s}", "vocabulary", vocabulary, "features", f->side.features, "text", text);
}

/* --- to a store --- */

/* All that stands in `from`, under longer names; blocks that `from` keeps go along. */
static int move(rc_store *from, rc_store *to)
{
    char name[160];
    int e = RECUR_OK;
    while (from->keeps > 0 && e == RECUR_OK)
        e = rc_store_keep(to, from->kept[--from->keeps]);
    for (int i = 0; i < from->tensors && e == RECUR_OK; i++) {
        const rc_tensor *t = &from->tensor[i];
        snprintf(name, sizeof name, "side.%s", t->name);
        e = rc_store_add(to, name, t->dtype, t->rank, t->dim, t->data);
    }
    for (int i = 0; i < from->texts && e == RECUR_OK; i++) {
        snprintf(name, sizeof name, "side.%s", from->key[i]);
        e = rc_store_text(to, name, from->value[i]);
    }
    return e;
}

int rc_side_store(const recur_model *m, rc_store *s)
{
    const int64_t n = m->side_scaling.n;
    int e = RECUR_OK;
    if (m->net->side == 0)
        return e;
    if (m->side_text != NULL && m->side_text != m->text) {
        rc_store own;
        rc_store_init(&own, m->r);
        if ((e = rc_text_save(m->side_text, &own)) == RECUR_OK)
            e = move(&own, s);
        rc_store_free(&own);
    }
    if (e == RECUR_OK && n > 0)
        e = rc_store_add(s, "side.scaling.mean", RC_F32, 1, &n, m->side_scaling.mean);
    return e == RECUR_OK && n > 0 ? rc_store_add(s, "side.scaling.scale", RC_F32, 1, &n, m->side_scaling.scale) : e;
}

/* --- from a store --- */

static int bad(const recur_model *m, const char *path, const char *what)
{
    return rc_fail(m->r, RECUR_EFORMAT, "%s: the side chain's data: %s", path, rc_speak(m->r, what));
}

/* The side's own text, of the tensors and texts that begin with "side.text". */
static int load_text(recur_model *m, rc_store *s, const char *path)
{
    static const char begins[] = "side.text";
    const size_t n = sizeof begins - 1, skip = sizeof "side." - 1;
    rc_store own;
    int e = RECUR_OK;
    rc_store_init(&own, m->r);
    for (int i = 0; i < s->tensors && e == RECUR_OK; i++) {
        rc_tensor *t = &s->tensor[i];
        if (strncmp(t->name, begins, n) != 0)
            continue;
        e = rc_store_add(&own, t->name + skip, t->dtype, t->rank, t->dim, t->data);
        t->used = true;
    }
    for (int i = 0; i < s->texts && e == RECUR_OK; i++)
        if (strncmp(s->key[i], begins, n) == 0)
            e = rc_store_text(&own, s->key[i] + skip, s->value[i]);
    if (e == RECUR_OK && (e = rc_text_load(m->r, &m->side_text, &own)) == RECUR_EFORMAT) {
        char why[700];
        memcpy(why, m->r->message, sizeof why);
        why[sizeof why - 1] = 0;
        bad(m, path, why);
    }
    if (e == RECUR_OK && rc_store_left(&own) != NULL)
        e = bad(m, path, "a tensor of its text is left over");
    rc_store_free(&own);
    return e;
}

static int load_numbers(recur_model *m, rc_store *s, const char *path, const char *name, float **out)
{
    const rc_tensor *t = rc_store_find(s, name);
    if (t == NULL || t->dtype != RC_F32 || t->rank != 1 || t->n == 0 || t->n > INT_MAX
        || (m->side_scaling.n > 0 && t->n != (size_t)m->side_scaling.n))
        return bad(m, path, "scaling that is not a list of numbers, as many of each");
    m->side_scaling.n = (int)t->n;
    if ((*out = rc_new(m->r, t->n, sizeof(float))) == NULL)
        return RECUR_ENOMEM;
    memcpy(*out, t->data, t->n * sizeof(float));
    for (size_t i = 0; i < t->n; i++)
        if (!isfinite((*out)[i]))
            return bad(m, path, "scaling with a number that is not finite");
    return RECUR_OK;
}

int rc_side_load(recur_model *m, rc_store *s, const char *path, rc_facts *f)
{
    const json_t *j = json_object_get(json_object_get(m->card, "facts"), "side");
    if (j == NULL)
        return RECUR_OK;
    const char *text = json_string_value(json_object_get(j, "text"));
    json_int_t features = json_integer_value(json_object_get(j, "features"));
    int e = RECUR_OK;
    f->side.columns = rc_json_sizes(json_object_get(j, "vocabulary"), 4, f->side.vocabulary);
    if (f->side.columns < 0 || features < 0 || features > INT_MAX || text == NULL)
        return bad(m, path, "not the numbers of ids and features");
    f->side.features = (int)features;
    if (strcmp(text, "own") == 0)
        e = load_text(m, s, path);
    else if (strcmp(text, "shared") == 0)
        m->side_text = rc_text_share(m->text);
    else if (strcmp(text, "none") != 0)
        e = bad(m, path, "a text that is neither its own nor shared");
    if (e == RECUR_OK && strcmp(text, "none") != 0
        && (m->side_text == NULL || f->side.columns < 1 || f->side.vocabulary[0] != rc_vocab_size(m->side_text->vocab)
            || (f->side.columns > 1 && (m->side_text->pairs == NULL
                                        || f->side.vocabulary[1] != rc_vocab_size(m->side_text->pairs)))))
        e = bad(m, path, "another vocabulary size than its text has");
    if (e == RECUR_OK && rc_store_find(s, "side.scaling.mean") != NULL
        && (e = load_numbers(m, s, path, "side.scaling.mean", &m->side_scaling.mean)) == RECUR_OK)
        e = load_numbers(m, s, path, "side.scaling.scale", &m->side_scaling.scale);
    return e;
}
