/* SPDX-License-Identifier: MIT
 * time.c - times as tables write them, and the step between them.
 *
 * A time is read without naming its form.  Its runs of digits are year (four of them), month, day, hour, minute, second;
 * or day, month, year where a dot stands between them; or month, day, year, and day, month, year where the first is above
 * 12.  What stands between them is kept, so that later times are written alike.  A plain number as large as those of our
 * days is seconds since 1970, or milliseconds.  Days are counted by the Gregorian calendar without zones and leap seconds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "task/forecast/forecast.h"

static const char parts[] = "YmdHMS";
enum { DAY = 86400 };

/* Days since 1970-01-01; years begin in March, so that the odd day comes last. */
static int64_t days_of(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t in_era = y - era * 400, in_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

typedef struct { int64_t year; int month, day, seconds, yearday; } civil;

static civil civil_of(int64_t t)
{
    civil c;
    int64_t z = t / DAY - (t % DAY < 0);
    c.seconds = (int)(t - z * DAY);
    z += 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097, e = z - era * 146097;
    int64_t y = (e - e / 1460 + e / 36524 - e / 146096) / 365, of_year = e - (365 * y + y / 4 - y / 100);
    int64_t mp = (5 * of_year + 2) / 153;
    c.day = (int)(of_year - (153 * mp + 2) / 5 + 1);
    c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
    c.year = y + era * 400 + (c.month <= 2);
    c.yearday = (int)(days_of(c.year, c.month, c.day) - days_of(c.year, 1, 1));
    return c;
}

static bool digit(char c) { return c >= '0' && c <= '9'; }

/* A plain number: seconds or milliseconds since 1970 where it is as large as those of our days, else counted as it is. */
static bool parse_number(const char *s, size_t n, char form[40], int64_t *t)
{
    char copy[32], *after;
    if (n == 0 || n >= sizeof copy)
        return false;
    memcpy(copy, s, n);
    copy[n] = 0;
    double v = strtod(copy, &after);
    if (*after != 0 || !(fabs(v) < 9e14))
        return false;
    bool whole = floor(v) >= v;
    if (form[0] == 0)
        snprintf(form, 40, "%s", whole && v >= 1e8 && v < 1e11 ? "u" : whole && v >= 1e11 && v < 1e14 ? "U" : "n");
    if ((form[0] != 'u' && form[0] != 'U' && form[0] != 'n') || (form[0] == 'n' && !(fabs(v) < 9e12)))
        return false;
    *t = form[0] != 'n' ? (int64_t)v : (int64_t)llround(v * RC_NUMBER_UNIT);
    return true;
}

/* Day and month of a form whose year is the third, as `asked` has them: "d/m/Y", "m/d/Y"; "": as far as this one shows. */
static void order_form(const char *asked, int64_t first, char form[40])
{
    bool day = asked[0] != 0 ? asked[0] == 'd' : form[1] == '.' || first > 12;
    form[0] = day ? 'd' : 'm';
    form[2] = day ? 'm' : 'd';
    form[4] = 'Y';
}

/* The numbers of a written time and its form; how many, 0: it is none. */
static int pieces(const char *s, size_t n, const char *asked, int64_t v[6], char form[40])
{
    size_t i = 0, k = 0;
    int found = 0, year = 0;
    while (i < n && found < 6) {
        size_t from = i;
        v[found] = 0;
        while (i < n && digit(s[i]) && i - from < 5)
            v[found] = v[found] * 10 + (s[i++] - '0');
        if (found == 0 && i - from < 4)
            year = 2;
        if (i == from || (found == year ? i - from != 4 : i - from > 2))
            return 0;
        form[k++] = parts[found++];
        if (found == 6 && i < n && s[i] == '.')              /* parts of a second */
            for (i++; i < n && digit(s[i]);)
                i++;
        size_t mark = i;
        while (i < n && k < 32 && strchr("-/:. TZ", s[i]) != NULL)
            form[k++] = s[i++];
        if (i - mark > 2 || (i < n && i == mark && s[i] != '+'))
            return 0;
        if (i < n && s[i] == '+')
            break;
    }
    if (found >= 4 && n - i <= 6)                            /* a zone, written on as it is */
        while (i < n && k < 38)
            form[k++] = s[i++];
    form[k] = 0;
    if (i < n || found < 2)
        return 0;
    if (year == 0)
        return found;
    if (found < 3 || form[1] != form[3] || strchr("/.-", form[1]) == NULL)
        return 0;
    order_form(asked, v[0], form);
    return found;
}

bool rc_time_parse(const char *s, size_t n, char form[40], int64_t *t)
{
    static const int most[6] = { 9999, 12, 31, 23, 59, 60 };
    int64_t v[6] = { 1970, 1, 1, 0, 0, 0 }, got[6];
    char found[40];
    if (parse_number(s, n, form, t))
        return true;
    int count = n < 36 ? pieces(s, n, form, got, found) : 0;
    for (int i = 0, k = 0; i < count; i++, k++) {
        while (strchr(parts, found[k]) == NULL)
            k++;
        int part = (int)(strchr(parts, found[k]) - parts);
        v[part] = got[i];
        if (got[i] > most[part] || ((part == 1 || part == 2) && got[i] < 1))
            return false;
    }
    if (count == 0 || (form[0] != 0 && strcmp(form, found) != 0))
        return false;
    if (form[0] == 0)
        memcpy(form, found, sizeof found);
    *t = days_of(v[0], (int)v[1], (int)v[2]) * DAY + v[3] * 3600 + v[4] * 60 + v[5];
    return true;
}

bool rc_time_turned(const char *s, size_t n, char form[40])
{
    int64_t t;
    if (!rc_time_parse(s, n, form, &t) || form[1] == '.' || (form[0] != 'd' && form[0] != 'm'))
        return false;
    char other[40];
    memcpy(other, form, sizeof other);
    other[0] = form[2];
    other[2] = form[0];
    return rc_time_parse(s, n, other, &t);
}

void rc_time_print(const rc_clock *c, int64_t t, char out[64])
{
    civil v = civil_of(t);
    const int value[6] = { (int)v.year, v.month, v.day, v.seconds / 3600, v.seconds / 60 % 60, v.seconds % 60 };
    size_t k = 0;
    out[0] = 0;
    if (c->form[0] == 'u' || c->form[0] == 'U')
        snprintf(out, 64, "%lld", (long long)t);
    else if (c->form[0] == 'n')
        snprintf(out, 64, "%.15g", (double)t / RC_NUMBER_UNIT);
    else
        for (const char *p = c->form; *p != 0 && k < 56; p++) {
            const char *at = strchr(parts, *p);
            k += (size_t)(at != NULL ? snprintf(out + k, 64 - k, at == parts ? "%04d" : "%02d", value[at - parts])
                                     : snprintf(out + k, 64 - k, "%c", *p));
        }
}

/* --- steps --- */

/* Written as a date, year, month or day first, not as a number. */
static bool written(const rc_clock *c) { return c->form[0] != 0 && strchr(parts, c->form[0]) != NULL; }

static int64_t month_of(const civil *c) { return c->year * 12 + c->month - 1; }

int64_t rc_clock_ahead(const rc_clock *c, int64_t t, int64_t k)
{
    static const int length[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (c->months == 0)
        return t + k * c->step;
    civil v = civil_of(t);
    int64_t m = month_of(&v) + k * c->months, y = m / 12;
    int month = (int)(m % 12), most = length[month] + (month == 1 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0));
    return days_of(y, month + 1, v.day < most ? v.day : most) * DAY + v.seconds;
}

double rc_clock_steps(const rc_clock *c, int64_t from, int64_t to)
{
    if (c->months > 0) {
        civil a = civil_of(from), b = civil_of(to);
        return (double)(month_of(&b) - month_of(&a)) / c->months;
    }
    return c->step > 0 ? (double)(to - from) / (double)c->step : 1;
}

static int rising(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void rc_clock_find(rc_clock *c, const int64_t *t, size_t n)
{
    enum { LOOK = 1000 };
    int64_t gap[LOOK], months[LOOK];
    size_t k = 0;
    bool whole = written(c);
    for (size_t i = 1; i < n && k < LOOK; i++, k++) {
        civil a = civil_of(t[i - 1]), b = civil_of(t[i]);
        gap[k] = t[i] - t[i - 1];
        months[k] = month_of(&b) - month_of(&a);
        whole = whole && a.seconds == b.seconds && months[k] >= 1 && (a.day == b.day || (a.day > 27 && b.day > 27));
    }
    c->step = c->months = 0;
    if (k == 0)
        return;
    qsort(gap, k, sizeof *gap, rising);
    qsort(months, k, sizeof *months, rising);
    if (whole)
        c->months = (int)months[k / 2];
    else
        c->step = gap[k / 2];
}

/* --- the calendar as numbers: how far day, week and year have gone, as points of a circle --- */

static bool dated(const rc_clock *c) { return written(c) || c->form[0] == 'u' || c->form[0] == 'U'; }

static int64_t a_second(const rc_clock *c) { return c->form[0] == 'U' ? 1000 : 1; }

int rc_clock_features(const rc_clock *c)
{
    int64_t step = c->step / a_second(c);
    if (!dated(c) || (c->step == 0 && c->months == 0))
        return 0;
    if (c->months > 0)
        return c->months < 12 ? 2 : 0;
    return 2 * ((step < DAY) + (step < 7 * DAY) + (step < 300 * DAY));
}

static float *circle(float *out, double part)
{
    const double turn = 6.283185307179586 * part;
    *out++ = (float)sin(turn);
    *out++ = (float)cos(turn);
    return out;
}

void rc_clock_put(const rc_clock *c, int64_t t, float *out)
{
    t /= a_second(c);
    civil v = civil_of(t);
    double day = v.seconds / (double)DAY;
    int n = rc_clock_features(c);
    int64_t since = t / DAY - (t % DAY < 0) + 4;             /* 1970-01-01 was a Thursday */
    if (n >= 6)
        out = circle(out, day);
    if (n >= 4)
        out = circle(out, ((double)((since % 7 + 7) % 7) + day) / 7);
    if (n >= 2)
        circle(out, (v.yearday + day) / 365.25);
}
