/* SPDX-License-Identifier: MIT
 * The list of cells, and how a cell's equations are written out. */
#include <stdio.h>

#include "cell/cell.h"

#define X(name) extern const rc_cell rc_cell_##name;
#include "cell/list.h"
#undef X

const rc_cell *const rc_cells[] = {
#define X(name) &rc_cell_##name,
#include "cell/list.h"
#undef X
    NULL,
};

const rc_cell *rc_cell_find(const char *name)
{
    for (int i = 0; rc_cells[i]; i++)
        if (!strcmp(rc_cells[i]->name, name))
            return rc_cells[i];
    return NULL;
}

int rc_cell_index(const rc_cell *c)
{
    for (int i = 0; rc_cells[i]; i++)
        if (rc_cells[i] == c)
            return i;
    return -1;
}

void rc_cell_options(const rc_cell *c, rc_cell_opt *out)
{
    *out = (rc_cell_opt){ 0 };
    for (int i = 0; i < 3 && c->act[i]; i++)
        rc_act_parse(c->act[i], &out->act[i]);
}

void rc_cell_formula(const rc_cell *c, const rc_cell_opt *o, char *out, size_t n)
{
    size_t at = 0;
    char name[64];
    *out = 0;
    for (const rc_cell_line *l = c->formula; l->text; l++) {
        if ((o->flags & l->has) != l->has || (o->flags & l->lacks))
            continue;
        if (at && at + 1 < n)
            out[at++] = '\n';
        for (const char *s = l->text; *s && at + 1 < n; s++) {
            if (*s != '$') {
                out[at++] = *s;
                continue;
            }
            rc_act_print(&o->act[*++s - '0'], name, sizeof name);
            for (const char *a = name; *a && at + 1 < n; a++)
                out[at++] = *a;
        }
        out[at] = 0;
    }
}
