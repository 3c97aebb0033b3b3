# Ours and another Rust archive in one program, in either order.
if have rustc; then
    cat >"$work/other.rs" <<'END'
#[unsafe(no_mangle)]
pub extern "C" fn other_sum(n: u32) -> u32 {
    let caught = std::panic::catch_unwind(|| {
        if n == 13 {
            panic!("thirteen");
        }
        (0..n).collect::<Vec<_>>().iter().sum()
    });
    caught.unwrap_or(u32::MAX)
}
END
    cat >"$work/two.c" <<'END'
#include <rsocket.h>
extern unsigned other_sum(unsigned n);
int main(void)
{
    int sv[2];
    return rsocket_pair(SOCK_STREAM, 0, sv) != 0 || rsocket_listen("nonsense", 0) >= 0 ||
           other_sum(10) != 45 || other_sum(13) != 0xffffffffu;
}
END
    try "build another archive" rustc --edition 2024 -O --crate-type staticlib --crate-name other \
        "$work/other.rs" -o "$work/libother.a"
    for order in "$prefix/lib/librsocket.a $work/libother.a" \
        "$work/libother.a $prefix/lib/librsocket.a"; do
        # shellcheck disable=SC2086
        try "link: ${order//$work\//}" cc "$work/two.c" -I"$prefix/include" $order -lpthread -ldl -lm \
            -lgcc_s -o "$work/two"
        try "run" "$work/two"
        rm -f "$work/two"
    done
else
    skip "no rustc"
fi
