#!/usr/bin/env bash
# Builds a wheel whose compiler knows from the benchmarks which way the code mostly goes: an
# instrumented module runs them, and its profile guides the build proper. Needs llvm-profdata, of
# rustup's component llvm-tools or of a distribution's LLVM that is new enough for the compiler.
#
#   benches/wheel-pgo.sh PYTHON [DIRECTORY FOR THE WHEEL]
#
# PYTHON has maturin and pip beside it, as .venv/bin/python has.
set -euo pipefail

python=$1
cd "$(dirname "$0")/.."
dist=$(realpath -m "${2:-dist}")
work=$(realpath -m "${CARGO_TARGET_DIR:-target}/pgo")
host=$(rustc -vV | sed -n 's/^host: //p')
maturin=$(dirname "$python")/maturin

# The newest that reads this compiler's profiles.
merge() {
    local tool tools=()
    mapfile -t tools < <(
        find "$(rustc --print sysroot)/lib/rustlib" -path '*/bin/llvm-profdata'
        compgen -c llvm-profdata | sort -uVr
    )
    for tool in "${tools[@]}"; do
        if "$tool" merge -o "$work/profile" "$work"/raw/*.profraw 2>"$work/refused"; then
            return
        fi
    done
    echo "wheel-pgo: no llvm-profdata reads the profiles of $(rustc --version)." >&2
    echo "Run: rustup component add llvm-tools" >&2
    exit 1
}

# With --target the flags are for the module alone, and not for what runs while it is built.
build() {
    RUSTFLAGS="${RUSTFLAGS:-} $1" "$maturin" build --release --quiet --interpreter "$python" \
        --target "$host" --target-dir "$work/$2" --out "$3"
}

rm -rf "$work/raw" "$work/site" "$work/wheel"
echo "== The module that counts"
build "-Cprofile-generate=$work/raw" counting "$work/wheel"
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$work/site" \
    "$work"/wheel/*.whl
echo "== The benchmarks, to be counted"
PYTHONPATH="$work/site" "$python" benches/python/run.py --quick >"$work/rows"
merge
echo "== The module that is guided"
build "-Cprofile-use=$work/profile" guided "$dist"
ls "$dist"/*.whl
