/* SPDX-License-Identifier: MIT
 * task_side.c - data with a side: a batch holds each side example that it names once, longest first; places tell where;
 * parting takes along what is named; a model's file keeps the side's text. */
#include "task_help.h"

enum { WORDS = 40, SENTENCES = 90 };

/* Sentences whose rows name words (side rows), and that name one word themselves; word i has 1 + i % 7 signs 100 i + t. */
static recur_data *sentences(recur *r, bool rows)
{
    recur_data *d;
    rc_example *ex;
    GOOD(r, rc_data_new(r, &d, NULL));
    GOOD(r, rc_data_side(d));
    d->C = d->side->C = 1;
    d->side_rows = rows;
    for (int i = 0; i < WORDS; i++) {
        int T = i == 7 ? 0 : 1 + i % 7;
        GOOD(r, rc_data_row(d->side, (size_t)T));
        GOOD(r, rc_data_example(d->side, &ex));
        ex->T = T;
        for (int t = 0; t < T; t++)
            d->side->ids[0][d->side->rows++] = 100 * i + t;
    }
    for (int i = 0; i < SENTENCES; i++) {
        int T = 1 + (i * 5) % 8;
        GOOD(r, rc_data_row(d, (size_t)T));
        GOOD(r, rc_data_example(d, &ex));
        ex->T = T;
        ex->side = rows ? -1 : (i * 11) % WORDS;
        for (int t = 0; t < T; t++, d->rows++) {
            d->ids[0][d->rows] = i;
            if (rows)
                d->row_side[d->rows] = (i + t * t) % (WORDS + 1) - 1;
        }
    }
    return d;
}

/* Word of each place, by its first sign; also that the side is packed as batches are, and each word in it once. */
static void words_of(const recur_batch *s, int *word)
{
    int seen[WORDS] = { 0 }, off = 0;
    for (int p = 0; p < s->B; p++)
        word[p] = 7;                                           /* the word without signs */
    for (int t = 0; t < s->T; off += s->alive[t++])
        for (int p = 0; p < s->alive[t]; p++) {
            word[p] = t ? word[p] : s->ids[p] / 100;
            assert_int_equal(s->ids[off + p], 100 * word[p] + t);
        }
    assert_int_equal(off, s->N);
    for (int p = 0; p < s->B; p++) {
        assert_int_equal(s->key[p], (uint64_t)word[p]);
        assert_int_equal(seen[word[p]]++, 0);
    }
}

static void check_batch(const recur_data *d, const recur_batch *b)
{
    int word[WORDS], named[WORDS] = { 0 }, off = 0;
    assert_non_null(b->side);
    words_of(b->side, word);
    for (int t = 0; t < b->T; off += b->alive[t++])
        for (int s = 0; s < b->alive[t]; s++) {
            const rc_example *ex = &d->ex[rc_data_order(d, s)];
            int want = d->row_side ? d->row_side[ex->at + (size_t)t] : ex->side;
            int p = d->row_side ? b->row_place[off + s] : b->place[s];
            assert_true(p >= -1 && p < b->side->B);
            assert_int_equal(p < 0 ? -1 : word[p], want);
            named[want < 0 ? 7 : want]++;
        }
    for (int p = 0; p < b->side->B; p++)
        assert_true(named[word[p]] > 0);
}

static void batches_name_their_side(void **state)
{
    (void)state;
    for (int rows = 0; rows < 2; rows++) {
        test_memory m;
        recur r = test_runtime(&m);
        recur_data *d = sentences(&r, rows);
        recur_batch b;
        const int sizes[] = { 1, 7, 90, 200 };
        for (size_t k = 0; k < 4; k++)
            for (uint64_t seed = 0; seed < 3; seed++) {
                recur_dims most;
                int n = 0;
                rc_data_dims(d, sizes[k], 1, &most);
                recur_data_start(d, sizes[k], 0, seed, 1);
                long before = m.calls;
                for (; recur_data_next(d, &b) == RECUR_OK; n += b.B) {
                    check_batch(d, &b);
                    assert_true(b.side->B <= most.side.B && b.side->T <= most.side.T && b.side->N <= most.side.N);
                }
                assert_int_equal(m.calls, before);
                assert_int_equal(n, SENTENCES);
            }
        GOOD(&r, rc_data_of(d, (int32_t[]){ 3, 8, 3, 60 }, 4, &b));
        check_batch(d, &b);
        d->ex[9].side = -1;
        for (int t = 0; t < d->ex[9].T && rows; t++)
            d->row_side[d->ex[9].at + (size_t)t] = -1;
        GOOD(&r, rc_data_of(d, (int32_t[]){ 9 }, 1, &b));
        assert_true(b.side->B == 0 && b.side->T == 0 && b.side->N == 0 && b.place[0] == -1);
        recur_data_close(d);
        assert_int_equal(m.live, 0);
    }
}

