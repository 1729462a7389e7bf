/* SPDX-License-Identifier: MIT
 * safetensors_write.c - the native file, outwards: header length (u64), JSON padded with blanks to a multiple of 8,
 * data by falling alignment, then by name, so that every tensor is aligned to its type. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "format/safetensors.h"

const char *const rc_dtype_name[RC_I8 + 1] = { [RC_F32] = "F32", [RC_F64] = "F64", [RC_F16] = "F16", [RC_BF16] = "BF16",
                                               [RC_I64] = "I64", [RC_I32] = "I32", [RC_U8] = "U8", [RC_I8] = "I8" };

static size_t bytes_of(const rc_tensor *t)
{
    return t->n * rc_dtype_size(t->dtype);
}

/* --- order --- */
static int by_name(const void *a, const void *b)
{
    return strcmp((*(const rc_tensor *const *)a)->name, (*(const rc_tensor *const *)b)->name);
}

static int by_alignment(const void *a, const void *b)
{
    const rc_tensor *const *p = a, *const *q = b;
    size_t x = rc_dtype_size((*p)->dtype), y = rc_dtype_size((*q)->dtype);
    return x != y ? (x < y) - (x > y) : by_name(a, b);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(**(char **const *)a, **(char **const *)b);
}

/* Pointers to the tensors, or to the keys, in an order; *out is freed by the caller. */
static int sorted_tensors(const rc_store *s, int (*order)(const void *, const void *), const rc_tensor ***out)
{
    const rc_tensor **t = *out = rc_new(s->r, (size_t)s->tensors, sizeof *t);
    if (!t)
        return RECUR_ENOMEM;
    for (int i = 0; i < s->tensors; i++)
        t[i] = &s->tensor[i];
    if (s->tensors)
        qsort(t, (size_t)s->tensors, sizeof *t, order);
    return RECUR_OK;
}

static int sorted_keys(const rc_store *s, char ***(*out))
{
    char ***k = *out = rc_new(s->r, (size_t)s->texts, sizeof *k);
    if (!k)
        return RECUR_ENOMEM;
    for (int i = 0; i < s->texts; i++)
        k[i] = &s->key[i];
    if (s->texts)
        qsort(k, (size_t)s->texts, sizeof *k, by_text);
    return RECUR_OK;
}

int rc_store_sum(const rc_store *s, char out[RC_SUM_SIZE])
{
    rc_buf b;
    const rc_tensor **t = NULL;
    char ***key = NULL;
    rc_buf_init(&b, s->r, SIZE_MAX / 4);
    int e = sorted_tensors(s, by_name, &t);
    if (!e)
        e = sorted_keys(s, &key);
    for (int i = 0; i < s->texts && !e; i++) {
        const char *value = s->value[key[i] - s->key];
        rc_buf_add(&b, *key[i], strlen(*key[i]) + 1);
        e = rc_buf_add(&b, value, strlen(value) + 1);
    }
    for (int i = 0; i < s->tensors && !e; i++) {
        rc_buf_add(&b, t[i]->name, strlen(t[i]->name) + 1);
        rc_buf_print(&b, "%s", rc_dtype_name[t[i]->dtype]);
        for (int k = 0; k < t[i]->rank; k++)
            rc_buf_print(&b, " %" PRId64, t[i]->dim[k]);
        e = rc_buf_print(&b, "=%016" PRIx64 "\n", rc_hash(t[i]->n ? t[i]->data : "", bytes_of(t[i])));
    }
    if (!e)
        snprintf(out, RC_SUM_SIZE, RC_SUM ":%016" PRIx64, rc_hash(b.n ? b.s : "", b.n));
    rc_free(s->r, key);
    rc_free(s->r, t);
    rc_buf_free(&b);
    return e;
}

/* --- header --- */
static int add_string(rc_buf *b, const char *path, const char *s)
{
    size_t n = strlen(s), bad;
    if (!rc_utf8_valid(s, n, &bad))
        return b->error = rc_fail(b->r, RECUR_EFORMAT, "%s: cannot write \"%.40s\": byte %zu is not UTF-8", path, s, bad);
    rc_buf_add(b, "\"", 1);
    for (const char *run = s;; s++)
        if (*s == '"' || *s == '\\' || (unsigned char)*s < ' ') {
            rc_buf_add(b, run, (size_t)(s - run));
            run = s + 1;
            if (!*s)
                break;
            if (*s == '"' || *s == '\\')
                rc_buf_print(b, "\\%c", *s);
            else
                rc_buf_print(b, "\\u%04x", (unsigned)*s);
        }
    return rc_buf_add(b, "\"", 1);
}

