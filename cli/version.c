/* SPDX-License-Identifier: MIT
 * recur version: what this build is and what it found here. */
#include "cli.h"

static int run(cli *c)
{
    const char *sound = recur_sound_library();
    if (c->common.json)
        printf("{\"version\":\"%s\",\"kernels\":\"%s\",\"threads\":%d,\"sound\":%s%s%s}\n", RECUR_VERSION, recur_kernels(c->r),
               recur_threads(c->r), sound ? "\"" : "", sound ? sound : "null", sound ? "\"" : "");
    else if (sound)
        printf("recur %s (kernels %s, threads %d)\n%s\n", RECUR_VERSION, recur_kernels(c->r), recur_threads(c->r), sound);
    else
        printf("recur %s (kernels %s, threads %d)\n%s\n", RECUR_VERSION, recur_kernels(c->r), recur_threads(c->r), say(SAY_NO_SOUND));
    return CLI_DONE;
}

static const char *const examples[] = {"recur version", NULL};

const cli_verb cli_version = {.name = "version", .what = SAY_DOES_VERSION, .use = "", .most = 0, .example = examples, .run = run};
