/* SPDX-License-Identifier: MIT
 * forecast.h - the parts of the forecasting task: table.c and read.c read tables, time.c their times, fill.c makes series
 * of them, span.c parts them in time, window.c cuts windows, period.c and choose.c choose, eval.c scores, linear.c is the
 * baseline, ahead.c and future.c look ahead, quantile.c has their quantiles.
 *
 * A series is rows, one a step; a row holds V columns that are forecast, K that are known ahead, and A features of the
 * calendar.  An example is a window: `input` rows, then the rows of the horizon as targets.  Windows share the rows. */
#ifndef RC_FORECAST_H
#define RC_FORECAST_H
#include "data/read.h"
#include "task/task.h"

/* --- times: seconds of the civil calendar, or plain numbers --- */
typedef struct {
    char form[40];               /* how a time is written: "Y-m-d H:M:S", "d.m.Y", "u" seconds since 1970, "U" milliseconds,
                                  * "n" a number; "": none */
    int64_t step; int months;    /* from row to row: in time's unit, or (step 0) in months */
} rc_clock;
enum { RC_NUMBER_UNIT = 1000000 };                           /* times of form "n" are counted in millionths */
bool rc_time_parse(const char *s, size_t n, char form[40], int64_t *t);      /* form "": found and written there */
bool rc_time_turned(const char *s, size_t n, char form[40]);
    /* the same where the year is the third: whether it is a time with day and month the other way round too */
void rc_time_print(const rc_clock *c, int64_t t, char out[64]);
int64_t rc_clock_ahead(const rc_clock *c, int64_t t, int64_t k);             /* k steps later */
double rc_clock_steps(const rc_clock *c, int64_t from, int64_t to);
void rc_clock_find(rc_clock *c, const int64_t *t, size_t n);                 /* the usual step of rising times */
int rc_clock_features(const rc_clock *c);                                    /* 0 to 6: sine and cosine of day, week, year */
void rc_clock_put(const rc_clock *c, int64_t t, float *out /* [features] */);

/* --- what a model knows of its series: "form" in the card --- */
enum { RC_SCALED_LAST, RC_SCALED_WINDOW, RC_SCALED_NONE };
enum { RC_DIRECT, RC_RECURSIVE, RC_PARALLEL };
typedef struct {
    int V, K, A;
    json_t *column;              /* names of the V + K columns */
    int input, horizon, segment, period;
    int block;                   /* steps that the net gives at once */
    int scaled, decode;
    bool gaps;                   /* two more features a column: is the value missing, how long ago was one seen */
    bool joint;                  /* a window holds all V columns */
    bool named, grid;            /* series have names; missing rows of a regular clock are put in */
    bool headless;               /* the file has no head line */
    char id[256], time[256];     /* columns of names and times; "": there are none, or no head line */
    char remark[240];            /* of training data: what is not certain of their times, in words; "": nothing */
    rc_clock clock;
} rc_outlook;
int rc_outlook_write(recur *r, const rc_outlook *o, json_t *form);
static inline int rc_outlook_wide(const rc_outlook *o) { return o->joint ? o->V : 1; }    /* columns of a window */
static inline int rc_outlook_features(const rc_outlook *o)   /* numbers of a row of a window */
{
    return rc_outlook_wide(o) * (o->gaps ? 3 : 1) + o->K + o->A;
}

/* --- series --- */
typedef struct { char *id; size_t at; int32_t T, from, to, fresh; } rc_stretch;
    /* rows [at, at + T); targets lie in its rows [from, to); the last of the files begins at row fresh */
enum { RC_SPAN_TEST, RC_SPAN_HELD, RC_SPAN_ALL };            /* what an evaluation is about */
typedef struct { float shift, scale; } rc_level;             /* net's number = (scaled - shift) / scale */
typedef struct {
    rc_cutter cut;
    recur *r;
    rc_outlook look;
    rc_stretch *s; int n, span;
    int users;                           /* data sets that hold it beside the first: the side chain's */
    float *x, *gap; int64_t *time; int32_t *since; size_t rows;
        /* x [rows][V+K+A]: scaled, NAN: missing.  time [rows].  since [rows][V]: rows since a value was seen, 0: it is;
         * gap [rows][V]: see `gaps`, NULL without */
} rc_windows;
static inline rc_windows *rc_windows_of(const recur_data *d) { return (rc_windows *)d->windows; }
/* Examples of a window: one, or with RC_PARALLEL one for each segment of the horizon, one after the other. */
static inline int rc_outlook_parts(const rc_outlook *o) { return o->decode == RC_PARALLEL ? o->block / o->segment : 1; }
static inline int rc_windows_count(const recur_data *d) { return d->count / rc_outlook_parts(&rc_windows_of(d)->look); }
static inline const rc_example *rc_windows_at(const recur_data *d, int i)
{
    return &d->ex[i * rc_outlook_parts(&rc_windows_of(d)->look)];
}
static inline int rc_windows_width(const rc_outlook *o) { return o->V + o->K + o->A; }

