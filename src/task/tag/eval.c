/* SPDX-License-Identifier: MIT
 * eval.c - how good a tagger is: entities as conlleval counts them, words of segmented text in the same way, tags; what
 * sentences are as a whole; and the same of the baseline beside it. */
#include <stdio.h>
#include "data/pick.h"
#include "task/tag/tag.h"

typedef struct {
    double accuracy, f1, kinds, both;    /* f1, kinds, both: NAN where there is no such thing */
    json_t *figures;
    bool *right;                         /* [sentences] all of it is */
    int sentences;
} verdict;

/* The labels and what no head knows, as one vocabulary. */
static int all_labels(const recur_data *d, rc_vocab **out)
{
    int e = rc_vocab_new(d->r, out), more = d->unseen != NULL ? rc_vocab_size(d->unseen) - RC_FIRST : 0;
    for (int i = 0; i < d->classes + more && e == RECUR_OK; i++) {
        size_t n;
        const char *s = rc_tag_name(d, i, &n);
        e = rc_vocab_add(*out, s, n, 0, NULL);
    }
    return e;
}

/* Where sentences begin: pieces of one are joined.  at [count + 1], first [count]: its first example. */
static int sentences(const recur_data *d, int32_t *at, int32_t *first)
{
    int S = 0;
    for (int i = 0; i < d->count; i++) {
        const rc_example *ex = &d->ex[i];
        if (i > 0 && ex->line == ex[-1].line && ex->file == ex[-1].file && ex->line > 0)
            continue;
        at[S] = (int32_t)ex->at;
        first[S++] = i;
    }
    at[S] = (int32_t)d->rows;
    return S;
}

static int tag_figures(const recur_data *d, const int32_t *said, const int32_t *at, int S, json_t **out, verdict *v)
{
    rc_vocab *labels = NULL;
    int64_t right = 0, tags = 0;
    int e = all_labels(d, &labels);
    if (e == RECUR_OK && rc_tag_counts_entities(d->form, d->labels)) {
        e = rc_entities(d->r, labels, d->step_label, said, at, S, out);
        v->f1 = e == RECUR_OK ? json_number_value(json_object_get(*out, "f1")) : (double)NAN;
        v->accuracy = e == RECUR_OK ? json_number_value(json_object_get(*out, "accuracy")) : 0;
    } else if (e == RECUR_OK) {
        for (size_t i = 0; i < d->rows; i++) {
            tags += d->step_label[i] >= 0;
            right += d->step_label[i] >= 0 && d->step_label[i] == said[i];
        }
        v->accuracy = tags > 0 ? (double)right / (double)tags : 0;
        *out = json_pack("{s:f}", "accuracy", v->accuracy);
    }
    rc_vocab_free(labels);
    return e;
}

/* Sentences as a whole; right[s]: every tag of it, and what it is. */
static int sentence_figures(const recur_data *d, const int32_t *said, const int32_t *kind, const int32_t *at,
                            const int32_t *first, verdict *v)
{
    int64_t known = 0, hits = 0, both = 0;
    if ((v->right = rc_new(d->r, (size_t)v->sentences + 1, sizeof *v->right)) == NULL)
        return RECUR_ENOMEM;
    for (int s = 0; s < v->sentences; s++) {
        bool tags = true;
        int32_t want = d->ex[first[s]].label;
        for (int32_t i = at[s]; i < at[s + 1]; i++)
            tags = tags && (d->step_label[i] < 0 || d->step_label[i] == said[i]);
        bool same = kind == NULL || want < 0 || kind[first[s]] == want;
        v->right[s] = tags && same;
        if (kind == NULL || want < 0)
            continue;
        known++;
        hits += same;
        both += tags && same;
    }
    v->kinds = known > 0 ? (double)hits / (double)known : (double)NAN;
    v->both = known > 0 ? (double)both / (double)known : (double)NAN;
    return RECUR_OK;
}

static void verdict_free(const recur_data *d, verdict *v)
{
    json_decref(v->figures);
    rc_free(d->r, v->right);
}

/* said [rows], kind [count] or NULL, against what the data have. */
static int judge(const recur_data *d, const int32_t *said, const int32_t *kind, verdict *v)
{
    *v = (verdict){ .f1 = (double)NAN };
    int32_t *at = rc_new(d->r, (size_t)d->count + 2, sizeof *at), *first = rc_new(d->r, (size_t)d->count + 1, sizeof *first);
    int e = at != NULL && first != NULL ? RECUR_OK : RECUR_ENOMEM;
    if (e == RECUR_OK) {
        v->sentences = sentences(d, at, first);
        e = tag_figures(d, said, at, v->sentences, &v->figures, v);
    }
    if (e == RECUR_OK)
        e = sentence_figures(d, said, kind, at, first, v);
    rc_free(d->r, at);
    rc_free(d->r, first);
    return e;
}

static int judge_net(const recur_model *m, recur_data *d, verdict *v)
{
    bool kinds = d->kinds > 1 && m->net->branches > 1;
    int32_t *said = rc_new(m->r, d->rows + 1, sizeof *said);
    int32_t *kind = kinds ? rc_new(m->r, (size_t)d->count + 1, sizeof *kind) : NULL;
    *v = (verdict){ 0 };
    int e = said != NULL && (kind != NULL || !kinds) ? RECUR_OK : RECUR_ENOMEM;
    if (e == RECUR_OK)
        e = rc_tag_say(m, d, &(rc_tag_answers){ .best = 1, .tag = said, .kind = kind });
    if (e == RECUR_OK)
        e = judge(d, said, kind, v);
    rc_free(m->r, said);
    rc_free(m->r, kind);
    return e;
}

