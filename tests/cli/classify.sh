# SPDX-License-Identifier: MIT
# A line of answers for each line of input, in order, however it comes in.
command -v python3 >/dev/null || exit 77
printf 'a wonderful film\n\nboring and far too long\r\n这部电影太精彩了\n' >in
gzip -k in
recur classify $CLS in >a || exit 1
recur classify $CLS <in >b
cat in | recur classify $CLS - >c
recur classify $CLS in.gz >d
gzip -c in | recur classify $CLS --line-buffered >e
for f in b c d e; do cmp a $f; done
wc -l <a
sed -n 2p a
cut -f1 a | sort -u | grep -vc '^-$' | sed 's/[12]/one or two labels/'
recur classify $CLS in -k 2 | awk -F'\t' '{ print NF }'
recur classify $CLS in --json -k2 | python3 -c '
import json, sys
for i, l in enumerate(sys.stdin):
    j = json.loads(l)
    assert j["line"] == i + 1 and set(j) == {"line", "label", "probability", "best"}, j
    assert (j["label"] is None) == (i == 1) and (i == 1 or (len(j["best"]) == 2 and j["best"][0]["label"] == j["label"]))
print("json")'
seq 1 3000 >many
recur classify $CLS many | wc -l
printf 'no end of line' | recur classify $CLS | wc -l
recur classify $CLS </dev/null | wc -c
# labels in front are read as text, which is told once
printf 'positive\ta fine film\nnegative\tdull\nnegative\n' >labelled
recur classify $CLS labelled 2>err >/dev/null; grep -c "^recur: 2 of 3 lines begin with a label" err
cut -f2- labelled | recur classify $CLS 2>&1 >/dev/null | wc -l
