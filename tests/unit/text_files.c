/* SPDX-License-Identifier: MIT
 * Texts in stores: the same ids after reading; every inconsistency refused and named; BPE against SentencePiece. */
#include "test.h"

#include "text/text.h"

static test_memory memory;
static const char sample[] = "the cat sat on the mat, the hat and the bat.\nthe rat ate that \xE4\xBD\xA0\xE5\xA5\xBD \xE4\xBD\xA0\xE5\xA5\xBD!\n";
static const char *const unit[] = { "byte", "char", "word", "token", "bpe:290" };
enum { UNITS = 5, BPE = 4 };

static rc_text *learned(recur *r, const char *name, int64_t pairs)
{
    rc_text *t;
    assert_int_equal(rc_text_new(r, &t, &(rc_text_options){ .unit = name, .lower = true, .pairs = pairs }), 0);
    assert_int_equal(rc_text_learn(t, sample, sizeof sample - 1), 0);
    assert_int_equal(rc_text_settle(t), 0);
    return t;
}

static void check_same(const rc_text *a, const rc_text *b)
{
    assert_ptr_equal(a->unit, b->unit);
    assert_int_equal(a->o.lower, b->o.lower);
    assert_int_equal(rc_vocab_size(a->vocab), rc_vocab_size(b->vocab));
    for (int32_t id = 0; id < rc_vocab_size(a->vocab); id++)
        assert_int_equal(rc_vocab_count(a->vocab, id), rc_vocab_count(b->vocab, id));
    static const char text[] = "The bat ATE the\nmat, \xE5\xA5\xBD\xE4\xBD\xA0 unseen \xF0\x9F\x98\x80";
    rc_ids x[2] = { { .r = a->r }, { .r = a->r } }, y[2] = { { .r = a->r }, { .r = a->r } };
    assert_int_equal(rc_text_encode(a, text, sizeof text - 1, x, NULL), 0);
    assert_int_equal(rc_text_encode(b, text, sizeof text - 1, y, NULL), 0);
    for (int k = 0; k < 2; k++) {
        assert_int_equal(x[k].n, y[k].n);
        if (x[k].n)
            assert_memory_equal(x[k].id, y[k].id, x[k].n * sizeof *x[k].id);
        rc_ids_free(&x[k]);
        rc_ids_free(&y[k]);
    }
}

static void comes_back(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    char path[TEST_PATH];
    test_path(&f, "t", path);
    for (int u = 0; u < UNITS; u++)
        for (int64_t pairs = 0; pairs < 20; pairs += 10) {
            rc_text *a = learned(&r, unit[u], pairs), *b;
            rc_store s, in;
            rc_store_init(&s, &r);
            assert_int_equal(rc_text_save(a, &s), 0);
            assert_int_equal(rc_safetensors_write(&r, path, &s), 0);
            rc_store_free(&s);
            assert_int_equal(rc_safetensors_read(&r, path, &in), 0);
            assert_int_equal(rc_text_load(&r, &b, &in), 0);
            assert_null(rc_store_left(&in));
            rc_store_free(&in);                          /* what was loaded keeps nothing of the store */
            check_same(a, b);
            rc_text_free(a);
            rc_text_free(b);
        }
    test_folder_free(&f);
    assert_int_equal(memory.live, 0);
}

/* --- damage: a good store, one thing changed --- */
typedef struct { int unit; int64_t pairs; const char *what; void (*harm)(rc_store *s); const char *why; } damage;

static rc_tensor *of(rc_store *s, const char *name)
{
    rc_tensor *t = rc_store_find(s, name);
    assert_non_null(t);
    return t;
}

