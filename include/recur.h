/* SPDX-License-Identifier: MIT
 * recur.h - recurrent networks: train, evaluate, put to work.
 *
 * Five things:   recur        the runtime: kernels chosen for this CPU, threads, allocator, last message
 *                recur_model  vocabulary, labels, net, weights; constant unless it is being trained
 *                recur_run    one planned block of memory that computes with a model
 *                recur_data   examples, from files or from memory, that come out as batches
 *                recur_batch  packed rows of ids or measurements, plain and borrowed
 *
 * Errors.   A function that can fail returns int: RECUR_OK (0) or a negative RECUR_E*; recur_message(r) then says
 *           what and where, in one line.  Failing happens at the borders (files, plans, formats).  A planned run
 *           computes; it fails only on a batch larger than its plan or an id outside its vocabulary.
 * Memory.   *_new/_open/_load allocate; *_free/_close free and accept NULL.  Text that is handed out (char **)
 *           is freed with recur_free.  Nothing is allocated between recur_run_new and recur_run_free by
 *           forward, loss, backward, update and step.  const pointers are borrowed.
 * Threads.  A model may be shared by many runs while nobody trains it; a runtime, a run and a data set belong to
 *           one thread at a time.
 * Random.   No hidden state: the same seed gives the same bits on the same kernel set for any number of threads.
 * Shapes.   Written as [N][H], row-major, last index fastest.  B sequences, T steps, N rows of a batch, I inputs,
 *           H hidden units, V vocabulary or classes, F measured features, C columns of ids. */
#ifndef RECUR_H
#define RECUR_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RECUR_VERSION "0.1.0"

#define RECUR_ERRORS(X)                                            \
    X(OK,        0, "ok")                                          \
    X(ENOMEM,   -1, "out of memory")                               \
    X(EIO,      -2, "cannot read or write")                        \
    X(EFORMAT,  -3, "model or checkpoint damaged or unsupported")  \
    X(EDATA,    -4, "input data unusable")                         \
    X(ESHAPE,   -5, "shapes do not fit")                           \
    X(ESPEC,    -6, "cannot understand the net")                   \
    X(EOPTION,  -7, "no such option, or value out of range")       \
    X(EDIVERGE, -8, "training diverged")                           \
    X(ESTOP,    -9, "stopped on request, state saved")             \
    X(EEND,    -10, "no more data")
enum recur_error {
#define X(name, code, text) RECUR_##name = code,
    RECUR_ERRORS(X)
#undef X
};

typedef struct recur recur;
typedef struct recur_model recur_model;
typedef struct recur_run recur_run;
typedef struct recur_data recur_data;

/* --- runtime ---------------------------------------------------------------------------------------------- */
typedef struct recur_config {
    int threads;                                      /* 0: one per core                                     */
    const char *kernels;                              /* at most this set: "ref" "sse2" "avx2" "avx512" "vnni" "bf16"
                                                       * "neon"; NULL: best                                   */
    void *(*alloc)(void *ud, void *p, size_t n);      /* realloc-like, n == 0 frees; NULL: the C library's   */
    void *ud;
    const char *language;                             /* of messages: "en", "zh"; NULL: English              */
} recur_config;
int recur_open(recur **out, const recur_config *c);   /* c may be NULL; on failure *out is NULL              */
void recur_close(recur *r);
const char *recur_message(const recur *r);            /* of the last failure; "" before one                  */
const char *recur_warning(const recur *r);            /* of the last success that has something to say; ""   */
const char *recur_strerror(int error);
const char *recur_kernels(const recur *r);            /* name of the kernel set in use                       */
int recur_threads(const recur *r);
double recur_fma_peak(recur *r);                      /* FLOP/s of multiply-adds in registers on all threads;
                                                       * measured now, in some 50 ms                          */
void recur_free(recur *r, void *text);                /* what the library handed out as char **              */

