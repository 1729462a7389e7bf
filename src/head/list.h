/* SPDX-License-Identifier: MIT
 * Every kind of head. */
X(softmax)
X(adaptive)
X(square)
X(absolute)
X(huber)
X(quantile)
X(crf)
X(ctc)
