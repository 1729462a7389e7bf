/* SPDX-License-Identifier: MIT
 * recur version: what this build is and what it found here. */
#include "cli.h"

static int run(cli *c)
{
    if (c->common.json)
        printf("{\"version\":\"%s\",\"kernels\":\"%s\",\"threads\":%d}\n", RECUR_VERSION, recur_kernels(c->r), recur_threads(c->r));
    else
        printf("recur %s (kernels %s, threads %d)\n", RECUR_VERSION, recur_kernels(c->r), recur_threads(c->r));
    return CLI_DONE;
}

static const char *const examples[] = {"recur version", NULL};

const cli_verb cli_version = {.name = "version", .what = SAY_DOES_VERSION, .use = "", .most = 0, .example = examples, .run = run};
