/* SPDX-License-Identifier: MIT
 * task_text.c - the two tasks on small texts: what is read, parted, chosen, scored, stored and loaded again. */
#include "task/lm/lm.h"
#include "task_help.h"

static int nothing(void *ud, const char *form, ...)
{
    (void)ud;
    (void)form;
    return 0;
}

/* --- language model --- */

static void text_is_parted_by_bytes(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d, *h;
    char text[1001];
    for (int i = 0; i < 1000; i++)
        text[i] = "abcdefgh \n"[i % 10];
    text[1000] = 0;
    const char *one[] = { text };
    GOOD(r, task_read(r, &d, "lm", one, 1, &o, NULL, RC_TRAIN_PART, NULL));
    rc_like like = { .text = d->text };
    GOOD(r, task_read(r, &h, "lm", one, 1, &o, &like, RC_HELD_PART, NULL));
    assert_true(d->rows == 900 && h->rows == 100);
    assert_true(d->chars == 900 && h->chars == 100 && h->unknown == 0);
    assert_int_equal(rc_text_start(d->text), rc_vocab_id(d->text->vocab, "\n", 1));
    assert_int_equal(recur_data_count(d), 900);
    recur_data_close(h);
    recur_data_close(d);
}

static void sentences_end_in_a_sign(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d;
    const char *two[] = { "the cat <unk> sat\nthe dog\n", "a cat\nno end" };
    GOOD(r, task_read(r, &d, "lm", two, 2, &o, NULL, RC_ALL, NULL));
    assert_string_equal(d->text->unit->name, "token");         /* marked rare words: cut already */
    const char *wanted[] = { "the", "cat", "<unk>", "sat", "</s>", "the", "dog", "</s>", "a", "cat", "</s>", "no", "end", "</s>" };
    assert_int_equal(d->rows, 14);
    for (size_t i = 0; i < 14; i++) {
        size_t n;
        const char *s = rc_vocab_str(d->text->vocab, d->ids[0][i], &n);
        assert_true(n == strlen(wanted[i]) && memcmp(s, wanted[i], n) == 0);
    }
    assert_int_equal(rc_text_start(d->text), RC_EOS);
    recur_data_close(d);
}

static void odd_texts(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d;
    const char *bad[] = { "good line\nbad \xFF line\nanother good line here, and so on and on and on and on and on and on and on\n" };
    json_t *problems = json_array();
    GOOD(r, task_read(r, &d, "lm", bad, 1, &o, NULL, RC_ALL, problems));
    assert_int_equal(json_array_size(problems), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(problems, 0), "line")), 2);
    recur_data_close(d);
    o.strict = 1;
    assert_int_equal(task_read(r, &d, "lm", bad, 1, &o, NULL, RC_ALL, problems), RECUR_EDATA);
    assert_non_null(strstr(r->message, ":2:"));
    recur_data_close(d);
    o.strict = 0;
    o.unit = "byte";
    GOOD(r, task_read(r, &d, "lm", bad, 1, &o, NULL, RC_ALL, NULL));
    assert_int_equal(d->rows, strlen(bad[0]));
    recur_data_close(d);
    o.unit = NULL;
    const char *none[] = { "" };
    assert_int_equal(task_read(r, &d, "lm", none, 1, &o, NULL, RC_ALL, problems), RECUR_EDATA);
    recur_data_close(d);
    json_decref(problems);
}

