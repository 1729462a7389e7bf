/* SPDX-License-Identifier: MIT
 * Kernel sets, rising: a set is chosen over those before it.  The double build has the reference alone. */
X(ref)
#ifndef RC_DOUBLE
#if defined __x86_64__
X(sse2)
X(avx2)
X(avx512)
X(vnni)
X(bf16)
#elif defined __aarch64__
X(neon)
#endif
#endif
