# SPDX-License-Identifier: MIT
# Files that are missing, no model, damaged or empty: each class of failure has its code.
try() { recur "$@" >out 2>err; echo "$? $(wc -l <err) $(wc -c <out | sed "s,^[1-9].*,some,")"; }
head -c 2000 $LM >cut.recur
echo 'no model at all, just a line of text' >text.recur
: >empty
mkdir folder
for v in "generate M" "classify M" "eval M empty" "inspect M"; do
    for m in missing.recur text.recur cut.recur empty folder; do
        echo "$v $m: $(try $(echo "$v" | sed "s/M/$m/"))"
    done
done
for t in lm classify; do
    for f in missing.txt empty folder; do
        echo "train $t $f: $(try train $t $f -o m.recur)"
        echo "check $t $f: $(try check $t $f)"
    done
done
echo "eval missing: $(try eval $LM missing.txt)"
echo "classify missing: $(try classify $CLS missing.txt)"
