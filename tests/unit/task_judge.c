/* SPDX-License-Identifier: MIT
 * Entities by the rules of conlleval, on cases made by hand; edit distance against the plain table, and its parts. */
#include "task_help.h"
#include "judge/judge.h"

static rc_vocab *labels_of(recur *r, const char *const *name, int n)
{
    rc_vocab *v;
    GOOD(r, rc_vocab_new(r, &v));
    for (int i = 0; i < n; i++)
        GOOD(r, rc_vocab_add(v, name[i], strlen(name[i]), 0, NULL));
    return v;
}

static const char *const iob[] = { "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "E-PER", "S-PER", "E-LOC", "S-LOC", "NN" };
enum { O, BP, IP, BL, IL, EP, SP, EL, SL, NN, LABELS };

typedef struct { int n; int32_t tag[10]; int found; rc_entity at[6]; } example;
static const example cases[] = {                              /* types in order of bytes: LOC 0, PER 1 */
    { 3, { O, O, O }, 0, { { 0, 0, 0 } } },
    { 3, { BP, IP, O }, 1, { { 0, 2, 1 } } },
    { 4, { O, IP, IP, O }, 1, { { 1, 3, 1 } } },              /* I after O begins one */
    { 3, { IP, IP, IP }, 1, { { 0, 3, 1 } } },
    { 3, { IP, BP, IP }, 2, { { 0, 1, 1 }, { 1, 3, 1 } } },   /* B parts neighbours of one type */
    { 4, { BP, IL, IL, O }, 2, { { 0, 1, 1 }, { 1, 3, 0 } } },/* another type begins another */
    { 2, { BP, BP }, 2, { { 0, 1, 1 }, { 1, 2, 1 } } },
    { 4, { BP, IP, EP, O }, 1, { { 0, 3, 1 } } },             /* BIOES */
    { 5, { SP, SL, BL, EL, SP }, 4, { { 0, 1, 1 }, { 1, 2, 0 }, { 2, 4, 0 }, { 4, 5, 1 } } },
    { 4, { BP, EP, IP, EP }, 2, { { 0, 2, 1 }, { 2, 4, 1 } } },   /* after an end, I begins */
    { 3, { EP, EP, SP }, 3, { { 0, 1, 1 }, { 1, 2, 1 }, { 2, 3, 1 } } },
    { 3, { BP, NN, IP }, 2, { { 0, 1, 1 }, { 2, 3, 1 } } },   /* what is no such tag is outside */
    { 3, { BP, -1, IP }, 2, { { 0, 1, 1 }, { 2, 3, 1 } } },
};

static void entities_of_a_sentence(void **state)
{
    recur *r = *state;
    rc_vocab *v = labels_of(r, iob, LABELS);
    rc_entity_kinds *k;
    GOOD(r, rc_entity_kinds_new(r, &k, v));
    assert_string_equal(rc_entity_type(k, 0), "LOC");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rc_entity at[10];
        int n = rc_entities_of(k, cases[i].tag, cases[i].n, at);
        if (n != cases[i].found)
            fail_msg("case %zu: %d entities, not %d", i, n, cases[i].found);
        for (int j = 0; j < n; j++)
            if (at[j].from != cases[i].at[j].from || at[j].to != cases[i].at[j].to || at[j].type != cases[i].at[j].type)
                fail_msg("case %zu: entity %d is [%d, %d) of type %d", i, j, at[j].from, at[j].to, at[j].type);
    }
    rc_entity_kinds_free(k);
    rc_vocab_free(v);
}

static double figure(const json_t *j, const char *type, const char *name)
{
    const json_t *of = type ? json_object_get(json_object_get(j, "per_type"), type) : j;
    return json_number_value(json_object_get(of, name));
}

