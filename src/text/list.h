/* SPDX-License-Identifier: MIT
 * list.h - the units text is cut into, in the order of help. */
X(byte)
X(char)
X(word)
X(token)
X(bpe)
