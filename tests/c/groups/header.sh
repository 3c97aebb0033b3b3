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
