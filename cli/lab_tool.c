/* SPDX-License-Identifier: MIT
 * What the experiments of `recur lab` share: random numbers, lists of cells, models from one line, batches, an update. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab.h"

/* splitmix64 (Steele, Lea & Flood 2014): the same on every machine. */
uint64_t lab_draw(uint64_t *key)
{
    uint64_t z = *key += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t lab_key(uint64_t seed, uint64_t a, uint64_t b)
{
    uint64_t k = seed, x = lab_draw(&k) ^ a;
    uint64_t y = lab_draw(&x) ^ b;
    return lab_draw(&y);
}

double lab_uniform(uint64_t *key) { return (double)(lab_draw(key) >> 11) / 9007199254740992.0; }

double lab_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

const char *lab_cells(const lab *l) { return l->own->cells ? l->own->cells : l->kind->cells; }
const char *lab_lengths(const lab *l) { return l->own->lengths ? l->own->lengths : l->kind->lengths; }

int lab_item(const char **list, char *out, size_t n)
{
    const char *at = *list + strspn(*list, ", ");
    size_t long_ = strcspn(at, ",");
    *list = at + long_;
    snprintf(out, n, "%.*s", (int)long_, at);
    return long_ > 0;
}

int lab_net(const lab *l, const char *cell, char *out, size_t n)
{
    const char *net = l->own->net ? l->own->net : l->kind->net, *hole = strstr(net, "%s");
    size_t word = strcspn(cell, " ");
    const char *rest = cell + word + strspn(cell + word, " ");
    char sized[256];
    if (strspn(rest, "0123456789") > 0)
        snprintf(sized, sizeof sized, "%s", cell);
    else
        snprintf(sized, sizeof sized, "%.*s %lld%s%s", (int)word, cell, (long long)l->own->size, *rest ? " " : "", rest);
    if (!hole)
        return snprintf(out, n, "%s", net) < (int)n;
    return snprintf(out, n, "%.*s%s%s", (int)(hole - net), net, sized, hole + 2) < (int)n;
}

/* --gain: recurrent weights, which start orthogonal, times a number: above 1 gradients explode, below they vanish. */
static void stretch(recur_model *m, double gain)
{
    recur_param p;
    for (int i = 0; recur_model_param(m, i, &p) == RECUR_OK; i++) {
        size_t n = strlen(p.name);
        if (n > 3 && strcmp(p.name + n - 3, ".wh") == 0)
            for (size_t k = 0; k < p.n; k++)
                p.w[k] *= (float)gain;
    }
    recur_model_touch(m);
}

int lab_model(const lab *l, const lab_form *f, const char *net, recur_model **out)
{
    const int32_t none = 0;
    const float *zeros = calloc((size_t)(f->features + f->outputs) + 1, sizeof *zeros);
    recur_data *d = NULL;
    recur_arrays a = {.count = 1, .steps = 1, .features = f->features, .vocabulary = f->vocabulary, .classes = f->classes,
                      .outputs = f->outputs, .per_step = f->per_step, .x = f->features ? zeros : NULL,
                      .ids = f->features ? NULL : &none, .label = f->classes ? &none : NULL, .value = f->outputs ? zeros : NULL};
    int e = zeros ? recur_data_arrays(l->c->r, &d, &a) : RECUR_ENOMEM;
    if (e >= 0)
        e = recur_model_new(l->c->r, out, net, d, (uint64_t)l->own->seed);
    recur_data_close(d);
    free((void *)(uintptr_t)zeros);
    if (e < 0)
        return cli_fail(l->c, e);
    if (l->own->gain != 1)
        stretch(*out, l->own->gain);
    return CLI_DONE;
}

int lab_batch_new(const lab_form *f, int B, lab_batch *out)
{
    size_t rows = (size_t)f->steps * (size_t)B;
    *out = (lab_batch){.B = B};
    if (f->features)
        out->x = calloc(rows * (size_t)f->features, sizeof *out->x);
    else
        out->ids = calloc(rows, sizeof *out->ids);
    if (f->classes)
        out->target = calloc(f->per_step ? rows : (size_t)B, sizeof *out->target);
    else
        out->value = calloc((size_t)B * (size_t)f->outputs, sizeof *out->value);
    if ((out->x || out->ids) && (out->target || out->value))
        return CLI_DONE;
    lab_batch_free(out);
    cli_note("%s", recur_strerror(RECUR_ENOMEM));
    return CLI_MEMORY;
}

void lab_batch_free(lab_batch *b)
{
    free(b->x);
    free(b->ids);
    free(b->target);
    free(b->value);
    *b = (lab_batch){0};
}

recur_batch lab_packed(const lab_form *f, const lab_batch *b, int B)
{
    return (recur_batch){.T = f->steps, .B = B, .N = f->steps * B, .C = b->ids ? 1 : 0, .F = f->features, .ids = b->ids, .x = b->x,
                         .target = {b->target}, .value = {b->value}, .fresh = 1};
}

/* The rate rises over the first hundredth of the steps and falls to 0 along a cosine; with --time, whose steps are not
 * known, it stays where it is. */
static double rate(const lab *l, int64_t step, int64_t steps)
{
    const double pi = 3.14159265358979323846;
    double warm = 0.01 * (double)steps + 1, at = (double)step + 1;
    double part = at < warm ? at / warm : 1;
    if (!(l->own->time > 0))
        part *= 0.5 * (1 + cos(pi * (double)step / (double)steps));
    return l->own->lr * part;
}

double lab_step(const lab *l, recur_run *u, const recur_batch *b, int64_t step, int64_t steps)
{
    const recur_step_options how = {.optimizer = l->own->optimizer, .lr = rate(l, step, steps), .clip = l->own->clip};
    double loss = recur_loss(u, b);
    if (!isfinite(loss))
        return (double)NAN;
    recur_backward(u);
    return recur_update(u, &how, NULL) < 0 ? (double)NAN : loss;
}
