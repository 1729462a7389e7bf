/* SPDX-License-Identifier: MIT
 * net.c - net and settings for a classifier, chosen from the data; what rare classes ask for. */
#include <stdio.h>
#include "data/pick.h"
#include "task/choose.h"
#include "task/classify/classify.h"

static void shape_of(const recur_data *d, double *mean, int *longest, double *rarest)
{
    int64_t sum = 0, *seen = rc_new(d->r, (size_t)d->classes + 1, sizeof *seen);
    *longest = 0;
    *rarest = 1;
    for (int i = 0; i < d->count; i++) {
        sum += d->ex[i].T;
        *longest = d->ex[i].T > *longest ? d->ex[i].T : *longest;
        if (seen != NULL && d->ex[i].label >= 0)
            seen[d->ex[i].label]++;
    }
    for (int k = 0; k < d->classes && seen != NULL; k++)
        if ((double)seen[k] / d->count < *rarest)
            *rarest = (double)seen[k] / d->count;
    *mean = d->count > 0 ? (double)sum / d->count : 0;
    rc_free(d->r, seen);
}

/* Nets for texts.  Both directions and pooling of maximum and mean, because the words that decide stand anywhere;
 * heavy dropout and label smoothing, because a few thousand labelled texts are few for so many weights: whole units are
 * dropped too.  Beside what the net makes of their order each unit and pair has a few numbers that go to the answer
 * straight (the wide part of Cheng et al. 2016).  Of words, attention finds the few that decide. */
static const char *text_net(const recur_data *d)
{
    bool pairs = d->text->pairs != NULL, signs = strcmp(d->text->unit->name, "char") == 0;
    if (d->count < 1000)
        return pairs ? "embed 32 | embed 32 of=pairs | drop .4 locked | lstm 48 bi | pool max mean | drop .5 | dense"
                       " | softmax smooth=.1"
                     : "embed 32 | drop .4 locked | lstm 48 bi | pool max mean | drop .5 | dense | softmax smooth=.1";
    if (pairs && signs)
        return "embed 64 | embed 64 of=pairs | drop .15 word | drop .5 locked | lstm 96 bi | embed 4 of=pairs | embed 4"
               " | pool max mean | drop .5 | dense | softmax smooth=.1";
    return pairs ? "embed 64 | embed 64 of=pairs | drop .15 word | drop .5 locked | lstm 96 bi"
                   " | embed 4 of=pairs sd=.01 scale=16 | embed 4 sd=.01 scale=16 | pool max mean attend | drop .5 | dense | softmax smooth=.1"
                 : "embed 64 | drop .4 locked | lstm 96 bi | pool max mean | drop .5 | dense | softmax smooth=.1";
}

static void say_balance(const recur_data *d, const recur_train_options *o, double rarest, rc_say *say, void *ud)
{
    if (o->balance == NULL && rarest < 0.5 / d->classes)
        say(ud, "classes: the rarest has %.1f %% of the examples: --balance weights, focal or sample may help it",
            rarest * 100);
}

/* For examples that came as numbers: an answer a step or a sequence, the head by what their targets are. */
static void plain_net(const recur_data *d, char out[128])
{
    const char *head = d->list != NULL ? " | ctc" : d->outputs > 0 ? " | square" : "";
    const char *pool = d->per_step || d->list != NULL ? "" : " | pool max mean";
    snprintf(out, 128, "%s%s | drop .3 | dense%s",
             d->F > 0 ? "input | drop .1 | gru 64 bi" : "embed 64 | drop .2 locked | lstm 96 bi", pool, head);
}

