# SPDX-License-Identifier: MIT
# Training in a pipe: plain lines, no control signs; log, events and curve in the log folder; nothing replaced unasked.
command -v python3 >/dev/null || exit 77
train() { recur train lm $SHARE/stories.txt --unit char --net 'embed 8 | gru 16 | dense' --batch 8 --bptt 16 --steps 20 --eval-every 10 "$@"; }
train -o m.recur --log-dir logs 2>err >out || { cat err; exit 1; }
tr -d '\n[:print:]' <err | LC_ALL=C tr -d '\200-\377' | wc -c
grep -c '^epoch .* loss ' err
grep -c 'chosen from the data' err
ls logs | sed 's/^events.*/events/' | sort
python3 -c '
import json
j = [json.loads(l) for l in open("logs/log.jsonl")]
assert {"chosen", "step", "evaluated", "finished"} <= {x["event"] for x in j}
assert all(x["step"] <= 20 for x in j if "step" in x)
import xml.dom.minidom; xml.dom.minidom.parse("logs/loss.svg")
print("log")'
train -o m.recur >/dev/null 2>err; echo "again: $? $(wc -l <err)"
train -o m.recur --force -q >out 2>err; echo "force, quiet: $? $(cat out err | wc -c)"
train -o no/such/m.recur >/dev/null 2>err; echo "no folder: $? $(wc -l <err)"
train -o d.recur --dry-run >/dev/null 2>err; echo "dry run: $? $(ls d.recur* 2>/dev/null | wc -l)"
train -o /dev/full --force >/dev/null 2>&1; echo "full: $?"
train -o j.recur --json 2>/dev/null | python3 -c 'import json, sys; assert "perplexity" in json.load(sys.stdin); print("json")'
ls m.recur.ckpt 2>/dev/null
recur train lm - --unit char --net 'embed 8 | gru 16 | dense' --batch 8 --bptt 16 --steps 5 -q -o stdin.recur <$SHARE/stories.txt; echo "stdin: $?"
cat $SHARE/stories.txt | recur train lm - --unit char --net 'embed 8 | gru 16 | dense' --steps 2 -q -o pipe.recur; echo "pipe: $?"
