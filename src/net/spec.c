/* SPDX-License-Identifier: MIT
 * The net as one line of text: chains of layers and heads -> opened layers with declared weights, and back. */
#include <stdio.h>

#include "net/spec.h"

typedef struct { char *word, *rest; } item;                  /* one layer or head: its word, its keys as text */
typedef struct {
    rc_net *net; recur *r; char *text;
    item *it; int n, cap;
    int first[RECUR_HEADS + 3], chains;                      /* chain c is items first[c] .. first[c+1] */
    int side;                                                /* 1: the first chain is the side chain */
} spec;

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static int add_item(spec *s, char *text)
{
    while (blank(*text))
        text++;
    size_t n = strcspn(text, " \t\r\n");
    if (!n)
        return rc_fail(s->r, RECUR_ESPEC, "net: item %d is empty: a layer stands on each side of '|', as in "
                       "`embed 64 | lstm 128`", s->n + 1);
    if (s->n == s->cap) {
        item *p = rc_grow(s->r, s->it, (size_t)s->cap, (size_t)s->cap * 2 + 16, sizeof *p);
        if (!p)
            return RECUR_ENOMEM;
        s->it = p;
        s->cap = s->cap * 2 + 16;
    }
    char *rest = text + n + (text[n] != 0);
    text[n] = 0;
    s->it[s->n++] = (item){ text, rest };
    return 0;
}

/* Takes the line apart at |, || and >>, not inside quotation marks. */
static int split(spec *s)
{
    bool quoted = false;
    char *start = s->text;
    for (char *p = s->text;; p++) {
        quoted ^= *p == '"';
        bool side = *p == '>' && p[1] == '>' && !quoted;
        if (*p && (*p != '|' || quoted) && !side)
            continue;
        bool end = !*p, chain = end || side || p[1] == '|';
        if (side && s->chains)
            return rc_fail(s->r, RECUR_ESPEC, "net: '>>' stands once, between the side chain and the trunk, before any '||'");
        s->side |= side;
        *p = 0;
        int e = add_item(s, start);
        if (e)
            return e;
        p += chain && !end;
        start = p + 1;
        if (!chain)
            continue;
        if (s->chains == RECUR_HEADS + 1 + s->side)
            return rc_fail(s->r, RECUR_ESPEC, "net: more than %d branches", RECUR_HEADS);
        s->first[++s->chains] = s->n;
        if (end)
            return 0;
    }
}

/* ------------------------------------------------------------------------------------------------ heads */

static int unknown_word(const spec *s, int i)
{
    char words[600] = "";
    for (int k = 0; rc_layer_kinds[k]; k++)
        if (!rc_layer_kinds[k]->word)
            snprintf(words + strlen(words), sizeof words - strlen(words), " %s", rc_layer_kinds[k]->name);
    for (int k = 0; rc_cells[k]; k++)
        snprintf(words + strlen(words), sizeof words - strlen(words), " %s", rc_cells[k]->name);
    for (int k = 0; rc_head_kinds[k]; k++)
        snprintf(words + strlen(words), sizeof words - strlen(words), " %s", rc_head_kinds[k]->name);
    return rc_fail(s->r, RECUR_ESPEC, "net: item %d: no layer or head is called '%s'; there are%s", i + 1,
                   s->it[i].word, words);
}

/* Head of a branch, from item i or (i < 0) the name that chains without one get. */
static int make_head(spec *s, int branch, int i, const char *name)
{
    char what[48], none[1] = "";
    const rc_head_kind *kind = rc_head_find(i < 0 ? name : s->it[i].word);
    if (!kind)
        return i < 0 ? rc_fail(s->r, RECUR_ESPEC, "net: no head is called '%s'", name) : unknown_word(s, i);
    rc_head *h = rc_new(s->r, 1, kind->size);
    if (!h)
        return RECUR_ENOMEM;
    s->net->branch[branch].head = h;
    h->kind = kind;
    h->index = branch;
    h->weight = 1;
    snprintf(what, sizeof what, "head %d (%s)", branch + 1, kind->name);
    rc_keys k = { s->r, what, kind->keys, kind->nkeys, h };
    int e = rc_keys_defaults(&k);
    return e ? e : rc_keys_read(&k, i < 0 ? none : s->it[i].rest);
}

