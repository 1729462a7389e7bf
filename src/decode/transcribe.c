/* SPDX-License-Identifier: MIT
 * transcribe.c - one sound -> its text, other readings, and when each unit is said. */
#include <math.h>

#include "data/pick.h"
#include "decode/decode.h"
#include "task/transcribe/search.h"
#include "task/transcribe/transcribe.h"

enum { BEAM = 16 };              /* where a search is wanted and no --beam given */

typedef struct {
    recur *r; const recur_model *m;
    const recur_transcribe_options *o;
    rc_spelling how;
    char **text; int width;      /* [width] what each class writes */
    rc_lexicon *lexicon;
    int words, lost;             /* of the lexicon; those that the model cannot spell */
    rc_buf first;                /* the first of them, as FILE:LINE: 'word' */
    rc_ctc_search *search;       /* NULL: the likeliest unit of each step */
    rc_run *u;
    double seconds;              /* of a row of scores; for measurements: its steps */
    rc_buf line;
} teller;

static int32_t class_of(const teller *k, const char *s, size_t n)
{
    int32_t id = rc_vocab_id(k->m->labels, s, n);
    return id > RC_FIRST ? id - RC_FIRST : -1;
}

/* A word of the lexicon as classes; a word with a sign that the model never learned is left out and counted. */
static int add_word(teller *k, const char *s, size_t n, int64_t line)
{
    rc_buf fold;
    rc_ids label = { .r = k->r };
    const char *unit, *at;
    size_t m, left;
    bool known = true;
    rc_buf_init(&fold, k->r, 0);
    int e = rc_transcript_fold(k->r, &k->how, s, n, &fold);
    for (at = fold.s, left = fold.n; e == RECUR_OK && known && left > 0 && rc_transcript_unit(&k->how, &at, &left, &unit, &m);) {
        int32_t class = class_of(k, unit, m);
        known = class > 0;
        e = known ? rc_ids_add(&label, class) : RECUR_OK;
    }
    if (e == RECUR_OK && known && label.n > 0)
        e = rc_lexicon_add(k->lexicon, label.id, (int)label.n);
    k->words += label.n > 0 || !known;
    k->lost += !known;
    if (e == RECUR_OK && !known && k->lost == 1)
        e = rc_buf_print(&k->first, "%s:%lld: '%.*s'", k->o->lexicon, (long long)line, fold.n < 99 ? (int)fold.n : 99, fold.s);
    rc_ids_free(&label);
    rc_buf_free(&fold);
    return e;
}

static int read_lexicon(teller *k)
{
    rc_buf raw;
    const char *s;
    size_t n;
    rc_buf_init(&raw, k->r, 0);
    int e = rc_file_read(k->r, k->o->lexicon, &raw);
    if (e == RECUR_OK)
        e = rc_lexicon_new(k->r, &k->lexicon);
    rc_lines l = { raw.s, raw.s != NULL ? raw.s + raw.n : NULL, 0 };
    while (e == RECUR_OK && raw.n > 0 && rc_lines_next(&l, &s, &n))
        e = add_word(k, s, n, l.line);
    rc_buf_free(&raw);
    if (e != RECUR_OK)
        return e;
    if (k->words == 0)
        return rc_fail(k->r, RECUR_EDATA, "%s: no word in it; a lexicon is the words that may be said, one a line", k->o->lexicon);
    if (k->lost == k->words)
        return rc_fail(k->r, RECUR_EDATA, "%s has a sign that the model never learned, and so has every word of the lexicon", k->first.s);
    if (k->lost > 0)
        rc_warn(k->r, "%s has a sign that the model never learned; %d of %d words of the lexicon cannot be said", k->first.s,
                k->lost, k->words);
    return RECUR_OK;
}

/* Of signs twice as many lists as texts: with and without a blank at an end they are the same. */
static int lists_wanted(const teller *k) { return (int)k->o->n_best * (k->how.words || k->o->n_best <= 1 ? 1 : 2); }

