/* SPDX-License-Identifier: MIT
 * front.c - samples -> rows of features, by the numbers of one line.  Frame t is the `window` samples from t * hop on,
 * nothing is added before or behind, so that a frame can be made as soon as its samples are there.
 *
 *   x'(n) = x(n) - e x(n-1),  x'(0) = (1 - e) x(0)                   emphasis e; within the frame
 *   P(k)  = | sum over n of x'(n) w(n) exp(-2 pi i k n / K) |^2      w(n) = 1/2 - 1/2 cos(2 pi n / S), Hann; (F3)
 *                                                                    K: the power of two not below the window's S
 *   m(j)  = ln max(floor, sum over k of T(j, k) P(k))                triangles on the mel scale; (F4)
 *   c(i)  = s(i) sum over j of m(j) cos(pi i (j + 1/2) / J)          DCT-II, orthonormal; (F5)
 *   d(t)  = sum over n = 1, 2 of n (c(t+n) - c(t-n)) / 10            the ends repeated; (F6)
 *
 * mel: htk (2595 log10(1 + f/700), O'Shaughnessy 1987) or slaney (linear below 1 kHz, then logarithmic: Slaney 1998);
 * triangles of height 1 with either, T = max(0, min(rise, fall)) over hertz, centres evenly apart in mel. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "format/sound.h"

typedef struct {
    int64_t size, rate, mels, delta, stack;
    double window, hop, low, high, emphasis, floor;
    const char *scale, *norm;
} settings;
/* the bare number behind the kind is `size` */
static const recur_option rows[] = {
    { "size", RECUR_INT, offsetof(settings, size), "40", 1, 512, "N", "features", NULL },
    { "rate", RECUR_INT, offsetof(settings, rate), "0", 0, RC_RATE_MOST, "N", "samples a second", NULL },
    { "window", RECUR_REAL, offsetof(settings, window), "25", 1, 1000, "MS", "milliseconds of a frame", NULL },
    { "hop", RECUR_REAL, offsetof(settings, hop), "10", 1, 1000, "MS", "milliseconds between frames", NULL },
    { "low", RECUR_REAL, offsetof(settings, low), "20", 0, 1e6, "HZ", "where the triangles begin", NULL },
    { "high", RECUR_REAL, offsetof(settings, high), "0", 0, 1e6, "HZ", "where they end; 0: half the rate", NULL },
    { "mels", RECUR_INT, offsetof(settings, mels), "40", 2, 512, "N", "triangles (of mfcc)", NULL },
    { "scale", RECUR_TEXT, offsetof(settings, scale), "htk", 0, 0, "NAME", "htk or slaney", NULL },
    { "emphasis", RECUR_REAL, offsetof(settings, emphasis), "0", 0, 1, "X", "pre-emphasis", NULL },
    { "floor", RECUR_REAL, offsetof(settings, floor), "1e-6", 1e-20, 1, "X", "least energy of a triangle", NULL },
    { "delta", RECUR_INT, offsetof(settings, delta), "0", 0, 2, "N", "derivatives beside the features", NULL },
    { "stack", RECUR_INT, offsetof(settings, stack), "1", 1, 32, "N", "frames side by side in a row", NULL },
    { "norm", RECUR_TEXT, offsetof(settings, norm), "utterance", 0, 0, "HOW", "utterance or none", NULL },
};
enum { ROWS = sizeof rows / sizeof rows[0] };

#ifdef RC_KISSFFT
#include <kiss_fftr.h>

struct rc_front {
    recur *r;
    settings s;
    bool mfcc;
    char line[320], words[320];              /* canonical; as given, cut into words that `s` points at */
    int S, H, K, J, D;                       /* window, hop, transform; triangles; features with derivatives */
    float *window, *frame;                   /* [S]; [K] */
    kiss_fft_cpx *wave;                      /* [K/2+1] */
    float *mel, *dct;                        /* [J][K/2+1]; [size][J] */
    int *from, *to;                          /* [J] where a triangle is not 0 */
    float *energy;                           /* [J] */
    void *plan;                              /* kissfft's */
};

