/* SPDX-License-Identifier: MIT
 * recur train TASK FILE... -o M.recur: files in, one model file out; stops on a signal with its state saved. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

typedef struct { const char *progress, *log; int dry_run; } train_own;
static const recur_option own_rows[] = {
    {"progress", RECUR_TEXT, offsetof(train_own, progress), "auto", 0, 0, "WHEN",
     "show progress: auto (one line of a terminal, else plain lines), always or never", "general"},
    {"log", RECUR_TEXT, offsetof(train_own, log), NULL, 0, 0, "FILE", "write progress to this file, one JSON object a line", "saving"},
    {"dry-run", RECUR_FLAG, offsetof(train_own, dry_run), "0", 0, 1, NULL, "read the data, print what is chosen, train nothing", "general"},
};

/* --- signals: the first is a wish, the second is an order --- */
static volatile int stop;                /* the number of the signal; an int is written at once on every system with signals */

static void on_signal(int number)
{
    if (stop)
        _exit(128 + number);
    stop = number;
}

static volatile int keep;                /* SIGUSR1: a checkpoint now */

static void on_keep(int number)
{
    keep = number;
}

static void catch_signals(void)
{
    static const int which[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
    for (size_t i = 0; i < sizeof which / sizeof *which; i++) {
        struct sigaction a, before;
        memset(&a, 0, sizeof a);
        a.sa_handler = which[i] == SIGUSR1 ? on_keep : on_signal;
        a.sa_flags = SA_RESTART;
        sigemptyset(&a.sa_mask);
        if (sigaction(which[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)     /* nohup stays nohup */
            sigaction(which[i], &a, NULL);
    }
}

/* A word as a shell reads it back. */
static void put_word(FILE *f, const char *w)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
    if (*w && w[strspn(w, plain)] == 0) {
        fputs(w, f);
        return;
    }
    fputc('\'', f);
    for (; *w; w++)
        fputs(*w == '\'' ? "'\\''" : (char[]){*w, 0}, f);
    fputc('\'', f);
}

static int say_stopped(const cli *c, const cli_watch *w)
{
    const recur_train_options *o = c->library;
    cli_note(say(SAY_STOPPED), (long long)w->last.step);
    for (int i = 0; i < c->words; i++) {
        fputs(i ? " " : "  ", stderr);
        put_word(stderr, c->word[i]);
    }
    fputs(o->resume > 0 ? "\n" : " --resume\n", stderr);
    return stop ? 128 + stop : CLI_INT;
}

/* What would only fail after an hour is tried now. */
static int check_output(const cli *c)
{
    const recur_train_options *o = c->library;
    char folder[4096];
    if (!o->out) {
        cli_note("%s", say(SAY_NO_OUT));
        return CLI_USAGE;
    }
    if (!(o->force > 0) && !(o->resume > 0) && access(o->out, F_OK) == 0) {
        cli_note(say(SAY_OUT_EXISTS), o->out);
        return CLI_USAGE;
    }
    snprintf(folder, sizeof folder, "%s", o->out);
    char *slash = strrchr(folder, '/');
    snprintf(slash ? slash + (slash == folder) : folder, 2, "%s", slash ? "" : ".");
    if (access(folder, W_OK | X_OK) < 0) {
        cli_note(say(SAY_OUT_FOLDER), o->out, strerror(errno));
        return CLI_IO;
    }
    return CLI_DONE;
}

/* Training reads its files twice, once for each part; what comes through a pipe is put into a file without a name first,
 * which from then on is the standard input: /dev/stdin opens it anew. */
static int keep_stdin(void)
{
    char piece[1 << 14];
    struct stat st;
    ssize_t got;
    if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode))
        return CLI_DONE;
    FILE *f = tmpfile();
    while (f && (got = read(STDIN_FILENO, piece, sizeof piece)) > 0)
        if (fwrite(piece, 1, (size_t)got, f) != (size_t)got)
            break;
    if (!f || got != 0 || fflush(f) == EOF || dup2(fileno(f), STDIN_FILENO) < 0) {
        cli_note(say(SAY_CANNOT_READ), say(SAY_STDIN), strerror(errno));
        if (f)
            fclose(f);
        return CLI_IO;
    }
    fclose(f);
    return CLI_DONE;
}

static int name_stdin(cli *c)
{
    int code = CLI_DONE;
    for (int i = 1; i < c->args && !code; i++)
        if (strcmp(c->arg[i], "-") == 0) {
            code = keep_stdin();
            c->arg[i] = "/dev/stdin";
        }
    return code;
}

