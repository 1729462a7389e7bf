/* SPDX-License-Identifier: MIT
 * The experiments of `recur lab`: one file each (lab_NAME.c), one line in lab_list.h.  Most are a lab_kind that fills
 * batches of equally long sequences; lab_train.c trains each cell at each length with the same batches. */
#ifndef RECUR_LAB_H
#define RECUR_LAB_H
#include "cli.h"

typedef struct lab_own {
    const char *cells, *lengths, *net, *optimizer, *plot;
    int64_t steps, size, batch, tests, seed;
    double time, lr, clip, gain;
    int rows, permuted;
} lab_own;

typedef struct lab lab;
typedef struct lab_form {                /* of the sequences of one length */
    int steps, features, vocabulary, classes, outputs, per_step;
} lab_form;
typedef struct lab_batch {               /* [steps][B] rows; what the form has not is NULL */
    int B;
    float *x;                            /* [rows][features] */
    int32_t *ids, *target;               /* target: [rows] where per_step, else [B]; -1 does not count */
    float *value;                        /* [B][outputs] */
} lab_batch;

typedef struct lab_kind {
    const char *name;
    enum cli_word what;
    const char *cells, *lengths, *net;   /* where the options say nothing; the net has %s in place of the cell */
    const char *measure; bool rising;    /* "mse" of numbers, "accuracy" of classes */
    double solved;                       /* the measure from which a cell counts as having learnt it */
    int64_t size, steps, tests;          /* units; updates; sequences of a test (0: `count` tells) */
    double lr;
    int (*open)(lab *l);                 /* reads the files that are named; NULL: takes none */
    void (*close)(lab *l);
    void (*form)(const lab *l, int length, lab_form *out);
    void (*fill)(const lab *l, const lab_form *f, lab_batch *b, uint64_t which, bool test);
        /* batch number `which`; of a test: sequences from which * B on, only what is measured has targets */
    int (*run)(lab *l);                  /* instead: all by itself */
} lab_kind;

struct lab {
    cli *c;
    const lab_kind *kind;
    const lab_own *own;
    void *data;                          /* what open read */
    int64_t count;                       /* sequences of a test, where open tells */
};
int lab_compare(lab *l);                 /* lab_train.c: each cell at each length, a table, JSON lines, the plot */

/* --- gradients through time (lab_gradients.c), and what is said of them (lab_norms.c) --- */
enum { LAB_TRACES = 64, LAB_NAME = 160 };
typedef struct lab_trace { char name[LAB_NAME]; int n; double *norm, whole; } lab_trace;
    /* of a layer and direction: norm [n] by the distance to the loss; whole: of all weights */
typedef struct lab_traces { lab *l; lab_trace t[LAB_TRACES]; int n; } lab_traces;
int lab_traces_say(const lab_traces *all);

/* --- what experiments share (lab_tool.c) --- */
uint64_t lab_key(uint64_t seed, uint64_t a, uint64_t b);             /* start of a row of random numbers */
uint64_t lab_draw(uint64_t *key);
double lab_uniform(uint64_t *key);                                   /* [0, 1) */
double lab_now(void);
const char *lab_cells(const lab *l);
const char *lab_lengths(const lab *l);
int lab_item(const char **list, char *out, size_t n);                /* next of a list parted by commas; 0: none left */
/* "gru" and "lstm 64 layers=2" of --cells put into the kind's net; the size is --size where the item names none. */
int lab_net(const lab *l, const char *cell, char *out, size_t n);
int lab_model(const lab *l, const lab_form *f, const char *net, recur_model **out);       /* with --gain; CLI_DONE or said why */
int lab_batch_new(const lab_form *f, int B, lab_batch *out);
void lab_batch_free(lab_batch *b);
recur_batch lab_packed(const lab_form *f, const lab_batch *b, int B);
/* One update; the mean loss before it, NAN when training broke down (recur_message says why). */
double lab_step(const lab *l, recur_run *u, const recur_batch *b, int64_t step, int64_t steps);
#endif