/* A net that has learned nothing spreads its probability evenly: perplexity near V; the n-gram model does better. */
static void lm_is_scored_beside_its_baseline(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d, *h;
    recur_model *m, *again;
    json_t *j;
    rc_buf text;
    rc_ids id;
    rc_buf_init(&text, r, 0);
    for (int i = 0; i < 400; i++)
        rc_buf_print(&text, "the %s sees %d %s\n", i % 3 ? "cat" : "dog", i % 7, i % 2 ? "birds" : "mice");
    const char *one[] = { text.s };
    GOOD(r, task_read(r, &d, "lm", one, 1, &o, NULL, RC_TRAIN_PART, NULL));
    rc_like like = { .text = d->text };
    GOOD(r, task_read(r, &h, "lm", one, 1, &o, &like, RC_HELD_PART, NULL));
    GOOD(r, rc_model_build(r, &m, "embed 8 | lstm 8 | dense", d, 1, NULL));
    GOOD(r, m->task->baseline(m, d, NULL));
    GOOD(r, rc_lm_training_ids(m, &id));
    assert_true(id.n == d->rows && memcmp(id.id, d->ids[0], d->rows * sizeof(int32_t)) == 0);
    rc_ids_free(&id);
    GOOD(r, m->task->eval(m, h, &j));
    double V = rc_vocab_size(d->text->vocab), nats = json_number_value(json_object_get(j, "nats_per_unit"));
    const json_t *base = json_object_get(j, "baseline");
    assert_int_equal(json_integer_value(json_object_get(j, "units")), (int64_t)h->rows);
    assert_near(nats, log(V), 0.4);
    assert_near(json_number_value(json_object_get(j, "perplexity")), exp(nats), 1e-6 * exp(nats));
    assert_near(json_number_value(json_object_get(j, "bits_per_char")), json_number_value(json_object_get(j, "nats_per_char")) / log(2), 1e-9);
    assert_true(json_number_value(json_object_get(base, "nats_per_unit")) < 0.5);
    assert_true(json_is_false(json_object_get(j, "better")));
    json_decref(j);

    rc_run *u;                                                 /* several streams score the same text the same but for their beginnings */
    double loss, metric;
    GOOD(r, rc_run_new(r, &u, m->net, m->w, &(recur_dims){ .B = 4, .T = 16, .N = 64, .train = 1 }));
    for (size_t i = 0; i < 4 * m->net->state_size; i++)
        u->state[i] = (real)0.25;
    GOOD(r, m->task->score(m, h, u, &loss, &metric));
    assert_near(loss, nats, 0.02);
    for (size_t i = 0; i < 4 * m->net->state_size; i++)
        assert_true(u->state[i] == (real)0.25);                /* training goes on where it was */
    double part;                                               /* a look ends early, one at the whole text does not */
    h->look = (int64_t)h->rows;
    GOOD(r, m->task->score(m, h, u, &part, &metric));
    assert_true(part == loss);
    h->look = 64;
    GOOD(r, m->task->score(m, h, u, &part, &metric));
    assert_true(isfinite(part) && part != loss);
    h->look = 0;
    rc_run_free(u);

    rc_store s;                                                /* a store and back: the same figures to the last bit */
    rc_store_init(&s, r);
    GOOD(r, rc_model_store(m, &s, true));
    GOOD(r, rc_model_from(r, &again, &s, "stored"));
    GOOD(r, again->task->eval(again, h, &j));
    assert_true(json_number_value(json_object_get(j, "nats_per_unit")) == nats);
    json_decref(j);
    rc_store_free(&s);
    recur_model_free(again);
    recur_data_close(h);
    recur_data_close(d);
    recur_model_free(m);
    rc_buf_free(&text);
}

/* --- classify --- */

static void write_reviews(rc_buf *b, int from, int n, bool odd)
{
    static const char *const good[] = { "lovely", "great", "warm", "bright" }, *const bad[] = { "awful", "dull", "cold", "weak" };
    for (int i = from; i < from + n; i++) {
        uint64_t key = rc_key(3, RC_OTHER, (uint64_t)i, 0);
        rc_buf_print(b, "%s\tfilm %d was %s in all%s\n", i % 2 ? "pos" : "neg", (int)rc_below(key, 0, 50),
                     (i % 2 ? good : bad)[rc_below(key, 1, 4)], odd && i % 10 == 0 ? " parts" : "");
    }
}

static void labels_stand_in_order(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d;
    const char *one[] = { "10\tx y\n9\tz\nb\tq\na\tw\n9\tv\n" };
    GOOD(r, task_read(r, &d, "classify", one, 1, &o, NULL, RC_ALL, NULL));
    const char *wanted[] = { "9", "10", "a", "b" };
    assert_int_equal(d->classes, 4);
    for (int k = 0; k < 4; k++) {
        size_t n;
        assert_true(strncmp(rc_vocab_str(d->labels, RC_FIRST + k, &n), wanted[k], n) == 0);
    }
    assert_true(d->ex[0].label == 1 && d->ex[1].label == 0 && d->ex[2].label == 3);
    recur_data_close(d);
    const char *same[] = { "a\tx\na\ty\n" };
    assert_int_equal(task_read(r, &d, "classify", same, 1, &o, NULL, RC_ALL, NULL), RECUR_EDATA);
    assert_non_null(strstr(r->message, "two"));
    recur_data_close(d);
}

