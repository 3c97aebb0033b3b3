# Every test under the sanitizers of gcc and clang, against the static and, where that works, the
# shared library; each sanitizer first shows that it is on, by a mistake that it must find.
cat >"$work/mistakes.c" <<'END'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static volatile int shared;
static void *write_it(void *value)
{
    shared = *(int *)value;
    return NULL;
}
int main(int argc, char **argv)
{
    if (strcmp(argv[1], "address") == 0) {
        char *p = malloc(8);
        p[argc + 6] = 1; /* index 8 */
        return p[argc + 6];
    } else if (strcmp(argv[1], "undefined") == 0) {
        int big = 0x7fffffff;
        return (big + argc) == 0;
    } else if (strcmp(argv[1], "thread") == 0) {
        pthread_t one, two;
        int a = 1, b = 2;
        pthread_create(&one, NULL, write_it, &a);
        pthread_create(&two, NULL, write_it, &b);
        pthread_join(one, NULL);
        pthread_join(two, NULL);
    } else {
        int *p = malloc(sizeof *p);
        if (*p == 77)
            puts("memory");
        free(p);
    }
    return 0;
}
END

# sanitized COMPILER FLAGS MISTAKES LIBRARIES: what runs before is in `runner`.
sanitized() {
    local compiler=$1 flags=$2 mistakes=$3 kind=$4 mistake test
    declare -n libs=$kind
    have "$compiler" || { skip "no $compiler"; return; }
    local cc=("$compiler" -std=c11 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer "-fsanitize=$flags")
    if ! "${cc[@]}" "$work/mistakes.c" -o "$work/mistakes" -lpthread >"$work/log" 2>&1; then
        skip "$compiler -fsanitize=$flags is not installed"
        return
    fi
    for mistake in $mistakes; do
        if "${runner[@]}" "$work/mistakes" "$mistake" >"$work/log" 2>&1; then
            fail "$compiler -fsanitize=$flags does not find the $mistake mistake: it is not on"
            return
        fi
    done
    for test in "${tests[@]}"; do
        # ASan and TSan take the stack of any cancelled thread for a mistake, libc's own recv() in it
        # included. MSan knows what system calls write and not what the library itself does: only
        # what is moved by the kernel is for it.
        case $flags:$test in
            *:cancellation) continue ;;
            memory:passed_descriptors | memory:pending_error) ;;
            memory:*) continue ;;
        esac
        try "build $test ($compiler $flags, $kind)" "${cc[@]}" "${warnings[@]}" "$here/$test.c" \
            "${libs[@]}" -lpthread -o "$work/$test"
        [ -x "$work/$test" ] &&
            try "$test ($compiler $flags, $kind)" timeout 300 "${runner[@]}" "$work/$test"
        rm -f "$work/$test"
    done
}

export ASAN_OPTIONS=detect_leaks=1:halt_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1 MSAN_OPTIONS=halt_on_error=1
for compiler in gcc clang; do
    for kind in static shared; do
        runner=(env)
        sanitized "$compiler" "address,undefined" "address undefined" "$kind"
        # TSan's memory layout and today's address space randomisation do not agree.
        runner=(setarch -R)
        sanitized "$compiler" thread thread "$kind"
    done
done
runner=(setarch -R)
sanitized clang memory memory static