/* --- options: one row each makes parser, help, manual page and the record in the model ---------------------- */
enum recur_option_type { RECUR_FLAG, RECUR_INT, RECUR_REAL, RECUR_TEXT, RECUR_TIME };
typedef struct recur_option {
    const char *name;                                 /* "lr": --lr                                          */
    int type;                                         /* of the field: RECUR_FLAG int, INT int64_t, REAL and
                                                       * TIME double (seconds), TEXT const char *             */
    size_t offset;                                    /* of the field in its struct                          */
    const char *fallback;                             /* default as text; NULL: chosen from the data, see help */
    double least, most;                               /* range of numbers                                    */
    const char *arg;                                  /* what help calls the value                           */
    const char *help;                                 /* one sentence                                        */
    const char *group;                                /* heading in help: "data", "net", "training", ...     */
} recur_option;
const recur_option *recur_train_table(int *n);        /* rows of recur_train_options                         */
const recur_option *recur_generate_table(int *n);     /* rows of recur_generate_options                      */
const recur_option *recur_translate_table(int *n);    /* rows of recur_translate_options                     */
const recur_option *recur_transcribe_table(int *n);   /* rows of recur_transcribe_options                    */
void recur_option_defaults(const recur_option *t, int n, void *options);
    /* sets every field; what is chosen from the data is NAN, -1 or NULL until then */
int recur_option_set(recur *r, const recur_option *t, int n, void *options, const char *name, const char *value);
    /* TEXT values are borrowed; "10m" "90s" "2h" for TIME; RECUR_EOPTION names the option and what it takes */

/* --- batches ------------------------------------------------------------------------------------------------ */
#define RECUR_HEADS 8
typedef struct recur_batch {      /* packed rows: time-major, longest sequence first, alive[t] rows at step t     */
    int T, B, N;                  /* steps, sequences, rows: N = sum of alive                                     */
    int C, F;                     /* columns of ids, measured features                                            */
    const int32_t *alive;         /* [T] sequences that still run at t; never increases; NULL: all equally long   */
    const int32_t *ids;           /* [C][N] or NULL                                                               */
    const float *x;               /* [N][F] or NULL                                                               */
    const int32_t *target[RECUR_HEADS];   /* of each head: [N] per step or [B] per sequence; -1 does not count    */
    const float *value[RECUR_HEADS];      /* of each head of numbers: [rows][out]; NAN does not count             */
    const int32_t *list_at[RECUR_HEADS];  /* [B+1] where a head's targets are lists (ctc): sequence b's are
                                   * target[list_at[b] .. list_at[b+1])                                           */
    const uint64_t *key;          /* [B] a number of each sequence, from which its masks are drawn; NULL: 0..B-1   */
    const struct recur_batch *side;       /* what the net's side chain (before >>) reads; NULL: there is none, or
                                   * that of the call before                                                      */
    const int32_t *place;         /* [B] which side sequence belongs to each sequence; NULL: the same number      */
    const int32_t *row_place;     /* [N] which side sequence belongs to each row, for layer `side`; NULL: unused  */
    int fresh;                    /* 1: start from the zero state; 0: from the state that the run carries         */
} recur_batch;

/* --- data: files or memory -> examples -> batches ------------------------------------------------------------ */
typedef struct recur_train_options recur_train_options;
/* Files as the task reads them (gzip, "-" = stdin, UTF-8 or --encoding).  o may be NULL: defaults.
 * m NULL: vocabulary, labels and scaling are learned from these files; else the model's are used. */
int recur_data_files(recur *r, recur_data **out, const char *task, const char *const *path, int n,
                     const recur_train_options *o, const recur_model *m);
typedef struct recur_arrays {     /* `count` equally formed sequences in memory, copied                           */
    int count, steps;             /* steps: of each, or the most where length is given                            */
    int features;                 /* F; 0: ids instead                                                            */
    const float *x;               /* [count][steps][F]                                                            */
    const int32_t *ids;           /* [count][steps]                                                               */
    const int32_t *length;        /* [count] or NULL                                                              */
    const int32_t *label;         /* [count] class of the sequence, or [count][steps] where per_step              */
    const float *value;           /* [count][outputs] numbers instead of classes, or [count][steps][outputs]      */
    int classes, outputs, vocabulary, per_step;
    const struct recur_arrays *side;  /* sequences of the net's side chain (before >>), without targets; NULL: none   */
    const int32_t *place;         /* [count] side sequence of each sequence, -1: none; NULL: the same number          */
    const int32_t *row_place;     /* [count][steps] that of each step, for layer `side`; NULL: steps have none        */
    const int32_t *list, *list_at;    /* [list_at[count]], [count+1]: sequence i's labels are list[list_at[i] ..
                                   * list_at[i+1]), 1 .. classes-1, for a net that ends in ctc; class 0 is its blank */
} recur_arrays;
int recur_data_arrays(recur *r, recur_data **out, const recur_arrays *a);
typedef struct recur_example {    /* what a callback fills; pointers stay the caller's until the next call        */
    int steps, features;
    const float *x;               /* [steps][features] or NULL                                                    */
    const char *text;             /* UTF-8, or NULL                                                               */
    const char *label;            /* of the sequence; NULL: none                                                  */
} recur_example;
typedef int recur_next_example(void *ud, recur_example *out);    /* 0: filled; 1: no more; < 0: an error, passed on */
int recur_data_callback(recur *r, recur_data **out, const char *task, recur_next_example *next, void *ud,
                        const recur_train_options *o, const recur_model *m);
