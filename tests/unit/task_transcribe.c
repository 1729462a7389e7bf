/* SPDX-License-Identifier: MIT
 * task_transcribe.c - lists of sounds and of rows, good and bad: what is read, which lines are named, how texts are cut,
 * what is left out because no net could say it. */
#include "format/sound.h"
#include "head/ctc.h"
#include "task/transcribe/transcribe.h"
#include "task_help.h"

static void spill_wav(const test_folder *f, const char *name, int samples, int rate)
{
    static unsigned char file[44 + 2 * 20000];
    char path[TEST_PATH];
    uint32_t bytes = (uint32_t)samples * 2, size = 36 + bytes, second = (uint32_t)rate * 2, sixteen = 16, hertz = (uint32_t)rate;
    uint16_t one = 1, two = 2, bits = 16;
    memcpy(file, "RIFF....WAVEfmt ", 16), memcpy(file + 4, &size, 4), memcpy(file + 16, &sixteen, 4);
    memcpy(file + 20, &one, 2), memcpy(file + 22, &one, 2), memcpy(file + 24, &hertz, 4), memcpy(file + 28, &second, 4);
    memcpy(file + 32, &two, 2), memcpy(file + 34, &bits, 2), memcpy(file + 36, "data", 4), memcpy(file + 40, &bytes, 4);
    for (int i = 0; i < samples; i++) {
        int16_t x = (int16_t)(8000 * sin(0.0004 * i * i) + 37 * (i % 11) + (double)strlen(name));
        memcpy(file + 44 + 2 * i, &x, 2);
    }
    test_spill(test_path(f, name, path), file, 44 + bytes);
}

