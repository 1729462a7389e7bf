/* SPDX-License-Identifier: MIT
 * lm.c - language model: files -> one running text of units; every unit is the target of those before it. */
#include <stdio.h>
#include "data/pick.h"
#include "data/read.h"
#include "task/choose.h"
#include "task/lm/lm.h"

/* Units to which a line's end is a piece of its own, </s>: a text is parted between lines. */
static bool by_lines(const char *unit) { return strcmp(unit, "word") == 0 || strcmp(unit, "token") == 0; }

/* --- files -> text --- */

/* Line of byte `at`, from 1. */
static int64_t line_of(const char *s, size_t at)
{
    int64_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += s[i] == '\n';
    return line;
}

/* Appends the text of one file; bytes that are no text are named by their line and left out. */
static int add_file(recur_data *d, const char *path, const recur_train_options *o, rc_buf *all, json_t *problems)
{
    rc_buf raw;
    rc_buf_init(&raw, d->r, (size_t)1 << 34);
    rc_source f = { .r = d->r, .path = path, .o = o, .problems = problems };
    size_t from = all->n, bad = 0;
    int e = rc_file_read(d->r, path, &raw);
    const char *encoding = o != NULL && o->encoding != NULL ? o->encoding : "utf-8";
    bool bytes = o != NULL && o->unit != NULL && strcmp(o->unit, "byte") == 0;
    if (e == RECUR_OK && raw.n == 0)
        e = rc_source_bad(&f, 1, "empty", "the file is empty");
    else if (e == RECUR_OK && bytes)
        e = rc_buf_add(all, raw.s, raw.n);
    else if (e == RECUR_OK && (e = rc_utf8_from(d->r, encoding, raw.s, raw.n, all)) != RECUR_OK
             && e != RECUR_ENOMEM) {
        char why[sizeof d->r->message];
        memcpy(why, d->r->message, sizeof why);
        e = rc_fail(d->r, e, "%s: %.900s", path, why);
    }
    rc_buf_free(&raw);
    if (e != RECUR_OK || bytes || all->n == from)
        return e;
    size_t to = from, n = all->n - from;
    const char *zero = memchr(all->s + from, 0, n);
    if (zero != NULL)
        e = rc_source_bad(&f, line_of(all->s + from, (size_t)(zero - all->s) - from), "encoding",
                          "a 0 byte in the text: left out");
    for (size_t i = from; i < all->n; i++)
        if (all->s[i] != 0)
            all->s[to++] = all->s[i];
    all->n = to;
    all->s[to] = 0;
    for (size_t at = from; e == RECUR_OK && !rc_utf8_valid(all->s + at, all->n - at, &bad);) {
        e = rc_source_bad(&f, line_of(all->s + from, at + bad - from), "encoding",
                          "not UTF-8: say --encoding, for instance gb18030, or --unit byte");
        const char *nl = memchr(all->s + at + bad, '\n', all->n - at - bad);   /* one report a line is enough */
        d->skipped++;
        if (nl == NULL || d->skipped > RC_PROBLEMS)
            break;
        at = (size_t)(nl + 1 - all->s);
    }
    return e;
}

/* Part of the bytes, of the first million, that are not UTF-8. */
static double broken(const char *s, size_t n)
{
    size_t look = n < 1000000 ? n : 1000000, bad = 0;
    for (size_t i = 0; i < look;) {
        int32_t cp;
        i += (size_t)rc_utf8_next(s + i, n - i, &cp);
        bad += cp < 0;
    }
    return look > 0 ? (double)bad / (double)look : 0;
}

/* Units for a text that nobody said anything about.  Text that is cut already, rare words marked (PTB): its tokens.
 * Text that is no UTF-8: bytes.  Up to LARGE bytes: signs, which need no vocabulary and hardly meet an unknown one;
 * more: pieces. */
static const char *choose_unit(const char *s, size_t n)
{
    enum { LARGE = 20000000 };
    if (rc_text_tokenised(s, n < 1000000 ? n : 1000000))
        return "token";
    if (broken(s, n) > 0.01)
        return "byte";
    return n > LARGE ? "bpe:8000" : "char";
}

static void text_options(const char *s, size_t n, const recur_train_options *o, rc_text_options *t)
{
    *t = (rc_text_options){ .unit = o != NULL && o->unit != NULL ? o->unit : choose_unit(s, n), .min_count = 1 };
    rc_choose_text(o, t);
}

/* --- text -> ids --- */

static int append(recur_data *d, rc_ids *ids)
{
    int e = rc_data_row(d, ids->n);
    if (e != RECUR_OK)
        return e;
    if (ids->n > 0)
        memcpy(d->ids[0] + d->rows, ids->id, ids->n * sizeof(int32_t));
    d->rows += ids->n;
    d->units += (int64_t)ids->n;
    ids->n = 0;
    return RECUR_OK;
}

