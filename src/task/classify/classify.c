/* SPDX-License-Identifier: MIT
 * classify.c - one label for a text or for a sequence of measurements: records -> examples. */
#include <stdio.h>
#include <stdlib.h>
#include "data/pick.h"
#include "data/read.h"
#include "task/choose.h"
#include "task/guess.h"
#include "task/classify/classify.h"

typedef struct {
    recur_data *d;
    const recur_train_options *o;
    const rc_like *like;
    rc_vocab *names;                 /* labels in order of appearance, while they are learned */
    json_t *problems;
    int part, file;
    int64_t elsewhere;               /* records of the other part */
} gather;

/* Which part a record belongs to is a matter of its content alone: equal texts stay together whatever file, order or
 * seed, and no text is learned from that is measured on. */
static bool other_part(gather *g, const void *s, size_t n)
{
    if (g->part == RC_ALL)
        return false;
    bool held = rc_uniform(rc_key(1, RC_SPLIT, rc_hash(s, n), 0), 0) < rc_held_part(g->o);
    return held != (g->part == RC_HELD_PART);
}

/* The number of a label; -2: it is not one of the model's. */
static int label_number(gather *g, const char *s, size_t n, int32_t *out)
{
    rc_vocab *v = g->like != NULL ? g->like->labels : g->names;
    int32_t id = rc_vocab_id(v, s, n);
    *out = id - RC_FIRST;
    if (id >= RC_FIRST)
        return RECUR_OK;
    if (g->like != NULL) {
        *out = -2;
        return RECUR_OK;
    }
    int e = rc_vocab_add(v, s, n, 0, &id);
    *out = id - RC_FIRST;
    if (e == RECUR_OK && id < RC_FIRST)
        return rc_fail(g->d->r, RECUR_EDATA, "a label may not be named '%.*s'", (int)n, s);
    return e;
}

static int add_measured(gather *g, const rc_record *rec)
{
    recur_data *d = g->d;
    int e, F = g->like != NULL && g->like->scaling != NULL && g->like->scaling->n > 0 ? g->like->scaling->n : d->F;
    if (F == 0 || d->count == 0)
        d->F = F > 0 ? F : rec->features;
    if (rec->features != d->F)
        return rc_fail(d->r, RECUR_EDATA, "%s:%lld: %d features where %d are expected",
                       d->paths > 0 ? d->path[g->file] : "example",
                       (long long)rec->line, rec->features, d->F);
    if ((e = rc_data_row(d, (size_t)rec->steps)) != RECUR_OK)
        return e;
    memcpy(d->x + d->rows * (size_t)d->F, rec->x, (size_t)rec->steps * (size_t)d->F * sizeof(float));
    return RECUR_OK;
}

static int add(void *ud, const rc_record *rec)
{
    gather *g = ud;
    recur_data *d = g->d;
    rc_example *ex;
    int32_t label = -1;
    int e = RECUR_OK;
    bool measured = rec->x != NULL;
    if (d->count > 0 && measured != (d->F > 0))
        return rc_fail(d->r, RECUR_EDATA, "texts and measurements cannot be mixed");
    if (g->like != NULL && measured == (g->like->text != NULL))
        return rc_fail(d->r, RECUR_EDATA, "the model takes %s, and this is %s", rc_speak(d->r, measured ? "text" : "measurements"),
                       rc_speak(d->r, measured ? "measurements" : "text"));
    const void *content = measured ? (const void *)rec->x : rec->text;
    size_t bytes = measured ? (size_t)rec->steps * (size_t)rec->features * sizeof(float) : rec->text_n;
    if (other_part(g, content, bytes)) {
        g->elsewhere++;
        return RECUR_OK;
    }
    if (rec->label != NULL && (e = label_number(g, rec->label, rec->label_n, &label)) != RECUR_OK)
        return e;
    if (label == -2) {
        char what[200];
        snprintf(what, sizeof what, rc_speak(d->r, "label '%.*s' is not one of those that were learned"),
                 (int)(rec->label_n < 100 ? rec->label_n : 100), rec->label);
        d->skipped++;
        if (g->o != NULL && g->o->strict > 0)
            return rc_fail(d->r, RECUR_EDATA, "%s:%lld: %s", d->paths > 0 ? d->path[g->file] : "example",
                           (long long)rec->line, what);
        return rc_problem(g->problems, d->paths > 0 ? d->path[g->file] : "example", rec->line, "unlearned", what);
    }
    if ((measured && (e = add_measured(g, rec)) != RECUR_OK) || (e = rc_data_example(d, &ex)) != RECUR_OK)
        return e;
    ex->label = label;
    ex->file = g->file;
    ex->line = rec->line;
    if (measured) {
        ex->T = rec->steps;
        d->rows += (size_t)rec->steps;
        d->units += rec->steps;
        return RECUR_OK;
    }
    ex->text_n = rec->text_n;
    d->bytes += (int64_t)rec->text_n;
    for (size_t i = 0; i < rec->text_n; i++)
        d->chars += ((unsigned char)rec->text[i] & 0xC0) != 0x80;
    return rc_buf_add(&d->raw, rec->text, rec->text_n);
}