static int open_head(spec *s, int branch, rc_build *b)
{
    rc_net *net = s->net;
    rc_head *h = net->branch[branch].head;
    int last = net->branch[branch].n ? net->branch[branch].first + net->branch[branch].n - 1 : net->trunk > net->side ? net->trunk - 1 : -1;
    int classes = net->facts.classes[branch], need = h->kind->outputs ? h->kind->outputs(h, classes) : classes;
    if (last < 0)
        return rc_fail(s->r, RECUR_ESPEC, "net: there is no layer before head %d (%s)", branch + 1, h->kind->name);
    h->from = net->layer[last]->out;
    h->in = h->kind->scores ? need : h->from;
    h->per_seq = net->layer[last]->per_seq;
    if (h->in < 1)
        return rc_fail(s->r, RECUR_ESPEC, "net: head %d (%s): the data do not say how many classes there are",
                       branch + 1, h->kind->name);
    if (classes && h->in != need)
        return rc_fail(s->r, RECUR_ESPEC,
                       "net: head %d (%s) needs %d scores, layer %d (%s) gives %d: end the chain with `dense`",
                       branch + 1, h->kind->name, need, last + 1, rc_layer_word(net->layer[last]), h->in);
    return h->kind->open(h, b);
}

/* ------------------------------------------------------------------------------------------------ layers */

static int add_layer(spec *s, const rc_layer *like, rc_layer **out)
{
    rc_net *net = s->net;
    rc_layer **p = rc_grow(s->r, net->layer, (size_t)net->layers, (size_t)net->layers + 1, sizeof *p);
    if (!p)
        return RECUR_ENOMEM;
    net->layer = p;
    if (!(*out = rc_new(s->r, 1, like->kind->size)))
        return RECUR_ENOMEM;
    memcpy(*out, like, like->kind->size);
    (*out)->index = net->layers;
    p[net->layers++] = *out;
    return 0;
}

/* A layer with `feed` opens a loop of layers that go step by step, the next one that answers closes it. */
static int loop(spec *s, rc_layer *l, const rc_build *b)
{
    rc_net *net = s->net;
    bool inside = net->feed.n && !net->feed.end;
    if (l->feed && (net->feed.n || net->trunk != net->side || (s->side && !b->side)))
        return rc_layer_fail(b, l, net->feed.n ? "feed stands once, without layers=" : "feed belongs to the chain right behind '>>'");
    if ((l->feed || inside) && (l->ahead || l->per_seq || l->kind->source || !(l->cell || l->kind->rowwise || l->answers)))
        return rc_layer_fail(b, l, "cannot go step by step, as all must from `feed` to its `attend`");
    if (l->feed) {
        net->feed.first = l->index;
        net->feed.n = l->feed;
    } else if (inside && l->answers) {
        if (l->out != net->feed.n)
            return rc_layer_fail(b, l, "gives %d numbers, but layer %d has feed=%d", l->out, net->feed.first + 1, net->feed.n);
        net->feed.end = l->index + 1;
        l->fed = true;
    }
    return 0;
}

/* Opens `l` behind `before`. */
static int open_layer(spec *s, rc_layer *l, const rc_layer *before, rc_build *b)
{
    rc_net *net = s->net;
    b->before = net->layer;
    b->nbefore = l->index;
    l->in = before ? before->out : 0;
    l->per_seq_in = before && before->per_seq;
    if (!before && !l->kind->source)
        return rc_layer_fail(b, l, "cannot be the first: `embed 64` reads ids, `input` reads measured features");
    int e = l->kind->open(l, b);
    if (!e)
        e = loop(s, l, b);
    if (b->side || !s->side) {                                 /* behind the side chain */
        net->state_size += !e && l->kind->state ? l->kind->state(l) : 0;
        net->streams &= !l->ahead;
    }
    return e;
}

/* How many layers the key "layers" asks for; it is spent. */
static int repeats(rc_layer *l)
{
    for (int i = 0; i < l->kind->nkeys; i++)
        if (!strcmp(l->kind->keys[i].name, "layers")) {
            int *n = (int *)((char *)l + l->kind->keys[i].offset), times = *n;
            *n = 1;
            return times;
        }
    return 1;
}

/* One item, behind *before, which becomes the last layer made. */
static int make_layers(spec *s, int i, rc_layer **before, rc_build *b, int width)
{
    char what[48];
    const rc_cell *cell;
    const rc_layer_kind *kind = rc_layer_find(s->it[i].word, &cell);
    if (!kind && rc_head_find(s->it[i].word))
        return rc_fail(s->r, RECUR_ESPEC, "net: item %d: the head %s must end its chain, and a trunk with branches "
                       "has none", i + 1, s->it[i].word);
    if (!kind)
        return unknown_word(s, i);
    rc_layer *like = rc_new(s->r, 1, kind->size);
    if (!like)
        return RECUR_ENOMEM;
    like->kind = kind;
    like->cell = cell;
    snprintf(what, sizeof what, "layer %d (%s)", s->net->layers + 1, s->it[i].word);
    rc_keys k = { s->r, what, kind->keys, kind->nkeys, like };
    int e = rc_keys_defaults(&k);
    if (!e)
        e = rc_keys_read(&k, s->it[i].rest);
    for (int times = e ? 0 : repeats(like); times > 0 && !e; times--) {
        rc_layer *l;
        b->width = times == 1 ? width : 0;
        if (!(e = add_layer(s, like, &l)) && !(e = open_layer(s, l, *before, b)))
            *before = l;
    }
    rc_free(s->r, like);
    return e;
}

