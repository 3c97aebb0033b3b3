#!/usr/bin/env python3
"""What a call of the C library costs in user space: instructions, system calls and allocations per
operation, beside the plain system call and, where it is installed, libuv.

    run.py [--check] [--prefix DIR] [--json FILE]

Instructions are counted by valgrind, so they do not depend on the machine's load: each variant runs
twice, with different counts, and the difference is divided. The other side of the conversation is
the same plain call in every variant. With --check the promises are compared with the result.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "benches"))
import results  # noqa: E402

FEW, MANY = 200, 1200

# Name, the plain calls, ours, and libuv's.
ROWS = [
    ("send, 64 bytes", "raw_send", "our_send", "uv_send"),
    ("send with a timeout", "raw_send", "our_send_timeout", None),
    ("send_all", "raw_send", "our_send_all", None),
    ("recv, 64 bytes", "raw_recv", "our_recv", "uv_recv"),
    ("recv with a timeout", "raw_recv", "our_recv_timeout", None),
    ("recv_all", "raw_recv", "our_recv_all", None),
    ("sendto, UDP", "raw_send_to", "our_send_to", None),
    ("recvfrom, UDP", "raw_recv_from", "our_recv_from", None),
    ("recv_batch, per datagram", "raw_recv_batch", "our_recv_batch", None),
    ("send_batch, per datagram", "raw_send_batch", "our_send_batch", None),
    ("recv of nothing (EAGAIN)", "raw_would_block", "our_would_block", None),
    ("accept", "raw_accept", "our_accept", None),
    ("accept with the peer", "raw_accept_peer", "our_accept_peer", None),
    ("addr_local, getsockname", "raw_local", "our_local", None),
    ("get, getsockopt", "raw_get", "our_get", None),
    ("set, setsockopt", "raw_set", "our_set", None),
]
# The promise: instructions beyond the plain call, which has no argument for a timeout and none that
# says how far an operation of several steps came.
MOST = {
    "our_send": 15,
    "our_send_timeout": 19,
    "our_send_all": 24,
    "our_recv": 15,
    "our_recv_timeout": 19,
    "our_recv_all": 26,
    "our_send_to": 20,
    "our_recv_from": 20,
    "our_recv_batch": 20,
    "our_send_batch": 20,
    "our_accept": 18,
    "our_accept_peer": 20,
    "our_would_block": 16,
    "our_local": 17,
    "our_get": 50,
    "our_set": 42,
}
# And bytes: of the libraries as they are installed, and of a stripped program with one function.
MOST_BYTES = {"librsocket.so": 350_000, "librsocket.a": 1_000_000, "a program": 40_000}
ONE_FUNCTION = '#include <rsocket.h>\nint main(void) { return rsocket_send(1, "", 1, 0) < 0; }\n'
PER_RUN = dict.fromkeys(
    ("raw_recv_batch", "our_recv_batch", "raw_send_batch", "our_send_batch"), 16
)


class Meter:
    """Runs variants of the compiled program under the tools that count."""

    def __init__(self, program, env):
        self.program = program
        self.env = env
        self.known = {}

    def run(self, prefix, variant, count):
        done = subprocess.run(
            [*prefix, self.program, variant, str(count)],
            capture_output=True,
            text=True,
            env=self.env,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"{variant}: {done.returncode}\n{done.stderr}")
        return done.stderr

    def per_operation(self, measure, variant):
        # Several rows are measured against the same plain call.
        key = measure.__name__, variant
        if key not in self.known:
            spent = measure(variant, MANY) - measure(variant, FEW)
            self.known[key] = spent / (MANY - FEW) / PER_RUN.get(variant, 1)
        return self.known[key]

    def instructions(self, variant, count):
        tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        text = self.run(tool, variant, count)
        return int(re.search(r"Collected : (\d+)", text)[1])

    def allocations(self, variant, count):
        text = self.run(["valgrind", "--tool=memcheck"], variant, count)
        return int(re.search(r"total heap usage: ([\d,]+) allocs", text)[1].replace(",", ""))

    def system_calls(self, variant, count):
        with tempfile.NamedTemporaryFile("r") as out:
            self.run(["strace", "-f", "-o", out.name], variant, count)
            return sum(1 for _ in out)


def has_libuv(directory):
    """Whether the compiler finds libuv: not every pkg-config looks where the system keeps it."""
    command = ["cc", "-x", "c", "-", "-luv", "-o", directory / "uv"]
    source = "#include <uv.h>\nint main(void) { return uv_version() == 0; }\n"
    done = subprocess.run(command, input=source, text=True, capture_output=True, check=False)
    return done.returncode == 0


def build(prefix, directory, kind):
    """Compiles the program; libuv takes part where it is installed."""
    env = {**os.environ, "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig"}

    def flags(*args):
        done = subprocess.run(
            ["pkg-config", *args], capture_output=True, text=True, env=env, check=True
        )
        return done.stdout.split()

    with_uv = has_libuv(directory)
    uv = ["-DWITH_UV", "-luv"] if with_uv else []
    ours = flags("--cflags", "--libs", "rsocket")
    if kind == "static":
        ours = [*flags("--cflags", "rsocket"), f"{prefix}/lib/librsocket.a", "-lpthread"]
    program = directory / kind
    source = HERE / "cost.c"
    subprocess.run(["cc", "-O2", source, *ours, *uv, "-o", program], check=True)
    return program, with_uv


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail where a promise is broken")
    parser.add_argument("--prefix", help="where the library is installed (default: install it)")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    args = parser.parse_args()
    missing = [tool for tool in ("valgrind", "strace", "pkg-config") if not shutil.which(tool)]
    if missing:
        print("skipped: no", ", ".join(missing))
        return
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory)
        prefix = args.prefix
        if prefix is None:
            prefix = str(directory / "prefix")
            install = HERE.parents[2] / "bindings/c/install.sh"
            subprocess.run([install, "--prefix", prefix], check=True)
        sys.exit(table(Path(prefix), directory, args.check, args.json))


def sizes(prefix, directory):
    """The bytes of the libraries, and of a program that uses one function of the static one."""
    source, program = directory / "one.c", directory / "one"
    source.write_text(ONE_FUNCTION)
    archive = prefix / "lib/librsocket.a"
    command = ["cc", "-O2", "-s", "-Wl,--gc-sections", f"-I{prefix}/include", source, archive]
    subprocess.run([*command, "-lpthread", "-o", program], check=True)
    return {
        "librsocket.so": (prefix / "lib/librsocket.so").stat().st_size,
        "librsocket.a": archive.stat().st_size,
        "a program": program.stat().st_size,
    }


def compiler():
    done = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def table(prefix, directory, check, json):
    """Prints the table and says whether a promise was broken."""
    env = {**os.environ, "LD_LIBRARY_PATH": f"{prefix}/lib"}
    programs = {kind: build(prefix, directory, kind) for kind in ("shared", "static")}
    meters = {kind: Meter(program, env) for kind, (program, _) in programs.items()}
    with_uv = programs["shared"][1]
    shared = meters["shared"]
    broken, rows = [], []
    head = ("", "posix", "librsocket.so", "librsocket.a", "libuv", "system calls", "allocations")
    line = "{:<26}{:>8}{:>15}{:>14}{:>8}{:>14}{:>13}"
    print(
        "Instructions in user space per operation; system calls and allocations beyond plain POSIX."
    )
    print("posix: the whole round; the others: what they take beyond it.\n")
    print(line.format(*head))
    for title, raw, ours, theirs in ROWS:
        plain = shared.per_operation(shared.instructions, raw)
        extra = {
            kind: meter.per_operation(meter.instructions, ours)
            - meter.per_operation(meter.instructions, raw)
            for kind, meter in meters.items()
        }
        peer, by_uv = "", None
        if theirs and with_uv:
            by_uv = shared.per_operation(shared.instructions, theirs)
            peer = f"{by_uv - plain:+.1f}"
        calls = shared.per_operation(shared.system_calls, ours) - shared.per_operation(
            shared.system_calls, raw
        )
        allocations = shared.per_operation(shared.allocations, ours)
        print(
            line.format(
                title,
                f"{plain:.1f}",
                f"{extra['shared']:+.1f}",
                f"{extra['static']:+.1f}",
                peer,
                f"{calls:+.2f}",
                f"{allocations:.2f}",
            )
        )
        most = MOST.get(ours)
        rows.append(
            results.row(
                "Instructions per call",
                title,
                "POSIX",
                plain + max(extra.values()),
                plain,
                unit="instructions",
                goal=None if most is None else f"POSIX + {most}",
                allocations=allocations,
                system_calls=calls,
            )
        )
        if by_uv is not None:
            total = plain + max(extra.values())
            group = "Instructions per call"
            rows.append(results.row(group, title, "libuv", total, by_uv, unit="instructions"))
        if most is not None and max(extra.values()) > most:
            broken.append(f"{title}: more than {most} instructions beyond the plain call")
        if round(calls, 2) != 0:
            broken.append(f"{title}: other system calls than the plain one")
        if round(allocations, 2) != 0:
            broken.append(f"{title}: it allocates")
    print()
    for name, size in sizes(prefix, directory).items():
        print(f"{name}: {size:,} bytes")
        rows.append(
            results.row(
                "Size",
                name,
                "the limit",
                size,
                MOST_BYTES[name],
                unit="bytes",
                goal=f"{MOST_BYTES[name]} bytes",
            )
        )
        if size > MOST_BYTES[name]:
            broken.append(f"{name}: more than {MOST_BYTES[name]:,} bytes")
    if not with_uv:
        print("\nlibuv is not installed: its column is empty.")
    for sentence in broken:
        print(sentence)
    if json:
        results.write(json, "c", compiler(), rows)
    return 1 if check and broken else 0


if __name__ == "__main__":
    main()
