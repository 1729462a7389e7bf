# SPDX-License-Identifier: MIT
# The same seed writes the same text, for any number of threads; options do what they say.
command -v python3 >/dev/null || exit 77
recur generate $LM --length 100 --seed 7 >a 2>e || exit 1
[ -s e ] && echo "talks: $(cat e)"
recur generate $LM --length 100 -s 7 -t 1 >b; cmp a b
RECUR_SEED=7 recur generate $LM --length=100 >b; cmp a b
RECUR_SEED=8 recur generate $LM --length=100 --seed 7 >b; cmp a b
recur generate $LM --length 100 --seed 8 >b; cmp -s a b && echo "seed does nothing"
recur generate $LM --length 50 --temperature 0 --seed 1 >a; recur generate $LM --length 50 --top-k 1 --seed 9 >b; cmp a b
recur generate $LM --prompt 'The ' --length 5 >a; echo 'The ' | tr -d '\n' | recur generate $LM --prompt - --length 5 >b; cmp a b
recur generate $LM --length 20 --json | python3 -c 'import json, sys; j = json.load(sys.stdin); assert set(j) == {"prompt", "text", "seed"}; print("json")'
recur generate $LM --length 200 --report 2>report >/dev/null && grep -c 'longest_copy' report
recur generate $LM $SHARE/stories.txt --length 200 --report --json 2>report >/dev/null && python3 -c 'import json; json.load(open("report")); print("report")'
