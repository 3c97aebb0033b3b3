# What a package has: found by pkg-config and by CMake, staged below DESTDIR, removed to nothing.
installer=("$root/bindings/c/install.sh")
try "pkg-config knows the version" test "$(pkg-config --modversion rsocket)" = \
    "$(sed -n 's/^#define RSOCKET_VERSION_STRING "\(.*\)"/\1/p' "$prefix/include/rsocket.h")"
printf '#include <rsocket.h>\nint main(void) { return rsocket_version() != RSOCKET_VERSION; }\n' \
    >"$work/user.c"
# shellcheck disable=SC2046
try "cc \$(pkg-config --cflags --libs rsocket)" cc "$work/user.c" \
    $(pkg-config --cflags --libs rsocket) -o "$work/user"
try "and it runs" "$work/user"
if have cmake; then
    mkdir -p "$work/cmake"
    languages=C sources=("$root"/examples/c/*.c)
    if have c++; then
        languages="C CXX" sources+=("$root"/examples/c/*.cpp)
    fi
    cat >"$work/cmake/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.10)
project(user $languages)
find_package(rsocket 0.1 REQUIRED)
enable_testing()
add_executable(user ../user.c)
target_link_libraries(user rsocket::rsocket)
add_executable(user_static ../user.c)
target_link_libraries(user_static rsocket::rsocket_static)
add_test(NAME shared COMMAND user)
add_test(NAME static COMMAND user_static)
foreach(file ${sources[*]})
  get_filename_component(name "\${file}" NAME_WE)
  add_executable(\${name} "\${file}")
  target_link_libraries(\${name} rsocket::rsocket)
endforeach()
END
    try "cmake configures" cmake -S "$work/cmake" -B "$work/cmake/build" \
        -DCMAKE_PREFIX_PATH="$prefix"
    try "cmake builds, the examples too" cmake --build "$work/cmake/build"
    try "what cmake built runs" cmake -E chdir "$work/cmake/build" ctest --output-on-failure
    sed -i 's/rsocket 0.1/rsocket 0.2/' "$work/cmake/CMakeLists.txt"
    if cmake -S "$work/cmake" -B "$work/cmake/other" -DCMAKE_PREFIX_PATH="$prefix" \
        >"$work/log" 2>&1; then
        fail "cmake takes 0.1 for 0.2"
    else
        say "  ok: cmake does not take 0.1 for 0.2"
    fi
else
    skip "no cmake"
fi
archive=${CARGO_TARGET_DIR:-$root/target}/release/librsocket.a
staged=(--prefix /opt/x --libdir /opt/x/lib64 --destdir "$work/stage" --archive "$archive")
try "install below DESTDIR" "${installer[@]}" "${staged[@]}"
try "the library is in LIBDIR" test -e "$work/stage/opt/x/lib64/librsocket.so.0"
try "the paths do not have DESTDIR" \
    sh -c '! grep -r "$1/stage" "$1/stage" --include=*.pc --include=*.cmake' _ "$work"
try "uninstall" "${installer[@]}" "${staged[@]}" --uninstall
try "nothing is left" test -z "$(find "$work/stage" ! -type d)"
for wrong in "--prefix relative" "--color" "--prefix"; do
    # shellcheck disable=SC2086
    if "${installer[@]}" $wrong >"$work/log" 2>&1; then
        fail "install.sh takes $wrong"
    else
        say "  ok: install.sh refuses $wrong"
    fi
done
