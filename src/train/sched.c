/* SPDX-License-Identifier: MIT
 * sched.c - the learning rate of a step: pure functions of the step's number and of rc_sched_io.
 * x runs from 0 at the end of the warm-up to 1 at the last step; floor is the lowest rate as a part of lr. */
#include <math.h>

#include "train/train.h"

static const double pi = 3.14159265358979323846;

static double warm_steps(const rc_sched_io *s)
{
    return s->warmup < 1 ? s->warmup * (double)s->steps : s->warmup;
}

/* The first steps' rate rises linearly (Goyal et al. 2017); afterwards 1. */
static double rise(const rc_sched_io *s, int64_t step)
{
    double warm = warm_steps(s), at = (double)step + 1;
    return at < warm ? at / warm : 1;
}

static double along(double from, const rc_sched_io *s, int64_t step)
{
    double span = (double)(s->steps - 1) - from, x = span > 0 ? ((double)step - from) / span : 1;
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double between(const rc_sched_io *s, double part)     /* part 1: lr, 0: the floor */
{
    return s->lr * (s->floor + (1 - s->floor) * part);
}

static double constant(const rc_sched_io *s, int64_t step)
{
    return s->lr * rise(s, step);
}

static double stairs(const rc_sched_io *s, int64_t step)
{
    int64_t epoch = 1 + step / (s->epoch_steps > 0 ? s->epoch_steps : 1), over = epoch - s->after;
    double part = over > 0 ? pow(s->factor, (double)over) : 1;
    return s->lr * (part > s->floor ? part : s->floor) * rise(s, step);
}

static double linear(const rc_sched_io *s, int64_t step)
{
    double up = rise(s, step);
    return up < 1 ? s->lr * up : between(s, 1 - along(warm_steps(s), s, step));
}

static double cosine(const rc_sched_io *s, int64_t step)
{
    double up = rise(s, step);
    return up < 1 ? s->lr * up : between(s, 0.5 * (1 + cos(pi * along(warm_steps(s), s, step))));
}

static double onecycle(const rc_sched_io *s, int64_t step)
{
    enum { START = 25, END = 10000 };    /* parts of lr */
    double top = s->warmup > 0 ? warm_steps(s) : 0.3 * (double)s->steps;
    double low = s->floor > 0 ? s->floor : 1.0 / END;
    if ((double)step < top) {
        double part = 0.5 * (1 - cos(pi * (double)step / top));
        return s->lr * (1.0 / START + (1 - 1.0 / START) * part);
    }
    return s->lr * (low + (1 - low) * 0.5 * (1 + cos(pi * along(top, s, step))));
}

static double plateau(const rc_sched_io *s, int64_t step)
{
    return s->lr * (s->plateau > s->floor ? s->plateau : s->floor) * rise(s, step);
}

static const rc_sched scheds[] = {
    { "constant", "lr", constant },
    { "step", "lr factor^max(0, epoch - after), epoch = 1, 2, ... (Zaremba et al. 2014)", stairs },
    { "linear", "lr (floor + (1 - floor) (1 - x))", linear },
    { "cosine", "lr (floor + (1 - floor) (1 + cos pi x) / 2) (Loshchilov & Hutter 2017, without restarts)", cosine },
    { "onecycle", "lr/25 up to lr over the warm-up (or 3 tenths), down to lr/10000, both along a cosine (Smith & Topin 2018)", onecycle },
    { "plateau", "lr, times factor whenever the held-out part has not improved for `after` evaluations", plateau },
};

const rc_sched *rc_sched_at(int i)
{
    return i >= 0 && i < (int)(sizeof scheds / sizeof scheds[0]) ? &scheds[i] : NULL;
}

const rc_sched *rc_sched_find(const char *name)
{
    for (int i = 0; rc_sched_at(i); i++)
        if (strcmp(scheds[i].name, name) == 0)
            return &scheds[i];
    return NULL;
}
