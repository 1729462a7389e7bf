/* SPDX-License-Identifier: MIT
 * checkpoint.c - a training that can be cut off at any time: NAME.ckpt/gen-K.safetensors.
 *
 * A generation is written whole under a temporary name, flushed and renamed (rc_safetensors_write), then the one before
 * the last is removed: at every moment at least one complete generation stands.  K counts up; the highest complete one wins.
 * Everything that decides how a training goes on is in it, so that resume = straight through, bit for bit. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "train/train.h"

enum { NEWEST = 16 };                    /* generations that a folder is searched for; we leave two */
static const int real_type = sizeof(real) == sizeof(float) ? RC_F32 : RC_F64;

/* --- loop state <-> JSON: whole numbers, and reals with 17 digits, which read back as the same bits --- */
static json_t *state_json(const rc_loop_state *s)
{
    json_t *j = json_object();
#define X(name) json_object_set_new(j, #name, json_integer(s->name));
    RC_LOOP_INTS(X)
#undef X
#define X(name) json_object_set_new(j, #name, isfinite(s->name) ? json_real(s->name) : json_null());
    RC_LOOP_REALS(X)
#undef X
    json_t *cut = json_array();
    for (int64_t i = 0; i < s->cuts; i++)
        json_array_append_new(cut, json_pack("[I, I]", (json_int_t)s->cut[i].at, (json_int_t)s->cut[i].steps));
    json_object_set_new(j, "cut", cut);
    return j;
}

static bool get_int(const json_t *j, const char *name, int64_t *out)
{
    const json_t *v = json_object_get(j, name);
    if (!json_is_integer(v) || json_integer_value(v) < 0)
        return false;
    *out = json_integer_value(v);
    return true;
}

static bool get_real(const json_t *j, const char *name, double *out)
{
    const json_t *v = json_object_get(j, name);
    if (!json_is_number(v) && !json_is_null(v))
        return false;
    *out = json_is_null(v) ? (double)NAN : json_number_value(v);
    return true;
}

static bool state_from(const char *text, rc_loop_state *s)
{
    json_t *j = text ? json_loads(text, 0, NULL) : NULL;
    bool good = json_is_object(j);
#define X(name) good = good && get_int(j, #name, &s->name);
    RC_LOOP_INTS(X)
#undef X
#define X(name) good = good && get_real(j, #name, &s->name);
    RC_LOOP_REALS(X)
#undef X
    const json_t *cut = json_object_get(j, "cut");
    good = good && s->cuts <= RC_CUTS && json_array_size(cut) == (size_t)s->cuts;
    for (int64_t i = 0; good && i < s->cuts; i++) {
        const json_t *one = json_array_get(cut, (size_t)i);
        s->cut[i] = (rc_cut){ json_integer_value(json_array_get(one, 0)), json_integer_value(json_array_get(one, 1)) };
    }
    json_decref(j);
    return good;
}

/* --- the folder --- */
static int join(char *out, size_t n, const char *dir, long long k)
{
    int w = snprintf(out, n, "%s/gen-%lld.safetensors", dir, k);
    return w > 0 && (size_t)w < n;
}

/* Numbers of the generations, falling. */
static int list(const char *dir, long long k[NEWEST])
{
    int n = 0;
    DIR *d = opendir(dir);
    if (!d)
        return 0;
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        char *end;
        if (strncmp(e->d_name, "gen-", 4) != 0)
            continue;
        errno = 0;
        long long at = strtoll(e->d_name + 4, &end, 10);
        if (end == e->d_name + 4 || at < 0 || errno || strcmp(end, ".safetensors") != 0)
            continue;
        if (n == NEWEST && k[n - 1] >= at)
            continue;
        int i = n < NEWEST ? n++ : NEWEST - 1;
        while (i > 0 && k[i - 1] < at) {
            k[i] = k[i - 1];
            i--;
        }
        k[i] = at;
    }
    closedir(d);
    return n;
}

/* --- write --- */
static int add_blocks(rc_store *st, const rc_snapshot *c)
{
    const int64_t n = (int64_t)c->n, carry = (int64_t)c->ncarry;
    int e = rc_store_add(st, "loop.best", real_type, 1, &n, c->best);
    for (int i = 0; e >= 0 && i < c->o->moments; i++) {
        char name[32];
        snprintf(name, sizeof name, "opt.m%d", i);
        e = rc_store_add(st, name, real_type, 1, &n, c->o->moment[i]);
    }
    if (e >= 0 && carry > 0)
        e = rc_store_add(st, "loop.carry", real_type, 1, &carry, c->carry);
    return e;
}

