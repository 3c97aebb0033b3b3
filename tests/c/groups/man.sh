# The manual pages: as the header has it, well-formed, with programs that run.
man=$root/bindings/c/man
mkdir -p "$work/man"
try "the pages are what the header's comments say" "${PYTHON:-python3}" "$man/pages.py" "$work/man"
try "and are committed so" diff -r -x '*.7' -x '*.py' -x examples -x __pycache__ "$work/man" "$man"
try "each function has its page, with the header's prototype" "${PYTHON:-python3}" "$here/man.py" \
    "$prefix" "$root/bindings/c/librsocket.map" cc
if have mandoc; then
    # A page of one line leads to another; every other is a whole page.
    # shellcheck disable=SC2046
    try "mandoc finds nothing" mandoc -T lint -W warning "$man/librsocket.7" \
        $(grep -L '^\.so ' "$man"/*.3)
    try "a page that leads to another is found" \
        sh -c 'cd "$1/share/man" && mandoc -T markdown man3/rsocket_connect.3 | grep -q "^# DESCRIPTION"' \
        _ "$prefix"
else
    skip "no mandoc"
fi
for file in "$man"/examples/*.c; do
    name=$(basename "$file" .c)
    try "build the example of $name" cc "$file" "${shared[@]}" -std=c11 -D_POSIX_C_SOURCE=200809L \
        "${warnings[@]}" -o "$work/example"
    try "and it runs" timeout 20 "$work/example"
done
