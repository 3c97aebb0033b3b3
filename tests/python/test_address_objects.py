"""Paths and ipaddress objects are addresses, and every option can be read whole."""

import errno
import ipaddress
import os
import pathlib
import struct
import subprocess
import sys

import pytest
import rsocket

V4 = ipaddress.ip_address("127.0.0.1")
V6 = ipaddress.ip_address("::1")


@pytest.mark.parametrize("host", [V4, V6], ids=str)
def test_ipaddress_objects_are_hosts(host):
    family = rsocket.AF_INET if host.version == 4 else rsocket.AF_INET6
    with rsocket.create_server((host, 0), family=family) as server:
        port = server.getsockname()[1]
        with rsocket.create_connection((host, port)) as client:
            assert ipaddress.ip_address(client.getpeername()[0]) == host
    with rsocket.socket(family, rsocket.SOCK_DGRAM) as receiver, receiver.dup() as sender:
        receiver.bind((host, 0))
        assert sender.sendto(b"x", (host, receiver.getsockname()[1])) == 1
        assert receiver.recv(8) == b"x"
    expected = rsocket.getaddrinfo(str(host), 80)
    assert rsocket.getaddrinfo(host, 80) == expected
    names = rsocket.getnameinfo((host, 80), rsocket.NI_NUMERICHOST | rsocket.NI_NUMERICSERV)
    assert names == (str(host), "80")


def test_other_objects_are_no_hosts():
    network = ipaddress.ip_network("127.0.0.0/8")
    for host in (network, 1.5, object()):
        with pytest.raises(TypeError):
            rsocket.getaddrinfo(host, 80)
        with rsocket.socket() as sock, pytest.raises(TypeError):
            sock.connect((host, 80))


def test_paths_are_addresses(tmp_path):
    path = tmp_path / "socket"
    with rsocket.socket(rsocket.AF_UNIX) as server, rsocket.socket(rsocket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
        assert client.getpeername() == str(path)

    class Raw:
        def __fspath__(self):
            return bytes(path)

    with rsocket.socket(rsocket.AF_UNIX) as client:
        assert client.connect_ex(Raw()) == errno.ECONNREFUSED


def test_a_path_with_nul_is_no_abstract_name():
    with rsocket.socket(rsocket.AF_UNIX) as sock, pytest.raises(ValueError):
        sock.bind(pathlib.Path("\0abstract"))


def test_option_values_beyond_1024_bytes():
    if os.geteuid() != 0:
        pytest.skip("only root may be in so many groups")
    program = """if True:
        import array, os, rsocket
        os.setgroups(range(1000, 1500))
        left, right = rsocket.socketpair()
        groups = array.array("I", bytes(4096))
        assert left.getsockopt(rsocket.SOL_SOCKET, rsocket.SO_PEERGROUPS, groups) == 2000
        assert list(groups) == [*range(1000, 1500), *[0] * 524]
    """
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_value_goes_into_a_buffer():
    with rsocket.socket() as sock:
        buffer = bytearray(b"\xff" * 8)
        assert sock.getsockopt(rsocket.SOL_SOCKET, rsocket.SO_TYPE, buffer) == 4
        assert buffer == struct.pack("i", rsocket.SOCK_STREAM) + b"\xff" * 4
        for other in (b"1234", "text", None, 1.5):
            with pytest.raises(TypeError):
                sock.getsockopt(rsocket.SOL_SOCKET, rsocket.SO_TYPE, other)
        for other in (-1, 1025):
            with pytest.raises(OSError, match="buflen out of range"):
                sock.getsockopt(rsocket.SOL_SOCKET, rsocket.SO_TYPE, other)
