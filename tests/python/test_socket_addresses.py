"""Addresses of every family go in and come out as the interpreter's own module has them."""

import ipaddress
import os
import pathlib
import socket as stock

import pytest
import rsocket
from both import assert_same

HOSTS = ["127.0.0.1", b"127.0.0.1", bytearray(b"127.0.0.1"), "", "<broadcast>", "255.255.255.255"]
HOSTS += ["1\0", "\ud800", "\xe9", "127.1", "127.0.0.01", "0x7f.1", "::1", "::", "::ffff:127.0.0.1"]
HOSTS += ["127.0.0.1\n", " 127.0.0.1", "x" * 300, b"\xff", None, 5, "fe80::1%no-such-interface"]
PORTS = [0, -1, 65536, 2**31, 2**40, 2**80, "0", 1.5, None]
ODD = [None, 5, "x", b"x", (), (1,), ("127.0.0.1",), ("127.0.0.1", 0, 0), ["127.0.0.1", 0]]
ODD += [("::1", 0, 0), ("::1", 0, 0, 0), ("::1", 0, 0, 0, 0), ("::1", 0, 2**20), ("::1", 0, -1)]
ODD += [("::1", 0, "x"), ("::1", 0, 0, "x"), ("::1", 0, 2**20 - 1), ("::1", 0, 0, 2**32)]
ODD += [("lo", 3), ("lo", 70000), ("lo", 3, 300, 70000, b"123456"), ("lo", 3, 0, 0, b"123456789")]
ODD += [("no-such", 3), ("lo", 3, 0, 0, 5), ("lo\0", 3), (b"lo", 3), (1, 2), (2**33, 2), (-1, 2)]
ODD += [("x", 2), (1, "x"), (1, 2, 3, 4), (9, 2, 3, 4), (1, 2, 3, 4, 5), ("hash", "sha256")]
ODD += [("hash", "sha256", 1, 2), ("hash" * 10, "x"), ("hash", "x" * 100)]
INTERNET = [(host, 0) for host in HOSTS] + [("127.0.0.1", port) for port in PORTS]
FAMILIES = ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_TIPC"]
FAMILIES += ["AF_ALG", "AF_QIPCRTR"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("address", INTERNET + ODD, ids=repr)
def test_addresses_as_arguments(family, address, tmp_path):
    if family not in vars(stock):
        pytest.skip(f"this interpreter has no {family}")
    number = getattr(stock, family)
    internet = family in ("AF_INET", "AF_INET6")

    def call(method):
        def with_module(module):
            # A descriptor of a family that this machine has, said to be of the one under test:
            # what is compared is the making of the address.
            borrowed = stock.socket(number if internet else stock.AF_UNIX, stock.SOCK_DGRAM)
            sock = module.socket(number, stock.SOCK_DGRAM, 0, fileno=borrowed.detach())
            with sock:
                if method == "sendto":
                    return sock.sendto(b"x", address)
                return getattr(sock, method)(address)

        return with_module

    for method in ("connect", "connect_ex", "sendto"):
        assert_same(call(method))


@pytest.mark.parametrize(
    ("family", "kind", "address"),
    [
        ("AF_INET", "SOCK_DGRAM", ("127.0.0.1", 0)),
        ("AF_INET", "SOCK_DGRAM", ("", 0)),
        ("AF_INET6", "SOCK_DGRAM", ("::1", 0)),
        ("AF_INET6", "SOCK_DGRAM", ("::", 0, 5, 0)),
        ("AF_NETLINK", "SOCK_RAW", (0, 1)),
        ("AF_PACKET", "SOCK_RAW", ("lo", 3)),
        ("AF_VSOCK", "SOCK_STREAM", (2**32 - 1, 2**32 - 1)),
    ],
)
def test_names_of_bound_sockets(family, kind, address):
    def bound(module):
        sock = module.socket(getattr(module, family), getattr(module, kind))
        with sock:
            sock.bind(address)
            name = sock.getsockname()
            # The port is another one each time.
            return [type(part) for part in name], name[0] if "INET" in family else None, name[2:]

    assert_same(bound)


UNIX = ["", b"", b"\0abc", "\0abc", "a" * 107, "a" * 108, "a" * 109, b"\0" + b"a" * 107]
UNIX += [b"\0" + b"a" * 108, "a\0b", "\udcff", bytearray(b"q"), memoryview(b"r"), "é", b"\xff"]


@pytest.mark.parametrize("path", UNIX, ids=repr)
def test_unix_names(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def bound(module):
        with module.socket(module.AF_UNIX) as sock:
            sock.bind(path)
            name = sock.getsockname()
            files = os.listdir(b".")
        for file in files:
            os.unlink(file)
        return (type(name) if not len(path) else name), files

    assert_same(bound)


def test_peers_of_every_kind(tmp_path):
    def peers(module):
        answers = []
        with module.socket(module.AF_UNIX) as listener:
            listener.bind(str(tmp_path / "socket"))
            listener.listen()
            with module.socket(module.AF_UNIX) as client:
                client.connect(str(tmp_path / "socket"))
                accepted, address = listener.accept()
                with accepted:
                    answers += [address, client.getpeername(), client.getsockname()]
                    client.send(b"x")
                    # man 7 unix: a peer without a name has none to tell.
                    answers.append(accepted.recvfrom(1))
        os.unlink(tmp_path / "socket")
        with module.socket() as sock:
            answers.append(sock.getsockname())
        return answers

    def without_name(module):
        left, right = module.socketpair()
        with left, right:
            right.send(b"x")
            return left.recvfrom(1), left.getpeername(), left.getsockname()

    assert_same(peers)
    assert_same(without_name)


CAN_ADDRESSES = [
    ("lo", 1.5, 2),
    ("lo", 1, None),
    ("lo", "x", 2),
    ("lo", True, 2**70),
    ("no-such", 1.5, 2),
]
CAN_ADDRESSES += [("lo", 1.5, 2, 3), ("lo", 1, 2.5, 3), ("lo", 1, 2, object()), ("lo", -1, 2, 3)]
CAN_ADDRESSES += [("\ud800", 1.5, 2), ("no-such", 1, 2), ("x" * 16, 1, "x"), ("x" * 16, 1, 2)]


@pytest.mark.parametrize("protocol", ["CAN_ISOTP", "CAN_J1939"])
@pytest.mark.parametrize("address", CAN_ADDRESSES, ids=repr)
def test_numbers_in_can_addresses_are_ints(protocol, address):
    def connect(module):
        number = {"CAN_ISOTP": 6, "CAN_J1939": 7}[protocol]
        held = stock.socket(stock.AF_UNIX, stock.SOCK_DGRAM)
        with module.socket(stock.AF_CAN, stock.SOCK_DGRAM, number, fileno=held.detach()) as sock:
            return sock.connect(address)

    assert_same(connect)


@pytest.mark.parametrize("family", ["AF_PACKET", "AF_CAN"])
@pytest.mark.parametrize("method", ["bind", "connect", "connect_ex"])
def test_a_closed_socket_knows_no_interface(family, method):
    def call(module):
        held = stock.socket(stock.AF_UNIX, stock.SOCK_DGRAM)
        number = getattr(stock, family)
        sock = module.socket(number, stock.SOCK_DGRAM, stock.CAN_RAW, fileno=held.detach())
        sock.close()
        # Of all that is wrong this comes first.
        address = ("lo", 2**20, 0, 0, b"too long a number") if family == "AF_PACKET" else ("lo",)
        return getattr(sock, method)(address)

    assert_same(call)


def test_paths_may_be_path_like(tmp_path):
    with rsocket.socket(rsocket.AF_UNIX) as listener:
        listener.bind(tmp_path / "socket")
        listener.listen()
        with rsocket.socket(rsocket.AF_UNIX) as client:
            client.connect(pathlib.PurePosixPath(tmp_path, "socket"))
            assert client.getpeername() == str(tmp_path / "socket")


def test_a_path_like_with_a_nul_is_refused(tmp_path):
    with rsocket.socket(rsocket.AF_UNIX) as sock, pytest.raises(ValueError, match="null byte"):
        sock.bind(pathlib.PurePosixPath(tmp_path, "a\0b"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("family", "host"),
    [("AF_INET", ipaddress.IPv4Address("127.0.0.1")), ("AF_INET6", ipaddress.IPv6Address("::1"))],
)
def test_hosts_may_be_ip_addresses(family, host):
    with rsocket.socket(getattr(rsocket, family), rsocket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        assert sock.getsockname()[0] == str(host)


def test_a_zone_behind_the_host_is_kept():
    interface = rsocket.if_nametoindex("lo")
    with rsocket.socket(rsocket.AF_INET6, rsocket.SOCK_DGRAM) as sock:
        # Nobody has this address: what counts is the scope that the kernel is asked about.
        sock.connect_ex(("fe80::1%lo", 9))
        with rsocket.socket(rsocket.AF_INET6, rsocket.SOCK_DGRAM) as same:
            assert sock.connect_ex(("fe80::1%lo", 9)) == same.connect_ex(
                ("fe80::1", 9, 0, interface)
            )


@pytest.mark.parametrize(
    "text", ["::1.2.3.4", "::ffff:1.2.3.4", "::1", "::", "::1:0", "1::", "1:0:0:2::3"]
)
def test_ipv6_text_is_that_of_inet_ntop(text):
    def name(module):
        with module.socket(module.AF_INET6, module.SOCK_DGRAM) as sock:
            sock.setsockopt(module.IPPROTO_IPV6, IPV6_FREEBIND, 1)
            sock.bind((text, 0))
            return sock.getsockname()[0]

    assert_same(name)


# linux/in6.h; newer than the constants of some interpreters.
IPV6_FREEBIND = 78