static int add_texts(rc_store *st, const rc_snapshot *c)
{
    json_t *j = state_json(c->s);
    char *state = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    char *options = json_dumps(c->options, JSON_COMPACT | JSON_REAL_PRECISION(17));
    int e = RECUR_ENOMEM;
    if (!state || !options)
        rc_fail(st->r, e, "checkpoint: out of memory");
    else if ((e = rc_store_text(st, "loop", state)) >= 0)
        e = rc_store_text(st, "loop.options", options);
    free(state);
    free(options);
    json_decref(j);
    return e;
}

int rc_checkpoint_write(const char *dir, const rc_snapshot *c, char *path, size_t n)
{
    recur *r = c->m->r;
    rc_store st;
    long long k[NEWEST];
    int e;
    rc_store_init(&st, r);
    if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
        e = rc_fail(r, RECUR_EIO, "%s: cannot make the checkpoint's folder: %s", dir, strerror(errno));
        goto done;
    }
    int old = list(dir, k);
    if (!join(path, n, dir, old ? k[0] + 1 : 1)) {
        e = rc_fail(r, RECUR_EIO, "%s: the path is too long", dir);
        goto done;
    }
    if ((e = rc_model_store(c->m, &st, false)) < 0)
        goto done;
    if ((e = add_blocks(&st, c)) < 0 || (e = add_texts(&st, c)) < 0)
        goto done;
    if ((e = rc_safetensors_write(r, path, &st)) < 0)
        goto done;
    for (int i = 1; i < old; i++) {
        char gone[4096];
        if (join(gone, sizeof gone, dir, k[i]))
            unlink(gone);
    }
done:
    rc_store_free(&st);
    return e;
}

static void remove_all(recur *r, const char *dir)
{
    long long k[NEWEST];
    int n = list(dir, k);
    for (int i = 0; i < n; i++) {
        char path[4096];
        if (join(path, sizeof path, dir, k[i]))
            unlink(path);
    }
    if (n > 0 && rmdir(dir) != 0)
        rc_warn(r, "%s: the checkpoint's folder stays: %s", dir, strerror(errno));
}

bool rc_checkpoint_there(const char *out)
{
    char dir[4096];
    long long k[NEWEST];
    return out && (size_t)snprintf(dir, sizeof dir, "%s.ckpt", out) < sizeof dir && list(dir, k) > 0;
}

void rc_checkpoint_forget(recur *r, const char *out)
{
    char dir[4096];
    if (out && (size_t)snprintf(dir, sizeof dir, "%s.ckpt", out) < sizeof dir)
        remove_all(r, dir);
}

/* --- read --- */
static rc_tensor *block(rc_store *st, const char *path, const char *name, int type, size_t n, int *e)
{
    rc_tensor *t = rc_store_find(st, name);
    if (t && t->n == n && t->dtype == type)
        return t;
    *e = rc_fail(st->r, RECUR_EFORMAT, "%s: tensor '%s' %s", path, name, rc_speak(st->r, t ? "has another shape or type" : "is missing"));
    return NULL;
}

static void take(rc_store *st, const char *path, const char *name, size_t n, real *out, int *e)
{
    if (*e < 0 || n == 0)
        return;
    const rc_tensor *t = block(st, path, name, real_type, n, e);
    if (t)
        memcpy(out, t->data, n * sizeof(real));
}

/* A model file holds floats; in the double build they are widened. */
static void take_weights(rc_store *st, const char *path, const rc_snapshot *c, bool check, int *e)
{
    const rc_params *ps = &c->m->net->params;
    for (int i = 0; i < ps->n && *e >= 0; i++) {
        const rc_param *p = &ps->p[i];
        const rc_tensor *t = rc_store_find(st, p->name);
        if (!t || t->n != p->n || (t->dtype != RC_F32 && t->dtype != RC_F64)) {
            *e = rc_fail(st->r, RECUR_EFORMAT, "%s: weight '%s' is missing or has another shape", path, p->name);
        } else if (!check) {
            for (size_t k = 0; k < p->n; k++) {
                float x;
                double y;
                if (t->dtype == RC_F32) {
                    memcpy(&x, (const char *)t->data + k * sizeof x, sizeof x);
                    c->m->w[p->at + k] = (real)x;
                } else {
                    memcpy(&y, (const char *)t->data + k * sizeof y, sizeof y);
                    c->m->w[p->at + k] = (real)y;
                }
            }
        }
    }
}

