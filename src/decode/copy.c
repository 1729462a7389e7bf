/* SPDX-License-Identifier: MIT
 * copy.c - how much of a written text stands word for word in the training text.
 *
 * The suffix automaton (Blumer et al. 1985, Theor. Comp. Sci. 40) of the written text - short, at most 2 n states - reads
 * the training text once: each state keeps the longest run that arrived there.  Handed down from suffix to longer text
 * this gives, for every place of the written text, the longest run ending there that the training text contains.  So the
 * memory follows the written text, not the training text, and the time is linear in both. */
#include "decode/decode.h"
#include "task/lm/lm.h"

typedef struct { int32_t id, to, next; } edge;
typedef struct { int32_t len, link, first, seen; } state;    /* first: edge; seen: longest run that arrived */
typedef struct {
    state *s; int states;
    edge *e; int edges;
    int32_t *root;                       /* [V] edges of the root, which most misses ask */
    int last;
} automaton;

static int32_t go(const automaton *a, int32_t s, int32_t id)
{
    if (s == 0)
        return a->root[id];
    for (int32_t e = a->s[s].first; e >= 0; e = a->e[e].next)
        if (a->e[e].id == id)
            return a->e[e].to;
    return -1;
}

static void lead(automaton *a, int32_t s, int32_t id, int32_t to)
{
    if (s == 0) {
        a->root[id] = to;
        return;
    }
    for (int32_t e = a->s[s].first; e >= 0; e = a->e[e].next)
        if (a->e[e].id == id) {
            a->e[e].to = to;
            return;
        }
    a->e[a->edges] = (edge){ id, to, a->s[s].first };
    a->s[s].first = a->edges++;
}

static int32_t clone(automaton *a, int32_t from, int32_t len)
{
    int32_t s = a->states++;
    a->s[s] = (state){ len, a->s[from].link, -1, 0 };
    for (int32_t e = a->s[from].first; e >= 0; e = a->e[e].next)
        lead(a, s, a->e[e].id, a->e[e].to);
    return s;
}

static void extend(automaton *a, int32_t id)
{
    int32_t s = a->states++, p = a->last;
    a->s[s] = (state){ a->s[p].len + 1, 0, -1, 0 };
    for (; p >= 0 && go(a, p, id) < 0; p = a->s[p].link)
        lead(a, p, id, s);
    if (p >= 0) {
        int32_t q = go(a, p, id);
        if (a->s[q].len != a->s[p].len + 1) {
            int32_t c = clone(a, q, a->s[p].len + 1);
            for (; p >= 0 && go(a, p, id) == q; p = a->s[p].link)
                lead(a, p, id, c);
            a->s[q].link = c;
            q = c;
        }
        a->s[s].link = q;
    }
    a->last = s;
}

static int build(recur *r, automaton *a, const int32_t *id, int n, int V)
{
    a->s = rc_new(r, 2 * (size_t)n + 2, sizeof *a->s);
    a->e = rc_new(r, 4 * (size_t)n + 4, sizeof *a->e);       /* at most 3 n - 4 edges, and those of replaced states never move */
    a->root = rc_new(r, (size_t)V, sizeof *a->root);
    if (!a->s || !a->e || !a->root)
        return RECUR_ENOMEM;
    for (int i = 0; i < V; i++)
        a->root[i] = -1;
    a->s[0] = (state){ 0, -1, -1, 0 };
    a->states = 1;
    for (int i = 0; i < n; i++)
        extend(a, id[i]);
    return RECUR_OK;
}

static void read_training(automaton *a, const int32_t *id, size_t n, int V)
{
    int32_t s = 0, len = 0;
    for (size_t i = 0; i < n; i++) {
        if (id[i] < 0 || id[i] >= V) {
            s = len = 0;
            continue;
        }
        int32_t to;
        while ((to = go(a, s, id[i])) < 0 && s > 0) {
            s = a->s[s].link;
            len = a->s[s].len;
        }
        if (to < 0)
            continue;
        s = to;
        len++;
        if (len > a->s[s].seen)
            a->s[s].seen = len;
    }
}

/* run[i]: the longest copied run that ends at id[i].  A state that a longer run passed has its suffixes passed too. */
static void longest_runs(automaton *a, const int32_t *id, int n, int32_t *order, int32_t *run)
{
    memset(order, 0, ((size_t)n + 2) * sizeof *order);
    int32_t *by_len = order + n + 2;
    for (int i = 0; i < a->states; i++)
        order[a->s[i].len + 1]++;
    for (int i = 0; i <= n; i++)
        order[i + 1] += order[i];
    for (int i = 0; i < a->states; i++)
        by_len[order[a->s[i].len]++] = i;
    for (int i = a->states - 1; i > 0; i--) {
        const state *s = &a->s[by_len[i]];
        if (s->seen > 0 && s->link > 0)
            a->s[s->link].seen = a->s[s->link].len;
    }
    for (int i = 1; i < a->states; i++) {
        state *s = &a->s[by_len[i]];
        if (s->seen == 0 && s->link > 0)
            s->seen = a->s[s->link].seen;
    }
    for (int32_t i = 0, s = 0; i < n; i++) {
        s = go(a, s, id[i]);
        run[i] = a->s[s].seen;
    }
}