int rc_classify_choose(const recur_data *d, recur_train_options *o, char *net, size_t n, rc_say *say, void *ud)
{
    bool measured = d->F > 0, text = d->text != NULL;
    double mean, rarest;
    int longest;
    shape_of(d, &mean, &longest, &rarest);
    char plain[128];
    plain_net(d, plain);
    const char *line = text ? text_net(d) : plain;
    say(ud, "data: %d examples, %d classes, %.0f steps on average, at most %d", d->count, d->classes, mean, longest);
    if (text)
        say(ud, "unit: %s, %d kinds%s%s", d->text->unit->name, rc_vocab_size(d->text->vocab),
            rc_speak(d->r, d->text->pairs != NULL ? ", and pairs of neighbours, which tell \"not good\" from \"good\"" : ""),
            rc_speak(d->r, o->unit != NULL ? "" : strcmp(d->text->unit->name, "char") == 0
                ? " (signs: the script has no blanks, or the texts are single words)"
                : " (words: the script has blanks)"));
    int e = rc_choose_net(d->r, o, line, net, n);
    if (e != RECUR_OK)
        return e;
    if (o->net == NULL)
        say(ud, "net: %s (%s)", net, rc_speak(d->r, d->per_step ? "both directions, an answer at each step"
                                 : "both directions, the strongest and the mean answer over the text"));
    say_balance(d, o, rarest, say, ud);
    rc_pick_int(&o->batch, measured ? (d->count < 300 ? 8 : 16) : d->count < 20000 ? 32 : 64);
    int64_t epochs = (measured ? 40000 : 80000) / (d->count + 1);
    rc_pick_int(&o->bptt, longest > 0 ? longest : 1);
    rc_choose_steps(o, &(rc_recipe){ .epochs = epochs, .fewest = 5, .most = measured ? 100 : 30, .hastes = text ? 1 : 0, .lr = measured ? 3e-3 : 2e-3,
                                     .decay = 0.01, .clip = 1, .warmup = 0.05, .patience = measured ? 30 : 6 });
    int64_t batches = d->count / o->batch + 1;
    if (batches >= 300)
        rc_pick_int(&o->eval_every, batches / 2);             /* the best weights often lie inside an epoch */
    say(ud, "training: batches of %lld, %s, rate %g, %s schedule; ends early after %lld evaluations without gain",
        (long long)o->batch,
        o->optimizer, o->lr, o->schedule, (long long)o->patience);
    return RECUR_OK;
}

/* n / (classes * n_c): every class weighs the same, and the mean weight of an example is 1. */
static int class_weights(recur_model *m, const recur_data *d, real **out)
{
    size_t K = (size_t)d->classes;
    real *w = *out = rc_new(m->r, K, sizeof *w);
    if (w == NULL)
        return RECUR_ENOMEM;
    for (int i = 0; i < d->count; i++)
        if (d->ex[i].label >= 0)
            w[d->ex[i].label]++;
    for (size_t k = 0; k < K; k++)
        w[k] = w[k] > 0 ? (real)d->count / ((real)K * w[k]) : 1;
    return RECUR_OK;
}

static int weigh_loss(recur_model *m, recur_data *d)
{
    real *w;
    int e = class_weights(m, d, &w);
    if (e != RECUR_OK)
        return e;
    for (int b = 0; b < m->net->branches; b++)
        if (m->net->branch[b].head->kind->classes)
            m->net->branch[b].head->class_weight = w;
    rc_free(m->r, m->class_weight);
    m->class_weight = w;
    return RECUR_OK;
}

static int focus(recur_model *m, recur_data *d)
{
    (void)d;
    for (int b = 0; b < m->net->branches; b++)
        if (m->net->branch[b].head->kind->classes && !(m->net->branch[b].head->focal > 0))
            m->net->branch[b].head->focal = 2;                /* Lin et al. 2017 */
    return RECUR_OK;
}

static int sample(recur_model *m, recur_data *d)
{
    real *w;
    int e = class_weights(m, d, &w);
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        d->ex[i].weight = d->ex[i].label >= 0 ? (float)w[d->ex[i].label] : 0;
    if (e == RECUR_OK)
        rc_free(m->r, w);
    return e;
}

static int leave(recur_model *m, recur_data *d) { (void)m; (void)d; return RECUR_OK; }

static const struct { const char *name; int (*apply)(recur_model *m, recur_data *d); } balances[] = {
    { "none", leave }, { "weights", weigh_loss }, { "focal", focus }, { "sample", sample },
};

int rc_classify_prepare(recur_model *m, recur_data *d, const recur_train_options *o)
{
    int e = rc_data_suits(d, m->net);
    if (e == RECUR_OK)
        e = rc_model_heads(m, o);
    if (e != RECUR_OK)
        return e;
    const char *how = o->balance != NULL ? o->balance : "none";
    for (size_t i = 0; i < sizeof balances / sizeof balances[0]; i++)
        if (strcmp(balances[i].name, how) == 0) {
            if (i > 0 && json_object_set_new(m->card, "balance", json_string(how)) != 0)
                return rc_fail(m->r, RECUR_ENOMEM, "no memory for the model card");
            return balances[i].apply(m, d);
        }
    return rc_fail(m->r, RECUR_EOPTION, "--balance '%s': none, weights, focal and sample are known", how);
}