static int open_search(teller *k, const recur_model *lm)
{
    const recur_transcribe_options *o = k->o;
    int e = RECUR_OK;
    if (o->text != NULL && (o->n_best > 1 || o->lexicon != NULL || lm != NULL || o->beam > 1))
        return rc_fail(k->r, RECUR_EOPTION, "--text says what is said; --beam, --n-best, --lexicon and --lm would search for it");
    if (o->n_best <= 1 && o->lexicon == NULL && lm == NULL && o->beam <= 1)
        return RECUR_OK;
    if (k->how.words && (o->lexicon != NULL || lm != NULL))
        return rc_fail(k->r, RECUR_EOPTION, "this model says whole words and knows no others: a lexicon or language model"
                       " is for models of signs (--unit char)");
    if (o->lexicon != NULL && (e = read_lexicon(k)) != RECUR_OK)
        return e;
    int beam = o->beam > 0 ? (int)o->beam : BEAM, best = lists_wanted(k);
    int32_t space = k->how.words ? -1 : class_of(k, " ", 1);
    const rc_ctc_how how = { .beam = beam > best ? beam : best, .best = best, .space = space > 0 ? space : 0,
                             .lexicon = k->lexicon, .lm = lm, .alpha = o->lm_weight, .beta = o->bonus,
                             .text = (const char *const *)k->text };
    return rc_ctc_search_open(k->r, &k->search, &how, k->width);
}

static int open_texts(teller *k)
{
    int e = rc_transcribe_suits(k->m);
    if (e != RECUR_OK)
        return e;
    k->width = k->m->net->branch[0].head->in;
    if ((k->text = rc_new(k->r, (size_t)k->width, sizeof *k->text)) == NULL)
        return RECUR_ENOMEM;
    for (int c = 0; c < k->width; c++) {
        size_t n;
        const char *s = rc_vocab_str(k->m->labels, RC_FIRST + c, &n);
        if ((k->text[c] = rc_copy_n(k->r, s, n)) == NULL)
            return RECUR_ENOMEM;
    }
    return RECUR_OK;
}

static void close_teller(teller *k)
{
    for (int c = 0; c < k->width && k->text != NULL; c++)
        rc_free(k->r, k->text[c]);
    rc_free(k->r, k->text);
    rc_ctc_search_close(k->search);
    rc_lexicon_free(k->lexicon);
    rc_run_free(k->u);
    rc_buf_free(&k->line);
    rc_buf_free(&k->first);
}

/* --- telling --- */

static int write_text(teller *k, const int32_t *label, int n)
{
    k->line.n = 0;
    return rc_transcript_join(k->r, &k->how, k->m->labels, label, n, &k->line);
}

/* Lists that differ in their blanks alone are one text: its probability is their sum. */
typedef struct { char *text; double score, logp; int list; } reading;

static double log_sum(double a, double b)
{
    double most = a > b ? a : b;
    return most + log(exp(a - most) + exp(b - most));
}

static int merge(teller *k, const rc_ctc_found *found, int n, reading *out, int *readings)
{
    int e = RECUR_OK, at;
    *readings = 0;
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        if ((e = write_text(k, found[i].label, found[i].n)) != RECUR_OK)
            break;
        for (at = 0; at < *readings && strcmp(out[at].text, k->line.s) != 0; at++)
            continue;
        reading one = { NULL, found[i].score, found[i].logp, i };
        if (at < *readings) {
            one = out[at];
            one.score = log_sum(one.score, found[i].score);
            one.logp = log_sum(one.logp, found[i].logp);
        } else if ((one.text = rc_copy_n(k->r, k->line.s, k->line.n)) == NULL) {
            e = RECUR_ENOMEM;
            break;
        } else {
            ++*readings;
        }
        for (; at > 0 && out[at - 1].score < one.score; at--)
            out[at] = out[at - 1];
        out[at] = one;
    }
    return e;
}

