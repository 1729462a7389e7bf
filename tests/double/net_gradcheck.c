/* SPDX-License-Identifier: MIT
 * Gradients against central differences, in double, over every cell with each of its options, every layer, every
 * head. The cases come from the lists: a member that none of the tables below names fails. */
#include "batch.h"

static recur runtime, *const r = &runtime;
static int cases;
static double worst;

static int open_runtime(void **state) { (void)state; test_open(r, 1, NULL); return 0; }
static int close_runtime(void **state) { (void)state; test_close(r); return 0; }

static double loss(rc_run *u, const recur_batch *b)
{
    rc_loss out;
    if (rc_run_loss(u, b, false, 1, &out))
        fail_msg("%s", r->message);
    return out.loss;
}

static void compare(const char *line, const char *what, size_t i, double analytic, double numeric)
{
    double error = fabs(analytic - numeric) / (fabs(analytic) + fabs(numeric) + 1e-3);
    worst = error > worst ? error : worst;
    if (!(error <= 1e-6))
        fail_msg("%s: %s[%zu]: gradient %.10g, difference %.10g, error %.2g", line, what, i, analytic, numeric,
                 error);
}

/* State that the run carries in: fixed numbers, so that a loss can be taken again. */
static void set_state(rc_run *u)
{
    for (size_t i = 0; i < (size_t)u->B * u->net->state_size; i++)
        u->state[i] = (real)(0.5 * rc_normal(5, i));
}

static double slope(rc_run *u, test_batch *t, double *at, double eps)
{
    double was = *at, hi, lo;
    *at = was + eps;
    set_state(u);
    hi = loss(u, &t->b);
    *at = was - eps;
    set_state(u);
    lo = loss(u, &t->b);
    *at = was;
    return (hi - lo) / (2 * eps);
}

/* Richardson's extrapolation takes the second order's error away: normalisation bends sharply where a row is nearly
 * 0. */
static double central(rc_run *u, test_batch *t, double *at)
{
    return (4 * slope(u, t, at, 5e-6) - slope(u, t, at, 1e-5)) / 3;
}

static void check_weights(const char *line, rc_run *u, test_batch *t, const real *g)
{
    for (int i = 0; i < u->net->params.n; i++) {
        const rc_param *p = &u->net->params.p[i];
        size_t step = p->n > 60 ? p->n / 47 : 1;
        for (size_t k = 0; k < p->n && !p->frozen; k += step)
            compare(line, p->name, k, (double)g[p->at + k], central(u, t, &u->w[p->at + k]));
        for (size_t k = 0; k < p->n && p->frozen; k++)
            assert_true(g[p->at + k] == 0);
    }
}

static double input_slope(rc_run *u, test_batch *t, int i, float eps)
{
    float was = t->x[i];
    t->x[i] = was + eps;
    set_state(u);
    double hi = loss(u, &t->b);
    t->x[i] = was - eps;
    set_state(u);
    double lo = loss(u, &t->b);
    t->x[i] = was;
    return (hi - lo) / (2 * (double)eps);
}

static void check_input(const char *line, rc_run *u, test_batch *t, const real *dx)
{
    const float eps = 1.0F / 16384;                            /* x and its steps are exact in float */
    for (int i = 0; dx && i < t->b.N * FEATURES; i++)
        compare(line, "x", (size_t)i, (double)dx[i], (4 * input_slope(u, t, i, eps / 2) - input_slope(u, t, i,
                eps)) / 3);
}

