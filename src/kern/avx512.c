/* SPDX-License-Identifier: MIT
 * The kernel sets of AVX-512: the plain one, and those with more for stored weights. */
#if defined __x86_64__ && !defined RC_DOUBLE
#include "kern/vec_avx512.h"

#define SET avx512
#define TALL
#include "kern/body.h"

#include "kern/vnni.h"
#define SET vnni
#define PACK_AS rc_vnni_pack_as
#define GEMM_AS rc_vnni_gemm_as
#include "kern/body_table.h"

#define SET bf16
#define PACK_AS rc_bf16_pack_as
#define GEMM_AS rc_bf16_gemm_as
#include "kern/body_table.h"
#else
typedef int rc_no_avx512;                           /* a file has to hold something */
#endif
