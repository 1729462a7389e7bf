/* SPDX-License-Identifier: MIT
 * Sound: files of several forms, damaged ones, other rates, and feature rows against those that numpy computed. */
#include <math.h>

#include "format/format.h"
#include "format/sound.h"
#include "../test.h"

#define GOOD(r, call) do { int e_ = (call); if (e_ < 0) fail_msg("%s: %d, %s", #call, e_, (r)->message); } while (0)
static const double pi = 3.14159265358979323846;

/* A WAV file of 16-bit samples. */
static size_t wav(unsigned char *out, const int16_t *x, size_t n, int channels, uint32_t rate)
{
    uint32_t bytes = (uint32_t)n * 2, size = 36 + bytes, each = (uint32_t)channels * 2, second = rate * each, sixteen = 16;
    uint16_t one = 1, c = (uint16_t)channels, block = (uint16_t)each, bits = 16;
    memcpy(out, "RIFF....WAVEfmt ", 16), memcpy(out + 4, &size, 4), memcpy(out + 16, &sixteen, 4);
    memcpy(out + 20, &one, 2), memcpy(out + 22, &c, 2), memcpy(out + 24, &rate, 4), memcpy(out + 28, &second, 4);
    memcpy(out + 32, &block, 2), memcpy(out + 34, &bits, 2), memcpy(out + 36, "data", 4), memcpy(out + 40, &bytes, 4);
    memcpy(out + 44, x, bytes);
    return 44 + bytes;
}

static void sounds_read(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    rc_sound s;
    unsigned char file[300];
    int16_t x[40];
    for (int i = 0; i < 40; i++)
        x[i] = (int16_t)(i * 800 - 16000);
    if (!rc_sound_library()) {
        print_message("skipped: this build reads no sound\n");
        assert_int_equal(rc_sound_parse(&r, "a.wav", file, 1, &s), RECUR_EDATA);
        return;
    }
    size_t n = wav(file, x, 40, 2, 11025);
    GOOD(&r, rc_sound_parse(&r, "a.wav", file, n, &s));
    assert_int_equal(s.n, 20);
    assert_int_equal(s.rate, 11025);
    for (int i = 0; i < 20; i++)
        assert_true(fabs((double)s.x[i] - (x[2 * i] + x[2 * i + 1]) / 65536.0) < 1e-7);
    rc_sound_free(&r, &s);
    static const char *const bad[] = { "", "RIFF", "no sound at all, only words", "RIFF\1\0\0\0WAVEfmt " };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(rc_sound_parse(&r, "b.wav", bad[i], strlen(bad[i]), &s), RECUR_EDATA);
        assert_non_null(strstr(r.message, "b.wav: "));
        assert_null(strchr(r.message, '\n'));
    }
    for (size_t cut = 0; cut < n; cut++)                      /* a file that ends early: fewer samples, or a failure */
        if (rc_sound_parse(&r, "c.wav", file, cut, &s) == RECUR_OK) {
            assert_true(s.n > 0 && s.n <= 20);
            rc_sound_free(&r, &s);
        }
    memset(file + 24, 0, 4);                                 /* rate 0 */
    assert_int_equal(rc_sound_parse(&r, "d.wav", file, n, &s), RECUR_EDATA);
    assert_int_equal(rc_sound_read(&r, "/no/such/file.wav", &s), RECUR_EIO);
    assert_int_equal(m.live, 0);
}

/* Tones below the lower half-rate are the same tones at another rate; those above it are gone. */
static void rates_change(void **state)
{
    (void)state;
    static const int to[] = { 8000, 16000, 11025, 44100, 48000 };
    test_memory m;
    recur r = test_runtime(&m);
    for (size_t k = 0; k < sizeof to / sizeof to[0]; k++) {
        rc_sound s = { rc_new(&r, 16000, sizeof(float)), 16000, 16000 };
        for (int i = 0; i < 16000; i++)
            s.x[i] = (float)(0.5 * sin(2 * pi * 700 * i / 16000) + (to[k] < 16000 ? 0.3 * sin(2 * pi * 7000 * i / 16000) : 0));
        GOOD(&r, rc_sound_resample(&r, &s, to[k]));
        assert_int_equal(s.rate, to[k]);
        assert_true(s.n + 1 >= (size_t)to[k] && s.n <= (size_t)to[k] + 1);
        double worst = 0;
        for (int i = to[k] / 10; i < to[k] * 9 / 10; i++)
            worst = fmax(worst, fabs((double)s.x[i] - 0.5 * sin(2 * pi * 700 * i / to[k])));
        if (!(worst < 1e-3))                                  /* Hann's side lobes fall below -60 dB */
            fail_msg("16000 to %d: off by %g", to[k], worst);
        rc_sound_free(&r, &s);
    }
    rc_sound s = { rc_new(&r, 10, sizeof(float)), 10, 383999 };
    assert_int_equal(rc_sound_resample(&r, &s, 384000), RECUR_EDATA);
    rc_sound_free(&r, &s);
    assert_int_equal(m.live, 0);
}

