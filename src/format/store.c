/* SPDX-License-Identifier: MIT
 * store.c - named tensors and texts in memory. */
#include "format/format.h"

static const size_t sizes[] = { [RC_F32] = 4, [RC_F64] = 8, [RC_F16] = 2, [RC_BF16] = 2,
                                [RC_I64] = 8, [RC_I32] = 4, [RC_U8] = 1, [RC_I8] = 1 };

size_t rc_dtype_size(int dtype)
{
    return dtype >= 0 && (size_t)dtype < sizeof sizes / sizeof *sizes ? sizes[dtype] : 0;
}

void rc_store_init(rc_store *s, recur *r)
{
    *s = (rc_store){ .r = r };
}

void rc_store_free(rc_store *s)
{
    for (int i = 0; i < s->tensors; i++)
        rc_free(s->r, s->tensor[i].name);
    for (int i = 0; i < s->texts; i++) {
        rc_free(s->r, s->key[i]);
        rc_free(s->r, s->value[i]);
    }
    for (int i = 0; i < s->keeps; i++)
        rc_free(s->r, s->kept[i]);
    rc_free(s->r, s->kept);
    rc_free(s->r, s->tensor);
    rc_free(s->r, s->key);
    rc_free(s->r, s->value);
    rc_free(s->r, s->block);
    rc_store_init(s, s->r);
}

/* Lists are full at 0, 8, 16, 32, ... entries: no field need remember their room. */
static int room(recur *r, void *list, int count, size_t size)
{
    if (count != 0 && (count < 8 || (count & (count - 1)) != 0))
        return RECUR_OK;
    if (count > INT32_MAX / 2)
        return rc_fail(r, RECUR_EFORMAT, "more than %d tensors or texts", count);
    void *old, *p;
    memcpy(&old, list, sizeof old);
    p = rc_grow(r, old, (size_t)count, count ? 2 * (size_t)count : 8, size);
    if (!p)
        return RECUR_ENOMEM;
    memcpy(list, &p, sizeof p);
    return RECUR_OK;
}

int rc_store_add(rc_store *s, const char *name, int dtype, int rank, const int64_t *dim, const void *data)
{
    rc_tensor t = { .dtype = dtype, .rank = rank, .data = data };
    size_t bytes, n = 1;
    if (!rc_dtype_size(dtype) || rank < 0 || rank > 8)
        return rc_fail(s->r, RECUR_EFORMAT, "tensor \"%.99s\": rank %d or type %d cannot be stored", name, rank,
                       dtype);
    for (int i = 0; i < rank; i++) {
        t.dim[i] = dim[i];
        if (dim[i] < 0 || !rc_mul(n, (size_t)dim[i], &n) || n > INT64_MAX)
            return rc_fail(s->r, RECUR_EFORMAT, "tensor \"%.99s\": impossible shape", name);
    }
    if (!rc_mul(n, rc_dtype_size(dtype), &bytes) || bytes > INT64_MAX)
        return rc_fail(s->r, RECUR_EFORMAT, "tensor \"%.99s\": impossible size", name);
    t.n = n;
    int e = room(s->r, &s->tensor, s->tensors, sizeof *s->tensor);
    if (!e && !(t.name = rc_copy(s->r, name)))
        e = RECUR_ENOMEM;
    if (!e)
        s->tensor[s->tensors++] = t;
    return e;
}

int rc_store_text(rc_store *s, const char *key, const char *value)
{
    int e = room(s->r, &s->key, s->texts, sizeof *s->key);
    if (!e)
        e = room(s->r, &s->value, s->texts, sizeof *s->value);
    if (e)
        return e;
    char *k = rc_copy(s->r, key), *v = rc_copy(s->r, value);
    if (!k || !v) {
        rc_free(s->r, k);
        rc_free(s->r, v);
        return RECUR_ENOMEM;
    }
    s->key[s->texts] = k;
    s->value[s->texts++] = v;
    return RECUR_OK;
}

int rc_store_keep(rc_store *s, void *block)
{
    int e = room(s->r, &s->kept, s->keeps, sizeof *s->kept);
    if (e)
        rc_free(s->r, block);
    else
        s->kept[s->keeps++] = block;
    return e;
}

rc_tensor *rc_store_find(rc_store *s, const char *name)
{
    for (int i = 0; i < s->tensors; i++)
        if (strcmp(s->tensor[i].name, name) == 0) {
            s->tensor[i].used = true;
            return &s->tensor[i];
        }
    return NULL;
}

const char *rc_store_get(const rc_store *s, const char *key)
{
    for (int i = 0; i < s->texts; i++)
        if (strcmp(s->key[i], key) == 0)
            return s->value[i];
    return NULL;
}

const char *rc_store_left(const rc_store *s)
{
    for (int i = 0; i < s->tensors; i++)
        if (!s->tensor[i].used)
            return s->tensor[i].name;
    return NULL;
}