static char *vocab_of(rc_store *s) { return (char *)(uintptr_t)of(s, "text.vocab")->data; }
static int64_t *counts_of(rc_store *s) { return (int64_t *)(uintptr_t)of(s, "text.counts")->data; }
static int32_t *merges_of(rc_store *s) { return (int32_t *)(uintptr_t)of(s, "text.merges")->data; }
static int32_t *pairs_of(rc_store *s) { return (int32_t *)(uintptr_t)of(s, "text.pairs")->data; }
static void hide(rc_store *s, const char *name) { of(s, name)->name[0] = '?'; }
static void shorten(rc_store *s, const char *name)
{
    rc_tensor *t = of(s, name);
    t->n -= t->n / (size_t)t->dim[0];
    t->dim[0]--;
}
static void options(rc_store *s, const char *json)
{
    for (int i = 0; i < s->texts; i++)
        if (strcmp(s->key[i], "text") == 0) {
            rc_free(s->r, s->value[i]);
            s->value[i] = rc_copy(s->r, json);
        }
}
#define OPTIONS(u, a, b, l, n, p) "{\"unit\":" u ",\"min_count\":" a ",\"max_size\":" b ",\"lower\":" l ",\"nfkc\":" n ",\"pairs\":" p "}"
#define HARM(name, ...) static void name(rc_store *s) { __VA_ARGS__; }
HARM(no_text, for (int i = 0; i < s->texts; i++) s->key[i][0] = '?')
HARM(no_json, options(s, "{"))
HARM(list, options(s, "[]"))
HARM(no_unit, options(s, OPTIONS("3", "0", "0", "true", "false", "0")))
HARM(other_unit, options(s, OPTIONS("\"none\"", "0", "0", "true", "false", "0")))
HARM(negative, options(s, OPTIONS("\"char\"", "-1", "0", "true", "false", "0")))
HARM(fraction, options(s, OPTIONS("\"char\"", "0.5", "0", "true", "false", "0")))
HARM(no_flag, options(s, OPTIONS("\"char\"", "0", "0", "1", "false", "0")))
HARM(twice, options(s, "{\"unit\":\"char\",\"unit\":\"char\",\"min_count\":0,\"max_size\":0,\"lower\":true,\"nfkc\":false,\"pairs\":0}"))
HARM(more, options(s, "{\"x\":1,\"unit\":\"char\",\"min_count\":0,\"max_size\":0,\"lower\":true,\"nfkc\":false,\"pairs\":0}"))
HARM(wants_pairs, options(s, OPTIONS("\"char\"", "0", "0", "true", "false", "10")))
HARM(fewer_pairs, options(s, OPTIONS("\"char\"", "0", "0", "true", "false", "1")))
HARM(is_bytes, options(s, OPTIONS("\"byte\"", "0", "0", "true", "false", "0")))
HARM(is_bpe, options(s, OPTIONS("\"bpe:300\"", "0", "0", "true", "false", "0")))
HARM(no_vocab, hide(s, "text.vocab"))
HARM(no_counts, hide(s, "text.counts"))
HARM(no_merges, hide(s, "text.merges"))
HARM(no_pairs, hide(s, "text.pairs"))
HARM(no_pair_counts, hide(s, "text.pair_counts"))
HARM(short_vocab, shorten(s, "text.vocab"))
HARM(short_counts, shorten(s, "text.counts"))
HARM(short_pair_counts, shorten(s, "text.pair_counts"))
HARM(no_entries, of(s, "text.vocab")->dim[0] = 0; of(s, "text.vocab")->n = 0)
HARM(few_counts, of(s, "text.counts")->dim[0] = 2; of(s, "text.counts")->n = 2)
HARM(vocab_type, of(s, "text.vocab")->dtype = RC_I8)
HARM(vocab_rank, of(s, "text.vocab")->rank = 2; of(s, "text.vocab")->dim[1] = 1)
HARM(counts_type, of(s, "text.counts")->dtype = RC_F64)
HARM(counts_rank, of(s, "text.counts")->rank = 0)
HARM(negative_count, counts_of(s)[4] = -1)
HARM(special, vocab_of(s)[1] = 'x')
HARM(no_utf8, vocab_of(s)[15] = (char)0xff)
HARM(empty_entry, vocab_of(s)[15] = 0)           /* the specials take 15 bytes */
HARM(double_entry, vocab_of(s)[17] = vocab_of(s)[15])
HARM(not_one_sign, char *c = vocab_of(s); while (*c != (char)0xE4) c++; memcpy(c, "two", 3))
HARM(byte_name, vocab_of(s)[17] = 'y')
HARM(merge_low, merges_of(s)[0] = 5)
HARM(merge_high, merges_of(s)[1] = 1 << 20)
HARM(merge_negative, merges_of(s)[2] = -7)
HARM(merge_other, merges_of(s)[2] = merges_of(s)[5])
HARM(merge_twice, memcpy(merges_of(s) + 3, merges_of(s), 12))
HARM(merge_type, of(s, "text.merges")->dtype = RC_F32)
HARM(merge_wide, of(s, "text.merges")->dim[1] = 1)
HARM(pair_high, pairs_of(s)[1] = 1 << 20)
HARM(pair_negative, pairs_of(s)[0] = -1)
HARM(pair_twice, memcpy(pairs_of(s) + 2, pairs_of(s), 8))
HARM(pair_type, of(s, "text.pairs")->dtype = RC_F32)
HARM(pair_wide, of(s, "text.pairs")->dim[1] = 3)
HARM(pair_rare, ((int64_t *)(uintptr_t)of(s, "text.pair_counts")->data)[0] = 1)