/* Moves that part (0 .. below 1) of the examples, drawn by seed, out of d: *held. */
int recur_data_split(recur_data *d, double part, uint64_t seed, recur_data **held);
int64_t recur_data_count(const recur_data *d);        /* examples, or units of a language model's text            */
/* An epoch begins: B sequences a batch, or B streams of T steps of a running text.  seed 0: in the order of the data. */
void recur_data_start(recur_data *d, int B, int T, uint64_t seed, int epoch);
int recur_data_next(recur_data *d, recur_batch *out); /* RECUR_EEND ends the epoch; out is valid until the next call */
void recur_data_close(recur_data *d);                 /* models made from d, and what was split off, live on      */

/* --- model ------------------------------------------------------------------------------------------------------ */
/* A net for these data, its weights drawn by seed.  net NULL: the task's choice.  The model shares the vocabulary, the labels
 * and the scaling of d: several models may be made from the same data, and all may be closed in any order. */
int recur_model_new(recur *r, recur_model **out, const char *net, const recur_data *d, uint64_t seed);
int recur_model_load(recur *r, recur_model **out, const char *path);    /* RECUR_EFORMAT: whole or not at all */
int recur_model_save(const recur_model *m, const char *path);           /* replaces the file atomically */
void recur_model_free(recur_model *m);                                  /* data read for m live on; its runs do not */
const char *recur_model_net(const recur_model *m);                      /* canonical line, borrowed */
const char *recur_model_task(const recur_model *m);                     /* "lm", "classify", ...; borrowed */
int recur_model_labels(const recur_model *m);                           /* number; 0: none */
const char *recur_model_label(const recur_model *m, int i);             /* borrowed; NULL past the end */
typedef struct recur_param { const char *name; int rank, dim[3]; float *w; size_t n; } recur_param;
int recur_model_param(const recur_model *m, int i, recur_param *out);   /* i = 0.. until RECUR_EEND; w [n] borrowed */
/* Runs keep weights packed between calls.  Who writes through recur_param.w says so here afterwards, or asks for the
 * param anew before he writes; loading, fitting and recur_update do it by themselves. */
void recur_model_touch(recur_model *m);
/* Matrices stored as "fp16", "bf16" or "int8" (a scale a row) from now on: rounded here, computed with and saved so.
 * Fewer bytes make single steps faster.  For answering only: such a model is trained no further.  "fp32": as they are. */
int recur_model_weights(recur_model *m, const char *storage);
int recur_inspect(recur *r, const recur_model *m, char **json);     /* card, net, formulas, shapes, training */
int recur_net_words(recur *r, char **json);     /* what a net line may say: words, their keys with type, range, default */

