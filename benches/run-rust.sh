#!/bin/sh
# Instructions and allocations per call of the Rust crate, beside hand-written libc and other crates.
# Needs valgrind. Names of cases as arguments measure those alone. Fails beyond the limits.
set -eu
cd "$(dirname "$0")/rust"
exec cargo run --release --quiet -- "$@"
