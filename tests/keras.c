/* SPDX-License-Identifier: MIT
 * keras.c - numbers of Keras' own unit tests, where the conformance data lie beside the project.
 *
 * Keras masks steps anywhere and keeps the state there; here a sequence has no dead steps, so masked ones are taken out
 * before and the outputs put back after.  All weights of a case are one constant, but for the forget gate's bias. */
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "net/net.h"

enum { MOST = 256, SKIPPED = 77 };

typedef struct {
    recur *r;
    const json_t *j, *options;
    const char *layer, *merge;   /* merge NULL: one direction */
    int B, T, F, H;
    bool reverse, sequences, zeros;
} kcase;

static bool flag(const json_t *o, const char *name) { return json_is_true(json_object_get(o, name)); }
static double real_of(const json_t *o, const char *name) { return json_number_value(json_object_get(o, name)); }
static const json_t *at(const json_t *a, int i) { return json_array_get(a, (size_t)i); }

static void fill(const rc_net *net, real *w, const char *tail, bool backward, double value)
{
    for (int i = 0; i < net->params.n; i++) {
        const rc_param *p = &net->params.p[i];
        const char *what = strrchr(p->name, '.') + 1;
        if (strcmp(what, tail) != 0 || (strstr(p->name, ".r.") != NULL) != backward) continue;
        for (size_t k = 0; k < p->n; k++) w[p->at + k] = (real)value;
    }
}

/* Keras' start: with unit_forget_bias the forget block (ours: the second) is 1. */
static void fill_direction(const kcase *c, const rc_net *net, real *w, bool backward)
{
    const json_t *back = json_object_get(c->options, "backward"), *from = backward && back ? back : c->j;
    const json_t *use = json_object_get(c->options, "use_bias"), *unit = json_object_get(c->options, "unit_forget_bias");
    double bias = use && !json_is_true(use) ? 0 : real_of(from, "bias_const");
    fill(net, w, "wx", backward, real_of(from, "kernel_const"));
    fill(net, w, "wh", backward, real_of(from, "recurrent_const"));
    fill(net, w, "b", backward, bias);
    fill(net, w, "bh", backward, bias);
    if (strcmp(c->layer, "LSTM") != 0 || bias == 0 || (unit && !json_is_true(unit))) return;
    for (int i = 0; i < net->params.n; i++) {
        const rc_param *p = &net->params.p[i];
        const char *what = strrchr(p->name, '.') + 1;
        if (strcmp(what, "b") != 0 || (strstr(p->name, ".r.") != NULL) != backward) continue;
        for (int k = 0; k < c->H; k++) w[p->at + (size_t)(c->H + k)] = 1;
    }
}

/* initial_state is [states of forward, then of backward][B][H]: the learnt initial state of a net for sequence b. */
static void fill_state(const kcase *c, const rc_net *net, real *w, int b)
{
    const json_t *states = json_object_get(c->options, "initial_state");
    int S = strcmp(c->layer, "LSTM") == 0 ? 2 : 1;
    for (int i = 0; states && i < net->params.n; i++) {
        const rc_param *p = &net->params.p[i];
        const char *what = strrchr(p->name, '.') + 1;
        if (strcmp(what, "h0") != 0 && strcmp(what, "c0") != 0) continue;
        int s = (*what == 'c') + (strstr(p->name, ".r.") ? S : 0);
        for (int k = 0; k < c->H; k++) w[p->at + (size_t)k] = (real)json_number_value(at(at(at(states, s), b), k));
    }
}

/* Steps of sequence b that count; their number. */
static int steps_of(const kcase *c, int b, int *step)
{
    const json_t *mask = json_object_get(c->options, "mask");
    int n = 0;
    for (int t = 0; t < c->T; t++)
        if (!mask || json_integer_value(at(at(mask, b), t))) step[n++] = t;
    return n;
}

static double merged(const kcase *c, const real *first, const real *last, int k)
{
    double f = (double)last[k], r = c->merge ? (double)first[c->H + k % c->H] : 0;
    if (!c->merge) return c->reverse ? (double)first[k] : f;
    if (strcmp(c->merge, "concat") == 0) return k < c->H ? f : (double)first[k];
    if (strcmp(c->merge, "mul") == 0) return f * r;
    return strcmp(c->merge, "ave") == 0 ? (f + r) / 2 : f + r;
}

static void expect(const kcase *c, int b, int t, const json_t *want, double got)
{
    double w = json_number_value(want), room = real_of(c->j, "atol") + real_of(c->j, "rtol") * fabs(w);
    if (!(fabs(got - w) <= room)) fail_msg("case %s, sequence %d, step %d: %.8g, Keras has %.8g (%s, %s)",
        json_string_value(json_object_get(c->j, "id")), b, t, got, w, c->layer, json_string_value(json_object_get(c->j, "test")));
}

