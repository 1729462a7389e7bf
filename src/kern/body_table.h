/* SPDX-License-Identifier: MIT
 * The table of a set: SET its name, PACK_AS and GEMM_AS its products with stored weights; everything else is of body.h.
 * Included once for each set that a file has. */
#ifndef PASTE
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)
#endif

extern const rc_kern PASTE(rc_kern_, SET);
const rc_kern PASTE(rc_kern_, SET) = {
    .name = TEXT(SET), .nr = NR, .mr = MR,
    .pack = pack, .gemm = gemm, .pack_as = PACK_AS, .gemm_as = GEMM_AS, .bias = bias, .col_sum = col_sum, .add = add, .scale = scale, .mul = mul, .drop = drop,
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

#undef SET
#undef PACK_AS
#undef GEMM_AS
