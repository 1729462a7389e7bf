/* SPDX-License-Identifier: MIT
 * load.c - a store -> a model, every number checked before anything is made of it.
 *
 * Order: card, text, labels, facts, net; then each declared weight must stand in the store with its shape, so that
 * the block of weights is never larger than the file; last, nothing may be left over. */
#include <limits.h>
#include <math.h>
#include "task/side.h"

enum { FORMAT = 1 };

static int bad(recur_model *m, const char *path, const char *what, const char *why)
{
    return rc_fail(m->r, RECUR_EFORMAT, "%s: %s: %s", path, rc_speak(m->r, what), rc_speak(m->r, why));
}

/* JSON under a key of the metadata; NULL where the key is absent or is no JSON. */
static json_t *parse(const rc_store *s, const char *key)
{
    const char *text = rc_store_get(s, key);
    return text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static int load_card(recur_model *m, const rc_store *s, const char *path)
{
    m->card = parse(s, "recur");
    if (rc_store_get(s, "recur") == NULL)
        return bad(m, path, "no \"recur\" in the metadata", "a safetensors file, but not a model of recur");
    if (!json_is_object(m->card))
        return bad(m, path, "metadata \"recur\"", "not a JSON object");
    json_int_t format = json_integer_value(json_object_get(m->card, "format"));
    if (format != FORMAT)
        return rc_fail(m->r, RECUR_EFORMAT, "%s: format %lld, this version reads format %d", path, (long long)format,
                       FORMAT);
    const char *task = json_string_value(json_object_get(m->card, "task"));
    if (task == NULL || (m->task = rc_task_find(task)) == NULL)
        return rc_fail(m->r, RECUR_EFORMAT, "%s: task '%.64s' is not known to this version", path,
                       task != NULL ? task : "");
    return RECUR_OK;
}

static int load_labels(recur_model *m, const rc_store *s, const char *path)
{
    if (rc_store_get(s, "labels") == NULL)
        return RECUR_OK;
    json_t *names = parse(s, "labels");
    int e = json_is_array(names) ? rc_vocab_new(m->r, &m->labels)
                                 : bad(m, path, "metadata \"labels\"", "not a JSON array");
    for (size_t i = 0; e == RECUR_OK && i < json_array_size(names); i++) {
        json_t *name = json_array_get(names, i);
        int32_t id = -1;
        if (!json_is_string(name) || json_string_length(name) == 0)
            e = bad(m, path, "metadata \"labels\"", "a label is no text");
        else
            e = rc_vocab_add(m->labels, json_string_value(name), json_string_length(name), 0, &id);
        if (e == RECUR_OK && id != RC_FIRST + (int32_t)i)
            e = bad(m, path, "metadata \"labels\"", "a label stands there twice");
    }
    json_decref(names);
    return e;
}

static int load_numbers(recur_model *m, rc_store *s, const char *path, const char *name, int n, float **out)
{
    const rc_tensor *t = rc_store_find(s, name);
    if (t == NULL || t->dtype != RC_F32 || t->rank != 1 || t->n != (size_t)n)
        return bad(m, path, name, t == NULL ? "missing" : "not one number for each feature");
    if ((*out = rc_new(m->r, (size_t)n, sizeof(float))) == NULL)
        return RECUR_ENOMEM;
    memcpy(*out, t->data, (size_t)n * sizeof(float));
    for (int i = 0; i < n; i++)
        if (!isfinite((*out)[i]))
            return bad(m, path, name, "a number is not finite");
    return RECUR_OK;
}

/* One pair of numbers for each feature, or for each column of the tables that windows are cut from. */
static int load_scaling(recur_model *m, rc_store *s, const char *path, int features)
{
    int e, columns = (int)json_array_size(json_object_get(json_object_get(m->card, "form"), "columns"));
    features = columns > 0 ? columns : features;
    if (features == 0 || rc_store_find(s, "scaling.mean") == NULL)
        return RECUR_OK;
    m->scaling.n = features;
    if ((e = load_numbers(m, s, path, "scaling.mean", features, &m->scaling.mean)) != RECUR_OK)
        return e;
    return load_numbers(m, s, path, "scaling.scale", features, &m->scaling.scale);
}

int rc_json_sizes(const json_t *a, int most, int *out)
{
    size_t n = json_array_size(a);
    if (!json_is_array(a) || n > (size_t)most)
        return -1;
    for (size_t i = 0; i < n; i++) {
        json_int_t v = json_integer_value(json_array_get(a, i));
        if (v < 1 || v > INT_MAX)
            return -1;
        out[i] = (int)v;
    }
    return (int)n;
}

static int load_facts(recur_model *m, const char *path, rc_facts *f)
{
    const json_t *j = json_object_get(m->card, "facts");
    json_int_t features = json_integer_value(json_object_get(j, "features"));
    memset(f, 0, sizeof *f);
    f->columns = rc_json_sizes(json_object_get(j, "vocabulary"), 4, f->vocabulary);
    int heads = rc_json_sizes(json_object_get(j, "classes"), RECUR_HEADS, f->classes);
    if (f->columns < 0 || heads < 0 || features < 0 || features > INT_MAX)
        return bad(m, path, "facts", "not the numbers of ids, features and classes");
    json_int_t shape = json_integer_value(json_object_get(j, "shape"));
    if (shape < 0 || shape > 2 || (shape > 0 && (shape >= f->columns || f->vocabulary[shape] != RC_SHAPES)))
        return bad(m, path, "facts", "no such column of shapes");
    f->features = (int)features;
    f->shape = (int)shape;
    if (m->text != NULL && (f->columns < 1 || f->vocabulary[0] != rc_vocab_size(m->text->vocab)))
        return bad(m, path, "facts", "another vocabulary size than the text has");
    if (m->text != NULL && f->columns > 1 && f->shape != 1
        && (m->text->pairs == NULL || f->vocabulary[1] != rc_vocab_size(m->text->pairs)))
        return bad(m, path, "facts", "another number of pairs than the text has");
    if (m->labels == NULL && m->text != NULL && f->classes[0] != f->vocabulary[0])
        return bad(m, path, "facts", "another number of classes than the vocabulary has");
    if (m->labels != NULL && f->classes[0] != rc_model_label_count(m))
        return bad(m, path, "facts", "another number of classes than labels");
    return RECUR_OK;
}

/* The tensor of a weight, if it stands there as declared. */
static int weight(recur_model *m, rc_store *s, const char *path, const rc_param *p, rc_tensor **out)
{
    rc_tensor *t = *out = rc_store_find(s, p->name);
    if (t == NULL)
        return bad(m, path, p->name, "this weight is missing");
    if (t->dtype != RC_F32 && t->dtype != RC_F64 && t->dtype != rc_model_dtype(m, p))
        return bad(m, path, p->name, "weights are F32, F64 or what the card's \"weights\" says");
    bool fits = t->rank == p->rank && t->n == p->n;
    for (int k = 0; k < p->rank && fits; k++)
        fits = t->dim[k] == p->dim[k];
    if (!fits)
        return rc_fail(m->r, RECUR_EFORMAT,
                       "%s: %s: rank %d with %zu numbers, the net '%.200s' declares rank %d with %zu", path, p->name,
                       t->rank, t->n, m->net->line, p->rank, p->n);
    return RECUR_OK;
}

static int load_weights(recur_model *m, rc_store *s, const char *path)
{
    rc_tensor *t;
    const char *as = json_string_value(json_object_get(m->card, "weights"));
    int e = RECUR_OK;
    if (as != NULL && (m->net->as = rc_storage_find(as)) < 0)
        return bad(m, path, as, "weights are stored in a way that this version does not know");
    for (int i = 0; i < m->net->params.n && e == RECUR_OK; i++)
        e = weight(m, s, path, &m->net->params.p[i], &t);
    if (e == RECUR_OK && (m->w = rc_new(m->r, m->net->params.total, sizeof *m->w)) == NULL)
        e = RECUR_ENOMEM;
    for (int i = 0; i < m->net->params.n && e == RECUR_OK; i++) {
        const rc_param *p = &m->net->params.p[i];
        e = weight(m, s, path, p, &t);
        if (e == RECUR_OK)
            e = rc_model_load_matrix(m, s, path, p, t);
    }
    return e;
}

static bool begins(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

/* The baseline's tensors are copied; the checkpoint's are its reader's; any other left over is an error. */
static int load_rest(recur_model *m, rc_store *s, const char *path)
{
    int e = RECUR_OK;
    m->baseline = parse(s, "baseline");
    for (int i = 0; i < s->tensors && e == RECUR_OK; i++) {
        rc_tensor *t = &s->tensor[i];
        if (t->used || begins(t->name, "opt.") || begins(t->name, "loop."))
            continue;
        if (!begins(t->name, "baseline."))
            return bad(m, path, t->name, "a tensor that the net does not have is left over");
        rc_model_extra(m, t->name + strlen("baseline."), t->dtype, (int64_t)t->n, t->data, &e);
        t->used = true;
    }
    return e;
}

int rc_model_from(recur *r, recur_model **out, rc_store *s, const char *path)
{
    rc_facts facts;
    recur_model *m = rc_new(r, 1, sizeof *m);
    *out = NULL;
    if (m == NULL)
        return RECUR_ENOMEM;
    m->r = r;
    rc_store_init(&m->extra, r);
    int e = load_card(m, s, path);
    if (e == RECUR_OK && rc_store_get(s, "text") != NULL)
        e = rc_text_load(r, &m->text, s);
    if (e == RECUR_OK)
        e = load_labels(m, s, path);
    if (e == RECUR_OK)
        e = load_facts(m, path, &facts);
    if (e == RECUR_OK)
        e = rc_side_load(m, s, path, &facts);
    const char *line = e == RECUR_OK ? json_string_value(json_object_get(m->card, "net")) : NULL;
    if (e == RECUR_OK && line == NULL)
        e = bad(m, path, "net", "missing from the model card");
    if (e == RECUR_OK && (e = rc_net_new(r, &m->net, line, m->task->head, &facts)) == RECUR_ESPEC) {
        char why[900];
        memcpy(why, r->message, sizeof why);
        why[sizeof why - 1] = 0;
        e = rc_fail(r, RECUR_EFORMAT, "%s: %s", path, why);
    }
    if (e == RECUR_OK)
        e = load_scaling(m, s, path, facts.features);
    if (e == RECUR_OK)
        e = load_weights(m, s, path);
    if (e == RECUR_OK)
        e = load_rest(m, s, path);
    if (e == RECUR_OK && m->task->ready != NULL)
        e = m->task->ready(m);
    if (e != RECUR_OK)
        recur_model_free(m);
    else
        *out = m;
    return e;
}
