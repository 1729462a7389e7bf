/* SPDX-License-Identifier: MIT
 * forecast.c - the steps that come next: of an array in one call, of tables as JSON. */
#include "api/api.h"
#include "task/forecast/forecast.h"

typedef struct { const float *x; int steps, columns; bool given; } single;

static int give(void *ud, recur_example *out)
{
    single *s = ud;
    if (s->given)
        return 1;
    s->given = true;
    *out = (recur_example){ .x = s->x, .steps = s->steps, .features = s->columns };
    return 0;
}

static int wants_forecasts(recur *r, const recur_model *m)
{
    if (m->task != &rc_task_forecast)
        return rc_wrong_task(r, m, "gives no forecasts");
    return RECUR_OK;
}

int recur_forecast(recur *r, const recur_model *m, const float *past, int steps, int columns, float *next, int horizon)
{
    if (!r)
        return RECUR_EOPTION;
    RC_NEED(r, m && past && next && steps > 0 && columns > 0 && horizon > 0, RECUR_EOPTION,
            "recur_forecast: a model, steps of the past and room for the horizon are needed");
    single s = { .x = past, .steps = steps, .columns = columns };
    recur_data *d = NULL;
    float *y = NULL;
    double q[RC_LEVELS];
    int Q, e = wants_forecasts(r, m);
    if (e < 0 || (e = recur_data_callback(r, &d, NULL, give, &s, NULL, m)) < 0)
        return e;
    if ((e = rc_forecast_future(m, d, horizon, &y, &Q)) < 0)
        goto done;
    const rc_outlook *o = &rc_windows_of(d)->look;
    int point = rc_forecast_point(q, rc_forecast_levels(m, q));
    for (int c = 0; c < o->V; c++)       /* y: [columns][horizon][Q], whether one window holds them all or not */
        for (int h = 0; h < horizon; h++)
            next[h * o->V + c] = y[((size_t)c * (size_t)horizon + (size_t)h) * (size_t)Q + (size_t)point];
done:
    rc_free(r, y);
    recur_data_close(d);
    return e < 0 ? e : RECUR_OK;
}

int recur_forecast_data(recur *r, const recur_model *m, recur_data *d, int horizon, int past, char **json)
{
    if (!r || !json)
        return RECUR_EOPTION;
    *json = NULL;
    RC_NEED(r, m && d && horizon >= 0, RECUR_EOPTION, "recur_forecast_data: a model and data are needed");
    json_t *j = NULL;
    int e = wants_forecasts(r, m);
    if (e >= 0 && !d->windows)
        e = rc_fail(r, RECUR_EDATA, "recur_forecast_data: these data are no series");
    if (e >= 0 && !horizon)
        horizon = rc_windows_of(d)->look.horizon;
    if (e >= 0)
        e = rc_forecast_json(m, d, horizon, past < 0 ? 3 * horizon : past, &j);
    return e < 0 ? e : rc_text_of(r, j, json);
}
