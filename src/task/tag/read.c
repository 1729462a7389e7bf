/* SPDX-License-Identifier: MIT
 * read.c - sentences of a file: one word a line with its tag in a column (CoNLL: columns by tabs or blanks; CoNLL-U),
 * or one sentence a line with blanks between the words, from which signs and their places in words are read.
 *
 * A sentence ends at an empty line.  "# intent = NAME" before it (or label, class, domain) says what it is as a whole;
 * other lines with # and lines of -DOCSTART- are passed over. */
#include <stdlib.h>
#include "task/tag/tag.h"

enum { FIELDS = 64 };

typedef struct {
    rc_source f;
    rc_take_tagged *take;
    void *ud;
    bool tabs, conllu, signs;
    int columns, column;                 /* in all, of the tag (-1: none) */
    rc_span_text *word, *tag; int n, cap;
    rc_span_text kind;
    int64_t line;                        /* of the sentence's first word */
    bool bad;
} reader;

static int add(reader *x, rc_span_text word, rc_span_text tag)
{
    if (x->n == x->cap) {
        size_t cap = (size_t)x->cap, want = cap > 0 ? cap * 2 : 64;
        rc_span_text *w = rc_grow(x->f.r, x->word, cap, want, sizeof *w);
        if (w == NULL)
            return RECUR_ENOMEM;
        x->word = w;
        rc_span_text *t = rc_grow(x->f.r, x->tag, cap, want, sizeof *t);
        if (t == NULL)
            return RECUR_ENOMEM;
        x->tag = t;
        x->cap = (int)want;
    }
    x->word[x->n] = word;
    x->tag[x->n++] = tag;
    return RECUR_OK;
}

/* A word as its signs, each with its place in it. */
static int add_signs(reader *x, rc_span_text word)
{
    int e = RECUR_OK, first = x->n;
    for (size_t i = 0; i < word.n && e == RECUR_OK;) {
        int32_t cp;
        size_t k = (size_t)rc_utf8_next(word.s + i, word.n - i, &cp);
        e = add(x, (rc_span_text){ word.s + i, k }, (rc_span_text){ "I", 1 });
        i += k;
    }
    for (int i = first; i < x->n && e == RECUR_OK; i++)
        x->tag[i].s = x->n - first == 1 ? "S" : i == first ? "B" : i == x->n - 1 ? "E" : "I";
    return e;
}

/* The sentence is complete: handed on, unless a line of it was bad. */
static int emit(reader *x)
{
    rc_tagged s = { x->word, x->column >= 0 || x->signs ? x->tag : NULL, x->n, x->kind, x->line, x->conllu };
    int e = x->n > 0 && !x->bad ? x->take(x->ud, &s) : RECUR_OK;
    x->n = 0;
    x->bad = false;
    x->kind = (rc_span_text){ "", 0 };
    return e;
}

/* Cuts a line into its columns; how many there are, at most FIELDS. */
static int fields(const reader *x, const char *s, size_t n, rc_span_text *out)
{
    int count = 0;
    for (size_t i = 0; i <= n && count < FIELDS; i++) {
        while (!x->tabs && i < n && (s[i] == ' ' || s[i] == '\t'))
            i++;
        size_t from = i;
        while (i < n && s[i] != '\t' && (x->tabs || s[i] != ' '))
            i++;
        if (x->tabs || i > from)
            out[count++] = (rc_span_text){ s + from, i - from };
    }
    return count;
}

/* "# intent = NAME" */
static void remark(reader *x, const char *s, size_t n)
{
    rc_span_text all = rc_trim(s + 1, n - 1);
    const char *sign = memchr(all.s, '=', all.n);
    if (sign == NULL || x->n > 0 || !rc_is_name(all.s, (size_t)(sign - all.s), "intent label class domain"))
        return;
    x->kind = rc_trim(sign + 1, (size_t)(all.s + all.n - sign - 1));
}

static bool is_remark(const reader *x, const char *s, size_t n, int count)
{
    if (n == 0 || s[0] != '#')
        return false;
    if (x->tabs || x->conllu)
        return memchr(s, '\t', n) == NULL;
    return count != x->columns || memchr(s, '=', n) != NULL;
}

static int word_line(reader *x, int64_t line, const rc_span_text *c, int count)
{
    if (x->conllu && count > 1 && (memchr(c[0].s, '-', c[0].n) != NULL || memchr(c[0].s, '.', c[0].n) != NULL))
        return RECUR_OK;                 /* a word of several, an empty one: no units of the sentence */
    if (x->n == 0)
        x->line = line;
    int at = x->conllu ? 1 : 0;
    if (count != x->columns || c[at].n == 0 || (x->column >= 0 && c[x->column].n == 0)) {
        x->bad = true;
        if (count != x->columns)
            return rc_source_bad(&x->f, line, "columns", "%d columns where the first line has %d; the sentence is left out",
                                 count, x->columns);
        return rc_source_bad(&x->f, line, "empty", "%s is empty; the sentence is left out", rc_speak(x->f.r, c[at].n == 0 ? "the word" : "the tag"));
    }
    if (x->column >= 0 && c[x->column].n > 256) {
        x->bad = true;
        return rc_source_bad(&x->f, line, "tag", "a tag of %zu bytes: say --column; the sentence is left out",
                             c[x->column].n);
    }
    if (x->signs)
        return add_signs(x, c[at]);
    return add(x, c[at], x->column >= 0 ? c[x->column] : (rc_span_text){ "", 0 });
}

