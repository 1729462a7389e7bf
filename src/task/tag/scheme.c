/* SPDX-License-Identifier: MIT
 * scheme.c - how entities are written as tags of words, and which tag may follow which.
 *
 *            in       New      York     City     .
 *   IOB1     O        I-LOC    I-LOC    I-LOC    O       B only where two entities of a type touch
 *   IOB2     O        B-LOC    I-LOC    I-LOC    O
 *   BIOES    O        B-LOC    I-LOC    E-LOC    O       S: an entity of one word
 *
 * Words that are found in signs are entities without a type: B I E S alone. */
#include "task/tag/tag.h"

static const rc_scheme schemes[] = { { "iob2", "BIIB" }, { "bioes", "BIES" } };

const rc_scheme *rc_scheme_find(const char *name)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (name != NULL && strcmp(schemes[i].name, name) == 0)
            return &schemes[i];
    return NULL;
}

int rc_scheme_write(const rc_scheme *s, const rc_entity_kinds *k, const int32_t *tag, int n, rc_entity *work, char *part)
{
    int count = rc_entities_of(k, tag, n, work);
    memset(part, 0, (size_t)n);
    for (int e = 0; e < count; e++)
        for (int i = work[e].from; i < work[e].to; i++) {
            bool first = i == work[e].from, last = i == work[e].to - 1;
            part[i] = s->parts[first && last ? 3 : first ? 0 : last ? 2 : 1];
        }
    return count;
}

typedef struct { char part; const char *type; size_t n; } piece;      /* part O: outside, or no word at all */

static piece piece_of(const rc_vocab *labels, int i)
{
    size_t n;
    const char *s = rc_vocab_str(labels, RC_FIRST + i, &n);
    bool known = n > 0 && strchr("BIES", s[0]) != NULL && (n == 1 || s[1] == '-');
    return known ? (piece){ s[0], n > 2 ? s + 2 : "", n > 2 ? n - 2 : 0 } : (piece){ 'O', "", 0 };
}

/* An I or E goes on with what a B or I of its type began; in BIOES such a beginning must be gone on with. */
static bool may(piece a, piece b, bool closed)
{
    bool open = a.part == 'B' || a.part == 'I', on = b.part == 'I' || b.part == 'E';
    bool same = a.n == b.n && memcmp(a.type, b.type, a.n) == 0;
    if (on)
        return open && same;
    return !(open && closed);
}

int rc_tag_forbid(recur *r, const rc_vocab *labels, const json_t *form, uint8_t **out)
{
    const piece outside = { 'O', "", 0 };
    int C = rc_vocab_size(labels) - RC_FIRST;
    const rc_scheme *s = rc_scheme_find(json_string_value(json_object_get(form, "scheme")));
    *out = NULL;
    if (s == NULL)
        return RECUR_OK;
    size_t w = (size_t)C + 1;
    if ((*out = rc_new(r, w * w, 1)) == NULL)
        return RECUR_ENOMEM;
    for (int i = 0; i <= C; i++)
        for (int j = 0; j <= C; j++) {
            piece a = i < C ? piece_of(labels, i) : outside, b = j < C ? piece_of(labels, j) : outside;
            (*out)[(size_t)i * w + (size_t)j] = !may(a, b, s->parts[3] == 'S');
        }
    return RECUR_OK;
}

const char *rc_tag_name(const recur_data *d, int32_t tag, size_t *n)
{
    if (tag < d->classes || d->unseen == NULL)
        return rc_vocab_str(d->labels, RC_FIRST + tag, n);
    return rc_vocab_str(d->unseen, RC_FIRST + tag - d->classes, n);
}

size_t rc_tag_told(const recur_model *m, int32_t tag, char *out, size_t n)
{
    size_t length;
    const json_t *form = json_object_get(m->card, "form");
    const char *s = rc_vocab_str(m->labels, RC_FIRST + tag, &length);
    const rc_scheme *scheme = rc_tag_segments(form) ? NULL : rc_scheme_find(json_string_value(json_object_get(form, "scheme")));
    length = length < n ? length : n - 1;
    memcpy(out, s, length);
    out[length] = 0;
    if (scheme != NULL && (out[0] == 'E' || out[0] == 'S'))
        out[0] = out[0] == 'E' ? 'I' : 'B';
    return length;
}