static int put_readings(teller *k, const reading *best, int n, json_t *out)
{
    json_t *list = json_array();
    const char *first = n > 0 ? best[0].text : "";
    int bad = json_object_set_new(out, "text", rc_json_text(k->r, first, strlen(first))) | json_object_set(out, "best", list);
    for (int i = 0; i < n && i < k->o->n_best && !bad; i++)
        bad = json_array_append_new(list, json_pack("{s:o, s:f, s:f}", "text", rc_json_text(k->r, best[i].text, strlen(best[i].text)),
                                                    "score", best[i].score, "log_p", best[i].logp));
    json_decref(list);
    return bad ? rc_fail(k->r, RECUR_ENOMEM, "no memory for the answer") : RECUR_OK;
}

static int add_times(teller *k, const rc_seq *q, const int32_t *label, int n, json_t *out)
{
    double logp;
    json_t *list = json_array();
    rc_ctc_said *said = rc_new(k->r, (size_t)n + 1, sizeof *said);
    int e = list == NULL || said == NULL ? RECUR_ENOMEM : n > 0 ? rc_ctc_align(k->r, q, label, n, said, &logp) : 0;
    for (int i = 0; i < n && e >= 0; i++)
        if (json_array_append_new(list, json_pack("{s:s, s:f, s:f, s:f}", "unit", k->text[said[i].label], "from",
                                                  said[i].from * k->seconds, "to", said[i].to * k->seconds, "p", said[i].p)))
            e = RECUR_ENOMEM;
    rc_free(k->r, said);
    if (e >= 0 && json_object_set(out, "align", list) != 0)
        e = RECUR_ENOMEM;
    json_decref(list);
    return e < 0 ? rc_fail(k->r, RECUR_ENOMEM, "no memory for the times") : RECUR_OK;
}

/* What is said is known: its classes, and where they are said. */
static int tell_given(teller *k, const rc_seq *q, json_t *out)
{
    rc_ids label = { .r = k->r };
    const char *unit, *at;
    size_t m, left;
    k->line.n = 0;
    int e = rc_transcript_fold(k->r, &k->how, k->o->text, strlen(k->o->text), &k->line);
    for (at = k->line.s, left = k->line.n; e == RECUR_OK && left > 0 && rc_transcript_unit(&k->how, &at, &left, &unit, &m);) {
        int32_t class = class_of(k, unit, m);
        e = class > 0 ? rc_ids_add(&label, class)
            : rc_fail(k->r, RECUR_EDATA, "--text: '%.*s' is no unit of this model, which knows %d", (int)m, unit, k->width - 1);
    }
    if (e == RECUR_OK && label.n == 0)
        e = rc_fail(k->r, RECUR_EDATA, "--text: there is nothing in it to be found in the sound");
    if (e == RECUR_OK && !rc_ctc_fits(q->T, label.id, (int)label.n))
        e = rc_fail(k->r, RECUR_EDATA, "--text cannot be aligned: the net makes %d steps of this sound, the text needs %d", q->T,
                    rc_ctc_rows(label.id, (int)label.n));
    if (e == RECUR_OK && json_object_set_new(out, "text", rc_json_text(k->r, k->line.s, k->line.n)) != 0)
        e = rc_fail(k->r, RECUR_ENOMEM, "no memory for the answer");
    if (e == RECUR_OK)
        e = add_times(k, q, label.id, (int)label.n, out);
    rc_ids_free(&label);
    return e;
}

/* The likeliest unit of each step. */
static int tell_plain(teller *k, const rc_seq *q, json_t *out)
{
    rc_ctc_said *said = rc_new(k->r, (size_t)q->T + 1, sizeof *said);
    int32_t *label = rc_new(k->r, (size_t)q->T + 1, sizeof *label);
    int e = said != NULL && label != NULL ? RECUR_OK : RECUR_ENOMEM, n = e == RECUR_OK ? rc_ctc_greedy(q, said) : 0;
    for (int i = 0; i < n; i++)
        label[i] = said[i].label;
    if (e == RECUR_OK)
        e = write_text(k, label, n);
    if (e == RECUR_OK && json_object_set_new(out, "text", rc_json_text(k->r, k->line.s, k->line.n)) != 0)
        e = rc_fail(k->r, RECUR_ENOMEM, "no memory for the answer");
    if (e == RECUR_OK && k->o->align > 0)
        e = add_times(k, q, label, n, out);
    rc_free(k->r, said);
    rc_free(k->r, label);
    return e;
}

