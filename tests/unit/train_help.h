/* SPDX-License-Identifier: MIT
 * train_help.h - runtime, tiny data and tiny models for the tests of train and decode. */
#ifndef RC_TRAIN_HELP_H
#define RC_TRAIN_HELP_H
#include "train/train.h"
#include "task_help.h"

/* threads < 0: a coin decides each time whether the caller works alone. */
static inline recur *open_runtime(int threads)
{
    recur *r = calloc(1, sizeof *r);
    GOOD(r, rc_kern_open(r, NULL));
    GOOD(r, rc_pool_new(r, &r->pool, threads < 0 ? -threads : threads));
    rc_pool_coin(r->pool, threads < 0 ? .5 : 0);
    return r;
}

static inline void close_runtime(recur *r)
{
    rc_pool_free(r, r->pool);
    free(r);
}

static inline void defaults(recur_train_options *o)
{
    *o = task_options();
}

/* Sentences put together by chance, each with the label of the word that rules it. */
typedef struct { int at, n; char text[160]; const char *label; } sentences;
static inline int next_sentence(void *ud, recur_example *out)
{
    static const char *const good[] = { "fine", "lovely", "bright", "warm" }, *const bad[] = { "dull", "bleak", "cold", "grim" };
    static const char *const what[] = { "the day", "a house by the sea", "our old boat", "this long story of kings" };
    sentences *s = ud;
    if (s->at >= s->n) return 1;
    uint64_t key = rc_key(7, RC_OTHER, (uint64_t)s->at, 0), say = rc_below(key, 0, 4), of = rc_below(key, 1, 4);
    s->label = s->at % 2 ? "good" : "bad";
    snprintf(s->text, sizeof s->text, "%s was %s in the %s", what[of], (s->at % 2 ? good : bad)[say], of % 2 ? "evening" : "end");
    *out = (recur_example){ .text = s->text, .label = s->label };
    s->at++;
    return 0;
}

typedef struct { recur *r; recur_data *d, *held; recur_model *m; } job_of_train;
static inline void open_job(job_of_train *j, recur *r, const char *task, const char *unit, int lines, double held, const char *net)
{
    recur_train_options o;
    sentences s = { .n = lines };
    defaults(&o);
    o.unit = unit;
    o.pairs = "0";
    *j = (job_of_train){ .r = r };
    GOOD(r, rc_data_new(r, &j->d, rc_task_find(task)));
    GOOD(r, j->d->task->pull(j->d, next_sentence, &s, &o, NULL));
    if (held > 0) GOOD(r, recur_data_split(j->d, held, 1, &j->held));
    GOOD(r, rc_model_build(r, &j->m, net, j->d, 3, NULL));
}

static inline void close_job(job_of_train *j)
{
    recur_data_close(j->d);
    recur_data_close(j->held);
    recur_model_free(j->m);
}

typedef struct { recur *r; rc_net *net; rc_run *u; rc_optim *o; real *w; } bench;      /* a net and its optimizer, without a task */
static inline void close_bench(bench *b)
{
    rc_optim_free(b->o);
    rc_run_free(b->u);
    rc_net_free(b->net);
    rc_free(b->r, b->w);
    close_runtime(b->r);
}

#define LM_NET "embed 12 | drop .2 | lstm 20 | drop .3 | dense"
#define CLASSIFY_NET "embed 12 | drop .2 | lstm 10 bi | pool max mean | drop .3 | dense"
#endif
