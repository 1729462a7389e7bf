/* SPDX-License-Identifier: MIT
 * read.h - what the readers of this folder share: a file in memory, and what to do with a record or a bad line. */
#ifndef RC_READ_H
#define RC_READ_H
#include "data/data.h"

typedef struct {
    recur *r;
    const char *path, *s;                /* s: UTF-8, 0-ended */
    size_t n;
    const recur_train_options *o;        /* may be NULL */
    rc_take_record *take;
    void *ud;
    json_t *problems;
} rc_source;
typedef struct { const char *s; size_t n; } rc_span_text;
#define RC_SHOWN(t) (int)((t).n < 40 ? (t).n : 40), (t).s    /* for %.*s, cut where a message would grow too long */
static inline bool rc_same(rc_span_text a, rc_span_text b)
{
    return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

int rc_source_bad(rc_source *f, int64_t line, const char *kind, const char *form, ...)
    __attribute__((format(printf, 4, 5)));
    /* keeps the problem and goes on (RECUR_OK), or EDATA with file:line where bad lines are not allowed */
int rc_source_emit(rc_source *f, const rc_record *rec);      /* checks label and text, then f->take */
    /* measurements may lack a label: label NULL */
bool rc_is_name(const char *s, size_t n, const char *names); /* names: words between blanks; capitals are small */
rc_span_text rc_trim(const char *s, size_t n);
int rc_problem(json_t *problems, const char *path, int64_t line, const char *kind, const char *what);
    /* at most PROBLEMS are kept */
enum { RC_PROBLEMS = 10000 };
#define RC_LARGEST 3e38                  /* of a measurement: a float holds it */
bool rc_number(const char *s, size_t n, float *out);
    /* "?", "nan", "na": NAN, missing; false: no finite number */
typedef struct { recur *r; float *x; size_t n, cap; } rc_values;
int rc_values_add(rc_values *v, float x);
typedef struct { rc_span_text *at; int n, cap; } rc_line_cells;
int rc_line_split(recur *r, const char *s, size_t n, char sep, rc_line_cells *c);      /* of a line of a table of numbers */
bool rc_filled_line(rc_lines *l, rc_span_text *out);         /* the next that holds more than blanks */
#define RC_TEXT_NAMES "text sentence review content comment title body question message tweet utterance document sms"
#define RC_LABEL_NAMES "label labels class category sentiment target y rating intent topic polarity"

/* Forms of files, the first whose `is` says yes reads: read_npy.c (bytes, before there is text) read_ts.c read_json.c
 * read_series.c (with series.c) read_table.c */
bool rc_npy_is(const char *s, size_t n);
int rc_npy_read(rc_source *f);
bool rc_series_is(const rc_source *f);
int rc_series_read(rc_source *f);
bool rc_ts_is(const rc_source *f);
int rc_ts_read(rc_source *f);
bool rc_json_is(const rc_source *f);
int rc_json_read(rc_source *f);
bool rc_tabs_is(const rc_source *f);
int rc_tabs_read(rc_source *f);
bool rc_csv_is(const rc_source *f);
int rc_csv_read(rc_source *f);
#endif