static int tell_searched(teller *k, const rc_seq *q, json_t *out)
{
    size_t most = (size_t)lists_wanted(k);
    rc_ctc_found *found = rc_new(k->r, most, sizeof *found);
    reading *best = rc_new(k->r, most, sizeof *best);
    int e = found != NULL && best != NULL ? RECUR_OK : RECUR_ENOMEM, n = 0, readings = 0;
    if (e == RECUR_OK && (n = rc_ctc_search_say(k->search, q, found)) < 0)
        e = n, n = 0;
    if (e == RECUR_OK)
        e = merge(k, found, n, best, &readings);
    if (e == RECUR_OK)
        e = put_readings(k, best, readings, out);
    if (e == RECUR_OK && k->o->align > 0 && readings > 0)
        e = add_times(k, q, found[best[0].list].label, found[best[0].list].n, out);
    for (int i = 0; i < readings; i++)
        rc_free(k->r, best[i].text);
    rc_ctc_found_free(k->r, found, n);
    rc_free(k->r, found);
    rc_free(k->r, best);
    return e;
}

static int tell(teller *k, recur_data *d, json_t *out)
{
    recur_dims most;
    recur_batch b;
    int rows, e;
    rc_data_dims(d, 1, 1, &most);
    most.scores = 1;
    if ((e = rc_run_new(k->r, &k->u, k->m->net, k->m->w, &most)) != RECUR_OK)
        return e;
    if ((e = rc_data_of(d, &(int32_t){ 0 }, 1, &b)) != RECUR_OK)
        return e;
    const real *z = rc_run_forward(k->u, &b, 0, &rows);
    if (z == NULL)
        return RECUR_ESHAPE;
    const rc_rows *r = rc_run_rows(k->u, 0);
    const rc_seq q = { z, k->width, rc_seq_steps(r, 0), r->off, 0 };
    const int many = 1 << 20;    /* with strides a row of scores stands for several of features */
    k->seconds *= (double)((many + rc_net_steps(k->m->net, many) / 2) / rc_net_steps(k->m->net, many));
    return (k->o->text != NULL ? tell_given : k->search != NULL ? tell_searched : tell_plain)(k, &q, out);
}

/* Seconds from one row of features to the next; 1 for measurements, whose times are steps. */
static int pace(teller *k)
{
    rc_front *f;
    k->seconds = 1;
    if (k->how.front == NULL)
        return RECUR_OK;
    int e = rc_front_new(k->r, &f, k->how.front, 0);
    if (e == RECUR_OK)
        k->seconds = rc_front_seconds(f);
    if (e == RECUR_OK)
        rc_front_free(f);
    return e;
}

int rc_transcribe(recur *r, const recur_model *m, const recur_sound *sound, const recur_model *lm,
                  const recur_transcribe_options *o, json_t **out)
{
    teller k = { .r = r, .m = m, .o = o };
    recur_data *d = NULL;
    json_t *answer = json_object();
    rc_buf_init(&k.line, r, 0);
    rc_buf_init(&k.first, r, 0);
    rc_spelling_of(json_object_get(m->card, "form"), &k.how);
    int e = answer != NULL ? open_texts(&k) : rc_fail(r, RECUR_ENOMEM, "no memory for the answer");
    if (e == RECUR_OK)
        e = open_search(&k, lm);
    if (e == RECUR_OK)
        e = pace(&k);
    if (e == RECUR_OK)
        e = rc_transcribe_open(m, sound, &d);
    if (e == RECUR_OK && json_object_set_new(answer, k.how.front != NULL ? "seconds" : "steps", json_real(d->ex[0].T * k.seconds)) != 0)
        e = rc_fail(r, RECUR_ENOMEM, "no memory for the answer");
    if (e == RECUR_OK)
        e = tell(&k, d, answer);
    recur_data_close(d);
    close_teller(&k);
    if (e != RECUR_OK)
        json_decref(answer);
    *out = e == RECUR_OK ? answer : NULL;
    return e;
}