/* What tables give, before anything is scaled or parted: rows in the order of the files. */
typedef struct {
    recur *r;
    rc_outlook *look; bool learn;        /* learn: columns and the form of times are found here */
    rc_values x;                         /* [rows][V+K] */
    struct { int64_t time, line; int32_t series, file; } *row; size_t rows, cap;
    char **name; int n, cap_n; rc_map *names;                /* series in order of appearance */
} rc_raw;
int rc_raw_read(rc_raw *w, const char *path, int file, const recur_train_options *o, json_t *problems);
int rc_raw_series(rc_raw *w, const char *name, size_t n, int32_t *out);      /* the series of that name, which may be new */
int rc_raw_row(rc_raw *w, int32_t series, int64_t time, int64_t line, int32_t file);     /* one more row, whose numbers are in x */
void rc_raw_free(rc_raw *w);
int rc_windows_fill(recur_data *d, rc_raw *raw, const recur_train_options *o, const rc_like *like, int part,
                    json_t *problems);   /* d->windows, scaling, form, examples */
int rc_spans_find(recur_data *d, const recur_train_options *o, const rc_like *like, int part);      /* from, to of every series (span.c) */
int rc_spans_form(recur_data *d, const recur_train_options *o);              /* d->form: what is kept of them */
int rc_windows_examples(recur_data *d, int part);
int rc_period_find(recur *r, const rc_windows *w, int *out); /* by autocorrelation of the rows; 1: none */
int rc_outlook_settle(recur_data *d, const recur_train_options *o);          /* what of the outlook was left automatic */

/* --- windows --- */
extern const rc_cutter rc_windows_cutter;
/* The window before row ex->at + k, whose rows from ex->at on are taken from done [k][columns] (scaled), as the net reads
 * it: row i at x + i * stride. */
void rc_window_cut(const rc_windows *w, const rc_example *ex, int k, const float *done, float *x, size_t stride);
rc_level rc_window_level(const rc_windows *w, const rc_example *ex, int c, int k, const float *done);    /* of its column c */
float rc_window_value(const rc_windows *w, const rc_example *ex, int column, int64_t k);
    /* scaled value k rows after ex->at (k < 0: before, the last one seen; beyond the first row: the first); NAN */
/* Forecasts of the windows from `first` on for H steps: out [n][columns][H][Q], scaled, n at most RC_TOGETHER. */
enum { RC_TOGETHER = 256 };
int rc_forecast_run(const recur_model *m, recur_data *d, rc_run *u, int first, int n, int H, float *out);
int rc_forecast_open(const recur_model *m, const recur_data *d, rc_run **u);

/* --- quantiles (quantile.c) --- */
enum { RC_LEVELS = 32 };
int rc_levels_read(recur *r, const char *list, double q[RC_LEVELS], int *n, bool *added);
    /* of --quantiles, in rising order; added: 0.5 was not among them and is now */
int rc_levels_agree(recur *r, const recur_train_options *o); /* EOPTION: a net line of the user's without the median */
int rc_forecast_levels(const recur_model *m, double *q);     /* quantiles of the head, at most RC_LEVELS; 0: it has none */
int rc_forecast_point(const double *q, int Q);               /* which of them is the forecast: the one next to 0.5 */
void rc_forecast_sort(float *y, int steps, int Q);           /* y [steps][Q]: the quantiles of each step in their order */

/* Forecasts of the H steps behind the last value of each series (future.c), as the table's own numbers:
 * *out [examples][columns][H][Q], the caller's; d holds the windows before them as examples afterwards. */
int rc_forecast_future(const recur_model *m, recur_data *d, int H, float **out, int *Q);
int rc_forecast_json(const recur_model *m, recur_data *d, int H, int back, json_t **out);   /* with `back` steps of the past */
int rc_windows_behind(recur_data *d);                        /* examples: the windows before row `from` of each series */

/* --- baselines (linear.c) --- */
int rc_window_linear_fit(recur_model *m, const recur_data *d, const recur_data *held);
typedef struct { int input, horizon; const float *w; } rc_window_linear;     /* w [input + 1][horizon], row 0 the bias */
bool rc_window_linear_read(const recur_model *m, rc_window_linear *out);     /* false: the model carries none */
void rc_window_linear_put(const rc_window_linear *l, const rc_windows *w, const rc_example *ex, int column, int H,
                          float *out);

int rc_forecast_choose(const recur_data *d, recur_train_options *o, char *net, size_t n, rc_say *say, void *ud);
int rc_forecast_score(const recur_model *m, recur_data *held, rc_run *u, double *loss, double *metric);
int rc_forecast_eval(const recur_model *m, recur_data *d, json_t **out);
int rc_forecast_baseline(recur_model *m, recur_data *d, recur_data *held);
int rc_forecast_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out);
extern const rc_task rc_task_forecast;
#endif
