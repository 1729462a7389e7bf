/* SPDX-License-Identifier: MIT
 * line.c - a net as text: its line, one line a layer; and how many steps of a sequence reach its end. */
#include "net/spec.h"

static void print_layer(const rc_layer *l, rc_buf *out)
{
    rc_keys k = { out->r, "", l->kind->keys, l->kind->nkeys, (void *)(uintptr_t)l };
    rc_buf_print(out, "%s", rc_layer_word(l));
    rc_keys_print(&k, out);
}

static void print_head(const rc_head *h, rc_buf *out)
{
    rc_keys k = { out->r, "", h->kind->keys, h->kind->nkeys, (void *)(uintptr_t)h };
    rc_buf_print(out, "%s", h->kind->name);
    rc_keys_print(&k, out);
}

int rc_net_print(rc_net *net)
{
    rc_buf out;
    rc_buf_init(&out, net->r, 0);
    for (int i = 0; i < net->trunk; i++) {
        rc_buf_print(&out, "%s", !i ? "" : i == net->side ? " >> " : " | ");
        print_layer(net->layer[i], &out);
    }
    for (int k = 0; k < net->branches; k++) {
        const char *part = net->branches > 1 || net->branch[k].n ? " || " : " | ";
        for (int i = 0; i < net->branch[k].n; i++, part = " | ") {
            rc_buf_print(&out, "%s", part);
            print_layer(net->layer[net->branch[k].first + i], &out);
        }
        rc_buf_print(&out, "%s", part);
        print_head(net->branch[k].head, &out);
    }
    if (out.error) {
        rc_buf_free(&out);
        return RECUR_ENOMEM;
    }
    net->line = rc_buf_take(&out);
    return 0;
}

static int steps(const rc_layer *l, int T)
{
    return l->per_seq ? 1 : l->kind->steps ? l->kind->steps(l, T) : T;
}

int rc_net_steps(const rc_net *n, int T)
{
    for (int i = n->side; i < n->trunk; i++)
        T = steps(n->layer[i], T);
    for (int i = n->branch[0].first; i < n->branch[0].first + n->branch[0].n; i++)
        T = steps(n->layer[i], T);
    return T;
}

int rc_net_describe(const rc_net *n, rc_buf *out)
{
    for (int i = 0; i < n->layers; i++) {
        const rc_layer *l = n->layer[i];
        size_t weights = 0;
        rc_buf_print(out, "%3d  ", i + 1);
        rc_buf_print(out, "%s", i && i == n->side ? ">> " : "");
        print_layer(l, out);
        for (int k = 0; k < n->params.n; k++)
            weights += n->params.p[k].layer == i ? n->params.p[k].n : 0;
        rc_buf_print(out, "   %d -> %d, %zu weights\n", l->in, l->out, weights);
    }
    for (int b = 0; b < n->branches; b++) {
        rc_buf_print(out, "head %d  ", b + 1);
        print_head(n->branch[b].head, out);
        size_t weights = 0;
        for (int k = 0; k < n->params.n; k++)
            weights += n->params.p[k].layer == -1 - b ? n->params.p[k].n : 0;
        rc_buf_print(out, "   %d scores", n->branch[b].head->in);
        if (weights)
            rc_buf_print(out, ", %zu weights", weights);
        rc_buf_print(out, "\n");
    }
    return out->error;
}
