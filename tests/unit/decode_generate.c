/* SPDX-License-Identifier: MIT
 * decode_generate.c - generated text: the same for the same seed, whole UTF-8 signs, stop text; what is copied. */
#include "unit/train_help.h"
#include "decode/decode.h"

static const char poem[] = "床前明月光\n疑是地上霜\n举头望明月\n低头思故乡\nünïcødé – 𝄞 ok\n";

typedef struct { char s[20000]; size_t n; int calls, most; bool whole; } heard;
static int hear(void *ud, const char *s, size_t n)
{
    heard *h = ud;
    size_t bad;
    h->whole = h->whole && rc_utf8_valid(s, n, &bad);
    memcpy(h->s + h->n, s, n);
    h->n += n;
    h->s[h->n] = 0;
    return ++h->calls == h->most;
}

static int next_poem(void *ud, recur_example *out)
{
    int *left = ud;
    if ((*left)-- == 0) return 1;
    *out = (recur_example){ .text = poem };
    return 0;
}

static void open_poet(job_of_train *j, recur *r, const char *unit, int64_t steps)
{
    recur_train_options o;
    int copies = 4;
    defaults(&o);
    o.unit = unit;
    *j = (job_of_train){ .r = r };
    GOOD(r, rc_data_new(r, &j->d, rc_task_find("lm")));
    GOOD(r, j->d->task->pull(j->d, next_poem, &copies, &o, NULL));
    GOOD(r, rc_model_build(r, &j->m, "embed 16 | lstm 64 | dense", j->d, 3, NULL));
    o.steps = steps;
    o.lr = 0.02;
    o.batch = 2;
    o.bptt = 40;
    GOOD(r, rc_fit(j->m, j->d, NULL, &o, NULL, NULL));
}

static recur_generate_options how(void)
{
    recur_generate_options o;
    int n;
    const recur_option *t = recur_generate_table(&n);
    recur_option_defaults(t, n, &o);
    return o;
}

static void speak(const job_of_train *j, const recur_generate_options *o, heard *h)
{
    *h = (heard){ .whole = true, .most = h->most };
    GOOD(j->r, rc_generate(j->r, j->m, o, hear, h));
}

static const char *const units[] = { "byte", "char", "word", "bpe:300" };

static void same_seed_same_text_in_whole_signs(void **state)
{
    (void)state;
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        recur *r = open_runtime(1);
        job_of_train j;
        static heard a, b, c;
        recur_generate_options o = how();
        open_poet(&j, r, units[u], 3);   /* hardly trained: bytes come in any order */
        o.temperature = 1.5;
        o.length = 400;
        speak(&j, &o, &a);
        speak(&j, &o, &b);
        o.seed = 2;
        speak(&j, &o, &c);
        assert_true(a.n > 0 && a.whole && c.whole);
        assert_string_equal(a.s, b.s);
        assert_string_not_equal(a.s, c.s);
        assert_null(strstr(a.s, "<unk>"));
        assert_null(strstr(a.s, "<s>"));
        assert_null(strstr(a.s, "</s>"));
        close_job(&j);
        close_runtime(r);
    }
}

static void learned_text_comes_back_after_its_beginning(void **state)
{
    (void)state;
    static const char *const learned[] = { "byte", "char" };
    for (size_t u = 0; u < 2; u++) {
        recur *r = open_runtime(2);
        job_of_train j;
        static heard h;
        recur_generate_options o = how();
        open_poet(&j, r, learned[u], 500);
        o.temperature = 0;
        o.prompt = "床前明";
        o.length = 60;
        speak(&j, &o, &h);
        assert_true(h.whole);
        assert_memory_equal(h.s, "月光\n疑是地上霜\n", strlen("月光\n疑是地上霜\n"));
        o.stop = "地上";
        speak(&j, &o, &h);
        assert_string_equal(h.s, "月光\n疑是");
        o.stop = NULL;
        h.most = 1;
        speak(&j, &o, &h);
        assert_int_equal(h.calls, 1);
        h.most = 0;
        o.length = 0;
        speak(&j, &o, &h);
        assert_int_equal(h.n, 0);
        close_job(&j);
        close_runtime(r);
    }
}

static double number(const json_t *j, const char *key)
{
    assert_true(json_is_number(json_object_get(j, key)));
    return json_number_value(json_object_get(j, key));
}

/* The report beside a slow and plain count. */
static int slow_run(const char *train, const char *said, int end)
{
    for (int n = end; n > 0; n--) {
        char part[512];
        memcpy(part, said + end - n, (size_t)n);
        part[n] = 0;
        if (strstr(train, part)) return n;
    }
    return 0;
}

static void copies_are_counted(void **state)
{
    (void)state;
    char path[] = "/tmp/recur-copy-XXXXXX";
    char train[400], said[300];
    const char *const files[] = { path };
    recur *r = open_runtime(1);
    job_of_train j;
    int f = mkstemp(path);
    assert_true(f >= 0);
    open_job(&j, r, "lm", "char", 10, 0, "embed 4 | lstm 4 | dense");
    for (int round = 0; round < 20; round++) {
        static const char signs[] = "aeht s";
        const int kinds = 2 + round % 5, n = 10 + round * 12;
        for (int i = 0; i < 390; i++) train[i] = signs[rc_below(rc_key(1, RC_OTHER, (uint64_t)round, 0), (uint64_t)i, (uint64_t)kinds)];
        for (int i = 0; i < n; i++) said[i] = signs[rc_below(rc_key(1, RC_OTHER, (uint64_t)round, 1), (uint64_t)i, (uint64_t)kinds)];
        if (round % 2) memcpy(said + 2, train + 100, n > 60 ? 50 : 8);
        train[390] = said[n] = 0;
        assert_true(ftruncate(f, 0) == 0 && pwrite(f, train, 390, 0) == 390);
        json_t *report;
        GOOD(r, rc_copy_report(j.m, said, files, 1, &report));
        int longest = 0, covered = 0;
        bool mark[300] = { false };
        for (int i = 0; i < n; i++) {
            int run = slow_run(train, said, i + 1);
            if (run > longest) longest = run;
            for (int k = 0; run >= 8 && k < run; k++) mark[i - k] = true;
        }
        for (int i = 0; i < n; i++) covered += mark[i];
        assert_int_equal((int)number(report, "units"), n);
        assert_int_equal((int)number(report, "longest_copy"), longest);
        assert_near(number(report, "copied_8"), (double)covered / n, 1e-12);
        assert_true(number(report, "distinct_1") <= (double)kinds / n + 1e-12);
        assert_int_equal(strlen(json_string_value(json_object_get(report, "longest_text"))), longest);
        json_decref(report);
    }
    json_t *empty;
    GOOD(r, rc_copy_report(j.m, "", files, 1, &empty));
    assert_int_equal((int)number(empty, "longest_copy"), 0);
    json_decref(empty);
    close(f);
    unlink(path);
    close_job(&j);
    close_runtime(r);
}

static void other_tasks_do_not_generate(void **state)
{
    (void)state;
    recur *r = open_runtime(1);
    job_of_train j;
    heard h = { .whole = true };
    open_job(&j, r, "classify", "word", 10, 0, CLASSIFY_NET);
    assert_int_equal(rc_generate(r, j.m, NULL, hear, &h), RECUR_EOPTION);
    assert_non_null(strstr(r->message, "`recur classify` puts it to work"));
    close_job(&j);
    close_runtime(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_text_in_whole_signs), cmocka_unit_test(learned_text_comes_back_after_its_beginning),
        cmocka_unit_test(copies_are_counted), cmocka_unit_test(other_tasks_do_not_generate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
