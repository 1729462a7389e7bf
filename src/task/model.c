/* SPDX-License-Identifier: MIT
 * model.c - everything that one file holds: net, weights, text, labels, scaling, card, baseline.
 *
 * In the file, weights stand under the names of their parameters; the card is JSON under the key "recur" of the
 * metadata.  A tensor that is missing, left over or of another shape is an error that names it: a model loads whole
 * or not at all. */
#include <stdio.h>
#include <stdlib.h>
#include "task/side.h"

enum { FORMAT = 1 };

void recur_model_free(recur_model *m)
{
    if (m == NULL)
        return;
    recur *r = m->r;
    for (int i = 0; i < m->extra.tensors; i++) {
        void *own;
        memcpy(&own, &m->extra.tensor[i].data, sizeof own);
        rc_free(r, own);
    }
    rc_store_free(&m->extra);
    rc_net_free(m->net);
    rc_free(r, m->w);
    rc_side_forget(m);
    rc_text_free(m->text);
    rc_vocab_free(m->labels);
    rc_scaling_free(r, &m->scaling);
    rc_free(r, m->class_weight);
    rc_free(r, m->forbid);
    json_decref(m->card);
    json_decref(m->baseline);
    rc_free(r, m);
}

static int empty(recur *r, recur_model **out, const rc_task *task)
{
    recur_model *m = *out = rc_new(r, 1, sizeof *m);
    if (m == NULL)
        return RECUR_ENOMEM;
    m->r = r;
    m->task = task;
    rc_store_init(&m->extra, r);
    return RECUR_OK;
}

int rc_model_label_count(const recur_model *m)
{
    return m->labels != NULL ? rc_vocab_size(m->labels) - RC_FIRST : 0;
}

/* --- new --- */

/* Rows of word vectors for the entries of the vocabulary. */
static int read_vectors(recur *r, const char *path, const rc_vocab *v, rc_facts *f, float **out)
{
    rc_map *want = NULL;
    int64_t found = 0;
    int e = rc_map_new(r, &want);
    for (int32_t i = 0; i < rc_vocab_size(v) && e == RECUR_OK; i++) {
        size_t n;
        const char *s = rc_vocab_str(v, i, &n);
        e = rc_map_set(want, s, n, i);
    }
    if (e == RECUR_OK)
        e = rc_vectors_read(r, path, want, &f->vector_dim, out, &found);
    if (e == RECUR_OK && found == 0)
        rc_warn(r, "%s: none of the vocabulary's %d entries has a vector there", path, rc_vocab_size(v));
    f->vectors = e == RECUR_OK ? *out : NULL;
    rc_map_free(want);
    return e;
}

static int vectors_are_read(const rc_net *n)
{
    for (int i = n->side; i < n->layers; i++)
        if (rc_embed_vectors(n->layer[i]))
            return RECUR_OK;
    return rc_fail(n->r, RECUR_EOPTION, "--vectors: no layer of this net starts from them; say --net with 'embed vectors' in it: %.300s",
                   n->line);
}

