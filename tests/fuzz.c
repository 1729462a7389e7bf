/* SPDX-License-Identifier: MIT
 * fuzz.c - damaged files: a small file of each form is changed at random, from fixed seeds, and read.  Whatever comes, a reader
 * answers with data or with one line that says why; it keeps no memory and never asks for much more than the file is long.
 * RECUR_FUZZ=N: so many changes of each form (default 40); under the sanitizers every access counts.
 * label: quick */
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "api.h"

enum { MOST = 1 << 14, HUGE_BLOCK = 256 << 20 };
typedef struct { unsigned char s[MOST]; size_t n; } bytes;
typedef struct { long live; bool huge; } ledger;

static char folder[] = "/tmp/recur-fuzz-XXXXXX";
static int rounds = 40, read_well, refused;

static void *lent(void *ud, void *p, size_t n)
{
    ledger *l = ud;
    if (!n) {
        l->live -= p != NULL;
        free(p);
        return NULL;
    }
    if (n > HUGE_BLOCK) {
        l->huge = true;
        return NULL;
    }
    void *q = realloc(p, n);
    l->live += !p && q;
    return q;
}

/* --- the mutator --- */
static uint64_t draw(uint64_t *key)
{
    uint64_t z = *key += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
static size_t below(uint64_t *key, size_t n) { return n ? (size_t)(draw(key) % n) : 0; }

static void splice(bytes *b, size_t at, size_t gone, const void *s, size_t n)
{
    if (at > b->n || gone > b->n - at || b->n - gone + n > MOST) return;
    memmove(b->s + at + n, b->s + at + gone, b->n - at - gone);
    memcpy(b->s + at, s, n);
    b->n = b->n - gone + n;
}

static void change(bytes *b, uint64_t *key)
{
    static const char *const words[] = { "\t", "\n", "\"", ",", "nan", "-1", "1e999", "999999999999999999999", "\xff", "\xc0\x80",
        "\xed\xa0\x80", "\xef\xbb\xbf", "{", "}", "[[[[[[[[[[[[[[[[", "\r", "0", "@", "\\u0000", "\xf0\x9f\x98\x80", "-", ":", "2147483648", "..", "|", "2024-02-30" };
    static const uint64_t numbers[] = { 0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, UINT64_MAX };
    size_t at = below(key, b->n), far = below(key, b->n - at), n = 1 + below(key, far < 64 ? far + 1 : 64);
    unsigned char piece[64];
    switch (below(key, 7)) {
    case 0: if (b->n) b->s[at] ^= (unsigned char)(1 << below(key, 8)); break;
    case 1: if (b->n) b->s[at] = (unsigned char)draw(key); break;
    case 2: b->n = at; break;
    case 3: splice(b, at, n < b->n - at ? n : b->n - at, "", 0); break;
    case 4: {
        size_t of = n < b->n - at ? n : b->n - at;
        memcpy(piece, b->s + at, of);
        splice(b, below(key, b->n), 0, piece, of);
        break;
    }
    case 5: {
        const char *w = words[below(key, sizeof words / sizeof *words)];
        splice(b, at, below(key, 2) ? strlen(w) : 0, w, strlen(w));
        break;
    }
    default: {
        uint64_t v = numbers[below(key, sizeof numbers / sizeof *numbers)];
        size_t size = (size_t)1 << below(key, 4);
        if (b->n >= size) memcpy(b->s + below(key, b->n - size + 1), &v, size);
    }
    }
}

/* --- the forms --- */
typedef struct form {
    const char *what, *task, *suffix;
    void (*make)(bytes *b);
    const char *beside, *beside_text;    /* a second file that stays whole */
    const char *encoding, *unit;
    int (*read)(recur *r, const struct form *f, const char *path);       /* NULL: as data */
} form;

static void text(bytes *b, const char *s) { splice(b, b->n, 0, s, strlen(s)); }

static void make_tsv(bytes *b) { for (int i = 0; i < 20; i++) text(b, i % 2 ? "good\ta fine and funny play\n" : "bad\tdull, dull and \"long\"\n"); }
static void make_csv(bytes *b)
{
    text(b, "text,label\n");
    for (int i = 0; i < 20; i++) text(b, i % 2 ? "\"a fine, funny \"\"play\"\"\",good\n" : "dull and long,bad\n");
}
static void make_json(bytes *b)
{
    for (int i = 0; i < 12; i++)
        text(b, i % 2 ? "{\"text\":\"a \\u00e9 play\",\"label\":\"good\"}\n" : "{\"label\":\"bad\",\"text\":\"dull\",\"n\":[1,2]}\n");
}
static void make_series(bytes *b)
{
    char line[80];
    text(b, "id,a,b,label\n");
    for (int i = 0; i < 40; i++) {
        snprintf(line, sizeof line, "s%d,%g,%g,%s\n", i / 8, 0.1 * i, i % 3 ? 1.0 : -2.5, i / 8 % 2 ? "up" : "down");
        text(b, line);
    }
}
static void make_ts(bytes *b)
{
    text(b, "@problemName x\n@univariate false\n@dimensions 2\n@equalLength false\n@classLabel true a b\n@data\n");
    for (int i = 0; i < 10; i++) text(b, i % 2 ? "1,2,3:0.5,-1,2e-1:a\n" : "4,5:6,?:b\n");
}
static void make_npy(bytes *b)
{
    char head[128];
    float x[5 * 4 * 2];
    int n = snprintf(head, sizeof head, "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 4, 2), }");
    memset(head + n, ' ', sizeof head - (size_t)n);
    head[117] = '\n';
    splice(b, 0, 0, "\x93NUMPY\x01\x00\x76\x00", 10);
    splice(b, b->n, 0, head, 118);
    for (int i = 0; i < 40; i++) x[i] = (float)i / 7;
    splice(b, b->n, 0, x, sizeof x);
}
static void make_lm(bytes *b)
{
    for (int i = 0; i < 30; i++)
        text(b, "This is the house that Jack built. \xe6\x98\xa5\xe7\x9c\xa0\xe4\xb8\x8d\xe8\xa7\x89\xe6\x99\x93\xe3\x80\x82\n");
}
static void make_gb(bytes *b) { for (int i = 0; i < 30; i++) text(b, "\xb4\xba\xc3\xdf\xb2\xbb\xbe\xf5\xcf\xfe\xa1\xa3 house\n"); }
static void make_conll(bytes *b) { for (int i = 0; i < 8; i++) text(b, "Anna NNP B-PER\nlives VBZ O\nin IN O\nNew NNP B-LOC\nYork NNP I-LOC\n\n"); }
static void make_pairs(bytes *b) { for (int i = 0; i < 12; i++) text(b, i % 2 ? "Good day .\tBonjour .\n" : "How are you ?\tComment allez-vous ?\n"); }
static void make_forecast(bytes *b)
{
    char line[80];
    text(b, "date,load,heat\n");
    for (int i = 0; i < 120; i++) {
        snprintf(line, sizeof line, "2024-01-%02d %02d:00:00,%g,%s\n", 1 + i / 24, i % 24, (double)(i % 24) * 1.5, i % 7 ? "3.25" : "");
        text(b, line);
    }
}
static void make_wav(bytes *b)
{
    const uint32_t rate = 8000, n = 2400, riff = 36 + 2 * n, size = 16, bytes_s = 2 * rate, data = 2 * n;
    const uint16_t pcm = 1, channels = 1, block = 2, bits = 16;
    text(b, "RIFF"), splice(b, b->n, 0, &riff, 4), text(b, "WAVEfmt "), splice(b, b->n, 0, &size, 4), splice(b, b->n, 0, &pcm, 2);
    splice(b, b->n, 0, &channels, 2), splice(b, b->n, 0, &rate, 4), splice(b, b->n, 0, &bytes_s, 4), splice(b, b->n, 0, &block, 2);
    splice(b, b->n, 0, &bits, 2), text(b, "data"), splice(b, b->n, 0, &data, 4);
    for (int i = 0; i < 2400; i++) splice(b, b->n, 0, &(int16_t){ (int16_t)(8000 * sin(0.3 * i)) }, 2);
}

static void slurp(const char *path, bytes *b)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    b->n = fread(b->s, 1, MOST, f);
    assert_true(b->n > 0 && b->n < MOST);
    fclose(f);
}