/* --- training: one call, or its parts ---------------------------------------------------------------------------- */
struct recur_train_options {      /* what each means, its range and default: recur_train_table, `recur help train` */
    /* data   */
    const char *valid, *valid_target, *unit, *encoding, *columns, *pairs, *vectors, *text_column, *label_column, *front;
    double speed;
    int64_t min_count, max_vocab, max_length;
    int lower, marked, nfkc, shared_vocab;
    int64_t column;
    int segmented;
    const char *scheme;
    int64_t beam;
    int strict;
    /* series */
    const char *id, *split, *known, *scaled, *decode, *quantiles;
    int64_t input, horizon, period, segment;
    int joint;
    /* net    */
    const char *net, *from;
    double held;                  /* part of the data held out where no --valid is given */
    int64_t seed;
    /* time   */
    int64_t epochs, steps;
    double time;
    const char *plan;
    int64_t threads;
    /* steps  */
    int64_t batch, batch_units, bptt, accumulate;
    const char *optimizer, *schedule;
    double lr, lr_epochs, momentum, beta1, beta2, eps, decay, average, clip, clip_value, warmup, floor, lr_factor;
    int64_t lr_after, patience;
    /* loss   */
    double smooth, sampled, focal;
    const char *balance;
    /* saving */
    const char *out, *log_dir;
    int resume;
    double save_every;
    int64_t eval_every;
    int force, no_baseline;
};
recur_train_options recur_train_defaults(void);       /* every row of recur_train_table at its default */
enum recur_event { RECUR_CHOSEN, RECUR_STEP, RECUR_EVALUATED, RECUR_SAVED, RECUR_FINISHED, RECUR_WARNED, RECUR_PACED };
    /* PACED: a step that only measures the pace, for --time, and leaves no trace */
typedef struct recur_progress {
    int event;
    int64_t epoch, step, steps;   /* steps: planned in all */
    double loss;                  /* running mean, nats a target */
    double held;                  /* held-out metric (RECUR_EVALUATED, FINISHED: the best); NAN: none */
    const char *metric;           /* its name: "loss", "accuracy", ... */
    int better;                   /* the held-out metric is the best so far */
    double lr, norm;              /* rate and gradient norm of the step */
    double rate, seconds, left;   /* units a second, elapsed, expected to the end */
    const char *text;             /* RECUR_CHOSEN: one line a choice; SAVED: the file; WARNED: the sentence */
} recur_progress;
/* Returns 0 to go on, above 0 to finish the step, save and return RECUR_ESTOP, below 0 to save a checkpoint and go on. */
typedef int recur_watch(void *ud, const recur_progress *p);

/* The whole job: files -> vocabulary, held-out part, net, fit with the best weights kept.  o and watch may be NULL.
 * With o->out the model is written there too; a file that stands there is replaced only with o->force or o->resume. */
int recur_train(recur *r, recur_model **out, const char *task, const char *const *path, int n,
                const recur_train_options *o, recur_watch *watch, void *ud);
/* Trains m on d; with `held` the weights that were best there are kept.  held, o and watch may be NULL. */
int recur_fit(recur_model *m, recur_data *d, recur_data *held, const recur_train_options *o, recur_watch *watch, void *ud);

/* Scores a model on data: JSON with the task's metrics and `baseline`.  The baseline is what the model file
 * carries of it (fitted on the training part while training). */
int recur_eval(recur *r, const recur_model *m, recur_data *d, char **json);
/* What is wrong with files before anybody learns from them: JSON {files: [{file, examples, unk_rate, ...}], problems:
 * [{file, line, what}]}.  Problems are no error: 0, and the list is not empty. */
int recur_check(recur *r, const char *task, const char *const *path, int n, const recur_train_options *o, char **json);

typedef struct recur_dims {       /* the largest batch */
    int B, T, N;                  /* sequences, steps, rows (0: B*T) */
    int train, scores, trace;     /* scores: recur_forward's result is wanted; trace: recur_gradient_norms is */
    struct { int B, T, N; } side; /* of the side chain's batch, where the net has one */
    const char *optimizer;        /* train: the one that recur_update will be given; NULL: any, so room for the hungriest */
} recur_dims;
size_t recur_run_size(const recur_model *m, const recur_dims *d);   /* bytes that recur_run_new takes; 0: it would refuse */
int recur_run_new(recur *r, recur_run **out, recur_model *m, const recur_dims *d);
void recur_run_free(recur_run *u);
/* Scores of a head, borrowed until the next call: [*rows][*width], rows N (per step) or B; rows and width may be NULL.
 * NULL: recur_message. */
const float *recur_forward(recur_run *u, const recur_batch *b, int head, int *rows, int *width);
/* The likeliest classes of each sequence: those of sequence b are out[at[b] .. at[b+1]).  softmax: of each row; crf: of the
 * whole sequence together; ctc: the list that it says.  out [rows of the scores: N or B at most], at [B+1] */