/* --- the line --- */

static int refuse(recur *r, const char *line, const char *why)
{
    return rc_fail(r, RECUR_EOPTION, "front end '%s': %s; as in 'logmel 40 window=25 hop=10'", line, rc_speak(r, why));
}

static int read_word(rc_front *f, const char *line, char *word, int at)
{
    char *eq = strchr(word, '='), why[400], *after;
    if (at == 0) {
        f->mfcc = strcmp(word, "mfcc") == 0;
        recur_option_set(f->r, rows, ROWS, &f->s, "size", f->mfcc ? "13" : "40");
        return f->mfcc || strcmp(word, "logmel") == 0 ? RECUR_OK : refuse(f->r, line, "it begins with logmel or mfcc");
    }
    if (eq == NULL && strtol(word, &after, 10) > 0 && *after == 0)
        return recur_option_set(f->r, rows, ROWS, &f->s, "size", word) == RECUR_OK
            ? RECUR_OK : refuse(f->r, line, "1 to 512 features");
    if (eq == NULL)
        return refuse(f->r, line, "a word that is no key=value");
    *eq = 0;
    if (recur_option_set(f->r, rows, ROWS, &f->s, word, eq + 1) == RECUR_OK)
        return RECUR_OK;
    snprintf(why, sizeof why, "%.399s", strncmp(f->r->message, "--", 2) == 0 ? f->r->message + 2 : f->r->message);
    return refuse(f->r, line, why);
}

static int check(rc_front *f, const char *line)
{
    settings *s = &f->s;
    if (s->high <= 0)
        s->high = (double)s->rate / 2;
    if (s->rate < RC_RATE_LEAST)
        return refuse(f->r, line, "rate is 1000 or more samples a second");
    if (s->high > (double)s->rate / 2 || s->low >= s->high)
        return refuse(f->r, line, "low < high <= rate / 2 is wanted");
    if (strcmp(s->scale, "htk") != 0 && strcmp(s->scale, "slaney") != 0)
        return refuse(f->r, line, "scale is htk or slaney");
    if (strcmp(s->norm, "utterance") != 0 && strcmp(s->norm, "none") != 0)
        return refuse(f->r, line, "norm is utterance or none");
    if (f->mfcc && s->size > s->mels)
        return refuse(f->r, line, "no more mfcc than mels");
    f->S = (int)(s->window * (double)s->rate / 1000 + 0.5);
    f->H = (int)(s->hop * (double)s->rate / 1000 + 0.5);
    f->J = (int)(f->mfcc ? s->mels : s->size);
    f->D = (int)(s->size * (1 + s->delta));
    if (f->S < 8 || f->H < 1 || f->S > 1 << 15)
        return refuse(f->r, line, "a frame of fewer than 8 samples, or of too many");
    for (f->K = 16; f->K < f->S; f->K *= 2)
        ;
    return RECUR_OK;
}

static int print_line(rc_front *f, const char *line)
{
    const settings *s = &f->s;
    char mels[32] = "";
    if (f->mfcc)
        snprintf(mels, sizeof mels, " mels=%d", f->J);
    int n = snprintf(f->line, sizeof f->line, "%s %lld rate=%lld window=%g hop=%g low=%g high=%g%s scale=%s emphasis=%g"
                     " floor=%g delta=%lld stack=%lld norm=%s", f->mfcc ? "mfcc" : "logmel", (long long)s->size,
                     (long long)s->rate, s->window, s->hop, s->low, s->high, mels, s->scale, s->emphasis, s->floor,
                     (long long)s->delta, (long long)s->stack, s->norm);
    return n < (int)sizeof f->line ? RECUR_OK : refuse(f->r, line, "too long");
}