/* --- labels --- */

typedef struct { const char *s; size_t n; int32_t was; bool number; long long value; } label_row;

/* Numbers by value, before words; words by their bytes. */
static int label_order(const void *pa, const void *pb)
{
    const label_row *a = pa, *b = pb;
    if (a->number && b->number && a->value != b->value)
        return a->value < b->value ? -1 : 1;
    if (a->number != b->number)
        return a->number ? -1 : 1;
    int c = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);
    return c != 0 ? c : (a->n > b->n) - (a->n < b->n);
}

/* The order of the labels does not hang on the order of the lines: of two, the second is the "positive" one. */
static int settle_labels(gather *g)
{
    recur_data *d = g->d;
    int n = rc_vocab_size(g->names) - RC_FIRST, e;
    label_row *row = rc_new(d->r, (size_t)n + 1, sizeof *row);
    int32_t *now = rc_new(d->r, (size_t)n + 1, sizeof *now);
    if (row == NULL || now == NULL) {
        e = RECUR_ENOMEM;
        goto done;
    }
    for (int i = 0; i < n; i++) {
        char *after;
        row[i].s = rc_vocab_str(g->names, RC_FIRST + i, &row[i].n);
        row[i].was = i;
        char copy[32];
        snprintf(copy, sizeof copy, "%.*s", (int)(row[i].n < 30 ? row[i].n : 30), row[i].s);
        row[i].value = strtoll(copy, &after, 10);
        row[i].number = row[i].n < 18 && row[i].n > 0 && *after == 0;
    }
    qsort(row, (size_t)n, sizeof *row, label_order);
    e = rc_vocab_new(d->r, &d->labels);
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        int32_t id;
        e = rc_vocab_add(d->labels, row[i].s, row[i].n, 0, &id);
        now[row[i].was] = i;
    }
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        if (d->ex[i].label >= 0)
            d->ex[i].label = now[d->ex[i].label];
done:
    rc_free(d->r, row);
    rc_free(d->r, now);
    return e;
}

/* --- text -> ids --- */

static double words_a_text(const recur_data *d)
{
    int64_t blanks = 0, seen = 0;
    for (; seen < d->count && seen < 2000; seen++)
        for (size_t i = 1; i < d->ex[seen].text_n; i++)
            blanks += d->raw.s[d->ex[seen].text + i] == ' ';
    return seen > 0 ? (double)blanks / (double)seen + 1 : 0;
}

static void text_options(const recur_data *d, const recur_train_options *o, rc_text_options *t)
{
    bool signs = rc_share_of_han(d->raw.s != NULL ? d->raw.s : "", d->raw.n) > 0.3 || words_a_text(d) < 2;
    *t = (rc_text_options){ .unit = signs ? "char" : "word", .min_count = d->count > 1000 ? 2 : 1, .lower = true,
                           .nfkc = true };
    t->max_size = 50000;
    t->pairs = d->count >= 1000 ? 50000 : 0;
    if (o != NULL && o->unit != NULL)
        t->unit = o->unit;
    if (o != NULL && o->pairs != NULL)
        t->pairs = strtoll(o->pairs, NULL, 10);
    rc_choose_text(o, t);
}

