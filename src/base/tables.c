/* SPDX-License-Identifier: MIT
 * tables.c - the rows of the public option structs, one row a field, in the fields' order.
 *
 * They stand on the lowest floor because every floor above reads the options: parser, `--help`, the manual page, the
 * record in model and checkpoint all walk these rows.  A row without a default is "automatic": the field holds NAN,
 * -1 or NULL until the task chooses from the data. */
#include "base/base.h"

#define MANY 1e15

/*  X(type, field, name, default, least, most, what the value is called, help, group) */
#define TRAIN_ROWS(X)                                                                                                  \
    X(TEXT, valid, "valid", NULL, 0, 0, "FILE", "file to measure on while training, instead of a held-out part", "data") \
    X(TEXT, valid_target, "valid-target", NULL, 0, 0, "FILE", "targets of --valid, where sources and targets are files of their own", "data") \
    X(TEXT, unit, "unit", NULL, 0, 0, "UNIT", "what text is cut into: byte, char, word, bpe:8000", "data")              \
    X(TEXT, encoding, "encoding", "utf-8", 0, 0, "NAME", "encoding of the files: utf-8, gb18030, ...", "data")          \
    X(TEXT, columns, "columns", NULL, 0, 0, "LIST", "columns of a CSV file that hold numbers, parted by commas", "data") \
    X(TEXT, pairs, "pairs", NULL, 0, 0, "N", "most pairs of neighbouring units that get an entry of their own; 0: none", "data") \
    X(TEXT, vectors, "vectors", NULL, 0, 0, "FILE", "word vectors to start from, in GloVe, word2vec or fastText text form", "data") \
    X(TEXT, text_column, "text-column", NULL, 0, 0, "NAME", "column of a CSV file, or key of JSON lines, with the text", "data") \
    X(TEXT, label_column, "label-column", NULL, 0, 0, "NAME", "column of a CSV file, or key of JSON lines, with the label", "data") \
    X(TEXT, front, "front", NULL, 0, 0, "LINE", "what a sound becomes before the net sees it, e.g. 'logmel 40 window=25 hop=10', 'mfcc 13 delta=2'", "data") \
    X(REAL, speed, "speed", "0", 0, 0.3, "X", "learn each sound also this part slower and faster, 0.1 say: three times as many sounds", "data") \
    X(INT,  min_count, "min-count", NULL, 1, MANY, "N", "units seen less often become <unk>", "data")                   \
    X(INT,  max_vocab, "max-vocab", NULL, 0, 1e8, "N", "most entries of the vocabulary; 0: no bound", "data")           \
    X(INT,  max_length, "max-length", NULL, 0, 1e8, "N", "longer texts are cut after so many units; 0: never", "data")  \
    X(FLAG, lower, "lower", NULL, 0, 1, "", "read capital letters as small ones", "data")                               \
    X(FLAG, marked, "mark-capitals", NULL, 0, 1, "", "bpe: a capital is a mark and its small letter, so that both forms of a word learn together", "data") \
    X(FLAG, nfkc, "nfkc", NULL, 0, 1, "", "fold signs that mean the same (Unicode NFKC)", "data")                       \
    X(FLAG, shared_vocab, "shared-vocab", NULL, 0, 1, "", "one vocabulary for sources and targets, learned from both", "data") \
    X(INT,  column, "column", NULL, 1, 1e6, "N", "column of a tagged file with the tag, from 1; else the last, of CoNLL-U the fourth", "data") \
    X(FLAG, segmented, "segment", NULL, 0, 1, "", "learn where words end: files of text whose words are parted by blanks", "data") \
    X(TEXT, scheme, "scheme", NULL, 0, 0, "NAME", "how entities are written inside: iob2, bioes, or as-is", "data")      \
    X(INT,  beam, "beam", NULL, 1, 1000, "K", "translate: answers followed at once where a model is measured (5)", "data") \
    X(FLAG, strict, "strict", "0", 0, 1, "", "stop at the first bad line instead of leaving it out", "data")            \
    X(TEXT, id, "id", NULL, 0, 0, "NAME", "column that says which of several series a line belongs to", "series")      \
    X(TEXT, split, "split", NULL, 0, 0, "A,B,C", "steps of each series to train, measure and test on: 8640,2880,2880 or .7,.1,.2", "series") \
    X(TEXT, known, "known", NULL, 0, 0, "LIST", "columns whose future is known when forecasting; `calendar`: hour, day, season", "series") \
    X(TEXT, scaled, "scaled", NULL, 0, 0, "HOW", "what a window is measured from: last (its last value), window (and its spread), none", "series") \
    X(TEXT, decode, "decode", NULL, 0, 0, "HOW", "how a net gives the horizon: direct, recursive, parallel", "series")  \
    X(TEXT, quantiles, "quantiles", NULL, 0, 0, "LIST", "forecast these quantiles too, e.g. 0.1,0.5,0.9", "series")     \
    X(INT,  input, "input", NULL, 1, 1e6, "N", "steps of the past that a forecast looks at", "series")                 \
    X(INT,  horizon, "horizon", NULL, 1, 1e6, "N", "steps ahead to forecast", "series")                                \
    X(INT,  period, "period", NULL, 1, 1e6, "N", "steps after which the series repeats itself, for the seasonal baseline; 1: never", "series") \
    X(INT,  segment, "segment-steps", NULL, 1, 1e6, "N", "steps that are one step of the net; with recursive: steps given at once", "series") \
    X(FLAG, joint, "joint", "0", 0, 1, "", "one window holds all columns, instead of one for each", "series")          \
    X(TEXT, net, "net", NULL, 0, 0, "NET", "the net in one line, e.g. 'embed 128 | lstm 256 | dense'", "net")           \
    X(TEXT, from, "from", NULL, 0, 0, "MODEL", "begin with this model's weights wherever layers and units are alike", "net") \
    X(REAL, held, "held", "0.1", 0, 0.9, "PART", "part of the data held out where --valid is not given", "net")         \
    X(INT,  seed, "seed", "1", 0, MANY, "N", "the same seed gives the same model", "net")                               \
    X(INT,  epochs, "epochs", NULL, 1, 1e9, "N", "passes over the data", "time")                                        \
    X(INT,  steps, "steps", NULL, 1, MANY, "N", "updates of the weights in all, instead of epochs", "time")             \
    X(TIME, time, "time", NULL, 0, 1e9, "TIME", "fit training into this time: 90s, 10m, 2h", "time")                    \
    X(TEXT, plan, "plan", NULL, 0, 0, "STEPS", "steps as a training within --time told them, e.g. 4000,3200@1500: repeats it", "time") \
    X(INT,  threads, "threads", "0", 0, 1024, "N", "threads; 0: one for each core", "time")                             \
    X(INT,  batch, "batch", NULL, 1, 1e6, "N", "sequences in a batch, or streams of text side by side", "steps")        \
    X(INT,  batch_units, "batch-units", "0", 0, 1e9, "N", "at most so many units in a batch, the longest sequence times their number; 0: no bound", "steps") \
    X(INT,  bptt, "bptt", NULL, 1, 1e6, "N", "steps that a gradient goes back through a running text", "steps")         \
    X(INT,  accumulate, "accumulate", "1", 1, 1e6, "N", "batches whose gradients are added for one update", "steps")    \
    X(TEXT, optimizer, "optimizer", NULL, 0, 0, "NAME", "sgd, asgd, rmsprop, adam, adamw", "steps")                     \
    X(TEXT, schedule, "schedule", NULL, 0, 0, "NAME", "course of the rate: constant, step, linear, cosine, onecycle, plateau", "steps") \
    X(REAL, lr, "lr", NULL, 0, 1e6, "RATE", "learning rate, the highest of its schedule", "steps")                      \
    X(REAL, lr_epochs, "lr-epochs", NULL, 0, 1e9, "N", "epochs that --lr is meant for: fewer take a rate as much higher, up to 4 times; 0: never", "steps") \
    X(REAL, momentum, "momentum", "0", 0, 0.9999, "X", "momentum of sgd", "steps")                                      \
    X(REAL, beta1, "beta1", "0.9", 0, 0.999999, "X", "decay of adam's mean of gradients", "steps")                      \
    X(REAL, beta2, "beta2", "0.999", 0, 0.999999, "X", "decay of the mean of squared gradients (adam, rmsprop)", "steps") \
    X(REAL, eps, "eps", "1e-8", 0, 1, "X", "added to the root of squared gradients", "steps")                           \
    X(REAL, decay, "decay", NULL, 0, 1e3, "X", "weight decay of the matrices", "steps")                                 \
    X(REAL, average, "average", "0", 0, 0.99999, "X", "answers come from a running mean of the weights that keeps this part of itself at a step, .999 say; 0: none", "steps") \
    X(REAL, clip, "clip", NULL, 0, 1e9, "NORM", "largest norm of a gradient; 0: no bound", "steps")                     \
    X(REAL, clip_value, "clip-value", "0", 0, 1e9, "X", "largest single number of a gradient; 0: no bound", "steps")    \
    X(REAL, warmup, "warmup", NULL, 0, MANY, "N", "steps in which the rate rises to --lr; below 1: part of all steps", "steps") \
    X(REAL, floor, "floor", "0", 0, 1, "PART", "the rate never falls below this part of --lr", "steps")                 \
    X(REAL, lr_factor, "lr-factor", "0.5", 0, 1, "X", "what schedules `step` and `plateau` multiply the rate by", "steps") \
    X(INT,  lr_after, "lr-after", NULL, 0, 1e9, "N", "epochs before schedule `step` begins, or evaluations that `plateau` waits", "steps") \
    X(INT,  patience, "patience", NULL, 0, 1e9, "N", "stop after so many evaluations that brought nothing better; 0: never", "steps") \
    X(REAL, smooth, "smooth", "0", 0, 0.9, "X", "label smoothing", "loss")                                              \
    X(REAL, sampled, "sampled", "0", 0, 1, "PART", "part of the units a decoder reads that are its own guesses at the end of training (scheduled sampling)", "loss") \
    X(REAL, focal, "focal", "0", 0, 10, "X", "exponent of the focal loss; 0: none", "loss")                             \
    X(TEXT, balance, "balance", NULL, 0, 0, "HOW", "what to do about rare classes: none, weights, focal, sample", "loss") \
    X(TEXT, out, "out", NULL, 0, 0, "FILE", "the model file to write", "saving")                                        \
    X(TEXT, log_dir, "log-dir", NULL, 0, 0, "DIR", "folder for the log, the curve and TensorBoard's event file", "saving") \
    X(FLAG, resume, "resume", "0", 0, 1, "", "go on from the checkpoint beside the model file", "saving")               \
    X(TIME, save_every, "save-every", "10m", 0, 1e9, "TIME", "time between checkpoints; 0: only on Ctrl-C", "saving")   \
    X(INT,  eval_every, "eval-every", NULL, 1, MANY, "N", "steps between looks at the held-out part", "saving")         \
    X(FLAG, force, "force", "0", 0, 1, "", "replace a model file that is there already", "saving")                      \
    X(FLAG, no_baseline, "no-baseline", "0", 0, 1, "", "do not fit the simple model that is reported beside the net", "saving")