#define D(unit, pairs, harm, why) { unit, pairs, #harm, harm, why }
static const damage damages[] = {
    D(1, 0, no_text, "metadata"), D(1, 0, no_json, "metadata"), D(1, 0, list, "metadata"), D(1, 0, no_unit, "metadata"), D(1, 0, other_unit, "none"),
    D(1, 0, negative, "metadata"), D(1, 0, fraction, "metadata"), D(1, 0, no_flag, "metadata"), D(1, 0, twice, "metadata"), D(1, 0, more, "metadata"),
    D(1, 0, wants_pairs, "text.pairs"), D(1, 10, fewer_pairs, "text.pairs"), D(1, 0, is_bytes, "text.vocab"), D(1, 0, is_bpe, "text.merges"),
    D(1, 0, no_vocab, "text.vocab"), D(1, 0, no_counts, "text.counts"), D(4, 0, no_merges, "text.merges"), D(2, 10, no_pairs, "text.pairs"),
    D(2, 10, no_pair_counts, "text.pair_counts"), D(1, 0, short_vocab, "text.vocab"), D(1, 0, short_counts, "text.vocab"), D(0, 0, short_counts, "text.counts"),
    D(2, 10, short_pair_counts, "text.pair_counts"), D(1, 0, no_entries, "text.vocab"), D(1, 0, few_counts, "text.counts"), D(2, 0, vocab_type, "text.vocab"),
    D(2, 0, vocab_rank, "text.vocab"), D(2, 0, counts_type, "text.counts"), D(2, 0, counts_rank, "text.counts"), D(3, 0, negative_count, "text.counts"),
    D(3, 0, special, "<unk>"), D(3, 0, no_utf8, "UTF-8"), D(2, 0, empty_entry, "empty"), D(1, 0, double_entry, "twice"), D(1, 0, not_one_sign, "one character"),
    D(4, 0, byte_name, "<0x00>"), D(4, 0, merge_low, "text.merges"), D(4, 0, merge_high, "text.merges"), D(4, 0, merge_negative, "text.merges"),
    D(4, 0, merge_other, "text.merges"), D(4, 0, merge_twice, "text.merges"), D(4, 0, merge_type, "text.merges"), D(4, 0, merge_wide, "text.merges"),
    D(0, 10, pair_high, "text.pairs"), D(1, 10, pair_negative, "text.pairs"), D(1, 10, pair_twice, "text.pairs"), D(3, 10, pair_type, "text.pairs"),
    D(4, 10, pair_wide, "text.pairs"), D(4, 10, pair_rare, "text.pairs"),
};

static void damaged(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        const damage *d = &damages[i];
        rc_text *t = learned(&r, unit[d->unit], d->pairs), *b;
        rc_store s;
        rc_store_init(&s, &r);
        assert_int_equal(rc_text_save(t, &s), 0);
        d->harm(&s);
        r.message[0] = 0;
        int e = rc_text_load(&r, &b, &s);
        if (e != RECUR_EFORMAT || !strstr(r.message, d->why))
            fail_msg("%s: %d \"%s\", wanted \"%s\"", d->what, e, r.message, d->why);
        assert_null(b);
        rc_store_free(&s);
        rc_text_free(t);
    }
    assert_int_equal(memory.live, 0);
}

/* Numbers and bytes changed at random: refused, or something that encodes and decodes. */
static void mutated(void **state)
{
    (void)state;
    recur r = test_runtime(&memory);
    uint64_t at = 0;
    int good = 0, refused = 0;
    for (int u = 0; u < UNITS; u++) {
        rc_text *t = learned(&r, unit[u], 10), *b;
        for (int round = 0; round < 1500; round++) {
            rc_store s;
            rc_store_init(&s, &r);
            assert_int_equal(rc_text_save(t, &s), 0);
            for (int k = 0; k < s.tensors; k++) {          /* merges are the text's own: a copy is harmed */
                rc_tensor *x = &s.tensor[k];
                const size_t n = x->n * rc_dtype_size(x->dtype);
                char *copy = rc_new(&r, n, 1);
                memcpy(copy, x->data, n);
                x->data = copy;
                assert_int_equal(rc_store_keep(&s, copy), 0);
                if (n && rc_below(1, at++, 3) == 0)
                    copy[rc_below(2, at, n)] = (char)rc_below(3, at, 256);
            }
            if (rc_text_load(&r, &b, &s) == RECUR_OK) {
                rc_ids out[2] = { { .r = &r }, { .r = &r } };
                rc_buf back;
                rc_buf_init(&back, &r, 0);
                assert_int_equal(rc_text_encode(b, sample, sizeof sample - 1, out, NULL), 0);
                assert_int_equal(rc_text_decode(b, out[0].id, out[0].n, &back), 0);
                rc_buf_free(&back);
                rc_ids_free(&out[0]);
                rc_ids_free(&out[1]);
                rc_text_free(b);
                good++;
            } else {
                refused++;
            }
            rc_store_free(&s);
        }
        rc_text_free(t);
    }
    assert_true(good > 100 && refused > 100);
    assert_int_equal(memory.live, 0);
}

