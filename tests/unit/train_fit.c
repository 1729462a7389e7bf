/* SPDX-License-Identifier: MIT
 * train_fit.c - the loop: resume = straight through, stop, divergence, accumulation, time, learning by heart. */
#include <time.h>

#include "unit/train_help.h"

static char folder[] = "/tmp/recur-fit-XXXXXX";
static char out[64];

static int open_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(out, sizeof out, "%s/m", folder);
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    return rmdir(folder);                /* fails when a test left its checkpoint behind */
}

static const struct { const char *task, *unit, *net; } tasks[] = {
    { "lm", "char", LM_NET }, { "classify", "word", CLASSIFY_NET },
};

static void options(recur_train_options *o, const char *optimizer)
{
    const rc_optim_kind *k = rc_optim_find(optimizer);
    defaults(o);
    o->optimizer = optimizer;
    o->lr = k->lr < 0.1 ? k->lr : 0.5;
    o->momentum = 0.5;
    o->batch = 4;
    o->bptt = 10;
    o->steps = 14;
    o->eval_every = 3;
    o->save_every = 0;
    o->decay = 0.01;
}

/* A runtime, its options and a job on `lines` sentences: the language model (task 0) or the classifier. */
static void begin(job_of_train *j, recur_train_options *o, const char *optimizer, int task, int lines, double held)
{
    options(o, optimizer);
    open_job(j, open_runtime(1), tasks[task].task, tasks[task].unit, lines, held, tasks[task].net);
}

static void end(job_of_train *j)
{
    close_job(j);
    close_runtime(j->r);
}

static real *copy_of_weights(const job_of_train *j)
{
    size_t bytes = j->m->net->params.total * sizeof(real);
    return memcpy(malloc(bytes), j->m->w, bytes);
}

/* What the callback saw, and what it is to do. */
typedef struct {
    int64_t stop_at, break_at, steps;
    int evaluated, saved, warned, chosen;
    bool finished;
    recur_model *m;
    double best, loss;
    char text[300];
} seen;
static int look(void *ud, const recur_progress *p)
{
    seen *s = ud;
    s->evaluated += p->event == RECUR_EVALUATED;
    s->saved += p->event == RECUR_SAVED;
    s->warned += p->event == RECUR_WARNED;
    s->chosen += p->event == RECUR_CHOSEN;
    s->finished |= p->event == RECUR_FINISHED;
    s->steps = p->steps;
    s->loss = p->loss;
    if (p->event == RECUR_FINISHED) s->best = p->held;
    if (p->text && p->event != RECUR_SAVED) snprintf(s->text, sizeof s->text, "%s", p->text);
    if (p->event == RECUR_STEP && s->break_at && p->step == s->break_at) s->m->w[s->m->net->params.p[1].at + 5] = (real)NAN;
    return p->event == RECUR_STEP && s->stop_at && p->step == s->stop_at;
}

static bool exists(const char *form, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, form, name);
    return access(path, F_OK) == 0;
}

/* --- resume --- */
static real *straight(int task, const recur_train_options *o, int threads, size_t *n)
{
    recur *r = open_runtime(threads);
    job_of_train j;
    open_job(&j, r, tasks[task].task, tasks[task].unit, 40, 0.2, tasks[task].net);
    GOOD(r, rc_fit(j.m, j.d, j.held, o, NULL, NULL));
    *n = j.m->net->params.total;
    real *w = copy_of_weights(&j);
    end(&j);
    return w;
}

static real *in_parts(int task, const recur_train_options *o, int threads, void (*between)(void))
{
    recur *r = open_runtime(threads);
    recur_train_options more = *o;
    real *w = NULL;
    more.out = out;
    for (int64_t stop = 5; !w; stop += 4) {
        job_of_train j;
        seen s = { .stop_at = stop };
        open_job(&j, r, tasks[task].task, tasks[task].unit, 40, 0.2, tasks[task].net);
        int e = rc_fit(j.m, j.d, j.held, &more, look, &s);
        if (e == RECUR_ESTOP) {
            assert_true(s.saved > 0 && exists("%s.ckpt", out));
            if (between) between();
        } else {
            GOOD(r, e);
            assert_true(s.finished);
            rc_checkpoint_forget(r, out);                  /* whoever has saved the model does that */
            assert_true(!exists("%s.ckpt", out));
            w = copy_of_weights(&j);
        }
        more.resume = 1;
        close_job(&j);
    }
    close_runtime(r);
    return w;
}

/* The weights are the same to the last bit, whether the training runs through or in parts. */
static void same_in_parts(int task, const recur_train_options *o, double save_every, int threads, void (*between)(void))
{
    size_t n;
    recur_train_options parted = *o;
    parted.save_every = save_every;
    real *a = straight(task, o, 1, &n), *b = in_parts(task, &parted, threads, between);
    assert_memory_equal(a, b, n * sizeof(real));
    free(a);
    free(b);
}

