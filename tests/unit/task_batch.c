/* SPDX-License-Identifier: MIT
 * task_batch.c - the batcher: every example once an epoch, the same order for a seed, a sought place is the place
 * reached by walking, rows and targets where they belong, streams that cover the text. */
#include "task_help.h"

/* count examples of 1 to 9 steps; the rows of example i are 1000 i + t, its label is i % 3. */
static recur_data *examples(recur *r, int count)
{
    recur_data *d;
    GOOD(r, rc_data_new(r, &d, NULL));
    d->C = 2;
    d->F = 2;
    d->classes = 3;
    for (int i = 0; i < count; i++) {
        rc_example *ex;
        int T = 1 + (i * 7) % 9;
        GOOD(r, rc_data_row(d, (size_t)T));
        GOOD(r, rc_data_example(d, &ex));
        ex->T = T;
        ex->label = i % 3;
        for (int t = 0; t < T; t++, d->rows++) {
            d->ids[0][d->rows] = 1000 * i + t;
            d->ids[1][d->rows] = -(1000 * i + t);
            d->x[2 * d->rows] = (float)i;
            d->x[2 * d->rows + 1] = (float)t;
        }
    }
    return d;
}

/* Packed form, and every row and target of the batch's sequences. */
static void check_batch(const recur_data *d, const recur_batch *b, int *seen)
{
    int off = 0;
    for (int t = 0; t < b->T; t++) {
        assert_true(b->alive[t] >= 1 && b->alive[t] <= (t > 0 ? b->alive[t - 1] : b->B));
        for (int s = 0; s < b->alive[t]; s++, off++) {
            int ex = rc_data_order(d, s);
            assert_int_equal(b->ids[off], 1000 * ex + t);
            assert_int_equal(b->ids[b->N + off], -(1000 * ex + t));
            assert_true(b->x[2 * off] == (float)ex && b->x[2 * off + 1] == (float)t);
        }
    }
    assert_int_equal(off, b->N);
    assert_int_equal(b->alive[0], b->B);
    assert_int_equal(b->fresh, 1);
    for (int s = 0; s < b->B; s++) {
        int ex = rc_data_order(d, s), T = 0;
        while (T < b->T && b->alive[T] > s)
            T++;
        assert_int_equal(T, d->ex[ex].T);
        assert_int_equal(b->target[0][s], ex % 3);
        assert_int_equal(b->key[s], (uint64_t)ex);
        seen[ex]++;
    }
}

static void every_example_once(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    recur_data *d = examples(&r, 103);
    recur_batch b;
    const int sizes[] = { 1, 4, 10, 103, 500 };
    for (size_t k = 0; k < 5; k++)
        for (uint64_t seed = 0; seed < 3; seed++) {
            int seen[103] = { 0 }, batches = 0;
            recur_dims most;
            rc_data_dims(d, sizes[k], 1, &most);
            recur_data_start(d, sizes[k], 0, seed, 1);
            while (recur_data_next(d, &b) == RECUR_OK) {
                check_batch(d, &b, seen);
                assert_true(b.B <= most.B && b.T <= most.T && b.N <= most.N);
                batches++;
            }
            assert_int_equal(batches, rc_data_batches(d));
            for (int i = 0; i < 103; i++)
                assert_int_equal(seen[i], 1);
        }
    recur_data_close(d);
    assert_int_equal(m.live, 0);
}

/* Which examples come in which order, as one number. */
static uint64_t course(recur_data *d, uint64_t seed, int epoch, int from)
{
    recur_batch b;
    uint64_t h = 0;
    recur_data_start(d, 8, 0, seed, epoch);
    rc_data_seek(d, from);
    while (recur_data_next(d, &b) == RECUR_OK)
        h = h * 31 + rc_hash(b.ids, (size_t)b.N * sizeof(int32_t));
    return h;
}

static void order_is_the_seeds(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    recur_data *d = examples(&r, 200), *again = examples(&r, 200);
    recur_batch b;
    assert_true(course(d, 1, 0, 0) == course(again, 1, 0, 0));
    assert_true(course(d, 1, 0, 0) != course(d, 2, 0, 0));
    assert_true(course(d, 1, 0, 0) != course(d, 1, 1, 0));
    for (int at = 0; at < 25; at++) {                          /* walking there, or seeking */
        uint64_t h = 0;
        recur_data_start(d, 8, 0, 5, 3);
        for (int i = 0; recur_data_next(d, &b) == RECUR_OK; i++)
            h = i >= at ? h * 31 + rc_hash(b.ids, (size_t)b.N * sizeof(int32_t)) : 0;
        assert_true(h == course(again, 5, 3, at));
    }
    recur_data_start(d, 8, 0, 0, 0);                           /* in order: batch k holds examples 8 k ... */
    for (int k = 0; recur_data_next(d, &b) == RECUR_OK; k++)
        for (int s = 0; s < b.B; s++)
            assert_int_equal(rc_data_order(d, s) / 8, k);
    recur_data_close(d);
    recur_data_close(again);
}

