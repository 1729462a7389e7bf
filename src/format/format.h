/* SPDX-License-Identifier: MIT
 * format: files of named tensors and texts.  Knows nothing of nets: a store goes in, a store comes out. */
#ifndef RC_FORMAT_H
#define RC_FORMAT_H
#include "base/base.h"

enum rc_dtype { RC_F32, RC_F64, RC_F16, RC_BF16, RC_I64, RC_I32, RC_U8, RC_I8 };
size_t rc_dtype_size(int dtype);

typedef struct {
    char *name;
    int dtype, rank;
    int64_t dim[8];
    size_t n;                    /* elements */
    const void *data;            /* borrowed while writing; inside the store's block after reading, 64-byte aligned */
    bool used;                   /* set by rc_store_find: what stays false was left over */
} rc_tensor;

typedef struct {
    recur *r;
    rc_tensor *tensor; int tensors;
    char **key, **value; int texts;      /* __metadata__ */
    char *block;                         /* the data after reading: each tensor 64-byte aligned */
    void **kept; int keeps;              /* blocks that the store frees */
} rc_store;
void rc_store_init(rc_store *s, recur *r);
void rc_store_free(rc_store *s);
int rc_store_add(rc_store *s, const char *name, int dtype, int rank, const int64_t *dim, const void *data);  /* data borrowed */
int rc_store_text(rc_store *s, const char *key, const char *value);                                          /* copied */
rc_tensor *rc_store_find(rc_store *s, const char *name);     /* NULL: absent; marks it used */
int rc_store_keep(rc_store *s, void *block);                 /* from rc_new: freed with the store, at once on failure */
const char *rc_store_get(const rc_store *s, const char *key);
const char *rc_store_left(const rc_store *s);                /* name of the first tensor nobody asked for, or NULL */

/* safetensors.c: the native file.  Every check of the format's reference reader; each failure is RECUR_EFORMAT
 * with path, tensor and reason.  Offsets tile the data with no hole; an XXH3 of the data stands in the metadata
 * ("xxh3") when we wrote it and is verified when present. */
int rc_safetensors_write(recur *r, const char *path, const rc_store *s);     /* atomic */
int rc_safetensors_read(recur *r, const char *path, rc_store *out);
int rc_safetensors_parse(recur *r, const char *path, const void *bytes, size_t n, rc_store *out);  /* path for messages only; copies */

/* vectors.c: word vectors in GloVe, word2vec and fastText text form */
int rc_vectors_read(recur *r, const char *path, const rc_map *want, int *dim, float **out, int64_t *found);
    /* rows for the words of `want` (value = row): *out [count][dim], absent rows NAN; caller frees; bad lines EDATA with file:line */

/* events.c: TensorBoard event files; recur.h has the calls */
#endif
