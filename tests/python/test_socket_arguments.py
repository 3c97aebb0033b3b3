"""Every method answers good and bad arguments as the interpreter's own: results and messages."""

import array
import decimal
import fractions
import subprocess
import sys

import pytest
from both import assert_same


class Index:
    def __index__(self):
        return 3


class Broken:
    def __index__(self):
        raise ZeroDivisionError("broken")


NUMBERS = [0, 1, -1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**40, 2**63, 2**64, -(2**70)]
NUMBERS += [1.0, 1.5, "1", b"1", None, True, Index(), Broken(), [], decimal.Decimal(1), 5j]
BUFFERS = [b"abc", "abc", bytearray(b"abc"), memoryview(b"abc"), array.array("i", [1, 2]), b"", 5]
BUFFERS += [memoryview(b"abcdef")[::2], None, [], memoryview(bytearray(4)), bytearray(4), 5j]
# Calls with too few and too many arguments, and with arguments of the wrong kind.
CALLS = [(), (None,), (1,), ("x",), (b"abc",), (1, 2), (1, 2, 3), (1, 2, 3, 4), (b"abc", 1)]
CALLS += [(b"abc", None), (bytearray(5),), (bytearray(5), 2), (bytearray(5), 2, 0), (5,), ([5],)]
CALLS += [(bytearray(5), 6), (bytearray(5), -1), (bytearray(5), 2, 0, 0), ([bytearray(5)],)]
CALLS += [([b"x"],), ([b"x"], []), ([b"x"], [], 0), ([b"x"], [], 0, None), ([b"x"], [(1, 2, b"x")])]
CALLS += [([b"x"], [(1, 2)]), ([b"x"], [1]), ([b"x"], 5), ([b"x"], [], 0, None, 1)]


def on_a_pair(call):
    """`call` with both ends of a pair on which ten bytes have arrived."""

    def with_module(module):
        left, right = module.socketpair()
        with left, right:
            right.sendall(b"0123456789")
            left.settimeout(0.5)
            return call(left, right)

    return with_module


C_METHODS = ["recv", "recvfrom", "recvmsg", "recv_into", "recvfrom_into", "recvmsg_into", "send"]
C_METHODS += ["sendall", "sendto", "sendmsg", "sendmsg_afalg", "connect", "connect_ex", "listen"]
C_METHODS += ["shutdown", "getsockopt", "settimeout", "setblocking", "getpeername", "getsockname"]
C_METHODS += ["fileno", "getblocking", "gettimeout", "set_inheritable"]


@pytest.mark.parametrize("method", C_METHODS)
@pytest.mark.parametrize("arguments", CALLS, ids=repr)
def test_calls_of_every_shape(method, arguments):
    if method in ("fileno", "set_inheritable") and len(arguments) != 1:
        pytest.skip("numbers differ, or a function of Python words it its own way")
    if method == "fileno":
        pytest.skip("numbers differ")
    assert_same(on_a_pair(lambda left, right: getattr(left, method)(*arguments)))


@pytest.mark.parametrize("method", ["recv", "recvfrom", "recvmsg"])
@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_sizes(method, number):
    if isinstance(number, int) and 2**30 < number < 2**63:
        pytest.skip("would allocate as much memory")
    assert_same(on_a_pair(lambda left, right: getattr(left, method)(number)))


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_numbers(number):
    calls = [
        lambda left, right: left.recv_into(bytearray(5), number),
        lambda left, right: left.recvfrom_into(bytearray(5), number),
        lambda left, right: left.getsockopt(1, number),
        lambda left, right: left.getsockopt(1, 8, number),
        lambda left, right: left.setsockopt(1, 8, number),
        lambda left, right: left.setsockopt(number, 8, 1),
        lambda left, right: left.listen(number),
        lambda left, right: left.shutdown(number),
        lambda left, right: (left.setblocking(number), left.gettimeout()),
        lambda left, right: (left.settimeout(number), left.gettimeout(), left.getblocking()),
        lambda left, right: left.set_inheritable(number),
    ]
    for call in calls:
        assert_same(on_a_pair(call))
    assert_same(lambda module: module.socket(number).close())
    assert_same(lambda module: module.socket(module.AF_INET, number).close())
    assert_same(lambda module: module.socket(module.AF_INET, module.SOCK_STREAM, number).close())


@pytest.mark.parametrize("number", ["1", b"1", 1.5, -1, -(2**31), 2**70, 10**6, Broken()], ids=repr)
def test_adopted_descriptors(number):
    assert_same(lambda module: module.socket(fileno=number))


@pytest.mark.parametrize("method", ["send", "sendall"])
@pytest.mark.parametrize("buffer", BUFFERS, ids=repr)
def test_buffers_to_send(method, buffer):
    def send(left, right):
        sent = getattr(left, method)(buffer)
        return sent, right.recv(9) if len(buffer) else None

    assert_same(on_a_pair(send))


@pytest.mark.parametrize("method", ["recv_into", "recvfrom_into", "sendmsg", "recvmsg_into"])
@pytest.mark.parametrize("buffer", BUFFERS, ids=repr)
def test_buffers(method, buffer):
    assert_same(on_a_pair(lambda left, right: getattr(left, method)(buffer)))
    assert_same(on_a_pair(lambda left, right: getattr(left, method)([buffer])))


@pytest.mark.parametrize("buffer", BUFFERS, ids=repr)
def test_buffers_behind_other_arguments(buffer):
    assert_same(on_a_pair(lambda left, right: left.sendto(buffer, "/nowhere")))
    assert_same(on_a_pair(lambda left, right: left.setsockopt(1, 8, buffer)))
    assert_same(on_a_pair(lambda left, right: left.sendmsg([b"x"], [(1, 2, buffer)])))


