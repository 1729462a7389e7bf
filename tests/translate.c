/* SPDX-License-Identifier: MIT
 * translate.c - sequence to sequence from end to end: digits are reversed, answers do not hang on company, threads, the
 * file between, or on a training that was cut off. */
#include <unistd.h>
#include <jansson.h>
#include "api.h"

#define NET "embed 16 | gru 32 bi >> embed 16 | gru 64 bridge | attend | dense"

static char folder[] = "/tmp/recur-translate-XXXXXX";
static char tsv[64], held[64], out[64];

/* The i-th number of 1 to 6 digits, and it backwards. */
static void digits(unsigned i, char forth[8], char back[8])
{
    unsigned x = (i + 1) * 2654435761u;
    int n = 1 + (int)(x >> 20) % 6;
    for (int k = 0; k < n; k++, x = x * 1664525u + 1013904223u) forth[k] = back[n - 1 - k] = (char)('0' + (x >> 24) % 10);
    forth[n] = back[n] = 0;
}

static void write_pairs(const char *path, unsigned from, unsigned to)
{
    FILE *f = fopen(path, "w");
    char a[8], b[8];
    for (unsigned i = from; i < to; i++) {
        digits(i, a, b);
        fprintf(f, "%s\t%s\n", a, b);
    }
    fclose(f);
}

static int begin(void **state)
{
    recur *r;
    if (!mkdtemp(folder)) return -1;
    snprintf(tsv, sizeof tsv, "%s/pairs.tsv", folder);
    snprintf(held, sizeof held, "%s/held.tsv", folder);
    snprintf(out, sizeof out, "%s/m.recur", folder);
    write_pairs(tsv, 0, 5000);
    write_pairs(held, 900000, 900300);
    int e = recur_open(&r, &(recur_config){ .threads = 1 });
    *state = r;
    return e;
}

static int end(void **state)
{
    recur_close(*state);
    unlink(tsv);
    unlink(held);
    unlink(out);
    rmdir(folder);
    return 0;
}

static recur_train_options options(void)
{
    recur_train_options o = recur_train_defaults();
    o.valid = held;
    o.net = NET;
    o.batch = 32;
    o.lr = 0.005;
    o.epochs = 8;
    return o;
}

static double figure(const char *json, const char *key)
{
    json_t *j = json_loads(json, 0, NULL);
    double x = json_number_value(json_object_get(j, key));
    json_decref(j);
    return x;
}

static void digits_backwards(void **state)
{
    recur *r = *state;
    recur_model *m, *again;
    recur_data *d;
    recur_train_options o = options();
    const char *path[] = { tsv }, *test[] = { held };
    char *json, *said, *other, *all;
    o.out = out;
    OK(r, recur_train(r, &m, "translate", path, 1, &o, NULL, NULL));
    OK(r, recur_data_files(r, &d, NULL, test, 1, NULL, m));
    OK(r, recur_eval(r, m, d, &json));
    assert_true(figure(json, "exact") >= 0.99);
    assert_true(figure(json, "bleu") >= 98 && figure(json, "chrf") >= 98 && figure(json, "perplexity") < 1.05);
    assert_non_null(strstr(json, "memory of phrases"));
    recur_free(r, json);
    recur_data_close(d);

    OK(r, recur_translate(r, m, "1234", NULL, &said));
    assert_string_equal(said, "4321");
    OK(r, recur_model_load(r, &again, out));
    OK(r, recur_translate(r, again, "1234", NULL, &other));
    assert_string_equal(said, other);
    recur_free(r, said);
    recur_free(r, other);
    recur_model_free(again);

    static const char *const text[] = { "5", "", "90817", "  ", "123", "x?" };
    recur_translate_options t = recur_translate_defaults();
    t.n_best = 3;
    t.attention = 1;
    OK(r, recur_translate_lines(r, m, text, 6, &t, &all));
    json_t *j = json_loads(all, 0, NULL);
    assert_int_equal(json_array_size(j), 6);
    for (size_t i = 0; i < 6; i++) {
        const json_t *one = json_array_get(j, i);
        char *single;
        assert_int_equal(json_array_size(one), i == 1 || i == 3 ? 0 : 3);
        OK(r, recur_translate_lines(r, m, &text[i], 1, &t, &single));
        json_t *k = json_loads(single, 0, NULL);
        assert_true(json_equal(json_array_get(k, 0), one));
        json_decref(k);
        recur_free(r, single);
    }
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_array_get(j, 2), 0), "text")), "71809");
    json_decref(j);
    recur_free(r, all);
    recur_model_free(m);
}

