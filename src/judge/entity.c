/* SPDX-License-Identifier: MIT
 * entity.c - entities of tagged sentences, and how many were found: the rules of conlleval, which take any of the ways
 * to write them.  An I after O begins an entity (IOB1), and so does any tag of another type than the one before. */
#include <stdlib.h>

#include "judge/judge.h"

typedef struct { char part; int type; } kind;                 /* part: B I E S, or O: outside */
struct rc_entity_kinds {
    recur *r;
    kind *of; int labels;
    char **type; int types;                                   /* names, in the order of bytes */
};

/* "B-PER" -> 'B', "PER"; anything that does not begin so is outside. */
static char part_of(const char *s, size_t n, const char **type, size_t *type_n)
{
    bool known = n > 0 && strchr("BIES", s[0]) != NULL && (n == 1 || s[1] == '-');
    *type = n > 2 ? s + 2 : "";
    *type_n = n > 2 ? n - 2 : 0;
    return known ? s[0] : 'O';
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int find_type(const rc_entity_kinds *k, const char *s, size_t n)
{
    for (int i = 0; i < k->types; i++)
        if (strlen(k->type[i]) == n && !memcmp(k->type[i], s, n))
            return i;
    return -1;
}

int rc_entity_kinds_new(recur *r, rc_entity_kinds **out, const rc_vocab *labels)
{
    int n = rc_vocab_size(labels) - RC_FIRST, e = RECUR_ENOMEM;
    rc_entity_kinds *k = *out = rc_new(r, 1, sizeof *k);
    if (k == NULL)
        return e;
    k->r = r;
    k->labels = n > 0 ? n : 0;
    k->of = rc_new(r, (size_t)k->labels + 1, sizeof *k->of);
    k->type = rc_new(r, (size_t)k->labels + 1, sizeof *k->type);
    if (k->of == NULL || k->type == NULL)
        goto fail;
    const char *s, *type;
    size_t len, type_n;
    for (int i = 0; i < k->labels; i++) {
        s = rc_vocab_str(labels, RC_FIRST + i, &len);
        k->of[i].part = part_of(s, len, &type, &type_n);
        if (k->of[i].part == 'O' || find_type(k, type, type_n) >= 0)
            continue;
        if ((k->type[k->types] = rc_copy_n(r, type, type_n)) == NULL)
            goto fail;
        k->types++;
    }
    qsort(k->type, (size_t)k->types, sizeof *k->type, by_bytes);
    for (int i = 0; i < k->labels; i++) {
        s = rc_vocab_str(labels, RC_FIRST + i, &len);
        (void)part_of(s, len, &type, &type_n);
        k->of[i].type = find_type(k, type, type_n);
    }
    return RECUR_OK;
fail:
    rc_entity_kinds_free(k);
    *out = NULL;
    return e;
}

void rc_entity_kinds_free(rc_entity_kinds *k)
{
    if (k == NULL)
        return;
    for (int i = 0; i < k->types; i++)
        rc_free(k->r, k->type[i]);
    rc_free(k->r, k->type);
    rc_free(k->r, k->of);
    rc_free(k->r, k);
}

const char *rc_entity_type(const rc_entity_kinds *k, int type) { return k->type[type]; }

static kind kind_of(const rc_entity_kinds *k, int32_t tag)
{
    return tag >= 0 && tag < k->labels ? k->of[tag] : (kind){ 'O', -1 };
}

/* Whether an entity that `before` is in ends with it. */
static bool ends(kind before, kind now)
{
    if (before.part == 'O')
        return false;
    return before.part == 'E' || before.part == 'S' || now.part == 'B' || now.part == 'S' || now.part == 'O'
        || before.type != now.type;
}

static bool begins(kind before, kind now)
{
    if (now.part == 'O')
        return false;
    return now.part == 'B' || now.part == 'S' || before.part == 'O' || before.part == 'E' || before.part == 'S'
        || before.type != now.type;
}

int rc_entities_of(const rc_entity_kinds *k, const int32_t *tag, int n, rc_entity *out)
{
    const kind outside = { 'O', -1 };
    kind before = outside;
    int count = 0, from = 0;
    for (int i = 0; i <= n; i++) {
        kind now = i < n ? kind_of(k, tag[i]) : outside;
        if (ends(before, now))
            out[count++] = (rc_entity){ from, i, before.type };
        if (begins(before, now))
            from = i;
        before = now;
    }
    return count;
}

/* --- how many were found --- */

typedef struct { int64_t gold, said, correct; } tally;

/* Both lists rise, so one walk finds those that are in both. */
static void compare(const rc_entity *gold, int n, const rc_entity *said, int m, tally *of)
{
    for (int i = 0; i < n; i++)
        of[gold[i].type].gold++;
    for (int i = 0; i < m; i++)
        of[said[i].type].said++;
    for (int i = 0, j = 0; i < n && j < m;) {
        bool same = gold[i].from == said[j].from && gold[i].to == said[j].to && gold[i].type == said[j].type;
        of[gold[i].type].correct += same;
        if (gold[i].from <= said[j].from)
            i++;
        else
            j++;
    }
}

static json_t *figures(const tally *t)
{
    double p = t->said > 0 ? (double)t->correct / (double)t->said : 0;
    double c = t->gold > 0 ? (double)t->correct / (double)t->gold : 0, sum = (double)(t->gold + t->said);
    return json_pack("{s:f, s:f, s:f, s:I, s:I, s:I}", "precision", p, "recall", c,
                     "f1", sum > 0 ? 2 * (double)t->correct / sum : 0, "entities", (json_int_t)t->gold,
                     "said", (json_int_t)t->said, "correct", (json_int_t)t->correct);
}

static json_t *report(const rc_entity_kinds *k, const tally *of, int64_t right, int64_t tags)
{
    tally all = { 0 };
    json_t *per_type = json_object();
    for (int i = 0; i < k->types; i++) {
        all.gold += of[i].gold, all.said += of[i].said, all.correct += of[i].correct;
        json_object_set_new(per_type, k->type[i], figures(&of[i]));
    }
    json_t *j = figures(&all);
    json_object_set_new(j, "accuracy", json_real(tags > 0 ? (double)right / (double)tags : 0));
    json_object_set_new(j, "per_type", per_type);
    return j;
}

int rc_entities(recur *r, const rc_vocab *labels, const int32_t *gold, const int32_t *said, const int32_t *at, int S,
                json_t **out)
{
    rc_entity_kinds *k;
    int e = rc_entity_kinds_new(r, &k, labels), longest = 0;
    *out = NULL;
    if (e != RECUR_OK)
        return e;
    for (int s = 0; s < S; s++)
        longest = at[s + 1] - at[s] > longest ? at[s + 1] - at[s] : longest;
    rc_entity *a = rc_new(r, 2 * (size_t)longest + 1, sizeof *a);
    tally *of = rc_new(r, (size_t)k->types + 1, sizeof *of);
    int64_t right = 0, tags = 0;
    if (a == NULL || of == NULL) {
        e = RECUR_ENOMEM;
        goto done;
    }
    for (int s = 0; s < S; s++) {
        int n = at[s + 1] - at[s];
        int have = rc_entities_of(k, gold + at[s], n, a), told = rc_entities_of(k, said + at[s], n, a + longest);
        compare(a, have, a + longest, told, of);
        for (int i = at[s]; i < at[s + 1]; i++) {
            tags += gold[i] >= 0;
            right += gold[i] >= 0 && gold[i] == said[i];
        }
    }
    *out = report(k, of, right, tags);
    if (*out == NULL)
        e = rc_fail(r, RECUR_ENOMEM, "out of memory");
done:
    rc_free(r, of);
    rc_free(r, a);
    rc_entity_kinds_free(k);
    return e;
}
