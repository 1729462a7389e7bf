/* SPDX-License-Identifier: MIT
 * safetensors.c - the native file, inwards.  The header becomes a table, the table is checked against the bytes that
 * are there, and only then are data looked at: nothing the header says is believed or allocated before. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "format/safetensors.h"

typedef struct {
    recur *r;
    const char *path;
    json_t *root;
    const char *data;
    size_t n;                    /* bytes of data */
    rc_store *out;
    size_t (*range)[2];          /* [tensors] begin and end of each in the data */
} reader;

#define BAD(x, ...) rc_fail((x)->r, RECUR_EFORMAT, __VA_ARGS__)

static int parse_header(reader *x, const unsigned char *bytes, size_t n)
{
    if (n < 8)
        return BAD(x, "%s: %zu bytes are too few for a safetensors file", x->path, n);
    uint64_t h = 0;
    for (int i = 0; i < 8; i++)
        h |= (uint64_t)bytes[i] << 8 * i;
    if (h > RC_HEADER_MOST)
        return BAD(x, "%s: header of %" PRIu64 " bytes, more than %d; not a safetensors file?", x->path, h,
                   RC_HEADER_MOST);
    if (h > n - 8)
        return BAD(x, "%s: header of %" PRIu64 " bytes, but only %zu follow; the file is cut short", x->path, h,
                   n - 8);
    size_t bad;
    const char *s = (const char *)bytes + 8;
    if (!rc_utf8_valid(s, h, &bad))
        return BAD(x, "%s: header is not UTF-8 at byte %zu", x->path, bad);
    json_error_t why;
    x->root = json_loadb(s, h, JSON_REJECT_DUPLICATES, &why);
    if (!x->root && json_error_code(&why) == json_error_out_of_memory)
        return rc_fail(x->r, RECUR_ENOMEM, "out of memory: header of %s", x->path);
    if (!x->root)
        return BAD(x, "%s: header is not JSON: %s (byte %d)", x->path, why.text, why.position);
    if (!json_is_object(x->root))
        return BAD(x, "%s: header is not a JSON object", x->path);
    x->data = s + h;
    x->n = n - 8 - h;
    return RECUR_OK;
}

static int dtype_of(const char *name)
{
    for (int i = 0; name && i <= RC_I8; i++)
        if (strcmp(name, rc_dtype_name[i]) == 0)
            return i;
    return -1;
}

static int read_shape(reader *x, const char *name, const json_t *shape, int64_t dim[8])
{
    if (!json_is_array(shape))
        return BAD(x, "%s: tensor \"%.99s\": shape is missing or no list", x->path, name);
    if (json_array_size(shape) > 8)
        return BAD(x, "%s: tensor \"%.99s\": rank %zu, at most 8", x->path, name, json_array_size(shape));
    for (size_t i = 0; i < json_array_size(shape); i++) {
        const json_t *d = json_array_get(shape, i);
        if (!json_is_integer(d) || json_integer_value(d) < 0)
            return BAD(x, "%s: tensor \"%.99s\": dimension %zu is no whole number from 0", x->path, name, i);
        dim[i] = json_integer_value(d);
    }
    return RECUR_OK;
}

static int read_tensor(reader *x, const char *name, const json_t *v)
{
    const json_t *type = json_object_get(v, "dtype"), *shape = json_object_get(v, "shape");
    const json_t *at = json_object_get(v, "data_offsets"), *from = json_array_get(at, 0), *to = json_array_get(at, 1);
    if (!json_is_object(v) || json_object_size(v) != 3 || !json_is_string(type))
        return BAD(x, "%s: tensor \"%.99s\": dtype, shape and data_offsets are wanted, nothing else", x->path, name);
    int64_t dim[8] = { 0 };
    int dtype = dtype_of(json_string_value(type));
    if (dtype < 0)
        return BAD(x, "%s: tensor \"%.99s\": dtype \"%.16s\" is not supported", x->path, name,
                   json_string_value(type));
    int e = read_shape(x, name, shape, dim);
    if (e)
        return e;
    if (json_array_size(at) != 2 || !json_is_integer(from) || !json_is_integer(to))
        return BAD(x, "%s: tensor \"%.99s\": data_offsets are not two whole numbers", x->path, name);
    json_int_t begin = json_integer_value(from), end = json_integer_value(to);
    if (begin < 0 || end < begin || (uint64_t)end > x->n)
        return BAD(x, "%s: tensor \"%.99s\": bytes %" PRId64 " to %" PRId64 " do not lie in the %zu bytes of data",
                   x->path, name, (int64_t)begin, (int64_t)end, x->n);
    e = rc_store_add(x->out, name, dtype, (int)json_array_size(shape), dim, NULL);
    if (e == RECUR_EFORMAT)
        return BAD(x, "%s: tensor \"%.99s\": shape overflows", x->path, name);
    if (e)
        return e;
    size_t i = (size_t)x->out->tensors - 1, bytes = x->out->tensor[i].n * rc_dtype_size(dtype);
    if (bytes != (size_t)(end - begin))
        return BAD(x, "%s: tensor \"%.99s\": its shape takes %zu bytes, its offsets %" PRId64, x->path, name, bytes,
                   (int64_t)(end - begin));
    x->range[i][0] = (size_t)begin;
    x->range[i][1] = (size_t)end;
    return RECUR_OK;
}