int recur_decode(recur_run *u, const recur_batch *b, int head, int32_t *out, int32_t *at);
/* Forward and the mean loss in nats a target, all heads by weight; in a training run the heads' gradient too.  NAN:
 * recur_message. */
double recur_loss(recur_run *u, const recur_batch *b);
void recur_backward(recur_run *u);      /* the rest of that gradient, added to what is there; without a loss before it: nothing */
const float *recur_gradient(const recur_run *u, int param);
    /* [n] of recur_model_param's n, borrowed; NULL where the run does not train, the param is frozen or there is none */
/* The gradient's way back through time, of the last recur_backward: one for each recurrent layer and direction, i = 0..
 * until RECUR_EEND.  A run with `trace` in its recur_dims keeps what this needs.
 * norm[k]: root mean square over the sequences of |dL/dh| k steps before the last (the first, in a reverse direction);
 * borrowed until the next call. */
typedef struct recur_norms { char name[64]; int steps; const double *norm; } recur_norms;
int recur_gradient_norms(recur_run *u, int i, recur_norms *out);
/* A field that is 0 stands for the usual: adamw, its own rate, beta1 .9, beta2 .999, eps 1e-8, no decay, no clipping. */
typedef struct recur_step_options {
    const char *optimizer;
    double lr, momentum, beta1, beta2, eps, decay, clip, clip_value;
} recur_step_options;
/* Clips, steps, clears the gradient; *norm: of the gradient.  o and norm may be NULL.  RECUR_EDIVERGE: the gradient is not
 * finite, and the weights are as they were. */
int recur_update(recur_run *u, const recur_step_options *o, double *norm);

/* --- state of one sequence: the caller's ------------------------------------------------------------------------- */
size_t recur_state_size(const recur_model *m);                          /* floats */
void recur_state_reset(recur_run *u, int b);                            /* to the start; b < 0: all */
void recur_state_get(const recur_run *u, int b, float *state);          /* [recur_state_size]; b outside 0..B-1: nothing */
void recur_state_set(recur_run *u, int b, const float *state);          /* NULL: zero; b outside 0..B-1: nothing */
/* One step of one sequence, the state kept in `state` [recur_state_size]: id (or x [F], id ignored) in, scores [width] out,
 * borrowed until the next call.  NULL: recur_message; so for nets that look ahead, read pairs of units or a side chain. */
const float *recur_step(recur_run *u, float *state, int32_t id, const float *x);

/* --- answers: one short call a job --------------------------------------------------------------------------------- */
typedef struct recur_answer { int label; const char *name; float p; } recur_answer;     /* name borrowed from the model */
/* The k best labels, the one that is said first; returns how many were filled in, or < 0. */
int recur_classify(recur *r, const recur_model *m, const char *text, recur_answer *best, int k);
int recur_classify_data(recur *r, const recur_model *m, recur_data *d, float *p /* [count][labels] */);
int recur_best(const recur_model *m, const float *p /* [labels] */, recur_answer *best, int k);
    /* ranks a row of those as recur_classify does; returns how many */

typedef struct recur_generate_options {         /* ranges and defaults: recur_generate_table */
    double temperature;           /* 0: always the likeliest unit */
    double top_p;                 /* 1: all */
    double penalty;               /* scores of recent units are divided by it; 1: not */
    int64_t top_k;                /* 0: all */
    int64_t length, seed;         /* most units to write */
    const char *stop, *prompt;    /* NULL: none */
} recur_generate_options;
recur_generate_options recur_generate_defaults(void);
typedef int recur_emit(void *ud, const char *text, size_t n);           /* n bytes, whole signs; nonzero stops */
int recur_generate(recur *r, const recur_model *m, const recur_generate_options *o, recur_emit *emit, void *ud);

typedef struct recur_translate_options {        /* ranges and defaults: recur_translate_table */
    int64_t beam, n_best;
    double length_penalty, coverage;
    int64_t most;                 /* most units of an answer; 0: twice the source's and 10 */
    int keep_unknown, attention;  /* attention: recur_translate_lines tells it */
} recur_translate_options;
recur_translate_options recur_translate_defaults(void);
/* The best answer; o NULL: defaults. */
int recur_translate(recur *r, const recur_model *m, const char *text, const recur_translate_options *o, char **out);
/* Many at once, each with the bits that it has alone.  JSON, one array of answers for each text, best first:
 * [[{text, score, source: [units], target: [units], unknown, attention: [[of each target unit over the source's]],
 * alignment: [[s, t], ...]}, ...], ...] */
