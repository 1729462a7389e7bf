/* SPDX-License-Identifier: MIT
 * read_json.c - JSON lines: an object a line with the text and the label under their usual names, or under those that
 * --text-column and --label-column say. */
#include <stdio.h>
#include "data/read.h"

bool rc_json_is(const rc_source *f)
{
    rc_lines l = { f->s, f->s + f->n, 0 };
    const char *s;
    size_t n;
    while (rc_lines_next(&l, &s, &n)) {
        rc_span_text t = rc_trim(s, n);
        if (t.n == 0)
            continue;
        if (t.s[0] != '{' || t.s[t.n - 1] != '}')
            return false;
        json_t *j = json_loadb(t.s, t.n, 0, NULL);
        bool is = json_is_object(j);
        json_decref(j);
        return is;
    }
    return false;
}

static json_t *member(json_t *j, const char *given, const char *names)
{
    const char *key;
    json_t *value;
    if (given != NULL)
        return json_object_get(j, given);
    json_object_foreach(j, key, value)
        if (rc_is_name(key, strlen(key), names))
            return value;
    return NULL;
}

/* A label is text, a whole number or a truth value; number is where it is printed. */
static const char *label_of(const json_t *v, char number[32], size_t *n)
{
    const char *s = number;
    if (json_is_string(v)) {
        *n = json_string_length(v);
        return json_string_value(v);
    }
    if (json_is_integer(v))
        snprintf(number, 32, "%lld", (long long)json_integer_value(v));
    else if (json_is_boolean(v))
        s = json_is_true(v) ? "true" : "false";
    else
        return NULL;
    *n = strlen(s);
    return s;
}

static int object(rc_source *f, json_t *j, int64_t line)
{
    char number[32];
    json_t *text = member(j, f->o != NULL ? f->o->text_column : NULL, RC_TEXT_NAMES);
    json_t *label = member(j, f->o != NULL ? f->o->label_column : NULL, RC_LABEL_NAMES);
    rc_record rec = { .line = line };
    rec.label = label_of(label, number, &rec.label_n);
    if (!json_is_string(text))
        return rc_source_bad(f, line, "text", "no text: expected a key \"text\", or say --text-column");
    rec.text = json_string_value(text);
    rec.text_n = json_string_length(text);
    return rc_source_emit(f, &rec);
}

int rc_json_read(rc_source *f)
{
    rc_lines l = { f->s, f->s + f->n, 0 };
    const char *s;
    size_t n;
    int e = RECUR_OK;
    while (e == RECUR_OK && rc_lines_next(&l, &s, &n)) {
        if (rc_trim(s, n).n == 0)
            continue;
        json_error_t why;
        json_t *j = json_loadb(s, n, JSON_ALLOW_NUL, &why);
        e = json_is_object(j) ? object(f, j, l.line)
                              : rc_source_bad(f, l.line, "json", "not a JSON object: %.120s",
                                              rc_speak(f->r, j == NULL ? why.text : "another value"));
        json_decref(j);
    }
    return e;
}
