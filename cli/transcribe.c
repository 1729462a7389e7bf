/* SPDX-License-Identifier: MIT
 * recur transcribe M.recur SOUND...: the text of each sound file, or with --stream of the sound on standard input while
 * it comes; and when each unit of a known text is said. */
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
static int one_file(const job *j, const char *path, bool first)
{
    char *text = NULL;
    int e = recur_transcribe_sound(j->c->r, j->m, &(recur_sound){.path = path}, j->lm, j->o, &text);
    if (e < 0)
        return cli_fail(j->c, e);
    if (first && *recur_warning(j->c->r))
        cli_note("%s", recur_warning(j->c->r));
    json_t *answer = json_loads(text, 0, NULL);
    recur_free(j->c->r, text);
    put(j, path, answer);
    json_decref(answer);
    return CLI_DONE;
}

/* --- lists: lines path TAB text, paths beside the list, as they are trained on --- */

typedef struct { job *j; const char *list; bool first; int code; } listed;

static int list_line(void *ud, const char *line)
{
    listed *l = ud;
    const char *tab = strchr(line, '\t'), *slash = strrchr(l->list, '/');
    size_t n = tab ? (size_t)(tab - line) : strlen(line);
    char path[4096];
    if (!n)
        return CLI_DONE;
    snprintf(path, sizeof path, "%.*s%.*s", *line == '/' || !slash ? 0 : (int)(slash - l->list) + 1, l->list, (int)n, line);
    recur_transcribe_options with = *l->j->o;
    if (with.align > 0 && tab && !with.text)
        with.text = tab + 1;
    job j = *l->j;
    j.o = &with;
    int one = one_file(&j, path, l->first);
    l->first = false;
    l->code = l->code ? l->code : one;
    fflush(stdout);
    return ferror(stdout) ? CLI_IO : CLI_DONE;
}

static bool is_list(const char *path)
{
    size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, ".tsv") == 0;
}

static int one_list(job *j, const char *path)
{
    listed l = {.j = j, .list = path, .first = true};
    j->named = true;
    int code = cli_each_line(j->c, path, NULL, list_line, &l);
    return code ? code : l.code;
}

/* --- the stream --- */

typedef struct { cli *c; recur_hearing *h; char *said; size_t n, room; } stream;     /* said: with --json, for the line at the end */

static int put_line(const char *key, const char *text, size_t n)
{
    json_t *out = json_pack("{s:s%}", key, text, n);
    int bad = out ? json_dumpf(out, stdout, JSON_COMPACT) : -1;
    json_decref(out);
    return bad || putchar('\n') == EOF || fflush(stdout) == EOF;
}

static int keep(stream *s, const char *text, size_t n)
{
    if (s->n + n > s->room) {
        char *wide = realloc(s->said, 2 * (s->n + n));
        if (!wide)
            return 1;
        s->said = wide;
        s->room = 2 * (s->n + n);
    }
    memcpy(s->said + s->n, text, n);
    s->n += n;
    return 0;
}

static int emit(void *ud, const char *text, size_t n)
{
    stream *s = ud;
    if (!s->c->common.json)
        return fwrite(text, 1, n, stdout) != n || fflush(stdout) == EOF;
    return keep(s, text, n) || (!(n == 1 && *text == ' ') && put_line("unit", text, n));
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

/* Files that begin so are no samples. */
static const struct { const char *head; size_t n; const char *name; } known[] = {
    {"fLaC", 4, "FLAC"}, {"OggS", 4, "Ogg"}, {".snd", 4, "AU"}, {"FORM", 4, "AIFF"}, {"ID3", 3, "MP3"}, {"caff", 4, "CAF"},
    {"RIFX", 4, "RIFX"}, {"RF64", 4, "RF64"}, {"\x1f\x8b\x08", 3, "gzip"}, {"\x93NUMPY", 6, "npy"},
};

/* Text has no bytes below the blank but the ends of lines; samples that all look so are loud and of one sign. */
static bool text_like(const unsigned char *s, size_t n)
{
    size_t follow = 0;
    for (size_t i = 0; i < n; i++) {
        bool next = (s[i] & 0xC0) == 0x80;
        if ((s[i] < ' ' && !strchr("\t\n\r", s[i])) || !s[i] || next != (follow > 0) || s[i] >= 0xF5)
            return false;
        follow = next ? follow - 1 : s[i] >= 0xF0 ? 3 : s[i] >= 0xE0 ? 2 : s[i] >= 0xC2 ? 1 : 0;
    }
    return n > 0;
}

static const char *no_samples(const unsigned char *s, size_t n)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (n >= known[i].n && memcmp(s, known[i].head, known[i].n) == 0)
            return known[i].name;
    return text_like(s, n) ? say(SAY_STREAM_TEXT) : NULL;
}

