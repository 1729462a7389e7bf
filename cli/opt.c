/* SPDX-License-Identifier: MIT
 * The parser: options are rows of tables, so it knows none by name.  --name value, --name=value, --no-flag, short ones
 * alone or together (-qv, -k3), anywhere on the line; "--" ends them; "-" is an argument (stdin).  RECUR_NAME in the
 * environment sets what the line does not. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"

/* Rows that every verb has. */
static const recur_option common_rows[] = {
    {"threads", RECUR_INT, offsetof(cli_common, threads), "0", 0, 1024, "N", "threads; 0: one per core; changes no bit of a result", "general"},
    {"json", RECUR_FLAG, offsetof(cli_common, json), "0", 0, 1, NULL, "results as JSON, one object a line", "general"},
    {"quiet", RECUR_FLAG, offsetof(cli_common, quiet), "0", 0, 1, NULL, "say nothing but errors", "general"},
    {"verbose", RECUR_FLAG, offsetof(cli_common, verbose), "0", 0, 1, NULL, "say more", "general"},
    {"kernels", RECUR_TEXT, offsetof(cli_common, kernels), NULL, 0, 0, "SET",
     "use at most these kernels: ref, sse2, avx2, avx512, vnni, bf16, neon", "general"},
    {"weights", RECUR_TEXT, offsetof(cli_common, weights), NULL, 0, 0, "TYPE",
     "store a loaded model's matrices as fp16, bf16 or int8 (a scale a row): faster single steps; otherwise as the file has them", "general"},
    {"color", RECUR_TEXT, offsetof(cli_common, color), "auto", 0, 0, "WHEN", "auto, always or never; NO_COLOR is honoured", "general"},
    {"lang", RECUR_TEXT, offsetof(cli_common, lang), NULL, 0, 0, "en|zh", "language of messages; otherwise that of the locale", "general"},
    {"help", RECUR_FLAG, offsetof(cli_common, help), "0", 0, 1, NULL, "show the help of this verb", "general"},
};
enum { COMMON_ROWS = sizeof common_rows / sizeof *common_rows };

static const struct { char letter; const char *name; } shorts[] = {
    {'o', "output"}, {'q', "quiet"}, {'v', "verbose"}, {'t', "threads"}, {'s', "seed"}, {'k', "best"},
    {'p', "prompt"}, {'n', "length"}, {'f', "force"}, {'h', "help"},
};

char cli_short(const char *name)
{
    if (strcmp(name, "out") == 0)
        return 'o';
    for (size_t i = 0; i < sizeof shorts / sizeof *shorts; i++)
        if (strcmp(shorts[i].name, name) == 0)
            return shorts[i].letter;
    return 0;
}

void cli_dash(const char *name, char *out, size_t n)
{
    snprintf(out, n, "%s", strcmp(name, "out") == 0 ? "output" : name);
    for (char *p = out; *p; p++)
        *p = *p == '_' ? '-' : *p;
}

int cli_tables(const cli_verb *v, cli_common *common, void *own, void *library, cli_rows out[CLI_TABLES])
{
    int n = 0, rows = 0;
    if (v->library) {
        const recur_option *t = v->library(&rows);
        out[n++] = (cli_rows){t, rows, library};
    }
    if (v->rows)
        out[n++] = (cli_rows){v->row, v->rows, own};
    out[n++] = (cli_rows){common_rows, COMMON_ROWS, common};
    for (int i = n; i < CLI_TABLES; i++)
        out[i] = (cli_rows){NULL, 0, NULL};
    return n;
}

/* Edits (Levenshtein) between two words, at most `cap`. */
static size_t edits(const char *a, const char *b, size_t cap)
{
    size_t row[64], n = strlen(b);
    if (n >= sizeof row / sizeof *row)
        return cap;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t here = corner + (a[i] != b[j]), up = row[j + 1] + 1, left = row[j] + 1;
            corner = row[j + 1];
            here = up < here ? up : here;
            row[j + 1] = left < here ? left : here;
        }
    }
    return row[n] < cap ? row[n] : cap;
}

const char *cli_nearest(const char *word, const char *(*at)(const void *ud, int i), const void *ud)
{
    const char *best = NULL, *name;
    size_t least = 2 + strlen(word) / 3;
    for (int i = 0; (name = at(ud, i)) != NULL; i++) {
        size_t d = strncmp(name, word, strlen(word)) == 0 ? 1 : edits(word, name, 99);
        if (d < least) {
            least = d;
            best = name;
        }
    }
    return best;
}

static const recur_option *row_at(const cli *c, int i)
{
    for (int t = 0; t < CLI_TABLES; t++) {
        if (i < c->table[t].n)
            return &c->table[t].row[i];
        i -= c->table[t].n;
    }
    return NULL;
}

static const char *name_at(const void *ud, int i)
{
    const recur_option *o = row_at(ud, i);
    return o ? o->name : NULL;
}

static const recur_option *find(const cli *c, const char *name)
{
    char shown[64];
    const recur_option *o;
    for (int i = 0; (o = row_at(c, i)) != NULL; i++) {
        cli_dash(o->name, shown, sizeof shown);
        if (strcmp(shown, name) == 0)
            return o;
    }
    return NULL;
}

/* A file whose name in the table ends in .svg is written as that, so it is called that. */
static bool well_named(const recur_option *o, const char *value)
{
    static const char end[] = ".svg";
    size_t k = sizeof end - 1, n = strlen(value), m = o->arg ? strlen(o->arg) : 0;
    return m < k || strcmp(o->arg + m - k, end) != 0 || (n > k && strcasecmp(value + n - k, end) == 0);
}

