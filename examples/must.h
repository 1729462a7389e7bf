/* SPDX-License-Identifier: MIT
 * must.h - the examples' way with errors: say what went wrong, and stop. */
#include <recur.h>
#include <stdio.h>
#include <stdlib.h>

static inline void must(const recur *r, int code)
{
    if (code >= 0) return;
    fprintf(stderr, "%s: %s\n", recur_strerror(code), recur_message(r));
    exit(1);
}

/* The defaults of `recur train`; what stays automatic is chosen from the data. */
static inline recur_train_options training(void)
{
    int n;
    recur_train_options o;
    const recur_option *rows = recur_train_table(&n);
    recur_option_defaults(rows, n, &o);
    return o;
}
