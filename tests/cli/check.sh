# SPDX-License-Identifier: MIT
# Clean data: 0.  Problems: 3, each with file:line.
command -v python3 >/dev/null || exit 77
recur check lm $SHARE/stories.txt >/dev/null 2>&1; echo $?
recur check classify $SHARE/sentiment.tsv >/dev/null 2>&1; echo $?
printf 'good\ta fine film\nno tab on this line\nbad\ta dull film\nbad\t\n' >data.tsv
recur check classify data.tsv >out 2>err; echo $?
grep -c '^data.tsv:2: ' out
grep -c '^data.tsv:4: ' out
recur check classify data.tsv --json 2>/dev/null | python3 -c '
import json, sys
j = json.load(sys.stdin)
assert all({"file", "line", "what"} <= set(p) for p in j["problems"]) and len(j["problems"]) >= 2
print("json")'
