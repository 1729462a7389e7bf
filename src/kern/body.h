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

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

extern const rc_kern PASTE(rc_kern_, SET);
const rc_kern PASTE(rc_kern_, SET) = {
    .name = TEXT(SET), .nr = NR, .mr = MR,
    .pack = pack, .gemm = gemm, .pack_as = pack_as, .gemm_as = gemm_as, .bias = bias, .col_sum = col_sum, .add = add, .scale = scale, .mul = mul, .drop = drop,
    .act = act, .act_back = act_back, .norm = norm, .norm_back = norm_back, .xent = xent, .softmax = softmax,
    .sum_sq = sum_sq, .sgd = sgd, .rmsprop = rmsprop, .adam = adam, .peak = peak,
    .cell = {
        [CELL_rnn] = { { rnn_forward, NULL }, { rnn_backward, NULL } },
        [CELL_lstm] = { { lstm_forward, NULL }, { lstm_backward, NULL } },
        [CELL_gru] = { { gru_forward, NULL }, { gru_backward, NULL } },
        [CELL_gru0] = { { gru0_gates, gru0_candidate }, { gru0_gates_back, gru0_candidate_back } },
        [CELL_mingru] = { { mingru_forward, NULL }, { mingru_backward, NULL } },
        [CELL_indrnn] = { { indrnn_forward, NULL }, { indrnn_backward, NULL } },
    },
    .takes = takes,
};
