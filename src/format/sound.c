/* SPDX-License-Identifier: MIT
 * sound.c - sound files through libsndfile, from memory: files are read by base/file.c like all others. */
#include <math.h>
#include <stdlib.h>

#include "format/sound.h"

#ifdef RC_SNDFILE
#include <sndfile.h>

enum { PIECE = 4096, CHANNELS = 64 };    /* samples read at once; most channels */
static const size_t longest = (size_t)1 << 29;       /* samples: nine hours at 16 kHz */

const char *rc_sound_library(void) { return sf_version_string(); }

typedef struct { const char *s; sf_count_t n, at; } memory;

static sf_count_t length(void *ud) { return ((memory *)ud)->n; }
static sf_count_t tell(void *ud) { return ((memory *)ud)->at; }

static sf_count_t seek(sf_count_t offset, int whence, void *ud)
{
    memory *m = ud;
    sf_count_t at = offset + (whence == SEEK_CUR ? m->at : whence == SEEK_END ? m->n : 0);
    m->at = at < 0 ? 0 : at > m->n ? m->n : at;
    return m->at;
}

static sf_count_t get(void *to, sf_count_t n, void *ud)
{
    memory *m = ud;
    n = n < m->n - m->at ? n : m->n - m->at;
    if (n > 0)
        memcpy(to, m->s + m->at, (size_t)n);
    m->at += n > 0 ? n : 0;
    return n > 0 ? n : 0;
}

static sf_count_t put(const void *from, sf_count_t n, void *ud)
{
    (void)from, (void)n, (void)ud;
    return 0;
}

/* One more sample of s, the mean of the channels. */
static int mix(recur *r, const char *path, rc_sound *s, size_t *cap, const float *x, int channels)
{
    double sum = 0;
    for (int c = 0; c < channels; c++)
        sum += (double)x[c];
    if (!isfinite(sum))
        return rc_fail(r, RECUR_EDATA, "%s: sample %zu is no finite number", path, s->n + 1);
    if (s->n == *cap) {
        size_t want = *cap ? *cap * 2 : 1 << 14;
        float *wide = rc_grow(r, s->x, *cap, want, sizeof *wide);
        if (wide == NULL)
            return RECUR_ENOMEM;
        s->x = wide;
        *cap = want;
    }
    s->x[s->n++] = (float)(sum / channels);
    return RECUR_OK;
}

static int read_all(recur *r, const char *path, SNDFILE *f, const SF_INFO *info, rc_sound *s)
{
    int C = info->channels, e = RECUR_OK;
    size_t cap = 0;
    sf_count_t got = 1;
    float *piece = rc_new(r, PIECE, (size_t)C * sizeof *piece);
    if (piece == NULL)
        return RECUR_ENOMEM;
    while (e == RECUR_OK && (got = sf_readf_float(f, piece, PIECE)) > 0) {
        for (sf_count_t i = 0; i < got && e == RECUR_OK; i++)
            e = mix(r, path, s, &cap, piece + i * C, C);
        if (s->n > longest)
            e = rc_fail(r, RECUR_EDATA, "%s: longer than %zu samples: cut it into utterances", path, longest);
    }
    rc_free(r, piece);
    if (e == RECUR_OK && s->n == 0)
        e = rc_fail(r, RECUR_EDATA, "%s: a sound without a sample%s%s", path, sf_error(f) ? ": " : "",
                    sf_error(f) ? sf_strerror(f) : "");
    return e;
}

int rc_sound_parse(recur *r, const char *path, const void *bytes, size_t n, rc_sound *out)
{
    SF_VIRTUAL_IO io = { length, seek, get, put, tell };
    SF_INFO info = { 0 };
    memory m = { bytes, (sf_count_t)n, 0 };
    int e;
    *out = (rc_sound){ 0 };
    SNDFILE *f = n > 0 ? sf_open_virtual(&io, SFM_READ, &info, &m) : NULL;
    if (f == NULL)
        return rc_fail(r, RECUR_EDATA, "%s: no sound that can be read (WAV, FLAC, OGG): %s", path,
                       rc_speak(r, n > 0 ? sf_strerror(NULL) : "the file is empty"));
    if (info.channels < 1 || info.channels > CHANNELS || info.samplerate < RC_RATE_LEAST
        || info.samplerate > RC_RATE_MOST)
        e = rc_fail(r, RECUR_EDATA, "%s: %d channels at %d samples a second; 1 to %d channels at %d to %d are read",
                    path, info.channels, info.samplerate, CHANNELS, RC_RATE_LEAST, RC_RATE_MOST);
    else
        e = read_all(r, path, f, &info, out);
    out->rate = info.samplerate;
    sf_close(f);
    if (e != RECUR_OK)
        rc_sound_free(r, out);
    return e;
}
#else
const char *rc_sound_library(void) { return NULL; }

int rc_sound_parse(recur *r, const char *path, const void *bytes, size_t n, rc_sound *out)
{
    (void)bytes, (void)n;
    *out = (rc_sound){ 0 };
    return rc_fail(r, RECUR_EDATA, "%s: this build reads no sound: build it with libsndfile (libsndfile1-dev)", path);
}
#endif

int rc_sound_read(recur *r, const char *path, rc_sound *out)
{
    rc_buf b;
    *out = (rc_sound){ 0 };
    rc_buf_init(&b, r, (size_t)1 << 32);
    int e = rc_file_read(r, path, &b);
    if (e == RECUR_OK)
        e = rc_sound_parse(r, path, b.s, b.n, out);
    rc_buf_free(&b);
    return e;
}

void rc_sound_free(recur *r, rc_sound *s)
{
    rc_free(r, s->x);
    *s = (rc_sound){ 0 };
}
