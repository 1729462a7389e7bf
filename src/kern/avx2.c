/* SPDX-License-Identifier: MIT
 * The kernel set of AVX2. */
#if defined __x86_64__ && !defined RC_DOUBLE
#include "kern/vec_avx2.h"

#define SET avx2
#include "kern/body.h"
#else
typedef int rc_no_avx2;                           /* a file has to hold something */
#endif
