#!/bin/sh
# SPDX-License-Identifier: MIT
# Lines of every source file.  A file of more than 500 lines is a warning, of more than 800 a failure; the library has
# a written budget of 40,000 lines (ARCHITECTURE.md says what for).  Growth is a decision.
#   tools/size.sh        the sums of the folders and whatever is too long
#   tools/size.sh -v     each file too
set -eu
cd "$(dirname "$0")/.."

find include src cli examples tests tools -type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' \) 2>/dev/null | sort |
    xargs wc -l | awk -v verbose="${1-}" -v budget=40000 '
    $2 == "total" { next }
    {
        n = split($2, at, "/")
        folder = at[1]; if (at[1] == "src" || at[1] == "tests") { folder = $2; sub(/\/[^\/]*$/, "", folder) }
        if (!(folder in sum)) order[++k] = folder
        sum[folder] += $1; files[folder]++
        if (at[1] == "src" || at[1] == "include") library += $1
        if (verbose == "-v") printf "%6d  %s\n", $1, $2
        if ($1 > 800) { printf "%s: %d lines, more than 800: part it\n", $2, $1; bad++ }
        else if ($1 > 500) printf "%s: %d lines, more than 500 (a warning)\n", $2, $1
    }
    END {
        for (i = 1; i <= k; i++) printf "%7d lines %4d files  %s\n", sum[order[i]], files[order[i]], order[i]
        printf "size: the library has %d of 40000 lines\n", library
        if (library > 40000) { print "size: the library is over its budget"; bad++ }
        exit bad > 0
    }'
