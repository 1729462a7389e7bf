/* SPDX-License-Identifier: MIT
 * Weights stored in fewer bytes keep the rules of bits: a batch = each sequence alone = one step at a time, whatever the
 * number of threads; for every storage (fp32 among them), cell and kernel set.  And they say nearly what floats say. */
#include "batch.h"

static const int lengths[] = { 9, 7, 7, 4, 1 };
enum { B = 5, T = 9 };

typedef struct { recur r; rc_net *net; real *w; rc_run *all, *one, *step; } bench;

static rc_run *run(bench *s, int b, int t)
{
    rc_run *u;
    if (rc_run_new(&s->r, &u, s->net, s->w, &(recur_dims){ .B = b, .T = t, .scores = 1 }))
        fail_msg("%s: %s", s->net->line, s->r.message);
    u->weights = 1;
    return u;
}

static void setup(bench *s, const char *line, const char *kernels, int as, int threads)
{
    memset(s, 0, sizeof *s);
    test_open(&s->r, threads, kernels);
    s->net = test_net(&s->r, line, "softmax");
    s->w = test_weights(&s->r, s->net, 3);
    s->net->as = as;
    s->all = run(s, B, T), s->one = run(s, 1, T), s->step = run(s, 1, 1);
}

static void teardown(bench *s)
{
    rc_run_free(s->all), rc_run_free(s->one), rc_run_free(s->step);
    rc_free(&s->r, s->w);
    rc_net_free(s->net);
    test_close(&s->r);
}

static void same(const bench *s, const char *what, const real *a, const real *b, size_t n)
{
    if (memcmp(a, b, n * sizeof *a))
        fail_msg("%s, %s, %s: %s differs", s->net->line, s->r.kern->name, rc_storage_name[s->net->as], what);
}

/* Sequence i of the batch, whose scores are z, as a batch of its own and step by step. */
static void check_sequence(bench *s, const test_batch *all, int i, const real *z, size_t width)
{
    static test_batch one;
    int n, off = 0;
    test_batch_one(all, i, &one, false);
    const real *y = rc_run_forward(s->one, &one.b, 0, &n);
    assert_non_null(y);
    for (int t = 0; t < one.b.T; off += all->alive[t++])
        same(s, "alone", z + (size_t)(off + i) * width, y + (size_t)t * width, width);
    for (int t = 0; t < one.b.T && s->net->streams; t++) {
        int32_t ids[2] = { one.ids[t], one.ids[one.b.N + t] };
        recur_batch b = one.b;
        b.T = b.N = 1, b.ids = ids, b.x = one.x + t * FEATURES, b.alive = NULL, b.fresh = t == 0;
        const real *x = rc_run_forward(s->step, &b, 0, &n);
        assert_non_null(x);
        same(s, "step", y + (size_t)t * width, x, width);
    }
}

/* Scores with fewer bits against those of floats: rounding of weights is at most 2^-8 of the largest of a row, so scores
 * of a few units of this size part by some hundredths; a tenth would be a mistake in a scale or a place. */
static void check_near(const bench *s, const real *z, const real *exact, size_t n)
{
    double apart = 0, size = 0;
    for (size_t i = 0; i < n; i++)
        apart += fabs((double)(z[i] - exact[i])), size += fabs((double)exact[i]);
    if (!(apart <= 0.1 * size))
        fail_msg("%s, %s: scores are %.3g of themselves away", s->net->line, rc_storage_name[s->net->as], apart / size);
}

static void check(const char *line, const char *kernels)
{
    static test_batch all;
    static real first[RC_STORAGES][ROWS_MOST * UNITS];
    int rows;
    test_batch_fill(&all, lengths, B, 6);
    for (int as = 0; as < RC_STORAGES; as++)
        for (int team = 0; team < TEAMS; team++) {
            bench s;
            setup(&s, line, kernels, as, test_team(team));
            const real *z = rc_run_forward(s.all, &all.b, 0, &rows);
            assert_non_null(z);
            size_t width = (size_t)s.net->branch[0].head->in, n = (size_t)rows * width;
            assert_true(n <= ROWS_MOST * UNITS);
            if (!team)
                memcpy(first[as], z, n * sizeof *z);
            same(&s, "another number of threads", first[as], z, n);
            check_near(&s, z, first[0], n);
            for (int i = 0; i < B && test_team(team) < 3; i++)
                check_sequence(&s, &all, i, first[as], width);
            teardown(&s);
        }
}

static void stored_weights_keep_the_rules(void **state)
{
    (void)state;
    static const char *const form[] = { "input | %s 37 | dense", "embed 40 | %s 70 layers=2 | dense", "embed 16 | %s 24 bi=sum init=learn | dense",
                                        "input | %s 33 proj=9 | dense", "input | %s 32 norm | dense", "input | %s 260 | dense",
                                        "input | %s 50 | adaptive cuts=1,3 factor=2" };
    for (int k = 0; rc_kern_at(k); k++)
        for (int c = 0; rc_cells[c] && rc_kern_usable(rc_kern_at(k)); c++)
            for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
                char line[160];
                rc_net *net;
                rc_facts f = test_facts();
                recur r = { 0 };
                f.classes[0] = CLASSES;
                snprintf(line, sizeof line, form[i], rc_cells[c]->name);
                test_open(&r, 1, "ref");
                int e = rc_net_new(&r, &net, line, "softmax", &f);
                rc_net_free(e ? NULL : net);
                test_close(&r);
                if (!e && (k > 0 || i < 3))
                    check(line, rc_kern_at(k));
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(stored_weights_keep_the_rules) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
