/* SPDX-License-Identifier: MIT
 * Keys of a layer or head: text -> fields of its struct by the rows of its table, and back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/spec.h"

static int fail(const rc_keys *k, const char *form, ...) __attribute__((format(printf, 2, 3)));
static int fail(const rc_keys *k, const char *form, ...)
{
    char text[512];
    va_list args;
    va_start(args, form);
    vsnprintf(text, sizeof text, rc_speak(k->r, form), args);
    va_end(args);
    return rc_fail(k->r, RECUR_ESPEC, "net: %s: %s", k->what, text);
}

static const char *shown(const rc_key_row *row) { return row->name[0] ? row->name : "size"; }

/* Whether `word` (n bytes) is one of the words parted by blanks; the first of them where word is NULL. */
static bool among(const char *words, const char *word, size_t *n, const char **found)
{
    for (const char *s = words; *s;) {
        size_t len = strcspn(s, " ");
        if (!word || (len == *n && !memcmp(s, word, len))) {
            *found = s;
            *n = len;
            return true;
        }
        s += len + (s[len] == ' ');
    }
    return false;
}

static int set_number(const rc_keys *k, const rc_key_row *row, const char *value)
{
    char *end;
    errno = 0;
    double v = strtod(value, &end);
    bool whole = row->type == RC_KEY_INT;
    if (end == value || *end || errno || !(v >= row->least && v <= row->most) || (whole && v != (double)(int64_t)v))
        return fail(k, "%s takes a %s from %g to %g (%s), not '%s'", shown(row), rc_speak(k->r, whole ? "whole number" : "number"),
                    row->least, row->most, row->help, value);
    if (whole)
        *(int *)((char *)k->to + row->offset) = (int)v;
    else
        *(double *)((char *)k->to + row->offset) = v;
    return 0;
}

static int set_text(const rc_keys *k, const rc_key_row *row, const char *value)
{
    char *to = (char *)k->to + row->offset;
    size_t n = value ? strlen(value) : 0, size = row->type == RC_KEY_WORD ? 32 : 256;
    if (row->type == RC_KEY_WORD && !among(row->words, value, &n, &value))
        return fail(k, "%s takes one of: %s (%s), not '%s'", row->name, row->words, row->help, value);
    if (n >= size)
        return fail(k, "%s: longer than %zu bytes", row->name, size - 1);
    memcpy(to, value, n);
    to[n] = 0;
    return 0;
}

/* value NULL: the bare word. */
static int set(const rc_keys *k, const rc_key_row *row, const char *value)
{
    void *to = (char *)k->to + row->offset;
    if (row->type == RC_KEY_FLAG) {
        if (value)
            return fail(k, "%s stands alone, without a value (%s)", row->name, row->help);
        *(bool *)to = true;
        return 0;
    }
    if (!value && row->type != RC_KEY_WORD)
        return fail(k, "%s needs a value: %s=... (%s)", row->name, row->name, row->help);
    if (row->type == RC_KEY_INT || row->type == RC_KEY_REAL)
        return set_number(k, row, value);
    if (row->type != RC_KEY_ACT)
        return set_text(k, row, value);
    rc_names names = { "" };
    if (!rc_act_parse(value, to))
        return 0;
    for (int i = 0; rc_act_at(i); i++)
        rc_name_add(&names, rc_act_at(i)->name);
    return fail(k, "%s takes an activation, one of %s, not '%s'", row->name, names.s, value);
}

int rc_keys_defaults(const rc_keys *k)
{
    int e = 0;
    for (int i = 0; i < k->n && !e; i++) {
        const rc_key_row *row = &k->row[i];
        if (row->fallback && (row->type != RC_KEY_WORD || *row->fallback))
            e = set(k, row, row->fallback);
    }
    return e;
}

static int unknown(const rc_keys *k, const char *name)
{
    rc_names names = { "" };
    for (int i = 0; i < k->n; i++)
        if (k->row[i].name[0])
            rc_name_add(&names, k->row[i].name);
    return fail(k, "no key '%s'; it takes %s%s", name, rc_speak(k->r, k->n && !k->row[0].name[0] ? "a number and " : ""),
                rc_speak(k->r, *names.s ? names.s : "no keys"));
}

/* One key, "name", "name=value" or the bare number. */
static int read_one(const rc_keys *k, char *s)
{
    char *value = strchr(s, '=');
    bool bare = (*s >= '0' && *s <= '9') || *s == '.' || *s == '-' || *s == '+';
    if (value && !bare)
        *value++ = 0;
    if (value && *value == '"' && value[1] && value[strlen(value) - 1] == '"') {
        value[strlen(value) - 1] = 0;
        value++;
    }
    for (int i = 0; i < k->n; i++)
        if (bare ? !k->row[i].name[0] : k->row[i].name[0] && !strcmp(k->row[i].name, s))
            return set(k, &k->row[i], bare ? s : value);
    return bare ? fail(k, "takes no number, '%s'", s) : unknown(k, s);
}

int rc_keys_read(const rc_keys *k, char *text)
{
    int e = 0;
    for (char *s = text; !e;) {
        bool quoted = false;
        s += strspn(s, " \t\r\n");
        if (!*s)
            break;
        char *end = s;
        for (; *end && (quoted || !strchr(" \t\r\n", *end)); end++)
            quoted ^= *end == '"';
        if (quoted)
            return fail(k, "a quotation mark is not closed");
        char *next = *end ? end + 1 : end;
        *end = 0;
        e = read_one(k, s);
        s = next;
    }
    return e;
}

/* A short text that reads back as v. */
static void number(double v, char out[32])
{
    for (int digits = 9; digits <= 17; digits++) {             /* %g leaves the zeros at the end out */
        snprintf(out, 32, "%.*g", digits, v);
        if (strtod(out, NULL) == v)
            return;
    }
}

static int print_one(const rc_key_row *row, const void *at, rc_buf *out)
{
    char text[300] = "";
    const char *back = row->fallback ? row->fallback : "";
    const char *name = row->name, *is = *name ? "=" : "";
    if (row->type == RC_KEY_FLAG)
        return *(const bool *)at ? rc_buf_print(out, " %s", name) : 0;
    if (row->type == RC_KEY_INT || row->type == RC_KEY_REAL) {
        double v = row->type == RC_KEY_INT ? *(const int *)at : *(const double *)at;
        number(v, text);
        return v == strtod(back, NULL) && (*name || v == 0) ? 0 : rc_buf_print(out, " %s%s%s", name, is, text);
    }
    if (row->type == RC_KEY_ACT) {
        if (!((const rc_act_fn *)at)->kind)
            return 0;
        rc_act_print(at, text, sizeof text);
        return rc_buf_print(out, " %s=%s", name, text);
    }
    const char *value = at, *first = value;
    size_t n = strlen(value);
    if (!strcmp(value, back))
        return 0;
    if (row->type == RC_KEY_WORD && !*back && among(row->words, NULL, &(size_t){ 0 }, &first)
        && !strncmp(first, value, n) && (first[n] == ' ' || !first[n]))
        return rc_buf_print(out, " %s", name);
    return rc_buf_print(out, strchr(value, ' ') ? " %s=\"%s\"" : " %s=%s", name, value);
}

int rc_keys_print(const rc_keys *k, rc_buf *out)
{
    int e = 0;
    for (int i = 0; i < k->n && !e; i++)
        e = print_one(&k->row[i], (const char *)k->to + k->row[i].offset, out);
    return e;
}
