/* SPDX-License-Identifier: MIT
 * Prefix beam search against all lists with their summed paths: order and probabilities, with a bonus, a lexicon and
 * language models by signs and by words; a narrow beam; lists of labels in batches. */
#include "task_help.h"
#include "task/transcribe/search.h"
#include "task/lm/lm.h"

enum { A = 1, B = 2, GAP = 3, V = 4, T = 6, WAYS = 4096, LISTS = 2048 };
static const char *const texts[V] = { "", "a", "b", " " };

typedef struct { int32_t label[T]; int n; double p, score; } list;

static int collapse(const int32_t *path, int32_t *out)
{
    int n = 0;
    for (int t = 0; t < T; t++)
        if (path[t] != RC_BLANK && (!t || path[t] != path[t - 1]))
            out[n++] = path[t];
    return n;
}

static int falling(const void *a, const void *b)
{
    double x = ((const list *)a)->score, y = ((const list *)b)->score;
    return (x < y) - (x > y);
}

/* All lists with log of their summed probability. */
static int enumerate(const real *z, list *out)
{
    int n = 0;
    for (int way = 0; way < WAYS; way++) {
        int32_t path[T], label[T] = { 0 };
        double p = 1;
        for (int t = 0, rest = way; t < T; t++, rest /= V) {
            double sum = 0;
            path[t] = rest % V;
            for (int k = 0; k < V; k++)
                sum += exp((double)z[t * V + k]);
            p *= exp((double)z[t * V + path[t]]) / sum;
        }
        int size = collapse(path, label), k = 0;
        while (k < n && (out[k].n != size || memcmp(out[k].label, label, sizeof label) != 0))
            k++;
        if (k == n) {
            memcpy(out[n].label, label, sizeof label);
            out[n].n = size;
            out[n++].p = 0;
        }
        out[k].p += p;
    }
    for (int k = 0; k < n; k++)
        out[k].p = out[k].score = log(out[k].p);
    return n;
}

static void draw(real *z, uint64_t seed)
{
    for (int i = 0; i < T * V; i++)
        z[i] = (real)(1.5 * rc_normal(seed, (uint64_t)i));
}

/* The search's answers are the first of `all`, whose scores are set. */
static void compare(recur *r, const rc_ctc_how *how, const real *z, list *all, int n)
{
    rc_ctc_search *s;
    rc_ctc_found found[8];
    qsort(all, (size_t)n, sizeof *all, falling);
    GOOD(r, rc_ctc_search_open(r, &s, how, V));
    for (int again = 0; again < 2; again++) {                  /* a second answer owes nothing to the first */
        int have = rc_ctc_search_say(s, &(rc_seq){ z, V, T, NULL, 0 }, found);
        GOOD(r, have);
        assert_int_equal(have, how->best < n ? how->best : n);
        for (int i = 0; i < have; i++) {
            assert_near(found[i].score, all[i].score, 1e-4);
            assert_near(found[i].logp, all[i].p, 1e-4);
            assert_int_equal(found[i].n, all[i].n);
            assert_memory_equal(found[i].label, all[i].label, (size_t)all[i].n * sizeof *all[i].label);
        }
        rc_ctc_found_free(r, found, have);
    }
    rc_ctc_search_close(s);
}

static int words_of(const list *l)
{
    int n = 0;
    for (int i = 0; i < l->n; i++)
        n += l->label[i] != GAP && (i == 0 || l->label[i - 1] == GAP);
    return n;
}

static void against_all_lists(void **state)
{
    static list all[LISTS];
    recur *r = *state;
    for (uint64_t seed = 1; seed < 9; seed++) {
        real z[T * V];
        draw(z, seed);
        rc_ctc_how how = { .beam = 2000, .best = 8 };
        int n = enumerate(z, all);
        compare(r, &how, z, all, n);
        how.beta = 0.7;                                        /* for every label */
        for (int k = 0; k < n; k++)
            all[k].score = all[k].p + how.beta * all[k].n;
        compare(r, &how, z, all, n);
        how.space = GAP;                                       /* for every word */
        for (int k = 0; k < n; k++)
            all[k].score = all[k].p + how.beta * words_of(&all[k]);
        compare(r, &how, z, all, n);
    }
}

