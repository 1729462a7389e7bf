/* SPDX-License-Identifier: MIT
 * table.h - a file of series being read: table.c finds its form and columns, when.c its times, read.c takes its lines. */
#ifndef RC_FORECAST_TABLE_H
#define RC_FORECAST_TABLE_H
#include "task/forecast/forecast.h"

typedef struct {
    rc_source f;
    rc_raw *w;
    int file;
    char sep;
    rc_line_cells head, row;
    bool wide, headless;                 /* a line is a whole series; there is no head line */
    int time, id, *column;               /* column [V+K]: where each stands in a line */
} rc_raw_table;

/* The form of the file; `data` is left before its first line of numbers.  The caller frees head, row and column. */
int rc_raw_open(rc_raw_table *t, const recur_train_options *o, rc_lines *data);
int rc_raw_column(const rc_raw_table *t, const char *name);  /* -1: there is none */
bool rc_raw_listed(const char *list, rc_span_text name);     /* the name stands in a list parted by commas, which may be NULL */
bool rc_raw_is_time(rc_span_text t);     /* written as a date, no plain number */
int rc_raw_find_time(rc_raw_table *t, const rc_line_cells *first, const recur_train_options *o, rc_lines data);
    /* t->time; of the first file also how its times are written, and what is not certain of them (when.c) */
#endif
