/* SPDX-License-Identifier: MIT
 * task_translate.c - pairs are read in every form and bad lines are named; the search finds what trying everything finds,
 * alone or among others; the memory of phrases answers with its own. */
#include <math.h>

#include "task/translate/search.h"
#include "task/translate/translate.h"
#include "task_help.h"

#define NET "embed 6 | gru 5 bi >> embed 6 | lstm 8 bridge | attend 6 | dense"

static recur_data *pairs(recur *r, const char *text, const recur_train_options *o, const rc_like *like, int part, json_t *bad)
{
    recur_data *d;
    GOOD(r, task_read(r, &d, "translate", &text, 1, o, like, part, bad));
    return d;
}

static const char *target(const recur_data *d, int i, char out[64])
{
    snprintf(out, 64, "%.*s", (int)d->ex[i].text_n, d->raw.s + d->ex[i].text);
    return out;
}

/* --- reading --- */

static void every_form(void **state)
{
    recur *r = *state;
    static const char *const form[][2] = {
        { "a b\tx y z\nc\tw\n", NULL }, { "a b\tx y z\tsomebody\r\n\nc\tw", NULL },
        { "{\"source\": \"a b\", \"target\": \"x y z\"}\n{\"target\":\"w\",\"source\":\"c\"}\n", NULL },
        { "a b\nc\n", "x y z\nw\n" },
    };
    recur_train_options o = task_options();
    o.unit = "token";
    for (size_t k = 0; k < sizeof form / sizeof *form; k++) {
        recur_data *d;
        char text[64];
        json_t *bad = json_array();
        GOOD(r, task_read(r, &d, "translate", form[k], form[k][1] ? 2 : 1, &o, NULL, RC_ALL, bad));
        assert_int_equal(json_array_size(bad), 0);
        assert_int_equal(d->count, 2);
        assert_int_equal(d->side->count, 2);
        assert_string_equal(target(d, 0, text), "x y z");
        assert_string_equal(target(d->side, 1, text), "c");
        assert_int_equal(d->ex[0].T, 4);                      /* <s> x y z */
        assert_int_equal(d->side->ex[0].T, 3);                /* a b </s> */
        assert_int_equal(d->ids[0][0], RC_BOS);
        assert_int_equal(d->step_label[3], RC_EOS);
        assert_int_equal(d->side->ids[0][2], RC_EOS);
        for (int t = 0; t < 3; t++)
            assert_int_equal(d->ids[0][t + 1], d->step_label[t]);
        assert_int_equal(d->ex[1].side, 1);
        recur_data_close(d);
        json_decref(bad);
    }
}

static void bad_lines_are_named(void **state)
{
    recur *r = *state;
    json_t *bad = json_array();
    recur_data *d = pairs(r, "a\tx\nno tab\n\tempty source\nb\t\n\xff\ty\nc\tz\n", NULL, NULL, RC_ALL, bad);
    static const int line[] = { 2, 3, 4, 5 };
    assert_int_equal(d->count, 2);
    assert_int_equal(json_array_size(bad), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(bad, i), "line")), line[i]);
    recur_data_close(d);
    json_decref(bad);

    const char *uneven[] = { "a\nb\n", "x\n" }, *alone[] = { "a\nb\n" };
    assert_int_equal(task_read(r, &d, "translate", uneven, 2, NULL, NULL, RC_ALL, NULL), RECUR_EDATA);
    assert_non_null(strstr(r->message, "2 lines"));
    recur_data_close(d);
    assert_int_equal(task_read(r, &d, "translate", alone, 1, NULL, NULL, RC_ALL, NULL), RECUR_EDATA);
    assert_non_null(strstr(r->message, "no file of targets"));
    recur_data_close(d);
}

static void long_pairs_and_parts(void **state)
{
    recur *r = *state;
    char text[6000] = "a b c d e f\tx\nq\tx x x x x x\n", line[64];
    for (int i = 0; i < 200; i++) {
        snprintf(line, sizeof line, "s%d t\tu%d\ns%d t\tv%d\n", i, i, i, i);
        strcat(text, line);
    }
    recur_train_options o = task_options();
    o.unit = "token";
    o.max_length = 6;
    recur_data *d = pairs(r, text, &o, NULL, RC_TRAIN_PART, NULL);
    assert_true(d->dropped == 2 || d->dropped == 1);          /* one of them may be held out */
    rc_like like = { .text = d->text, .side_text = d->side->text };
    recur_data *held = pairs(r, text, &o, &like, RC_HELD_PART, NULL);
    assert_int_equal(d->count + held->count + d->dropped + held->dropped, 402);
    assert_true(held->count > 5 && held->count < 100);
    for (int i = 0; i < held->count; i++)                     /* both translations of a source, and no other of its pairs */
        for (int k = 0; k < d->count; k++) {
            char a[64], b[64];
            assert_string_not_equal(target(held->side, i, a), target(d->side, k, b));
        }
    recur_data_close(held);
    recur_data_close(d);

    o.shared_vocab = 1;
    d = pairs(r, text, &o, NULL, RC_ALL, NULL);
    assert_ptr_equal(d->text, d->side->text);
    assert_true(rc_vocab_id(d->text->vocab, "s7", 2) != RC_UNK && rc_vocab_id(d->text->vocab, "u7", 2) != RC_UNK);
    recur_data_close(d);
    o.shared_vocab = 0;
    o.unit = "char,token";
    d = pairs(r, text, &o, NULL, RC_ALL, NULL);
    assert_string_equal(d->side->text->unit->name, "char");
    assert_string_equal(d->text->unit->name, "token");
    recur_data_close(d);
}