TIMEOUTS = [0.5, 1e-10, 1e-9, -1e-10, -0.0, 0.0, float("nan"), float("inf"), -float("inf"), 1e300]
TIMEOUTS += [2147483.648, 2147484, True, fractions.Fraction(1, 2), decimal.Decimal("1.5"), 2**62]
TIMEOUTS += [-1, "x", None, 1e9, 9223372036, 9223372036.0, 9223372037.0, 0.1, 3.0000000001]


@pytest.mark.parametrize("timeout", TIMEOUTS, ids=repr)
def test_timeouts(timeout):
    assert_same(
        on_a_pair(
            lambda left, right: (
                left.settimeout(timeout),
                left.gettimeout(),
                left.getblocking(),
                left.timeout,
            )
        )
    )


@pytest.mark.parametrize("keywords", [{"foo": 1}, {"buffer": bytearray(3)}, {"flags": 0}], ids=repr)
@pytest.mark.parametrize("method", ["recv_into", "recvfrom_into"])
def test_keywords(method, keywords):
    assert_same(on_a_pair(lambda left, right: getattr(left, method)(**keywords)))


CLOSED = [("recv", (1,)), ("recv", (0,)), ("recv_into", (bytearray(1),)), ("send", (b"",))]
CLOSED += [("recv_into", (bytearray(0),)), ("sendall", (b"",)), ("sendto", (b"", ("127.0.0.1", 1)))]
CLOSED += [("bind", (("127.0.0.1", 0),)), ("connect", (("127.0.0.1", 1),)), ("listen", ())]
CLOSED += [("connect_ex", (("127.0.0.1", 1),)), ("accept", ()), ("_accept", ()), ("shutdown", (1,))]
CLOSED += [("shutdown", (9,)), ("getsockopt", (1, 3)), ("setsockopt", (1, 8, 1)), ("dup", ())]
CLOSED += [("settimeout", (1,)), ("setblocking", (0,)), ("gettimeout", ()), ("getsockname", ())]
CLOSED += [("getpeername", ()), ("detach", ()), ("close", ()), ("fileno", ()), ("recvmsg", (1,))]
CLOSED += [("get_inheritable", ()), ("set_inheritable", (True,)), ("sendmsg", ([b""],))]
CLOSED += [("recvfrom", (0,)), ("recvfrom_into", (bytearray(1),)), ("recvmsg_into", ([],))]


@pytest.mark.parametrize(("method", "arguments"), CLOSED, ids=repr)
@pytest.mark.parametrize("timeout", [None, 0, 0.01])
def test_closed_sockets(method, arguments, timeout):
    def call(module):
        sock = module.socket()
        sock.settimeout(timeout)
        sock.close()
        return getattr(sock, method)(*arguments), sock.gettimeout(), sock.family

    assert_same(call)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="from 3.12 on any truth value is taken")
def test_setblocking_took_numbers_only():
    with pytest.raises(TypeError):
        on_a_pair(lambda left, right: left.setblocking("x"))(__import__("rsocket"))


INIT = [((1, 2, 3, 4, 5), {}), ((), {"x": 1}), ((2,), {"family": 2}), ((2,), {"type": 1, "y": 3})]
INIT += [
    ((1, 2, 3, None), {"fileno": None}),
    ((), {"\ud800": 1}),
    ((2, 1, 0, None, None), {"x": 1}),
]


@pytest.mark.parametrize(("positional", "named"), INIT)
@pytest.mark.parametrize("derived", [False, True])
def test_what_the_constructor_does_not_take(positional, named, derived):
    def make(module):
        kind = type("Derived", (module.socket,), {}) if derived else module.socket
        return kind(*positional, **named)

    assert_same(make)


@pytest.mark.parametrize("size", [-1, 1, 2**40, 2**63 - 1])
@pytest.mark.parametrize("ancillary", [-1, 2**31, 2**63 - 1])
def test_of_two_sizes_that_cannot_be_the_first_is_named(size, ancillary):
    assert_same(on_a_pair(lambda left, right: left.recvmsg(size, ancillary)))


def test_bytes_that_the_kernel_only_counts_leave_a_buffer_alone():
    def receive(module):
        with module.create_server(("127.0.0.1", 0)) as server:
            client = module.create_connection(server.getsockname())
            connection, _address = server.accept()
            with client, connection:
                client.sendall(b"0123456789")
                buffers = bytearray(b"abcdef"), bytearray(b"abcdef")
                # tcp(7): with MSG_TRUNC the bytes are thrown away.
                counted = connection.recv_into(buffers[0], 4, module.MSG_TRUNC)
                counted += connection.recvfrom_into(buffers[1], 4, module.MSG_TRUNC)[0]
                return counted, buffers

    assert_same(receive)


@pytest.mark.parametrize("method", ["recv", "recvfrom", "recvmsg"])
def test_room_that_is_not_used_costs_no_memory(method):
    code = (
        "import resource, rsocket\n"
        "left, right = rsocket.socketpair()\n"
        "right.send(b'x')\n"
        f"arguments = (2**30, 0) if {method!r} == 'recvmsg' else (2**30,)\n"
        f"left.{method}(*arguments, rsocket.MSG_TRUNC | rsocket.MSG_DONTWAIT)\n"
        "left.close(), right.close()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", code]
    kibibytes = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    assert int(kibibytes) < 256 * 1024
