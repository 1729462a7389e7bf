# SPDX-License-Identifier: MIT
# Tags come back in the input's own form, sentence by sentence, however they come in.
command -v python3 >/dev/null || exit 77
N='embed 8 | conv 8 | pool max >> embed 12 | embed 4 of=shape | side | lstm 16 bi | dense | crf'
recur train tag "$SHARE/entities.conll" --net "$N" --steps 150 --lr .01 --threads 1 -q -o names.recur >/dev/null || exit 1
recur train tag "$SHARE/words.zh.txt" --segment --net 'embed 12 | embed 12 of=pairs | lstm 16 bi | dense | crf' --steps 150 --lr .01 --threads 1 -q -o words.recur >/dev/null || exit 1
recur train tag "$SHARE/commands.conll" --net 'embed 12 | lstm 16 bi || dense | crf || pool max | dense | softmax' --steps 300 --lr .01 --threads 1 -q -o do.recur >/dev/null || exit 1

head -200 "$SHARE/entities.test.conll" >in
recur tag --threads 1 names.recur in >a || exit 1
cut -f 1,2 a | cmp - in && echo "columns kept"
awk -F'\t' 'NF && NF != 3 { bad++ } END { print bad + 0, "lines without a tag" }' a
cat in | recur tag --threads 1 names.recur - --line-buffered | cmp - a && echo "the same one by one"
gzip -c in | recur tag --threads 1 names.recur | cmp - a && echo "the same from gzip"
tr '\t' ' ' <in | recur tag --threads 1 names.recur --form columns | tr ' ' '\t' | cmp - a && echo "the same with blanks"
cut -f 3 a | paste - in | awk -F'\t' 'NF > 1 { n++; same += $1 == $3 } END { print (same > .8 * n ? "mostly right" : "wrong") }'
printf 'Mary met Tom in Oslo .\n\nno name here\n' | recur tag --threads 1 names.recur | awk -F'\t' '{ print NF }' | uniq -c | awk '{ print $1 "x" $2 }' | paste -sd' '
printf '1\tMary\tMary\tX\t_\t_\t_\t_\t_\t_\n2-3\tisnt\t_\t_\t_\t_\t_\t_\t_\t_\n2\tis\tbe\tX\t_\t_\t_\t_\t_\t_\n' | recur tag --threads 1 names.recur | cut -f 1,2,4,10 | sed "s/\t[OBI][^\t]*\t/\ttag\t/"
printf 'a b\tx\n' | recur tag --threads 1 names.recur | cut -f 1,2
printf 'Tom sang .\n' | recur tag --threads 1 names.recur --best 3 | grep -c '^# reading'
printf 'Tom sang .\nMary\n' | recur tag --threads 1 names.recur --json | python3 -c '
import json, sys
for i, l in enumerate(sys.stdin):
    j = json.loads(l)
    assert j["line"] == i + 1 and len(j["words"]) == len(j["tags"]) == len(j["p"]) and all(0 < p <= 1.000001 for p in j["p"]), j
print("json")'
printf 'Mary met\nB\377x Riga M\000r left\nB\377\n' >bytes
recur tag --threads 1 names.recur bytes 2>note | cut -f 1 | paste -sd' '
cat note
recur tag --threads 1 names.recur bytes --json 2>/dev/null | python3 -c '
import json, sys
print([len(j["words"]) == len(j["tags"]) for j in map(json.loads, sys.stdin)])'
printf '我喜\377欢\n' | recur tag --threads 1 words.recur 2>/dev/null | tr -d ' '
printf '我喜欢北京 大学\n\n他\n' | recur tag --threads 1 words.recur --segment >w
tr -d ' ' <w
sed -n 1p w | grep -q '北京 .*大学' && echo "a blank stays"
printf '# id = 1\n1\t我们\t_\tX\t_\t_\t_\t_\t_\t_\n2\t喜欢\t_\tX\t_\t_\t_\t_\t_\t_\n\n1\t他\t_\tX\t_\t_\t_\t_\t_\t_\n' >zh.conllu
recur tag --threads 1 words.recur zh.conllu | tr -d ' '
head -20 "$SHARE/words.zh.test.txt" | tr -d ' ' >signs
recur tag --threads 1 words.recur signs | tr -d ' ' | cmp - signs && echo "signs kept"
printf 'wake me tonight\n' | recur tag --threads 1 do.recur | head -1
head -12 "$SHARE/commands.test.conll" | recur tag --threads 1 do.recur | grep -c '^# intent'

