/* SPDX-License-Identifier: MIT
 * words.c - the words of the net line, out of the tables that its parser reads: layers, cells, heads, their keys. */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "layer/recur.h"

static const char *const types[] = {
    [RC_KEY_FLAG] = "flag", [RC_KEY_INT] = "int", [RC_KEY_REAL] = "real", [RC_KEY_WORD] = "word", [RC_KEY_ACT] = "activation",
    [RC_KEY_TEXT] = "text",
};

/* name "": the bare number behind the word */
static json_t *key_of(const rc_key_row *k)
{
    json_t *j = json_pack("{s:s, s:s, s:s}", "name", k->name, "type", types[k->type], "help", k->help);
    if (k->fallback && *k->fallback)
        json_object_set_new(j, "default", json_string(k->fallback));
    if (k->words)
        json_object_set_new(j, "words", json_string(k->words));
    if (k->type == RC_KEY_INT || k->type == RC_KEY_REAL)
        json_object_update_new(j, json_pack("{s:f, s:f}", "least", k->least, "most", k->most));
    return j;
}

static json_t *keys_of(const rc_key_row *k, int n)
{
    json_t *out = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(out, key_of(&k[i]));
    return out;
}

static json_t *entry(const char *name, const char *formula, const rc_key_row *k, int n)
{
    return json_pack("{s:s, s:s, s:o}", "name", name, "formula", formula, "keys", keys_of(k, n));
}

/* Whether a cell takes a key: a net that has it can be built. */
static bool takes(recur *r, const rc_cell *c, const rc_key_row *k)
{
    char line[200], value[64] = "";
    rc_facts f = { .features = 4, .classes = { 4 } };
    rc_net *net = NULL;
    if (k->type == RC_KEY_WORD)
        snprintf(value, sizeof value, "=%.*s", (int)strcspn(k->words, " "), k->words);
    else if (k->type == RC_KEY_ACT)
        snprintf(value, sizeof value, "=tanh");
    else if (k->type != RC_KEY_FLAG)
        snprintf(value, sizeof value, "=%g", k->type == RC_KEY_INT ? 2 : k->most / 2);
    snprintf(line, sizeof line, "input | %s 4 %s%s | dense", c->name, k->name, value);
    bool does = rc_net_new(r, &net, line, "softmax", &f) >= 0;
    rc_net_free(net);
    return does;
}

/* Of a key that not all cells have: those that do. */
static json_t *cell_keys(recur *r, const rc_key_row *k, int n)
{
    json_t *out = keys_of(k, n);
    for (int i = 0; i < n; i++) {
        json_t *of = json_array();
        size_t all = 0;
        for (; rc_cells[all]; all++)
            if (!*k[i].name || takes(r, rc_cells[all], &k[i]))
                json_array_append_new(of, json_string(rc_cells[all]->name));
        if (json_array_size(of) < all)
            json_object_set(json_array_get(out, (size_t)i), "of", of);
        json_decref(of);
    }
    return out;
}

int recur_net_words(recur *r, char **json)
{
    if (!r || !json)
        return RECUR_EOPTION;
    json_t *layers = json_array(), *cells = json_array(), *heads = json_array(), *acts = json_array(), *keys = NULL;
    *json = NULL;
    for (int i = 0; rc_layer_kinds[i]; i++) {
        const rc_layer_kind *k = rc_layer_kinds[i];
        if (k->word)
            keys = cell_keys(r, k->keys, k->nkeys);      /* the layer whose words are the cells */
        else
            json_array_append_new(layers, entry(k->name, k->formula, k->keys, k->nkeys));
    }
    for (int i = 0; rc_cells[i]; i++)
        json_array_append_new(cells, json_pack("{s:s, s:s}", "name", rc_cells[i]->name, "formula", rc_cells[i]->formula));
    for (int i = 0; rc_head_kinds[i]; i++) {
        const rc_head_kind *k = rc_head_kinds[i];
        json_array_append_new(heads, entry(k->name, k->formula, k->keys, k->nkeys));
    }
    for (int i = 0; rc_act_at(i); i++)
        json_array_append_new(acts, json_pack("{s:s, s:s}", "name", rc_act_at(i)->name, "formula", rc_act_at(i)->formula));
    r->message[0] = 0;                                             /* of the nets that could not be built */
    return rc_text_of(r, json_pack("{s:o, s:o, s:o, s:o, s:o}", "layers", layers, "cells", cells, "cell_keys", keys, "heads",
                                   heads, "activations", acts), json);
}
