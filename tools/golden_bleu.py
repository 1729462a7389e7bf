#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes tests/golden/bleu.json with sacrebleu: small texts, how they are cut, and what BLEU and chrF they have.

    python3 tools/golden_bleu.py       (needs sacrebleu)
"""
import json
import os
import random
import sacrebleu
from sacrebleu.metrics.bleu import _get_tokenizer

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "golden", "bleu.json")
WORDS = ("the cat sat on a mat . , - 3.5 1,000 2-3 e.g. don't (yes) [no] {so} 50% $5 a/b x@y.z ... ?! \"quoted\" it's "
         "&quot;so&quot; R&amp;D &lt;b&gt; &amp;lt; naïve Été Straße 10. .5 ,x end.Next").split()
SIGNS = "我你他们今天去了学校，。！？“”…A3.5b 東京　中文 €½ア가"


def sentence(rng, signs):
    if signs:
        return "".join(rng.choice(SIGNS) for _ in range(rng.randint(0, 14)))
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(0, 14)))


def near(rng, s, signs):
    parts = list(s) if signs else s.split(" ")
    parts = [p for p in parts if rng.random() > .15] or parts
    for _ in range(rng.randint(0, 2)):
        parts.insert(rng.randint(0, len(parts)), rng.choice(list(SIGNS) if signs else WORDS))
    return ("" if signs else " ").join(parts)


def text(seed, lines, signs):
    rng = random.Random(seed)
    wanted = [sentence(rng, signs) for _ in range(lines)]
    return [near(rng, w, signs) for w in wanted], wanted


def case(said, wanted, cut, lower):
    bleu = sacrebleu.corpus_bleu(said, [wanted], tokenize=cut, lowercase=lower, force=True)
    cutter = _get_tokenizer(cut)()
    prepared = [(w.lower() if lower else w).rstrip() for w in wanted]
    return {"said": said, "wanted": wanted, "cut": cut, "lower": lower, "bleu": bleu.score,
            "pieces": [" ".join(cutter(w).split()) for w in prepared],
            "chrf": sacrebleu.corpus_chrf(said, [wanted]).score}


cases = [case(*text(seed, lines, cut in ("zh", "char")), cut, lower)
         for seed, (lines, cut, lower) in enumerate((n, c, low) for n in (1, 3, 12) for c in ("13a", "zh", "char", "none")
                                                    for low in (False, True))]
cases += [case(["a b c d e"], ["a b c d e"], "13a", False), case(["x"], ["y"], "13a", False), case([""], ["a"], "13a", False),
          case(["a b"], ["a b"], "13a", False), case(["the the the the"], ["the cat sat there"], "none", False)]
json.dump({"made with": "sacrebleu " + sacrebleu.__version__, "cases": cases}, open(HERE, "w", encoding="utf8"), ensure_ascii=False,
          indent=0)
print(HERE, len(cases))
