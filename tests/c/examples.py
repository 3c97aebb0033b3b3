"""Runs the C examples as their users would, and looks at what they do.

The other side of each is the standard library's socket module, or a program of the system.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.argv[1])


def run(*args, **options):
    """Runs an example to its end and gives what it printed."""
    done = subprocess.run(
        [BIN / args[0], *args[1:]],
        capture_output=True,
        timeout=30,
        check=False,
        **options,
    )
    if done.returncode != 0:
        raise AssertionError(f"{args}: {done.returncode}\n{done.stderr.decode()}")
    return done.stdout


def connect(family, address):
    """Connects once the example listens."""
    for _ in range(500):
        peer = socket.socket(family)
        try:
            peer.connect(address)
        except OSError:
            peer.close()
            time.sleep(0.01)
        else:
            peer.settimeout(10)
            return peer
    raise AssertionError(f"nobody listens on {address}")


def recv_exactly(peer, size):
    """Receives `size` bytes."""
    data = b""
    while len(data) < size:
        part = peer.recv(size - len(data))
        if not part:
            raise AssertionError(f"the end after {len(data)} bytes")
        data += part
    return data


def links():
    """One name per line, as the kernel has them; the source is short."""
    names = run("links").decode().split()
    assert sorted(names) == sorted(os.listdir("/sys/class/net")), names
    source = Path(__file__).parents[2] / "examples/c/links.c"
    lines = [line for line in source.read_text().splitlines() if not line.startswith("/*")]
    assert len(lines) < 20, len(lines)


def pass_descriptor():
    """What it prints is the file."""
    path = Path(__file__)
    assert run("pass_descriptor", str(path)) == path.read_bytes()


def echo_server():
    """Echoes to several clients at once, more than any buffer holds, over two families."""
    with tempfile.TemporaryDirectory() as directory:
        for url, family, address in (
            ("tcp://127.0.0.1:0", socket.AF_INET, None),
            (f"unix:{directory}/echo", socket.AF_UNIX, f"{directory}/echo"),
        ):
            with subprocess.Popen([BIN / "echo_server", url], stdout=subprocess.PIPE) as server:
                try:
                    said = server.stdout.readline().decode().split()[-1]
                    where = address or ("127.0.0.1", int(said.rpartition(":")[2]))
                    peers = [connect(family, where) for _ in range(20)]
                    data = os.urandom(50_000)
                    for peer in peers:
                        peer.sendall(data)
                    for peer in peers:
                        assert recv_exactly(peer, len(data)) == data
                        peer.close()
                finally:
                    server.kill()


def main():
    """Runs each example's function above."""
    for example in (links, pass_descriptor, echo_server):
        example()
        print("ok:", example.__name__)


main()
