/* SPDX-License-Identifier: MIT
 * recur eval M.recur FILE...: scores beside the baseline's; --min makes it a gate. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct { const char *min, *max; } eval_own;
static const recur_option own_rows[] = {
    {"min", RECUR_TEXT, offsetof(eval_own, min), NULL, 0, 0, "NAME=X", "exit with 8 where a measure is below this: accuracy=0.9,macro_f1=0.8", "gate"},
    {"max", RECUR_TEXT, offsetof(eval_own, max), NULL, 0, 0, "NAME=X", "exit with 8 where a measure is above this: perplexity=80", "gate"},
};

/* One list of bounds, NAME=X,NAME=X. */
static int gate(const json_t *score, const char *list, bool least)
{
    char name[64], a[32], b[32];
    int code = CLI_DONE, used;
    double bound;
    for (const char *p = list; p && *p && code != CLI_USAGE; p += used + (p[used] == ',')) {
        if (sscanf(p, "%63[^=,]=%lf%n", name, &bound, &used) != 2 || (p[used] && p[used] != ',')) {
            cli_note(say(SAY_BAD_MIN), p);
            return CLI_USAGE;
        }
        const json_t *v = json_object_get(score, name);
        if (!json_is_number(v)) {
            cli_note(say(SAY_GATE_MISSING), name);
            return CLI_USAGE;
        }
        double x = json_number_value(v);
        if (least ? x >= bound : x <= bound)
            continue;
        cli_note(say(least ? SAY_GATE_FAILED : SAY_GATE_ABOVE), name, cli_number(a, sizeof a, x), cli_number(b, sizeof b, bound));
        code = CLI_GATE;
    }
    return code;
}

static int print(const cli *c, const char *text)
{
    const eval_own *own = c->own;
    json_t *score = json_loads(text, 0, NULL), *stored = NULL;
    if (c->common.weights) {
        int code = cli_scores(c, c->arg[0], c->arg + 1, c->args - 1, NULL, &stored);
        if (code) {
            json_decref(score);
            return code;
        }
    }
    if (stored && c->common.json)
        json_object_set(score, "as_stored", stored);
    if (c->common.json) {
        cli_report_json(stdout, score);
    } else {
        const char *span = json_string_value(json_object_get(score, "span"));
        if (span && strcmp(span, "held-out") == 0)
            printf("%s\n", say(SAY_HELD_PART));
        cli_report(stdout, score);
        cli_verdict(stdout, score, cli_color(c, stdout));
        if (stored)
            cli_change(stdout, stored, score, c->common.weights);
    }
    json_decref(stored);
    int low = gate(score, own->min, true), high = gate(score, own->max, false);
    json_decref(score);
    return low == CLI_USAGE || !high ? low : high;
}

static int run(cli *c)
{
    recur_model *m = NULL;
    recur_data *d = NULL;
    char *text = NULL;
    int code = cli_open(c, &m, &d, NULL, c->arg + 1, c->args - 1);
    if (!code) {
        int e = recur_eval(c->r, m, d, &text);
        code = e < 0 ? cli_fail(c, e) : print(c, text);
    }
    recur_free(c->r, text);
    recur_data_close(d);
    recur_model_free(m);
    return code;
}

static const char *const examples[] = {
    "recur eval reviews.recur test.tsv",
    "recur eval reviews.recur test.tsv --json --min accuracy=0.9",
    "recur eval en-fr.recur test.en test.fr --min bleu=30",
    NULL};

/* How files are read is a matter of the options that training has for it: its first two groups. */
const recur_option *cli_data_rows(int *n)
{
    int all;
    const recur_option *t = recur_train_table(&all);
    for (*n = 0; *n < all && (strcmp(t[*n].group, "data") == 0 || strcmp(t[*n].group, "series") == 0); ++*n)
        ;
    return t;
}

const cli_verb cli_eval = {
    .name = "eval", .what = SAY_DOES_EVAL, .use = "M.recur FILE...", .least = 2, .most = -1,
    .row = own_rows, .rows = sizeof own_rows / sizeof *own_rows, .size = sizeof(eval_own),
    .library = cli_data_rows, .library_size = sizeof(recur_train_options), .example = examples, .run = run};
