"""Who the peer is, keepalive, TCP's account, multicast groups, and control messages by name."""

import array
import errno
import ipaddress
import os
import select
import struct
import time

import pytest
import rsocket
from rsocket import cmsg


@pytest.fixture
def pair():
    left, right = rsocket.socketpair()
    with left, right:
        yield left, right


@pytest.fixture
def connection():
    with rsocket.create_server(("127.0.0.1", 0)) as server:
        with rsocket.create_connection(server.getsockname()) as client:
            accepted, _peer = server.accept()
            with accepted:
                yield client, accepted


def raises(number):
    return pytest.raises(OSError, match=f"Errno {number}")


def test_the_peer_is_who_made_the_pair(pair):
    left, _right = pair
    assert left.getpeereid() == (os.geteuid(), os.getegid())
    assert left.peercred() == (os.getpid(), os.geteuid(), os.getegid())
    assert left.peercred().pid == os.getpid()
    assert isinstance(left.peercred(), cmsg.Credentials)
    assert set(left.peergroups()) == set(os.getgroups())


def test_the_peers_pidfd():
    with rsocket.socket(rsocket.AF_UNIX) as listener:
        listener.bind(b"\0rsocket-pidfd-%d" % os.getpid())
        listener.listen()
        child = os.fork()
        if child == 0:
            with rsocket.socket(rsocket.AF_UNIX) as sock:
                sock.connect(listener.getsockname())
                sock.recv(1)
            os._exit(0)
        connection, _peer = listener.accept()
        with connection:
            assert connection.peercred().pid == child
            try:
                pidfd = connection.peerpidfd()
            except OSError as error:
                if error.errno == errno.ENOPROTOOPT:
                    pytest.skip("the kernel has no SO_PEERPIDFD")
                raise
            finally:
                connection.close()
                os.waitpid(child, 0)
    assert not os.get_inheritable(pidfd)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(5000), "the descriptor of a process that ended is readable"
    os.close(pidfd)


def test_nobody_is_the_peer_outside_the_unix_domain(connection):
    client, _ = connection
    for call in (client.getpeereid, client.peercred):
        with raises(errno.ENOTCONN):
            call()
    with pytest.raises(OSError):
        client.peerpidfd()
    client.close()
    with raises(errno.EBADF):
        client.peercred()


def times(sock):
    level = rsocket.IPPROTO_TCP
    names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")
    on = sock.getsockopt(rsocket.SOL_SOCKET, rsocket.SO_KEEPALIVE)
    return (bool(on), *(sock.getsockopt(level, getattr(rsocket, name)) for name in names))


def test_keepalive(connection):
    client, _ = connection
    before = times(client)
    assert not before[0]
    client.set_keepalive()
    assert times(client) == (True, *before[1:])
    client.set_keepalive(True, idle=60, interval=9.5, count=3)
    assert times(client) == (True, 60, 10, 3)
    client.set_keepalive(count=4)
    assert times(client) == (True, 60, 10, 4)
    client.set_keepalive(False)
    assert times(client) == (False, 60, 10, 4)


@pytest.mark.parametrize(
    "wrong",
    [{"idle": 0}, {"idle": 32768}, {"interval": 0}, {"count": 0}, {"count": 128}, {"count": -1}],
)
def test_keepalive_out_of_range_changes_nothing(connection, wrong):
    client, _ = connection
    before = times(client)
    with raises(errno.EINVAL):
        client.set_keepalive(True, **{"idle": 5, "interval": 5, "count": 5, **wrong})
    assert times(client) == before


def test_keepalive_arguments(connection, pair):
    client, _ = connection
    with pytest.raises(ValueError):
        client.set_keepalive(idle=-1)
    for wrong in ({"idle": "5"}, {"count": 1.5}, {"other": 1}):
        with pytest.raises(TypeError):
            client.set_keepalive(**wrong)
    with pytest.raises(TypeError):
        client.set_keepalive(True, 5)
    with pytest.raises(OSError):
        pair[0].set_keepalive(idle=5)


def test_tcp_info(connection, pair):
    client, server = connection
    client.sendall(b"x" * 1000)
    assert server.recvexactly(1000)
    info = client.tcp_info()
    assert info.state == 1
    assert info.filled >= 104
    assert info.rtt > 0 and info.snd_cwnd > 0 and info.snd_mss > 0
    assert info.bytes_sent == 1000 or info.filled < 200
    # The same number where C has it: tcpi_rtt of linux/tcp.h.
    raw = server.getsockopt(rsocket.IPPROTO_TCP, rsocket.TCP_INFO, 256)
    assert server.tcp_info().rtt == struct.unpack_from("I", raw, 68)[0]
    with pytest.raises(OSError):
        pair[0].tcp_info()