/* y [n][width] are the outputs of the steps that count. */
static void compare(const kcase *c, int b, const real *y, int width, const int *step, int n)
{
    const json_t *want = at(json_object_get(c->j, "expected"), b);
    if (!c->sequences) {
        for (int k = 0; k < (int)json_array_size(want); k++)
            expect(c, b, c->T, at(want, k), merged(c, y, y + (size_t)(n - 1) * (size_t)width, k));
        return;
    }
    for (int t = 0, i = -1; t < c->T; t++) {
        if (i + 1 < n && step[i + 1] == t) i++;
        bool dead = i < 0 || step[i] != t;
        for (int k = 0; k < (int)json_array_size(at(want, t)); k++)
            expect(c, b, t, at(at(want, t), k), i < 0 || (dead && c->zeros) ? 0 : (double)y[(size_t)i * (size_t)width + (size_t)k]);
    }
}

static void run_sequence(const kcase *c, const rc_net *net, real *w, int b)
{
    float x[MOST];
    int step[MOST], n = steps_of(c, b, step), rows;
    rc_run *u;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < c->F; k++) x[i * c->F + k] = (float)((b * c->T + step[i]) * c->F + k);
    fill_state(c, net, w, b);
    assert_int_equal(rc_run_new(c->r, &u, net, w, &(recur_dims){ .B = 1, .T = n, .N = n, .scores = 1 }), 0);
    recur_batch batch = { .T = n, .B = 1, .N = n, .F = c->F, .x = x, .fresh = 1 };
    const real *y = rc_run_forward(u, &batch, 0, &rows);
    batch.fresh = 0;
    if (flag(c->options, "stateful_second_call")) y = rc_run_forward(u, &batch, 0, &rows);
    assert_non_null(y);
    assert_int_equal(rows, n);
    compare(c, b, y, net->branch[0].head->in, step, n);
    rc_run_free(u);
}

static const char *word_of(const kcase *c)
{
    const json_t *after = json_object_get(c->options, "reset_after");
    if (strcmp(c->layer, "GRU") == 0) return after && !json_is_true(after) ? "gru0" : "gru";
    return strcmp(c->layer, "LSTM") == 0 ? "lstm" : "rnn";
}

/* Why a case cannot be put, or NULL when it ran. */
static const char *run_case(recur *r, const json_t *j)
{
    const json_t *shape = json_object_get(j, "shape");
    kcase c = { .r = r, .j = j, .options = json_object_get(j, "options"), .layer = json_string_value(json_object_get(j, "layer")),
                .B = (int)json_integer_value(at(shape, 0)), .T = (int)json_integer_value(at(shape, 1)),
                .F = (int)json_integer_value(at(shape, 2)), .H = (int)json_integer_value(json_object_get(j, "units")) };
    c.merge = json_string_value(json_object_get(c.options, "bidirectional"));
    c.reverse = flag(c.options, "go_backwards");
    c.sequences = flag(c.options, "return_sequences");
    c.zeros = flag(c.options, "zero_output_for_mask");
    if ((c.merge || c.reverse) && flag(c.options, "stateful_second_call")) return "a layer that looks ahead carries no state";
    char line[128];
    const char *both = !c.merge ? "" : c.sequences ? " bi=sum" : " bi";
    snprintf(line, sizeof line, "input | %s %d%s%s%s | softmax", word_of(&c), c.H, both, c.reverse ? " reverse" : "",
             json_object_get(c.options, "initial_state") ? " init=learn" : "");
    rc_facts f = { .features = c.F };
    rc_net *net;
    if (rc_net_new(r, &net, line, "softmax", &f) < 0) fail_msg("%s: %s", line, r->message);
    real *w = rc_new(r, net->params.total, sizeof *w);
    fill_direction(&c, net, w, false);
    fill_direction(&c, net, w, true);
    for (int b = 0; b < c.B; b++) run_sequence(&c, net, w, b);
    rc_free(r, w);
    rc_net_free(net);
    return NULL;
}

/* --- layers without time: one row in, one row out --- */

static void set(const rc_net *net, real *w, const char *tail, const json_t *v, bool transposed)
{
    for (int i = 0; v && i < net->params.n; i++) {
        const rc_param *p = &net->params.p[i];
        if (strcmp(strrchr(p->name, '.') + 1, tail) != 0) continue;
        for (int a = 0; a < p->dim[0]; a++)
            for (int b = 0; b < (p->rank > 1 ? p->dim[1] : 1); b++) {
                const json_t *x = p->rank == 1 ? at(v, a) : transposed ? at(at(v, b), a) : at(at(v, a), b);
                w[p->at + (size_t)(a * (p->rank > 1 ? p->dim[1] : 1) + b)] = (real)json_number_value(x);
            }
    }
}

typedef struct { const char *layer, *test, *line; } row;
static const row rows_that_run[] = {
    { "Embedding", "test_correctness", "embed 2 | softmax" },
    { "Dense", "test_dense_correctness", "input | dense 2%s | softmax" },
    { "LayerNormalization", "test_output", "input | norm eps=.001 | softmax" },
};