static void resume_equals_straight_through(void **state)
{
    (void)state;
    for (int task = 0; task < 2; task++)
        for (int i = 0; rc_optims[i]; i++) {
            recur_train_options o;
            options(&o, rc_optims[i]->name);
            o.schedule = i % 2 ? "plateau" : "cosine";
            o.accumulate = 1 + i % 2;
            o.average = task && !rc_optims[i]->average ? 0.9 : 0;
            o.lr_epochs = task ? 50 : 0;
            same_in_parts(task, &o, 0, 1 + i % 2, NULL);
        }
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    for (int task = 0; task < 2; task++) {
        recur_train_options o;
        size_t n;
        options(&o, "adamw");
        real *one = straight(task, &o, 1, &n);
        for (int i = 0; i < 4; i++) {
            real *w = straight(task, &o, (const int[]){ 2, 3, -2, -3 }[i], &n);
            assert_memory_equal(one, w, n * sizeof(real));
            free(w);
        }
        free(one);
    }
}

/* Early stopping counts through a resume. */
static void patience_survives_resume(void **state)
{
    (void)state;
    recur_train_options o;
    options(&o, "sgd");
    o.lr = 1e-9;                         /* nothing gets better */
    o.patience = 3;
    o.eval_every = 2;
    o.steps = 50;
    same_in_parts(0, &o, 0, 1, NULL);
}

static void damage_newest(void)
{
    char path[128], newest[128] = "";
    for (int k = 1; k < 100; k++) {
        snprintf(path, sizeof path, "%s.ckpt/gen-%d.safetensors", out, k);
        if (access(path, F_OK) == 0) memcpy(newest, path, sizeof newest);
    }
    FILE *f = fopen(newest, "r+b");
    assert_non_null(f);
    fseek(f, -1000, SEEK_END);
    int c = fgetc(f);
    fseek(f, -1, SEEK_CUR);
    fputc(c ^ 0x10, f);
    fclose(f);
}

static void damaged_generation_falls_back(void **state)
{
    (void)state;
    recur_train_options o;
    options(&o, "adam");
    same_in_parts(0, &o, 1e-9, 1, damage_newest);             /* a generation each step */
}

static void other_options_are_refused(void **state)
{
    (void)state;
    recur_train_options o;
    job_of_train j;
    seen s = { .stop_at = 3 };
    begin(&j, &o, "adamw", 0, 40, 0.2);
    o.out = out;
    assert_int_equal(rc_fit(j.m, j.d, j.held, &o, look, &s), RECUR_ESTOP);
    assert_non_null(strstr(j.r->message, "--resume"));
    o.resume = 1;
    o.beta2 = 0.5;
    assert_int_equal(rc_fit(j.m, j.d, j.held, &o, look, &s), RECUR_EOPTION);
    assert_non_null(strstr(j.r->message, "beta2"));
    o.beta2 = 0.999;
    j.d->ids[0][3] ^= 1;
    assert_int_equal(rc_fit(j.m, j.d, j.held, &o, look, &s), RECUR_EOPTION);
    assert_non_null(strstr(j.r->message, "training data"));
    o.force = 1;
    GOOD(j.r, rc_fit(j.m, j.d, j.held, &o, NULL, NULL));
    rc_checkpoint_forget(j.r, out);
    assert_int_equal(rc_fit(j.m, j.d, j.held, &o, NULL, NULL), RECUR_EIO);     /* there is none any more */
    end(&j);
}

static void failing_checkpoint_warns_and_goes_on(void **state)
{
    (void)state;
    recur_train_options o;
    job_of_train j;
    seen s = { 0 };
    begin(&j, &o, "adamw", 0, 40, 0.2);
    o.out = "/nonexistent/folder/m";
    o.save_every = 1e-9;
    GOOD(j.r, rc_fit(j.m, j.d, j.held, &o, look, &s));
    assert_true(s.warned > 10 && s.finished);
    end(&j);
}

/* --- divergence --- */
static void broken_number_stops_with_the_best_weights(void **state)
{
    (void)state;
    recur_train_options o;
    job_of_train j;
    begin(&j, &o, "adamw", 0, 40, 0.2);
    seen s = { .break_at = 7, .m = j.m };
    assert_int_equal(rc_fit(j.m, j.d, j.held, &o, look, &s), RECUR_EDIVERGE);
    assert_non_null(strstr(j.r->message, "step 8"));
    assert_non_null(strstr(j.r->message, "layer 3 (lstm)"));
    assert_non_null(strstr(j.r->message, "step 6 are kept"));
    for (size_t i = 0; i < j.m->net->params.total; i++) assert_true(isfinite(j.m->w[i]));
    end(&j);
}

