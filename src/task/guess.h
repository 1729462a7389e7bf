/* SPDX-License-Identifier: MIT
 * guess.h - what can be told of a text by looking at it. */
#ifndef RC_GUESS_H
#define RC_GUESS_H
#include "base/base.h"

double rc_share_of_han(const char *s, size_t n);              /* signs of scripts without blanks, as part of all letters */
double rc_share_of_digits(const char *s, size_t n);           /* digits 0 to 9 as part of all signs but blanks */
#endif
