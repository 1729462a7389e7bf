/* SPDX-License-Identifier: MIT
 * transcribe.c - from a list of sounds to a model to texts, through recur.h alone: files, samples in memory, sound as it
 * comes, searches, times, threads, allocations that fail. */
#include <jansson.h>
#include <unistd.h>

#include "api.h"

#define SHARE TEST_DIR "/../share/"
static const char *const list[] = { SHARE "dial.tsv" };

static recur_model *train(recur *r, const char *net, const char *front, const char *unit, int epochs)
{
    recur_train_options o = recur_train_defaults();
    recur_model *m;
    o.valid = SHARE "dial.test.tsv";
    o.net = net;
    o.front = front;
    o.unit = unit;
    o.epochs = epochs;
    o.patience = 0;
    o.no_baseline = 1;
    OK(r, recur_train(r, &m, "transcribe", list, 1, &o, NULL, NULL));
    return m;
}

static json_t *hear_file(recur *r, const recur_model *m, const char *path, const recur_transcribe_options *o)
{
    char *text;
    OK(r, recur_transcribe_sound(r, m, &(recur_sound){ .path = path }, NULL, o, &text));
    json_t *j = json_loads(text, 0, NULL);
    assert_non_null(j);
    recur_free(r, text);
    return j;
}

static const char *text_of(const json_t *j) { return json_string_value(json_object_get(j, "text")); }

/* Line i of the test list: the sound's name with its times, and its text. */
static bool line_of(int i, char *path, char *text)
{
    char line[256], name[200];
    FILE *f = fopen(SHARE "dial.test.tsv", "r");
    bool found = false;
    assert_non_null(f);
    for (int k = 0; k <= i && fgets(line, sizeof line, f); k++)
        found = k == i;
    fclose(f);
    if (found && sscanf(line, "%199[^\t]\t%99[^\n]", name, text) == 2)
        sprintf(path, SHARE "%s", name);
    return found;
}

/* The samples of dial.test.wav between the seconds behind the name's '#'. */
static size_t samples_of(const char *path, float *x, size_t most)
{
    static unsigned char raw[200000];
    double from, to;
    FILE *f = fopen(SHARE "dial.test.wav", "rb");
    assert_non_null(f);
    size_t n = fread(raw, 1, sizeof raw, f), count = 0;
    fclose(f);
    assert_int_equal(sscanf(strrchr(path, '#'), "#%lf-%lf", &from, &to), 2);
    for (size_t i = 44 + (size_t)(from * 4000 + 0.5); i < 44 + (size_t)(to * 4000 + 0.5) && i < n && count < most; i++)
        x[count++] = ((float)raw[i] - 128) / 128;
    return count;
}

static int gather(void *ud, const char *text, size_t n)
{
    strncat(ud, text, n);
    return 0;
}

