# SPDX-License-Identifier: MIT
# Keys as promised; the text names net, formulas, labels.
command -v python3 >/dev/null || exit 77
for m in $LM $CLS; do
    recur inspect $m --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
assert {"task", "net", "parameters", "labels", "training"} <= set(j), j.keys()
print(j["task"], j["parameters"] > 0, len(j["labels"]))'
    recur inspect $m >text || exit 1
    grep -c '^net .*gru\|^formulas\|^shapes\|^training' text
done