static int column_lines(reader *x)
{
    rc_lines l = { x->f.s, x->f.s + x->f.n, 0 };
    rc_span_text c[FIELDS];
    const char *s;
    size_t n, bad;
    int e = RECUR_OK;
    while (e == RECUR_OK && rc_lines_next(&l, &s, &n)) {
        int count = fields(x, s, n, c);
        if (rc_trim(s, n).n == 0) {
            e = emit(x);
        } else if (!rc_utf8_valid(s, n, &bad) || memchr(s, 0, n) != NULL) {
            x->bad = true;
            e = rc_source_bad(&x->f, l.line, "encoding",
                              "not UTF-8 text: say --encoding, for instance gb18030; the sentence is left out");
        } else if (is_remark(x, s, n, count)) {
            remark(x, s, n);
        } else if (count > 0 && !(c[0].n == 10 && memcmp(c[0].s, "-DOCSTART-", 10) == 0)) {
            e = word_line(x, l.line, c, count);
        }
    }
    return e == RECUR_OK ? emit(x) : e;
}

static int text_lines(reader *x)
{
    rc_lines l = { x->f.s, x->f.s + x->f.n, 0 };
    const char *s;
    size_t n, bad;
    int e = RECUR_OK;
    while (e == RECUR_OK && rc_lines_next(&l, &s, &n)) {
        if (!rc_utf8_valid(s, n, &bad) || memchr(s, 0, n) != NULL) {
            e = rc_source_bad(&x->f, l.line, "encoding", "not UTF-8 text: say --encoding, for instance gb18030");
            continue;
        }
        x->line = l.line;
        for (size_t i = 0, from = 0; i <= n && e == RECUR_OK; i++) {
            bool wide = i + 3 <= n && memcmp(s + i, "\xE3\x80\x80", 3) == 0;            /* U+3000 */
            if (i < n && s[i] != ' ' && s[i] != '\t' && !wide)
                continue;
            e = i > from ? add_signs(x, (rc_span_text){ s + from, i - from }) : RECUR_OK;
            i += wide ? 2 : 0;
            from = i + 1;
        }
        if (e == RECUR_OK)
            e = emit(x);
    }
    return e;
}

/* Whether a line is one of CoNLL-U: ten columns, the first a number. */
static bool conllu_is(const char *s, size_t n)
{
    int tabs = 0;
    for (size_t i = 0; i < n; i++)
        tabs += s[i] == '\t';
    return tabs == 9 && s[0] >= '0' && s[0] <= '9';
}

/* The form of the file, from its first line that is no remark. */
static int look(reader *x, const recur_train_options *o, bool segment)
{
    rc_lines l = { x->f.s, x->f.s + x->f.n, 0 };
    rc_span_text c[FIELDS];
    const char *s;
    size_t n;
    bool found = false;
    while (!found && rc_lines_next(&l, &s, &n))
        found = rc_trim(s, n).n > 0 && !(s[0] == '#' && memchr(s, '\t', n) == NULL)
            && !(n >= 10 && memcmp(s, "-DOCSTART-", 10) == 0);
    if (!found)
        return rc_source_bad(&x->f, 1, "empty", "no word in this file");
    x->conllu = conllu_is(s, n);
    x->tabs = memchr(s, '\t', n) != NULL;
    x->signs = segment && (x->conllu || !x->tabs);
    x->columns = fields(x, s, n, c);
    bool given = o != NULL && o->column > 0;
    x->column = given ? (int)o->column - 1 : x->conllu ? 3 : x->columns - 1;
    if (x->column >= x->columns)
        return rc_fail(x->f.r, RECUR_EDATA, "%s:%lld: there are %d columns, --column %d is not among them", x->f.path,
                       (long long)l.line, x->columns, x->column + 1);
    if (x->column == 0)
        x->column = -1;                  /* words alone */
    return RECUR_OK;
}

int rc_tag_sentences(recur *r, const char *path, const recur_train_options *o, bool segment, rc_take_tagged *take,
                     void *ud, json_t *problems)
{
    rc_buf raw, text;
    rc_buf_init(&raw, r, (size_t)1 << 34);
    rc_buf_init(&text, r, (size_t)1 << 34);
    reader x = { .f = { r, path, "", 0, o, NULL, ud, problems }, .take = take, .ud = ud };
    int e = rc_file_read(r, path, &raw);
    if (e == RECUR_OK) {
        char why[sizeof r->message];
        e = rc_utf8_from(r, o != NULL && o->encoding != NULL ? o->encoding : "utf-8", raw.s, raw.n, &text);
        memcpy(why, r->message, sizeof why);
        if (e != RECUR_OK && e != RECUR_ENOMEM)
            rc_fail(r, e, "%s: %.900s", path, why);
    }
    x.f.s = text.n > 0 ? text.s : "", x.f.n = text.n;
    x.kind = (rc_span_text){ "", 0 };
    if (e == RECUR_OK)
        e = look(&x, o, segment);
    if (e == RECUR_OK && x.columns > 0)
        e = x.signs && !x.conllu ? text_lines(&x) : column_lines(&x);
    rc_free(r, x.word);
    rc_free(r, x.tag);
    rc_buf_free(&raw);
    rc_buf_free(&text);
    return e;
}

int rc_tag_signs(recur *r, const char *s, size_t n, rc_take_tagged *take, void *ud)
{
    reader x = { .f = { .r = r }, .take = take, .ud = ud, .column = -1, .line = 1, .kind = { "", 0 } };
    int e = RECUR_OK;
    for (size_t i = 0; i < n && e == RECUR_OK;) {
        int32_t cp;
        size_t k = (size_t)rc_utf8_next(s + i, n - i, &cp);
        if (cp < 0 || rc_utf8_class(cp) != RC_SPACE)
            e = add(&x, (rc_span_text){ s + i, k }, (rc_span_text){ "", 0 });
        i += k;
    }
    if (e == RECUR_OK)
        e = emit(&x);
    rc_free(r, x.word);
    rc_free(r, x.tag);
    return e;
}
