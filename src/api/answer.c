/* SPDX-License-Identifier: MIT
 * answer.c - one short call a job: classify a text, classify data, generate, report copies. */
#include "api/api.h"

enum { ROWS = 4096 };            /* rows of a batch while classifying data: enough to keep the products busy */

static int wants_labels(recur *r, const recur_model *m)
{
    const rc_head *h = m->net->branch[0].head;
    if (strcmp(m->task->name, "classify") != 0)
        return rc_wrong_task(r, m, "has no classes to tell");
    RC_NEED(r, h->kind->classes && m->labels, RECUR_EOPTION,
            "a model for task '%s' with head '%s' has no classes to tell", m->task->name, h->kind->name);
    return RECUR_OK;
}

/* Probabilities of a batch's sequences: p [rows][classes], in the batch's order. */
static int judge(const recur_model *m, rc_run *u, const recur_batch *b, real *p)
{
    const rc_head *h = m->net->branch[0].head;
    int rows;
    const real *z = rc_run_forward(u, b, 0, &rows);
    if (!z)
        return RECUR_EDATA;
    RC_NEED(m->r, rows == b->B, RECUR_ESHAPE,
            "the net answers %d times for %d sequences; use recur_forward for answers at each step", rows, b->B);
    h->kind->answer(h, m->r->kern, rows, z, p);
    return RECUR_OK;
}

int recur_classify_data(recur *r, const recur_model *m, recur_data *d, float *p)
{
    if (!r)
        return RECUR_EOPTION;
    RC_NEED(r, m && d && p, RECUR_EOPTION, "recur_classify_data: model, data and room for probabilities are needed");
    RC_NEED(r, !d->stream, RECUR_EOPTION, "recur_classify_data: these data are a running text");
    int e = wants_labels(r, m), longest = 1;
    if (e < 0 || d->count == 0)
        return e;
    for (int i = 0; i < d->count; i++)
        if (d->ex[i].T > longest)
            longest = d->ex[i].T;
    const int B = longest >= ROWS ? 1 : ROWS / longest, C = m->net->branch[0].head->in;
    rc_run *u = NULL;
    real *q = rc_new(r, (size_t)B * (size_t)C, sizeof *q);
    recur_dims dims;
    recur_batch b;
    rc_data_dims(d, B, longest, &dims);
    if (!q) {
        e = RECUR_ENOMEM;
        goto done;
    }
    dims.scores = 1;
    if ((e = rc_run_new(r, &u, m->net, m->w, &dims)) < 0)
        goto done;
    u->weights = 1;
    recur_data_start(d, B, longest, 0, 0);
    while ((e = recur_data_next(d, &b)) >= 0) {
        if ((e = judge(m, u, &b, q)) < 0)
            goto done;
        for (int i = 0; i < b.B; i++)
            for (int c = 0; c < C; c++)
                p[(size_t)rc_data_order(d, i) * (size_t)C + (size_t)c] = (float)q[i * C + c];
    }
    if (e == RECUR_EEND)
        e = RECUR_OK;
done:
    rc_run_free(u);
    rc_free(r, q);
    return e;
}

/* --- one text --- */

typedef struct { const char *text; bool given; } single;

static int give(void *ud, recur_example *out)
{
    single *s = ud;
    if (s->given)
        return 1;
    s->given = true;
    *out = (recur_example){ .text = s->text };
    return 0;
}

/* Of two classes the second is said from the threshold on that was chosen in training; else the likeliest (-1). */
static int said(const recur_model *m, const float *p, int n)
{
    const json_t *t = json_object_get(m->card, "threshold");
    return n == 2 && json_is_number(t) ? (double)p[1] >= json_number_value(t) : -1;
}

/* The k largest of p [n], largest first, ties to the smaller class; the class that is said before all others. */
static void rank(const recur_model *m, const float *p, int n, recur_answer *best, int k)
{
    const int first = said(m, p, n);
    for (int i = 0, filled = 0; i < n; i++) {
        int at = filled < k ? filled++ : k;
        if (at == k && i != first && (best[k - 1].label == first || p[i] <= best[k - 1].p))
            continue;
        at = at < k ? at : k - 1;
        for (; at > 0 && best[at - 1].label != first && (i == first || best[at - 1].p < p[i]); at--)
            best[at] = best[at - 1];
        best[at] = (recur_answer){ .label = i, .name = recur_model_label(m, i), .p = p[i] };
    }
}

int recur_best(const recur_model *m, const float *p, recur_answer *best, int k)
{
    int n = rc_model_label_count(m);
    k = k < n ? k : n;
    rank(m, p, n, best, k);
    return k;
}

int recur_classify(recur *r, const recur_model *m, const char *text, recur_answer *best, int k)
{
    if (!r)
        return RECUR_EOPTION;
    RC_NEED(r, m && text && best && k > 0, RECUR_EOPTION,
            "recur_classify: a model, a text and room for k >= 1 answers are needed");
    recur_data *d = NULL;
    float *p = NULL;
    int e = wants_labels(r, m), n = m->net->branch[0].head->in;
    single s = { .text = text };
    if (e < 0 || (e = recur_data_callback(r, &d, NULL, give, &s, NULL, m)) < 0)
        goto done;
    if (d->count == 0) {
        e = rc_fail(r, RECUR_EDATA, "nothing to classify: the text is empty");
        goto done;
    }
    if (!(p = rc_new(r, (size_t)n, sizeof *p))) {
        e = RECUR_ENOMEM;
        goto done;
    }
    if ((e = recur_classify_data(r, m, d, p)) < 0)
        goto done;
    k = k < n ? k : n;
    rank(m, p, n, best, k);
done:
    rc_free(r, p);
    recur_data_close(d);
    return e < 0 ? e : k;
}

/* --- text --- */

int recur_generate(recur *r, const recur_model *m, const recur_generate_options *o, recur_emit *emit, void *ud)
{
    if (!r)
        return RECUR_EOPTION;
    RC_NEED(r, m && emit, RECUR_EOPTION, "recur_generate: a model and a function that takes the text are needed");
    const recur_generate_options plain = recur_generate_defaults();
    return rc_generate(r, m, o ? o : &plain, emit, ud);
}

int recur_copy_report(recur *r, const recur_model *m, const char *text, const char *const *path, int n, char **json)
{
    if (!r || !json)
        return RECUR_EOPTION;
    *json = NULL;
    RC_NEED(r, m && text && path && n > 0, RECUR_EOPTION,
            "recur_copy_report: model, text and the training files are needed");
    json_t *j = NULL;
    int e = rc_copy_report(m, text, path, n, &j);
    return e < 0 ? e : rc_text_of(r, j, json);
}