/* Sets `name` in every table that has it; the library checks type and range. */
static int set(cli *c, const char *name, const char *value, const char *where)
{
    char shown[64];
    for (int t = 0; t < CLI_TABLES; t++)
        for (int i = 0; i < c->table[t].n; i++) {
            const recur_option *o = &c->table[t].row[i];
            cli_dash(o->name, shown, sizeof shown);
            if (strcmp(shown, name) != 0)
                continue;
            if (!well_named(o, value)) {
                cli_note(say(SAY_NOT_SVG), shown, value);
                return CLI_USAGE;
            }
            if (recur_option_set(c->r, c->table[t].row, c->table[t].n, c->table[t].to, o->name, value) < 0) {
                cli_note("%s%s%s", where, *where ? ": " : "", recur_message(c->r));
                return CLI_USAGE;
            }
        }
    if (strcmp(name, "lang") == 0)
        cli_language(value);             /* what is said about the rest of the line already counts */
    return CLI_DONE;
}

static int unknown(const cli *c, const char *option, const char *name)
{
    char shown[64];
    const char *near = cli_nearest(name, name_at, c);
    if (near) {
        cli_dash(near, shown, sizeof shown);
        cli_note(say(SAY_NO_OPTION_NEAR), c->verb->name, option, shown);
    } else {
        cli_note(say(SAY_NO_OPTION), c->verb->name, option, c->verb->name);
    }
    return CLI_USAGE;
}

static int environment(cli *c)
{
    const recur_option *o;
    char name[80], shown[64];
    for (int i = 0; (o = row_at(c, i)) != NULL; i++) {
        cli_dash(o->name, shown, sizeof shown);
        snprintf(name, sizeof name, "RECUR_%s", shown);
        for (char *p = name; *p; p++)
            *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
        const char *value = strcmp(shown, "help") == 0 ? NULL : getenv(name);
        int e = value && *value ? set(c, shown, value, name) : CLI_DONE;
        if (e)
            return e;
    }
    return CLI_DONE;
}

/* One "--name[=value]"; *at moves on where the value is the next word. */
static int long_option(cli *c, char **argv, int argc, int *at)
{
    char name[64], typed[64];
    const char *word = argv[*at] + 2, *equal = strchr(word, '='), *value = equal ? equal + 1 : NULL;
    size_t n = equal ? (size_t)(equal - word) : strlen(word);
    snprintf(typed, sizeof typed, "%.*s", n < sizeof typed ? (int)n : (int)sizeof typed - 1, word);
    cli_dash(typed, name, sizeof name);
    const recur_option *o = find(c, name);
    if (!o && strncmp(name, "no-", 3) == 0 && (o = find(c, name + 3)) != NULL && o->type == RECUR_FLAG)
        return set(c, name + 3, "0", "");
    if (!o) {
        char option[68];
        snprintf(option, sizeof option, "--%s", name);
        return unknown(c, option, name);
    }
    if (o->type == RECUR_FLAG)
        return set(c, name, value ? value : "1", "");
    if (!value && ++*at >= argc) {
        cli_note(say(SAY_NO_VALUE), c->verb->name, name, o->arg ? o->arg : "VALUE");
        return CLI_USAGE;
    }
    return set(c, name, value ? value : argv[*at], "");
}

/* A word of short options: flags together, one with a value last ("-k3", "-k 3"). */
static int short_options(cli *c, char **argv, int argc, int *at)
{
    for (const char *p = argv[*at] + 1; *p; p++) {
        const recur_option *o = NULL;
        char option[3] = {'-', *p, 0};
        for (size_t i = 0; !o && i < sizeof shorts / sizeof *shorts; i++)
            o = shorts[i].letter == *p ? find(c, shorts[i].name) : NULL;
        if (!o)
            return unknown(c, option, option + 1);
        char name[64];
        cli_dash(o->name, name, sizeof name);
        if (o->type == RECUR_FLAG) {
            int e = set(c, name, "1", "");
            if (e)
                return e;
            continue;
        }
        if (!p[1] && ++*at >= argc) {
            cli_note(say(SAY_NO_VALUE), c->verb->name, name, o->arg ? o->arg : "VALUE");
            return CLI_USAGE;
        }
        return set(c, name, p[1] ? p + 1 : argv[*at], "");
    }
    return CLI_DONE;
}

int cli_parse(cli *c, int argc, char **argv)
{
    bool ended = false;
    for (int t = 0; t < CLI_TABLES; t++)
        if (c->table[t].n)
            recur_option_defaults(c->table[t].row, c->table[t].n, c->table[t].to);
    if (c->verb->library == cli_data_rows)       /* a part of the rows: the rest of the struct is as training has it */
        *(recur_train_options *)c->library = recur_train_defaults();
    int e = environment(c);
    for (int i = 0; !e && i < argc; i++) {
        const char *w = argv[i];
        if (ended || w[0] != '-' || !w[1])
            c->arg[c->args++] = w;
        else if (strcmp(w, "--") == 0)
            ended = true;
        else
            e = w[1] == '-' ? long_option(c, argv, argc, &i) : short_options(c, argv, argc, &i);
    }
    c->arg[c->args] = NULL;
    if (e || c->common.help)
        return e;
    if (c->args < c->verb->least || (c->verb->most >= 0 && c->args > c->verb->most)) {
        cli_note(say(c->args < c->verb->least ? SAY_TOO_FEW : SAY_TOO_MANY), c->verb->name, c->verb->name, c->verb->use);
        return CLI_USAGE;
    }
    return CLI_DONE;
}
