/* SPDX-License-Identifier: MIT
 * eval.c - how near a translator comes: perplexity of the targets wanted, BLEU, chrF and the part that is
 * right word for word of what it says itself; and the memory of phrases beside it. */
#include <limits.h>
#include <stdio.h>
#include "data/pick.h"
#include "task/guess.h"
#include "task/sweep.h"
#include "task/translate/translate.h"

/* --- perplexity --- */

/* Mean nats a unit, smoothing left out. */
int rc_translate_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric)
{
    rc_head *h = m->net->branch[0].head;
    const double smooth = h->smooth;
    h->smooth = 0;
    int e = rc_sweep_loss(u, held, loss, NULL);
    h->smooth = smooth;
    *metric = exp(*loss);
    return e;
}

/* The same by the probabilities that the net gives: the model is only read. */
static int perplexity(const recur_model *m, recur_data *d, double *out)
{
    enum { SEQUENCES = 16, ROWS = 1024 };
    rc_run *u = NULL;
    rc_sweep all = { .d = d };
    recur_batch b;
    const rc_head *h = m->net->branch[0].head;
    double sum = 0;
    int64_t count = 0;
    int rows, e = rc_sweep_run(m, d, SEQUENCES, ROWS, &u);
    if (e == RECUR_OK)
        e = rc_sweep_open(&all, d, u);
    real *p = e == RECUR_OK ? rc_new(m->r, (size_t)u->N * (size_t)h->in, sizeof *p) : NULL;
    if (e == RECUR_OK && p == NULL)
        e = RECUR_ENOMEM;
    while (e == RECUR_OK && (e = rc_sweep_next(&all, &b)) == RECUR_OK) {
        const real *z = rc_run_forward(u, &b, 0, &rows);
        if (z == NULL) {
            e = RECUR_EDATA;
            break;
        }
        h->kind->answer(h, m->r->kern, rows, z, p);
        for (int k = 0; k < rows; k++)
            sum -= log(fmax((double)p[(size_t)k * (size_t)h->in + (size_t)b.target[0][k]], 1e-37));
        count += rows;
    }
    rc_free(m->r, p);
    rc_sweep_close(&all);
    rc_run_free(u);
    *out = count > 0 ? exp(sum / (double)count) : NAN;
    return e == RECUR_EEND ? RECUR_OK : e;
}

/* --- eval --- */

typedef struct {
    const recur_model *m; recur_data *d;
    rc_map *wanted;                      /* source 0 target: right answers, in the pieces between blanks */
    enum rc_cut cut; bool lower;
    rc_bleu bleu; rc_chrf chrf; int64_t right;
} judge;

static const char *source_of(const recur_data *d, int i, size_t *n)
{
    *n = d->side->ex[i].text_n;
    return d->side->raw.s + d->side->ex[i].text;
}

static const char *target_of(const recur_data *d, int i, size_t *n)
{
    *n = d->ex[i].text_n;
    return d->raw.s + d->ex[i].text;
}

/* source 0 answer, blanks evened out. */
static int key_of(const judge *j, int i, const char *said, size_t n, rc_buf *key)
{
    size_t source_n;
    const char *source = source_of(j->d, i, &source_n);
    key->n = 0;
    int e = rc_buf_add(key, source, source_n);
    if (e == RECUR_OK)
        e = rc_buf_add(key, "", 1);
    return e == RECUR_OK ? rc_cut_line(j->m->r, RC_CUT_NONE, j->lower, said, n, key) : e;
}

static int begin(judge *j, const recur_model *m, recur_data *d)
{
    rc_buf key;
    *j = (judge){ .m = m, .d = d, .lower = m->text->o.lower };
    rc_buf_init(&key, m->r, 0);
    double han = rc_share_of_han(d->raw.s != NULL ? d->raw.s : "", d->raw.n);
    const char *unit = m->text->unit->name;
    j->cut = strcmp(unit, "token") == 0 ? RC_CUT_NONE : han > 0.3 ? RC_CUT_ZH : strcmp(unit, "char") == 0 ? RC_CUT_CHAR : RC_CUT_13A;
    int e = rc_map_new(m->r, &j->wanted);
    for (int i = 0; i < d->count && e == RECUR_OK; i++) {
        size_t n;
        const char *s = target_of(d, i, &n);
        if ((e = key_of(j, i, s, n, &key)) == RECUR_OK)
            e = rc_map_set(j->wanted, key.s, key.n, 1);
    }
    rc_buf_free(&key);
    return e;
}

static void clear(judge *j)
{
    j->bleu = (rc_bleu){ 0 };
    j->chrf = (rc_chrf){ 0 };
    j->right = 0;
}

static int add(judge *j, int i, const char *said, size_t n)
{
    size_t wanted_n;
    const char *wanted = target_of(j->d, i, &wanted_n);
    rc_buf key;
    rc_buf_init(&key, j->m->r, 0);
    int e = key_of(j, i, said, n, &key);
    if (e == RECUR_OK) {
        j->right += rc_map_get(j->wanted, key.s, key.n) > 0;
        e = rc_bleu_add(j->m->r, &j->bleu, j->cut, j->lower, said, n, wanted, wanted_n);
    }
    if (e == RECUR_OK)
        e = rc_chrf_add(j->m->r, &j->chrf, said, n, wanted, wanted_n);
    rc_buf_free(&key);
    return e;
}

