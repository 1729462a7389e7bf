/* SPDX-License-Identifier: MIT
 * Gradient through time: |dL/dh_t| of each recurrent layer over the steps between t and the loss at the end of the
 * sequence, before and after training (Hochreiter 1991; Bengio, Simard & Frasconi 1994; Pascanu, Mikolov & Bengio 2013).
 *   recur lab gradients                        cells side by side on the adding problem
 *   recur lab gradients TASK FILE...           a net of --net on any data, before and after --steps updates
 *   recur lab gradients M.recur FILE...        a trained model on any data
 * Where each step has a target only the last one's counts, so that the distance to the loss is one number. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab.h"

enum { TRACES = 64, NAME = 160 };

typedef struct { char name[NAME]; int n; double *norm, whole; } trace;  /* of a layer and direction; whole: of all weights */
typedef struct { lab *l; trace t[TRACES]; int n; } traces;

/* Targets of the batch's head 0 where only the last step of each sequence counts; NULL: one a sequence as it is. */
static int32_t *last_targets(const recur_batch *b, int rows)
{
    int32_t *y = b->target[0] && !b->list_at[0] && rows == b->N && b->T > 1 ? malloc((size_t)rows * sizeof *y) : NULL;
    for (int t = 0, n = 0; y && t < b->T; t++) {
        int alive = b->alive ? b->alive[t] : b->B, next = t + 1 < b->T ? (b->alive ? b->alive[t + 1] : b->B) : 0;
        for (int s = 0; s < alive; s++, n++)
            y[n] = s >= next ? b->target[0][n] : -1;
    }
    return y;
}

static double whole_norm(const recur_model *m, const recur_run *u)
{
    recur_param p;
    double sum = 0;
    for (int i = 0; recur_model_param(m, i, &p) == RECUR_OK; i++) {
        const float *g = recur_gradient(u, i);
        for (size_t k = 0; g && k < p.n; k++)
            sum += (double)g[k] * (double)g[k];
    }
    return sqrt(sum);
}

/* Adds what the run has kept, one trace a layer and direction. */
static int keep(traces *all, const recur_model *m, recur_run *u, int B, const char *net, const char *when)
{
    recur_norms n;
    int i = 0;
    for (; all->n < TRACES && recur_gradient_norms(u, i, &n) == RECUR_OK; i++) {
        trace *t = &all->t[all->n];
        if (!(t->norm = calloc((size_t)n.steps, sizeof *t->norm)))
            return CLI_MEMORY;
        all->n++;
        t->n = n.steps;
        t->whole = whole_norm(m, u);
        for (int k = 0; k < n.steps; k++)
            t->norm[k] = n.norm[k] * B;              /* of a sequence's own loss; the batch's is their mean */
        snprintf(t->name, NAME, "%s%s%s, %s", net, *net ? " " : "", n.name, when);
    }
    if (i == 1 && *net)                  /* the cell says it all */
        snprintf(all->t[all->n - 1].name, NAME, "%s, %s", net, when);
    if (i == 0)
        cli_note("%s", say(SAY_LAB_NOT_RECURRENT));
    return i ? CLI_DONE : CLI_USAGE;
}

static int look(traces *all, recur_model *m, const recur_batch *batch, const char *net, const char *when)
{
    const lab *l = all->l;
    recur_batch b = *batch;
    recur_run *u = NULL;
    recur_dims d = {.B = b.B, .T = b.T, .N = b.N, .train = 1, .scores = 1, .trace = 1};
    int rows = 0, e;
    if (b.side)
        d.side.B = b.side->B, d.side.T = b.side->T, d.side.N = b.side->N;
    b.fresh = 1;
    if ((e = recur_run_new(l->c->r, &u, m, &d)) < 0)
        return cli_fail(l->c, e);
    int32_t *last = recur_forward(u, &b, 0, &rows, NULL) ? last_targets(&b, rows) : NULL;
    if (last)
        b.target[0] = last;
    int code = isnan(recur_loss(u, &b)) ? cli_fail(l->c, RECUR_EDATA) : CLI_DONE;
    if (!code) {
        recur_backward(u);
        code = keep(all, m, u, b.B, net, when);
    }
    recur_run_free(u);
    free(last);
    return code;
}

/* --- cells side by side on the adding problem --- */

extern const lab_kind lab_adding;

/* Updates that went well are left in `done`: an exploding gradient ends training, not the experiment. */
static int learn(const lab *l, const lab_form *f, recur_model *m, lab_batch *rows, int *done)
{
    recur_run *u;
    recur_dims d = {.B = rows->B, .T = f->steps, .train = 1};
    int e = recur_run_new(l->c->r, &u, m, &d), steps = (int)l->own->steps;
    if (e < 0)
        return cli_fail(l->c, e);
    for (*done = 0; *done < steps; ++*done) {
        lab_adding.fill(l, f, rows, (uint64_t)*done, false);
        recur_batch b = lab_packed(f, rows, rows->B);
        if (isnan(lab_step(l, u, &b, *done, steps)))
            break;
    }
    recur_run_free(u);
    return CLI_DONE;
}

