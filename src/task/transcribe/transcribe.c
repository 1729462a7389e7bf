/* SPDX-License-Identifier: MIT
 * transcribe.c - what was said, without a word about when: lists of sounds (or of measured sequences) and their texts
 * -> examples.  A list has lines path<TAB>text; paths are those beside the list, path#1.5-3 is a part of a sound.  What
 * they name rows.c hears, and what their texts are made of units.c knows. */
#include <stdio.h>
#include "data/pick.h"
#include "data/read.h"
#include "task/transcribe/gather.h"

const char *rc_gather_name(const rc_gather *g)
{
    return g->d->paths > 0 ? g->d->path[g->file] : "example";
}

int rc_gather_problem(rc_gather *g, const char *kind, const char *what)
{
    what = rc_speak(g->d->r, what);
    g->d->skipped++;
    if (g->problems == NULL || (g->o != NULL && g->o->strict > 0))
        return rc_fail(g->d->r, RECUR_EDATA, "%s:%lld: %s", rc_gather_name(g), (long long)g->line, what);
    return rc_problem(g->problems, rc_gather_name(g), g->line, kind, what);
}

/* What cannot be read is a problem of that line; memory is not. */
static int survive(rc_gather *g, int e)
{
    char what[sizeof g->d->r->message];
    if (e != RECUR_EDATA && e != RECUR_EIO)
        return e;
    snprintf(what, sizeof what, "%s", g->d->r->message);
    return rc_gather_problem(g, "sound", what);
}

/* --- an example --- */

/* The rows stand at d->x + d->rows; text NULL: not known. */
static int add(rc_gather *g, int T, const char *text, size_t n)
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

static bool other_part(rc_gather *g, const char *path, size_t n)
{
    if (g->part == RC_ALL)
        return false;
    bool held = rc_uniform(rc_key(1, RC_SPLIT, rc_hash(path, n), 0), 0) < rc_held_part(g->o);
    g->elsewhere += held != (g->part == RC_HELD_PART);
    return held != (g->part == RC_HELD_PART);
}

static int beside(rc_gather *g, const char *list, const char *path, size_t n)
{
    const char *slash = strrchr(list, '/');
    size_t folder = n > 0 && *path == '/' ? 0 : slash != NULL ? (size_t)(slash - list) + 1 : 0;
    g->path.n = 0;
    int e = rc_buf_add(&g->path, list, folder);
    e = e != RECUR_OK ? e : rc_buf_add(&g->path, path, n);
    g->name = g->path.s;
    return e;
}

/* The file g->name; text NULL: not known. */
static int add_file(rc_gather *g, const char *text, size_t n)
{
    char what[200];
    int T = 0, e = rc_gather_file(g, &T);
    if (e != RECUR_OK)
        return survive(g, e);
    if (g->o == NULL || g->o->max_length <= 0 || T <= g->o->max_length)
        return add(g, T, text, n);
    g->d->dropped++;
    snprintf(what, sizeof what, rc_speak(g->d->r, "%d steps, longer than --max-length %lld"), T, (long long)g->o->max_length);
    return rc_gather_problem(g, "long", what);
}

static int add_line(rc_gather *g, const char *s, size_t n)
{
    const char *tab = memchr(s, '\t', n);
    size_t m = tab != NULL ? (size_t)(tab - s) : n;
    double speed = g->o != NULL && g->like == NULL ? g->o->speed : 0;
    if (tab == NULL && g->like == NULL)
        return rc_gather_problem(g, "line", "no TAB: a line is path<TAB>text");
    if (m == 0)
        return rc_gather_problem(g, "line", "no path before the TAB");
    if (other_part(g, s, m))
        return RECUR_OK;
    int e = beside(g, rc_gather_name(g), s, m);
    size_t before = json_array_size(g->problems);
    for (int k = 0; k < (speed > 0 ? 3 : 1) && e == RECUR_OK && json_array_size(g->problems) == before; k++) {
        g->speed = 1 + speed * (k == 0 ? 0 : k == 1 ? -1 : 1);
        e = add_file(g, tab != NULL ? tab + 1 : NULL, tab != NULL ? n - m - 1 : 0);
    }
    return e;
}

static int read_list(rc_gather *g, const char *path)
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

/* --- the whole --- */

static void begin(rc_gather *g)
{
    rc_buf_init(&g->path, g->d->r, 0);
    rc_buf_init(&g->kept_name, g->d->r, 0);
    g->how = (rc_spelling){ .lower = rc_wanted(g->o != NULL ? g->o->lower : -1, true),
                            .nfkc = rc_wanted(g->o != NULL ? g->o->nfkc : -1, true) };
    if (g->like != NULL)
        rc_spelling_of(g->like->form, &g->how);
}