/* --- steps --- */
static void accumulated_halves_equal_the_whole(void **state)
{
    (void)state;
    real *w[2];
    size_t n = 0;
    for (int k = 0; k < 2; k++) {
        recur *r = open_runtime(1);
        recur_train_options o;
        job_of_train j;
        options(&o, "sgd");
        o.batch = k ? 8 : 16;
        o.accumulate = k ? 2 : 1;
        o.lr = 0.1;
        o.steps = 4;
        open_job(&j, r, "classify", "word", 16, 0, "embed 8 | lstm 8 | pool last | dense");
        GOOD(r, rc_fit(j.m, j.d, NULL, &o, NULL, NULL));
        n = j.m->net->params.total;
        w[k] = copy_of_weights(&j);
        end(&j);
    }
    for (size_t i = 0; i < n; i++) assert_near((double)w[0][i], (double)w[1][i], 2e-6);
    free(w[0]);
    free(w[1]);
}

static void time_gives_steps_that_repeat(void **state)
{
    (void)state;
    for (int task = 0; task < 2; task++) {
        recur_train_options o;
        job_of_train j;
        seen s = { 0 };
        size_t n;
        begin(&j, &o, "adamw", task, 40, 0.2);
        o.steps = o.eval_every = -1;
        o.time = 0.4;
        double start = rc_now();
        GOOD(j.r, rc_fit(j.m, j.d, j.held, &o, look, &s));
        assert_true(rc_now() - start < 4);               /* other work on the machine may slow it down */
        assert_true(s.steps > 0 && s.evaluated > 0 && s.chosen > 0);
        const char *plan = strstr(s.text, "--plan ");    /* the machine got slower on the way */
        assert_true(plan || strstr(s.text, "--steps"));
        o.time = (double)NAN;
        if (plan) o.plan = plan + strlen("--plan ");
        else o.steps = s.steps;
        real *again = straight(task, &o, 1, &n);
        assert_memory_equal(again, j.m->w, n * sizeof(real));
        free(again);
        end(&j);
    }
}

/* --lr-epochs: the rate that fewer epochs take is that of --lr, in proportion and at most fourfold; the steps alone decide. */
static void fewer_epochs_take_a_higher_rate(void **state)
{
    (void)state;
    static const struct { double lr, lr_epochs; int64_t epochs; double same_as; } row[] = {
        { .0025, 8, 4, .005 }, { .0025, 8, 2, .01 }, { .0025, 8, 1, .01 }, { .005, 8, 8, .005 }, { .005, 8, 12, .005 }, { .005, 0, 1, .005 },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        recur_train_options o;
        size_t n;
        options(&o, "adamw");
        o.steps = -1;
        o.epochs = row[i].epochs;
        o.lr = row[i].lr;
        o.lr_epochs = row[i].lr_epochs;
        real *hasty = straight(1, &o, 1, &n);
        o.lr = row[i].same_as;
        o.lr_epochs = 0;
        real *plain = straight(1, &o, 1, &n);
        assert_memory_equal(hasty, plain, n * sizeof(real));
        free(hasty);
        free(plain);
    }
}

/* A machine that gets slower after some steps. */
typedef struct { int64_t from; int steps; double first; char plan[300]; } slowed;
static int slow_down(void *ud, const recur_progress *p)
{
    slowed *s = ud;
    const char *plan = p->text ? strstr(p->text, "--plan ") : NULL;
    if (p->event == RECUR_STEP && p->step > s->from) nanosleep(&(struct timespec){ .tv_nsec = 4000000 }, NULL);
    if (p->event == RECUR_STEP) s->steps++;
    if (p->event == RECUR_STEP && p->step == 1) s->first = (double)p->steps;
    if (plan) snprintf(s->plan, sizeof s->plan, "%s", plan + strlen("--plan "));
    return 0;
}

/* The time holds all the same, and the plan that was told gives the same bits without a clock. */
static void time_holds_on_a_slower_machine(void **state)
{
    (void)state;
    for (int task = 0; task < 2; task++) {
        recur_train_options o;
        job_of_train j;
        slowed s = { .from = 100 };
        size_t n;
        begin(&j, &o, "adamw", task, 40, 0.2);
        o.steps = o.eval_every = -1;
        o.time = 1;
        double start = rc_now();
        GOOD(j.r, rc_fit(j.m, j.d, j.held, &o, slow_down, &s));
        assert_true(rc_now() - start < 10);              /* as planned it would have been tens of seconds */
        assert_true(s.steps > 100 && s.steps < s.first / 2 && *s.plan);
        assert_string_equal(json_string_value(json_object_get(json_object_get(j.m->card, "training"), "plan")), s.plan);
        o.time = (double)NAN;
        o.plan = s.plan;
        real *again = straight(task, &o, 1, &n);
        assert_memory_equal(again, j.m->w, n * sizeof(real));
        free(again);
        end(&j);
    }
}