static void features_agree_with_numpy(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    rc_store s;
    rc_front *f;
    rc_store_init(&s, &r);
    GOOD(&r, rc_safetensors_read(&r, TEST_DIR "/golden/sound/front.safetensors", &s));
    const rc_tensor *x = rc_store_find(&s, "x");
    for (int i = 0; i < 4; i++) {
        char key[16];
        snprintf(key, sizeof key, "line%d", i);
        const char *line = rc_store_get(&s, key);
        assert_non_null(line);
        int e = rc_front_new(&r, &f, line, 8000);
        if (e == RECUR_EOPTION && strstr(r.message, "kissfft")) {
            print_message("skipped: this build has no kissfft\n");
            break;
        }
        GOOD(&r, e);
        snprintf(key, sizeof key, "y%d", i);
        const rc_tensor *y = rc_store_find(&s, key);
        int T = rc_front_rows(f, x->n), F = rc_front_width(f);
        assert_int_equal(y->dim[0], T);
        assert_int_equal(y->dim[1], F);
        float *mine = calloc((size_t)T * (size_t)F, sizeof *mine);
        GOOD(&r, rc_front_run(f, x->data, x->n, mine));
        const float *want = y->data;
        for (int k = 0; k < T * F; k++)
            if (!(fabs((double)mine[k] - (double)want[k]) < 2e-3))   /* a transform in single precision, then a logarithm */
                fail_msg("%s: element %d is %g, numpy says %g", line, k, (double)mine[k], (double)want[k]);
        free(mine);
        rc_front *again;                                      /* the printed line is the same front end */
        GOOD(&r, rc_front_new(&r, &again, rc_front_line(f), 1234));
        assert_string_equal(rc_front_line(again), rc_front_line(f));
        rc_front_free(again);
        rc_front_free(f);
    }
    rc_store_free(&s);
    assert_int_equal(m.live, 0);
}

/* Rows made from pieces of the samples are those of the whole, to the bit. */
static void pieces_are_the_whole(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    rc_front *f;
    if (rc_front_new(&r, &f, "logmel 16 stack=3 norm=none", 8000) < 0)
        return;
    assert_true(rc_front_streams(f));
    float x[3000], whole[100 * 48], row[48];
    for (int i = 0; i < 3000; i++)
        x[i] = (float)sin(0.001 * i * i);
    for (size_t n = 1; n < 3000; n += 97) {
        int T = rc_front_rows(f, n);
        GOOD(&r, rc_front_run(f, x, n, whole));
        for (int t = 0; t < T; t++) {
            size_t at = (size_t)t * rc_front_step(f), left = n - at < rc_front_reach(f) ? n - at : rc_front_reach(f);
            assert_int_equal(rc_front_rows(f, left), 1);
            GOOD(&r, rc_front_run(f, x + at, left, row));
            assert_memory_equal(row, whole + t * 48, sizeof row);
        }
    }
    rc_front_free(f);
    assert_int_equal(m.live, 0);
}

static void wrong_lines_are_told(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "mel 40", "logmel 0", "logmel 9999", "logmel window=0", "logmel low=5000", "logmel high=5000", "logmel scale=bark",
        "logmel norm=global", "mfcc 40 mels=20", "logmel 40 hip=10", "logmel 40 41x", "logmel rate=10", "logmel window=1e9",
        "logmel stack=0", "logmel hop=nan",
    };
    test_memory m;
    recur r = test_runtime(&m);
    rc_front *f;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (rc_front_new(&r, &f, bad[i], 8000) != RECUR_EOPTION)
            fail_msg("'%s' was taken", bad[i]);
        assert_null(f);
        assert_non_null(strstr(r.message, "front end"));
        assert_int_equal(m.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sounds_read), cmocka_unit_test(rates_change), cmocka_unit_test(features_agree_with_numpy),
        cmocka_unit_test(pieces_are_the_whole), cmocka_unit_test(wrong_lines_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
