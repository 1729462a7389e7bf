/* SPDX-License-Identifier: MIT
 * Lines of tagged files, one word each (CoNLL: columns parted by tabs or blanks; CoNLL-U), and what tells them from lines
 * of text.  What is a word and what a remark is as the library reads it when it learns. */
#include <ctype.h>
#include <string.h>

#include "cli.h"

enum { CONLLU = 10, FEW = 3, SEVERAL = 5 };                  /* columns; words that make a form likely */

static int tabs_of(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += *s == '\t';
    return n;
}

static int fields_of(const char *s)
{
    int n = 0;
    for (s += strspn(s, " \t"); *s; s += strspn(s, " \t"), n++)
        s += strcspn(s, " \t");
    return n;
}

static bool empty(const char *s)
{
    return s[strspn(s, " \t")] == 0;
}

static bool opens_document(const char *s)
{
    return strncmp(s, "-DOCSTART-", 10) == 0;
}

/* No word whatever the file's columns are: a document's line, or # without a tab, which its columns may make one yet. */
static bool aside(const char *s)
{
    return opens_document(s) || (*s == '#' && !strchr(s, '\t'));
}

bool cli_layout_seen(const char *line)
{
    return !empty(line) && !aside(line);
}

void cli_layout_of(cli_layout *c, const char *line)
{
    c->tabs = strchr(line, '\t') != NULL;
    c->fields = fields_of(line);
}

bool cli_conllu(const char *line)
{
    return tabs_of(line) == CONLLU - 1 && line[0] >= '0' && line[0] <= '9';
}

const char *cli_conllu_column(const char *line, int column, size_t *n)
{
    for (int k = 1; k < column; k++)
        line += strcspn(line, "\t") + 1;
    *n = strcspn(line, "\t");
    return line;
}

enum cli_line cli_column_line(const cli_layout *c, const char *line, const char **word, size_t *n)
{
    const char *from = c->tabs ? line : line + strspn(line, " \t");
    *word = from;
    *n = strcspn(from, c->tabs ? "\t" : " \t");
    if (empty(line))
        return CLI_EMPTY;
    if (*line == '#' && (c->tabs ? !strchr(line, '\t') : fields_of(line) != c->fields || strchr(line, '=')))
        return CLI_REMARK;
    if (opens_document(line) || !*n)
        return CLI_OTHER;
    if (!cli_conllu(line))
        return CLI_WORD;
    if (memchr(line, '-', *n) || memchr(line, '.', *n))       /* a word of several, an empty one: no units of the sentence */
        return CLI_OTHER;
    *word = cli_conllu_column(line, 2, n);
    return *n ? CLI_WORD : CLI_OTHER;
}

/* "# intent = NAME", or label, class, domain: where its value begins. */
const char *cli_says_kind(const char *line)
{
    static const char *const names[] = {"intent", "label", "class", "domain"};
    const char *sign = *line == '#' ? strchr(line, '=') : NULL, *s = sign ? line + 1 + strspn(line + 1, " \t") : "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t k = 0, n = strlen(names[i]);
        while (k < n && tolower((unsigned char)s[k]) == names[i][k])
            k++;
        if (sign && k == n && s + k + strspn(s + k, " \t") == sign)
            return sign + 1;
    }
    return NULL;
}

/* --- columns or text? --- */

typedef struct { int words, tabbed, remarks, named, labelled, fields; bool same, gap, gaps, grouped, document; } looks;

/* "# name = value" */
static bool named_remark(const char *s)
{
    const char *name = s + 1 + strspn(s + 1, " "), *end = name + strcspn(name, " =");
    return cli_says_kind(s) || (s[1] == ' ' && end > name && end[strspn(end, " ")] == '=');
}

static void look(looks *k, const char *s, cli_known *known, const void *ud)
{
    const char *last = s + strlen(s);
    if (empty(s)) {
        k->gap = true;
        return;
    }
    if (aside(s)) {
        k->document = k->document || opens_document(s);
        k->remarks += *s == '#';
        k->named += named_remark(s);
        return;
    }
    while (last > s && last[-1] != ' ' && last[-1] != '\t')
        last--;
    int fields = fields_of(s);
    k->same = k->words == 0 || (k->same && fields == k->fields);
    k->gaps = k->gaps || (k->words && k->gap);
    k->grouped = k->grouped || (k->words && !k->gap);
    k->gap = false;
    k->fields = k->words ? k->fields : fields;
    k->words++;
    k->tabbed += strchr(s, '\t') != NULL;
    k->labelled += fields > 1 && known(ud, last);
}

/* Tabs in most lines are columns.  So are lines that end with one of the model's tags, that stand below "# name = value", or
 * that have one number of blanks and stand in groups; but a text may look so, and then it is a guess. */
enum cli_form cli_form_guess(char *const *line, size_t n, cli_known *known, const void *ud)
{
    looks k = {0};
    for (size_t i = 0; i < n; i++)
        look(&k, line[i], known, ud);
    if (k.document || (k.words && k.tabbed == k.words))
        return CLI_COLUMNS;
    if (!k.words)
        return k.named == k.remarks ? CLI_COLUMNS : CLI_SENTENCES;
    if (k.tabbed)
        return 2 * k.tabbed > k.words ? CLI_COLUMNS_GUESSED : CLI_SENTENCES_GUESSED;
    bool tagged = k.words > 1 && 10 * k.labelled >= 9 * k.words;
    bool groups = k.same && k.gaps && k.grouped && k.words >= (k.fields == 1 ? FEW : SEVERAL);
    bool under = k.named && k.same && (k.fields == 1 || k.words > 1 || k.labelled);
    if (tagged || groups || under)
        return CLI_COLUMNS_GUESSED;
    bool could = k.named || k.labelled || (k.same && k.words >= (k.fields == 1 ? FEW : SEVERAL));
    return could ? CLI_SENTENCES_GUESSED : CLI_SENTENCES;
}
