/* SPDX-License-Identifier: MIT
 * The work that `recur bench` measures: C(group, name, cell, input, hidden, layers, bi, batch, steps, vocabulary,
 * outputs, optimizer, clip).
 *
 * layer     a recurrent stack on random numbers; cell NULL: each of lstm, gru, rnn.  Training is forward and backward
 *           with the gradients of weights and of the input, no update
 * step      one time step of one sequence with the state kept: latency
 * lm        embedding, stack, softmax over the vocabulary with cross-entropy; training has clipping and update
 * classify  embedding, stack in both directions, maximum over time, softmax */
C("layer", "b20-t35-h200-l2", NULL, 200, 200, 2, 0, 20, 35, 0, 0, NULL, 0)
C("layer", "b20-t35-h650-l2", NULL, 650, 650, 2, 0, 20, 35, 0, 0, NULL, 0)
C("layer", "b32-t100-h128", NULL, 128, 128, 1, 0, 32, 100, 0, 0, NULL, 0)
C("layer", "b64-t128-h256-bi", NULL, 256, 256, 1, 1, 64, 128, 0, 0, NULL, 0)
C("layer", "b64-t256-h512-l2", NULL, 512, 512, 2, 0, 64, 256, 0, 0, NULL, 0)
C("layer", "b1-t100-h512", NULL, 512, 512, 1, 0, 1, 100, 0, 0, NULL, 0)
C("step", "h64", NULL, 64, 64, 1, 0, 1, 1, 0, 0, NULL, 0)
C("step", "h256", NULL, 256, 256, 1, 0, 1, 1, 0, 0, NULL, 0)
C("step", "h512-l2", NULL, 512, 512, 2, 0, 1, 1, 0, 0, NULL, 0)
C("lm", "ptb-small", "lstm", 200, 200, 2, 0, 20, 35, 10000, 10000, "sgd", 5)
C("lm", "ptb-medium", "lstm", 650, 650, 2, 0, 20, 35, 10000, 10000, "sgd", 5)
C("lm", "char", "lstm", 64, 512, 1, 0, 64, 64, 65, 65, "adam", 1)
C("lm", "char-gru", "gru", 64, 512, 1, 0, 64, 64, 65, 65, "adam", 1)
C("classify", "imdb-bilstm", "lstm", 128, 64, 2, 1, 32, 200, 20000, 2, "adam", 1)
