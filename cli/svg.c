/* SPDX-License-Identifier: MIT
 * Figures as SVG: curves and bands over two axes, and heat maps.  Colours stand in one style sheet, with a second set for
 * readers whose screen is dark.  A file is written beside its name and then put in its place, so that a figure is there
 * whole or not at all; what is no plain file (/dev/stdout) is written as it is. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

enum { COLORS = 8, LEFT = 70, TOP = 36, WIDE = 560, HIGH = 320, BOTTOM = 56, LINE = 18, SIGN = 7, CELL = 24, TICKS = 24 };

/* --- the file --- */

typedef struct { FILE *f; const char *path; char *beside; } sheet;

static int sheet_open(sheet *s, const char *path)
{
    struct stat st;
    *s = (sheet){.path = path};
    if (stat(path, &st) != 0 || S_ISREG(st.st_mode)) {
        size_t n = strlen(path) + 32;
        if ((s->beside = malloc(n)) != NULL)
            snprintf(s->beside, n, "%s.%ld.new", path, (long)getpid());
    }
    if ((s->f = fopen(s->beside ? s->beside : path, "w")) != NULL)
        return CLI_DONE;
    cli_note(say(SAY_CANNOT_WRITE), path, strerror(errno));
    free(s->beside);
    return CLI_IO;
}

static int sheet_close(sheet *s)
{
    fputs("</svg>\n", s->f);
    bool bad = (fflush(s->f) == EOF) | ferror(s->f) | (s->beside && fsync(fileno(s->f)) < 0);
    bad = (fclose(s->f) == EOF) | bad;
    if (!bad && s->beside)
        bad = rename(s->beside, s->path) < 0;
    if (bad) {
        cli_note(say(SAY_CANNOT_WRITE), s->path, strerror(errno));
        if (s->beside)
            remove(s->beside);
    }
    free(s->beside);
    return bad ? CLI_IO : CLI_DONE;
}

static void begin(FILE *f, int width, int height)
{
    static const char *const light[COLORS] = {"#1f5fa8", "#c2571a", "#2a7f43", "#8a4fb0", "#b3262e", "#0f7f86", "#8a6d00", "#5b6470"};
    static const char *const dark[COLORS] = {"#6fb1ff", "#ff9d5c", "#6fcf8b", "#c79bea", "#ff8087", "#5fd3da", "#e0c04a", "#aab4c0"};
    fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n<style>"
               "text{fill:#222}.bg{fill:#fff}.grid{stroke:#ddd}.l{fill:none;stroke-width:1.6}.a{stroke:none;fill-opacity:.2}", width, height);
    for (int i = 0; i < COLORS; i++)
        fprintf(f, ".s%d{stroke:%s}.f%d{fill:%s}", i, light[i], i, light[i]);
    fputs("@media(prefers-color-scheme:dark){text{fill:#ddd}.bg{fill:#16181c}.grid{stroke:#3a3f47}", f);
    for (int i = 0; i < COLORS; i++)
        fprintf(f, ".s%d{stroke:%s}.f%d{fill:%s}", i, dark[i], i, dark[i]);
    fprintf(f, "}</style>\n<rect class=\"bg\" width=\"%d\" height=\"%d\"/>\n", width, height);
}