# Columns or text: more than the first line tells, and a guess is said.
form() { recur tag --threads 1 "$@" --json 2>note | python3 -c '
import json, sys
print([len(json.loads(l)["words"]) for l in sys.stdin], end=" ")'; sed 's/.*: //' note | cut -c 1-11; [ -s note ] || echo; }
printf '#Riga is great\n#a b\nTom sang in Oslo .\n' | form names.recur
printf '# 1 of 2\nTom sang\nMary\n' | form names.recur
printf 'Tom\tsang in\nMary\nAnn left\n' | form names.recur
printf 'Tom B-PER\nsang O\nin the O\n\nMary B-PER\nleft O\n' | sed 's/ the//' | form names.recur
printf 'Tom\nsang\n.\n\nMary\nleft\n' | form names.recur
printf 'Tom\nsang\nMary\n' | form names.recur
printf 'Tom\nsang\nMary\n' | form names.recur --form columns
printf '# intent = x\nwake\nme\n' | form do.recur
printf '#1\n' | form names.recur --line-buffered
# The word # is one where its line has the others' columns; no blank in a word parts it.
printf 'Mr O\n# O\n5 O\n' | recur tag --threads 1 names.recur --form columns -q | cut -d' ' -f 1,2 | paste -sd,
printf '# O\nMr O\n# a remark\n# x=y\n' | recur tag --threads 1 names.recur --form columns -q | awk '{ print NF }' | paste -sd' '
printf 'New York\tO\nA\fB\tO\nOslo\tO\n' >blanks
recur tag --threads 1 names.recur blanks | awk -F'\t' '{ print NF }' | paste -sd' '
recur tag --threads 1 names.recur blanks --json | python3 -c '
import json, sys
print(json.loads(sys.stdin.readline())["words"])'
# What a sentence is: the line that said so says it anew, the last one as in training; other remarks stay.
printf '# intention_id = 7\n# label = x\n# Class = y\nwake\tO\n\n# intent = z\n\nwake\tO\n# domain = q\nme\tO\n' | recur tag --threads 1 do.recur | sed 's/= [a-z]\{2,\}$/= ?/; s/\t.*//'
# CoNLL-U: the model's column is filled.
awk -F'\t' -v OFS='\t' 'NF { print ++n, $1, "_", "_", $2, "_", "_", "_", "_", "_"; next } { n = 0; print }' "$SHARE/entities.conll" >u.conllu
recur train tag u.conllu --column 5 --net 'embed 12 | lstm 16 bi | dense | crf' --steps 20 --threads 1 -q -o u5.recur >/dev/null || exit 1
printf '1\tMary\tl\tfour\tfive\t_\t_\t_\t_\t_\n' >one.conllu
for o in "" "--column 4"; do recur tag --threads 1 u5.recur one.conllu $o | awk -F'\t' '{ print $4 == "four", $5 == "five" }'; done
recur tag --threads 1 names.recur one.conllu | awk -F'\t' '{ print $4 == "four", $5 == "five" }'
recur eval do.recur "$SHARE/commands.test.conll" --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
assert j["f1"] > .6 and j["intent_accuracy"] > .8 and j["both_right"] <= j["intent_accuracy"] and j["baseline"]["f1"] > 0, j
print("eval")'
recur eval words.recur "$SHARE/words.zh.test.txt" --min f1=.5 -q >/dev/null && echo "gate"
recur tag names.recur --segment </dev/null; echo $?
echo 'x' | recur tag --threads 1 names.recur --form tables; echo $?
recur tag --threads 1 "$CLS" in; echo $?
printf 'a\tO\nb\n\nc\tO\nd\tB-X\n' >bad
recur check tag bad --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
print([(p["line"], p["kind"]) for p in j["problems"]])'
