/* SPDX-License-Identifier: MIT
 * task_bleu.c - BLEU and chrF against sacrebleu's figures: those kept in tests/golden/bleu.json, and, where sacrebleu is
 * there, those of texts made here. */
#include <math.h>

#include "judge/bleu.h"
#include "task_help.h"

static enum rc_cut cut_named(const char *name)
{
    int k = 0;
    while (rc_cut_names[k] != NULL && strcmp(rc_cut_names[k], name) != 0)
        k++;
    assert_non_null(rc_cut_names[k]);
    return (enum rc_cut)k;
}

static const char *line(const json_t *c, const char *key, size_t i)
{
    return json_string_value(json_array_get(json_object_get(c, key), i));
}

static void score(recur *r, const json_t *c, double *bleu, double *chrf)
{
    rc_bleu b = { 0 };
    rc_chrf f = { 0 };
    const enum rc_cut cut = cut_named(json_string_value(json_object_get(c, "cut")));
    for (size_t i = 0; i < json_array_size(json_object_get(c, "said")); i++) {
        const char *said = line(c, "said", i), *wanted = line(c, "wanted", i);
        GOOD(r, rc_bleu_add(r, &b, cut, json_is_true(json_object_get(c, "lower")), said, strlen(said), wanted,
                            strlen(wanted)));
        GOOD(r, rc_chrf_add(r, &f, said, strlen(said), wanted, strlen(wanted)));
    }
    *bleu = rc_bleu_score(&b);
    *chrf = rc_chrf_score(&f);
}

static void golden(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    json_t *all = json_load_file(TEST_DIR "/golden/bleu.json", 0, NULL), *c;
    size_t i, k;
    assert_true(json_array_size(json_object_get(all, "cases")) > 20);
    json_array_foreach(json_object_get(all, "cases"), i, c) {
        double bleu, chrf;
        for (k = 0; k < json_array_size(json_object_get(c, "wanted")); k++) {
            rc_buf b;
            rc_buf_init(&b, &r, 0);
            const char *s = line(c, "wanted", k);
            GOOD(&r, rc_cut_line(&r, cut_named(json_string_value(json_object_get(c, "cut"))),
                                 json_is_true(json_object_get(c, "lower")), s, strlen(s), &b));
            assert_string_equal(b.n > 0 ? b.s + 1 : "", line(c, "pieces", k));
            rc_buf_free(&b);
        }
        score(&r, c, &bleu, &chrf);
        assert_near(bleu, json_number_value(json_object_get(c, "bleu")), 1e-9);
        assert_near(chrf, json_number_value(json_object_get(c, "chrf")), 1e-9);
    }
    json_decref(all);
    assert_int_equal(m.live, 0);
}

/* Lines of words of two or three letters and marks, from a few so that n-grams meet; the second text is the first with
 * words changed. */
static void make(json_t *c, uint64_t seed)
{
    static const char *const word[] = { "ab", "cd.", "e,f", "3.1", "g-h", "7-x", "\"i\"", "j!", "&amp;", "k'l", "Mn", "o" };
    enum { WORDS = sizeof word / sizeof *word };
    json_t *said = json_array(), *wanted = json_array();
    uint64_t n = 0;
    for (int i = 0; i < 40; i++) {
        char a[256] = "", b[256] = "";
        int words = (int)rc_below(seed, n++, 18) + 1;
        for (int k = 0; k < words; k++) {
            const char *w = word[rc_below(seed, n++, WORDS)], *v = rc_below(seed, n++, 4) ? w : word[rc_below(seed, n++, WORDS)];
            strcat(strcat(a, k ? " " : ""), w);
            strcat(strcat(b, k ? " " : ""), v);
        }
        json_array_append_new(wanted, json_string(a));
        json_array_append_new(said, json_string(b));
    }
    json_object_set_new(c, "said", said);
    json_object_set_new(c, "wanted", wanted);
}

static void beside_sacrebleu(void **state)
{
    (void)state;
    const char *python = test_python("sacrebleu");
    if (python == NULL)
        TEST_SKIP("no Python with sacrebleu; the kept figures were compared");
    static const char program[] =
        "import json, sys, sacrebleu as s; c = json.load(open(sys.argv[1])); "
        "print(s.corpus_bleu(c['said'], [c['wanted']], tokenize=c['cut'], lowercase=c['lower'], force=True).score, "
        "s.corpus_chrf(c['said'], [c['wanted']]).score)";
    test_memory m;
    recur r = test_runtime(&m);
    test_folder f = test_folder_new();
    char path[TEST_PATH], command[1200];
    for (int k = 0; rc_cut_names[k] != NULL; k++) {
        double bleu, chrf, theirs[2];
        json_t *c = json_pack("{s:s,s:b}", "cut", rc_cut_names[k], "lower", k % 2);
        make(c, (uint64_t)k + 5);
        assert_int_equal(json_dump_file(c, test_path(&f, "case.json", path), 0), 0);
        snprintf(command, sizeof command, "%s -c \"%s\" '%s'", python, program, path);
        FILE *p = popen(command, "r");
        assert_non_null(p);
        assert_int_equal(fscanf(p, "%lf %lf", &theirs[0], &theirs[1]), 2);
        assert_int_equal(pclose(p), 0);
        score(&r, c, &bleu, &chrf);
        assert_near(bleu, theirs[0], 1e-9);
        assert_near(chrf, theirs[1], 1e-9);
        json_decref(c);
    }
    test_folder_free(&f);
}

static int scene(recur *r, void *arg)
{
    (void)arg;
    rc_bleu b = { 0 };
    rc_chrf c = { 0 };
    int e = rc_bleu_add(r, &b, RC_CUT_13A, true, "A cat, a dog.", 13, "a cat and a dog.", 16);
    return e < 0 ? e : rc_chrf_add(r, &c, "A cat", 5, "a cat", 5);
}

static void failing_memory(void **state)
{
    (void)state;
    test_all_allocations(scene, NULL, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden), cmocka_unit_test(beside_sacrebleu), cmocka_unit_test(failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
