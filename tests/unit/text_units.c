/* SPDX-License-Identifier: MIT
 * Units: texts go to ids and come back, in every unit and many scripts; vocabularies, pairs, files of them. */
#include "test.h"

#include "text/text.h"

static test_memory memory;

static const char *const texts[] = {
    "", " ", "  ", "\n", "\n\n", " \n ", "a", "hello world", "  two  blanks  ", "line\nline\n", "\nstart", "tab\tand\rreturn\r\n",
    "The quick brown fox, 12345 jumps! (over) [the] {lazy} \"dog\".", "don't won't o'clock", "x=1;y=2.50", "a\xC2\xA0z",
    "\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C\xE4\xB8\x96\xE7\x95\x8C\xE3\x80\x82", "\xE4\xB8\xAD\xE6\x96\x87 mixed with English 123\xE3\x80\x82",
    "\xF0\x9F\x98\x80\xF0\x9F\x98\x81 \xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9", "\xC3\xA9t\xC3\xA9 na\xC3\xAFve \xC3\x9F", "e\xCC\x81 combining",
    "\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4 \xEB\xAC\xB8\xEC\x9E\xA5", "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82, \xD0\xBC\xD0\xB8\xD1\x80",
    "\xE0\xB8\xAA\xE0\xB8\xA7\xE0\xB8\xB1\xE0\xB8\xAA\xE0\xB8\x94\xE0\xB8\xB5",
    "\xE3\x81\x93\xE3\x82\x93\xE3\x81\xAB\xE3\x81\xA1\xE3\x81\xAF\xE3\x82\xAB\xE3\x83\x8A",
    "NASA's McDonald \"Hello\" A I HELLO, World. The \xC4\xB0stanbul \xC7\x85 \xC5\x92uvre \xC3\x89T\xC3\x89 \xE1\xBA\x9E \xC8\xBA", "  The", "\nThe",
    "literal \xE2\x87\xA7 shift\xE2\x87\xA7The \xE2\x96\x81\xE2\x87\xA7",
    "literal \xE2\x96\x81 mark\xE2\x96\x81\xE2\x96\x81", "<unk> <s> </s> <0x41>", "\x01\x02\x7f",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "                                                                                                      x",
};
enum { TEXTS = sizeof texts / sizeof *texts };
static const char invalid[] = "ok \xff\xfe\x80 \xC3( \xE4\xB8 \xF0\x9F\x98 \0nul\0\0 end\xC2";

static rc_text *learned(recur *r, rc_text_options o)
{
    rc_text *t;
    assert_int_equal(rc_text_new(r, &t, &o), 0);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < TEXTS; i++)
            assert_int_equal(rc_text_learn(t, texts[i], strlen(texts[i])), 0);
    assert_int_equal(rc_text_settle(t), 0);
    return t;
}

/* decode(encode(s)); ids are handed out */
static char *there_and_back(const rc_text *t, const char *s, size_t n, rc_ids *ids, int64_t *unknown, size_t *size)
{
    rc_ids out[2] = { { .r = t->r }, { .r = t->r } };
    rc_buf b;
    rc_buf_init(&b, t->r, 0);
    *unknown = 0;
    assert_int_equal(rc_text_encode(t, s, n, out, unknown), 0);
    assert_int_equal(rc_text_decode(t, out[0].id, out[0].n, &b), 0);
    if (t->pairs)
        assert_int_equal(out[0].n, out[1].n);
    rc_ids_free(&out[1]);
    *ids = out[0];
    *size = b.n;
    return rc_buf_take(&b);
}

static void check_lossless(const rc_text *t, const char *s, size_t n, const char *wanted, size_t m)
{
    rc_ids ids;
    int64_t unknown;
    size_t size;
    char *back = there_and_back(t, s, n, &ids, &unknown, &size);
    if (unknown == 0 && (size != m || memcmp(back, wanted, m) != 0))
        fail_msg("%s: \"%.*s\" came back as \"%.*s\"", t->o.unit, (int)n, s, (int)size, back);
    rc_free(t->r, back);
    rc_ids_free(&ids);
}

