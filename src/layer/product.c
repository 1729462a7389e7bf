/* SPDX-License-Identifier: MIT
 * product: y = x W' for the layers that multiply whole batches.  In training W is packed with each call; in inference it
 * is kept packed, in the form that the run stores weights in, as long as the weights are the same. */
#include "layer/layer.h"

void rc_packed_bind(rc_packed *k, rc_plan *p, int in, int out)
{
    k->as = p->as;
    k->panels = p->train ? NULL : rc_plan_take(p, rc_panels_as(p->r->kern, p->as, in, out), 1);
}

typedef struct { const rc_pass *s; rc_packed *k; const rc_product_io *io; } job;

/* Columns parted over the threads. */
static void columns(void *arg, const rc_team *t)
{
    const job *j = arg;
    const rc_kern *k = j->s->k;
    const rc_product_io *io = j->io;
    int lo, hi;
    rc_part(io->out, k->nr, t->id, t->n, &lo, &hi);
    char *P = j->k->panels + rc_panel_as_at(k, j->k->as, io->in, lo);
    if (hi <= lo)
        return;
    if (!j->s->weights || j->k->packed != j->s->weights)
        k->pack_as(j->k->as, io->in, hi - lo, io->w + (size_t)lo * (size_t)io->ldw, io->ldw, P);
    k->gemm_as(j->k->as, io->n, hi - lo, io->in, io->x, io->in, P, io->add, io->y + lo, io->out);
}

void rc_product(const rc_pass *s, rc_packed *k, const rc_product_io *io)
{
    enum { SMALL = 1 << 18 };                                  /* multiply-adds not worth waking anybody */
    job j = { s, k, io };
    if (s->train || !k->panels || (!s->weights && k->as == RC_F32_WEIGHTS)) {
        rc_matmul(s->r, &(rc_matmul_io){ .tb = true, .add = io->add, .M = io->n, .N = io->out, .K = io->in, .A = io->x,
                  .lda = io->in, .B = io->w, .ldb = io->ldw, .C = io->y, .ldc = io->out }, (real *)s->scratch);
        return;
    }
    if ((double)io->n * io->in * io->out < SMALL)
        columns(&j, &(rc_team){ .pool = s->r->pool, .n = 1 });
    else
        rc_pool_run(s->r->pool, 1, columns, &j);
    k->packed = s->weights;
}
