/* SPDX-License-Identifier: MIT
 * table.h - a file of series being read: table.c finds its form and columns, read.c takes its lines. */
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
#endif
