/* SPDX-License-Identifier: MIT
 * Kernel sets, rising: a set is chosen over those before it.  The double build has the reference alone. */
X(ref)
