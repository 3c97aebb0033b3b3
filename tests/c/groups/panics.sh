# No verb that may be cancelled, or called in a signal handler, can reach a panic or the allocator.
try "no panic and no allocation in the verbs" "${PYTHON:-python3}" "$here/no_panic.py" \
    "$prefix/lib/librsocket.a"
