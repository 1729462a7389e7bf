/* SPDX-License-Identifier: MIT
 * eval.c - what the net says of each utterance, and its error rates beside those of the baselines. */
#include <limits.h>
#include <stdio.h>
#include "head/ctc.h"
#include "data/pick.h"
#include "judge/judge.h"
#include "task/sweep.h"
#include "task/transcribe/transcribe.h"

/* --- saying --- */

enum { TOGETHER = 16 };

static int say_batch(const recur_model *m, recur_data *d, rc_run *u, const recur_batch *b, rc_ctc_said *said, int32_t *label, rc_buf *text,
                     int (*take)(void *ud, int example, const char *text), void *ud)
{
    rc_spelling how;
    int N, e = RECUR_OK, K = m->net->branch[0].head->in;
    const real *z = rc_run_forward(u, b, 0, &N);
    if (z == NULL)
        return RECUR_ESHAPE;
    const rc_rows *rows = rc_run_rows(u, 0);
    rc_spelling_of(json_object_get(m->card, "form"), &how);
    for (int i = 0; i < b->B && e == RECUR_OK; i++) {
        const rc_seq q = { z, K, rc_seq_steps(rows, i), rows->off, i };
        int n = rc_ctc_greedy(&q, said);
        for (int k = 0; k < n; k++)
            label[k] = said[k].label;
        text->n = 0;
        e = rc_transcript_join(m->r, &how, m->labels, label, n, text);
        if (e == RECUR_OK)
            e = take(ud, rc_data_order(d, i), text->s);
    }
    return e;
}

/* What the net says of each example of d, in no order. */
static int say_each(const recur_model *m, recur_data *d, int (*take)(void *ud, int example, const char *text), void *ud)
{
    recur_batch b;
    rc_run *u = NULL;
    rc_buf text;
    if (d->count == 0)
        return RECUR_OK;
    int e = rc_transcribe_suits(m);
    if (e != RECUR_OK)
        return e;
    rc_buf_init(&text, m->r, 0);
    e = rc_sweep_run(m, d, TOGETHER, INT_MAX, &u);
    int32_t *label = e == RECUR_OK ? rc_new(m->r, (size_t)u->T + 1, sizeof *label) : NULL;
    rc_ctc_said *said = e == RECUR_OK ? rc_new(m->r, (size_t)u->T + 1, sizeof *said) : NULL;
    if (e == RECUR_OK && (label == NULL || said == NULL))
        e = RECUR_ENOMEM;
    if (e == RECUR_OK)
        recur_data_start(d, TOGETHER, u->T, 0, 0);
    while (e == RECUR_OK && (e = recur_data_next(d, &b)) == RECUR_OK)
        e = say_batch(m, d, u, &b, said, label, &text, take, ud);
    rc_free(m->r, said);
    rc_free(m->r, label);
    rc_buf_free(&text);
    rc_run_free(u);
    return e == RECUR_EEND ? RECUR_OK : e;
}

/* --- measuring --- */

typedef struct {
    recur *r;
    recur_data *d;
    rc_map *words;                       /* word -> number */
    rc_ids want, said;
    int64_t word[4], sign[4], exact, count;
    bool *right;                         /* [count] said to the letter; NULL: not wanted */
} tally;

static int numbers(tally *t, const char *s, size_t n, bool signs, rc_ids *out)
{
    int e = RECUR_OK;
    size_t m;
    const char *word;
    out->n = 0;
    while (e == RECUR_OK && signs && n > 0) {
        int32_t cp;
        size_t k = (size_t)rc_utf8_next(s, n, &cp);
        e = rc_ids_add(out, cp);
        s += k, n -= k;
    }
    while (e == RECUR_OK && rc_transcript_word(&s, &n, &word, &m)) {
        int64_t id = rc_map_get(t->words, word, m);
        if (id < 0 && (e = rc_map_set(t->words, word, m, id = (int64_t)rc_map_count(t->words))) != RECUR_OK)
            break;
        e = rc_ids_add(out, (int32_t)id);
    }
    return e;
}

