#!/bin/sh
# Builds librsocket, shared and static, and installs it with its header, pkg-config file, CMake
# package and manual pages; or removes all of that again.
set -eu

usage() {
    cat <<'END'
usage: bindings/c/install.sh [--prefix DIR] [--libdir DIR] [--includedir DIR] [--mandir DIR]
                             [--destdir DIR] [--archive FILE] [--uninstall]

  --prefix DIR      where it will live (default /usr/local)
  --libdir DIR      the libraries (default PREFIX/lib)
  --includedir DIR  the header (default PREFIX/include)
  --mandir DIR      the manual pages (default PREFIX/share/man)
  --destdir DIR     put it below DIR instead, for packaging
  --archive FILE    the librsocket.a that cargo built (default: cargo builds it now)
  --uninstall       remove what an installation with the same directories put there

CC, AR, LD, OBJCOPY, READELF, CFLAGS and LDFLAGS name the tools and their flags; KEEP_DEBUG=yes leaves
the names of local functions in the shared library.
END
}

prefix=/usr/local libdir='' includedir='' mandir='' destdir='' archive='' uninstall=no
while [ $# -gt 0 ]; do
    case $1 in
        --prefix | --libdir | --includedir | --mandir | --destdir | --archive)
            [ $# -ge 2 ] || { echo "install.sh: $1 needs a value" >&2; exit 2; }
            name=${1#--}
            case $name in
                prefix) prefix=$2 ;;
                libdir) libdir=$2 ;;
                includedir) includedir=$2 ;;
                mandir) mandir=$2 ;;
                destdir) destdir=$2 ;;
                archive) archive=$2 ;;
            esac
            shift 2
            ;;
        --uninstall) uninstall=yes; shift ;;
        --help) usage; exit 0 ;;
        *) echo "install.sh: unknown argument $1" >&2; usage >&2; exit 2 ;;
    esac
done
for dir in "$prefix" ${libdir:+"$libdir"} ${includedir:+"$includedir"} ${mandir:+"$mandir"}; do
    case $dir in
        /*) ;;
        *) echo "install.sh: $dir is not an absolute path" >&2; exit 2 ;;
    esac
done
libdir=${libdir:-$prefix/lib}
includedir=${includedir:-$prefix/include}
mandir=${mandir:-$prefix/share/man}
cmakedir=$libdir/cmake/rsocket
pcdir=$libdir/pkgconfig

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
# 0.x keeps one soname; from 1.0 on it is the major version.
soversion=${version%%.*}
soname=librsocket.so.$soversion

if [ "$uninstall" = yes ]; then
    rm -f "$destdir$libdir/librsocket.so" "$destdir$libdir/$soname" \
        "$destdir$libdir/librsocket.so.$version" "$destdir$libdir/librsocket.a" \
        "$destdir$includedir/rsocket.h" "$destdir$pcdir/rsocket.pc"
    rm -f "$destdir$cmakedir/rsocketConfig.cmake" "$destdir$cmakedir/rsocketConfigVersion.cmake"
    for page in "$here"/man/*.[37]; do
        rm -f "$destdir$mandir/man${page##*.}/$(basename "$page")"
    done
    rmdir "$destdir$cmakedir" 2>/dev/null || :
    exit 0
fi

: "${CC:=cc}" "${AR:=ar}" "${LD:=ld}" "${OBJCOPY:=objcopy}" "${READELF:=readelf}" "${CFLAGS:=-O2}"

if [ -z "$archive" ]; then
    (cd "$root" && cargo build --quiet --release -p rsocket-c)
    archive=${CARGO_TARGET_DIR:-$root/target}/release/librsocket.a
fi
[ -r "$archive" ] || { echo "install.sh: cannot read $archive" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The functions that the world may see: those of the version script.
sed -n 's/^ *\(rsocket_[a-z0-9_]*\);$/\1/p' "$here/librsocket.map" >"$work/symbols"
[ -s "$work/symbols" ] || { echo "install.sh: no symbols in librsocket.map" >&2; exit 1; }

# One object with no symbols but those, so that the archive can stand beside another Rust archive in
# one program (rust-lang/rust#44322).
link_all() {
    # shellcheck disable=SC2046
    "$LD" -r --gc-sections $(sed 's/^/-u /' "$work/symbols") -o "$work/all.o" "$1"
}
link_all "$archive"

# Half of that would be the reader of debug information by which std prints the backtrace of a panic.
# A panic of ours is a bug whose message and place are enough: the function that prints the
# backtrace is made one that prints nothing (it returns 0, fmt::Result's Ok), and what only it needs
# falls away.
printer=$("$READELF" -SW "$work/all.o" | sed 's/^ *\[ *[0-9]*\] *//' |
    awk '$1 ~ /^\.text\..*DisplayBacktrace.*fmt/ && $2 == "PROGBITS" { print $1, $5 }')
