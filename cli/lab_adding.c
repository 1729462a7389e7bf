/* SPDX-License-Identifier: MIT
 * The adding problem (Hochreiter & Schmidhuber 1997, experiment 4; in this form Le, Jaitly & Hinton 2015): each step has a
 * number from [0, 1) and a mark; two marks stand in a sequence, one in each half; the sum of the marked numbers is asked
 * for at the end.  Who always says 1 has an error of 1/6. */
#include "lab.h"

static void form(const lab *l, int length, lab_form *out)
{
    (void)l;
    *out = (lab_form){.steps = length, .features = 2, .outputs = 1};
}

static void fill(const lab *l, const lab_form *f, lab_batch *b, uint64_t which, bool test)
{
    int half = f->steps / 2;
    for (int s = 0; s < b->B; s++) {
        uint64_t k = lab_key((uint64_t)l->own->seed, test, which * (uint64_t)b->B + (uint64_t)s);
        int first = (int)(lab_uniform(&k) * half), second = half + (int)(lab_uniform(&k) * (f->steps - half));
        float sum = 0;
        for (int t = 0; t < f->steps; t++) {
            float *x = b->x + 2 * (t * b->B + s);
            x[0] = (float)lab_uniform(&k);
            x[1] = t == first || t == second;
            sum += x[0] * x[1];
        }
        b->value[s] = sum;
    }
}

const lab_kind lab_adding = {
    .name = "adding", .what = SAY_LAB_ADDING, .cells = "rnn,lstm,gru,indrnn act=relu layers=2,mingru layers=2", .lengths = "20,100",
    .net = "input | %s | pool last | dense | square", .measure = "mse", .solved = 0.01, .size = 32, .steps = 2000, .lr = 3e-3, .tests = 1000,
    .form = form, .fill = fill};
