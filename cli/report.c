/* SPDX-License-Identifier: MIT
 * Scores as people read them: the net's numbers, the baseline's beside them, what both say about each class, and a
 * sentence whether the net is worth having. */
#include <math.h>
#include <string.h>

#include "cli.h"

/* Measures that say which of two models is better, and which way; the first that both have. */
static const struct { const char *name; bool rising; } judges[] = {
    {"f1", true}, {"accuracy", true}, {"bleu", true}, {"mase", false}, {"mae", false}, {"perplexity", false},
    {"nats_per_unit", false}, {"bits_per_char", false}, {"rmse", false}, {"wer", false},
};

const char *cli_number(char *out, size_t n, double x)
{
    if (x == floor(x) && fabs(x) < 1e15)
        snprintf(out, n, "%.0f", x);
    else if (fabs(x) >= 1000 || fabs(x) < 1e-3)
        snprintf(out, n, "%.4g", x);
    else
        snprintf(out, n, fabs(x) < 10 ? "%.4f" : "%.2f", x);
    return out;
}

static const char *shown(char *out, size_t n, const json_t *v)
{
    if (json_is_number(v))
        return cli_number(out, n, json_number_value(v));
    if (json_is_boolean(v))
        snprintf(out, n, json_is_true(v) ? "yes" : "no");
    else
        snprintf(out, n, "%s", json_is_string(v) ? json_string_value(v) : json_is_null(v) ? "-" : "");
    return out;
}

static bool plain(const json_t *v)
{
    return !json_is_object(v) && !json_is_array(v);
}

void cli_tree(FILE *f, const json_t *value, int indent)
{
    const char *key;
    json_t *v;
    size_t i, wide = 0;
    char text[64];
    if (json_is_array(value))
        json_array_foreach(value, i, v) {
            if (plain(v))
                fprintf(f, "%*s%s\n", indent, "", json_is_string(v) ? json_string_value(v) : shown(text, sizeof text, v));
            else
                cli_tree(f, v, indent + 2);
        }
    json_object_foreach((json_t *)(uintptr_t)value, key, v)
        wide = plain(v) && cli_width(key) > wide ? cli_width(key) : wide;
    json_object_foreach((json_t *)(uintptr_t)value, key, v) {
        if (json_is_null(v))
            continue;
        fprintf(f, "%*s", indent, "");
        cli_pad(f, key, plain(v) ? wide : 0, false);
        if (plain(v))
            fprintf(f, "  %s\n", json_is_string(v) ? json_string_value(v) : shown(text, sizeof text, v));
        else {
            fputc('\n', f);
            cli_tree(f, v, indent + 2);
        }
    }
}

/* Measures in rows; the net and each baseline are columns: the one, or all that the task lists. */
static void measures(FILE *f, const json_t *score, const json_t *base)
{
    const char *key, *name;
    json_t *v, *one;
    char text[64];
    json_t *all = json_object_get(score, "baselines"), *alone = NULL;
    if (!all && base) {
        name = json_string_value(json_object_get(base, "name"));
        all = alone = json_pack("{s:O}", name ? name : say(SAY_BASELINE), base);
    }
    cli_table *t = cli_table_new(2 + (int)json_object_size(all));
    cli_cell(t, "%s", say(SAY_MEASURE));
    cli_cell(t, "%s", say(SAY_NET));
    json_object_foreach(all, name, one)
        cli_cell(t, "%s", cli_name(name));
    json_object_foreach((json_t *)(uintptr_t)score, key, v) {
        if (!json_is_number(v))
            continue;
        cli_cell(t, "%s", key);
        cli_cell(t, "%s", shown(text, sizeof text, v));
        json_object_foreach(all, name, one) {
            const json_t *other = json_object_get(one, key);
            cli_cell(t, "%s", other ? shown(text, sizeof text, other) : "");
        }
    }
    cli_table_end(t, f);
    json_decref(alone);
}

static void class_row(cli_table *t, const char *name, const json_t *row)
{
    static const char *const key[] = {"precision", "recall", "f1", "count"};
    char a[64];
    const json_t *label = json_object_get(row, "label");
    cli_cell(t, "%s", json_is_string(label) ? json_string_value(label) : name);
    for (int i = 0; i < 4; i++) {
        const json_t *v = json_object_get(row, key[i]);
        if (!v && i == 3)
            v = json_object_get(row, "support") ? json_object_get(row, "support") : json_object_get(row, "samples");
        if (i < 3)
            cli_cell(t, "%.4f", json_number_value(v));
        else
            cli_cell(t, "%s", shown(a, sizeof a, v));
    }
}

static void classes(FILE *f, const json_t *per)
{
    const char *key;
    json_t *row;
    size_t i;
    cli_table *t = cli_table_new(5);
    static const enum cli_word head[] = {SAY_CLASS, SAY_PRECISION, SAY_RECALL, SAY_F1, SAY_COUNT};
    for (i = 0; i < 5; i++)
        cli_cell(t, "%s", say(head[i]));
    json_array_foreach(per, i, row)
        class_row(t, "", row);
    json_object_foreach((json_t *)(uintptr_t)per, key, row)
        class_row(t, key, row);
    fputc('\n', f);
    cli_table_end(t, f);
}

