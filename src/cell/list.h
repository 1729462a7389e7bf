/* SPDX-License-Identifier: MIT
 * The cells, one line each; a cell's place here is its number in the kernel table. */
X(rnn)
X(lstm)
X(gru)
X(gru0)
X(mingru)
X(indrnn)
