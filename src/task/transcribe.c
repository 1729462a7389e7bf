/* SPDX-License-Identifier: MIT
 * transcribe.c - what was said, without a word about when: lists of sounds (or of measured sequences) and their texts
 * -> examples.  A list has lines path<TAB>text; paths are those beside the list. */
#include <stdio.h>
#include <stdlib.h>
#include "head/ctc.h"
#include "task/pick.h"
#include "task/read.h"
#include "task/transcribe.h"

enum { FEW_WORDS = 64, OFTEN = 5 };      /* so few words, each said so often on average, are units of their own */
static const char usual[] = "logmel 40";

typedef struct {
    recur_data *d;
    const recur_train_options *o;        /* may be NULL */
    const rc_like *like;
    json_t *problems;
    rc_spelling how;
    rc_front *front;
    rc_buf path;
    int part, file;
    int64_t line, elsewhere, said;       /* records of the other part; examples that have a text */
    const char *name;                    /* of the sound, for messages */
} gather;

static const char *list_name(const gather *g) { return g->d->paths > 0 ? g->d->path[g->file] : "example"; }

static int problem(gather *g, const char *kind, const char *what)
{
    g->d->skipped++;
    if (g->problems == NULL || (g->o != NULL && g->o->strict > 0))
        return rc_fail(g->d->r, RECUR_EDATA, "%s:%lld: %s", list_name(g), (long long)g->line, what);
    return rc_problem(g->problems, list_name(g), g->line, kind, what);
}

/* What cannot be read is a problem of that line; memory is not. */
static int survive(gather *g, int e)
{
    char what[sizeof g->d->r->message];
    if (e != RECUR_EDATA && e != RECUR_EIO)
        return e;
    snprintf(what, sizeof what, "%s", g->d->r->message);
    return problem(g, "sound", what);
}

/* --- rows of an example: made at d->x + d->rows --- */

static int width(gather *g, int F)
{
    recur_data *d = g->d;
    int want = g->like != NULL && g->like->scaling != NULL && g->like->scaling->n > 0 ? g->like->scaling->n : d->F;
    if (want > 0 && F != want)
        return rc_fail(d->r, RECUR_EDATA, "%s: %d features a step where %d are expected", g->name, F, want);
    d->F = F;
    return RECUR_OK;
}

static int open_front(gather *g, int rate)
{
    enum { SPEECH = 16000 };             /* what a voice needs; finer sounds are read at this rate */
    if (g->front != NULL)
        return RECUR_OK;
    const char *line = g->like != NULL ? g->how.front : g->o != NULL && g->o->front != NULL ? g->o->front : usual;
    return rc_front_new(g->d->r, &g->front, line, rate < SPEECH ? rate : SPEECH);
}

static int hear(gather *g, rc_sound *s, int *T)
{
    recur_data *d = g->d;
    int e = open_front(g, s->rate);
    if (e == RECUR_OK)
        e = rc_sound_resample(d->r, s, rc_front_rate(g->front));
    if (e == RECUR_OK)
        e = width(g, rc_front_width(g->front));
    if (e != RECUR_OK)
        return e;
    *T = rc_front_rows(g->front, s->n);
    if ((e = rc_data_row(d, (size_t)*T)) != RECUR_OK)
        return e;
    return rc_front_run(g->front, s->x, s->n, d->x + d->rows * (size_t)d->F);
}

typedef struct { gather *g; int T; } rows_of;

/* An array [steps][features] comes as `steps` sequences of one feature, [1][steps][features] as one sequence. */
static int take_rows(void *ud, const rc_record *rec)
{
    rows_of *w = ud;
    recur_data *d = w->g->d;
    int T = rec->features == 1 ? 1 : rec->steps, F = rec->features == 1 ? rec->steps : rec->features;
    int e = rec->features > 1 && w->T > 0
        ? rc_fail(d->r, RECUR_EDATA, "%s: more than one sequence; a file for each is wanted", w->g->name) : width(w->g, F);
    if (e != RECUR_OK || (e = rc_data_row(d, (size_t)(w->T + T))) != RECUR_OK)
        return e;
    memcpy(d->x + (d->rows + (size_t)w->T) * (size_t)F, rec->x, (size_t)T * (size_t)F * sizeof(float));
    w->T += T;
    return RECUR_OK;
}

