#!/usr/bin/env bash
# Line coverage of rust-core by its own tests and examples: a table by file, the lines that no test
# reaches, and a failure below the least that is accepted. Needs rustup's component llvm-tools.
#
#   tests/coverage.sh [--least PERCENT] [--lines]
set -euo pipefail

least=95
lines=
while (($#)); do
    case $1 in
        --least) least=$2; shift 2 ;;
        --lines) lines=--lines; shift ;;
        *) echo "usage: tests/coverage.sh [--least PERCENT] [--lines]" >&2; exit 2 ;;
    esac
done

cd "$(dirname "$0")/.."
sysroot=$(rustc --print sysroot)
tools=$(dirname "$(find "$sysroot/lib/rustlib" -path '*/bin/llvm-profdata' -print -quit)")
if [[ ! -x $tools/llvm-cov ]]; then
    echo "coverage: no llvm-cov of this compiler's LLVM; run: rustup component add llvm-tools" >&2
    exit 1
fi

# Apart from other builds: every crate is compiled for it.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/coverage
export RUSTFLAGS="${RUSTFLAGS:-} -C instrument-coverage"
# Without what a debugger reads it builds sooner; an incremental build leaves out the inlining that
# hides small functions from the count.
export CARGO_PROFILE_TEST_DEBUG=false CARGO_INCREMENTAL=1
profiles=$(mkdir -p "$CARGO_TARGET_DIR" && cd "$CARGO_TARGET_DIR" && pwd)/profiles
rm -rf "$profiles"
mkdir "$profiles"
# Programs that tests start write theirs as well.
export LLVM_PROFILE_FILE="$profiles/%p-%m.profraw"

package=(-p rsocket-core --all-features)
json=--message-format=json-render-diagnostics
# A test starts the examples; `cargo test` with a choice of targets does not build them.
cargo build "${package[@]}" --profile test --examples "$json" >"$profiles/build.json"
cargo test "${package[@]}" --lib --tests --no-run "$json" >>"$profiles/build.json"
cargo test "${package[@]}" --lib --tests --quiet

"$tools/llvm-profdata" merge -sparse "$profiles"/*.profraw -o "$profiles/merged.profdata"
mapfile -t programs < <(python3 - "$profiles/build.json" <<'EOF'
import json
import sys

for line in open(sys.argv[1]):
    message = json.loads(line)
    if message.get("executable"):
        print("--object=" + message["executable"])
EOF
)
"$tools/llvm-cov" export --format=lcov --instr-profile="$profiles/merged.profdata" \
    "${programs[@]}" >"$profiles/lines.lcov"
python3 tests/coverage.py "$profiles/lines.lcov" "$PWD/rust-core/src" --least "$least" $lines
