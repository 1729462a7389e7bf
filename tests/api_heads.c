/* SPDX-License-Identifier: MIT
 * Heads that see whole sequences, from a C program: data in memory, steps, saving, decoding.  What only neighbours tell
 * is learned by crf; lists without alignment are learned by ctc. */
#include "api.h"

enum { SEQS = 64, LONG = 12, CLASSES = 4, VOCABULARY = 9 };

/* A sequence whose odd steps have an input that says nothing: there the tag is the one after the tag before. */
static void neighbours(int32_t *ids, int32_t *tags)
{
    for (int i = 0; i < SEQS; i++)
        for (int t = 0; t < LONG; t++) {
            int32_t *tag = &tags[i * LONG + t];
            *tag = t % 2 ? (tag[-1] + 1) % CLASSES : (int32_t)((unsigned)(i * 7 + t * 5 + i * t) % CLASSES);
            ids[i * LONG + t] = t % 2 ? 8 : 3 + *tag;
        }
}

static recur_run *run_of(recur *r, recur_model *m, int train)
{
    recur_run *u;
    OK(r, recur_run_new(r, &u, m, &(recur_dims){ .B = 16, .T = LONG, .train = train, .scores = !train }));
    return u;
}

static void learn(recur *r, recur_model *m, recur_data *d, int epochs)
{
    recur_run *u = run_of(r, m, 1);
    recur_batch b;
    for (int e = 0; e < epochs; e++) {
        recur_data_start(d, 16, LONG, 3, e);
        while (recur_data_next(d, &b) == RECUR_OK) {
            assert_true(isfinite(recur_loss(u, &b)));
            recur_backward(u);
            OK(r, recur_update(u, &(recur_step_options){ .optimizer = "adam", .lr = 0.05 }, NULL));
        }
    }
    recur_run_free(u);
}

/* How many of the sequences are said as they are. */
static int right(recur *r, recur_model *m, recur_data *d)
{
    int32_t said[16 * LONG], at[17];
    int n = 0;
    recur_batch b;
    recur_run *u = run_of(r, m, 0);
    recur_data_start(d, 16, LONG, 0, 0);
    while (recur_data_next(d, &b) == RECUR_OK) {
        OK(r, recur_decode(u, &b, 0, said, at));
        for (int i = 0; i < b.B; i++) {
            bool same = true;
            for (int k = at[i]; k < at[i + 1]; k++)
                same &= said[k] == (b.list_at[0] ? b.target[0][b.list_at[0][i] + k - at[i]] : b.target[0][(k - at[i]) * b.B + i]);
            n += same && at[i + 1] - at[i] == (b.list_at[0] ? b.list_at[0][i + 1] - b.list_at[0][i] : b.T);
        }
    }
    recur_run_free(u);
    return n;
}

/* The model in a file answers as the one that was saved. */
static void saved_and_loaded(recur *r, recur_model *m, recur_data *d)
{
    const char *path = "test_api_heads.tmp";
    recur_model *again;
    OK(r, recur_model_save(m, path));
    OK(r, recur_model_load(r, &again, path));
    assert_string_equal(recur_model_net(again), recur_model_net(m));
    assert_int_equal(right(r, again, d), right(r, m, d));
    recur_param p, q;
    int i = 0;
    for (; recur_model_param(m, i, &p) == RECUR_OK; i++) {
        OK(r, recur_model_param(again, i, &q));
        assert_string_equal(p.name, q.name);
        assert_memory_equal(p.w, q.w, p.n * sizeof *p.w);
    }
    recur_model_free(again);
    remove(path);
}

static void neighbours_are_learned_by_crf(void **state)
{
    (void)state;
    static int32_t ids[SEQS * LONG], tags[SEQS * LONG];
    recur *r = NULL;
    recur_data *d;
    recur_model *m;
    recur_param p;
    char *json;
    neighbours(ids, tags);
    assert_int_equal(recur_open(&r, NULL), RECUR_OK);
    const recur_arrays a = { .count = SEQS, .steps = LONG, .ids = ids, .vocabulary = VOCABULARY, .label = tags,
                             .classes = CLASSES, .per_step = 1 };
    for (int crf = 0; crf < 2; crf++) {
        OK(r, recur_data_arrays(r, &d, &a));
        OK(r, recur_model_new(r, &m, crf ? "embed 8 | dense | crf" : "embed 8 | dense | softmax", d, 2));
        learn(r, m, d, 60);
        int n = right(r, m, d);
        if (crf ? n < SEQS : n > SEQS / 8)
            fail_msg("%s: %d of %d sequences", crf ? "crf" : "softmax", n, SEQS);
        if (crf) {
            saved_and_loaded(r, m, d);
            int i = 0;
            while (recur_model_param(m, i, &p) == RECUR_OK && strcmp(p.name, "head1.crf.transitions"))
                i++;
            assert_true(p.rank == 2 && p.dim[0] == CLASSES && p.dim[1] == CLASSES);
            OK(r, recur_inspect(r, m, &json));
            assert_non_null(strstr(json, "\"head1.crf.end\""));
            recur_free(r, json);
        }
        recur_model_free(m);
        recur_data_close(d);
    }
    recur_close(r);
}

/* Runs of 1 to 4 steps, a list of what they are; whether two equal ones stand side by side only the gap between says. */
static void lists_are_learned_by_ctc(void **state)
{
    (void)state;
    static int32_t ids[SEQS * LONG], list[SEQS * LONG], at[SEQS + 1], length[SEQS];
    recur *r = NULL;
    recur_data *d;
    recur_model *m;
    assert_int_equal(recur_open(&r, NULL), RECUR_OK);
    for (int i = 0, n = 0; i < SEQS; i++) {
        int t = 0;
        for (int k = 0; t < LONG - 3; k++) {
            int32_t what = 1 + (int32_t)((unsigned)(i * 5 + k * k * 3 + i * k) % (CLASSES - 1));
            for (int s = 0; s <= (i + k) % 3; s++)
                ids[i * LONG + t++] = 2 + what;
            ids[i * LONG + t++] = 7;
            list[n++] = what;
        }
        length[i] = t < LONG ? t : LONG;
        at[i + 1] = n;
    }
    recur_arrays a = { .count = SEQS, .steps = LONG, .ids = ids, .vocabulary = VOCABULARY, .length = length,
                       .classes = CLASSES, .list = list, .list_at = at };
    OK(r, recur_data_arrays(r, &d, &a));
    OK(r, recur_model_new(r, &m, "embed 8 | gru 16 | dense | ctc", d, 2));
    learn(r, m, d, 40);
    int n = right(r, m, d);
    if (n < SEQS * 9 / 10)
        fail_msg("%d of %d lists", n, SEQS);
    saved_and_loaded(r, m, d);
    recur_model_free(m);
    recur_data_close(d);
    list[3] = CLASSES;
    assert_int_equal(recur_data_arrays(r, &d, &a), RECUR_EDATA);
    assert_non_null(strstr(recur_message(r), "label 4 of a list"));
    a.list_at = NULL;
    assert_int_equal(recur_data_arrays(r, &d, &a), RECUR_EOPTION);
    recur_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(neighbours_are_learned_by_crf),
                                        cmocka_unit_test(lists_are_learned_by_ctc) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
