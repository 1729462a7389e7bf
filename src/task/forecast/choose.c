/* SPDX-License-Identifier: MIT
 * choose.c - what the user left open: how far back and ahead, net and training. */
#include <math.h>
#include <stdio.h>
#include "data/pick.h"
#include "task/choose.h"
#include "task/forecast/forecast.h"

/* --- how far back and ahead --- */

/* The greatest divisor of n (and of m) up to most. */
static int divisor(int n, int m, int most)
{
    int k = most < n ? most : n;
    while (k > 1 && (n % k != 0 || m % k != 0))
        k--;
    return k > 0 ? k : 1;
}

static int32_t usual_length(const rc_windows *w)
{
    int64_t sum = 0;
    for (int k = 0; k < w->n; k++)
        sum += w->s[k].to;
    return (int32_t)(sum / (w->n > 0 ? w->n : 1));
}

static int given(int64_t option, int otherwise) { return option > 0 ? (int)option : otherwise; }

int rc_outlook_settle(recur_data *d, const recur_train_options *o)
{
    rc_outlook *look = &rc_windows_of(d)->look;
    int32_t rows = usual_length(rc_windows_of(d));
    int e = RECUR_OK;
    if (o != NULL && o->period > 0)
        look->period = (int)o->period;
    else
        e = rc_period_find(d->r, rc_windows_of(d), &look->period);
    int ahead = look->period >= 4 ? look->period : 12, most = rows / 6 > 1 ? rows / 6 : 1;
    look->horizon = given(o != NULL ? o->horizon : -1, ahead < most ? ahead : most);
    int back = 2 * look->horizon > 2 * look->period ? 2 * look->horizon : 2 * look->period;
    most = (rows - look->horizon) / 2 > 1 ? (rows - look->horizon) / 2 : 1;
    look->input = given(o != NULL ? o->input : -1, back < most ? back : most);
    bool parallel = look->decode == RC_PARALLEL, recursive = look->decode == RC_RECURSIVE;
    if (e == RECUR_OK && parallel && look->joint)
        e = rc_fail(d->r, RECUR_EOPTION, "--decode parallel forecasts each column by itself: it does not go with --joint");
    int widest = look->input / 2 < 24 ? look->input / 2 : 24;
    widest = parallel && look->horizon / 2 < widest ? look->horizon / 2 : widest;
    look->segment = given(o != NULL ? o->segment : -1,
                          recursive ? 1 : divisor(look->input, parallel ? look->horizon : look->input, widest));
    look->block = recursive ? look->segment : look->horizon;
    if (e == RECUR_OK && (look->input % look->segment != 0 || (parallel && look->horizon % look->segment != 0)))
        e = rc_fail(d->r, RECUR_EOPTION, "--segment-steps %d does not divide --input %d%s", look->segment, look->input,
                    rc_speak(d->r, parallel ? " and --horizon" : ""));
    return e;
}

/* --- windows as examples --- */

/* Rows of a stretch that targets of `ahead` steps may begin at: first .. last; none: last < first. */
static void starts(const rc_stretch *s, int input, int ahead, bool train, int32_t *first, int32_t *last)
{
    *last = s->to - ahead;
    if (!train && *last < s->from && s->to > s->from)
        *last = s->from;                                       /* the horizon is longer than the span: what there is */
    *first = s->from > 0 ? s->from : input < *last ? input : *last;
    if (*first < 1)
        *first = 1;
}

static bool any_target(const rc_windows *w, const rc_example *ex, int ahead)
{
    const rc_outlook *o = &w->look;
    int from = o->joint ? 0 : ex->label, to = o->joint ? o->V : from + 1;
    for (int c = from; c < to; c++)
        for (int k = 0; k < ahead; k++)
            if (!isnan(rc_window_value(w, ex, c, k)))
                return true;
    return false;
}

