/* SPDX-License-Identifier: MIT
 * The same nets in double: tests/golden.c with its tighter bound. */
#include "../golden.c"
