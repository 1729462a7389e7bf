/* SPDX-License-Identifier: MIT
 * transcribe.c - recur_transcribe and its longer form, and sound as it comes. */
#include <math.h>

#include "api/api.h"
#include "format/sound.h"

struct recur_hearing { recur *r; rc_hearing *h; };

const char *recur_sound_library(void)
{
    return rc_sound_library();
}

int recur_transcribe_sound(recur *r, const recur_model *m, const recur_sound *sound, const recur_model *lm,
                           const recur_transcribe_options *o, char **json)
{
    if (!r || !json)
        return RECUR_EOPTION;
    *json = NULL;
    RC_NEED(r, m && sound && (sound->path || (sound->x && sound->samples > 0)), RECUR_EOPTION,
            "recur_transcribe_sound: a model and a sound are needed");
    RC_NEED(r, sound->path || (sound->rate >= RC_RATE_LEAST && sound->rate <= RC_RATE_MOST), RECUR_EOPTION,
            "recur_transcribe_sound: %d samples a second; %d to %d are read", sound->rate, RC_RATE_LEAST, RC_RATE_MOST);
    for (size_t i = 0; !sound->path && i < sound->samples; i++)
        RC_NEED(r, isfinite(sound->x[i]), RECUR_EDATA, "recur_transcribe_sound: sample %zu is no finite number", i);
    const recur_transcribe_options plain = recur_transcribe_defaults();
    json_t *answer;
    int e = rc_transcribe(r, m, sound, lm, o ? o : &plain, &answer);
    return e < 0 ? e : rc_text_of(r, answer, json);
}

int recur_transcribe(recur *r, const recur_model *m, const char *path, char **text)
{
    if (!r || !text)
        return RECUR_EOPTION;
    *text = NULL;
    RC_NEED(r, m && path, RECUR_EOPTION, "recur_transcribe: a model and a file are needed");
    const recur_transcribe_options plain = recur_transcribe_defaults();
    json_t *answer;
    int e = rc_transcribe(r, m, &(recur_sound){ .path = path }, NULL, &plain, &answer);
    if (e < 0)
        return e;
    *text = rc_copy(r, json_string_value(json_object_get(answer, "text")));
    json_decref(answer);
    return *text ? RECUR_OK : RECUR_ENOMEM;
}

int recur_hear_open(recur *r, recur_hearing **out, const recur_model *m, recur_emit *emit, void *ud)
{
    if (!r || !out)
        return RECUR_EOPTION;
    *out = NULL;
    RC_NEED(r, m && emit, RECUR_EOPTION, "recur_hear_open: a model and a function that takes the text are needed");
    recur_hearing *h = rc_new(r, 1, sizeof *h);
    if (!h)
        return RECUR_ENOMEM;
    h->r = r;
    int e = rc_hear_open(r, &h->h, m, emit, ud);
    if (e < 0)
        rc_free(r, h);
    else
        *out = h;
    return e;
}

int recur_hear_rate(const recur_hearing *h)
{
    return h ? rc_hear_rate(h->h) : 0;
}

int recur_hear_end(recur_hearing *h)
{
    return h ? rc_hear_end(h->h) : RECUR_EOPTION;
}

int recur_hear(recur_hearing *h, const float *x, size_t samples)
{
    if (!h)
        return RECUR_EOPTION;
    RC_NEED(h->r, x || samples == 0, RECUR_EOPTION, "recur_hear: no samples are given");
    for (size_t i = 0; i < samples; i++)
        RC_NEED(h->r, isfinite(x[i]), RECUR_EDATA, "recur_hear: sample %zu is no finite number", i);
    return rc_hear(h->h, x, samples);
}

void recur_hear_close(recur_hearing *h)
{
    if (!h)
        return;
    rc_hear_close(h->h);
    rc_free(h->r, h);
}
