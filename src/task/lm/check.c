/* SPDX-License-Identifier: MIT
 * check.c - what is wrong with running text: what cannot be read, long lines that stand in two files, unknown units. */
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
        if (n < LONG)
            continue;
        const rc_place *was = rc_doctor_seen(c, s, n, (rc_place){ file, l.line, 0 }, &e);
        if (was == NULL || was->file == file)
            continue;
        e = rc_doctor_problem(c, file, l.line, "duplicate", "same line as %.200s:%lld", c->path[was->file], (long long)was->line);
    }
    rc_buf_free(&raw);
    rc_buf_free(&text);
    return e;
}

static int look(rc_doctor *c, recur_data *d, int file, bool known)
{
    int e = rc_doctor_units(c, d, file, known);
    return e == RECUR_OK ? rc_doctor_survive(c, check_lines(c, c->path[file], file, c->o), file) : e;
}

int rc_lm_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out)
{
    rc_doctor c;
    int e = rc_doctor_begin(&c, r, path, o, out);
    if (e == RECUR_OK)
        e = rc_doctor_each(&c, &rc_task_lm, n, o, look);
    return rc_doctor_end(&c, e, out);
}
