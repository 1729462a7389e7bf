# SPDX-License-Identifier: MIT
# (Rates are not compared with the peak: a busy machine measures each at another speed.)
# Every group once, shortly: checked against the reference, one JSON line a case, the table; what does not exist is refused.
command -v python3 >/dev/null || exit 77
recur bench --case h64 --seconds 0 --json >a || echo "step: exit $?"
recur bench --case b1-t100-h512 --cell gru --seconds 0 --json --threads 2 >>a || echo "layer: exit $?"
recur bench --group lm --case char --phase train --seconds 0 --json --threads 1 >>a || echo "lm: exit $?"
recur bench --group classify --seconds 0 --json --kernels sse2 >>a || echo "classify: exit $?"
python3 -c '
import json
for line in open("a"):
    r = json.loads(line)
    assert r["peer"] == "recur" and r["checked"] is True and r["runs"] >= 5 and 0 < r["min_s"] <= r["median_s"]
    assert abs(r["gflops"] * r["median_s"] * 1e9 / r["flop"] - 1) < 1e-3 and r["peak_gflops"] > 0 and r["gflops"] > 0
    assert abs(r["gflops"] / r["peak_gflops"] - r["peak_share"]) < 1e-3 and r["threads"] >= 1 and r["version"]
    print(r["group"], r["case"], r["cell"], r["phase"], int(r["flop"]))'
recur bench --case h64 --cell rnn --seconds 0 --quiet | sed 's/  .*//'
recur bench --group layers --seconds 0 2>err; echo "$? $(grep -c 'layer b20-t35-h200-l2' err)"
