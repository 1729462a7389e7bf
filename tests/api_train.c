/* SPDX-License-Identifier: MIT
 * api_train.c - the whole job in one call: files to a model, watched, stopped, resumed, written, generated from. */
#include <sys/stat.h>
#include <unistd.h>
#include "api.h"

static char folder[] = "/tmp/recur-api-XXXXXX";
static char tsv[64], text[64], out[64], ckpt[80];

static int begin(void **state)
{
    recur *r;
    if (!mkdtemp(folder)) return -1;
    snprintf(tsv, sizeof tsv, "%s/train.tsv", folder);
    snprintf(text, sizeof text, "%s/text.txt", folder);
    snprintf(out, sizeof out, "%s/m.recur", folder);
    snprintf(ckpt, sizeof ckpt, "%s.ckpt", out);
    FILE *f = fopen(tsv, "w");
    static const char *const word[] = { "fine", "lovely", "bright", "awful", "dull", "grim" }, *const thing[] = { "play", "song", "day", "meal" };
    for (int i = 0; i < 240; i++)
        fprintf(f, "%s\tthe %s number %d was %s\n", i % 6 < 3 ? "good" : "bad", thing[i / 6 % 4], i, word[i % 6]);
    fputs("a line without a tab\n", f);
    fclose(f);
    f = fopen(text, "w");
    for (int i = 0; i < 200; i++) fputs("one two three four five, once I caught a fish alive.\n", f);
    fclose(f);
    int e = recur_open(&r, &(recur_config){ .threads = 2 });
    *state = r;
    return e;
}

static int end(void **state)
{
    recur_close(*state);
    unlink(tsv);
    unlink(text);
    unlink(out);
    rmdir(folder);
    return 0;
}

typedef struct { int seen[8]; long stop_at; long step; double held; } eye;

static int watch(void *ud, const recur_progress *p)
{
    eye *e = ud;
    e->seen[p->event]++;
    if (p->event == RECUR_CHOSEN || p->event == RECUR_WARNED || p->event == RECUR_SAVED) assert_true(strlen(p->text) > 0);
    if (p->event == RECUR_EVALUATED) e->held = p->held;
    if (p->event != RECUR_STEP) return 0;
    e->step = (long)p->step;
    return e->stop_at && p->step >= e->stop_at;
}

static void a_classifier_from_one_file(void **state)
{
    recur *r = *state;
    recur_model *m;
    recur_train_options o = recur_train_defaults();
    const char *path[] = { tsv };
    recur_answer best;
    char *json;
    eye e = { 0 };
    o.epochs = 6;
    o.out = out;
    o.net = "embed 16 | lstm 16 bi | pool max mean | dense";
    OK(r, recur_train(r, &m, "classify", path, 1, &o, watch, &e));
    assert_true(e.seen[RECUR_CHOSEN] > 2 && e.seen[RECUR_EVALUATED] >= 6 && e.seen[RECUR_FINISHED] == 1 && e.seen[RECUR_SAVED] >= 1);
    assert_int_equal(e.seen[RECUR_WARNED], 1);
    assert_non_null(strstr(recur_warning(r), "train.tsv:241"));
    assert_int_equal(recur_classify(r, m, "the song was lovely", &best, 1), 1);
    assert_string_equal(best.name, "good");
    OK(r, recur_inspect(r, m, &json));
    static const char *const keys[] = { "train.tsv", "xxh3", "held_out", "kernels", "seconds", "options" };
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        if (!strstr(json, keys[k])) fail_msg("the card has no %s: %s", keys[k], json);
    recur_free(r, json);
    recur_model_free(m);
    FAILS(r, RECUR_EOPTION, "--force", recur_train(r, &m, "classify", path, 1, &o, NULL, NULL));
    assert_null(m);
    OK(r, recur_model_load(r, &m, out));
    recur_data *d;
    OK(r, recur_data_files(r, &d, NULL, path, 1, NULL, m));
    OK(r, recur_eval(r, m, d, &json));
    static const char *const scores[] = { "\"samples\"", "\"accuracy\"", "\"macro_f1\"", "\"baseline\"" };
    for (size_t k = 0; k < sizeof scores / sizeof *scores; k++)
        if (!strstr(json, scores[k])) fail_msg("eval has no %s: %s", scores[k], json);
    recur_free(r, json);
    recur_data_close(d);
    recur_model_free(m);
    unlink(out);
}

