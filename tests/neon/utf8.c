/* SPDX-License-Identifier: MIT
 * Messages of the kernel checks are ASCII: a sign is a byte, so that no library for Unicode is needed here. */
#include "base/base.h"

int rc_utf8_next(const char *s, size_t n, int32_t *cp)
{
    *cp = n ? (unsigned char)*s : 0;
    return n > 0;
}
