/* SPDX-License-Identifier: MIT
 * translate.c - pairs of texts: two files with the same line numbers, or one with source<TAB>target or JSON lines.
 *
 * The form is found from the first line of the first file: a tab or an object in it makes each file one of pairs; else
 * files are taken two by two, source before target. */
#include <stdio.h>
#include "data/pick.h"
#include "data/read.h"
#include "task/translate/translate.h"

typedef struct {
    recur_data *d;
    const recur_train_options *o;
    json_t *problems;
    int part, file;
    int64_t elsewhere, lines;        /* pairs of the other part; lines of the file */
} gather;

/* Which part a pair belongs to is a matter of its source alone: all translations of a text stay together.  Of a large
 * file less is held out: some thousand pairs tell enough. */
static bool other_part(const gather *g, const char *s, size_t n)
{
    if (g->part == RC_ALL)
        return false;
    double share = rc_held_part(g->o), most = (double)RC_HELD_MOST / (double)(g->lines > 0 ? g->lines : 1);
    bool held = rc_uniform(rc_key(1, RC_SPLIT, rc_hash(s, n), 0), 0) < (share < most ? share : most);
    return held != (g->part == RC_HELD_PART);
}

/* One more example of d with this text; its ids come later. */
static int keep(gather *g, recur_data *d, rc_span_text s, int64_t line)
{
    rc_example *ex;
    int e = rc_data_example(d, &ex);
    if (e != RECUR_OK)
        return e;
    ex->file = g->file;
    ex->line = line;
    ex->text_n = s.n;
    d->bytes += (int64_t)s.n;
    for (size_t i = 0; i < s.n; i++)
        d->chars += ((unsigned char)s.s[i] & 0xC0) != 0x80;
    if ((e = rc_buf_add(&d->raw, s.s, s.n)) == RECUR_OK)
        e = rc_buf_add(&d->raw, "\n", 1);
    return e;
}

static const char *wrong(rc_span_text s)
{
    size_t bad;
    if (s.n == 0)
        return "is empty";
    if (!rc_utf8_valid(s.s, s.n, &bad))
        return "is not UTF-8: say --encoding, for instance gb18030";
    return memchr(s.s, 0, s.n) != NULL ? "holds a 0 byte" : NULL;
}

static int add(gather *g, rc_source *f, rc_span_text source, rc_span_text target, int64_t line)
{
    source = rc_trim(source.s, source.n);
    target = rc_trim(target.s, target.n);
    const char *a = wrong(source), *b = wrong(target);
    if (a != NULL || b != NULL)
        return rc_source_bad(f, line, a != NULL ? "source" : "target", "the %s %s", rc_speak(f->r, a != NULL ? "source" : "target"),
                             a != NULL ? a : b);
    if (other_part(g, source.s, source.n)) {
        g->elsewhere++;
        return RECUR_OK;
    }
    int e = keep(g, g->d->side, source, line);
    return e == RECUR_OK ? keep(g, g->d, target, line) : e;
}

/* --- one file of pairs --- */

static int add_tabs(gather *g, rc_source *f, const char *s, size_t n, int64_t line)
{
    const char *tab = memchr(s, '\t', n);
    if (tab == NULL)
        return rc_source_bad(f, line, "tab", "no tab: a line is source<TAB>target");
    const char *from = tab + 1, *end = s + n, *second = memchr(from, '\t', (size_t)(end - from));
    return add(g, f, (rc_span_text){ s, (size_t)(tab - s) },
               (rc_span_text){ from, (size_t)((second != NULL ? second : end) - from) }, line);
}

static int add_object(gather *g, rc_source *f, const char *s, size_t n, int64_t line)
{
    json_error_t why;
    json_t *j = json_loadb(s, n, JSON_ALLOW_NUL, &why);
    json_t *a = json_object_get(j, "source"), *b = json_object_get(j, "target");
    int e = json_is_string(a) && json_is_string(b)
        ? add(g, f, (rc_span_text){ json_string_value(a), json_string_length(a) },
              (rc_span_text){ json_string_value(b), json_string_length(b) }, line)
        : rc_source_bad(f, line, "json", "not an object with texts \"source\" and \"target\"%s%.100s",
                        j == NULL ? ": " : "", j == NULL ? why.text : "");
    json_decref(j);
    return e;
}