#define GENERATE_ROWS(X)                                                                                               \
    X(REAL, temperature, "temperature", "0.8", 0, 100, "T", "below 1: likelier units are preferred; 0: always the likeliest", "choice") \
    X(REAL, top_p, "top-p", "1", 0, 1, "P", "choose among the likeliest units that together have this probability", "choice") \
    X(REAL, penalty, "penalty", "1", 0.01, 100, "X", "scores of recent units are divided by this; 1: not", "choice")    \
    X(INT,  top_k, "top-k", "0", 0, 1e9, "K", "choose among the K likeliest units; 0: all", "choice")                   \
    X(INT,  length, "length", "300", 0, MANY, "N", "most units to write", "text")                                       \
    X(INT,  seed, "seed", "1", 0, MANY, "N", "the same seed writes the same text", "choice")                            \
    X(TEXT, stop, "stop", NULL, 0, 0, "TEXT", "end where this text has been written", "text")                           \
    X(TEXT, prompt, "prompt", NULL, 0, 0, "TEXT", "text to go on from", "text")

#define TRANSLATE_ROWS(X)                                                                                              \
    X(INT,  beam, "beam", "5", 1, 1000, "K", "answers followed at once; 1: always the likeliest unit", "search")        \
    X(INT,  n_best, "n-best", "1", 1, 1000, "N", "the N best answers for each text, at most as many as --beam", "search") \
    X(REAL, length_penalty, "length-penalty", "1.5", 0, 10, "A", "an answer of n units is judged by its log-probability / ((5 + n) / 6)^A", "search") \
    X(REAL, coverage, "coverage", "0", 0, 10, "B", "weight of a penalty for units of the source that got little attention", "search") \
    X(INT,  most, "most", "0", 0, 1e6, "N", "most units of an answer; 0: twice the source's and 10", "search")         \
    X(FLAG, keep_unknown, "keep-unknown", "0", 0, 1, "", "write <unk> instead of the source's word that it looks at", "search") \
    X(FLAG, attention, "attention", "0", 0, 1, "", "tell what each unit looked at", "answers")

