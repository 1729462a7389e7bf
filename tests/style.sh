#!/bin/sh
# SPDX-License-Identifier: MIT
# Form of the sources: SPDX heads, line lengths, nothing left open, nothing switched off, no path of one machine.
set -eu
cd "$(dirname "$0")/.."

bad=0
fail() { [ -z "$1" ] || { printf '%s\n' "$1" | sed "s|\$|    <- $2|"; bad=1; }; }
sources() { find include src cli examples tests tools share -type f \( "$@" \) 2>/dev/null | grep -v '\.pb-c\.' | sort; }
c=$(sources -name '*.[ch]')
all=$(sources -name '*.[ch]' -o -name '*.sh' -o -name '*.py'; ls test.sh quickstart.sh .ci/run || true)
texts=$(ls ./*.md docs/*.md docs/jobs/*.md docs/cli/*.md share/*.md 2>/dev/null || true)

for f in $all; do
    case $f in *.h) grep -q "^ *#" "$f" || continue ;; esac     # a list: lines of X(name) and nothing else
    head -3 "$f" | grep -q 'SPDX-License-Identifier: MIT' || fail "$f" "no SPDX line in the first three lines"
done
# Code keeps to 118 columns but for a line here and there; tables and the comments beside a header's fields may be broader.
fail "$(LC_ALL=C.UTF-8 awk 'length($0) > (FILENAME ~ /\.h$/ ? 220 : FILENAME ~ /^tests/ ? 180 : 160) && FILENAME !~ /tables\.c$/ {
            print FILENAME ":" FNR ": " length($0) " columns" }' $c)" "too long"
fail "$(for f in $(printf '%s\n' $c | grep -v 'tables\.c$' | grep '\.c$'); do
            LC_ALL=C.UTF-8 awk -v f="$f" 'length($0) > 118 { n++ } END { if (n * 6 > NR) print f ": " n " of " NR " lines" }' "$f"
        done)" "longer than 118 columns, more than a sixth of the file"
fail "$(grep -nE '[[:space:]]+$' $all || true)" "blanks at the end of the line"
fail "$(grep -nP '\t' $c || true)" "a tab"
# A condition and what it leads to stand on lines of their own, so that a debugger and a reader stop at either.
text='"(?:\\.|[^"\\])*"' sign="'(?:\\\\.|[^'\\\\])+'"
round="(\((?:[^()\"']|$text|$sign|(?1))*\))"                   # round brackets and what they hold
opens='/\*|\{ */\*|\{ *\\?$|\\$'                            # what may follow: a comment, a block, a macro's next line
fail "$(grep -rnP --include='*.[ch]' \
    "^\s*(?:\} )?(?:else )?(?:if|for|while) $round (?!$opens)\S|^\s*(?:\} )?else (?!if |$opens)\S|[{;] (?:if|for|while) \(" \
    src || true)" "a statement on its condition's line"
fail "$(grep -nE '^[[:space:]]*#[[:space:]]*if[[:space:]]+[01]([[:space:]]|$)' $c || true)" "switched off"
left='TO''DO|FIX''ME|X''XX'
fail "$(grep -nE "\\b($left)\\b" $all $texts || true)" "left open"
path='/wo''rk/|/ho''me/[a-z]|/tmp/bui''ld|/ro''ot/'
fail "$(grep -nE "$path" $all $texts CMakeLists.txt CMakePresets.json || true)" "a path of one machine"
# The library neither prints nor ends the program, nor goes past the runtime's allocator.
lib=$(find src -name '*.c' | sort)
fail "$(grep -nE '\b(printf|puts|putchar|perror|exit|abort)[[:space:]]*\(' $lib | grep -vE 'rc_buf_print|__attribute__|^[^:]*:[0-9]+:[[:space:]]*(\*|/\*)' || true)" "a library does not print or exit"
fail "$(grep -nE '\b(rand|srand|drand48|strtok|setlocale)[[:space:]]*\(' $lib || true)" "hidden state"
fail "$(grep -nE '\b(malloc|calloc|realloc|strdup)[[:space:]]*\(' $lib | grep -vE '^src/base/(memory|error)\.c' || true)" "memory comes from rc_new, rc_grow, rc_copy"

# Numbers of equations in the code stand in docs/math.md.
for number in $(grep -ohE '\(([RLGOMISTEDACWPQK])[0-9]{1,2}\)' $(find src/cell src/layer src/head src/kern/ref*.c -name '*.c' 2>/dev/null | grep -v par.c) | sort -u); do
    grep -qF "$number" docs/math.md || fail "$number" "an equation of the code that docs/math.md does not have"
done

# The guides know all keys of layers and heads, and all words of a net.
for key in $(grep -ohE '\{ "[a-z]+", RC_KEY_[A-Z]+' $(find src/layer src/head -name '*.c') | cut -d'"' -f2) \
           $(sed -nE 's/^X\((.*)\)$/\1/p' src/layer/list.h src/head/list.h src/cell/list.h | grep -v '^recur$'); do
    for guide in docs/guide.md docs/guide.zh.md; do
        grep -qE "\`[^\`]*\b$key\b" "$guide" || fail "$key" "a word of the net line that $guide does not explain"
    done
done

[ $bad = 0 ] && echo "style: $(printf '%s\n' $all | wc -l) files in form"
exit $bad
