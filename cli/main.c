/* SPDX-License-Identifier: MIT
 * recur VERB [options] FILE...: finds the verb, reads its options, opens the runtime, runs it. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

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
    recur_config config = {.threads = (int)c->common.threads, .kernels = c->common.kernels, .language = cli_chinese() ? "zh" : "en"};
    recur *r = NULL;
    int e = recur_open(&r, &config);
    if (e < 0) {
        const char *kernels = c->common.kernels ? c->common.kernels : getenv("RECUR_KERNELS");
        cli_note(say(SAY_NO_RUNTIME), kernels ? kernels : "", recur_strerror(e));
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
    bool colored;
    if (!cli_when(c, "color", c->common.color, true, &colored))
        return CLI_USAGE;
    if (c->common.lang && strncmp(c->common.lang, "en", 2) != 0 && strncmp(c->common.lang, "zh", 2) != 0) {
        cli_note(say(SAY_BAD_LANG), c->common.lang);
        return CLI_USAGE;
    }
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

/* What --lang or RECUR_LANG ask for, known before anything can be wrong with the line; NULL: the locale decides. */
static const char *wanted_language(int argc, char **argv)
{
    const char *wanted = getenv("RECUR_LANG");
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            wanted = argv[i + 1];
        else if (strncmp(argv[i], "--lang=", 7) == 0)
            wanted = argv[i] + 7;
    return wanted && *wanted ? wanted : NULL;
}

int main(int argc, char **argv)
{
    hold_streams();
    setlocale(LC_CTYPE, "");             /* numbers keep their point: results are read by programs */
    signal(SIGPIPE, SIG_IGN);
    cli_language(wanted_language(argc, argv));
    const char *name = verb_of(argv[1]);
    cli c = {.verb = cli_verb_find(name), .word = argv, .words = argc};
    if (!c.verb) {
        const char *near = cli_nearest(name, verb_name, NULL);
        cli_note(say(near ? SAY_NO_VERB_NEAR : SAY_NO_VERB), name, near ? near : "");
        return CLI_USAGE;
    }
    int code = CLI_MEMORY;
    /* for messages, until options and environment are read */
    recur_config one = {.threads = 1, .kernels = "ref", .language = cli_chinese() ? "zh" : "en"};
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