static bool ends(const char *s, const char *with)
{
    size_t n = strlen(s), m = strlen(with);
    return n >= m && strcmp(s + n - m, with) == 0;
}

static int read_rows(gather *g, int *T)
{
    rows_of w = { g, 0 };
    int e = rc_read_records(g->d->r, g->name, g->o, take_rows, &w, NULL);
    *T = w.T;
    return e == RECUR_OK && w.T == 0 ? rc_fail(g->d->r, RECUR_EDATA, "%s: no step in it", g->name) : e;
}

static int kind_fits(gather *g, bool sound)
{
    bool other = g->like != NULL ? sound != (g->how.front != NULL) : g->d->count > 0 && sound != (g->front != NULL);
    if (!other)
        return RECUR_OK;
    return rc_fail(g->d->r, RECUR_EDATA, "%s: %s, where %s expected", g->name, sound ? "a sound" : "rows of measurements",
                   sound ? "rows of measurements are" : "sounds are");
}

static int read_one(gather *g, int *T)
{
    rc_sound s = { 0 };
    bool sound = !ends(g->name, ".npy");
    int e = kind_fits(g, sound);
    if (e != RECUR_OK || !sound)
        return e != RECUR_OK ? e : read_rows(g, T);
    if ((e = rc_sound_read(g->d->r, g->name, &s)) == RECUR_OK)
        e = hear(g, &s, T);
    rc_sound_free(g->d->r, &s);
    return e;
}

/* --- an example --- */

/* The rows stand at d->x + d->rows; text NULL: not known. */
static int add(gather *g, int T, const char *text, size_t n)
{
    recur_data *d = g->d;
    rc_example *ex;
    int e = rc_data_example(d, &ex);
    if (e != RECUR_OK)
        return e;
    ex->T = T;
    ex->file = g->file;
    ex->line = g->line;
    ex->label = text != NULL ? 0 : -1;
    d->rows += (size_t)T;
    d->units += T;
    g->said += text != NULL;
    size_t from = d->raw.n;
    if (text != NULL && (e = rc_transcript_fold(d->r, &g->how, text, n, &d->raw)) != RECUR_OK)
        return e;
    ex->text_n = d->raw.n - from;
    d->bytes += (int64_t)ex->text_n;
    for (size_t i = from; i < d->raw.n; i++)
        d->chars += ((unsigned char)d->raw.s[i] & 0xC0) != 0x80;
    return RECUR_OK;
}

static bool other_part(gather *g, const char *path, size_t n)
{
    if (g->part == RC_ALL)
        return false;
    bool held = rc_uniform(rc_key(1, RC_SPLIT, rc_hash(path, n), 0), 0) < rc_held_part(g->o);
    g->elsewhere += held != (g->part == RC_HELD_PART);
    return held != (g->part == RC_HELD_PART);
}

static int beside(gather *g, const char *list, const char *path, size_t n)
{
    const char *slash = strrchr(list, '/');
    size_t folder = n > 0 && *path == '/' ? 0 : slash != NULL ? (size_t)(slash - list) + 1 : 0;
    g->path.n = 0;
    int e = rc_buf_add(&g->path, list, folder);
    e = e != RECUR_OK ? e : rc_buf_add(&g->path, path, n);
    g->name = g->path.s;
    return e;
}

static int add_line(gather *g, const char *s, size_t n)
{
    const char *tab = memchr(s, '\t', n);
    size_t m = tab != NULL ? (size_t)(tab - s) : n;
    char what[200];
    int T = 0;
    if (tab == NULL && g->like == NULL)
        return problem(g, "line", "no TAB: a line is path<TAB>text");
    if (m == 0)
        return problem(g, "line", "no path before the TAB");
    if (other_part(g, s, m))
        return RECUR_OK;
    int e = beside(g, list_name(g), s, m);
    if (e == RECUR_OK && (e = read_one(g, &T)) != RECUR_OK)
        return survive(g, e);
    if (e != RECUR_OK)
        return e;
    if (g->o != NULL && g->o->max_length > 0 && T > g->o->max_length) {
        g->d->dropped++;
        snprintf(what, sizeof what, "%d steps, longer than --max-length %lld", T, (long long)g->o->max_length);
        return problem(g, "long", what);
    }
    return add(g, T, tab != NULL ? tab + 1 : NULL, tab != NULL ? n - m - 1 : 0);
}