static void lossless_units(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    static const char *const unit[] = { "byte", "char", "bpe:300", "bpe:500", "bpe:2000", "bpe" };
    for (int u = 0; u < 6; u++)
        for (int how = 0; how < (u < 2 ? 4 : 8); how++) {
            rc_text *t = learned(&r, (rc_text_options){ .unit = unit[u], .lower = how & 1, .nfkc = how & 2, .marked = how & 4 });
            for (int i = 0; i < TEXTS; i++) {
                rc_buf b;
                rc_buf_init(&b, &r, 0);
                const size_t n = strlen(texts[i]);
                assert_int_equal(rc_utf8_fold(&r, texts[i], n, how & 2, how & 1, &b), 0);
                assert_int_equal(rc_buf_add(&b, "", 0), 0);
                check_lossless(t, texts[i], n, b.s, b.n);
                rc_buf_free(&b);
            }
            rc_text_free(t);
        }
    for (int u = 0; u < 6; u++) {
        rc_text *t = learned(&r, (rc_text_options){ .unit = unit[u] });
        rc_ids ids;
        int64_t unknown;
        size_t size;
        char *back = there_and_back(t, invalid, sizeof invalid - 1, &ids, &unknown, &size);
        if (u != 1) {                                    /* bytes and BPE spell anything */
            assert_int_equal(unknown, 0);
            assert_int_equal(size, sizeof invalid - 1);
            assert_memory_equal(back, invalid, size);
        } else {
            assert_true(unknown > 0);
            assert_true(rc_utf8_valid(back, size, NULL));
        }
        rc_free(&r, back);
        rc_ids_free(&ids);
        rc_text_free(t);
    }
    assert_int_equal(memory.live, 0);
}

/* Random texts of random signs, bytes, blanks: BPE gives every byte back. */
static void random_with(bool marked)
{
    recur r = test_runtime(&memory);
    rc_text *t = learned(&r, (rc_text_options){ .unit = "bpe:600", .marked = marked });
    static const char *const atom[] = {
        " ", "  ", "\n", "the", "qu", "\xE4\xBD\xA0", "\xE2\x96\x81", "\xF0\x9F\x98\x80", "1", ",", "\xff", "\xE4", "e\xCC\x81", "\t",
        "The", "A", "\xE2\x87\xA7", "\xC3\x89", "\xC8\xBA",
    };
    uint64_t at = 0;
    for (int round = 0; round < 3000; round++) {
        char s[600];
        size_t n = 0;
        for (uint64_t k = rc_below(1, at++, 60); k; k--) {
            const char *a = atom[rc_below(2, at++, sizeof atom / sizeof *atom)];
            memcpy(s + n, a, strlen(a));
            n += strlen(a);
        }
        check_lossless(t, s, n, s, n);
    }
    rc_text_free(t);
    assert_int_equal(memory.live, 0);
}

static void random_texts(void **state)
{
    (void)state;
    random_with(false);
    random_with(true);
}

/* A capital is a mark before the piece that the small letter has. */
static void capitals(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    rc_text *t = learned(&r, (rc_text_options){ .unit = "bpe:600", .marked = true }), *none;
    rc_ids large = { .r = &r }, small = { .r = &r };
    assert_int_equal(rc_text_encode(t, "x The", 5, &large, NULL), 0);
    assert_int_equal(rc_text_encode(t, "x the", 5, &small, NULL), 0);
    assert_int_equal(large.n, small.n + 1);
    const size_t at = large.n - 2;
    assert_string_equal(rc_vocab_str(t->vocab, large.id[at], NULL), "\xE2\x96\x81\xE2\x87\xA7");
    assert_int_equal(large.id[at + 1], small.id[at]);
    const int32_t lone[] = { large.id[at], RC_EOS, large.id[at], large.id[at] };      /* what a net may write */
    rc_buf b;
    rc_buf_init(&b, &r, 0);
    assert_int_equal(rc_text_decode(t, lone, 4, &b), 0);
    assert_int_equal(b.n, 1);
    rc_buf_free(&b);
    rc_ids_free(&large);
    rc_ids_free(&small);
    rc_text_free(t);
    assert_int_equal(rc_text_new(&r, &none, &(rc_text_options){ .unit = "word", .marked = true }), RECUR_EOPTION);
    assert_int_equal(memory.live, 0);
}

