/* SPDX-License-Identifier: MIT
 * golden.c - nets whose scores, loss, gradients and training PyTorch computed (tools/golden.py made the files).
 * Run in both builds: the double one must agree to 1e-12, the single one to 1e-5. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "train/train.h"

#ifdef RC_DOUBLE
#define BOUND 1e-12
#else
#define BOUND 1e-5
#endif

enum { MOST = 4096 };            /* elements of a golden tensor */

typedef struct {
    recur r;
    rc_store s;
    rc_net *net;
    rc_run *u;
    real *w;
    int32_t alive[64], ids[MOST], target[MOST], list_at[64], side_alive[64], side_ids[MOST], place[64];
    float x[MOST];
    recur_batch batch, side;
    const char *file;
} golden;

static int32_t *integers(golden *g, const char *name, int32_t *out, int *n)
{
    const rc_tensor *t = rc_store_find(&g->s, name);
    *n = 0;
    if (!t) return NULL;
    assert_int_equal(t->dtype, RC_I64);
    assert_true(t->n <= MOST);
    for (size_t i = 0; i < t->n; i++) {
        int64_t v;
        memcpy(&v, (const char *)t->data + i * sizeof v, sizeof v);
        out[i] = (int32_t)v;
    }
    *n = (int)t->n;
    return out;
}

static double number(const rc_tensor *t, size_t i)
{
    double v;
    assert_int_equal(t->dtype, RC_F64);
    memcpy(&v, (const char *)t->data + i * sizeof v, sizeof v);
    return v;
}

/* The largest difference, relative where numbers exceed 1; said with the equations that it is about. */
static void same(golden *g, const char *name, const real *mine, size_t n)
{
    const rc_tensor *t = rc_store_find(&g->s, name);
    double worst = 0;
    if (!t) fail_msg("%s: no tensor %s", g->file, name);
    assert_int_equal(t->n, n);
    for (size_t i = 0; i < n; i++) {
        double want = number(t, i), d = fabs((double)mine[i] - want) / fmax(1, fabs(want));
        worst = d > worst || isnan(d) ? d : worst;
    }
    if (!(worst <= BOUND)) fail_msg("%s: %s differs by %g from %s (equations %s)", g->file, name, worst,
                                    rc_store_get(&g->s, "made_by"), rc_store_get(&g->s, "equations"));
}

static void each_weight(golden *g, const char *prefix, const real *block)
{
    for (int i = 0; i < g->net->params.n; i++) {
        const rc_param *p = &g->net->params.p[i];
        char name[64];
        snprintf(name, sizeof name, "%s.%s", prefix, p->name);
        same(g, name, block + p->at, p->n);
    }
}

static void take_weights(golden *g)
{
    for (int i = 0; i < g->net->params.n; i++) {
        const rc_param *p = &g->net->params.p[i];
        char name[64];
        snprintf(name, sizeof name, "w.%s", p->name);
        const rc_tensor *t = rc_store_find(&g->s, name);
        if (!t) fail_msg("%s: the net has a weight %s, PyTorch's has not", g->file, p->name);
        assert_int_equal(t->n, p->n);
        for (size_t k = 0; k < p->n; k++) g->w[p->at + k] = (real)number(t, k);
    }
}

