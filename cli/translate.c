/* SPDX-License-Identifier: MIT
 * recur translate M.recur [FILE]: a translation for each line of input, in its order.  Lines from a pipe or file go
 * through the net many at a time, on a terminal one by one; the answers are the same to the last bit. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { TOGETHER = 256 };                 /* lines that are translated together */

typedef struct { int line_buffered; const char *encoding, *attention; } translate_own;
static const recur_option own_rows[] = {
    {"attention", RECUR_TEXT, offsetof(translate_own, attention), NULL, 0, 0, "HOW",
     "tell what each unit looked at: text, json, or a file NAME.svg (of further lines NAME-2.svg, ...)", "answers"},
    {"line-buffered", RECUR_FLAG, offsetof(translate_own, line_buffered), "0", 0, 1, NULL, "write each answer at once, in a pipe too", "answers"},
    {"encoding", RECUR_TEXT, offsetof(translate_own, encoding), "utf-8", 0, 0, "NAME", "encoding of the input: utf-8, gb18030, ...", "answers"},
};

/* The library's rows but for its flag `attention`, which the verb's own row stands for. */
static const recur_option *search_rows(int *n)
{
    int all;
    const recur_option *t = recur_translate_table(&all);
    for (*n = 0; *n < all && strcmp(t[*n].name, "attention") != 0; ++*n)
        ;
    return t;
}

typedef struct {
    cli *c;
    recur_model *m;
    recur_translate_options o;
    enum { LOOK_NOT, LOOK_TEXT, LOOK_JSON, LOOK_SVG } look;
    bool json;
    int64_t line;                        /* of the output */
} job;

static const char *at(const json_t *list, size_t i) { const char *s = json_string_value(json_array_get(list, i)); return s ? s : ""; }

/* The answer's units down, the source's across, in hundredths; then which unit of the source each of the answer looked at most,
 * as pairs of their numbers from 0. */
static void put_matrix(const json_t *best)
{
    const json_t *source = json_object_get(best, "source"), *target = json_object_get(best, "target"), *row;
    size_t i, k, S = json_array_size(source);
    cli_table *t = cli_table_new((int)S + 1);
    cli_cell(t, "%s", "");
    for (i = 0; i < S; i++)
        cli_cell(t, "%s", at(source, i));
    json_array_foreach(json_object_get(best, "attention"), k, row) {
        cli_cell(t, "%s", at(target, k));
        for (i = 0; i < S; i++)
            cli_cell(t, "%.0f", 100 * json_number_value(json_array_get(row, i)));
    }
    cli_table_end(t, stdout);
    json_array_foreach(json_object_get(best, "alignment"), k, row)
        printf("%s%lld-%lld", k ? " " : "", (long long)json_integer_value(json_array_get(row, 0)),
               (long long)json_integer_value(json_array_get(row, 1)));
    putchar('\n');
}

/* NAME.svg for the first line, NAME-2.svg for the second. */
static int draw(const job *j, const json_t *best)
{
    const char *name = ((const translate_own *)j->c->own)->attention;
    const json_t *source = json_object_get(best, "source"), *target = json_object_get(best, "target"), *row;
    size_t S = json_array_size(source), T = json_array_size(target), i, k;
    double *value = calloc(S * T + 1, sizeof *value);
    const char **across = calloc(S + 1, sizeof *across), **down = calloc(T + 1, sizeof *down);
    char path[4096];
    int code = value && across && down ? CLI_DONE : CLI_MEMORY;
    for (i = 0; i < S && !code; i++)
        across[i] = at(source, i);
    json_array_foreach(json_object_get(best, "attention"), k, row) {
        if (code || k >= T)
            break;
        down[k] = at(target, k);
        for (i = 0; i < S; i++)
            value[k * S + i] = json_number_value(json_array_get(row, i));
    }
    if (j->line < 2)
        snprintf(path, sizeof path, "%s", name);
    else
        snprintf(path, sizeof path, "%.*s-%lld.svg", (int)strlen(name) - 4, name, (long long)j->line);
    if (!code && T)
        code = cli_svg_heat(&(cli_heat){.title = json_string_value(json_object_get(best, "text")), .rows = (int)T,
                                        .columns = (int)S, .value = value, .most = 1, .row = down, .column = across}, path);
    free(value);
    free(across);
    free(down);
    return code;
}

