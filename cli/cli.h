/* SPDX-License-Identifier: MIT
 * cli - floor 11: the command.  It knows the library through recur.h alone; jansson renders what comes as JSON.
 *
 * A verb is one file with one `const cli_verb cli_NAME` and one line in list.h.  Its options are rows of two tables, its
 * own and one of the library; with the rows that all verbs share they make parser, --help and manual page (opt.c, man.c).
 * Results go to stdout, everything else to stderr.  A verb returns an exit code of the list below. */
#ifndef RECUR_CLI_H
#define RECUR_CLI_H
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "recur.h"

/* --- exit codes; what each means stands in words.h as SAY_EXIT_name --- */
#define CLI_EXITS(X)                                                                                   \
    X(DONE, 0) X(FAILED, 1) X(USAGE, 2) X(DATA, 3) X(MODEL, 4) X(IO, 5) \
    X(MEMORY, 6) X(DIVERGED, 7) X(GATE, 8) X(HUP, 129) X(INT, 130) X(TERM, 143)
enum cli_exit {
#define X(name, code) CLI_##name = code,
    CLI_EXITS(X)
#undef X
};
int cli_exit_of(int error);              /* RECUR_E* -> exit code */

/* --- what the user reads, in English and Chinese (say.c, words.h) --- */
enum cli_word {
#define X(id, en, zh) SAY_##id,
#include "words.h"
#undef X
    SAY_WORDS
};
void cli_language(const char *lang);     /* "zh", "en"; NULL: LC_ALL, LC_MESSAGES, LANG decide */
bool cli_chinese(void);
bool cli_unicode(void);                  /* may signs beyond ASCII be drawn? */
const char *say(enum cli_word w);
const char *cli_option_help(const recur_option *o);   /* in the user's language, both */
const char *cli_group(const char *group);
const char *cli_name(const char *name);  /* of a baseline; as it is where none is known, NULL too */
void cli_note(const char *form, ...) __attribute__((format(printf, 1, 2)));    /* "recur: ..." and a new line, to stderr */

/* --- options --- */
typedef struct cli_common {
    int help, quiet, verbose, json;
    int64_t threads;
    const char *lang, *kernels, *color, *weights;
} cli_common;
typedef struct cli_rows { const recur_option *row; int n; void *to; } cli_rows;
enum { CLI_TABLES = 3 };                 /* the library's rows, its own, the common ones; a name that stands in several sets all */

typedef struct cli cli;
typedef struct cli_verb {
    const char *name;
    enum cli_word what;                  /* one line of what it does */
    const char *use;                     /* arguments in the synopsis: "M.recur [FILE]" */
    int least, most;                     /* how many of them; most < 0: any number */
    const recur_option *row; int rows; size_t size;                    /* own options and the size of their struct */
    const recur_option *(*library)(int *n); size_t library_size;       /* the library's, or NULL */
    const char *const *example;          /* lines for help and manual page, NULL at the end */
    int (*run)(cli *c);
} cli_verb;
extern const cli_verb *const cli_verbs[];             /* NULL at the end */
const cli_verb *cli_verb_find(const char *name);

struct cli {
    recur *r;
    const cli_verb *verb;
    cli_common common;
    void *own, *library;                 /* structs of the verb's two tables, filled */
    cli_rows table[CLI_TABLES];
    const char **arg; int args;          /* what is no option, NULL at the end */
    char **word; int words;              /* the whole command line, for the line that says how to go on */
};
int cli_parse(cli *c, int argc, char **argv);         /* environment, then the line; CLI_DONE or CLI_USAGE (said why) */
char cli_short(const char *name);                     /* 'o' for "output"; 0: none */
const char *cli_nearest(const char *word, const char *(*at)(const void *ud, int i), const void *ud);
int cli_tables(const cli_verb *v, cli_common *common, void *own, void *library, cli_rows out[CLI_TABLES]);
void cli_dash(const char *name, char *out, size_t n); /* "log_dir" -> "log-dir" */

/* --- help and manual pages (man.c) --- */
void cli_help_verb(FILE *f, const cli_verb *v);
void cli_help_all(FILE *f);
void cli_man(FILE *f, const cli_verb *v);             /* NULL: recur.1 */

/* --- what all verbs do: fail, open, end their output (verb.c) --- */
int cli_fail(const cli *c, int error);                /* says recur_message, returns the exit code */
bool cli_when(const cli *c, const char *name, const char *when, bool terminal, bool *out);   /* auto, always, never; false: said why */
bool cli_color(const cli *c, FILE *f);
int cli_load(const cli *c, recur_model **m, const char *path);       /* CLI_DONE or an exit code (said why) */
int cli_open(const cli *c, recur_model **m, recur_data **d, const char *task, const char *const *data, int n);
    /* the model that is the first argument, and files as it reads them (task NULL: its own), by the verb's rows of cli_data_rows */
int cli_close_out(int code);                          /* flushes stdout; a failure there turns code 0 into CLI_IO */

/* --- lines of input, plain or gzip, as they come (lines.c) --- */
/* Path "-" or NULL: stdin.  What take returns ends it, unless it is CLI_DONE; so does a closed stdout.  encoding NULL: bytes
 * as they are; else what comes is UTF-8, with U+FFFD for a byte that is nothing in the encoding (said once). */
