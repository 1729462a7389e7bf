/* SPDX-License-Identifier: MIT
 * The list of verbs, and what they all do: fail, open a model and its data, end their output. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define X(name) extern const cli_verb cli_##name;
#include "list.h"
#undef X
const cli_verb *const cli_verbs[] = {
#define X(name) &cli_##name,
#include "list.h"
#undef X
    NULL};

const cli_verb *cli_verb_find(const char *name)
{
    for (int i = 0; cli_verbs[i]; i++)
        if (strcmp(cli_verbs[i]->name, name) == 0)
            return cli_verbs[i];
    return NULL;
}

static const struct { int error, code; } exits[] = {
    {RECUR_OK, CLI_DONE},        {RECUR_ENOMEM, CLI_MEMORY}, {RECUR_EIO, CLI_IO},         {RECUR_EFORMAT, CLI_MODEL},
    {RECUR_EDATA, CLI_DATA},     {RECUR_ESHAPE, CLI_DATA},   {RECUR_ESPEC, CLI_USAGE},    {RECUR_EOPTION, CLI_USAGE},
    {RECUR_EDIVERGE, CLI_DIVERGED}, {RECUR_ESTOP, CLI_INT},  {RECUR_EEND, CLI_DATA},
};

int cli_exit_of(int error)
{
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
        if (exits[i].error == error)
            return exits[i].code;
    return CLI_FAILED;
}

int cli_fail(const cli *c, int error)
{
    const char *why = recur_message(c->r);
    cli_note("%s", *why ? why : recur_strerror(error));
    return cli_exit_of(error);
}

bool cli_when(const cli *c, const char *name, const char *when, bool terminal, bool *out)
{
    bool always = strcmp(when, "always") == 0, automatic = strcmp(when, "auto") == 0;
    (void)c;
    *out = always || (automatic && terminal);
    if (!always && !automatic && strcmp(when, "never") != 0) {
        cli_note(say(SAY_BAD_WHEN), name, when);
        return false;
    }
    return true;
}

bool cli_color(const cli *c, FILE *f)
{
    bool color = false;
    const char *off = getenv("NO_COLOR"), *term = getenv("TERM");
    bool may = isatty(fileno(f)) && !(off && *off) && !(term && strcmp(term, "dumb") == 0);
    cli_when(c, "color", c->common.color, may, &color);
    return color;
}

int cli_load(const cli *c, recur_model **m, const char *path)
{
    int e = recur_model_load(c->r, m, path);
    if (e >= 0 && c->common.weights)
        e = recur_model_weights(*m, c->common.weights);
    return e < 0 ? cli_fail(c, e) : CLI_DONE;
}

int cli_open(const cli *c, recur_model **m, recur_data **d, const char *task, const char *const *data, int n)
{
    int code = cli_load(c, m, c->arg[0]);
    if (code)
        return code;
    int e = recur_data_files(c->r, d, task ? task : recur_model_task(*m), data, n, c->library, *m);
    if (e >= 0 && *recur_warning(c->r))
        cli_note("%s", recur_warning(c->r));
    return e < 0 ? cli_fail(c, e) : CLI_DONE;
}

/* Output that nobody could read must not look like success.  A reader that went away (`| head`) needs no sentence. */
int cli_close_out(int code)
{
    int lost = ferror(stdout);
    errno = 0;
    if (fflush(stdout) == EOF || lost) {
        struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
        if (!(poll(&out, 1, 0) == 1 && out.revents & POLLERR))
            cli_note(say(SAY_STDOUT), errno ? strerror(errno) : strerror(EIO));
        return code == CLI_DONE ? CLI_IO : code;
    }
    return code;
}
