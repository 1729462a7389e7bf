/* SPDX-License-Identifier: MIT
 * search_lm.c - a language model for a search: a slot is what it has heard, as its state and log P of each unit that may
 * come next. */
#include <math.h>

#include "task/transcribe/search.h"

struct rc_ctc_lm {
    recur *r; const recur_model *m;
    rc_run *u;
    bool signs;
    int slots, V;
    size_t size;                 /* reals of a state */
    real *state, *logp;          /* [slots][size], [slots][V] */
    bool *used;                  /* [slots] */
    int32_t *unit;               /* [width] of each class, where signs are judged */
};

static int suits(const rc_ctc_lm *l)
{
    const recur_model *m = l->m;
    const rc_net *net = m->net;
    if (m->text == NULL || net->branch[0].head->in != rc_vocab_size(m->text->vocab))
        return rc_fail(l->r, RECUR_EOPTION, "the language model is one for task %s: give one that `recur train lm` made",
                       m->task->name);
    if (!net->streams || net->facts.columns != 1)
        return rc_fail(l->r, RECUR_EOPTION, "this language model cannot read one unit after the other: %s", net->line);
    return RECUR_OK;
}

int rc_ctc_lm_open(recur *r, rc_ctc_lm **out, const recur_model *m, int slots, const char *const *text, int width)
{
    rc_ctc_lm *l = *out = rc_new(r, 1, sizeof *l);
    if (l == NULL)
        return RECUR_ENOMEM;
    *l = (rc_ctc_lm){ .r = r, .m = m, .slots = slots };
    int e = suits(l);
    if (e != RECUR_OK)
        goto fail;
    l->signs = !strcmp(m->text->unit->name, "char");
    l->V = m->net->branch[0].head->in;
    l->size = m->net->state_size;
    if ((e = rc_run_new(r, &l->u, m->net, m->w, &(recur_dims){ .B = 1, .T = 1, .N = 1, .scores = 1 })) != RECUR_OK)
        goto fail;
    l->u->weights = 1;
    e = RECUR_ENOMEM;
    l->state = rc_new(r, (size_t)slots * l->size + 1, sizeof *l->state);
    l->logp = rc_new(r, (size_t)slots * (size_t)l->V, sizeof *l->logp);
    l->used = rc_new(r, (size_t)slots, sizeof *l->used);
    l->unit = rc_new(r, (size_t)width, sizeof *l->unit);
    if (l->state == NULL || l->logp == NULL || l->used == NULL || l->unit == NULL)
        goto fail;
    for (int k = 1; k < width; k++)
        l->unit[k] = rc_vocab_id(m->text->vocab, text[k], strlen(text[k]));
    return RECUR_OK;
fail:
    rc_ctc_lm_close(l);
    *out = NULL;
    return e;
}

void rc_ctc_lm_close(rc_ctc_lm *l)
{
    if (l == NULL)
        return;
    rc_run_free(l->u);
    rc_free(l->r, l->state);
    rc_free(l->r, l->logp);
    rc_free(l->r, l->used);
    rc_free(l->r, l->unit);
    rc_free(l->r, l);
}

bool rc_ctc_lm_signs(const rc_ctc_lm *l) { return l->signs; }

/* A new slot that has heard what `slot` (-1: nothing) has, and id. */
static int hear(rc_ctc_lm *l, int slot, int32_t id)
{
    int rows, to = 0;
    while (to < l->slots && l->used[to])
        to++;
    if (to == l->slots)
        return rc_fail(l->r, RECUR_EOPTION, "the language model is heard at more than %d places", l->slots);
    rc_run_state_reset(l->u, 0);
    if (slot >= 0)
        memcpy(l->u->state, l->state + (size_t)slot * l->size, l->size * sizeof *l->state);
    const real *z = rc_run_forward(l->u, &(recur_batch){ .T = 1, .B = 1, .N = 1, .C = 1, .ids = &id }, 0, &rows);
    if (z == NULL)
        return RECUR_ESHAPE;
    real *p = l->logp + (size_t)to * (size_t)l->V;
    memcpy(p, z, (size_t)l->V * sizeof *p);
    l->r->kern->xent(1, l->V, p, l->V, &(int32_t){ -1 }, NULL, 0, 0, false, 0, NULL);      /* z becomes log p */
    memcpy(l->state + (size_t)to * l->size, l->u->state, l->size * sizeof *l->state);
    l->used[to] = true;
    return to;
}

int rc_ctc_lm_start(rc_ctc_lm *l)
{
    memset(l->used, 0, (size_t)l->slots * sizeof *l->used);
    return hear(l, -1, rc_text_start(l->m->text));
}

static double said(const rc_ctc_lm *l, int slot, int32_t id)
{
    return (double)l->logp[(size_t)slot * (size_t)l->V + (size_t)id];
}

double rc_ctc_lm_label(const rc_ctc_lm *l, int slot, int32_t label) { return said(l, slot, l->unit[label]); }
int rc_ctc_lm_after(rc_ctc_lm *l, int slot, int32_t label) { return hear(l, slot, l->unit[label]); }

int rc_ctc_lm_word(rc_ctc_lm *l, int slot, const char *word, size_t n, double *logp, int *after)
{
    rc_ids in[2] = { { .r = l->r }, { .r = l->r } };
    int64_t unknown;
    int e = rc_text_encode(l->m->text, word, n, in, &unknown), at = slot;
    *logp = 0;
    for (size_t i = 0; i < in[0].n && e >= 0; i++) {
        *logp += said(l, at, in[0].id[i]);
        if (i + 1 == in[0].n && after == NULL)
            break;
        int next = hear(l, at, in[0].id[i]);
        if (at != slot)
            l->used[at] = false;
        e = at = next;
    }
    if (e >= 0 && after != NULL)
        *after = at;
    else if (at != slot && at >= 0)
        l->used[at] = false;
    rc_ids_free(&in[0]);
    rc_ids_free(&in[1]);
    return e < 0 ? e : RECUR_OK;
}

void rc_ctc_lm_keep(rc_ctc_lm *l, const int *slot, int n)
{
    memset(l->used, 0, (size_t)l->slots * sizeof *l->used);
    for (int i = 0; i < n; i++)
        l->used[slot[i]] = true;
}
