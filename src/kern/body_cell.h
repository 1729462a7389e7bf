/* SPDX-License-Identifier: MIT
 * The cells in vector words.  Equations: cell/NAME.c, whose numbers stand here too.  Units lo..hi in vectors, the last
 * one short; an element's value does not depend on where it stands in one. */

#define EACH_ROW(c, r) for (int r = 0; r < (c)->n; r++)
#define EACH_UNIT(c, j, n) for (int j = (c)->lo, n = (c)->hi - j; n > 0; j += VL, n -= VL)
#define ROW(base, stride) ((base) + (size_t)r * (size_t)(stride))

static inline void v_grow(float *p, vf x, int n) { v_storen(p, v_add(v_loadn(p, n), x), n); }

/* a + w (b - a) */
static inline vf v_mix(vf a, vf b, vf w) { return v_fma(w, v_sub(b, a), a); }

static bool is_fast(const rc_act_fn *f, int fast) { return f->kind && f->kind->fast == fast; }

static bool standard(const rc_cell_opt *o)
{
    return is_fast(&o->act[0], RC_FAST_SIGMOID) && is_fast(&o->act[1], RC_FAST_TANH);
}

static bool any_fast(const rc_act_fn *f) { return f->kind && f->kind->fast; }

static bool takes_rnn(const rc_cell_opt *o) { return any_fast(&o->act[0]); }
static bool takes_indrnn(const rc_cell_opt *o) { return any_fast(&o->act[0]); }
static bool takes_mingru(const rc_cell_opt *o) { return is_fast(&o->act[0], RC_FAST_SIGMOID) && any_fast(&o->act[1]); }
static bool takes_gru(const rc_cell_opt *o) { return standard(o); }
static bool takes_gru0(const rc_cell_opt *o) { return standard(o); }
static bool takes_lstm(const rc_cell_opt *o)
{
    return standard(o) && is_fast(&o->act[2], RC_FAST_TANH);
}

static void rnn_forward(const rc_cell_io *c)
{
    int f = c->opt->act[0].kind->fast;
    EACH_ROW(c, r) {
        float *g = ROW(c->g, c->gs), *h = ROW(c->s[0], c->ss);
        EACH_UNIT(c, j, n) {
            vf y = v_act(f, v_loadn(g + j, n));                                                 /* (R1) */
            v_storen(g + j, y, n);
            v_storen(h + j, y, n);
        }
    }
}

static void rnn_backward(const rc_cell_io *c)
{
    int f = c->opt->act[0].kind->fast;
    EACH_ROW(c, r) {
        const float *g = ROW(c->g, c->gs);
        float *da = ROW(c->dg, c->gs), *dh = ROW(c->ds[0], c->ss);
        EACH_UNIT(c, j, n) {
            v_storen(da + j, v_mul(v_loadn(dh + j, n), d_act(f, v_loadn(g + j, n))), n);        /* (R2) */
            v_storen(dh + j, v_set(0), n);
        }
    }
}

static void indrnn_forward(const rc_cell_io *c)
{
    int f = c->opt->act[0].kind->fast;
    EACH_ROW(c, r) {
        const float *h0 = ROW(c->s0[0], c->ss);
        float *g = ROW(c->g, c->gs), *h = ROW(c->s[0], c->ss);
        EACH_UNIT(c, j, n) {
            vf y = v_act(f, v_fma(v_loadn(c->p + j, n), v_loadn(h0 + j, n), v_loadn(g + j, n)));    /* (I1) */
            v_storen(g + j, y, n);
            v_storen(h + j, y, n);
        }
    }
}