static int read_texts(reader *x, json_t *meta, const char **sum)
{
    if (!json_is_object(meta))
        return BAD(x, "%s: " RC_META " is not an object", x->path);
    const char *key;
    json_t *v;
    json_object_foreach(meta, key, v) {
        const char *text = json_string_value(v);
        if (!text)
            return BAD(x, "%s: metadata \"%.99s\" is not a text", x->path, key);
        if (strcmp(key, RC_SUM) == 0) {
            *sum = text;
            continue;
        }
        if (strncmp(text, RC_SUM ":", strlen(RC_SUM) + 1) == 0)
            return BAD(x, "%s: the checksum stands under \"%.99s\": damaged header", x->path, key);
        int e = rc_store_text(x->out, key, text);
        if (e)
            return e;
    }
    return RECUR_OK;
}

static int by_range(const void *a, const void *b)
{
    const size_t *x = a, *y = b;
    int first = (x[0] > y[0]) - (x[0] < y[0]);
    return first ? first : (x[1] > y[1]) - (x[1] < y[1]);
}

/* The ranges must tile the data: sorted, each begins where the one before ends. */
static int check_tiles(reader *x)
{
    size_t T = (size_t)x->out->tensors, at = 0;
    size_t (*sorted)[2] = rc_new(x->r, T, sizeof *sorted);
    if (!sorted)
        return RECUR_ENOMEM;
    int e = RECUR_OK;
    if (T) {
        memcpy(sorted, x->range, T * sizeof *sorted);
        qsort(sorted, T, sizeof *sorted, by_range);
    }
    for (size_t i = 0; i < T && !e; at = sorted[i++][1])
        if (sorted[i][0] != at)
            e = BAD(x, "%s: %s at byte %zu of the data", x->path, sorted[i][0] > at ? "no tensor" : "two tensors",
                    sorted[i][0] > at ? at : sorted[i][0]);
    if (!e && at != x->n)
        e = BAD(x, "%s: %zu bytes of data after the last tensor", x->path, x->n - at);
    rc_free(x->r, sorted);
    return e;
}

/* Every tensor starts on a vector's boundary in a block of our own, wherever it lay in the file. */
static int copy_data(reader *x)
{
    rc_store *s = x->out;
    rc_arena a = { NULL, 0 };
    for (int i = 0; i < s->tensors; i++)
        (void)rc_take(&a, s->tensor[i].n, rc_dtype_size(s->tensor[i].dtype));
    s->block = rc_new(x->r, a.used, 1);
    if (!s->block)
        return RECUR_ENOMEM;
    a = (rc_arena){ s->block, 0 };
    for (int i = 0; i < s->tensors; i++) {
        rc_tensor *t = &s->tensor[i];
        void *to = rc_take(&a, t->n, rc_dtype_size(t->dtype));
        if (t->n)
            memcpy(to, x->data + x->range[i][0], x->range[i][1] - x->range[i][0]);
        t->data = to;
    }
    return RECUR_OK;
}

static int check_sum(reader *x, const char *wanted)
{
    char sum[RC_SUM_SIZE];
    int e = rc_store_sum(x->out, sum);
    if (!e && strcmp(sum, wanted) != 0)
        e = BAD(x, "%s: checksum differs (%.24s, computed %s): the file is damaged", x->path, wanted, sum);
    return e;
}

static int read_root(reader *x)
{
    const char *key, *sum = NULL;
    json_t *v;
    int e = RECUR_OK;
    x->range = rc_new(x->r, json_object_size(x->root), sizeof *x->range);
    if (!x->range)
        return RECUR_ENOMEM;
    json_object_foreach(x->root, key, v) {
        e = strcmp(key, RC_META) == 0 ? read_texts(x, v, &sum) : read_tensor(x, key, v);
        if (e)
            return e;
    }
    e = check_tiles(x);
    if (!e)
        e = copy_data(x);
    return !e && sum ? check_sum(x, sum) : e;
}

int rc_safetensors_parse(recur *r, const char *path, const void *bytes, size_t n, rc_store *out)
{
    reader x = { .r = r, .path = path, .out = out };
    rc_store_init(out, r);
    int e = parse_header(&x, bytes, n);
    if (!e)
        e = read_root(&x);
    json_decref(x.root);
    rc_free(r, x.range);
    if (e)
        rc_store_free(out);
    return e;
}

int rc_safetensors_read(recur *r, const char *path, rc_store *out)
{
    rc_buf b;
    rc_buf_init(&b, r, SIZE_MAX / 4);
    rc_store_init(out, r);
    int e = rc_file_read(r, path, &b);
    if (!e)
        e = rc_safetensors_parse(r, path, b.n ? b.s : "", b.n, out);
    else if (e == RECUR_EDATA)
        e = RECUR_EFORMAT;                               /* a damaged gzip is a damaged model */
    rc_buf_free(&b);
    return e;
}
