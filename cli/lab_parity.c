/* SPDX-License-Identifier: MIT
 * Parity: is the number of ones so far odd?  It asks not for long memory but for a state that each one turns over.  A cell
 * whose gates do not see its state (mingru), or whose units do not see each other, cannot say it with one layer however
 * long it is trained (Merrill, Petty & Sabharwal 2024).  Every step has a target; measured are the last steps. */
#include "lab.h"

static void form(const lab *l, int length, lab_form *out)
{
    (void)l;
    *out = (lab_form){.steps = length, .vocabulary = 2, .classes = 2, .per_step = 1};
}

static void fill(const lab *l, const lab_form *f, lab_batch *b, uint64_t which, bool test)
{
    for (int s = 0; s < b->B; s++) {
        uint64_t k = lab_key((uint64_t)l->own->seed, test, which * (uint64_t)b->B + (uint64_t)s);
        int odd = 0;
        for (int t = 0; t < f->steps; t++) {
            int bit = lab_draw(&k) >> 40 & 1;
            odd ^= bit;
            b->ids[t * b->B + s] = bit;
            b->target[t * b->B + s] = test && t < f->steps - f->steps / 4 - 1 ? -1 : odd;
        }
    }
}

const lab_kind lab_parity = {
    .name = "parity", .what = SAY_LAB_PARITY, .cells = "rnn,lstm,gru,indrnn act=relu layers=2,mingru layers=2", .lengths = "10,40",
    .net = "embed 8 | %s | dense | softmax", .measure = "accuracy", .rising = true, .solved = 0.99, .size = 32, .steps = 1500, .lr = 3e-3, .tests = 500,
    .form = form, .fill = fill};
