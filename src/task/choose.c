/* SPDX-License-Identifier: MIT
 * choose.c - settings that every task has, from its numbers and from what the user said. */
#include <stdio.h>

#include "data/pick.h"
#include "task/choose.h"

void rc_choose_steps(recur_train_options *o, const rc_recipe *p)
{
    bool own = o->optimizer == NULL;
    int64_t epochs = p->epochs < p->fewest ? p->fewest : p->epochs > p->most ? p->most : p->epochs;
    if (o->steps < 0 && isnan(o->time))
        rc_pick_int(&o->epochs, epochs);
    rc_pick_text(&o->optimizer, "adamw");
    rc_pick_text(&o->schedule, "cosine");
    if (own && p->beta2 > 0 && o->beta2 == 0.999)
        o->beta2 = p->beta2;
    if (isnan(o->lr) && (strcmp(o->optimizer, "adamw") == 0 || strcmp(o->optimizer, "adam") == 0)) {
        o->lr = p->lr;
        rc_pick_real(&o->lr_epochs, p->hastes * (double)epochs);
    }
    rc_pick_real(&o->decay, p->decay);
    rc_pick_real(&o->clip, p->clip);
    rc_pick_real(&o->warmup, p->warmup);
    rc_pick_int(&o->patience, p->patience);
}

int rc_choose_net(recur *r, const recur_train_options *o, const char *line, char *net, size_t n)
{
    const char *rest = strstr(line, "embed vectors") == NULL ? strchr(line, '|') : NULL;     /* a tagger's says itself where they stand */
    int k = o->net != NULL ? snprintf(net, n, "%s", o->net)
          : o->vectors == NULL || rest == NULL ? snprintf(net, n, "%s", line)
          : snprintf(net, n, "%.*s| embed vectors %s", (int)(rest - line), line, rest);
    return k < (int)n ? RECUR_OK : rc_fail(r, RECUR_ESPEC, "the net line is longer than %zu bytes", n);
}

void rc_choose_text(const recur_train_options *o, rc_text_options *t)
{
    if (o == NULL)
        return;
    if (o->min_count > 0)
        t->min_count = o->min_count;
    if (o->max_vocab >= 0)
        t->max_size = o->max_vocab;
    t->lower = rc_wanted(o->lower, t->lower);
    t->marked = rc_wanted(o->marked, t->marked);
    t->nfkc = rc_wanted(o->nfkc, t->nfkc);
}
