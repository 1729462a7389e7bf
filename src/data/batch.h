/* SPDX-License-Identifier: MIT
 * What order.c (the order of an epoch), batch.c (packed rows of examples) and side.c (the side chain's examples of a
 * batch) share. */
#ifndef RC_BATCH_H
#define RC_BATCH_H
#include "data/data.h"

int rc_batch_dims(const recur_data *d, int B, int T, recur_dims *out);  /* rc_data_dims; ENOMEM where it is a guess */
int rc_batch_room(recur_data *d, size_t B, size_t T, size_t N);        /* in d->out, for a batch of B sequences, T steps, N rows */
void rc_batch_pack(recur_data *d, const int32_t *ex, int n);           /* examples ex[0..n-1] into d->batch; there is room */
int64_t rc_batch_longest(const recur_data *d, int n);                  /* the sum of the n greatest lengths; -1: no memory to find it */

/* The largest side batch that belongs to a main batch of B sequences and N rows. */
int rc_side_most(const recur_data *d, int B, int N, recur_dims *out);
int rc_side_room(recur_data *d, const recur_dims *most);               /* so that rc_side_put allocates nothing */
int rc_side_put(recur_data *d);                                        /* side, place and row_place of d->batch, which is packed */
void rc_side_free(recur_data *d);
int rc_data_copy(const recur_data *d, int i, recur_data *h);           /* example i of d to the end of h, which is of its kind (data.c) */
/* The side examples that `from` of d names, in h too, each once; `to` of h names them there. */
int rc_side_copy(const recur_data *d, const rc_example *from, recur_data *h, rc_example *to);
void rc_side_facts(const recur_data *d, rc_facts *out);
#endif
