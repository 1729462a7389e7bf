/* SPDX-License-Identifier: MIT
 * check.c - what tables of series hold and what is wrong with them, before an hour is lost. */
#include <math.h>
#include <stdio.h>
#include "data/pick.h"
#include "task/doctor.h"
#include "task/forecast/forecast.h"

/* A column's figures; one that never changes cannot be forecast better than by its last value. */
static int check_column(rc_doctor *k, const recur_data *d, int c, json_t *columns)
{
    const rc_windows *w = rc_windows_of(d);
    size_t W = (size_t)rc_windows_width(&w->look);
    const char *name = json_string_value(json_array_get(w->look.column, (size_t)c));
    double least = INFINITY, most = -INFINITY;
    int64_t missing = 0;
    for (size_t i = 0; i < w->rows; i++) {
        double x = (double)w->x[i * W + (size_t)c];
        missing += isnan(x);
        least = fmin(least, x);
        most = fmax(most, x);
    }
    double mean = (double)d->scaling.mean[c], scale = (double)d->scaling.scale[c];
    json_t *o = json_pack("{s:s,s:I,s:f,s:f}", "column", name, "missing", (json_int_t)missing, "least",
                          isfinite(least) ? least / scale + mean : 0, "most", isfinite(most) ? most / scale + mean : 0);
    int e = o != NULL && json_array_append_new(columns, o) == 0 ? RECUR_OK
          : rc_fail(d->r, RECUR_ENOMEM, "no memory for the report");
    if (e == RECUR_OK && c < w->look.V && !(most > least))
        e = rc_doctor_problem(k, 0, 1, "constant", "column '%.200s' %s", name, rc_speak(k->r, missing == (int64_t)w->rows ? "holds no value"
                                                                                                    : "never changes"));
    return e;
}

static int report(rc_doctor *k, const recur_data *d)
{
    const rc_windows *w = rc_windows_of(d);
    const rc_outlook *o = &w->look;
    json_t *columns = json_array();
    int e = columns != NULL ? RECUR_OK : RECUR_ENOMEM;
    char step[64] = "";
    for (int c = 0; c < o->V + o->K && e == RECUR_OK; c++)
        e = check_column(k, d, c, columns);
    if (e == RECUR_OK && o->clock.form[0] == 0 && o->remark[0] != 0)
        e = rc_doctor_problem(k, 0, 1, "time", "%s", o->remark);
    if (o->clock.months > 0)
        snprintf(step, sizeof step, "%d month(s)", o->clock.months);
    else if (o->clock.form[0] == 'n')
        snprintf(step, sizeof step, "%.10g", (double)o->clock.step / RC_NUMBER_UNIT);
    else if (o->clock.form[0] != 0)
        snprintf(step, sizeof step, "%.10g s", (double)o->clock.step / (o->clock.form[0] == 'U' ? 1000 : 1));
    bool unsure = o->clock.form[0] != 0 && o->remark[0] != 0;
    json_t *more = json_pack("{s:i,s:I,s:s?,s:s?,s:b,s:i,s:i,s:i,s:O}", "series", w->n, "rows", (json_int_t)w->rows,
                             "times", unsure ? o->remark : NULL, "step", step[0] != 0 ? step : NULL, "even", o->grid,
                             "period", o->period, "input", o->input, "horizon", o->horizon, "columns", columns);
    if (e == RECUR_OK && (more == NULL || json_object_update(k->out, more) != 0))
        e = rc_fail(d->r, RECUR_ENOMEM, "no memory for the report");
    json_decref(more);
    json_decref(columns);
    return e;
}

int rc_forecast_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out)
{
    rc_doctor c;
    recur_data *d = NULL;
    int e = rc_doctor_begin(&c, r, path, o, out);
    if (e == RECUR_OK)
        e = rc_data_new(r, &d, &rc_task_forecast);
    if (e == RECUR_OK)
        e = rc_task_forecast.read(d, path, n, o, NULL, RC_ALL, c.problems);
    e = e == RECUR_OK ? report(&c, d) : rc_doctor_survive(&c, e, 0);
    json_object_del(c.out, "files");     /* series are told by their columns, not by where they stand */
    recur_data_close(d);
    return rc_doctor_end(&c, e, out);
}