int rc_model_build(recur *r, recur_model **out, const char *net, const recur_data *d, uint64_t seed, const char *vectors)
{
    recur_model *m;
    rc_facts facts;
    float *rows = NULL;
    int e = empty(r, &m, d->task);
    *out = NULL;
    if (e != RECUR_OK)
        return e;
    rc_data_facts(d, &facts);
    if (vectors != NULL && d->text == NULL)
        e = rc_fail(r, RECUR_EOPTION, "--vectors: the data has no words");
    else if (vectors != NULL)
        e = read_vectors(r, vectors, d->text->vocab, &facts, &rows);
    if (e == RECUR_OK)
        e = rc_net_new(r, &m->net, net, d->task->head, &facts);
    if (e == RECUR_OK && vectors != NULL)
        e = vectors_are_read(m->net);
    if (e == RECUR_OK && (m->w = rc_new(r, m->net->params.total, sizeof *m->w)) == NULL)
        e = RECUR_ENOMEM;
    if (e == RECUR_OK && (m->card = json_object()) == NULL)
        e = rc_fail(r, RECUR_ENOMEM, "no memory for the model card");
    if (e == RECUR_OK && d->text != NULL && !d->stream
        && json_object_set_new(m->card, "max_length", json_integer(d->max_length)) != 0)
        e = rc_fail(r, RECUR_ENOMEM, "no memory for the model card");
    if (e == RECUR_OK && d->form != NULL && json_object_set(m->card, "form", d->form) != 0)
        e = rc_fail(r, RECUR_ENOMEM, "no memory for the model card");
    if (e == RECUR_OK) {
        rc_net_init(m->net, &facts, seed, m->w);
        m->text = rc_text_share(d->text), m->labels = rc_vocab_share(d->labels);
        e = rc_scaling_copy(r, &d->scaling, &m->scaling);
    }
    if (e == RECUR_OK && d->side != NULL)
        e = rc_side_learned(m, d->side);
    if (e == RECUR_OK && m->task->suits != NULL)
        e = m->task->suits(m);
    if (e == RECUR_OK && m->task->ready != NULL)
        e = m->task->ready(m);
    rc_free(r, rows);
    if (e != RECUR_OK)
        recur_model_free(m);
    else
        *out = m;
    return e;
}

void rc_model_extra(recur_model *m, const char *name, int dtype, int64_t n, const void *data, int *error)
{
    char full[128];
    size_t bytes;
    if (*error != RECUR_OK)
        return;
    snprintf(full, sizeof full, "baseline.%s", name);
    if (n < 0 || !rc_mul((size_t)n, rc_dtype_size(dtype), &bytes)) {
        *error = rc_fail(m->r, RECUR_EFORMAT, "%s: size overflows", full);
        return;
    }
    void *own = rc_new(m->r, bytes + 1, 1);
    if (own == NULL) {
        *error = RECUR_ENOMEM;
        return;
    }
    if (bytes > 0)
        memcpy(own, data, bytes);
    if ((*error = rc_store_add(&m->extra, full, dtype, 1, &n, own)) != RECUR_OK)
        rc_free(m->r, own);
}

/* --- to a store --- */

static int store_labels(const recur_model *m, rc_store *s)
{
    json_t *names = json_array();
    int e = names != NULL ? RECUR_OK : RECUR_ENOMEM;
    for (int i = 0; i < rc_model_label_count(m) && e == RECUR_OK; i++) {
        size_t n;
        const char *name = rc_vocab_str(m->labels, RC_FIRST + i, &n);
        e = json_array_append_new(names, json_stringn(name, n)) == 0 ? RECUR_OK : RECUR_ENOMEM;
    }
    char *text = e == RECUR_OK ? json_dumps(names, JSON_COMPACT) : NULL;
    e = text != NULL ? rc_store_text(s, "labels", text) : rc_fail(m->r, RECUR_ENOMEM, "no memory for the labels");
    json_decref(names);
    free(text);
    return e;
}

static json_t *facts_json(const recur_model *m)
{
    const rc_facts *f = &m->net->facts;
    json_t *vocabulary = json_array(), *classes = json_array();
    for (int c = 0; c < f->columns && c < 4; c++)
        json_array_append_new(vocabulary, json_integer(f->vocabulary[c]));
    for (int h = 0; h < RECUR_HEADS && f->classes[h] > 0; h++)
        json_array_append_new(classes, json_integer(f->classes[h]));
    json_t *all = json_pack("{s:o,s:i,s:o,s:i}", "vocabulary", vocabulary, "features", f->features, "classes", classes,
                            "shape", f->shape);
    if (all != NULL && m->net->side > 0 && json_object_set_new(all, "side", rc_side_json(m)) != 0) {
        json_decref(all);
        return NULL;
    }
    return all;
}

static int store_json(const recur_model *m, rc_store *s, const char *key, const json_t *j)
{
    char *text = j != NULL ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    int e = text != NULL ? rc_store_text(s, key, text)
                         : rc_fail(m->r, RECUR_ENOMEM, "no memory for the model's %s", key);
    free(text);
    return e;
}