static void check(const char *line, const char *head, bool fresh)
{
    static const int length[] = { 6, 5, 5, 3, 1, 0 };
    static test_batch t;
    rc_net *net = test_net(r, line, head);
    real *w = test_weights(r, net, 3), *g, *dx = NULL;
    rc_run *u;
    test_batch_fill(&t, length, 6, 11);
    t.b.fresh = fresh;
    if (rc_head_find(head)->lists)
        test_batch_lists(&t, length, 6);
    if (rc_run_new(r, &u, net, w, &(recur_dims){ .B = 6, .T = 6, .N = t.b.N, .train = 1, TEST_SIDE }))
        fail_msg("%s: %s", line, r->message);
    u->seed = 9;
    u->step = 4;
    rc_run_want_dx(u);
    set_state(u);
    loss(u, &t.b);
    rc_run_backward(u);
    g = rc_new(r, net->params.total + 1, sizeof *g);
    memcpy(g, u->g, net->params.total * sizeof *g);
    if (rc_run_input_gradient(u)) {
        dx = rc_new(r, (size_t)t.b.N * FEATURES, sizeof *dx);
        memcpy(dx, rc_run_input_gradient(u), (size_t)t.b.N * FEATURES * sizeof *dx);
    }
    check_weights(line, u, &t, g);
    check_input(line, u, &t, dx);
    cases++;
    rc_free(r, dx);
    rc_free(r, g);
    rc_run_free(u);
    rc_free(r, w);
    rc_net_free(net);
}

/* Every cell, with every option of its own and every option of the time loop that fits, in every direction. */
static void every_cell_and_option(void **state)
{
    (void)state;
    static const struct { int flag; const char *key; } own[] = {
        { 0, "" }, { RC_CELL_PEEPHOLE, " peephole" }, { RC_CELL_COUPLED, " coupled" }, { RC_CELL_NORM, " norm" },
            { RC_CELL_ONE_BIAS, " onebias" },
        { RC_CELL_SPAN, " span=20" }, { RC_CELL_FLIP, " flip" }, { RC_CELL_PEEPHOLE | RC_CELL_COUPLED, " peephole coupled" },
            { RC_CELL_ONE_BIAS | RC_CELL_FLIP, " onebias flip" },
        { RC_CELL_NORM | RC_CELL_COUPLED, " norm coupled" }, { RC_CELL_NORM | RC_CELL_PEEPHOLE, " norm peephole" },
    };
    static const char *const loop[] = { "", " reverse", " bi", " bi=sum", " init=learn", " bi init=learn",
                                        " rdrop=.3", " bi rdrop=.3", " wdrop=.4", " zoneout=.3",
        " zoneout=.2 zoneoutc=.4", " bi zoneoutc=.3", " skip", " bi=sum skip", " proj=3", " bi proj=4 init=learn",
            " proj=3 rdrop=.3 wdrop=.2",
        " init=learn zoneout=.5 wdrop=.3 rdrop=.2", " act=softsign", " layers=2" };
    int known = 0;
    for (size_t o = 0; o < sizeof own / sizeof *own; o++)
        known |= own[o].flag;
    for (int c = 0; rc_cells[c]; c++) {
        const rc_cell *cell = rc_cells[c];
        assert_int_equal(cell->options & ~known, 0);
        for (size_t o = 0; o < sizeof own / sizeof *own; o++) {
            if ((cell->options & own[o].flag) != own[o].flag)
                continue;
            for (size_t l = 0; l < sizeof loop / sizeof *loop; l++) {
                char line[200];
                rc_net *net;
                rc_facts f = test_facts();
                bool direct = o % 2 == 0;
                snprintf(line, sizeof line, "%s | %s %d%s%s%s", direct ? "input | dense 5 act=tanh" : "embed 5",
                         cell->name, 5, own[o].key, loop[l], direct ? " | dense" : " | dense");
                /* an option that this cell cannot have, or no head width */
                if (rc_net_new(r, &net, line, "softmax", &f)) {
                    if (!strstr(r->message, "dense"))
                        continue;
                } else {
                    rc_net_free(net);
                }
                check(line, "softmax", true);
                if (!strstr(line, "bi") && !strstr(line, "reverse"))
                    check(line, "softmax", false);
            }
        }
    }
}

