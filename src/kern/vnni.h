/* SPDX-License-Identifier: MIT
 * Products with stored weights in instructions of their own, in place of those of avx512: int8 in integers (vnni.c), and
 * bf16 too (bf16.c). */
#ifndef RC_VNNI_H
#define RC_VNNI_H
#include "kern/kern.h"

extern const rc_kern rc_kern_avx512;
void rc_vnni_pack_as(int as, int K, int N, const real *W, int ldw, void *P);
void rc_vnni_gemm_as(int as, int M, int N, int K, const real *A, int rs, const void *P, bool add, real *C, int ldc);
void rc_bf16_pack_as(int as, int K, int N, const real *W, int ldw, void *P);
void rc_bf16_gemm_as(int as, int M, int N, int K, const real *A, int rs, const void *P, bool add, real *C, int ldc);
#endif
