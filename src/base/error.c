/* SPDX-License-Identifier: MIT
 * error.c - the one-line message of a runtime. */
#include <stdio.h>

#include "base/base.h"

enum { MESSAGE = sizeof ((recur *)0)->message };
_Static_assert(sizeof ((recur *)0)->warning == MESSAGE, "one size for both");

/* Formats into a text of its own first, so that the old message may be an argument of the new one.  Names and bytes of
 * damaged files end up here: control signs would break the promise of one line. */
static void put(char to[MESSAGE], const char *form, va_list list)
{
    char text[MESSAGE];
    if (vsnprintf(text, sizeof text, form, list) < 0)
        text[0] = 0;
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    size_t n = strlen(text), i = n;
    int32_t cp;
    if (n + 1 == sizeof text) {                 /* cut, perhaps within a UTF-8 sign: that one goes */
        while (i > n - 4 && ((unsigned char)text[i - 1] & 0xC0) == 0x80)
            i--;
        rc_utf8_next(text + i - 1, n - i + 1, &cp);
        n = cp < 0 ? i - 1 : n;
    }
    memcpy(to, text, n);
    to[n] = 0;
}

const char *rc_speak(const recur *r, const char *form)
{
    for (const rc_word *w = r && form ? r->words : NULL; w && w->en; w++)
        if (strcmp(w->en, form) == 0)
            return w->own;
    return form;
}

int rc_fail(recur *r, int code, const char *form, ...)
{
    if (r) {
        va_list list;
        va_start(list, form);
        put(r->message, rc_speak(r, form), list);
        va_end(list);
    }
    return code;
}

void rc_warn(recur *r, const char *form, ...)
{
    if (r) {
        va_list list;
        va_start(list, form);
        put(r->warning, rc_speak(r, form), list);
        va_end(list);
    }
}

void rc_name_add(rc_names *list, const char *name)
{
    const size_t at = strlen(list->s), room = sizeof list->s - at;
    if (strlen(name) + sizeof ", ..." + 2 <= room)
        snprintf(list->s + at, room, "%s%s", at ? ", " : "", name);
    else if (at < 3 || strcmp(list->s + at - 3, "...") != 0)
        snprintf(list->s + at, room, ", ...");
}
