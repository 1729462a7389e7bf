/* SPDX-License-Identifier: MIT
 * Help and manual pages, both out of the option tables. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const struct { int code; enum cli_word text; } exit_code[] = {
#define X(name, code) {code, SAY_EXIT_##name},
    CLI_EXITS(X)
#undef X
};

/* The rows of a verb in the order of their groups, a name that two tables have only once. */
typedef struct { const recur_option *row[160]; int n; } rows_of;

static bool known(const rows_of *r, const char *name)
{
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->row[i]->name, name) == 0)
            return true;
    return false;
}

static void collect(const cli_verb *v, rows_of *r)
{
    rows_of all = {.n = 0};
    cli_rows table[CLI_TABLES];
    cli_tables(v, NULL, NULL, NULL, table);          /* only the rows are wanted, no values */
    for (int t = 0; t < CLI_TABLES; t++)
        for (int i = 0; i < table[t].n && all.n < 160; i++)
            if (!known(&all, table[t].row[i].name))
                all.row[all.n++] = &table[t].row[i];
    r->n = 0;
    for (int pass = 0; pass < 2; pass++)             /* "general" comes last */
        for (int i = 0; i < all.n; i++)
            for (int k = i; k < all.n; k++)
                if (strcmp(all.row[k]->group, all.row[i]->group) == 0 && !known(r, all.row[k]->name) &&
                    (strcmp(all.row[k]->group, "general") == 0) == pass)
                    r->row[r->n++] = all.row[k];
}

/* "-o, --output FILE" */
static void spelling(const recur_option *o, char *out, size_t n)
{
    char name[64], letter = cli_short(o->name);
    cli_dash(o->name, name, sizeof name);
    bool value = o->type != RECUR_FLAG;
    snprintf(out, n, "%c%c%s--%s%s%s", letter ? '-' : ' ', letter ? letter : ' ', letter ? ", " : "  ", name, value ? " " : "",
             value ? o->arg && *o->arg ? o->arg : "VALUE" : "");
}

static void fallback(const recur_option *o, char *out, size_t n)
{
    *out = 0;
    if (o->type == RECUR_FLAG && o->fallback)
        return;
    if (o->fallback)
        snprintf(out, n, " (%s %s)", say(SAY_DEFAULT), o->fallback);
    else if (strcmp(o->group, "general") != 0 && strcmp(o->group, "saving") != 0 && strcmp(o->group, "gate") != 0 &&
             o->type != RECUR_TEXT && o->type != RECUR_TIME && strcmp(o->name, "steps") != 0)
        snprintf(out, n, " (%s)", say(SAY_AUTOMATIC));
}

static void exits(FILE *f)
{
    for (size_t i = 0; i < sizeof exit_code / sizeof *exit_code; i++)
        fprintf(f, "  %3d  %s\n", exit_code[i].code, say(exit_code[i].text));
}

void cli_help_verb(FILE *f, const cli_verb *v)
{
    rows_of r;
    char left[96], tail[96];
    const char *group = "";
    fprintf(f, "recur %s - %s\n\n%s recur %s %s%s\n", v->name, say(v->what), say(SAY_USAGE_IS), v->name, v->use, *v->use ? " [OPTION...]" : "");
    fprintf(f, "\n%s\n", say(SAY_EXAMPLES));
    for (int i = 0; v->example && v->example[i]; i++)
        fprintf(f, "  %s\n", v->example[i]);
    collect(v, &r);
    for (int i = 0; i < r.n; i++) {
        const recur_option *o = r.row[i];
        if (strcmp(group, o->group) != 0)
            fprintf(f, "\n%s (%s)\n", say(SAY_OPTIONS), cli_group(group = o->group));
        spelling(o, left, sizeof left);
        fallback(o, tail, sizeof tail);
        fputs("  ", f);
        cli_pad(f, left, 24, false);
        fprintf(f, "  %s%s\n", cli_option_help(o), tail);
    }
    fprintf(f, "\n%s\n", say(SAY_EXIT_CODES));
    exits(f);
}