/* Names what differs, up to three things, in `out`; how many differ. */
static int differences(const recur *r, json_t *then, const json_t *now, char *out, size_t n)
{
    const char *key;
    json_t *was;
    int count = 0;
    out[0] = 0;
    json_object_foreach(then, key, was) {
        const json_t *is = json_object_get(now, key);
        if (is && json_equal(was, is))
            continue;
        if (json_is_number(was) && json_is_number(is) && json_number_value(was) == json_number_value(is))
            continue;
        char *a = json_dumps(was, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
        char *b = is ? json_dumps(is, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6)) : NULL;
        size_t at = strlen(out);
        if (count++ < 3)
            snprintf(out + at, n - at, rc_speak(r, "%s%s was %s, is %s"), at ? "; " : "", key, a ? a : "?", b ? b : rc_speak(r, "absent"));
        free(a);
        free(b);
    }
    return count;
}

static int agree(rc_store *st, const char *path, const json_t *now, bool force)
{
    const char *text = rc_store_get(st, "loop.options");
    json_t *then = text ? json_loads(text, 0, NULL) : NULL;
    char what[512];
    int e = RECUR_OK;
    if (!json_is_object(then))
        e = rc_fail(st->r, RECUR_EFORMAT, "%s: no options in the checkpoint", path);
    else if (!force && differences(st->r, then, now, what, sizeof what) > 0)
        e = rc_fail(st->r, RECUR_EOPTION, "%s: made with other options: %s; give the same, or --force", path, what);
    json_decref(then);
    return e;
}

static int read_one(const char *path, const rc_snapshot *c, bool force)
{
    recur *r = c->m->r;
    rc_store st;
    rc_loop_state s = *c->s;
    char name[32];
    int e;
    rc_store_init(&st, r);
    if ((e = rc_safetensors_read(r, path, &st)) < 0)
        goto done;
    if ((e = agree(&st, path, c->options, force)) < 0)
        goto done;
    if (!state_from(rc_store_get(&st, "loop"), &s)) {
        e = rc_fail(r, RECUR_EFORMAT, "%s: the state of the loop is missing or damaged", path);
        goto done;
    }
    take_weights(&st, path, c, true, &e);           /* all is there before anything is overwritten */
    for (int i = 0; i < c->o->moments && e >= 0; i++) {
        snprintf(name, sizeof name, "opt.m%d", i);
        block(&st, path, name, real_type, c->n, &e);
    }
    if (e >= 0)
        block(&st, path, "loop.best", real_type, c->n, &e);
    if (e >= 0 && c->ncarry > 0)
        block(&st, path, "loop.carry", real_type, c->ncarry, &e);
    if (e < 0)
        goto done;
    take_weights(&st, path, c, false, &e);
    for (int i = 0; i < c->o->moments; i++) {
        snprintf(name, sizeof name, "opt.m%d", i);
        take(&st, path, name, c->n, c->o->moment[i], &e);
    }
    take(&st, path, "loop.best", c->n, c->best, &e);
    take(&st, path, "loop.carry", c->ncarry, c->carry, &e);
    *c->s = s;
done:
    rc_store_free(&st);
    return e;
}

int rc_checkpoint_read(const char *dir, const rc_snapshot *c, bool force)
{
    recur *r = c->m->r;
    long long k[NEWEST];
    char path[4096], damage[sizeof r->message] = "";
    int n = list(dir, k), e = RECUR_EIO;
    if (n == 0)
        return rc_fail(r, RECUR_EIO, "%s: there is no checkpoint to go on from", dir);
    for (int i = 0; i < n; i++) {
        if (!join(path, sizeof path, dir, k[i]))
            continue;
        e = read_one(path, c, force);
        if (e >= 0 && damage[0])
            rc_warn(r, "%s; went on from %s", damage, path);
        if (e >= 0 || e == RECUR_EOPTION || e == RECUR_ENOMEM)
            return e;
        if (!damage[0])
            snprintf(damage, sizeof damage, "%s", r->message);
    }
    return e;
}
