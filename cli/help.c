/* SPDX-License-Identifier: MIT
 * recur help [VERB | net]: what there is; --man prints the manual page; net: the words of a net line. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct { int man; } help_own;
static const recur_option own_rows[] = {
    {"man", RECUR_FLAG, offsetof(help_own, man), "0", 0, 1, NULL, "print the manual page as roff", "general"},
};

static const char *text(const json_t *j, const char *name)
{
    const char *s = json_string_value(json_object_get(j, name));
    return s ? s : "";
}

/* "zoneout=X", "bi=cat|sum", "reverse", "N" */
static void spell(const json_t *key, char *out, size_t n)
{
    const char *name = text(key, "name"), *type = text(key, "type"), *words = text(key, "words");
    char value[128];
    snprintf(value, sizeof value, "%s", strcmp(type, "int") == 0 ? "N" : strcmp(type, "real") == 0 ? "X" : strcmp(type, "word") == 0 ? words
             : strcmp(type, "activation") == 0 ? "ACT" : "TEXT");
    for (char *s = value; (s = strchr(s, ' ')) != NULL;)
        *s = '|';
    if (strcmp(type, "flag") == 0)
        snprintf(out, n, "%s", name);
    else
        snprintf(out, n, "%s%s%s", name, *name ? "=" : "", value);
}

static void print_keys(const json_t *keys)
{
    const json_t *key, *cell;
    size_t i, k;
    json_array_foreach((json_t *)(uintptr_t)keys, i, key) {
        char name[160];
        spell(key, name, sizeof name);
        printf("      ");
        cli_pad(stdout, name, 22, false);
        printf(" %s", text(key, "help"));
        if (json_object_get(key, "least"))
            printf(", %g..%g", json_real_value(json_object_get(key, "least")), json_real_value(json_object_get(key, "most")));
        if (*text(key, "default"))
            printf(" (%s %s)", say(SAY_DEFAULT), text(key, "default"));
        json_array_foreach(json_object_get(key, "of"), k, cell)
            printf("%s%s", k ? " " : "; ", json_string_value(cell));
        putchar('\n');
    }
}

/* Name, formula, keys of each. */
static void print_words(const json_t *all, const char *what, enum cli_word heading)
{
    const json_t *one;
    size_t i;
    printf("\n%s\n", say(heading));
    json_array_foreach(json_object_get(all, what), i, one) {
        const char *line = text(one, "formula");
        for (bool first = true; *line; first = false) {
            size_t n = strcspn(line, "\n");
            printf("  %-16s %.*s\n", first ? text(one, "name") : "", (int)n, line);
            line += n + (line[n] == '\n');
        }
        print_keys(json_object_get(one, "keys"));
    }
}

static int net_words(const cli *c)
{
    char *json = NULL;
    int e = recur_net_words(c->r, &json);
    if (e < 0)
        return cli_fail(c, e);
    json_t *all = json_loads(json, 0, NULL);
    if (c->common.json) {
        json_dumpf(all, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        printf("%s\n", say(SAY_NET_LINE));
        print_words(all, "layers", SAY_NET_LAYERS);
        print_words(all, "cells", SAY_NET_CELLS);
        printf("\n%s\n", say(SAY_NET_CELL_KEYS));
        print_keys(json_object_get(all, "cell_keys"));
        print_words(all, "heads", SAY_NET_HEADS);
        print_words(all, "activations", SAY_NET_ACTS);
    }
    json_decref(all);
    recur_free(c->r, json);
    return CLI_DONE;
}

static int run(cli *c)
{
    const help_own *own = c->own;
    const cli_verb *v = c->args ? cli_verb_find(c->arg[0]) : NULL;
    if (c->args && strcmp(c->arg[0], "net") == 0)
        return net_words(c);
    if (c->args && !v) {
        cli_note(say(SAY_NO_VERB), c->arg[0], "");
        return CLI_USAGE;
    }
    if (own->man)
        cli_man(stdout, v);
    else if (v)
        cli_help_verb(stdout, v);
    else
        cli_help_all(stdout);
    return CLI_DONE;
}

static const char *const examples[] = {"recur help", "recur help train", "recur help --man train", "recur help net", NULL};

const cli_verb cli_help = {
    .name = "help", .what = SAY_DOES_HELP, .use = "[VERB | net]", .most = 1, .row = own_rows, .rows = 1, .size = sizeof(help_own),
    .example = examples, .run = run};
