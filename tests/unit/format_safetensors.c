/* SPDX-License-Identifier: MIT
 * The native file: what is written comes back, other readers read it, and what is damaged is refused in one line. */
#include "test.h"

#include "format/format.h"

static test_memory memory;

/* A file from a header and so many bytes of data; freed with free. */
static char *file_of(const char *header, size_t h, size_t data, size_t *n)
{
    *n = 8 + h + data;
    char *s = calloc(1, *n + 1);
    for (int i = 0; i < 8; i++)
        s[i] = (char)((uint64_t)h >> 8 * i);
    memcpy(s + 8, header, h);
    for (size_t i = 0; i < data; i++)
        s[8 + h + i] = (char)i;
    return s;
}

static int parse(recur *r, const char *header, size_t data, rc_store *out)
{
    size_t n;
    char *s = file_of(header, strlen(header), data, &n);
    int e = rc_safetensors_parse(r, "model.x", s, n, out);
    free(s);
    return e;
}

/* --- what we write --- */
static const float weights[6] = { 0, 1, -2.5f, 3e38f, 1e-45f, -0.f };
static const int64_t counts[2] = { INT64_MIN, INT64_MAX };
static const unsigned char bytes[5] = "a\0b\xff";
static const double scalar = 3.25;

static void fill(rc_store *s, recur *r)
{
    rc_store_init(s, r);
    assert_int_equal(rc_store_add(s, "z.bytes", RC_U8, 1, (int64_t[]){ 5 }, bytes), 0);
    assert_int_equal(rc_store_add(s, "b.weights", RC_F32, 2, (int64_t[]){ 2, 3 }, weights), 0);
    assert_int_equal(rc_store_add(s, "\xE5\xAD\x97 \"quoted\\\n", RC_I64, 1, (int64_t[]){ 2 }, counts), 0);
    assert_int_equal(rc_store_add(s, "scalar", RC_F64, 0, NULL, &scalar), 0);
    assert_int_equal(rc_store_add(s, "empty", RC_F32, 3, (int64_t[]){ 2, 0, 5 }, NULL), 0);
    assert_int_equal(rc_store_text(s, "net", "embed 8; lstm 16"), 0);
    assert_int_equal(rc_store_text(s, "tab\t\"\x01", "line\nline \xF0\x9F\x98\x80"), 0);
}

static void check_same(const rc_store *a, rc_store *b)
{
    assert_int_equal(a->tensors, b->tensors);
    assert_int_equal(a->texts, b->texts);
    for (int i = 0; i < a->tensors; i++) {
        const rc_tensor *x = &a->tensor[i], *y = rc_store_find(b, x->name);
        assert_non_null(y);
        assert_int_equal(x->dtype, y->dtype);
        assert_int_equal(x->rank, y->rank);
        assert_memory_equal(x->dim, y->dim, sizeof x->dim);
        assert_int_equal(x->n, y->n);
        assert_int_equal((uintptr_t)y->data % RC_ALIGN, 0);
        if (x->n)
            assert_memory_equal(x->data, y->data, x->n * rc_dtype_size(x->dtype));
    }
    for (int i = 0; i < a->texts; i++)
        assert_string_equal(a->value[i], rc_store_get(b, a->key[i]));
}

static char *written(recur *r, const rc_store *s, size_t *n)
{
    test_folder f = test_folder_new();
    char path[TEST_PATH];
    assert_int_equal(rc_safetensors_write(r, test_path(&f, "m", path), s), 0);
    char *out = test_slurp(path, n);
    test_folder_free(&f);
    return out;
}

static void comes_back(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH];
    rc_store a, b;
    fill(&a, &r);
    assert_int_equal(rc_safetensors_write(&r, test_path(&f, "m", path), &a), 0);
    assert_int_equal(rc_safetensors_read(&r, path, &b), 0);
    check_same(&a, &b);
    assert_null(rc_store_left(&b));
    rc_store c;
    rc_store_init(&c, &r);
    assert_int_equal(rc_safetensors_read(&r, path, &c), 0);
    rc_store_find(&c, "scalar");
    assert_non_null(rc_store_left(&c));
    assert_null(rc_store_find(&c, "absent"));
    assert_null(rc_store_get(&c, "absent"));
    size_t n, m;
    char *first = test_slurp(path, &n), *second = written(&r, &b, &m);
    assert_int_equal(n, m);
    assert_memory_equal(first, second, n);              /* what was read is written alike */
    assert_int_equal((8 + (unsigned char)first[0] + 256 * (unsigned char)first[1]) % 8, 0);
    free(first);
    free(second);
    rc_store_free(&a);
    rc_store_free(&b);
    rc_store_free(&c);
    assert_int_equal(rc_safetensors_read(&r, "/no/such", &b), RECUR_EIO);
    test_folder_free(&f);
    assert_int_equal(memory.live, 0);
}

