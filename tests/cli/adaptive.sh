# SPDX-License-Identifier: MIT
# A language model that ends in `adaptive`: the same tensors for any number of threads and after a stop; eval, generate,
# inspect and export know it; who cannot use it says so.
args="lm $SHARE/stories.txt --unit word --batch 8 --bptt 16 --steps 400 --eval-every 50 --no-baseline"
net='embed 12 | gru 16 | adaptive cuts=60,200'
tensors() {                              # all that stands behind the header, whose length are the first 8 bytes
    skip=$(od -An -t u8 -N 8 "$1")
    tail -c +$((skip + 9)) "$1" | cksum
}
recur train $args --net "$net" --threads 1 -o a.recur >/dev/null 2>&1 || exit 1
recur train $args --net "$net" --threads 2 -o b.recur >/dev/null 2>&1 || exit 1
[ "$(tensors a.recur)" = "$(tensors b.recur)" ] && echo threads
recur train $args --net "$net" --threads 1 -o c.recur --log c.log >/dev/null 2>&1 &
while ! grep -q '"event":"step"' c.log 2>/dev/null; do sleep 0.02; kill -0 $! || break; done
kill -TERM $!
wait $!; echo "stopped $?"
recur train $args --net "$net" --threads 1 -o c.recur --resume >/dev/null 2>&1; echo "resumed $?"
[ "$(tensors a.recur)" = "$(tensors c.recur)" ] && echo same
recur eval a.recur $SHARE/stories.txt --json | grep -c '"perplexity"'
recur generate a.recur --length 30 --seed 7 >x; recur generate a.recur --length 30 --seed 7 --threads 1 >y; cmp x y && echo text
recur generate a.recur --length 30 --top-k 1 --seed 1 >x; recur generate a.recur --length 30 --temperature 0 >y; cmp x y && echo greedy
recur export a.recur --weights int8 -o d.recur --quiet && recur eval d.recur $SHARE/stories.txt --json | grep -c '"perplexity"'
recur inspect a.recur | grep -e 'head 1' -e 'p0(gate'
recur train lm $SHARE/stories.txt --unit word --net 'embed 8 | adaptive cuts=900' -o x.recur 2>&1 | tail -n 1
recur train classify $SHARE/sentiment.tsv --net 'embed 8 | pool mean | adaptive' -o x.recur 2>&1 | tail -n 1
recur train tag $SHARE/entities.conll --net 'embed 8 | adaptive' -o x.recur 2>&1 | tail -n 1
# chosen by itself where there are so many words
seq 100001 160000 | sed 's/$/ and/' >many.txt
recur train lm many.txt --unit word --steps 1 --batch 2 --bptt 4 --no-baseline -o many.recur 2>&1 | grep -e '^  net:'
