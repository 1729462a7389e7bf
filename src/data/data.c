/* SPDX-License-Identifier: MIT
 * data.c - examples in memory: growing, parting, letting go.
 *
 * An example's steps are the rows [at, at + T) of ids, x and step_label; examples lie one after the other, so the
 * whole set is a few flat blocks and a table of where each example begins. */
#include <limits.h>
#include "data/batch.h"

int rc_data_new(recur *r, recur_data **out, const rc_task *t)
{
    recur_data *d = *out = rc_new(r, 1, sizeof *d);
    if (d == NULL)
        return RECUR_ENOMEM;
    d->r = r;
    d->task = t;
    d->learned = true;
    rc_buf_init(&d->raw, r, (size_t)1 << 34);
    return RECUR_OK;
}

void recur_data_close(recur_data *d)
{
    if (d == NULL)
        return;
    recur *r = d->r;
    rc_text_free(d->text);
    rc_vocab_free(d->labels);
    rc_scaling_free(r, &d->scaling);
    for (int c = 0; c < 4; c++)
        rc_free(r, d->ids[c]);
    for (int i = 0; i < d->paths; i++)
        rc_free(r, d->path[i]);
    void *blocks[] = { d->x, d->ex, d->step_label, d->value, d->path, d->cut.order, d->cut.start, d->cut.turn, d->out.alive,
                       d->out.ids, d->out.target, d->out.kind, d->out.seq, d->out.x, d->out.value, d->out.key, d->list,
                       d->lists.at, d->lists.label };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        rc_free(r, blocks[i]);
    rc_vocab_free(d->unseen);
    rc_side_free(d);
    rc_buf_free(&d->raw);
    if (d->windows != NULL)
        d->windows->free(d->windows);
    json_decref(d->form);
    rc_free(r, d);
}

/* Grows *p from cap to `want` elements of `size` bytes; a block that the set does not use (used false) stays NULL. */
static int widen(recur *r, void *p, bool used, size_t cap, size_t want, size_t size)
{
    void *old, *wide;
    memcpy(&old, p, sizeof old);
    if (!used)
        return RECUR_OK;
    if ((wide = rc_grow(r, old, cap, want, size)) == NULL)
        return RECUR_ENOMEM;
    memcpy(p, &wide, sizeof wide);
    return RECUR_OK;
}

int rc_data_paths(recur_data *d, const char *const *path, int n)
{
    if ((d->path = rc_new(d->r, (size_t)n + 1, sizeof *d->path)) == NULL)
        return RECUR_ENOMEM;
    for (; d->paths < n; d->paths++)
        if ((d->path[d->paths] = rc_copy(d->r, path[d->paths])) == NULL)
            return RECUR_ENOMEM;
    return RECUR_OK;
}

int rc_data_row(recur_data *d, size_t n)
{
    if (n > (size_t)INT_MAX || d->rows + n > (size_t)INT_MAX)
        return rc_fail(d->r, RECUR_EDATA, "more than %d steps of data: part the files", INT_MAX);
    if (d->rows + n <= d->cap)
        return RECUR_OK;
    size_t want = d->cap < 4096 ? 4096 : d->cap + d->cap / 2;
    if (want < d->rows + n)
        want = d->rows + n;
    int e = RECUR_OK;
    for (int c = 0; c < d->C && e == RECUR_OK; c++)
        e = widen(d->r, &d->ids[c], true, d->cap, want, sizeof(int32_t));
    if (e == RECUR_OK)
        e = widen(d->r, &d->x, d->F > 0, d->cap * (size_t)d->F, want * (size_t)d->F, sizeof(float));
    if (e == RECUR_OK)
        e = widen(d->r, &d->step_label, d->per_step && d->outputs == 0, d->cap, want, sizeof(int32_t));
    if (e == RECUR_OK)
        e = widen(d->r, &d->value, d->per_step && d->outputs > 0, d->cap * (size_t)d->outputs,
                  want * (size_t)d->outputs, sizeof(float));
    if (e == RECUR_OK)
        e = widen(d->r, &d->row_side, d->side_rows, d->cap, want, sizeof(int32_t));
    if (e == RECUR_OK)
        d->cap = want;
    return e;
}

