/* SPDX-License-Identifier: MIT
 * The cells of every kernel set against the cells themselves, with every option and activation that the set takes. */
#include "unit/kern_guard.h"

enum { BUFFERS = 14 };
typedef struct { rc_cell_io io; rc_cell_opt opt; float *buf[BUFFERS]; size_t size[BUFFERS]; } step;

static float *take(step *s, int i, size_t n, float size, const step *like)
{
    s->size[i] = n;
    s->buf[i] = like ? same(like->buf[i], n) : numbers(n, size);
    return s->buf[i];
}

/* One step's buffers, random or as in `like`.  alias: dg is g. */
static step new_step(const rc_cell *c, const rc_cell_opt *o, int n, int H, int lo, int hi, bool alias, const step *like)
{
    static const float p_size = 0.7f;
    step s = { .io = { .n = n, .H = H, .lo = lo, .hi = hi, .gs = c->G * H + 3, .us = c->R * H + 1, .ss = H + 5, .qs = H + 2 } };
    size_t rows = (size_t)n, g = rows * (size_t)s.io.gs, u = rows * (size_t)s.io.us, h = rows * (size_t)s.io.ss, q = rows * (size_t)s.io.qs;
    size_t p = (size_t)(c->P ? c->P(o) : 0) * (size_t)H;
    s.opt = *o;
    s.io.g = take(&s, 0, g, 2, like), s.io.u = take(&s, 1, u, 2, like), s.io.q = take(&s, 2, q, 1, like);
    s.io.s0[0] = take(&s, 3, h, 1, like), s.io.s0[1] = take(&s, 4, h, 1, like);
    s.io.s[0] = take(&s, 5, h, 1, like), s.io.s[1] = take(&s, 6, h, 1, like);
    s.io.p = take(&s, 7, p, p_size, like), s.io.dp = take(&s, 8, p, 1, like);
    s.io.ds[0] = take(&s, 9, h, 1, like), s.io.ds[1] = take(&s, 10, h, 1, like);
    s.io.du = take(&s, 11, u, 1, like), s.io.dq = take(&s, 12, q, 1, like), s.io.dg = take(&s, 13, g, 1, like);
    if (alias)
        s.io.dg = s.io.g;
    return s;
}

/* Normalisation divides by the deviation of a row, which magnifies what was rounded before; rows of eight units and more
 * are never so even that it is much. */
static void compare(const rc_kern *k, const char *cell, const char *when, const step *a, const step *b)
{
    char what[80];
    double most = a->opt.flags & RC_CELL_NORM ? 16 * 4e-6 : 4e-6;
    for (int i = 0; i < BUFFERS; i++) {
        snprintf(what, sizeof what, "%s, flags %d, %s, buffer %d", cell, a->opt.flags, when, i);
        near(what, k, a->size[i], a->buf[i], b->buf[i], most, most);
    }
}

static void check_cell(const rc_kern *k, const rc_cell *c, const rc_cell_opt *o, int n, int H, int lo, int hi, bool alias)
{
    rc_cell_fns fast = rc_kern_cell(k, c, o);
    assert_true(fast.forward[0] != c->forward[0]);
    step a = new_step(c, o, n, H, lo, hi, alias, NULL), b = new_step(c, o, n, H, lo, hi, alias, &a);
    a.io.opt = &a.opt, b.io.opt = &b.opt;
    for (int i = 0; i < 2 && c->forward[i]; i++)
        fast.forward[i](&a.io), c->forward[i](&b.io);
    compare(k, c->name, "forward", &a, &b);
    for (int i = 0; i < BUFFERS; i++)
        memcpy(a.buf[i], b.buf[i], a.size[i] * sizeof **a.buf);
    for (int i = 1; i >= 0; i--)
        if (c->backward[i])
            fast.backward[i](&a.io), c->backward[i](&b.io);
    compare(k, c->name, "backward", &a, &b);
    for (int i = 0; i < BUFFERS; i++)
        release(a.buf[i], a.size[i]), release(b.buf[i], b.size[i]);
}

/* Every set of options and activations that the kernel set takes. */
static int check_options(const rc_kern *k, const rc_cell *c)
{
    int seen = 0, index = rc_cell_index(c);
    for (int flags = 0; flags < 32; flags++)
        for (int choice = 0; choice < 64 && !(flags & ~c->options); choice++) {
            rc_cell_opt o = { .flags = flags };
            for (int i = 0, rest = choice; i < 3 && c->act[i]; i++, rest /= 4)
                assert_int_equal(rc_act_parse(rc_act_at(rest % 4)->name, &o.act[i]), 0);
            if (!k->takes(index, &o) || (!c->act[1] && choice > 3) || (!c->act[2] && choice > 15))
                continue;
            seen++;
            for (int i = 0; i < 12; i++) {
                bool whole = c->rowwise && c->rowwise(&o), part = i % 3 && !whole;
                int H = whole ? 8 + below(43) : 1 + below(50), lo = part ? below(H) : 0, hi = part ? lo + 1 + below(H - lo) : H;
                check_cell(k, c, &o, 1 + below(4), H, lo, hi, i % 2);
            }
        }
    return seen;
}

static void test_cells(void **state)
{
    (void)state;
    const rc_kern *set[SETS];
    int n = sets(set);
    for (int i = 0; i < n; i++)
        for (int j = 0; rc_cells[j]; j++)
            assert_true(check_options(set[i], rc_cells[j]) > 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(test_cells) };
    return cmocka_run_group_tests_name("kern_cells", tests, NULL, NULL);
}
