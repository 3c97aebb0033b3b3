"""The rows of the table: ALL maps a name to what builds, for a module, a loop of steps.

GROUPS says under which heading a row stands, and GOALS the ratio that a row is to reach.
"""

import os
import tempfile
import threading

ALL = {}
GROUPS = {}
GOALS = {}

_headings = []

GREETING = b"x" * 64


def heading(name):
    """Rows that follow stand under this heading."""
    _headings.append(name)


def row(name, *arguments, goal=None):
    """Enters a function into the table under a name, with arguments of its own."""

    def enter(function):
        def build(module, exits):
            return function(module, exits, *arguments)

        ALL[name] = build
        GROUPS[name] = _headings[-1]
        if goal is not None:
            GOALS[name] = goal
        return function

    return enter


def each(steps, call, *arguments):
    for _ in range(steps):
        call(*arguments)


def loop(call, *arguments):
    """A loop over one call."""
    return lambda steps: each(steps, call, *arguments)


def pair(module, exits, kind="SOCK_STREAM", timeout=None):
    """Two connected unix sockets."""
    sockets = module.socketpair(module.AF_UNIX, getattr(module, kind))
    for sock in sockets:
        exits.enter_context(sock)
        sock.settimeout(timeout)
    return sockets


def listener(module, exits, family="AF_INET"):
    sock = exits.enter_context(module.socket(getattr(module, family)))
    sock.bind(("127.0.0.1", 0) if family == "AF_INET" else ("::1", 0))
    sock.listen()
    return sock


def connection(module, exits, timeout=None):
    """Two connected TCP sockets."""
    server = listener(module, exits)
    client = exits.enter_context(module.create_connection(server.getsockname()))
    accepted = exits.enter_context(server.accept()[0])
    for sock in (client, accepted):
        sock.setsockopt(module.IPPROTO_TCP, module.TCP_NODELAY, 1)
        sock.settimeout(timeout)
    return client, accepted


heading("Making and closing")


@row("socket() and close")
def construct(module, exits):
    def run(steps):
        make, family, kind = module.socket, module.AF_INET, module.SOCK_STREAM
        for _ in range(steps):
            make(family, kind).close()

    return run


@row("socketpair and close")
def socketpair(module, exits):
    def run(steps):
        for _ in range(steps):
            left, right = module.socketpair()
            left.close()
            right.close()

    return run


@row("socket(fileno=) and detach")
def adopt(module, exits):
    fd = pair(module, exits)[0].fileno()

    def run(steps):
        for _ in range(steps):
            module.socket(fileno=fd).detach()

    return run


heading("Attributes and options")


@row("family", "family")
@row("type", "type")
def attribute(module, exits, name):
    sock, _ = pair(module, exits)

    def family(steps):
        for _ in range(steps):
            _ = sock.family

    def kind(steps):
        for _ in range(steps):
            _ = sock.type

    return {"family": family, "type": kind}[name]


@row("fileno()", "fileno")
@row("gettimeout()", "gettimeout")
def ask(module, exits, name):
    return loop(getattr(pair(module, exits)[0], name))


@row("getsockopt int")
def getsockopt(module, exits):
    return loop(pair(module, exits)[0].getsockopt, module.SOL_SOCKET, module.SO_RCVBUF)


@row("setsockopt int")
def setsockopt(module, exits):
    sock, _ = pair(module, exits)
    return loop(sock.setsockopt, module.SOL_SOCKET, module.SO_PASSCRED, 1)


heading("Addresses and names")


@row("getsockname v4", "AF_INET", ("127.0.0.1", 0))
@row("getsockname v6", "AF_INET6", ("::1", 0))
@row("getsockname unix", "AF_UNIX", "")
def getsockname(module, exits, family, name):
    sock = exits.enter_context(module.socket(getattr(module, family)))
    sock.bind(name)
    return loop(sock.getsockname)


@row("inet_ntop")
def inet_ntop(module, exits):
    return loop(module.inet_ntop, module.AF_INET, b"\x7f\0\0\1")


@row("inet_pton")
def inet_pton(module, exits):
    return loop(module.inet_pton, module.AF_INET, "127.0.0.1")


@row("getaddrinfo of a number")
def getaddrinfo(module, exits):
    return loop(module.getaddrinfo, "127.0.0.1", 80, 0, module.SOCK_STREAM)


heading("Streams")


def there_and_back(left, right, size):
    """Sends and receives so many bytes in one thread."""
    data = b"x" * size

    def run(steps):
        send, recv = left.send, right.recv
        for _ in range(steps):
            send(data)
            recv(size)

    return run


for _size, _text in ((1, "1 B"), (64, "64 B"), (4096, "4 KiB"), (65536, "64 KiB")):
    for _timeout, _how in ((None, "blocking"), (5.0, "timeout"), (0.0, "non-blocking")):

        @row(f"unix send+recv {_text} {_how}", _size, _timeout)
        def unix(module, exits, size, timeout):
            return there_and_back(*pair(module, exits, timeout=timeout), size)


for _size, _text in ((1, "1 B"), (4096, "4 KiB")):
    for _timeout, _how in ((None, "blocking"), (5.0, "timeout")):

        @row(f"tcp send+recv {_text} {_how}", _size, _timeout)
        def tcp(module, exits, size, timeout):
            return there_and_back(*connection(module, exits, timeout), size)


@row("unix 1 MiB sendall+recv_into")
def bulk(module, exits):
    left, right = pair(module, exits)
    data, room = bytes(1 << 20), bytearray(1 << 20)

    def run(steps):
        def drain():
            view = memoryview(room)
            for _ in range(steps):
                got = 0
                while got < len(data):
                    got += right.recv_into(view[got:])

        reader = threading.Thread(target=drain)
        reader.start()
        each(steps, left.sendall, data)
        reader.join()

    return run


