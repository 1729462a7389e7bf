/* SPDX-License-Identifier: MIT
 * recur tag M.recur [FILE]: tags for words, or words for signs.  Files of columns come back with a column more (CoNLL-U:
 * with its fourth column filled), lines of text as a line a word, text without blanks with blanks between its words.
 * Sentences from a pipe or file go through the net many at a time; the answers are the same to the last bit. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { TOGETHER = 256, FIELDS = 10 };                        /* sentences that are tagged together; columns of CoNLL-U */

typedef struct { int64_t best, column; int segment, line_buffered; const char *form, *encoding; } tag_own;
static const recur_option own_rows[] = {
    {"segment", RECUR_FLAG, offsetof(tag_own, segment), "0", 0, 1, NULL, "put blanks between words; the model must have been trained for it", "answers"},
    {"form", RECUR_TEXT, offsetof(tag_own, form), "auto", 0, 0, "FORM", "of the input: columns (a word a line), text (a sentence a line), or auto", "answers"},
    {"column", RECUR_INT, offsetof(tag_own, column), "4", 1, 10, "N", "of CoNLL-U: the column that is filled", "answers"},
    {"best", RECUR_INT, offsetof(tag_own, best), "1", 1, 1000, "K", "the K best readings of each sentence, with their probabilities", "answers"},
    {"line-buffered", RECUR_FLAG, offsetof(tag_own, line_buffered), "0", 0, 1, NULL, "write each answer at once, in a pipe too", "answers"},
    {"encoding", RECUR_TEXT, offsetof(tag_own, encoding), "utf-8", 0, 0, "NAME", "encoding of the input: utf-8, gb18030, ...", "answers"},
};

typedef struct {
    cli *c;
    recur_model *m;
    int best;
    bool segment, columns, one_by_one, known;                         /* known: whether the input is columns */
    struct { char *text; bool word; } *line; size_t lines, room;      /* of the file, as they came */
    char *sentence[TOGETHER + 1]; size_t from[TOGETHER + 1]; int n;   /* their words; the first line of each */
    char *now; size_t now_n, now_room;                                /* the sentence that grows */
    int64_t put;                         /* sentences written */
} job;

/* --- one sentence out --- */

static void put_words(const job *j, const json_t *words, const json_t *tags)
{
    size_t i;
    json_t *w;
    json_array_foreach(words, i, w) {
        if (tags)
            printf("%s\t%s\n", json_string_value(w), json_string_value(json_array_get(tags, i)));
        else
            printf("%s%s", i ? " " : "", json_string_value(w));
    }
    putchar('\n');
    (void)j;
}

/* A line of columns with the tag as its last, or, in CoNLL-U, in place of that column. */
static void put_columns(const char *line, const char *tag, int column)
{
    const char *from = line, *to;
    int tabs = 0;
    for (const char *p = line; *p; p++)
        if (*p == '\t' && ++tabs == column - 1)
            from = p + 1;
    to = from + strcspn(from, "\t");
    if (tabs != FIELDS - 1 || line[0] < '0' || line[0] > '9')
        printf("%s%c%s\n", line, tabs ? '\t' : ' ', tag);
    else
        printf("%.*s%s%s\n", (int)(from - line), line, tag, to);
}

static bool says_intent(const char *line)
{
    return line[0] == '#' && strncmp(line + 1 + strspn(line + 1, " "), "intent", 6) == 0 && strchr(line, '=');
}

/* Lines [from, to) of the input, the words among them with tags. */
static void put_lines(const job *j, size_t from, size_t to, const json_t *tags, const char *intent)
{
    size_t word = 0;
    for (size_t i = from; i < to; i++) {
        if (intent && says_intent(j->line[i].text))
            continue;
        if (intent && j->line[i].word && word == 0)
            printf("# intent = %s\n", intent);
        if (j->line[i].word)
            put_columns(j->line[i].text, json_string_value(json_array_get(tags, word++)), (int)((const tag_own *)j->c->own)->column);
        else
            puts(j->line[i].text);
    }
}