static int read_list(gather *g, const char *path)
{
    rc_buf raw, text;
    const char *s;
    size_t n;
    rc_buf_init(&raw, g->d->r, (size_t)1 << 32);
    rc_buf_init(&text, g->d->r, (size_t)1 << 32);
    int e = rc_file_read(g->d->r, path, &raw);
    if (e == RECUR_OK)
        e = rc_utf8_from(g->d->r, g->o != NULL && g->o->encoding != NULL ? g->o->encoding : "utf-8", raw.s, raw.n, &text);
    rc_lines l = { text.s, text.s != NULL ? text.s + text.n : NULL, 0 };
    while (e == RECUR_OK && text.n > 0 && rc_lines_next(&l, &s, &n)) {
        g->line = l.line;
        if (rc_trim(s, n).n > 0)
            e = add_line(g, s, n);
    }
    rc_buf_free(&raw);
    rc_buf_free(&text);
    return e;
}

/* --- units --- */

static int count_units(gather *g, const rc_spelling *how, rc_vocab **out, int64_t *all)
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
                e = rc_fail(d->r, RECUR_EDATA, "%s:%lld: '%.*s' cannot be a word of a transcript", list_name(g),
                            (long long)d->ex[i].line, (int)m, unit);
        }
    }
    return e;
}

static int unit_named(gather *g, const char *unit)
{
    g->how.words = strcmp(unit, "word") == 0;
    return g->how.words || strcmp(unit, "char") == 0 ? RECUR_OK
        : rc_fail(g->d->r, RECUR_EOPTION, "--unit '%s': transcripts are cut into char or word", unit);
}

/* Words where they are few and often said (digits, commands); else signs, of which any word can be made. */
static int learn_units(gather *g)
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
        e = rc_fail(d->r, RECUR_EDATA, "%s: nothing is said in any line: a line is path<TAB>text", list_name(g));
    return e;
}

/* Lists that no net can say in so few steps are left out before anything is learned. */
static int fits(gather *g, const rc_ids *label, rc_example *ex)
{
    char what[160];
    if (g->like != NULL || rc_ctc_fits(ex->T, label->id, (int)label->n))
        return RECUR_OK;
    snprintf(what, sizeof what, "cannot be aligned: %d steps of sound, its text needs %d", ex->T,
             rc_ctc_rows(label->id, (int)label->n));
    g->line = ex->line;
    g->file = ex->file;
    ex->T = 0;                                                /* encode_all leaves it out */
    return problem(g, "short", what);
}

static int encode_all(gather *g)
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

/* --- the whole --- */

static void begin(gather *g)
{
    rc_buf_init(&g->path, g->d->r, 0);
    g->how = (rc_spelling){ .lower = rc_wanted(g->o != NULL ? g->o->lower : -1, true),
                            .nfkc = rc_wanted(g->o != NULL ? g->o->nfkc : -1, true) };
    if (g->like != NULL)
        rc_spelling_of(g->like->form, &g->how);
}

static int finish(gather *g)
{
    recur_data *d = g->d;
    int e = RECUR_OK;
    if (g->like != NULL) {
        d->own = false;
        d->labels = g->like->labels;
        d->form = json_incref(g->like->form);
        d->F = d->F > 0 ? d->F : g->like->scaling->n;
    } else if ((e = learn_units(g)) == RECUR_OK) {
        g->how.front = g->front != NULL ? rc_front_line(g->front) : NULL;
        d->form = rc_spelling_form(&g->how);
        e = d->form != NULL ? RECUR_OK : rc_fail(d->r, RECUR_ENOMEM, "no memory for the spelling");
    }
    if (e != RECUR_OK)
        return e;
    d->classes = rc_vocab_size(d->labels) - RC_FIRST;
    if ((e = encode_all(g)) != RECUR_OK)
        return e;
    if (d->count == 0 && g->like == NULL)
        return rc_fail(d->r, RECUR_EDATA, "%s: no utterance that can be learned from; `recur check transcribe` says why",
                       list_name(g));
    return rc_data_scale(d, g->like != NULL ? g->like->scaling : NULL);
}

static void end(gather *g)
{
    rc_front_free(g->front);
    rc_buf_free(&g->path);
}

