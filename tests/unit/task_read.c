/* SPDX-License-Identifier: MIT
 * task_read.c - readers over a table of good and bad files: which records come out, which lines are named. */
#include "task_help.h"

/* What came out, as "label=text|" for texts and "label=steps x features:first,last|" for measurements. */
static int take(void *ud, const rc_record *rec)
{
    rc_buf *out = ud;
    if (rec->x != NULL) {
        size_t last = (size_t)(rec->steps * rec->features) - 1;
        return rc_buf_print(out, "%.*s=%dx%d:%g,%g|", (int)rec->label_n, rec->label, rec->steps, rec->features,
                            (double)rec->x[0], (double)rec->x[last]);
    }
    return rc_buf_print(out, "%.*s=%.*s|", (int)rec->label_n, rec->label, (int)rec->text_n, rec->text);
}

/* A file that is read, and what came of it. */
typedef struct { test_memory m; recur r; test_folder f; char path[TEST_PATH]; rc_buf out; json_t *problems; } bed;
static int open_bed(void **state)
{
    bed *b = *state = calloc(1, sizeof *b);
    b->r = test_runtime(&b->m);
    b->f = test_folder_new();
    b->problems = json_array();
    rc_buf_init(&b->out, &b->r, 0);
    test_path(&b->f, "x.tsv", b->path);
    return 0;
}

static int close_bed(void **state)
{
    bed *b = *state;
    rc_buf_free(&b->out);
    json_decref(b->problems);
    test_folder_free(&b->f);
    int64_t live = b->m.live;
    free(b);
    return live != 0 ? -1 : 0;
}

static int reads(bed *b, const recur_train_options *o, json_t *problems)
{
    b->out.n = 0;
    GOOD(&b->r, rc_buf_add(&b->out, "", 0));
    return rc_read_records(&b->r, b->path, o, take, &b->out, problems);
}