/* --- search --- */

static recur_model *model(recur *r, const recur_train_options *o)
{
    recur_model *m;
    recur_data *d = pairs(r, "a b c\tx y\nb c\ty x y\nc\tx\na a b b c c\tx x y y\n", o, NULL, RC_ALL, NULL);
    GOOD(r, rc_model_build(r, &m, NET, d, 3, NULL));
    for (size_t i = 0; i < m->net->params.total; i++)
        m->w[i] *= 6;                                         /* far from even, so that the search has something to find */
    recur_data_close(d);
    return m;
}

static rc_ids source(recur *r, const recur_model *m, const char *s)
{
    rc_ids id = { .r = r };
    GOOD(r, rc_translate_source(m->side_text, s, strlen(s), &id, NULL));
    return id;
}

/* log p of an answer with </s>, step by step. */
static double logp_of(const recur_model *m, const rc_ids *from, const int32_t *id, int n)
{
    rc_run *u;
    const rc_head *h = m->net->branch[0].head;
    int rows;
    double sum = 0;
    int32_t in[16] = { RC_BOS };
    real p[16 * 16];
    memcpy(in + 1, id, (size_t)n * sizeof *id);
    recur_dims d = { .B = 1, .T = n + 1, .N = n + 1, .scores = 1, .side = { 1, (int)from->n, (int)from->n } };
    GOOD(m->r, rc_run_new(m->r, &u, m->net, m->w, &d));
    recur_batch side = { .T = (int)from->n, .B = 1, .N = (int)from->n, .C = 1, .ids = from->id, .fresh = 1 };
    recur_batch b = { .T = n + 1, .B = 1, .N = n + 1, .C = 1, .ids = in, .side = &side, .fresh = 1 };
    const real *z = rc_run_forward(u, &b, 0, &rows);
    assert_non_null(z);
    h->kind->answer(h, m->r->kern, rows, z, p);
    for (int t = 0; t <= n; t++)
        sum += log((double)p[t * h->in + (t < n ? id[t] : RC_EOS)]);
    rc_run_free(u);
    return sum;
}

enum { MOST = 3 };                       /* units of an answer while everything is tried */

/* The best of all answers of 1 to MOST - 1 units x and y. */
static double best_of_all(const recur_model *m, const rc_ids *from, double length, int32_t best[MOST], int *best_n)
{
    double top = -INFINITY;
    int V = rc_vocab_size(m->text->vocab), all = V - RC_FIRST;
    for (int n = 1, count = all; n < MOST; n++, count *= all)
        for (int k = 0; k < count; k++) {
            int32_t id[MOST];
            for (int t = 0, rest = k; t < n; t++, rest /= all)
                id[t] = RC_FIRST + rest % all;
            double score = logp_of(m, from, id, n) / pow((5.0 + n + 1) / 6, length);
            if (score > top) {
                top = score;
                *best_n = n;
                memcpy(best, id, sizeof id);
            }
        }
    return top;
}

static void finds_the_best(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    o.unit = "token";
    recur_model *m = model(r, &o);
    static const char *const text[] = { "a b c", "c", "b b a" };
    for (size_t k = 0; k < 6; k++) {
        rc_ids from = source(r, m, text[k / 2]);
        rc_founds found = { 0 };
        rc_search s = { .beam = 50, .best = 50, .most = MOST, .length = (double)(k % 2) };
        int32_t best[MOST];
        int n;
        double top = best_of_all(m, &from, s.length, best, &n);
        GOOD(r, rc_search_all(m, &from, 1, &s, &found));
        assert_true(found.n > 1);
        assert_int_equal(found.found[0].n, n);
        assert_memory_equal(found.found[0].id, best, (size_t)n * sizeof *best);
        assert_near(found.found[0].score, top, 1e-4);
        for (int i = 0; i < found.n; i++) {
            assert_near(found.found[i].logp, logp_of(m, &from, found.found[i].id, found.found[i].n), 1e-4);
            assert_true(i == 0 || found.found[i].score <= found.found[i - 1].score);
        }
        rc_founds_free(r, &found, 1);
        rc_ids_free(&from);
    }
    recur_model_free(m);
}

