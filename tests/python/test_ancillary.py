"""Control messages: what is sent arrives, what is cut off is seen, and nothing else is read."""

import array
import os
import socket as stock
import struct

import pytest
import rsocket
from both import assert_same


@pytest.fixture
def pair():
    left, right = rsocket.socketpair()
    with left, right:
        yield left, right


def numbers(messages):
    """The descriptors in control messages."""
    found = []
    for level, kind, data in messages:
        assert (level, kind) == (stock.SOL_SOCKET, stock.SCM_RIGHTS)
        whole = len(data) - len(data) % 4
        found += array.array("i", data[:whole])
    return found


def rights(*descriptors):
    return (stock.SOL_SOCKET, stock.SCM_RIGHTS, array.array("i", descriptors))


def close(descriptors):
    for descriptor in descriptors:
        os.close(descriptor)


def test_descriptors_arrive(pair):
    reading, writing = os.pipe()
    assert pair[0].sendmsg([b"a", b"bc"], [rights(reading, writing)]) == 3
    data, messages, flags, address = pair[1].recvmsg(10, stock.CMSG_SPACE(8))
    assert (data, flags, address) == (b"abc", 0, None)
    arrived = numbers(messages)
    os.write(arrived[1], b"through")
    assert os.read(reading, 10) == b"through"
    close([reading, writing, *arrived])


@pytest.mark.parametrize("room", range(41))
def test_rooms_of_every_size(room):
    """The kernel cuts off what does not fit; what is left is shown, and no byte more."""

    def received(module):
        left, right = module.socketpair()
        with left, right:
            left.sendmsg([b"x"], [rights(0, 1, 2)])
            data, messages, flags, address = right.recvmsg(1, room)
            close(numbers(messages))
            return data, [(*message[:2], len(message[2])) for message in messages], flags, address

    assert_same(received)


@pytest.mark.parametrize("room", range(0, 100, 3))
def test_several_messages_in_rooms_of_every_size(room):
    def received(module):
        sender = module.socket(module.AF_INET6, module.SOCK_DGRAM)
        receiver = module.socket(module.AF_INET6, module.SOCK_DGRAM)
        with sender, receiver:
            receiver.bind(("::1", 0))
            for option in (module.IPV6_RECVHOPLIMIT, module.IPV6_RECVTCLASS, IPV6_RECVPKTINFO):
                receiver.setsockopt(module.IPPROTO_IPV6, option, 1)
            sender.sendto(b"x", receiver.getsockname())
            data, messages, flags, address = receiver.recvmsg(10, room)
            return data, messages, flags, address[0]

    assert_same(received)


IPV6_RECVPKTINFO = stock.IPV6_RECVPKTINFO


def test_credentials_arrive(pair):
    pair[1].setsockopt(stock.SOL_SOCKET, stock.SO_PASSCRED, 1)
    mine = struct.pack("3i", os.getpid(), os.getuid(), os.getgid())
    pair[0].sendmsg([b"x"], [(stock.SOL_SOCKET, stock.SCM_CREDENTIALS, mine)])
    _data, messages, _flags, _address = pair[1].recvmsg(1, stock.CMSG_SPACE(12))
    assert messages == [(stock.SOL_SOCKET, stock.SCM_CREDENTIALS, mine)]


def test_many_buffers_and_iterators(pair):
    assert pair[0].sendmsg(bytes([n]) for n in range(100)) == 100
    buffers = [bytearray(30), array.array("B", bytes(30)), memoryview(bytearray(60))]
    count, messages, flags, address = pair[1].recvmsg_into(iter(buffers))
    assert (count, messages, flags, address) == (100, [], 0, None)
    assert b"".join(map(bytes, buffers))[:100] == bytes(range(100))


def test_too_many_buffers_are_refused_by_the_kernel(pair):
    with pytest.raises(OSError, match="Message too long"):
        pair[0].sendmsg([b"x"] * 1025)


def test_truncated_datagrams_say_so():
    left, right = rsocket.socketpair(stock.AF_UNIX, stock.SOCK_DGRAM)
    with left, right:
        left.send(b"0123456789")
        data, _messages, flags, _address = right.recvmsg(4)
        assert data == b"0123"
        assert flags & stock.MSG_TRUNC
        left.send(b"0123456789")
        # With MSG_TRUNC the kernel gives the length of the datagram: more than the buffer has.
        assert right.recv(4, stock.MSG_TRUNC) == b"0123"
        left.send(bytes(70_000))
        assert len(right.recv(66_000, stock.MSG_TRUNC)) == 66_000


BAD = [
    "s.recvmsg(-1)",
    "s.recvmsg(1, -1)",
    "s.recvmsg(1, 2**31)",
    "s.recvmsg(1, 2**63)",
    "s.recvmsg_into([bytearray(1)], -1)",
    "s.recvmsg_into([b'x'])",
    "s.recvmsg_into(bytearray(3))",
    "s.recvmsg_into([])",
    "s.sendmsg(b'abc')",
    "s.sendmsg(['abc'])",
    "s.sendmsg([b'x'], 5)",
    "s.sendmsg([b'x'], [5])",
    "s.sendmsg([b'x'], [(1, 2)])",
    "s.sendmsg([b'x'], [(1, 2, 3)])",
    "s.sendmsg([b'x'], [(1, 2, b'', 4)])",
    "s.sendmsg([b'x'], [('1', 2, b'')])",
    "s.sendmsg([b'x'], [[1, 2, b'']])",
    "s.sendmsg([b'x'], ['abc'])",
    "s.sendmsg([b'x'], [object()])",
    "s.sendmsg([b'x'], [(2**40, 2, b'')])",
    "s.sendmsg([b'x'], [(1, 99, b'')])",
    "s.sendmsg([], [])",
    "s.sendmsg([b'x'], (), 0, 'no such path')",
    "s.sendmsg([b'x'], (), 0, 5)",
    "s.sendmsg(1 / n for n in [0])",
]


@pytest.mark.parametrize("expression", BAD)
def test_bad_arguments(expression):
    def evaluated(module):
        left, right = module.socketpair()
        with left, right:
            right.send(b"data")
            return eval(expression, {"s": left})

    assert_same(evaluated)


def test_a_buffer_that_python_code_changes_meanwhile_is_held(pair):
    data = bytearray(b"0123456789")

    def buffers():
        yield data
        # The first buffer is not taken yet: all are, before any is read.
        data.extend(b"more")
        yield b"!"

    assert pair[0].sendmsg(buffers()) == 15
    assert pair[1].recv(100) == b"0123456789more!"