static int read_line(rc_front *f, const char *line, int otherwise)
{
    int e = RECUR_OK, at = 0;
    if (strlen(line) >= sizeof f->words)
        return rc_fail(f->r, RECUR_EOPTION, "front end: a line of more than %zu bytes", sizeof f->words - 1);
    memcpy(f->words, line, strlen(line) + 1);
    recur_option_defaults(rows, ROWS, &f->s);
    for (char *p = f->words; *p && e == RECUR_OK; at++) {
        p += strspn(p, " ");
        char *end = p + strcspn(p, " ");
        bool last = *end == 0;
        *end = 0;
        if (*p || at == 0)
            e = read_word(f, line, p, at);
        p = last ? end : end + 1;
    }
    if (e == RECUR_OK && at == 0)
        e = refuse(f->r, line, "nothing stands there");
    if (f->s.rate == 0)
        f->s.rate = otherwise;
    if (e == RECUR_OK)
        e = check(f, line);
    return e == RECUR_OK ? print_line(f, line) : e;
}

/* --- tables --- */

static double mel_of(const settings *s, double hz)
{
    if (strcmp(s->scale, "htk") == 0)
        return 2595 * log10(1 + hz / 700);
    return hz < 1000 ? 3 * hz / 200 : 15 + log(hz / 1000) * 27 / log(6.4);
}

static double hertz_of(const settings *s, double mel)
{
    if (strcmp(s->scale, "htk") == 0)
        return 700 * (pow(10, mel / 2595) - 1);
    return mel < 15 ? 200 * mel / 3 : 1000 * exp((mel - 15) * log(6.4) / 27);
}

static void fill_mel(rc_front *f)
{
    const settings *s = &f->s;
    int bins = f->K / 2 + 1;
    double lo = mel_of(s, s->low), step = (mel_of(s, s->high) - lo) / (f->J + 1);
    for (int j = 0; j < f->J; j++) {
        double a = hertz_of(s, lo + step * j), b = hertz_of(s, lo + step * (j + 1)), c = hertz_of(s, lo + step * (j + 2));
        f->from[j] = bins;
        for (int k = 0; k < bins; k++) {
            double hz = (double)k * (double)s->rate / f->K, up = (hz - a) / (b - a), down = (c - hz) / (c - b);
            double t = up < down ? up : down;
            f->mel[(size_t)j * (size_t)bins + (size_t)k] = (float)(t > 0 ? t : 0);
            if (t > 0) {
                f->from[j] = k < f->from[j] ? k : f->from[j];
                f->to[j] = k + 1;
            }
        }
    }
}

static void fill_tables(rc_front *f)
{
    const double pi = 3.14159265358979323846;
    for (int n = 0; n < f->S; n++)
        f->window[n] = (float)(0.5 - 0.5 * cos(2 * pi * n / f->S));
    fill_mel(f);
    for (int i = 0; f->mfcc && i < (int)f->s.size; i++)
        for (int j = 0; j < f->J; j++)
            f->dct[i * f->J + j] = (float)(sqrt((i > 0 ? 2.0 : 1.0) / f->J) * cos(pi * i * (j + 0.5) / f->J));
}

