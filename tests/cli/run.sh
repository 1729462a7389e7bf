#!/bin/sh
# SPDX-License-Identifier: MIT
# The command as a user meets it.  tests/cli/run.sh RECUR [NAME...]: trains two small models, then runs each NAME.sh (all
# without names) in an empty folder and compares what it prints and returns with
#   NAME.stdout.exact   stdout, byte for byte          NAME.stdout.glob, NAME.stderr.glob   a shell pattern for the whole stream
#   NAME.exit           the exit code (0 without it)
# A script finds recur in its PATH, SHARE (the project's demo data), LM and CLS (the models), and exits with 77 to skip.
set -u
recur=$(realpath "$1")
shift
here=$(cd "$(dirname "$0")" && pwd)
for v in $(env | sed -n 's/^\(RECUR_[A-Z_]*\)=.*/\1/p'); do unset "$v"; done
unset NO_COLOR LC_MESSAGES LANG
work=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir "$work/bin" && ln -s "$recur" "$work/bin/recur"
export PATH="$work/bin:$PATH" LC_ALL=C.UTF-8 SHARE="$here/../../share" LM="$work/lm.recur" CLS="$work/cls.recur"
[ $# -gt 0 ] || set -- $(cd "$here" && ls ./*.sh | sed 's|^\./||; s|\.sh$||' | grep -v '^run$')

recur train lm "$SHARE/stories.txt" --unit char --net 'embed 16 | gru 48 | dense' --steps 60 --batch 16 --bptt 32 -q -o "$LM" || exit 1
recur train classify "$SHARE/sentiment.tsv" --net 'embed 16 | gru 16 | pool max | dense' --epochs 1 --pairs 0 -q -o "$CLS" || exit 1

wrong() { echo "$name: $1"; bad=1; }
matches() {                              # stream: against the pattern of that name
    glob=$here/$name.$1.glob
    [ -f "$glob" ] || return 0
    pattern=$(cat "$glob") text=$(cat "$work/$1")
    case $text in $pattern) return 0 ;; esac
    wrong "$1 does not match: $pattern"
}
one() {
    bad=0 want=0
    rm -rf "$work/in" && mkdir "$work/in"
    (cd "$work/in" && exec sh "$here/$name.sh") >"$work/stdout" 2>"$work/stderr" </dev/null
    code=$?
    [ $code = 77 ] && { echo "$name: skipped: $(cat "$work/stderr")"; return 0; }
    [ -f "$here/$name.exit" ] && want=$(cat "$here/$name.exit")
    [ "$code" = "$want" ] || wrong "exit $code, not $want"
    [ ! -f "$here/$name.stdout.exact" ] || diff "$here/$name.stdout.exact" "$work/stdout" || wrong "stdout differs"
    matches stdout
    matches stderr
    [ $bad = 0 ] && { echo "$name: ok"; return 0; }
    echo "--- stdout"; cat "$work/stdout"; echo "--- stderr"; cat "$work/stderr"
    return 1
}
failed=0
for name; do
    one || failed=$((failed + 1))
done
echo "$# scripts, $failed failed"
[ $failed = 0 ]
