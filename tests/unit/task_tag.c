/* SPDX-License-Identifier: MIT
 * task_tag.c - tagging: what is read from the forms of files, how entities are written, where long sentences are cut, what
 * is counted, what the baselines say. */
#include "task/tag/tag.h"
#include "task_help.h"

static recur_data *read_one(recur *r, const char *text, recur_train_options *o, const rc_like *like)
{
    recur_data *d;
    json_t *problems = json_array();
    GOOD(r, task_read(r, &d, "tag", &text, 1, o, like, RC_ALL, problems));
    json_decref(problems);
    return d;
}

/* Words and tags of all examples: "EU/B-ORG rejects/O | ..." */
static const char *written(const recur_data *d, char *out, size_t room)
{
    size_t at = 0, n, m;
    out[0] = 0;
    for (int i = 0; i < d->count; i++) {
        rc_tag_walk w = rc_tag_walk_of(d, &d->ex[i]);
        const char *s;
        for (size_t k = d->ex[i].at; rc_tag_next(&w, &s, &n); k++) {
            const char *tag = d->step_label[k] >= 0 ? rc_tag_name(d, d->step_label[k], &m) : "-";
            at += (size_t)snprintf(out + at, room - at, "%s%.*s/%s", k == d->ex[i].at ? i ? " | " : "" : " ", (int)n, s, tag);
        }
    }
    return out;
}

static void reads(const char *text, recur_train_options *o, const char *wanted)
{
    recur *r = task_runtime();
    char got[2000];
    recur_data *d = read_one(r, text, o, NULL);
    assert_string_equal(written(d, got, sizeof got), wanted);
    assert_int_equal(d->rows, d->units);
    recur_data_close(d);
    task_runtime_free(r);
}

static void forms_of_files(void **state)
{
    (void)state;
    recur_train_options o = task_options();
    reads("EU\tNNP\tB-ORG\nbuys\tVBZ\tO\n\nPeter\tNNP\tB-PER\n", &o, "EU/B-ORG buys/O | Peter/B-PER");
    reads("-DOCSTART- -X- O\n\nEU NNP B-ORG\r\nbuys VBZ O\r\n\r\n\r\n# # O\nPeter  NNP B-PER", &o,
          "EU/B-ORG buys/O | #/O Peter/B-PER");
    reads("1\tI\tI\tPRON\tP\t_\t2\tn\t_\t_\n2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n2\tdo\tdo\tAUX\tV\t_\t0\tr\t_\t_\n"
          "3\tn't\tnot\tPART\tR\t_\t2\ta\t_\t_\n3.1\tgo\tgo\tVERB\t_\t_\t_\t_\t_\t_\n", &o, "I/PRON do/AUX n't/PART");
    o.column = 5;
    reads("# text = I go\n1\tI\tI\tPRON\tP\t_\t2\tn\t_\t_\n2\tgo\tgo\tVERB\tV\t_\t0\tr\t_\t_\n", &o, "I/P go/V");
    o.column = 2;
    reads("a b\tX\tO\nc\tY\tO\n", &o, "a\xE2\x96\x81""b/X c/Y");
    o.column = -1;
    o.segmented = 1;
    reads("我们 喜欢 图书馆 。\n他　去\n", &o, "我/B 们/E 喜/B 欢/E 图/B 书/I 馆/E 。/S | 他/S 去/S");
    o.segmented = -1;
    reads("图\tB\n书\tM\n馆\tE\n去\tS\n", &o, "图/B 书/I 馆/E 去/S");
}

static void entities_are_written_one_way(void **state)
{
    (void)state;
    recur_train_options o = task_options();
    const char *iob1 = "in\tO\nNew\tI-LOC\nYork\tI-LOC\nParis\tB-LOC\nEU\tI-ORG\nB\tI-PER\n";
    reads(iob1, &o, "in/O New/B-LOC York/I-LOC Paris/B-LOC EU/B-ORG B/B-PER");
    o.scheme = "bioes";
    reads(iob1, &o, "in/O New/B-LOC York/E-LOC Paris/S-LOC EU/S-ORG B/S-PER");
    reads("a\tB-X\nb\tI-X\nc\tI-X\n", &o, "a/B-X b/I-X c/E-X");
    o.scheme = "as-is";
    reads(iob1, &o, "in/O New/I-LOC York/I-LOC Paris/B-LOC EU/I-ORG B/I-PER");
    o.scheme = NULL;
    reads("in\tADP\nIowa\tB-PROPN\n", &o, "in/ADP Iowa/B-PROPN");
}