/* Longer texts keep their beginning and, as reviews end with the verdict, three times as much of their end. */
static int64_t longest(const recur_data *d, const recur_train_options *o, const rc_like *like)
{
    if (o != NULL && o->max_length >= 0)
        return o->max_length;
    if (like != NULL && like->max_length != 0)                /* the model's */
        return like->max_length > 0 ? like->max_length : 0;
    return strcmp(d->text->unit->name, "word") == 0 ? 400 : 512;
}

static int encode_one(recur_data *d, rc_example *ex, int64_t most, rc_ids id[2])
{
    int e, C = d->C;
    id[0].n = id[1].n = 0;
    const char *s = ex->text_n > 0 ? d->raw.s + ex->text : "";
    if ((e = rc_text_encode(d->text, s, ex->text_n, id, &d->unknown)) != RECUR_OK)
        return e;
    if (id[0].n == 0)                    /* nothing but blanks: one unit, so that there is a step */
        for (int c = 0; c < C; c++)
            if ((e = rc_ids_add(&id[c], c == 0 ? RC_EOS : RC_UNK)) != RECUR_OK)
                return e;
    size_t n = id[0].n, head = n, tail = 0;
    if (most > 0 && n > (size_t)most) {
        head = (size_t)most / 4;
        tail = (size_t)most - head;
        d->dropped++;
    }
    if ((e = rc_data_row(d, head + tail)) != RECUR_OK)
        return e;
    for (int c = 0; c < C; c++) {
        memcpy(d->ids[c] + d->rows, id[c].id, head * sizeof(int32_t));
        if (tail > 0)
            memcpy(d->ids[c] + d->rows + head, id[c].id + n - tail, tail * sizeof(int32_t));
    }
    ex->at = d->rows;
    ex->T = (int32_t)(head + tail);
    d->rows += head + tail;
    d->units += (int64_t)n;
    return RECUR_OK;
}

static int encode_all(gather *g)
{
    recur_data *d = g->d;
    rc_text_options t;
    rc_ids id[2] = { { .r = d->r }, { .r = d->r } };
    int e = RECUR_OK;
    if (g->like != NULL) {
        d->text = rc_text_share(g->like->text);
    } else {
        text_options(d, g->o, &t);
        e = rc_text_new(d->r, &d->text, &t);
        for (int i = 0; i < d->count && e == RECUR_OK; i++)
            e = rc_text_learn(d->text, d->ex[i].text_n > 0 ? d->raw.s + d->ex[i].text : "", d->ex[i].text_n);
        if (e == RECUR_OK)
            e = rc_text_settle(d->text);
    }
    if (e == RECUR_OK)
        d->C = rc_text_columns(d->text), d->max_length = longest(d, g->o, g->like);
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        e = encode_one(d, &d->ex[i], d->max_length, id);
    rc_ids_free(&id[0]);
    rc_ids_free(&id[1]);
    return e;
}

/* --- the whole --- */

static int finish(gather *g)
{
    recur_data *d = g->d;
    int e = RECUR_OK;
    if (g->like != NULL) {
        d->learned = false;
        d->labels = rc_vocab_share(g->like->labels);
    } else if ((e = settle_labels(g)) != RECUR_OK) {
        return e;
    }
    d->classes = d->labels != NULL ? rc_vocab_size(d->labels) - RC_FIRST : 0;
    if (g->like == NULL && d->classes < 2)
        return rc_fail(d->r, RECUR_EDATA, "%s: %s%s%s, and two at least are needed", d->paths > 0 ? d->path[0] : "examples",
                       rc_speak(d->r, d->classes > 0 ? "all examples have the label '" : "no example has a label"),
                       d->classes > 0 ? rc_vocab_str(d->labels, RC_FIRST, NULL) : "", d->classes > 0 ? "'" : "");
    if (g->like != NULL && g->like->text == NULL && d->F == 0)
        d->F = g->like->scaling->n;                           /* no example at all in this part */
    return d->F > 0 ? rc_data_scale(d, g->like != NULL ? g->like->scaling : NULL) : encode_all(g);
}