static const int32_t words[][3] = { { A }, { A, B }, { B, B, A } };
static const int sizes[] = { 1, 2, 3 };

static bool is_word(const int32_t *label, int n)
{
    for (int k = 0; k < 3; k++)
        if (n == sizes[k] && !memcmp(label, words[k], (size_t)n * sizeof *label))
            return true;
    return false;
}

/* Words of the lexicon between single gaps; one may stand at the end. */
static bool allowed(const list *l, bool gaps)
{
    int from = 0;
    if (!gaps)
        return l->n == 0 || is_word(l->label, l->n);
    for (int i = 0; i < l->n; i++)
        if (l->label[i] == GAP) {
            if (!is_word(l->label + from, i - from))
                return false;
            from = i + 1;
        }
    return from == l->n || is_word(l->label + from, l->n - from);
}

static void only_words_of_the_lexicon(void **state)
{
    static list all[LISTS];
    recur *r = *state;
    rc_lexicon *lex;
    GOOD(r, rc_lexicon_new(r, &lex));
    for (int k = 0; k < 3; k++)
        GOOD(r, rc_lexicon_add(lex, words[k], sizes[k]));
    for (uint64_t seed = 1; seed < 9; seed++)
        for (int gaps = 0; gaps < 2; gaps++) {
            real z[T * V];
            int n, kept = 0;
            draw(z, seed);
            n = enumerate(z, all);
            for (int k = 0; k < n; k++)
                if (allowed(&all[k], gaps))
                    all[kept++] = all[k];
            compare(r, &(rc_ctc_how){ .beam = 2000, .best = 8, .lexicon = lex, .space = gaps ? GAP : 0 }, z, all, kept);
        }
    rc_lexicon_free(lex);
}

/* log P of a text by a language model: of its units, in one pass from the start. */
static double by_model(recur *r, const recur_model *m, const char *text)
{
    rc_ids id[2] = { { .r = r }, { .r = r } };
    rc_run *u;
    int64_t unknown;
    int32_t in[32], rows;
    double sum = 0;
    GOOD(r, rc_text_encode(m->text, text, strlen(text), id, &unknown));
    int n = (int)id[0].n, W = rc_vocab_size(m->text->vocab);
    in[0] = rc_text_start(m->text);
    for (int i = 0; i < n; i++)
        in[i + 1] = id[0].id[i];
    GOOD(r, rc_run_new(r, &u, m->net, m->w, &(recur_dims){ .B = 1, .T = 32, .N = 32, .scores = 1 }));
    const real *z = rc_run_forward(u, &(recur_batch){ .T = n + 1, .B = 1, .N = n + 1, .C = 1, .ids = in, .fresh = 1 }, 0, &rows);
    for (int i = 0; i < n; i++) {
        double all = 0;
        for (int k = 0; k < W; k++)
            all += exp((double)z[i * W + k]);
        sum += (double)z[i * W + id[0].id[i]] - log(all);
    }
    rc_run_free(u);
    rc_ids_free(&id[0]);
    rc_ids_free(&id[1]);
    return sum;
}