static void spill(const char *path, const bytes *b)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b->s, 1, b->n, f), b->n);
    fclose(f);
}

static void make_gzip(bytes *b)
{
    char path[200];
    bytes plain = { .n = 0 };
    make_tsv(&plain);
    snprintf(path, sizeof path, "%s/whole.gz", folder);
    gzFile f = gzopen(path, "wb");
    assert_int_equal(gzwrite(f, plain.s, (unsigned)plain.n), plain.n);
    gzclose(f);
    slurp(path, b);
}

static void make_model(bytes *b)
{
    char path[200];
    ledger l = { 0 };
    recur *r;
    recur_model *m;
    assert_int_equal(recur_open(&r, &(recur_config){ .threads = 1, .alloc = lent, .ud = &l }), RECUR_OK);
    recur_data *d = texts(r, NULL);
    OK(r, recur_model_new(r, &m, "embed 3 | gru 4 bi | pool max | dense", d, 1));
    snprintf(path, sizeof path, "%s/whole.recur", folder);
    OK(r, recur_model_save(m, path));
    recur_model_free(m);
    recur_data_close(d);
    recur_close(r);
    slurp(path, b);
}

static int read_model(recur *r, const form *f, const char *path)
{
    recur_model *m;
    recur_answer best[2];
    (void)f;
    int e = recur_model_load(r, &m, path);
    if (e < 0) return e;
    e = recur_classify(r, m, "a fine play", best, 2);
    recur_model_free(m);
    return e;
}

