/* SPDX-License-Identifier: MIT
 * recur tag M.recur [FILE]: tags for words, or words for signs.  Files of columns come back with a column more (CoNLL-U:
 * with the column of its tags filled), lines of text as a line a word, text without blanks with blanks between its words.
 * Sentences from a pipe or file go through the net many at a time; the answers are the same to the last bit. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { TOGETHER = 256, SEEN = 64, CONLLU_TAG = 4 };          /* sentences tagged together; lines that tell the form; CoNLL-U's column of tags */

typedef struct { int64_t best, column; int segment, line_buffered; const char *form, *encoding; } tag_own;
static const recur_option own_rows[] = {
    {"segment", RECUR_FLAG, offsetof(tag_own, segment), "0", 0, 1, NULL, "put blanks between words; the model must have been trained for it", "answers"},
    {"form", RECUR_TEXT, offsetof(tag_own, form), "auto", 0, 0, "FORM", "of the input: columns (a word a line), text (a sentence a line), or auto", "answers"},
    {"column", RECUR_INT, offsetof(tag_own, column), NULL, 3, 10, "N", "of CoNLL-U: the column that is filled; else the model's, or the fourth", "answers"},
    {"best", RECUR_INT, offsetof(tag_own, best), "1", 1, 1000, "K", "the K best readings of each sentence, with their probabilities", "answers"},
    {"line-buffered", RECUR_FLAG, offsetof(tag_own, line_buffered), "0", 0, 1, NULL, "write each answer at once, in a pipe too", "answers"},
    {"encoding", RECUR_TEXT, offsetof(tag_own, encoding), "utf-8", 0, 0, "NAME", "encoding of the input: utf-8, gb18030, ...", "answers"},
};

typedef struct { char *text; enum cli_line kind; size_t at, n; } row;   /* a line as it came; the word in it */

typedef struct {
    cli *c;
    recur_model *m;
    const char *name;                    /* of the input */
    int best, column;
    bool segment, columns, one_by_one, known;                         /* known: whether the input is columns */
    cli_layout form;
    char **first; size_t seen, first_room, telling;                   /* lines until it is known; of them not empty */
    row *line; size_t lines, room;       /* of the sentences that wait */
    char *sentence[TOGETHER + 1]; size_t from[TOGETHER + 1]; int n;   /* their words; the first line of each */
    char *now; size_t now_n, now_room;                                /* the sentence that grows */
    int64_t put;                         /* sentences written */
} job;

/* --- one sentence out --- */

static void put_words(const json_t *words, const json_t *tags)
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
}

/* A line of columns with the tag as its last, or, in CoNLL-U, in place of that column. */
static void put_columns(const char *line, const char *tag, int column)
{
    size_t n;
    if (!cli_conllu(line)) {
        printf("%s%c%s\n", line, strchr(line, '\t') ? '\t' : ' ', tag);
        return;
    }
    const char *old = cli_conllu_column(line, column, &n);
    printf("%.*s%s%s\n", (int)(old - line), line, tag, old + n);
}

/* Which of lines [from, to) says what the sentence is: the last one before its words, as in training; `to`: none. */
static size_t kind_line(const job *j, size_t from, size_t to)
{
    size_t at = to;
    for (size_t i = from; i < to && j->line[i].kind != CLI_WORD; i++)
        if (j->line[i].kind == CLI_EMPTY)
            at = to;
        else if (j->line[i].kind == CLI_REMARK && cli_says_kind(j->line[i].text))
            at = i;
    return at;
}

/* Lines [from, to) of the input, the words among them with tags. */
static void put_lines(const job *j, size_t from, size_t to, const json_t *tags, const char *intent)
{
    size_t word = 0, said = intent ? kind_line(j, from, to) : to;
    for (size_t i = from; i < to; i++) {
        const row *l = &j->line[i];
        if (i == said)
            printf("%.*s %s\n", (int)(cli_says_kind(l->text) - l->text), l->text, intent);
        if (intent && said == to && l->kind == CLI_WORD && word == 0)
            printf("# intent = %s\n", intent);
        if (l->kind == CLI_WORD)
            put_columns(l->text, json_string_value(json_array_get(tags, word++)), j->column);
        else if (i != said)
            puts(l->text);
    }
}

/* Words as their lines have them: one with a blank in it went to the library as one without. */
static json_t *words_of_lines(const job *j, size_t from, size_t to)
{
    json_t *all = json_array();
    for (size_t i = from; i < to; i++)
        if (j->line[i].kind == CLI_WORD)
            json_array_append_new(all, json_stringn(j->line[i].text + j->line[i].at, j->line[i].n));
    return all;
}

