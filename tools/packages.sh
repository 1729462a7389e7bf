#!/bin/sh
# SPDX-License-Identifier: MIT
# Which packages of tools/packages.txt are missing, for the groups named.
#   tools/packages.sh build test             says so in words and exits 1; silent and 0 when all are there
#   tools/packages.sh --install build test   installs them first where apt-get may be used (root, or sudo without a password)
set -eu
cd "$(dirname "$0")/.."

present() {
    case $1 in
    cmd:*) command -v "${1#cmd:}" >/dev/null 2>&1 ;;
    pc:*)  command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "${1#pc:}" ;;
    inc:*) echo "#include <${1#inc:}>" | cc -E - >/dev/null 2>&1 ;;
    *)     echo "tools/packages.txt: unknown probe '$1'" >&2; exit 2 ;;
    esac
}

missing() {
    for group in "$@"; do
        while read -r g package probe; do
            if [ "$g" = "$group" ] && ! present "$probe"; then
                printf ' %s' "$package"
            fi
        done <tools/packages.txt
    done
}

install=no
if [ "${1-}" = --install ]; then
    install=yes
    shift
fi
list=$(missing "$@")
[ -n "$list" ] || exit 0

if [ $install = yes ] && command -v apt-get >/dev/null 2>&1; then
    as=
    if [ "$(id -u)" != 0 ]; then
        as=sudo
    fi
    if [ -z "$as" ] || sudo -n true 2>/dev/null; then
        echo "installing:$list"
        export DEBIAN_FRONTEND=noninteractive
        # shellcheck disable=SC2086
        { $as apt-get update -qq && $as apt-get install -qq -y --no-install-recommends $list; } >/dev/null </dev/null ||
            { echo "apt-get failed; its words stand above" >&2; exit 1; }
        list=$(missing "$@")
        [ -n "$list" ] || exit 0
    fi
fi
{
    echo "missing packages:$list"
    echo "install them with:  sudo apt-get install --no-install-recommends$list"
} >&2
exit 1
