# SPDX-License-Identifier: MIT
# Wrong usage is exit 2, nothing on stdout, one line on stderr that helps.
try() { recur "$@" >out 2>err; echo "$? $(wc -l <err) $(cat out err)"; }
code() { recur "$@" >out 2>err; echo "$? $(wc -c <out)"; }                # what the library says may change
try trian
try nonsense
try train --epoch 3
try train lm x --lr fast
try train lm x --lr 1e9
try train lm x -o
try train lm x -z
try train lm x
try train
try classify
try inspect a b
try eval m
try help nothing
try version extra
try generate x --prgress
try train lm x -o m.recur --progress sometimes
try classify $CLS --best 0 x
try train translate x y --focal 1 -o m.recur
try train lm x --quantiles .1 -o m.recur
try check tag x --known calendar
try eval $CLS x --horizon 3
RECUR_EPOCHS=many try train lm x -o m
try generate $CLS
echo x | try translate $CLS
try tag $LM $SHARE/stories.txt
recur classify $LM x 2>&1 | sed 's/.*: a model/a model/'
recur transcribe $LM $SHARE/dial.test.wav 2>&1 | grep -v '^recur: sound' | sed 's/.*: a model/a model/'
printf 'a\nb\n' >a; cp a b; cp a c
try train translate a b c -o m.recur
printf '\223NUMPY\001\000\077\000%s\n12345678' "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1, 1), }" >x.npy
try train classify x.npy -o m.recur
code train sing $SHARE/stories.txt -o m.recur
code train lm $SHARE/stories.txt --net 'embed 16 | lsmt 32' -o m.recur
code classify $LM x
code generate $CLS
