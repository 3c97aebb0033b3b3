"""Rows of what looks like files: makefile and sendfile."""

import tempfile

from rows.table import connection, heading, pair, row

heading("Files")

LINES = 64


@row("makefile: readline", goal=2.5)
def readline(module, exits):
    left, right = pair(module, exits)
    reader = exits.enter_context(right.makefile("rb"))

    def run(steps):
        for _ in range(steps // LINES + 1):
            left.sendall(b"a line of an old protocol\r\n" * LINES)
            for _ in range(LINES):
                reader.readline()

    return run


@row("makefile: for line in file", "rb", goal=2.1)
@row("makefile: for line in text file", "r", goal=1.35)
def lines(module, exits, mode):
    left, right = pair(module, exits)
    reader = exits.enter_context(right.makefile(mode))

    def run(steps):
        for _ in range(steps // LINES + 1):
            left.sendall(b"a line of an old protocol\r\n" * LINES)
            for number, _line in enumerate(reader, 1):
                if number == LINES:
                    break

    return run


@row("makefile: echo of a line", goal=3.4)
def echo(module, exits):
    left, right = pair(module, exits)
    near = exits.enter_context(left.makefile("rwb"))
    far = exits.enter_context(right.makefile("rwb"))

    def run(steps):
        for _ in range(steps):
            near.write(b"a line\n")
            near.flush()
            far.write(far.readline())
            far.flush()
            near.readline()

    return run


@row("makefile: open+close", goal=2.9)
def makefile(module, exits):
    sock, _ = pair(module, exits)

    def run(steps):
        for _ in range(steps):
            sock.makefile("rb").close()

    return run


@row("sendfile of 4 KiB", goal=2.3)
def sendfile(module, exits):
    client, server = connection(module, exits)
    file = exits.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    file.write(bytes(4096))
    file.flush()
    room = bytearray(4096)

    def run(steps):
        for _ in range(steps):
            client.sendfile(file, 0, 4096)
            got = 0
            while got < 4096:
                got += server.recv_into(room)

    return run
