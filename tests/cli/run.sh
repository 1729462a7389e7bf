#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh RECUR SOURCE MODELS NAME: runs NAME.sh in an empty folder and compares what it prints and returns.
#   NAME.stdout.exact   stdout, byte for byte          NAME.stdout.glob, NAME.stderr.glob   a shell pattern for the whole stream
#   NAME.exit           the exit code (0 without it)
# A script finds: recur in its PATH, SHARE (the project's demo data), LM and CLS (two small models), 77 to skip.
# run.sh RECUR SOURCE MODELS --models trains these two.
set -u
recur=$1 source=$2 models=$3 name=$4
here=$source/tests/cli
for v in $(env | sed -n 's/^\(RECUR_[A-Z_]*\)=.*/\1/p'); do unset "$v"; done
unset NO_COLOR
export LC_ALL=C.UTF-8 SHARE="$source/share" LM="$models/lm.recur" CLS="$models/cls.recur"
PATH=$(dirname "$recur"):$PATH
export PATH

if [ "$name" = --models ]; then
    mkdir -p "$models" && cd "$models" || exit 1
    recur train lm "$SHARE/stories.txt" --unit char --net 'embed 16 | gru 48 | dense' --steps 60 --batch 16 --bptt 32 --force -o lm.recur || exit 1
    recur train classify "$SHARE/sentiment.tsv" --net 'embed 16 | gru 16 | pool max | dense' --epochs 1 --pairs 0 --force -o cls.recur || exit 1
    exit 0
fi

work=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir "$work/in" && cd "$work/in" || exit 1
sh "$here/$name.sh" >"$work/stdout" 2>"$work/stderr" </dev/null
code=$?
[ $code = 77 ] && { cat "$work/stderr"; exit 77; }
bad=0
wrong() { echo "$name: $1"; bad=1; }
want=0
[ -f "$here/$name.exit" ] && want=$(cat "$here/$name.exit")
[ "$code" = "$want" ] || wrong "exit $code, not $want"
[ -f "$here/$name.stdout.exact" ] && { diff "$here/$name.stdout.exact" "$work/stdout" || wrong "stdout differs"; }
for stream in stdout stderr; do
    glob=$here/$name.$stream.glob
    [ -f "$glob" ] || continue
    pattern=$(cat "$glob") text=$(cat "$work/$stream")
    case $text in
    $pattern) ;;
    *) wrong "$stream does not match:"; cat "$glob" ;;
    esac
done
[ $bad = 0 ] || { echo "--- stdout"; cat "$work/stdout"; echo "--- stderr"; cat "$work/stderr"; }
exit $bad
