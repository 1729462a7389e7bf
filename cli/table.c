/* SPDX-License-Identifier: MIT
 * Columns that line up whatever the script: width of a text in columns of a terminal, padding, small tables. */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Ranges of signs that a terminal draws two columns wide (Unicode East Asian Width W and F, and emoji). */
static const uint32_t wide[][2] = {
    {0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0x33ff}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xa000, 0xa4cf},
    {0xa960, 0xa97f}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd},
};
/* Signs that stand on the one before: combining marks, joiners, selectors. */
static const uint32_t none[][2] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f}, {0x0e34, 0x0e3a},
    {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f},
    {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
};

static bool among(const uint32_t (*range)[2], size_t n, uint32_t u)
{
    for (size_t i = 0; i < n; i++)
        if (u >= range[i][0] && u <= range[i][1])
            return true;
    return false;
}

/* The next code point; a byte that is none of UTF-8 counts as one sign. */
static uint32_t next(const unsigned char **p)
{
    uint32_t u = *(*p)++;
    int more = u >= 0xf0 ? 3 : u >= 0xe0 ? 2 : u >= 0xc0 ? 1 : 0;
    u = more == 3 ? u & 7 : more == 2 ? u & 15 : more == 1 ? u & 31 : u;
    for (; more > 0 && (**p & 0xc0) == 0x80; more--)
        u = u << 6 | (*(*p)++ & 0x3f);
    return u;
}

size_t cli_width(const char *text)
{
    size_t width = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        uint32_t u = next(&p);
        if (!among(none, sizeof none / sizeof *none, u))
            width += 1 + among(wide, sizeof wide / sizeof *wide, u);
    }
    return width;
}

void cli_pad(FILE *f, const char *text, size_t width, bool right)
{
    size_t w = cli_width(text);
    int blanks = w < width ? (int)(width - w) : 0;
    if (right)
        fprintf(f, "%*s%s", blanks, "", text);
    else
        fprintf(f, "%s%*s", text, blanks, "");
}

struct cli_table { int columns, cells, room; char **cell; };

cli_table *cli_table_new(int columns)
{
    cli_table *t = calloc(1, sizeof *t);
    if (t)
        t->columns = columns;
    return t;
}

void cli_cell(cli_table *t, const char *form, ...)
{
    char text[512];
    va_list a;
    va_start(a, form);
    vsnprintf(text, sizeof text, form, a);
    va_end(a);
    if (t && t->cells == t->room) {
        int room = t->room ? 2 * t->room : 64;
        char **more = realloc(t->cell, (size_t)room * sizeof *more);
        if (!more)
            return;
        t->cell = more;
        t->room = room;
    }
    if (t && (t->cell[t->cells] = strdup(text)) != NULL)
        t->cells++;
}

static size_t widest(const cli_table *t, int column)
{
    size_t most = 0;
    for (int i = column; i < t->cells; i += t->columns)
        most = cli_width(t->cell[i]) > most ? cli_width(t->cell[i]) : most;
    return most;
}

void cli_table_end(cli_table *t, FILE *f)
{
    if (!t)
        return;
    for (int i = 0; i < t->cells; i++) {
        int column = i % t->columns;
        bool last = column == t->columns - 1 || i == t->cells - 1;
        if (column)
            fputs("  ", f);
        cli_pad(f, t->cell[i], widest(t, column), column > 0);
        if (last)
            fputc('\n', f);
    }
    for (int i = 0; i < t->cells; i++)
        free(t->cell[i]);
    free(t->cell);
    free(t);
}
