/* SPDX-License-Identifier: MIT
 * bleu.c - BLEU (Papineni et al. 2002) and chrF (Popovic 2015) with sacrebleu's choices (Post 2018), so that figures
 * can be laid beside published ones.
 *
 *   BLEU = 100 * BP * exp(1/4 * sum_n log p_n),  p_n = matching n-grams / n-grams said, n = 1..4, over all lines;
 *          BP = exp(1 - wanted / said) where less was said than wanted, else 1.  A p_n without a match counts as
 *          1 / (2^k * n-grams said), k = 1, 2, ... for the first, second, ... such n (Chen and Cherry 2014, method 3).
 *   chrF = 100 * (1 + 4) * P * R / (4 * P + R), P and R the means over n = 1..6 of precision and recall of n-grams of
 *          signs, blanks left out. */
#include <math.h>
#include <stdlib.h>
#include "judge/bleu.h"
#include "text/text.h"

const char *const rc_cut_names[] = { "13a", "zh", "char", "none", NULL };

/* --- pieces --- */

/* Blanks as the measure's own language knows them: Zs, and signs of class B, S, WS of the bidirectional algorithm. */
static bool blank(int32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680
        || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Signs that stand alone under `zh`.  The second row is meant to be the planes beyond 16 bits and is, by a slip in the
 * original that all published figures share, this. */
static bool chinese(int32_t c)
{
    static const int32_t range[][2] = {
        { 0x3400, 0x4db5 }, { 0x2001, 0x2a6d }, { 0x4e00, 0x9fbb }, { 0xf900, 0xfa2d }, { 0xfa30, 0xfa6a },
        { 0xfa70, 0xfad9 }, { 0xff00, 0xffef }, { 0x2e80, 0x2eff }, { 0x3000, 0x303f }, { 0x31c0, 0x31ef },
        { 0x2f00, 0x2fdf }, { 0x2ff0, 0x2fff }, { 0x3100, 0x312f }, { 0x31a0, 0x31bf }, { 0xfe10, 0xfe1f },
        { 0xfe30, 0xfe4f }, { 0x2600, 0x26ff }, { 0x2700, 0x27bf }, { 0x3200, 0x32ff }, { 0x3300, 0x33ff },
    };
    for (size_t i = 0; i < sizeof range / sizeof range[0]; i++)
        if (c >= range[i][0] && c <= range[i][1])
            return true;
    return false;
}

/* Appends s sign by sign, a blank around each for which alone() holds. */
static int part(const char *s, size_t n, bool (*alone)(int32_t c), rc_buf *out)
{
    int32_t c;
    for (size_t i = 0, k; i < n; i += k) {
        k = (size_t)rc_utf8_next(s + i, n - i, &c);
        bool apart = alone(c);
        if (apart)
            rc_buf_add(out, " ", 1);
        rc_buf_add(out, s + i, k);
        if (apart)
            rc_buf_add(out, " ", 1);
    }
    return out->error;
}

static bool every(int32_t c) { (void)c; return true; }

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool point(char c) { return c == '.' || c == ','; }
static bool mark(char c)
{
    return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') || (c >= '(' && c <= '+')
        || (c >= ':' && c <= '@') || c == '/';
}

static void put(rc_buf *out, const char *form)                /* at most a few bytes, 0-ended */
{
    rc_buf_add(out, form, strlen(form));
}

static void all_marks(const char *s, size_t n, rc_buf *out)
{
    for (size_t i = 0; i < n; i++)
        put(out, mark(s[i]) ? (char[]){ ' ', s[i], ' ', 0 } : (char[]){ s[i], 0 });
}

/* The rules for points and dashes look at two bytes and go on after both, as a substitution does. */
static void points_after(const char *s, size_t n, rc_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        bool hit = i + 1 < n && !digit(s[i]) && point(s[i + 1]);
        put(out, hit ? (char[]){ s[i], ' ', s[i + 1], ' ', 0 } : (char[]){ s[i], 0 });
        i += hit;
    }
}

static void points_before(const char *s, size_t n, rc_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        bool hit = i + 1 < n && point(s[i]) && !digit(s[i + 1]);
        put(out, hit ? (char[]){ ' ', s[i], ' ', s[i + 1], 0 } : (char[]){ s[i], 0 });
        i += hit;
    }
}

static void dashes(const char *s, size_t n, rc_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        bool hit = i + 1 < n && digit(s[i]) && s[i + 1] == '-';
        put(out, hit ? (char[]){ s[i], ' ', '-', ' ', 0 } : (char[]){ s[i], 0 });
        i += hit;
    }
}

/* *now through one rule; *next is room. */
static int rule(void (*f)(const char *s, size_t n, rc_buf *out), rc_buf *now, rc_buf *next)
{
    rc_buf was = *now;
    next->n = 0;
    f(was.s != NULL ? was.s : "", was.n, next);
    *now = *next;
    *next = was;
    return now->error;
}

