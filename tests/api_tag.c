/* SPDX-License-Identifier: MIT
 * api_tag.c - a tagger from files to answers: the same bits for any number of threads, for a training that was stopped and
 * resumed, for a text alone and among others, after saving and loading; nothing is lost where memory fails. */
#include <unistd.h>
#include "api.h"

#define NET "embed 8 | conv 8 width=3 | pool max >> embed 12 | embed 4 of=shape | side | drop .3 | lstm 12 bi || dense | crf" \
            " || pool max | dense | softmax weight=.3"

static char folder[] = "/tmp/recur-tag-XXXXXX";
static char file[64], out[64], ckpt[80];

static int begin(void **state)
{
    static const char *const who[] = { "Mary Jones", "Peter", "Ruth Hill", "Tom", "Nora" }, *const where[] = { "Rome", "New York", "Oslo", "Bath" };
    if (!mkdtemp(folder)) return -1;
    snprintf(file, sizeof file, "%s/train.conll", folder);
    snprintf(out, sizeof out, "%s/m.recur", folder);
    snprintf(ckpt, sizeof ckpt, "%s.ckpt", out);
    FILE *f = fopen(file, "w");
    for (int i = 0; i < 120; i++) {
        char name[32], town[32];
        snprintf(name, sizeof name, "%s", who[i % 5]);
        snprintf(town, sizeof town, "%s", where[i / 5 % 4]);
        fprintf(f, "# intent = %s\n", i % 2 ? "ask" : "tell");
        if (i % 2) fprintf(f, "did\tO\n");
        char *second = strchr(name, ' '), *york = strchr(town, ' ');
        if (second) *second++ = 0;
        if (york) *york++ = 0;
        fprintf(f, "%s\tB-PER\n", name);
        if (second) fprintf(f, "%s\tI-PER\n", second);
        fprintf(f, "%s\tO\nin\tO\n%s\tB-LOC\n", i % 2 ? "live" : "lives", town);
        if (york) fprintf(f, "%s\tI-LOC\n", york);
        fprintf(f, "%d\tO\n%s\tO\n\n", i, i % 2 ? "?" : ".");
    }
    fclose(f);
    *state = NULL;
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(file);
    unlink(out);
    rmdir(folder);
    return 0;
}

static recur_train_options options(void)
{
    recur_train_options o = recur_train_defaults();
    o.net = NET;
    o.steps = 60;
    o.batch = 8;
    o.lr = 0.01;
    return o;
}

static int watch(void *ud, const recur_progress *p) { return *(long *)ud && p->event == RECUR_STEP && p->step >= *(long *)ud; }

/* All weights of a training into w [room]; how many. */
static size_t trained(int threads, long stop, int resume, float *w, size_t room)
{
    recur *r;
    recur_model *m;
    recur_param p;
    size_t n = 0;
    const char *path[] = { file };
    recur_train_options o = options();
    o.out = out;
    o.force = !resume;
    o.resume = resume;
    assert_int_equal(recur_open(&r, &(recur_config){ .threads = threads }), RECUR_OK);
    int e = recur_train(r, &m, "tag", path, 1, &o, watch, &stop);
    if (stop) assert_int_equal(e, RECUR_ESTOP);
    else if (e < 0) fail_msg("%s", recur_message(r));
    for (int i = 0; !stop && recur_model_param(m, i, &p) == RECUR_OK; i++)
        for (size_t k = 0; k < p.n; k++) {
            assert_true(n < room);
            w[n++] = p.w[k];
        }
    if (!stop) recur_model_free(m);
    recur_close(r);
    return n;
}

static void the_same_bits(void **state)
{
    enum { ROOM = 100000 };
    (void)state;
    float *one = calloc(ROOM, sizeof *one), *other = calloc(ROOM, sizeof *other);
    size_t n = trained(1, 0, 0, one, ROOM);
    assert_true(n > 1000);
    for (int threads = 2; threads <= 3; threads++) {
        assert_int_equal(trained(threads, 0, 0, other, ROOM), n);
        assert_memory_equal(one, other, n * sizeof *one);
    }
    trained(1, 31, 0, other, ROOM);
    assert_int_equal(trained(2, 0, 1, other, ROOM), n);
    assert_memory_equal(one, other, n * sizeof *one);
    free(one);
    free(other);
}

static const char *const line_of[] = { "did Mary live in Oslo ?", "", "Tom lives in New York .", "unseen words here", "Ruth Hill lives in Rome 7 ." };

