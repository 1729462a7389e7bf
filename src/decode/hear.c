/* SPDX-License-Identifier: MIT
 * hear.c - sound as it comes: as soon as the samples of a row are there the net takes a step, and a unit is told in the
 * step in which it begins to be the likeliest.  The same rows, steps and units as of the whole sound. */
#include "decode/decode.h"
#include "head/ctc.h"
#include "task/transcribe/transcribe.h"

struct rc_hearing {
    recur *r; const recur_model *m;
    rc_spelling how;
    rc_front *front;
    rc_run *u;
    recur_emit *emit; void *ud;
    float *wait, *row;           /* [cap] samples that no row has taken whole; [F] */
    size_t n, cap;
    int32_t before;
    bool begun, said, blank;     /* a row was made; a unit was told; a blank waits for the unit behind it */
};

static int suits(const recur_model *m, const rc_hearing *h)
{
    int e = rc_transcribe_suits(m);
    if (e != RECUR_OK)
        return e;
    if (h->front == NULL || rc_front_width(h->front) != m->scaling.n)
        return rc_fail(m->r, RECUR_EOPTION, "a model for sounds is wanted; this one reads rows of %d measurements", m->scaling.n);
    if (!m->net->streams)
        return rc_fail(m->r, RECUR_EOPTION, "this net looks ahead, so it cannot hear a sound as it comes; train one without"
                       " bi and conv: --net 'input | lstm 128 layers=2 | dense'");
    if (!rc_front_streams(h->front))
        return rc_fail(m->r, RECUR_EOPTION, "this front end looks at the whole sound, so it cannot hear it as it comes; train"
                       " with --front 'logmel 40 stack=3 norm=none'");
    return RECUR_OK;
}

int rc_hear_open(recur *r, rc_hearing **out, const recur_model *m, recur_emit *emit, void *ud)
{
    rc_hearing *h = *out = rc_new(r, 1, sizeof *h);
    if (h == NULL)
        return RECUR_ENOMEM;
    *h = (rc_hearing){ .r = r, .m = m, .emit = emit, .ud = ud, .before = RC_BLANK };
    rc_spelling_of(json_object_get(m->card, "form"), &h->how);
    int e = h->how.front != NULL ? rc_front_new(r, &h->front, h->how.front, 0) : RECUR_OK;
    if (e == RECUR_OK)
        e = suits(m, h);
    if (e == RECUR_OK)
        e = rc_run_new(r, &h->u, m->net, m->w, &(recur_dims){ .B = 1, .T = 1, .N = 1, .scores = 1 });
    if (e == RECUR_OK) {
        h->cap = rc_front_reach(h->front) + rc_front_step(h->front);
        h->wait = rc_new(r, h->cap, sizeof *h->wait);
        h->row = rc_new(r, (size_t)rc_front_width(h->front), sizeof *h->row);
        e = h->wait != NULL && h->row != NULL ? RECUR_OK : RECUR_ENOMEM;
    }
    if (e != RECUR_OK) {
        rc_hear_close(h);
        *out = NULL;
        return e;
    }
    h->u->weights = 1;
    return RECUR_OK;
}

void rc_hear_close(rc_hearing *h)
{
    if (h == NULL)
        return;
    rc_front_free(h->front);
    rc_run_free(h->u);
    rc_free(h->r, h->wait);
    rc_free(h->r, h->row);
    rc_free(h->r, h);
}

int rc_hear_rate(const rc_hearing *h)
{
    return rc_front_rate(h->front);
}

static int tell(rc_hearing *h, int32_t class)
{
    size_t n;
    const char *text = rc_vocab_str(h->m->labels, RC_FIRST + class, &n);
    if (n == 1 && *text == ' ') {
        h->blank = h->said;
        return RECUR_OK;
    }
    if (((h->how.words && h->said) || h->blank) && h->emit(h->ud, " ", 1) != 0)
        return rc_fail(h->r, RECUR_ESTOP, "stopped on request");
    h->said = true;
    h->blank = false;
    return h->emit(h->ud, text, n) != 0 ? rc_fail(h->r, RECUR_ESTOP, "stopped on request") : RECUR_OK;
}

/* A step on the first samples that wait, at most as many as a row needs. */
static int step(rc_hearing *h)
{
    size_t reach = rc_front_reach(h->front);
    int rows, e = rc_front_run(h->front, h->wait, h->n < reach ? h->n : reach, h->row);
    if (e != RECUR_OK)
        return e;
    rc_scale_rows(&h->m->scaling, h->row, 1);
    const recur_batch b = { .T = 1, .B = 1, .N = 1, .F = h->m->scaling.n, .x = h->row, .fresh = !h->begun };
    const real *z = rc_run_forward(h->u, &b, 0, &rows);
    if (z == NULL)
        return RECUR_ESHAPE;
    h->begun = true;
    int32_t class = rc_ctc_step(z, h->m->net->branch[0].head->in, &h->before);
    return class != RC_BLANK ? tell(h, class) : RECUR_OK;
}

static void drop(rc_hearing *h, size_t n)
{
    memmove(h->wait, h->wait + n, (h->n - n) * sizeof *h->wait);
    h->n -= n;
}

int rc_hear(rc_hearing *h, const float *x, size_t n)
{
    size_t reach = rc_front_reach(h->front), next = rc_front_step(h->front), most = reach > next ? reach : next;
    int e = RECUR_OK;
    while (n > 0 && e == RECUR_OK) {
        size_t take = h->cap - h->n < n ? h->cap - h->n : n;
        memcpy(h->wait + h->n, x, take * sizeof *x);
        h->n += take;
        x += take;
        n -= take;
        while (e == RECUR_OK && h->n >= most) {
            e = step(h);
            drop(h, rc_front_step(h->front));
        }
    }
    return e;
}

/* What waits makes one row more if it holds a whole frame, or if it is all there was: rc_front_rows of the whole. */
int rc_hear_end(rc_hearing *h)
{
    bool more = h->n > 0 && (!h->begun || rc_front_partial(h->front, h->n));
    int e = more ? step(h) : RECUR_OK;
    h->n = 0;
    h->before = RC_BLANK;
    h->begun = h->said = h->blank = false;
    return e;
}
