#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the demo texts of share/ from the grammars in share/grammar/.  The same seed gives the same bytes.

A grammar is lines  name: alternative | alternative ...  (a line that begins with a blank goes on).  {name} expands to
one of them, {name.1} to one that stays the same within a text, and where it has fields (Anna/she/her) {name.1/1} is the
second.  @ in a name becomes the side that a sentence takes (pos, neg), ~ the other one, so that a frame is written once
for both.  A trailing (xN) makes an alternative N times as likely.

    tools/make_share.py          writes the files
    tools/make_share.py --check  exits 1 if a file differs from what the grammars make
"""
import datetime
import math
import random
import re
import sys
from pathlib import Path
import make_pairs
import make_sounds
import make_tags

SHARE = Path(__file__).resolve().parent.parent / "share"


class Grammar:
    def __init__(self, path):
        self.rules = {}
        text = re.sub(r"\n[ \t]+", " ", re.sub(r"(?m)^#.*\n", "", path.read_text(encoding="utf-8")))
        for line in filter(None, text.splitlines()):
            name, _, body = line.partition(":")
            options = []
            for option in body.split("|"):
                option = option.strip()
                times = re.search(r" ?\(x(\d+)\)$", option)
                options += [option[:times.start()]] * int(times[1]) if times else [option]
            self.rules[name.strip()] = options

    def expand(self, name, rng, known):
        """One text of the rule; `known` keeps what numbered slots have become."""
        def slot(match):
            key, number, field = match[1], match[2], match[3]
            if number is None:
                return self.expand(key, rng, known)
            if (key, number) not in known:
                known[key, number] = self.expand(key, rng, known).split("/")
            return known[key, number][int(field or 0)]
        side = known.get("side", "pos")
        text = rng.choice(self.rules[name]).replace("@", side).replace("~", "neg" if side == "pos" else "pos")
        return re.sub(r"\{(\w+)(?:\.(\d+))?(?:/(\d+))?\}", slot, text)


def english(text):
    text = re.sub(r"\b([Aa]) (?=[aeiouAEIOU](?!ne\b|ni|s[eu]))", r"\1n ", text)
    return re.sub(r"(^|\n|[.!?][\"']? |: (?=\"))(\"?)([a-z])", lambda m: m[1] + m[2] + m[3].upper(), text)


def stories(grammar, polish, size, seed):
    rng, out, seen, total = random.Random(seed), [], set(), 0
    while total < size:
        text = polish(grammar.expand("text", rng, {}).replace("\\n", "\n").replace("\n ", "\n"))
        if text not in seen:
            seen.add(text)
            out.append(text)
            total += len(text.encode()) + 2
    return "\n\n".join(out) + "\n"


def sentences(grammar, polish, part, count, rng, seen):
    """`count` different sentences, half of them positive; `part` names the rule: train or test."""
    out = []
    for label, side in (("positive", "pos"), ("negative", "neg")):
        n = 0
        while n < count // 2:
            text = polish(grammar.expand(part, rng, {"side": side}))
            if text not in seen:
                seen.add(text)
                out.append(f"{label}\t{text}")
                n += 1
    return out


def series(name, labels, examples):
    """The .ts form: dimensions parted by ':', values by ',', the label last."""
    head = f"@problemName {name}\n@timeStamps false\n@univariate {'true' if len(examples[0][0]) == 1 else 'false'}\n"
    lines = [":".join(",".join(f"{v:.2f}" for v in dim) for dim in dims) + ":" + label for dims, label in examples]
    return head + f"@classLabel true {' '.join(labels)}\n@data\n" + "\n".join(lines) + "\n"


def waves(count, rng):
    """Two noisy channels of 20 to 40 steps; the label is the form of the wave."""
    forms = {
        "saw": lambda x: 2 * (x % 1) - 1,
        "sine": lambda x: math.sin(2 * math.pi * x),
        "square": lambda x: 1.0 if x % 1 < 0.5 else -1.0,
    }
    out = []
    for i in range(count):
        label = sorted(forms)[i % 3]
        steps, rate, phase, size = rng.randint(20, 40), rng.uniform(0.07, 0.13), rng.random(), rng.uniform(0.7, 1.3)
        out.append(([[size * forms[label](rate * t + phase + shift) + rng.gauss(0, 0.3) for t in range(steps)]
                     for shift in (0, 0.25)], label))
    rng.shuffle(out)
    return series("waves", sorted(forms), out)


def first(count, steps, rng):
    """Noise; only the first step says which label it is: whoever forgets it is lost."""
    out = []
    for i in range(count):
        sign = 1 if i % 2 else -1
        out.append(([[1.5 * sign] + [rng.gauss(0, 1) for _ in range(steps - 1)]], "up" if sign > 0 else "down"))
    rng.shuffle(out)
    return series("first", ("down", "up"), out)


def phrase(words, rng, kind, bare=False):
    """A noun with its article and perhaps an adjective, in English and French."""
    english, french, gender = rng.choice(words[kind]).split("/")
    sure, female = rng.random() < 0.6, gender == "f"
    order = rng.choice(("", "", "before", "after"))
    if order and not bare:
        adjective = rng.choice(words[order]).split("/")
        english = adjective[0] + " " + english
        french = f"{adjective[1 + female]} {french}" if order == "before" else f"{french} {adjective[1 + female]}"
    vowel = french[0] in "aeiouéêœh"
    article = "l'" if sure and vowel else ("la " if female else "le ") if sure else "une " if female else "un "
    return ("the " if sure else "an " if english[0] in "aeiou" else "a ") + english, article + french


def sentence_pair(words, rng):
    """Who does what to what, perhaps where, perhaps not at all, perhaps a question."""
    who, thing = (phrase(words, rng, k) for k in (rng.choice(("animal", "person", "person")), rng.choice(("thing", "thing", "animal"))))
    base, third, french = rng.choice(words["verb"]).split("/")
    form = rng.choice(("plain", "plain", "plain", "not", "asked"))
    vowel = french[0] in "aeiouéêh"
    where = ("", "")
    if rng.random() < 0.4:
        at = phrase(words, rng, "place", True)
        where = " in " + at[0], " dans " + at[1]
    end = "?" if form == "asked" else "."
    english = {"plain": f"{who[0]} {third} {thing[0]}", "not": f"{who[0]} does not {base} {thing[0]}",
               "asked": f"does {who[0]} {base} {thing[0]}"}[form] + where[0] + end
    doing = {"plain": french, "not": ("n'" if vowel else "ne ") + french + " pas", "asked": french}[form]
    said = f"{'est-ce que ' if form == 'asked' else ''}{who[1]} {doing} {thing[1]}{where[1]}{' ' if form == 'asked' else ''}{end}"
    said = said.replace("que un", "qu'un")
    return english[0].upper() + english[1:], said[0].upper() + said[1:]


def translations(grammar):
    """Training and test pairs; no English sentence of the one stands in the other."""
    words = {k: [o.strip() for o in v] for k, v in grammar.rules.items()}
    found = make_pairs.pairs(lambda rng: sentence_pair(words, rng), 2600, 5)
    lines = ["\t".join(pair) for pair in found]
    return "\n".join(lines[:2300]) + "\n", "\n".join(lines[2300:]) + "\n"


def load(rng, days=100):
    """Hourly load of a little town and the warmth outside: day, week, weather, slow weather, noise; some cells are empty."""
    start, lines, weather, rest = datetime.datetime(2023, 9, 4), ["time,load,warmth"], 0.0, 0.0
    for hour in range(24 * days):
        now = start + datetime.timedelta(hours=hour)
        day, weekend = now.hour, now.weekday() >= 5
        weather = 0.995 * weather + rng.gauss(0, 0.35)
        warmth = 14 - 9 * hour / (24 * days) + 4 * math.sin((day - 9) * math.pi / 12) + weather
        people = 3 * math.exp(-((day - 8 - weekend) ** 2) / 5) + 5 * math.exp(-((day - 19) ** 2) / 9) - (0 if weekend else 0.8)
        rest = 0.8 * rest + rng.gauss(0, 0.25)
        value = f"{20 + people + 0.45 * max(0, 15 - warmth) + rest:.2f}" if rng.random() > 0.01 else ""
        lines.append(f"{now:%Y-%m-%d %H:%M},{value},{warmth:.1f}")
    return "\n".join(lines) + "\n"


def shops(rng, count=12, days=400):
    """Daily sales of shops of very different size; an offer, planned ahead, raises them.  The last 14 days are a file of their own."""
    start, past, last = datetime.date(2022, 11, 1), [], []
    for shop in range(count):
        size, trend, mood = math.exp(rng.uniform(3, 8)), rng.uniform(-0.0008, 0.0015), 0.0
        week = [rng.uniform(0.7, 1) for _ in range(5)] + [rng.uniform(1.2, 1.7), rng.uniform(0.3, 0.8)]
        for day in range(days):
            now = start + datetime.timedelta(days=day)
            offer = int(rng.random() < 0.12)
            mood = 0.7 * mood + rng.gauss(0, 0.05)
            sales = size * week[now.weekday()] * math.exp(trend * day + mood) * (1.35 if offer else 1)
            (past if day < days - 14 else last).append(f"shop{shop + 1},{now},{sales:.4g},{offer}")
    head = "shop,date,sales,offer\n"
    return head + "\n".join(past) + "\n", head + "\n".join(last) + "\n"


def make():
    grammar = {path.stem: Grammar(path) for path in sorted((SHARE / "grammar").glob("*.txt"))}
    plain = str.strip
    files = {
        "stories.txt": stories(grammar["stories"], english, 330_000, 1),
        "stories.zh.txt": stories(grammar["stories_zh"], plain, 240_000, 2),
    }
    rng, seen = random.Random(3), set()
    for part, count in (("test", 400), ("train", 8000)):
        lines = sentences(grammar["sentiment"], english, part, count, rng, seen)
        lines += sentences(grammar["sentiment_zh"], plain, part, count, rng, seen)
        rng.shuffle(lines)
        files["sentiment.tsv" if part == "train" else "sentiment.test.tsv"] = "\n".join(lines) + "\n"
    files["en-fr.tsv"], files["en-fr.test.tsv"] = translations(grammar["en_fr"])
    dates = [f"{s}\t{t}" for s, t in make_pairs.pairs(make_pairs.dates, 5200, 6)]
    files["dates.tsv"], files["dates.test.tsv"] = "\n".join(dates[:4900]) + "\n", "\n".join(dates[4900:]) + "\n"
    for name, make_both, rng in (("entities", make_tags.entities, random.Random(7)), ("commands", make_tags.commands, random.Random(8))):
        files[name + ".conll"], files[name + ".test.conll"] = make_both(grammar[name], rng)
    files["words.zh.txt"], files["words.zh.test.txt"] = make_tags.words(grammar["words_zh"], random.Random(9))
    rng = random.Random(4)
    files["waves.ts"], files["waves.test.ts"] = waves(240, rng), waves(90, rng)
    files["load.csv"] = load(random.Random(8))
    files["shops.csv"], files["shops.test.csv"] = shops(random.Random(9))
    files["dial.wav"], files["dial.tsv"] = make_sounds.dial("dial.wav", 84, random.Random(10))
    files["dial.test.wav"], files["dial.test.tsv"] = make_sounds.dial("dial.test.wav", 40, random.Random(11))
    for steps in (10, 100):
        files[f"first{steps}.ts"] = first(400, steps, rng)
        files[f"first{steps}.test.ts"] = first(200, steps, rng)
    return files


def main():
    differ = 0
    for name, text in make().items():
        path = SHARE / name
        text = text if isinstance(text, bytes) else text.encode()
        if sys.argv[1:] == ["--check"]:
            same = path.exists() and path.read_bytes() == text
            print(f"{name}: {'as the grammars make it' if same else 'DIFFERS'}")
            differ += not same
        else:
            path.write_bytes(text)
            print(f"{name}: {len(text)} bytes")
    return differ > 0


if __name__ == "__main__":
    sys.exit(main())
