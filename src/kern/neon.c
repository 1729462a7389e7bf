/* SPDX-License-Identifier: MIT
 * The kernel set of NEON. */
#if defined __aarch64__ && !defined RC_DOUBLE
#include "kern/vec_neon.h"

#define SET neon
#define TALL
#include "kern/body.h"
#else
typedef int rc_no_neon;                           /* a file has to hold something */
#endif