def multicast(family, host):
    receiver = rsocket.socket(family, rsocket.SOCK_DGRAM)
    receiver.bind((host, 0))
    receiver.settimeout(5)
    sender = rsocket.socket(family, rsocket.SOCK_DGRAM)
    return receiver, sender


def loopback():
    return rsocket.if_nametoindex("lo")


@pytest.mark.parametrize("interface", ["lo", loopback()], ids=["name", "number"])
@pytest.mark.parametrize("group", ["239.255.77.1", ipaddress.ip_address("239.255.77.2")], ids=str)
def test_groups_over_ipv4(group, interface):
    receiver, sender = multicast(rsocket.AF_INET, "")
    with receiver, sender:
        request = struct.pack("4s4si", bytes(4), bytes(4), loopback())
        sender.setsockopt(rsocket.IPPROTO_IP, rsocket.IP_MULTICAST_IF, request)
        receiver.join_group(group, interface)
        to = (str(group), receiver.getsockname()[1])
        sender.sendto(b"joined", to)
        assert receiver.recv(16) == b"joined"
        with raises(errno.EADDRINUSE):
            receiver.join_group(group, interface)
        receiver.leave_group(group, interface)
        with raises(errno.EADDRNOTAVAIL):
            receiver.leave_group(group, interface)


def test_groups_of_one_source():
    receiver, sender = multicast(rsocket.AF_INET, "")
    with receiver, sender:
        receiver.setsockopt(rsocket.IPPROTO_IP, 49, 0)  # IP_MULTICAST_ALL: only what was joined
        request = struct.pack("4s4si", bytes(4), bytes(4), loopback())
        sender.setsockopt(rsocket.IPPROTO_IP, rsocket.IP_MULTICAST_IF, request)
        sender.bind(("127.0.0.1", 0))
        to = ("232.1.77.1", receiver.getsockname()[1])
        receiver.join_group("232.1.77.1", "lo", source="127.0.0.9")
        sender.sendto(b"from another", to)
        receiver.join_group("232.1.77.1", "lo", source="127.0.0.1")
        sender.sendto(b"from the source", to)
        assert receiver.recv(32) == b"from the source"
        receiver.leave_group("232.1.77.1", "lo", source="127.0.0.1")


@pytest.mark.parametrize("group", ["ff15::77:1", "ff12::77:2%lo"])
def test_groups_over_ipv6(group):
    receiver, sender = multicast(rsocket.AF_INET6, "")
    with receiver, sender:
        sender.setsockopt(rsocket.IPPROTO_IPV6, rsocket.IPV6_MULTICAST_IF, loopback())
        interface = None if "%" in group else "lo"
        receiver.join_group(group, interface)
        host, port = group.partition("%")[0], receiver.getsockname()[1]
        try:
            sender.sendto(b"joined", (host, port, 0, loopback()))
        except OSError as error:
            if error.errno != errno.ENETUNREACH:
                raise
            pytest.skip("the loopback interface has no multicast route")
        assert receiver.recv(16) == b"joined"
        receiver.leave_group(group, interface)


def test_what_is_no_group():
    with rsocket.socket(rsocket.AF_INET, rsocket.SOCK_DGRAM) as sock:
        for group in ("127.0.0.1", "no address", "239.0.0.1%lo", ""):
            with pytest.raises(ValueError):
                sock.join_group(group)
        with pytest.raises(ValueError):
            sock.join_group("239.0.0.1", source="::1")
        with pytest.raises(TypeError):
            sock.join_group(5)
        with pytest.raises(TypeError):
            sock.join_group("239.0.0.1", "lo", "127.0.0.1")
        with raises(errno.ENODEV):
            sock.join_group("239.0.0.1", "no-such-device")
        with pytest.raises(ValueError):
            sock.join_group("239.0.0.1", "nul\0")
    with raises(errno.EBADF):
        sock.join_group("239.0.0.1")


