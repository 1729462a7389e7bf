#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the library, the command and the tests, and runs them.
#   ./test.sh           everything, optimised, in build/
#   ./test.sh quick     only the tests that take seconds
#   ./test.sh asan      the quick tests under the address and undefined-behaviour sanitizers (build-asan/)
#   ./test.sh tsan      the threaded tests under the thread sanitizer (build-tsan/)
#   ./test.sh clang     builds everything with clang, runs the quick tests (build-clang/)
# WERROR=1 makes every warning a failure; JOBS=N sets how many programs run at a time (default: one a core).
set -eu
cd "$(dirname "$0")"

what=${1-all}
jobs=${JOBS-$(nproc 2>/dev/null || echo 2)}
preset=$what label='' around=''
case $what in
all)   preset=release ;;
quick) preset=release label=quick ;;
asan)  label=quick ;;
tsan)  label=threads ;;
clang) label=quick ;;
*)     sed -n 's/^# \{0,1\}//p' "$0" | sed -n 2,8p; exit 2 ;;
esac

need='build test'
[ "$what" != clang ] || need='build test ci'
# shellcheck disable=SC2086
tools/packages.sh $need

werror=OFF
[ -z "${WERROR-}" ] || werror=ON
echo "configure: cmake --preset $preset"
cmake --preset "$preset" -DCMAKE_COMPILE_WARNING_AS_ERROR=$werror >/dev/null
folder=build
[ "$preset" = release ] || folder=build-$preset
echo "build: $folder, $jobs at a time"
cmake --build "$folder" -j "$jobs"

export ASAN_OPTIONS="${ASAN_OPTIONS-detect_leaks=1:abort_on_error=0:allocator_may_return_null=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS-print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS-halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1}"
# The thread sanitizer needs its own place in memory, which address randomisation of new kernels may take.
if [ "$what" = tsan ] && setarch "$(uname -m)" -R true 2>/dev/null; then
    around="setarch $(uname -m) -R"
fi
echo "test: ctest${label:+ -L $label}"
# shellcheck disable=SC2086
exec $around ctest --test-dir "$folder" -j "$jobs" --output-on-failure ${label:+-L "^$label\$"} </dev/null