static int add_windows(recur_data *d, int k, int32_t t, int ahead)
{
    const rc_windows *w = rc_windows_of(d);
    const rc_outlook *o = &w->look;
    bool parallel = o->decode == RC_PARALLEL;
    for (int c = 0; c < (o->joint ? 1 : o->V); c++) {
        rc_example window = { .at = w->s[k].at + (size_t)t, .file = k, .label = o->joint ? -1 : c, .weight = 1 }, *ex;
        int further = o->K + o->A > 0 && !parallel ? o->block + o->segment - 1 : 0, e = RECUR_OK;
        window.T = (o->input + further) / o->segment;
        if (ahead > 0 && !any_target(w, &window, ahead))
            continue;
        for (int j = 0; j < rc_outlook_parts(o) && e == RECUR_OK; j++)
            if ((e = rc_data_example(d, &ex)) == RECUR_OK) {
                *ex = window;
                ex->line = j;
                ex->side = parallel ? d->side->count : -1;
                ex->T = parallel ? 1 : window.T;
            }
        if (e == RECUR_OK && parallel && (e = rc_data_example(d->side, &ex)) == RECUR_OK)
            *ex = window, ex->side = -1;
        if (e != RECUR_OK)
            return e;
    }
    return RECUR_OK;
}

int rc_windows_examples(recur_data *d, int part)
{
    enum { HELD = 20000 };                                     /* enough to choose by */
    const rc_windows *w = rc_windows_of(d);
    const rc_outlook *o = &w->look;
    bool train = d->learned, eval = !train && part == RC_ALL;
    int ahead = eval ? o->horizon : o->block, e = RECUR_OK;
    int64_t all = 0, step;
    int32_t first, last;
    for (int k = 0; k < w->n; k++) {
        starts(&w->s[k], o->input, ahead, train, &first, &last);
        all += last >= first ? (int64_t)(last - first + 1) * (o->joint ? 1 : o->V) : 0;
    }
    step = part == RC_HELD_PART ? (all + HELD - 1) / HELD : 1;
    step = step > 0 ? step : 1;
    for (int k = 0; k < w->n && e == RECUR_OK; k++) {
        starts(&w->s[k], o->input, ahead, train, &first, &last);
        for (int64_t t = first; t <= last && e == RECUR_OK; t += step)
            e = add_windows(d, k, (int32_t)t, ahead);
    }
    d->rows = d->count > 0 ? (size_t)d->count * (size_t)d->ex[0].T : 0;
    if (e == RECUR_OK && train && d->count == 0)
        e = rc_fail(d->r, RECUR_EDATA, "%s: no window fits: %d steps of input and %d of horizon need longer series, "
                    "with values, than %d training rows", d->paths > 0 ? d->path[0] : "series", o->input, o->block, usual_length(w));
    return e;
}

int rc_windows_behind(recur_data *d)
{
    const rc_windows *w = rc_windows_of(d);
    int e = RECUR_OK;
    d->count = 0;
    if (d->side != NULL)
        d->side->count = 0;
    for (int k = 0; k < w->n && e == RECUR_OK; k++)
        if (w->s[k].from > 0)
            e = add_windows(d, k, w->s[k].from, 0);
    return e;
}

/* --- net and training --- */

static const char *const decodes[] = { "direct", "recursive", "parallel" };

/* The head in the net line: that of --quantiles, 0.5 put in where it is missing. */
static int choose_head(recur *r, const char *quantiles, char *head, size_t n, rc_say *say, void *ud)
{
    double q[RC_LEVELS];
    int levels;
    bool added;
    snprintf(head, n, "huber");
    if (quantiles == NULL)
        return RECUR_OK;
    int e = rc_levels_read(r, quantiles, q, &levels, &added);
    if (e != RECUR_OK)
        return e;
    snprintf(head, n, "quantile q=");
    for (int i = 0; i < levels; i++)
        snprintf(head + strlen(head), n - strlen(head), "%s%.9g", i > 0 ? ":" : "", q[i]);
    if (added)
        say(ud, "quantiles: 0.5 beside those of --quantiles: it is the forecast");
    return RECUR_OK;
}