/* Appends the ids of s to d. */
static int encode(recur_data *d, const char *s, size_t n)
{
    rc_ids ids = { .r = d->r };
    int e = rc_text_encode(d->text, s, n, &ids, &d->unknown);
    if (e == RECUR_OK && n > 0 && s[n - 1] != '\n' && by_lines(d->text->unit->name))
        e = rc_ids_add(&ids, RC_EOS);
    if (e == RECUR_OK)
        e = append(d, &ids);
    rc_ids_free(&ids);
    d->bytes += (int64_t)n;
    for (size_t i = 0; i < n; i++)
        d->chars += ((unsigned char)s[i] & 0xC0) != 0x80;
    return e;
}

/* Where the held-out end of the text begins: the fraction of bytes exactly, but between signs, and between lines
 * where a unit ends with its line. */
static size_t border(const char *s, size_t n, double held, bool lines)
{
    size_t at = (size_t)((double)n * (1 - held));
    if (lines) {
        const char *nl = at < n ? memchr(s + at, '\n', n - at) : NULL;
        return nl != NULL ? (size_t)(nl + 1 - s) : n;
    }
    while (at > 0 && at < n && ((unsigned char)s[at] & 0xC0) == 0x80)
        at--;
    return at;
}

/* A line's end is one sign, whichever system wrote the file. */
static void unify_ends(rc_buf *all)
{
    size_t to = 0;
    for (size_t i = 0; i < all->n; i++)
        if (all->s[i] != '\r' || i + 1 == all->n || all->s[i + 1] != '\n')
            all->s[to++] = all->s[i];
    all->n = to;
}

/* Vocabulary from the text of this part, or the given one; then the ids.  Only bytes are learned as they are. */
static int take_text(recur_data *d, rc_buf *all, const recur_train_options *o, const rc_like *like, int part)
{
    rc_text_options t;
    int e = RECUR_OK;
    double held = rc_held_part(o);
    d->stream = true;
    d->C = 1;
    text_options(all->s, all->n, o, &t);
    const char *unit = like != NULL ? like->text->unit->name : t.unit;
    if (strcmp(unit, "byte") != 0)
        unify_ends(all);
    const char *s = all->s;
    size_t n = all->n;
    size_t at = part == RC_ALL ? 0 : border(s, n, held, by_lines(unit));
    if (part == RC_TRAIN_PART)
        n = at;
    if (part == RC_HELD_PART)
        s += at, n -= at;
    if (like != NULL) {
        d->learned = false;
        d->text = rc_text_share(like->text);
    } else if ((e = rc_text_new(d->r, &d->text, &t)) == RECUR_OK && (e = rc_text_learn(d->text, s, n)) == RECUR_OK) {
        e = rc_text_settle(d->text);
    }
    return e == RECUR_OK ? encode(d, s, n) : e;
}

static int lm_read(recur_data *d, const char *const *path, int n, const recur_train_options *o, const rc_like *like,
                   int part, json_t *problems)
{
    rc_buf all;
    int e = RECUR_OK;
    rc_buf_init(&all, d->r, (size_t)1 << 34);
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        e = add_file(d, path[i], o, &all, problems);
        if (e == RECUR_OK && i + 1 < n && all.n > 0 && all.s[all.n - 1] != '\n')
            e = rc_buf_add(&all, "\n", 1);
    }
    if (e == RECUR_OK && all.n == 0)
        e = rc_fail(d->r, RECUR_EDATA, "%s: no text", n > 0 ? path[0] : "-");
    if (e == RECUR_OK)
        e = take_text(d, &all, o, like, part);
    if (e == RECUR_OK && d->rows == 0)
        e = rc_fail(d->r, RECUR_EDATA, "%s: too little text: %zu bytes, nothing is left for this part", path[0],
                    all.n);
    rc_buf_free(&all);
    return e;
}

static int lm_pull(recur_data *d, recur_next_example *next, void *ud, const recur_train_options *o,
                   const rc_like *like)
{
    rc_buf all;
    recur_example ex = { 0 };
    int e = RECUR_OK;
    rc_buf_init(&all, d->r, (size_t)1 << 34);
    while (e == RECUR_OK && (e = next(ud, &ex)) == 0) {
        if (ex.text == NULL)
            e = rc_fail(d->r, RECUR_EDATA, "an example without text: a language model learns from text");
        else if ((e = rc_buf_add(&all, ex.text, strlen(ex.text))) == RECUR_OK)
            e = rc_buf_add(&all, "\n", 1);
    }
    e = e > 0 ? RECUR_OK : e;
    if (e == RECUR_OK && all.n == 0)
        e = rc_fail(d->r, RECUR_EDATA, "the callback gave no text");
    if (e == RECUR_OK)
        e = take_text(d, &all, o, like, RC_ALL);
    rc_buf_free(&all);
    return e;
}

/* --- choices --- */

/* Nets by the size of the text: rows of units below, net and streams.  Starting points by judgement after published
 * recipes (Zaremba et al. 2014, Merity et al. 2018), not the end of a search. */
