/* SPDX-License-Identifier: MIT
 * recur lab: why the cells exist, as experiments whose data are made on the spot (see lab.h). */
#include <math.h>
#include <string.h>

#include "lab.h"

#define X(name) extern const lab_kind lab_##name;
#include "lab_list.h"
#undef X
static const lab_kind *const kinds[] = {
#define X(name) &lab_##name,
#include "lab_list.h"
#undef X
    NULL};

#define AT(field) offsetof(lab_own, field)
static const recur_option rows[] = {
    {"cells", RECUR_TEXT, AT(cells), NULL, 0, 0, "LIST", "cells to compare, e.g. 'rnn,lstm 64,gru layers=2'", "lab"},
    {"lengths", RECUR_TEXT, AT(lengths), NULL, 0, 0, "LIST", "lengths of the sequences, e.g. 20,80", "lab"},
    {"size", RECUR_INT, AT(size), NULL, 1, 65536, "N", "units of a cell whose size is not in --cells", "lab"},
    {"net", RECUR_TEXT, AT(net), NULL, 0, 0, "NET", "net line around the cell, which stands as %s", "lab"},
    {"steps", RECUR_INT, AT(steps), NULL, 1, 1e12, "N", "updates of each net", "lab"},
    {"time", RECUR_TIME, AT(time), NULL, 0, 1e9, "TIME", "time of each net instead of --steps; the rate then stays constant", "lab"},
    {"batch", RECUR_INT, AT(batch), "32", 1, 65536, "N", "sequences in a batch", "lab"},
    {"tests", RECUR_INT, AT(tests), NULL, 1, 1e9, "N", "sequences of the test", "lab"},
    {"optimizer", RECUR_TEXT, AT(optimizer), "adam", 0, 0, "NAME", "sgd, asgd, rmsprop, adam, adamw", "lab"},
    {"lr", RECUR_REAL, AT(lr), NULL, 0, 1e6, "RATE", "learning rate, the highest of its course", "lab"},
    {"clip", RECUR_REAL, AT(clip), "1", 0, 1e9, "NORM", "largest norm of a gradient; 0: no bound", "lab"},
    {"gain", RECUR_REAL, AT(gain), "1", 0, 100, "X", "recurrent weights, orthogonal at the start, times this", "lab"},
    {"seed", RECUR_INT, AT(seed), "1", 0, 1e15, "N", "the same seed gives the same data and weights", "lab"},
    {"rows", RECUR_FLAG, AT(rows), "0", 0, 1, NULL, "images row by row instead of pixel by pixel", "lab"},
    {"permuted", RECUR_FLAG, AT(permuted), "0", 0, 1, NULL, "pixels of an image in one random order", "lab"},
    {"plot", RECUR_TEXT, AT(plot), NULL, 0, 0, "FILE.svg", "write a figure as SVG", "lab"},
};

static int unknown(const char *name)
{
    char names[256] = "";
    for (int i = 0; kinds[i]; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "", kinds[i]->name);
    cli_note(say(SAY_LAB_NONE), name, names);
    return CLI_USAGE;
}

static int run(cli *c)
{
    lab l = {.c = c, .own = c->own};
    for (int i = 0; kinds[i]; i++)
        if (strcmp(kinds[i]->name, c->arg[0]) == 0)
            l.kind = kinds[i];
    if (!l.kind)
        return unknown(c->arg[0]);
    if (c->args > 1 && !l.kind->open && !l.kind->run) {
        cli_note(say(SAY_TOO_MANY), "lab", "lab", l.kind->name);
        return CLI_USAGE;
    }
    lab_own *own = c->own;
    own->size = own->size > 0 ? own->size : l.kind->size;
    own->steps = own->steps > 0 ? own->steps : l.kind->steps;
    own->lr = isnan(own->lr) ? l.kind->lr : own->lr;
    if (!c->common.json && !c->common.quiet)
        fprintf(stderr, "%s\n", say(l.kind->what));
    int code = l.kind->open ? l.kind->open(&l) : CLI_DONE;
    if (!code)
        code = l.kind->run ? l.kind->run(&l) : lab_compare(&l);
    if (l.kind->close)
        l.kind->close(&l);
    return code;
}

static const char *const examples[] = {
    "recur lab adding --cells rnn,gru --lengths 20,80 --steps 300",
    "recur lab gradients --cells rnn,lstm --lengths 100 --steps 50 --plot norms.svg",
    "recur lab gradients tag words.txt --segment --lengths 64",
    "recur lab images train-images.gz train-labels.gz test-images.gz test-labels.gz --rows --cells gru",
    NULL};

const cli_verb cli_lab = {
    .name = "lab", .what = SAY_DOES_LAB, .use = "adding|copy|parity|images|gradients [FILE...]", .least = 1, .most = -1,
    .row = rows, .rows = sizeof rows / sizeof *rows, .size = sizeof(lab_own),
    .library = cli_data_rows, .library_size = sizeof(recur_train_options), .example = examples, .run = run};