/* The i-th class: per_class is an array of {label, ...} or an object by label. */
static const char *class_name(const json_t *per, size_t i)
{
    const char *key, *label = json_string_value(json_object_get(json_array_get(per, i), "label"));
    json_t *row;
    json_object_foreach((json_t *)(uintptr_t)per, key, row)
        if (i-- == 0)
            return key;
    return label ? label : "";
}

static void confusion(FILE *f, const json_t *matrix, const json_t *per)
{
    size_t n = json_array_size(matrix), i, j;
    json_t *row, *v;
    if (n == 0 || n > 30)                /* wider than any terminal: --json has it */
        return;
    cli_table *t = cli_table_new((int)n + 1);
    cli_cell(t, "%s", "");
    for (j = 0; j < n; j++)
        cli_cell(t, "%.24s", class_name(per, j));
    json_array_foreach(matrix, i, row) {
        cli_cell(t, "%s", class_name(per, i));
        json_array_foreach(row, j, v)
            cli_cell(t, "%lld", (long long)json_number_value(v));
    }
    fprintf(f, "\n%s\n", say(SAY_CONFUSION));
    cli_table_end(t, f);
}

void cli_report(FILE *f, const json_t *score)
{
    const json_t *base = json_object_get(score, "baseline"), *per = json_object_get(score, "per_class");
    measures(f, score, json_is_object(base) ? base : NULL);
    if (per)
        classes(f, per);
    confusion(f, json_object_get(score, "confusion"), per);
}

/* What the library found; of a score without a finding, which way the measure points. */
static enum cli_word found(const json_t *score, double ahead)
{
    static const struct { const char *outcome; enum cli_word w; } all[] = {
        {"better", SAY_BETTER}, {"worse", SAY_WORSE}, {"even", SAY_WITHIN}, {"divided", SAY_DIVIDED}};
    const char *outcome = json_string_value(json_object_get(score, "outcome"));
    const json_t *better = json_object_get(score, "better");
    for (size_t i = 0; i < sizeof all / sizeof *all && outcome; i++)
        if (strcmp(outcome, all[i].outcome) == 0)
            return all[i].w;
    return (better ? json_is_true(better) : ahead > 0) ? SAY_BETTER : SAY_NOT_BETTER;
}

/* The verdict in words, a line a sentence; which of them it begins with. */
static enum cli_word verdict_of(const json_t *score, char *out, size_t n)
{
    const json_t *base = json_object_get(score, "baseline"), *x = NULL, *y = NULL;
    const char *name = json_string_value(json_object_get(base, "name"));
    const json_t *alone = json_object_get(score, "right_alone");              /* {net, baseline, p}: McNemar's test */
    char a[64], b[64];
    size_t i = 0;
    for (; i < sizeof judges / sizeof *judges; i++) {
        x = json_object_get(score, judges[i].name);
        y = json_object_get(base, judges[i].name);
        if (json_is_number(x) && json_is_number(y))
            break;
    }
    if (i == sizeof judges / sizeof *judges) {
        snprintf(out, n, "%s", say(SAY_NO_BASELINE));
        return SAY_NO_BASELINE;
    }
    enum cli_word w = found(score, (json_number_value(x) - json_number_value(y)) * (judges[i].rising ? 1 : -1));
    snprintf(out, n, say(w), name ? cli_name(name) : say(SAY_BASELINE), judges[i].name, shown(a, sizeof a, x), shown(b, sizeof b, y),
             (int)json_number_value(json_object_get(score, "samples")));
    size_t at = strlen(out);
    if (alone)
        snprintf(out + at, n - at, say(SAY_RIGHT_ALONE), (long long)json_integer_value(json_object_get(alone, "net")),
                 (long long)json_integer_value(json_object_get(alone, "baseline")), json_number_value(json_object_get(alone, "p")));
    const json_t *mase = json_object_get(score, "mase");
    at = strlen(out);
    if (json_is_null(mase))
        snprintf(out + at, n - at, "\n%s", say(SAY_MASE_NONE));
    else if (json_number_value(mase) > 1) {
        out[at++] = '\n';
        snprintf(out + at, n - at, say(SAY_MASE_ABOVE), shown(a, sizeof a, mase));
    }
    return w;
}

void cli_verdict(FILE *f, const json_t *score, bool color)
{
    char text[1024];
    enum cli_word w = verdict_of(score, text, sizeof text);
    color = color && w != SAY_NO_BASELINE;
    if (color)
        fputs(w == SAY_BETTER ? "\033[32m" : w == SAY_WORSE ? "\033[31m" : "\033[33m", f);
    fprintf(f, "%s%s\n", text, color ? "\033[0m" : "");
}

void cli_report_json(FILE *f, json_t *score)
{
    char text[1024];
    if (!json_object_get(score, "verdict")) {
        verdict_of(score, text, sizeof text);
        for (char *p = text; (p = strchr(p, '\n')) != NULL;)
            *p = ' ';
        json_object_set_new(score, "verdict", json_string(text));
    }
    json_dumpf(score, f, JSON_COMPACT | JSON_REAL_PRECISION(8));
    fputc('\n', f);
}
