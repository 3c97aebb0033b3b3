"""`rsocket.netlink`: checked requests and replies, refusals as OSError, events of groups."""

import errno
import os
import signal
import threading
import time

import pytest
import rsocket
from rsocket import netlink

RTM_GETLINK, RTM_GETADDR = 18, 22
IFINFOMSG_LEN, IFADDRMSG_LEN = 16, 8
IFLA_IFNAME, IFLA_MTU = 3, 4


def links(socket):
    found = {}
    for message in socket.dump(RTM_GETLINK, bytes(IFINFOMSG_LEN)):
        index = int.from_bytes(message.payload[4:8], "little")
        attributes = {a.type: a for a in message.attributes(IFINFOMSG_LEN)}
        found[index] = attributes[IFLA_IFNAME].string()
        assert attributes[IFLA_MTU].integer() > 0
    return found


def test_a_dump_of_the_interfaces_agrees_with_if_nameindex():
    with netlink.open() as route:
        assert links(route) == dict(rsocket.if_nameindex())


def test_two_dumps_on_one_socket_and_many_sockets_do_not_meet():
    with netlink.open() as first, netlink.open(rsocket.NETLINK_ROUTE) as second:
        assert first.pid != second.pid
        for _ in range(3):
            assert links(first) == links(second)


def test_a_request_that_is_given_up_is_passed_over_by_the_next():
    with netlink.open() as route:
        replies = route.request(RTM_GETLINK, rsocket.NLM_F_DUMP, bytes(IFINFOMSG_LEN))
        assert next(replies).type == 16  # RTM_NEWLINK
        assert links(route)
        assert list(replies) == []


def test_a_single_object_is_answered_by_one_message():
    request = bytes(4) + rsocket.if_nametoindex("lo").to_bytes(4, "little") + bytes(8)
    with netlink.open() as route:
        (lo,) = route.request(RTM_GETLINK, 0, request)
        assert lo.pid == route.pid
        names = [a.string() for a in lo.attributes(IFINFOMSG_LEN) if a.type == IFLA_IFNAME]
        assert names == ["lo"]


def test_a_refusal_is_an_oserror_with_the_kernels_number():
    request = bytes(4) + (2**31 - 1).to_bytes(4, "little") + bytes(8)
    with netlink.open() as route:
        with pytest.raises(OSError) as caught:
            list(route.request(RTM_GETLINK, 0, request))
        assert caught.value.errno == errno.ENODEV
        with pytest.raises(OSError) as caught:
            list(route.request(9999))
        assert caught.value.errno == errno.EOPNOTSUPP
        assert links(route)  # and the socket goes on working


def test_a_refusal_of_strict_checking_comes_with_the_kernels_words():
    with netlink.open() as route:
        with pytest.raises(OSError) as caught:
            route.dump(RTM_GETLINK, b"\xff" * IFINFOMSG_LEN)
        assert caught.value.errno == errno.EINVAL
        assert caught.value.strerror.startswith(os.strerror(errno.EINVAL) + ": ")


def test_an_unprivileged_request_is_a_permission_error():
    if os.geteuid() != 0:
        pytest.skip("needs root to give up being root")
    # RTM_DELLINK of an interface that is not there: the kernel looks at the rights first.
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setuid(65534)
            with netlink.open() as route:
                list(route.request(17, 0, bytes(IFINFOMSG_LEN)))
        except PermissionError:
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.parametrize("protocol", [-1, 31, 99])
def test_a_protocol_that_the_kernel_lacks(protocol):
    with pytest.raises(OSError) as caught:
        netlink.open(protocol)
    assert caught.value.errno in (errno.EPROTONOSUPPORT, errno.EINVAL)


def test_a_group_that_is_none_opens_nothing():
    before = os.listdir("/proc/self/fd")
    with pytest.raises(OSError):
        netlink.open(0, groups=[2**31])
    with pytest.raises((TypeError, OverflowError)):
        netlink.open(0, groups=["x"])
    with pytest.raises(OverflowError):
        netlink.open(0, groups=[-1])
    assert os.listdir("/proc/self/fd") == before