/* The same bits: straight, with another number of threads, and cut off and resumed. */
typedef struct { int64_t stop_at; } eye;

static int watch(void *ud, const recur_progress *p)
{
    const eye *e = ud;
    return p->event == RECUR_STEP && e->stop_at && p->step >= e->stop_at;
}

static recur_model *trained(recur *r, const recur_train_options *o, int64_t stop_at, int expect)
{
    recur_model *m;
    const char *path[] = { tsv };
    eye e = { stop_at };
    assert_int_equal(recur_train(r, &m, "translate", path, 1, o, watch, &e), expect);
    return m;
}

static void same_weights(const recur_model *a, const recur_model *b)
{
    recur_param p, q;
    for (int i = 0; recur_model_param(a, i, &p) == RECUR_OK; i++) {
        assert_int_equal(recur_model_param(b, i, &q), RECUR_OK);
        assert_int_equal(p.n, q.n);
        if (memcmp(p.w, q.w, p.n * sizeof *p.w)) fail_msg("%s differs", p.name);
    }
}

static void threads_and_resume(void **state)
{
    recur *r = *state, *three;
    recur_train_options o = options();
    unlink(out);
    o.net = "embed 16 | drop .2 | gru 32 bi >> embed 16 | gru 32 bridge | attend | drop .2 | dense";
    o.epochs = -1;
    o.steps = 20;                            /* few: threads that wait for one another are slow where others compute */
    o.eval_every = 8;
    o.no_baseline = 1;
    o.batch_units = 150;
    o.sampled = 0.5;
    OK(r, recur_open(&three, &(recur_config){ .threads = 3 }));
    recur_model *straight = trained(r, &o, 0, RECUR_OK), *parted = trained(three, &o, 0, RECUR_OK);
    same_weights(straight, parted);
    recur_model_free(parted);
    recur_close(three);
    o.out = out;
    assert_null(trained(r, &o, 11, RECUR_ESTOP));
    o.resume = 1;
    recur_model *resumed = trained(r, &o, 0, RECUR_OK);
    same_weights(straight, resumed);
    recur_model_free(resumed);
    recur_model_free(straight);
}

static void what_cannot_be(void **state)
{
    recur *r = *state;
    recur_model *m;
    recur_data *d;
    char *said;
    recur_train_options o = recur_train_defaults();
    const char *path[] = { tsv };
    o.net = "embed 4 | gru 4 | pool last | dense";
    OK(r, recur_data_files(r, &d, "classify", path, 1, &o, NULL));
    OK(r, recur_model_new(r, &m, o.net, d, 1));
    FAILS(r, RECUR_EOPTION, "cannot translate", recur_translate(r, m, "1", NULL, &said));
    assert_null(said);
    o.sampled = 0.1;
    FAILS(r, RECUR_EOPTION, "--sampled", recur_fit(m, d, NULL, &o, NULL, NULL));
    recur_model_free(m);
    recur_data_close(d);
    OK(r, recur_data_files(r, &d, "translate", path, 1, NULL, NULL));
    FAILS(r, RECUR_ESPEC, ">>", recur_model_new(r, &m, "embed 4 | gru 4 | attend | dense", d, 1));
    recur_data_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_backwards), cmocka_unit_test(threads_and_resume), cmocka_unit_test(what_cannot_be),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
