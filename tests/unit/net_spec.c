/* SPDX-License-Identifier: MIT
 * The net's line: what it becomes, that it reads back as itself, and what is said where it is wrong. */
#include "batch.h"

static recur runtime, *const r = &runtime;
static int open_runtime(void **state) { (void)state; test_open(r, 1, NULL); return 0; }
static int close_runtime(void **state) { (void)state; test_close(r); return 0; }

static const rc_facts facts = { .columns = 2, .vocabulary = { UNITS, PAIRS }, .features = FEATURES,
                                .classes = { UNITS, UNITS }, .side = { 1, { PAIRS }, 4 } };

static void line_becomes_and_reads_back(void **state)
{
    (void)state;
    static const struct { const char *line, *canonical; } t[] = {
        { "embed 128|drop .4 locked | lstm 512 layers=2|dense",
          "embed 128 | drop 0.4 locked | lstm 512 | lstm 512 | dense | softmax" },
        { "embed 128 | lstm 128 | dense tie", "embed 128 | lstm 128 | dense tie | softmax" },
        { " embed 8  |  lstm  8 bi=cat rdrop=0.25   |dense 11 | softmax smooth=.10",
          "embed 8 | lstm 8 bi rdrop=0.25 | dense 11 | softmax smooth=0.1" },
        { "embed 8 | gru 4 bi=sum init=learn flip onebias act=relu | drop | dense",
          "embed 8 | gru 4 bi=sum init=learn onebias flip act=relu | drop 0.5 | dense | softmax" },
        { "embed 8 of=units join=cat sd=.5 | embed of=pairs join=sum | lstm 8 proj=3 skip=1 | dense", NULL },
        { "embed 64 | embed 32 of=pairs | lstm 96 bi | pool max mean | drop .5 | dense",
          "embed 64 | embed 32 of=pairs | lstm 96 bi | pool mean max | drop 0.5 | dense | softmax" },
        { "embed 4 | lstm 4 bi || dense | softmax || pool mean | dense | softmax weight=.5",
          "embed 4 | lstm 4 bi || dense | softmax || pool mean | dense | softmax weight=0.5" },
        { "input | dense 22 | quantile q=.1:.9", "input | dense 22 | quantile q=.1:.9" },
        { "input | dense | quantile q=\".1:.9\"", "input | dense | quantile q=.1:.9" },
        { "input 3 | lstm 5 gact=hardsigmoid:0.2:0.5 | dense act=leakyrelu:0.02 | huber delta=2", NULL },
        { "input | lstm 11 | softmax", "input | lstm 11 | softmax" },
        { "embed 8|lstm 4 bi  >>embed 6 | lstm 8 bridge=tanh|attend general|dense",
          "embed 8 | lstm 4 bi >> embed 6 | lstm 8 bridge | attend general | dense | softmax" },
        { "input 4 | gru 4 >> input 3 | gru 4 bridge=copy layers=2 | attend additive units=3 9 || dense || pool last | dense",
          "input 4 | gru 4 >> input 3 | gru 4 bridge=copy | gru 4 bridge=copy | attend 9 additive units=3 || dense | softmax || pool last | dense | softmax" },
        { "embed 8 | lstm 8 >> embed 6 | lstm 6 | attend | dense tie", "embed 8 | lstm 8 >> embed 6 | lstm 6 | attend | dense tie | softmax" },
        { "embed 8 | lstm 8 >> embed 8 | lstm 8 share bridge | dense", NULL }, { "embed 8 | lstm 8 >> embed 8 | lstm 8 feed=4 | drop .2 | attend 4 | dense", NULL },
        { "embed 3 | pool mean >> side | lstm 11", "embed 3 | pool mean >> side | lstm 11 | softmax" },
        { "embed 8 | lstm 9 | adaptive factor=4 smooth=.1", "embed 8 | lstm 9 | adaptive cuts=5 smooth=0.1" },
        { "embed 8 | lstm 9 || adaptive cuts=2,7 factor=2 || dense", "embed 8 | lstm 9 || adaptive cuts=2,7 factor=2 || dense | softmax" },
        { "input | lstm 11 || softmax || dense", "input | lstm 11 || softmax || dense | softmax" },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        rc_net *net, *again;
        int e = rc_net_new(r, &net, t[i].line, "softmax", &facts);
        if (strstr(t[i].line, "skip=1")) {
            assert_int_equal(e, RECUR_ESPEC);
            continue;
        }
        if (e)
            fail_msg("%s: %s", t[i].line, r->message);
        if (t[i].canonical)
            assert_string_equal(net->line, t[i].canonical);
        assert_int_equal(rc_net_new(r, &again, net->line, "softmax", &facts), 0);
        assert_string_equal(net->line, again->line);
        assert_int_equal(net->params.n, again->params.n);
        assert_int_equal(net->params.total, again->params.total);
        for (int k = 0; k < net->params.n; k++) {
            assert_string_equal(net->params.p[k].name, again->params.p[k].name);
            assert_int_equal(net->params.p[k].at % 16, 0);
        }
        rc_net_free(again);
        rc_net_free(net);
    }
}

