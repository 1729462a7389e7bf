/* SPDX-License-Identifier: MIT
 * The lstm in vector words, numbers as in cell/lstm.c.  peep and coupled are constants where the bodies are called, so
 * the plain cell carries no test. */

INLINE void lstm_forward_of(const rc_cell_io *c, bool peep, bool coupled)
{
    int H = c->H;
    const float *pi = c->p, *pf = peep ? pi + H : NULL, *po = peep ? pf + H : NULL;
    EACH_ROW(c, r) {
        const float *c0 = ROW(c->s0[1], c->ss);
        float *a = ROW(c->g, c->gs), *h = ROW(c->s[0], c->ss), *c1 = ROW(c->s[1], c->ss);
        EACH_UNIT(c, j, n) {
            vf old = v_loadn(c0 + j, n), ai = v_loadn(a + j, n), ao = v_loadn(a + 3 * H + j, n);
            vf i = v_sigmoid(peep ? v_fma(v_loadn(pi + j, n), old, ai) : ai), f;                            /* (L1) */
            if (coupled) {
                f = v_sub(v_set(1), i);                                                                     /* (L2) */
                v_storen(a + H + j, v_set(0), n);
            } else {
                vf af = v_loadn(a + H + j, n);
                f = v_sigmoid(peep ? v_fma(v_loadn(pf + j, n), old, af) : af);
                v_storen(a + H + j, f, n);
            }
            vf g = v_tanh(v_loadn(a + 2 * H + j, n));                                                       /* (L3) */
            vf cell = v_fma(f, old, v_mul(i, g));                                                           /* (L4) */
            vf o = v_sigmoid(peep ? v_fma(v_loadn(po + j, n), cell, ao) : ao);                              /* (L5) */
            v_storen(c1 + j, cell, n);
            v_storen(h + j, v_mul(o, v_tanh(cell)), n);                                                     /* (L6) */
            v_storen(a + j, i, n);
            v_storen(a + 2 * H + j, g, n);
            v_storen(a + 3 * H + j, o, n);
        }
    }
}

INLINE void lstm_backward_of(const rc_cell_io *c, bool peep, bool coupled)
{
    int H = c->H;
    const float *pi = c->p, *pf = peep ? pi + H : NULL, *po = peep ? pf + H : NULL;
    EACH_ROW(c, r) {
        const float *a = ROW(c->g, c->gs), *c0 = ROW(c->s0[1], c->ss), *c1 = ROW(c->s[1], c->ss);
        float *da = ROW(c->dg, c->gs), *dh = ROW(c->ds[0], c->ss), *dc = ROW(c->ds[1], c->ss);
        EACH_UNIT(c, j, n) {
            vf i = v_loadn(a + j, n), g = v_loadn(a + 2 * H + j, n), o = v_loadn(a + 3 * H + j, n);
            vf f = coupled ? v_sub(v_set(1), i) : v_loadn(a + H + j, n), old = v_loadn(c0 + j, n);
            vf now = v_loadn(c1 + j, n), t = v_tanh(now), d = v_loadn(dh + j, n);
            vf d_o = v_mul(v_mul(d, t), d_sigmoid(o));                                                      /* (L7) */
            vf d_c = v_fma(v_mul(d, o), d_tanh(t), v_loadn(dc + j, n));                                     /* (L8) */
            if (peep)
                d_c = v_fma(v_loadn(po + j, n), d_o, d_c);
            vf d_i = v_mul(v_mul(d_c, coupled ? v_sub(g, old) : g), d_sigmoid(i));                          /* (L9) */
            vf d_f = coupled ? v_set(0) : v_mul(v_mul(d_c, old), d_sigmoid(f));                             /* (L10) */
            vf back = v_mul(d_c, f);                                                                        /* (L11) */
            if (peep)
                back = v_fma(v_loadn(pf + j, n), d_f, v_fma(v_loadn(pi + j, n), d_i, back));
            v_storen(da + j, d_i, n);
            v_storen(da + H + j, d_f, n);
            v_storen(da + 2 * H + j, v_mul(v_mul(d_c, i), d_tanh(g)), n);
            v_storen(da + 3 * H + j, d_o, n);
            v_storen(dh + j, v_set(0), n);
            v_storen(dc + j, back, n);
            if (peep && c->dp) {
                v_grow(c->dp + j, v_mul(d_i, old), n);                                                      /* (L12) */
                v_grow(c->dp + H + j, v_mul(d_f, old), n);
                v_grow(c->dp + 2 * H + j, v_mul(d_o, now), n);
            }
        }
    }
}

static void lstm_forward(const rc_cell_io *c)
{
    bool peep = c->opt->flags & RC_CELL_PEEPHOLE, coupled = c->opt->flags & RC_CELL_COUPLED;
    if (c->opt->flags & RC_CELL_NORM)
        lstm_norm_forward(c);
    else if (!peep && !coupled)
        lstm_forward_of(c, false, false);
    else
        lstm_forward_of(c, peep, coupled);
}

static void lstm_backward(const rc_cell_io *c)
{
    bool peep = c->opt->flags & RC_CELL_PEEPHOLE, coupled = c->opt->flags & RC_CELL_COUPLED;
    if (c->opt->flags & RC_CELL_NORM)
        lstm_norm_backward(c);
    else if (!peep && !coupled)
        lstm_backward_of(c, false, false);
    else
        lstm_backward_of(c, peep, coupled);
}