static void put_json(const job *j, json_t *answers)
{
    const json_t *best = json_array_get(answers, 0), *text = json_object_get(best, "text");
    json_t *out = json_pack("{s:I, s:o, s:o}", "line", (json_int_t)j->line, "text", text ? json_deep_copy(text) : json_string(""),
                            "score", best ? json_deep_copy(json_object_get(best, "score")) : json_null());
    if (j->look != LOOK_NOT || j->o.n_best > 1)
        json_object_set(out, "best", answers);
    json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    fputc('\n', stdout);
    json_decref(out);
}

static int put(job *j, json_t *answers)
{
    const json_t *best = json_array_get(answers, 0);
    const char *text = json_string_value(json_object_get(best, "text"));
    size_t i;
    json_t *one;
    j->line++;
    if (j->json) {
        put_json(j, answers);
    } else if (j->o.n_best > 1) {
        json_array_foreach(answers, i, one)
            printf("%lld\t%.4f\t%s\n", (long long)j->line, json_number_value(json_object_get(one, "score")),
                   json_string_value(json_object_get(one, "text")));
    } else {
        puts(text ? text : "");
    }
    if (best && j->look == LOOK_TEXT && !j->json)
        put_matrix(best);
    return best && j->look == LOOK_SVG ? draw(j, best) : CLI_DONE;
}

static int translate(void *ud, char *const *text, int n)
{
    job *j = ud;
    char *said = NULL;
    size_t i;
    json_t *answers;
    int e = recur_translate_lines(j->c->r, j->m, (const char *const *)text, n, &j->o, &said);
    int code = e < 0 ? cli_fail(j->c, e) : CLI_DONE;
    json_t *all = said ? json_loads(said, 0, NULL) : NULL;
    json_array_foreach(all, i, answers)
        if (!code)
            code = put(j, answers);
    json_decref(all);
    recur_free(j->c->r, said);
    return code;
}

static int look_how(job *j, const char *how)
{
    size_t n = how ? strlen(how) : 0;
    j->look = !how ? LOOK_NOT : strcmp(how, "text") == 0 ? LOOK_TEXT : strcmp(how, "json") == 0 ? LOOK_JSON
        : n > 4 && strcmp(how + n - 4, ".svg") == 0 ? LOOK_SVG : LOOK_NOT;
    if (!how || j->look != LOOK_NOT)
        return CLI_DONE;
    cli_note(say(SAY_BAD_ATTENTION), how);
    return CLI_USAGE;
}

static int run(cli *c)
{
    const translate_own *own = c->own;
    job j = {.c = c, .o = *(const recur_translate_options *)c->library};
    int code = look_how(&j, own->attention);
    if (!code)
        code = cli_load(c, &j.m, c->arg[0]);
    j.o.attention = j.look != LOOK_NOT;
    j.json = c->common.json || j.look == LOOK_JSON;
    if (!code)
        code = cli_each_lines(c, c->args > 1 ? c->arg[1] : NULL, own->encoding,
                              own->line_buffered || isatty(STDOUT_FILENO) ? 1 : TOGETHER, translate, &j);
    recur_model_free(j.m);
    return code;
}

static const char *const examples[] = {
    "recur translate en-fr.recur book.txt --beam 5",
    "echo 'Hello, how are you?' | recur translate en-fr.recur --n-best 3",
    NULL};

const cli_verb cli_translate = {
    .name = "translate", .what = SAY_DOES_TRANSLATE, .use = "M.recur [FILE]", .least = 1, .most = 2,
    .row = own_rows, .rows = sizeof own_rows / sizeof *own_rows, .size = sizeof(translate_own),
    .library = search_rows, .library_size = sizeof(recur_translate_options), .example = examples, .run = run};