static void sentences_have_kinds(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d = read_one(r, "# intent = fly\nto\tO\nRome\tB-city\n\n# id = 7\n# intent = ask\nwhy\tO\n\nno\tO\n", &o, NULL), *h;
    assert_int_equal(d->kinds, 2);
    assert_true(json_is_false(json_object_get(d->form, "conllu")));
    assert_string_equal(json_string_value(json_array_get(json_object_get(d->form, "kinds"), 0)), "ask");
    assert_true(d->ex[0].label == 1 && d->ex[1].label == 0 && d->ex[2].label == -1);
    rc_like like = { .text = d->text, .labels = d->labels, .form = d->form, .side_text = d->side->text };
    h = read_one(r, "# intent = sing\nRome\tB-city\nLa\tB-song\n", &o, &like);
    assert_int_equal(h->ex[0].label, 2);                       /* no head knows it */
    assert_true(h->step_label[0] < h->classes && h->step_label[1] >= h->classes);
    int32_t ex = 0;
    recur_batch b;
    GOOD(r, rc_data_of(h, &ex, 1, &b));
    assert_true(b.target[0][0] == h->step_label[0] && b.target[0][1] == -1 && b.target[1][0] == -1);
    recur_data_close(h);
    recur_data_close(d);
}

/* Who fills in a column of CoNLL-U must know that the model's is one of those. */
static void form_says_conllu(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    o.column = 5;
    recur_data *d = read_one(r, "1\tI\tI\tPRON\tP\t_\t2\tn\t_\t_\n2\tgo\tgo\tVERB\tV\t_\t0\tr\t_\t_\n", &o, NULL);
    assert_true(json_is_true(json_object_get(d->form, "conllu")));
    assert_int_equal(json_integer_value(json_object_get(d->form, "column")), 5);
    recur_data_close(d);
}

static void bad_lines_cost_their_sentence(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d;
    json_t *problems = json_array();
    const char *text = "a\tO\nb\tB-X\n\nc\tO\nd\n\ne\tO\n\n\tO\n\nf\t\n\n\xff\tO\n";
    char got[200];
    GOOD(r, task_read(r, &d, "tag", &text, 1, &o, NULL, RC_ALL, problems));
    assert_string_equal(written(d, got, sizeof got), "a/O b/B-X | e/O");
    const int lines[] = { 5, 9, 11, 13 };
    assert_int_equal(json_array_size(problems), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(problems, i), "line")), lines[i]);
    recur_data_close(d);
    o.strict = 1;
    assert_int_equal(task_read(r, &d, "tag", &text, 1, &o, NULL, RC_ALL, problems), RECUR_EDATA);
    assert_non_null(strstr(r->message, "f0:5: "));
    recur_data_close(d);
    json_decref(problems);
}

static void nothing_to_learn(void **state)
{
    static const char *const texts[] = { "", "\n\n", "a\nb\n", "a\tO\nb\tO\n", "# intent = x\n" };
    recur *r = *state;
    recur_train_options o = task_options();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        recur_data *d;
        json_t *problems = json_array();
        assert_int_equal(task_read(r, &d, "tag", &texts[i], 1, &o, NULL, RC_ALL, problems), RECUR_EDATA);
        assert_true(*r->message && !strchr(r->message, '\n'));
        recur_data_close(d);
        json_decref(problems);
    }
}

/* Pieces are never longer than asked for, lose nothing, and learned ones do not cut an entity. */
static void long_sentences_are_cut(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    o.max_length = 10;
    char text[4000] = "";
    size_t at = 0;
    for (int i = 0; i < 60; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s\t%s\n", i % 13 == 12 ? "." : "w",
                               i % 13 == 12 ? "O" : i % 4 == 0 ? "B-X" : i % 4 == 3 ? "O" : "I-X");
    recur_data *d = read_one(r, text, &o, NULL);
    assert_true(d->count >= 6 && d->rows == 60 && d->dropped == 1);
    for (int i = 0; i < d->count; i++) {
        size_t n;
        assert_true(d->ex[i].T <= 10 && d->ex[i].line == 1);
        assert_true(rc_tag_name(d, d->step_label[d->ex[i].at], &n)[0] != 'I');
    }
    recur_data_close(d);
    o.max_length = -1;
    rc_like like = { 0 };
    d = read_one(r, text, &o, NULL);
    assert_int_equal(d->count, 1);
    like = (rc_like){ .text = d->text, .labels = d->labels, .form = d->form, .side_text = d->side->text, .max_length = 20 };
    recur_data *h = read_one(r, text, &o, &like);
    assert_true(h->count == 5 && h->ex[0].T == 13 && h->ex[1].T == 13);      /* at the full stops, whatever the tags say */
    recur_data_close(h);
    recur_data_close(d);
}