static void parts_hold_each_text_once(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d, *h;
    rc_buf text;
    rc_buf_init(&text, r, 0);
    write_reviews(&text, 0, 600, true);
    const char *one[] = { text.s };
    o.held = 0.25;
    json_t *problems = json_array();
    GOOD(r, task_read(r, &d, "classify", one, 1, &o, NULL, RC_TRAIN_PART, problems));
    rc_like like = { .text = d->text, .labels = d->labels, .scaling = &d->scaling };
    GOOD(r, task_read(r, &h, "classify", one, 1, &o, &like, RC_HELD_PART, problems));
    assert_int_equal(d->count + h->count, 600);
    assert_true(h->count > 90 && h->count < 210);
    for (int i = 0; i < h->count; i++)
        for (int k = 0; k < d->count; k++)
            assert_false(h->ex[i].text_n == d->ex[k].text_n
                         && memcmp(h->raw.s + h->ex[i].text, d->raw.s + d->ex[k].text, h->ex[i].text_n) == 0);
    assert_int_equal(json_array_size(problems), 0);
    json_decref(problems);
    recur_data_close(h);
    recur_data_close(d);
    rc_buf_free(&text);
}

static void long_texts_keep_both_ends(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d;
    const char *one[] = { "a\tb c d e f g h i j k\nb\tx y\n" };
    o.max_length = 4;
    o.unit = "word";
    GOOD(r, task_read(r, &d, "classify", one, 1, &o, NULL, RC_ALL, NULL));
    assert_int_equal(d->ex[0].T, 4);
    assert_int_equal(d->ex[1].T, 2);
    assert_int_equal(d->dropped, 1);
    const char *wanted[] = { "b", "i", "j", "k" };
    for (int t = 0; t < 4; t++)
        assert_int_equal(d->ids[0][t], rc_vocab_id(d->text->vocab, wanted[t], 1));
    rc_like like = { .text = d->text, .labels = d->labels, .scaling = &d->scaling, .max_length = 3 };
    recur_data *later;
    o.max_length = -1;                                         /* nothing said: as the model was trained */
    GOOD(r, task_read(r, &later, "classify", one, 1, &o, &like, RC_ALL, NULL));
    assert_int_equal(later->ex[0].T, 3);
    recur_data_close(later);
    recur_data_close(d);
}

static void measured(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d, *h;
    const char *train[] = { "@data\n1,2,3:10,10,10:a\n5,?:10,10:b\n" }, *test[] = { "@data\n3:11:b\n?:10:c\n" }, *wrong[] = { "@data\n3:b\n" };
    json_t *problems = json_array();
    GOOD(r, task_read(r, &d, "classify", train, 1, &o, NULL, RC_ALL, problems));
    assert_true(d->F == 2 && d->count == 2 && d->rows == 5);
    double mean = 11.0 / 4, sd = sqrt((1 + 4 + 9 + 25) / 4.0 - mean * mean);
    assert_near((double)d->x[0], (1 - mean) / sd, 1e-6);
    assert_near((double)d->x[8], 0, 0);                        /* missing: the mean */
    assert_near((double)d->x[1], 0, 1e-6);                     /* always the same */
    rc_like like = { .labels = d->labels, .scaling = &d->scaling };
    GOOD(r, task_read(r, &h, "classify", test, 1, &o, &like, RC_ALL, problems));
    assert_near((double)h->x[0], (3 - mean) / sd, 1e-6);       /* scaled as the training part is */
    assert_true(h->count == 1 && json_array_size(problems) == 1);      /* label c was never learned */
    recur_data_close(h);
    assert_int_equal(task_read(r, &h, "classify", wrong, 1, &o, &like, RC_ALL, problems), RECUR_EDATA);
    recur_data_close(h);
    recur_data_close(d);
    json_decref(problems);
}

