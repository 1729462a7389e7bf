# SPDX-License-Identifier: MIT
# Pairs in one file or in two, --valid with two files, answers line by line however they come in, n-best, attention.
command -v python3 >/dev/null || exit 77
head -600 "$SHARE/dates.tsv" >pairs.tsv
head -40 "$SHARE/dates.test.tsv" >held.tsv
for f in pairs held; do cut -f1 $f.tsv >$f.src; cut -f2 $f.tsv >$f.tgt; done
net='embed 8 | gru 12 bi >> embed 8 | gru 24 bridge | attend | dense'
recur train translate pairs.tsv --valid held.tsv --net "$net" --steps 30 --threads 1 -q -o a.recur || exit 1
recur train translate pairs.src pairs.tgt --valid held.src held.tgt --net "$net" --steps 30 --threads 1 -q -o b.recur || exit 1
recur train translate --valid=held.src held.tgt pairs.src pairs.tgt --net "$net" --steps 30 --threads 1 -q -o c.recur || exit 1
cut -f1 held.tsv >in
for m in a b c; do recur translate $m.recur in >said.$m; done
cmp said.a said.b && cmp said.a said.c && wc -l <said.a
gzip -c in | recur translate a.recur - --line-buffered | cmp - said.a
recur translate a.recur <in --beam 1 | wc -l
printf '1.2.1999\n\n' | recur translate a.recur --n-best 2 | awk -F'\t' '{ print $1, NF }'
printf '1.2.1999\n\n' | recur translate a.recur --json --n-best 2 --attention json | python3 -c '
import json, sys
for i, l in enumerate(sys.stdin):
    j = json.loads(l)
    assert j["line"] == i + 1 and (j["score"] is None) == (i == 1) and len(j["best"]) == (2 if i == 0 else 0), j
    for b in j["best"]:
        assert len(b["attention"]) == len(b["target"]) and len(b["attention"][0]) == len(b["source"]) == 9, b
print("json")'
printf '1.2.1999\n2.3.2004\n' | recur translate a.recur --attention look.svg >/dev/null && ls look*.svg && grep -c '</svg>' look.svg
printf '1.2.1999\n' | recur translate a.recur --attention text | sed -n 2p | tr -s ' '
recur eval a.recur held.tsv --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
assert {"bleu", "chrf", "perplexity", "exact", "bleu_greedy", "baseline"} <= set(j), j
assert j["samples"] == 40 and {"bleu", "chrf", "exact"} <= set(j["baseline"])
print("eval")'
recur eval a.recur held.tsv --beam 1 --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
print("beam", j["beam"], j["bleu"] == j["bleu_greedy"])'
recur eval b.recur held.src held.tgt --json | cut -c1-30
pairs=$(printf '1.2.1999\n' | recur translate a.recur --attention text | tail -n 1 | tr ' ' '\n' | grep -cE '^[0-8]-[0-9]+$')
[ "$pairs" = "$(printf '1.2.1999\n' | recur translate a.recur | tr -d '\n' | wc -m)" ] && echo "a pair a unit"
recur translate a.recur --attention picture in; echo $?
recur translate $CLS in; echo $?
recur train translate pairs.src -q -o d.recur; echo $?
printf 'a\tb\nno tab\n' >bad.tsv
recur check translate bad.tsv -q; echo $?
