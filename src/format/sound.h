/* SPDX-License-Identifier: MIT
 * sound.h - sound files -> samples -> features: sound.c reads files, resample.c changes the rate, front.c makes a
 * sequence of feature rows of the samples. */
#ifndef RC_SOUND_H
#define RC_SOUND_H
#include "base/base.h"

typedef struct { float *x; size_t n; int rate; } rc_sound;       /* one channel, full scale is -1 .. 1 */
enum { RC_RATE_LEAST = 1000, RC_RATE_MOST = 384000 };            /* samples a second */
const char *rc_sound_library(void);                              /* "libsndfile-1.2.0"; NULL: this build reads no sound */
/* WAV, FLAC, OGG and what else the library knows; several channels become their mean.  EIO: no such file; EDATA: no
 * sound, or a damaged one. */
int rc_sound_read(recur *r, const char *path, rc_sound *out);
int rc_sound_parse(recur *r, const char *path, const void *bytes, size_t n, rc_sound *out);      /* path: for messages */
void rc_sound_free(recur *r, rc_sound *s);
/* Another rate by band-limited interpolation (Smith 1984), the sound as long as before: equations (F1), (F2). */
int rc_sound_resample(recur *r, rc_sound *s, int rate);

/* The front end, written in one line, and printed back with everything that it leaves open filled in:
 *   logmel 40 | mfcc 13   rate=16000 window=25 hop=10 low=20 high=8000 mels=40 scale=htk emphasis=0 floor=1e-06
 *                         delta=0 stack=1 norm=utterance
 * rate 0 becomes `otherwise`.  EOPTION says which key is wrong.  One front end belongs to one thread at a time. */
typedef struct rc_front rc_front;
int rc_front_new(recur *r, rc_front **out, const char *line, int otherwise);
void rc_front_free(rc_front *f);
const char *rc_front_line(const rc_front *f);                    /* canonical */
int rc_front_rate(const rc_front *f);
int rc_front_width(const rc_front *f);                           /* features of a row */
int rc_front_rows(const rc_front *f, size_t samples);            /* rows that so many samples give: at least 1 */
double rc_front_seconds(const rc_front *f);                      /* from one row to the next */
int rc_front_run(rc_front *f, const float *x, size_t n, float *out /* [rows][width] */);
/* Piece by piece: a row needs rc_front_reach samples and the next begins rc_front_step later.  Only where a row does
 * not hang on later ones: no deltas, no norm=utterance (rc_front_streams). */
bool rc_front_streams(const rc_front *f);
size_t rc_front_reach(const rc_front *f);
size_t rc_front_step(const rc_front *f);
bool rc_front_partial(const rc_front *f, size_t left);          /* so few samples at the end still make a row */
#endif
