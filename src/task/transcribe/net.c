/* SPDX-License-Identifier: MIT
 * net.c - net and settings for transcription, chosen from the data; utterances that this net cannot align. */
#include <stdio.h>
#include "head/ctc.h"
#include "data/pick.h"
#include "task/choose.h"
#include "task/transcribe/transcribe.h"

/* The most steps that may become one: every text must still be sayable, with room to spare, because a net that has to
 * say a label at nearly every step learns late. */
static int most_stride(const recur_data *d)
{
    enum { NAMED = 20 };                                      /* so many in a thousand may be tighter */
    int at_most[5] = { 0 };
    for (int i = 0; i < d->count; i++) {
        const rc_example *ex = &d->ex[i];
        int need = rc_ctc_rows(d->list + ex->list, ex->list_n);
        for (int k = 1; k <= 4; k++)
            at_most[k] += ex->T / k >= 2 * need;
    }
    int k = 4;
    while (k > 1 && (int64_t)at_most[k] * 1000 < (int64_t)d->count * (1000 - NAMED))
        k--;
    return k == 3 ? 2 : k;
}

static int64_t longest(const recur_data *d)
{
    int64_t T = 1;
    for (int i = 0; i < d->count; i++)
        T = d->ex[i].T > T ? d->ex[i].T : T;
    return T;
}

static void choose_net(const recur_data *d, char *line, size_t n, int stride)
{
    bool many = d->rows > 100000;
    int H = many ? 128 : 64, C = many ? 64 : 48;
    const char *mask = json_is_string(json_object_get(d->form, "front")) ? " | mask time=10 count=1" : "";
    char conv[96] = "";
    if (stride == 4)
        snprintf(conv, sizeof conv, " | conv %d width=5 stride=2 act=relu | conv %d width=5 stride=2 act=relu", C, C);
    else
        snprintf(conv, sizeof conv, " | conv %d width=5%s act=relu", C, stride == 2 ? " stride=2" : "");
    snprintf(line, n, "input%s%s | drop .3 | lstm %d bi | drop .4 | dense", mask, conv, H);
}

int rc_transcribe_choose(const recur_data *d, recur_train_options *o, char *net, size_t n, rc_say *say, void *ud)
{
    char line[400];
    int stride = most_stride(d);
    int64_t labels = 0;
    const char *front = json_string_value(json_object_get(d->form, "front"));
    const char *unit = json_string_value(json_object_get(d->form, "unit"));
    for (int i = 0; i < d->count; i++)
        labels += d->ex[i].list_n;
    say(ud, "data: %d utterances, %zu steps of %d features, %lld labels", d->count, d->rows, d->F, (long long)labels);
    if (front != NULL)
        say(ud, "front end: %s", front);
    say(ud, "unit: %s, %d kinds%s", unit, d->classes - 1, rc_speak(d->r, o->unit != NULL ? "" : strcmp(unit, "word") == 0
        ? " (few different words, each said often)" : " (signs: any word can be made of them)"));
    choose_net(d, line, sizeof line, stride);
    if (o->net == NULL)
        say(ud, "net: %s (%d steps become one before the time loop)", line, stride);
    int e = rc_choose_net(d->r, o, line, net, n);
    if (e != RECUR_OK)
        return e;
    rc_pick_int(&o->batch, d->count < 1000 ? 8 : d->count < 3000 ? 16 : 32);
    int64_t epochs = 60000 / (d->count + 1);
    rc_pick_int(&o->bptt, longest(d));
    rc_choose_steps(o, &(rc_recipe){ .epochs = epochs, .fewest = 12, .most = 150, .lr = 3e-3, .decay = 0.01, .clip = 1,
                                     .warmup = 0.05, .patience = 25 });
    say(ud, "training: batches of %lld, %s, rate %g, %s schedule; ends early after %lld evaluations without gain",
        (long long)o->batch, o->optimizer, o->lr, o->schedule, (long long)o->patience);
    return RECUR_OK;
}

int rc_transcribe_suits(const recur_model *m)
{
    const rc_head *h = m->net->branch[0].head;
    if (m->task != &rc_task_transcribe)
        return rc_wrong_task(m->r, m, "does not transcribe");
    if (!h->kind->lists || h->in != rc_model_label_count(m))
        return rc_fail(m->r, RECUR_EOPTION, "transcribing wants a net that ends with `dense | ctc`; this one is %s", m->net->line);
    return RECUR_OK;
}

/* What this net makes too short is named and left out. */
int rc_transcribe_prepare(recur_model *m, recur_data *d, const recur_train_options *o)
{
    enum { NAMED = 10 };
    int kept = 0, out = 0;
    char names[900] = "";
    size_t at = 0;
    (void)o;
    int e = rc_transcribe_suits(m);
    if (e != RECUR_OK)
        return e;
    for (int i = 0; i < d->count; i++) {
        const rc_example *ex = &d->ex[i];
        int T = rc_net_steps(m->net, ex->T), need = rc_ctc_rows(d->list + ex->list, ex->list_n);
        if (T >= need && T > 0) {
            d->ex[kept++] = *ex;
            continue;
        }
        if (out++ < NAMED && at < sizeof names)
            at += (size_t)snprintf(names + at, sizeof names - at, rc_speak(m->r, "%s%.50s:%lld (%d steps for %d labels)"),
                                   out > 1 ? ", " : "", ex->file >= 0 && ex->file < d->paths ? d->path[ex->file] : "example",
                                   (long long)ex->line, T, need);
    }
    d->count = kept;
    d->dropped += out;
    if (kept == 0)
        return rc_fail(m->r, RECUR_EDATA, "this net leaves too few steps for every text: %s; smaller strides are needed",
                       names);
    if (out > 0)
        rc_warn(m->r, "%d utterances left out, which cannot be aligned behind this net: %s%s", out, names,
                rc_speak(m->r, out > NAMED ? ", ..." : ""));
    return RECUR_OK;
}