static void make_vectors(bytes *b) { text(b, "6 4\nplay 0.1 -0.2 0.3 1\ndull 1 2 3 4\na 0 0 0 1e-3\nfine 4 3 2 1\nlong -1 -1 -1 -1\nand 9 8 7 6\n"); }
static int read_vectors(recur *r, const form *f, const char *path)
{
    char data[200];
    recur_train_options o = recur_train_defaults();
    recur_model *m;
    snprintf(data, sizeof data, "%s/%s", folder, f->beside);
    o.vectors = path;
    o.net = "embed 4 vectors | pool mean | dense";
    o.steps = 1;
    o.held = 0;
    o.no_baseline = 1;
    int e = recur_train(r, &m, "classify", (const char *const[]){ data }, 1, &o, NULL, NULL);
    recur_model_free(m);
    return e;
}

static int read_list(recur *r, const form *f, const char *path)  /* path: the sound that the list beside names */
{
    char list[200];
    recur_data *d;
    (void)path;
    snprintf(list, sizeof list, "%s/%s", folder, f->beside);
    int e = recur_data_files(r, &d, f->task, (const char *const[]){ list }, 1, NULL, NULL);
    if (e >= 0) recur_data_close(d);
    return e;
}

static int read_data(recur *r, const form *f, const char *path)
{
    recur_data *d;
    recur_batch b;
    recur_train_options o = recur_train_defaults();
    if (f->encoding) o.encoding = f->encoding;
    if (f->unit) o.unit = f->unit;
    if (strcmp(f->task, "forecast") == 0) o.input = 12, o.horizon = 4;
    int e = recur_data_files(r, &d, f->task, &path, 1, &o, NULL);
    if (e < 0) return e;
    recur_data_start(d, 4, 16, 1, 0);
    for (int i = 0; i < 20 && recur_data_next(d, &b) >= 0; i++) assert_true(b.N >= 0 && b.B > 0);
    recur_data_close(d);
    return e;
}

