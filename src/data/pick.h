/* SPDX-License-Identifier: MIT
 * pick.h - filling in what the user left automatic, and numbers for JSON. */
#ifndef RC_PICK_H
#define RC_PICK_H
#include <jansson.h>
#include <math.h>

#include "base/base.h"

static inline void rc_pick_int(int64_t *v, int64_t x)
{
    if (*v < 0)
        *v = x;
}

static inline void rc_pick_real(double *v, double x)
{
    if (isnan(*v))
        *v = x;
}

static inline void rc_pick_text(const char **v, const char *x)
{
    if (*v == NULL)
        *v = x;
}

static inline bool rc_wanted(int flag, bool otherwise)
{
    return flag < 0 ? otherwise : flag != 0;
}

static inline double rc_held_part(const recur_train_options *o)
{
    return o != NULL && o->held >= 0 && o->held < 1 ? o->held : 0.1;
}

/* JSON knows no NAN: null then. */
static inline int rc_json_real(json_t *o, const char *key, double x)
{
    return json_object_set_new(o, key, isfinite(x) ? json_real(x) : json_null());
}
#endif
