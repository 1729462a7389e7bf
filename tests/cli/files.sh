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
head -n 60 $SHARE/stories.txt >lf.txt; sed 's/$/\r/' lf.txt >crlf.txt
for f in lf crlf; do recur train lm $f.txt --unit char --net 'embed 4 | gru 4 | dense' --steps 2 --batch 2 --no-baseline -q -o $f.recur; done
recur eval lf.recur lf.txt --json >a; recur eval crlf.recur crlf.txt --json >b; cmp a b && echo "line ends"