/* --valid SOURCE TARGET: the word after --valid's value is its second file where the others make pairs without it. */
static void second_valid(cli *c)
{
    recur_train_options *o = c->library;
    const char *word = NULL;
    if (strcmp(c->arg[0], "translate") != 0 || !o->valid || o->valid_target || c->args < 4 || c->args % 2 != 0
        || strstr(o->valid, ".tsv") || strstr(o->valid, ".json"))          /* pairs by themselves */
        return;
    for (int i = 0; i + 1 < c->words; i++) {
        if (strcmp(c->word[i], "--valid") == 0 && i + 2 < c->words)
            word = c->word[i + 2];
        else if (strncmp(c->word[i], "--valid=", 8) == 0)
            word = c->word[i + 1];
    }
    for (int i = 1; word && i < c->args; i++) {
        if (c->arg[i] != word)
            continue;
        o->valid_target = word;
        memmove(&c->arg[i], &c->arg[i + 1], (size_t)(c->args - i) * sizeof *c->arg);
        c->args--;
        return;
    }
}

static void say_done(const cli *c, const cli_watch *w)
{
    const recur_train_options *o = c->library;
    char time[32], best[32];
    cli_time(time, sizeof time, w->last.seconds);
    if (isfinite(w->best))
        cli_note(say(SAY_DONE_BEST), o->out, (long long)w->last.step, time, w->metric, cli_number(best, sizeof best, w->best),
                 (long long)w->best_step);
    else
        cli_note(say(SAY_DONE), o->out, (long long)w->last.step, time);
}

/* The scores on the held-out part, which training left in the model's card. */
static int print_report(const cli *c, const recur_model *m)
{
    char *text = NULL;
    int e = recur_inspect(c->r, m, &text);
    if (e < 0)
        return cli_fail(c, e);
    json_t *j = json_loads(text, 0, NULL);
    json_t *score = json_object_get(json_object_get(j, "training"), "report");
    if (score && c->common.json) {
        cli_report_json(stdout, score);
    } else if (score && !c->common.quiet) {
        printf("%s\n", say(SAY_HELD_PART));
        cli_report(stdout, score);
        cli_verdict(stdout, score, cli_color(c, stdout));
    }
    json_decref(j);
    recur_free(c->r, text);
    return CLI_DONE;
}

static int finish(const cli *c, cli_watch *w, const recur_model *m)
{
    const recur_train_options *o = c->library;
    char path[4096];
    cli_watch_clear(w);
    if (!c->common.quiet) {
        cli_curve_draw(w->curve, stderr, cli_columns(STDERR_FILENO), cli_unicode(), w->metric);
        say_done(c, w);
    }
    int code = CLI_DONE;
    if (o->log_dir) {
        snprintf(path, sizeof path, "%s/loss.svg", o->log_dir);
        code = cli_curve_svg(w->curve, path, w->metric);
    }
    int e = print_report(c, m);
    return e ? e : code;
}

static int run(cli *c)
{
    const train_own *own = c->own;
    const recur_train_options *o = c->library;
    recur_model *m = NULL;
    bool always = strcmp(own->progress, "always") == 0, shown;
    cli_watch w = {.speaks = !c->common.quiet, .verbose = c->common.verbose, .dry = own->dry_run, .stop = &stop, .save = &keep, .best = (double)NAN};
    if (!cli_when(c, "progress", own->progress, true, &shown))
        return CLI_USAGE;
    int code = own->dry_run ? CLI_DONE : check_output(c);
    if (!code)
        code = name_stdin(c);
    if (code)
        return code;
    second_valid(c);
    w.terminal = isatty(STDERR_FILENO) || always;
    w.shown = shown && !c->common.quiet;
    catch_signals();
    code = cli_watch_open(&w, c, own->log, own->dry_run ? NULL : o->log_dir, o->resume > 0);
    int e = code ? RECUR_OK : recur_train(c->r, &m, c->arg[0], c->arg + 1, c->args - 1, o, cli_watch_see, &w);
    cli_watch_clear(&w);
    if (e == RECUR_ESTOP && own->dry_run && !stop)
        cli_note("%s", say(SAY_DRY));
    else if (e == RECUR_ESTOP)
        code = say_stopped(c, &w);
    else if (e < 0)
        code = cli_fail(c, e);
    else if (!code)
        code = finish(c, &w, m);
    int closed = cli_watch_close(&w);
    recur_model_free(m);
    return code ? code : closed;
}

static const char *const examples[] = {
    "recur train lm stories.txt -o stories.recur",
    "recur train classify reviews.tsv --time 2m -o reviews.recur",
    "recur train translate train.en train.fr --valid valid.en valid.fr -o en-fr.recur",
    "recur train lm stories.txt --unit word --net 'embed 128 | lstm 256 | dense' --epochs 3 -o words.recur",
    NULL};

const cli_verb cli_train = {
    .name = "train", .what = SAY_DOES_TRAIN, .use = "lm|classify|tag|translate|forecast|transcribe FILE... -o M.recur", .least = 2, .most = -1,
    .row = own_rows, .rows = sizeof own_rows / sizeof *own_rows, .size = sizeof(train_own),
    .library = recur_train_table, .library_size = sizeof(recur_train_options), .example = examples, .run = run};