heading("Datagrams")


@row("udp v4 sendto+recvfrom", "AF_INET", ("127.0.0.1", 0))
@row("udp v6 sendto+recvfrom", "AF_INET6", ("::1", 0))
@row("unix datagram sendto+recvfrom", "AF_UNIX", "")
def datagram(module, exits, family, name):
    sock = exits.enter_context(module.socket(getattr(module, family), module.SOCK_DGRAM))
    sock.bind(name)
    own = sock.getsockname()

    def run(steps):
        sendto, recvfrom = sock.sendto, sock.recvfrom
        for _ in range(steps):
            sendto(GREETING, own)
            recvfrom(2048)

    return run


@row("udp v4 sendto+recvfrom_into")
def datagram_into(module, exits):
    sock = exits.enter_context(module.socket(module.AF_INET, module.SOCK_DGRAM))
    sock.bind(("127.0.0.1", 0))
    own, room = sock.getsockname(), bytearray(2048)

    def run(steps):
        for _ in range(steps):
            sock.sendto(GREETING, own)
            sock.recvfrom_into(room)

    return run


heading("Messages and descriptors")


@row("sendmsg+recvmsg")
def message(module, exits):
    left, right = pair(module, exits)

    def run(steps):
        for _ in range(steps):
            left.sendmsg([GREETING])
            right.recvmsg(2048)

    return run


@row("sendmsg+recvmsg with a descriptor")
def rights(module, exits):
    left, right = pair(module, exits)
    control = [(module.SOL_SOCKET, module.SCM_RIGHTS, left.fileno().to_bytes(4, "little"))]
    room = module.CMSG_SPACE(4)

    def run(steps):
        for _ in range(steps):
            left.sendmsg([b"x"], control)
            os.close(int.from_bytes(right.recvmsg(16, room)[1][0][2], "little"))

    return run


@row("send_fds+recv_fds")
def passed(module, exits):
    left, right = pair(module, exits)
    fd = left.fileno()

    def run(steps):
        for _ in range(steps):
            module.send_fds(left, [b"x"], [fd])
            os.close(module.recv_fds(right, 16, 1)[1][0])

    return run


heading("Errors")


@row("recv of nothing (EAGAIN)")
def nothing(module, exits):
    sock, _ = pair(module, exits, timeout=0.0)

    def run(steps):
        for _ in range(steps):
            try:
                sock.recv(64)
            except BlockingIOError:
                pass

    return run


heading("Connections")


@row("accept")
def accept(module, exits):
    server = listener(module, exits)
    server.settimeout(5)
    name = server.getsockname()

    def run(steps):
        for _ in range(steps):
            with module.socket() as client:
                client.connect(name)
                server.accept()[0].close()

    return run


@row("connect+accept+close unix")
def connect_unix(module, exits):
    server = exits.enter_context(module.socket(module.AF_UNIX))
    server.bind("")
    server.listen()
    name = server.getsockname()

    def run(steps):
        for _ in range(steps):
            with module.socket(module.AF_UNIX) as client:
                client.connect(name)
                server.accept()[0].close()

    return run


@row("create_connection+accept+close")
def create_connection(module, exits):
    server = listener(module, exits)
    name = server.getsockname()

    def run(steps):
        for _ in range(steps):
            with module.create_connection(name):
                server.accept()[0].close()

    return run


@row("accept of nothing (EAGAIN)")
def accept_nothing(module, exits):
    server = listener(module, exits)
    server.setblocking(False)

    def run(steps):
        for _ in range(steps):
            try:
                server.accept()
            except BlockingIOError:
                pass

    return run


@row("connect refused")
def refused(module, exits):
    with module.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        name = closed.getsockname()

    def run(steps):
        for _ in range(steps):
            with module.socket() as client:
                try:
                    client.connect(name)
                except ConnectionRefusedError:
                    pass

    return run


heading("Files")


@row("makefile: readline")
def readline(module, exits):
    left, right = pair(module, exits)
    reader = exits.enter_context(right.makefile("rb"))
    lines = b"a line of some length, as they come\n" * 64

    def run(steps):
        for _ in range(steps // 64 + 1):
            left.sendall(lines)
            for _ in range(64):
                reader.readline()

    return run


@row("makefile: echo of a line")
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


@row("makefile: open+close")
def makefile(module, exits):
    sock, _ = pair(module, exits)

    def run(steps):
        for _ in range(steps):
            sock.makefile("rb").close()

    return run


@row("sendfile of 4 KiB")
def sendfile(module, exits):
    client, server = connection(module, exits)
    file = exits.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    file.write(bytes(4096))
    room = bytearray(4096)

    def run(steps):
        for _ in range(steps):
            client.sendfile(file, 0, 4096)
            got = 0
            while got < 4096:
                got += server.recv_into(room)

    return run


heading("Threads")


def in_threads(count, work):
    def run(steps):
        threads = [threading.Thread(target=work, args=(i, steps)) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run


@row("8 threads, own pair each, 1 B", 1)
@row("8 threads, own pair each, 4 KiB", 4096)
def busy(module, exits, size):
    data = b"x" * size
    pairs = [pair(module, exits) for _ in range(8)]

    def work(number, steps):
        left, right = pairs[number]
        for _ in range(steps):
            left.send(data)
            right.recv(size)

    return in_threads(8, work)


@row("8 echo threads")
def echo_threads(module, exits):
    pairs = [pair(module, exits) for _ in range(8)]

    def work(number, steps):
        left, right = pairs[number // 2]
        if number % 2:
            for _ in range(steps):
                right.send(right.recv(64))
        else:
            for _ in range(steps):
                left.send(GREETING)
                left.recv(64)

    return in_threads(8, work)