static void every_layer(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "embed 4 | dense", "embed 4 frozen | dense", "embed 4 | embed 3 of=pairs | dense 6 act=tanh | dense",
            "embed 4 | embed of=pairs join=sum | lstm 3 | dense",
            "embed 4 scale=3 | embed of=pairs join=sum scale=.5 | lstm 3 | dense",
        "input | dense", "input 3 | embed 3 | gru 4 | dense", "embed 5 | input | lstm 4 bi | dense",
            "input | lstm 7 | dense 4 act=sigmoid | dense act=tanh",
        "embed 4 | drop .4 | lstm 4 | drop .3 locked | dense",
            "input | mask width=2 | dense 6 | mask time=3 count=1 | lstm 3 | dense", "embed 4 | drop .5 word | lstm 4 | drop .2 | dense 5 nobias | dense",
        "input | lstm 4 | dense 5 act=elu", "input | gru 4 layers=2 | dense",
        "input | dense 6 | norm | lstm 4 | norm eps=.1 | dense",
        "input | conv 4 width=3 act=tanh | dense", "input | conv 4 width=4 | lstm 3 | dense",
            "input | conv 4 width=5 stride=2 act=tanh | pool mean | dense",
        "input | dense 4 | maxpool 2 | lstm 3 | pool last | dense",
            "embed 4 | lstm 3 bi | pool last mean max attend | dense", "input | lstm 3 | pool max | drop .5 | dense",
        "input | gru 4 | pool attend | dense", "embed 4 | pool mean | norm | dense 4 act=tanh | dense",
            "embed 4 | conv 3 | maxpool 3 | pool mean max | dense",
        "input | segment 3 | lstm 4 | pool last | dense", "embed 3 | dense 2 | segment | gru 3 bi | pool mean | dense",
        "input | segment 2 | dense 4 act=tanh | gru 4 >> embed 3 | gru 4 bridge=copy | dense",
        "embed 3 | lstm 2 bi | pool last >> embed 3 | side | lstm 3 bi | dense",
        "input | gru 4 | pool mean >> side | dense",
        "embed 3 | gru 3 bi >> input | lstm 4 | attend | dense",
        "embed 3 | lstm 4 >> embed 4 | gru 4 | attend dot | drop .3 | dense",
        "input | conv 5 width=3 | lstm 4 >> embed 3 | lstm 4 | "
            "attend additive 6 units=5 | lstm 3 | attend additive | dense",
        "embed 3 | drop .3 | gru 3 | drop .3 >> input | attend 5 | "
            "gru 3 || dense | softmax || attend | pool mean | dense | softmax",
            "embed 3 frozen >> input | attend general | attend dot 3 | dense",
        "embed 3 | gru 4 >> input | gru 4 share bridge=copy | dense",
        "input | lstm 4 bi wdrop=.3 >> input | lstm 4 bridge share wdrop=.2 | dense",
        "embed 3 | lstm 3 bi >> input | lstm 4 bridge feed=5 | drop .3 | attend 5 | dense",
        "embed 3 | gru 4 >> embed 3 | dense 4 act=tanh | gru 4 bridge=copy zoneout=.3 feed=3 | "
            "gru 3 init=learn rdrop=.2 | norm | attend 3 additive | drop .2 | lstm 4 | attend dot 3 | dense",
        "embed 3 | lstm 4 proj=3 >> embed 3 frozen | lstm 4 proj=3 bridge=copy feed=4 | "
            "attend 4 || dense | softmax || pool max | dense | softmax",
        "embed 3 | lstm 3 bi | drop .3 >> input | lstm 4 bridge | dense",
        "embed 3 | gru 4 >> input | gru 4 bridge=copy | gru 3 bridge | attend | dense",
        "embed 3 | lstm 2 bi >> embed 3 | lstm 4 bridge=copy zoneoutc=.3 | dense",
        "embed 3 | lstm 4 reverse >> input | lstm 4 bridge=copy | dense",
        "embed 3 | gru 3 bi=sum | norm >> input | lstm 3 bi bridge | dense",
        "embed 3 | gru 3 | pool mean >> input | gru 3 bridge=copy layers=2 | dense",
            "embed 3 | lstm 4 proj=3 >> embed 3 | lstm 4 proj=3 bridge=copy | lstm 3 proj=2 bridge | dense",
    };
    for (int k = 0; rc_layer_kinds[k]; k++) {
        bool named = rc_layer_kinds[k]->word != NULL;              /* cells: the test above */
        for (size_t i = 0; i < sizeof lines / sizeof *lines && !named; i++)
            named = strstr(lines[i], rc_layer_kinds[k]->name) != NULL;
        if (!named)
            fail_msg("no line here has a layer %s", rc_layer_kinds[k]->name);
    }
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        check(lines[i], "softmax", true);
        if (strstr(lines[i], "feed"))
            check(lines[i], "softmax", false);
    }
}

