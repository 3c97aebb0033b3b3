"""Rows that make sockets and ask them what they are."""

from rows.table import bound, connection, heading, listener, pair, row

heading("Making and closing")


@row("tcp socket and close", "AF_INET", "SOCK_STREAM", goal=1.30)
@row("udp socket and close", "AF_INET", "SOCK_DGRAM", goal=1.30)
@row("unix socket and close", "AF_UNIX", "SOCK_STREAM", goal=1.30)
def construct(module, exits, family, kind):
    family, kind = getattr(module, family), getattr(module, kind)

    def run(steps):
        make = module.socket
        for _ in range(steps):
            make(family, kind).close()

    return run


@row("with socket()", goal=1.30)
def context(module, exits):
    def run(steps):
        make = module.socket
        for _ in range(steps):
            with make():
                pass

    return run


@row("socketpair and close", goal=1.45)
def socketpair(module, exits):
    def run(steps):
        for _ in range(steps):
            left, right = module.socketpair()
            left.close()
            right.close()

    return run


@row("socket(fileno=) and detach", goal=1.85)
def adopt(module, exits):
    fd = pair(module, exits)[0].fileno()

    def run(steps):
        make = module.socket
        for _ in range(steps):
            make(fileno=fd).detach()

    return run


heading("Attributes and options")


@row("family", goal=15)
def family(module, exits):
    sock, _ = pair(module, exits)

    def run(steps):
        for _ in range(steps):
            _ = sock.family

    return run


@row("type", goal=15)
def kind(module, exits):
    sock, _ = pair(module, exits)

    def run(steps):
        for _ in range(steps):
            _ = sock.type

    return run


@row("fileno()", goal=1.45)
def fileno(module, exits):
    sock, _ = pair(module, exits)

    def run(steps):
        for _ in range(steps):
            sock.fileno()

    return run


@row("gettimeout()", goal=1.45)
def gettimeout(module, exits):
    sock, _ = pair(module, exits)

    def run(steps):
        for _ in range(steps):
            sock.gettimeout()

    return run


@row("settimeout() to and fro")
def settimeout(module, exits):
    sock, _ = pair(module, exits)

    def run(steps):
        for _ in range(steps):
            sock.settimeout(5.0)
            sock.settimeout(None)

    return run


@row("getsockopt int", goal=1.25)
def getsockopt(module, exits):
    sock, _ = pair(module, exits)
    level, option = module.SOL_SOCKET, module.SO_RCVBUF

    def run(steps):
        for _ in range(steps):
            sock.getsockopt(level, option)

    return run


@row("setsockopt int", goal=1.25)
def setsockopt(module, exits):
    sock, _ = pair(module, exits)
    level, option = module.SOL_SOCKET, module.SO_PASSCRED

    def run(steps):
        for _ in range(steps):
            sock.setsockopt(level, option, 1)

    return run


heading("Addresses and names")


@row("getsockname v4", "AF_INET", goal=2.2)
@row("getsockname v6", "AF_INET6", goal=2.2)
@row("getsockname unix", "AF_UNIX", goal=1.35)
def getsockname(module, exits, family):
    sock = bound(module, exits, family)

    def run(steps):
        for _ in range(steps):
            sock.getsockname()

    return run


@row("getpeername v4", "AF_INET", goal=2.2)
@row("getpeername v6", "AF_INET6", goal=2.2)
@row("getpeername unix", "AF_UNIX", goal=1.35)
def getpeername(module, exits, family):
    server = listener(module, exits, family)
    sock = exits.enter_context(module.socket(getattr(module, family)))
    sock.connect(server.getsockname())

    def run(steps):
        for _ in range(steps):
            sock.getpeername()

    return run


@row("inet_ntop v4", "AF_INET", b"\x7f\0\0\1")
@row("inet_ntop v6", "AF_INET6", b"\xfe\x80" + bytes(13) + b"\1", goal=2.2)
def inet_ntop(module, exits, family, packed):
    family = getattr(module, family)

    def run(steps):
        convert = module.inet_ntop
        for _ in range(steps):
            convert(family, packed)

    return run


@row("inet_pton v4", "AF_INET", "127.0.0.1")
@row("inet_pton v6", "AF_INET6", "fe80::1:2", goal=1.7)
def inet_pton(module, exits, family, text):
    family = getattr(module, family)

    def run(steps):
        convert = module.inet_pton
        for _ in range(steps):
            convert(family, text)

    return run


@row("htons")
def htons(module, exits):
    def run(steps):
        convert = module.htons
        for _ in range(steps):
            convert(80)

    return run


@row("getaddrinfo of a number", goal=11)
def getaddrinfo(module, exits):
    stream = module.SOCK_STREAM

    def run(steps):
        resolve = module.getaddrinfo
        for _ in range(steps):
            resolve("127.0.0.1", 80, 0, stream)

    return run


heading("Errors")


@row("recv of nothing (EAGAIN)", goal=2.3)
def nothing(module, exits):
    sock, _ = pair(module, exits, timeout=0.0)

    def run(steps):
        for _ in range(steps):
            try:
                sock.recv(64)
            except BlockingIOError:
                pass

    return run


@row("accept of nothing (EAGAIN)", goal=1.5)
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


@row("connect refused", goal=1.2)
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


@row("send after shutdown (EPIPE)")
def broken_pipe(module, exits):
    client, _server = connection(module, exits)
    client.shutdown(module.SHUT_WR)

    def run(steps):
        for _ in range(steps):
            try:
                client.send(b"x")
            except BrokenPipeError:
                pass

    return run
