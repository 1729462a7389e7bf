/* SPDX-License-Identifier: MIT
 * Copy memory (Hochreiter & Schmidhuber 1997; in this form Arjovsky, Shah & Bengio 2016): ten signs out of eight, then
 * T blanks, then a mark, after which the ten signs are to be said again.  Every step has a target, blank until the end;
 * what is measured is how many of the ten come back. */
#include "lab.h"

enum { SIGNS = 8, SAID = 10, BLANK = SIGNS, MARK };

static void form(const lab *l, int length, lab_form *out)
{
    (void)l;
    *out = (lab_form){.steps = length + 2 * SAID, .vocabulary = SIGNS + 2, .classes = SIGNS + 1, .per_step = 1};
}

static void fill(const lab *l, const lab_form *f, lab_batch *b, uint64_t which, bool test)
{
    for (int s = 0; s < b->B; s++) {
        uint64_t k = lab_key((uint64_t)l->own->seed, test, which * (uint64_t)b->B + (uint64_t)s);
        for (int t = 0; t < f->steps; t++) {
            b->ids[t * b->B + s] = t < SAID ? (int32_t)(lab_draw(&k) % SIGNS) : t == f->steps - SAID - 1 ? MARK : BLANK;
            b->target[t * b->B + s] = test ? -1 : BLANK;
        }
        for (int i = 0; i < SAID; i++)
            b->target[(f->steps - SAID + i) * b->B + s] = b->ids[i * b->B + s];
    }
}

const lab_kind lab_copy = {
    .name = "copy", .what = SAY_LAB_COPY, .cells = "rnn,lstm,gru,indrnn act=relu layers=2,mingru layers=2", .lengths = "5,20",
    .net = "embed 16 | %s | dense | softmax", .measure = "accuracy", .rising = true, .solved = 0.99, .size = 64, .steps = 3000, .lr = 0.01, .tests = 500,
    .form = form, .fill = fill};