/* A million signs without a blank: no quadratic time. */
static void long_run(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    rc_text *t = learned(&r, (rc_text_options){ .unit = "bpe:600" });
    enum { N = 1 << 20 };
    char *s = malloc(N);
    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < N; i++)
            s[i] = kind == 0 ? 'a' : kind == 1 ? (char)('a' + rc_below(1, i, 26)) : ' ';
        double start = rc_now();
        check_lossless(t, s, N, s, N);
        assert_true(rc_now() - start < 20);
    }
    free(s);
    rc_text_free(t);
    assert_int_equal(memory.live, 0);
}

/* --- word and token --- */
static void check_cut(rc_text *t, const char *s, const char *wanted, const char *joined)
{
    rc_ids ids = { .r = t->r };
    rc_buf cut, back;
    rc_buf_init(&cut, t->r, 0);
    rc_buf_init(&back, t->r, 0);
    assert_int_equal(rc_text_encode(t, s, strlen(s), &ids, NULL), 0);
    for (size_t i = 0; i < ids.n; i++)
        rc_buf_print(&cut, "%s%s", i ? "|" : "", rc_vocab_str(t->vocab, ids.id[i], NULL));
    rc_buf_add(&cut, "", 0);
    assert_string_equal(cut.s, wanted);
    rc_text_decode(t, ids.id, ids.n, &back);
    rc_buf_add(&back, "", 0);
    assert_string_equal(back.s, joined);
    rc_buf_free(&cut);
    rc_buf_free(&back);
    rc_ids_free(&ids);
}

static const struct { const char *s, *cut, *joined; } words[] = {
    { "Hello, world!", "Hello|,|world|!", "Hello, world!" },
    { "a  b\tc", "a|b|c", "a b c" },
    { "don't", "don|'|t", "don't" },
    { "(see) 3.14% $5", "(|see|)|3|.|14|%|$|5", "(see) 3. 14% $5" },
    { "one\ntwo", "one|</s>|two", "one\ntwo" },
    { "abc123", "abc|123", "abc 123" },
    { "\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C\xE4\xB8\x96\xE7\x95\x8C\xE3\x80\x82",
      "\xE4\xBD\xA0|\xE5\xA5\xBD|\xEF\xBC\x8C|\xE4\xB8\x96|\xE7\x95\x8C|\xE3\x80\x82",
      "\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C\xE4\xB8\x96\xE7\x95\x8C\xE3\x80\x82" },
    { "\xE4\xB8\xAD" "abc\xE6\x96\x87", "\xE4\xB8\xAD|abc|\xE6\x96\x87", "\xE4\xB8\xAD abc \xE6\x96\x87" },
    { "\xF0\x9F\x98\x80\xF0\x9F\x98\x81", "\xF0\x9F\x98\x80|\xF0\x9F\x98\x81", "\xF0\x9F\x98\x80 \xF0\x9F\x98\x81" },
    { "well-known and/or", "well|-|known|and|/|or", "well-known and/or" },
    { "", "", "" }, { " \t ", "", "" }, { "\n\n", "</s>|</s>", "\n\n" },
    { "e\xCC\x81t\xC3\xA9", "e\xCC\x81t\xC3\xA9", "e\xCC\x81t\xC3\xA9" },
};