static void tied_embedding(void **state)
{
    (void)state;
    static const int length[] = { 5, 2 };
    static test_batch t;
    rc_facts f = test_facts();
    rc_net *net;
    rc_run *u;
    f.classes[0] = UNITS;
    assert_int_equal(rc_net_new(r, &net, "embed 4 | lstm 4 | dense tie", "softmax", &f), 0);
    real *w = test_weights(r, net, 3), *g = rc_new(r, net->params.total, sizeof *g);
    test_batch_fill(&t, length, 2, 5);
    assert_int_equal(rc_run_new(r, &u, net, w, &(recur_dims){ .B = 2, .T = 5, .train = 1 }), 0);
    set_state(u);
    loss(u, &t.b);
    rc_run_backward(u);
    memcpy(g, u->g, net->params.total * sizeof *g);
    check_weights("embed 4 | lstm 4 | dense tie", u, &t, g);
    rc_run_free(u);
    rc_free(r, g);
    rc_free(r, w);
    rc_net_free(net);
}

static void every_head(void **state)
{
    (void)state;
    static const struct { const char *kind, *keys; } heads[] = {
        { "softmax", "" }, { "softmax", " smooth=.1" }, { "softmax", " focal=2" },
            { "softmax", " weight=.3 smooth=.2" }, { "square", "" }, { "square", " weight=2" },
        { "absolute", "" }, { "huber", "" }, { "huber", " delta=.2" }, { "quantile", "" }, { "quantile", " q=.2:.7" },
            { "crf", "" }, { "crf", " weight=.5" }, { "ctc", "" }, { "ctc", " weight=2" },
            { "adaptive", "" }, { "adaptive", " cuts=1,2,4 factor=2" }, { "adaptive", " cuts=2,3 smooth=.2 weight=.3" },
    };
    for (int k = 0; rc_head_kinds[k]; k++) {
        bool named = false;
        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
            named |= !strcmp(heads[i].kind, rc_head_kinds[k]->name);
        if (!named)
            fail_msg("no case here has a head %s", rc_head_kinds[k]->name);
    }
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char line[200];
        const char *dense = rc_head_find(heads[i].kind)->scores ? "dense 6" : "dense";
        snprintf(line, sizeof line, "input | lstm 4 | %s | %s%s", dense, heads[i].kind, heads[i].keys);
        check(line, heads[i].kind, true);
        if (!rc_head_find(heads[i].kind)->rowwise) {               /* rows of its own making, and one each sequence is not enough */
            snprintf(line, sizeof line, "input | conv 4 width=2 stride=2 | gru 4 bi | %s | %s%s", dense, heads[i].kind,
                     heads[i].keys);
            check(line, heads[i].kind, true);
            continue;
        }
        snprintf(line, sizeof line, "input | gru 4 | pool mean | dense act=tanh | %s%s", heads[i].kind,
                 heads[i].keys);
        check(line, heads[i].kind, true);
    }
}

static void branches_add(void **state)
{
    (void)state;
    check("input | lstm 4 || dense | softmax || pool mean | dense | softmax weight=.5", "softmax", true);
    check("input | lstm 4 || pool max | dense 4 act=tanh | dense || gru 3 | dense | softmax weight=.5 || dense 5 | softmax smooth=.1", "softmax", true);
    check("input | lstm 5 || softmax || softmax weight=.25 smooth=.1", "softmax", true);
    check("embed 4 | lstm 5 | softmax", "softmax", true);
    check("embed 4 | lstm 4 || gru 3 | adaptive cuts=3 || adaptive weight=.5 || dense", "softmax", true);
    check("embed 4 | lstm 3 | pool max | adaptive cuts=1,4", "softmax", true);
    check("embed 4 frozen || dense || lstm 3 | drop .3 | lstm 3 | drop .4 | dense", "softmax", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_and_option), cmocka_unit_test(every_layer), cmocka_unit_test(tied_embedding),
        cmocka_unit_test(every_head), cmocka_unit_test(branches_add),
    };
    int failed = cmocka_run_group_tests(tests, open_runtime, close_runtime);
    printf("%d nets, worst relative error %.2g\n", cases, worst);
    return failed;
}