int rc_data_example(recur_data *d, rc_example **out)
{
    if (d->count == d->ex_cap) {
        if (d->ex_cap > INT_MAX / 2)
            return rc_fail(d->r, RECUR_EDATA, "more than %d examples: part the files", INT_MAX / 2);
        size_t want = d->ex_cap < 256 ? 256 : (size_t)d->ex_cap * 2;
        int e = widen(d->r, &d->ex, true, (size_t)d->ex_cap, want, sizeof *d->ex);
        if (e == RECUR_OK)
            e = widen(d->r, &d->value, !d->per_step && d->outputs > 0 && d->windows == NULL,
                      (size_t)d->ex_cap * (size_t)d->outputs, want * (size_t)d->outputs, sizeof(float));
        if (e != RECUR_OK)
            return e;
        d->ex_cap = (int)want;
    }
    rc_example *ex = *out = &d->ex[d->count++];
    *ex = (rc_example){ .at = d->rows, .label = -1, .text = d->raw.n, .weight = 1, .side = -1 };
    return RECUR_OK;
}

int64_t recur_data_count(const recur_data *d) { return d->stream ? (int64_t)d->rows : d->count; }

void rc_data_facts(const recur_data *d, rc_facts *out)
{
    memset(out, 0, sizeof *out);
    out->columns = d->C;
    out->features = d->F;
    if (d->text != NULL) {
        out->vocabulary[0] = rc_vocab_size(d->text->vocab);
        if (d->text->pairs != NULL)
            out->vocabulary[1] = rc_vocab_size(d->text->pairs);
        if (d->shape > 0)
            out->vocabulary[d->shape] = RC_SHAPES;
        out->shape = d->shape;
    } else if (d->C > 0) {
        out->vocabulary[0] = d->vocabulary;
        out->vocabulary[1] = d->vocabulary2;
    }
    /* a text tells its own next unit */
    out->classes[0] = d->outputs > 0 ? d->outputs : d->stream ? out->vocabulary[0] : d->classes;
    out->classes[1] = d->kinds;
    rc_side_facts(d, out);
}

/* --- parting --- */

/* Copies example i of d to the end of h. */
int rc_data_copy(const recur_data *d, int i, recur_data *h)
{
    const rc_example *from = &d->ex[i];
    rc_example *to;
    size_t n = (size_t)from->T;
    int e = rc_data_row(h, n);
    if (e != RECUR_OK || (e = rc_data_example(h, &to)) != RECUR_OK)
        return e;
    size_t at = to->at, text = h->raw.n;
    *to = *from;
    to->at = at;
    to->text = text;
    if (d->side != NULL && (e = rc_side_copy(d, from, h, to)) != RECUR_OK)
        return e;
    for (int c = 0; c < d->C; c++)
        memcpy(h->ids[c] + at, d->ids[c] + from->at, n * sizeof(int32_t));
    if (d->x != NULL)
        memcpy(h->x + at * (size_t)d->F, d->x + from->at * (size_t)d->F, n * (size_t)d->F * sizeof(float));
    if (d->step_label != NULL)
        memcpy(h->step_label + at, d->step_label + from->at, n * sizeof(int32_t));
    size_t w = (size_t)d->outputs;
    if (d->value != NULL && d->per_step)
        memcpy(h->value + at * w, d->value + from->at * w, n * w * sizeof(float));
    else if (d->value != NULL)
        memcpy(h->value + (size_t)(h->count - 1) * w, d->value + (size_t)i * w, w * sizeof(float));
    h->rows += n;
    h->units += from->T;
    if (d->list != NULL && (e = rc_data_list(h, to, d->list + from->list, (size_t)from->list_n)) != RECUR_OK)
        return e;
    return from->text_n > 0 ? rc_buf_add(&h->raw, d->raw.s + from->text, from->text_n) : RECUR_OK;
}

/* What equal examples have in common, so that they fall on the same side: the hash of the text, or of the rows. */
static uint64_t content(const recur_data *d, const rc_example *ex)
{
    if (ex->text_n > 0)
        return rc_hash(d->raw.s + ex->text, ex->text_n);
    if (d->x != NULL)
        return rc_hash(d->x + ex->at * (size_t)d->F, (size_t)ex->T * (size_t)d->F * sizeof(float));
    return rc_hash(d->ids[0] + ex->at, (size_t)ex->T * sizeof(int32_t));
}