static void what_may_follow(void **state)
{
    recur *r = *state;
    rc_vocab *v;
    static const char *const names[] = { "O", "B-X", "I-X", "I-Y", "E-X", "S-X" };
    GOOD(r, rc_vocab_new(r, &v));
    for (size_t i = 0; i < 6; i++)
        GOOD(r, rc_vocab_add(v, names[i], strlen(names[i]), 0, NULL));
    enum { O, BX, IX, IY, EX, SX, ENDS };
    json_t *form = json_pack("{s:s}", "scheme", "iob2");
    uint8_t *no;
    GOOD(r, rc_tag_forbid(r, v, form, &no));
    assert_true(no[O * 7 + IX] && no[ENDS * 7 + IX] && no[BX * 7 + IY] && !no[BX * 7 + IX] && !no[IX * 7 + O] && !no[IX * 7 + ENDS]);
    rc_free(r, no);
    json_object_set_new(form, "scheme", json_string("bioes"));
    GOOD(r, rc_tag_forbid(r, v, form, &no));
    assert_true(no[BX * 7 + O] && no[BX * 7 + ENDS] && no[IX * 7 + BX] && no[EX * 7 + IX] && no[O * 7 + EX]);
    assert_true(!no[BX * 7 + EX] && !no[EX * 7 + BX] && !no[SX * 7 + ENDS] && !no[ENDS * 7 + SX] && !no[EX * 7 + ENDS]);
    rc_free(r, no);
    json_object_set_new(form, "scheme", json_string("as-is"));
    GOOD(r, rc_tag_forbid(r, v, form, &no));
    assert_null(no);
    json_decref(form);
    rc_vocab_free(v);
}

/* --- a model: what it is made of, what stands beside it --- */

static recur_model *model_of(recur *r, recur_data *d, const char *net)
{
    recur_model *m;
    GOOD(r, rc_model_build(r, &m, net, d, 1, NULL));
    return m;
}

static void baselines(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d = read_one(r, "# intent = fly\nto\tO\nRome\tB-city\n\n# intent = fly\nfly\tO\nto\tO\n\n# intent = ask\nwhy\tO\nRome\tB-city\nto\tB-x\n", &o, NULL), *h;
    recur_model *m = model_of(r, d, "embed 4 | lstm 4 || dense | crf || pool max | dense | softmax");
    GOOD(r, rc_tag_baseline(m, d, NULL));
    assert_non_null(m->forbid);
    rc_like like = { .text = m->text, .labels = m->labels, .form = d->form };
    h = read_one(r, "to\tO\nRome\tO\nLima\tO\n\nwhy\tO\n", &o, &like);
    int32_t tag[4], kind[2];
    GOOD(r, rc_tag_baseline_say(m, h, tag, kind));
    size_t n;
    assert_string_equal(rc_tag_name(h, tag[0], &n), "O");
    assert_string_equal(rc_tag_name(h, tag[1], &n), "B-city");
    assert_string_equal(rc_tag_name(h, tag[2], &n), "O");
    assert_true(kind[0] == 1 && kind[1] == 0);
    recur_data_close(h);
    recur_data_close(d);
    recur_model_free(m);
    o.segmented = 1;
    d = read_one(r, "北京 大学 的 北京大学 学生\n", &o, NULL);
    m = model_of(r, d, "embed 4 | lstm 4 bi | dense | crf");
    GOOD(r, rc_tag_baseline(m, d, NULL));
    like = (rc_like){ .text = m->text, .labels = m->labels, .form = d->form };
    h = read_one(r, "北京大学生\n", &o, &like);
    int32_t signs[5];
    GOOD(r, rc_tag_baseline_say(m, h, signs, NULL));
    const char *wanted[] = { "B", "I", "I", "E", "S" };       /* the longest that fits, though it is wrong */
    for (int i = 0; i < 5; i++)
        assert_string_equal(rc_tag_name(h, signs[i], &n), wanted[i]);
    recur_data_close(h);
    recur_data_close(d);
    recur_model_free(m);
}

