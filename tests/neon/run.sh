#!/bin/sh
# SPDX-License-Identifier: MIT
# The kernels' checks on AArch64, built by the cross compiler and run by qemu; exit 77 where either is missing.
#   tests/neon/run.sh [WORK]
set -eu
cc=${NEON_CC-aarch64-linux-gnu-gcc} qemu=${NEON_QEMU-qemu-aarch64}
for need in "$cc" "$qemu"; do
    command -v "$need" >/dev/null || { echo "skipped: no $need (Debian: gcc-aarch64-linux-gnu, qemu-user)"; exit 77; }
done
root=$(cd "$(dirname "$0")/../.." && pwd)
work=${1-$(mktemp -d)}
mkdir -p "$work"
[ $# -gt 0 ] || trap 'rm -rf "$work"' EXIT
flags="-std=c11 -O3 -D_DEFAULT_SOURCE -D_POSIX_C_SOURCE=200809L -ffp-contract=off -Wall -Wextra -Wshadow -Wconversion
    -I$root/include -I$root/src -I$root/tests/neon -I$root/tests"
objects=
for file in "$root"/src/kern/*.c "$root"/src/cell/*.c "$root"/src/base/error.c "$root"/src/base/memory.c "$root"/src/base/pool.c \
    "$root"/src/base/rng.c "$root"/src/base/clock.c "$root"/tests/neon/utf8.c; do
    object=$work/$(basename "$(dirname "$file")")_$(basename "$file" .c).o
    $cc $flags -c "$file" -o "$object"
    objects="$objects $object"
done
for test in kern_store kern_cells kern_check; do
    $cc $flags -fno-tree-vectorize "$root/tests/unit/$test.c" $objects -static -pthread -lm -o "$work/$test"
    echo "== $test"
    "$qemu" "$work/$test"
done
