# SPDX-License-Identifier: MIT
# Sounds by name, by part, from a pipe, as they come; several answers, times; what cannot be read.
command -v python3 >/dev/null || exit 77
recur version | grep -q '^libsndfile' || { echo "this build reads no sound" >&2; exit 77; }
recur train transcribe $SHARE/dial.tsv --net 'input | lstm 40 | dense' --front 'logmel 24 stack=2 norm=none' --lr .006 \
    --epochs 60 --threads 1 -q --no-baseline -o dial.recur || exit 1
a=$SHARE/dial.test.wav#0.7332-1.1538 b=$SHARE/dial.test.wav#1.1538-1.9275
clip() { python3 - "$1" <<'END'
import struct, sys
name, _, span = sys.argv[1].rpartition("#")
lo, hi = (round(float(t) * 4000) for t in span.split("-"))
x = open(name, "rb").read()[44:][lo:hi]
data = b"".join(struct.pack("<h", (v - 128) * 256) for v in x)
sys.stdout.buffer.write(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 1, 4000, 8000, 2, 16) + b"data" + struct.pack("<I", len(data)) + data)
END
}
clip "$a" >a.wav
recur transcribe dial.recur "$a" >one || exit 1
recur transcribe dial.recur a.wav | cmp - one && echo "file as part"
recur transcribe dial.recur <a.wav | cmp - one && echo "pipe as file"
recur transcribe dial.recur --stream <a.wav | cmp - one && echo "stream as file"
tail -c +45 a.wav | recur transcribe dial.recur --stream | cmp - one && echo "bare samples"
recur transcribe dial.recur "$a" "$b" | awk -F'\t' '{ print NF }'
recur transcribe dial.recur "$a" nothing.wav "$b" 2>err | wc -l
recur transcribe dial.recur nothing.wav 2>/dev/null; echo $?
recur transcribe dial.recur dial.recur 2>/dev/null; echo $?
wc -l <err
recur transcribe dial.recur a.wav --n-best 3 | awk -F'\t' 'NR > 1 && $1 > before { print "order" } { before = $1 } END { print NR }'
recur transcribe dial.recur a.wav --json --align --n-best 2 | python3 -c '
import json, sys
j = json.loads(sys.stdin.read())
assert set(j) == {"file", "seconds", "text", "best", "align"} and len(j["best"]) == 2, j
assert [u["unit"] for u in j["align"]] == j["text"].split(), j
print("json")'
recur transcribe dial.recur --stream a.wav; echo $?
for head in fLaC OggS .snd; do { printf $head; head -c 500 /dev/zero; } | recur transcribe dial.recur --stream 2>&1; done
echo '1 6 3' | recur transcribe dial.recur --stream 2>&1; echo $?
recur transcribe dial.recur --stream --json <a.wav | python3 -c '
import json, sys
j = [json.loads(line) for line in sys.stdin]
assert j[-1] == {"text": " ".join(u["unit"] for u in j[:-1])} and len(j) == 4, j
print("stream as json")'
recur transcribe dial.recur a.wav --text '1 9 3' | cut -f3
recur transcribe dial.recur a.wav --text '1 ten' 2>&1; echo $?
recur transcribe dial.recur a.wav --text '1 6 3 1 6 3 1 6 3 1 6 3 1 6 3 1 6 3 1 6 3 1 6 3 1 6 3' 2>&1 | cut -c1-35
recur transcribe dial.recur a.wav --text '1 6 3' --n-best 2 2>&1; echo $?
mkdir lists; cp a.wav lists; printf 'a.wav\t1 9 3\na.wav\t8\n' >lists/known.tsv
recur transcribe dial.recur lists/known.tsv --align | cut -f2,3
recur transcribe dial.recur --lexicon "$SHARE/README.md" a.wav 2>&1 | cut -c1-37
recur transcribe $CLS a.wav 2>&1
printf 'a.wav\t1 6 3\nno.wav\t1\nno tab\n' >list
recur check transcribe list -q; echo $?
recur eval dial.recur list --json 2>errors | python3 -c 'import json, sys; j = json.loads(sys.stdin.read()); print(j["samples"], "wer" in j and "cer" in j)'
grep -c "left out" errors