static int read_pairs(gather *g, rc_source *f, bool objects)
{
    rc_lines l = { f->s, f->s + f->n, 0 };
    const char *s;
    size_t n;
    int e = RECUR_OK;
    while (e == RECUR_OK && rc_lines_next(&l, &s, &n))
        if (rc_trim(s, n).n > 0)
            e = (objects ? add_object : add_tabs)(g, f, s, n, l.line);
    return e;
}

/* --- two files --- */

static int64_t lines_of(const rc_source *f)
{
    rc_lines l = { f->s, f->s + f->n, 0 };
    const char *s;
    size_t n;
    while (rc_lines_next(&l, &s, &n))
        continue;
    return l.line;
}

static int read_parallel(gather *g, rc_source *a, const rc_source *b)
{
    rc_lines la = { a->s, a->s + a->n, 0 }, lb = { b->s, b->s + b->n, 0 };
    rc_span_text x, y;
    int64_t na = lines_of(a), nb = lines_of(b);
    if (na != nb)
        return rc_fail(a->r, RECUR_EDATA, "%s has %lld lines and %s has %lld: line by line they must belong together",
                       a->path, (long long)na, b->path, (long long)nb);
    int e = RECUR_OK;
    while (e == RECUR_OK && rc_lines_next(&la, &x.s, &x.n) && rc_lines_next(&lb, &y.s, &y.n))
        if (rc_trim(x.s, x.n).n > 0 || rc_trim(y.s, y.n).n > 0)
            e = add(g, a, x, y, la.line);
    return e;
}

/* --- files --- */

enum { PARALLEL, TABS, OBJECTS };

static int form_of(const rc_source *f)
{
    rc_lines l = { f->s, f->s + f->n, 0 };
    const char *s;
    size_t n;
    while (rc_lines_next(&l, &s, &n)) {
        rc_span_text t = rc_trim(s, n);
        if (t.n > 0)
            return memchr(t.s, '\t', t.n) != NULL ? TABS : t.s[0] == '{' && t.s[t.n - 1] == '}' ? OBJECTS : PARALLEL;
    }
    return PARALLEL;
}

/* The text of a file in *text, which the caller frees. */
static int load(gather *g, const char *path, rc_buf *text, rc_source *f)
{
    recur *r = g->d->r;
    rc_buf raw;
    char why[sizeof r->message];
    rc_buf_init(&raw, r, (size_t)1 << 34);
    rc_buf_init(text, r, (size_t)1 << 34);
    *f = (rc_source){ .r = r, .path = path, .s = "", .o = g->o, .problems = g->problems };
    int e = rc_file_read(r, path, &raw);
    if (e == RECUR_OK) {
        e = rc_utf8_from(r, g->o != NULL && g->o->encoding != NULL ? g->o->encoding : "utf-8", raw.s, raw.n, text);
        memcpy(why, r->message, sizeof why);
        if (e != RECUR_OK && e != RECUR_ENOMEM)
            rc_fail(r, e, "%s: %.900s", path, why);
    }
    rc_buf_free(&raw);
    if (e == RECUR_OK && text->n > 0)
        f->s = text->s, f->n = text->n;
    if (e == RECUR_OK && text->n == 0)
        e = rc_fail(r, RECUR_EDATA, "%s: the file is empty", path);
    return e;
}

