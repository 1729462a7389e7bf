# SPDX-License-Identifier: MIT
# A folder that may not be written in is found out before the first step.
mkdir closed && chmod 555 closed
touch closed/probe 2>/dev/null && { echo "this user may write everywhere" >&2; exit 77; }
recur train lm $SHARE/stories.txt --steps 1 -o closed/m.recur
