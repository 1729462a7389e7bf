/* SPDX-License-Identifier: MIT
 * recur VERB [options] FILE...: finds the verb, reads its options, opens the runtime, runs it. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
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

/* A closed standard stream would give its number to the next file that is opened, and results would land there. */
static void hold_streams(void)
{
    static const int mode[] = {O_WRONLY, O_RDONLY, O_RDONLY};     /* using it fails, as it should */
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", mode[fd]) != fd)
            exit(CLI_IO);
}

static const char *verb_name(const void *ud, int i)
{
    (void)ud;
    return cli_verbs[i] ? cli_verbs[i]->name : NULL;
}

/* The runtime wants to know its threads, which only the parsed line tells: first a small one, then the real one. */
static int open_runtime(cli *c)
{
    recur_config config = {.threads = (int)c->common.threads, .kernels = c->common.kernels};
    recur *r = NULL;
    int e = recur_open(&r, &config);
    if (e < 0) {
        cli_note(say(SAY_NO_RUNTIME), c->common.kernels ? c->common.kernels : "", recur_strerror(e));
        return cli_exit_of(e);
    }
    recur_close(c->r);
    c->r = r;
    return CLI_DONE;
}

static int run_verb(cli *c, int argc, char **argv)
{
    cli_tables(c->verb, &c->common, c->own, c->library, c->table);
    int code = cli_parse(c, argc, argv);
    cli_language(c->common.lang);
    if (code)
        return code;
    if (c->common.help) {
        cli_help_verb(stdout, c->verb);
        return CLI_DONE;
    }
    code = open_runtime(c);
    return code ? code : c->verb->run(c);
}

/* `recur --help`, `recur --version` and no verb at all. */
static const char *verb_of(const char *word)
{
    if (!word || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return "help";
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        return "version";
    return word;
}

int main(int argc, char **argv)
{
    hold_streams();
    setlocale(LC_CTYPE, "");             /* numbers keep their point: results are read by programs */
    signal(SIGPIPE, SIG_IGN);
    cli_language(NULL);
    const char *name = verb_of(argv[1]);
    cli c = {.verb = cli_verb_find(name), .word = argv, .words = argc};
    if (!c.verb) {
        const char *near = cli_nearest(name, verb_name, NULL);
        cli_note(say(near ? SAY_NO_VERB_NEAR : SAY_NO_VERB), name, near ? near : "");
        return CLI_USAGE;
    }
    int code = CLI_MEMORY;
    recur_config one = {.threads = 1};
    c.own = calloc(1, c.verb->size + 1);
    c.library = calloc(1, c.verb->library_size + 1);
    c.arg = calloc((size_t)argc + 1, sizeof *c.arg);
    if (c.own && c.library && c.arg && recur_open(&c.r, &one) == RECUR_OK)
        code = cli_close_out(run_verb(&c, argc > 1 ? argc - 2 : 0, argv + (argc > 1 ? 2 : 1)));
    else
        cli_note("%s", recur_strerror(RECUR_ENOMEM));
    if (argc < 2)
        code = code == CLI_DONE ? CLI_USAGE : code;
    recur_close(c.r);
    free(c.own);
    free(c.library);
    free(c.arg);
    return code;
}
