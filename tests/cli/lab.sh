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