#define BYTES(s) s, sizeof s - 1
static const struct { const char *name, *bytes; size_t n; const char *records, *bad; } rows[] = {
    { "label, TAB, text", BYTES("pos\tgood\nneg\tbad\n"), "pos=good|neg=bad|", "" },
    { "no line end at the end", BYTES("pos\tgood\nneg\tbad"), "pos=good|neg=bad|", "" },
    { "CRLF", BYTES("pos\tgood\r\nneg\tbad\r\n"), "pos=good|neg=bad|", "" },
    { "byte order mark", BYTES("\xEF\xBB\xBFpos\tgood\n"), "pos=good|", "" },
    { "UTF-16", BYTES("\xFF\xFE" "a\0\t\0x\0\n\0"), "a=x|", "" },
    { "a TAB in the text", BYTES("a\tx\tz\nb\ty\n"), "a=x\tz|b=y|", "" },
    { "a column in the middle", BYTES("pos\tbook\tgood\nneg\tbook\tbad\n"), "pos=good|neg=bad|", "" },
    { "quotes in TAB-parted text stay", BYTES("a\t\"x\ny\n"), "a=\"x|", "2:label" },
    { "head, columns by name", BYTES("sentence\tlabel\ngood film\t1\nbad\t0\n"), "1=good film|0=bad|", "" },
    { "no label", BYTES("a\tx\nlonely\n\ty\n"), "a=x|", "2:label 3:label" },
    { "no text", BYTES("a\tx\nb\t\nc\t  \nd\t\xE3\x80\x80\n"), "a=x|", "2:empty 3:empty 4:empty" },
    { "empty lines between", BYTES("\n\na\tx\n\nb\ty\n\n"), "a=x|b=y|", "" },
    { "0 byte", BYTES("a\tx\0y\nb\ty\n"), "b=y|", "1:encoding" },
    { "invalid UTF-8 costs its line", BYTES("a\tx\xFFy\nb\ty\n"), "b=y|", "1:encoding" },
    { "overlong UTF-8", BYTES("a\t\xC0\x80\nb\ty\n"), "b=y|", "1:encoding" },
    { "empty file", BYTES(""), "", "1:empty" },
    { "only blank lines", BYTES("\n \n\n"), "", "" },
    { "plain lines", BYTES("hello there\n"), "", "1:label" },
    { "fastText's labels", BYTES("__label__pos good film\n__label__neg bad\n"), "pos= good film|neg= bad|", "" },
    { "CSV with a head", BYTES("text,label\n\"good, very\",pos\nbad,neg\n"), "pos=good, very|neg=bad|", "" },
    { "CSV, other order", BYTES("id,label,review\n1,pos,good\n2,neg,\"a \"\"bad\"\" one\"\n"), "pos=good|neg=a \"bad\" one|", "" },
    { "CSV, semicolons, CRLF", BYTES("label;text\r\npos;good, fine\r\nneg;bad\r\n"), "pos=good, fine|neg=bad|", "" },
    { "CSV, a line end in quotes", BYTES("label,text\npos,\"two\nlines\"\nneg,bad\n"), "pos=two\nlines|neg=bad|", "" },
    { "CSV without a head", BYTES("pos,a good film\nneg,a very bad film\npos,another good one\nneg,dull\n"),
      "pos=a good film|neg=a very bad film|pos=another good one|neg=dull|", "" },
    { "CSV, unknown head", BYTES("utter,kind\na good film,pos\na bad film,neg\nanother one,pos\nnot this,neg\n"),
      "pos=a good film|neg=a bad film|pos=another one|neg=not this|", "" },
    { "CSV, quote never closed", BYTES("label,text\npos,\"good\nneg,bad\n"), "neg=bad|", "2:quote" },
    { "CSV, a broken line before the head", BYTES("oops\ntext,label\ngood film,pos\nbad film,neg\n"), "pos=good film|neg=bad film|", "1:label" },
    { "CSV, a field too few", BYTES("label,text\npos\nneg,bad\n"), "neg=bad|", "2:label" },
    { "CSV, a field too many", BYTES("label,text\npos,good,film\nneg,bad\n"), "neg=bad|", "2:columns" },
    { "JSON lines", BYTES("{\"label\": \"pos\", \"text\": \"good\"}\n{\"text\": \"b\\u00e4d\", \"label\": 0}\n"), "pos=good|0=b\xC3\xA4" "d|", "" },
    { "JSON, broken and incomplete", BYTES("{\"label\": 1, \"text\": \"x\"}\n{\"label\": \n{\"label\": 2}\n{\"text\": \"y\"}\n[1]\n"),
      "1=x|", "2:json 3:text 4:label 5:json" },
    { "ts", BYTES("# about\n@problemName x\n@classLabel true a b\n@data\n1,2,3:4,5,6:a\n7,8:9,10:b\n"), "a=3x2:1,6|b=2x2:7,10|", "" },
    { "ts, missing values", BYTES("@data\n1,?,3:a\n"), "a=3x1:1,3|", "" },
    { "series by id, in any order of lines", BYTES("id,time,a,b,label\n1,0,1,2,x\n2,0,3,4,y\n1,1,5,,x\n2,1,NaN,8,y\n1,2,9,7,x\n"),
      "x=3x2:1,7|y=2x2:3,8|", "" },
    { "series, id without a usual name", BYTES("who;a;class\nann;1;x\nann;2;x\nbob;3;y\nbob;4;y\n"), "x=2x1:1,2|y=2x1:3,4|", "" },
    { "series, one a line", BYTES("label,0,1,2\nx,1,2,3\n\"y\",4,?,6\n"), "x=3x1:1,3|y=3x1:4,6|", "" },
    { "series, x y z are measured", BYTES("id,x,y,z,label\n1,1,2,3,p\n1,4,5,6,p\n"), "p=2x3:1,6|", "" },
    { "series without labels", BYTES("id,a\n1,1\n1,2\n"), "=2x1:1,2|", "" },
    { "series, bad lines", BYTES("id,a,label\n1,1,x\n1,inf,x\n2,1,x\n2,1,y\n3,7,x\n3,1\n4,2,\n"), "x=1x1:7,7|",
      "3:number 5:label 7:columns 8:label" },
    { "a text among numbers is a text", BYTES("likes,comment,label\n1,good film,x\n2,bad film,y\n"), "x=good film|y=bad film|", "" },
    { "ts, bad lines", BYTES("@data\n1,2:3:a\n1,x:a\n1e400:a\n1,2:a\n1:2:a\n:a\n1,2:\n"), "a=2x1:1,2|",
      "2:shape 3:number 4:number 6:shape 7:empty 8:label" },
};

