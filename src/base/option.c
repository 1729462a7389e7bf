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
    if (!s || !*s) {
        v->flag = 1;
        return true;
    }
    for (int i = 0; i < 8; i++)
        if (strcmp(s, words[i]) == 0) {
            v->flag = i & 1;
            return true;
        }
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

static bool read_text(const char *s, value *v)
{
    v->s = s;
    return true;
}

/* "90", "90s", "10m", "1h30m", "2d": seconds */
static bool read_time(const char *s, value *v)
{
    static const char names[] = "smhd";
    static const double seconds[] = { 1, 60, 3600, 86400 };
    v->x = 0;
    do {
        char *end;
        double x = strtod(s, &end);
        if (end == s || !isfinite(x) || x < 0)
            return false;
        const char *unit = *end ? strchr(names, *end) : names;
        if (!unit)
            return false;
        v->x += x * seconds[unit - names];
        s = *end ? end + 1 : end;
    } while (*s);
    return true;
}

/* What a type of row holds and takes; `automatic` stands for "not chosen yet". */
static const struct {
    size_t size;
    bool (*read)(const char *s, value *v);
    value automatic;
    const char *takes;
} types[] = {
    [RECUR_FLAG] = { sizeof(int), read_flag, { .flag = -1 }, "yes or no" },
    [RECUR_INT]  = { sizeof(int64_t), read_int, { .i = -1 }, "a whole number" },
    [RECUR_REAL] = { sizeof(double), read_real, { .x = (double)NAN }, "a number" },
    [RECUR_TEXT] = { sizeof(const char *), read_text, { .s = NULL }, "a text" },
    [RECUR_TIME] = { sizeof(double), read_time, { .x = (double)NAN }, "a time such as 90s, 10m, 2h" },
};

static bool in_range(const recur_option *o, const value *v)
{
    if (o->type == RECUR_INT)
        return (double)v->i >= o->least && (double)v->i <= o->most;
    if (o->type == RECUR_REAL || o->type == RECUR_TIME)
        return v->x >= o->least && v->x <= o->most;
    return true;
}

static bool read_value(const recur_option *o, const char *s, value *v)
{
    return types[o->type].read(s, v) && in_range(o, v);
}

static void store(const recur_option *o, void *options, const value *v)
{
    memcpy((char *)options + o->offset, v, types[o->type].size);
}

static void fall_back(const recur_option *o, void *options)
{
    value v;
    if (!o->fallback || !read_value(o, o->fallback, &v))
        v = types[o->type].automatic;
    store(o, options, &v);
}

int rc_option_check(recur *r, const recur_option *t, int n, const void *options)
{
    for (int i = 0; i < n; i++) {
        value v;
        memcpy(&v, (const char *)options + t[i].offset, types[t[i].type].size);
        bool chosen = t[i].type == RECUR_INT ? v.i != types[RECUR_INT].automatic.i
                    : t[i].type == RECUR_REAL || t[i].type == RECUR_TIME ? !isnan(v.x) : false;
        if (chosen && !in_range(&t[i], &v))
            return rc_fail(r, RECUR_EOPTION, "option %s is %g, and takes %g to %g; fill the struct with its defaults first",
                           t[i].name, t[i].type == RECUR_INT ? (double)v.i : v.x, t[i].least, t[i].most);
    }
    return RECUR_OK;
}

void recur_option_defaults(const recur_option *t, int n, void *options)
{
    for (int i = 0; i < n; i++)
        fall_back(&t[i], options);
}

/* Changes of one letter that make a of b (Levenshtein 1966); 99 where a name is too long to be one of ours. */
static int distance(const char *a, const char *b)
{
    enum { LONGEST = 32 };
    int row[LONGEST + 1];
    size_t n = strlen(b);
    if (n > LONGEST)
        return 99;
    for (size_t j = 0; j <= n; j++)
        row[j] = (int)j;
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
        if (d < best) {
            best = d;
            near = &t[i];
        }
    }
    if (near)
        return rc_fail(r, RECUR_EOPTION, "no option --%s; is --%s meant?", name, near->name);
    return rc_fail(r, RECUR_EOPTION, "no option --%s; `help` lists those there are", name);
}

static int refuse(recur *r, const recur_option *o, const char *text)
{
    const char *takes = rc_speak(r, types[o->type].takes);
    if (!text)
        return rc_fail(r, RECUR_EOPTION, "--%s needs a value: %s, %s", o->name, o->arg, o->help);
    if (o->type == RECUR_FLAG || o->type == RECUR_TIME)
        return rc_fail(r, RECUR_EOPTION, "--%s takes %s, not '%s'", o->name, takes, text);
    return rc_fail(r, RECUR_EOPTION, "--%s takes %s from %g to %g, not '%s'", o->name, takes, o->least, o->most,
                   text);
}

int recur_option_set(recur *r, const recur_option *t, int n, void *options, const char *name, const char *text)
{
    for (int i = 0; i < n; i++) {
        const recur_option *o = &t[i];
        value v;
        if (strcmp(o->name, name) != 0)
            continue;
        if (text && strcmp(text, "auto") == 0 && !o->fallback) {
            fall_back(o, options);
            return RECUR_OK;
        }
        if ((!text && o->type != RECUR_FLAG) || !read_value(o, text, &v))
            return refuse(r, o, text);
        store(o, options, &v);
        return RECUR_OK;
    }
    return unknown(r, t, n, name);
}
