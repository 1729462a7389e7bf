/* SPDX-License-Identifier: MIT
 * data.c - examples from files, from arrays in memory, from a callback. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"

int rc_task_named(recur *r, const char *name, const recur_model *m, const rc_task **out)
{
    *out = name ? rc_task_find(name) : m ? m->task : NULL;
    if (!*out) {
        rc_names names = { "" };
        for (int i = 0; rc_tasks[i]; i++)
            rc_name_add(&names, rc_tasks[i]->name);
        return rc_fail(r, RECUR_EOPTION, "no task '%s'; there are %s", name ? name : "", names.s);
    }
    RC_NEED(r, !m || *out == m->task, RECUR_EOPTION, "data for task '%s', but the model was made for '%s'",
            (*out)->name, m->task->name);
    return RECUR_OK;
}

int rc_options_or_default(recur *r, const recur_train_options *o, recur_train_options *out)
{
    int n;
    const recur_option *table = recur_train_table(&n);
    *out = o ? *o : recur_train_defaults();
    if (out->plan && out->steps < 0)
        out->steps = strtoll(out->plan, NULL, 10);      /* what tasks choose by */
    return rc_option_check(r, table, n, out);
}

enum { PLACES = 10 };            /* lines that are named */

bool rc_problem_text(const json_t *problems, char *out, size_t n)
{
    size_t count = json_array_size(problems);
    const json_t *first = json_array_get(problems, 0);
    const char *file = json_string_value(json_object_get(first, "file")), *what = json_string_value(json_object_get(first, "what"));
    long long line = (long long)json_integer_value(json_object_get(first, "line"));
    if (!count)
        return false;
    int at = snprintf(out, n, "%zu lines left out; the first: %s:%lld: %.300s", count, file ? file : "", line, what ? what : "");
    for (size_t i = 1; i < count && i < PLACES && at >= 0 && (size_t)at < n; i++) {
        const json_t *one = json_array_get(problems, i);
        at += snprintf(out + at, n - (size_t)at, "%s%s:%lld", i == 1 ? "; then " : ", ", json_string_value(json_object_get(one, "file")),
                       (long long)json_integer_value(json_object_get(one, "line")));
    }
    if (count > PLACES && at >= 0 && (size_t)at + 5 < n)
        snprintf(out + at, n - (size_t)at, ", ...");
    return true;
}

static int begin(recur *r, recur_data **out, const char *task, const recur_model *m)
{
    const rc_task *t;
    int e = rc_task_named(r, task, m, &t);
    return e < 0 ? e : rc_data_new(r, out, t);
}

static const rc_like *like_of(const recur_model *m, rc_like *like)
{
    if (!m)
        return NULL;
    const json_t *most = json_object_get(m->card, "max_length");
    *like = (rc_like){ .text = m->text, .labels = m->labels, .scaling = &m->scaling,
                      .form = json_object_get(m->card, "form"),
                      .side_text = m->side_text, .side_scaling = &m->side_scaling };
    if (json_is_integer(most))
        like->max_length = json_integer_value(most) > 0 ? json_integer_value(most) : -1;
    return like;
}

/* Tables of measurements are read as in training, where nothing else is said. */
static void same_columns(const recur_model *m, recur_train_options *o)
{
    const json_t *was = m && m->scaling.n > 0 ? json_object_get(m->card, "options") : NULL;
    if (!o->columns)
        o->columns = json_string_value(json_object_get(was, "columns"));
    if (!o->label_column)
        o->label_column = json_string_value(json_object_get(was, "label-column"));
}

int recur_data_files(recur *r, recur_data **out, const char *task, const char *const *path, int n,
                     const recur_train_options *o, const recur_model *m)
{
    if (!r || !out)
        return RECUR_EOPTION;
    *out = NULL;
    RC_NEED(r, path && n > 0, RECUR_EOPTION, "recur_data_files: no file is named");
    recur_data *d = NULL;
    recur_train_options all;
    rc_like like;
    json_t *problems = json_array();
    int e = rc_options_or_default(r, o, &all);
    if (e < 0 || (e = begin(r, &d, task, m)) < 0 || (e = rc_options_suit(r, d->task, &all, true)) < 0)
        goto fail;
    if (!problems) {
        e = rc_fail(r, RECUR_ENOMEM, "out of memory");
        goto fail;
    }
    same_columns(m, &all);
    if ((e = d->task->read(d, path, n, &all, like_of(m, &like), RC_ALL, problems)) < 0)
        goto fail;
    char said[1000];
    if (rc_problem_text(problems, said, sizeof said))
        rc_warn(r, "%s", said);
    json_decref(problems);
    *out = d;
    return RECUR_OK;
fail:
    json_decref(problems);
    recur_data_close(d);
    return e;
}

