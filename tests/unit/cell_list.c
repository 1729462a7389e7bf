/* SPDX-License-Identifier: MIT
 * Activations by name, cells by name, and the weights that cells start from. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "cell/cell.h"

static void parsed(const char *text, const char *canonical, float a, float b)
{
    rc_act_fn f, again;
    char out[80];
    assert_int_equal(rc_act_parse(text, &f), 0);
    rc_act_print(&f, out, sizeof out);
    assert_string_equal(out, canonical);
    assert_int_equal(rc_act_parse(out, &again), 0);
    assert_true(again.kind == f.kind && again.a == f.a && again.b == f.b);
    assert_true(f.a == a && f.b == b);
}

static void test_words(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "tan", "tanhh", "tanh:1", "leakyrelu:", "leakyrelu:x", "leakyrelu:-1",
        "leakyrelu:0.1:2", "hardsigmoid:0.2:0.5:1", "elu:nan", "elu:inf", "scaledtanh:0", "relu ", "affine:1:", ":" };
    parsed("tanh", "tanh", 0, 0);
    parsed("leakyrelu", "leakyrelu", 0.01f, 0);
    parsed("leakyrelu:0.02", "leakyrelu:0.02", 0.02f, 0);
    parsed("hardsigmoid", "hardsigmoid", 0.2f, 0.5f);
    parsed("hardsigmoid:0.2:0.5", "hardsigmoid", 0.2f, 0.5f);
    parsed("hardsigmoid:0.2:0.4", "hardsigmoid:0.2:0.4", 0.2f, 0.4f);
    parsed("hardsigmoid:.1666666666", "hardsigmoid:0.16666667", 0.16666667f, 0.5f);
    parsed("affine:-2:1e3", "affine:-2:1e+03", -2, 1000);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        rc_act_fn f = { 0 };
        assert_int_equal(rc_act_parse(wrong[i], &f), RECUR_ESPEC);
        assert_null(f.kind);
    }
}

static void value(const char *name, double x, double want)
{
    rc_act_fn f;
    assert_int_equal(rc_act_parse(name, &f), 0);
    assert_true(fabs((double)f.kind->f((float)x, f.a, f.b) - want) < 1e-6);
}

/* Numbers worked out from the formulas of ONNX' operator RNN. */
static void test_values(void **state)
{
    (void)state;
    value("tanh", 0.5, 0.4621171573), value("sigmoid", -1, 0.2689414214), value("relu", -3, 0), value("linear", 2.5, 2.5);
    value("affine:2:1", 3, 7), value("leakyrelu", -2, -0.02), value("thresholdedrelu", 0.9, 0), value("thresholdedrelu", 1.5, 1.5);
    value("scaledtanh:2:0.5", 1, 0.9242343145), value("hardsigmoid", 1, 0.7), value("hardsigmoid", -9, 0), value("hardsigmoid", 9, 1);
    value("elu", -1, -0.6321205588), value("softsign", -3, -0.75), value("softplus", 0, 0.6931471806), value("softplus", 90, 90);
}

static void test_cells(void **state)
{
    (void)state;
    static const char *const names[] = { "rnn", "lstm", "gru", "gru0", "mingru", "indrnn" };
    for (int i = 0; i < 6; i++) {
        const rc_cell *c = rc_cell_find(names[i]);
        assert_non_null(c);
        assert_string_equal(c->name, names[i]);
        assert_ptr_equal(rc_cells[rc_cell_index(c)], c);
        for (int j = 0; j < 3 && c->act[j]; j++) {
            rc_act_fn f;
            assert_int_equal(rc_act_parse(c->act[j], &f), 0);
        }
    }
    assert_null(rc_cell_find("lstm "));
}

/* Forget bias 1; coupled: input bias -1; normalised: gains 1 and the shift of f. */
static void test_start(void **state)
{
    (void)state;
    enum { H = 3 };
    const rc_cell *c = rc_cell_find("lstm");
    for (int flags = 0; flags < 8; flags++) {
        rc_cell_opt o = { .flags = flags };
        float b[4 * H] = { 0 }, p[14 * H] = { 0 };
        bool coupled = flags & RC_CELL_COUPLED, norm = flags & RC_CELL_NORM;
        c->init(&o, H, b, NULL, p);
        const float *shift = norm ? p + 8 * H : b;
        assert_true(shift[0] == (coupled ? -1 : 0) && shift[H] == (coupled ? 0 : 1) && shift[2 * H] == 0);
        assert_true(p[0] == (norm ? 1 : 0) && p[12 * H] == (norm ? 1 : 0) && p[13 * H] == 0);
        assert_int_equal(c->biases(&o), norm ? 0 : 1);
        assert_int_equal(c->P(&o), norm ? 14 : flags & RC_CELL_PEEPHOLE ? 3 : 0);
    }
    const rc_cell *indrnn = rc_cell_find("indrnn");
    float p[H];
    indrnn->init(&(rc_cell_opt){ 0 }, H, NULL, NULL, p);
    assert_true(p[0] > 0 && p[0] < p[1] && p[1] < p[2] && p[2] < 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(test_words), cmocka_unit_test(test_values),
        cmocka_unit_test(test_cells), cmocka_unit_test(test_start) };
    return cmocka_run_group_tests_name("cell_list", tests, NULL, NULL);
}
