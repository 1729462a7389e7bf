/* SPDX-License-Identifier: MIT
 * What is said of the gradients of `recur lab gradients`: norms by distance as a table, JSON lines, a figure. */
#include <math.h>
#include <stdlib.h>

#include "lab.h"

/* The factor by which a step takes or gives, over the whole way as far as there is a gradient; NAN: there is no way. */
static double factor(const lab_trace *t)
{
    int last = t->n - 1;
    while (last > 0 && !(t->norm[last] > 0))
        last--;
    return last > 0 && t->norm[0] > 0 ? pow(t->norm[last] / t->norm[0], 1.0 / last) : (double)NAN;
}

static double clipped(const lab *l, const lab_trace *t)
{
    return !isfinite(t->whole) ? 0 : l->own->clip > 0 && t->whole > l->own->clip ? l->own->clip / t->whole : 1;
}

static json_t *real_or_null(double x) { return isfinite(x) ? json_real(x) : json_null(); }

static void print_json(const lab *l, const lab_trace *t)
{
    json_t *norm = json_array();
    for (int k = 0; k < t->n; k++)
        json_array_append_new(norm, real_or_null(t->norm[k]));
    json_t *o = json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:I}", "experiment", l->kind->name, "net", t->name, "norm", norm, "factor",
                          real_or_null(factor(t)), "gradient_norm", real_or_null(t->whole), "clipped", real_or_null(clipped(l, t)),
                          "seed", (json_int_t)l->own->seed);
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
    json_decref(o);
    putchar('\n');
}

/* The distances shown: 0, then 1, 2 or 5 times a power of ten, at last the longest. */
static int distance(int i, int most)
{
    static const int unit[] = {1, 2, 5};
    int k = i ? 1 : 0;
    for (int j = 1; j < i && k < most; j++)
        k = unit[j % 3] * (k / unit[(j - 1) % 3]) * (j % 3 ? 1 : 10);
    return k < most ? k : most;
}

static void number(cli_table *t, double x)
{
    char text[32];
    cli_cell(t, "%s", isfinite(x) ? cli_number(text, sizeof text, x) : isnan(x) ? "-" : "inf");
}

static void print_table(const lab_traces *all)
{
    int most = 0, columns = 1;
    for (int i = 0; i < all->n; i++)
        most = all->t[i].n - 1 > most ? all->t[i].n - 1 : most;
    while (distance(columns - 1, most) < most)
        columns++;
    cli_table *t = cli_table_new(columns + 4);
    cli_cell(t, "%s", say(SAY_LAB_BACK));
    for (int k = 0; k < columns; k++)
        cli_cell(t, "%d", distance(k, most));
    for (int w = SAY_LAB_FACTOR; w <= SAY_LAB_CLIPPED; w++)
        cli_cell(t, "%s", say((enum cli_word)w));
    for (int i = 0; i < all->n; i++) {
        const lab_trace *one = &all->t[i];
        cli_cell(t, "%s", one->name);
        for (int k = 0; k < columns; k++) {
            if (distance(k, most) < one->n)
                number(t, one->norm[distance(k, most)]);
            else
                cli_cell(t, "-");
        }
        number(t, factor(one));
        number(t, one->whole);
        cli_cell(t, "%.0f %%", 100 * clipped(all->l, one));
    }
    cli_table_end(t, stdout);
}

static int plot(const lab_traces *all)
{
    cli_series s[LAB_TRACES] = {{0}};
    int most = 1;
    for (int i = 0; i < all->n; i++)
        most = all->t[i].n > most ? all->t[i].n : most;
    double *x = calloc((size_t)most, sizeof *x);
    for (int k = 0; x && k < most; k++)
        x[k] = k;
    for (int i = 0; i < all->n; i++)
        s[i] = (cli_series){.name = all->t[i].name, .n = all->t[i].n, .x = x, .y = all->t[i].norm, .color = i / 2, .dashed = i % 2 == 0};
    int code = x ? cli_svg_plot(&(cli_plot){.title = say(SAY_LAB_GRADIENTS), .x = say(SAY_LAB_BACK), .y = "|dL/dh|", .y_log = true,
                                            .curve = s, .curves = all->n}, all->l->own->plot) : CLI_MEMORY;
    free(x);
    return code;
}

int lab_traces_say(const lab_traces *all)
{
    for (int i = 0; i < all->n && all->l->c->common.json; i++)
        print_json(all->l, &all->t[i]);
    if (!all->l->c->common.json)
        print_table(all);
    return all->l->own->plot ? plot(all) : CLI_DONE;
}