case $printer in
    '' | *"
"*) echo "install.sh: no single function prints backtraces here: the libraries stay larger" >&2 ;;
    *)
        echo 'int nothing(void); int nothing(void) { return 0; }' >"$work/nothing.c"
        "$CC" -O2 -fcf-protection=none -c "$work/nothing.c" -o "$work/nothing.o" 2>/dev/null ||
            "$CC" -O2 -c "$work/nothing.c" -o "$work/nothing.o"
        "$OBJCOPY" -O binary -j .text "$work/nothing.o" "$work/nothing"
        # As long as it was, which is what its unwind information says.
        length=$((0x${printer#* } - $(wc -c <"$work/nothing")))
        head -c "$length" /dev/zero >>"$work/nothing"
        "$OBJCOPY" --remove-relocations="${printer% *}" \
            --update-section "${printer% *}=$work/nothing" "$work/all.o" "$work/quiet.o"
        link_all "$work/quiet.o"
        ;;
esac

# The personality function has to stay a symbol: rename it. What std runs before main keeps the
# arguments of the program, which nobody here asks for.
"$OBJCOPY" \
    --redefine-sym rust_eh_personality=rsocket__eh_personality \
    --redefine-sym DW.ref.rust_eh_personality=DW.ref.rsocket__eh_personality \
    --remove-section=.init_array.00099 --remove-section=.rela.init_array.00099 \
    --remove-section=.llvmbc --remove-section=.llvmcmd \
    "$work/all.o"
"$OBJCOPY" --keep-global-symbols="$work/symbols" "$work/all.o"
"$OBJCOPY" --strip-debug "$work/all.o" "$work/rsocket.o"
"$AR" rcsD "$work/librsocket.a" "$work/rsocket.o"

# shellcheck disable=SC2086
"$CC" $CFLAGS ${LDFLAGS:-} -shared -o "$work/librsocket.so" "$work/all.o" \
    -Wl,--version-script="$here/librsocket.map" -Wl,-soname,"$soname" \
    -Wl,-z,now -Wl,-z,relro -Wl,-z,defs -Wl,--gc-sections -Wl,--as-needed -lgcc_s -lc
if [ "${KEEP_DEBUG:-no}" = no ]; then
    "$OBJCOPY" --strip-unneeded "$work/librsocket.so"
fi

cat >"$work/rsocket.pc" <<END
prefix=$prefix
libdir=$libdir
includedir=$includedir

Name: rsocket
Description: Sockets of every Linux family behind one descriptor
Version: $version
Cflags: -I\${includedir}
Libs: -L\${libdir} -lrsocket
Libs.private: -lgcc_s -lpthread -ldl -lm
END

umask 022
install -d "$destdir$libdir" "$destdir$includedir" "$destdir$pcdir" "$destdir$cmakedir"
install -m 644 "$root/include/rsocket.h" "$destdir$includedir/rsocket.h"
install -m 644 "$work/librsocket.a" "$destdir$libdir/librsocket.a"
install -m 755 "$work/librsocket.so" "$destdir$libdir/librsocket.so.$version"
ln -sf "librsocket.so.$version" "$destdir$libdir/$soname"
ln -sf "$soname" "$destdir$libdir/librsocket.so"
install -m 644 "$work/rsocket.pc" "$destdir$pcdir/rsocket.pc"
for file in rsocketConfig rsocketConfigVersion; do
    sed -e "s|@VERSION@|$version|g" -e "s|@LIBDIR@|$libdir|g" -e "s|@INCLUDEDIR@|$includedir|g" \
        -e "s|@SONAME@|$soname|g" \
        "$here/cmake/$file.cmake.in" >"$work/$file.cmake"
    install -m 644 "$work/$file.cmake" "$destdir$cmakedir/$file.cmake"
done
for page in "$here"/man/*.[37]; do
    install -d "$destdir$mandir/man${page##*.}"
    install -m 644 "$page" "$destdir$mandir/man${page##*.}/$(basename "$page")"
done
