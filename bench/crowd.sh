#!/bin/sh
# SPDX-License-Identifier: MIT
# Two threads while other programs want the cores: seconds of small trainings with one thread and with two, first as the
# machine is, then beside busy loops, in turn; the median of each.
#   bench/crowd.sh [LOOPS [REPEATS]]     LOOPS: busy loops beside (default: one a core); REPEATS: of each (default 3)
# RECUR: the command (default build/recur); PREFIX: a program that starts it where no loop runs (for example chrt -r 1).
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
recur=${RECUR-$here/build/recur}
loops=${1-$(nproc)} repeats=${2-3}
dir=$(mktemp -d)
busy=
stop() {
    for id in $busy; do
        kill "$id" 2>/dev/null || true
        wait "$id" 2>/dev/null || true
    done
    busy=
}
trap 'stop; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

# seconds THREADS "TASK FILE OPTIONS..." NET [PREFIX...]: of the training, without start-up
seconds() {
    threads=$1 what=$2 net=$3
    shift 3
    # shellcheck disable=SC2086
    (cd "$here/share" && "$@" "$recur" train $what --net "$net" --eval-every 1000000 --patience 0 --threads "$threads" \
        --quiet --force -o "$dir/m.recur" --log "$dir/log")
    sed -n 's/.*"finished".*"seconds":\([0-9.]*\).*/\1/p' "$dir/log"
}

printf '| net | alone: 1 thread s | 2 threads | ratio | beside %s busy loops: 1 thread s | 2 threads | ratio |\n' "$loops"
printf '| --- | --- | --- | --- | --- | --- | --- |\n'
while IFS=/ read -r what net; do
    : >"$dir/times"
    for i in $(seq "$repeats"); do
        for threads in 1 2; do
            echo "alone$threads $(seconds $threads "$what" "$net" ${PREFIX-})" >>"$dir/times"
        done
        for k in $(seq "$loops"); do
            sh -c 'while :; do :; done' &
            busy="$busy $!"
        done
        for threads in 1 2; do
            echo "crowd$threads $(seconds $threads "$what" "$net")" >>"$dir/times"
        done
        stop
    done
    sort -k1,1 -k2,2n "$dir/times" | awk -v net="$net" '
        { t[$1, ++n[$1]] = $2 }
        function median(k) { return (t[k, int((n[k] + 1) / 2)] + t[k, int(n[k] / 2) + 1]) / 2 }
        END {
            gsub(/\|/, "\\|", net)
            a = median("alone1"); b = median("alone2"); c = median("crowd1"); d = median("crowd2")
            printf "| `%s` | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", net, a, b, b / a, c, d, d / c
        }'
done <<'NETS'
lm stories.txt --steps 4000 --batch 4 --bptt 20/embed 16 | gru 24 | dense
lm stories.txt --steps 250 --batch 16 --bptt 50/embed 32 | lstm 64 | dense
classify sentiment.tsv --steps 250 --batch 8/embed 32 | lstm 48 bi | pool max | dense
lm stories.txt --steps 20 --batch 32 --bptt 64/embed 64 | lstm 256 | dense
lm stories.txt --steps 4 --batch 32 --bptt 64/embed 128 | lstm 512 | dense
NETS
