/* SPDX-License-Identifier: MIT
 * recur export M.recur -o OUT.recur --weights TYPE: the model with its matrices in two bytes a weight or one, and with
 * --check what that does to its scores. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

typedef struct { const char *out, *check; int force; } export_own;
static const recur_option own_rows[] = {
    {"out", RECUR_TEXT, offsetof(export_own, out), NULL, 0, 0, "FILE", "the model to write", "output"},
    {"check", RECUR_TEXT, offsetof(export_own, check), NULL, 0, 0, "FILE", "then score both models on this file", "output"},
    {"force", RECUR_FLAG, offsetof(export_own, force), "0", 0, 1, NULL, "replace an output that stands there", "output"},
};

static double megabytes(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 ? (double)s.st_size / 1e6 : 0;
}

static int check(const cli *c, const char *weights)
{
    const export_own *own = c->own;
    json_t *before = NULL, *after = NULL;
    int code = cli_scores(c, c->arg[0], &own->check, 1, NULL, &before);
    if (!code)
        code = cli_scores(c, own->out, &own->check, 1, NULL, &after);
    if (!code && c->common.json) {
        json_t *both = json_pack("{s:O,s:O}", "before", before, "after", after);
        json_dumpf(both, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
        fputc('\n', stdout);
        json_decref(both);
    } else if (!code) {
        cli_change(stdout, before, after, weights);
    }
    json_decref(before);
    json_decref(after);
    return code;
}

static int run(cli *c)
{
    const export_own *own = c->own;
    const char *weights = c->common.weights;
    recur_model *m = NULL;
    struct stat there;
    if (!own->out || !weights) {
        cli_note("%s", say(own->out ? SAY_NO_WEIGHTS : SAY_NO_OUTPUT));
        return CLI_USAGE;
    }
    if (!own->force && strcmp(own->out, "-") != 0 && stat(own->out, &there) == 0) {
        cli_note(say(SAY_THERE_ALREADY), own->out);
        return CLI_USAGE;
    }
    int code = cli_load(c, &m, c->arg[0]);
    if (!code) {
        int e = recur_model_save(m, own->out);
        code = e < 0 ? cli_fail(c, e) : CLI_DONE;
    }
    recur_model_free(m);
    if (!code && !c->common.quiet && !c->common.json)
        printf(say(SAY_EXPORTED), own->out, weights, megabytes(own->out), c->arg[0], megabytes(c->arg[0]));
    return code || !own->check ? code : check(c, weights);
}

static const char *const examples[] = {
    "recur export reviews.recur --weights int8 -o small.recur",
    "recur export reviews.recur --weights fp16 -o small.recur --check test.tsv",
    NULL};

const cli_verb cli_export = {
    .name = "export", .what = SAY_DOES_EXPORT, .use = "M.recur -o OUT.recur", .least = 1, .most = 1,
    .row = own_rows, .rows = sizeof own_rows / sizeof *own_rows, .size = sizeof(export_own),
    .library = cli_data_rows, .library_size = sizeof(recur_train_options), .example = examples, .run = run};
