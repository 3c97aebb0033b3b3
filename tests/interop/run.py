"""Runs every conversation between every two languages and prints a table of ticks.

    python tests/interop/run.py --rust PEER --c PEER --python INTERPRETER

Exits non-zero if a single conversation failed; its output is printed below the table.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SECONDS = 30

# What the table calls it, the conversation, and the address that the server is given.
MEDIA = [
    ("TCP v4", "stream", "tcp://127.0.0.1:0"),
    ("TCP v6", "stream", "tcp://[::1]:0"),
    ("UDP v4", "datagram", "udp://127.0.0.1:0"),
    ("UDP v6", "datagram", "udp://[::1]:0"),
    ("unix stream, path", "stream", "unix:{path}"),
    ("unix stream, abstract", "stream", "unix-abstract:{name}"),
    ("unix datagram, path", "datagram", "unix-dgram:{path}"),
    ("unix datagram, abstract", "datagram", "unix-abstract-dgram:{name}"),
    ("unix seqpacket, path", "seqpacket", "unix-seqpacket:{path}"),
    ("unix seqpacket, abstract", "seqpacket", "unix-abstract-seqpacket:{name}"),
    ("passed fd, stream", "fds", "unix:{path}"),
    ("passed fd, seqpacket", "fds", "unix-seqpacket:{path}"),
    ("credentials, stream", "credentials", "unix:{path}"),
    ("credentials, seqpacket", "credentials", "unix-seqpacket:{path}"),
]


class Conversation:
    """One server process and one client process, and what became of them."""

    numbers = itertools.count()

    def __init__(self, peers, server, client, medium, address, folder):
        self.title = f"{server} serves {client}: {medium} at {address}"
        self.peers = peers
        self.server, self.client = server, client
        self.medium = medium
        number = next(self.numbers)
        self.address = address.format(
            path=f"{folder}/{number}.sock", name=f"rsocket-interop-{os.getpid()}-{number}"
        )
        self.failure = None

    def run(self):
        """Returns itself, with `failure` set if either side was not content."""
        server = self.start(self.server, "server", self.address)
        try:
            ready = server.stdout.readline().split()
            if not ready or ready[0] != "ready":
                self.failure = f"server did not start: {server.stderr.read()}"
                return self
            address = self.address
            if len(ready) == 2:
                address = address.removesuffix("0") + ready[1]
            client = self.start(self.client, "client", address)
            failures = [
                f"{side} ({language}) exited with {process.returncode}: {said}"
                for side, language, process in (
                    ("client", self.client, client),
                    ("server", self.server, server),
                )
                if (said := end(process))
            ]
            self.failure = "\n".join(failures) or None
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
            server.stderr.close()
        return self

    def start(self, language, side, address):
        return subprocess.Popen(
            [*self.peers[language], side, self.medium, address],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def end(process):
    """Waits for the process; returns what it said if it was not content, else an empty string."""
    try:
        _, errors = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        _, errors = process.communicate()
        return f"still running after {SECONDS} seconds\n{errors}"
    if process.returncode == 0 and not errors:
        return ""
    return errors or "no word"


def links(peers):
    """The network interfaces as each language lists them: language -> sorted lines."""
    found = {}
    for language, command in peers.items():
        result = subprocess.run(
            [*command, "links"], capture_output=True, text=True, timeout=SECONDS
        )
        lines = sorted(result.stdout.splitlines())
        found[language] = lines if result.returncode == 0 else [f"failed: {result.stderr}"]
    return found


class Table:
    """Prints a row per medium as its conversations end."""

    def __init__(self, pairs):
        self.pairs = pairs
        self.width = max(len(title) for title, _, _ in MEDIA)
        self.columns = [f"{server}<{client}" for server, client in pairs]

    def head(self):
        print("server<client".ljust(self.width), *self.columns, sep="  ")

    def row(self, title, ticks):
        cells = [
            ("✓" if tick else "✗").center(len(column)) for tick, column in zip(ticks, self.columns)
        ]
        print(title.ljust(self.width), *cells, sep="  ", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rust", required=True, help="the Rust peer")
    parser.add_argument("--c", required=True, help="the C peer")
    parser.add_argument("--python", required=True, help="an interpreter that has rsocket")
    arguments = parser.parse_args()
    peers = {
        "Rust": [arguments.rust],
        "C": [arguments.c],
        "Python": [arguments.python, str(FOLDER / "peer.py")],
    }
    pairs = list(itertools.product(peers, repeat=2))
    failures = []
    begun = time.monotonic()
    table = Table(pairs)
    table.head()
    with tempfile.TemporaryDirectory(prefix="rsocket-") as folder, ThreadPoolExecutor(4) as pool:
        for title, medium, address in MEDIA:
            conversations = [
                Conversation(peers, server, client, medium, address, folder)
                for server, client in pairs
            ]
            done = list(pool.map(Conversation.run, conversations))
            table.row(title, [conversation.failure is None for conversation in done])
            failures += [(c.title, c.failure) for c in done if c.failure]

    found = links(peers)
    agreed = found["Rust"] and all(lines == found["Rust"] for lines in found.values())
    print("netlink dump of the interfaces:", end=" ")
    if agreed:
        print(f"✓ {', '.join(found['Rust'])} in {', '.join(found)} alike")
    else:
        print("✗ the languages do not agree")
        failures.append(("netlink dump", "\n".join(f"{k}: {v}" for k, v in found.items())))

    count = len(pairs) * len(MEDIA) + 1
    seconds = time.monotonic() - begun
    for title, failure in failures:
        print(f"\n--- {title}\n{failure}", file=sys.stderr)
    print(f"\n{count - len(failures)} of {count} conversations in {seconds:.1f} s")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
