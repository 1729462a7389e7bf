/* SPDX-License-Identifier: MIT
 * recur inspect M.recur: card, net, formulas of what it is made of, shapes, parameters, training. */
#include <string.h>

#include "cli.h"

static const char *text_of(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

static void section(enum cli_word head)
{
    printf("\n%s\n", say(head));
}

/* Formulas of layers and heads, equal ones once. */
static void formulas(const json_t *layers, const char *key)
{
    size_t i, k;
    json_t *l, *line;
    json_array_foreach(layers, i, l) {
        bool seen = false;
        for (k = 0; k < i; k++)
            seen = seen || (strcmp(text_of(json_array_get(layers, k), key), text_of(l, key)) == 0
                            && json_equal(json_object_get(json_array_get(layers, k), "formula"), json_object_get(l, "formula")));
        if (seen)
            continue;
        printf("  %s\n", text_of(l, key));
        json_array_foreach(json_object_get(l, "formula"), k, line)
            printf("    %s\n", json_string_value(line));
    }
}

static void labels(const json_t *list)
{
    size_t i;
    json_t *l;
    if (json_array_size(list) == 0)
        return;
    printf("%s  ", say(SAY_LABELS));
    json_array_foreach(list, i, l) {
        if (i == 20) {
            printf(", ... (%zu)", json_array_size(list));
            break;
        }
        printf("%s%s", i ? ", " : "", json_string_value(l));
    }
    fputc('\n', stdout);
}

static void print(json_t *j)
{
    printf("%s  %s\n", say(SAY_TASK), text_of(j, "task"));
    printf("%s  %s\n", say(SAY_NET), text_of(j, "net"));
    printf("%s  %lld\n", say(SAY_PARAMETERS), (long long)json_integer_value(json_object_get(j, "parameters")));
    labels(json_object_get(j, "labels"));
    section(SAY_SHAPES);
    cli_tree(stdout, json_object_get(j, "shapes"), 2);
    section(SAY_FORMULAS);
    formulas(json_object_get(j, "layers"), "layer");
    formulas(json_object_get(j, "heads"), "head");
    json_t *training = json_object_get(j, "training"), *card = json_object_get(j, "card");
    const json_t *report = json_object_get(training, "report");
    section(SAY_TRAINING);
    if (json_is_object(report)) {
        fputs("  ", stdout);
        cli_verdict(stdout, report, false);
        json_object_del(training, "report");
    }
    cli_tree(stdout, training, 2);
    section(SAY_CARD);
    json_object_del(card, "training");
    json_object_del(card, "net");
    json_object_del(card, "baseline");
    cli_tree(stdout, card, 2);
}

static int run(cli *c)
{
    recur_model *m = NULL;
    char *text = NULL;
    int code = cli_load(c, &m, c->arg[0]);
    int e = code ? RECUR_OK : recur_inspect(c->r, m, &text);
    if (e < 0)
        code = cli_fail(c, e);
    json_t *j = text ? json_loads(text, 0, NULL) : NULL;
    if (j && c->common.json) {
        json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(8));
        fputc('\n', stdout);
    } else if (j) {
        print(j);
    }
    json_decref(j);
    recur_free(c->r, text);
    recur_model_free(m);
    return code;
}

static const char *const examples[] = {"recur inspect reviews.recur", "recur inspect reviews.recur --json", NULL};

const cli_verb cli_inspect = {
    .name = "inspect", .what = SAY_DOES_INSPECT, .use = "M.recur", .least = 1, .most = 1, .example = examples, .run = run};