typedef int cli_take(void *ud, const char *text);                    /* without its end */
typedef int cli_take_lines(void *ud, char *const *text, int n);
int cli_each_line(const cli *c, const char *path, const char *encoding, cli_take *take, void *ud);
int cli_each_lines(const cli *c, const char *path, const char *encoding, int together, cli_take_lines *take, void *ud);
    /* so many at a time, the rest at the end; together 1: stdout is flushed after each */

/* --- lines of tagged files, one word each, and what tells them from text (columns.c) --- */
typedef struct cli_layout { bool tabs; int fields; } cli_layout;   /* of a file, from its first line with a word */
enum cli_line { CLI_EMPTY, CLI_REMARK, CLI_OTHER, CLI_WORD };
enum cli_form { CLI_SENTENCES, CLI_SENTENCES_GUESSED, CLI_COLUMNS_GUESSED, CLI_COLUMNS };
typedef bool cli_known(const void *ud, const char *tag);             /* is it a tag of the model? */
bool cli_layout_seen(const char *line);                            /* can the file's columns be seen in it? */
void cli_layout_of(cli_layout *c, const char *line);
enum cli_line cli_column_line(const cli_layout *c, const char *line, const char **word, size_t *n);
bool cli_conllu(const char *line);
const char *cli_conllu_column(const char *line, int column, size_t *n);
const char *cli_says_kind(const char *line);                         /* behind "# intent ="; NULL: it does not */
enum cli_form cli_form_guess(char *const *line, size_t n, cli_known *known, const void *ud);

/* --- columns that line up, for any script (table.c) --- */
size_t cli_width(const char *text);                                  /* columns of a terminal; 0 for what combines */
void cli_pad(FILE *f, const char *text, size_t width, bool right);
typedef struct cli_table cli_table;
cli_table *cli_table_new(int columns);                               /* first column to the left, the others to the right */
void cli_cell(cli_table *t, const char *form, ...) __attribute__((format(printf, 2, 3)));   /* row by row */
void cli_table_end(cli_table *t, FILE *f);                           /* prints and frees */

/* --- figures (svg.c): CLI_DONE or CLI_IO (said why); the file is there whole or not at all --- */
typedef struct cli_series {
    const char *name;                    /* in the legend; NULL: not there */
    int n; const double *x, *y;          /* a number that is not finite makes a gap */
    const double *low;                   /* a band from low to y; NULL: a line */
    int color;                           /* 0.. in turn */
    bool right, dashed;                  /* measured on the right axis */
} cli_series;
typedef struct cli_plot {
    const char *title, *x, *y;           /* what the axes are called */
    bool x_log, y_log;
    double x_span[2], y_span[2], right_span[2];      /* of the axes; equal: all that is drawn */
    const cli_series *curve; int curves;             /* later ones above; bands first */
} cli_plot;
int cli_svg_plot(const cli_plot *p, const char *path);
typedef struct cli_heat {
    const char *title; int rows, columns;
    const double *value;                 /* [rows][columns], 0 up to most */
    double most;                         /* 0: the largest */
    const char *const *row, *const *column;          /* their names */
} cli_heat;
int cli_svg_heat(const cli_heat *h, const char *path);

/* --- a run of training, watched (watch.c, curve.c) --- */
typedef struct cli_curve cli_curve;
cli_curve *cli_curve_new(void);
void cli_curve_add(cli_curve *c, bool held, int64_t step, double value);
void cli_curve_draw(const cli_curve *c, FILE *f, int columns, bool unicode, const char *metric);
int cli_curve_svg(const cli_curve *c, const char *path, const char *metric);
void cli_curve_free(cli_curve *c);
typedef struct cli_watch {
    bool shown, terminal, speaks, verbose, dry;      /* a line at all; written over; choices told; more told; stop once chosen */
    const volatile int *stop;            /* set by a signal */
    volatile int *save;                  /* set by another: a checkpoint, then on */
    FILE *log[2];                        /* --log, --log-dir */
    FILE *before;                        /* the log of a training that is resumed, until its first step */
    recur_events *events;
    cli_curve *curve;
    int chosen;
    bool drawn, finished, epoch_ended;
    double last_drawn, last_logged, best;
    int64_t best_step;
    recur_progress last;
    char metric[64];
} cli_watch;
int cli_watch_open(cli_watch *w, const cli *c, const char *log, const char *dir, bool resume);
int cli_watch_see(void *w, const recur_progress *p);                 /* a recur_watch */
void cli_watch_clear(cli_watch *w);                                  /* takes the terminal's line away */
int cli_watch_close(cli_watch *w);
void cli_time(char *out, size_t n, double seconds);                  /* "4:07", "1:02:45" */
int cli_columns(int fd);                                             /* of the terminal; 80 if it does not say */

/* The rows that say how files are read: the first group of training's. */
const recur_option *cli_data_rows(int *n);

/* --- scores as text (report.c) --- */
void cli_report(FILE *f, const json_t *score);
void cli_verdict(FILE *f, const json_t *score, bool color);          /* in words: better than the baseline or not */
void cli_report_json(FILE *f, json_t *score);                        /* a line; `verdict` in the same words where it has none */
/* Measures of a model as the file has it beside those of it with other weights (change.c). */
int cli_scores(const cli *c, const char *path, const char *const *data, int n, const char *weights, json_t **out);   /* CLI_DONE or an exit code (said why) */
void cli_change(FILE *f, const json_t *before, const json_t *after, const char *weights);
void cli_tree(FILE *f, const json_t *value, int indent);             /* any JSON as indented lines */
const char *cli_number(char *out, size_t n, double x);               /* short, for people */
#endif