static void parts_take_their_side_along(void **state)
{
    (void)state;
    for (int rows = 0; rows < 2; rows++) {
        test_memory m;
        recur r = test_runtime(&m);
        recur_data *d = sentences(&r, rows), *held;
        recur_batch b;
        GOOD(&r, recur_data_split(d, 0.3, 5, &held));
        assert_true(held->count > 10 && d->count > 40 && d->count + held->count == SENTENCES);
        recur_data *part[] = { d, held };
        for (int k = 0; k < 2; k++)
            for (int i = 0; i < part[k]->count; i++) {
                const rc_example *ex = &part[k]->ex[i];
                int who = part[k]->ids[0][ex->at];
                for (int t = 0; t < ex->T; t++) {
                    int p = rows ? part[k]->row_side[ex->at + (size_t)t] : ex->side;
                    int want = rows ? (who + t * t) % (WORDS + 1) - 1 : (who * 11) % WORDS;
                    assert_int_equal(p < 0, want < 0);
                    if (p < 0)
                        continue;
                    const rc_example *word = &part[k]->side->ex[p];
                    assert_int_equal(word->T, want == 7 ? 0 : 1 + want % 7);
                    assert_true(word->T == 0 || part[k]->side->ids[0][word->at] == 100 * want);
                }
            }
        recur_data_start(held, 8, 0, 1, 0);
        while (recur_data_next(held, &b) == RECUR_OK)
            assert_non_null(b.side);
        recur_data_close(held);
        recur_data_close(d);
        assert_int_equal(m.live, 0);
    }
}

/* --- the model's file --- */

static rc_text *units(recur *r, const char *unit, const char *s)
{
    rc_text *t;
    GOOD(r, rc_text_new(r, &t, &(rc_text_options){ .unit = unit, .min_count = 1 }));
    GOOD(r, rc_text_learn(t, s, strlen(s)));
    GOOD(r, rc_text_settle(t));
    return t;
}

static void put(recur *r, recur_data *d, int example)
{
    rc_example *ex;
    GOOD(r, rc_data_row(d, 2));
    GOOD(r, rc_data_example(d, &ex));
    ex->T = 2;
    ex->side = example;
    d->ids[0][d->rows] = d->ids[0][d->rows + 1] = 3;
    if (d->step_label)
        d->step_label[d->rows] = d->step_label[d->rows + 1] = 3;
    d->rows += 2;
}

static recur_model *model(recur *r, bool shared)
{
    recur_data *d;
    recur_model *m;
    GOOD(r, rc_data_new(r, &d, rc_task_find("classify")));
    GOOD(r, rc_data_side(d));
    d->C = d->side->C = 1;
    d->per_step = true;
    d->text = units(r, "word", "the play was dull");
    d->classes = rc_vocab_size(d->text->vocab);
    d->side->text = shared ? rc_text_share(d->text) : units(r, "char", "the plays");
    put(r, d->side, -1);
    put(r, d, 0);
    GOOD(r, rc_model_build(r, &m, "embed 5 | gru 4 bi >> embed 6 | gru 8 bridge | attend | dense", d, 1, NULL));
    assert_true((m->side_text == m->text) == shared);
    recur_data_close(d);
    return m;
}

static void the_file_keeps_the_side(void **state)
{
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        recur *r = task_runtime();
        recur_model *m = model(r, shared), *back;
        rc_store s;
        rc_store_init(&s, r);
        GOOD(r, rc_model_store(m, &s, true));
        GOOD(r, rc_model_from(r, &back, &s, "x.recur"));
        assert_true((back->side_text == back->text) == shared);
        assert_int_equal(rc_vocab_size(back->side_text->vocab), rc_vocab_size(m->side_text->vocab));
        assert_string_equal(back->side_text->unit->name, shared ? "word" : "char");
        assert_string_equal(back->net->line, m->net->line);
        assert_memory_equal(back->w, m->w, m->net->params.total * sizeof *m->w);
        assert_int_equal(back->net->facts.side.vocabulary[0], m->net->facts.side.vocabulary[0]);
        recur_model_free(back);
        rc_store_free(&s);
        recur_model_free(m);
        task_runtime_free(r);
    }
}

static void damaged_sides_are_named(void **state)
{
    static const struct { const char *from, *to, *say; } t[] = {
        { "\"text\":\"own\"", "\"text\":\"old\"", "neither its own nor shared" },
        { "\"text\":\"own\"", "\"text\":\"none\"", "left over" },
        { "\"text\":\"own\"", "\"text\":\"shared\"", "vocabulary size" },
        { "\"side\":{\"vocabulary\":[", "\"side\":{\"vocabulary\":[0,", "not the numbers" },
        { "\"side\":{\"vocabulary\":[", "\"side\":{\"vocabulary\":[4,", "vocabulary size" },
        { "\"side\":{", "\"sides\":{", "side.text" },
    };
    recur *r = *state;
    recur_model *m = model(r, false), *back;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        rc_store s;
        rc_store_init(&s, r);
        GOOD(r, rc_model_store(m, &s, true));
        int k = 0;
        while (strcmp(s.key[k], "recur") != 0)
            k++;
        char *at = strstr(s.value[k], t[i].from), text[4000];
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - s.value[k]), s.value[k], t[i].to, at + strlen(t[i].from));
        rc_free(r, s.value[k]);
        s.value[k] = rc_copy(r, text);
        int e = rc_model_from(r, &back, &s, "x.recur");
        if (e != RECUR_EFORMAT || !strstr(r->message, strcmp(t[i].say, "side.text") ? t[i].say : "x.recur"))
            fail_msg("%s: %d: %s", t[i].to, e, r->message);
        rc_store_free(&s);
    }
    recur_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_name_their_side), cmocka_unit_test(parts_take_their_side_along),
        cmocka_unit_test(the_file_keeps_the_side), TASK_TEST(damaged_sides_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