static int compare(tally *t, const char *want, size_t n, const char *said, size_t m, bool signs, int64_t sum[4])
{
    int64_t one[4];
    int e = numbers(t, want, n, signs, &t->want);
    if (e == RECUR_OK)
        e = numbers(t, said, m, signs, &t->said);
    if (e == RECUR_OK)
        e = rc_edit_distance(t->r, t->want.id, (int)t->want.n, t->said.id, (int)t->said.n, one);
    for (int k = 0; k < 4 && e == RECUR_OK; k++)
        sum[k] += one[k];
    return e;
}

static int count(tally *t, int example, const char *said, size_t m)
{
    const rc_example *ex = &t->d->ex[example];
    const char *want = ex->text_n > 0 ? t->d->raw.s + ex->text : "";
    if (ex->label < 0)                                        /* its text is not known */
        return RECUR_OK;
    bool right = ex->text_n == m && memcmp(want, said, m) == 0;
    t->count++;
    t->exact += right;
    if (t->right != NULL)
        t->right[example] = right;
    int e = compare(t, want, ex->text_n, said, m, false, t->word);
    return e == RECUR_OK ? compare(t, want, ex->text_n, said, m, true, t->sign) : e;
}

static int count_net(void *ud, int example, const char *said) { return count(ud, example, said, strlen(said)); }

static int open_tally(tally *t, recur *r, recur_data *d, bool right)
{
    *t = (tally){ .r = r, .d = d, .want = { .r = r }, .said = { .r = r } };
    int e = rc_map_new(r, &t->words);
    if (e == RECUR_OK && right && (t->right = rc_new(r, (size_t)d->count + 1, sizeof *t->right)) == NULL)
        e = RECUR_ENOMEM;
    return e;
}

static void close_tally(tally *t)
{
    if (t->r == NULL)                                         /* never opened */
        return;
    rc_map_free(t->words);
    rc_ids_free(&t->want);
    rc_ids_free(&t->said);
    rc_free(t->r, t->right);
}

static double rate(const int64_t sum[4])
{
    int64_t wrong = sum[RC_SUBSTITUTED] + sum[RC_DELETED] + sum[RC_INSERTED];
    return sum[RC_LENGTH] > 0 ? (double)wrong / (double)sum[RC_LENGTH] : wrong > 0 ? 1 : 0;
}

static int figures(const tally *t, const char *name, json_t **out)
{
    json_t *o = *out = json_object();
    int bad = o == NULL;
    if (!bad && name != NULL)
        bad = json_object_set_new(o, "name", json_string(name));
    bad = bad || json_object_set_new(o, "samples", json_integer(t->count)) || rc_json_real(o, "wer", rate(t->word))
        || rc_json_real(o, "cer", rate(t->sign))
        || rc_json_real(o, "exact", t->count > 0 ? (double)t->exact / (double)t->count : NAN)
        || json_object_set_new(o, "words", json_integer(t->word[RC_LENGTH]))
        || json_object_set_new(o, "substituted", json_integer(t->word[RC_SUBSTITUTED]))
        || json_object_set_new(o, "deleted", json_integer(t->word[RC_DELETED]))
        || json_object_set_new(o, "inserted", json_integer(t->word[RC_INSERTED]));
    return bad ? rc_fail(t->r, RECUR_ENOMEM, "no memory for the figures") : RECUR_OK;
}

static int loss_of(recur_data *d, rc_run *u, double *loss)
{
    recur_batch b;
    rc_loss l;
    double sum = 0;
    int64_t n = 0;
    int e;
    recur_data_start(d, u->B, u->T, 0, 0);
    while ((e = recur_data_next(d, &b)) == RECUR_OK) {
        if ((e = rc_run_loss(u, &b, true, 1, &l)) != RECUR_OK)
            return e;
        sum += l.head_loss[0] * (double)l.count[0];
        n += l.count[0];
    }
    *loss = n > 0 ? sum / (double)n : 0;
    return e == RECUR_EEND ? RECUR_OK : e;
}

