#!/bin/sh
# SPDX-License-Identifier: MIT
# Poems from titles: what the language model for the Tang poems reads, and how well formed its quatrains are.
#   bench/poems.sh read FILE...         title<TAB>author<TAB>text, plain or gzip -> form<TAB>title<TAB>text on standard output
#   bench/poems.sh judge MODEL TITLES   a quatrain of 5 and one of 7 signs for each line of TITLES: the poems, then how many keep their form
# The form stands first, so that a prompt can ask for it: 五絕 and 七絕 have four lines, 五律 and 七律 eight, 詩 is any other.
# RECUR: the command (default build/recur).
set -eu
recur=${RECUR-$(cd "$(dirname "$0")/.." && pwd)/build/recur}
[ $# -ge 2 ] || { sed -n 's/^# \{0,1\}//p' "$0" | sed -n 2,5p; exit 2; }
verb=$1
shift

# A sign of the poems has three bytes in UTF-8, and each line of a poem ends in one sign more.
case $verb in
read)
    for file in "$@"; do
        gzip -cdf "$file"
    done | LC_ALL=C awk -F '\t' -v OFS='\t' '
        BEGIN { form[72] = "五絕"; form[96] = "七絕"; form[144] = "五律"; form[192] = "七律" }
        { n = length($3); print (n in form ? form[n] : "詩"), $1, $3 }' ;;
judge)
    model=$1 titles=$2 seed=0
    while read -r title; do
        for form in 五絕 七絕; do
            seed=$((seed + 1))
            printf '%s\t%s\t' "$form" "$title"
            "$recur" generate "$model" --prompt "$(printf '%s\t%s\t' "$form" "$title")" --stop '
' --length 60 --temperature 0.7 --seed $seed
            echo
        done
    done <"$titles" | LC_ALL=C awk -F '\t' '
        NF >= 3 {
            print
            n = $1 == "五絕" ? 15 : 21
            good = length($3) == 4 * (n + 3)
            for (i = 1; i <= 4 && good; i++) {
                mark = substr($3, i * (n + 3) - 2, 3)
                good = mark == "，" || mark == "。" || mark == "？" || mark == "！" || mark == "；"
            }
            all++; right += good
        }
        END { printf "%d of %d poems keep their form\n", right, all }' ;;
*) echo "poems: read or judge" >&2; exit 2 ;;
esac
