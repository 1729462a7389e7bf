#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pairs source<TAB>target that follow a rule, for sequence to sequence without a language.  The same seed, the same bytes.

    tools/make_pairs.py reverse|add|dates COUNT [SEED]       e.g.  47311<TAB>11374   57+486<TAB>543   May 3rd, 1984<TAB>1984-05-03
"""
import random
import sys

MONTHS = "January February March April May June July August September October November December".split()


def reverse(rng):
    s = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 12)))
    return s, s[::-1]


def add(rng):
    a, b = (rng.randrange(10 ** rng.randint(1, 3)) for _ in range(2))
    return f"{a}+{b}", str(a + b)


def ordinal(n):
    return f"{n}{'th' if n in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def dates(rng):
    year, month, day = rng.randint(1900, 2049), rng.randint(1, 12), rng.randint(1, 28)
    name = MONTHS[month - 1]
    forms = (f"{day} {name} {year}", f"{name} {day}, {year}", f"{name} {ordinal(day)}, {year}", f"{ordinal(day)} of {name} {year}",
             f"{day}.{month}.{year}", f"{month}/{day}/{year}", f"{day} {name[:3]} {year}", f"{name[:3].upper()} {day} {year}")
    return rng.choice(forms), f"{year}-{month:02}-{day:02}"


def pairs(kind, count, seed):
    """`count` different pairs."""
    rng, seen = random.Random(seed), {}
    while len(seen) < count:
        source, target = kind(rng)
        seen.setdefault(source, target)
    return list(seen.items())


KINDS = {"reverse": reverse, "add": add, "dates": dates}

if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    sys.stdout.writelines(f"{s}\t{t}\n" for s, t in pairs(KINDS[sys.argv[1]], int(sys.argv[2]), seed))
