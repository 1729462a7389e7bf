/* SPDX-License-Identifier: MIT
 * Gradient through time: |dL/dh_t| of each recurrent layer over the steps between t and the loss at the end of the
 * sequence, before and after training (Hochreiter 1991; Bengio, Simard & Frasconi 1994; Pascanu, Mikolov & Bengio 2013).
 *   recur lab gradients                        cells side by side on the adding problem
 *   recur lab gradients TASK FILE...           a net of --net on any data, before and after --steps updates
 *   recur lab gradients M.recur FILE...        a trained model on any data
 * Where each step has a target only one's counts, so that the distance to the loss is one number: the last one's, and for
 * a reverse direction, which ends there, the first one's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab.h"

/* Targets of the batch's head 0 where only the last step of each sequence counts, or the first; NULL: one a sequence as
 * it is. */
static int32_t *end_targets(const recur_batch *b, int rows, bool first)
{
    int32_t *y = b->target[0] && !b->list_at[0] && rows == b->N && b->T > 1 ? malloc((size_t)rows * sizeof *y) : NULL;
    for (int t = 0, n = 0; y && t < b->T; t++) {
        int alive = b->alive ? b->alive[t] : b->B, next = t + 1 < b->T ? (b->alive ? b->alive[t + 1] : b->B) : 0;
        for (int s = 0; s < alive; s++, n++)
            y[n] = (first ? t == 0 : s >= next) ? b->target[0][n] : -1;
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

static bool is_reverse(const char *name)
{
    size_t n = strlen(name);
    return n > 2 && strcmp(name + n - 2, ".r") == 0;
}

/* Which step of a sequence has the loss; a target for the whole sequence is heard at both ends. */
enum end { AT_LAST = 1, AT_FIRST = 2, AT_BOTH = 3 };
typedef struct { const char *net, *when; enum end end; int seen; } view;      /* seen: traces, kept or not */

/* Adds what the run has kept, one trace a layer and direction that ends where the loss is. */
static int keep(lab_traces *all, const recur_model *m, recur_run *u, int B, view *v)
{
    recur_norms n;
    for (v->seen = 0; all->n < LAB_TRACES && recur_gradient_norms(u, v->seen, &n) == RECUR_OK; v->seen++) {
        if (!(v->end & (is_reverse(n.name) ? AT_FIRST : AT_LAST)))
            continue;
        lab_trace *t = &all->t[all->n];
        if (!(t->norm = calloc((size_t)n.steps, sizeof *t->norm)))
            return CLI_MEMORY;
        all->n++;
        t->n = n.steps;
        t->whole = whole_norm(m, u);
        for (int k = 0; k < n.steps; k++)
            t->norm[k] = n.norm[k] * B;              /* of a sequence's own loss; the batch's is their mean */
        snprintf(t->name, sizeof t->name, "%s%s%s, %s", v->net, *v->net ? " " : "", n.name, v->when);
        if (!(t->whole > 0 || isnan(t->whole))) {    /* not even the head hears a loss */
            cli_note("%s", say(SAY_LAB_NO_TARGET));
            return CLI_DATA;
        }
    }
    return CLI_DONE;
}

/* A pass forward and back over the batch, with the loss at one end of its sequences. */
static int pass(lab_traces *all, recur_model *m, recur_batch b, view *v)
{
    const lab *l = all->l;
    recur_run *u = NULL;
    recur_dims d = {.B = b.B, .T = b.T, .N = b.N, .train = 1, .scores = 1, .trace = 1};
    int rows = 0, e;
    if (b.side)
        d.side.B = b.side->B, d.side.T = b.side->T, d.side.N = b.side->N;
    b.fresh = 1;
    if ((e = recur_run_new(l->c->r, &u, m, &d)) < 0)
        return cli_fail(l->c, e);
    int32_t *end = recur_forward(u, &b, 0, &rows, NULL) ? end_targets(&b, rows, v->end == AT_FIRST) : NULL;
    if (end)
        b.target[0] = end;
    else
        v->end = AT_BOTH;
    int code = isnan(recur_loss(u, &b)) ? cli_fail(l->c, RECUR_EDATA) : CLI_DONE;
    if (!code) {
        recur_backward(u);
        code = keep(all, m, u, b.B, v);
    }
    recur_run_free(u);
    free(end);
    return code;
}

static int look(lab_traces *all, recur_model *m, const recur_batch *batch, const char *net, const char *when)
{
    view last = {net, when, AT_LAST, 0}, first = {net, when, AT_FIRST, 0};
    int before = all->n, code = pass(all, m, *batch, &last);
    if (!code && last.end == AT_LAST && all->n - before < last.seen)
        code = pass(all, m, *batch, &first);
    if (code)
        return code;
    if (last.seen == 1 && *net)               /* the cell says it all */
        snprintf(all->t[all->n - 1].name, LAB_NAME, "%s, %s", net, when);
    if (last.seen == 0)
        cli_note("%s", say(SAY_LAB_NOT_RECURRENT));
    return last.seen ? CLI_DONE : CLI_USAGE;
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

static int one_cell(lab_traces *all, const char *cell)
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

static int cells(lab_traces *all)
{
    char cell[64];
    int code = CLI_DONE;
    for (const char *c = lab_cells(all->l); !code && lab_item(&c, cell, sizeof cell);)
        code = one_cell(all, cell);
    return code;
}

/* --- any net, any data --- */

/* The options that say how files are read; what else training has is as it usually is. */
static recur_train_options reading(const lab *l)
{
    recur_train_options o = *(const recur_train_options *)l->c->library;
    int said, all;
    const recur_option *row = recur_train_table(&all);
    cli_data_rows(&said);
    recur_option_defaults(row + said, all - said, &o);
    return o;
}

static int first_batch(const lab *l, recur_data *d, recur_batch *b)
{
    int length = atoi(lab_lengths(l));
    recur_data_start(d, (int)l->own->batch, length > 0 ? length : 1, 0, 0);
    int e = recur_data_next(d, b);
    return e < 0 ? cli_fail(l->c, e) : CLI_DONE;
}

static int fit(const lab *l, recur_model *m, recur_data *d)
{
    recur_train_options o = reading(l);
    o.steps = l->own->steps;
    o.batch = l->own->batch;
    if (strcmp(recur_model_task(m), "lm") == 0)
        o.bptt = atoi(lab_lengths(l));
    o.seed = l->own->seed;
    o.optimizer = l->own->optimizer;
    o.lr = l->own->lr;
    o.clip = l->own->clip;
    int e = recur_fit(m, d, NULL, &o, NULL, NULL);
    return e < 0 ? cli_fail(l->c, e) : CLI_DONE;
}

static int files(lab_traces *all)
{
    lab *l = all->l;
    const char *first = l->c->arg[1];
    bool trained = access(first, R_OK) == 0;
    recur_train_options o = reading(l);
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
        e = recur_data_files(l->c->r, &d, trained ? NULL : first, l->c->arg + 2, l->c->args - 2, &o, m);
    if (!code && e >= 0 && *recur_warning(l->c->r))
        cli_note("%s", recur_warning(l->c->r));
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

static int run(lab *l)
{
    lab_traces all = {.l = l};
    const char *lengths = lab_lengths(l);
    char length[64];
    if (lab_item(&lengths, length, sizeof length) && lab_item(&lengths, length, sizeof length)) {
        cli_note(say(SAY_LAB_ONE_LENGTH), lab_lengths(l));
        return CLI_USAGE;
    }
    int code = l->c->args > 1 ? files(&all) : cells(&all);
    if (!code)
        code = lab_traces_say(&all);
    for (int i = 0; i < all.n; i++)
        free(all.t[i].norm);
    return code;
}

const lab_kind lab_gradients = {
    .name = "gradients", .what = SAY_LAB_GRADIENTS, .cells = "rnn,lstm,gru", .lengths = "100",
    .net = "input | %s | pool last | dense | square", .measure = "norm", .size = 32, .steps = 200, .lr = 3e-3, .run = run};
