/* SPDX-License-Identifier: MIT
 * recur classify M.recur [FILE]: a line of answers for each line of input, in its order.  Lines from a pipe or file go
 * through the net many at a time, on a terminal one by one; the answers are the same to the last bit. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { TOGETHER = 512 };                 /* lines that share a batch */

typedef struct { int64_t best; int line_buffered; const char *encoding, *columns, *label_column; } classify_own;
static const recur_option own_rows[] = {
    {"best", RECUR_INT, offsetof(classify_own, best), "1", 1, 1e6, "K", "the K best labels: label TAB probability TAB label ...", "answers"},
    {"line-buffered", RECUR_FLAG, offsetof(classify_own, line_buffered), "0", 0, 1, NULL, "write each answer at once, in a pipe too", "answers"},
    {"encoding", RECUR_TEXT, offsetof(classify_own, encoding), "utf-8", 0, 0, "NAME", "encoding of the input: utf-8, gb18030, ...", "answers"},
    {"columns", RECUR_TEXT, offsetof(classify_own, columns), NULL, 0, 0, "LIST", "columns of a CSV file that hold numbers, parted by commas", "answers"},
    {"label-column", RECUR_TEXT, offsetof(classify_own, label_column), NULL, 0, 0, "NAME",
     "column of a CSV file with the label, which is passed over", "answers"},
};

typedef struct {
    cli *c;
    recur_model *m;
    int k, labels;
    int64_t line;                        /* of the output */
    int64_t labelled, lines;             /* lines that begin with one of the model's labels and a TAB; all */
    recur_answer *answer;
    char *const *text; int n, given;     /* the lines that are answered together; how many of them were given */
    float *p;                            /* [TOGETHER][labels] */
} job;

static void put(job *j, const recur_answer *a, int k)
{
    j->line++;
    if (j->c->common.json) {
        json_t *out = json_pack("{s:I, s:s?, s:o}", "line", (json_int_t)j->line, "label", k ? a[0].name : NULL, "probability",
                                k ? json_real(a[0].p) : json_null());
        json_t *best = j->k > 1 ? json_array() : NULL;
        for (int i = 0; best && i < k; i++)
            json_array_append_new(best, json_pack("{s:s, s:f}", "label", a[i].name, "probability", (double)a[i].p));
        if (best)
            json_object_set_new(out, "best", best);
        json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
        json_decref(out);
    }
    for (int i = 0; !j->c->common.json && i < k; i++)
        printf("%s%s\t%.6f", i ? "\t" : "", a[i].name ? a[i].name : "", (double)a[i].p);
    if (!j->c->common.json && !k)
        fputs("-\t0", stdout);           /* an empty line has no class */
    fputc('\n', stdout);
}

static int one(job *j, const char *text)
{
    int k = *text ? recur_classify(j->c->r, j->m, text, j->answer, j->k) : 0;
    if (k < 0 && k != RECUR_EDATA)
        return cli_fail(j->c, k);
    if (k < 0)
        cli_note("%lld: %s", (long long)j->line + 1, recur_message(j->c->r));
    put(j, j->answer, k > 0 ? k : 0);
    return CLI_DONE;
}

static int give(void *ud, recur_example *out)
{
    job *j = ud;
    while (j->given < j->n && !*j->text[j->given])
        j->given++;
    if (j->given == j->n)
        return 1;
    *out = (recur_example){.text = j->text[j->given++]};
    return 0;
}

/* A file to learn from, given to be classified: its labels would be read as words of the texts. */
static bool begins_with_label(const job *j, const char *text)
{
    const char *tab = strchr(text, '\t'), *label;
    for (int i = 0; tab && (label = recur_model_label(j->m, i)); i++)
        if (strlen(label) == (size_t)(tab - text) && memcmp(label, text, (size_t)(tab - text)) == 0)
            return true;
    return false;
}

