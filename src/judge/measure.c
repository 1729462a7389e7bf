/* SPDX-License-Identifier: MIT
 * measure.c - how good the answers of a classifier are, from its probabilities and the true labels. */
#include <stdlib.h>
#include "data/pick.h"
#include "judge/judge.h"

/* precision, recall and F1 of class k; 0 where undefined, as is usual. */
static void class_figures(const rc_judged *j, int k, double *precision, double *recall, double *f1, int64_t *support)
{
    int K = j->classes;
    int64_t hit = j->confusion[k * K + k], said = 0, true_ = 0;
    for (int i = 0; i < K; i++) {
        said += j->confusion[i * K + k];
        true_ += j->confusion[k * K + i];
    }
    *precision = said > 0 ? (double)hit / (double)said : 0;
    *recall = true_ > 0 ? (double)hit / (double)true_ : 0;
    *f1 = said + true_ > 0 ? 2 * (double)hit / (double)(said + true_) : 0;
    *support = true_;
}

typedef struct { double p; int y; } scored;
static int falling(const void *pa, const void *pb)
{
    const scored *a = pa, *b = pb;
    return (a->p < b->p) - (a->p > b->p);
}

/* Area under the precision-recall curve of class 1 as average precision: sum of (R_i - R_{i-1}) P_i over the
 * thresholds, equal probabilities being one threshold. */
static int average_precision(recur *r, const rc_judged *j, double *out)
{
    scored *s = rc_new(r, (size_t)j->n + 1, sizeof *s);
    if (s == NULL)
        return RECUR_ENOMEM;
    double all = 0, hit = 0, before = 0, sum = 0;
    for (int i = 0; i < j->n; i++) {
        s[i] = (scored){ j->p[(size_t)i * 2 + 1], j->y[i] == 1 };
        all += s[i].y;
    }
    qsort(s, (size_t)j->n, sizeof *s, falling);
    for (int i = 0; i < j->n; i++) {
        hit += s[i].y;
        if (i + 1 < j->n && s[i + 1].p == s[i].p)
            continue;
        sum += (hit - before) * hit / (i + 1);
        before = hit;
    }
    rc_free(r, s);
    *out = all > 0 ? sum / all : NAN;
    return RECUR_OK;
}

/* Expected calibration error (Guo et al. 2017): the likeliest class's probability against how often it is right, in
 * 10 bins of equal width. */
static double calibration(const rc_judged *j)
{
    enum { BINS = 10 };
    double sure[BINS] = { 0 }, right[BINS] = { 0 }, sum = 0;
    for (int i = 0; i < j->n; i++) {
        const double *p = j->p + (size_t)i * (size_t)j->classes;
        int best = 0;
        for (int k = 1; k < j->classes; k++)
            if (p[k] > p[best])
                best = k;
        int bin = (int)(p[best] * BINS);
        bin = bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
        sure[bin] += p[best];
        right[bin] += best == j->y[i];
    }
    for (int b = 0; b < BINS; b++)
        sum += fabs(sure[b] - right[b]);
    return j->n > 0 ? sum / j->n : NAN;
}

/* McNemar's test (1947), two-sided: were both equally likely to be the one that is right alone, how probable is it
 * that the numbers differ at least as much?  Few: the binomial distribution, exactly; many: the normal one, with
 * Edwards's correction for continuity (1948). */
double rc_mcnemar(int64_t a, int64_t b)
{
    enum { EXACT = 200 };
    int64_t n = a + b, few = a < b ? a : b;
    if (n == 0)
        return 1;
    if (n > EXACT)
        return erfc(((double)llabs(a - b) - (a == b ? 0 : 1)) / sqrt(2 * (double)n));
    double term = ldexp(1, (int)-n), sum = term;              /* C(n, i) / 2^n */
    for (int64_t i = 1; i <= few; i++)
        sum += term *= (double)(n - i + 1) / (double)i;
    return 2 * sum < 1 ? 2 * sum : 1;
}

