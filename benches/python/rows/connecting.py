"""Rows that make connections."""

import time

from rows.table import heading, listener, row

heading("Connections")

BATCH = 64


@row("accept tcp", "AF_INET", goal=2.5)
@row("accept unix", "AF_UNIX", goal=2.4)
def accept(module, exits, family):
    """Only accept() counts: connections are made and closed between."""
    server = listener(module, exits, family)
    server.settimeout(5)
    name, family = server.getsockname(), getattr(module, family)

    def run(steps):
        took = 0
        for _ in range(-(-steps // BATCH)):
            clients = [module.socket(family) for _ in range(BATCH)]
            for client in clients:
                client.connect(name)
            begun = time.thread_time()
            accepted = [server.accept() for _ in range(BATCH)]
            took += time.thread_time() - begun
            for sock in clients:
                sock.close()
            for sock, _ in accepted:
                sock.close()
        return took / (-(-steps // BATCH) * BATCH)

    return run


@row("connect+accept+close tcp", "AF_INET", goal=1.40)
@row("connect+accept+close unix", "AF_UNIX", goal=1.70)
def connect(module, exits, family):
    server = listener(module, exits, family)
    name, family = server.getsockname(), getattr(module, family)

    def run(steps):
        for _ in range(steps):
            client = module.socket(family)
            client.connect(name)
            server.accept()[0].close()
            client.close()

    return run


@row("create_connection+accept+close", goal=1.75)
def create_connection(module, exits):
    server = listener(module, exits)
    name = server.getsockname()

    def run(steps):
        for _ in range(steps):
            client = module.create_connection(name)
            server.accept()[0].close()
            client.close()

    return run
