/* SPDX-License-Identifier: MIT
 * The optimizers, one a file. */
X(sgd)
X(asgd)
X(rmsprop)
X(adam)
X(adamw)
