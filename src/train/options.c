/* SPDX-License-Identifier: MIT
 * options.c - the options of a training as JSON, for the model's card and for what a checkpoint holds on to. */
#include <math.h>
#include <stdio.h>

#include "train/train.h"

static json_t *flag_json(const void *p)
{
    return *(const int *)p < 0 ? json_null() : json_boolean(*(const int *)p);
}

static json_t *int_json(const void *p)
{
    return *(const int64_t *)p < 0 ? json_null() : json_integer(*(const int64_t *)p);
}

static json_t *real_json(const void *p)
{
    return isfinite(*(const double *)p) ? json_real(*(const double *)p) : json_null();
}

static json_t *text_json(const void *p)
{
    return *(const char *const *)p ? json_string(*(const char *const *)p) : json_null();
}

static json_t *(*const as_json[])(const void *p) = {
    [RECUR_FLAG] = flag_json, [RECUR_INT] = int_json, [RECUR_REAL] = real_json, [RECUR_TEXT] = text_json, [RECUR_TIME] = real_json,
};

json_t *rc_options_json(const recur_train_options *o)
{
    int n;
    const recur_option *row = recur_train_table(&n);
    json_t *out = json_object();
    for (int i = 0; out && i < n; i++)
        json_object_set_new(out, row[i].name, as_json[row[i].type]((const char *)o + row[i].offset));
    return out;
}

/* --- what must agree on --resume --- */

/* Rows that say where and how things are written, or name files whose content is hashed. */
static const char *const free_rows[] = {
    "resume", "force", "out", "log-dir", "save-every", "threads", "valid", "valid-target", "vectors", "from", "strict", "beam", "no-baseline", "net",
};

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    uint64_t both[2] = { h, p ? rc_hash(p, n) : 0 };
    return rc_hash(both, sizeof both);
}

static uint64_t hash_data(const recur_data *d)
{
    uint64_t h = 0;
    for (int c = 0; c < d->C; c++)
        h = mix(h, d->ids[c], d->rows * sizeof(int32_t));
    h = mix(h, d->x, d->rows * (size_t)d->F * sizeof(float));
    h = mix(h, d->step_label, d->rows * sizeof(int32_t));
    h = mix(h, d->value, (d->per_step ? d->rows : (size_t)d->count) * (size_t)d->outputs * sizeof(float));
    size_t bytes = 0;
    const void *rows = d->windows ? d->windows->rows(d->windows, &bytes) : NULL;
    h = mix(h, rows, bytes);
    for (int i = 0; i < d->count; i++) {
        int64_t e[4] = { (int64_t)d->ex[i].at, d->ex[i].T, d->ex[i].label, d->ex[i].side };
        h = mix(h, e, sizeof e);
    }
    h = mix(h, d->row_side, d->rows * sizeof(int32_t));
    h = mix(h, d->list, d->list_n * sizeof(int32_t));
    h = mix(h, d->raw.s, d->raw.n);      /* what a held-out part is compared with may be text */
    return d->side ? mix(h, &(uint64_t){ hash_data(d->side) }, sizeof h) : h;
}

static json_t *hash_json(const recur_data *d)
{
    char s[32];
    if (!d)
        return json_null();
    snprintf(s, sizeof s, "%016llx", (unsigned long long)hash_data(d));
    return json_string(s);
}

json_t *rc_options_agree(const recur_train_options *o, const recur_model *m, const recur_data *d, const recur_data *held)
{
    json_t *out = rc_options_json(o);
    if (!out)
        return NULL;
    for (size_t i = 0; i < sizeof free_rows / sizeof free_rows[0]; i++)
        json_object_del(out, free_rows[i]);
    json_object_set_new(out, "net", json_string(m->net->line));
    json_object_set_new(out, "training data", hash_json(d));
    json_object_set_new(out, "held-out data", hash_json(held));
    return out;
}
