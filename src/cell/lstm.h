/* SPDX-License-Identifier: MIT
 * The normalised form of the lstm (lstm_norm.c), for lstm.c. */
#ifndef RC_LSTM_H
#define RC_LSTM_H
#include "cell/cell.h"

enum { RC_LSTM_NORM_ROWS = 14 };   /* of p: gains of x's part i f g o, gains of h's part, shifts, gain of c, shift of c */
void rc_lstm_norm_init(const rc_cell_opt *o, int H, real *p);
void rc_lstm_norm_forward(const rc_cell_io *c);
void rc_lstm_norm_backward(const rc_cell_io *c);
#endif