static void indrnn_backward(const rc_cell_io *c)
{
    int f = c->opt->act[0].kind->fast;
    EACH_ROW(c, r) {
        const float *g = ROW(c->g, c->gs), *h0 = ROW(c->s0[0], c->ss);
        float *dg = ROW(c->dg, c->gs), *dh = ROW(c->ds[0], c->ss);
        EACH_UNIT(c, j, n) {
            vf da = v_mul(v_loadn(dh + j, n), d_act(f, v_loadn(g + j, n)));                     /* (I2) */
            if (c->dp)
                v_storen(c->dp + j, v_fma(da, v_loadn(h0 + j, n), v_loadn(c->dp + j, n)), n);
            v_storen(dh + j, v_mul(da, v_loadn(c->p + j, n)), n);
            v_storen(dg + j, da, n);
        }
    }
}

static void mingru_forward(const rc_cell_io *c)
{
    int f = c->opt->act[1].kind->fast, H = c->H;
    EACH_ROW(c, r) {
        const float *h0 = ROW(c->s0[0], c->ss);
        float *g = ROW(c->g, c->gs), *h = ROW(c->s[0], c->ss);
        EACH_UNIT(c, j, n) {
            vf z = v_sigmoid(v_loadn(g + j, n)), cand = v_act(f, v_loadn(g + H + j, n));        /* (M1) (M2) */
            v_storen(g + j, z, n);
            v_storen(g + H + j, cand, n);
            v_storen(h + j, v_mix(v_loadn(h0 + j, n), cand, z), n);                             /* (M3) */
        }
    }
}

static void mingru_backward(const rc_cell_io *c)
{
    int f = c->opt->act[1].kind->fast, H = c->H;
    EACH_ROW(c, r) {
        const float *g = ROW(c->g, c->gs), *h0 = ROW(c->s0[0], c->ss);
        float *dg = ROW(c->dg, c->gs), *dh = ROW(c->ds[0], c->ss);
        EACH_UNIT(c, j, n) {
            vf z = v_loadn(g + j, n), cand = v_loadn(g + H + j, n), d = v_loadn(dh + j, n), dz = v_mul(d, z);
            v_storen(dg + j, v_mul(v_mul(d, v_sub(cand, v_loadn(h0 + j, n))), d_sigmoid(z)), n);    /* (M4) */
            v_storen(dg + H + j, v_mul(dz, d_act(f, cand)), n);
            v_storen(dh + j, v_sub(d, dz), n);
        }
    }
}

static void gru_forward(const rc_cell_io *c)
{
    bool flip = c->opt->flags & RC_CELL_FLIP;
    int H = c->H;
    EACH_ROW(c, r) {
        const float *u = ROW(c->u, c->us), *h0 = ROW(c->s0[0], c->ss);
        float *g = ROW(c->g, c->gs), *h = ROW(c->s[0], c->ss);
        EACH_UNIT(c, j, n) {
            vf reset = v_sigmoid(v_loadn(g + j, n)), z = v_sigmoid(v_loadn(g + H + j, n));              /* (G1) (G2) */
            vf cand = v_tanh(v_fma(reset, v_loadn(u + j, n), v_loadn(g + 2 * H + j, n)));               /* (G3) */
            vf old = v_loadn(h0 + j, n);
            v_storen(h + j, flip ? v_mix(old, cand, z) : v_mix(cand, old, z), n);                       /* (G4) */
            v_storen(g + j, reset, n);
            v_storen(g + H + j, z, n);
            v_storen(g + 2 * H + j, cand, n);
        }
    }
}

static void gru_backward(const rc_cell_io *c)
{
    bool flip = c->opt->flags & RC_CELL_FLIP;
    int H = c->H;
    EACH_ROW(c, r) {
        const float *g = ROW(c->g, c->gs), *u = ROW(c->u, c->us), *h0 = ROW(c->s0[0], c->ss);
        float *dg = ROW(c->dg, c->gs), *du = ROW(c->du, c->us), *dh = ROW(c->ds[0], c->ss);
        EACH_UNIT(c, j, n) {
            vf reset = v_loadn(g + j, n), z = v_loadn(g + H + j, n), cand = v_loadn(g + 2 * H + j, n);
            vf d = v_loadn(dh + j, n), part = v_mul(d, z), rest = v_sub(d, part);
            vf to_n = flip ? part : rest, apart = v_sub(v_loadn(h0 + j, n), cand);
            vf dn = v_mul(to_n, d_tanh(cand));                                                          /* (G5) */
            vf dz = v_mul(v_mul(d, flip ? v_sub(v_set(0), apart) : apart), d_sigmoid(z));
            vf dr = v_mul(v_mul(dn, v_loadn(u + j, n)), d_sigmoid(reset));
            v_storen(dg + j, dr, n);
            v_storen(dg + H + j, dz, n);
            v_storen(dg + 2 * H + j, dn, n);
            v_storen(du + j, v_mul(dn, reset), n);                                                      /* (G6) */
            v_storen(dh + j, flip ? rest : part, n);
        }
    }
}