int rc_transcribe_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric)
{
    tally t;
    int e = open_tally(&t, m->r, held, false);
    if (e == RECUR_OK)
        e = loss_of(held, u, loss);
    if (e == RECUR_OK)
        e = say_each(m, held, count_net, &t);
    *metric = t.count > 0 ? rate(t.word) : NAN;
    close_tally(&t);
    return e;
}

/* --- the whole report --- */

static int simple(const recur_model *m, recur_data *d, bool common, const char *name, tally *t, json_t **out)
{
    rc_dtw *w = NULL;
    int e = open_tally(t, m->r, d, true);
    if (e == RECUR_OK)
        e = rc_dtw_read(m->r, &w, m);
    for (int i = 0; i < d->count && e == RECUR_OK; i++) {
        size_t n;
        const char *said = common ? rc_dtw_common(w, &n)
                                  : rc_dtw_say(w, d->x + d->ex[i].at * (size_t)d->F, d->ex[i].T, &n);
        e = count(t, i, said, n);
    }
    rc_dtw_free(w);
    return e == RECUR_OK ? figures(t, name, out) : e;
}

static int verdict(const tally *net, const tally *other, json_t *o)
{
    int64_t ours = 0, theirs = 0;
    for (int i = 0; i < net->d->count; i++) {
        ours += net->right[i] && !other->right[i];
        theirs += other->right[i] && !net->right[i];
    }
    double p = rc_mcnemar(ours, theirs), a = rate(net->word), b = rate(other->word);
    bool better = a < b && p < 0.05;
    char text[200];
    snprintf(text, sizeof text, "%s: %.1f %% of the words wrong against %.1f %% (most similar utterance of the training part)",
             better ? "the net is better than the baseline" : "the net is NOT clearly better than the baseline", 100 * a, 100 * b);
    json_t *pair = json_pack("{s:I,s:I,s:f}", "net", (json_int_t)ours, "baseline", (json_int_t)theirs, "p", p);
    return json_object_set_new(o, "better", json_boolean(better)) | json_object_set_new(o, "verdict", json_string(text))
        | json_object_set_new(o, "right_alone", pair);
}

static int beside(const recur_model *m, recur_data *d, const tally *net, json_t *o)
{
    tally near = { 0 }, common = { 0 };
    json_t *a = NULL, *b = NULL;
    int e = simple(m, d, false, "most similar utterance", &near, &a);
    if (e == RECUR_OK)
        e = simple(m, d, true, "commonest text", &common, &b);
    if (e == RECUR_OK && (json_object_set(o, "baseline", a) | json_object_set(o, "majority", b) | verdict(net, &near, o)) != 0)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the figures");
    json_decref(a);
    json_decref(b);
    close_tally(&near);
    close_tally(&common);
    return e;
}

static int eval(const recur_model *m, recur_data *d, tally *t, json_t **out)
{
    int e = open_tally(t, m->r, d, true);
    if (e == RECUR_OK)
        e = say_each(m, d, count_net, t);
    if (e == RECUR_OK && t->count == 0)
        e = rc_fail(m->r, RECUR_EDATA, "%s: no texts to compare the answers with", d->paths > 0 ? d->path[0] : "examples");
    if (e == RECUR_OK)
        e = figures(t, NULL, out);
    if (e == RECUR_OK && json_object_set_new(*out, "task", json_string("transcribe")) != 0)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the figures");
    if (e == RECUR_OK && m->baseline != NULL)
        return beside(m, d, t, *out);
    if (e == RECUR_OK && json_object_set_new(*out, "baseline", json_null()) != 0)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the figures");
    return e;
}

int rc_transcribe_eval(const recur_model *m, recur_data *d, json_t **out)
{
    tally t = { 0 };
    *out = NULL;
    int e = eval(m, d, &t, out);
    close_tally(&t);
    if (e != RECUR_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return e;
}
