/* SPDX-License-Identifier: MIT
 * segment: k steps become one row, side by side, so that a recurrent layer walks fewer and wider steps (Lin et al. 2023,
 * SegRNN).  (E19) y(u) = [x(k u - p) .. x(k u - p + k - 1)], p = -L mod k: where k does not divide a sequence's L steps,
 * its first row begins with zeros, and the last step always ends the last row. */
#include "layer/layer.h"

typedef struct { rc_layer l; int k; } segment;
typedef struct { rc_act a; int32_t *alive, *off, *pad; } segment_act;   /* pad [B]: zero steps in front of each sequence */

static const rc_key_row keys[] = {
    { "", RC_KEY_INT, offsetof(segment, k), "2", 2, 65536, NULL, "steps that stand side by side in a row" },
};

static int open(rc_layer *l, rc_build *b)
{
    int k = ((segment *)l)->k;
    if (l->per_seq_in)
        return rc_layer_fail(b, l, "cannot stand behind pooling: there are no steps left");
    if (l->in > (1 << 24) / k)
        return rc_layer_fail(b, l, "%d columns of %d steps are too wide for a row", l->in, k);
    l->out = l->in * k;
    l->ahead = true;
    return 0;
}

static int steps(const rc_layer *l, int T) { return rc_rows_thin_steps(T, ((const segment *)l)->k); }

static void bind(const rc_layer *l, rc_act *act, rc_plan *p)
{
    segment_act *a = (segment_act *)act;
    int k = ((const segment *)l)->k;
    int64_t rows = ((int64_t)act->in.N + (int64_t)act->in.B * (k - 1)) / k;
    act->rows.T = steps(l, act->in.T);
    act->rows.N = rows < act->in.N ? (int)rows : act->in.N;
    a->alive = rc_plan_take(p, (size_t)act->rows.T, sizeof *a->alive);
    a->off = rc_plan_take(p, (size_t)act->rows.T + 1, sizeof *a->off);
    a->pad = rc_plan_take(p, (size_t)act->in.B, sizeof *a->pad);
}

typedef struct { const segment *l; segment_act *a; bool back; } job;

/* Rows lo..hi of y from those of x that they hold; back: of dx from dy, each row of x is in one row of y. */
static void rows(void *arg, int lo, int hi)
{
    const job *j = arg;
    const rc_rows *in = &j->a->a.in, *out = &j->a->a.rows;
    size_t w = (size_t)j->l->l.in, k = (size_t)j->l->k;
    for (int n = lo, t = rc_row_step(out, lo); n < hi; n++) {
        while (n >= out->off[t + 1])
            t++;
        int b = n - out->off[t];
        for (size_t i = 0; i < k; i++) {
            int s = t * j->l->k + (int)i - j->a->pad[b];
            size_t at = ((size_t)n * k + i) * w, from = s < 0 ? 0 : (size_t)(in->off[s] + b) * w;
            if (j->back && s >= 0)
                memcpy(j->a->a.dx + from, j->a->a.dy + at, w * sizeof(real));
            else if (!j->back && s >= 0)
                memcpy(j->a->a.y + at, j->a->a.x + from, w * sizeof(real));
            else if (!j->back)
                memset(j->a->a.y + at, 0, w * sizeof(real));
        }
    }
}

static void forward(const rc_layer *l, rc_act *act, const rc_pass *s)
{
    segment_act *a = (segment_act *)act;
    int k = ((const segment *)l)->k;
    rc_rows *out = &act->rows;
    rc_rows_thin(&act->in, k, a->alive, a->off, out);
    for (int b = 0, L = act->in.T; b < act->in.B; b++) {
        while (L > 0 && act->in.alive[L - 1] <= b)
            L--;
        a->pad[b] = (k - L % k) % k;
    }
    rc_rows_each(s->r, out->N, 8192 / l->out + 1, rows, &(job){ (const segment *)l, a, false });
}

static void backward(const rc_layer *l, rc_act *act, const rc_pass *s)
{
    if (act->dx)
        rc_rows_each(s->r, act->rows.N, 8192 / l->out + 1, rows, &(job){ (const segment *)l, (segment_act *)act, true });
}

const rc_layer_kind rc_layer_segment = {
    .name = "segment", .formula = "y(u) = [x(k u - p) .. x(k u - p + k - 1)], zeros in front  (E19)", .size = sizeof(segment),
    .act_size = sizeof(segment_act),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys, .open = open, .steps = steps, .bind = bind, .forward = forward,
    .backward = backward,
};
