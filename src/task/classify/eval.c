/* SPDX-License-Identifier: MIT
 * eval.c - a classifier's answers, its figures, and those of the baselines beside it. */
#include <limits.h>
#include <stdio.h>
#include "data/pick.h"
#include "task/sweep.h"
#include "task/classify/classify.h"
#include "task/classify/linear.h"

int rc_classify_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric)
{
    (void)m;
    return rc_sweep_loss(u, held, loss, metric);
}

/* The net's answers to a batch, in the order of the examples; answer: room for them. */
static int answers(const recur_model *m, const recur_data *d, rc_run *u, const recur_batch *b, real *answer, float *p)
{
    const rc_head *h = m->net->branch[0].head;
    int rows, K = m->net->facts.classes[0];
    const real *z = rc_run_forward(u, b, 0, &rows);
    if (z == NULL)
        return RECUR_ESHAPE;
    if (rows != b->B)
        return rc_fail(m->r, RECUR_ESHAPE, "the net answers at each step: a classifier's net ends with pooling or last");
    h->kind->answer(h, m->r->kern, rows, z, answer);
    for (int k = 0; k < rows; k++)
        for (int c = 0; c < K; c++)
            p[(size_t)rc_data_order(d, k) * (size_t)K + (size_t)c] = (float)answer[k * K + c];
    return RECUR_OK;
}

/* Probabilities [count][classes] for every example, in their order; batches of any size give the same. */
int rc_classify_scores(const recur_model *m, recur_data *d, float *p)
{
    enum { SEQUENCES = 32, ROWS = 8192 };
    rc_run *u = NULL;
    rc_sweep all = { .d = d };
    recur_batch b;
    const int width = m->net->branch[0].head->in, K = m->net->facts.classes[0];
    int e = width == K ? rc_sweep_run(m, d, SEQUENCES, ROWS, &u)
          : rc_fail(m->r, RECUR_ESHAPE, "the head gives %d numbers for %d classes", width, K);
    if (e == RECUR_OK)
        e = rc_sweep_open(&all, d, u);
    real *answer = e == RECUR_OK ? rc_new(m->r, (size_t)u->N * (size_t)K, sizeof *answer) : NULL;
    if (e == RECUR_OK && answer == NULL)
        e = RECUR_ENOMEM;
    while (e == RECUR_OK && (e = rc_sweep_next(&all, &b)) == RECUR_OK)
        e = answers(m, d, u, &b, answer, p);
    rc_free(m->r, answer);
    rc_sweep_close(&all);
    rc_run_free(u);
    return e == RECUR_EEND ? RECUR_OK : e;
}

/* --- judging --- */

/* The class that is said: the likeliest; of two, the second from the threshold on. */
static int said(const double *p, int K, double threshold)
{
    int best = 0;
    if (K == 2 && threshold > 0)
        return p[1] >= threshold;
    for (int k = 1; k < K; k++)
        if (p[k] > p[best])
            best = k;
    return best;
}

static int judge_new(recur *r, rc_judged *j, const recur_data *d)
{
    size_t K = (size_t)d->classes, n = (size_t)d->count;
    *j = (rc_judged){ .classes = d->classes, .n = d->count };
    j->confusion = rc_new(r, K * K + 1, sizeof *j->confusion);
    j->p = rc_new(r, n * K + 1, sizeof *j->p);
    j->y = rc_new(r, n + 1, sizeof *j->y);
    for (int i = 0; j->y != NULL && i < d->count; i++)
        j->y[i] = d->ex[i].label;
    return j->confusion != NULL && j->p != NULL && j->y != NULL ? RECUR_OK : RECUR_ENOMEM;
}

static void judge_free(recur *r, rc_judged *j)
{
    rc_free(r, j->confusion);
    rc_free(r, j->p);
    rc_free(r, j->y);
}

static void judge(rc_judged *j, double threshold)
{
    memset(j->confusion, 0, (size_t)j->classes * (size_t)j->classes * sizeof *j->confusion);
    for (int i = 0; i < j->n; i++)
        if (j->y[i] >= 0)
            j->confusion[j->y[i] * j->classes + said(j->p + (size_t)i * (size_t)j->classes, j->classes, threshold)]++;
}

