#!/bin/sh
# SPDX-License-Identifier: MIT
# The figures of docs/results.md: trains, looks at the test part once, prints one JSON line.
#   bench/results.sh DATA NAME [SEED] [recur options...]
# DATA: the folder with the data sets; NAME: a row of the table below; settings were chosen on the validation part.
# RECUR: the command (default build/recur); OUT: where models and logs go (default build/results).
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
recur=${RECUR-$here/build/recur}
out=${OUT-$here/build/results}
[ $# -ge 2 ] || { sed -n 's/^# \{0,1\}//p' "$0" | sed -n 2,5p; exit 2; }
data=$1 name=$2 seed=${3-1}
shift 2
[ $# -eq 0 ] || shift
mkdir -p "$out"

train=$data/cls-$name/train.tsv valid=$data/cls-$name/valid.tsv test=$data/cls-$name/test.tsv
job=classify before=
set -- "$@"
digits=$data/img-mnist
case $name in
adding)       # 600 steps, squared error of sequences that no training saw
    exec "$recur" lab adding --lengths 600 --cells 'gru 64' --steps 5000 --seed "$seed" --json "$@" ;;
pixels | rows | permuted)    # MNIST pixel by pixel, row by row, in one random order: accuracy on the test part
    how='--steps 20000' span=' span=784'
    [ "$name" = rows ] && how='--rows --steps 10000' span=''
    [ "$name" = permuted ] && how="--permuted $how"
    exec "$recur" lab images "$digits/train-images-idx3-ubyte.gz" "$digits/train-labels-idx1-ubyte.gz" \
        "$digits/t10k-images-idx3-ubyte.gz" "$digits/t10k-labels-idx1-ubyte.gz" --cells "gru 128$span" --batch 64 $how --seed "$seed" --json "$@" ;;
shakespeare | shakespeare-hour)
    job=lm train=$out/shakespeare.train.txt valid=$out/shakespeare.valid.txt
    head -c 1003854 "$data/lm-tinyshakespeare/input.txt" >"$train"
    tail -c 111540 "$data/lm-tinyshakespeare/input.txt" >"$valid"
    test=$valid
    if [ "$name" = shakespeare ]; then
        set -- --net 'embed 96 | drop .2 | lstm 768 | drop .6 | dense' --lr .003 --batch 64 --time 15m "$@"
    else          # so many steps that two quiet threads take less than an hour
        set -- --net 'embed 96 | drop .2 | lstm 640 wdrop=.25 | drop .5 | lstm 640 wdrop=.25 | drop .5 | dense' --lr .003 --batch 32 \
            --steps 9500 "$@"
    fi ;;
ptb-small)    # Zaremba et al. 2014: their loss is a sum over the 20 steps, ours a mean: rate 1 and norm 5 become 20 and .25
    job=lm train=$data/lm-ptb/ptb.train.txt.gz valid=$data/lm-ptb/ptb.valid.txt test=$data/lm-ptb/ptb.test.txt
    set -- --unit token --net 'embed 200 | lstm 200 layers=2 | dense' --optimizer sgd --lr 20 --clip .25 --schedule step \
        --lr-after 4 --lr-factor .5 --warmup 0 --batch 20 --bptt 20 --epochs 13 --patience 0 --decay 0 "$@" ;;
ptb)
    job=lm train=$data/lm-ptb/ptb.train.txt.gz valid=$data/lm-ptb/ptb.valid.txt test=$data/lm-ptb/ptb.test.txt
    set -- --unit token --net 'embed 512 | drop .5 | lstm 512 | drop .5 | lstm 512 | drop .5 | dense tie' --epochs 30 "$@" ;;
tang)         # form, title, text of every poem; bench/poems.sh judges what the model writes
    job=lm train=$out/tang.train.txt valid=$out/tang.valid.txt test=$out/tang.test.txt
    for part in train valid test; do
        "$here/bench/poems.sh" read "$data/lm-tang/$part.tsv.gz" >"$out/tang.$part.txt"
    done ;;