static void weights_are_named_and_shaped(void **state)
{
    (void)state;
    static const struct { const char *name; int rank, a, b; } want[] = {
        { "1.embed.w", 2, UNITS, 8 }, { "2.lstm.wx", 2, 24, 8 }, { "2.lstm.wh", 2, 24, 3 }, { "2.lstm.b", 1, 24, 0 },
            { "2.lstm.wr", 2, 3, 6 },
        { "2.lstm.h0", 1, 3, 0 }, { "2.lstm.c0", 1, 6, 0 }, { "2.lstm.r.wx", 2, 24, 8 }, { "2.lstm.r.wh", 2, 24, 3 },
            { "2.lstm.r.b", 1, 24, 0 },
        { "2.lstm.r.wr", 2, 3, 6 }, { "2.lstm.r.h0", 1, 3, 0 }, { "2.lstm.r.c0", 1, 6, 0 }, { "3.gru.wx", 2, 15, 6 },
            { "3.gru.wh", 2, 15, 5 },
        { "3.gru.b", 1, 15, 0 }, { "3.gru.bh", 1, 15, 0 }, { "4.dense.w", 2, UNITS, 5 }, { "4.dense.b", 1, UNITS, 0 },
    };
    rc_net *net;
    assert_int_equal(rc_net_new(r, &net, "embed 8 | lstm 6 bi proj=3 init=learn | gru 5 | dense", "softmax", &facts),
                     0);
    assert_int_equal(net->params.n, sizeof want / sizeof *want);
    for (int i = 0; i < net->params.n; i++) {
        const rc_param *p = &net->params.p[i];
        assert_string_equal(p->name, want[i].name);
        assert_int_equal(p->rank, want[i].rank);
        assert_int_equal(p->dim[0], want[i].a);
        assert_true(p->rank == 1 || p->dim[1] == want[i].b);
    }
    assert_false(net->streams);
    rc_net_free(net);
}

static void start_is_as_declared(void **state)
{
    (void)state;
    rc_net *net;
    float vectors[UNITS * 6];
    rc_facts f = facts;
    for (int i = 0; i < UNITS * 6; i++)
        vectors[i] = i / 6 == 4 ? NAN : (float)i;
    f.vectors = vectors;
    f.vector_dim = 6;
    assert_int_equal(rc_net_new(r, &net, "embed vectors | lstm 12 | dense", "softmax", &f), 0);
    real *w = rc_new(r, net->params.total, sizeof *w);
    rc_net_init(net, &f, 5, w);
    const real *e = w + net->params.p[0].at, *wh = w + net->params.p[2].at, *b = w + net->params.p[3].at;
    for (int i = 0; i < UNITS * 6; i++)
        assert_true(i / 6 == 4 ? isfinite(e[i]) && fabsf((float)e[i]) < 1 : e[i] == (real)vectors[i]);
    for (int i = 0; i < 12; i++)
        for (int j = 0; j < 12; j++) {
            double dot = 0;
            for (int k = 0; k < 12; k++)
                dot += (double)wh[(24 + i) * 12 + k] * (double)wh[(24 + j) * 12 + k];
            assert_true(fabs(dot - (i == j)) < 1e-5);
        }
    for (int i = 0; i < 48; i++)
        assert_true(b[i] == (real)(i / 12 == 1));
    rc_free(r, w);
    rc_net_free(net);
}