#define TRANSCRIBE_ROWS(X)                                                                                             \
    X(INT,  beam, "beam", NULL, 1, 1e4, "N", "texts kept from step to step; 1: the likeliest unit of each step", "search") \
    X(INT,  n_best, "n-best", "1", 1, 1e4, "N", "give the N best texts", "search")                                     \
    X(FLAG, align, "align", "0", 0, 1, "", "say when each unit is said", "search")                                     \
    X(TEXT, text, "text", NULL, 0, 0, "TEXT", "what is said is known: tell when each of its units is said", "search")    \
    X(TEXT, lexicon, "lexicon", NULL, 0, 0, "FILE", "say only words of this file, one a line", "search")               \
    X(REAL, lm_weight, "lm-weight", "0.5", 0, 100, "X", "weight of the language model's log probability", "search")    \
    X(REAL, bonus, "bonus", "0", -100, 100, "X", "added for each word (each sign, with a language model of signs)", "search")

/* The C type of each kind of row.  A struct declared from the rows must look like the public one, field by field:
 * a forgotten row, a wrong type or a wrong order does not compile. */
#define FLAG_FIELD int
#define INT_FIELD int64_t
#define REAL_FIELD double
#define TIME_FIELD double
#define TEXT_FIELD const char *
#define FIELD(type, field, name, fallback, least, most, arg, help, group) type##_FIELD field;
#define SAME(what, field) _Static_assert(offsetof(struct what##_rows, field) == offsetof(recur_##what##_options, field), #field)
#define SAME_TRAIN(type, field, name, fallback, least, most, arg, help, group) SAME(train, field);
#define SAME_GENERATE(type, field, name, fallback, least, most, arg, help, group) SAME(generate, field);
#define SAME_TRANSLATE(type, field, name, fallback, least, most, arg, help, group) SAME(translate, field);
#define SAME_TRANSCRIBE(type, field, name, fallback, least, most, arg, help, group) SAME(transcribe, field);
struct train_rows { TRAIN_ROWS(FIELD) };
struct generate_rows { GENERATE_ROWS(FIELD) };
struct translate_rows { TRANSLATE_ROWS(FIELD) };
struct transcribe_rows { TRANSCRIBE_ROWS(FIELD) };
TRAIN_ROWS(SAME_TRAIN)
GENERATE_ROWS(SAME_GENERATE)
TRANSLATE_ROWS(SAME_TRANSLATE)
TRANSCRIBE_ROWS(SAME_TRANSCRIBE)
_Static_assert(sizeof(struct train_rows) == sizeof(recur_train_options), "every field of recur_train_options has a row");
_Static_assert(sizeof(struct generate_rows) == sizeof(recur_generate_options), "every field of recur_generate_options has a row");
_Static_assert(sizeof(struct translate_rows) == sizeof(recur_translate_options), "every field of recur_translate_options has a row");
_Static_assert(sizeof(struct transcribe_rows) == sizeof(recur_transcribe_options), "every field of recur_transcribe_options has a row");

