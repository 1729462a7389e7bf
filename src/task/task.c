/* SPDX-License-Identifier: MIT
 * task.c - the table of tasks, from list.h. */
#include "task/task.h"

#define X(name) extern const rc_task rc_task_##name;
#include "list.h"
#undef X
const rc_task *const rc_tasks[] = {
#define X(name) &rc_task_##name,
#include "list.h"
#undef X
    NULL
};

const rc_task *rc_task_find(const char *name)
{
    for (int i = 0; rc_tasks[i] != NULL; i++)
        if (strcmp(rc_tasks[i]->name, name) == 0)
            return rc_tasks[i];
    return NULL;
}
