/* SPDX-License-Identifier: MIT
 * guess.c - what can be told of a text by looking at its beginning. */
#include "task/guess.h"

enum { LOOK = 200000 };                                       /* bytes */

double rc_share_of_han(const char *s, size_t n)
{
    int64_t han = 0, letters = 0;
    size_t look = n < LOOK ? n : LOOK;
    for (size_t i = 0; i < look;) {
        int32_t cp;
        int k = rc_utf8_next(s + i, look - i, &cp);
        if (k <= 0)
            break;
        int class = cp >= 0 ? rc_utf8_class(cp) : RC_PUNCT;
        han += class == RC_HAN;
        letters += class == RC_LETTER || class == RC_HAN;
        i += (size_t)k;
    }
    return letters > 0 ? (double)han / (double)letters : 0;
}

double rc_share_of_digits(const char *s, size_t n)
{
    int64_t digits = 0, signs = 0;
    for (size_t i = 0; i < n && i < LOOK; i++) {
        digits += s[i] >= '0' && s[i] <= '9';
        signs += s[i] != ' ' && s[i] != '\n' && s[i] != '\t' && ((unsigned char)s[i] & 0xC0) != 0x80;
    }
    return signs > 0 ? (double)digits / (double)signs : 0;
}