static void answers(void **state)
{
    (void)state;
    recur *r;
    recur_model *m, *again;
    char *all, *alone, *loaded, *text;
    const char *path[] = { file };
    recur_train_options o = options();
    o.steps = 200;
    assert_int_equal(recur_open(&r, &(recur_config){ .threads = 2 }), RECUR_OK);
    if (recur_train(r, &m, "tag", path, 1, &o, NULL, NULL) < 0) fail_msg("%s", recur_message(r));
    assert_int_equal(recur_tag(r, m, line_of[2], &text), RECUR_OK);
    assert_string_equal(text, "Tom\tB-PER\nlives\tO\nin\tO\nNew\tB-LOC\nYork\tI-LOC\n.\tO\n");
    recur_free(r, text);
    assert_int_equal(recur_tag_lines(r, m, line_of, 5, 2, &all), RECUR_OK);
    assert_non_null(strstr(all, "\"intent\": \"ask\""));
    assert_non_null(strstr(all, "\"readings\""));
    const char *at = all;
    for (int i = 0; i < 5; i++) {                             /* each text's answer stands among all, digit for digit */
        assert_int_equal(recur_tag_lines(r, m, &line_of[i], 1, 2, &alone), RECUR_OK);
        char *body = strchr(alone, '{');
        *(strrchr(body, '}') + 1) = 0;
        at = strstr(at, body);
        assert_non_null(at);
        recur_free(r, alone);
    }
    assert_int_equal(recur_model_save(m, out), RECUR_OK);
    assert_int_equal(recur_model_load(r, &again, out), RECUR_OK);
    assert_int_equal(recur_tag_lines(r, again, line_of, 5, 2, &loaded), RECUR_OK);
    assert_string_equal(all, loaded);
    recur_free(r, all);
    recur_free(r, loaded);
    recur_data *d;
    assert_int_equal(recur_data_files(r, &d, NULL, path, 1, NULL, again), RECUR_OK);
    assert_int_equal(recur_eval(r, again, d, &text), RECUR_OK);
    static const char *const keys[] = { "accuracy", "precision", "recall", "f1", "intent_accuracy", "both_right", "baseline", "verdict" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char key[40];
        snprintf(key, sizeof key, "\"%s\":", keys[i]);
        assert_non_null(strstr(text, key));
    }
    recur_free(r, text);
    recur_data_close(d);
    recur_model_free(m);
    recur_model_free(again);
    recur_close(r);
}

static void memory_that_fails(void **state)
{
    (void)state;
    int failed = 0;
    for (long k = 1; k < 4000; k += k < 60 ? 1 : 37) {
        counter c = { .fail_at = 0 };
        recur *r = open_counted(&c, 1);
        recur_model *m;
        char *text = NULL;
        assert_int_equal(recur_model_load(r, &m, out), RECUR_OK);
        c.fail_at = c.calls + k;
        int e = recur_tag_lines(r, m, line_of, 5, 1, &text);
        failed += e < 0;
        assert_true(e == RECUR_OK || e == RECUR_ENOMEM);
        recur_free(r, text);
        recur_model_free(m);
        recur_close(r);
        assert_int_equal(c.live, 0);
        if (e == RECUR_OK && k > 60) break;
    }
    assert_true(failed > 20);
}

/* A byte that is no UTF-8 is told as U+FFFD: no word is lost, and each keeps its own tag. */
static void bytes_that_are_no_text(void **state)
{
    static const char *const texts[] = { "did M\xFFry live in Oslo \xC3", "did M\xEF\xBF\xBDry live in Oslo \xEF\xBF\xBD" };
    (void)state;
    recur *r;
    recur_model *m;
    char *bad, *good;
    assert_int_equal(recur_open(&r, NULL), RECUR_OK);
    assert_int_equal(recur_model_load(r, &m, out), RECUR_OK);
    for (int best = 1; best <= 2; best++) {
        assert_int_equal(recur_tag_lines(r, m, &texts[0], 1, best, &bad), RECUR_OK);
        assert_int_equal(recur_tag_lines(r, m, &texts[1], 1, best, &good), RECUR_OK);
        assert_string_equal(bad, good);
        recur_free(r, bad);
        recur_free(r, good);
    }
    recur_model_free(m);
    recur_close(r);
}

static void what_is_refused(void **state)
{
    (void)state;
    recur *r;
    recur_model *m;
    recur_data *d;
    char *text;
    const char *path[] = { file };
    assert_int_equal(recur_open(&r, NULL), RECUR_OK);
    assert_int_equal(recur_model_load(r, &m, out), RECUR_OK);
    assert_int_equal(recur_tag(r, NULL, "a", &text), RECUR_EOPTION);
    assert_int_equal(recur_tag_lines(r, m, line_of, 5, 0, &text), RECUR_EOPTION);
    recur_train_options o = options();
    o.scheme = "iob3";
    assert_int_equal(recur_data_files(r, &d, "tag", path, 1, &o, NULL), RECUR_EOPTION);
    o.scheme = NULL;
    o.column = 9;
    assert_int_equal(recur_data_files(r, &d, "tag", path, 1, &o, NULL), RECUR_EDATA);
    assert_non_null(strstr(recur_message(r), "train.conll:2: "));
    recur_model_free(m);
    recur_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_same_bits), cmocka_unit_test(answers), cmocka_unit_test(memory_that_fails),
                                        cmocka_unit_test(bytes_that_are_no_text), cmocka_unit_test(what_is_refused) };
    return cmocka_run_group_tests(tests, begin, end);
}