static int judge_net(const recur_model *m, recur_data *d, rc_judged *j)
{
    size_t n = (size_t)d->count * (size_t)d->classes;
    int e = judge_new(m->r, j, d);
    float *p = e == RECUR_OK ? rc_new(m->r, n + 1, sizeof *p) : NULL;
    if (e == RECUR_OK && p == NULL)
        e = RECUR_ENOMEM;
    if (e == RECUR_OK && d->count > 0)
        e = rc_classify_scores(m, d, p);
    for (size_t i = 0; i < n && e == RECUR_OK; i++)
        j->p[i] = (double)p[i];
    rc_free(m->r, p);
    return e;
}

/* --- threshold --- */

static double macro_f1(const rc_judged *j)
{
    const int64_t *c = j->confusion;
    double a = (double)(2 * c[0] + c[1] + c[2]), b = (double)(2 * c[3] + c[1] + c[2]);
    return ((a > 0 ? 2 * (double)c[0] / a : 0) + (b > 0 ? 2 * (double)c[3] / b : 0)) / 2;
}

/* With --balance and two classes: the threshold with the best macro-F1 on the held-out part. */
int rc_classify_settle(recur_model *m, recur_data *held)
{
    enum { FEWEST = 50, STEPS = 99 };
    rc_judged j = { 0 };
    if (held == NULL || held->classes != 2 || held->count < FEWEST || json_object_get(m->card, "balance") == NULL)
        return RECUR_OK;
    int e = judge_net(m, held, &j);
    double best = -1, threshold = 0.5;
    for (int k = 1; k <= STEPS && e == RECUR_OK; k++) {
        double t = (double)k / (STEPS + 1);
        judge(&j, t);
        double f = macro_f1(&j);
        if (f > best + 1e-12 || (f > best - 1e-12 && fabs(t - 0.5) < fabs(threshold - 0.5)))
            best = f > best ? f : best, threshold = t;
    }
    if (e == RECUR_OK && json_object_set_new(m->card, "threshold", json_real(threshold)) != 0)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the model card");
    judge_free(m->r, &j);
    return e;
}

/* --- baselines --- */

int rc_classify_baseline(recur_model *m, recur_data *d, recur_data *held)
{
    rc_linear *l = NULL;
    if (d->classes < 2 || (d->text == NULL && d->F == 0))
        return RECUR_OK;
    int64_t *seen = rc_new(m->r, (size_t)d->classes, sizeof *seen);
    int e = seen != NULL ? rc_linear_fit(m->r, &l, d, held, 1) : RECUR_ENOMEM, most = 0;
    if (e == RECUR_OK)
        e = rc_linear_keep(l, m);
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        if (d->ex[i].label >= 0 && ++seen[d->ex[i].label] > seen[most])
            most = d->ex[i].label;
    for (int k = 0; k < d->classes && e == RECUR_OK; k++)
        most = seen[k] > seen[most] ? k : most;
    if (e == RECUR_OK && json_object_set_new(m->baseline, "majority", json_integer(most)) != 0)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the baseline");
    rc_free(m->r, seen);
    rc_linear_free(l);
    return e;
}

static int majority(const recur_model *m, const recur_data *d, json_t *o)
{
    json_int_t k = json_integer_value(json_object_get(m->baseline, "majority"));
    rc_judged j;
    json_t *figures;
    size_t n;
    if (k < 0 || k >= d->classes)
        return rc_fail(m->r, RECUR_EFORMAT, "baseline: no such class");
    int e = judge_new(m->r, &j, d);
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        j.p[(size_t)i * (size_t)d->classes + (size_t)k] = 1;
    if (e == RECUR_OK) {
        judge(&j, 0);
        e = rc_measure(m->r, &j, m->labels, &figures);
    }
    judge_free(m->r, &j);
    if (e != RECUR_OK)
        return e;
    const char *name = rc_vocab_str(m->labels, RC_FIRST + (int32_t)k, &n);
    int bad = json_object_set_new(figures, "name", json_string("majority class"))
        | json_object_set_new(figures, "label", json_stringn(name, n));
    bad |= json_object_set_new(o, "majority", figures);
    return bad ? rc_fail(m->r, RECUR_ENOMEM, "no memory for the figures") : RECUR_OK;
}

