/* SPDX-License-Identifier: MIT
 * tag.c - recur_tag and recur_tag_lines. */
#include "api/api.h"

int recur_tag_lines(recur *r, const recur_model *m, const char *const *text, int n, int best, char **json)
{
    if (!r || !json)
        return RECUR_EOPTION;
    *json = NULL;
    RC_NEED(r, m && (text || n == 0) && n >= 0 && best > 0, RECUR_EOPTION,
            "recur_tag_lines: a model, texts and a number of readings from 1 are needed");
    json_t *all;
    int e = rc_tag(m, text, n, best, &all);
    return e < 0 ? e : rc_text_of(r, all, json);
}

int recur_tag(recur *r, const recur_model *m, const char *text, char **out)
{
    if (!r || !out)
        return RECUR_EOPTION;
    *out = NULL;
    RC_NEED(r, m && text, RECUR_EOPTION, "recur_tag: a model and a text are needed");
    json_t *all, *word;
    size_t i;
    int e = rc_tag(m, &text, 1, 1, &all);
    if (e < 0)
        return e;
    const json_t *words = json_object_get(json_array_get(all, 0), "words"), *tags = json_object_get(json_array_get(all, 0), "tags");
    rc_buf b;
    rc_buf_init(&b, r, 0);
    e = rc_buf_add(&b, "", 0);
    json_array_foreach(words, i, word)
        if (e >= 0)
            e = tags ? rc_buf_print(&b, "%s\t%s\n", json_string_value(word), json_string_value(json_array_get(tags, i)))
                     : rc_buf_print(&b, "%s%s", i ? " " : "", json_string_value(word));
    json_decref(all);
    if (e >= 0 && !(*out = rc_copy_n(r, b.s ? b.s : "", b.n)))
        e = RECUR_ENOMEM;
    rc_buf_free(&b);
    return e < 0 ? e : RECUR_OK;
}