/* Files from `i` on that make pairs together: one or two, *used. */
static int read_some(gather *g, const char *const *path, int n, int i, int *form, int *used)
{
    rc_buf a = { 0 }, b = { 0 };
    rc_source fa, fb;
    g->file = i;
    int e = load(g, path[i], &a, &fa);
    if (e == RECUR_OK && *form < 0)
        *form = form_of(&fa);
    *used = *form == PARALLEL ? 2 : 1;
    g->lines = e == RECUR_OK ? lines_of(&fa) : 0;
    if (e == RECUR_OK && *form != PARALLEL)
        e = read_pairs(g, &fa, *form == OBJECTS);
    else if (e == RECUR_OK && i + 1 == n)
        e = rc_fail(g->d->r, RECUR_EDATA, "%s has no file of targets beside it: files come two by two, SOURCE TARGET, and %d %s "
                    "given; or one file of source<TAB>target", path[i], n, rc_speak(g->d->r, n == 1 ? "is" : "are"));
    else if (e == RECUR_OK && (e = load(g, path[i + 1], &b, &fb)) == RECUR_OK)
        e = read_parallel(g, &fa, &fb);
    rc_buf_free(&a);
    rc_buf_free(&b);
    return e;
}

static int begin(recur_data *d, const recur_train_options *o)
{
    d->C = 1;
    d->beam = o != NULL && o->beam > 0 ? (int)o->beam : 0;
    d->per_step = true;
    int e = rc_data_side(d);
    if (e == RECUR_OK)
        d->side->C = 1;
    return e;
}

int rc_translate_read(recur_data *d, const char *const *path, int n, const recur_train_options *o, const rc_like *like,
                      int part, json_t *problems)
{
    gather g = { .d = d, .o = o, .part = part, .problems = problems };
    size_t bad = json_array_size(problems);
    int form = -1, used = 1, e = begin(d, o);
    if (e == RECUR_OK)
        e = rc_data_paths(d, path, n);
    for (int i = 0; i < n && e == RECUR_OK; i += used)
        e = read_some(&g, path, n, i, &form, &used);
    d->skipped = (int64_t)(json_array_size(problems) - bad);
    if (e == RECUR_OK && d->count == 0 && g.elsewhere == 0)
        e = rc_fail(d->r, RECUR_EDATA, "%s: no usable pair among %lld bad lines; a line is source<TAB>target", path[0],
                    (long long)d->skipped);
    if (e == RECUR_OK && d->count == 0 && like == NULL)
        e = rc_fail(d->r, RECUR_EDATA, "%s: too few pairs: all fall into the held-out part", path[0]);
    return e == RECUR_OK ? rc_translate_texts(d, o, like) : e;
}

/* From a callback: the text is the source, the label the target; without a label there is nothing to compare with. */
static int translate_pull(recur_data *d, recur_next_example *next, void *ud, const recur_train_options *o,
                          const rc_like *like)
{
    gather g = { .d = d, .o = o, .part = RC_ALL };
    recur_example ex = { 0 };
    int e = begin(d, o), got = 0;
    while (e == RECUR_OK && (got = next(ud, &ex)) == 0) {
        rc_source f = { .r = d->r, .path = "example", .s = "", .o = o };
        if (ex.text == NULL || ex.label == NULL)
            e = rc_fail(d->r, RECUR_EDATA, "example %d: a text, its source, and a label, its target, are needed",
                        d->count + 1);
        else
            e = add(&g, &f, (rc_span_text){ ex.text, strlen(ex.text) }, (rc_span_text){ ex.label, strlen(ex.label) },
                    d->count + 1);
    }
    e = got < 0 ? got : e;
    if (e == RECUR_OK && d->count == 0)
        e = rc_fail(d->r, RECUR_EDATA, "the callback gave no pair");
    return e == RECUR_OK ? rc_translate_texts(d, o, like) : e;
}

static const char *const own[] = {
    "valid-target", "unit", "min-count", "max-vocab", "max-length", "lower", "mark-capitals", "nfkc", "shared-vocab", "beam",
    "batch-units", "smooth", "sampled", NULL,
};

const rc_task rc_task_translate = {
    .name = "translate", .help = "one text for another: languages, or any sequence to sequence", .head = "softmax", .verb = "translate", .own = own,
    .metric = "perplexity", .rising = false,
    .read = rc_translate_read, .pull = translate_pull, .choose = rc_translate_choose, .suits = rc_translate_suits, .prepare = rc_translate_prepare,
    .guess = rc_translate_guess, .score = rc_translate_score, .eval = rc_translate_eval, .baseline = rc_translate_baseline,
    .check = rc_translate_check,
};
