/* SPDX-License-Identifier: MIT
 * api_side.c - sequence to sequence through recur.h alone: arrays with a side, a decoder with attention that learns to
 * turn sequences round, its file, and stepping on what was encoded once. */
#include "api.h"

enum { PAIRS = 120, LONGEST = 6, DIGITS = 7, FIRST = DIGITS };

typedef struct { int32_t source[PAIRS][LONGEST], input[PAIRS][LONGEST], wanted[PAIRS][LONGEST], length[PAIRS]; } pairs;

static void make_pairs(pairs *p)
{
    uint32_t seed = 7;
    for (int i = 0; i < PAIRS; i++) {
        int n = p->length[i] = 2 + i % (LONGEST - 1);
        for (int t = 0; t < n; t++) {
            seed = seed * 1664525 + 1013904223;
            p->source[i][t] = (int32_t)(seed >> 16) % DIGITS;
        }
        for (int t = 0; t < n; t++) {
            p->wanted[i][t] = p->source[i][n - 1 - t];
            p->input[i][t] = t ? p->wanted[i][t - 1] : FIRST;
        }
    }
}

static recur_arrays arrays(const pairs *p, recur_arrays *side)
{
    *side = (recur_arrays){ .count = PAIRS, .steps = LONGEST, .ids = p->source[0], .vocabulary = DIGITS, .length = p->length };
    return (recur_arrays){ .count = PAIRS, .steps = LONGEST, .ids = p->input[0], .vocabulary = DIGITS + 1, .length = p->length,
                           .label = p->wanted[0], .classes = DIGITS, .per_step = 1, .side = side };
}

static double loss_of(recur *r, recur_model *m, recur_data *d)
{
    recur_run *u;
    recur_batch b;
    const recur_dims most = { .B = PAIRS, .T = LONGEST, .scores = 1, .side = { PAIRS, LONGEST, 0 } };
    assert_true(recur_run_size(m, &most) > 0);
    OK(r, recur_run_new(r, &u, m, &most));
    recur_data_start(d, PAIRS, 1, 0, 0);
    OK(r, recur_data_next(d, &b));
    assert_non_null(b.side);
    double loss = recur_loss(u, &b);
    recur_run_free(u);
    return loss;
}

/* The likeliest digits of pair i, one step at a time. */
static int decode(recur *r, recur_model *m, const pairs *p, int i, int32_t *out)
{
    recur_run *u;
    OK(r, recur_run_new(r, &u, m, &(recur_dims){ .B = 1, .T = 1, .scores = 1, .side = { 1, LONGEST, 0 } }));
    int32_t id = FIRST;
    int right = 0, n = p->length[i];
    recur_batch side = { .T = n, .B = 1, .N = n, .C = 1, .ids = p->source[i], .fresh = 1 };
    recur_batch b = { .T = 1, .B = 1, .N = 1, .C = 1, .ids = &id, .side = &side, .fresh = 1 };
    for (int t = 0; t < n; t++, b.side = NULL, b.fresh = 0) {
        const float *z = recur_forward(u, &b, 0, NULL, NULL);
        assert_non_null(z);
        int best = 0;
        for (int c = 1; c < DIGITS; c++)
            best = z[c] > z[best] ? c : best;
        out[t] = id = best;
        right += best == p->wanted[i][t];
    }
    recur_run_free(u);
    return right;
}

static void attention_turns_sequences_round(void **state)
{
    (void)state;
    static pairs p;
    counter c;
    recur *r = open_counted(&c, 1);
    recur_arrays side, all;
    recur_data *d;
    recur_model *m, *back;
    recur_train_options o = recur_train_defaults();
    int32_t out[LONGEST];
    int right = 0, of = 0;
    make_pairs(&p);
    all = arrays(&p, &side);
    OK(r, recur_data_arrays(r, &d, &all));
    OK(r, recur_model_new(r, &m, "embed 12 | gru 12 bi >> embed 12 | gru 24 bridge | attend | dense", d, 1));
    o.epochs = 60;
    o.batch = 12;
    o.lr = 0.01;
    double before = loss_of(r, m, d);
    OK(r, recur_fit(m, d, NULL, &o, NULL, NULL));
    double after = loss_of(r, m, d);
    assert_true(before > 1.5 && after < 0.3);
    for (int i = 0; i < 20; i++) {
        right += decode(r, m, &p, i, out);
        of += p.length[i];
    }
    assert_true(right * 10 >= of * 9);
    recur_run *u;
    OK(r, recur_run_new(r, &u, m, &(recur_dims){ .B = 1, .T = 1, .N = 1, .scores = 1, .side = { 1, LONGEST, LONGEST } }));
    float *mine = calloc(recur_state_size(m) + 1, sizeof *mine);
    assert_null(recur_step(u, mine, 0, NULL));
    assert_non_null(strstr(recur_message(r), "recur_step: this net cannot go one step at a time: it reads a second sequence"));
    free(mine);
    recur_run_free(u);
    const char *path = "api_side.recur";
    OK(r, recur_model_save(m, path));
    OK(r, recur_model_load(r, &back, path));
    assert_true(loss_of(r, back, d) == after);
    remove(path);
    recur_model_free(back);
    recur_model_free(m);
    recur_data_close(d);
    recur_close(r);
    assert_int_equal(c.live, 0);
}

static void bad_sides_are_explained(void **state)
{
    (void)state;
    static pairs p;
    static int32_t place[PAIRS], row_place[PAIRS * LONGEST];
    counter c;
    recur *r = open_counted(&c, 1);
    recur_arrays side, all;
    recur_data *d;
    make_pairs(&p);
    all = arrays(&p, &side);
    side.count = 3;
    FAILS(r, RECUR_EOPTION, "without `place`", recur_data_arrays(r, &d, &all));
    place[4] = 3;
    all.place = place;
    FAILS(r, RECUR_EDATA, "sequence 4: place 3", recur_data_arrays(r, &d, &all));
    all.place = NULL;
    all.row_place = row_place;
    row_place[LONGEST + 1] = -2;
    FAILS(r, RECUR_EDATA, "sequence 1, step 1: row_place -2", recur_data_arrays(r, &d, &all));
    row_place[LONGEST + 1] = -1;
    OK(r, recur_data_arrays(r, &d, &all));
    recur_data_close(d);
    side.vocabulary = 2;
    FAILS(r, RECUR_EDATA, "vocabulary 2", recur_data_arrays(r, &d, &all));
    recur_close(r);
    assert_int_equal(c.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_turns_sequences_round), cmocka_unit_test(bad_sides_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