int rc_front_new(recur *r, rc_front **out, const char *line, int otherwise)
{
    rc_front *f = rc_new(r, 1, sizeof *f);
    *out = NULL;
    if (f == NULL)
        return RECUR_ENOMEM;
    f->r = r;
    int e = read_line(f, line, otherwise);
    size_t bins = (size_t)f->K / 2 + 1, J = (size_t)f->J, plan = 0;
    if (e == RECUR_OK) {
        kiss_fftr_alloc(f->K, 0, NULL, &plan);               /* asks how many bytes it wants */
        f->window = rc_new(r, (size_t)f->S, sizeof(float));
        f->frame = rc_new(r, (size_t)f->K, sizeof(float));
        f->wave = rc_new(r, bins, sizeof *f->wave);
        f->mel = rc_new(r, J * bins, sizeof(float));
        f->dct = rc_new(r, f->mfcc ? (size_t)f->s.size * J : 1, sizeof(float));
        f->from = rc_new(r, J, sizeof(int));
        f->to = rc_new(r, J, sizeof(int));
        f->energy = rc_new(r, J, sizeof(float));
        f->plan = rc_new(r, plan, 1);
        if (f->window == NULL || f->frame == NULL || f->wave == NULL || f->mel == NULL || f->dct == NULL
            || f->from == NULL || f->to == NULL || f->energy == NULL || f->plan == NULL)
            e = RECUR_ENOMEM;
    }
    if (e == RECUR_OK) {
        f->plan = kiss_fftr_alloc(f->K, 0, f->plan, &plan);
        fill_tables(f);
        *out = f;
    } else {
        rc_front_free(f);
    }
    return e;
}

void rc_front_free(rc_front *f)
{
    if (f == NULL)
        return;
    void *blocks[] = { f->window, f->frame, f->wave, f->mel, f->dct, f->from, f->to, f->energy, f->plan };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        rc_free(f->r, blocks[i]);
    rc_free(f->r, f);
}

const char *rc_front_line(const rc_front *f) { return f->line; }
int rc_front_rate(const rc_front *f) { return (int)f->s.rate; }
int rc_front_width(const rc_front *f) { return f->D * (int)f->s.stack; }
double rc_front_seconds(const rc_front *f) { return (double)f->H * (double)f->s.stack / (double)f->s.rate; }
bool rc_front_streams(const rc_front *f) { return f->s.delta == 0 && strcmp(f->s.norm, "none") == 0; }
size_t rc_front_reach(const rc_front *f) { return (size_t)f->S + (size_t)(f->s.stack - 1) * (size_t)f->H; }
size_t rc_front_step(const rc_front *f) { return (size_t)f->H * (size_t)f->s.stack; }

bool rc_front_partial(const rc_front *f, size_t left) { return left >= (size_t)f->S; }

static size_t frames_of(const rc_front *f, size_t n)
{
    return n < (size_t)f->S ? 1 : 1 + (n - (size_t)f->S) / (size_t)f->H;
}

int rc_front_rows(const rc_front *f, size_t samples)
{
    size_t k = (size_t)f->s.stack, n = (frames_of(f, samples) + k - 1) / k;
    return n < INT32_MAX ? (int)n : INT32_MAX;
}

/* --- frames --- */

/* One frame of at most S samples, silence behind them; out [size]. */
static void one_frame(rc_front *f, const float *x, size_t n, float *out)
{
    size_t S = (size_t)f->S, bins = (size_t)f->K / 2 + 1;
    float e = (float)f->s.emphasis, before = n > 0 ? x[0] : 0;
    n = n < S ? n : S;
    memset(f->frame, 0, (size_t)f->K * sizeof *f->frame);
    for (size_t i = 0; i < n; i++) {
        f->frame[i] = (x[i] - e * before) * f->window[i];
        before = x[i];
    }
    kiss_fftr(f->plan, f->frame, f->wave);
    for (size_t k = 0; k < bins; k++)
        f->wave[k].r = f->wave[k].r * f->wave[k].r + f->wave[k].i * f->wave[k].i;
    float *m = f->mfcc ? f->energy : out;
    for (int j = 0; j < f->J; j++) {
        const float *t = f->mel + (size_t)j * bins;
        double sum = 0;
        for (int k = f->from[j]; k < f->to[j]; k++)
            sum += (double)(t[k] * f->wave[k].r);
        m[j] = (float)log(sum > f->s.floor ? sum : f->s.floor);
    }
    for (int i = 0; f->mfcc && i < (int)f->s.size; i++) {
        double sum = 0;
        for (int j = 0; j < f->J; j++)
            sum += (double)(f->dct[i * f->J + j] * m[j]);
        out[i] = (float)sum;
    }
}

