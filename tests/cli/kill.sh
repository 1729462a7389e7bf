# SPDX-License-Identifier: MIT
# SIGUSR1 saves a checkpoint and goes on; after kill -9 the last checkpoint leads to the same bits; a stop is obeyed while
# the pace is measured; other held-out data are another training.
export RECUR_THREADS=1                   # a second thread waits for the first on a busy machine
args="lm $SHARE/stories.txt --unit char --batch 8 --bptt 32 --steps 1200 --eval-every 400 --no-baseline"
net='embed 16 | gru 32 | dense'
tensors() {                              # all that stands behind the header, whose length are the first 8 bytes
    skip=$(od -An -t u8 -N 8 "$1")
    tail -c +$((skip + 9)) "$1" | cksum
}
until_seen() {                           # pattern, file: waits for it, a minute at most
    for i in $(seq 1200); do
        grep -q "$1" "$2" 2>/dev/null && return 0
        sleep 0.05
    done
    echo "$2 never said $1"
}
recur train $args --net "$net" -o straight.recur >/dev/null 2>&1 || exit 1
recur train $args --net "$net" -o m.recur --log m.log >/dev/null 2>&1 &
pid=$!
until_seen '"event":"step"' m.log
kill -USR1 $pid
until_seen '"event":"saved".*gen-1' m.log
kill -KILL $pid
wait $pid 2>/dev/null; echo "killed $?"
ls m.recur.ckpt
[ -e m.recur ] && echo "a model file, though nothing was finished"
recur train $args --net "$net" -o m.recur --resume >/dev/null 2>&1; echo "resumed $?"
[ "$(tensors straight.recur)" = "$(tensors m.recur)" ] && echo same

recur train lm $SHARE/stories.txt --unit char --batch 8 --bptt 32 --time 10m --net "$net" -o p.recur --log p.log >/dev/null 2>&1 &
pid=$!
until_seen '"event":"chosen"' p.log
sleep 0.5; kill -TERM $pid
wait $pid; echo "while measuring: $?"
grep -c '"event":"step"' p.log

head -n 50 $SHARE/sentiment.test.tsv >valid.tsv
set -- classify $SHARE/sentiment.tsv --valid valid.tsv --net 'embed 8 | gru 8 | pool max | dense' --pairs 0 --steps 3000 -o v.recur
recur train "$@" --log v.log >/dev/null 2>&1 &
pid=$!
until_seen '"event":"step"' v.log
kill -TERM $pid
wait $pid; echo "stopped $?"
sed -i '1s/$/ indeed/' valid.tsv
recur train "$@" --resume >/dev/null 2>err; echo "other data: $? $(grep -c 'held-out data was' err)"
