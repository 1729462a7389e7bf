/* SPDX-License-Identifier: MIT
 * Rows in vector words: normalisation, softmax, cross-entropy.  A row's sums depend on the row alone. */
#include <math.h>

#define EACH(w, j, n) for (int j = 0, n = (w); n > 0; j += VL, n -= VL)

static void norm(int rows, int w, float eps, const float *x, const float *gain, const float *shift, float *y, float *stat)
{
    for (int r = 0; r < rows; r++, x += w, y += w, stat += 2) {
        vf sum = v_set(0), square = v_set(0);
        EACH(w, j, n)
            sum = v_add(sum, v_loadn(x + j, n));
        float mean = v_sum(sum) / (float)w;
        int j = 0;
        for (; j + VL <= w; j += VL) {
            vf d = v_sub(v_load(x + j), v_set(mean));
            square = v_fma(d, d, square);
        }
        float rest = 0;
        for (; j < w; j++)
            rest += (x[j] - mean) * (x[j] - mean);
        float s = 1 / sqrtf((v_sum(square) + rest) / (float)w + eps);
        stat[0] = mean, stat[1] = s;
        EACH(w, i, n) {
            vf v = v_mul(v_sub(v_loadn(x + i, n), v_set(mean)), v_set(s));
            v_storen(y + i, v_fma(v, v_loadn(gain + i, n), v_loadn(shift + i, n)), n);
        }
    }
}

/* (L22) of docs/math.md */
static void norm_back(int rows, int w, const float *x, const float *gain, const float *stat, const float *dy, float *dx,
                      float *dgain, float *dshift)
{
    for (int r = 0; r < rows; r++, x += w, dy += w, stat += 2) {
        vf mean = v_set(stat[0]), s = v_set(stat[1]), sum = v_set(0), sum_n = v_set(0);
        EACH(w, j, n) {
            vf v = v_mul(v_sub(v_loadn(x + j, n), mean), s), d = v_loadn(dy + j, n), dg = v_mul(d, v_loadn(gain + j, n));
            v_storen(dgain + j, v_fma(d, v, v_loadn(dgain + j, n)), n);
            v_storen(dshift + j, v_add(d, v_loadn(dshift + j, n)), n);
            sum = v_add(sum, dg);
            sum_n = v_fma(dg, v, sum_n);
        }
        if (!dx)
            continue;
        vf a = v_set(v_sum(sum) / (float)w), b = v_set(v_sum(sum_n) / (float)w);
        EACH(w, j, n) {
            vf v = v_mul(v_sub(v_loadn(x + j, n), mean), s), dg = v_mul(v_loadn(dy + j, n), v_loadn(gain + j, n));
            v_storen(dx + (size_t)r * (size_t)w + j, v_mul(v_fnma(v, b, v_sub(dg, a)), s), n);
        }
    }
}

static float largest(int V, const float *z)
{
    vf m = v_set(z[0]);
    int j = 0;
    for (; j + VL <= V; j += VL)
        m = v_max(m, v_load(z + j));
    float most = v_most(m);
    for (; j < V; j++)
        most = z[j] > most ? z[j] : most;
    return most;
}

static float sum_of(int V, const float *z)
{
    vf s = v_set(0);
    EACH(V, j, n)
        s = v_add(s, v_loadn(z + j, n));
    return v_sum(s);
}

/* e [V] = exp(z - most); their sum.  e may be z. */
static float exps(int V, const float *z, float most, float *e)
{
    vf s = v_set(0);
    int j = 0;
    for (; j + VL <= V; j += VL) {
        vf x = v_exp(v_sub(v_load(z + j), v_set(most)));
        v_store(e + j, x);
        s = v_add(s, x);
    }
    float sum = v_sum(s);
    if (j < V) {
        v_storen(e + j, v_exp(v_sub(v_loadn(z + j, V - j), v_set(most))), V - j);
        for (; j < V; j++)
            sum += e[j];
    }
    return sum;
}

/* z = a z + b */
static void line(int V, float a, float b, float *z)
{
    EACH(V, j, n)
        v_storen(z + j, v_fma(v_loadn(z + j, n), v_set(a), v_set(b)), n);
}

static void softmax(int rows, int V, const float *z, int ldz, float *p, int ldp)
{
    for (int r = 0; r < rows; r++, z += ldz, p += ldp) {
        float sum = exps(V, z, largest(V, z), p);
        line(V, 1 / sum, 0, p);
    }
}

/* Sum of exp(z - most), nothing stored. */
static float exp_sum(int V, const float *z, float most)
{
    vf s = v_set(0);
    int j = 0;
    for (; j + VL <= V; j += VL)
        s = v_add(s, v_exp(v_sub(v_load(z + j), v_set(most))));
    float sum = v_sum(s), rest[VL];
    v_store(rest, v_exp(v_sub(v_loadn(z + j, V - j), v_set(most))));
    for (int i = 0; i < V - j; i++)
        sum += rest[i];
    return sum;
}

static bool first_largest(const float *z, int t, float most)
{
    for (int j = 0; j < t; j++)
        if (z[j] == most)
            return false;
    return z[t] == most;
}

/* (S1)-(S4) of kern/ref_loss.c: the gradient of a row is a p + b, and c more at the target. */
static double xent(int rows, int V, float *z, int ldz, const int32_t *target, const float *w, float smooth, float focal,
                   bool grad, float scale, int64_t *hits)
{
    double loss = 0;
    for (int r = 0; r < rows; r++, z += ldz) {
        int t = target[r];
        if (t < 0 && grad) {
            memset(z, 0, (size_t)V * sizeof *z);
            continue;
        }
        float most = largest(V, z), z_t = t < 0 ? 0 : z[t];
        double total = smooth > 0 ? (double)sum_of(V, z) : 0;
        if (t >= 0 && hits)
            *hits += z_t == most && first_largest(z, t, most);
        float sum = grad ? exps(V, z, most, z) : exp_sum(V, z, most);
        double log_sum = (double)most + log((double)sum), log_t = (double)z_t - log_sum, p_t = exp(log_t);
        if (!grad)
            line(V, 1, (float)-log_sum, z);
        if (t < 0)
            continue;
        double s = (double)smooth, c = (double)focal, weight = w ? (double)w[t] : 1, rest = fmax(1 - p_t, 1e-12);
        double l = -(1 - s) * log_t - (s > 0 ? s * (total / V - log_sum) : 0);
        double f = c > 0 ? pow(rest, c) : 1, df = c > 0 ? l * c * pow(rest, c - 1) * p_t : 0, by = (double)scale * weight;
        loss += weight * f * l;
        if (grad) {
            line(V, (float)(by * (f + df) / (double)sum), (float)(-by * f * s / V), z);
            z[t] -= (float)(by * (f * (1 - s) + df));
        }
    }
    return loss;
}
