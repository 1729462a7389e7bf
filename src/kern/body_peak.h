/* SPDX-License-Identifier: MIT
 * How fast multiply-adds can go here: independent chains in registers, no memory.  Eight would do (four cycles, two a
 * cycle); twelve leave registers over in every set.  Straight code, so that every compiler keeps them there. */

#define EACH_CHAIN(S) S(0) S(1) S(2) S(3) S(4) S(5) S(6) S(7) S(8) S(9) S(10) S(11)
#define CHAIN_START(i) vf c##i = v_set(x[i]);
#define CHAIN_STEP(i) c##i = v_fma(a, c##i, b);
#define CHAIN_END(i) x[i] = v_sum(c##i);

static double peak(int rounds, float x[RC_CHAINS])
{
    vf a = v_set(0.5f), b = v_set(1);                          /* each chain tends to 2 */
    EACH_CHAIN(CHAIN_START)
    for (int n = 0; n < rounds; n++) {
        EACH_CHAIN(CHAIN_STEP)
    }
    EACH_CHAIN(CHAIN_END)
    return 2.0 * RC_CHAINS * VL * rounds;
}

#undef EACH_CHAIN
#undef CHAIN_START
#undef CHAIN_STEP
#undef CHAIN_END
