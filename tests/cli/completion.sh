# SPDX-License-Identifier: MIT
# The script is sound, and completes verbs and options.
command -v bash >/dev/null || exit 77
recur completion bash >script
bash -c '. ./script
complete_at() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _recur; echo "${COMPREPLY[*]}"; }
complete_at recur cla
complete_at recur train --epo
complete_at recur help ins'
recur completion tcsh 2>/dev/null; echo $?