static double covered(const int32_t *run, int n, int least)
{
    int64_t sum = 0;
    int free_to = n;                     /* from the end: places from here on are counted */
    for (int i = n - 1; i >= 0; i--) {
        if (run[i] < least)
            continue;
        int from = i - run[i] + 1, to = i + 1 < free_to ? i + 1 : free_to;
        if (from < to) {
            sum += to - from;
            free_to = from;
        }
    }
    return n > 0 ? (double)sum / n : 0;
}

/* Part of the runs of k units that are different from all others before them. */
static double distinct(recur *r, const int32_t *id, int n, int k, int *error)
{
    rc_map *m = NULL;
    int64_t count;
    if (n < k || (*error = rc_map_new(r, &m)) < 0)
        return 0;
    for (int i = 0; i + k <= n && *error >= 0; i++)
        *error = rc_map_add(m, (const char *)(id + i), (size_t)k * sizeof *id, 1, &count);
    double part = (double)rc_map_count(m) / (double)(n - k + 1);
    rc_map_free(m);
    return part;
}

static int read_files(const recur_model *m, const char *const *path, int n, recur_data **out)
{
    recur_train_options o;
    const rc_like like = { .text = m->text, .labels = m->labels, .scaling = &m->scaling };
    int e, rows;
    const recur_option *table = recur_train_table(&rows);
    recur_option_defaults(table, rows, &o);
    if ((e = rc_data_new(m->r, out, m->task)) < 0)
        return e;
    return m->task->read(*out, path, n, &o, &like, RC_ALL, NULL);
}

static int report(const recur_model *m, const int32_t *id, int n, const int32_t *run, json_t **out)
{
    static const struct { const char *name; int k; } copied[] = { { "copied_8", 8 }, { "copied_16", 16 }, { "copied_32", 32 } };
    static const struct { const char *name; int k; } kinds[] = { { "distinct_1", 1 }, { "distinct_2", 2 }, { "distinct_3", 3 } };
    recur *r = m->r;
    rc_buf b;
    int longest = 0, at = 0, e = RECUR_OK;
    json_t *j = json_pack("{s:s,s:i}", "unit", m->text->unit->name, "units", n);
    rc_buf_init(&b, r, 0);
    for (int i = 0; i < n; i++)
        if (run[i] > longest) {
            longest = run[i];
            at = i - longest + 1;
        }
    json_object_set_new(j, "longest_copy", json_integer(longest));
    if ((e = rc_text_decode(m->text, id + at, (size_t)longest, &b)) >= 0)
        e = b.error;
    if (e >= 0 && b.n > 0)
        json_object_set_new(j, "longest_text", json_stringn_nocheck(b.s, b.n));
    for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++)
        json_object_set_new(j, copied[i].name, json_real(covered(run, n, copied[i].k)));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && e >= 0; i++)
        json_object_set_new(j, kinds[i].name, json_real(distinct(r, id, n, kinds[i].k, &e)));
    rc_buf_free(&b);
    if (!j && e >= 0)
        e = rc_fail(r, RECUR_ENOMEM, "copy report: out of memory");
    if (e < 0)
        json_decref(j);
    else
        *out = j;
    return e;
}

int rc_copy_report(const recur_model *m, const char *text, const char *const *path, int paths, json_t **out)
{
    recur *r = m->r;
    recur_data *files = NULL;
    rc_ids carried = { .r = r }, said = { .r = r };
    automaton a = { 0 };
    int32_t *order = NULL, *run = NULL;
    int64_t unknown = 0;
    int e, V, n;
    *out = NULL;
    if (!m->text)
        return rc_fail(r, RECUR_EOPTION, "this model does not read text: nothing can be copied");
    V = rc_vocab_size(m->text->vocab);
    if ((e = rc_units(m->text, text, &said, &unknown)) < 0)
        goto done;
    if (said.n > INT32_MAX / 8) {
        e = rc_fail(r, RECUR_EDATA, "copy report: the text is too long");
        goto done;
    }
    n = (int)said.n;
    e = RECUR_ENOMEM;
    if (!(order = rc_new(r, 3 * (size_t)n + 4, sizeof *order)) || !(run = rc_new(r, (size_t)n + 1, sizeof *run)))
        goto done;
    if ((e = build(r, &a, said.id, n, V)) < 0)
        goto done;
    if (paths > 0) {
        if ((e = read_files(m, path, paths, &files)) < 0)
            goto done;
        read_training(&a, files->ids[0], files->rows, V);
    } else {
        if ((e = rc_lm_training_ids(m, &carried)) < 0)
            goto done;
        read_training(&a, carried.id, carried.n, V);
    }
    longest_runs(&a, said.id, n, order, run);
    e = report(m, said.id, n, run, out);
done:
    recur_data_close(files);
    rc_ids_free(&carried);
    rc_ids_free(&said);
    rc_free(r, a.s);
    rc_free(r, a.e);
    rc_free(r, a.root);
    rc_free(r, order);
    rc_free(r, run);
    return e;
}