/* Both answer the same examples, so they are compared on those that only one of them gets right. */
static int verdict(const rc_judged *net, const rc_judged *other, double threshold, json_t *o)
{
    int64_t ours = 0, theirs = 0;
    char text[256];
    for (int i = 0; i < net->n; i++) {
        size_t at = (size_t)i * (size_t)net->classes;
        bool a = said(net->p + at, net->classes, threshold) == net->y[i];
        bool b = said(other->p + at, net->classes, 0) == net->y[i];
        ours += a && !b;
        theirs += b && !a;
    }
    const char *outcome = rc_outcome(ours, theirs, (double)(ours - theirs));
    const char *says = strcmp(outcome, "better") == 0 ? "the net is better than the linear model"
        : strcmp(outcome, "worse") == 0 ? "the net is WORSE than the linear model: use that, or give the net more data or time"
        : "the net is no better than the linear model, within the noise of these samples";
    snprintf(text, sizeof text, "%s (right alone: net %lld, linear model %lld; McNemar's test: p = %.2g)", says,
             (long long)ours, (long long)theirs, rc_mcnemar(ours, theirs));
    return rc_outcome_put(o, ours, theirs, (double)(ours - theirs)) | json_object_set_new(o, "verdict", json_string(text));
}

static int beside(const recur_model *m, const recur_data *d, const rc_judged *net, double threshold, json_t *o)
{
    rc_linear *l;
    rc_judged j;
    json_t *figures = NULL;
    int e = rc_linear_read(m->r, &l, m);
    if (e != RECUR_OK)
        return e;
    e = judge_new(m->r, &j, d);
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        rc_linear_score(l, d, i, j.p + (size_t)i * (size_t)d->classes);
    if (e == RECUR_OK) {
        judge(&j, 0);
        e = rc_measure(m->r, &j, m->labels, &figures);
    }
    if (e == RECUR_OK && (json_object_set(figures, "name", json_object_get(m->baseline, "name"))
                          | json_object_set_new(o, "baseline", figures)
        | verdict(net, &j, threshold, o)) != 0)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the figures");
    judge_free(m->r, &j);
    rc_linear_free(l);
    return e;
}

/* Units that the model reads here and does not know: a high part says that these are other texts than it learned from. */
static double unknown_part(const recur_data *d)
{
    size_t unknown = 0;
    for (size_t i = 0; i < d->rows; i++)
        unknown += d->ids[0][i] == RC_UNK;
    return d->rows > 0 ? (double)unknown / (double)d->rows : 0;
}

int rc_classify_eval(const recur_model *m, recur_data *d, json_t **out)
{
    rc_judged j = { 0 };
    const json_t *t = json_object_get(m->card, "threshold");
    double threshold = json_is_number(t) ? json_number_value(t) : 0;
    int e = rc_data_suits(d, m->net);
    if (e == RECUR_OK && d->outputs > 0)
        return rc_classify_eval_numbers(m, d, out);
    if (e == RECUR_OK && d->classes != m->net->facts.classes[0])
        e = rc_fail(m->r, RECUR_EDATA, "the data have %d classes, the model %d", d->classes, m->net->facts.classes[0]);
    if (e == RECUR_OK)
        e = judge_net(m, d, &j);
    bool labelled = d->count == 0;
    for (int i = 0; i < d->count; i++)
        labelled = labelled || d->ex[i].label >= 0;
    if (e == RECUR_OK && !labelled)
        e = rc_fail(m->r, RECUR_EDATA, "%s: no labels to compare the answers with",
                    d->paths > 0 ? d->path[0] : "examples");
    *out = NULL;
    if (e == RECUR_OK) {
        judge(&j, threshold);
        e = rc_measure(m->r, &j, m->labels, out);
    }
    if (e == RECUR_OK && json_object_set_new(*out, "task", json_string("classify")) != 0)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the figures");
    if (e == RECUR_OK && ((d->text != NULL ? rc_json_real(*out, "unk_rate", unknown_part(d)) : 0)
                          | (threshold > 0 ? rc_json_real(*out, "threshold", threshold) : 0)) != 0)
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the figures");
    if (e == RECUR_OK && m->baseline != NULL && m->labels != NULL) {
        if ((e = beside(m, d, &j, threshold, *out)) == RECUR_OK)
            e = majority(m, d, *out);
    } else if (e == RECUR_OK && json_object_set_new(*out, "baseline", json_null()) != 0) {
        e = rc_fail(m->r, RECUR_ENOMEM, "no memory for the figures");
    }
    judge_free(m->r, &j);
    if (e != RECUR_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return e;
}