static void put(job *j, int s, json_t *answer)
{
    const json_t *words = json_object_get(answer, "words"), *tags = json_object_get(answer, "tags"), *readings = json_object_get(answer, "readings");
    const char *intent = json_string_value(json_object_get(answer, "intent"));
    size_t to = s + 1 < j->n ? j->from[s + 1] : j->lines;
    j->put++;
    if (j->c->common.json) {
        if (j->columns && !j->segment)
            json_object_set_new(answer, "words", words_of_lines(j, j->from[s], to));
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
        if (j->columns && !j->segment)
            put_lines(j, j->from[s], to, tags, intent);
        else
            put_words(words, tags);
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

static int keep_line(job *j, const char *text, row now)
{
    if (j->lines == j->room) {
        size_t want = j->room ? 2 * j->room : 1024;
        void *more = realloc(j->line, want * sizeof *j->line);
        if (!more)
            return CLI_MEMORY;
        j->line = more;
        j->room = want;
    }
    now.text = strdup(text);
    j->line[j->lines++] = now;
    return now.text ? CLI_DONE : CLI_MEMORY;
}

/* One more word of the sentence; a blank inside it may not part it.  Where words are to be found, they are joined. */
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
    if (j->now_n && !j->segment)
        j->now[j->now_n++] = ' ';
    for (size_t i = 0; i < n; i++) {
        bool blank = !j->segment && (s[i] == ' ' || (s[i] >= '\t' && s[i] <= '\r'));
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
    row now = {0};
    const char *word;
    now.kind = cli_column_line(&j->form, s, &word, &now.n);
    now.at = (size_t)(word - s);
    int code = now.kind == CLI_WORD ? add_word(j, word, now.n) : CLI_DONE;
    if (!code)
        code = keep_line(j, s, now);
    return !code && now.kind == CLI_EMPTY ? end_sentence(j, NULL) : code;
}

static int one_line(job *j, const char *text)
{
    return j->columns ? column_line(j, text) : end_sentence(j, text);
}

/* --- columns or text --- */

static bool known_tag(const void *ud, const char *tag)
{
    const recur_model *m = ud;
    for (int i = recur_model_labels(m); i-- > 0;)
        if (strcmp(recur_model_label(m, i), tag) == 0)
            return true;
    return false;
}

/* The form is decided from the first lines, and those are read then.  Text whose words are to be found is taken for columns
 * where it is CoNLL-U alone: nothing can be taken for that. */
static int settle(job *j)
{
    int code = CLI_DONE;
    for (size_t i = 0; i < j->seen && j->segment; i++)
        j->columns = j->columns || cli_conllu(j->first[i]);
    if (!j->columns && !j->segment) {
        enum cli_form form = cli_form_guess(j->first, j->seen, known_tag, j->m);
        j->columns = form == CLI_COLUMNS || form == CLI_COLUMNS_GUESSED;
        if (!j->c->common.quiet && (form == CLI_COLUMNS_GUESSED || form == CLI_SENTENCES_GUESSED))
            cli_note(say(j->columns ? SAY_FORM_COLUMNS : SAY_FORM_TEXT), j->name);
    }
    for (size_t i = 0; i < j->seen && !j->form.fields; i++)
        if (cli_layout_seen(j->first[i]))
            cli_layout_of(&j->form, j->first[i]);
    j->known = true;
    for (size_t i = 0; i < j->seen && !code; i++)
        code = one_line(j, j->first[i]);
    return code;
}

/* Who waits for each answer gets the first from the first line that can be a word or a sentence. */
static bool told(const job *j, const char *text)
{
    if (j->columns || j->segment || j->one_by_one)
        return cli_layout_seen(text) || (!j->columns && text[0] == '#' && text[1] != ' ' && !cli_says_kind(text));
    return j->telling == SEEN;
}

static int take_line(void *ud, const char *text)
{
    job *j = ud;
    if (j->known)
        return one_line(j, text);
    if (j->seen == j->first_room) {
        size_t want = j->first_room ? 2 * j->first_room : SEEN;
        char **more = realloc(j->first, want * sizeof *more);
        if (!more)
            return CLI_MEMORY;
        j->first = more;
        j->first_room = want;
    }
    if (!(j->first[j->seen] = strdup(text)))
        return CLI_MEMORY;
    j->seen++;
    j->telling += text[strspn(text, " \t")] != 0;
    return told(j, text) ? settle(j) : CLI_DONE;
}

static int tag_lines(job *j, const char *path)
{
    int code = cli_each_line(j->c, path, ((const tag_own *)j->c->own)->encoding, take_line, j);
    int first = j->known ? CLI_DONE : settle(j);
    code = code ? code : first;
    if (!code)
        code = end_sentence(j, NULL);
    int rest = flush_sentences(j);
    return code ? code : rest;
}

/* How the input is said to be read. */
static int choose_form(job *j)
{
    const char *form = ((const tag_own *)j->c->own)->form;
    bool text = strcmp(form, "text") == 0;
    j->columns = strcmp(form, "columns") == 0;
    j->known = text;
    if (text || strcmp(form, "columns") == 0 || strcmp(form, "auto") == 0)
        return CLI_DONE;
    cli_note(say(SAY_BAD_FORM), form);
    return CLI_USAGE;
}

/* What the model learned from: whether it finds words, and the column of its tags. */
static void ask_model(job *j)
{
    char *text = NULL;
    json_t *card = recur_inspect(j->c->r, j->m, &text) == RECUR_OK ? json_loads(text, 0, NULL) : NULL;
    const json_t *form = json_object_get(json_object_get(card, "card"), "form");
    int column = (int)json_integer_value(json_object_get(form, "column"));
    int64_t wish = ((const tag_own *)j->c->own)->column;
    j->segment = json_is_true(json_object_get(form, "segment"));
    j->column = wish > 0 ? (int)wish : column > 0 && json_is_true(json_object_get(form, "conllu")) ? column : CONLLU_TAG;
    json_decref(card);
    recur_free(j->c->r, text);
}

static int run(cli *c)
{
    const tag_own *own = c->own;
    job j = {.c = c, .name = c->args > 1 && strcmp(c->arg[1], "-") != 0 ? c->arg[1] : say(SAY_STDIN), .best = (int)own->best,
             .one_by_one = own->line_buffered || isatty(STDOUT_FILENO)};
    int code = cli_load(c, &j.m, c->arg[0]);
    if (!code)
        ask_model(&j);
    if (!code && own->segment && !j.segment) {
        cli_note(say(SAY_NO_WORDS), c->arg[0]);
        code = CLI_USAGE;
    }
    if (!code)
        code = choose_form(&j);
    if (!code)
        code = tag_lines(&j, c->args > 1 ? c->arg[1] : NULL);
    while (j.seen)
        free(j.first[--j.seen]);
    free(j.first);
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
