#!/bin/sh
# SPDX-License-Identifier: MIT
# Holds the includes to the floors: a file includes headers of its own folder and of lower floors only; the command
# and the examples include recur.h alone.  A floor's rooms (src/task/tag) know the floor's own headers and theirs, never
# those of the room beside, and the floor's own files know no room.  Says each breach with file and line; exits 1 if there
# is one.
set -eu
cd "$(dirname "$0")/.."

floors="base format text cell kern layer head net data judge task train decode api"

grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' src cli examples include --include='*.[ch]' 2>/dev/null |
awk -v floors="$floors" '
    BEGIN { n = split(floors, f, " "); for (i = 1; i <= n; i++) height[f[i]] = i }
    {
        split($0, part, ":")
        file = part[1]; line = part[2]
        what = $0; sub(/^[^"]*"/, "", what); sub(/".*/, "", what)
        split(file, at, "/")
        floor = at[2]; room = file ~ /^src\/[^\/]+\/[^\/]+\// ? at[3] : ""
        if (what == "recur.h" || what ~ /\.pb-c\.h$/) next            # everybody may; made by the build
        if (at[1] == "include") why = "the public header includes nothing of ours"
        else if (at[1] == "examples") why = what ~ /\// ? "an example includes recur.h alone" : ""
        else if (at[1] == "cli") why = what ~ /\// ? "the command includes recur.h alone" : ""
        else if (!(floor in height)) why = "src/" floor " is no floor (tools/floors.sh lists them)"
        else if (what !~ /\//) why = ""                               # its own folder
        else {
            delete to; split(what, to, "/")
            if (!(to[1] in height)) why = "no such floor: " to[1]
            else if (height[to[1]] > height[floor]) why = to[1] " lies above " floor
            else if (to[1] == floor && to[3] != "" && to[2] != room) why = "another room of " floor ": " to[2]
            else why = ""
        }
        if (why != "") { printf "%s:%s: \"%s\": %s\n", file, line, what, why; bad++ }
        seen++
    }
    END { printf "floors: %d includes, %d breaches\n", seen, bad; exit bad > 0 }'