/* Lengths run together: rows that a batch of its longest length would have, over rows there are. */
static void buckets_waste_little(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    recur_data *d = examples(&r, 900);
    recur_batch b;
    double full[2] = { 0 }, rows = 0;
    for (uint64_t seed = 0; seed < 2; seed++) {
        recur_data_start(d, 16, 0, seed, 0);
        for (rows = 0; recur_data_next(d, &b) == RECUR_OK; rows += b.N)
            full[seed] += b.B * b.T;
    }
    assert_true(full[0] / rows > 1.5);
    assert_true(full[1] / rows < 1.15);
    recur_data_close(d);
}

/* With a bound on units a batch is as many sequences as fit, a sequence longer than the bound alone; no example is lost. */
static void units_bound_a_batch(void **state)
{
    recur *r = *state;
    recur_data *d = examples(r, 400);
    for (int bound = 5; bound <= 80; bound += 25) {
        int seen[400] = { 0 }, full = 0;
        recur_dims most;
        recur_batch b;
        d->batch_units = bound;
        rc_data_dims(d, 16, 1, &most);
        assert_true(most.N <= (bound > 9 ? bound : 9));
        recur_data_start(d, 16, 1, 7, 1);
        int batches = 0;
        for (; recur_data_next(d, &b) == RECUR_OK; batches++) {
            assert_true(b.B <= 16 && (b.B == 1 || b.B * b.T <= bound));
            assert_true(b.N <= most.N);
            full += b.B == 16 || (b.B + 1) * b.T > bound;
            check_batch(d, &b, seen);
        }
        assert_int_equal(batches, rc_data_batches(d));
        for (int i = 0; i < d->count; i++)
            assert_int_equal(seen[i], 1);
        assert_true(full * 2 > batches);                      /* what was sorted fits well */
    }
    recur_data_close(d);
}

static void weights_are_shares(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    recur_data *d = examples(&r, 300);
    recur_batch b;
    int of[3] = { 0 };
    for (int i = 0; i < 300; i++)
        d->ex[i].weight = i % 3 == 0 ? 2.4f : 0.3f;
    recur_data_start(d, 16, 0, 1, 0);
    while (recur_data_next(d, &b) == RECUR_OK)
        for (int s = 0; s < b.B; s++)
            of[b.target[0][s]]++;
    assert_int_equal(of[0] + of[1] + of[2], 300);
    assert_true(abs(of[0] - 240) <= 15 && abs(of[1] - 30) <= 12);
    recur_data_close(d);
}

static void chosen_examples(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    recur_data *d = examples(&r, 50);
    recur_batch b;
    const int32_t ex[5] = { 7, 3, 49, 3, 0 };
    int seen[50] = { 0 };
    GOOD(&r, rc_data_of(d, ex, 5, &b));
    check_batch(d, &b, seen);
    assert_true(b.B == 5 && seen[3] == 2 && seen[7] == 1 && seen[49] == 1 && seen[0] == 1);
    GOOD(&r, rc_data_of(d, ex, 1, &b));
    assert_true(b.B == 1 && b.N == d->ex[7].T);
    recur_data_close(d);
}

/* --- a running text --- */

static recur_data *text(recur *r, int n)
{
    recur_data *d;
    GOOD(r, rc_data_new(r, &d, NULL));
    d->C = 1;
    d->stream = true;
    GOOD(r, rc_data_row(d, (size_t)n));
    for (int i = 0; i < n; i++)
        d->ids[0][i] = 100 + i;
    d->rows = (size_t)n;
    return d;
}

/* Every unit is the target once, after the unit before it, in the sequence where that was. */
static void streams_in_order(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    for (int n = 1; n < 60; n += 3)
        for (int B = 1; B < 9; B++)
            for (int T = 1; T < 20; T += 6) {
                recur_data *d = text(&r, n);
                recur_batch b;
                recur_dims most;
                int seen[60] = { 0 }, last[8], first = 1;
                rc_data_dims(d, B, T, &most);
                recur_data_start(d, B, T, 0, 0);
                for (; recur_data_next(d, &b) == RECUR_OK; first = 0) {
                    assert_int_equal(b.fresh, first);
                    assert_true(b.B <= most.B && b.T <= most.T && b.N <= most.N);
                    for (int t = 0, row = 0; t < b.T; t++)
                        for (int s = 0; s < b.alive[t]; s++, row++) {
                            int unit = b.target[0][row] - 100;
                            assert_true(b.ids[row] == (unit > 0 ? 99 + unit : RC_EOS));
                            if (!first || t > 0)
                                assert_int_equal(unit, last[s] + 1);
                            last[s] = unit;
                            seen[unit]++;
                        }
                }
                for (int i = 0; i < n; i++)
                    assert_int_equal(seen[i], 1);
                recur_data_close(d);
            }
    assert_int_equal(m.live, 0);
}