static int finish(rc_gather *g)
{
    recur_data *d = g->d;
    int e = RECUR_OK;
    if (g->like != NULL) {
        d->learned = false;
        d->labels = rc_vocab_share(g->like->labels);
        d->form = json_incref(g->like->form);
        d->F = d->F > 0 ? d->F : g->like->scaling->n;
    } else if ((e = rc_gather_units(g)) == RECUR_OK) {
        g->how.front = g->front != NULL ? rc_front_line(g->front) : NULL;
        d->form = rc_spelling_form(&g->how);
        e = d->form != NULL ? RECUR_OK : rc_fail(d->r, RECUR_ENOMEM, "no memory for the spelling");
    }
    if (e != RECUR_OK)
        return e;
    d->classes = rc_vocab_size(d->labels) - RC_FIRST;
    if ((e = rc_gather_encode(g)) != RECUR_OK)
        return e;
    if (d->count == 0 && g->like == NULL)
        return rc_fail(d->r, RECUR_EDATA, "%s: no utterance that can be learned from; `recur check transcribe` says why",
                       rc_gather_name(g));
    return rc_data_scale(d, g->like != NULL ? g->like->scaling : NULL);
}

static void end(rc_gather *g)
{
    rc_front_free(g->front);
    rc_buf_free(&g->path);
    rc_buf_free(&g->kept_name);
    rc_sound_free(g->d->r, &g->kept);
}

static int transcribe_read(recur_data *d, const char *const *path, int n, const recur_train_options *o,
                           const rc_like *like, int part, json_t *problems)
{
    rc_gather g = { .d = d, .o = o, .like = like, .part = part, .problems = problems };
    int e = rc_data_paths(d, path, n);
    size_t bad = json_array_size(problems);
    begin(&g);
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        g.file = i;
        e = read_list(&g, path[i]);
    }
    if (e == RECUR_OK && d->count == 0 && (g.elsewhere == 0 || like == NULL)) {
        const char *what = json_string_value(json_object_get(json_array_get(problems, bad), "what"));
        e = g.elsewhere > 0 ? rc_fail(d->r, RECUR_EDATA, "%s: too few examples: all fall into the held-out part", path[0])
                            : rc_fail(d->r, RECUR_EDATA, "%s: no usable line among %lld; a line is path<TAB>text%s%.300s",
                                      path[0], (long long)d->skipped, rc_speak(d->r, what != NULL ? "; the first: " : ""),
                                      what != NULL ? what : "");
    }
    if (e == RECUR_OK)
        e = finish(&g);
    end(&g);
    return e;
}

/* Rows as they come, or, where the features are one and a front end is there or asked for, samples at its rate. */
static int pull_one(rc_gather *g, const recur_example *ex)
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
        e = rc_gather_sound(g, &s, &T);
        rc_sound_free(d->r, &s);
    } else {
        e = rc_gather_rows(g, ex->x, T, ex->features);
    }
    return e == RECUR_OK ? add(g, T, text, text != NULL ? strlen(text) : 0) : e;
}

static int transcribe_pull(recur_data *d, recur_next_example *next, void *ud, const recur_train_options *o,
                           const rc_like *like)
{
    rc_gather g = { .d = d, .o = o, .like = like, .part = RC_ALL, .name = "example" };
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

int rc_transcribe_open(const recur_model *m, const recur_sound *sound, recur_data **out)
{
    const rc_like like = { .labels = m->labels, .scaling = &m->scaling, .form = json_object_get(m->card, "form") };
    int T, e = rc_data_new(m->r, out, &rc_task_transcribe);
    if (e != RECUR_OK)
        return e;
    rc_gather g = { .d = *out, .like = &like, .part = RC_ALL, .name = sound->path != NULL ? sound->path : "sound" };
    begin(&g);
    if (sound->path != NULL) {
        e = rc_gather_file(&g, &T);
    } else if (g.how.front == NULL) {
        e = rc_fail(m->r, RECUR_EDATA, "the model reads rows of measurements, not samples of a sound");
    } else {
        rc_sound s = { rc_new(m->r, sound->samples + 1, sizeof(float)), sound->samples, sound->rate };
        e = s.x != NULL ? RECUR_OK : RECUR_ENOMEM;
        if (e == RECUR_OK)
            memcpy(s.x, sound->x, s.n * sizeof(float));
        e = e == RECUR_OK ? rc_gather_sound(&g, &s, &T) : e;
        rc_sound_free(m->r, &s);
    }
    if (e == RECUR_OK)
        e = add(&g, T, NULL, 0);
    if (e == RECUR_OK)
        e = finish(&g);
    end(&g);
    if (e != RECUR_OK) {
        recur_data_close(*out);
        *out = NULL;
    }
    return e;
}

static const char *const own[] = {
    "unit", "front", "speed", "max-length", "lower", "nfkc", "batch-units", NULL,
};

const rc_task rc_task_transcribe = {
    .name = "transcribe", .help = "the text of a sound or of measurements, without a word about when", .head = "ctc", .verb = "transcribe", .own = own,
    .metric = "wer", .rising = false,
    .read = transcribe_read, .pull = transcribe_pull, .choose = rc_transcribe_choose, .suits = rc_transcribe_suits, .prepare = rc_transcribe_prepare,
    .score = rc_transcribe_score, .eval = rc_transcribe_eval, .baseline = rc_dtw_fit, .check = rc_transcribe_check,
};
