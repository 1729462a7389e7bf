# SPDX-License-Identifier: MIT
# Fewer bytes a weight: the same answers from the option and from the file, a smaller file, what is refused.
for w in fp16 bf16 int8; do
    recur export $CLS --weights $w -o $w.recur --quiet || exit 1
    recur classify $CLS $SHARE/sentiment.test.tsv --weights $w >a
    recur classify $w.recur $SHARE/sentiment.test.tsv >b
    cmp a b && [ $(wc -c <$w.recur) -lt $(wc -c <$CLS) ] && echo $w
    recur inspect $w.recur --json | grep -c "\"weights\": \"$w\""
    recur generate $LM --weights $w --length 8 --seed 3 >a && [ -s a ] || echo "$w: no text"
done
recur export $CLS --weights int8 -o int8.recur 2>&1 | grep -c -- --force
recur export $CLS --weights int8 2>&1
recur export $CLS -o x.recur 2>&1
recur export $CLS --weights fp8 -o x.recur 2>&1
recur export $CLS --weights int8 -o x.recur --check $SHARE/sentiment.test.tsv | grep -c 'accuracy'
recur eval $CLS $SHARE/sentiment.test.tsv --weights int8 --json | grep -c '"as_stored"'
