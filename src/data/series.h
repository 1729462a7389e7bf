/* SPDX-License-Identifier: MIT
 * series.h - a CSV table of measurements: series.c finds out what its columns are, read_series.c makes records of it. */
#ifndef RC_DATA_SERIES_H
#define RC_DATA_SERIES_H
#include "data/read.h"

typedef struct { int words, numbers, runs; } rc_series_column;       /* runs: how often the value changes from line to line */
typedef struct {
    rc_source *f;
    char sep;
    rc_line_cells head, row, before;
    rc_series_column *col;               /* [head.n] */
    int *number, F;                      /* columns of the features, in order */
    int label, id;                       /* -1: none */
    int seen;                            /* lines looked at */
    bool given;                          /* --columns */
} rc_series_table;

/* 1: it is a table of measurements, 0: not; an error as usual.  t is to be closed either way. */
int rc_series_open(rc_series_table *t, rc_source *f);
void rc_series_close(rc_series_table *t);
#endif