/* A NumPy file of float32 [T][F]. */
static void spill_npy(const test_folder *f, const char *name, int T, int F)
{
    char file[4096] = "\x93NUMPY\x01\0", path[TEST_PATH], head[128];
    int n = snprintf(head, sizeof head, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", T, F);
    memset(file + 10, ' ', 118);
    memcpy(file + 10, head, (size_t)n);
    file[8] = 118, file[127] = '\n';
    for (int i = 0; i < T * F; i++)
        memcpy(file + 128 + 4 * i, &(float){ (float)((i * 7 + 3) % 13) }, 4);
    test_spill(test_path(f, name, path), file, 128 + 4 * (size_t)(T * F));
}

/* Reads a list that stands in f as "list.tsv". */
static int read_list(recur *r, recur_data **d, const test_folder *f, const char *text, const recur_train_options *o,
                     const rc_like *like, int part, json_t *problems)
{
    char path[TEST_PATH];
    const char *one = test_path(f, "list.tsv", path);
    test_spill(one, text, strlen(text));
    GOOD(r, rc_data_new(r, d, &rc_task_transcribe));
    return rc_task_transcribe.read(*d, &one, 1, o, like, part, problems);
}

static void texts_are_cut(void **state)
{
    recur *r = *state;
    static const struct { bool words; const char *text, *folded, *units, *said; } rows[] = {
        { true, "  Seven  NINE\t two ", "seven nine two", "seven|nine|two|", "seven|nine|two|" },
        { false, " Ab  c ", "ab c", "a|b| |c|", "ab|c|" },
        { false, "\xEF\xBC\xA1 \xE4\xBD\xA0\xE5\xA5\xBD ok", "a \xE4\xBD\xA0\xE5\xA5\xBD ok",       /* full-width A; Han */
          "a| |\xE4\xBD\xA0|\xE5\xA5\xBD| |o|k|", "a|\xE4\xBD\xA0|\xE5\xA5\xBD|ok|" },
        { true, "", "", "", "" }, { false, "   ", "", "", "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const rc_spelling how = { .words = rows[i].words, .lower = true, .nfkc = true };
        rc_buf fold, units;
        const char *s, *unit;
        size_t n, m;
        rc_buf_init(&fold, r, 0);
        rc_buf_init(&units, r, 0);
        GOOD(r, rc_transcript_fold(r, &how, rows[i].text, strlen(rows[i].text), &fold));
        assert_string_equal(fold.s != NULL ? fold.s : "", rows[i].folded);
        rc_buf_add(&units, "", 0);
        for (s = fold.s, n = fold.n; rc_transcript_unit(&how, &s, &n, &unit, &m);)
            rc_buf_print(&units, "%.*s|", (int)m, unit);
        assert_string_equal(units.s, rows[i].units);
        units.n = 0;
        rc_buf_add(&units, "", 0);
        for (s = fold.s, n = fold.n; rc_transcript_word(&s, &n, &unit, &m);)
            rc_buf_print(&units, "%.*s|", (int)m, unit);
        assert_string_equal(units.s, rows[i].said);
        rc_buf_free(&fold);
        rc_buf_free(&units);
    }
}

static void rows_are_read(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    test_folder f = test_folder_new();
    recur_data *d, *h;
    json_t *problems = json_array();
    spill_npy(&f, "a.npy", 9, 3);
    spill_npy(&f, "b.npy", 4, 3);
    spill_npy(&f, "c.npy", 4, 2);
    spill_npy(&f, "short.npy", 3, 3);
    o.unit = "char";
    GOOD(r, read_list(r, &d, &f, "a.npy\tAb a\n\nb.npy\tba\nc.npy\tab\nshort.npy\taab\nno.npy\ta\nonly a path\n", &o, NULL,
                      RC_ALL, problems));
    assert_int_equal(d->count, 2);                            /* "aab" needs a blank between its two a: 4 steps */
    assert_int_equal(json_array_size(problems), 4);
    static const struct { int line; const char *what; } bad[] = { { 4, "2 features a step where 3" }, { 6, "cannot open" },
                                                                  { 7, "no TAB" }, { 5, "its text needs 4" } };
    for (size_t i = 0; i < 4; i++) {
        const json_t *p = json_array_get(problems, i);
        assert_int_equal(json_integer_value(json_object_get(p, "line")), bad[i].line);
        assert_non_null(strstr(json_string_value(json_object_get(p, "what")), bad[i].what));
    }
    assert_int_equal(d->classes, 4);                          /* the blank, a, b and the space */
    assert_int_equal(d->ex[0].list_n, 4);
    assert_int_equal(d->list[d->ex[0].list + 1], rc_vocab_id(d->labels, "b", 1) - RC_FIRST);
    assert_null(json_string_value(json_object_get(d->form, "front")));
    rc_like like = { .labels = d->labels, .scaling = &d->scaling, .form = d->form };
    GOOD(r, read_list(r, &h, &f, "b.npy\tabz\na.npy\n", &o, &like, RC_ALL, problems));       /* z was never learned */
    assert_int_equal(h->count, 2);
    assert_int_equal(h->unknown, 1);
    assert_int_equal(h->ex[1].label, -1);                     /* no text */
    recur_data_close(h);
    o.strict = 1;
    assert_int_equal(read_list(r, &h, &f, "b.npy\tab\nno.npy\ta\n", &o, NULL, RC_ALL, problems), RECUR_EDATA);
    assert_non_null(strstr(r->message, "list.tsv:2: "));
    recur_data_close(h);
    recur_data_close(d);
    json_decref(problems);
    test_folder_free(&f);
}

static void sounds_are_read(void **state)
{
    if (rc_sound_library() == NULL) {
        print_message("skipped: this build reads no sound\n");
        skip();
    }
    recur *r = *state;
    recur_train_options o = task_options();
    test_folder f = test_folder_new();
    recur_data *d, *h;
    json_t *problems = json_array();
    spill_wav(&f, "a.wav", 8000, 8000);
    spill_wav(&f, "b.wav", 16000, 16000);
    spill_wav(&f, "c.wav", 100, 8000);
    char path[TEST_PATH];
    test_spill(test_path(&f, "d.wav", path), "words", 5);
    GOOD(r, read_list(r, &d, &f, "a.wav\tone two\nb.wav\ttwo\na.wav#0.5-1\tone\na.wav#0.5-1.5\tone\nc.wav\tone two\nd.wav\tone\n", &o,
                      NULL, RC_ALL, problems));
    assert_int_equal(d->count, 3);
    assert_int_equal(json_array_size(problems), 3);           /* beyond the end; no sound; too short for two signs */
    assert_int_equal(d->F, 40);
    assert_int_equal(d->ex[0].T, 1 + (8000 - 200) / 80);
    assert_int_equal(d->ex[1].T, d->ex[0].T);                 /* as long, at another rate */
    assert_int_equal(d->ex[2].T, 1 + (4000 - 200) / 80);
    assert_string_equal(json_string_value(json_object_get(d->form, "unit")), "char");       /* said too seldom for words */
    assert_non_null(strstr(json_string_value(json_object_get(d->form, "front")), "logmel 40 rate=8000 "));
    for (int c = 0; c < d->F; c++) {                          /* scaled: mean 0, deviation 1 */
        double sum = 0, square = 0;
        for (size_t i = 0; i < d->rows; i++)
            sum += (double)d->x[i * 40 + (size_t)c], square += (double)(d->x[i * 40 + (size_t)c] * d->x[i * 40 + (size_t)c]);
        assert_true(fabs(sum / (double)d->rows) < 1e-4);
        assert_true(square < 1e-6 || fabs(square / (double)d->rows - 1) < 1e-2);
    }
    o.speed = 0.1;                                            /* each sound three times, the slower one longer */
    GOOD(r, read_list(r, &h, &f, "a.wav\tone\n", &o, NULL, RC_ALL, problems));
    assert_int_equal(h->count, 3);
    assert_true(h->ex[1].T > h->ex[0].T && h->ex[0].T > h->ex[2].T);
    recur_data_close(h);
    o.speed = 0;
    o.front = "logmel 40 hip=10";
    assert_int_equal(read_list(r, &h, &f, "a.wav\tone\n", &o, NULL, RC_ALL, problems), RECUR_EOPTION);
    recur_data_close(h);
    spill_npy(&f, "a.npy", 9, 40);
    rc_like like = { .labels = d->labels, .scaling = &d->scaling, .form = d->form };
    GOOD(r, read_list(r, &h, &f, "a.npy\tone\nc.wav\ttwo\n", &o, &like, RC_ALL, problems));   /* rows, but the model hears sounds */
    assert_int_equal(h->count, 1);
    recur_data_close(h);
    recur_data_close(d);
    json_decref(problems);
    test_folder_free(&f);
}

static void parts_by_path(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    test_folder f = test_folder_new();
    recur_data *d, *h;
    char list[4000] = "", name[32];
    json_t *problems = json_array();
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "x%d.npy", i);
        spill_npy(&f, name, 4 + i % 3, 2);
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s\t%s\n", name, i % 2 ? "left" : "right");
    }
    GOOD(r, read_list(r, &d, &f, list, &o, NULL, RC_TRAIN_PART, problems));
    rc_like like = { .labels = d->labels, .scaling = &d->scaling, .form = d->form };
    GOOD(r, read_list(r, &h, &f, list, &o, &like, RC_HELD_PART, problems));
    assert_int_equal(json_array_size(problems), 0);
    assert_int_equal(d->count + h->count, 60);
    assert_true(h->count > 0 && h->count < 20);
    assert_string_equal(json_string_value(json_object_get(d->form, "unit")), "word");       /* two words, each said often */
    recur_data_close(h);
    recur_data_close(d);
    json_decref(problems);
    test_folder_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(texts_are_cut), TASK_TEST(rows_are_read), TASK_TEST(sounds_are_read),
        TASK_TEST(parts_by_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