static int one_cell(traces *all, const char *cell)
{
    const lab *l = all->l;
    char net[512], after[80];
    lab_form f;
    lab_batch rows = {0};
    recur_model *m = NULL;
    int length = atoi(lab_lengths(l)), done = 0;
    if (length < 4 || !lab_net(l, cell, net, sizeof net)) {
        cli_note(say(SAY_LAB_BAD_LENGTH), lab_lengths(l));
        return CLI_USAGE;
    }
    lab_adding.form(l, length, &f);
    int code = lab_batch_new(&f, (int)l->own->batch, &rows);
    if (!code)
        code = lab_model(l, &f, net, &m);
    recur_batch b = lab_packed(&f, &rows, rows.B);
    for (int k = 0; k < 2 && !code; k++) {
        if (k)
            code = learn(l, &f, m, &rows, &done);
        snprintf(after, sizeof after, say(done < l->own->steps ? SAY_LAB_BROKE : SAY_LAB_AFTER), (long long)done);
        lab_adding.fill(l, &f, &rows, 0, true);
        if (!code)
            code = look(all, m, &b, cell, k ? after : say(SAY_LAB_BEFORE));
    }
    recur_model_free(m);
    lab_batch_free(&rows);
    return code;
}

static int cells(traces *all)
{
    char cell[64];
    int code = CLI_DONE;
    for (const char *c = lab_cells(all->l); !code && lab_item(&c, cell, sizeof cell);)
        code = one_cell(all, cell);
    return code;
}

/* --- any net, any data --- */

static int first_batch(const lab *l, recur_data *d, recur_batch *b)
{
    int length = atoi(lab_lengths(l));
    recur_data_start(d, (int)l->own->batch, length > 0 ? length : 1, 0, 0);
    int e = recur_data_next(d, b);
    return e < 0 ? cli_fail(l->c, e) : CLI_DONE;
}

static int fit(const lab *l, recur_model *m, recur_data *d)
{
    recur_train_options o = recur_train_defaults();
    o.steps = l->own->steps;
    o.batch = l->own->batch;
    o.bptt = atoi(lab_lengths(l));
    o.seed = l->own->seed;
    o.optimizer = l->own->optimizer;
    o.lr = l->own->lr;
    o.clip = l->own->clip;
    int e = recur_fit(m, d, NULL, &o, NULL, NULL);
    return e < 0 ? cli_fail(l->c, e) : CLI_DONE;
}

static int files(traces *all)
{
    lab *l = all->l;
    const char *first = l->c->arg[1];
    bool trained = access(first, R_OK) == 0;
    recur_model *m = NULL;
    recur_data *d = NULL;
    recur_batch b;
    char after[80];
    int code = trained ? cli_load(l->c, &m, first) : CLI_DONE, e = RECUR_OK;
    if (!code && l->c->args < 3) {
        cli_note(say(SAY_TOO_FEW), "lab", "lab", "gradients TASK|M.recur FILE...");
        code = CLI_USAGE;
    }
    if (!code)
        e = recur_data_files(l->c->r, &d, trained ? NULL : first, l->c->arg + 2, l->c->args - 2, NULL, m);
    if (!code && e >= 0 && !trained)
        e = recur_model_new(l->c->r, &m, l->own->net, d, (uint64_t)l->own->seed);
    if (!code && e < 0)
        code = cli_fail(l->c, e);
    snprintf(after, sizeof after, say(SAY_LAB_AFTER), (long long)l->own->steps);
    for (int k = trained; k < 2 && !code; k++) {
        if (k && !trained)
            code = fit(l, m, d);
        if (!code)
            code = first_batch(l, d, &b);
        if (!code)
            code = look(all, m, &b, "", trained ? say(SAY_LAB_NOW) : k ? after : say(SAY_LAB_BEFORE));
    }
    recur_data_close(d);
    recur_model_free(m);
    return code;
}

/* --- what is said of it --- */

/* The factor by which a step takes or gives, over the whole way as far as there is a gradient. */
static double factor(const trace *t)
{
    int last = t->n - 1;
    while (last > 0 && !(t->norm[last] > 0))
        last--;
    return last > 0 && t->norm[0] > 0 ? pow(t->norm[last] / t->norm[0], 1.0 / last) : (double)NAN;
}

static double clipped(const lab *l, const trace *t)
{
    return !isfinite(t->whole) ? 0 : l->own->clip > 0 && t->whole > l->own->clip ? l->own->clip / t->whole : 1;
}

static json_t *real_or_null(double x) { return isfinite(x) ? json_real(x) : json_null(); }

static void print_json(const lab *l, const trace *t)
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
    cli_cell(t, "%s", isfinite(x) ? cli_number(text, sizeof text, x) : "inf");
}

static void print_table(const traces *all)
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
        const trace *one = &all->t[i];
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

static int plot(const traces *all)
{
    cli_series s[TRACES] = {{0}};
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

static int run(lab *l)
{
    traces all = {.l = l};
    int code = l->c->args > 1 ? files(&all) : cells(&all);
    for (int i = 0; i < all.n && !code && l->c->common.json; i++)
        print_json(l, &all.t[i]);
    if (!code && !l->c->common.json)
        print_table(&all);
    if (!code && l->own->plot)
        code = plot(&all);
    for (int i = 0; i < all.n; i++)
        free(all.t[i].norm);
    return code;
}

const lab_kind lab_gradients = {
    .name = "gradients", .what = SAY_LAB_GRADIENTS, .cells = "rnn,lstm,gru", .lengths = "100",
    .net = "input | %s | pool last | dense | square", .measure = "norm", .size = 32, .steps = 200, .lr = 3e-3, .run = run};
