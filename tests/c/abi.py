"""The binary interface: `abi.py CC WORK` compares the header with what was committed.

bindings/c/librsocket.abi is what libabigail knows of the functions and structures of rsocket.h, as
C has them; bindings/c/symbols-in-versions says since which version each public name is there.
UPDATE_ABI=1 writes both anew, where something was added.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

CC, WORK = sys.argv[1], Path(sys.argv[2])
ROOT = Path(__file__).parents[2]
HEADER = ROOT / "include/rsocket.h"
MAP = ROOT / "bindings/c/librsocket.map"
REFERENCE = ROOT / "bindings/c/librsocket.abi"
SYMBOLS = ROOT / "bindings/c/symbols-in-versions"
UPDATE = "UPDATE_ABI" in os.environ

# What abidiff's exit status says (abidiff(1)).
CHANGED, INCOMPATIBLE = 4, 8

HEAD = """\
# The public names of rsocket.h and the version that each came with. None is ever taken away.
"""


def fail(text):
    """Ends with a sentence."""
    sys.exit(text)


def without_comments(header):
    """What the compiler sees."""
    return re.sub(r"/\*.*?\*/", "", header, flags=re.S)


def dump(header, to):
    """Makes a library with the header's functions, empty, and writes what libabigail sees in it."""
    code = without_comments(header.read_text())
    prototype = r"^((?:const )?[a-z][\w ]*[ *])(rsocket_\w+)(\([^;]*?\))\s*(?=RSOCKET|;)"
    found = re.findall(prototype, code, re.M)
    names = re.findall(r"^ *(rsocket_\w+);$", MAP.read_text(), re.M)
    if {name for _, name, _ in found} != set(names):
        fail(f"the header was not understood: {set(names) ^ {name for _, name, _ in found}}")
    bodies = "\n".join(f"{a}{b}{c} {{ __builtin_trap(); }}" for a, b, c in found)
    source, library = WORK / "abi.c", WORK / "librsocket-abi.so"
    source.write_text(f'#include <linux/netlink.h>\n#include "{header}"\n{bodies}\n')
    subprocess.run(
        [
            *(CC, "-g", "-O0", "-shared", "-fPIC", source, "-o", library),
            *(f"-Wl,--version-script={MAP}", "-Wl,-soname,librsocket.so.0"),
        ],
        check=True,
    )
    subprocess.run(
        [
            *("abidw", "--no-corpus-path", "--no-show-locs", "--no-comp-dir-path"),
            *("--out-file", to, library),
        ],
        check=True,
    )


def compare(old, new):
    """What abidiff finds, and what it says of it."""
    done = subprocess.run(["abidiff", old, new], capture_output=True, text=True, check=False)
    if done.returncode & 3:
        fail(f"abidiff: {done.returncode}\n{done.stderr}")
    return done.returncode, done.stdout


def interface():
    """Nothing that was published has changed."""
    fresh = WORK / "fresh.abi"
    dump(HEADER, fresh)
    if UPDATE and not REFERENCE.exists():
        shutil.copy(fresh, REFERENCE)
    status, text = compare(REFERENCE, fresh)
    if status & INCOMPATIBLE:
        fail(f"this breaks programs that were built before:\n{text}")
    if status & CHANGED and UPDATE:
        shutil.copy(fresh, REFERENCE)
    elif status & CHANGED:
        fail(f"librsocket.abi is stale (UPDATE_ABI=1 writes it anew):\n{text}")
    # The check of the check: a field more, and another argument, are found.
    for was, becomes in (
        ("    struct sockaddr_storage ss;", "    int more; struct sockaddr_storage ss;"),
        ("int rsocket_shutdown(rsocket_endpoint fd, int how)", "int rsocket_shutdown(void)"),
    ):
        text = HEADER.read_text()
        assert was in text, was
        broken = WORK / "broken.h"
        broken.write_text(text.replace(was, becomes))
        dump(broken, WORK / "broken.abi")
        if compare(REFERENCE, WORK / "broken.abi")[0] == 0:
            fail(f"this goes unnoticed: {becomes}")


def public(header):
    """The names that a program may use."""
    code = without_comments(header)
    macros = re.findall(r"^#define (RSOCKET_\w+)", code, re.M)
    # Attributes are for the header itself.
    attributes = {"RSOCKET_MUST_CHECK", "RSOCKET_FD", "RSOCKET_READS", "RSOCKET_WRITES"}
    types = re.findall(r"^(?:typedef [\w ]+?|}) (rsocket_\w+);", code, re.M)
    functions = re.findall(r"\b(rsocket_\w+)\(", code)
    return {*macros, *types, *functions} - attributes


def versions():
    """Each function's version by the version script."""
    found, version = {}, None
    for line in MAP.read_text().splitlines():
        if started := re.match(r"RSOCKET_([\d.]+) {", line):
            version = started[1]
        elif name := re.match(r" *(rsocket_\w+);$", line):
            found[name[1]] = version
    return found


def symbols():
    """Every public name says since when it is there, and none has gone."""
    rows = SYMBOLS.read_text().splitlines() if SYMBOLS.exists() else []
    listed = dict(row.split() for row in rows if row and not row.startswith("#"))
    names, version_of = public(HEADER.read_text()), versions()
    current = re.search(r'VERSION_STRING "(\d+\.\d+)', HEADER.read_text())[1]
    if gone := set(listed) - names:
        fail(f"names that were published are gone: {', '.join(sorted(gone))}")
    if missing := names - set(listed):
        if not UPDATE:
            fail(f"not in symbols-in-versions (UPDATE_ABI=1): {', '.join(sorted(missing))}")
        listed |= {name: version_of.get(name, current) for name in missing}
        lines = (f"{name:<40} {listed[name]}\n" for name in sorted(listed))
        SYMBOLS.write_text(HEAD + "".join(lines))
    for name, version in version_of.items():
        if listed[name] != version:
            fail(f"{name} is of {listed[name]} and of {version}")


def main():
    """Compares both files, as far as the tools are there."""
    symbols()
    if not (shutil.which("abidw") and shutil.which("abidiff")):
        print("skipped: no abidw and abidiff (libabigail)")
    elif platform.machine() != "x86_64":
        print("skipped: the reference is of x86-64")
    else:
        interface()


main()
