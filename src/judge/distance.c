/* SPDX-License-Identifier: MIT
 * distance.c - the fewest edits between two sequences, one row of the table at a time: what error rates of words and
 * signs are made of. */
#include "judge/judge.h"

typedef struct { int32_t edits, swapped, deleted; } cell;     /* of the best way here; insertions are the rest */

static cell step(cell from, int swapped, int deleted, int inserted)
{
    return (cell){ from.edits + swapped + deleted + inserted, from.swapped + swapped, from.deleted + deleted };
}

int rc_edit_distance(recur *r, const int32_t *a, int n, const int32_t *b, int m, int64_t out[4])
{
    cell *row = rc_new(r, (size_t)m + 1, sizeof *row);
    if (row == NULL)
        return RECUR_ENOMEM;
    for (int j = 0; j <= m; j++)
        row[j] = (cell){ j, 0, 0 };
    for (int i = 1; i <= n; i++) {
        cell corner = row[0];                                  /* row i - 1, column j - 1 */
        row[0] = (cell){ i, 0, i };
        for (int j = 1; j <= m; j++) {
            cell best = step(corner, a[i - 1] != b[j - 1], 0, 0);
            cell deleted = step(row[j], 0, 1, 0), inserted = step(row[j - 1], 0, 0, 1);
            if (deleted.edits < best.edits)
                best = deleted;
            if (inserted.edits < best.edits)
                best = inserted;
            corner = row[j];
            row[j] = best;
        }
    }
    out[RC_SUBSTITUTED] = row[m].swapped;
    out[RC_DELETED] = row[m].deleted;
    out[RC_INSERTED] = row[m].edits - row[m].swapped - row[m].deleted;
    out[RC_LENGTH] = n;
    rc_free(r, row);
    return RECUR_OK;
}