static int transcribe_read(recur_data *d, const char *const *path, int n, const recur_train_options *o,
                           const rc_like *like, int part, json_t *problems)
{
    gather g = { .d = d, .o = o, .like = like, .part = part, .problems = problems };
    int e = (d->path = rc_new(d->r, (size_t)n + 1, sizeof *d->path)) != NULL ? RECUR_OK : RECUR_ENOMEM;
    size_t bad = json_array_size(problems);
    begin(&g);
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        if ((d->path[i] = rc_copy(d->r, path[i])) == NULL) {
            e = RECUR_ENOMEM;
            break;
        }
        d->paths = i + 1;
        g.file = i;
        e = read_list(&g, path[i]);
    }
    if (e == RECUR_OK && d->count == 0 && (g.elsewhere == 0 || like == NULL)) {
        const char *what = json_string_value(json_object_get(json_array_get(problems, bad), "what"));
        e = g.elsewhere > 0 ? rc_fail(d->r, RECUR_EDATA, "%s: too few examples: all fall into the held-out part", path[0])
                            : rc_fail(d->r, RECUR_EDATA, "%s: no usable line among %lld; a line is path<TAB>text%s%.300s",
                                      path[0], (long long)d->skipped, what != NULL ? "; the first: " : "",
                                      what != NULL ? what : "");
    }
    if (e == RECUR_OK)
        e = finish(&g);
    end(&g);
    return e;
}

/* Rows as they come, or, where the features are one and a front end is there or asked for, samples at its rate. */
static int pull_one(gather *g, const recur_example *ex)
{
    recur_data *d = g->d;
    const char *text = ex->text != NULL ? ex->text : ex->label;
    bool sound = ex->features == 1 && (g->like != NULL ? g->how.front != NULL : g->o != NULL && g->o->front != NULL);
    int e, T = ex->steps;
    g->line = d->count + 1;
    if (ex->x == NULL || ex->steps < 1 || ex->features < 1)
        return rc_fail(d->r, RECUR_EDATA, "example %d has no steps of measurements", d->count + 1);
    if (text == NULL && g->like == NULL)
        return rc_fail(d->r, RECUR_EDATA, "example %d has no text", d->count + 1);
    if (g->like != NULL && !sound && g->how.front != NULL)
        return rc_fail(d->r, RECUR_EDATA, "example %d has %d features; the model hears samples, which are one", d->count + 1,
                       ex->features);
    if (sound) {
        rc_sound s = { rc_new(d->r, (size_t)T, sizeof(float)), (size_t)T, 0 };
        if (s.x == NULL)
            return RECUR_ENOMEM;
        memcpy(s.x, ex->x, s.n * sizeof(float));
        e = open_front(g, 0);
        s.rate = e == RECUR_OK ? rc_front_rate(g->front) : 0;
        e = e == RECUR_OK ? hear(g, &s, &T) : e;
        rc_sound_free(d->r, &s);
    } else if ((e = width(g, ex->features)) == RECUR_OK && (e = rc_data_row(d, (size_t)T)) == RECUR_OK) {
        memcpy(d->x + d->rows * (size_t)d->F, ex->x, (size_t)T * (size_t)d->F * sizeof(float));
    }
    return e == RECUR_OK ? add(g, T, text, text != NULL ? strlen(text) : 0) : e;
}

static int transcribe_pull(recur_data *d, recur_next_example *next, void *ud, const recur_train_options *o,
                           const rc_like *like)
{
    gather g = { .d = d, .o = o, .like = like, .part = RC_ALL, .name = "example" };
    recur_example ex = { 0 };
    int e = RECUR_OK, got = 0;
    begin(&g);
    while (e == RECUR_OK && (got = next(ud, &ex)) == 0)
        e = pull_one(&g, &ex);
    e = got < 0 ? got : e;
    if (e == RECUR_OK && d->count == 0)
        e = rc_fail(d->r, RECUR_EDATA, "the callback gave no example");
    if (e == RECUR_OK)
        e = finish(&g);
    end(&g);
    return e;
}

const rc_task rc_task_transcribe = {
    .name = "transcribe", .help = "the text of a sound or of measurements, without a word about when", .head = "ctc",
    .metric = "wer", .rising = false,
    .read = transcribe_read, .pull = transcribe_pull, .choose = rc_transcribe_choose, .prepare = rc_transcribe_prepare,
    .score = rc_transcribe_score, .eval = rc_transcribe_eval, .baseline = rc_dtw_fit, .check = rc_transcribe_check,
};
