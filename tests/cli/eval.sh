# SPDX-License-Identifier: MIT
# The keys that other programs rely on; the gate; the baseline beside.
command -v python3 >/dev/null || exit 77
tail -c 20000 $SHARE/stories.txt >held.txt
recur eval $LM held.txt --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
keys = {"units", "perplexity", "nats_per_unit", "nats_per_char", "bits_per_char", "unk_rate"}
assert keys <= set(j) and keys | {"name"} <= set(j["baseline"]), j
print("lm")'
recur eval $CLS $SHARE/sentiment.test.tsv --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
assert {"samples", "accuracy", "macro_f1"} <= set(j) and {"name", "accuracy", "macro_f1"} <= set(j["baseline"]), j
print("classify")'
recur eval $CLS $SHARE/sentiment.test.tsv >text && grep -c '^accuracy\|^confusion\|^The net' text
recur eval $CLS $SHARE/sentiment.test.tsv --min accuracy=1.01 >/dev/null 2>err; echo "$? $(grep -c 'below the' err)"
recur eval $CLS $SHARE/sentiment.test.tsv --min accuracy=0.01,macro_f1=0.01 >/dev/null; echo $?
recur eval $LM held.txt --max perplexity=1 >/dev/null 2>&1; echo $?
recur eval $CLS $SHARE/sentiment.test.tsv --min accurate=1 >/dev/null 2>&1; echo $?
recur eval $CLS $SHARE/sentiment.test.tsv --min accuracy >/dev/null 2>&1; echo $?
LANG=zh_CN.UTF-8 LC_ALL= recur eval $CLS $SHARE/sentiment.test.tsv | grep -c '基线\|混淆矩阵'
for m in "$CLS $SHARE/sentiment.test.tsv" "$LM held.txt"; do          # one verdict, said twice
    recur eval $m --json >json; recur eval $m | tail -1 >said
    python3 -c '
import json
j, said = json.load(open("json")), open("said").read()
signs = {"net is better": "better", "WORSE": "worse", "noise": "even", "samples (of": "divided"}
told = [name for sign, name in signs.items() if sign in said] or ["no"]
assert told == [j.get("outcome", "better" if j["better"] else "no")] and j["better"] == (told == ["better"]), (j, said)' || echo "$m"
done
