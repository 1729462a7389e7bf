/* SPDX-License-Identifier: MIT
 * huber: Huber's loss (1964), quadratic near 0 and linear far from it.  e = z - target; a target of NAN does not
 * count. */
#include <math.h>

#include "head/head.h"

typedef struct { rc_head h; double delta; } huber;

static const rc_key_row keys[] = {
    RC_HEAD_WEIGHT,
    { "delta", RC_KEY_REAL, offsetof(huber, delta), "1", 1e-9, 1e9, NULL, "where it becomes linear" },
};

static double error(const rc_head *h, double e, double *d)
{
    double delta = ((const huber *)h)->delta;
    bool near = fabs(e) <= delta;
    *d = near ? e : e > 0 ? delta : -delta;
    return near ? 0.5 * e * e : delta * (fabs(e) - 0.5 * delta);
}

static double loss(const rc_head *h, const rc_pass *s, int row, int n, real *z, bool grad, real scale, int64_t *hits)
{
    (void)hits;
    return rc_error_loss(h, s, row, n, z, grad, scale, error);
}

const rc_head_kind rc_head_huber = {
    .name = "huber", .formula = "L = e^2 / 2 where |e| <= d, else d (|e| - d / 2)", .size = sizeof(huber),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys,
    .rowwise = true, .open = rc_error_open, .count = rc_error_count, .loss = loss, .answer = rc_error_answer,
};
