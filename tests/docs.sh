#!/bin/sh
# SPDX-License-Identifier: MIT
# Executes what the documents show.  tests/docs.sh COMMAND [FILE...]
#   ```sh            the lines run, one shell a block (set -eu), all blocks of a file one after the other in one folder,
#                    where share/ and examples/ are the project's and `recur` is COMMAND
#   ```sh slow       not run; of its lines that call recur, verb and options must exist, and ./scripts must stand there
#   ```console       lines `$ command` run, their output is compared; numbers may differ; a last line ... stands for the rest
#   ```console loose the same, but only the exit status counts
#   ```c FILE        is that file of the project, word for word;  ```c alone compiles
# Trainings are cut short: --time 30s runs as --time 2s, --epochs 25 as --epochs 1.
set -eu
recur=$(realpath "$1")
shift
cd "$(dirname "$0")/.."
project=$PWD
[ $# -gt 0 ] || set -- $(ls README.md docs/guide.md docs/guide.zh.md docs/results.md docs/speed.md docs/jobs/*.md docs/cli/*.md share/README.md 2>/dev/null)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$recur" "$work/bin/recur"
export PATH="$work/bin:$PATH" NO_COLOR=1 LC_ALL=C.UTF-8 RECUR_THREADS=2     # others may want a core too
ran=0 checked=0 bad=0

say() { bad=$((bad + 1)); printf '%s: %s\n' "$1" "$2"; }

# Each fenced block of $1 into a file NNNN.line.kind of folder $2.
cut_blocks() {
    awk -v out="$2" '
        /^ *```/ {
            if (open) { close(file); open = 0; next }
            kind = $0; sub(/^ *```/, "", kind); gsub(/ /, "-", kind); gsub(/\//, "%", kind)
            if (kind == "") kind = "text"
            file = sprintf("%s/%04d.%d.%s", out, ++n, NR + 1, kind)
            printf "" >file
            open = 1
            next
        }
        open { print >file }' "$1"
}

# Verb and options of every call of recur in file $2 stand in its help.
check_calls() {
    sed -e ':a' -e '/\\$/N; s/\\\n//; ta' -e 's/^\$ //' "$2" | grep -E '(^|[|;&(] *)recur [a-z]' >"$work/calls" || true
    while read -r line; do
        call=$(printf '%s\n' "$line" | sed -E 's/.*(^|[|;&(] *)recur /recur /; s/ [|<>].*//; s/ #.*//')
        verb=$(printf '%s\n' "$call" | awk '{ print $2 }')
        case $verb in help|version) continue ;; esac
        if ! recur help "$verb" >"$work/help" 2>&1; then
            say "$1" "no such verb: $verb"
            continue
        fi
        for option in $(printf '%s\n' "$call" | sed "s/'[^']*'//g; s/\"[^\"]*\"//g" | grep -oE -- '--[a-z][a-z0-9-]*' | sort -u); do
            grep -qE -- "$option([^a-z0-9-]|\$)" "$work/help" || say "$1" "recur $verb has no option $option"
        done
        checked=$((checked + 1))
    done <"$work/calls"
    for script in $(grep -oE '^(\$ )?\./[A-Za-z0-9_./-]+' "$2" | sed 's/^\$ //' | sort -u); do
        [ -x "$project/$script" ] || say "$1" "$script does not stand there, or may not be run"
    done
}

numbers() { sed -E 's/[0-9]+([.,:][0-9]+)*(e[-+]?[0-9]+)?/#/g; s/-#/#/g; s/[[:space:]]+/ /g; s/ $//' "$1" | grep -v '^ *$' || true; }

run_console() {    # $1 where, $2 file, $3 loose or not
    rm -f "$work/commands" "$work/expected"
    awk -v w="$work" '/^\$ / { print substr($0, 3) >(w "/commands"); next } { print >(w "/expected") }' "$2"
    : >>"$work/expected"
    if ! sh -eu "$work/commands" >"$work/got" 2>"$work/err" </dev/null; then
        say "$1" "failed: $(tail -1 "$work/err")"
    elif [ "$3" != loose ]; then
        cat "$work/err" "$work/got" >"$work/all"
        if [ "$(tail -1 "$work/expected")" = ... ]; then
            lines=$(($(wc -l <"$work/expected") - 1))
            for f in expected got all; do
                head -n $lines "$work/$f" >"$work/head"
                cp "$work/head" "$work/$f"
            done
        fi
        numbers "$work/expected" >"$work/expected.n"
        numbers "$work/all" >"$work/all.n"
        numbers "$work/got" >"$work/got.n"
        if ! cmp -s "$work/expected.n" "$work/got.n" && ! cmp -s "$work/expected.n" "$work/all.n"; then
            say "$1" "the output is not what the document shows:"
            diff "$work/expected.n" "$work/got.n" || true
        fi
    fi
}

sound=$(recur version | grep '^libsndfile' || true)
for doc; do
    case $doc in *transcribe*) [ "$sound" ] || { echo "left out: $doc, this build reads no sound"; continue; } ;; esac
    blocks="$work/blocks.$(echo "$doc" | tr / .)" folder="$work/in.$(echo "$doc" | tr / .)"
    mkdir "$blocks" "$folder"
    ln -s "$project/share" "$folder/share"
    ln -s "$project/examples" "$folder/examples"
    cut_blocks "$project/$doc" "$blocks"
    case $doc in *.zh.md) export RECUR_LANG=zh ;; *) unset RECUR_LANG ;; esac
    cd "$folder"
    for block in "$blocks"/*; do
        [ -e "$block" ] || continue
        kind=$(basename "$block" | cut -d. -f3-)
        sed -i -E 's/--time [0-9]+[smh]/--time 2s/; s/--epochs [0-9]+/--epochs 1/' "$block"
        where="$doc:$(basename "$block" | cut -d. -f2)"
        case $kind in
        sh)
            ran=$((ran + 1))
            sh -eu "$block" >"$work/log" 2>&1 </dev/null || { say "$where" "failed:"; tail -5 "$work/log"; } ;;
        console|console-loose)
            ran=$((ran + 1))
            run_console "$where" "$block" "${kind#console-}" ;;
        sh-slow)
            printf 'not run: %s  %s\n' "$where" "$(grep -v '^#' "$block" | head -1)" ;;
        c-*)
            ran=$((ran + 1))
            cmp -s "$block" "$project/$(echo "${kind#c-}" | tr % /)" || say "$where" "not what stands in $(echo "${kind#c-}" | tr % /)"
            continue ;;
        c)
            ran=$((ran + 1))
            cc -std=c11 -Wall -Wextra -Werror -fsyntax-only -I"$project/include" -x c "$block" || say "$where" "does not compile"
            continue ;;
        *) continue ;;
        esac
        check_calls "$where" "$block"
    done
    cd "$project"
done
echo "docs: $ran blocks run, $checked calls checked, $bad problems"
[ $bad = 0 ]