static void gru0_gates(const rc_cell_io *c)
{
    int H = c->H;
    EACH_ROW(c, r) {
        const float *h0 = ROW(c->s0[0], c->ss);
        float *g = ROW(c->g, c->gs), *q = ROW(c->q, c->qs);
        EACH_UNIT(c, j, n) {
            vf reset = v_sigmoid(v_loadn(g + j, n));                                            /* (O1) */
            v_storen(g + H + j, v_sigmoid(v_loadn(g + H + j, n)), n);
            v_storen(g + j, reset, n);
            v_storen(q + j, v_mul(reset, v_loadn(h0 + j, n)), n);
        }
    }
}

static void gru0_candidate(const rc_cell_io *c)
{
    bool flip = c->opt->flags & RC_CELL_FLIP;
    int H = c->H;
    EACH_ROW(c, r) {
        const float *h0 = ROW(c->s0[0], c->ss);
        float *g = ROW(c->g, c->gs), *h = ROW(c->s[0], c->ss);
        EACH_UNIT(c, j, n) {
            vf cand = v_tanh(v_loadn(g + 2 * H + j, n)), z = v_loadn(g + H + j, n), old = v_loadn(h0 + j, n);    /* (O2) */
            v_storen(g + 2 * H + j, cand, n);
            v_storen(h + j, flip ? v_mix(old, cand, z) : v_mix(cand, old, z), n);               /* (O3) */
        }
    }
}

static void gru0_candidate_back(const rc_cell_io *c)
{
    bool flip = c->opt->flags & RC_CELL_FLIP;
    int H = c->H;
    EACH_ROW(c, r) {
        const float *g = ROW(c->g, c->gs), *h0 = ROW(c->s0[0], c->ss);
        float *dg = ROW(c->dg, c->gs), *dh = ROW(c->ds[0], c->ss);
        EACH_UNIT(c, j, n) {
            vf z = v_loadn(g + H + j, n), cand = v_loadn(g + 2 * H + j, n), d = v_loadn(dh + j, n);
            vf part = v_mul(d, z), rest = v_sub(d, part), apart = v_sub(v_loadn(h0 + j, n), cand);
            v_storen(dg + 2 * H + j, v_mul(flip ? part : rest, d_tanh(cand)), n);               /* (O4) */
            v_storen(dg + H + j, v_mul(v_mul(d, flip ? v_sub(v_set(0), apart) : apart), d_sigmoid(z)), n);
            v_storen(dh + j, flip ? rest : part, n);
        }
    }
}

static void gru0_gates_back(const rc_cell_io *c)
{
    EACH_ROW(c, r) {
        const float *g = ROW(c->g, c->gs), *h0 = ROW(c->s0[0], c->ss), *dq = ROW(c->dq, c->qs);
        float *dg = ROW(c->dg, c->gs), *dh = ROW(c->ds[0], c->ss);
        EACH_UNIT(c, j, n) {
            vf reset = v_loadn(g + j, n), d = v_loadn(dq + j, n);
            v_storen(dg + j, v_mul(v_mul(d, v_loadn(h0 + j, n)), d_sigmoid(reset)), n);         /* (O5) */
            v_storen(dh + j, v_fma(d, reset, v_loadn(dh + j, n)), n);
        }
    }
}
