/* SPDX-License-Identifier: MIT
 * Each cell at each length, trained with the same batches for as many updates; a test on sequences that no training saw.
 * Nothing is chosen by the test: the weights after the last update are measured. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab.h"

enum { LOOKS = 20, RESULTS = 256, LOOK_TESTS = 1000, NAME = 64 };

typedef struct {                         /* of one cell at one length */
    char cell[NAME];
    int length, looks;
    int64_t steps, weights;
    double value, chance, seconds, at[LOOKS + 1], curve[LOOKS + 1];     /* tests: after so many steps, what was measured */
    bool broke;                          /* training diverged */
} result;

typedef struct {
    lab *l;
    lab_form form;
    recur_model *m;
    recur_run *train, *test;
    lab_batch batch;
    int64_t tests;
    result *r;
} job;

/* Sums over test batches; chance: what the best constant answer gets. */
typedef struct { double error, sum, squares; int64_t n, hits, *seen; } score;

static void add_rows(const job *j, const float *z, int rows, int width, score *s)
{
    for (int i = 0; i < rows; i++) {
        const float *row = z + (size_t)i * (size_t)width;
        if (!j->form.classes) {
            double v = (double)j->batch.value[i], d = (double)row[0] - v;
            s->error += d * d, s->sum += v, s->squares += v * v, s->n++;
            continue;
        }
        int best = 0, y = j->batch.target[i];
        for (int k = 1; k < width; k++)
            best = row[k] > row[best] ? k : best;
        if (y >= 0)
            s->hits += best == y, s->n++, s->seen[y]++;
    }
}

static int measure(job *j, int64_t tests)
{
    score s = {.seen = calloc((size_t)j->form.classes + 1, sizeof *s.seen)};
    int64_t most = 0;
    for (uint64_t i = 0; s.seen && (int64_t)i * j->batch.B < tests; i++) {
        int rows, width;
        j->l->kind->fill(j->l, &j->form, &j->batch, i, true);
        recur_batch b = lab_packed(&j->form, &j->batch, j->batch.B);
        const float *z = recur_forward(j->test, &b, 0, &rows, &width);
        if (!z) {
            free(s.seen);
            return cli_fail(j->l->c, RECUR_ESHAPE);
        }
        add_rows(j, z, rows, width, &s);
    }
    for (int k = 0; s.seen && k < j->form.classes; k++)
        most = s.seen[k] > most ? s.seen[k] : most;
    free(s.seen);
    double n = (double)(s.n ? s.n : 1), mean = s.sum / n;
    j->r->value = j->form.classes ? (double)s.hits / n : s.error / n;
    j->r->chance = j->form.classes ? (double)most / n : s.squares / n - mean * mean;
    return CLI_DONE;
}

static bool solved(const lab_kind *k, const result *r)
{
    return !r->broke && (k->rising ? r->value >= k->solved : r->value <= k->solved);
}

static void show(const job *j, int64_t step, int64_t steps, double seconds, bool last)
{
    char number[32];
    const lab *l = j->l;
    if (l->c->common.quiet || (!last && !isatty(STDERR_FILENO)))
        return;
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    fprintf(stderr, "%s %d, %s: %s %lld/%lld, %s %s, %.0f s%s", l->kind->name, j->form.steps, j->r->cell, say(SAY_STEP), (long long)step,
            (long long)steps, l->kind->measure, cli_number(number, sizeof number, j->r->value), seconds, last ? "\n" : "");
}

static int look(job *j, int64_t tests)
{
    result *r = j->r;
    int code = measure(j, tests);
    if (code || r->looks > LOOKS)
        return code;
    r->at[r->looks] = (double)r->steps;
    r->curve[r->looks++] = r->value;
    return CLI_DONE;
}

/* Tests on the way are counted in steps or, with --time, in parts of the time. */
static int train(job *j)
{
    const lab_own *o = j->l->own;
    result *r = j->r;
    int64_t steps = o->steps, few = j->tests < LOOK_TESTS ? j->tests : LOOK_TESTS;
    bool timed = o->time > 0;
    double began = lab_now(), used = 0, next = 1;
    for (double part = 0; !r->broke && part < 1; part = timed ? used / o->time : (double)r->steps / (double)steps) {
        if (part * LOOKS >= next) {
            int code = look(j, few);
            if (code)
                return code;
            show(j, r->steps, timed ? r->steps : steps, lab_now() - began, false);
            next = floor(part * LOOKS) + 1;
        }
        j->l->kind->fill(j->l, &j->form, &j->batch, (uint64_t)r->steps, false);
        recur_batch b = lab_packed(&j->form, &j->batch, j->batch.B);
        r->broke = isnan(lab_step(j->l, j->train, &b, r->steps, steps));
        r->steps += !r->broke;
        used = lab_now() - began;
    }
    r->seconds = lab_now() - began;
    int code = look(j, j->tests);
    if (!code)
        show(j, r->steps, timed ? r->steps : steps, r->seconds, true);
    return code;
}

static void count_weights(job *j)
{
    recur_param p;
    for (int i = 0; recur_model_param(j->m, i, &p) == RECUR_OK; i++)
        j->r->weights += (int64_t)p.n;
}

