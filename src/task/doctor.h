/* SPDX-License-Identifier: MIT
 * doctor.h - what looking at data before an hour is lost has in common, whatever the job: a report of files and problems,
 * and which text, pair or sound was seen before, and where. */
#ifndef RC_DOCTOR_H
#define RC_DOCTOR_H
#include "task/task.h"

typedef struct { int file; int64_t line; uint64_t mark; } rc_place;    /* mark: what the job compares, a label or a hash */
typedef struct {
    recur *r;
    const char *const *path;
    json_t *out, *files, *problems;      /* borrowed of the report: {"files": [...], "problems": [...]} */
    rc_map *seen;                        /* hash -> its first place */
    rc_place *place;
    size_t places, cap;
    const recur_train_options *o;
    void *ud;                            /* the job's */
} rc_doctor;

int rc_doctor_begin(rc_doctor *c, recur *r, const char *const *path, const recur_train_options *o, json_t **out);
int rc_doctor_end(rc_doctor *c, int e, json_t **out);                  /* e, and *out NULL where it is a failure */
int rc_doctor_each(rc_doctor *c, const rc_task *t, int n, const recur_train_options *o,
                   int (*look)(rc_doctor *c, recur_data *d, int file, bool known));
    /* reads each file by itself, all with what the first taught (known), and looks at what could be read */
const char *rc_doctor_name(const rc_doctor *c, int file);             /* as JSON can say it */
int rc_doctor_problem(rc_doctor *c, int file, int64_t line, const char *kind, const char *form, ...)
    __attribute__((format(printf, 5, 6)));
const rc_place *rc_doctor_seen(rc_doctor *c, const void *s, size_t n, rc_place here, int *error);
    /* the first place of these bytes; NULL: this is it, and it is kept */
int rc_doctor_survive(rc_doctor *c, int e, int file);
    /* a failure to read is a problem of the data, told where it says it is, unless memory or the disk is at fault */
int rc_doctor_units(rc_doctor *c, const recur_data *d, int file, bool known);
    /* the report of a file of examples or of a stream; known: with the first file's vocabulary */
#endif