chnsenticorp) train=$train.gz valid=$data/cls-chnsenticorp/dev.tsv ;;
imdb)         train=$train.gz valid=$valid.gz test=$test.gz ;;
sst2)         # phrases are short: pairs of words are learned by heart
    train=$data/cls-sst/sst2.phrases.train.tsv.gz valid=$data/cls-sst/sst2.dev.tsv test=$data/cls-sst/sst2.test.tsv
    set -- --pairs 0 --net 'embed 128 | drop .2 word | drop .5 locked | lstm 128 bi | pool max mean | drop .5 | dense | softmax smooth=.1' "$@" ;;
sms-spam | waimai10k) ;;
trec) valid='' ;;
JapaneseVowels | BasicMotions | ItalyPowerDemand)
    train=$data/ts-classification/${name}_TRAIN.ts test=$data/ts-classification/${name}_TEST.ts valid='' ;;
conll | conll-vectors)    # names; then with GloVe vectors of 50 numbers for 2000 words
    job=tag train=$data/tag-conll2003/train.conll.gz valid=$data/tag-conll2003/testa.conll test=$data/tag-conll2003/testb.conll
    [ "$name" = conll ] || set -- --vectors "$data/vec-glove-6b/glove.6B.50d.2k.txt.gz" "$@" ;;
ewt)          # parts of speech
    job=tag train=$data/tag-ud-en-ewt/train.conllu.gz valid=$data/tag-ud-en-ewt/dev.conllu test=$data/tag-ud-en-ewt/test.conllu ;;
zh-gsd)
    job=tag train=$data/tag-ud-zh-gsd/train.conllu.gz valid=$data/tag-ud-zh-gsd/dev.conllu test=$data/tag-ud-zh-gsd/test.conllu ;;
atis | snips)    # slots and intent
    job=tag train=$data/tag-atis-snips/$name.train.conll valid=$data/tag-atis-snips/$name.valid.conll test=$data/tag-atis-snips/$name.test.conll ;;
sxu)          # Chinese words
    job=tag train=$data/tag-sxu-cws/train.txt.gz valid=$data/tag-sxu-cws/valid.txt test=$data/tag-sxu-cws/test.txt
    set -- --segment --epochs 8 --batch 16 --lr .0015 \
        --net 'embed 128 | embed 128 of=pairs | embed 8 of=shape | drop .7 | lstm 200 bi | drop .6 | dense | crf' "$@" ;;
weibo-ner)    job=tag train=$data/tag-weibo-ner/train.conll valid=$data/tag-weibo-ner/dev.conll test=$data/tag-weibo-ner/test.conll ;;
cluener)      # the given test part has no labels: dev is the test, a tenth of train is held out
    job=tag train=$data/tag-cluener/train.conll.gz valid='' test=$data/tag-cluener/dev.conll
    set -- --epochs 2 --lr .003 \
        --net 'embed 64 | embed 64 of=pairs | embed 8 of=shape | drop .5 | lstm 128 bi | drop .4 | dense | crf' "$@" ;;
msra-ner)     job=tag train=$data/tag-msra-ner/train.conll.gz valid='' test=$data/tag-msra-ner/test.conll
    set -- --epochs 3 --batch 32 --lr .003 --held .03 \
        --net 'embed 64 | embed 64 of=pairs | embed 8 of=shape | drop .4 | lstm 128 bi | drop .5 | dense | crf' "$@" ;;