const char *rc_outcome(int64_t net, int64_t baseline, double ahead)
{
    bool more = net > baseline;
    if (rc_mcnemar(net, baseline) >= 0.05)
        return "even";
    if (more ? ahead < 0 : ahead > 0)
        return "divided";
    return more ? "better" : "worse";
}

int rc_outcome_put(json_t *o, int64_t net, int64_t baseline, double ahead)
{
    const char *outcome = rc_outcome(net, baseline, ahead);
    json_t *pair = json_pack("{s:I,s:I,s:f}", "net", (json_int_t)net, "baseline", (json_int_t)baseline, "p",
                             rc_mcnemar(net, baseline));
    return json_object_set_new(o, "better", json_boolean(strcmp(outcome, "better") == 0))
         | json_object_set_new(o, "outcome", json_string(outcome)) | json_object_set_new(o, "right_alone", pair);
}

static const char *label(const rc_vocab *labels, int k, char number[16], size_t *n)
{
    if (labels != NULL)
        return rc_vocab_str(labels, RC_FIRST + k, n);
    *n = 0;
    for (int v = k, w = 1; v > 0 || w; v /= 10, w = 0)
        (*n)++;
    for (size_t i = *n; i-- > 0; k /= 10)
        number[i] = (char)('0' + k % 10);
    return number;
}

static int per_class(const rc_judged *j, const rc_vocab *labels, json_t *o, double *macro)
{
    json_t *classes = json_object(), *confusion = json_array();
    int bad = json_object_set_new(o, "per_class", classes) | json_object_set_new(o, "confusion", confusion);
    int counted = 0;
    *macro = 0;
    for (int k = 0; k < j->classes && !bad; k++) {
        double precision, recall, f1;
        int64_t support;
        char number[16];
        size_t n;
        const char *name = label(labels, k, number, &n);
        class_figures(j, k, &precision, &recall, &f1, &support);
        int64_t said = 0;
        json_t *row = json_array();
        for (int i = 0; i < j->classes; i++) {
            said += j->confusion[i * j->classes + k];
            bad |= json_array_append_new(row, json_integer(j->confusion[k * j->classes + i]));
        }
        if (support + said > 0)          /* a class that neither stands nor is said does not count */
            *macro += f1, counted++;
        bad |= json_array_append_new(confusion, row);
        bad |= json_object_setn_new(classes, name, n,
                                    json_pack("{s:f,s:f,s:f,s:I}", "precision", precision, "recall", recall,
                                                                "f1", f1, "support", (json_int_t)support));
    }
    *macro = counted > 0 ? *macro / counted : NAN;
    return bad;
}

int rc_measure(recur *r, const rc_judged *j, const rc_vocab *labels, json_t **out)
{
    json_t *o = *out = json_object();
    int64_t hits = 0, n = 0;
    double macro = NAN, area = NAN;
    for (int k = 0; k < j->classes; k++)
        for (int i = 0; i < j->classes; i++) {
            hits += i == k ? j->confusion[k * j->classes + i] : 0;
            n += j->confusion[k * j->classes + i];
        }
    int bad = json_object_set_new(o, "samples", json_integer(n))
        | rc_json_real(o, "accuracy", n > 0 ? (double)hits / (double)n : NAN)
            | per_class(j, labels, o, &macro) | rc_json_real(o, "macro_f1", macro);
    int e = j->classes == 2 && j->p != NULL ? average_precision(r, j, &area) : RECUR_OK;
    if (j->classes == 2)
        bad |= rc_json_real(o, "pr_auc", area);
    if (j->p != NULL)
        bad |= rc_json_real(o, "calibration_error", calibration(j));
    if (e == RECUR_OK && bad)
        e = rc_fail(r, RECUR_ENOMEM, "no memory for the figures");
    if (e != RECUR_OK) {
        json_decref(o);
        *out = NULL;
    }
    return e;
}