static void word_rules(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    rc_text *t;
    assert_int_equal(rc_text_new(&r, &t, &(rc_text_options){ .unit = "word" }), 0);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_int_equal(rc_text_learn(t, words[i].s, strlen(words[i].s)), 0);
    assert_int_equal(rc_text_settle(t), 0);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        check_cut(t, words[i].s, words[i].cut, words[i].joined);
    check_cut(t, "Hello stranger", "Hello|<unk>", "Hello <unk>");
    rc_text_free(t);
    /* cutting what was joined gives the same ids: blanks never glue or part words */
    t = learned(&r, (rc_text_options){ .unit = "word" });
    for (int i = 0; i < TEXTS; i++) {
        rc_ids a, b;
        int64_t unknown;
        size_t n, m;
        char *back = there_and_back(t, texts[i], strlen(texts[i]), &a, &unknown, &n);
        char *again = there_and_back(t, back, n, &b, &unknown, &m);
        assert_int_equal(a.n, b.n);
        if (a.n)
            assert_memory_equal(a.id, b.id, a.n * sizeof *a.id);
        assert_string_equal(back, again);
        rc_free(&r, back);
        rc_free(&r, again);
        rc_ids_free(&a);
        rc_ids_free(&b);
    }
    rc_text_free(t);
    assert_int_equal(memory.live, 0);
}

/* What the rule of joining gets wrong comes back by the two marks, also around what is unknown. */
static void word_blanks(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    static const struct { const char *s, *cut, *joined; } row[] = {
        { "3.5 at 10:30", "3|.|<join>|5|at|10|:|<join>|30", "3.5 at 10:30" }, { "MP3", "MP|<join>|3", "MP3" },
        { "a - b", "a|<part>|-|<part>|b", "a - b" }, { "a-b, c.", "a|-|b|,|c|.", "a-b, c." },
        { "\"a\"  (b)", "\"|<join>|a|<join>|\"|(|b|)", "\"a\" (b)" }, { "www.a.b", "www|.|<join>|a|.|<join>|b", "www.a.b" },
        { " a  \n  b ", "a|</s>|b", "a\nb" }, { "\xE4\xBD\xA0 \xE5\xA5\xBD", "\xE4\xBD\xA0|<part>|\xE5\xA5\xBD", "\xE4\xBD\xA0 \xE5\xA5\xBD" },
        { "3zzz.5", "3|<join>|<unk>|.|<join>|5", "3<unk>.5" },
    };
    const size_t rows = sizeof row / sizeof *row;
    rc_text *t;
    assert_int_equal(rc_text_new(&r, &t, &(rc_text_options){ .unit = "word", .blanks = true }), 0);
    for (size_t i = 0; i + 1 < rows; i++)
        assert_int_equal(rc_text_learn(t, row[i].s, strlen(row[i].s)), 0);
    assert_int_equal(rc_text_settle(t), 0);
    for (size_t i = 0; i < rows; i++)
        check_cut(t, row[i].s, row[i].cut, row[i].joined);
    rc_text_free(t);
    t = learned(&r, (rc_text_options){ .unit = "word" });
    assert_int_equal(rc_vocab_id(t->vocab, "<join>", 6), RC_UNK);       /* a text without the marks is cut as ever */
    rc_text_free(t);
    assert_int_equal(memory.live, 0);
}

