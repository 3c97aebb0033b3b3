#!/bin/bash
# Tests of the C library as a user gets it: built, installed into a prefix of its own, found by
# pkg-config. `tests/c/run.sh` runs every group; `tests/c/run.sh plain header` runs those.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
failed=0

groups=(header plain exports abi man panics packages examples two_archives sanitizers valgrind cost)
[ $# -eq 0 ] || groups=("$@")

tests=()
for file in "$here"/*.c; do tests+=("$(basename "$file" .c)"); done

say() { printf '%s\n' "$*"; }
skip() { say "  skipped: $*"; }
fail() { say "  FAILED: $*"; failed=1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command quietly; shows what it said where it fails.
try() {
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        say "  ok: $what"
    else
        fail "$what"
        sed 's/^/    /' "$work/log"
    fi
}

say "== building and installing librsocket"
"$root/bindings/c/install.sh" --prefix "$prefix"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export LD_LIBRARY_PATH=$prefix/lib
read -ra shared <<<"$(pkg-config --cflags --libs rsocket)"
read -ra static <<<"$(pkg-config --cflags rsocket) $prefix/lib/librsocket.a -lpthread"
warnings=(-Wall -Wextra -Wpedantic -Werror)

for group in "${groups[@]}"; do
    [ -r "$here/groups/$group.sh" ] || { say "no group $group"; exit 2; }
    say "== $group"
    # shellcheck source=/dev/null
    . "$here/groups/$group.sh"
done
[ "$failed" = 0 ] && say "== all of the C tests passed" || say "== some of the C tests FAILED"
exit "$failed"
