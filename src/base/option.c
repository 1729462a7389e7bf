/* SPDX-License-Identifier: MIT
 * option.c - a table of options and a struct: defaults, and a value read from text. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/base.h"

typedef union { int flag; int64_t i; double x; const char *s; } value;

/* Flags may stand alone; told in words they can be switched off too. */
static bool read_flag(const char *s, value *v)
{
    static const char *const words[] = { "0", "1", "no", "yes", "off", "on", "false", "true" };
    if (!s || !*s) { v->flag = 1; return true; }
    for (int i = 0; i < 8; i++)
        if (strcmp(s, words[i]) == 0) { v->flag = i & 1; return true; }
    return false;
}

static bool read_int(const char *s, value *v)
{
    char *end;
    errno = 0;
    v->i = strtoll(s, &end, 10);
    return end != s && !*end && !errno;
}

static bool read_real(const char *s, value *v)
{
    char *end;
    v->x = strtod(s, &end);
    return end != s && !*end && isfinite(v->x);
}

/* "90", "90s", "10m", "1h30m", "2d": seconds */
static bool read_time(const char *s, value *v)
{
    v->x = 0;
    do {
        char *end;
        double x = strtod(s, &end), unit = 1;
        if (end == s || !isfinite(x) || x < 0) return false;
        switch (*end) {
        case 0: end--; break;
        case 's': break;
        case 'm': unit = 60; break;
        case 'h': unit = 3600; break;
        case 'd': unit = 86400; break;
        default: return false;
        }
        v->x += x * unit;
        s = end + 1;
    } while (*s);
    return true;
}

static bool read_value(const recur_option *o, const char *s, value *v)
{
    switch (o->type) {
    case RECUR_FLAG: return read_flag(s, v);
    case RECUR_INT:  return read_int(s, v) && (double)v->i >= o->least && (double)v->i <= o->most;
    case RECUR_REAL: return read_real(s, v) && v->x >= o->least && v->x <= o->most;
    case RECUR_TIME: return read_time(s, v) && v->x >= o->least && v->x <= o->most;
    default:         v->s = s; return true;
    }
}

static void automatic(const recur_option *o, value *v)
{
    switch (o->type) {
    case RECUR_FLAG: v->flag = -1; break;
    case RECUR_INT:  v->i = -1; break;
    case RECUR_TEXT: v->s = NULL; break;
    default:         v->x = (double)NAN;
    }
}

static void store(const recur_option *o, void *options, const value *v)
{
    char *field = (char *)options + o->offset;
    switch (o->type) {
    case RECUR_FLAG: memcpy(field, &v->flag, sizeof v->flag); break;
    case RECUR_INT:  memcpy(field, &v->i, sizeof v->i); break;
    case RECUR_TEXT: memcpy(field, &v->s, sizeof v->s); break;
    default:         memcpy(field, &v->x, sizeof v->x);
    }
}

static void fall_back(const recur_option *o, void *options)
{
    value v;
    if (!o->fallback || !read_value(o, o->fallback, &v)) automatic(o, &v);
    store(o, options, &v);
}

void recur_option_defaults(const recur_option *t, int n, void *options)
{
    for (int i = 0; i < n; i++) fall_back(&t[i], options);
}

/* Changes of one letter that make a of b (Levenshtein 1966); 99 where a name is too long to be one of ours. */
static int distance(const char *a, const char *b)
{
    enum { LONGEST = 32 };
    int row[LONGEST + 1];
    size_t n = strlen(b);
    if (n > LONGEST) return 99;
    for (size_t j = 0; j <= n; j++) row[j] = (int)j;
    for (int i = 1; *a; a++, i++) {
        int corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            int swap = corner + (*a != b[j - 1]), edge = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);
            corner = row[j];
            row[j] = swap < edge ? swap : edge;
        }
    }
    return row[n];
}

static int unknown(recur *r, const recur_option *t, int n, const char *name)
{
    const recur_option *near = NULL;
    int best = 3;                /* further away is another word */
    for (int i = 0; i < n; i++) {
        int d = distance(name, t[i].name);
        if (d < best) { best = d; near = &t[i]; }
    }
    if (near) return rc_fail(r, RECUR_EOPTION, "no option --%s; is --%s meant?", name, near->name);
    return rc_fail(r, RECUR_EOPTION, "no option --%s; `help` lists those there are", name);
}

static int refuse(recur *r, const recur_option *o, const char *value_text)
{
    static const char *const takes[] = {
        [RECUR_FLAG] = "yes or no", [RECUR_INT] = "a whole number", [RECUR_REAL] = "a number", [RECUR_TIME] = "a time such as 90s, 10m, 2h",
    };
    if (!value_text) return rc_fail(r, RECUR_EOPTION, "--%s needs a value: %s (%s)", o->name, o->arg, o->help);
    if (o->type == RECUR_FLAG || o->type == RECUR_TIME)
        return rc_fail(r, RECUR_EOPTION, "--%s takes %s, not '%s'", o->name, takes[o->type], value_text);
    return rc_fail(r, RECUR_EOPTION, "--%s takes %s from %g to %g, not '%s'", o->name, takes[o->type], o->least, o->most, value_text);
}

int recur_option_set(recur *r, const recur_option *t, int n, void *options, const char *name, const char *text)
{
    for (int i = 0; i < n; i++) {
        const recur_option *o = &t[i];
        value v;
        if (strcmp(o->name, name) != 0) continue;
        if (text && strcmp(text, "auto") == 0 && !o->fallback) {
            fall_back(o, options);
            return RECUR_OK;
        }
        if ((!text && o->type != RECUR_FLAG) || !read_value(o, text, &v)) return refuse(r, o, text);
        store(o, options, &v);
        return RECUR_OK;
    }
    return unknown(r, t, n, name);
}
