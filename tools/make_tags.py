# SPDX-License-Identifier: MIT
"""Tagged demo texts of share/, from grammars whose texts mark their parts: PER(Mary Jones) met LOC(Paris)."""
import re


def tagged(text):
    """Words with IOB2 tags, one a line; at the start of a sentence a capital letter."""
    lines = []
    for part in re.finditer(r"(\w+)\(([^)]*)\)|(\S+)", text):
        if part[3]:
            lines.append(part[3] + "\tO")
        else:
            words = part[2].split()
            lines += [f"{w}\t{'I' if i else 'B'}-{part[1]}" for i, w in enumerate(words)]
    return lines


def different(make, count, seen):
    out = []
    while len(out) < count:
        text = make()
        if text not in seen:
            seen.add(text)
            out.append(text)
    return out


def entities(grammar, rng):
    """Training and test sentences with names; those of the test part were never seen."""
    seen, files = set(), []
    for rule, count in (("text", 1200), ("test", 250)):
        blocks = [tagged(t) for t in different(lambda: grammar.expand(rule, rng, {}), count, seen)]
        files.append("".join("\n".join([b[0][0].upper() + b[0][1:]] + b[1:]) + "\n\n" for b in blocks))
    return files


def commands(grammar, rng):
    """Commands with slots, and above each what is wanted."""
    seen, files = set(), []
    for suffix, counts in (("", (240, 100, 90, 90, 40)), ("_test", (60, 30, 30, 25, 10))):
        blocks = []
        for intent, count in zip(("flight", "weather", "music", "order", "alarm"), counts):
            blocks += [[f"# intent = {intent}"] + tagged(t)
                       for t in different(lambda: grammar.expand(intent + suffix, rng, {}), count, seen)]
        rng.shuffle(blocks)
        files.append("".join("\n".join(b) + "\n\n" for b in blocks))
    return files


def words(grammar, rng):
    """Chinese sentences, a line each, their words parted by blanks."""
    seen = set()
    return ["\n".join(different(lambda: grammar.expand(rule, rng, {}), count, seen)) + "\n"
            for rule, count in (("text", 2500), ("test", 300))]