static int split_stream(recur_data *d, double part, recur_data *h)
{
    size_t move = (size_t)((double)d->rows * part + 0.5), keep = d->rows - move;
    int e = rc_data_row(h, move);
    if (e != RECUR_OK)
        return e;
    for (int c = 0; c < d->C; c++)
        memcpy(h->ids[c], d->ids[c] + keep, move * sizeof(int32_t));
    h->rows = move;
    h->units = (int64_t)move;
    for (size_t i = 0; i < move && d->text != NULL; i++)
        h->unknown += h->ids[0][i] == RC_UNK;
    d->unknown -= h->unknown < d->unknown ? h->unknown : d->unknown;
    double share = d->rows > 0 ? (double)move / (double)d->rows : 0;
    h->chars = (int64_t)((double)d->chars * share);
    h->bytes = (int64_t)((double)d->bytes * share);
    d->chars -= h->chars;
    d->bytes -= h->bytes;
    d->units -= h->units;
    d->rows = keep;
    return RECUR_OK;
}

static int same_kind(const recur_data *d, recur_data **out)
{
    int e = rc_data_new(d->r, out, d->task);
    if (e != RECUR_OK)
        return e;
    recur_data *h = *out;
    h->learned = d->learned;
    h->form = json_incref(d->form);
    h->text = rc_text_share(d->text), h->labels = rc_vocab_share(d->labels);
    if ((e = rc_scaling_copy(d->r, &d->scaling, &h->scaling)) != RECUR_OK)
        return e;
    h->C = d->C, h->F = d->F, h->classes = d->classes, h->outputs = d->outputs, h->vocabulary = d->vocabulary;
    h->per_step = d->per_step, h->stream = d->stream;
    h->side_rows = d->row_side != NULL;
    if (d->side != NULL && (e = same_kind(d->side, &h->side)) != RECUR_OK)
        return e;
    h->kinds = d->kinds, h->shape = d->shape, h->drop_rare = d->drop_rare;
    if (d->unseen != NULL && (e = rc_vocab_new(d->r, &h->unseen)) != RECUR_OK)
        return e;
    for (int32_t i = RC_FIRST; d->unseen != NULL && i < rc_vocab_size(d->unseen); i++) {
        size_t n;
        const char *s = rc_vocab_str(d->unseen, i, &n);
        if ((e = rc_vocab_add(h->unseen, s, n, 0, NULL)) != RECUR_OK)
            return e;
    }
    return rc_data_paths(h, (const char *const *)d->path, d->paths);
}

int recur_data_split(recur_data *d, double part, uint64_t seed, recur_data **held)
{
    *held = NULL;
    if (!(part >= 0 && part < 1))
        return rc_fail(d->r, RECUR_EOPTION,
                       "part %g of the data cannot be split off: give a number from 0 to below 1", part);
    if (d->windows != NULL)
        return rc_fail(d->r, RECUR_EOPTION, "series are parted in time, by --split and --held, when they are read");
    recur_data *keep = NULL, *h = NULL;
    int e = same_kind(d, &h);
    if (e == RECUR_OK && d->stream) {
        e = split_stream(d, part, h);
    } else if (e == RECUR_OK && (e = same_kind(d, &keep)) == RECUR_OK) {
        for (int i = 0; i < d->count && e == RECUR_OK; i++) {
            bool out = rc_uniform(rc_key(seed, RC_SPLIT, content(d, &d->ex[i]), 0), 0) < part;
            e = rc_data_copy(d, i, out ? h : keep);
        }
    }
    if (e == RECUR_OK && keep != NULL) {       /* d takes over what was kept; its own blocks go with `keep` */
        recur_data was = *d;
        keep->chars = was.chars, keep->bytes = was.bytes;
        keep->skipped = was.skipped, keep->unknown = was.unknown, keep->dropped = was.dropped;
        *d = *keep;
        *keep = was;
    }
    recur_data_close(keep);
    if (e != RECUR_OK)
        recur_data_close(h);
    else
        *held = h;
    return e;
}
