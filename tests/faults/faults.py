"""One operation of the Python module between two marks that strace shows, and what became of it: as
rust/src/main.rs.
"""

import array
import errno
import gc
import os
import sys
import tempfile

import rsocket as socket
from rsocket import netlink

SOON, AT_ONCE = 5, 0.03


def listener():
    sock = socket.create_server(("127.0.0.1", 0))
    return sock, sock.getsockname()


def pair(kind=socket.SOCK_STREAM, timeout=SOON):
    both = socket.socketpair(socket.AF_UNIX, kind)
    for sock in both:
        sock.settimeout(timeout)
    return both


def connects(timeout):
    server, address = listener()

    def run(_number, _server=server):
        with socket.socket() as sock:
            sock.settimeout(timeout)
            sock.connect(address)
            sock.sendall(b"connected")

    return run


def connect_any():
    server, (_host, port) = listener()

    def run(_number, _server=server):
        socket.create_connection(("localhost", port), SOON).close()

    return run


def accepts(timeout):
    server, address = listener()
    server.settimeout(timeout)
    clients = [socket.create_connection(address) for _ in range(2)]

    def run(_number, _clients=clients):
        server.accept()[0].close()

    return run


def streams(timeout):
    left, right = pair(timeout=timeout)

    def run(_number):
        left.sendall(b"all of it")
        right.recvexactly(9)

    return run


def datagram():
    sender, receiver = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for sock in (sender, receiver):
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(SOON)

    def run(_number):
        sender.sendto(b"one", receiver.getsockname())
        receiver.recvfrom(8)

    return run


def nothing_comes():
    left, right = pair(timeout=AT_ONCE)

    def run(_number, _right=right):
        left.recv(8)

    return run


def pass_fd():
    left, right = pair()
    file = os.open(os.devnull, os.O_RDONLY)

    def run(_number):
        socket.send_fds(left, [b"fd"], [file])
        _data, ancillary, _flags, _address = right.recvmsg(8, socket.CMSG_SPACE(4))
        for _level, _type, data in ancillary:
            for fd in array.array("i", data):
                os.close(fd)

    return run


def batch():
    left, right = pair(socket.SOCK_SEQPACKET)

    def run(_number):
        assert left.sendmmsg([b"one", b"two"]) == 2
        assert len(right.recvmmsg(2)) == 2

    return run


def netlink_dump():
    def run(_number):
        with netlink.open() as sock:
            sock.timeout = SOON
            assert sock.dump(18, bytes(16), attempts=1)

    return run


def unix_bind():
    def path(number):
        return f"{sys.argv[2]}/{number}.sock"

    for number in range(2):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(path(number))

    def run(number):
        socket.listen(f"unix:{path(number)}?reuse=1&mode=0666").close()

    return run


def dup():
    left, right = pair()

    def run(_number, _right=right):
        left.dup().close()

    return run


def send_file():
    left, right = pair()
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.truncate(1 << 20)

    def run(_number):
        left.sendfile(file, 0, 10_000)
        right.recvexactly(10_000)

    return run


def simple(call):
    return lambda: lambda _number: call()


OPERATIONS = {
    "connect": lambda: connects(SOON),
    "connect-blocking": lambda: connects(None),
    "connect-any": connect_any,
    "listen": simple(lambda: socket.listen("tcp://127.0.0.1:0").close()),
    "accept": lambda: accepts(SOON),
    "accept-blocking": lambda: accepts(None),
    "stream": lambda: streams(SOON),
    "stream-blocking": lambda: streams(None),
    "datagram": datagram,
    "nothing-comes": nothing_comes,
    "pass-fd": pass_fd,
    "batch": batch,
    "netlink-dump": netlink_dump,
    "unix-bind": unix_bind,
    "resolve": simple(lambda: socket.getaddrinfo("localhost", 80)),
    "dup": dup,
    "pair": simple(lambda: [sock.close() for sock in socket.socketpair()]),
    "send-file": send_file,
}


def outcome(run, number):
    try:
        run(number)
    except socket.gaierror:
        return "EAI"
    except TimeoutError as error:
        return errno.errorcode[error.errno or errno.ETIMEDOUT]
    except OSError as error:
        name = errno.errorcode[error.errno]
        # Two names of one number.
        return "EOPNOTSUPP" if name == "ENOTSUP" else name
    return "ok"


def open_count():
    return len(os.listdir("/proc/self/fd"))


def main():
    make = OPERATIONS.get(sys.argv[1])
    if make is None:
        print("absent 0")
        return
    gc.disable()
    run = make()
    # What is done only the first time is done.
    outcome(run, 0)
    before = open_count()
    os.path.exists("/rsocket-faults/begins")
    result = outcome(run, 1)
    os.path.exists("/rsocket-faults/ends")
    print(result, open_count() - before)


main()
