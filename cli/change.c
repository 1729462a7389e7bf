/* SPDX-License-Identifier: MIT
 * What fewer bytes a weight do to a model's scores: the same data, once with the weights of the file and once stored as
 * asked for. */
#include <math.h>
#include <string.h>

#include "cli.h"

int cli_scores(const cli *c, const char *path, const char *const *data, int n, const char *weights, json_t **out)
{
    recur_model *m = NULL;
    recur_data *d = NULL;
    char *text = NULL;
    *out = NULL;
    int e = recur_model_load(c->r, &m, path);
    if (e >= 0 && weights)
        e = recur_model_weights(m, weights);
    if (e >= 0)
        e = recur_data_files(c->r, &d, recur_model_task(m), data, n, c->library, m);
    if (e >= 0)
        e = recur_eval(c->r, m, d, &text);
    if (e >= 0)
        *out = json_loads(text, 0, NULL);
    int code = e < 0 ? cli_fail(c, e) : *out ? CLI_DONE : CLI_MEMORY;
    recur_free(c->r, text);
    recur_data_close(d);
    recur_model_free(m);
    return code;
}

/* Rates, losses and perplexities: what stands in both as a number and is no count. */
void cli_change(FILE *f, const json_t *before, const json_t *after, const char *weights)
{
    char name[64], text[32];
    const char *key;
    json_t *x;
    cli_table *t = cli_table_new(4);
    cli_cell(t, "%s", say(SAY_MEASURE));
    cli_cell(t, "%s", say(SAY_AS_STORED));
    cli_cell(t, "%s", weights);
    cli_cell(t, "%s", say(SAY_CHANGE));
    json_object_foreach((json_t *)(uintptr_t)before, key, x) {
        const json_t *y = json_object_get(after, key);
        if (!json_is_real(x) || !json_is_number(y))
            continue;
        snprintf(name, sizeof name, "%s", key);
        for (char *p = name; *p; p++)
            *p = *p == '_' ? ' ' : *p;
        cli_cell(t, "%s", name);
        cli_cell(t, "%s", cli_number(text, sizeof text, json_number_value(x)));
        cli_cell(t, "%s", cli_number(text, sizeof text, json_number_value(y)));
        cli_cell(t, "%+.2g", json_number_value(y) - json_number_value(x));
    }
    cli_table_end(t, f);
}