/* Many at once, in any order, with any number of threads: the bits that each has alone. */
static void alone_and_among_others(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    o.unit = "token";
    recur_model *m = model(r, &o);
    enum { TEXTS = 90 };
    rc_ids from[TEXTS];
    rc_founds all[TEXTS] = { { 0 } };
    for (int i = 0; i < TEXTS; i++) {
        char s[64] = "";
        for (int k = 0; k <= i % 9; k++)
            strcat(s, (i * 7 + k * 3) % 4 == 0 ? "a " : (i + k) % 2 ? "b " : "c ");
        from[i] = source(r, m, s);
    }
    for (int coverage = 0; coverage < 2; coverage++) {
        rc_search s = { .beam = 4, .best = 2, .length = 1, .coverage = 0.2 * coverage, .look = RC_LOOK_ALWAYS };
        GOOD(r, rc_search_all(m, from, TEXTS, &s, all));
        for (int i = 0; i < TEXTS; i++) {
            rc_founds one = { 0 };
            GOOD(r, rc_search_all(m, &from[i], 1, &s, &one));
            assert_int_equal(one.n, all[i].n);
            for (int k = 0; k < one.n; k++) {
                const rc_found *a = &one.found[k], *b = &all[i].found[k];
                assert_int_equal(a->n, b->n);
                assert_memory_equal(a->id, b->id, (size_t)a->n * sizeof *a->id);
                assert_true(!(a->score < b->score) && !(a->score > b->score));
                assert_int_equal(a->S, (int)from[i].n);
                assert_memory_equal(a->attention, b->attention, (size_t)a->n * (size_t)a->S * sizeof(float));
                for (int t = 0; t < a->n; t++) {
                    double sum = 0;
                    for (int j = 0; j < a->S; j++)
                        sum += (double)a->attention[t * a->S + j];
                    assert_near(sum, 1, 1e-5);
                }
            }
            rc_founds_free(r, &one, 1);
        }
        rc_founds_free(r, all, TEXTS);
    }
    for (int i = 0; i < TEXTS; i++)
        rc_ids_free(&from[i]);
    recur_model_free(m);
}

/* <unk> becomes what it looked at; without attention, or where it is asked for, it stays. */
static void unknown_words(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    o.unit = "token";
    recur_model *m = model(r, &o);
    int32_t id[] = { RC_FIRST, RC_UNK };
    float attention[] = { 1, 0, 0, .1f, .8f, .9f };           /* the end of the source is never copied */
    rc_found f = { .id = id, .n = 2, .attention = attention, .S = 3 };
    rc_pieces p = { 0 };
    GOOD(r, rc_pieces_of(m->side_text, "a Zaphod", 8, &p));
    assert_int_equal(p.n, 3);
    for (int keep = 0; keep < 2; keep++) {
        rc_buf said;
        rc_buf_init(&said, r, 0);
        GOOD(r, rc_translate_say(m, &p, &f, keep, &said));
        assert_string_equal(said.s, keep ? "x <unk>" : "x Zaphod");
        rc_buf_free(&said);
    }
    rc_pieces_free(r, &p);
    recur_model_free(m);
    o.lower = 1;                                              /* the net reads zaphod; his name is copied as it is */
    m = model(r, &o);
    rc_buf said;
    rc_buf_init(&said, r, 0);
    GOOD(r, rc_pieces_of(m->side_text, "a ZapHod", 8, &p));
    GOOD(r, rc_translate_say(m, &p, &f, false, &said));
    assert_string_equal(said.s, "x ZapHod");
    rc_buf_free(&said);
    rc_pieces_free(r, &p);
    recur_model_free(m);
}

/* --- the memory --- */

static void memory_of_phrases(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    o.unit = "token";
    static const char text[] = "a b c\tx y\nb c\ty x y\nc\tx\na a b b c c\tx x y y\n";
    static const struct { const char *ask, *answer; } row[] = {
        { "a b c", "x y" }, { "b c", "y x y" }, { "c", "x" }, { "a b d c", "x y" }, { "c c c", "x" },
    };
    recur_model *m = model(r, &o);
    recur_data *d = pairs(r, text, &o, &(rc_like){ .text = m->text, .side_text = m->side_text }, RC_ALL, NULL);
    GOOD(r, rc_translate_baseline(m, d, NULL));
    rc_memory *y;
    GOOD(r, rc_memory_open(&y, m));
    assert_non_null(y);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *said;
        size_t n;
        GOOD(r, rc_memory_answer(y, row[i].ask, strlen(row[i].ask), &said, &n));
        assert_string_equal(said, row[i].answer);
        assert_int_equal(n, strlen(said));
    }
    rc_memory_free(y);
    json_t *out;
    GOOD(r, rc_translate_eval(m, d, &out));
    const json_t *b = json_object_get(out, "baseline");
    assert_near(json_number_value(json_object_get(b, "exact")), 1, 1e-12);
    assert_true(json_number_value(json_object_get(out, "perplexity")) > 1);
    assert_true(json_is_number(json_object_get(out, "bleu")) && json_is_number(json_object_get(out, "chrf")));
    json_decref(out);
    recur_data_close(d);
    recur_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(every_form), TASK_TEST(bad_lines_are_named), TASK_TEST(long_pairs_and_parts),
        TASK_TEST(finds_the_best), TASK_TEST(alone_and_among_others), TASK_TEST(unknown_words),
        TASK_TEST(memory_of_phrases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