static bool run_layer(recur *r, const json_t *j)
{
    const char *layer = json_string_value(json_object_get(j, "layer")), *test = json_string_value(json_object_get(j, "test"));
    const json_t *o = json_object_get(j, "options"), *in = json_object_get(j, "input"), *want = json_object_get(j, "expected");
    const row *found = NULL;
    for (size_t i = 0; i < sizeof rows_that_run / sizeof *rows_that_run; i++)
        if (strcmp(rows_that_run[i].layer, layer) == 0 && strcmp(rows_that_run[i].test, test) == 0) found = &rows_that_run[i];
    if (!found) return false;
    char line[128];
    snprintf(line, sizeof line, found->line, json_object_get(o, "use_bias") ? " nobias" : " act=relu");
    bool ids = !json_is_array(at(in, 0));
    int N = (int)json_array_size(in), F = ids ? 0 : (int)json_array_size(at(in, 0)), n;
    rc_facts f = { .columns = ids, .features = F, .vocabulary = { (int)json_array_size(json_object_get(j, "embeddings")) } };
    rc_net *net;
    rc_run *u;
    float x[MOST];
    int32_t id[MOST];
    if (rc_net_new(r, &net, line, "softmax", &f) < 0) fail_msg("%s: %s", line, r->message);
    real *w = rc_new(r, net->params.total, sizeof *w);
    for (size_t i = 0; !ids && i < net->params.total; i++) w[i] = 1;      /* gains and shifts of the case are ones */
    set(net, w, "w", json_object_get(j, "embeddings"), false);
    set(net, w, "w", json_object_get(j, "kernel"), true);
    set(net, w, "b", json_object_get(j, "bias"), false);
    for (int i = 0; i < N; i++) id[i] = (int32_t)json_integer_value(at(in, i));
    for (int i = 0; i < N * F; i++) x[i] = (float)json_number_value(at(at(in, i / F), i % F));
    recur_batch b = { .T = 1, .B = N, .N = N, .C = ids, .F = F, .ids = ids ? id : NULL, .x = ids ? NULL : x, .fresh = 1 };
    assert_int_equal(rc_run_new(r, &u, net, w, &(recur_dims){ .B = N, .T = 1, .N = N, .scores = 1 }), 0);
    const real *y = rc_run_forward(u, &b, 0, &n);
    assert_non_null(y);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < (int)json_array_size(at(want, i)); k++)
            assert_true(fabs((double)y[i * net->branch[0].head->in + k] - json_number_value(at(at(want, i), k))) <= real_of(j, "atol") + 1e-6);
    rc_run_free(u);
    rc_free(r, w);
    rc_net_free(net);
    return true;
}

/* --- --- */

static json_t *cases(const char *file)
{
    char path[1024];
    json_error_t why;
    snprintf(path, sizeof path, "%s/conformance/keras/%s", SHARED_DIR, file);
    json_t *j = json_load_file(path, 0, &why);
    assert_non_null(j);
    return j;
}

static void recurrent_layers_agree(void **state)
{
    json_t *file = cases("keras_rnn_cases.json"), *all = json_object_get(file, "cases");
    int ran = 0;
    for (size_t i = 0; i < json_array_size(all); i++) {
        const char *why = run_case(*state, json_array_get(all, i));
        if (why) print_message("left out: case %s: %s\n", json_string_value(json_object_get(json_array_get(all, i), "id")), why);
        ran += !why;
    }
    print_message("Keras' recurrent layers: %d of %zu cases ran\n", ran, json_array_size(all));
    assert_true(ran >= 38);
    json_decref(file);
}

static void other_layers_agree(void **state)
{
    json_t *file = cases("keras_layer_cases.json"), *all = json_object_get(file, "cases");
    int ran = 0;
    for (size_t i = 0; i < json_array_size(all); i++) ran += run_layer(*state, json_array_get(all, i));
    print_message("Keras' other layers: %d of %zu cases ran; attention over a second sequence, masks and index conventions "
                  "of Keras' text layer have no counterpart here\n", ran, json_array_size(all));
    assert_true(ran >= 4);
    json_decref(file);
}

static int open_runtime(void **state)
{
    recur *r;
    int e = recur_open(&r, &(recur_config){ .threads = 1 });
    *state = r;
    return e;
}

static int close_runtime(void **state)
{
    recur_close(*state);
    return 0;
}

int main(void)
{
    FILE *f = fopen(SHARED_DIR "/conformance/keras/keras_rnn_cases.json", "r");
    if (!f) {
        printf("skipped: %s/conformance/keras is not there\n", SHARED_DIR);
        return SKIPPED;
    }
    fclose(f);
    const struct CMUnitTest tests[] = { cmocka_unit_test(recurrent_layers_agree), cmocka_unit_test(other_layers_agree) };
    return cmocka_run_group_tests(tests, open_runtime, close_runtime);
}
