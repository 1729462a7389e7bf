/* SPDX-License-Identifier: MIT
 * Every kind of layer; "recur" is the word of none: its members are the cells. */
X(embed)
X(input)
X(recur)
X(dense)
X(drop)
X(mask)
X(norm)
X(conv)
X(maxpool)
X(pool)
X(side)
X(attend)
