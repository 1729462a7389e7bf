# SPDX-License-Identifier: MIT
# The experiments: a table, JSON, a figure that is sound XML; the same seed gives the same figures; what cannot be is refused.
command -v python3 >/dev/null || exit 77
export RECUR_THREADS=1
recur lab adding --cells 'rnn,lstm 8' --lengths 8,12 --size 4 --steps 20 --tests 64 --plot a.svg >table 2>err; echo "table: $? $(wc -l <table)"
recur lab adding --cells gru --lengths 12 --size 24 --steps 600 --tests 200 --json -q >j1; echo "json: $?"
recur lab adding --cells gru --lengths 12 --size 24 --steps 600 --tests 200 --json -q --threads 3 >j2
for e in copy parity; do
    recur lab $e --cells gru --lengths 5 --size 8 --steps 10 --tests 32 --json -q >$e; echo "$e: $?"
done
recur lab gradients --cells 'rnn,gru layers=2' --lengths 20 --size 8 --steps 10 --json -q --plot g.svg >g; echo "gradients: $?"
recur lab gradients classify $SHARE/waves.ts --net 'input | gru 6 bi | pool mean | dense' --steps 5 --json -q >w; echo "data: $?"
recur lab gradients $LM $SHARE/stories.txt --json -q >m; echo "model: $?"
# A reverse direction hears the loss of its own end, the first step; where there is no way there is no factor.
awk 'NR <= 150' $SHARE/stories.txt >there
recur lab gradients tag $SHARE/entities.conll --net 'embed 8 | gru 6 bi | dense | softmax' --steps 1 --json -q >both; echo "both: $?"
recur lab gradients tag $SHARE/entities.conll --net 'embed 8 | gru 6 reverse | dense | softmax' --steps 1 --json -q >reverse; echo "reverse: $?"
recur lab gradients lm there --net 'embed 8 | gru 6 | dense' --steps 1 --lengths 1 --json -q >one; echo "one step: $?"
recur lab gradients lm there --net 'embed 8 | gru 6 | dense' --steps 1 --lengths 1 -q | awk 'NR > 1 { print $(NF - 3) }'
recur lab gradients tag $SHARE/words.zh.txt --segment --net 'embed 8 | gru 6 bi | dense' --steps 1 --json -q >cut; echo "segment: $?"
python3 - <<'END'
import gzip, json, struct, xml.dom.minidom
for f in ("a.svg", "g.svg"):
    xml.dom.minidom.parse(f)
a, b = (json.loads(open(f).read()) for f in ("j1", "j2"))
assert a["value"] == b["value"] and a["learnt"] and a["value"] < a["constant"] / 10, (a, b)
norms = [json.loads(l) for l in open("g")]
assert len(norms) == 6 and all(len(n["norm"]) == 20 and min(n["norm"]) > 0 for n in norms), len(norms)
assert [json.loads(l)["net"].split(",")[0] for l in open("w")] == ["2.gru", "2.gru.r"] * 2
assert len(open("m").readlines()) == 1
for f in ("both", "cut", "reverse"):
    lines = [json.loads(l) for l in open(f)]
    assert [l["net"].split(",")[0][-2:] == ".r" for l in lines] == ([True] * 2 if f == "reverse" else [False, True] * 2), f
    for l in lines:          # most is heard near the loss
        assert l["norm"][0] > 10 * l["norm"][-1] and 0 < l["factor"] < 1, (f, l)
assert all(json.loads(l)["factor"] is None for l in open("one"))
for part, n in (("train", 40), ("test", 20)):            # two kinds of pictures: left half bright, right half bright
    y = bytes(i % 2 for i in range(n))
    x = b"".join(bytes([255 * ((k % 4 < 2) == (c == 0)) for k in range(16)]) for c in y)
    gzip.open(part + ".x.gz", "wb").write(struct.pack(">4I", 0x803, n, 4, 4) + x)
    open(part + ".y", "wb").write(struct.pack(">2I", 0x801, n) + y)
open("short.x", "wb").write(struct.pack(">4I", 0x803, 20, 4, 4) + bytes(19 * 16))
END
images() { recur lab images "$@" --cells gru --size 8 --steps 60 --lr 0.02 --json -q >i 2>err; echo "images: $? $(wc -l <err)"; }
for how in '' --rows --permuted; do
    images train.x.gz train.y test.x.gz test.y $how
    grep -o '"length":[0-9]*' i; grep -o '"learnt":true' i
done
images train.x.gz train.y short.x test.y
images train.x.gz test.y test.x.gz test.y
images train.x.gz
images no train.y test.x.gz test.y
refused() { recur lab "$@" >/dev/null 2>err; echo "$1: $? $(wc -l <err)"; }
refused dreaming
refused adding file -q
refused adding --lengths 2 -q
refused adding --cells nosuchcell -q
refused adding --steps 1 --cells rnn --lengths 8 --tests 8 -q --plot no/such/a.svg
refused gradients no-such-task $SHARE/waves.ts -q
refused gradients classify $SHARE/waves.ts --net 'input | pool mean | dense' -q
refused gradients --lengths 10,20 -q
refused gradients --lengths 10 -q --plot norms.png
recur train tag $SHARE/entities.conll --steps 1 -q -o tag.recur || exit 1
cut -f1 $SHARE/entities.conll >words
refused gradients tag.recur words -q
cat err
recur forecast $LM there --lang zh --plot x.png 2>&1; echo $?
