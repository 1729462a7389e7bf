/* SPDX-License-Identifier: MIT
 * recur transcribe M.recur SOUND...: the text of each sound file, or with --stream of the sound on standard input while
 * it comes. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

typedef struct { int stream; const char *lm; } transcribe_own;
static const recur_option own_rows[] = {
    {"lm", RECUR_TEXT, offsetof(transcribe_own, lm), NULL, 0, 0, "FILE", "a language model of such texts, which helps to choose", "search"},
    {"stream", RECUR_FLAG, offsetof(transcribe_own, stream), "0", 0, 1, NULL,
     "hear standard input as it comes (WAV, or bare 16-bit samples at the model's rate), and write as soon as a unit is sure", "answers"},
};

typedef struct {
    cli *c;
    recur_model *m, *lm;
    const recur_transcribe_options *o;
    bool named;                          /* several files: each line begins with its own */
} job;

/* --- files --- */

static void put_name(const job *j, const char *path)
{
    if (j->named)
        printf("%s\t", path);
}

static void put_json(const job *j, const char *path, json_t *answer)
{
    json_t *out = json_pack("{s:s}", "file", path);
    (void)j;
    json_object_update(out, answer);
    json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    fputc('\n', stdout);
    json_decref(out);
}

static void put(const job *j, const char *path, json_t *answer)
{
    const json_t *best = json_object_get(answer, "best");
    size_t i;
    json_t *one;
    if (j->c->common.json) {
        put_json(j, path, answer);
        return;
    }
    if (j->o->n_best > 1) {
        json_array_foreach(best, i, one) {
            put_name(j, path);
            printf("%.4f\t%s\n", json_number_value(json_object_get(one, "score")), json_string_value(json_object_get(one, "text")));
        }
    } else {
        put_name(j, path);
        puts(json_string_value(json_object_get(answer, "text")));
    }
    json_array_foreach(json_object_get(answer, "align"), i, one)
        printf("%.2f\t%.2f\t%s\t%.4f\n", json_number_value(json_object_get(one, "from")),
               json_number_value(json_object_get(one, "to")), json_string_value(json_object_get(one, "unit")),
               json_number_value(json_object_get(one, "p")));
}

/* A file that cannot be read is said, and the others go on. */
static int one_file(const job *j, const char *path)
{
    char *text = NULL;
    int e = recur_transcribe_sound(j->c->r, j->m, &(recur_sound){.path = path}, j->lm, j->o, &text);
    if (e < 0)
        return cli_fail(j->c, e);
    json_t *answer = json_loads(text, 0, NULL);
    recur_free(j->c->r, text);
    put(j, path, answer);
    json_decref(answer);
    return CLI_DONE;
}

/* --- the stream --- */

static int emit(void *ud, const char *text, size_t n)
{
    (void)ud;
    return fwrite(text, 1, n, stdout) != n || fflush(stdout) == EOF;
}

static unsigned little(const unsigned char *p, int bytes)
{
    unsigned v = 0;
    while (bytes-- > 0)
        v = v << 8 | p[bytes];
    return v;
}

/* Behind "RIFF....WAVE": the chunks up to the samples.  False: not what the model hears (said why). */
static bool wav_head(FILE *f, int rate)
{
    unsigned char head[8], form[16];
    unsigned channels = 0, bits = 0, hertz = 0, kind = 0;
    while (fread(head, 1, 8, f) == 8 && memcmp(head, "data", 4) != 0) {
        unsigned long size = little(head + 4, 4), left = size + (size & 1);
        if (memcmp(head, "fmt ", 4) == 0 && size >= 16 && fread(form, 1, 16, f) == 16) {
            left -= 16;
            kind = little(form, 2), channels = little(form + 2, 2), hertz = little(form + 4, 4), bits = little(form + 14, 2);
        }
        for (; left > 0 && getc(f) != EOF; left--)
            ;
    }
    if (kind == 1 && channels == 1 && bits == 16 && hertz == (unsigned)rate)
        return true;
    cli_note(say(SAY_STREAM_FORM), rate, hertz, channels, bits);
    return false;
}

static int hear_all(cli *c, recur_hearing *h, FILE *f)
{
    enum { PIECE = 400 };                /* samples: 25 to 50 ms, so that text does not wait for a full buffer */
    unsigned char raw[2 * PIECE];
    float x[PIECE];
    size_t have = fread(raw, 1, 12, f), n;
    int e = RECUR_OK;
    if (have == 12 && memcmp(raw, "RIFF", 4) == 0 && memcmp(raw + 8, "WAVE", 4) == 0) {
        have = 0;
        if (!wav_head(f, recur_hear_rate(h)))
            return CLI_DATA;
    }
    do {
        n = fread(raw + have, 1, sizeof raw - have, f);
        have += n;
        for (size_t i = 0; i < have / 2; i++)
            x[i] = (float)(int16_t)little(raw + 2 * i, 2) / 32768.0f;
        e = recur_hear(h, x, have / 2);
        have = 0;                        /* fread fills all of it but at the end, where a last odd byte is lost */
    } while (n > 0 && e >= 0);
    if (e >= 0)
        e = recur_hear_end(h);
    if (e == RECUR_ESTOP)                /* stdout is closed: cli_close_out says so */
        e = RECUR_OK;
    fputc('\n', stdout);
    return e < 0 ? cli_fail(c, e) : CLI_DONE;
}

static int stream(cli *c, const recur_model *m)
{
    recur_hearing *h;
    int e = recur_hear_open(c->r, &h, m, emit, NULL);
    if (e < 0)
        return cli_fail(c, e);
    int code = hear_all(c, h, stdin);
    recur_hear_close(h);
    return code;
}

static int run(cli *c)
{
    static const char *const from_stdin[] = {"-"};
    const transcribe_own *own = c->own;
    job j = {.c = c, .o = c->library, .named = c->args > 2};
    int code = cli_load(c, &j.m, c->arg[0]), files = c->args - 1;
    const char *const *path = files ? c->arg + 1 : from_stdin;
    if (!code && own->stream && (files || own->lm || j.o->n_best > 1 || j.o->lexicon || j.o->align || j.o->beam > 1)) {
        cli_note("%s", say(SAY_STREAM_ALONE));
        code = CLI_USAGE;
    }
    if (!code && own->lm)
        code = cli_load(c, &j.lm, own->lm);
    if (!code && own->stream) {
        code = stream(c, j.m);
    } else if (!code) {
        for (int i = 0; i < (files ? files : 1) && !ferror(stdout); i++) {
            int one = one_file(&j, path[i]);
            fflush(stdout);
            code = code ? code : one;
        }
    }
    recur_model_free(j.m);
    recur_model_free(j.lm);
    return code;
}

static const char *const examples[] = {
    "recur transcribe digits.recur hello.wav",
    "recur transcribe speech.recur *.flac --beam 16 --lm texts.recur",
    "arecord -q -t raw -f S16_LE -r 8000 | recur transcribe live.recur --stream",
    NULL};

const cli_verb cli_transcribe = {
    .name = "transcribe", .what = SAY_DOES_TRANSCRIBE, .use = "M.recur [SOUND...]", .least = 1, .most = -1,
    .row = own_rows, .rows = sizeof own_rows / sizeof *own_rows, .size = sizeof(transcribe_own),
    .library = recur_transcribe_table, .library_size = sizeof(recur_transcribe_options), .example = examples, .run = run};