int recur_data_callback(recur *r, recur_data **out, const char *task, recur_next_example *next, void *ud,
                        const recur_train_options *o, const recur_model *m)
{
    if (!r || !out)
        return RECUR_EOPTION;
    *out = NULL;
    RC_NEED(r, next, RECUR_EOPTION, "recur_data_callback: no function is given");
    recur_data *d = NULL;
    recur_train_options all;
    rc_like like;
    int e = rc_options_or_default(r, o, &all);
    if (e < 0 || (e = begin(r, &d, task, m)) < 0 || (e = rc_options_suit(r, d->task, &all, true)) < 0)
        goto fail;
    if ((e = d->task->pull(d, next, ud, &all, like_of(m, &like))) < 0)
        goto fail;
    *out = d;
    return RECUR_OK;
fail:
    recur_data_close(d);
    return e;
}

/* --- arrays --- */

static int check_arrays(recur *r, const recur_arrays *a)
{
    const char *f = "recur_data_arrays";
    RC_NEED(r, a && a->count > 0 && a->steps > 0, RECUR_EOPTION, "%s: count and steps must be at least 1", f);
    RC_NEED(r, a->features >= 0 && (a->features > 0) == (a->x != NULL), RECUR_EOPTION,
            "%s: x goes with features > 0", f);
    RC_NEED(r, (a->ids != NULL) == (a->x == NULL), RECUR_EOPTION, "%s: either x or ids, not both and not neither", f);
    RC_NEED(r, !a->ids || a->vocabulary > 0, RECUR_EOPTION,
            "%s: ids need `vocabulary`, how many different ones there may be", f);
    RC_NEED(r, !a->label || !a->value, RECUR_EOPTION, "%s: targets are either labels or values", f);
    RC_NEED(r, !(a->label || a->list) || a->classes > 1, RECUR_EOPTION, "%s: labels need `classes` of at least 2", f);
    RC_NEED(r, !a->list || (a->list_at && !a->label && !a->value), RECUR_EOPTION,
            "%s: lists come with list_at, and without labels or values", f);
    RC_NEED(r, !a->value || a->outputs > 0, RECUR_EOPTION, "%s: values need `outputs` of at least 1", f);
    return RECUR_OK;
}

/* Sequence i of a: everything that is looked at while computing is looked at here once. */
static int check_sequence(recur *r, const recur_arrays *a, int i, int T)
{
    const char *f = "recur_data_arrays";
    size_t row = (size_t)i * (size_t)a->steps;
    RC_NEED(r, T > 0 && T <= a->steps, RECUR_EDATA, "%s: sequence %d has length %d, not one from 1 to %d", f, i, T,
            a->steps);
    for (int t = 0; a->ids && t < T; t++)
        RC_NEED(r, a->ids[row + (size_t)t] >= 0 && a->ids[row + (size_t)t] < a->vocabulary, RECUR_EDATA,
                "%s: sequence %d, step %d: id %d is not below vocabulary %d", f, i, t, a->ids[row + (size_t)t], a->vocabulary);
    size_t F = (size_t)a->features;
    for (size_t k = 0; a->x && k < (size_t)T * F; k++)
        RC_NEED(r, isfinite(a->x[row * F + k]), RECUR_EDATA, "%s: sequence %d, step %zu: x is not a finite number",
                f, i, k / F);
    RC_NEED(r, !a->list || (a->list_at[i] >= 0 && a->list_at[i + 1] >= a->list_at[i]), RECUR_EDATA,
            "%s: list_at must rise: %d, then %d at sequence %d", f, a->list ? a->list_at[i] : 0,
            a->list ? a->list_at[i + 1] : 0, i);
    for (int t = 0; a->label && t < (a->per_step ? T : 1); t++) {
        int32_t y = a->label[a->per_step ? row + (size_t)t : (size_t)i];
        RC_NEED(r, y >= -1 && y < a->classes, RECUR_EDATA, "%s: sequence %d: label %d is not below classes %d", f, i,
                y, a->classes);
    }
    for (int32_t k = a->list ? a->list_at[i] : 0; a->list && k < a->list_at[i + 1]; k++)
        RC_NEED(r, a->list[k] > 0 && a->list[k] < a->classes, RECUR_EDATA,
                "%s: sequence %d: label %d of a list is not one from 1 to %d", f, i, a->list[k], a->classes - 1);
    return RECUR_OK;
}

/* Class k is called by its number. */
static int number_labels(recur *r, recur_data *d)
{
    int e = rc_vocab_new(r, &d->labels);
    for (int k = 0; k < d->classes && e >= 0; k++) {
        char name[16];
        int32_t id;
        int n = snprintf(name, sizeof name, "%d", k);
        e = rc_vocab_add(d->labels, name, (size_t)n, 0, &id);
    }
    return e;
}

