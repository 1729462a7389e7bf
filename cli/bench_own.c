/* SPDX-License-Identifier: MIT
 * Whole jobs that `recur bench` measures, from texts made up here:
 *   generate   recur_generate of 256 signs, one step and one choice each
 *   fit        recur_fit for 5 steps of 64 x 64 signs: batches, loss, backward, clipping, update
 *   start      `recur classify` of one line by a model of 5 MB in a process of its own, from its start to its end */
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

enum { SIGNS = 65, LENGTH = 256, STEPS = 5, SIDE = 64, WORDS = 9000, TEXT = 200000 };

typedef struct { recur *r; recur_model *m; recur_data *d; char model[64], line[72]; int64_t said; } world;

/* --- texts --- */

static uint32_t draw(uint32_t *s) { return *s = *s * 1664525u + 1013904223u, *s >> 8; }

typedef struct { char *text; bool given; } signs;

static int give_signs(void *ud, recur_example *out)
{
    signs *s = ud;
    uint32_t seed = 7;
    if (s->given || !(s->text = malloc(TEXT + 1)))
        return s->given ? 1 : RECUR_ENOMEM;
    for (int i = 0; i < TEXT; i++)
        s->text[i] = i % 60 == 59 ? '\n' : (char)(' ' + 1 + draw(&seed) % (SIGNS - 1));
    s->text[TEXT] = 0;
    s->given = true;
    *out = (recur_example){ .text = s->text };
    return 0;
}

typedef struct { char text[20 * 8]; int at; } words;

static int give_words(void *ud, recur_example *out)
{
    words *w = ud;
    char *p = w->text;
    if (w->at >= WORDS)
        return 1;
    for (int i = 0; i < 20; i++)
        p += snprintf(p, 8, "w%d ", w->at++);
    *out = (recur_example){ .text = w->text, .label = w->at / 20 % 2 ? "good" : "bad" };
    return 0;
}

/* --- signs --- */

static int open_signs(const cli *c, void **ud, bench_row *row)
{
    world *w = *ud = calloc(1, sizeof *w);
    signs s = { 0 };
    recur_train_options o = recur_train_defaults();
    if (!w)
        return RECUR_ENOMEM;
    o.unit = "char";
    w->r = c->r;
    int e = recur_data_callback(w->r, &w->d, "lm", give_signs, &s, &o, NULL);
    if (e >= 0)
        e = recur_model_new(w->r, &w->m, "embed 64 | lstm 512 | dense", w->d, 1);
    if (e >= 0 && c->common.weights && strcmp(row->group, "generate") == 0)
        e = recur_model_weights(w->m, c->common.weights);
    free(s.text);
    double step = 2.0 * (4 * 512 * (64 + 512) + 512 * SIGNS);
    bool fit = strcmp(row->group, "fit") == 0;
    row->units = fit ? (double)STEPS * SIDE * SIDE : LENGTH;
    row->flop = step * row->units * (fit ? 3 : 1);
    return e;
}

static int count(void *ud, const char *text, size_t n)
{
    (void)text;
    *(int64_t *)ud += (int64_t)n;
    return 0;
}

static int generate(void *ud)
{
    world *w = ud;
    recur_generate_options o = recur_generate_defaults();
    o.length = LENGTH;
    w->said = 0;
    int e = recur_generate(w->r, w->m, &o, count, &w->said);
    return e < 0 ? e : w->said < LENGTH ? RECUR_EDATA : RECUR_OK;
}

static int fit(void *ud)
{
    world *w = ud;
    recur_train_options o = recur_train_defaults();
    o.steps = STEPS, o.batch = SIDE, o.bptt = SIDE, o.lr = 1e-3, o.clip = 1;
    return recur_fit(w->m, w->d, NULL, &o, NULL, NULL);
}

/* --- from a cold start --- */

static int write_line(world *w)
{
    snprintf(w->line, sizeof w->line, "%s.txt", w->model);
    FILE *f = fopen(w->line, "w");
    if (!f)
        return RECUR_EIO;
    fputs("w1 w2 w3 w4 w5 w6 w7 w8 w9 w10\n", f);
    return fclose(f) ? RECUR_EIO : RECUR_OK;
}

static int open_start(const cli *c, void **ud, bench_row *row)
{
    world *w = *ud = calloc(1, sizeof *w);
    words s = { 0 };
    recur_train_options o = recur_train_defaults();
    if (!w)
        return RECUR_ENOMEM;
    o.unit = "word", o.min_count = 1, o.pairs = "0";
    w->r = c->r;
    const char *tmp = getenv("TMPDIR");
    snprintf(w->model, sizeof w->model, "%.40s/recur-XXXXXX", tmp ? tmp : "/tmp");
    int file = mkstemp(w->model);
    if (file < 0) {
        w->model[0] = 0;
        return RECUR_EIO;
    }
    close(file);
    int e = recur_data_callback(w->r, &w->d, "classify", give_words, &s, &o, NULL);
    if (e >= 0)
        e = recur_model_new(w->r, &w->m, "embed 128 | lstm 64 bi | pool max | dense", w->d, 1);
    if (e >= 0)
        e = recur_model_save(w->m, w->model);
    row->units = 1;
    return e < 0 ? e : write_line(w);
}

static int start(void *ud)
{
    world *w = ud;
    char *const argv[] = { "recur", "classify", w->model, w->line, NULL };
    posix_spawn_file_actions_t quiet;
    pid_t child;
    int status = 0;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    int bad = posix_spawn(&child, "/proc/self/exe", &quiet, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&quiet);
    if (bad || waitpid(child, &status, 0) != child)
        return RECUR_EIO;
    return WIFEXITED(status) && WEXITSTATUS(status) == CLI_DONE ? RECUR_OK : RECUR_EIO;
}

static void end(void *ud)
{
    world *w = ud;
    if (!w)
        return;
    recur_model_free(w->m);
    recur_data_close(w->d);
    if (w->model[0])
        unlink(w->model);
    if (w->line[0])
        unlink(w->line);
    free(w);
}

const bench_job bench_jobs[] = {
    { "generate", "char-h512", "infer", open_signs, generate, end },
    { "fit", "char-h512", "train", open_signs, fit, end },
    { "start", "classify-5mb", "infer", open_start, start, end },
    { NULL, NULL, NULL, NULL, NULL, NULL },
};