static void mistakes_are_explained(void **state)
{
    (void)state;
    static const struct { const char *line; const char *say[3]; } t[] = {
        { "embed 8 | lstm 4 >> embed 8 | lstm 4 bridge >> embed 8 | dense", { "'>>' stands once" } },
        { "embed 8 || dense >> embed 8 | dense", { "'>>' stands once" } }, { "embed 8 >>", { "empty" } }, { ">> embed 8", { "empty" } },
        { "embed 8 | lstm 4 >> embed 8 | dense", { "nothing reads the side chain" } }, { "embed 8 | attend | dense", { "layer 2 (attend)", "'>>'" } },
        { "embed 8 | side | dense", { "layer 2 (side)", "'>>'" } }, { "embed 8 | lstm 4 bridge | dense", { "layer 2 (lstm)", "'>>'" } },
        { "embed 8 | pool last >> embed 8 | attend | dense", { "pool" } }, { "embed 8 | lstm 4 >> embed 8 | side | dense", { "pool last" } },
        { "embed 8 | lstm 4 >> embed 8 | attend dot | dense", { "4, not 8" } }, { "embed 8 | lstm 4 >> embed 8 | attend dot additive | dense", { "one of" } },
        { "embed 8 | lstm 4 >> embed 8 | attend units=3 | dense", { "additive" } },
        { "embed 8 | lstm 4 >> embed 8 | lstm 4 bridge init=learn | dense", { "exclude" } },
        { "embed 8 | lstm 4 >> embed 8 | lstm 5 bridge=copy | dense", { "4, not 5" } },
        { "embed 8 | gru 4 >> embed 8 | lstm 4 bridge=copy | dense", { "same kind" } },
        { "embed 8 | gru 4 >> embed 8 | lstm 4 share bridge | dense", { "none" } }, { "embed 8 | gru 4 | lstm 4 share | dense", { "'>>'" } },
        { "embed 8 | gru 4 >> embed 7 | gru 4 share bridge | dense", { "layer 2", "8 to 4, not 7 to 4" } },
        { "embed 8 | gru 4 flip >> embed 8 | gru 4 share bridge | dense", { "options" } },
        { "embed 8 | lstm 4 >> embed 8 | lstm 4 feed=5 | attend 6 | dense", { "gives 6 numbers", "feed=5" } },
        { "embed 8 | lstm 4 >> embed 8 | lstm 4 bridge feed=5 | dense", { "needs an `attend 5`" } },
        { "embed 8 | lstm 4 >> embed 8 | lstm 4 bi feed=5 | attend 5 | dense", { "step by step" } },
        { "embed 8 | lstm 4 >> embed 8 | lstm 4 feed=5 | conv 3 | attend 5 | dense", { "layer 5 (conv)", "step by step" } },
        { "embed 8 | lstm 4 >> embed 8 | lstm 4 feed=5 layers=2 | attend 5 | dense", { "stands once" } },
        { "embed 8 | lstm 4 feed=3 >> embed 8 | attend 5 | dense", { "right behind" } },
        { "embed 8 | lstm 4 >> embed 8 | gru 3 || lstm 4 feed=3 | attend 3 | dense || attend 5 | dense", { "right behind" } },
        { "attend >> embed 8 | dense", { "first" } }, { "embed 8 | softmax >> embed 8 | dense", { "head" } },
        { "embed 8 of=pairs >> embed 8 | side | dense", { "layer 1 (embed)", "pairs" } },
        { "", { "empty" } }, { "embed 8 | | dense", { "item 2", "empty" } }, { "embed 8 ||| dense", { "empty" } },
        { "embed 8 | lstn 4 | dense", { "item 2", "'lstn'", "lstm" } },
            { "embed 8 | lstm 4 wibble=3 | dense", { "layer 2 (lstm)", "'wibble'", "zoneout" } },
        { "embed 8 | lstm | dense", { "layer 2 (lstm)", "size" } }, { "embed 8 | lstm x=3 4 | dense", { "'x'" } },
            { "embed 8 | lstm 4.5 | dense", { "whole number", "'4.5'" } },
        { "embed 8 | lstm -4 | dense", { "'-4'" } }, { "embed 8 | drop 1.5 | dense", { "layer 2 (drop)", "'1.5'" } },
            { "embed 8 | lstm 4 bi=both | dense", { "cat sum", "'both'" } },
        { "embed 8 | lstm 4 act=wobble | dense", { "wobble", "tanh" } },
            { "embed 8 | gru 4 peephole | dense", { "layer 2 (gru)", "peephole" } },
        { "embed 8 | lstm 4 skip | dense", { "8, not 4" } }, { "embed 8 | lstm 4 rdrop | dense", { "rdrop=" } },
            { "embed 8 | mingru 4 wdrop=.1 | dense", { "recurrent" } },
        { "embed 8 | gru 4 proj=2 | dense", { "projected" } }, { "embed 8 | lstm 4 bi reverse | dense",
                                                                 { "exclude" } }, { "lstm 4 | dense",
                                                                         { "layer 1 (lstm)", "embed" } },
        { "embed 8 | lstm 4 | dense tie", { "layer 3 (dense)", "layer 1" } },
            { "embed 8 | softmax | dense", { "softmax", "end" } },
                { "embed 8 | lstm 4 | softmax", { "needs 11 scores", "dense" } },
        { "embed 8 | pool | dense", { "last mean max attend" } },
            { "embed 8 | pool mean | lstm 4 | dense", { "layer 3 (lstm)", "pooling" } },
                { "input 4 | dense", { "3 features" } },
        { "embed 8 | dense | dense", { "layer 2 (dense)", "size" } }, { "embed 8 | dense 4=3 | dense", { "4=3" } },
            { "embed 8 | dense | softmax focal=-1", { "head 1 (softmax)", "focal" } },
        { "embed 8 | dense | softmax smooth=\"3", { "quotation" } }, { "softmax", { "no layer before" } },
            { "embed 8 | embed 5 of=triples | dense", { "units pairs" } },
        { "embed 8 | drop .1 tie | dense", { "no key 'tie'" } }, { "embed 8 frozen=1 | dense", { "alone" } },
            { "embed 8 || dense || dense || dense || dense || dense || dense || dense || dense || dense",
              { "branches" } },
        { "embed 70000 | dense", { "70000" } }, { "embed 8 | dense | quantile q=.1:2", { "quantile" } },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        rc_net *net = (rc_net *)&net;
        assert_int_equal(rc_net_new(r, &net, t[i].line, "softmax", &facts), RECUR_ESPEC);
        assert_null(net);
        assert_null(strchr(r->message, '\n'));
        for (int k = 0; k < 3 && t[i].say[k]; k++)
            if (!strstr(r->message, t[i].say[k]))
                fail_msg("\"%s\" gave \"%s\", without \"%s\"", t[i].line, r->message, t[i].say[k]);
    }
    rc_net *net;
    const rc_facts alone = { .columns = 1, .vocabulary = { UNITS }, .classes = { UNITS } };
    assert_int_equal(rc_net_new(r, &net, "embed 8 | gru 4 >> embed 8 | attend | dense", "softmax", &alone), RECUR_ESPEC);
    assert_non_null(strstr(r->message, "no second sequence"));
}