static void tokens(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    rc_text *t;
    static const char text[] = " no it was n't <unk> N  million \n a</s> <s> , . \n";
    assert_int_equal(rc_text_new(&r, &t, &(rc_text_options){ .unit = "token" }), 0);
    assert_int_equal(rc_text_learn(t, text, sizeof text - 1), 0);
    assert_int_equal(rc_text_settle(t), 0);
    check_cut(t, text, "no|it|was|n't|<unk>|N|million|</s>|a</s>|<s>|,|.|</s>", "no it was n't <unk> N million\na</s>, .\n");
    assert_int_equal(rc_vocab_id(t->vocab, "<unk>", 5), RC_UNK);
    rc_text_free(t);
    assert_true(rc_text_tokenised("a <unk> b", 9));
    assert_false(rc_text_tokenised("a<unk> b", 8));
    char many[2000] = "", plain[2000] = "", names[2000] = "";
    for (int i = 0; i < 40; i++) {
        strcat(many, "he said , yes . ");
        strcat(plain, "he said, yes. ");
        strcat(names, "it &apos;s &#45; said l&apos; eau . ");
    }
    assert_true(rc_text_tokenised(many, strlen(many)));
    assert_true(rc_text_tokenised(names, strlen(names)));    /* their semicolons are no marks of the text */
    assert_false(rc_text_tokenised(plain, strlen(plain)));
    assert_false(rc_text_tokenised("", 0));
    assert_int_equal(memory.live, 0);
}