typedef struct { int64_t below; const char *net; int64_t batch; const char *why; } size_row;
static const size_row signs[] = {
    { 20000,     "embed 32 | drop .1 | lstm 96 | drop .3 | dense", 8,
     "few signs: a net that cannot learn them all by heart" },
    { 300000,    "embed 64 | drop .1 | lstm 256 | drop .4 | dense", 32, "a small text: one LSTM of 256" },
    { INT64_MAX, "embed 64 | drop .1 | lstm 512 | drop .4 | dense", 32,
     "one LSTM of 512 learns a text of this size well in minutes" },
};
static const size_row many_signs[] = {
    { 300000,    "embed 128 | drop .3 locked | lstm 256 | drop .4 locked | dense", 16,
     "many kinds of signs, a small text" },
    { INT64_MAX, "embed 384 | drop .2 locked | lstm 384 | drop .3 locked | dense tie", 32,
     "many kinds of signs: they share one table at both ends" },
};
static const size_row words[] = {
    { 300000,    "embed 200 | drop .5 locked | lstm 200 | drop .5 locked | dense tie", 16,
     "few words: a small net and much dropout" },
    { INT64_MAX, "embed 400 | drop .5 locked | lstm 400 | drop .4 locked | lstm 400 | drop .5 locked | dense tie", 32,
      "words: two LSTMs, the word table shared by input and output" },
};
static const size_row many_words[] = {                        /* beyond MANY_WORDS kinds the last product would be most of a step */
    { INT64_MAX, "embed 256 | drop .3 locked | lstm 512 | drop .3 locked | adaptive", 32,
      "many kinds of words: rare ones are computed only where they come" },
};
enum { MANY_WORDS = 50000 };

static int lm_choose(const recur_data *d, recur_train_options *o, char *net, size_t n, rc_say *say, void *ud)
{
    int V = d->text != NULL ? rc_vocab_size(d->text->vocab) : d->vocabulary;
    int64_t rows = (int64_t)d->rows;
    bool wordy = d->text != NULL && by_lines(d->text->unit->name), many = V > 1000;
    const size_row *row = wordy && V > MANY_WORDS ? many_words : wordy ? words : many ? many_signs : signs;
    while (rows >= row->below)
        row++;
    say(ud, "unit: %s, %lld units of %d kinds%s", d->text != NULL ? d->text->unit->name : "id", (long long)rows, V,
        rc_speak(d->r, o->unit != NULL ? "" : wordy ? " (the text is cut into words already)" : ""));
    int e = rc_choose_net(d->r, o, row->net, net, n);
    if (e != RECUR_OK)
        return e;
    if (o->net == NULL)
        say(ud, "net: %s (%s)", net, rc_speak(d->r, row->why));
    rc_pick_int(&o->batch, rows / row->batch < 64 ? (rows / 64 > 1 ? rows / 64 : 1) : row->batch);
    rc_pick_int(&o->bptt, wordy || many ? 64 : 128);
    int64_t steps = rows / (o->batch * o->bptt) + 1, epochs = (wordy ? 25000000 : 20000000) / (rows + 1);
    epochs = epochs < 4 ? 4 : epochs > 40 ? 40 : epochs;
    rc_choose_steps(o, &(rc_recipe){ .epochs = epochs, .fewest = 4, .most = 40, .lr = wordy || many ? 3e-3 : 4e-3,
                                     .beta2 = 0.99,           /* batches of running text differ much: a shorter memory of squares */
                                     .decay = wordy ? 0.05 : 0.01, .clip = wordy ? 0.5 : 1,
                                     .warmup = steps * epochs > 1000 ? 0.02 : 0.1, .patience = 8 });
    say(ud, "training: %lld streams of %lld steps, %s, rate %g, %s schedule, clip %g", (long long)o->batch,
        (long long)o->bptt,
        o->optimizer, o->lr, o->schedule, o->clip);
    if (o->epochs > 0 && o->steps < 0)
        say(ud, "length: %lld epochs of about %lld steps; ends early after %lld evaluations without gain",
            (long long)o->epochs,
            (long long)steps, (long long)o->patience);
    return RECUR_OK;
}

static int lm_suits(const recur_model *m)
{
    return rc_net_suits_writing(m, "a language model's net has no bi, conv or pooling");
}

static int lm_prepare(recur_model *m, recur_data *d, const recur_train_options *o)
{
    (void)d;
    return rc_model_targets(m, o);
}

static const char *const own[] = {
    "unit", "vectors", "smooth", "focal", "min-count", "max-vocab", "lower", "mark-capitals", "nfkc", "bptt", NULL,
};

const rc_task rc_task_lm = {
    .name = "lm", .help = "language model: learns a text and writes more of it", .head = "softmax", .verb = "generate", .own = own,
    .metric = "loss", .rising = false,
    .read = lm_read, .pull = lm_pull, .choose = lm_choose, .suits = lm_suits, .prepare = lm_prepare,
    .score = rc_lm_score, .eval = rc_lm_eval, .baseline = rc_lm_baseline, .check = rc_lm_check,
};