static int add_texts(rc_buf *b, const char *path, const rc_store *s)
{
    char sum[RC_SUM_SIZE];
    int e = rc_store_sum(s, sum);
    if (e)
        return e;
    rc_buf_print(b, "\"" RC_META "\":{\"" RC_SUM "\":\"%s\"", sum);
    for (int i = 0; i < s->texts; i++) {
        rc_buf_add(b, ",", 1);
        add_string(b, path, s->key[i]);
        rc_buf_add(b, ":", 1);
        add_string(b, path, s->value[i]);
    }
    return rc_buf_add(b, "}", 1);
}

static int add_tensor(rc_buf *b, const char *path, const rc_tensor *t, size_t *at)
{
    rc_buf_add(b, ",", 1);
    add_string(b, path, t->name);
    rc_buf_print(b, ":{\"dtype\":\"%s\",\"shape\":[", rc_dtype_name[t->dtype]);
    for (int i = 0; i < t->rank; i++)
        rc_buf_print(b, "%s%" PRId64, i ? "," : "", t->dim[i]);
    size_t begin = *at;
    *at += bytes_of(t);
    return rc_buf_print(b, "],\"data_offsets\":[%zu,%zu]}", begin, *at);
}

/* Our own files may not hold what the reader rejects. */
static int check(recur *r, const char *path, const rc_store *s, const rc_tensor **named)
{
    for (int i = 0; i < s->tensors; i++)
        if (strcmp(named[i]->name, RC_META) == 0 || (i && strcmp(named[i]->name, named[i - 1]->name) == 0))
            return rc_fail(r, RECUR_EFORMAT, "%s: tensor \"%.99s\" cannot be written: a name that is taken", path,
                           named[i]->name);
    for (int i = 0; i < s->texts; i++)
        if (strcmp(s->key[i], RC_SUM) == 0 || rc_store_get(s, s->key[i]) != s->value[i])
            return rc_fail(r, RECUR_EFORMAT, "%s: text \"%s\" cannot be written: a key that is taken", path,
                           s->key[i]);
    return RECUR_OK;
}

static int header(const char *path, const rc_store *s, const rc_tensor **t, rc_buf *b)
{
    size_t at = 0;
    rc_buf_add(b, "{", 1);
    int e = add_texts(b, path, s);
    for (int i = 0; i < s->tensors && !e; i++)
        e = add_tensor(b, path, t[i], &at);
    rc_buf_add(b, "}", 1);
    if (e || b->error)
        return e ? e : b->error;
    size_t pad = (8 - b->n % 8) % 8;
    e = rc_buf_add(b, "        ", pad);
    if (!e && b->n > RC_HEADER_MOST)
        e = rc_fail(b->r, RECUR_EFORMAT, "%s: header of %zu bytes, more than %d", path, b->n, RC_HEADER_MOST);
    return e;
}

int rc_safetensors_write(recur *r, const char *path, const rc_store *s)
{
    rc_buf b;
    rc_file *f = NULL;
    const rc_tensor **t = NULL;
    rc_buf_init(&b, r, 2 * (size_t)RC_HEADER_MOST);
    int e = sorted_tensors(s, by_name, &t);
    if (!e)
        e = check(r, path, s, t);
    if (!e) {
        if (s->tensors)
            qsort(t, (size_t)s->tensors, sizeof *t, by_alignment);
        e = header(path, s, t, &b);
    }
    if (!e)
        e = rc_file_begin(r, &f, path);
    if (e)
        goto done;
    unsigned char n[8];
    for (int i = 0; i < 8; i++)
        n[i] = (unsigned char)((uint64_t)b.n >> 8 * i);
    e = rc_file_put(f, n, sizeof n);
    if (!e)
        e = rc_file_put(f, b.s, b.n);
    for (int i = 0; i < s->tensors && !e; i++)
        if (t[i]->n)
            e = rc_file_put(f, t[i]->data, bytes_of(t[i]));
    if (e)
        rc_file_abort(f);
    else
        e = rc_file_commit(f);
done:
    rc_free(r, t);
    rc_buf_free(&b);
    return e;
}