typedef struct { char s[512]; size_t n; } page;

static int write_page(void *ud, const char *s, size_t n)
{
    page *p = ud;
    if (p->n + n >= sizeof p->s) return 1;
    memcpy(p->s + p->n, s, n);
    p->n += n;
    p->s[p->n] = 0;
    return 0;
}

static recur_train_options small_lm(void)
{
    recur_train_options o = recur_train_defaults();
    o.unit = "char";
    o.net = "embed 8 | drop .1 | lstm 24 | dense";
    o.steps = 60;
    o.batch = 8;
    o.bptt = 16;
    o.lr = 0.02;
    o.out = out;
    o.force = 1;
    return o;
}

static page sample(recur *r, recur_model *m)
{
    page p = { .n = 0 };
    recur_generate_options o = recur_generate_defaults();
    o.length = 80;
    o.prompt = "one ";
    OK(r, recur_generate(r, m, &o, write_page, &p));
    assert_true(p.n > 20);
    return p;
}

static void stopping_and_resuming_changes_nothing(void **state)
{
    recur *r = *state;
    recur_model *m;
    recur_param p, q;
    recur_train_options o = small_lm();
    const char *path[] = { text };
    struct stat st;
    eye e = { .stop_at = 23 };
    OK(r, recur_train(r, &m, "lm", path, 1, &o, NULL, NULL));
    page straight = sample(r, m);
    unlink(out);
    assert_int_not_equal(stat(ckpt, &st), 0);
    recur_model *n;
    assert_int_equal(recur_train(r, &n, "lm", path, 1, &o, watch, &e), RECUR_ESTOP);
    assert_null(n);
    assert_int_equal(e.step, 23);
    assert_int_equal(stat(ckpt, &st), 0);
    o.resume = 1;
    o.force = 0;
    OK(r, recur_train(r, &n, "lm", path, 1, &o, NULL, NULL));
    page resumed = sample(r, n);
    assert_string_equal(straight.s, resumed.s);
    char *json;
    OK(r, recur_copy_report(r, n, resumed.s, path, 1, &json));
    assert_non_null(strstr(json, "\"longest_copy\""));
    recur_free(r, json);
    for (int i = 0; recur_model_param(m, i, &p) == RECUR_OK; i++) {
        OK(r, recur_model_param(n, i, &q));
        assert_memory_equal(p.w, q.w, p.n * sizeof(float));
    }
    recur_model_free(n);
    recur_model_free(m);
    unlink(out);
}

static void wrong_files_are_told(void **state)
{
    recur *r = *state;
    recur_model *m;
    recur_train_options o = recur_train_defaults();
    char *json;
    FAILS(r, RECUR_EIO, "absent.tsv", recur_train(r, &m, "classify", (const char *const[]){ "absent.tsv" }, 1, NULL, NULL, NULL));
    FAILS(r, RECUR_EOPTION, "lm", recur_train(r, &m, "poetry", (const char *const[]){ tsv }, 1, NULL, NULL, NULL));
    FAILS(r, RECUR_EOPTION, "file", recur_train(r, &m, "lm", NULL, 0, NULL, NULL, NULL));
    o.strict = 1;
    FAILS(r, RECUR_EDATA, "train.tsv:241", recur_train(r, &m, "classify", (const char *const[]){ tsv }, 1, &o, NULL, NULL));
    OK(r, recur_check(r, "classify", (const char *const[]){ tsv }, 1, NULL, &json));
    assert_non_null(strstr(json, "241"));
    recur_free(r, json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_classifier_from_one_file), cmocka_unit_test(stopping_and_resuming_changes_nothing), cmocka_unit_test(wrong_files_are_told),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
