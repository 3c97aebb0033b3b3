# The world sees the functions of the header and nothing else, under their versions.
grep -oE '\brsocket_[a-z0-9_]+\(' "$root/include/rsocket.h" | tr -d '(' | sort -u >"$work/mentioned"
sed -n 's/^ *\(rsocket_[a-z0-9_]*\);$/\1/p' "$root/bindings/c/librsocket.map" | sort >"$work/mapped"
nm -D --defined-only "$prefix/lib/librsocket.so" | awk '$2 != "A" { print $3 }' |
    sed 's/@@RSOCKET_[0-9.]*$//' | sort >"$work/shared"
nm -g --defined-only "$prefix/lib/librsocket.a" | awk 'NF == 3 { print $3 }' | sort >"$work/static"
try "the header names what the version script exports" diff "$work/mentioned" "$work/mapped"
try "the shared library exports that, versioned" diff "$work/mapped" "$work/shared"
try "the static library exports that" diff "$work/mapped" "$work/static"
soname=$(readelf -dW "$prefix/lib/librsocket.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
try "the soname is librsocket.so.0" test "$soname" = librsocket.so.0
try "the archive runs nothing before main" \
    sh -c '! readelf -SW "$1" | grep -E "\.(init_array|ctors|preinit_array)"' _ \
    "$prefix/lib/librsocket.a"
