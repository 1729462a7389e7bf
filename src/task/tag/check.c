/* SPDX-License-Identifier: MIT
 * check.c - what is wrong with tagged files: bad lines, sentences that stand twice or with other tags, tags of which
 * nothing can be learned, words that the first file does not know. */
#include "data/pick.h"
#include "task/doctor.h"
#include "task/tag/tag.h"

/* A sentence may be said twice in a file; in two files it is learned and measured. */
static int look_twice(rc_doctor *c, const recur_data *d, const rc_example *ex, int file)
{
    int e = RECUR_OK;
    const rc_place here = { file, ex->line, rc_hash(d->step_label + ex->at, (size_t)ex->T * sizeof(int32_t)) };
    const rc_place *was = rc_doctor_seen(c, d->raw.s + ex->text, ex->text_n, here, &e);
    if (was == NULL || (was->mark == here.mark && was->file == file))
        return e;
    bool same = was->mark == here.mark;
    return rc_doctor_problem(c, file, ex->line, same ? "duplicate" : "conflict", "%s %.200s:%lld", rc_speak(c->r, same ? "same sentence as"
                             : "same sentence as, but other tags than,"), c->path[was->file], (long long)was->line);
}

/* How often each label stands in the file, and where it does first. */
static int look_tags(rc_doctor *c, const recur_data *d, int file, bool first, json_t *out)
{
    int n = d->classes + (d->unseen != NULL ? rc_vocab_size(d->unseen) - RC_FIRST : 0), e = RECUR_OK;
    int64_t *seen = rc_new(c->r, (size_t)n + 1, sizeof *seen), *line = rc_new(c->r, (size_t)n + 1, sizeof *line);
    if (seen == NULL || line == NULL)
        e = RECUR_ENOMEM;
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        for (size_t k = d->ex[i].at; k < d->ex[i].at + (size_t)d->ex[i].T; k++)
            if (d->step_label[k] >= 0 && seen[d->step_label[k]]++ == 0)
                line[d->step_label[k]] = d->ex[i].line;
    for (int i = 0; i < n && e == RECUR_OK; i++) {
        size_t m;
        const char *name = rc_tag_name(d, i, &m);
        int shown = (int)(m < 100 ? m : 100);
        if (seen[i] > 0 && json_object_setn_new(out, name, m, json_integer(seen[i])) != 0)
            e = rc_fail(c->r, RECUR_ENOMEM, "no memory for the report");
        if (e == RECUR_OK && i >= d->classes)
            e = rc_doctor_problem(c, file, line[i], "unknown", "tag '%.*s' does not stand in the first file: no model can say it",
                                  shown, name);
        else if (e == RECUR_OK && first && seen[i] == 1)
            e = rc_doctor_problem(c, file, line[i], "rare", "tag '%.*s' stands there once: nothing can be learned of it", shown,
                                  name);
    }
    rc_free(c->r, seen);
    rc_free(c->r, line);
    return e;
}

static int look(rc_doctor *c, recur_data *d, int file, bool known)
{
    json_t *f = json_object(), *tags = json_object();
    double rate = d->units > 0 ? (double)d->unknown / (double)d->units : 0;
    int e = json_object_set_new(f, "file", json_string(rc_doctor_name(c, file)))
          | json_object_set_new(f, "sentences", json_integer(d->count)) | json_object_set_new(f, "words", json_integer(d->units))
          | json_object_set_new(f, "kinds_of_sentences", json_integer(d->kinds)) | rc_json_real(f, "unk_rate", rate)
          | json_object_set_new(f, "tags", tags) | json_array_append_new(c->files, f);
    if (e != 0)
        return rc_fail(c->r, RECUR_ENOMEM, "no memory for the report");
    if ((e = look_tags(c, d, file, !known, tags)) != RECUR_OK)
        return e;
    for (int i = 0; i < d->count && e == RECUR_OK; i++)
        e = look_twice(c, d, &d->ex[i], file);
    if (e == RECUR_OK && known && rate > 0.3)
        e = rc_doctor_problem(c, file, 1, "unknown", "%.1f %% of the words are unknown to the first file: another language or "
                              "encoding?", rate * 100);
    return e;
}

int rc_tag_check(recur *r, const char *const *path, int n, const recur_train_options *o, json_t **out)
{
    rc_doctor c;
    recur_train_options whole = *o;
    whole.max_length = 0;
    int e = rc_doctor_begin(&c, r, path, o, out);
    if (e == RECUR_OK)
        e = rc_doctor_each(&c, &rc_task_tag, n, &whole, look);
    return rc_doctor_end(&c, e, out);
}
