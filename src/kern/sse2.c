/* SPDX-License-Identifier: MIT
 * The kernel set of SSE2. */
#if defined __x86_64__ && !defined RC_DOUBLE
#include "kern/vec_sse2.h"

#define SET sse2
#include "kern/body.h"
#else
typedef int rc_no_sse2;                           /* a file has to hold something */
#endif