static void open_golden(golden *g, const char *path, const char *file)
{
    memset(g, 0, sizeof *g);
    g->file = file;
    assert_int_equal(rc_kern_open(&g->r, NULL), 0);
    assert_int_equal(rc_pool_new(&g->r, &g->r.pool, 2), 0);
    rc_pool_coin(g->r.pool, .5);
    rc_store_init(&g->s, &g->r);
    if (rc_safetensors_read(&g->r, path, &g->s) < 0) fail_msg("%s", g->r.message);
    int N, T, n;
    const rc_tensor *x = rc_store_find(&g->s, "x"), *y = rc_store_find(&g->s, "y");
    const int32_t *ids = integers(g, "ids", g->ids, &N), *alive = integers(g, "alive", g->alive, &T);
    for (size_t i = 0; x && i < x->n; i++) g->x[i] = (float)number(x, i);
    if (x) N = (int)x->dim[0];
    rc_facts f = { .columns = ids ? 1 : 0, .features = x ? (int)x->dim[1] : 0, .classes = { (int)y->dim[1] } };
    const rc_tensor *e = rc_store_find(&g->s, "w.1.embed.w");
    f.vocabulary[0] = e ? (int)e->dim[0] : 0;
    g->side.C = 1, g->side.fresh = 1;
    g->side.ids = integers(g, "side_ids", g->side_ids, &g->side.N);
    g->side.alive = integers(g, "side_alive", g->side_alive, &g->side.T);
    if (g->side.ids) {
        f.side.columns = 1;
        f.side.vocabulary[0] = f.vocabulary[0];
        g->side.B = g->side.alive[0];
    }
    g->batch = (recur_batch){ .T = T, .B = alive[0], .N = N, .C = f.columns, .F = f.features, .alive = alive, .ids = ids,
                              .x = x ? g->x : NULL, .target = { integers(g, "target", g->target, &n) }, .fresh = 1 };
    g->batch.side = g->side.ids ? &g->side : NULL;
    g->batch.place = integers(g, "place", g->place, &n);
    g->batch.list_at[0] = integers(g, "list_at", g->list_at, &n);
    if (rc_net_new(&g->r, &g->net, rc_store_get(&g->s, "net"), "softmax", &f) < 0) fail_msg("%s: %s", file, g->r.message);
    assert_non_null(g->w = rc_new(&g->r, g->net->params.total, sizeof(real)));
    take_weights(g);
    assert_int_equal(rc_run_new(&g->r, &g->u, g->net, g->w, &(recur_dims){ .B = g->batch.B, .T = T, .N = N, .train = 1, .scores = 1,
                                .side = { g->side.B, g->side.T, g->side.N } }), 0);
}

static void close_golden(golden *g)
{
    rc_run_free(g->u);
    rc_free(&g->r, g->w);
    rc_net_free(g->net);
    rc_store_free(&g->s);
    rc_pool_free(&g->r, g->r.pool);
}

static void check_once(golden *g)
{
    rc_loss loss;
    int rows;
    const real *y = rc_run_forward(g->u, &g->batch, 0, &rows);
    if (!y) fail_msg("%s: %s", g->file, g->r.message);
    same(g, "y", y, rc_store_find(&g->s, "y")->n);
    if (g->batch.F) rc_run_want_dx(g->u);
    assert_int_equal(rc_run_loss(g->u, &g->batch, false, 1, &loss), 0);
    real mean = (real)loss.loss;
    same(g, "loss", &mean, 1);
    rc_run_backward(g->u);
    each_weight(g, "g", g->u->g);
    if (g->batch.F) same(g, "dx", rc_run_input_gradient(g->u), (size_t)g->batch.N * (size_t)g->batch.F);
    rc_run_clear(g->u);
}

static double setting(golden *g, const char *name)
{
    const char *s = rc_store_get(&g->s, name);
    return s ? atof(s) : 0;
}

static void check_training(golden *g)
{
    const recur_step_options how = { .optimizer = rc_store_get(&g->s, "optimizer"), .lr = setting(g, "lr"),
        .beta1 = setting(g, "beta1"), .beta2 = setting(g, "beta2"), .eps = setting(g, "eps"), .decay = setting(g, "decay") };
    rc_optim *o;
    double norm;
    rc_loss loss;
    assert_int_equal(rc_optim_new(&g->r, &o, how.optimizer, g->net->params.total, 0), 0);
    for (int i = 0; i < (int)setting(g, "steps"); i++) {
        assert_int_equal(rc_run_loss(g->u, &g->batch, false, 1, &loss), 0);
        rc_run_backward(g->u);
        assert_int_equal(rc_optim_step(o, g->u, &how, &norm), 0);
        rc_run_clear(g->u);
    }
    each_weight(g, "end", g->w);
    rc_optim_free(o);
}

static void pytorch_agrees(void **state)
{
    (void)state;
    static golden g;
    int files = 0;
    DIR *dir = opendir(TEST_DIR "/golden");
    assert_non_null(dir);
    for (const struct dirent *f; (f = readdir(dir));) {
        char path[1024];
        if (!strstr(f->d_name, ".safetensors")) continue;
        snprintf(path, sizeof path, "%s/golden/%s", TEST_DIR, f->d_name);
        open_golden(&g, path, f->d_name);
        check_once(&g);
        if (rc_store_get(&g.s, "steps")) check_training(&g);
        close_golden(&g);
        files++;
    }
    closedir(dir);
    print_message("%d nets agree with PyTorch to %g\n", files, BOUND);
    assert_true(files >= 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(pytorch_agrees) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