void cli_help_all(FILE *f)
{
    fprintf(f, "recur - %s\n\n%s recur VERB [OPTION...] [FILE...]\n\n%s\n", say(SAY_ABOUT), say(SAY_USAGE_IS), say(SAY_VERBS));
    for (int i = 0; cli_verbs[i]; i++) {
        fputs("  ", f);
        cli_pad(f, cli_verbs[i]->name, 12, false);
        fprintf(f, "%s\n", say(cli_verbs[i]->what));
    }
    fprintf(f, "\n%s\n", say(SAY_EXAMPLES));
    for (int i = 0; cli_verbs[i]; i++)
        if (cli_verbs[i]->example)
            fprintf(f, "  %s\n", cli_verbs[i]->example[0]);
    fprintf(f, "\n%s\n", say(SAY_HELP_MORE));
}

/* --- roff --- */

/* Text with what roff would take as its own: backslash, minus, a dot or quote at the line's start. */
static void roff(FILE *f, const char *s)
{
    for (const char *p = s; *p; p++) {
        if (p == s && (*p == '.' || *p == '\''))
            fputs("\\&", f);
        if (*p == '\\')
            fputs("\\e", f);
        else if (*p == '-')
            fputs("\\-", f);
        else
            fputc(*p, f);
    }
}

static void man_options(FILE *f, const cli_verb *v)
{
    rows_of r;
    char left[96], tail[96];
    const char *group = "";
    collect(v, &r);
    fputs(".SH OPTIONS\n", f);
    for (int i = 0; i < r.n; i++) {
        const recur_option *o = r.row[i];
        if (strcmp(group, o->group) != 0)
            fprintf(f, ".SS %s\n", cli_group(group = o->group));
        spelling(o, left, sizeof left);
        fallback(o, tail, sizeof tail);
        fputs(".TP\n.B ", f);
        roff(f, left + strspn(left, " "));
        fputc('\n', f);
        roff(f, cli_option_help(o));
        roff(f, tail);
        fputc('\n', f);
    }
}

static void man_verbs(FILE *f)
{
    fputs(".SH VERBS\n", f);
    for (int i = 0; cli_verbs[i]; i++)
        fprintf(f, ".TP\n.BR recur\\-%s (1)\n%s\n", cli_verbs[i]->name, say(cli_verbs[i]->what));
}

static void man_tail(FILE *f)
{
    fputs(".SH EXIT STATUS\n", f);
    for (size_t i = 0; i < sizeof exit_code / sizeof *exit_code; i++)
        fprintf(f, ".TP\n.B %d\n%s\n", exit_code[i].code, say(exit_code[i].text));
    fputs(".SH ENVIRONMENT\n.TP\n.BI RECUR_ NAME\nsets the option of that name where the command line does not, e.g. RECUR_THREADS=2.\n"
          ".TP\n.B NO_COLOR\nno colours.\n.TP\n.BR LC_ALL \", \" LC_MESSAGES \", \" LANG\nmessages are Chinese where the first set one begins with zh.\n"
          ".SH SEE ALSO\n", f);
    fputs(".BR recur (1)", f);
    for (int i = 0; cli_verbs[i]; i++)
        fprintf(f, ",\n.BR recur\\-%s (1)", cli_verbs[i]->name);
    fputc('\n', f);
}

void cli_man(FILE *f, const cli_verb *v)
{
    fprintf(f, ".TH RECUR%s%s 1 \"\" \"recur %s\"\n.SH NAME\nrecur%s%s \\- %s\n.SH SYNOPSIS\n.B recur", v ? "\\-" : "", v ? v->name : "",
            RECUR_VERSION, v ? "\\-" : "", v ? v->name : "", say(v ? v->what : SAY_ABOUT));
    fprintf(f, "%s%s\n", v ? " " : "", v ? v->name : "");
    roff(f, v ? v->use : "VERB [FILE...]");
    fputs(" [OPTION...]\n.SH DESCRIPTION\nResults go to standard output, everything else to standard error. A file named \\- is standard input;\n"
          "input may be gzip. Options may stand anywhere; \\-\\- ends them.\n", f);
    if (v) {
        fputs(".SH EXAMPLES\n.EX\n", f);
        for (int i = 0; v->example && v->example[i]; i++) {
            roff(f, v->example[i]);
            fputc('\n', f);
        }
        fputs(".EE\n", f);
        man_options(f, v);
    } else {
        man_verbs(f);
    }
    man_tail(f);
}
