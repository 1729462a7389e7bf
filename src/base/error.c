/* SPDX-License-Identifier: MIT
 * error.c - the one-line message of a runtime. */
#include <stdio.h>

#include "base/base.h"

/* Formats into a text of its own first, so that the old message may be an argument of the new one.  Names and bytes of
 * damaged files end up here: control signs would break the promise of one line. */
static void put(char *to, size_t cap, const char *form, va_list list)
{
    char text[sizeof ((recur *)0)->message];
    if (vsnprintf(text, sizeof text, form, list) < 0)
        text[0] = 0;
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    size_t n = strlen(text);
    if (n + 1 == sizeof text)                   /* cut: not within a UTF-8 sign */
        while (n && ((unsigned char)text[n - 1] & 0xC0) == 0x80)
            n--;
    if (n && n + 1 < sizeof text && ((unsigned char)text[n - 1] & 0xC0) == 0xC0)
        n--;
    n = n < cap - 1 ? n : cap - 1;
    memcpy(to, text, n);
    to[n] = 0;
}

int rc_fail(recur *r, int code, const char *form, ...)
{
    if (r) {
        va_list list;
        va_start(list, form);
        put(r->message, sizeof r->message, form, list);
        va_end(list);
    }
    return code;
}

void rc_warn(recur *r, const char *form, ...)
{
    if (r) {
        va_list list;
        va_start(list, form);
        put(r->warning, sizeof r->warning, form, list);
        va_end(list);
    }
}