def test_descriptors_by_name(pair):
    left, right = pair
    with open(os.devnull) as file:
        rights = (rsocket.SOL_SOCKET, rsocket.SCM_RIGHTS, array.array("i", [file.fileno()] * 3))
        left.sendmsg([b"x"], [rights])
    right.setsockopt(rsocket.SOL_SOCKET, rsocket.SO_PASSCRED, 1)
    left.sendmsg([b"y"])
    room = rsocket.CMSG_SPACE(3 * 4) + rsocket.CMSG_SPACE(12)
    _data, ancdata, _flags, _address = right.recvmsg(1, room)
    got = {type(message): message for message in cmsg.parse(ancdata)}
    assert len(got[cmsg.Rights].fds) == 3
    got[cmsg.Rights].close()
    for fd in got[cmsg.Rights].fds:
        with raises(errno.EBADF):
            os.fstat(fd)
    _data, ancdata, _flags, _address = right.recvmsg(1, room)
    assert cmsg.parse(ancdata) == [cmsg.Credentials(os.getpid(), os.getuid(), os.getgid())]


def test_what_came_with_a_datagram():
    with rsocket.socket(rsocket.AF_INET, rsocket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        for option in (rsocket.IP_PKTINFO, rsocket.IP_RECVTTL, rsocket.IP_RECVTOS):
            sock.setsockopt(rsocket.IPPROTO_IP, option, 1)
        sock.setsockopt(rsocket.SOL_SOCKET, rsocket.SO_TIMESTAMPNS, 1)
        sock.sendto(b"x", sock.getsockname())
        _data, ancdata, _flags, _address = sock.recvmsg(8, 512)
        got = {type(message): message for message in cmsg.parse(ancdata)}
        assert got[cmsg.PacketInfo] == (loopback(), "127.0.0.1", "127.0.0.1")
        assert got[cmsg.TimeToLive] == (64,)
        assert got[cmsg.TypeOfService] == (0,)
        assert abs(got[cmsg.Timestamp].ns - time.time_ns()) < 10**10


def test_an_error_from_the_error_queue():
    with rsocket.socket(rsocket.AF_INET, rsocket.SOCK_DGRAM) as sock:
        sock.setsockopt(rsocket.IPPROTO_IP, rsocket.IP_RECVERR, 1)
        sock.connect(("127.0.0.1", 1))
        sock.send(b"x")
        poll = select.poll()
        poll.register(sock, 0)
        poll.poll(5000)
        _data, ancdata, _flags, _address = sock.recvmsg(8, 512, rsocket.MSG_ERRQUEUE)
        (error,) = cmsg.parse(ancdata)
        assert isinstance(error, cmsg.ExtendedError)
        assert error.errno == errno.ECONNREFUSED
        assert (error.type, error.code) == (3, 3)
        assert error.offender == ("127.0.0.1", 0)


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ((17, 104, struct.pack("i", 1200)), cmsg.SegmentSize(1200)),
        ((1, 40, struct.pack("I", 7)), cmsg.Dropped(7)),
        ((1, 36, struct.pack("I", 9)), cmsg.Mark(9)),
        ((41, 52, struct.pack("i", 3)), cmsg.HopLimit(3)),
        ((41, 67, struct.pack("i", 184)), cmsg.TrafficClass(184)),
        ((1, 4, struct.pack("i", 99)), cmsg.PidFd(99)),
        ((1, 29, struct.pack("qq", 5, 6)), cmsg.Timestamp(5, 6000)),
        (
            (1, 37, struct.pack("6q", 1, 2, 0, 0, 3, 4)),
            cmsg.Timestamps(cmsg.Timestamp(1, 2), None, cmsg.Timestamp(3, 4)),
        ),
        ((41, 50, bytes(15) + b"\1" + struct.pack("I", 2)), cmsg.PacketInfo(2, "::1", "::1")),
        ((0, 2, b""), cmsg.Other(0, 2, b"")),
        ((17, 104, b"\1"), cmsg.Other(17, 104, b"\1")),
        ((1, 2, b"short"), cmsg.Other(1, 2, b"short")),
        ((99, 98, b"unknown"), cmsg.Other(99, 98, b"unknown")),
    ],
    ids=lambda value: str(value) if isinstance(value, tuple) and hasattr(value, "_fields") else "",
)
def test_messages_by_name(message, meaning):
    (parsed,) = cmsg.parse([message])
    assert parsed == meaning
    assert type(parsed) is type(meaning)


@pytest.mark.parametrize("wrong", [[(1, 2)], [("1", 2, b"")], [(1, 2, "text")], [5], 5])
def test_what_is_no_message(wrong):
    with pytest.raises(TypeError):
        cmsg.parse(wrong)
