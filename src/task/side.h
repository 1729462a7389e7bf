/* SPDX-License-Identifier: MIT
 * side.h - what a model keeps of the side chain's data. */
#ifndef RC_SIDE_H
#define RC_SIDE_H
#include "task/task.h"

int rc_side_learned(recur_model *m, const recur_data *side);           /* takes a share of its text, a copy of its scaling */
void rc_side_forget(recur_model *m);
json_t *rc_side_json(const recur_model *m);                            /* part "side" of the card's facts */
int rc_side_store(const recur_model *m, rc_store *s);
int rc_json_sizes(const json_t *a, int most, int *out);                /* up to `most` numbers from 1 on; how many, -1: not such an array */
int rc_side_load(recur_model *m, rc_store *s, const char *path, rc_facts *f);
#endif