static void empty_store(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    rc_store s, b;
    rc_store_init(&s, &r);
    size_t n;
    char *file = written(&r, &s, &n);
    assert_int_equal(rc_safetensors_parse(&r, "m", file, n, &b), 0);
    assert_int_equal(b.tensors + b.texts, 0);
    rc_store_free(&b);
    free(file);
    assert_int_equal(memory.live, 0);
}

static void refuses_to_write(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH];
    test_path(&f, "m", path);
    for (int i = 0; i < 6; i++) {
        rc_store s;
        fill(&s, &r);
        int e = i == 0 ? rc_store_add(&s, "scalar", RC_F64, 0, NULL, &scalar)
              : i == 1 ? rc_store_add(&s, "__metadata__", RC_F64, 0, NULL, &scalar)
              : i == 2 ? rc_store_text(&s, "net", "again")
              : i == 3 ? rc_store_text(&s, "xxh3", "0")
              : i == 4 ? rc_store_text(&s, "bad", "\xff") : rc_store_add(&s, "bad\xff", RC_F64, 0, NULL, &scalar);
        assert_int_equal(e, 0);
        assert_int_equal(rc_safetensors_write(&r, path, &s), RECUR_EFORMAT);
        assert_non_null(strstr(r.message, path));
        assert_false(test_exists(path));
        rc_store_free(&s);
    }
    rc_store s;
    rc_store_init(&s, &r);
    assert_int_equal(rc_store_add(&s, "a", RC_F32, 9, (int64_t[9]){ 0 }, NULL), RECUR_EFORMAT);
    assert_int_equal(rc_store_add(&s, "a", 77, 0, NULL, NULL), RECUR_EFORMAT);
    assert_int_equal(rc_store_add(&s, "a", RC_F32, 1, (int64_t[]){ -1 }, NULL), RECUR_EFORMAT);
    assert_int_equal(rc_store_add(&s, "a", RC_F32, 2, (int64_t[]){ INT64_MAX, INT64_MAX }, NULL), RECUR_EFORMAT);
    assert_int_equal(rc_store_add(&s, "a", RC_F64, 1, (int64_t[]){ INT64_MAX }, NULL), RECUR_EFORMAT);
    assert_int_equal(s.tensors, 0);
    test_folder_free(&f);
    assert_int_equal(memory.live, 0);
}

static void python_reads_it(void **state)
{
    (void)state;
    const char *python = test_python("safetensors.numpy");
    if (!python)
        TEST_SKIP("no Python with safetensors and numpy");
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH], script[TEST_PATH], back[TEST_PATH], command[4 * TEST_PATH];
    rc_store a, b;
    fill(&a, &r);
    assert_int_equal(rc_safetensors_write(&r, test_path(&f, "m", path), &a), 0);
    static const char text[] =
        "import sys, numpy as np\n"
        "from safetensors import safe_open\n"
        "from safetensors.numpy import load_file, save_file\n"
        "t = load_file(sys.argv[1])\n"
        "assert len(t) == 5 and t['b.weights'].shape == (2, 3) and t['b.weights'][0, 2] == -2.5\n"
        "assert t['scalar'] == 3.25 and t['empty'].shape == (2, 0, 5) and t['z.bytes'].tolist() == [97, 0, 98, 255, 0]\n"
        "assert t['\\u5b57 \"quoted\\\\\\n'].tolist() == [-2**63, 2**63 - 1]\n"
        "with safe_open(sys.argv[1], 'np') as f: m = f.metadata()\n"
        "assert m['net'] == 'embed 8; lstm 16' and m['tab\\t\"\\x01'] == 'line\\nline \\U0001F600'\n"
        "save_file(t, sys.argv[2], m)\n";
    test_spill(test_path(&f, "s.py", script), text, sizeof text - 1);
    test_path(&f, "back", back);
    snprintf(command, sizeof command, "%s %s %s %s", python, script, path, back);
    assert_int_equal(system(command), 0);
    assert_int_equal(rc_safetensors_read(&r, back, &b), 0);         /* the checksum is of the meaning: it still holds */
    check_same(&a, &b);
    rc_store_free(&a);
    rc_store_free(&b);
    test_folder_free(&f);
    assert_int_equal(memory.live, 0);
}