static int hear_all(stream *s, FILE *f)
{
    enum { PIECE = 400 };                /* samples: 25 to 50 ms, so that text does not wait for a full buffer */
    unsigned char raw[2 * PIECE];
    float x[PIECE];
    size_t have = fread(raw, 1, 12, f), n;
    int e = RECUR_OK;
    if (have == 12 && memcmp(raw, "RIFF", 4) == 0 && memcmp(raw + 8, "WAVE", 4) == 0) {
        have = 0;
        if (!wav_head(f, recur_hear_rate(s->h)))
            return CLI_DATA;
    } else if (no_samples(raw, have)) {
        cli_note(say(SAY_STREAM_FILE), no_samples(raw, have));
        return CLI_DATA;
    }
    do {
        n = fread(raw + have, 1, sizeof raw - have, f);
        have += n;
        for (size_t i = 0; i < have / 2; i++)
            x[i] = (float)(int16_t)little(raw + 2 * i, 2) / 32768.0f;
        e = recur_hear(s->h, x, have / 2);
        have = 0;                        /* fread fills all of it but at the end, where a last odd byte is lost */
    } while (n > 0 && e >= 0);
    if (e >= 0)
        e = recur_hear_end(s->h);
    if (e == RECUR_ESTOP)                /* stdout is closed: cli_close_out says so */
        e = RECUR_OK;
    if (!s->c->common.json)
        fputc('\n', stdout);
    else if (e >= 0)
        put_line("text", s->said ? s->said : "", s->n);
    return e < 0 ? cli_fail(s->c, e) : CLI_DONE;
}

static int hear(cli *c, const recur_model *m)
{
    stream s = {.c = c};
    int e = recur_hear_open(c->r, &s.h, m, emit, &s);
    if (e < 0)
        return cli_fail(c, e);
    int code = hear_all(&s, stdin);
    recur_hear_close(s.h);
    free(s.said);
    return code;
}

static int run(cli *c)
{
    static const char *const from_stdin[] = {"-"};
    const transcribe_own *own = c->own;
    job j = {.c = c, .o = c->library, .named = c->args > 2};
    int code = cli_load(c, &j.m, c->arg[0]), files = c->args - 1;
    const char *const *path = files ? c->arg + 1 : from_stdin;
    if (!code && own->stream && (files || own->lm || j.o->n_best > 1 || j.o->lexicon || j.o->align || j.o->text || j.o->beam > 1)) {
        cli_note("%s", say(SAY_STREAM_ALONE));
        code = CLI_USAGE;
    }
    if (!code && own->lm)
        code = cli_load(c, &j.lm, own->lm);
    if (!code && own->stream) {
        code = hear(c, j.m);
    } else if (!code) {
        for (int i = 0; i < (files ? files : 1) && !ferror(stdout); i++) {
            int one = is_list(path[i]) ? one_list(&j, path[i]) : one_file(&j, path[i], i == 0);
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
    "recur transcribe digits.recur hello.wav --text 'one two' --json",
    "arecord -q -t raw -f S16_LE -r 8000 | recur transcribe live.recur --stream",
    NULL};

const cli_verb cli_transcribe = {
    .name = "transcribe", .what = SAY_DOES_TRANSCRIBE, .use = "M.recur [SOUND...]", .least = 1, .most = -1,
    .row = own_rows, .rows = sizeof own_rows / sizeof *own_rows, .size = sizeof(transcribe_own),
    .library = recur_transcribe_table, .library_size = sizeof(recur_transcribe_options), .example = examples, .run = run};