/* The chain before >>, on the side's facts: layers, no head. */
static int make_side(spec *s, rc_build *b)
{
    rc_net *net = s->net;
    const rc_facts facts = rc_facts_side(&net->facts), *mine = b->facts;
    rc_layer *before = NULL;
    int e = 0;
    if (facts.columns == 0 && facts.features == 0)
        return rc_fail(s->r, RECUR_ESPEC, "net: the data have no second sequence for the part before '>>' to read");
    b->facts = &facts;
    b->head = -1;
    for (int i = 0; i < s->first[1] && !e; i++)
        e = make_layers(s, i, &before, b, 0);
    b->facts = mine;
    b->first = net->side = net->trunk = net->layers;
    b->side = before;
    return e;
}

/* Somebody reads it, and what is to be fed is found. */
static int side_is_read(const spec *s)
{
    const rc_net *net = s->net;
    bool read = !s->side;
    if (net->feed.n && !net->feed.end)
        return rc_fail(s->r, RECUR_ESPEC, "net: layer %d: feed needs an `attend %d` behind it in its chain",
                       net->feed.first + 1, net->feed.n);
    for (int i = net->side; i < net->layers; i++)
        read |= net->layer[i]->reads_side;
    return read ? 0 : rc_fail(s->r, RECUR_ESPEC, "net: nothing reads the side chain: `attend`, `side`, or `bridge` of a "
                              "recurrent layer behind >>");
}

/* Chain c: its layers, and its head where it has one.  The trunk of a net with branches has none. */
static int make_chain(spec *s, int c, const char *head, rc_build *b)
{
    rc_net *net = s->net;
    int trunk = s->side, single = s->chains == trunk + 1, e = 0, width = 0;
    int branch = single ? 0 : c - trunk - 1, from = s->first[c], to = s->first[c + 1];
    rc_layer *before = c > trunk ? net->layer[net->trunk - 1] : NULL;
    if (branch >= 0) {
        bool own = rc_head_find(s->it[to - 1].word) != NULL;
        if ((e = make_head(s, branch, own ? to - 1 : -1, head)))
            return e;
        to -= own;
        rc_head *h = net->branch[branch].head;
        width = net->facts.classes[branch];
        if (width && h->kind->outputs)
            width = h->kind->outputs(h, width);
        if (h->kind->scores)
            width = 0;
        net->branches = branch + 1;
    }
    b->head = single ? -1 : branch;
    int first = net->layers;
    for (int i = from; i < to && !e; i++)
        e = make_layers(s, i, &before, b, i == to - 1 ? width : 0);
    if (e)
        return e;
    if (c == trunk)
        net->trunk = net->layers;
    else
        net->branch[branch].n = net->layers - first;
    if (branch >= 0)
        net->branch[branch].first = single ? net->layers : first;
    return branch >= 0 ? open_head(s, branch, b) : 0;
}

/* ------------------------------------------------------------------------------------------------ new, free */

int rc_net_new(recur *r, rc_net **out, const char *line, const char *head, const rc_facts *f)
{
    spec s = { .r = r };
    int e = RECUR_ENOMEM;
    *out = NULL;
    rc_net *net = s.net = rc_new(r, 1, sizeof *net);
    if (!net)
        return e;
    net->r = net->params.r = r;
    if (!(s.text = rc_copy(r, line)))
        goto done;
    net->facts = *f;
    net->streams = true;
    rc_build b = { .r = r, .facts = f, .params = &net->params };
    if ((e = split(&s)))
        goto done;
    e = s.side ? make_side(&s, &b) : 0;
    for (int c = s.side; c < s.chains && !e; c++)
        e = make_chain(&s, c, head, &b);
    if (!e)
        e = side_is_read(&s);
    if (!e)
        e = rc_net_print(net);
    net->facts.vectors = NULL;
done:
    rc_free(r, s.it);
    rc_free(r, s.text);
    if (e)
        rc_net_free(net);
    else
        *out = net;
    return e;
}

void rc_net_free(rc_net *n)
{
    if (!n)
        return;
    for (int i = 0; i < n->layers; i++)
        rc_free(n->r, n->layer[i]);
    for (int b = 0; b < RECUR_HEADS; b++)
        rc_free(n->r, n->branch[b].head);
    for (int i = 0; i < n->params.n; i++)
        rc_free(n->r, n->params.p[i].name);
    rc_free(n->r, n->params.p);
    rc_free(n->r, n->layer);
    rc_free(n->r, n->line);
    rc_free(n->r, n);
}