static void each_form(void **state)
{
    bed *b = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bad[256] = "";
        json_t *p;
        size_t at;
        json_array_clear(b->problems);
        test_spill(b->path, rows[i].bytes, rows[i].n);
        int e = reads(b, NULL, b->problems);
        if (e != RECUR_OK)
            fail_msg("%s: %s", rows[i].name, b->r.message);
        json_array_foreach(b->problems, at, p)
            snprintf(bad + strlen(bad), sizeof bad - strlen(bad), "%s%lld:%s", at > 0 ? " " : "",
                     (long long)json_integer_value(json_object_get(p, "line")), json_string_value(json_object_get(p, "kind")));
        if (strcmp(b->out.s, rows[i].records) != 0 || strcmp(bad, rows[i].bad) != 0)
            fail_msg("%s:\n  records %s\n  wanted  %s\n  bad     %s\n  wanted  %s", rows[i].name, b->out.s, rows[i].records, bad,
                     rows[i].bad);
    }
}

static void strict_stops_at_the_first_bad_line(void **state)
{
    bed *b = *state;
    recur_train_options o = task_options();
    test_spill(b->path, BYTES("a\tx\nlonely\n"));
    assert_int_equal(reads(b, NULL, NULL), RECUR_EDATA);
    assert_non_null(strstr(b->r.message, "x.tsv:2:"));
    o.strict = 1;
    assert_int_equal(reads(b, &o, b->problems), RECUR_EDATA);
    assert_int_equal(json_array_size(b->problems), 0);
    strcpy(b->path, "/no/such/file");
    assert_int_equal(reads(b, NULL, NULL), RECUR_EIO);
}

static void columns_by_option(void **state)
{
    bed *b = *state;
    recur_train_options o = task_options();
    test_spill(b->path, BYTES("pos\tbook\tgood\nneg\tfilm\tbad\n"));
    o.label_column = "2";
    o.text_column = "3";
    GOOD(&b->r, reads(b, &o, NULL));
    assert_string_equal(b->out.s, "book=good|film=bad|");
    o.label_column = "kind";
    assert_int_equal(reads(b, &o, NULL), RECUR_EDATA);
    assert_non_null(strstr(b->r.message, "kind"));
    test_spill(b->path, BYTES("what,mood\nso good,up\nso bad,down\n"));
    o.text_column = "what";
    o.label_column = "mood";
    GOOD(&b->r, reads(b, &o, NULL));
    assert_string_equal(b->out.s, "up=so good|down=so bad|");
    o.text_column = NULL;
    o.label_column = NULL;
    o.encoding = "gb18030";
    test_spill(b->path, BYTES("a\t\xBA\xC3\n"));
    GOOD(&b->r, reads(b, &o, NULL));
    assert_string_equal(b->out.s, "a=\xE5\xA5\xBD|");
}

static void number_columns_by_option(void **state)
{
    bed *b = *state;
    recur_train_options o = task_options();
    test_spill(b->path, BYTES("id,a,b,c,mood\n1,1,2,3,up\n1,4,5,6,up\n2,7,8,9,down\n"));
    o.columns = "c, a";
    o.label_column = "mood";
    GOOD(&b->r, reads(b, &o, NULL));
    assert_string_equal(b->out.s, "up=2x2:3,4|down=1x2:9,7|");
    o.columns = "a,d";
    assert_int_equal(reads(b, &o, NULL), RECUR_EDATA);
    assert_non_null(strstr(b->r.message, "'d'"));
    o.columns = "a,b";
    o.label_column = "kind";
    assert_int_equal(reads(b, &o, NULL), RECUR_EDATA);
    assert_non_null(strstr(b->r.message, "'kind'"));
    test_spill(b->path, BYTES("a\tx\n"));
    assert_int_equal(reads(b, &o, NULL), RECUR_EDATA);
    assert_non_null(strstr(b->r.message, "--columns"));
}