static void put(job *j, int s, json_t *answer)
{
    const json_t *words = json_object_get(answer, "words"), *tags = json_object_get(answer, "tags"), *readings = json_object_get(answer, "readings");
    const char *intent = json_string_value(json_object_get(answer, "intent"));
    size_t to = s + 1 < j->n ? j->from[s + 1] : j->lines;
    j->put++;
    if (j->c->common.json) {
        json_object_set_new(answer, j->columns ? "sentence" : "line", json_integer(j->put));
        json_dumpf(answer, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
        putchar('\n');
        return;
    }
    for (size_t k = 0; k < (readings ? json_array_size(readings) : 1); k++) {
        const json_t *reading = json_array_get(readings, k);
        if (reading)
            printf("# reading %zu p = %.6f\n", k + 1, json_number_value(json_object_get(reading, "p")));
        tags = reading ? json_object_get(reading, "tags") : tags;
        if (intent && !j->columns)
            printf("# intent = %s\n", intent);
        if (j->columns)
            put_lines(j, j->from[s], to, tags, intent);
        else
            put_words(j, words, tags);
    }
}

static int flush_sentences(job *j)
{
    char *text = NULL;
    size_t i;
    json_t *answer;
    int code = CLI_DONE, e = j->n ? recur_tag_lines(j->c->r, j->m, (const char *const *)j->sentence, j->n, j->best, &text) : RECUR_OK;
    if (e < 0)
        code = cli_fail(j->c, e);
    json_t *all = text ? json_loads(text, 0, NULL) : NULL;
    json_array_foreach(all, i, answer)
        put(j, (int)i, answer);
    json_decref(all);
    recur_free(j->c->r, text);
    for (int k = 0; k < j->n; k++)
        free(j->sentence[k]);
    for (size_t k = 0; k < j->lines; k++) {
        if (!j->n && !j->c->common.json)
            puts(j->line[k].text);       /* no sentence among them */
        free(j->line[k].text);
    }
    j->n = 0;
    j->lines = 0;
    fflush(stdout);
    return code;
}

/* --- lines in --- */

static int keep_line(job *j, const char *text, bool word)
{
    if (j->lines == j->room) {
        size_t want = j->room ? 2 * j->room : 1024;
        void *more = realloc(j->line, want * sizeof *j->line);
        if (!more)
            return CLI_MEMORY;
        j->line = more;
        j->room = want;
    }
    j->line[j->lines].word = word;
    return (j->line[j->lines++].text = strdup(text)) ? CLI_DONE : CLI_MEMORY;
}

/* One more word of the sentence; a blank inside it may not part it. */
static int add_word(job *j, const char *s, size_t n)
{
    if (j->now_n + 3 * n + 8 > j->now_room) {
        size_t want = 2 * (j->now_n + 3 * n + 8);
        char *more = realloc(j->now, want);
        if (!more)
            return CLI_MEMORY;
        j->now = more;
        j->now_room = want;
    }
    if (j->now_n)
        j->now[j->now_n++] = ' ';
    for (size_t i = 0; i < n; i++) {
        bool blank = s[i] == ' ';
        memcpy(j->now + j->now_n, blank ? "\xE2\x96\x81" : s + i, blank ? 3 : 1);
        j->now_n += blank ? 3 : 1;
    }
    j->now[j->now_n] = 0;
    return CLI_DONE;
}

/* The sentence that has grown is complete; `text`: what it is instead. */
static int end_sentence(job *j, const char *text)
{
    if (!text && !j->now_n)
        return CLI_DONE;
    if (!(j->sentence[j->n] = strdup(text ? text : j->now)))
        return CLI_MEMORY;
    j->now_n = 0;
    j->n++;
    if (j->n < TOGETHER && !j->one_by_one) {
        j->from[j->n] = j->lines;
        return CLI_DONE;
    }
    int code = flush_sentences(j);
    j->from[0] = 0;
    return code;
}

/* A line of columns: a word, or a remark, an empty line, a part of CoNLL-U that is no unit. */
static int column_line(job *j, const char *s)
{
    const char *tab = strchr(s, '\t');
    size_t first = tab ? (size_t)(tab - s) : strcspn(s, " "), at = 0;
    int tabs = 0, code = CLI_DONE;
    for (const char *p = s; *p; p++)
        tabs += *p == '\t';
    bool empty = s[strspn(s, " \t")] == 0, remark = s[0] == '#' && !tab;
    bool ten = tabs == FIELDS - 1 && s[0] >= '0' && s[0] <= '9';
    bool word = !empty && !remark && first && strncmp(s, "-DOCSTART-", 10) != 0 && !(ten && (memchr(s, '-', first) || memchr(s, '.', first)));
    if (ten) {
        at = first + 1;
        first = strcspn(s + at, "\t");
    }
    if (word)
        code = add_word(j, s + at, first);
    if (!code)
        code = keep_line(j, s, word);
    return !code && empty ? end_sentence(j, NULL) : code;
}

static int look(job *j, const char *line)
{
    const char *form = ((const tag_own *)j->c->own)->form;
    bool columns = strcmp(form, "columns") == 0;
    if (!columns && strcmp(form, "text") != 0 && strcmp(form, "auto") != 0) {
        cli_note(say(SAY_BAD_FORM), form);
        return CLI_USAGE;
    }
    j->columns = !j->segment && (columns || (strcmp(form, "auto") == 0 && (strchr(line, '\t') || line[0] == '#' || strncmp(line, "-DOCSTART-", 10) == 0)));
    return CLI_DONE;
}

static int take_line(void *ud, const char *text)
{
    job *j = ud;
    if (!j->known && text[strspn(text, " \t")]) {
        int code = look(j, text);
        if (code)
            return code;
        j->known = true;
    }
    return j->columns ? column_line(j, text) : end_sentence(j, text);
}

static int tag_lines(job *j, const char *path)
{
    int code = cli_each_line(j->c, path, ((const tag_own *)j->c->own)->encoding, take_line, j);
    if (!code)
        code = end_sentence(j, NULL);
    int rest = flush_sentences(j);
    return code ? code : rest;
}

/* Whether the model finds words: its tags are places in words. */
static bool finds_words(const recur_model *m)
{
    int n = recur_model_labels(m), places = 0;
    for (int i = 0; i < n; i++)
        places += strlen(recur_model_label(m, i)) == 1 && strchr("BIES", recur_model_label(m, i)[0]);
    return n > 1 && places == n;
}

static int run(cli *c)
{
    const tag_own *own = c->own;
    job j = {.c = c, .best = (int)own->best, .one_by_one = own->line_buffered || isatty(STDOUT_FILENO)};
    int code = cli_load(c, &j.m, c->arg[0]);
    if (!code)
        j.segment = finds_words(j.m);
    if (!code && own->segment && !j.segment) {
        cli_note(say(SAY_NO_WORDS), c->arg[0]);
        code = CLI_USAGE;
    }
    if (!code)
        code = tag_lines(&j, c->args > 1 ? c->arg[1] : NULL);
    free(j.line);
    free(j.now);
    recur_model_free(j.m);
    return code;
}

static const char *const examples[] = {
    "recur tag names.recur news.conll",
    "echo 'Mary Jones lives in Paris .' | recur tag names.recur",
    "echo '我们喜欢北京的秋天' | recur tag words.recur --segment",
    NULL};

const cli_verb cli_tag = {
    .name = "tag", .what = SAY_DOES_TAG, .use = "M.recur [FILE]", .least = 1, .most = 2,
    .row = own_rows, .rows = sizeof own_rows / sizeof *own_rows, .size = sizeof(tag_own), .example = examples, .run = run};
