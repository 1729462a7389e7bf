/* SPDX-License-Identifier: MIT
 * suits.c - what is asked before anything is read or trained: options that do something for this task, and a net that
 * can do what the task will want of it.  An option without use would be believed to have had one. */
#include <stdio.h>

#include "task/task.h"

/* --- options --- */

static bool has(const rc_task *t, const char *name)
{
    for (const char *const *own = t->own; own != NULL && *own != NULL; own++)
        if (strcmp(*own, name) == 0)
            return true;
    return false;
}

/* "tag", "classify and tag", "lm, classify and tag"; no task: an option that all have. */
static int who_has(const recur *r, const char *name, char *out, size_t n)
{
    int all = 0, told = 0;
    size_t at = 0;
    for (int i = 0; rc_tasks[i] != NULL; i++)
        all += has(rc_tasks[i], name);
    out[0] = 0;
    for (int i = 0; rc_tasks[i] != NULL; i++)
        if (has(rc_tasks[i], name) && at < n) {
            const char *between = told == 0 ? "" : told + 1 == all ? rc_speak(r, " and ") : ", ";
            at += (size_t)snprintf(out + at, n - at, "%s%s", between, rc_tasks[i]->name);
            told++;
        }
    return all;
}

/* A flag that is off asks for nothing, whatever its default. */
static bool flag_given(const void *p, const void *fallback) { return *(const int *)p > 0 && *(const int *)fallback <= 0; }
static bool int_given(const void *p, const void *fallback) { return *(const int64_t *)p != *(const int64_t *)fallback; }

static bool real_given(const void *p, const void *fallback)
{
    double x = *(const double *)p, y = *(const double *)fallback;
    return isnan(x) ? !isnan(y) : !(x == y);
}

static bool text_given(const void *p, const void *fallback)
{
    const char *x = *(const char *const *)p, *y = *(const char *const *)fallback;
    return x != NULL && (y == NULL || strcmp(x, y) != 0);
}

static bool (*const given[])(const void *p, const void *fallback) = {
    [RECUR_FLAG] = flag_given, [RECUR_INT] = int_given, [RECUR_REAL] = real_given, [RECUR_TEXT] = text_given, [RECUR_TIME] = real_given,
};

/* Reading files looks at no other groups, and whoever only reads need not fill them. */
static bool of_reading(const recur_option *row) { return strcmp(row->group, "data") == 0 || strcmp(row->group, "series") == 0; }

int rc_options_suit(recur *r, const rc_task *t, const recur_train_options *o, bool reading)
{
    int n;
    char who[200];
    const recur_option *row = recur_train_table(&n);
    const recur_train_options plain = recur_train_defaults();
    for (int i = 0; i < n; i++) {
        const size_t at = row[i].offset;
        if ((reading && !of_reading(&row[i])) || !given[row[i].type]((const char *)o + at, (const char *)&plain + at)
            || has(t, row[i].name))
            continue;
        int others = who_has(r, row[i].name, who, sizeof who);
        if (others > 0)
            return rc_fail(r, RECUR_EOPTION, "--%s: task %s has no use for it; %s %s", row[i].name, t->name, who,
                           rc_speak(r, others > 1 ? "have" : "has"));
    }
    return RECUR_OK;
}

/* --- models --- */

int rc_wrong_task(recur *r, const recur_model *m, const char *what)
{
    return rc_fail(r, RECUR_EOPTION, "a model for task '%s' %s; `recur %s` puts it to work", m->task->name, rc_speak(r, what), m->task->verb);
}

/* --- nets --- */

int rc_net_suits_writing(const recur_model *m, const char *instead)
{
    const rc_net *n = m->net;
    for (int i = n->side; i < n->layers; i++) {
        const rc_layer *l = n->layer[i];
        if (l->ahead)
            return rc_fail(m->r, RECUR_ESPEC, "net: layer %d (%s) looks at units that are yet to be written, so this net could not write; %s",
                           l->index + 1, rc_layer_word(l), rc_speak(m->r, instead));
    }
    return RECUR_OK;
}