static void net_line(const rc_outlook *o, int64_t windows, const char *head, char *line, size_t n)
{
    int width = windows < 2000 ? 32 : windows < 20000 ? 64 : 128;
    const char *known = o->K + o->A > 0 ? " | input" : "", *share = o->K + o->A > 0 ? "" : " share";
    if (o->decode == RC_PARALLEL)
        snprintf(line, n, "input | dense %d act=relu | gru %d >> embed %d | embed %d of=pairs%s | gru %d%s bridge=copy | drop .5"
                 " | dense | %s", 2 * width, 2 * width, width, width, known, 2 * width, share, head);
    else if (o->segment > 1)
        snprintf(line, n, "input | dense %d act=relu | gru %d | pool last | drop .5 | dense | %s", 2 * width, 2 * width, head);
    else
        snprintf(line, n, "input | gru %d | pool last | drop .1 | dense | %s", width, head);
}

static void say_series(const recur_data *d, const recur_train_options *o, rc_say *say, void *ud)
{
    const rc_windows *w = rc_windows_of(d);
    const rc_outlook *look = &w->look;
    static const char *const how[] = { "each from its last value", "each from its last value, by its own spread",
                                       "as they are, scaled by the training part" };
    say(ud, "series: %d of %d column(s), %d training rows%s%s", w->n, look->V, usual_length(w), rc_speak(d->r, w->n > 1 ? " each" : ""),
        rc_speak(d->r, look->gaps ? "; values are missing or steps uneven: whether and how long ago one was seen are inputs too" : ""));
    if (look->remark[0] != 0)
        say(ud, "times: %s", look->remark);
    if (o->period < 0)
        say(ud, look->period > 1 ? "period: %d steps, the first high peak of the autocorrelation"
                                 : "period: none found in the autocorrelation (%d)", look->period);
    say(ud, "windows: %d steps of input, %d of horizon%s; %d of them, %s", look->input, look->horizon,
        rc_speak(d->r, o->horizon < 0 ? look->period > 1 ? " (the period)" : " (no period was found)" : ""), rc_windows_count(d),
        rc_speak(d->r, how[look->scaled]));
    say(ud, "decoding: %s, %d step(s) at once", decodes[look->decode], look->block);
}

int rc_forecast_choose(const recur_data *d, recur_train_options *o, char *net, size_t n, rc_say *say, void *ud)
{
    char line[700], head[500];
    if (d->windows == NULL)
        return rc_fail(d->r, RECUR_EDATA, "forecasting needs series: files, or examples with measurements");
    const rc_outlook *look = &rc_windows_of(d)->look;
    int windows = rc_windows_count(d), e = rc_levels_agree(d->r, o);
    say_series(d, o, say, ud);
    if (e != RECUR_OK || (e = choose_head(d->r, o->quantiles, head, sizeof head, say, ud)) != RECUR_OK)
        return e;
    net_line(look, windows, head, line, sizeof line);
    if (o->net == NULL)
        say(ud, "net: %s", line);
    if ((e = rc_choose_net(d->r, o, line, net, n)) != RECUR_OK)
        return e;
    rc_pick_int(&o->batch, (windows < 2000 ? 32 : windows < 20000 ? 128 : 256) * rc_outlook_parts(look));
    int64_t batches = d->count / o->batch + 1, epochs = 1500 / batches;      /* so many updates, or 6 looks at each window */
    rc_pick_int(&o->bptt, look->input);
    rc_choose_steps(o, &(rc_recipe){ .epochs = epochs, .fewest = 6, .most = 300, .lr = 1e-3, .decay = 0.01, .clip = 1,
                                     .warmup = 0.05, .patience = epochs > 32 ? epochs / 4 : 8 });
    say(ud, "training: batches of %lld, %s, rate %g, %s schedule; ends early after %lld evaluations without gain",
        (long long)o->batch, o->optimizer, o->lr, o->schedule, (long long)o->patience);
    return RECUR_OK;
}
