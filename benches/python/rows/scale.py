"""Rows with many sockets open at once."""

import resource
import selectors
import socket as stock
import subprocess
import sys
import time
from pathlib import Path

from rows.table import GREETING, NOBODY, heading, pair, row

heading("Many sockets")

COUNTS = (10, 1000, 10000)
READY = 10
MANY = 10000


def allow(count):
    """Raises the limit of open files, where that can be; whether so many may be open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard == resource.RLIM_INFINITY else max(hard, count + 500)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard > count + 500
    return True


def crowd(exits, count):
    """The numbers of so many open sockets, which stock and rsocket share."""
    if not hasattr(exits, "crowd"):
        sockets = [stock.socket(stock.AF_UNIX, stock.SOCK_DGRAM) for _ in range(count)]
        for sock in sockets:
            exits.callback(sock.close)
        exits.crowd = [sock.fileno() for sock in sockets]
    return exits.crowd


for _count in COUNTS:
    if not allow(_count):
        continue

    @row(f"accept beside {_count:,} open sockets", _count, goal=2.4)
    def accept(module, exits, count):
        crowd(exits, count)
        server = exits.enter_context(module.socket(module.AF_UNIX))
        server.bind(NOBODY["AF_UNIX"])
        server.listen(64)
        name = server.getsockname()

        def run(steps):
            took = 0
            for _ in range(-(-steps // 32)):
                clients = [module.socket(module.AF_UNIX) for _ in range(32)]
                for client in clients:
                    client.connect(name)
                begun = time.thread_time()
                accepted = [server.accept() for _ in clients]
                took += time.thread_time() - begun
                for sock in [*clients, *(sock for sock, _ in accepted)]:
                    sock.close()
            return took / (-(-steps // 32) * 32)

        return run

    @row(f"selector, {READY} of {_count:,} sockets ready", _count)
    def selector(module, exits, count):
        selector = exits.enter_context(selectors.DefaultSelector())
        for number in crowd(exits, count - READY):
            selector.register(number, selectors.EVENT_READ)
        pairs = [pair(module, exits, timeout=0.0) for _ in range(READY)]
        for _, right in pairs:
            selector.register(right, selectors.EVENT_READ)

        def run(steps):
            for _ in range(-(-steps // READY)):
                for left, _ in pairs:
                    left.send(GREETING)
                for key, _ in selector.select():
                    key.fileobj.recv(2048)

        return run


CHILD = """
import gc, resource, sys
sys.path.append({folder!r})
import {module} as socket
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
def resident():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
sockets = [None] * {count}
sockets[0] = socket.socket(socket.AF_UNIX)
before = resident()
for i in range(1, {count}):
    sockets[i] = socket.socket(socket.AF_UNIX)
print((resident() - before) / ({count} - 1))
"""

if allow(MANY):

    @row("memory of a socket, 10,000 open", goal=1.0, unit="bytes", pairs=3)
    def memory(module, exits):
        folder = str(Path(module.__file__).parent.parent)
        program = CHILD.format(folder=folder, module=module.__name__, count=MANY)

        def run(steps):
            done = subprocess.run(
                [sys.executable, "-c", program], check=True, capture_output=True, text=True
            )
            return float(done.stdout)

        return run
