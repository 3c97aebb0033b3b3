# Every test, against the shared and the static library.
for compiler in gcc clang; do
    have "$compiler" || { skip "no $compiler"; continue; }
    for test in "${tests[@]}"; do
        for kind in shared static; do
            declare -n libs=$kind
            try "build $test ($compiler, $kind)" "$compiler" -std=c11 -D_GNU_SOURCE -O2 \
                "${warnings[@]}" "$here/$test.c" "${libs[@]}" -lpthread -o "$work/$test"
            [ -x "$work/$test" ] && try "$test ($compiler, $kind)" timeout 120 "$work/$test"
            rm -f "$work/$test"
        done
    done
done