int rc_model_store(const recur_model *m, rc_store *s, bool baseline)
{
    json_t *card = json_copy(m->card);
    int e = RECUR_OK;
    if (card == NULL || json_object_set_new(card, "format", json_integer(FORMAT)) != 0
        || json_object_set_new(card, "version", json_string(RECUR_VERSION)) != 0
        || json_object_set_new(card, "task", json_string(m->task->name)) != 0
        || json_object_set_new(card, "net", json_string(m->net->line)) != 0
        || json_object_set_new(card, "facts", facts_json(m)) != 0
        || (m->net->as != RC_F32_WEIGHTS && json_object_set_new(card, "weights", json_string(rc_storage_name[m->net->as])) != 0))
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the model card");
    if (e == RECUR_OK)
        e = store_json(m, s, "recur", card);
    json_decref(card);
    for (int i = 0; i < m->net->params.n && e == RECUR_OK; i++) {
        const rc_param *p = &m->net->params.p[i];
        e = rc_model_store_matrix(m, s, p);
    }
    if (e == RECUR_OK && m->text != NULL)
        e = rc_text_save(m->text, s);
    if (e == RECUR_OK)
        e = rc_side_store(m, s);
    if (e == RECUR_OK && m->labels != NULL)
        e = store_labels(m, s);
    int64_t n = m->scaling.n;
    if (e == RECUR_OK && n > 0 && (e = rc_store_add(s, "scaling.mean", RC_F32, 1, &n, m->scaling.mean)) == RECUR_OK)
        e = rc_store_add(s, "scaling.scale", RC_F32, 1, &n, m->scaling.scale);
    if (e == RECUR_OK && baseline && m->baseline != NULL)
        e = store_json(m, s, "baseline", m->baseline);
    for (int i = 0; i < m->extra.tensors && e == RECUR_OK && baseline; i++) {
        const rc_tensor *t = &m->extra.tensor[i];
        e = rc_store_add(s, t->name, t->dtype, t->rank, t->dim, t->data);
    }
    return e;
}

static bool takes(const rc_head *h, const char *key)
{
    for (int i = 0; i < h->kind->nkeys; i++)
        if (strcmp(h->kind->keys[i].name, key) == 0)
            return true;
    return false;
}

/* A number that is given to every head whose line has no such key: a net none of whose heads takes it has no use for it. */
static int spread(recur_model *m, const char *key, double x, size_t at)
{
    bool taken = !(x > 0);
    for (int b = 0; b < m->net->branches && !taken; b++)
        taken = takes(m->net->branch[b].head, key);
    if (!taken)
        return rc_fail(m->r, RECUR_EOPTION, "--%s: this net's head (%s) has no use for it; softmax has", key,
                       m->net->branch[0].head->kind->name);
    for (int b = 0; b < m->net->branches && x > 0; b++) {
        double *own = (double *)((char *)m->net->branch[b].head + at);
        if (takes(m->net->branch[b].head, key) && !(*own > 0))
            *own = x;
    }
    return RECUR_OK;
}

int rc_model_targets(recur_model *m, const recur_train_options *o)
{
    int e = spread(m, "smooth", o->smooth, offsetof(rc_head, smooth));
    return e == RECUR_OK ? spread(m, "focal", o->focal, offsetof(rc_head, focal)) : e;
}

int rc_model_heads(recur_model *m, const recur_train_options *o)
{
    for (int b = 0; b < m->net->branches; b++) {
        const rc_head *h = m->net->branch[b].head;
        if (h->kind->scores != NULL)                          /* it neither counts hits nor weighs classes */
            return rc_fail(m->r, RECUR_ESPEC, "net: head %d (%s) is for language models and translators; a chain of the task '%s' "
                           "ends in `dense | softmax`", b + 1, h->kind->name, m->task->name);
    }
    return rc_model_targets(m, o);
}