/* Answers to all sources of the data. */
static int answer_all(judge *j, int beam)
{
    const recur_model *m = j->m;
    recur_data *d = j->d;
    const recur_translate_options plain = recur_translate_defaults();
    const rc_search o = { .beam = beam, .best = 1, .length = plain.length_penalty, .unknown = rc_says_unknown(m),
                          .look = rc_says_unknown(m) ? RC_LOOK_UNKNOWN : RC_LOOK_NEVER };
    rc_ids *source = rc_new(m->r, (size_t)d->count + 1, sizeof *source);
    rc_founds *found = rc_new(m->r, (size_t)d->count + 1, sizeof *found);
    int e = source != NULL && found != NULL ? RECUR_OK : RECUR_ENOMEM;
    for (int i = 0; i < d->count && e == RECUR_OK; i++)        /* borrowed: never grown, never freed */
        source[i] = (rc_ids){ .id = d->side->ids[0] + d->side->ex[i].at, .n = (size_t)d->side->ex[i].T };
    if (e == RECUR_OK)
        e = rc_search_all(m, source, d->count, &o, found);
    clear(j);
    for (int i = 0; i < d->count && e == RECUR_OK; i++) {
        size_t n;
        const char *s = source_of(d, i, &n);
        rc_pieces p = { 0 };
        rc_buf said;
        rc_buf_init(&said, m->r, 0);
        if ((e = rc_pieces_of(m->side_text, s, n, &p)) == RECUR_OK && found[i].n > 0)
            e = rc_translate_say(m, &p, &found[i].found[0], false, &said);
        if (e == RECUR_OK)
            e = add(j, i, said.s != NULL ? said.s : "", said.n);
        rc_pieces_free(m->r, &p);
        rc_buf_free(&said);
    }
    rc_founds_free(m->r, found, found != NULL ? d->count : 0);
    rc_free(m->r, found);
    rc_free(m->r, source);
    return e;
}

static int figures(const judge *j, json_t *o)
{
    double n = j->d->count > 0 ? (double)j->d->count : NAN;
    return rc_json_real(o, "bleu", rc_bleu_score(&j->bleu)) | rc_json_real(o, "chrf", rc_chrf_score(&j->chrf))
         | rc_json_real(o, "exact", (double)j->right / n);
}

static int beside(judge *j, double bleu, json_t *o)
{
    rc_memory *y;
    int e = rc_memory_open(&y, j->m);
    if (e != RECUR_OK)
        return e;
    if (y == NULL)
        return json_object_set_new(o, "baseline", json_null()) == 0 ? RECUR_OK : RECUR_ENOMEM;
    clear(j);
    for (int i = 0; i < j->d->count && e == RECUR_OK; i++) {
        const char *said;
        size_t n, said_n;
        const char *s = source_of(j->d, i, &n);
        if ((e = rc_memory_answer(y, s, n, &said, &said_n)) == RECUR_OK)
            e = add(j, i, said, said_n);
    }
    rc_memory_free(y);
    bool better = bleu > rc_bleu_score(&j->bleu);
    const char *verdict = better ? "the net translates better than a memory of the training pairs"
        : "the net is no better than a memory of the training pairs: give it more data or time";
    json_t *b = json_object();
    if (e == RECUR_OK && (json_object_set(b, "name", json_object_get(j->m->baseline, "name")) | figures(j, b)
                          | json_object_set(o, "baseline", b) | json_object_set_new(o, "better", json_boolean(better))
                          | json_object_set_new(o, "verdict", json_string(verdict))) != 0)
        e = RECUR_ENOMEM;
    json_decref(b);
    return e;
}

int rc_translate_eval(const recur_model *m, recur_data *d, json_t **out)
{
    judge j = { 0 };
    double nats_of = NAN, bleu = 0;
    const int beam = d->beam > 0 ? d->beam : (int)recur_translate_defaults().beam;
    json_t *o = *out = json_object();
    int e = begin(&j, m, d);
    if (e == RECUR_OK)
        e = perplexity(m, d, &nats_of);
    if (e == RECUR_OK)
        e = answer_all(&j, 1);
    double greedy = rc_bleu_score(&j.bleu);
    if (e == RECUR_OK && beam > 1)
        e = answer_all(&j, beam);
    if (e == RECUR_OK) {
        bleu = rc_bleu_score(&j.bleu);
        e = (json_object_set_new(o, "task", json_string("translate")) | json_object_set_new(o, "samples", json_integer(d->count))
             | figures(&j, o) | rc_json_real(o, "bleu_greedy", greedy) | rc_json_real(o, "perplexity", nats_of)
             | rc_json_real(o, "unk_rate", d->units > 0 ? (double)d->unknown / (double)d->units : 0)
             | json_object_set_new(o, "beam", json_integer(beam))
             | json_object_set_new(o, "bleu_cut", json_string(rc_cut_names[j.cut]))) == 0 ? RECUR_OK : RECUR_ENOMEM;
    }
    if (e == RECUR_OK)
        e = beside(&j, bleu, o);
    rc_map_free(j.wanted);
    if (e != RECUR_OK) {
        json_decref(o);
        *out = NULL;
        if (e == RECUR_ENOMEM)
            rc_fail(m->r, e, "no memory for the figures");
    }
    return e;
}
