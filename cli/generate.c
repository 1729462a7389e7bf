/* SPDX-License-Identifier: MIT
 * recur generate M.recur: text, unit after unit, as it is chosen. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

typedef struct { int report; } generate_own;
static const recur_option own_rows[] = {
    {"report", RECUR_FLAG, offsetof(generate_own, report), "0", 0, 1, NULL,
     "then say on stderr how much is copied from the training text (named after the model, or as the model remembers it)", "text"},
};

typedef struct { char *s; size_t n, room; bool stream, keep; } output;

static int keep(output *o, const char *text, size_t n)
{
    if (o->n + n + 1 > o->room) {
        size_t room = 2 * (o->n + n + 1);
        char *s = realloc(o->s, room);
        if (!s)
            return 1;
        o->s = s;
        o->room = room;
    }
    memcpy(o->s + o->n, text, n);
    o->n += n;
    o->s[o->n] = 0;
    return 0;
}

/* Whoever reads wants to see it grow; who does not read any more ends it. */
static int emit(void *ud, const char *text, size_t n)
{
    output *o = ud;
    if (o->stream)
        fwrite(text, 1, n, stdout);
    return (o->stream && (fflush(stdout) == EOF || ferror(stdout))) || (o->keep && keep(o, text, n));
}

static int keep_line(void *ud, const char *text)
{
    output *o = ud;
    return (o->n && keep(o, "\n", 1)) || keep(o, text, strlen(text)) ? CLI_MEMORY : CLI_DONE;
}

/* --prompt -: all of stdin. */
static int read_prompt(const cli *c, recur_generate_options *g, char **kept)
{
    output o = {.keep = true};
    int code = cli_each_line(c, NULL, NULL, keep_line, &o);
    *kept = o.s;
    g->prompt = o.s ? o.s : "";
    return code;
}

/* Files of the training text: those named, else those that the card names. */
static int training_files(const cli *c, const recur_model *m, const char ***path, json_t **card)
{
    char *text = NULL;
    size_t i;
    json_t *f;
    if (c->args > 1) {
        *path = calloc((size_t)c->args, sizeof **path);
        for (i = 1; *path && (int)i < c->args; i++)
            (*path)[i - 1] = c->arg[i];
        return *path ? c->args - 1 : 0;
    }
    if (recur_inspect(c->r, m, &text) == RECUR_OK)
        *card = json_loads(text, 0, NULL);
    recur_free(c->r, text);
    const json_t *data = json_object_get(json_object_get(*card, "training"), "data");
    *path = calloc(json_array_size(data) + 1, sizeof **path);
    json_array_foreach(data, i, f)
        if (*path)
            (*path)[i] = json_string_value(json_object_get(f, "file"));
    return *path ? (int)json_array_size(data) : 0;
}

static int report(const cli *c, const recur_model *m, const char *written)
{
    const char **path = NULL;
    json_t *card = NULL;
    char *text = NULL;
    int code = CLI_DONE, n = training_files(c, m, &path, &card);
    int e = n ? recur_copy_report(c->r, m, written, path, n, &text) : RECUR_OK;
    if (!n) {
        cli_note("%s", say(SAY_NO_TRAIN_TEXT));
        code = CLI_USAGE;
    } else if (e < 0) {
        code = cli_fail(c, e);
    } else {
        json_t *j = json_loads(text, 0, NULL);
        if (c->common.json)
            json_dumpf(j, stderr, JSON_COMPACT | JSON_REAL_PRECISION(6)), fputc('\n', stderr);
        else
            cli_tree(stderr, j, 0);
        json_decref(j);
    }
    recur_free(c->r, text);
    json_decref(card);
    free(path);
    return code;
}

static void put_json(const recur_generate_options *g, const output *o)
{
    json_t *j = json_pack("{s:s, s:s%, s:I}", "prompt", g->prompt ? g->prompt : "", "text", o->s ? o->s : "", o->n, "seed", (json_int_t)g->seed);
    if (!j)                              /* bytes that are no UTF-8 have no form in JSON; what was written is UTF-8 */
        j = json_pack("{s:n, s:s%, s:I}", "prompt", "text", o->s ? o->s : "", o->n, "seed", (json_int_t)g->seed);
    json_dumpf(j, stdout, JSON_COMPACT);
    fputc('\n', stdout);
    json_decref(j);
}

static int run(cli *c)
{
    const generate_own *own = c->own;
    recur_generate_options *g = c->library;
    recur_model *m = NULL;
    char *prompt = NULL;
    output o = {.stream = !c->common.json, .keep = true};
    int code = cli_load(c, &m, c->arg[0]);
    if (!code && g->prompt && strcmp(g->prompt, "-") == 0)
        code = read_prompt(c, g, &prompt);
    int e = code ? RECUR_OK : recur_generate(c->r, m, g, emit, &o);
    if (e < 0)
        code = cli_fail(c, e);
    else if (!code && *recur_warning(c->r))
        cli_note("%s", recur_warning(c->r));
    if (!code && c->common.json)
        put_json(g, &o);
    else if (!code && o.n && o.s[o.n - 1] != '\n')
        fputc('\n', stdout);
    fflush(stdout);
    if (!code && own->report)
        code = report(c, m, o.s ? o.s : "");
    free(o.s);
    free(prompt);
    recur_model_free(m);
    return code;
}

static const char *const examples[] = {
    "recur generate stories.recur --prompt 'Once upon a time' --length 400",
    "recur generate stories.recur --temperature 0.7 --top-k 40 --seed 7 --report",
    NULL};

const cli_verb cli_generate = {
    .name = "generate", .what = SAY_DOES_GENERATE, .use = "M.recur [TEXT...]", .least = 1, .most = -1,
    .row = own_rows, .rows = 1, .size = sizeof(generate_own), .library = recur_generate_table,
    .library_size = sizeof(recur_generate_options), .example = examples, .run = run};
