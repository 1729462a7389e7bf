/* SPDX-License-Identifier: MIT
 * The curve of a training: points with a bound on their number, drawn in the terminal (braille dots, or plain signs where
 * the locale is not UTF-8) and as SVG. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { POINTS = 2048, HIGH = 12, WIDEST = 100 };
typedef struct { double step, value; } point;
typedef struct { point p[POINTS]; int n; int64_t every, seen, first; point sum; } series;    /* each point: mean of `every` values */
struct cli_curve { series of[2]; };      /* training, held-out */

cli_curve *cli_curve_new(void)
{
    cli_curve *c = calloc(1, sizeof *c);
    if (c)
        c->of[0].every = c->of[1].every = 1;
    return c;
}

void cli_curve_free(cli_curve *c)
{
    free(c);
}

void cli_curve_add(cli_curve *c, bool held, int64_t step, double value)
{
    if (!c || !isfinite(value))
        return;
    series *s = &c->of[held];
    if (s->first == 0)
        s->first = step;
    s->sum.step += (double)step;
    s->sum.value += value;
    if (++s->seen < s->every)
        return;
    s->p[s->n++] = (point){s->sum.step / (double)s->every, s->sum.value / (double)s->every};
    s->sum = (point){0, 0};
    s->seen = 0;
    if (s->n < POINTS)
        return;
    for (int i = 0; i < POINTS / 2; i++)         /* full: halve, each point the mean of two */
        s->p[i] = (point){(s->p[2 * i].step + s->p[2 * i + 1].step) / 2, (s->p[2 * i].value + s->p[2 * i + 1].value) / 2};
    s->n = POINTS / 2;
    s->every *= 2;
}

typedef struct { double x0, x1, y0, y1; } frame;

/* The first tenth of training falls from far above; what is shown begins where the curve becomes interesting. */
static frame frame_of(const series *s, int n)
{
    frame f = {INFINITY, -INFINITY, INFINITY, -INFINITY};
    for (int k = 0; k < n; k++)
        for (int i = 0; i < s[k].n; i++) {
            f.x0 = fmin(f.x0, (double)s[k].first);
            f.x1 = fmax(f.x1, s[k].p[i].step);
            if (i >= s[k].n / 20)
                f.y0 = fmin(f.y0, s[k].p[i].value), f.y1 = fmax(f.y1, s[k].p[i].value);
        }
    if (!(f.x1 > f.x0))
        f.x1 = f.x0 + 1;
    if (!(f.y1 > f.y0))
        f.y0 -= 0.5, f.y1 = f.y0 + 1;
    return f;
}

/* Dots of a braille sign, by column and row; bit i of the sign is dot i + 1. */
static const unsigned char dot[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

static void put_braille(FILE *f, unsigned char bits)
{
    if (bits)
        fprintf(f, "\xe2%c%c", 0xa0 | bits >> 6, 0x80 | (bits & 0x3f));
    else
        fputc(' ', f);
}

static void put_plain(FILE *f, unsigned char bits)
{
    fputc(!bits ? ' ' : bits & 0x1b && !(bits & 0xe4) ? '\'' : !(bits & 0x1b) ? '.' : ':', f);
}

/* One series as dots; where points are few, the way between them too. */
static void plot(const series *s, const frame *r, unsigned char bits[HIGH][WIDEST], int wide)
{
    int before = 0;
    for (int i = 0; i < s->n; i++) {
        int x = (int)((s->p[i].step - r->x0) / (r->x1 - r->x0) * (2 * wide - 1));
        int from = i && x > before ? before + 1 : x;
        for (int k = from; k <= x; k++) {
            double part = k == x ? 1 : (double)(k - before) / (double)(x - before);
            double value = i ? s->p[i - 1].value + part * (s->p[i].value - s->p[i - 1].value) : s->p[i].value;
            double y = (r->y1 - value) / (r->y1 - r->y0) * (4 * HIGH - 1);
            int row = y < 0 ? 0 : (int)y;
            if (row < 4 * HIGH)
                bits[row / 4][k / 2] |= dot[k % 2][row % 4];
        }
        before = x;
    }
}

void cli_curve_draw(const cli_curve *c, FILE *f, int columns, bool unicode, const char *metric)
{
    static unsigned char bits[HIGH][WIDEST];
    int wide = columns - 12 < WIDEST ? columns - 12 : WIDEST;
    int one = metric && strcmp(metric, "loss") == 0 ? 2 : 1;     /* a held-out loss shares the axis, other measures do not */
    if (!c || c->of[0].n < 2 || wide < 10)
        return;
    frame r = frame_of(c->of, one);
    memset(bits, 0, sizeof bits);
    for (int k = 0; k < one; k++)
        plot(&c->of[k], &r, bits, wide);
    fprintf(f, "%s\n", say(SAY_CURVE));
    for (int i = 0; i < HIGH; i++) {
        if (i == 0 || i == HIGH - 1 || i == HIGH / 2)
            fprintf(f, "%9.4g %s", r.y1 - (r.y1 - r.y0) * i / (HIGH - 1), unicode ? "\u2524" : "+");
        else
            fprintf(f, "%9s %s", "", unicode ? "\u2502" : "|");
        for (int x = 0; x < wide; x++)
            (unicode ? put_braille : put_plain)(f, bits[i][x]);
        fputc('\n', f);
    }
    fprintf(f, "%9s %-*lld%lld\n", "", wide - 8, (long long)r.x0, (long long)r.x1);
}

static int coordinates(const series *s, double *x, double *y)
{
    for (int i = 0; i < s->n; i++)
        x[i] = s->p[i].step, y[i] = s->p[i].value;
    return s->n;
}

int cli_curve_svg(const cli_curve *c, const char *path, const char *metric)
{
    bool shared = metric && strcmp(metric, "loss") == 0;
    double (*xy)[POINTS] = calloc(4, sizeof *xy);
    char held[128];
    if (!c || !xy) {
        free(xy);
        cli_note(say(SAY_CANNOT_WRITE), path, strerror(ENOMEM));
        return CLI_MEMORY;
    }
    frame left = frame_of(c->of, shared ? 2 : 1), right = shared ? left : frame_of(c->of + 1, 1);
    snprintf(held, sizeof held, "%s %s", say(SAY_CURVE_HELD), metric ? metric : "");
    const cli_series curve[] = {
        {.name = say(SAY_CURVE_TRAIN), .n = coordinates(&c->of[0], xy[0], xy[1]), .x = xy[0], .y = xy[1]},
        {.name = held, .n = coordinates(&c->of[1], xy[2], xy[3]), .x = xy[2], .y = xy[3], .color = 1, .right = !shared},
    };
    int code = cli_svg_plot(&(cli_plot){.title = say(SAY_CURVE), .x = say(SAY_STEP), .x_span = {left.x0, left.x1},
                                        .y_span = {left.y0, left.y1}, .right_span = {right.y0, right.y1},
                                        .curve = curve, .curves = c->of[1].n ? 2 : 1}, path);
    free(xy);
    return code;
}
