#!/bin/sh
# The Rust crate beside hand-written libc and other crates: instructions and allocations per call,
# which need valgrind, and time.
#
#   run-rust.sh [--quick] [--json FILE] [CASE...]
#
# Names of cases measure the instructions of those alone. Fails beyond the limits.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
quick='' json=''
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=--quick ;;
    --json) json=$2 && shift ;;
    *) break ;;
    esac
    shift
done
[ -z "$quick" ] || [ $# -gt 0 ] || set -- send recv 'send_to v4' 'recv_from v4' 'recv fd' 'recv batch'

cd "$here/rust"
cargo build --release --quiet
program="${CARGO_TARGET_DIR:-target}/release/rsocket-benches"
lines=$(mktemp -d)
trap 'rm -rf "$lines"' EXIT
status=0
"$program" --rows "$lines/counts" "$@" || status=$?
if [ -n "$quick" ] || [ $# -eq 0 ]; then
    echo
    # shellcheck disable=SC2086 # empty where it is not asked for
    "$program" --clock $quick --rows "$lines/times"
fi
if [ -n "$json" ]; then
    case $json in /*) ;; *) json=$OLDPWD/$json ;; esac
    python3 "$here/results.py" --language rust --runtime "$(rustc --version)" --json "$json" "$lines"/*
fi
exit "$status"
