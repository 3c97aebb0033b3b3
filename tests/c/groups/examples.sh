# Every example, built as a user builds it and run.
for file in "$root"/examples/c/*.c; do
    name=$(basename "$file" .c)
    try "build $name" cc "$file" "${shared[@]}" -o "$work/$name" "${warnings[@]}"
done
for file in "$root"/examples/c/*.cpp; do
    have c++ || { skip "no c++"; break; }
    name=$(basename "$file" .cpp)
    try "build $name" c++ "$file" "${shared[@]}" -o "$work/$name" "${warnings[@]}"
done
try "build the plain netcat" cc -std=c11 -D_GNU_SOURCE "${warnings[@]}" \
    "$root/examples/c/posix/netcat.c" -o "$work/posix_netcat"
try "the examples do what they say" env PATH="$work:$PATH" "${PYTHON:-python3}" \
    "$here/examples.py" "$work"