/* Two sentences: PER right, LOC too short, a PER that is none; an entity never crosses a sentence's end. */
static void figures_of_entities(void **state)
{
    static const int32_t gold[] = { BP, IP, O, BL, IL, BP,   IP, O, O, O };
    static const int32_t said[] = { BP, IP, O, BL, O, IP,    IP, O, BP, O };
    static const int32_t at[] = { 0, 6, 10 };
    recur *r = *state;
    rc_vocab *v = labels_of(r, iob, LABELS);
    json_t *j;
    GOOD(r, rc_entities(r, v, gold, said, at, 2, &j));
    assert_near(figure(j, NULL, "entities"), 4, 0);           /* PER PER PER, LOC */
    assert_near(figure(j, NULL, "said"), 5, 0);
    assert_near(figure(j, NULL, "correct"), 3, 0);
    assert_near(figure(j, NULL, "precision"), 0.6, 1e-12);
    assert_near(figure(j, NULL, "recall"), 0.75, 1e-12);
    assert_near(figure(j, NULL, "f1"), 2 * 0.6 * 0.75 / 1.35, 1e-12);
    assert_near(figure(j, NULL, "accuracy"), 0.7, 1e-12);
    assert_near(figure(j, "PER", "precision"), 0.75, 1e-12);
    assert_near(figure(j, "PER", "recall"), 1, 1e-12);
    assert_near(figure(j, "LOC", "f1"), 0, 0);
    assert_near(figure(j, "LOC", "entities"), 1, 0);
    json_decref(j);
    GOOD(r, rc_entities(r, v, gold, said, at, 0, &j));
    assert_near(figure(j, NULL, "f1"), 0, 0);
    json_decref(j);
    rc_vocab_free(v);
}

/* Whatever the tags: what is the same is found, all of it. */
static void random_tags_against_themselves(void **state)
{
    static int32_t tag[600], at[61];
    recur *r = *state;
    rc_vocab *v = labels_of(r, iob, LABELS);
    json_t *j;
    for (int i = 0; i < 600; i++)
        tag[i] = (int32_t)rc_below(5, (uint64_t)i, LABELS);
    for (int s = 0; s <= 60; s++)
        at[s] = s * 10;
    GOOD(r, rc_entities(r, v, tag, tag, at, 60, &j));
    assert_near(figure(j, NULL, "f1"), 1, 0);
    assert_near(figure(j, NULL, "accuracy"), 1, 0);
    assert_true(figure(j, NULL, "entities") > 100);
    json_decref(j);
    rc_vocab_free(v);
}

static int plain(const int32_t *a, int n, const int32_t *b, int m)
{
    int best = n > 0 && m > 0 ? plain(a + 1, n - 1, b + 1, m - 1) + (a[0] != b[0]) : n + m;
    int skip = n > 0 ? plain(a + 1, n - 1, b, m) + 1 : best, put = m > 0 ? plain(a, n, b + 1, m - 1) + 1 : best;
    best = skip < best ? skip : best;
    return put < best ? put : best;
}

static void edits(void **state)
{
    static const struct { int32_t a[5]; int n; int32_t b[5]; int m; int64_t out[4]; } some[] = {
        { { 1, 2, 3 }, 3, { 1, 2, 3 }, 3, { 0, 0, 0, 3 } }, { { 1, 2, 3 }, 3, { 1, 3 }, 2, { 0, 1, 0, 3 } },
        { { 1, 3 }, 2, { 1, 2, 3 }, 3, { 0, 0, 1, 2 } },    { { 1, 2, 3 }, 3, { 1, 9, 3 }, 3, { 1, 0, 0, 3 } },
        { { 1 }, 1, { 2, 3, 4 }, 3, { 1, 0, 2, 1 } },       { { 0 }, 0, { 2, 3 }, 2, { 0, 0, 2, 0 } },
        { { 2, 3 }, 2, { 0 }, 0, { 0, 2, 0, 2 } },          { { 1, 2, 3, 4 }, 4, { 2, 3, 4, 5 }, 4, { 0, 1, 1, 4 } },
    };
    recur *r = *state;
    int64_t out[4];
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        GOOD(r, rc_edit_distance(r, some[i].a, some[i].n, some[i].b, some[i].m, out));
        assert_memory_equal(out, some[i].out, sizeof out);
    }
    for (uint64_t seed = 1; seed < 200; seed++) {
        int32_t a[6], b[6];
        int n = (int)rc_below(seed, 0, 7), m = (int)rc_below(seed, 1, 7);
        for (int i = 0; i < 6; i++) {
            a[i] = (int32_t)rc_below(seed, 10 + (uint64_t)i, 3);
            b[i] = (int32_t)rc_below(seed, 20 + (uint64_t)i, 3);
        }
        GOOD(r, rc_edit_distance(r, a, n, b, m, out));
        assert_int_equal(out[RC_SUBSTITUTED] + out[RC_DELETED] + out[RC_INSERTED], plain(a, n, b, m));
        assert_int_equal(n - out[RC_DELETED] + out[RC_INSERTED], m);
        assert_int_equal(out[RC_LENGTH], n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { TASK_TEST(entities_of_a_sentence), TASK_TEST(figures_of_entities),
                                        TASK_TEST(random_tags_against_themselves), TASK_TEST(edits) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