int recur_translate_lines(recur *r, const recur_model *m, const char *const *text, int n,
                          const recur_translate_options *o, char **json);

/* A sound: a file (WAV, FLAC, OGG; .npy: rows of measurements), or with path NULL samples of one channel, -1 .. 1. */
typedef struct recur_sound {
    const char *path;
    const float *x;
    size_t samples;
    int rate;                     /* samples a second */
} recur_sound;
typedef struct recur_transcribe_options {       /* ranges and defaults: recur_transcribe_table */
    int64_t beam, n_best;         /* beam 1: the likeliest unit of each step */
    int align;                    /* say when each unit is said */
    const char *text;             /* what is said is known: where in the sound its units are (forced alignment); NULL: it is not */
    const char *lexicon;          /* file of the only words that may be said, one a line; NULL: none */
    double lm_weight, bonus;      /* of the language model; added for each word */
} recur_transcribe_options;
recur_transcribe_options recur_transcribe_defaults(void);
int recur_transcribe(recur *r, const recur_model *m, const char *path, char **text);   /* the likeliest text of a file */
/* JSON {text, seconds, best: [{text, score, log_p}, ...], align: [{unit, from, to, p}, ...]}; times in seconds (steps for
 * rows).  lm: a language model of text like the transcripts', or NULL; o NULL: defaults. */
int recur_transcribe_sound(recur *r, const recur_model *m, const recur_sound *sound, const recur_model *lm,
                           const recur_transcribe_options *o, char **json);
/* Sound as it comes, for models that do not look ahead: each unit is emitted as soon as it is sure. */
typedef struct recur_hearing recur_hearing;
int recur_hear_open(recur *r, recur_hearing **out, const recur_model *m, recur_emit *emit, void *ud);
int recur_hear_rate(const recur_hearing *h);                            /* samples a second that are expected */
int recur_hear(recur_hearing *h, const float *x, size_t samples);       /* RECUR_ESTOP: emit asked for it */
int recur_hear_end(recur_hearing *h);                                   /* the rest; the next sound may begin */
void recur_hear_close(recur_hearing *h);
const char *recur_sound_library(void);                                  /* what reads sound files; NULL: this build has none */

/* text: words parted by blanks; out: word TAB tag NEWLINE ...  A model that finds words: the text with a blank between
 * words. */
int recur_tag(recur *r, const recur_model *m, const char *text, char **out);
/* Many at once, each with the bits that it has alone.  JSON, an object for each text:
 * [{words: [], tags: [], p: [of each tag, given the text], intent, intent_p, readings: [{p, tags: []}, ...]}, ...]
 * intent: where the model says what sentences are; readings: with best > 1; a model that finds words gives words alone. */
int recur_tag_lines(recur *r, const recur_model *m, const char *const *text, int n, int best, char **json);
/* How much of `text` stands in the training text (the files of path) word for word: JSON {units, longest_copy, copied_8,
 * distinct_1, distinct_3, ...} */
int recur_copy_report(recur *r, const recur_model *m, const char *text, const char *const *path, int n, char **json);

/* The horizon steps behind past [steps][columns] of one series (NAN: missing), row by row: next [horizon][columns]. */
int recur_forecast(recur *r, const recur_model *m, const float *past, int steps, int columns, float *next, int horizon);
/* The same for each series of d, which is spent: JSON {horizon, levels, series: [{id, time, columns: [{column, forecast,
 * quantiles, past}]}]}.  horizon 0: the model's.  past: so many steps of the past are told too; < 0: three horizons. */
int recur_forecast_data(recur *r, const recur_model *m, recur_data *d, int horizon, int past, char **json);

/* --- event files that TensorBoard reads ------------------------------------------------------------------------------ */
typedef struct recur_events recur_events;
int recur_events_open(recur *r, recur_events **out, const char *dir);   /* a new file in dir, which is made; RECUR_EIO */
int recur_events_scalar(recur_events *e, const char *tag, int64_t step, double value);      /* written at once; RECUR_EIO */
void recur_events_close(recur_events *e);

#ifdef __cplusplus
}
#endif
#endif