/* --- memory that ends --- */
typedef struct { const rc_text *t; rc_store *s; } given;

static int save_scene(recur *r, void *arg)
{
    const given *g = arg;
    rc_text t = *g->t;
    rc_store s;
    t.r = r;
    rc_store_init(&s, r);
    int e = rc_text_save(&t, &s);
    rc_store_free(&s);
    return e;
}

static int load_scene(recur *r, void *arg)
{
    const given *g = arg;
    rc_text *t;
    int e = rc_text_load(r, &t, g->s);
    rc_text_free(t);
    return e;
}

static void memory_ends(void **state)
{
    (void)state;
    for (int u = 0; u < UNITS; u++) {
        test_memory own;
        recur r = test_runtime(&own);
        rc_text *t = learned(&r, unit[u], 10);
        rc_store s;
        rc_store_init(&s, &r);
        assert_int_equal(rc_text_save(t, &s), 0);
        test_all_allocations(save_scene, &(given){ t, NULL }, 1);
        test_all_allocations(load_scene, &(given){ t, &s }, 1);
        rc_store_free(&s);
        rc_text_free(t);
        assert_int_equal(own.live, 0);
    }
}

/* --- a peer --- */
static const char script[] =
    "import sys, io, sentencepiece as sp\n"
    "m = io.BytesIO()\n"
    "sp.SentencePieceTrainer.train(input=sys.argv[1], model_writer=m, vocab_size=int(sys.argv[2]), model_type='bpe', byte_fallback=True,\n"
    "    minloglevel=2, normalization_rule_name='identity', remove_extra_whitespaces=False, max_sentence_length=1000000)\n"
    "s = sp.SentencePieceProcessor(model_proto=m.getvalue())\n"
    "lines = open(sys.argv[1], encoding='utf8').read().split('\\n')\n"
    "print(sum(len(s.encode(l)) for l in lines) + len(lines) - 1)\n";

static long pieces_of_peer(const char *python, const test_folder *f, const char *text, int V)
{
    char path[TEST_PATH], command[4 * TEST_PATH];
    test_spill(test_path(f, "s.py", path), script, sizeof script - 1);
    snprintf(command, sizeof command, "%s %s %s %d", python, path, text, V);
    FILE *p = popen(command, "r");
    long n = 0;
    assert_non_null(p);
    assert_int_equal(fscanf(p, "%ld", &n), 1);
    assert_int_equal(pclose(p), 0);
    return n;
}

static void as_short_as_sentencepiece(void **state)
{
    (void)state;
    const char *python = test_python("sentencepiece"), *path = SHARED_DIR "/data/lm-tinyshakespeare/input.txt";
    if (!python)
        TEST_SKIP("no Python with sentencepiece");
    if (!test_exists(path))
        TEST_SKIP("no %s", path);
    recur r = test_runtime(&memory);
    test_folder f = test_folder_new();
    rc_buf b;
    rc_buf_init(&b, &r, 0);
    assert_int_equal(rc_file_read(&r, path, &b), 0);
    for (int V = 1000; V <= 8000; V *= 8) {
        char name[16];
        rc_text *t;
        snprintf(name, sizeof name, "bpe:%d", V);
        assert_int_equal(rc_text_new(&r, &t, &(rc_text_options){ .unit = name }), 0);
        double start = rc_now();
        assert_int_equal(rc_text_learn(t, b.s, b.n), 0);
        assert_int_equal(rc_text_settle(t), 0);
        double seconds = rc_now() - start;
        assert_int_equal(rc_vocab_size(t->vocab), V);
        rc_ids ids = { .r = &r };
        assert_int_equal(rc_text_encode(t, b.s, b.n, &ids, NULL), 0);
        long peer = pieces_of_peer(python, &f, path, V);
        print_message("%s: %zu pieces, SentencePiece %ld; learned in %.2f s\n", name, ids.n, peer, seconds);
        assert_true((double)ids.n < 1.02 * (double)peer && (double)ids.n > 0.95 * (double)peer);
        rc_ids_free(&ids);
        rc_text_free(t);
    }
    rc_buf_free(&b);
    test_folder_free(&f);
    assert_int_equal(memory.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back), cmocka_unit_test(damaged), cmocka_unit_test(mutated), cmocka_unit_test(memory_ends),
        cmocka_unit_test(as_short_as_sentencepiece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