/* --- what is refused --- */
#define T(name, type, shape, at) "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" at "}"
static const struct { const char *header; size_t data; const char *why; } bad[] = {
    /* not JSON, not an object */
    { "", 0, "JSON" }, { "{", 0, "JSON" }, { "}", 0, "JSON" }, { "[]", 0, "object" }, { "null", 0, "JSON" }, { "1", 0, "JSON" },
    { "\"x\"", 0, "JSON" }, { "{}x", 0, "JSON" }, { "{} {}", 0, "JSON" }, { "{\"a\":}", 0, "JSON" }, { "{a:1}", 0, "JSON" },
    { "{\"a\":1,}", 0, "JSON" }, { "{\"a\xff\":1}", 0, "UTF-8" }, { "{\"\\ud800\":1}", 0, "JSON" }, { "{\"\\u0000\":1}", 0, "JSON" },
    { "{\"a\":1e999}", 0, "JSON" }, { "{\"a\\q\":1}", 0, "JSON" }, { "{'a':1}", 0, "JSON" }, { "{\"a\":NaN}", 0, "JSON" },
    { "{\"a\":99999999999999999999}", 0, "JSON" }, { "{\"\xed\xa0\x80\":1}", 0, "UTF-8" }, { "{\"\xc0\x80\":1}", 0, "UTF-8" },
    /* entries that are no tensors */
    { "{\"a\":1}", 0, "dtype" }, { "{\"a\":null}", 0, "dtype" }, { "{\"a\":{}}", 0, "dtype" }, { "{\"a\":[1]}", 0, "dtype" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "wanted" }, { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "wanted" },
    { "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4, "nothing else" },
    { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "uplicate" },
    { "{" T("a", "F32", "[1]", "[0,4]") "," T("a", "F32", "[1]", "[4,8]") "}", 8, "uplicate" },
    /* types */
    { "{" T("a", "F31", "[1]", "[0,4]") "}", 4, "dtype" }, { "{" T("a", "", "[1]", "[0,4]") "}", 4, "dtype" },
    { "{" T("a", "f32", "[1]", "[0,4]") "}", 4, "dtype" }, { "{" T("a", "F4", "[1]", "[0,1]") "}", 1, "dtype" },
    { "{" T("a", "F8_E4M3", "[1]", "[0,1]") "}", 1, "dtype" }, { "{\"a\":{\"dtype\":3,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype" },
    /* shapes */
    { "{" T("a", "F32", "1", "[0,4]") "}", 4, "shape" }, { "{" T("a", "F32", "{}", "[0,4]") "}", 4, "shape" },
    { "{" T("a", "F32", "[-1]", "[0,4]") "}", 4, "dimension" }, { "{" T("a", "F32", "[1.0]", "[0,4]") "}", 4, "dimension" },
    { "{" T("a", "F32", "[\"1\"]", "[0,4]") "}", 4, "dimension" }, { "{" T("a", "F32", "[null]", "[0,4]") "}", 4, "dimension" },
    { "{" T("a", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, "rank" }, { "{" T("a", "F32", "[2]", "[0,4]") "}", 4, "shape" },
    { "{" T("a", "F32", "[]", "[0,8]") "}", 8, "shape" }, { "{" T("a", "F32", "[0]", "[0,4]") "}", 4, "shape" },
    { "{" T("a", "F64", "[1]", "[0,4]") "}", 4, "shape" }, { "{" T("a", "F32", "[4294967296,4294967296]", "[0,0]") "}", 0, "overflow" },
    { "{" T("a", "F32", "[9223372036854775807]", "[0,4]") "}", 4, "overflow" },
    { "{" T("a", "U8", "[9223372036854775807,2,1]", "[0,4]") "}", 4, "overflow" },
    { "{" T("a", "F32", "[4611686018427387905]", "[0,4]") "}", 4, "overflow" },
    { "{" T("a", "U8", "[3037000500,3037000500]", "[0,4]") "}", 4, "overflow" },
    { "{" T("a", "F32", "[9223372036854775808]", "[0,4]") "}", 4, "JSON" },
    { "{" T("a", "F32", "[18446744073709551616]", "[0,4]") "}", 4, "JSON" },
    { "{" T("a", "F32", "[2147483648]", "[0,4]") "}", 4, "takes" }, { "{" T("a", "F32", "[4294967295]", "[0,4]") "}", 4, "takes" },
    /* offsets */
    { "{" T("a", "F32", "[1]", "[0]") "}", 4, "offsets" }, { "{" T("a", "F32", "[1]", "[0,4,8]") "}", 8, "offsets" },
    { "{" T("a", "F32", "[1]", "4") "}", 4, "offsets" }, { "{" T("a", "F32", "[1]", "[0,\"4\"]") "}", 4, "offsets" },
    { "{" T("a", "F32", "[1]", "[0.0,4]") "}", 4, "offsets" }, { "{" T("a", "F32", "[1]", "[-4,0]") "}", 4, "lie" },
    { "{" T("a", "F32", "[1]", "[4,0]") "}", 4, "lie" }, { "{" T("a", "F32", "[1]", "[0,5]") "}", 4, "lie" },
    { "{" T("a", "F32", "[2]", "[0,8]") "}", 7, "lie" }, { "{" T("a", "F32", "[1]", "[0,9223372036854775807]") "}", 4, "lie" },
    { "{" T("a", "F32", "[1]", "[9223372036854775803,9223372036854775807]") "}", 4, "lie" },
    { "{" T("a", "F32", "[1]", "[0,18446744073709551615]") "}", 4, "JSON" },
    { "{" T("a", "F32", "[1]", "[-9223372036854775808,4]") "}", 4, "lie" },
    /* tiling */
    { "{" T("a", "F32", "[1]", "[4,8]") "}", 8, "no tensor at byte 0" }, { "{" T("a", "F32", "[1]", "[0,4]") "}", 8, "4 bytes of data after" },
    { "{}", 1, "after the last" }, { "{" T("a", "F32", "[1]", "[0,4]") "," T("b", "F32", "[1]", "[0,4]") "}", 4, "two tensors" },
    { "{" T("a", "F32", "[2]", "[0,8]") "," T("b", "F32", "[1]", "[4,8]") "}", 8, "two tensors at byte 4" },
    { "{" T("a", "F32", "[1]", "[0,4]") "," T("b", "F32", "[1]", "[8,12]") "}", 12, "no tensor at byte 4" },
    { "{" T("b", "U8", "[1]", "[5,6]") "," T("a", "F32", "[1]", "[0,4]") "}", 6, "no tensor at byte 4" },
    /* metadata */
    { "{\"__metadata__\":1}", 0, "object" }, { "{\"__metadata__\":null}", 0, "object" }, { "{\"__metadata__\":{\"a\":1}}", 0, "text" },
    { "{\"__metadata__\":{\"a\":{}}}", 0, "text" }, { "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "uplicate" },
    { "{" T("__metadata__", "F32", "[1]", "[0,4]") "}", 4, "text" }, { "{\"__metadata__\":{\"xxh3\":\"\"}}", 0, "checksum" },
    { "{\"__metadata__\":{\"xxh3\":\"xxh3:0000000000000000\"}}", 0, "checksum" },
    { "{\"__metadata__\":{\"xxh4\":\"xxh3:0000000000000000\"}}", 0, "checksum" },
};

static void check_refused(recur *r, const char *s, size_t n, const char *why)
{
    rc_store out;
    r->message[0] = 0;
    int e = rc_safetensors_parse(r, "model.x", s, n, &out);
    if (e != RECUR_EFORMAT || !strstr(r->message, why) || !strstr(r->message, "model.x"))
        fail_msg("%d \"%s\", wanted \"%s\" for %.200s", e, r->message, why, n > 8 ? s + 8 : "");
    assert_int_equal(out.tensors, 0);
}

static void bad_headers(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    assert_true(sizeof bad / sizeof *bad >= 60);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t n;
        char *s = file_of(bad[i].header, strlen(bad[i].header), bad[i].data, &n);
        check_refused(&r, s, n, bad[i].why);
        free(s);
    }
    assert_int_equal(memory.live, 0);
}

static void bad_lengths(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    static const char header[] = "{" T("a", "F32", "[1]", "[0,4]") "}";
    const uint64_t h = sizeof header - 1;
    const struct { uint64_t h; const char *why; } length[] = {
        { 0, "JSON" }, { 1, "JSON" }, { h - 1, "JSON" }, { h + 1, "UTF-8" }, { h + 5, "short" }, { h + 4 + 8, "short" },
        { 100000000, "short" }, { 100000001, "not a safetensors" }, { INT32_MAX, "not" }, { 1ull << 31, "not" }, { UINT32_MAX, "not" },
        { 1ull << 32, "not" }, { INT64_MAX, "not" }, { 1ull << 63, "not" }, { UINT64_MAX, "not" }, { UINT64_MAX - 7, "not" },
    };
    for (size_t i = 0; i < sizeof length / sizeof *length; i++) {
        size_t n;
        char *s = file_of(header, h, 4, &n);
        s[8 + h] = (char)0xff;
        for (int k = 0; k < 8; k++)
            s[k] = (char)(length[i].h >> 8 * k);
        check_refused(&r, s, n, length[i].why);
        free(s);
    }
    for (size_t n = 0; n < 8; n++)
        check_refused(&r, "\0\0\0\0\0\0\0\0", n, "few");
    assert_int_equal(memory.live, 0);
}

/* Nesting without end, long names, many names at one place: refused, quickly and without deep recursion. */
static void large_headers(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    enum { DEEP = 100000, LONG = 4 << 20, MANY = 20000 };
    char *s = malloc(LONG + 100);
    memset(s, '[', DEEP);
    size_t n;
    char *file = file_of(s, DEEP, 0, &n);
    check_refused(&r, file, n, "JSON");
    free(file);
    strcpy(s, "{\"");
    memset(s + 2, 'n', LONG);
    strcpy(s + 2 + LONG, "\":1}");
    file = file_of(s, strlen(s), 0, &n);
    check_refused(&r, file, n, "dtype");
    free(file);
    size_t at = 1;
    s[0] = '{';
    for (int i = 0; i < MANY; i++)
        at += (size_t)sprintf(s + at, "%s\"%d\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}", i ? "," : "", i);
    strcpy(s + at, "}");
    file = file_of(s, at + 1, 1, &n);
    check_refused(&r, file, n, "two tensors");
    free(file);
    free(s);
    assert_int_equal(memory.live, 0);
}

static void accepted(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    static const struct { const char *header; size_t data; int tensors; } good[] = {
        { "{}", 0, 0 }, { "  \n{ }  ", 0, 0 }, { "{\"__metadata__\":{}}", 0, 0 }, { "{" T("", "U8", "[0]", "[0,0]") "}", 0, 1 },
        { "{" T("b", "F32", "[1]", "[1,5]") "," T("a", "U8", "[1]", "[0,1]") "}", 5, 2 },         /* unaligned, in any order */
        { "{" T("a", "U8", "[0]", "[2,2]") "," T("b", "BF16", "[1]", "[0,2]") "}", 2, 2 },
        { "{" T("a", "F16", "[9223372036854775807,0]", "[0,0]") "}", 0, 1 },
        { "{" T("a", "F32", "[1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, 1 },
        { "{\"\\u0061\\ud83d\\ude00\":{\"shape\":[],\"data_offsets\":[0,8],\"dtype\":\"F64\"}}", 8, 1 },
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        rc_store s;
        int e = parse(&r, good[i].header, good[i].data, &s);
        assert_int_equal(e, RECUR_OK);
        assert_int_equal(s.tensors, good[i].tensors);
        rc_store_free(&s);
    }
    assert_int_equal(memory.live, 0);
}

static void cut_and_flipped(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    rc_store a, b;
    fill(&a, &r);
    size_t n;
    char *s = written(&r, &a, &n);
    for (size_t k = 0; k < n; k++) {
        char *cut = malloc(k ? k : 1);                   /* of its own size: a sanitizer sees a step beyond */
        memcpy(cut, s, k);
        check_refused(&r, cut, k, "");
        free(cut);
    }
    static const unsigned char mask[] = { 1, 2, 4, 8, 16, 32, 64, 128, 255, 0x2A };
    int refused = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof mask; k++) {
            s[i] = (char)(s[i] ^ mask[k]);
            if (rc_safetensors_parse(&r, "model.x", s, n, &b) == RECUR_OK) {
                check_same(&a, &b);                      /* a blank of the padding became another */
                rc_store_free(&b);
            } else {
                refused++;
            }
            s[i] = (char)(s[i] ^ mask[k]);
        }
    assert_true(refused > (int)(9 * n));
    free(s);
    rc_store_free(&a);
    assert_int_equal(memory.live, 0);
}

/* Several changes at once, drawn by number: nothing but a refusal or a good store comes out. */
static void mutated(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    static const char header[] = "{\"__metadata__\":{\"k\":\"v\"}," T("a", "F32", "[2,3]", "[0,24]") "," T("b", "I64", "[]", "[24,32]") "}";
    static const char spice[] = "{}[]\":,\\0129-eE.u\0\xff" "FIU";
    uint64_t at = 0;
    int good = 0;
    for (int round = 0; round < 60000; round++) {
        size_t n;
        char *s = file_of(header, sizeof header - 1, 32, &n);
        for (uint64_t k = 1 + rc_below(1, at++, 4); k; k--) {
            size_t i = (size_t)rc_below(1, at, n);
            s[i] = rc_below(2, at, 3) ? spice[rc_below(3, at, sizeof spice)] : (char)rc_below(4, at, 256);
            at++;
        }
        rc_store b;
        if (rc_safetensors_parse(&r, "m", s, n, &b) == RECUR_OK) {
            for (int i = 0; i < b.tensors; i++) {
                volatile unsigned char sum = 0;
                for (size_t k = 0; k < b.tensor[i].n * rc_dtype_size(b.tensor[i].dtype); k++)
                    sum = (unsigned char)(sum + ((const unsigned char *)b.tensor[i].data)[k]);
            }
            good++;
        }
        rc_store_free(&b);
        free(s);
    }
    assert_in_range(good, 100, 59000);
    assert_int_equal(memory.live, 0);
}

/* --- memory that ends --- */
typedef struct { char *s; size_t n; const char *path; } given;

static int parse_scene(recur *r, void *arg)
{
    given *g = arg;
    rc_store s;
    int e = rc_safetensors_parse(r, "memory", g->s, g->n, &s);
    rc_store_free(&s);
    return e;
}

static int write_scene(recur *r, void *arg)
{
    given *g = arg;
    rc_store s;
    rc_store_init(&s, r);
    int e = rc_store_add(&s, "a", RC_F32, 1, (int64_t[]){ 6 }, weights);
    if (!e)
        e = rc_store_text(&s, "key", "value");
    void *block = e ? NULL : rc_new(r, 10, 1);
    if (!e)
        e = block ? rc_store_keep(&s, block) : RECUR_ENOMEM;
    if (!e)
        e = rc_safetensors_write(r, g->path, &s);
    rc_store_free(&s);
    return e;
}

static void memory_ends(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH];
    rc_store a;
    fill(&a, &r);
    given g = { .path = test_path(&f, "m", path) };
    g.s = written(&r, &a, &g.n);
    test_all_allocations(parse_scene, &g, 1);
    test_all_allocations(write_scene, &g, 1);
    free(g.s);
    rc_store_free(&a);
    test_folder_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back), cmocka_unit_test(empty_store), cmocka_unit_test(refuses_to_write),
        cmocka_unit_test(python_reads_it), cmocka_unit_test(bad_headers), cmocka_unit_test(bad_lengths),
        cmocka_unit_test(large_headers), cmocka_unit_test(accepted), cmocka_unit_test(cut_and_flipped),
        cmocka_unit_test(mutated), cmocka_unit_test(memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
