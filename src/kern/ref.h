/* SPDX-License-Identifier: MIT
 * The reference kernels by name: what a set takes over where it has nothing better. */
#ifndef RC_REF_H
#define RC_REF_H
#include "kern/kern.h"

void rc_ref_pack(int nr, bool trans, int K, int N, const real *B, int ldb, real *P);
void rc_ref_pack_as(int as, int nr, int K, int N, const real *W, int ldw, void *P);
void rc_ref_drop(int n, uint64_t key, uint64_t hi, uint64_t lo, real p, const real *x, real *y);
void rc_ref_act(const rc_act_fn *f, size_t n, real *y);
void rc_ref_act_back(const rc_act_fn *f, size_t n, const real *y, real *dy);
double rc_ref_xent(int n, int V, real *z, int ldz, const int32_t *target, const real *w, real smooth, real focal,
                   bool grad, real scale, int64_t *hits);
void rc_ref_softmax(int n, int V, const real *z, int ldz, real *p, int ldp);

/* Rule of drop: an element is dropped where its 32 random bits are below this. */
static inline uint32_t rc_drop_below(real p)
{
    double t = (double)p * 4294967296.0;
    return t >= 4294967295.0 ? UINT32_MAX : t > 0 ? (uint32_t)t : 0;
}
#endif