/* Lines as one set of data.  Where the task leaves a line out, or one stands alone, they go one by one. */
static int classify(void *ud, char *const *text, int n)
{
    job *j = ud;
    recur_data *d = NULL;
    int code = CLI_DONE, filled = 0;
    for (int i = 0; i < n; i++) {
        filled += *text[i] != 0;
        j->labelled += begins_with_label(j, text[i]);
    }
    j->lines += n;
    j->text = text;
    j->n = n;
    j->given = 0;
    bool together = filled > 1 && recur_data_callback(j->c->r, &d, recur_model_task(j->m), give, j, NULL, j->m) == RECUR_OK &&
                    recur_data_count(d) == filled && recur_classify_data(j->c->r, j->m, d, j->p) == RECUR_OK;
    const float *p = j->p;
    for (int i = 0; i < n && !code; i++) {
        if (!together || !*text[i]) {
            code = one(j, text[i]);
            continue;
        }
        put(j, j->answer, recur_best(j->m, p, j->answer, j->k));
        p += j->labels;
    }
    recur_data_close(d);
    return code;
}

static int classify_lines(job *j, const char *path)
{
    const classify_own *own = j->c->own;
    int code = cli_each_lines(j->c, path, own->encoding, own->line_buffered || isatty(STDOUT_FILENO) ? 1 : TOGETHER, classify, j);
    if (!code && j->labelled * 2 > j->lines)
        cli_note(say(SAY_LABELS_READ), (long long)j->labelled, (long long)j->lines);
    return code;
}

/* Measured series: the file holds them whole, so the library reads it. */
static int classify_series(job *j, const char *path)
{
    recur_data *d = NULL;
    float *p = NULL;
    const char *file = path ? path : "-";
    const classify_own *own = j->c->own;
    recur_train_options o = recur_train_defaults();
    o.encoding = own->encoding;
    o.columns = own->columns;
    o.label_column = own->label_column;
    int e = recur_data_files(j->c->r, &d, recur_model_task(j->m), &file, 1, &o, j->m);
    int64_t n = e < 0 ? 0 : recur_data_count(d);
    if (e >= 0 && !(p = calloc((size_t)n * (size_t)j->labels + 1, sizeof *p)))
        e = RECUR_ENOMEM;
    if (e >= 0)
        e = recur_classify_data(j->c->r, j->m, d, p);
    for (int64_t i = 0; e >= 0 && i < n; i++)
        put(j, j->answer, recur_best(j->m, p + i * j->labels, j->answer, j->k));
    int code = e < 0 ? cli_fail(j->c, e) : CLI_DONE;
    free(p);
    recur_data_close(d);
    return code;
}

static int run(cli *c)
{
    const classify_own *own = c->own;
    job j = {.c = c};
    int code = cli_load(c, &j.m, c->arg[0]);
    if (code)
        return code;
    j.labels = recur_model_labels(j.m);
    j.k = own->best < j.labels ? (int)own->best : j.labels > 0 ? j.labels : 1;
    j.answer = calloc((size_t)j.k, sizeof *j.answer);
    j.p = calloc(TOGETHER * (size_t)(j.labels > 0 ? j.labels : 1), sizeof *j.p);
    const char *path = c->args > 1 ? c->arg[1] : NULL, *task = recur_model_task(j.m);
    if (!j.answer || !j.p)
        code = CLI_MEMORY;
    else if (!j.labels || strcmp(task, "classify") != 0) {
        cli_note(say(SAY_NO_LABELS), c->arg[0], task, strcmp(task, "lm") == 0 ? "generate" : task);
        code = CLI_USAGE;
    } else
        code = (strncmp(recur_model_net(j.m), "input", 5) == 0 ? classify_series : classify_lines)(&j, path);
    free(j.answer);
    free(j.p);
    recur_model_free(j.m);
    return code;
}

static const char *const examples[] = {
    "recur classify reviews.recur new.txt",
    "echo 'a wonderful film' | recur classify reviews.recur -k 2",
    NULL};

const cli_verb cli_classify = {
    .name = "classify", .what = SAY_DOES_CLASSIFY, .use = "M.recur [FILE]", .least = 1, .most = 2,
    .row = own_rows, .rows = sizeof own_rows / sizeof *own_rows, .size = sizeof(classify_own), .example = examples, .run = run};