/* What eval counts is what each file says; what a file says is what its samples say. */
static void files_and_samples(void **state)
{
    (void)state;
    counter c;
    recur *r = open_counted(&c, 1);
    recur_model *m = train(r, NULL, NULL, NULL, 100);
    static const char *const test[] = { SHARE "dial.test.tsv" };
    recur_data *d;
    char *json, path[400], want[100];
    static float x[20000];
    int right = 0, all = 0;
    for (; line_of(all, path, want); all++) {
        char *text;
        OK(r, recur_transcribe(r, m, path, &text));
        right += strcmp(text, want) == 0;
        json_t *j = hear_file(r, m, path, &(recur_transcribe_options){ .beam = 1, .n_best = 1, .align = 1 });
        assert_string_equal(text_of(j), text);
        double at = 0, seconds = json_number_value(json_object_get(j, "seconds"));
        size_t i;
        json_t *unit;
        json_array_foreach(json_object_get(j, "align"), i, unit) {
            double from = json_number_value(json_object_get(unit, "from")), to = json_number_value(json_object_get(unit, "to"));
            assert_true(from >= at && to > from && to <= seconds + 0.04);
            at = to;
        }
        json_decref(j);
        size_t n = samples_of(path, x, sizeof x / sizeof *x);
        OK(r, recur_transcribe_sound(r, m, &(recur_sound){ .x = x, .samples = n, .rate = 4000 }, NULL, NULL, &json));
        j = json_loads(json, 0, NULL);
        assert_string_equal(text_of(j), text);
        json_decref(j);
        recur_free(r, json);
        recur_free(r, text);
    }
    assert_int_equal(all, 40);
    OK(r, recur_data_files(r, &d, NULL, test, 1, NULL, m));
    OK(r, recur_eval(r, m, d, &json));
    json_t *score = json_loads(json, 0, NULL);
    assert_true(fabs(json_number_value(json_object_get(score, "exact")) * all - right) < 1e-6);
    print_message("wer %.4f\n", json_number_value(json_object_get(score, "wer")));
    assert_true(json_number_value(json_object_get(score, "wer")) < 0.15);      /* one in ten by chance would be 0.9 */
    json_decref(score);
    recur_free(r, json);
    recur_data_close(d);
    FAILS(r, RECUR_EDATA, "the sound ends after", recur_transcribe(r, m, SHARE "dial.test.wav#1-9999", &json));
    FAILS(r, RECUR_EIO, "cannot open", recur_transcribe(r, m, SHARE "no.wav", &json));
    FAILS(r, RECUR_EDATA, "no sound", recur_transcribe(r, m, SHARE "dial.tsv", &json));
    FAILS(r, RECUR_EOPTION, "looks ahead", recur_hear_open(r, &(recur_hearing *){ NULL }, m, gather, want));
    x[3] = NAN;
    FAILS(r, RECUR_EDATA, "sample 3", recur_transcribe_sound(r, m, &(recur_sound){ .x = x, .samples = 9, .rate = 4000 }, NULL, NULL, &json));
    FAILS(r, RECUR_EOPTION, "whole words", recur_transcribe_sound(r, m, &(recur_sound){ .path = path }, NULL,
          &(recur_transcribe_options){ .n_best = 1, .lexicon = SHARE "README.md" }, &json));
    for (long k = 1;; k += 3) {                               /* an allocation that fails leaves nothing behind */
        long live = c.live;
        c.calls = 0, c.fail_at = k;
        int e = recur_transcribe(r, m, path, &json);
        c.fail_at = 0;
        if (e == RECUR_OK) {
            recur_free(r, json);
            break;
        }
        assert_int_equal(e, RECUR_ENOMEM);
        assert_int_equal(c.live, live);
    }
    recur_model_free(m);
    recur_close(r);
    assert_int_equal(c.live, 0);
}

/* Sound in pieces of any size gives the text of the whole. */
static void as_it_comes(void **state)
{
    (void)state;
    counter c;
    recur *r = open_counted(&c, 1);
    recur_model *m = train(r, "input | lstm 48 | dense", "logmel 24 stack=2 norm=none", NULL, 60);
    recur_hearing *h;
    static float x[20000];
    char path[400], want[100], said[400] = "";
    size_t letters = 0;
    OK(r, recur_hear_open(r, &h, m, gather, said));
    assert_int_equal(recur_hear_rate(h), 4000);
    for (int i = 0; i < 8 && line_of(i, path, want); i++) {
        size_t n = samples_of(path, x, sizeof x / sizeof *x), piece = (size_t)(1 + i * i * 37);
        json_t *j = hear_file(r, m, path, NULL);
        long calls = c.calls;
        *said = 0;
        for (size_t at = 0; at < n; at += piece) OK(r, recur_hear(h, x + at, n - at < piece ? n - at : piece));
        OK(r, recur_hear_end(h));
        assert_int_equal(c.calls, calls);                     /* nothing is allocated while listening */
        assert_string_equal(said, text_of(j));
        letters += strlen(said);
        json_decref(j);
    }
    assert_true(letters > 20);
    recur_hear_close(h);
    recur_model_free(m);
    recur_close(r);
    assert_int_equal(c.live, 0);
}

/* A lexicon with these lines is refused so; NULL: it is read. */
static void lexicon_of(recur *r, const recur_model *m, const char *sound, const char *lines, const char *said)
{
    char name[] = "/tmp/recur-lexicon-XXXXXX", *json;
    int file = mkstemp(name);
    const recur_transcribe_options o = { .beam = 8, .n_best = 1, .lexicon = name };
    assert_int_equal(write(file, lines, strlen(lines)), (ssize_t)strlen(lines));
    int e = recur_transcribe_sound(r, m, &(recur_sound){ .path = sound }, NULL, &o, &json);
    assert_int_equal(e, said ? RECUR_EDATA : RECUR_OK);
    if (said) {
        assert_non_null(strstr(recur_message(r), name));
        assert_non_null(strstr(recur_message(r), said));
    }
    recur_free(r, json);
    close(file);
    remove(name);
}