static void streams_shuffled(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    recur_data *d = text(&r, 1000);
    recur_batch b;
    int at[3], before[8];
    for (int epoch = 0; epoch < 3; epoch++) {
        int seen[1000] = { 0 }, units = 0, batches = 0;
        recur_data_start(d, 8, 16, 1, epoch);
        for (; recur_data_next(d, &b) == RECUR_OK; batches++) {
            assert_true(b.B == 8 && b.T == 16 && b.N == 128 && b.fresh == (batches == 0));
            if (batches == 0)
                at[epoch] = b.target[0][0];
            for (int row = 0; row < b.N; row++) {
                int unit = b.target[0][row] - 100, s = row % 8;
                if (batches > 0 || row >= 8)
                    assert_int_equal(unit, (before[s] + 1) % 1000);
                before[s] = unit;
                units += seen[unit]++ == 0;
            }
        }
        assert_int_equal(batches, 1000 / 8 / 16);
        assert_int_equal(batches, rc_data_batches(d));
        assert_int_equal(units, batches * 128);                /* none twice */
    }
    assert_true(at[0] != at[1] && at[1] != at[2]);
    recur_data_close(d);
}

static void split_keeps_equal_texts_together(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    recur_data *d = examples(&r, 0), *held;
    for (int i = 0; i < 600; i++) {
        rc_example *ex;
        char s[32];
        snprintf(s, sizeof s, "text %d", i / 2);               /* each twice */
        GOOD(&r, rc_data_row(d, 1));
        GOOD(&r, rc_data_example(d, &ex));
        d->ids[0][d->rows] = i / 2;
        ex->T = 1;
        ex->text_n = strlen(s);
        GOOD(&r, rc_buf_add(&d->raw, s, strlen(s)));
        d->rows++;
    }
    GOOD(&r, recur_data_split(d, 0.3, 9, &held));
    assert_int_equal(d->count + held->count, 600);
    assert_true(held->count > 120 && held->count < 240);
    const recur_data *part[2] = { d, held };
    int side[300];
    memset(side, -1, sizeof side);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < part[k]->count; i++) {
            int id = part[k]->ids[0][part[k]->ex[i].at];
            assert_true(side[id] == -1 || side[id] == k);
            assert_int_equal(atoi(part[k]->raw.s + part[k]->ex[i].text + 5), id);
            side[id] = k;
        }
    recur_data_close(held);
    assert_int_equal(recur_data_split(d, 1.5, 9, &held), RECUR_EOPTION);
    recur_data_close(d);
    assert_int_equal(m.live, 0);
}

static void split_of_a_text_is_its_end(void **state)
{
    (void)state;
    test_memory m;
    recur r = test_runtime(&m);
    recur_data *d = text(&r, 100), *held;
    GOOD(&r, recur_data_split(d, 0.1, 1, &held));
    assert_true(d->rows == 90 && held->rows == 10 && held->ids[0][0] == 190);
    recur_data_close(held);
    recur_data_close(d);
    assert_int_equal(m.live, 0);
}

static int scene(recur *r, void *arg)
{
    (void)arg;
    recur_data *d, *held = NULL;
    rc_example *ex;
    recur_batch b;
    int e = rc_data_new(r, &d, NULL);
    if (e != RECUR_OK)
        return e;
    d->C = 1;
    for (int i = 0; i < 20 && e == RECUR_OK; i++) {
        if ((e = rc_data_row(d, 3)) != RECUR_OK || (e = rc_data_example(d, &ex)) != RECUR_OK)
            break;
        ex->T = 3;
        for (int t = 0; t < 3; t++)
            d->ids[0][d->rows++] = i;
    }
    if (e == RECUR_OK)
        e = recur_data_split(d, 0.4, 1, &held);
    if (e == RECUR_OK) {
        recur_data_start(d, 4, 0, 1, 0);
        while ((e = recur_data_next(d, &b)) == RECUR_OK) { }
        e = e == RECUR_EEND ? RECUR_OK : e;
    }
    recur_data_close(held);
    recur_data_close(d);
    return e;
}

static void memory_fails(void **state)
{
    (void)state;
    test_all_allocations(scene, NULL, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_once), cmocka_unit_test(order_is_the_seeds), cmocka_unit_test(buckets_waste_little),
        TASK_TEST(units_bound_a_batch), cmocka_unit_test(weights_are_shares), cmocka_unit_test(chosen_examples), cmocka_unit_test(streams_in_order),
        cmocka_unit_test(streams_shuffled), cmocka_unit_test(split_keeps_equal_texts_together),
        cmocka_unit_test(split_of_a_text_is_its_end), cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