static int one(job *j)
{
    const lab *l = j->l;
    char net[512];
    int B = (int)l->own->batch;
    j->tests = l->own->tests > 0 ? l->own->tests : l->count > 0 ? l->count : l->kind->tests;
    l->kind->form(l, j->r->length, &j->form);
    j->r->length = j->form.steps;
    if (!lab_net(l, j->r->cell, net, sizeof net)) {
        cli_note("%s", recur_strerror(RECUR_ESPEC));
        return CLI_USAGE;
    }
    recur_dims d = {.B = B, .T = j->form.steps, .train = 1}, t = {.B = B, .T = j->form.steps, .scores = 1};
    int code = lab_model(l, &j->form, net, &j->m), e = RECUR_OK;
    if (!code)
        code = lab_batch_new(&j->form, B, &j->batch);
    if (!code && ((e = recur_run_new(l->c->r, &j->train, j->m, &d)) < 0 || (e = recur_run_new(l->c->r, &j->test, j->m, &t)) < 0))
        code = cli_fail(l->c, e);
    if (!code) {
        count_weights(j);
        code = train(j);
    }
    lab_batch_free(&j->batch);
    recur_run_free(j->test);
    recur_run_free(j->train);
    recur_model_free(j->m);
    return code;
}

/* --- what is said of it --- */

static void print_json(const lab *l, const result *r)
{
    json_t *o = json_pack("{s:s,s:s,s:i,s:s,s:f,s:f,s:b,s:b,s:I,s:I,s:f,s:I}", "experiment", l->kind->name, "cell", r->cell, "length",
                          r->length, "measure", l->kind->measure, "value", r->value, "constant", r->chance, "learnt",
                          solved(l->kind, r), "diverged", r->broke, "steps", (json_int_t)r->steps, "weights", (json_int_t)r->weights,
                          "seconds", r->seconds, "seed", (json_int_t)l->own->seed);
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
    json_decref(o);
    putchar('\n');
    fflush(stdout);
}

/* Cells by lengths: r[cell * lengths + length]. */
static void print_table(const lab *l, const result *r, int cells, int lengths)
{
    char number[32];
    cli_table *t = cli_table_new(lengths + 1);
    cli_cell(t, "%s", l->kind->measure);
    for (int k = 0; k < lengths; k++)
        cli_cell(t, say(SAY_LAB_STEPS), r[k].length);
    for (int i = 0; i < cells; i++) {
        cli_cell(t, "%s", r[i * lengths].cell);
        for (int k = 0; k < lengths; k++) {
            const result *one_ = &r[i * lengths + k];
            cli_cell(t, "%s%s", cli_number(number, sizeof number, one_->value), one_->broke ? " !" : solved(l->kind, one_) ? " *" : "  ");
        }
    }
    cli_cell(t, "%s", say(SAY_LAB_CONSTANT));
    for (int k = 0; k < lengths; k++)
        cli_cell(t, "%s  ", cli_number(number, sizeof number, r[k].chance));
    cli_table_end(t, stdout);
    if (!l->c->common.quiet)
        printf(say(SAY_LAB_LEARNT), l->kind->measure, l->kind->rising ? ">=" : "<=", cli_number(number, sizeof number, l->kind->solved));
}

/* One length: what was measured over the steps; several: the end over the length. */
static int plot(const lab *l, const result *r, int cells, int lengths)
{
    cli_series s[RESULTS] = {{0}};
    double x[RESULTS], y[RESULTS];
    char title[NAME];
    for (int i = 0; i < cells; i++) {
        const result *row = &r[i * lengths];
        s[i] = (cli_series){.name = row->cell, .color = i, .n = lengths, .x = x + i * lengths, .y = y + i * lengths, .dashed = i >= 8};
        for (int k = 0; k < lengths; k++)
            x[i * lengths + k] = row[k].length, y[i * lengths + k] = row[k].value;
        if (lengths == 1)
            s[i].n = row->looks, s[i].x = row->at, s[i].y = row->curve;
    }
    snprintf(title, sizeof title, lengths == 1 ? "%s, %d" : "%s", l->kind->name, r->length);
    return cli_svg_plot(&(cli_plot){.title = title, .x = say(lengths == 1 ? SAY_STEP : SAY_LAB_LENGTH), .y = l->kind->measure,
                                    .x_log = lengths > 1, .y_log = !l->kind->rising, .curve = s, .curves = cells}, l->own->plot);
}

int lab_compare(lab *l)
{
    static result r[RESULTS];
    int cells = 0, lengths = 0, n = 0, code = CLI_DONE;
    char cell[NAME], length[NAME];
    for (const char *c = lab_cells(l); lab_item(&c, cell, sizeof cell) && !code; cells++) {
        lengths = 0;
        for (const char *k = lab_lengths(l); lab_item(&k, length, sizeof length) && !code; lengths++) {
            int steps = atoi(length);
            if (n == RESULTS || steps < 0 || (steps < 4 && !l->kind->open)) {
                cli_note(say(SAY_LAB_BAD_LENGTH), length);
                return CLI_USAGE;
            }
            r[n] = (result){.length = steps};
            snprintf(r[n].cell, sizeof r[n].cell, "%s", cell);
            job j = {.l = l, .r = &r[n++]};
            code = one(&j);
            if (!code && l->c->common.json)
                print_json(l, j.r);
        }
    }
    if (!code && !n) {
        cli_note("%s", say(SAY_LAB_NO_CELLS));
        code = CLI_USAGE;
    }
    if (!code && !l->c->common.json)
        print_table(l, r, cells, lengths);
    return code || !l->own->plot ? code : plot(l, r, cells, lengths);
}