static void plans_are_read(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "x", "0", "10,", "10,5", "10,5@", "10,12@5", "10,4@5", "10,8@5,7@3", "10@3", "10,5@-1" };
    recur *r = open_runtime(1);
    rc_fitting f = { .r = r };
    char text[RC_PLAN];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        f.o.plan = bad[i];
        assert_int_equal(rc_fit_plan_read(&f), RECUR_EOPTION);
    }
    f.o.plan = "400,320@150,300@299,299@300";
    assert_int_equal(rc_fit_plan_read(&f), RECUR_EOPTION);
    f.o.plan = "400,320@150,299@299";
    GOOD(r, rc_fit_plan_read(&f));
    rc_fit_plan_text(&f.s, text, sizeof text);
    assert_string_equal(text, f.o.plan);
    assert_int_equal(f.s.steps, 400);
    close_runtime(r);
}

static void best_weights_are_kept(void **state)
{
    (void)state;
    recur_train_options o;
    job_of_train j;
    seen s = { 0 };
    double loss, metric;
    rc_run *u;
    recur_dims d;
    begin(&j, &o, "adamw", 0, 30, 0.3);
    o.steps = 120;
    o.lr = 0.05;
    GOOD(j.r, rc_fit(j.m, j.d, j.held, &o, look, &s));
    rc_data_dims(j.held, 16, 10, &d);   /* a look has 16 streams at least */
    GOOD(j.r, rc_run_new(j.r, &u, j.m->net, j.m->w, &(recur_dims){ .B = d.B, .T = d.T, .N = d.N, .train = 1 }));
    GOOD(j.r, j.m->task->score(j.m, j.held, u, &loss, &metric));
    assert_near(metric, s.best, 1e-5);
    assert_true(json_is_number(json_object_get(json_object_get(j.m->card, "training"), "held")));
    rc_run_free(u);
    end(&j);
}

/* Of a long held-out text a short training looks at a part, and says so. */
static void looks_are_bounded(void **state)
{
    (void)state;
    recur_train_options o;
    job_of_train j;
    seen s = { 0 };
    begin(&j, &o, "adamw", 0, 1000, 0.5);
    o.eval_every = -1;
    assert_true(j.held->rows > 8192);
    GOOD(j.r, rc_fit(j.m, j.d, j.held, &o, look, &s));
    assert_non_null(strstr(s.text, "about 4096 of"));
    assert_true(s.evaluated == 2 && j.held->look == 0);
    end(&j);
}

static void twenty_lines_are_learned_by_heart(void **state)
{
    (void)state;
    static const char *const nets[] = { "embed 32 | lstm 96 | dense", "embed 16 | lstm 16 bi | pool max mean | dense" };
    for (int task = 0; task < 2; task++) {
        recur *r = open_runtime(2);
        recur_train_options o;
        job_of_train j;
        seen s = { 0 };
        double loss, metric;
        rc_run *u;
        recur_dims d;
        options(&o, "adam");
        o.steps = task ? 150 : 500;
        o.eval_every = 100;
        o.bptt = 40;
        o.lr = 0.01;
        o.decay = 0;
        open_job(&j, r, tasks[task].task, tasks[task].unit, 20, 0, nets[task]);
        GOOD(r, rc_fit(j.m, j.d, NULL, &o, look, &s));
        rc_data_dims(j.d, 4, 40, &d);
        GOOD(r, rc_run_new(r, &u, j.m->net, j.m->w, &(recur_dims){ .B = d.B, .T = d.T, .N = d.N, .train = 1 }));
        GOOD(r, j.m->task->score(j.m, j.d, u, &loss, &metric));
        if (task) assert_near(metric, 1, 1e-9);
        assert_true(loss < (task ? 0.05 : 0.35));        /* which sentence comes next cannot be known, but for its place */
        rc_run_free(u);
        end(&j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resume_equals_straight_through), cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(patience_survives_resume), cmocka_unit_test(damaged_generation_falls_back),
        cmocka_unit_test(other_options_are_refused), cmocka_unit_test(failing_checkpoint_warns_and_goes_on),
        cmocka_unit_test(broken_number_stops_with_the_best_weights), cmocka_unit_test(accumulated_halves_equal_the_whole),
        cmocka_unit_test(time_gives_steps_that_repeat), cmocka_unit_test(fewer_epochs_take_a_higher_rate),
        cmocka_unit_test(time_holds_on_a_slower_machine),
        cmocka_unit_test(plans_are_read), cmocka_unit_test(best_weights_are_kept), cmocka_unit_test(looks_are_bounded),
        cmocka_unit_test(twenty_lines_are_learned_by_heart),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
