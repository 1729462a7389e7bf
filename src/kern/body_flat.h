/* SPDX-License-Identifier: MIT
 * Flat blocks: plain loops that the compiler turns into the set's vectors by itself, and the optimizers. */

static void bias(int n, int w, const float *b, float *y, int ldy)
{
    for (int r = 0; r < n; r++)
        memcpy(y + (size_t)r * (size_t)ldy, b, (size_t)w * sizeof *b);
}

/* Strips of columns whose sums stay in the first-level cache. */
static void col_sum(int n, int w, const float *x, int ldx, float *restrict s)
{
    enum { STRIP = 1024 };
    for (int j0 = 0; j0 < w; j0 += STRIP)
        for (int r = 0; r < n; r++) {
            const float *row = x + (size_t)r * (size_t)ldx;
            int j1 = j0 + STRIP < w ? j0 + STRIP : w;
            for (int j = j0; j < j1; j++)
                s[j] += row[j];
        }
}

static void add(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void scale(size_t n, float a, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] *= a;
}

static void mul(size_t n, const float *x, const float *m, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * m[i];
}

/* Philox-4x32-10 (base/rng.c) of 16 counters side by side, a 64-bit lane for each word: what a product leaves in a
 * lane's upper half is looked at by no one.  Element e of a stream has word e % 4 of block e / 4. */
static void philox(uint64_t key, uint64_t hi, uint64_t lo, uint32_t out[64])
{
    enum { LANES = VL / 2 };
    uint64_t word[2][LANES];
    for (int i = 0; i < 16; i += LANES) {
        vw c0 = { 0 }, c1 = { 0 }, c2 = { 0 }, c3 = { 0 };
        uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
        for (int j = 0; j < LANES; j++)
            c0[j] = lo + (uint64_t)(i + j);
        c1 = c0 >> 32, c2 += hi, c3 += hi >> 32;
        for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
            vw p0 = v_mul_low(c0, 0xD2511F53u), p1 = v_mul_low(c2, 0xCD9E8D57u);
            c0 = p1 >> 32 ^ c1 ^ k0, c2 = p0 >> 32 ^ c3 ^ k1;
            c1 = p1, c3 = p0;
        }
        c0 = (c0 & 0xffffffffu) | c1 << 32, c2 = (c2 & 0xffffffffu) | c3 << 32;
        memcpy(word[0], &c0, sizeof c0);
        memcpy(word[1], &c2, sizeof c2);
        for (int j = 0; j < LANES; j++) {
            memcpy(out + 4 * (i + j), &word[0][j], 8);
            memcpy(out + 4 * (i + j) + 2, &word[1][j], 8);
        }
    }
}

static void drop(int n, uint64_t key, uint64_t hi, uint64_t lo, float p, const float *x, float *y)
{
    uint32_t below = rc_drop_below(p), bits[64];
    float keep = 1 / (1 - p);
    int skip = (int)(lo % 4);
    for (int i = -skip; i < n; i += 64) {
        int from = i < 0 ? -i : 0, to = n - i < 64 ? n - i : 64;
        philox(key, hi, (lo + (uint64_t)(i + skip)) / 4, bits);
        for (int j = from; j < to; j++)
            y[i + j] = x[i + j] * (bits[j] < below ? 0 : keep);
    }
}

static void act(const rc_act_fn *f, size_t n, float *y)
{
    int fast = f->kind->fast;
    if (!fast) {
        rc_ref_act(f, n, y);
        return;
    }
    for (size_t i = 0; i < n; i += VL) {
        int m = n - i < VL ? (int)(n - i) : VL;
        v_storen(y + i, v_act(fast, v_loadn(y + i, m)), m);
    }
}

static void act_back(const rc_act_fn *f, size_t n, const float *y, float *dy)
{
    int fast = f->kind->fast;
    if (!fast) {
        rc_ref_act_back(f, n, y, dy);
        return;
    }
    for (size_t i = 0; i < n; i += VL) {
        int m = n - i < VL ? (int)(n - i) : VL;
        v_storen(dy + i, v_mul(v_loadn(dy + i, m), d_act(fast, v_loadn(y + i, m))), m);
    }
}

/* Sixteen chains in double, so that every set has the same bits. */
static double sum_sq(size_t n, const float *x)
{
    double s[16] = { 0 }, sum = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int j = 0; j < 16; j++)
            s[j] += (double)x[i + (size_t)j] * (double)x[i + (size_t)j];
    for (int j = 0; i < n; i++, j++)
        s[j] += (double)x[i] * (double)x[i];
    for (int j = 0; j < 16; j++)
        sum += s[j];
    return sum;
}

static void sgd(const rc_optim_io *o, size_t n, float *w, float *g, float *m)
{
    vf rate = v_set(o->lr), decay = v_set(o->decay), scale_ = v_set(o->scale), b1 = v_set(o->b1);
    for (size_t i = 0; i < n; i += VL) {
        int k = n - i < VL ? (int)(n - i) : VL;
        vf d = v_mul(v_loadn(g + i, k), scale_), old = v_loadn(w + i, k);
        if (m) {
            d = v_fma(b1, v_loadn(m + i, k), d);
            v_storen(m + i, d, k);
        }
        v_storen(w + i, v_sub(old, v_fma(rate, d, v_mul(decay, old))), k);
    }
}

/* v = b2 v + (1 - b2) d d */
static inline vf second_moment(const rc_optim_io *o, vf d, float *v, int k)
{
    vf x = v_fma(v_mul(v_set(1 - o->b2), d), d, v_mul(v_set(o->b2), v_loadn(v, k)));
    v_storen(v, x, k);
    return x;
}

static void rmsprop(const rc_optim_io *o, size_t n, float *w, float *g, float *v)
{
    vf rate = v_set(o->lr), decay = v_set(o->decay), scale_ = v_set(o->scale), eps = v_set(o->eps);
    for (size_t i = 0; i < n; i += VL) {
        int k = n - i < VL ? (int)(n - i) : VL;
        vf d = v_mul(v_loadn(g + i, k), scale_), old = v_loadn(w + i, k), x = second_moment(o, d, v + i, k);
        vf step = v_div(v_mul(rate, d), v_add(v_sqrt(x), eps));
        v_storen(w + i, v_sub(old, v_fma(decay, old, step)), k);
    }
}

static void adam(const rc_optim_io *o, size_t n, float *w, float *g, float *m, float *v)
{
    vf rate = v_set(o->lr), decay = v_set(o->decay), scale_ = v_set(o->scale), eps = v_set(o->eps);
    vf b1 = v_set(o->b1), rest = v_set(1 - o->b1), c1 = v_set(o->c1), c2 = v_set(o->c2);
    for (size_t i = 0; i < n; i += VL) {
        int k = n - i < VL ? (int)(n - i) : VL;
        vf d = v_mul(v_loadn(g + i, k), scale_), old = v_loadn(w + i, k);
        vf first = v_fma(rest, d, v_mul(b1, v_loadn(m + i, k)));
        v_storen(m + i, first, k);
        vf x = second_moment(o, d, v + i, k);
        vf step = v_div(v_mul(rate, v_mul(first, c1)), v_add(v_sqrt(v_mul(x, c2)), eps));
        v_storen(w + i, v_sub(old, v_fma(decay, old, step)), k);
    }
}