static void searches(void **state)
{
    (void)state;
    counter c;
    recur *r = open_counted(&c, 1);
    recur_model *m = train(r, NULL, NULL, "char", 100);
    char path[400], want[100], words[] = "/tmp/recur-lexicon-XXXXXX", odd[100];
    int file = mkstemp(words);
    assert_true(file >= 0);
    assert_int_equal(write(file, "1\n3\n5\n7\n9\nnine\n", 15), 15);
    for (int i = 0; i < 5 && line_of(i, path, want); i++) {
        json_t *j = hear_file(r, m, path, &(recur_transcribe_options){ .beam = 8, .n_best = 5 }), *one;
        double before = INFINITY;
        size_t k;
        json_array_foreach(json_object_get(j, "best"), k, one) {
            double score = json_number_value(json_object_get(one, "score"));
            assert_true(score <= before && score <= 1e-9);
            before = score;
            const char *said = json_string_value(json_object_get(one, "text"));
            assert_true(!*said || (said[0] != ' ' && said[strlen(said) - 1] != ' ' && !strstr(said, "  ")));
            for (size_t b = 0; b < k; b++)                    /* each text once, whatever blanks its lists end in */
                assert_string_not_equal(said, json_string_value(json_object_get(json_array_get(json_object_get(j, "best"), b), "text")));
        }
        assert_int_equal(k, 5);
        assert_string_equal(text_of(j), json_string_value(json_object_get(json_array_get(json_object_get(j, "best"), 0), "text")));
        json_decref(j);
        j = hear_file(r, m, path, &(recur_transcribe_options){ .beam = 16, .n_best = 1, .lexicon = words });
        snprintf(odd, sizeof odd, "%s", text_of(j));
        assert_int_equal(strspn(odd, "13579 "), strlen(odd));
        json_decref(j);
    }
    lexicon_of(r, m, path, "", "no word in it");
    lexicon_of(r, m, path, "\nxyz\n1 w\n", ":2: 'xyz' has a sign that the model never learned, and so has every word");
    lexicon_of(r, m, path, "1\nxyz\n2\n", NULL);
    assert_non_null(strstr(recur_warning(r), ":2: 'xyz' has a sign that the model never learned; 1 of 3 words"));
    char text[4000] = "", lists[] = "/tmp/recur-texts-XXXXXX", *json;
    int from = mkstemp(lists);
    const char *texts[] = { lists };
    recur_model *lm;
    recur_train_options o = recur_train_defaults();
    for (int i = 0; i < 40 && line_of(i, path, want); i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", want);
    assert_int_equal(write(from, text, strlen(text)), (ssize_t)strlen(text));
    o.unit = "char", o.net = "embed 8 | gru 16 | dense", o.steps = 60, o.batch = 4, o.bptt = 16, o.held = 0, o.no_baseline = 1;
    OK(r, recur_train(r, &lm, "lm", texts, 1, &o, NULL, NULL));
    assert_true(line_of(2, path, want));
    for (int k = 0; k < 2; k++) {                             /* listened to; its opinion weighing so much that it decides alone */
        OK(r, recur_transcribe_sound(r, m, &(recur_sound){ .path = path }, lm,
                                     &(recur_transcribe_options){ .beam = 8, .n_best = 2, .lm_weight = k ? 90 : 0.2 }, &json));
        json_t *j = json_loads(json, 0, NULL);
        assert_int_equal(json_array_size(json_object_get(j, "best")), 2);
        assert_true(k ? strlen(text_of(j)) < strlen(want) : strlen(text_of(j)) > 0);
        json_decref(j);
        recur_free(r, json);
    }
    FAILS(r, RECUR_EOPTION, "language model", recur_transcribe_sound(r, m, &(recur_sound){ .path = path }, m, NULL, &json));
    recur_model_free(lm);
    close(from);
    remove(lists);
    close(file);
    remove(words);
    recur_model_free(m);
    recur_close(r);
    assert_int_equal(c.live, 0);
}

/* Rows from a callback: example i says its text one unit in `each` rows. */
typedef struct { int at, each; float x[400]; } speaker;

static int speak(void *ud, recur_example *out)
{
    static const char *const text[] = { "abab", "bba", "cabc", "aacb", "b", "ccab", "acbb", "abc" };
    speaker *s = ud;
    if (s->at == 32) return 1;
    const char *said = text[s->at++ % 8];
    int steps = s->at == 3 ? (int)strlen(said) : (int)strlen(said) * s->each;      /* the third speaks too fast */
    for (int t = 0; t < steps; t++)
        for (int f = 0; f < 3; f++)
            s->x[3 * t + f] = t % s->each < s->each - 1 && said[t * (int)strlen(said) / steps] == 'a' + f ? 1.0f : 0.1f * (float)((t * 5 + f) % 3);
    *out = (recur_example){ .x = s->x, .steps = steps, .features = 3, .text = said };
    return 0;
}

static int hear_warning(void *ud, const recur_progress *p)
{
    if (p->event == RECUR_WARNED) snprintf(ud, 1000, "%s", p->text);
    return 0;
}

static void rows_are_aligned(void **state)
{
    (void)state;
    counter c;
    recur *r = open_counted(&c, 1);
    recur_data *d;
    recur_model *m;
    recur_train_options o = recur_train_defaults();
    char warned[1000] = "", *json;
    speaker fine = { .each = 6 }, fast = { .each = 3 };
    o.unit = "char", o.epochs = 100, o.lr = 0.01;
    OK(r, recur_data_callback(r, &d, "transcribe", speak, &fine, &o, NULL));
    OK(r, recur_model_new(r, &m, "input | conv 12 width=3 stride=2 | gru 16 bi | dense", d, 1));
    OK(r, recur_fit(m, d, NULL, &o, hear_warning, warned));
    assert_non_null(strstr(warned, "1 utterances left out"));
    assert_non_null(strstr(warned, "example:3 (2 steps for 4 labels)"));
    OK(r, recur_eval(r, m, d, &json));
    json_t *score = json_loads(json, 0, NULL);
    assert_true(json_number_value(json_object_get(score, "cer")) < 0.1);
    json_decref(score);
    recur_free(r, json);
    recur_model_free(m);
    recur_data_close(d);
    OK(r, recur_data_callback(r, &d, "transcribe", speak, &fast, &o, NULL));
    OK(r, recur_model_new(r, &m, "input | conv 12 width=3 stride=64 | dense", d, 1));
    o.epochs = 1;
    OK(r, recur_fit(m, d, NULL, &o, hear_warning, warned));   /* one step is left: only "b" can be said */
    assert_non_null(strstr(warned, "28 utterances left out"));
    assert_non_null(strstr(warned, "example:11 ("));          /* ten are named, by their lines */
    assert_int_equal(recur_data_count(d), 4);
    recur_model_free(m);
    recur_data_close(d);
    fast.at = 0;
    OK(r, recur_data_callback(r, &d, "transcribe", speak, &fast, &o, NULL));
    FAILS(r, RECUR_EOPTION, "dense | ctc", recur_model_new(r, &m, "input | gru 4 | dense | softmax", d, 1));
    recur_data_close(d);
    recur_close(r);
    assert_int_equal(c.live, 0);
}

/* The same weights to the bit with one thread, two and three. */
static void threads_change_nothing(void **state)
{
    (void)state;
    float *first = NULL;
    recur_param p;
    for (int threads = 1; threads <= 3; threads++) {
        recur *r;
        assert_int_equal(recur_open(&r, &(recur_config){ .threads = threads }), RECUR_OK);
        recur_model *m = train(r, NULL, NULL, NULL, 3);
        size_t n = 0;
        for (int i = 0; recur_model_param(m, i, &p) == RECUR_OK; i++) n += p.n;
        if (!first) assert_non_null(first = calloc(n, sizeof *first));
        n = 0;
        for (int i = 0; recur_model_param(m, i, &p) == RECUR_OK; n += p.n, i++) {
            if (threads == 1) memcpy(first + n, p.w, p.n * sizeof *first);
            else assert_memory_equal(first + n, p.w, p.n * sizeof *first);
        }
        recur_model_free(m);
        recur_close(r);
    }
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_samples), cmocka_unit_test(as_it_comes), cmocka_unit_test(searches), cmocka_unit_test(rows_are_aligned),
        cmocka_unit_test(threads_change_nothing),
    };
    if (!recur_sound_library()) {
        puts("skipped: this build reads no sound");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