/* What XML takes amiss is written as a name; control signs as blanks, bytes that are no UTF-8 as question marks. */
static void put_text(FILE *f, const char *text)
{
    static const char *const name[] = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;"};
    const unsigned char *p = (const unsigned char *)(text ? text : "");
    while (*p) {
        int more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc2 ? 1 : 0, n = 1;
        while (n <= more && (p[n] & 0xc0) == 0x80)
            n++;
        if (*p < 0x80 && *p < sizeof name / sizeof *name && name[*p])
            fputs(name[*p], f);
        else if (*p < 0x80)
            fputc(*p < ' ' || *p == 0x7f ? ' ' : *p, f);
        else if (*p < 0xc2 || *p > 0xf4 || n <= more || (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f)
                 || (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
            fputc('?', f);
        else
            fwrite(p, 1, (size_t)n, f);
        p += n;
    }
}

static void put_label(FILE *f, double x, double y, const char *anchor, const char *more, const char *text)
{
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>", x, y, anchor, more);
    put_text(f, text);
    fputs("</text>\n", f);
}

/* --- axes --- */

typedef struct { double lo, hi; bool log; } axis;

static double along(const axis *a, double v)         /* 0 at lo, 1 at hi; NAN where a logarithm has none */
{
    if (a->log)
        return v > 0 ? (log10(v) - log10(a->lo)) / (log10(a->hi) - log10(a->lo)) : (double)NAN;
    return (v - a->lo) / (a->hi - a->lo);
}

static void take(axis *a, double v)
{
    if (!isfinite(v) || (a->log && v <= 0))
        return;
    a->lo = fmin(a->lo, v);
    a->hi = fmax(a->hi, v);
}

/* The span of all that is drawn on it, unless one is asked for. */
static axis axis_of(const cli_plot *p, int which, const double *asked, bool log)
{
    axis a = {INFINITY, -INFINITY, log};
    for (int k = 0; k < p->curves; k++) {
        const cli_series *s = &p->curve[k];
        for (int i = 0; i < s->n && (which == 0 || s->right == (which == 2)); i++) {
            take(&a, which ? s->y[i] : s->x[i]);
            if (which && s->low)
                take(&a, s->low[i]);
        }
    }
    if (asked[1] > asked[0])
        a.lo = asked[0], a.hi = asked[1];
    if (!(a.hi >= a.lo))
        a.lo = log ? 1 : 0, a.hi = log ? 10 : 1;
    if (a.hi - a.lo <= 1e-12 * fabs(a.hi))           /* one value: it stands in the middle */
        a.lo = log ? a.lo / 3 : a.lo - (a.lo != 0 ? fabs(a.lo) / 10 : 0.5), a.hi = log ? a.hi * 3 : a.hi + (a.hi != 0 ? fabs(a.hi) / 10 : 0.5);
    return a;
}

/* Places that read well: powers of ten where there are several, else multiples of 1, 2 or 5 of one. */
static int ticks(const axis *a, double out[TICKS])
{
    int n = 0;
    bool powers = a->log && a->hi > 30 * a->lo;
    double lo = powers ? log10(a->lo) : a->lo, hi = powers ? log10(a->hi) : a->hi, span = hi - lo;
    double unit = pow(10, floor(log10(span / 5))), many = span / 5 / unit;
    double step = unit * (many <= 1 ? 1 : many <= 2 ? 2 : many <= 5 ? 5 : 10);
    step = powers ? ceil(step) : step;
    for (double k = ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * span && n < TICKS; k++)
        out[n++] = powers ? pow(10, k * step) : fabs(k) < 0.5 ? 0 : k * step;
    return n;
}

static double px(const axis *a, double v) { return LEFT + WIDE * along(a, v); }
static double py(const axis *a, double v) { return TOP + HIGH * (1 - fmin(1, fmax(0, along(a, v)))); }

static void draw_axes(FILE *f, const cli_plot *p, const axis a[3], bool right)
{
    double at[TICKS];
    char text[32];
    for (int i = 0, n = ticks(&a[0], at); i < n; i++) {
        snprintf(text, sizeof text, "%.4g", at[i]);
        put_label(f, px(&a[0], at[i]), TOP + HIGH + 18, "middle", "", text);
    }
    for (int w = 1; w <= (right ? 2 : 1); w++)
        for (int i = 0, n = ticks(&a[w], at); i < n; i++) {
            snprintf(text, sizeof text, "%.4g", at[i]);
            if (w == 1)
                fprintf(f, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>\n", LEFT, py(&a[1], at[i]), LEFT + WIDE);
            put_label(f, w == 1 ? LEFT - 6 : LEFT + WIDE + 6, py(&a[w], at[i]) + 4, w == 1 ? "end" : "start", "", text);
        }
    put_label(f, LEFT, 22, "start", " font-size=\"14\"", p->title);
    put_label(f, LEFT + WIDE / 2.0, TOP + HIGH + 40, "middle", "", p->x);
    snprintf(text, sizeof text, " transform=\"rotate(-90 16 %d)\"", TOP + HIGH / 2);
    put_label(f, 16, TOP + HIGH / 2.0, "middle", text, p->y);
}

/* --- curves --- */

static void draw_points(FILE *f, const cli_series *s, const double *y, const axis *ax, const axis *ay, bool backwards, bool *open)
{
    for (int k = 0; k < s->n; k++) {
        int i = backwards ? s->n - 1 - k : k;
        double x = px(ax, s->x[i]), v = isfinite(along(ay, y[i])) ? py(ay, y[i]) : (double)NAN;
        if (!isfinite(x) || !isfinite(v)) {
            *open = *open && backwards;              /* a gap; an area goes on */
            continue;
        }
        fprintf(f, "%c%.1f %.1f", *open ? 'L' : 'M', x, v);
        *open = true;
    }
}

static void draw_curve(FILE *f, const cli_series *s, int color, const axis *ax, const axis *ay)
{
    bool open = false;
    fprintf(f, s->low ? "<path class=\"a f%d\" d=\"" : s->dashed ? "<path class=\"l s%d\" stroke-dasharray=\"5 4\" d=\"" : "<path class=\"l s%d\" d=\"", color);
    draw_points(f, s, s->y, ax, ay, false, &open);
    if (s->low)
        draw_points(f, s, s->low, ax, ay, true, &open);
    fputs(s->low ? "Z\"/>\n" : "\"/>\n", f);
}

static void draw_legend(FILE *f, const cli_plot *p, int x)
{
    for (int k = 0, row = 0; k < p->curves; k++) {
        const cli_series *s = &p->curve[k];
        int y = TOP + 8 + LINE * row;
        if (!s->name)
            continue;
        row++;
        if (s->low)
            fprintf(f, "<rect class=\"a f%d\" x=\"%d\" y=\"%d\" width=\"20\" height=\"10\"/>\n", s->color % COLORS, x, y - 5);
        else
            fprintf(f, "<path class=\"l s%d\"%s d=\"M%d %dh20\"/>\n", s->color % COLORS, s->dashed ? " stroke-dasharray=\"5 4\"" : "", x, y);
        put_label(f, x + 26, y + 4, "start", "", s->name);
    }
}

int cli_svg_plot(const cli_plot *p, const char *path)
{
    sheet s;
    bool right = false;
    size_t names = 0;
    for (int k = 0; k < p->curves; k++) {
        right |= p->curve[k].right;
        if (p->curve[k].name && cli_width(p->curve[k].name) + 5 > names)
            names = cli_width(p->curve[k].name) + 5;
    }
    const axis a[3] = {axis_of(p, 0, p->x_span, p->x_log), axis_of(p, 1, p->y_span, p->y_log), axis_of(p, 2, p->right_span, p->y_log)};
    int legend = LEFT + WIDE + (right ? 60 : 16), rows = TOP + LINE * (p->curves + 1), height = TOP + HIGH + BOTTOM;
    int code = sheet_open(&s, path);
    if (code)
        return code;
    begin(s.f, legend + SIGN * (int)names + 8, rows > height ? rows : height);
    draw_axes(s.f, p, a, right);
    for (int k = 0; k < p->curves; k++)
        draw_curve(s.f, &p->curve[k], p->curve[k].color % COLORS, &a[0], &a[p->curve[k].right ? 2 : 1]);
    draw_legend(s.f, p, legend);
    return sheet_close(&s);
}

/* --- heat maps --- */

static int longest(const char *const *name, int n)
{
    size_t most = 0;
    for (int i = 0; i < n; i++)
        most = cli_width(name[i]) > most ? cli_width(name[i]) : most;
    return (SIGN + 1) * (int)(most < 60 ? most : 60) + 16;
}

int cli_svg_heat(const cli_heat *h, const char *path)
{
    sheet s;
    int left = longest(h->row, h->rows), top = TOP + longest(h->column, h->columns) * 3 / 4 + 8, code = sheet_open(&s, path);
    double most = h->most;
    char turn[80];
    if (code)
        return code;
    for (int i = 0; i < h->rows * h->columns && !(h->most > 0); i++)
        most = isfinite(h->value[i]) && h->value[i] > most ? h->value[i] : most;
    int width = left + CELL * h->columns + top, named = (SIGN + 2) * (int)cli_width(h->title) + 16;   /* slanted names reach to the right */
    begin(s.f, width > named ? width : named, top + CELL * h->rows + 12);
    put_label(s.f, 8, 22, "start", " font-size=\"14\"", h->title);
    for (int j = 0; j < h->columns; j++) {
        double x = left + CELL * (j + 0.6), y = top - 6;
        snprintf(turn, sizeof turn, " transform=\"rotate(-50 %.1f %.1f)\"", x, y);
        put_label(s.f, x, y, "start", turn, h->column[j]);
    }
    for (int i = 0; i < h->rows; i++) {
        put_label(s.f, left - 6, top + CELL * (i + 0.65), "end", "", h->row[i]);
        for (int j = 0; j < h->columns; j++) {
            double v = h->value[i * h->columns + j], part = most > 0 && v > 0 ? fmin(1, v / most) : 0;
            fprintf(s.f, "<rect class=\"f0\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill-opacity=\"%.3f\"><title>", left + CELL * j,
                    top + CELL * i, CELL - 1, CELL - 1, 0.03 + 0.97 * part);
            put_text(s.f, h->row[i]);
            fputs(" - ", s.f);
            put_text(s.f, h->column[j]);
            fprintf(s.f, ": %.3f</title></rect>\n", v);
        }
    }
    return sheet_close(&s);
}