/* Entities are counted whatever way they are written inside; tags that are none are not. */
static void entities_as_they_are(void **state)
{
    static const char *const texts[] = { "in\tO\nNew\tI-LOC\nYork\tI-LOC\nParis\tB-LOC\n", "New\tB-LOC\nYork\tE-LOC\nin\tO\n",
                                         "in\tADP\nParis\tNOUN\n" };
    recur *r = *state;
    recur_train_options o = task_options();
    o.scheme = "as-is";
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *j;
        recur_data *d = read_one(r, texts[i], &o, NULL);
        recur_model *m = model_of(r, d, "embed 4 | lstm 4 | dense | crf");
        GOOD(r, rc_tag_eval(m, d, &j));
        assert_true((json_object_get(j, "f1") != NULL) == (i < 2));
        if (i < 2)
            assert_int_equal(json_integer_value(json_object_get(j, "entities")), i == 0 ? 2 : 1);
        assert_string_equal(rc_tag_measure(m), i < 2 ? "f1" : "accuracy");
        json_decref(j);
        recur_data_close(d);
        recur_model_free(m);
    }
}

/* Readings of a softmax are the largest products of its rows' probabilities; all that there are share one whole. */
static void readings_of_rows(void **state)
{
    enum { C = 3, T = 3, ALL = 27 };
    recur *r = *state;
    recur_train_options o = task_options();
    recur_data *d = read_one(r, "a\tN\nb\tV\nc\tX\n", &o, NULL);
    recur_model *m = model_of(r, d, "embed 4 | lstm 4 | dense | softmax");
    int32_t tag[ALL * T];
    float p[T], whole[ALL + 3], few[4];
    double sum = 0;
    for (int k = 0; k < m->net->params.n; k++)
        for (size_t i = 0; i < m->net->params.p[k].n; i++)
            m->w[m->net->params.p[k].at + i] *= 4;            /* far from even */
    assert_true(d->count == 1 && d->classes == C && d->rows == T);
    GOOD(r, rc_tag_say(m, d, &(rc_tag_answers){ .best = 4, .tag = tag, .p = p, .whole = few }));
    assert_near(few[0], p[0] * p[1] * p[2], 1e-6);            /* the first: each row's likeliest tag */
    GOOD(r, rc_tag_say(m, d, &(rc_tag_answers){ .best = ALL, .tag = tag, .p = p, .whole = whole }));
    for (int b = 0; b < ALL; b++) {
        assert_true(b == 0 || whole[b] <= whole[b - 1]);
        for (int a = 0; a < b; a++)
            assert_memory_not_equal(tag + a * T, tag + b * T, T * sizeof *tag);
        sum += (double)whole[b];
    }
    assert_near(sum, 1, 1e-5);                                /* 27 sums of rounded floats */
    for (int b = 0; b < 4; b++)
        assert_near(few[b], whole[b], 0);
    recur_data_close(d);
    recur_model_free(m);
}

/* Rare units are dropped in training alone, by a coin that is a matter of seed, epoch and place. */
static void rare_units_are_dropped(void **state)
{
    recur *r = *state;
    recur_train_options o = task_options();
    char text[20000] = "";
    size_t at = 0;
    for (int i = 0; i < 400; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "w%c%c\tO\nof\tB-X\n%s", 'a' + i % 26, 'a' + i / 26, i % 8 == 7 ? "\n" : "");
    recur_data *d = read_one(r, text, &o, NULL);
    recur_batch b;
    int unknown[3] = { 0 }, often = 0;
    d->drop_rare = 1;
    for (int turn = 0; turn < 3; turn++) {
        recur_data_start(d, 4, 1, turn == 2 ? 0 : 5, 3);
        while (recur_data_next(d, &b) == RECUR_OK)
            for (int n = 0; n < b.N; n++) {
                unknown[turn] += b.ids[n] == RC_UNK;
                often += turn == 0 && b.ids[n] == rc_vocab_id(d->text->vocab, "of", 2);
            }
    }
    assert_true(unknown[0] == unknown[1] && unknown[2] == 0);
    assert_true(unknown[0] > 140 && unknown[0] < 260);         /* half of 400, five deviations of 10 */
    assert_true(often > 390);
    recur_data_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_of_files), cmocka_unit_test(entities_are_written_one_way), TASK_TEST(sentences_have_kinds), TASK_TEST(form_says_conllu),
        TASK_TEST(bad_lines_cost_their_sentence), TASK_TEST(nothing_to_learn), TASK_TEST(long_sentences_are_cut),
        TASK_TEST(what_may_follow), TASK_TEST(baselines), TASK_TEST(readings_of_rows), TASK_TEST(entities_as_they_are), TASK_TEST(rare_units_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
