# Every test under valgrind: no invalid access, no leak of memory or of a descriptor.
if have valgrind; then
    for test in "${tests[@]}"; do
        for kind in shared static; do
            declare -n libs=$kind
            try "build $test (valgrind, $kind)" gcc -std=c11 -D_GNU_SOURCE -g -O1 "${warnings[@]}" \
                "$here/$test.c" "${libs[@]}" -lpthread -o "$work/$test"
            try "$test (valgrind, $kind)" env UNDER_VALGRIND=1 timeout 600 valgrind -q --error-exitcode=9 \
                --leak-check=full --errors-for-leak-kinds=definite \
                --suppressions="$here/valgrind.supp" "$work/$test"
            rm -f "$work/$test"
        done
    done
else
    skip "no valgrind"
fi
