/* SPDX-License-Identifier: MIT
 * recur check TASK FILE...: what is wrong with the data, each with file:line, before an hour is lost. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static size_t print_problems(const json_t *problems)
{
    size_t i;
    json_t *p;
    json_array_foreach(problems, i, p)
        printf("%s:%lld: %s\n", json_string_value(json_object_get(p, "file")), (long long)json_integer_value(json_object_get(p, "line")),
               json_string_value(json_object_get(p, "what")));
    return json_array_size(problems);
}

static int print(const cli *c, const char *text)
{
    json_t *j = json_loads(text, 0, NULL);
    size_t n = json_array_size(json_object_get(j, "problems"));
    if (c->common.json) {
        json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
        fputc('\n', stdout);
    } else {
        print_problems(json_object_get(j, "problems"));
        json_object_del(j, "problems");
        if (!c->common.quiet)
            cli_tree(stdout, j, 0);
    }
    if (!c->common.quiet && n)
        cli_note(say(SAY_PROBLEMS), (int)n);
    else if (!c->common.quiet)
        cli_note("%s", say(SAY_CLEAN));
    json_decref(j);
    return n ? CLI_DATA : CLI_DONE;
}

static int run(cli *c)
{
    char *text = NULL;
    int e = recur_check(c->r, c->arg[0], c->arg + 1, c->args - 1, c->library, &text);
    int code = e < 0 ? cli_fail(c, e) : print(c, text);
    recur_free(c->r, text);
    return code;
}

static const char *const examples[] = {
    "recur check classify train.tsv test.tsv",
    "recur check lm stories.txt --json",
    NULL};

const cli_verb cli_check = {
    .name = "check", .what = SAY_DOES_CHECK, .use = "lm|classify|tag|translate|forecast|transcribe FILE...", .least = 2, .most = -1,
    .library = cli_data_rows, .library_size = sizeof(recur_train_options), .example = examples, .run = run};
