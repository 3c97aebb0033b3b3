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
# Each function that can fail is given a bad argument somewhere above, and its error is looked at.
cat "$here"/*.c | tr '\n' ' ' | grep -oE 'EXPECT\(rsocket_[a-z0-9_]+\([^;]*(, -E[A-Z]+|, wanted)\)' |
    sed 's/EXPECT(\(rsocket_[a-z0-9_]*\).*/\1/' | sort -u >"$work/refused"
sed -n 's/^ *\(rsocket_[a-z0-9_]*\);$/\1/p' "$root/bindings/c/librsocket.map" |
    grep -vxE 'rsocket_(closep|strerror|errname|version|version_string|nl_attr|nl_nested|nl_data)' |
    sort >"$work/refusing"
try "every function that can fail is seen to fail" diff "$work/refusing" "$work/refused"
