/* SPDX-License-Identifier: MIT
 * net.c - net and settings for a tagger, chosen from the data; which tags may follow which. */
#include <stdio.h>
#include "data/pick.h"
#include "task/choose.h"
#include "task/tag/tag.h"

/* Words: what they are, how they are spelled, and what stands around them in both directions (Lample et al. 2016, Ma &
 * Hovy 2016).  Signs: they and their pairs, as words of a script without blanks mostly have two. */
static int units_net(const recur_data *d, const recur_train_options *o, char *out, size_t n)
{
    bool small = d->units < 20000;
    int E = small ? 50 : 100, C = small ? 25 : 50, H = small ? 64 : 200, m = 0;
    if (d->side != NULL)
        m += snprintf(out, n, "embed %d | conv %d width=3 | pool max >> ", small ? 25 : 30, C);
    if (o->vectors != NULL)
        m += snprintf(out + m, n - (size_t)m, "embed vectors | ");
    m += snprintf(out + m, n - (size_t)m, "embed %d | ", E);
    if (d->text->pairs != NULL)
        m += snprintf(out + m, n - (size_t)m, "embed %d of=pairs | ", E);
    return m + snprintf(out + m, n - (size_t)m, "embed 8 of=shape | %sdrop .5 | lstm %d bi", d->side != NULL ? "side | " : "", H);
}

static int net_line(const recur_data *d, const recur_train_options *o, char *net, size_t n)
{
    const char *heads = d->kinds > 1 ? " || drop .5 | dense | crf || pool max mean | drop .5 | dense | softmax weight=.3"
                                     : " | drop .5 | dense | crf";
    char line[400];
    int m = units_net(d, o, line, sizeof line);
    snprintf(line + m, sizeof line - (size_t)m, "%s", heads);
    return rc_choose_net(d->r, o, line, net, n);
}

static void say_data(const recur_data *d, const recur_train_options *o, rc_say *say, void *ud)
{
    const char *scheme = json_string_value(json_object_get(d->form, "scheme"));
    bool segment = rc_tag_segments(d->form), signs = json_is_true(json_object_get(d->form, "signs"));
    say(ud, "data: %d sentences, %lld %s, %d tags%s", d->count, (long long)d->units, rc_speak(d->r, signs ? "signs" : "words"), d->classes,
        rc_speak(d->r, segment ? " (B I E S: places of signs in words)" : ""));
    if (d->kinds > 1)
        say(ud, "sentences: %d kinds, learned by the same net with a second head", d->kinds);
    if (!segment && rc_scheme_find(scheme) != NULL)
        say(ud, "tags: entities, written as %s inside; what cannot follow (I after O) is never said", scheme);
    say(ud, "unit: %s, %d kinds%s", rc_speak(d->r, signs ? "sign (most words are single signs)" : "word, in small letters, digits as 0"),
        rc_vocab_size(d->text->vocab), rc_speak(d->r, d->text->pairs != NULL ? ", and pairs of neighbours" : ""));
    if (d->side != NULL)
        say(ud, "signs of words: %d kinds; they tell names and endings of words that were never seen",
            rc_vocab_size(d->side->text->vocab));
    if (d->dropped > 0)
        say(ud, "long: %lld sentences of more than %lld are cut where no entity is, at a mark where there is one",
            (long long)d->dropped, (long long)d->max_length);
    (void)o;
}

int rc_tag_choose(const recur_data *d, recur_train_options *o, char *net, size_t n, rc_say *say, void *ud)
{
    int longest = 1, e = net_line(d, o, net, n);
    if (e != RECUR_OK)
        return e;
    for (int i = 0; i < d->count; i++)
        longest = d->ex[i].T > longest ? d->ex[i].T : longest;
    say_data(d, o, say, ud);
    if (o->net == NULL)
        say(ud, "net: %s", net);
    rc_pick_int(&o->batch, d->count < 20000 ? 16 : 32);
    int64_t epochs = 3000000 / (d->units + 1);
    rc_pick_int(&o->bptt, longest);
    rc_choose_steps(o, &(rc_recipe){ .epochs = epochs, .fewest = 6, .most = 20, .hastes = .33, .lr = 4e-3, .decay = 1e-3, .clip = 1,
                                     .warmup = 0.03, .patience = 12 });
    say(ud, "training: batches of %lld, %s, rate %g, %s schedule; rare words are now and then read as unknown",
        (long long)o->batch, o->optimizer, o->lr, o->schedule);
    return RECUR_OK;
}

int rc_tag_prepare(recur_model *m, recur_data *d, const recur_train_options *o)
{
    if (o->balance != NULL && strcmp(o->balance, "none") != 0)
        return rc_fail(m->r, RECUR_EOPTION, "--balance %s: a tagger has no such thing; none is known", o->balance);
    d->drop_rare = 0.25;
    return rc_model_heads(m, o);
}

/* What early stopping looks at, by its name. */
const char *rc_tag_measure(const recur_model *m)
{
    const json_t *form = json_object_get(m->card, "form");
    bool entities = rc_tag_counts_entities(form, m->labels);
    if (json_array_size(json_object_get(form, "kinds")) > 1)
        return entities ? "f1 and intent" : "accuracy and intent";
    return entities ? "f1" : "accuracy";
}

int rc_tag_ready(recur_model *m)
{
    rc_head *h = m->net->branch[0].head;
    if (m->labels == NULL || m->forbid != NULL || h->in != rc_model_label_count(m))
        return RECUR_OK;
    int e = rc_tag_forbid(m->r, m->labels, json_object_get(m->card, "form"), &m->forbid);
    h->forbid = m->forbid;
    return e;
}
