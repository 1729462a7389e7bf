# SPDX-License-Identifier: MIT
# What was trained is kept: diverged, with checkpoints that cannot be written, or stopped; nothing that stands is replaced
# unasked, and what cannot work is said before a step is made.
export RECUR_THREADS=1
net='embed 8 | rnn 8 act=relu | dense'
wild="lm $SHARE/stories.txt --unit char --optimizer sgd --lr 30 --clip 0 --schedule constant --steps 600 --no-baseline"
recur train $wild --warmup 500 --eval-every 5 --net "$net" -o a.recur >/dev/null 2>err; echo "diverged: $?"
grep -c 'the weights of step [0-9]* are kept' err
recur inspect a.recur --json | grep -c '"best_step"'
recur train $wild --warmup 0 --net "$net" -o b.recur >/dev/null 2>err; echo "at once: $?"
grep -c 'no weights are kept' err
ls b.recur 2>/dev/null

calm="lm $SHARE/stories.txt --unit char --batch 8 --bptt 16 --no-baseline"
: >c.recur.ckpt                          # a file where the folder should be
recur train $calm --steps 20 --save-every 0.001s --net "$net" -o c.recur >/dev/null 2>err; echo "no checkpoints: $?"
recur inspect c.recur >/dev/null && echo model

mkdir folder; cp $SHARE/sentences.txt in.txt
recur train $calm --steps 20 --net "$net" -o folder -f --log d.log >/dev/null 2>err; echo "folder: $? $(grep -c 'is a folder' err)"
recur train lm in.txt --unit char --steps 20 --net "$net" -o in.txt -f >/dev/null 2>err; echo "input: $? $(grep -c 'would be replaced' err)"
cmp in.txt $SHARE/sentences.txt && echo unharmed

recur train $calm --steps 100000 --net "$net" -o e.recur --log e.log >/dev/null 2>&1 &
while ! grep -q '"event":"step"' e.log 2>/dev/null; do sleep 0.02; kill -0 $! || break; done
kill -TERM $!
wait $!; echo "stopped $?"
recur train $calm --steps 100000 --net "$net" -o e.recur >/dev/null 2>err; echo "again: $? $(grep -c -e --resume err)"
ls e.recur.ckpt | grep -c gen
recur train $calm --steps 20 --net "$net" -o e.recur --force >/dev/null 2>&1; echo "anew: $?"
ls -d e.recur.ckpt 2>/dev/null
recur version --lang fr 2>&1 | grep -c 'fr'; recur version --color foo 2>&1 | grep -c foo
RECUR_KERNELS=foo recur version 2>err; echo "kernels: $? $(grep -c foo err)"
