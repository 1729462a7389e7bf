/* SPDX-License-Identifier: MIT
 * translate.c - recur_translate and recur_translate_lines. */
#include "api/api.h"

int recur_translate_lines(recur *r, const recur_model *m, const char *const *text, int n, const recur_translate_options *o,
                          char **json)
{
    if (!r || !json)
        return RECUR_EOPTION;
    *json = NULL;
    RC_NEED(r, m && (text || n == 0) && n >= 0, RECUR_EOPTION, "recur_translate_lines: a model and texts are needed");
    const recur_translate_options plain = recur_translate_defaults();
    json_t *all;
    int e = rc_translate(m, text, n, o ? o : &plain, &all);
    return e < 0 ? e : rc_text_of(r, all, json);
}

int recur_translate(recur *r, const recur_model *m, const char *text, const recur_translate_options *o, char **out)
{
    if (!r || !out)
        return RECUR_EOPTION;
    *out = NULL;
    RC_NEED(r, m && text, RECUR_EOPTION, "recur_translate: a model and a text are needed");
    recur_translate_options one = o ? *o : recur_translate_defaults();
    one.n_best = 1;
    one.attention = 0;
    json_t *all;
    int e = rc_translate(m, &text, 1, &one, &all);
    if (e < 0)
        return e;
    const json_t *said = json_object_get(json_array_get(json_array_get(all, 0), 0), "text");
    *out = rc_copy_n(r, said ? json_string_value(said) : "", json_string_length(said));
    json_decref(all);
    return *out ? RECUR_OK : RECUR_ENOMEM;
}
