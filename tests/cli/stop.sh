# SPDX-License-Identifier: MIT
# Stopped by a signal: the state is saved, the code says which signal, stderr how to go on; resumed, the model file is
command -v python3 >/dev/null || exit 77
# the same to the last byte as if nothing had happened.
train() { recur train lm $SHARE/stories.txt --unit char --net 'embed 16 | gru 48 | dense' --batch 16 --bptt 32 --steps 400 --eval-every 50 \
          --no-baseline -o "$@"; }
train straight.recur 2>/dev/null >/dev/null || exit 1
for signal in INT TERM HUP; do
    train $signal.recur --log $signal.log 2>err >/dev/null &
    pid=$!
    while ! grep -q '"event":"step"' $signal.log 2>/dev/null; do sleep 0.05; kill -0 $pid || break; done
    kill -$signal $pid
    wait $pid; echo "$signal $?"
    grep -c -e '--resume$' err
    [ -e $signal.recur ] && echo "a model file, though nothing was finished"
    train $signal.recur --resume >/dev/null 2>&1; echo "resumed $?"
    python3 - straight.recur $signal.recur <<'END'
import json, struct, sys
def parts(p):
    b = open(p, "rb").read(); n = struct.unpack("<Q", b[:8])[0]
    return json.loads(b[8:8 + n]), b[8 + n:]
a, b = map(parts, sys.argv[1:])
assert a[1] == b[1], "weights differ"
print("same weights")
END
done
