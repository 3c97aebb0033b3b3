# The header, alone and first, in every language version that a user may have, without a warning.
printf '#include <rsocket.h>\nint main(void) { return rsocket_version() != RSOCKET_VERSION; }\n' \
    >"$work/header.c"
cp "$work/header.c" "$work/header.cpp"
for compiler in gcc clang; do
    have "$compiler" || { skip "no $compiler"; continue; }
    for std in c99 c11 c17 c2x gnu99 gnu11; do
        try "$compiler -std=$std" "$compiler" "-std=$std" "${warnings[@]}" -Wstrict-prototypes \
            -Wold-style-definition "$work/header.c" "${shared[@]}" -o "$work/header"
    done
done
for compiler in g++ clang++; do
    have "$compiler" || { skip "no $compiler"; continue; }
    for std in c++98 c++11 c++14 c++17 c++20 c++2b; do
        try "$compiler -std=$std" "$compiler" "-std=$std" "${warnings[@]}" "$work/header.cpp" \
            "${shared[@]}" -o "$work/header"
    done
done
if have clang; then
    # What it says against is layout, which the kernel and the ABI prescribe, and C++98 as such.
    try "clang -Weverything" clang -std=c11 -Weverything -Wno-padded -Werror "$work/header.c" \
        "${shared[@]}" -o "$work/header"
    try "clang++ -Weverything" clang++ -std=c++17 -Weverything -Wno-padded -Wno-c++98-compat \
        -Wno-c++98-compat-pedantic -Werror "$work/header.cpp" "${shared[@]}" -o "$work/header"
fi
# Its constants have the types of what they are for.
cat >"$work/constants.c" <<'END'
#include <rsocket.h>
unsigned int cleared(unsigned int flags);
unsigned int cleared(unsigned int flags) { return flags & ~RSOCKET_NONBLOCK & ~RSOCKET_INHERIT; }
int behind(int code);
int behind(int code) { return code - RSOCKET_EAI_BASE * 2; }
END
for compiler in gcc clang; do
    have "$compiler" || { skip "no $compiler"; continue; }
    try "$compiler -Wconversion" "$compiler" -std=c99 "${warnings[@]}" -Wconversion -Wsign-conversion \
        -I"$prefix/include" -c "$work/constants.c" -o "$work/header.o"
done
# What the header tells a compiler makes it warn of these.
cat >"$work/ignored.c" <<'END'
#include <rsocket.h>
void ignored(int fd, char *buf);
void ignored(int fd, char *buf) { rsocket_recv(fd, buf, 4, 0); }
END
cat >"$work/overrun.c" <<'END'
#include <rsocket.h>
ssize_t overrun(int fd);
ssize_t overrun(int fd) { char buf[4]; return rsocket_recv(fd, buf, 64, 0); }
END
# warned COMPILER FILE OPTION
warned() {
    have "$1" || { skip "no $1"; return; }
    "$1" -O2 -Wall -I"$prefix/include" -c "$work/$2.c" -o "$work/header.o" 2>"$work/warned" || :
    try "$1 warns of what is $2" grep -F "[$3]" "$work/warned"
}
warned gcc ignored -Wunused-result
warned clang ignored -Wunused-result
warned gcc overrun -Wstringop-overflow=
if have tcc; then
    try "tcc" tcc -Wall -Werror -c "$work/header.c" -I"$prefix/include" -o "$work/header.o"
else
    skip "no tcc"
fi
if have musl-gcc; then
    try "musl-gcc" musl-gcc -std=c99 "${warnings[@]}" -c "$work/header.c" -I"$prefix/include" \
        -o "$work/header.o"
else
    skip "no musl-gcc"
fi
# Every option has the number that the system's own headers give it, where they know it.
{
    printf '#include <rsocket.h>\n'
    for file in netinet/in.h netinet/tcp.h netinet/udp.h linux/netlink.h linux/if_packet.h \
        linux/if_alg.h linux/can/raw.h linux/if_xdp.h linux/tls.h linux/vm_sockets.h; do
        printf '#if __has_include(<%s>)\n#include <%s>\n#endif\n' "$file" "$file"
    done
    printf 'enum { START = __COUNTER__ };\n'
    sed -n 's/^#define RSOCKET_\([A-Z0-9_]*\) *RSOCKET_OPTION(.*/\1/p' "$prefix/include/rsocket.h" |
        while read -r name; do
            printf '#ifdef %s\n_Static_assert((RSOCKET_%s & 0xffff) == %s + 0 * __COUNTER__, "%s");\n' \
                "$name" "$name" "$name" "$name"
            printf '#endif\n'
        done
    printf '_Static_assert(__COUNTER__ - START > 100, "most of them are known");\n'
} >"$work/options.c"
try "the options have the system's numbers" gcc -std=gnu11 -w -fsyntax-only \
    "$work/options.c" -I"$prefix/include"