static const form forms[] = {
    { .what = "labelled lines", .task = "classify", .suffix = "tsv", .make = make_tsv },
    { .what = "gzip", .task = "classify", .suffix = "tsv.gz", .make = make_gzip },
    { .what = "CSV", .task = "classify", .suffix = "csv", .make = make_csv },
    { .what = "JSON lines", .task = "classify", .suffix = "jsonl", .make = make_json },
    { .what = "series in CSV", .task = "classify", .suffix = "series.csv", .make = make_series },
    { .what = ".ts", .task = "classify", .suffix = "ts", .make = make_ts },
    { .what = ".npy", .task = "classify", .suffix = "npy", .make = make_npy, .beside = "damaged.labels.txt", .beside_text = "a\nb\na\nb\na\n" },
    { .what = "text", .task = "lm", .suffix = "txt", .make = make_lm },
    { .what = "text in pieces", .task = "lm", .suffix = "txt", .make = make_lm, .unit = "bpe:300" },
    { .what = "GB18030", .task = "lm", .suffix = "txt", .make = make_gb, .encoding = "gb18030" },
    { .what = "CoNLL", .task = "tag", .suffix = "conll", .make = make_conll },
    { .what = "pairs", .task = "translate", .suffix = "tsv", .make = make_pairs },
    { .what = "rows of time", .task = "forecast", .suffix = "csv", .make = make_forecast },
    { .what = "sound", .task = "transcribe", .suffix = "wav", .make = make_wav, .beside = "list.tsv", .beside_text = "damaged.wav\tone\n",
      .read = read_list },
    { .what = "word vectors", .task = "classify", .suffix = "vec", .make = make_vectors, .beside = "lines.tsv",
      .beside_text = "good\ta fine play\nbad\tdull and long\n", .read = read_vectors },
    { .what = "model", .suffix = "recur", .make = make_model, .read = read_model },
};

static void damage(const form *f, const bytes *whole, int round, const char *path)
{
    bytes b = *whole;
    ledger l = { 0 };
    recur *r;
    uint64_t key = (uint64_t)round * 1000003 + (uint64_t)(f - forms);
    for (size_t n = round ? 1 + below(&key, 4) : 0; n > 0; n--) change(&b, &key);
    spill(path, &b);
    assert_int_equal(recur_open(&r, &(recur_config){ .threads = 1, .alloc = lent, .ud = &l }), RECUR_OK);
    int e = (f->read ? f->read : read_data)(r, f, path);
    const char *why = recur_message(r);
    if (round == 0 && e < 0) fail_msg("%s: the whole file is refused: %s", f->what, why);
    if (e < 0 && (!*why || strchr(why, '\n'))) fail_msg("%s, change %d: %s without one line: \"%s\"", f->what, round, recur_strerror(e), why);
    if (l.huge) fail_msg("%s, change %d: more than %d MiB asked for %zu bytes (%s)", f->what, round, HUGE_BLOCK >> 20, b.n, why);
    read_well += e >= 0;
    refused += e < 0;
    recur_close(r);
    if (l.live) fail_msg("%s, change %d: %ld blocks left", f->what, round, l.live);
}

static void damaged_files_are_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const form *f = &forms[i];
        char path[200];
        bytes b = { .n = 0 };
        f->make(&b);
        if (f->beside) {
            bytes t = { .n = 0 };
            text(&t, f->beside_text);
            snprintf(path, sizeof path, "%s/%s", folder, f->beside);
            spill(path, &t);
        }
        snprintf(path, sizeof path, "%s/damaged.%s", folder, f->suffix);
        for (int k = 0; k <= rounds; k++) damage(f, &b, k, path);
        unlink(path);
    }
    print_message("%d read, %d refused\n", read_well, refused);
    assert_true(refused > 0 && read_well > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(damaged_files_are_read_or_refused) };
    const char *many = getenv("RECUR_FUZZ");
    if (many) rounds = atoi(many);
    if (!mkdtemp(folder)) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) || failed;
}
