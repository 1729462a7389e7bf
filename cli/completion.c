/* SPDX-License-Identifier: MIT
 * recur completion bash: a script for the shell, out of the option tables like everything else about options. */
#include <string.h>

#include "cli.h"

static void put_options(const cli_verb *v)
{
    char name[64];
    cli_rows table[CLI_TABLES];
    int n = cli_tables(v, NULL, NULL, NULL, table);
    printf("    %s) words=\"", v->name);
    for (int t = 0; t < n; t++)
        for (int i = 0; i < table[t].n; i++) {
            cli_dash(table[t].row[i].name, name, sizeof name);
            printf("--%s ", name);
        }
    printf("\" ;;\n");
}

static int run(cli *c)
{
    if (c->args && strcmp(c->arg[0], "bash") != 0) {
        cli_note(say(SAY_NO_SHELL), c->arg[0]);
        return CLI_USAGE;
    }
    printf("# bash completion of recur: eval \"$(recur completion bash)\"\n_recur() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} words=\"");
    for (int i = 0; cli_verbs[i]; i++)
        printf("%s ", cli_verbs[i]->name);
    printf("\"\n    [ \"$COMP_CWORD\" -gt 1 ] && case ${COMP_WORDS[1]} in\n");
    for (int i = 0; cli_verbs[i]; i++)
        if (strcmp(cli_verbs[i]->name, "help") != 0)
            put_options(cli_verbs[i]);
    printf("    esac\n    [ \"$COMP_CWORD\" -gt 1 ] && [ \"${word#-}\" = \"$word\" ] && [ \"${COMP_WORDS[1]}\" != help ] && words=\"\"\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\ncomplete -o default -F _recur recur\n");
    return CLI_DONE;
}

static const char *const examples[] = {"recur completion bash > recur.bash", NULL};

const cli_verb cli_completion = {
    .name = "completion", .what = SAY_DOES_COMPLETION, .use = "[bash]", .most = 1, .example = examples, .run = run};
