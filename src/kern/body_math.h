/* SPDX-License-Identifier: MIT
 * exp, tanh, sigmoid in vector words; absolute error of the last two at most 3e-7 (rounding of the last operations). */

/* e^x = 2^n e^r, n whole, |r| <= ln 2 / 2; ln 2 in two pieces so that r is exact; e^r = 1 + r + r^2 q(r), a minimax fit
 * of our own (3e-9 before rounding).  Saturates at e^-87 and e^88. */
static inline vf v_exp(vf x)
{
    x = v_max(v_set(-87), v_min(v_set(88), x));
    vf n = v_round(v_mul(x, v_set(1.44269504f)));
    vf r = v_fnma(n, v_set(-2.12194440e-4f), v_fnma(n, v_set(0.693359375f), x));
    vf q = v_fma(v_set(0.0013814610429108143f), r, v_set(0.008368710987269878f));
    q = v_fma(q, r, v_set(0.04166838899254799f));
    q = v_fma(q, r, v_set(0.1666652113199234f));
    q = v_fma(q, r, v_set(0.4999999403953552f));
    return v_mul(v_fma(v_mul(q, r), r, v_add(r, v_set(1))), v_pow2(n));
}

/* tanh x = x P(x^2) / Q(x^2) on |x| <= 8.6, a minimax fit of our own (1.3e-8 before rounding), one division; relative
 * error 2e-7 near zero.  Beyond lies 1, which the value never passes: 1 - y^2 may not be negative. */
static inline vf v_tanh(vf x)
{
    x = v_max(v_set(-8.6f), v_min(v_set(8.6f), x));
    vf y = v_mul(x, x);
    vf p = v_fma(v_set(1.4052332630853925e-08f), y, v_set(2.1099220248288475e-05f));
    vf q = v_fma(v_set(8.057896820901078e-07f), y, v_set(0.00033339066430926323f));
    p = v_fma(p, y, v_set(0.0035249260254204273f));
    q = v_fma(q, y, v_set(0.02598820999264717f));
    p = v_fma(p, y, v_set(0.13405607640743256f));
    q = v_fma(q, y, v_set(0.4673892557621002f));
    p = v_fma(p, y, v_set(1));
    q = v_fma(q, y, v_set(1));
    return v_max(v_set(-1), v_min(v_set(1), v_div(v_mul(x, p), q)));
}

static inline vf v_sigmoid(vf x)
{
    return v_fma(v_tanh(v_mul(x, v_set(0.5f))), v_set(0.5f), v_set(0.5f));
}

static inline vf v_act(int fast, vf x)
{
    return fast == RC_FAST_TANH ? v_tanh(x) : fast == RC_FAST_SIGMOID ? v_sigmoid(x)
         : fast == RC_FAST_RELU ? v_positive(x, x, v_set(0)) : x;
}

static inline vf d_tanh(vf y) { return v_fnma(y, y, v_set(1)); }
static inline vf d_sigmoid(vf y) { return v_fnma(y, y, y); }

/* f' from y */
static inline vf d_act(int fast, vf y)
{
    return fast == RC_FAST_TANH ? d_tanh(y) : fast == RC_FAST_SIGMOID ? d_sigmoid(y)
         : fast == RC_FAST_RELU ? v_positive(y, v_set(1), v_set(0)) : v_set(1);
}