static void with_a_language_model(void **state)
{
    static list all[LISTS];
    static const char *const text[] = { "a ab b\nab a\nb a b ab\na a b\n" };
    static const char *const units[] = { "char", "word" };
    recur *r = *state;
    for (int u = 0; u < 2; u++) {
        recur_train_options o = task_options();
        recur_data *d;
        recur_model *m;
        o.unit = units[u];
        o.min_count = 1;
        GOOD(r, task_read(r, &d, "lm", text, 1, &o, NULL, RC_ALL, NULL));
        GOOD(r, rc_model_build(r, &m, "embed 6 | lstm 9 | dense", d, 5, NULL));
        for (size_t i = 0; i < m->net->params.total; i++)
            m->w[i] *= 6;                                      /* a model with opinions */
        for (uint64_t seed = 1; seed < 5; seed++) {
            real z[T * V];
            rc_ctc_how how = { .beam = 2000, .best = 8, .space = GAP, .lm = m, .alpha = 0.8, .beta = 0.5, .text = texts };
            draw(z, seed);
            int n = enumerate(z, all);
            for (int k = 0; k < n; k++) {
                char s[2 * T + 1] = "";
                for (int i = 0; i < all[k].n; i++)
                    strcat(s, texts[all[k].label[i]]);
                all[k].score = all[k].p + how.alpha * by_model(r, m, s) + how.beta * (u ? words_of(&all[k]) : all[k].n);
            }
            compare(r, &how, z, all, n);
        }
        recur_model_free(m);
        recur_data_close(d);
    }
}

/* Few beginnings kept: still a list, its probability never above the truth. */
static void a_narrow_beam(void **state)
{
    static list all[LISTS];
    recur *r = *state;
    int right = 0;
    for (uint64_t seed = 1; seed < 40; seed++) {
        real z[T * V];
        rc_ctc_search *s;
        rc_ctc_found found;
        draw(z, seed);
        int n = enumerate(z, all), k = 0;
        qsort(all, (size_t)n, sizeof *all, falling);
        GOOD(r, rc_ctc_search_open(r, &s, &(rc_ctc_how){ .beam = 4, .best = 1, .top = 2 }, V));
        assert_int_equal(rc_ctc_search_say(s, &(rc_seq){ z, V, T, NULL, 0 }, &found), 1);
        while (k < n && (all[k].n != found.n || memcmp(all[k].label, found.label, (size_t)found.n * sizeof *found.label)))
            k++;
        assert_true(k < n && found.logp < all[k].p + 1e-4);
        right += k == 0;
        rc_ctc_found_free(r, &found, 1);
        rc_ctc_search_close(s);
    }
    assert_true(right > 25);
}

static void lists_in_batches(void **state)
{
    static const int32_t lists[][3] = { { 1 }, { 1, 2, 3 }, { 0 }, { 2, 2 } };
    static const int size[] = { 1, 3, 0, 2 }, length[] = { 4, 2, 7, 5 };
    recur *r = *state;
    recur_data *d, *held;
    recur_batch b;
    int seen = 0;
    GOOD(r, rc_data_new(r, &d, rc_task_find("classify")));
    d->F = 1;
    d->classes = V;
    for (int i = 0; i < 40; i++) {
        rc_example *ex;
        GOOD(r, rc_data_example(d, &ex));
        GOOD(r, rc_data_row(d, (size_t)length[i % 4]));
        ex->T = length[i % 4];
        for (int t = 0; t < ex->T; t++)
            d->x[ex->at + (size_t)t] = (float)i;
        d->rows += (size_t)ex->T;
        GOOD(r, rc_data_list(d, ex, lists[i % 4], (size_t)size[i % 4]));
    }
    GOOD(r, recur_data_split(d, 0.3, 5, &held));
    assert_true(held->count > 0 && held->count + d->count == 40);
    for (int k = 0; k < 2; k++) {
        recur_data *of = k ? held : d;
        recur_data_start(of, 7, 1, 3, 0);
        while (recur_data_next(of, &b) >= 0)
            for (int i = 0; i < b.B; i++, seen++) {
                int which = (int)b.x[i] % 4, n = b.list_at[0][i + 1] - b.list_at[0][i];
                assert_int_equal(n, size[which]);
                if (n)
                    assert_memory_equal(b.target[0] + b.list_at[0][i], lists[which], (size_t)n * sizeof(int32_t));
            }
    }
    assert_int_equal(seen, 40);
    recur_data_close(held);
    recur_data_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(against_all_lists), TASK_TEST(only_words_of_the_lexicon),
        TASK_TEST(with_a_language_model), TASK_TEST(a_narrow_beam), TASK_TEST(lists_in_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