/* Entities where tags are entities, else tags; with kinds of sentences the mean of both.  The share of wrong tags stands in
 * for a loss: it is there for nothing, and only decides between equal figures. */
int rc_tag_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric)
{
    verdict v;
    (void)u;
    int e = judge_net(m, held, &v);
    *loss = 1 - v.accuracy;
    *metric = isnan(v.f1) ? v.accuracy : v.f1;
    if (!isnan(v.kinds))
        *metric = (*metric + v.kinds) / 2;
    verdict_free(held, &v);
    return e;
}

/* --- the report --- */

/* Figures of v into o; classes too where asked for. */
static int put(json_t *o, const verdict *v, bool classes, bool types)
{
    static const char *const keys[] = { "precision", "recall", "f1", "entities", "said", "correct" };
    int bad = json_object_set_new(o, "samples", json_integer(v->sentences)) | rc_json_real(o, "accuracy", v->accuracy);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *x = json_object_get(v->figures, keys[i]);
        bad |= x != NULL && json_object_set(o, keys[i], x) != 0;
    }
    if (!isnan(v->kinds))
        bad |= rc_json_real(o, "intent_accuracy", v->kinds) | rc_json_real(o, "both_right", v->both);
    json_t *per = json_object_get(v->figures, "per_type"), *row;
    const char *name;
    if (classes && types && per != NULL) {
        json_object_foreach(per, name, row)
            bad |= json_object_set(row, "support", json_object_get(row, "entities"));
        bad |= json_object_set(o, "per_class", per);
    }
    return bad;
}

/* Both answer the same sentences, so they are compared on those that only one of them gets all right. */
static int compare(const verdict *net, const verdict *other, const char *name, json_t *o)
{
    int64_t ours = 0, theirs = 0;
    char text[400];
    for (int s = 0; s < net->sentences; s++) {
        ours += net->right[s] && !other->right[s];
        theirs += other->right[s] && !net->right[s];
    }
    double a = isnan(net->f1) ? net->accuracy : net->f1, b = isnan(net->f1) ? other->accuracy : other->f1;
    const char *outcome = rc_outcome(ours, theirs, a - b);
    const char *is = strcmp(outcome, "better") == 0 ? "better than" : strcmp(outcome, "worse") == 0 ? "WORSE than"
        : strcmp(outcome, "even") == 0 ? "no better, within the noise, than"
        : a > b ? "ahead by its measure, but behind by whole sentences, of" : "ahead by whole sentences, but behind by its measure, of";
    snprintf(text, sizeof text, "the net is %s the baseline (%.60s): %s %.4f against %.4f; sentences that one alone has all right: "
             "net %lld, baseline %lld; McNemar's test: p = %.2g", is, name, isnan(net->f1) ? "accuracy" : "f1", a, b,
             (long long)ours, (long long)theirs, rc_mcnemar(ours, theirs));
    return rc_outcome_put(o, ours, theirs, a - b) | json_object_set_new(o, "verdict", json_string(text));
}

static int beside(const recur_model *m, recur_data *d, const verdict *net, json_t *o)
{
    bool kinds = d->kinds > 1 && m->net->branches > 1;
    verdict v = { 0 };
    int32_t *said = rc_new(m->r, d->rows + 1, sizeof *said), *kind = rc_new(m->r, (size_t)d->count + 1, sizeof *kind);
    const char *name = json_string_value(json_object_get(m->baseline, "name"));
    json_t *base = json_object();
    int e = said != NULL && kind != NULL ? rc_tag_baseline_say(m, d, said, kinds ? kind : NULL) : RECUR_ENOMEM;
    if (e == RECUR_OK)
        e = judge(d, said, kinds ? kind : NULL, &v);
    if (e == RECUR_OK && (json_object_set_new(base, "name", json_string(name != NULL ? name : "baseline"))
                          | put(base, &v, false, false) | json_object_set(o, "baseline", base)
                          | compare(net, &v, name != NULL ? name : "baseline", o)) != 0)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the figures");
    json_decref(base);
    verdict_free(d, &v);
    rc_free(m->r, said);
    rc_free(m->r, kind);
    return e;
}

int rc_tag_eval(const recur_model *m, recur_data *d, json_t **out)
{
    verdict v = { 0 };
    bool tagged = false, known = false;
    for (size_t i = 0; i < d->rows && !known; i++) {
        tagged = tagged || d->step_label[i] >= 0;
        known = d->step_label[i] >= 0 && d->step_label[i] < d->classes;
    }
    *out = NULL;
    if (!known && d->rows > 0)
        return rc_fail(m->r, RECUR_EDATA, "%s: %s", d->paths > 0 ? d->path[0] : "examples",
                       rc_speak(m->r, tagged ? "none of these tags is one of the model's: does --column name theirs?"
                       : "no tags to compare the answers with"));
    int e = judge_net(m, d, &v);
    if (e == RECUR_OK && ((*out = json_object()) == NULL
                          || (json_object_set_new(*out, "task", json_string("tag"))
                              | json_object_set_new(*out, "words", json_integer((json_int_t)d->rows))
                              | put(*out, &v, true, !rc_tag_segments(d->form))) != 0))
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the figures");
    if (e == RECUR_OK && m->baseline != NULL)
        e = beside(m, d, &v, *out);
    else if (e == RECUR_OK && json_object_set_new(*out, "baseline", json_null()) != 0)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the figures");
    verdict_free(d, &v);
    if (e != RECUR_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return e;
}