/* The linear model learns what one word decides; its figures stand beside the untrained net's and survive the store. */
static void linear_learns_and_is_kept(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d, *h;
    recur_model *m, *again;
    rc_buf text, test;
    json_t *j, *k;
    rc_buf_init(&text, r, 0);
    rc_buf_init(&test, r, 0);
    write_reviews(&text, 0, 400, false);
    write_reviews(&test, 400, 120, false);
    const char *one[] = { text.s }, *two[] = { test.s };
    GOOD(r, task_read(r, &d, "classify", one, 1, &o, NULL, RC_ALL, NULL));
    rc_like like = { .text = d->text, .labels = d->labels, .scaling = &d->scaling };
    GOOD(r, task_read(r, &h, "classify", two, 1, &o, &like, RC_ALL, NULL));
    char net[512];
    GOOD(r, d->task->choose(d, &o, net, sizeof net, nothing, NULL));
    assert_true(o.batch > 0 && o.lr > 0 && o.epochs > 0 && o.clip > 0);
    GOOD(r, rc_model_build(r, &m, net, d, 1, NULL));
    GOOD(r, m->task->prepare(m, d, &o));
    GOOD(r, m->task->baseline(m, d, NULL));
    GOOD(r, m->task->eval(m, h, &j));
    assert_true(json_number_value(json_object_get(json_object_get(j, "baseline"), "accuracy")) > 0.97);
    assert_true(json_number_value(json_object_get(json_object_get(j, "majority"), "accuracy")) < 0.6);
    assert_true(json_is_false(json_object_get(j, "better")));
    assert_non_null(strstr(json_string_value(json_object_get(j, "verdict")), "WORSE"));
    const json_t *alone = json_object_get(j, "right_alone");
    json_int_t ours = json_integer_value(json_object_get(alone, "net")), theirs = json_integer_value(json_object_get(alone, "baseline"));
    assert_true(theirs > ours && json_number_value(json_object_get(alone, "p")) == rc_mcnemar(ours, theirs));
    rc_store s;
    rc_store_init(&s, r);
    GOOD(r, rc_model_store(m, &s, true));
    GOOD(r, rc_model_from(r, &again, &s, "stored"));
    GOOD(r, again->task->eval(again, h, &k));
    assert_true(json_equal(j, k));
    json_decref(j);
    json_decref(k);
    rc_store_free(&s);
    recur_model_free(again);
    recur_data_close(h);
    recur_data_close(d);
    recur_model_free(m);
    rc_buf_free(&text);
    rc_buf_free(&test);
}

static void rare_classes(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d;
    recur_model *m;
    const char *one[] = { "a\tx\na\ty\na\tz\nb\tq\n" };
    GOOD(r, task_read(r, &d, "classify", one, 1, &o, NULL, RC_ALL, NULL));
    GOOD(r, rc_model_build(r, &m, "embed 4 | lstm 4 | pool mean | dense", d, 1, NULL));
    o.balance = "weights";
    GOOD(r, m->task->prepare(m, d, &o));
    const rc_head *h = m->net->branch[0].head;
    assert_near((double)h->class_weight[0], 4.0 / (2 * 3), 1e-6);
    assert_near((double)h->class_weight[1], 4.0 / 2, 1e-6);
    o.balance = "sample";
    GOOD(r, m->task->prepare(m, d, &o));
    assert_near((double)d->ex[3].weight, 2, 1e-6);
    o.balance = "focal";
    GOOD(r, m->task->prepare(m, d, &o));
    assert_near(h->focal, 2, 0);
    o.balance = "hope";
    assert_int_equal(m->task->prepare(m, d, &o), RECUR_EOPTION);
    recur_data_close(d);
    recur_model_free(m);
}

/* --- model files that are not whole --- */