def test_generic_families_have_numbers_and_groups():
    with netlink.open(rsocket.NETLINK_GENERIC) as generic:
        controller = generic.resolve_family("nlctrl")
        assert controller.id == 16
        assert "notify" in controller.groups
        generic.join(controller.groups["notify"])
        generic.leave(controller.groups["notify"])
        with pytest.raises(FileNotFoundError):
            generic.resolve_family("no such family")


def test_a_timeout_bounds_a_call():
    with netlink.open(groups=[1]) as route:
        assert route.timeout is None
        route.timeout = 0.05
        assert route.timeout == 0.05
        began = time.monotonic()
        with pytest.raises(rsocket.timeout):
            next(route.events())
        assert 0.04 < time.monotonic() - began < 5
        with pytest.raises(ValueError):
            route.timeout = -1
        with pytest.raises(TypeError):
            route.timeout = "soon"


def test_a_signal_handler_runs_while_a_call_waits_and_may_end_it():
    class Alarm(Exception):
        pass

    def handler(_number, _frame):
        raise Alarm

    previous = signal.signal(signal.SIGALRM, handler)
    try:
        with netlink.open(groups=[1]) as route:
            route.timeout = 20
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(Alarm):
                route.recv()
            assert links(route)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_other_threads_run_while_a_call_waits_and_a_second_call_is_refused():
    with netlink.open(groups=[1]) as route:
        route.timeout = 1
        ended = []

        def wait():
            try:
                route.recv()
            except OSError as error:
                ended.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.2)
        assert thread.is_alive()
        with pytest.raises(RuntimeError, match="under way"):
            route.recv()
        with pytest.raises(RuntimeError, match="under way"):
            route.close()
        thread.join(20)
        assert len(ended) == 1


def test_a_closed_socket_says_so():
    route = netlink.open()
    number = route.fileno()
    assert number >= 0
    route.close()
    route.close()
    assert route.fileno() == -1
    with pytest.raises(OSError) as caught:
        os.fstat(number)
    assert caught.value.errno == errno.EBADF
    for call in (route.recv, lambda: route.join(1), lambda: route.pid, lambda: links(route)):
        with pytest.raises(OSError) as caught:
            call()
        assert caught.value.errno == errno.EBADF


def test_a_dropped_socket_is_closed():
    before = os.listdir("/proc/self/fd")
    for _ in range(10):
        netlink.open()
    assert os.listdir("/proc/self/fd") == before


def test_attributes_are_packed_and_read_back():
    inner = netlink.pack_attribute(1, b"abc") + netlink.pack_attribute(2, b"\0\0\1\0")
    data = bytes(8) + netlink.pack_attribute(5 | 0x8000, inner) + netlink.pack_attribute(6, b"x\0y")
    nested, text = netlink.Message(0, 0, 0, 0, data).attributes(8)
    assert (nested.type, nested.nested, nested.network_order) == (5, True, False)
    assert [a.payload for a in nested.attributes()] == [b"abc", b"\0\0\1\0"]
    assert text.string() == "x"
    assert netlink.Attribute(1, False, True, b"\0\1").integer() == 1
    with pytest.raises(ValueError):
        netlink.pack_attribute(1, bytes(65532))


@pytest.mark.parametrize("payload", [b"\3\0\1\0", b"\x09\0\1\0aaaa", b"\4\0\1", b"\0\0\0\0"])
def test_an_attribute_with_a_length_that_does_not_fit_is_an_error(payload):
    with pytest.raises(OSError) as caught:
        netlink.Message(0, 0, 0, 0, payload).attributes()
    assert caught.value.errno == errno.EBADMSG


def test_attributes_beyond_the_end_are_none():
    assert netlink.Message(0, 0, 0, 0, b"abcd").attributes(100) == []
    with pytest.raises(OverflowError):
        netlink.Message(0, 0, 0, 0, b"abcd").attributes(-1)


def test_the_receive_queue_grows():
    with netlink.open() as route:
        assert route.set_receive_buffer(1 << 16) >= 1 << 16