/* A batch that does not fit is refused with a sentence; the run goes on. */
static void batches_are_checked(void **state)
{
    (void)state;
    static const int length[] = { 4, 2 };
    static test_batch t;
    rc_net *net;
    rc_run *u;
    rc_loss out;
    assert_int_equal(rc_net_new(r, &net, "embed 4 | input | lstm 4 | dense", "softmax", &facts), 0);
    real *w = test_weights(r, net, 1);
    assert_int_equal(rc_run_new(r, &u, net, w, &(recur_dims){ .B = 2, .T = 4, .train = 1 }), 0);
    for (int i = 0; i < 9; i++) {
        test_batch_fill(&t, length, 2, 3);
        recur_batch *b = &t.b;
        if (i == 1) b->B = 3;
        if (i == 2) b->T = 5;
        if (i == 3) t.alive[2] = 2;
        if (i == 4) t.alive[3] = 2, t.alive[2] = 1;
        if (i == 5) t.ids[3] = UNITS;
        if (i == 6) b->x = NULL;
        if (i == 7) t.target[0][1] = UNITS;
        if (i == 8) b->target[0] = NULL;
        assert_int_equal(rc_run_loss(u, b, false, 1, &out), i ? RECUR_ESHAPE : 0);
        rc_run_backward(u);
    }
    int rows;
    assert_null(rc_run_forward(u, &t.b, 0, &rows));            /* planned without scores */
    rc_run_free(u);
    assert_int_equal(rc_run_new(r, &u, net, w, &(recur_dims){ .B = 1 << 20, .T = 1 << 20, .train = 1 }), RECUR_ESHAPE);
    rc_free(r, w);
    rc_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_becomes_and_reads_back), cmocka_unit_test(weights_are_named_and_shaped),
            cmocka_unit_test(start_is_as_declared),
        cmocka_unit_test(mistakes_are_explained), cmocka_unit_test(batches_are_checked),
    };
    return cmocka_run_group_tests(tests, open_runtime, close_runtime);
}