/* A file of NumPy's, version 1.0: this dictionary, and these numbers. */
static void spill_npy(const char *path, const char *dictionary, const void *x, size_t n)
{
    char s[512];
    size_t k = strlen(dictionary);
    memcpy(s, "\x93NUMPY\1\0", 8);
    s[8] = (char)k;
    s[9] = 0;
    memcpy(s + 10, dictionary, k);
    memcpy(s + 10 + k, x, n);
    test_spill(path, s, 10 + k + n);
}

#define NPY(type, order, shape) "{'descr': '" type "', 'fortran_order': " order ", 'shape': " shape ", }\n"
static void arrays_of_numpy(void **state)
{
    static const float x[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    static const double y[4] = { 1, 2, 3, 4 };
    static const struct { const char *head; size_t n; const char *says; } bad[] = {
        { NPY("<f4", "False", "(2, 3, 2)"), 44, "truncated" }, { NPY("<f4", "True", "(2, 3, 2)"), 48, "Fortran" },
        { NPY("<i8", "False", "(2, 3, 1)"), 48, "float32" }, { NPY("<f4", "False", "(12,)"), 48, "shape" },
        { NPY("<f4", "False", "(99999999999, 3)"), 48, "shape" }, { NPY("<f4", "False", "(3, 2, 2)"), 48, "3 sequences" },
        { NPY("<f4", "False", "(0, 3)"), 0, "empty" }, { "{'shape': (2, 6)}", 48, "damaged" },
    };
    bed *b = *state;
    char labels[TEST_PATH];
    test_path(&b->f, "a.npy", b->path);
    spill_npy(b->path, NPY("<f8", "False", "(2, 2)"), y, sizeof y);
    GOOD(&b->r, reads(b, NULL, b->problems));
    assert_string_equal(b->out.s, "=2x1:1,2|=2x1:3,4|");      /* no labels: said once, still read */
    assert_int_equal(json_array_size(b->problems), 1);
    test_spill(test_path(&b->f, "a.labels.txt", labels), BYTES("up\ndown\n"));
    spill_npy(b->path, NPY("<f4", "False", "(2, 3, 2)"), x, sizeof x);
    GOOD(&b->r, reads(b, NULL, NULL));
    assert_string_equal(b->out.s, "up=3x2:1,6|down=3x2:7,12|");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        spill_npy(b->path, bad[i].head, x, bad[i].n);
        assert_int_equal(reads(b, NULL, NULL), RECUR_EDATA);
        if (strstr(b->r.message, bad[i].says) == NULL)
            fail_msg("%s: %s", bad[i].says, b->r.message);
    }
}

/* Any bytes at all: no crash, no leak, no endless loop. */
static void noise(void **state)
{
    bed *b = *state;
    static const char alphabet[] = "ab\t\n\r\",;:@#{}\\0159?.-e \xC3\xA4\xFF";
    char text[96];
    for (uint64_t round = 0; round < 400; round++) {
        uint64_t key = rc_key(round, RC_OTHER, 0, 0);
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = alphabet[rc_below(key, i, sizeof alphabet)];
        if (round % 4 == 1)
            memcpy(text, "@data\n", 6);
        if (round % 4 == 3)
            memcpy(text, "id,a,label\n1,2,", 15);
        if (round % 4 == 2)
            memcpy(text, "text,label\n", 11);
        test_spill(b->path, text, sizeof text);
        json_array_clear(b->problems);
        int e = reads(b, NULL, b->problems);
        assert_true(e == RECUR_OK || e == RECUR_EDATA);
    }
}

#define READ_TEST(f) cmocka_unit_test_setup_teardown(f, open_bed, close_bed)
int main(void)
{
    const struct CMUnitTest tests[] = {
        READ_TEST(each_form), READ_TEST(strict_stops_at_the_first_bad_line),
        READ_TEST(columns_by_option), READ_TEST(number_columns_by_option),
        READ_TEST(arrays_of_numpy), READ_TEST(noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
