/* SPDX-License-Identifier: MIT
 * The list of cells. */
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
