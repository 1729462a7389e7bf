/* SPDX-License-Identifier: MIT
 * recur help [VERB]: what there is; --man prints the manual page. */
#include "cli.h"

typedef struct { int man; } help_own;
static const recur_option own_rows[] = {
    {"man", RECUR_FLAG, offsetof(help_own, man), "0", 0, 1, NULL, "print the manual page as roff", "general"},
};

static int run(cli *c)
{
    const help_own *own = c->own;
    const cli_verb *v = c->args ? cli_verb_find(c->arg[0]) : NULL;
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

static const char *const examples[] = {"recur help", "recur help train", "recur help --man train", NULL};

const cli_verb cli_help = {
    .name = "help", .what = SAY_DOES_HELP, .use = "[VERB]", .most = 1, .row = own_rows, .rows = 1, .size = sizeof(help_own),
    .example = examples, .run = run};