static int begin(gather *g)
{
    return g->like == NULL ? rc_vocab_new(g->d->r, &g->names) : RECUR_OK;
}

static int nothing_usable(recur *r, const char *path, const json_t *problems, size_t before)
{
    const json_t *first = json_array_get(problems, before);
    const char *what = json_string_value(json_object_get(first, "what"));
    if (what == NULL)
        return rc_fail(r, RECUR_EDATA, "%s: no example in it; a line is label<TAB>text", path);
    return rc_fail(r, RECUR_EDATA, "%s:%lld: %s; none of %zu lines can be used", path,
                   (long long)json_integer_value(json_object_get(first, "line")), what, json_array_size(problems) - before);
}

static int classify_read(recur_data *d, const char *const *path, int n, const recur_train_options *o,
                         const rc_like *like, int part, json_t *problems)
{
    gather g = { .d = d, .o = o, .like = like, .part = part, .problems = problems };
    int e = begin(&g);
    size_t bad = json_array_size(problems);
    if (e == RECUR_OK)
        e = rc_data_paths(d, path, n);
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        g.file = i;
        e = rc_read_records(d->r, path[i], o, add, &g, problems);
    }
    d->skipped = (int64_t)(json_array_size(problems) - bad);
    if (e == RECUR_OK && d->count == 0 && g.elsewhere == 0)
        e = nothing_usable(d->r, path[0], problems, bad);
    if (e == RECUR_OK && (d->count > 0 || like != NULL))
        e = finish(&g);
    else if (e == RECUR_OK)
        e = rc_fail(d->r, RECUR_EDATA, "%s: too few examples: all fall into the held-out part", path[0]);
    rc_vocab_free(g.names);
    return e;
}

static int classify_pull(recur_data *d, recur_next_example *next, void *ud, const recur_train_options *o,
                         const rc_like *like)
{
    gather g = { .d = d, .o = o, .like = like, .part = RC_ALL };
    recur_example ex = { 0 };
    int e = begin(&g), got = 0;
    while (e == RECUR_OK && (got = next(ud, &ex)) == 0) {
        rc_record rec = { .label = ex.label, .label_n = ex.label != NULL ? strlen(ex.label) : 0, .text = ex.text,
                          .text_n = ex.text != NULL ? strlen(ex.text) : 0, .line = d->count + 1,
                          .x = ex.x, .steps = ex.steps, .features = ex.features };
        if (ex.x == NULL && ex.text == NULL)
            e = rc_fail(d->r, RECUR_EDATA, "example %d has neither text nor measurements", d->count + 1);
        else if (ex.x != NULL && (ex.steps < 1 || ex.features < 1))
            e = rc_fail(d->r, RECUR_EDATA, "example %d has %d steps of %d features", d->count + 1, ex.steps,
                        ex.features);
        else if (ex.label == NULL && like == NULL)
            e = rc_fail(d->r, RECUR_EDATA, "example %d has no label", d->count + 1);
        else
            e = add(&g, &rec);
    }
    e = got < 0 ? got : e;
    if (e == RECUR_OK && d->count == 0)
        e = rc_fail(d->r, RECUR_EDATA, "the callback gave no example");
    if (e == RECUR_OK)
        e = finish(&g);
    rc_vocab_free(g.names);
    return e;
}

static const char *const own[] = {
    "unit", "columns", "pairs", "vectors", "text-column", "label-column", "min-count", "max-vocab", "max-length", "lower",
    "mark-capitals", "nfkc", "batch-units", "smooth", "focal", "balance", NULL,
};

const rc_task rc_task_classify = {
    .name = "classify", .help = "one label for a text or for a sequence of measurements", .head = "softmax", .verb = "classify", .own = own,
    .metric = "accuracy", .rising = true,
    .read = classify_read, .pull = classify_pull, .choose = rc_classify_choose, .prepare = rc_classify_prepare,
    .score = rc_classify_score, .settle = rc_classify_settle, .eval = rc_classify_eval,
    .baseline = rc_classify_baseline,
    .check = rc_classify_check,
};
