# SPDX-License-Identifier: MIT
# --from: a model begins with another's weights; rows by the text of their units, whatever the order of the vocabulary.
command -v python3 >/dev/null || exit 77
train() { recur train lm "$@" --unit char --batch 4 --bptt 16 -q; }
net='embed 8 | gru 16 | drop .1 | dense'
train $SHARE/stories.txt --net "$net" --steps 60 --lr .01 -o a.recur || exit 1
nats() { recur eval $1 $SHARE/stories.txt --json 2>/dev/null | python3 -c 'import json, sys; print("%.4f" % json.load(sys.stdin)["nats_per_unit"])'; }
# a rate of next to nothing leaves the weights where they begin, and a layer in between changes no match
train $SHARE/stories.txt --net 'embed 8 | drop .2 | gru 16 | dense' --from a.recur --steps 1 --lr 1e-9 -o b.recur || exit 1
[ "$(nats a.recur)" = "$(nats b.recur)" ] && echo "begins where it ended"
# the signs in another order and with signs that the first text does not have: those that both know keep their rows
{ printf 'zyxwvutsrqponmlkjihgfedcba\n~~~~~~~~\n'; cat $SHARE/stories.txt; } >other.txt
train other.txt --net "$net" --from a.recur --steps 1 --lr 1e-9 -o c.recur || exit 1
python3 - <<'END' || exit 1
import json, struct
def read(path):
    with open(path, "rb") as f:
        n, = struct.unpack("<Q", f.read(8))
        head, block = json.loads(f.read(n)), f.read()
    def floats(name):
        a, b = head[name]["data_offsets"]
        return struct.unpack("<%df" % ((b - a) // 4), block[a:b]), head[name]["shape"]
    a, b = head["text.vocab"]["data_offsets"]
    return floats, block[a:b].split(b"\0")[:-1]
(one, units), (two, others) = read("a.recur"), read("c.recur")
assert others != units and b"~" in others and b"~" not in units
for name in ("1.embed.w", "4.dense.w", "4.dense.b"):
    (x, shape), (y, _) = one(name), two(name)
    w = len(x) // shape[0]
    same = 0
    for i, unit in enumerate(units):
        k = others.index(unit)
        same += all(abs(p - q) < 1e-6 for p, q in zip(x[i * w:i * w + w], y[k * w:k * w + w]))
    assert same == len(units), (name, same, len(units))
print("rows by their text")
END
recur inspect c.recur --json | grep -q '"from"' && echo "the card says so"
# a language model's words and cell begin a classifier, whose labels and pairs it does not know
recur train classify $SHARE/sentiment.tsv --net 'embed 8 | gru 16 bi | pool max mean | dense' --unit char --pairs 0 --from a.recur --steps 2 -o d.recur \
    --no-baseline >/dev/null 2>err || { cat err; exit 1; }
sed -n 's/^ *\(weights: .*begin\).*/\1/p' err
recur train classify $SHARE/sentiment.tsv --net 'embed 9 | lstm 16 | pool max | dense' --unit char --from a.recur -q -o e.recur 2>err; echo "unlike: $? $(wc -l <err)"
train $SHARE/stories.txt --net "$net" --from $SHARE/stories.txt --steps 1 -o e.recur 2>err; echo "no model: $? $(wc -l <err)"
train $SHARE/stories.txt --net "$net" --from no.recur --steps 1 -o e.recur 2>err; echo "no file: $? $(wc -l <err)"
[ ! -e e.recur ] || echo "half a model is left"
# a tagger's own weights, too: training on with the same labels goes on where it was
recur train tag $SHARE/commands.conll --steps 8 --threads 1 --no-baseline -q -o t.recur >/dev/null && recur train tag $SHARE/commands.conll --from t.recur \
    --steps 1 --threads 1 --no-baseline -o u.recur 2>&1 >/dev/null | sed -n 's/^ *weights: \([0-9]*\) of \([0-9]*\) .*/\1 \2/p' | awk '{ print ($1 == $2 ? "all of a tagger" : $0) }'
