/* SPDX-License-Identifier: MIT
 * The work that `recur bench` measures: C(group, name, cell, input, hidden, layers, bi, batch, steps, vocabulary,
 * outputs, optimizer, clip, what else a bench_case has by its name).
 *
 * layer     a recurrent stack on random numbers; cell NULL: each of lstm, gru, rnn.  Training is forward and backward
 *           with the gradients of weights and of the input, no update
 * step      one time step of one sequence with the state kept: latency
 * lm        embedding, stack, softmax over the vocabulary with cross-entropy; training has clipping and update
 * classify  embedding, stack in both directions, maximum over time, softmax
 *
 * Beyond what is compared with others:
 * stored    steps with weights in two bytes or one
 * mixed     the classify case with sequences of mixed lengths (bench_case.c has them) instead of equal ones
 * regular   training of a language model without and with each regulariser, given as what stands before the recurrent
 *           layer and as its keys
 * words     lm with a large vocabulary whose words come as often as Zipf's law says, with either head; the products that
 *           count are those of the full softmax, also where `adaptive` does fewer */
C("layer", "b20-t35-h200-l2", NULL, 200, 200, 2, 0, 20, 35, 0, 0, NULL, 0, .mixed = false)
C("layer", "b20-t35-h650-l2", NULL, 650, 650, 2, 0, 20, 35, 0, 0, NULL, 0, .mixed = false)
C("layer", "b32-t100-h128", NULL, 128, 128, 1, 0, 32, 100, 0, 0, NULL, 0, .mixed = false)
C("layer", "b64-t128-h256-bi", NULL, 256, 256, 1, 1, 64, 128, 0, 0, NULL, 0, .mixed = false)
C("layer", "b64-t256-h512-l2", NULL, 512, 512, 2, 0, 64, 256, 0, 0, NULL, 0, .mixed = false)
C("layer", "b1-t100-h512", NULL, 512, 512, 1, 0, 1, 100, 0, 0, NULL, 0, .mixed = false)
C("step", "h64", NULL, 64, 64, 1, 0, 1, 1, 0, 0, NULL, 0, .step = true)
C("step", "h256", NULL, 256, 256, 1, 0, 1, 1, 0, 0, NULL, 0, .step = true)
C("step", "h512-l2", NULL, 512, 512, 2, 0, 1, 1, 0, 0, NULL, 0, .step = true)
C("lm", "ptb-small", "lstm", 200, 200, 2, 0, 20, 35, 10000, 10000, "sgd", 5, .dense = true)
C("lm", "ptb-medium", "lstm", 650, 650, 2, 0, 20, 35, 10000, 10000, "sgd", 5, .dense = true)
C("lm", "char", "lstm", 64, 512, 1, 0, 64, 64, 65, 65, "adam", 1, .dense = true)
C("lm", "char-gru", "gru", 64, 512, 1, 0, 64, 64, 65, 65, "adam", 1, .dense = true)
C("classify", "imdb-bilstm", "lstm", 128, 64, 2, 1, 32, 200, 20000, 2, "adam", 1, .mixed = false)
C("stored", "h64-fp16", NULL, 64, 64, 1, 0, 1, 1, 0, 0, NULL, 0, .step = true, .weights = "fp16")
C("stored", "h64-bf16", NULL, 64, 64, 1, 0, 1, 1, 0, 0, NULL, 0, .step = true, .weights = "bf16")
C("stored", "h64-int8", NULL, 64, 64, 1, 0, 1, 1, 0, 0, NULL, 0, .step = true, .weights = "int8")
C("stored", "h256-fp16", NULL, 256, 256, 1, 0, 1, 1, 0, 0, NULL, 0, .step = true, .weights = "fp16")
C("stored", "h256-bf16", NULL, 256, 256, 1, 0, 1, 1, 0, 0, NULL, 0, .step = true, .weights = "bf16")
C("stored", "h256-int8", NULL, 256, 256, 1, 0, 1, 1, 0, 0, NULL, 0, .step = true, .weights = "int8")
C("stored", "h512-l2-fp16", NULL, 512, 512, 2, 0, 1, 1, 0, 0, NULL, 0, .step = true, .weights = "fp16")
C("stored", "h512-l2-bf16", NULL, 512, 512, 2, 0, 1, 1, 0, 0, NULL, 0, .step = true, .weights = "bf16")
C("stored", "h512-l2-int8", NULL, 512, 512, 2, 0, 1, 1, 0, 0, NULL, 0, .step = true, .weights = "int8")
C("mixed", "imdb-lengths", "lstm", 128, 64, 2, 1, 32, 400, 20000, 2, "adam", 1, .mixed = true)
C("regular", "plain", "lstm", 200, 200, 1, 0, 20, 70, 100, 100, "adam", 1, .mixed = false)
C("regular", "drop", "lstm", 200, 200, 1, 0, 20, 70, 100, 100, "adam", 1, .before = " | drop .3")
C("regular", "locked", "lstm", 200, 200, 1, 0, 20, 70, 100, 100, "adam", 1, .before = " | drop .3 locked")
C("regular", "rdrop", "lstm", 200, 200, 1, 0, 20, 70, 100, 100, "adam", 1, .keys = " rdrop=.3")
C("regular", "wdrop", "lstm", 200, 200, 1, 0, 20, 70, 100, 100, "adam", 1, .keys = " wdrop=.3")
C("regular", "zoneout", "lstm", 200, 200, 1, 0, 20, 70, 100, 100, "adam", 1, .keys = " zoneout=.1 zoneoutc=.1")
C("regular", "norm", "lstm", 200, 200, 1, 0, 20, 70, 100, 100, "adam", 1, .keys = " norm")
C("words", "10k-softmax", "lstm", 256, 256, 1, 0, 20, 35, 10000, 10000, "adam", 1, .dense = true, .head = "dense | softmax")
C("words", "10k-adaptive", "lstm", 256, 256, 1, 0, 20, 35, 10000, 10000, "adam", 1, .dense = true, .head = "adaptive")
C("words", "50k-softmax", "lstm", 256, 256, 1, 0, 20, 35, 50000, 50000, "adam", 1, .dense = true, .head = "dense | softmax")
C("words", "50k-adaptive", "lstm", 256, 256, 1, 0, 20, 35, 50000, 50000, "adam", 1, .dense = true, .head = "adaptive")
C("words", "200k-softmax", "lstm", 256, 256, 1, 0, 20, 35, 200000, 200000, "adam", 1, .dense = true, .head = "dense | softmax")
C("words", "200k-adaptive", "lstm", 256, 256, 1, 0, 20, 35, 200000, 200000, "adam", 1, .dense = true, .head = "adaptive")
