# The binary interface is the one that was published, or has more.
try "the interface is the one that was committed" "${PYTHON:-python3}" "$here/abi.py" cc "$work"
grep -h "^skipped" "$work/log" || :
soname=$(readelf -dW "$prefix/lib/librsocket.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
try "the library has the soname of the reference" \
    grep -q "soname='$soname'" "$root/bindings/c/librsocket.abi"