static void load_refuses(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d;
    recur_model *m, *no;
    const char *one[] = { "a\tx y\nb\tq z\n" };
    GOOD(r, task_read(r, &d, "classify", one, 1, &o, NULL, RC_ALL, NULL));
    GOOD(r, rc_model_build(r, &m, "embed 4 | lstm 4 | pool mean | dense", d, 1, NULL));
    rc_store s;
    rc_store_init(&s, r);
    GOOD(r, rc_model_store(m, &s, true));
    for (int i = 0; i < m->net->params.n; i++) {
        const char *name = m->net->params.p[i].name;
        rc_tensor *t = rc_store_find(&s, name);
        char was = t->name[0];
        t->name[0] = '#';                                      /* a weight missing, and one left over */
        assert_int_equal(rc_model_from(r, &no, &s, "f"), RECUR_EFORMAT);
        assert_non_null(strstr(r->message, name));
        t->name[0] = was;
        t->dim[0]++;                                           /* another shape */
        assert_int_equal(rc_model_from(r, &no, &s, "f"), RECUR_EFORMAT);
        assert_non_null(strstr(r->message, name));
        t->dim[0]--;
    }
    real nan = (real)NAN, w = m->w[m->net->params.p[0].at];
    m->w[m->net->params.p[0].at] = nan;                        /* the store borrows the weights */
    assert_int_equal(rc_model_from(r, &no, &s, "f"), RECUR_EFORMAT);
    assert_non_null(strstr(r->message, "finite"));
    m->w[m->net->params.p[0].at] = w;
    int64_t n = 1;
    float x = 0;
    GOOD(r, rc_store_add(&s, "opt.moment", RC_F32, 1, &n, &x));        /* a checkpoint's: left alone */
    GOOD(r, rc_model_from(r, &no, &s, "f"));
    recur_model_free(no);
    GOOD(r, rc_store_add(&s, "stranger", RC_F32, 1, &n, &x));
    assert_int_equal(rc_model_from(r, &no, &s, "f"), RECUR_EFORMAT);
    assert_non_null(strstr(r->message, "stranger"));
    rc_store_free(&s);
    static const char *const cards[] = {
        "", "{", "[]", "{\"format\":2,\"task\":\"lm\"}", "{\"format\":1,\"task\":\"dance\"}", "{\"format\":1,\"task\":\"lm\"}",
        "{\"format\":1,\"task\":\"lm\",\"net\":\"embed 4 | dense\",\"facts\":{\"vocabulary\":[-1],\"features\":0,\"classes\":[2]}}",
        "{\"format\":1,\"task\":\"lm\",\"net\":\"embed 4 | dense\",\"facts\":{\"vocabulary\":[2147483647],\"features\":0,\"classes\":[2147483647]}}",
        "{\"format\":1,\"task\":\"lm\",\"net\":\"waltz 4\",\"facts\":{\"vocabulary\":[5],\"features\":0,\"classes\":[5]}}",
    };
    for (size_t i = 0; i < sizeof cards / sizeof cards[0]; i++) {
        rc_store_init(&s, r);
        GOOD(r, rc_store_text(&s, "recur", cards[i]));
        assert_int_equal(rc_model_from(r, &no, &s, "f"), RECUR_EFORMAT);
        rc_store_free(&s);
    }
    recur_data_close(d);
    recur_model_free(m);
}

/* --- check --- */

static void check_names_what_is_wrong(void **state)
{
    recur *r = *state;
    test_folder f = test_folder_new();
    char a[TEST_PATH], b[TEST_PATH], found[1024] = "";
    const char *path[] = { test_path(&f, "a", a), test_path(&f, "b", b) };
    static const char first[] = "pos\tgood film\nneg\tbad film\nlonely\npos\tgood film\nneg\tgood film\nodd\tthat one\n";
    static const char second[] = "pos\tfilm\nneg\tbad film\nnew\tfilm film\n";
    test_spill(a, first, sizeof first - 1);
    test_spill(b, second, sizeof second - 1);
    json_t *j, *p;
    size_t at;
    GOOD(r, rc_task_find("classify")->check(r, path, 2, NULL, &j));
    json_array_foreach(json_object_get(j, "problems"), at, p) {
        const char *name = json_string_value(json_object_get(p, "file"));
        snprintf(found + strlen(found), sizeof found - strlen(found), "%c:%lld:%s ", name[strlen(name) - 1],
                 (long long)json_integer_value(json_object_get(p, "line")), json_string_value(json_object_get(p, "kind")));
    }
    assert_string_equal(found, "a:3:label a:4:duplicate a:5:conflict a:6:rare b:3:unlearned b:2:duplicate ");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "labels"), "pos")), 3);
    json_decref(j);
    static const char novel[] = "It was the best of times, it was the worst of times.\nAnd so on.\n";
    test_spill(a, novel, sizeof novel - 1);
    test_spill(b, novel, sizeof novel - 1);
    GOOD(r, rc_task_find("lm")->check(r, path, 1, NULL, &j));
    assert_int_equal(json_array_size(json_object_get(j, "problems")), 0);
    json_decref(j);
    GOOD(r, rc_task_find("lm")->check(r, path, 2, NULL, &j));
    assert_int_equal(json_array_size(json_object_get(j, "problems")), 1);
    json_decref(j);
    test_folder_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(text_is_parted_by_bytes), TASK_TEST(sentences_end_in_a_sign), TASK_TEST(odd_texts),
        TASK_TEST(lm_is_scored_beside_its_baseline), TASK_TEST(labels_stand_in_order),
        TASK_TEST(parts_hold_each_text_once), TASK_TEST(long_texts_keep_both_ends), TASK_TEST(measured),
        TASK_TEST(linear_learns_and_is_kept), TASK_TEST(rare_classes), TASK_TEST(load_refuses),
        TASK_TEST(check_names_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