#define ROW(type, what, field, name, fallback, least, most, arg, help, group) \
    { name, RECUR_##type, offsetof(recur_##what##_options, field), fallback, least, most, arg, help, group },
#define TRAIN_ROW(type, field, ...) ROW(type, train, field, __VA_ARGS__)
#define GENERATE_ROW(type, field, ...) ROW(type, generate, field, __VA_ARGS__)
#define TRANSLATE_ROW(type, field, ...) ROW(type, translate, field, __VA_ARGS__)
#define TRANSCRIBE_ROW(type, field, ...) ROW(type, transcribe, field, __VA_ARGS__)

const recur_option *recur_train_table(int *n)
{
    static const recur_option rows[] = { TRAIN_ROWS(TRAIN_ROW) };
    *n = (int)(sizeof rows / sizeof rows[0]);
    return rows;
}

const recur_option *recur_generate_table(int *n)
{
    static const recur_option rows[] = { GENERATE_ROWS(GENERATE_ROW) };
    *n = (int)(sizeof rows / sizeof rows[0]);
    return rows;
}

const recur_option *recur_translate_table(int *n)
{
    static const recur_option rows[] = { TRANSLATE_ROWS(TRANSLATE_ROW) };
    *n = (int)(sizeof rows / sizeof rows[0]);
    return rows;
}

const recur_option *recur_transcribe_table(int *n)
{
    static const recur_option rows[] = { TRANSCRIBE_ROWS(TRANSCRIBE_ROW) };
    *n = (int)(sizeof rows / sizeof rows[0]);
    return rows;
}

recur_train_options recur_train_defaults(void)
{
    int n;
    recur_train_options o;
    const recur_option *rows = recur_train_table(&n);
    recur_option_defaults(rows, n, &o);
    return o;
}

recur_generate_options recur_generate_defaults(void)
{
    int n;
    recur_generate_options o;
    const recur_option *rows = recur_generate_table(&n);
    recur_option_defaults(rows, n, &o);
    return o;
}

recur_translate_options recur_translate_defaults(void)
{
    int n;
    recur_translate_options o;
    const recur_option *rows = recur_translate_table(&n);
    recur_option_defaults(rows, n, &o);
    return o;
}

recur_transcribe_options recur_transcribe_defaults(void)
{
    int n;
    recur_transcribe_options o;
    const recur_option *rows = recur_transcribe_table(&n);
    recur_option_defaults(rows, n, &o);
    return o;
}
