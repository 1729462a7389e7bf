/* SPDX-License-Identifier: MIT
 * units.c - what transcripts are made of: words where they are few and often said (digits, commands), else signs, of which
 * any word can be made; and each example's text as classes of the head.  Texts too long for their sounds are left out
 * here, before anything is learned: no net can say them. */
#include <stdio.h>
#include "head/ctc.h"
#include "task/transcribe/gather.h"

enum { FEW_WORDS = 64, OFTEN = 5 };      /* so few words, each said so often on average, are units of their own */

static int count_units(rc_gather *g, const rc_spelling *how, rc_vocab **out, int64_t *all)
{
    recur_data *d = g->d;
    int32_t id;
    int e = rc_vocab_new(d->r, out);
    *all = 0;
    if (e == RECUR_OK)
        e = rc_vocab_add(*out, "<blank>", strlen("<blank>"), 0, &id);          /* class 0, RC_BLANK */
    for (int i = 0; i < d->count && e == RECUR_OK; i++) {
        const char *s = d->ex[i].text_n > 0 ? d->raw.s + d->ex[i].text : "", *unit;
        size_t n = d->ex[i].text_n, m;
        while (e == RECUR_OK && rc_transcript_unit(how, &s, &n, &unit, &m)) {
            ++*all;
            if ((id = rc_vocab_id(*out, unit, m)) == RC_UNK)
                e = rc_vocab_add(*out, unit, m, 1, &id);
            if (e == RECUR_OK && id <= RC_FIRST)
                e = rc_fail(d->r, RECUR_EDATA, "%s:%lld: '%.*s' cannot be a word of a transcript", rc_gather_name(g),
                            (long long)d->ex[i].line, (int)m, unit);
        }
    }
    return e;
}

static int unit_named(rc_gather *g, const char *unit)
{
    g->how.words = strcmp(unit, "word") == 0;
    return g->how.words || strcmp(unit, "char") == 0 ? RECUR_OK
        : rc_fail(g->d->r, RECUR_EOPTION, "--unit '%s': transcripts are cut into char or word", unit);
}

int rc_gather_units(rc_gather *g)
{
    recur_data *d = g->d;
    const char *unit = g->o != NULL ? g->o->unit : NULL;
    int64_t all;
    int e = unit != NULL ? unit_named(g, unit) : RECUR_OK;
    g->how.words = g->how.words || unit == NULL;
    if (e == RECUR_OK)
        e = count_units(g, &g->how, &d->labels, &all);
    int kinds = e == RECUR_OK ? rc_vocab_size(d->labels) - RC_FIRST - 1 : 0;
    if (e == RECUR_OK && unit == NULL && (kinds > FEW_WORDS || all < (int64_t)kinds * OFTEN)) {
        g->how.words = false;
        rc_vocab_free(d->labels);
        d->labels = NULL;
        e = count_units(g, &g->how, &d->labels, &all);
    }
    if (e == RECUR_OK && rc_vocab_size(d->labels) == RC_FIRST + 1)
        e = rc_fail(d->r, RECUR_EDATA, "%s: nothing is said in any line: a line is path<TAB>text", rc_gather_name(g));
    return e;
}

/* Lists that no net can say in so few steps are left out before anything is learned. */
static int fits(rc_gather *g, const rc_ids *label, rc_example *ex)
{
    char what[160];
    if (g->like != NULL || rc_ctc_fits(ex->T, label->id, (int)label->n))
        return RECUR_OK;
    snprintf(what, sizeof what, rc_speak(g->d->r, "cannot be aligned: %d steps of sound, its text needs %d"), ex->T,
             rc_ctc_rows(label->id, (int)label->n));
    g->line = ex->line;
    g->file = ex->file;
    ex->T = 0;                                                /* rc_gather_encode leaves it out */
    return rc_gather_problem(g, "short", what);
}

int rc_gather_encode(rc_gather *g)
{
    recur_data *d = g->d;
    rc_ids label = { .r = d->r };
    int e = RECUR_OK, kept = 0;
    for (int i = 0; i < d->count && e == RECUR_OK; i++) {
        rc_example *ex = &d->ex[i];
        const char *s = ex->text_n > 0 ? d->raw.s + ex->text : "", *unit;
        size_t n = ex->text_n, m;
        label.n = 0;
        while (e == RECUR_OK && rc_transcript_unit(&g->how, &s, &n, &unit, &m)) {
            int32_t id = rc_vocab_id(d->labels, unit, m);
            if (id <= RC_FIRST)
                d->unknown++;
            else
                e = rc_ids_add(&label, id - RC_FIRST);
        }
        if (e == RECUR_OK)
            e = fits(g, &label, ex);
        if (e == RECUR_OK && ex->T > 0)
            e = rc_data_list(d, ex, label.id, label.n);
        if (ex->T > 0)
            d->ex[kept++] = *ex;
    }
    d->count = kept;
    rc_ids_free(&label);
    return e;
}
