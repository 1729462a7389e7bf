#!/bin/sh
# SPDX-License-Identifier: MIT
# The first minute: installs what the build needs, builds the command, trains a language model and a sentiment classifier
# on the texts of share/, and shows what they say.  Leaves everything in build-quickstart/; may be run again.
set -eu
cd "$(dirname "$0")"
step() { printf '\n== %s\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }

build=build-quickstart
step "1. What the build needs"
tools/packages.sh --install build
echo "everything is there"

step "2. Building the command"
cmake --preset quickstart >/dev/null
cmake --build $build -j "$(nproc 2>/dev/null || echo 2)"
recur=$build/recur

step "3. A language model: it reads 330 KB of little stories, word by word, for half a minute"
run $recur train lm share/stories.txt --unit word --time 30s -o $build/stories.recur --force
step "   ... and goes on with a beginning"
run $recur generate $build/stories.recur --prompt "Once there lived" --length 120 --seed 1
echo

step "4. A classifier: 16,000 sentences, English and Chinese, good or bad"
run $recur train classify share/sentiment.tsv --time 25s -o $build/sentiment.recur --force
step "   ... is measured on sentences of another kind, beside a simple baseline"
run $recur eval $build/sentiment.recur share/sentiment.test.tsv
step "   ... and judges sentences that nobody has shown it"
while read -r sentence; do
    printf '%-28s %s\n' "$(printf '%s\n' "$sentence" | $recur classify $build/sentiment.recur - 2>/dev/null)" "$sentence"
done <<'SENTENCES'
这部电影太精彩了,值得推荐!
这部电影一点也不好看。
酒店没有让我失望,下次还会再来。
服务太差了,浪费钱。
味道不错,一点也不贵。
What a wonderful film, I loved every minute!
The food was not good at all.
It is not bad, and the music is never boring.
I could not put this book down.
The hotel was dirty and the staff were rude.
SENTENCES

step "Try your own"
cat <<END
  echo "I did not expect it to be this good" | $recur classify $build/sentiment.recur
  $recur generate $build/stories.recur --prompt "The king" --temperature 0.9
  $recur inspect $build/sentiment.recur
  docs/guide.md (docs/guide.zh.md) goes on from here.
END