/* As substitutions one after the other, the ampersand before "lt" and "gt". */
static void entities(const char *s, size_t n, rc_buf *out)
{
    static const struct { const char *from, *to; } row[] = {
        { "<skipped>", "" }, { "-\n", "" }, { "\n", " " }, { "&quot;", "\"" }, { "&amp;lt;", "<" },
        { "&amp;gt;", ">" }, { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" },
    };
    put(out, " ");
    for (size_t i = 0, k; i < n; i += k) {
        k = 1;
        for (size_t j = 0; j < sizeof row / sizeof row[0]; j++) {
            size_t m = strlen(row[j].from);
            if (m <= n - i && memcmp(s + i, row[j].from, m) == 0) {
                put(out, row[j].to);
                k = m;
                goto next;
            }
        }
        rc_buf_add(out, s + i, 1);
next:;
    }
    put(out, " ");
}

static void chinese_apart(const char *s, size_t n, rc_buf *out) { (void)part(s, n, chinese, out); }
static void signs_apart(const char *s, size_t n, rc_buf *out) { (void)part(s, n, every, out); }

static int western(rc_buf *now, rc_buf *next)
{
    int e = rule(all_marks, now, next);
    if (e == RECUR_OK)
        e = rule(points_after, now, next);
    if (e == RECUR_OK)
        e = rule(points_before, now, next);
    return e == RECUR_OK ? rule(dashes, now, next) : e;
}

static int cut_13a(rc_buf *now, rc_buf *next)
{
    int e = rule(entities, now, next);
    return e == RECUR_OK ? western(now, next) : e;
}

static int cut_zh(rc_buf *now, rc_buf *next)
{
    int e = rule(chinese_apart, now, next);
    return e == RECUR_OK ? western(now, next) : e;
}

static int cut_char(rc_buf *now, rc_buf *next) { return rule(signs_apart, now, next); }
static int cut_none(rc_buf *now, rc_buf *next) { (void)next; return now->error; }

static int (*const cuts[])(rc_buf *now, rc_buf *next) = { cut_13a, cut_zh, cut_char, cut_none };

/* Without blanks at both ends. */
static void strip(const char **s, size_t *n)
{
    int32_t c;
    size_t k, end = 0;
    while (*n > 0 && (k = (size_t)rc_utf8_next(*s, *n, &c)) > 0 && blank(c))
        *s += k, *n -= k;
    for (size_t i = 0; i < *n; i += k) {
        k = (size_t)rc_utf8_next(*s + i, *n - i, &c);
        end = blank(c) ? end : i + k;
    }
    *n = end;
}

int rc_cut_line(recur *r, enum rc_cut cut, bool lower, const char *s, size_t n, rc_buf *out)
{
    rc_buf now, next;
    rc_buf_init(&now, r, 0);
    rc_buf_init(&next, r, 0);
    strip(&s, &n);
    int e = lower ? rc_utf8_fold(r, s, n, false, true, &now) : rc_buf_add(&now, s, n);
    if (e == RECUR_OK)
        e = cuts[cut](&now, &next);
    int32_t c;
    bool inside = false;
    for (size_t i = 0, k; i < now.n && e == RECUR_OK; i += k) {
        k = (size_t)rc_utf8_next(now.s + i, now.n - i, &c);
        bool empty = blank(c);
        if (!empty && !inside)
            e = rc_buf_add(out, " ", 1);
        if (!empty && e == RECUR_OK)
            e = rc_buf_add(out, now.s + i, k);
        inside = !empty;
    }
    rc_buf_free(&now);
    rc_buf_free(&next);
    return e;
}

/* --- n-grams: each is six numbers, 0 where it is shorter --- */

typedef struct { int32_t w[RC_CHRF_ORDER]; } gram;

static int by_words(const void *a, const void *b) { return memcmp(a, b, sizeof(gram)); }

static int grams(const rc_ids *a, int n) { return a->n >= (size_t)n ? (int)a->n - n + 1 : 0; }

/* How many n-grams of a and b are the same, each as often as it stands in both. */
static int64_t common(const rc_ids *a, const rc_ids *b, int n, gram *work)
{
    int ka = grams(a, n), kb = grams(b, n);
    if (ka == 0 || kb == 0)
        return 0;
    gram *ga = work, *gb = work + ka;
    memset(work, 0, (size_t)(ka + kb) * sizeof *work);
    for (int i = 0; i < ka; i++)
        memcpy(ga[i].w, a->id + i, (size_t)n * sizeof *a->id);
    for (int i = 0; i < kb; i++)
        memcpy(gb[i].w, b->id + i, (size_t)n * sizeof *b->id);
    qsort(ga, (size_t)ka, sizeof *ga, by_words);
    qsort(gb, (size_t)kb, sizeof *gb, by_words);
    int64_t same = 0;
    for (int i = 0, j = 0; i < ka && j < kb;) {
        int c = by_words(&ga[i], &gb[j]);
        same += c == 0;
        i += c <= 0;
        j += c >= 0;
    }
    return same;
}

/* Pieces as rc_cut_line parts them, as numbers: equal for equal pieces. */
static int number_pieces(rc_map *seen, const char *s, size_t n, rc_ids *out)
{
    int e = RECUR_OK;
    for (size_t i = 1, k; i < n && e == RECUR_OK; i += k + 1) {
        const char *end = memchr(s + i, ' ', n - i);
        k = end != NULL ? (size_t)(end - s) - i : n - i;
        int64_t id = rc_map_get(seen, s + i, k);
        if (id < 0)
            e = rc_map_set(seen, s + i, k, id = (int64_t)rc_map_count(seen) + 1);
        if (e == RECUR_OK)
            e = rc_ids_add(out, (int32_t)id);
    }
    return e;
}

static int number_signs(const char *s, size_t n, rc_ids *out)
{
    int e = RECUR_OK;
    int32_t c;
    for (size_t i = 0; i < n && e == RECUR_OK; i += (size_t)rc_utf8_next(s + i, n - i, &c)) {
        rc_utf8_next(s + i, n - i, &c);
        if (!blank(c))
            e = rc_ids_add(out, c);
    }
    return e;
}

int rc_bleu_add(recur *r, rc_bleu *b, enum rc_cut cut, bool lower, const char *said, size_t said_n,
                const char *wanted, size_t wanted_n)
{
    rc_buf x, y;
    rc_map *seen = NULL;
    rc_ids p = { .r = r }, q = { .r = r };
    gram *work = NULL;
    rc_buf_init(&x, r, 0);
    rc_buf_init(&y, r, 0);
    int e = rc_map_new(r, &seen);
    if (e == RECUR_OK && (e = rc_cut_line(r, cut, lower, said, said_n, &x)) == RECUR_OK)
        e = rc_cut_line(r, cut, lower, wanted, wanted_n, &y);
    if (e == RECUR_OK && (e = number_pieces(seen, x.s, x.n, &p)) == RECUR_OK)
        e = number_pieces(seen, y.s, y.n, &q);
    if (e == RECUR_OK && (work = rc_new(r, p.n + q.n + 1, sizeof *work)) == NULL)
        e = RECUR_ENOMEM;
    for (int n = 1; n <= RC_BLEU_ORDER && e == RECUR_OK; n++) {
        b->match[n - 1] += common(&p, &q, n, work);
        b->total[n - 1] += grams(&p, n);
    }
    if (e == RECUR_OK)
        b->said += (int64_t)p.n, b->wanted += (int64_t)q.n;
    rc_free(r, work);
    rc_ids_free(&p);
    rc_ids_free(&q);
    rc_map_free(seen);
    rc_buf_free(&x);
    rc_buf_free(&y);
    return e;
}

double rc_bleu_score(const rc_bleu *b)
{
    double sum = 0, least = 1;
    if (b->match[0] + b->match[1] + b->match[2] + b->match[3] == 0)
        return 0;
    for (int n = 0; n < RC_BLEU_ORDER; n++) {
        if (b->total[n] == 0)                                 /* no line has so many pieces */
            return 0;
        least *= b->match[n] == 0 ? 2 : 1;
        sum += log(b->match[n] > 0 ? (double)b->match[n] / (double)b->total[n] : 1 / (least * (double)b->total[n]));
    }
    double brief = b->said < b->wanted ? exp(1 - (double)b->wanted / (double)b->said) : 1;
    return 100 * brief * exp(sum / RC_BLEU_ORDER);
}

int rc_chrf_add(recur *r, rc_chrf *c, const char *said, size_t said_n, const char *wanted, size_t wanted_n)
{
    rc_ids p = { .r = r }, q = { .r = r };
    int e = number_signs(said, said_n, &p);
    if (e == RECUR_OK)
        e = number_signs(wanted, wanted_n, &q);
    gram *work = e == RECUR_OK ? rc_new(r, p.n + q.n + 1, sizeof *work) : NULL;
    if (e == RECUR_OK && work == NULL)
        e = RECUR_ENOMEM;
    for (int n = 1; n <= RC_CHRF_ORDER && e == RECUR_OK; n++) {
        int x = grams(&p, n), y = grams(&q, n);
        c->match[n - 1] += common(&p, &q, n, work);
        c->said[n - 1] += y > 0 ? x : 0;                      /* nothing can match what is too short */
        c->wanted[n - 1] += y;
    }
    rc_free(r, work);
    rc_ids_free(&p);
    rc_ids_free(&q);
    return e;
}

double rc_chrf_score(const rc_chrf *c)
{
    double precision = 0, recall = 0;
    int orders = 0;
    for (int n = 0; n < RC_CHRF_ORDER; n++) {
        if (c->said[n] == 0 || c->wanted[n] == 0)
            continue;
        precision += (double)c->match[n] / (double)c->said[n];
        recall += (double)c->match[n] / (double)c->wanted[n];
        orders++;
    }
    if (orders == 0 || precision + recall <= 0)
        return 0;
    precision /= orders;
    recall /= orders;
    return 100 * 5 * precision * recall / (4 * precision + recall);
}
