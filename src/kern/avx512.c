/* SPDX-License-Identifier: MIT
 * The kernel set of AVX-512. */
#if defined __x86_64__ && !defined RC_DOUBLE
#include "kern/vec_avx512.h"

#define SET avx512
#define TALL
#include "kern/body.h"
#else
typedef int rc_no_avx512;                           /* a file has to hold something */
#endif
