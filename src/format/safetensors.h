/* SPDX-License-Identifier: MIT
 * safetensors.h - what reader and writer of the native file share. */
#ifndef RC_SAFETENSORS_H
#define RC_SAFETENSORS_H
#include "format/format.h"

#define RC_HEADER_MOST 100000000             /* bytes of JSON, as the format's own reader */
#define RC_META "__metadata__"
#define RC_SUM "xxh3"                        /* its key in the metadata; the value begins so too */
enum { RC_SUM_SIZE = 32 };

extern const char *const rc_dtype_name[RC_I8 + 1];

/* The checksum of what a store means: names, types, shapes, data and texts, in whatever order they stand.  So a change
 * of any of them is noticed, and a file that another program wrote anew without changing it stays good. */
int rc_store_sum(const rc_store *s, char out[RC_SUM_SIZE]);
#endif
