/* SPDX-License-Identifier: MIT
 * inspect.c - what a model is, how good it is, whether data are sound: answers as JSON. */
#include <stdlib.h>

#include "api/api.h"

int rc_text_of(recur *r, json_t *j, char **out)
{
    char *s = j ? json_dumps(j, JSON_INDENT(2) | JSON_REAL_PRECISION(8)) : NULL;
    json_decref(j);
    *out = s ? rc_copy(r, s) : NULL;
    bool lost = !s;
    free(s);
    if (lost)
        return rc_fail(r, RECUR_ENOMEM, "out of memory");
    return *out ? RECUR_OK : RECUR_ENOMEM;
}

int recur_eval(recur *r, const recur_model *m, recur_data *d, char **json)
{
    if (!r || !json)
        return RECUR_EOPTION;
    *json = NULL;
    RC_NEED(r, m && d, RECUR_EOPTION, "recur_eval: a model and data are needed");
    RC_NEED(r, d->task == m->task, RECUR_EOPTION, "recur_eval: data of task '%s' for a model of task '%s'",
            d->task->name, m->task->name);
    json_t *j = NULL;
    int e = m->task->eval(m, d, &j);
    return e < 0 ? e : rc_text_of(r, j, json);
}

int recur_check(recur *r, const char *task, const char *const *path, int n, const recur_train_options *o, char **json)
{
    if (!r || !json)
        return RECUR_EOPTION;
    *json = NULL;
    RC_NEED(r, path && n > 0, RECUR_EOPTION, "recur_check: no file is named");
    recur_train_options all;
    const rc_task *t;
    json_t *j = NULL;
    int e = rc_options_or_default(r, o, &all);
    if (e < 0 || (e = rc_task_named(r, task, NULL, &t)) < 0 || (e = rc_options_suit(r, t, &all, true)) < 0
        || (e = t->check(r, path, n, &all, &j)) < 0)
        return e;
    return rc_text_of(r, j, json);
}

/* --- inspect --- */

static json_t *lines_of(const char *s)
{
    json_t *out = json_array();
    for (rc_lines l = { .s = s, .end = s + strlen(s) }; ;) {
        const char *line;
        size_t n;
        if (!rc_lines_next(&l, &line, &n))
            return out;
        json_array_append_new(out, json_stringn(line, n));
    }
}

static json_t *weights_of(const recur_model *m, const int *param, int n)
{
    json_t *out = json_array();
    for (int i = 0; i < n; i++) {
        const rc_param *p = &m->net->params.p[param[i]];
        json_t *shape = json_array();
        for (int k = 0; k < p->rank; k++)
            json_array_append_new(shape, json_integer(p->dim[k]));
        json_t *one = json_pack("{s:s, s:o, s:b}", "name", p->name, "shape", shape, "frozen", p->frozen);
        json_array_append_new(out, one);
    }
    return out;
}

static json_t *layers_of(const recur_model *m)
{
    json_t *out = json_array();
    for (int i = 0; i < m->net->layers; i++) {
        const rc_layer *l = m->net->layer[i];
        const char *word = l->kind->word ? l->kind->word(l) : l->kind->name;
        json_t *one = json_pack("{s:s, s:i, s:i, s:s, s:o}", "layer", word, "in", l->in, "out", l->out,
                                "rows", l->per_seq ? "sequences" : "steps", "weights", weights_of(m, l->param, l->nparam));
        char formula[1024];
        if (l->kind->write)
            l->kind->write(l, formula, sizeof formula);
        json_object_set_new(one, "formula", lines_of(l->kind->write ? formula : l->kind->formula));
        json_array_append_new(out, one);
    }
    return out;
}

static json_t *heads_of(const recur_model *m)
{
    json_t *out = json_array();
    for (int i = 0; i < m->net->branches; i++) {
        const rc_head *h = m->net->branch[i].head;
        json_t *one = json_pack("{s:s, s:i, s:f, s:o}", "head", h->kind->name, "in", h->from, "weight", h->weight,
                                "weights", weights_of(m, h->param, h->nparam));
        json_object_set_new(one, "formula", lines_of(h->kind->formula));
        json_array_append_new(out, one);
    }
    return out;
}

static json_t *text_of(const recur_model *m)
{
    if (!m->text)
        return json_null();
    const rc_text *t = m->text;
    return json_pack("{s:s, s:i, s:i, s:b, s:b, s:b}", "unit", t->unit->name, "vocabulary", rc_vocab_size(t->vocab),
                     "pairs", t->pairs ? rc_vocab_size(t->pairs) : 0, "lower", t->o.lower, "marked", t->o.marked,
                     "nfkc", t->o.nfkc);
}

static json_t *labels_of(const recur_model *m)
{
    json_t *out = json_array();
    for (int i = 0; i < rc_model_label_count(m); i++)
        json_array_append_new(out, json_string(recur_model_label(m, i)));
    return out;
}

static json_int_t weights(const recur_model *m)
{
    size_t n = 0;
    for (int i = 0; i < m->net->params.n; i++)
        n += m->net->params.p[i].n;
    return (json_int_t)n;
}

int recur_inspect(recur *r, const recur_model *m, char **json)
{
    if (!r || !json)
        return RECUR_EOPTION;
    *json = NULL;
    RC_NEED(r, m, RECUR_EOPTION, "recur_inspect: no model is given");
    rc_buf b;
    rc_buf_init(&b, r, 0);
    int e = rc_net_describe(m->net, &b);
    if (e < 0)
        goto done;
    json_t *card = json_copy(m->card);
    json_object_del(card, "training");         /* it stands by itself */
    json_t *j = json_pack("{s:s, s:s, s:I, s:o, s:O?, s:o, s:b, s:I, s:o, s:o, s:o, s:o?}", "task", m->task->name,
                          "net", m->net->line, "parameters", weights(m), "labels", labels_of(m),
                          "training", json_object_get(m->card, "training"), "text", text_of(m),
                          "streams", m->net->streams, "state", (json_int_t)m->net->state_size,
                          "shapes", lines_of(b.s ? b.s : ""), "layers", layers_of(m), "heads", heads_of(m), "card", card);
    e = rc_text_of(r, j, json);
done:
    rc_buf_free(&b);
    return e;
}
