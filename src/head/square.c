/* SPDX-License-Identifier: MIT
 * square: squared error.  e = z - target; a target of NAN does not count. */
#include "head/head.h"

typedef struct { rc_head h; } square;

static const rc_key_row keys[] = {
    RC_HEAD_WEIGHT,
};

static double error(const rc_head *h, double e, double *d)
{
    (void)h;
    *d = 2 * e;
    return e * e;
}

static double loss(const rc_head *h, const rc_pass *s, int row, int n, real *z, bool grad, real scale, int64_t *hits)
{
    (void)hits;
    return rc_error_loss(h, s, row, n, z, grad, scale, error);
}

const rc_head_kind rc_head_square = {
    .name = "square", .formula = "L = (z - target)^2", .size = sizeof(square), .keys = keys,
    .nkeys = sizeof keys / sizeof *keys,
    .rowwise = true, .open = rc_error_open, .count = rc_error_count, .loss = loss, .answer = rc_error_answer,
};
