/* SPDX-License-Identifier: MIT
 * check.c - what is wrong with running text: what cannot be read, long lines that stand in two files, unknown units. */
#include <stdio.h>

#include "data/pick.h"
#include "data/read.h"
#include "task/doctor.h"
#include "task/lm/lm.h"

/* Long lines that stand in an earlier file too: what is measured on would have been learned. */
static int check_lines(rc_doctor *c, const char *path, int file, const recur_train_options *o)
{
    enum { LONG = 40 };
    rc_buf raw, text;
    const char *s;
    size_t n;
    rc_buf_init(&raw, c->r, (size_t)1 << 34);
    rc_buf_init(&text, c->r, (size_t)1 << 34);
    int e = rc_file_read(c->r, path, &raw);
    if (e == RECUR_OK)
        e = rc_utf8_from(c->r, o != NULL && o->encoding != NULL ? o->encoding : "utf-8", raw.s, raw.n, &text);
    rc_lines l = { text.s, text.s != NULL ? text.s + text.n : NULL, 0 };
    while (e == RECUR_OK && text.n > 0 && rc_lines_next(&l, &s, &n)) {
        char what[300];
        if (n < LONG)
            continue;
        const rc_place *was = rc_doctor_seen(c, s, n, (rc_place){ file, l.line, 0 }, &e);
        if (was == NULL || was->file == file)
            continue;
        snprintf(what, sizeof what, "same line as %.200s:%lld", c->path[was->file], (long long)was->line);
        e = rc_doctor_problem(c, file, l.line, "duplicate", what);
    }
    rc_buf_free(&raw);
    rc_buf_free(&text);
    return e;
}

int rc_lm_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out)
{
    rc_doctor c;
    recur_data *first = NULL, *d;
    int e = rc_doctor_begin(&c, r, path, out);
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        rc_like like = { 0 };
        if (first != NULL)
            like.text = first->text;
        if ((e = rc_data_new(r, &d, &rc_task_lm)) != RECUR_OK)
            break;
        e = rc_task_lm.read(d, &path[i], 1, o, first != NULL ? &like : NULL, RC_ALL, c.problems);
        bool whole = e == RECUR_OK;
        e = rc_doctor_survive(&c, e, i);
        if (e == RECUR_OK && whole && (e = rc_doctor_units(&c, d, i, first != NULL)) == RECUR_OK)
            e = rc_doctor_survive(&c, check_lines(&c, path[i], i, o), i);
        if (first == NULL && whole)
            first = d;
        else
            recur_data_close(d);
    }
    recur_data_close(first);
    return rc_doctor_end(&c, e, out);
}