/* --- vocabulary --- */
static void vocabulary_order(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    rc_text *t;
    static const char text[] = "b a a c b a d e e";
    const struct { int64_t least, most; const char *wanted; } table[] = {
        { 0, 0, "<unk>|<s>|</s>|a|b|e|c|d" },
        { 2, 0, "<unk>|<s>|</s>|a|b|e" }, { 0, 5, "<unk>|<s>|</s>|a|b" }, { 4, 0, "<unk>|<s>|</s>" }, { 0, 1, "<unk>|<s>|</s>" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(rc_text_new(&r, &t, &(rc_text_options){ .unit = "token", .min_count = table[i].least, .max_size = table[i].most }), 0);
        assert_int_equal(rc_text_learn(t, text, sizeof text - 1), 0);
        assert_int_equal(rc_text_settle(t), 0);
        rc_buf b;
        rc_buf_init(&b, &r, 0);
        for (int32_t id = 0; id < rc_vocab_size(t->vocab); id++)
            rc_buf_print(&b, "%s%s", id ? "|" : "", rc_vocab_str(t->vocab, id, NULL));
        assert_string_equal(b.s, table[i].wanted);
        rc_buf_free(&b);
        int64_t unknown = 5;
        rc_ids ids = { .r = &r };
        assert_int_equal(rc_text_encode(t, "a zz a", 6, &ids, &unknown), 0);
        assert_int_equal(unknown, table[i].most == 1 || table[i].least == 4 ? 8 : 6);
        if (i == 0) {
            assert_int_equal(rc_vocab_count(t->vocab, 3), 3);
            assert_int_equal(rc_vocab_count(t->vocab, 99), 0);
            assert_null(rc_vocab_str(t->vocab, 99, NULL));
            assert_null(rc_vocab_str(t->vocab, -1, NULL));
            assert_int_equal(rc_vocab_add(t->vocab, "a", 1, 0, NULL), RECUR_EFORMAT);
            rc_buf_init(&b, &r, 0);
            assert_int_equal(rc_text_piece(t, 99, -1, &b), RECUR_ESHAPE);
            assert_int_equal(rc_text_piece(t, -1, -1, &b), RECUR_ESHAPE);
            assert_int_equal(rc_text_piece(t, 3, 99, &b), RECUR_ESHAPE);
            rc_buf_free(&b);
        }
        rc_ids_free(&ids);
        rc_text_free(t);
    }
    static const char *const wrong[] = { "", "bpa", "wor", "words", "byte:3", ":", "bpe:x", "bpe:100", "bpe:99999999", "bpe:300x" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int e = rc_text_new(&r, &t, &(rc_text_options){ .unit = wrong[i] });
        if (!e) {
            assert_int_equal(rc_text_learn(t, "abc", 3), 0);
            e = rc_text_settle(t);
            rc_text_free(t);
        }
        assert_int_equal(e, RECUR_EOPTION);
    }
    assert_int_equal(rc_text_new(&r, &t, &(rc_text_options){ 0 }), RECUR_EOPTION);
    assert_int_equal(memory.live, 0);
}

static void pairs(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    rc_text *t;
    assert_int_equal(rc_text_new(&r, &t, &(rc_text_options){ .unit = "byte", .pairs = 3 }), 0);
    assert_int_equal(rc_text_learn(t, "abcabcab", 8), 0);           /* ab 3, bc 2, ca 2, b-end 1 */
    assert_int_equal(rc_text_learn(t, "xb", 2), 0);                 /* xb 1, b-end 2: seen after ca */
    assert_int_equal(rc_text_settle(t), 0);
    assert_int_equal(rc_text_columns(t), 2);
    assert_int_equal(rc_vocab_size(t->pairs), RC_FIRST + 3);
    assert_int_equal(rc_vocab_count(t->pairs, RC_FIRST), 3);
    rc_ids out[2] = { { .r = &r }, { .r = &r } };
    assert_int_equal(rc_text_encode(t, "abcxb", 5, out, NULL), 0);
    assert_int_equal(rc_text_encode(t, "ca", 2, out, NULL), 0);     /* appended: no pair across */
    const int32_t ab = RC_FIRST, bc = RC_FIRST + 1, ca = RC_FIRST + 2;
    const int32_t column[] = { ab, bc, RC_UNK, RC_UNK, RC_UNK, ca, RC_UNK };
    assert_int_equal(out[1].n, 7);
    assert_memory_equal(out[1].id, column, sizeof column);
    rc_ids_free(&out[0]);
    rc_ids_free(&out[1]);
    rc_text_free(t);
    assert_int_equal(rc_text_new(&r, &t, &(rc_text_options){ .unit = "char", .pairs = 100 }), 0);
    assert_int_equal(rc_text_learn(t, "b", 1), 0);
    assert_int_equal(rc_text_learn(t, "b", 1), 0);
    assert_int_equal(rc_text_settle(t), 0);
    assert_int_equal(rc_text_encode(t, "b", 1, out, NULL), 0);
    assert_int_equal(out[1].id[0], RC_FIRST);                       /* (b, </s>) */
    rc_ids_free(&out[0]);
    rc_ids_free(&out[1]);
    rc_text_free(t);
    assert_int_equal(memory.live, 0);
}

/* --- memory that ends --- */
static int scene(recur *r, void *arg)
{
    rc_text *t = NULL;
    rc_ids out[2] = { { .r = r }, { .r = r } };
    rc_buf b;
    rc_buf_init(&b, r, 0);
    int e = rc_text_new(r, &t, &(rc_text_options){ .unit = arg, .pairs = 20, .nfkc = true });
    for (int i = 6; i < 14 && !e; i++)
        e = rc_text_learn(t, texts[i], strlen(texts[i]));
    if (!e)
        e = rc_text_settle(t);
    if (!e)
        e = rc_text_encode(t, texts[12], strlen(texts[12]), out, NULL);
    if (!e)
        e = rc_text_decode(t, out[0].id, out[0].n, &b);
    rc_buf_free(&b);
    rc_ids_free(&out[0]);
    rc_ids_free(&out[1]);
    rc_text_free(t);
    return e;
}

static void memory_ends(void **state)
{
    (void)state;
    for (int i = 0; rc_unit_at(i); i++) {
        const rc_unit *u = rc_unit_at(i);
        assert_ptr_equal(rc_unit_find(u->name), u);
        assert_non_null(u->help);
        test_all_allocations(scene, strcmp(u->name, "bpe") ? (void *)(uintptr_t)u->name : (void *)(uintptr_t)"bpe:300", 1);
    }
    assert_null(rc_unit_find("none"));
    assert_null(rc_unit_at(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lossless_units), cmocka_unit_test(random_texts), cmocka_unit_test(long_run), cmocka_unit_test(capitals),
        cmocka_unit_test(word_rules), cmocka_unit_test(word_blanks),
        cmocka_unit_test(tokens), cmocka_unit_test(vocabulary_order), cmocka_unit_test(pairs), cmocka_unit_test(memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