/* Places of example x, sequence i; its rows are there. */
static int add_places(recur_data *d, const recur_arrays *a, int i, rc_example *x)
{
    x->side = a->place ? a->place[i] : a->row_place ? -1 : i;
    for (int t = 0; a->row_place && t < x->T; t++) {
        int32_t p = a->row_place[(size_t)i * (size_t)a->steps + (size_t)t];
        RC_NEED(d->r, p >= -1 && p < a->side->count, RECUR_EDATA,
                "recur_data_arrays: sequence %d, step %d: row_place %d is not a side sequence below %d", i, t, p, a->side->count);
        d->row_side[x->at + (size_t)t] = p;
    }
    return RECUR_OK;
}

static int add_sequence(recur_data *d, const recur_arrays *a, int i)
{
    int T = a->length ? a->length[i] : a->steps, e = check_sequence(d->r, a, i, T);
    rc_example *x;
    if (e < 0 || (e = rc_data_example(d, &x)) < 0 || (e = rc_data_row(d, (size_t)T)) < 0)
        return e;
    size_t n = (size_t)T, from = (size_t)i * (size_t)a->steps, F = (size_t)a->features, C = (size_t)a->outputs;
    *x = (rc_example){ .at = d->rows, .T = T, .label = a->label && !a->per_step ? a->label[i] : -1, .file = -1,
                       .weight = 1, .side = -1 };
    if (a->x)
        memcpy(d->x + x->at * F, a->x + from * F, n * F * sizeof *d->x);
    if (a->ids)
        memcpy(d->ids[0] + x->at, a->ids + from, n * sizeof *a->ids);
    if (a->label && a->per_step)
        memcpy(d->step_label + x->at, a->label + from, n * sizeof *a->label);
    if (a->value && a->per_step)
        memcpy(d->value + x->at * C, a->value + from * C, n * C * sizeof *a->value);
    if (a->value && !a->per_step)
        memcpy(d->value + (size_t)i * C, a->value + (size_t)i * C, C * sizeof *a->value);
    d->rows += n;
    d->units += T;
    if (a->side && (e = add_places(d, a, i, x)) < 0)
        return e;
    if (a->list)
        return rc_data_list(d, x, a->list + a->list_at[i], (size_t)(a->list_at[i + 1] - a->list_at[i]));
    return RECUR_OK;
}

/* The side's sequences, and that every place names one. */
static int add_side(recur_data *d, const recur_arrays *a)
{
    const char *f = "recur_data_arrays";
    recur_arrays side = *a->side;
    side.label = side.list = NULL;
    side.value = NULL;
    side.side = NULL;
    int e = check_arrays(d->r, &side);
    if (e < 0 || (e = rc_data_side(d)) < 0)
        return e;
    RC_NEED(d->r, a->place || a->row_place || side.count >= a->count, RECUR_EOPTION,
            "%s: %d side sequences for %d sequences without `place`", f, side.count, a->count);
    for (int i = 0; a->place && i < a->count; i++)
        RC_NEED(d->r, a->place[i] >= -1 && a->place[i] < side.count, RECUR_EDATA,
                "%s: sequence %d: place %d is not a side sequence below %d", f, i, a->place[i], side.count);
    d->side->C = side.ids ? 1 : 0;
    d->side->F = side.features;
    d->side->vocabulary = side.vocabulary;
    d->side_rows = a->row_place != NULL;
    for (int i = 0; i < side.count; i++)
        if ((e = add_sequence(d->side, &side, i)) < 0)
            return e;
    return RECUR_OK;
}

int recur_data_arrays(recur *r, recur_data **out, const recur_arrays *a)
{
    if (!r || !out)
        return RECUR_EOPTION;
    *out = NULL;
    recur_data *d = NULL;
    int e = check_arrays(r, a);
    if (e < 0 || (e = begin(r, &d, "classify", NULL)) < 0)
        return e;
    d->C = a->ids ? 1 : 0;
    d->F = a->features;
    d->vocabulary = a->vocabulary;
    d->classes = a->label || a->list ? a->classes : 0;
    d->outputs = a->value ? a->outputs : 0;
    d->per_step = a->per_step && (a->label || a->value);
    if (d->classes && (e = number_labels(r, d)) < 0)
        goto fail;
    if (a->side && (e = add_side(d, a)) < 0)
        goto fail;
    for (int i = 0; i < a->count; i++)
        if ((e = add_sequence(d, a, i)) < 0)
            goto fail;
    *out = d;
    return RECUR_OK;
fail:
    recur_data_close(d);
    return e;
}
