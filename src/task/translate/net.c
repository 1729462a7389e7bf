/* SPDX-License-Identifier: MIT
 * net.c - net and settings for a translator, chosen from the data. */
#include <stdio.h>
#include "data/pick.h"
#include "task/choose.h"
#include "task/translate/translate.h"

/* A reader in both directions; a writer that begins where the reader ended, looks back at what was read at every step
 * (Luong et al. 2015) and shares one table between what it reads and what it writes.  Sizes by the number of pairs;
 * dropout is heavy where they are few. */
typedef struct { int64_t below; const char *net, *why; } size_row;
static const size_row texts[] = {
    { 5000,      "embed 64 | drop .2 | lstm 64 bi >> embed 64 | drop .2 | lstm 128 bridge | attend 64 | drop .2"
                 " | dense tie", "few pairs: a small net" },
    { 100000,    "embed 256 | drop .4 | lstm 192 bi >> embed 256 | drop .4 | lstm 384 bridge | attend 256 | drop .4"
                 " | dense tie", "some ten thousand pairs: heavy dropout" },
    { INT64_MAX, "embed 256 | drop .2 | lstm 256 bi >> embed 256 | drop .2 | lstm 512 bridge | attend 256 | drop .2"
                 " | dense tie", "many pairs: a larger net, less dropout" },
};
/* Few kinds of signs: tables are small, and what is to be learned is a rule. */
static const size_row signs[] = {
    { INT64_MAX, "embed 32 | lstm 64 bi >> embed 32 | lstm 128 bridge | attend 128 | dense",
      "few kinds of signs: a rule to be learned" },
};

static void lengths(const recur_data *d, double *mean, int *longest)
{
    int64_t sum = 0;
    *longest = 1;
    for (int i = 0; i < d->count; i++) {
        sum += d->ex[i].T;
        *longest = d->ex[i].T > *longest ? d->ex[i].T : *longest;
    }
    *mean = d->count > 0 ? (double)sum / d->count : 0;
}

static void say_texts(const recur_data *d, const recur_train_options *o, rc_say *say, void *ud)
{
    double source, target;
    int most_source, most_target;
    lengths(d->side, &source, &most_source);
    lengths(d, &target, &most_target);
    say(ud, "data: %d pairs, %.0f units on average from %.0f, at most %d from %d%s", d->count, target, source, most_target,
        most_source, rc_speak(d->r, d->text == d->side->text ? ", one vocabulary for both sides" : ""));
    say(ud, "units: source %s%s, %d kinds; target %s, %d kinds%s", d->side->text->o.unit,
        rc_speak(d->r, d->side->text->o.lower ? " in small letters" : ""), rc_vocab_size(d->side->text->vocab),
        d->text->o.unit, rc_vocab_size(d->text->vocab), rc_speak(d->r, o->unit != NULL ? "" : strcmp(d->text->unit->name, "token") == 0
        ? " (the text is cut already)" : strcmp(d->text->unit->name, "char") == 0 ? " (signs)" : " (pieces of words)"));
    if (d->dropped > 0)
        say(ud, "length: %lld pairs of more than %lld units are left out; --max-length says how many are too many",
            (long long)d->dropped, (long long)d->max_length);
}

static void choose_steps(const recur_data *d, recur_train_options *o, bool few)
{
    rc_pick_int(&o->batch, d->count < 2000 ? 16 : few ? 64 : d->count < 100000 ? 64 : 128);
    int64_t epochs = (few ? 400000 : 500000) / (d->count + 1);
    rc_choose_steps(o, &(rc_recipe){ .epochs = epochs, .fewest = 4, .most = d->count < 5000 ? 50 : 30,
                                     .lr = few ? 4e-3 : d->count < 5000 ? 5e-3 : 2e-3, .beta2 = 0.98,    /* a short memory of squares */
                                     .decay = 0.01, .clip = 1, .warmup = 0.05, .patience = 8 });
    if (!(o->smooth > 0) && !few)
        o->smooth = 0.1;                                      /* Szegedy et al. 2016 */
}

int rc_translate_choose(const recur_data *d, recur_train_options *o, char *net, size_t n, rc_say *say, void *ud)
{
    bool few = rc_vocab_size(d->text->vocab) < 200 && rc_vocab_size(d->side->text->vocab) < 200;
    const size_row *row = few ? signs : texts;
    int longest;
    double mean;
    while (d->count >= row->below)
        row++;
    lengths(d, &mean, &longest);
    say_texts(d, o, say, ud);
    if (o->net == NULL)
        say(ud, "net: %s (%s)", row->net, rc_speak(d->r, row->why));
    int e = rc_choose_net(d->r, o, row->net, net, n);
    if (e != RECUR_OK)
        return e;
    choose_steps(d, o, few);
    rc_pick_int(&o->bptt, longest);
    int64_t batches = d->count / o->batch + 1;
    if (batches >= 2000)
        rc_pick_int(&o->eval_every, 1000);
    say(ud, "training: batches of %lld, %s, rate %g, %s schedule, smoothing %g; ends early after %lld evaluations without "
        "gain", (long long)o->batch, o->optimizer, o->lr, o->schedule, o->smooth, (long long)o->patience);
    return RECUR_OK;
}

int rc_translate_suits(const recur_model *m)
{
    const rc_net *n = m->net;
    const rc_head *h = n->branch[0].head;
    if (n->side == 0)
        return rc_fail(m->r, RECUR_ESPEC, "net: a translator reads the source in a chain of its own, before >>, as in "
                       "'embed 64 | lstm 64 bi >> embed 64 | lstm 128 bridge | attend | dense'; this one has none: %.300s", n->line);
    if (n->branches > 1 || !h->kind->classes || h->kind->lists || h->kind->tell != NULL || h->in != rc_vocab_size(m->text->vocab))
        return rc_fail(m->r, RECUR_ESPEC, "net: a translator ends in one head that gives each unit a probability, as in "
                       "'... | dense | softmax'; this one is %.300s", n->line);
    return rc_net_suits_writing(m, "bi, conv and pooling belong to the chain before >>");
}

int rc_translate_prepare(recur_model *m, recur_data *d, const recur_train_options *o)
{
    (void)d;
    rc_head *h = m->net->branch[0].head;
    if (o->smooth > 0 && !(h->smooth > 0))
        h->smooth = o->smooth;
    return RECUR_OK;
}

static int32_t likeliest(const real *z, int V)
{
    int32_t best = 0;
    for (int32_t v = 1; v < V; v++)
        best = z[v] > z[best] ? v : best;
    return best;
}

/* In two passes (Mihaylova and Martins 2019): what the net says after each unit of the right answer stands in the place
 * of the unit that follows, here and there. */
int rc_translate_guess(const recur_model *m, recur_data *d, rc_run *u, const recur_batch *b, double share, uint64_t key)
{
    int rows, V = m->net->branch[0].head->in;
    const real *z = rc_run_forward(u, b, 0, &rows);
    if (z == NULL)
        return RECUR_EDATA;
    for (int t = 0, row = 0; t + 1 < b->T; row += b->alive[t++])
        for (int s = 0; s < b->alive[t + 1]; s++) {
            int next = row + b->alive[t] + s;
            if (rc_uniform(key, (uint64_t)next) >= share)
                continue;
            int32_t said = likeliest(z + (size_t)(row + s) * (size_t)V, V);
            if (said != RC_EOS)                                /* the answer goes on here */
                d->out.ids[next] = said;
        }
    return RECUR_OK;
}
