# SPDX-License-Identifier: MIT
# Word vectors join the default net of every task that reads words, once, where its words are read.
printf 'the .1 .2 .3\nin .4 .5 .6\na -.1 0 .1\nfilm .3 .3 .3\n' >v.txt
for what in "lm $SHARE/stories.txt --unit word" "classify $SHARE/sentiment.tsv" "tag $SHARE/entities.conll"; do
    recur train $what --vectors v.txt --steps 1 --no-baseline -q -o v.recur --force >/dev/null || exit 1
    recur inspect v.recur --json | grep '^  "net":' | grep -o 'embed 3 vectors' | wc -l
done