fsdd-strings | fsdd-digits)    # one training, two tests: joined digits, single ones
    job=transcribe train=$out/fsdd/all.train.tsv valid=$out/fsdd/strings.valid.tsv test=$out/fsdd/${name#fsdd-}.test.tsv
    [ -d "$out/fsdd" ] || python3 "$here/bench/fsdd.py" "$data/speech-fsdd" "$out/fsdd"
    cat "$out/fsdd/digits.train.tsv" "$out/fsdd/strings.train.tsv" >"$train"
    set -- --batch 32 --lr .003 --epochs 10 --front 'logmel 40 norm=none' --threads 1 --net 'input | mask time=10 width=8 count=1 |
        conv 64 width=5 stride=2 act=relu | conv 64 width=5 stride=2 act=relu | drop .3 | lstm 128 bi | drop .4 | dense' "$@" ;;
multi30k-de-en | multi30k-en-fr)    # small letters, tokens as given; 2016's test part
    job=translate source=${name#multi30k-} source=${source%-*} target=${name##*-} m=$data/mt-multi30k/tok
    for part in train.gz val test_2016_flickr; do
        for side in $source $target; do
            f=$m/${part%.gz}.$side
            if [ "$part" = train.gz ]; then gzip -dc "$f.gz"; else cat "$f"; fi >"$out/$name.$side"
        done
        paste "$out/$name.$source" "$out/$name.$target" >"$out/$name.${part%.gz}.tsv"
    done
    train=$out/$name.train.tsv valid=$out/$name.val.tsv test=$out/$name.test_2016_flickr.tsv
    set -- --epochs 14 --lr .0015 "$@" ;;
tatoeba-en-fr)
    job=translate train=$data/mt-tatoeba-en-fr/train.tsv.gz valid=$data/mt-tatoeba-en-fr/valid.tsv test=$data/mt-tatoeba-en-fr/test.tsv
    set -- --unit bpe:4000 --lr .003 --eval-every 1250 --epochs 8 --net 'embed 256 | drop .1 | lstm 192 bi >> embed 256 | drop .1 |
        lstm 384 bridge | attend 256 | drop .2 | dense tie' "$@" ;;
tatoeba-en-zh)
    job=translate train=$data/mt-tatoeba-en-zh/train.tsv.gz valid=$data/mt-tatoeba-en-zh/valid.tsv test=$data/mt-tatoeba-en-zh/test.tsv ;;
reverse | add | dates)    # sequences that follow a rule: part of exact answers
    job=translate train=$out/$name.train.tsv valid=$out/$name.valid.tsv test=$out/$name.test.tsv
    python3 "$here/tools/make_pairs.py" "$name" 22000 >"$out/$name.tsv"
    head -20000 "$out/$name.tsv" >"$train"
    sed -n 20001,21000p "$out/$name.tsv" >"$valid"
    tail -1000 "$out/$name.tsv" >"$test" ;;
etth1-*)      # all columns, 96 hours -> 96, 192, 336, 720; the test span is the last 2880 of 14400
    job=forecast train=$data/ts-ett/ETTh1.csv valid='' test=$data/ts-ett/ETTh1.csv
    set -- --input 96 --horizon "${name#etth1-}" --split 8640,2880,2880 "$@" ;;
exchange)     # 96 days -> 96, as the papers on ETT part it
    job=forecast train=$data/ts-exchange-rate/exchange_rate.csv valid='' test=$data/ts-exchange-rate/exchange_rate.csv
    set -- --input 96 --horizon 96 --split .7,.1,.2 "$@" ;;
m4-hourly | m4-weekly)
    job=forecast before=$data/ts-m4/${name#m4-}-train.csv.gz test=$data/ts-m4/${name#m4-}-test.csv valid=''
    train=$before
    if [ "$name" = m4-hourly ]; then set -- --input 168 --horizon 48 --period 24 --epochs 2 "$@"
    else set -- --input 52 --horizon 13 --period 1 --epochs 2 "$@"; fi ;;
*) echo "results: no row named $name" >&2; exit 2 ;;
esac

model=$out/$name.$seed.recur
"$recur" train $job "$train" ${valid:+--valid "$valid"} --seed "$seed" "$@" -o "$model" --force --log "$model.jsonl" >"$model.log" 2>&1
"$recur" eval "$model" ${before:+"$before"} "$test" --json | tee "$model.json"
