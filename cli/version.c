/* SPDX-License-Identifier: MIT
 * recur version: what this build is and what it found here. */
#include "cli.h"

static int run(cli *c)
{
    const char *sound = recur_sound_library(), *kernels = recur_kernels(c->r);
    int threads = recur_threads(c->r);
    if (c->common.json) {
        json_t *j = json_pack("{s:s, s:s, s:i, s:s?}", "version", RECUR_VERSION, "kernels", kernels, "threads", threads,
                              "sound", sound);
        json_dumpf(j, stdout, JSON_COMPACT);
        fputc('\n', stdout);
        json_decref(j);
    } else {
        printf("recur %s (kernels %s, threads %d)\n%s\n", RECUR_VERSION, kernels, threads,
               sound ? sound : say(SAY_NO_SOUND));
    }
    return CLI_DONE;
}

static const char *const examples[] = {"recur version", NULL};

const cli_verb cli_version = {
    .name = "version", .what = SAY_DOES_VERSION, .use = "", .most = 0, .example = examples, .run = run};