/* Columns [at, at + w) of frame t become the slope of columns [at - w, at). */
static void slopes(const rc_front *f, float *x, int T, int at)
{
    int w = (int)f->s.size, D = f->D;
    for (int t = 0; t < T; t++)
        for (int i = at - w; i < at; i++) {
            float d = 0;
            for (int n = 1; n <= 2; n++) {
                int a = t + n < T ? t + n : T - 1, b = t - n > 0 ? t - n : 0;
                d += (float)n * (x[(size_t)a * (size_t)D + (size_t)i] - x[(size_t)b * (size_t)D + (size_t)i]);
            }
            x[(size_t)t * (size_t)D + (size_t)(i + w)] = d / 10;
        }
}

/* Each column over the utterance: mean 0, deviation 1. */
static void even_out(const rc_front *f, float *x, int T)
{
    size_t D = (size_t)f->D;
    for (size_t i = 0; i < D; i++) {
        double sum = 0, square = 0;
        for (size_t t = 0; t < (size_t)T; t++)
            sum += (double)x[t * D + i];
        double mean = sum / T;
        for (size_t t = 0; t < (size_t)T; t++)
            square += ((double)x[t * D + i] - mean) * ((double)x[t * D + i] - mean);
        double scale = 1 / sqrt(square / T + 1e-4);          /* a column that hardly moves stays small */
        for (size_t t = 0; t < (size_t)T; t++)
            x[t * D + i] = (float)(((double)x[t * D + i] - mean) * scale);
    }
}

int rc_front_run(rc_front *f, const float *x, size_t n, float *out)
{
    size_t T = frames_of(f, n), D = (size_t)f->D, k = (size_t)f->s.stack;
    if (T > INT32_MAX - k)
        return rc_fail(f->r, RECUR_EDATA, "a sound of %zu samples is too long", n);
    for (size_t t = 0; t < T; t++) {
        size_t at = t * (size_t)f->H;
        one_frame(f, x + at, n - (at < n ? at : n), out + t * D);
    }
    for (int d = 1; d <= (int)f->s.delta; d++)
        slopes(f, out, (int)T, (int)f->s.size * d);
    if (strcmp(f->s.norm, "utterance") == 0)
        even_out(f, out, (int)T);
    for (size_t t = T; t % k != 0; t++)                       /* the last row is filled with its last frame */
        memcpy(out + t * D, out + (T - 1) * D, D * sizeof *out);
    return RECUR_OK;
}
#else
struct rc_front { int none; };

int rc_front_new(recur *r, rc_front **out, const char *line, int otherwise)
{
    (void)otherwise, (void)rows;
    *out = NULL;
    return rc_fail(r, RECUR_EOPTION, "front end '%s': this build makes no features of sound: build it with kissfft "
                   "(libkissfft-dev)", line);
}

void rc_front_free(rc_front *f) { (void)f; }
const char *rc_front_line(const rc_front *f) { (void)f; return ""; }
int rc_front_rate(const rc_front *f) { (void)f; return 0; }
int rc_front_width(const rc_front *f) { (void)f; return 0; }
int rc_front_rows(const rc_front *f, size_t samples) { (void)f, (void)samples; return 0; }
double rc_front_seconds(const rc_front *f) { (void)f; return 0; }
bool rc_front_streams(const rc_front *f) { (void)f; return false; }
size_t rc_front_reach(const rc_front *f) { (void)f; return 0; }
size_t rc_front_step(const rc_front *f) { (void)f; return 0; }
bool rc_front_partial(const rc_front *f, size_t left) { (void)f, (void)left; return false; }

int rc_front_run(rc_front *f, const float *x, size_t n, float *out)
{
    (void)f, (void)x, (void)n, (void)out;
    return RECUR_EOPTION;
}
#endif
