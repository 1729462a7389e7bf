/* SPDX-License-Identifier: MIT
 * model.c - models made, read, written, and looked into. */
#include <stdatomic.h>

#include "api/api.h"

static int nothing_said(void *ud, const char *form, ...)
{
    (void)ud; (void)form;
    return 0;
}

int recur_model_new(recur *r, recur_model **out, const char *net, const recur_data *d, uint64_t seed)
{
    if (!r || !out)
        return RECUR_EOPTION;
    *out = NULL;
    RC_NEED(r, d, RECUR_EOPTION, "recur_model_new: a model is made from data, and none are given");
    recur_train_options o;
    char line[4096] = "";
    int e;
    rc_options_or_default(NULL, &o);
    o.net = net;
    if (!net && (e = d->task->choose(d, &o, line, sizeof line, nothing_said, NULL)) < 0)
        return e;
    return rc_model_build(r, out, net ? net : line, d, seed, NULL);
}

int recur_model_load(recur *r, recur_model **out, const char *path)
{
    if (!r || !out)
        return RECUR_EOPTION;
    *out = NULL;
    RC_NEED(r, path, RECUR_EOPTION, "recur_model_load: no file is named");
    rc_store s;
    rc_store_init(&s, r);
    int e = rc_safetensors_read(r, path, &s);
    if (e >= 0)
        e = rc_model_from(r, out, &s, path);
    rc_store_free(&s);
    return e < 0 ? e : RECUR_OK;
}

int recur_model_save(const recur_model *m, const char *path)
{
    if (!m)
        return RECUR_EOPTION;
    RC_NEED(m->r, path, RECUR_EOPTION, "recur_model_save: no file is named");
    rc_store s;
    rc_store_init(&s, m->r);
    int e = rc_model_store(m, &s, true);
    if (e >= 0)
        e = rc_safetensors_write(m->r, path, &s);
    rc_store_free(&s);
    return e < 0 ? e : RECUR_OK;
}

const char *recur_model_net(const recur_model *m)
{
    return m->net->line;
}

const char *recur_model_task(const recur_model *m)
{
    return m->task->name;
}

int recur_model_labels(const recur_model *m)
{
    return rc_model_label_count(m);
}

const char *recur_model_label(const recur_model *m, int i)
{
    size_t n;
    if (i < 0 || i >= rc_model_label_count(m))
        return NULL;
    return rc_vocab_str(m->labels, RC_FIRST + i, &n);
}

/* Counted on a model that others may look at too, so const and atomic. */
void rc_model_wrote(const recur_model *m)
{
    _Atomic uint64_t *version = (void *)(uintptr_t)&m->version;
    atomic_fetch_add_explicit(version, 1, memory_order_relaxed);
}

void recur_model_touch(recur_model *m)
{
    if (m)
        rc_model_wrote(m);
}

int recur_model_weights(recur_model *m, const char *storage)
{
    if (!m)
        return RECUR_EOPTION;
    int as = storage ? rc_storage_find(storage) : -1;
    RC_NEED(m->r, as >= 0, RECUR_EOPTION, "weights are stored as fp32, fp16, bf16 or int8, not as '%s'", storage ? storage : "");
    int e = rc_model_weights(m, as);
    rc_model_wrote(m);
    return e;
}

int recur_model_param(const recur_model *m, int i, recur_param *out)
{
    if (!m || !out || i < 0)
        return RECUR_EOPTION;
    if (i >= m->net->params.n)
        return RECUR_EEND;
    const rc_param *p = &m->net->params.p[i];
    *out = (recur_param){ .name = p->name, .rank = p->rank, .w = (void *)(m->w + p->at), .n = p->n };
    memcpy(out->dim, p->dim, sizeof out->dim);
    rc_model_wrote(m);
    return RECUR_OK;
}
