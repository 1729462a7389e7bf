/* SPDX-License-Identifier: MIT
 * A kernel set, written once in vector words: an ISA's file includes its words (vec_*.h), names the set (SET), says
 * whether it has 32 registers (TALL), and includes this. */
#include "kern/ref.h"

#include "kern/body_gemm.h"
#include "kern/body_math.h"
#include "kern/body_cell.h"
#include "kern/body_rows.h"
#include "kern/body_norm.h"
#include "kern/body_lstm.h"
#include "kern/body_flat.h"
#include "kern/body_peak.h"

/* A cell's place in the table is its place in cell/list.h. */
enum {
#define X(name) CELL_##name,
#include "cell/list.h"
#undef X
};

static bool takes(int cell, const rc_cell_opt *o)
{
    static bool (*const of[RC_CELLS])(const rc_cell_opt *o) = {
        [CELL_rnn] = takes_rnn, [CELL_lstm] = takes_lstm, [CELL_gru] = takes_gru, [CELL_gru0] = takes_gru0,
        [CELL_mingru] = takes_mingru, [CELL_indrnn] = takes_indrnn,
    };
    return of[cell] && of[cell](o);
}

#define PACK_AS pack_as
#define GEMM_AS gemm_as
#include "kern/body_table.h"
