#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs into an empty folder, compiles the header as C11 and C++17, builds the examples with pkg-config, runs them,
# and finds the package from another CMake project.        install.sh BUILD
set -eu
build=${1:?a build folder}
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/usr" >"$work/log" || { cat "$work/log"; exit 1; }
cc=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
flags=$(sed -n 's/^CMAKE_C_FLAGS:[A-Z]*=//p' "$build/CMakeCache.txt")
pc=$(find "$work/usr" -name recur.pc)
# The package was configured for another prefix: pkg-config is told where it lies now.
export PKG_CONFIG_PATH="${pc%/*}:${PKG_CONFIG_PATH-}"
pkg="pkg-config --define-variable=prefix=$work/usr"

echo '#include <recur.h>' >"$work/h.c"
cp "$work/h.c" "$work/h.cc"
"$cc" -std=c11 -pedantic -Wall -Wextra -Werror $($pkg --cflags recur) -c "$work/h.c" -o "$work/h.o"
if command -v c++ >/dev/null; then
    c++ -std=c++17 -pedantic -Wall -Wextra -Werror $($pkg --cflags recur) -c "$work/h.cc" -o "$work/h.o"
else
    echo "left out: the header as C++17, there is no c++"
fi

mkdir "$work/examples"
make -s -C "$here/examples" BUILD="$work/examples" CC="$cc" CFLAGS="-O2 -Wall -Wextra -Werror $flags" PKG_CONFIG="$pkg"
fails=0
run() {          # run EXAMPLE PATTERN [ARGUMENT...]: what it must print
    name=$1 pattern=$2
    shift 2
    if "$work/examples/$name" "$@" >"$work/out" 2>"$work/err" && grep -q "$pattern" "$work/out"; then
        echo "ok: $name"
    else
        echo "failed: $name printed nothing like '$pattern':"
        cat "$work/out" "$work/err"
        fails=$((fails + 1))
    fi
}
run lm 'the house that Jack built'
run classify 'a cold wind and rain: weather'
run translate '^54321$'
run step '^3 4 5 6 7 8 9 0 1 2 3'
run arrays 'test accuracy \(1\.0\|0\.[89]\)'
run gradients '^2.lstm: .* 59 steps before'
run tag '^Riga	B-LOC$' "$here/share/entities.conll"
if "$work/usr/bin/recur" version --json | grep -q '"sound":"'; then
    run transcribe ': 6 7 9$' "$here/share/dial.tsv" "$here/share/dial.wav#0.0000-0.4298"
else
    echo "left out: transcribe, this build reads no sound"
fi
run forecast '^[12][0-9]\.[0-9] 2[0-2]\.[0-9] 2[0-3]\.'      # on the way up from 20

symbols=$(nm -D --defined-only "$work"/usr/lib*/librecur.so "$work"/usr/lib/*/librecur.so 2>/dev/null | awk '$3 !~ /^recur_/ { print $3 }')
[ -z "$symbols" ] || { echo "failed: librecur.so shows $symbols"; fails=$((fails + 1)); }

mkdir "$work/other"
cat >"$work/other/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.22)
project(other C)
find_package(recur 0.1 REQUIRED)
add_executable(shared step.c)
target_link_libraries(shared PRIVATE recur::shared)
add_executable(static step.c)
target_link_libraries(static PRIVATE recur::static)
END
cp "$here/examples/step.c" "$work/other"
cmake -S "$work/other" -B "$work/other/build" -DCMAKE_PREFIX_PATH="$work/usr" -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="$flags" >"$work/log" &&
    cmake --build "$work/other/build" >>"$work/log" && "$work/other/build/static" | grep -q '^3 4 5' && "$work/other/build/shared" | grep -q '^3 4 5' ||
    { cat "$work/log"; echo "failed: the package from CMake"; fails=$((fails + 1)); }
echo "installed package: $fails failures"
exit $((fails > 0))
