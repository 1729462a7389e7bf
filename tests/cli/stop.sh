# SPDX-License-Identifier: MIT
# Stopped by a signal: the state is saved, the code says which signal, stderr how to go on; resumed, every tensor of the
# model file is the same to the last byte as if nothing had happened, and the curve begins with the first step.
export RECUR_THREADS=1                   # a second thread waits for the first on a busy machine
args="lm $SHARE/stories.txt --unit char --batch 16 --bptt 32 --steps 2500 --eval-every 50 --no-baseline"
net='embed 16 | gru 48 | dense'
tensors() {                              # all that stands behind the header, whose length are the first 8 bytes
    skip=$(od -An -t u8 -N 8 "$1")
    tail -c +$((skip + 9)) "$1" | cksum
}
recur train $args --net "$net" -o straight.recur 2>/dev/null >/dev/null || exit 1
for signal in INT TERM HUP; do
    # a shell ignores SIGINT for what it runs behind itself
    env --default-signal=INT recur train $args --net "$net" -o $signal.recur --log $signal.log 2>err >/dev/null &
    pid=$!
    while ! grep -q '"event":"step"' $signal.log 2>/dev/null; do sleep 0.02; kill -0 $pid || break; done
    kill -$signal $pid
    wait $pid; echo "$signal $?"
    grep -c -e '--resume$' err
    [ -e $signal.recur ] && echo "a model file, though nothing was finished"
    recur train $args --net "$net" -o $signal.recur --resume --log $signal.log >/dev/null 2>err; echo "resumed $?"
    grep -c '^  *1  *2500$' err
    [ "$(tensors straight.recur)" = "$(tensors $signal.recur)" ] && echo same
done
