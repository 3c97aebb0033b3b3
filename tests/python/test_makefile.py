"""Files over sockets behave as the interpreter's own: modes, lines, timeouts, closing."""

import inspect
import io
import socket as stock

import pytest
import rsocket
from both import assert_same


def on_a_pair(call):
    def with_module(module):
        left, right = module.socketpair()
        with left, right:
            return call(left, right)

    return with_module


@pytest.mark.parametrize("mode", ["r", "w", "b", "rb", "wb", "rw", "rwb", "", "br", "x", "r+"])
@pytest.mark.parametrize("buffering", [None, -1, 0, 1, 4096, "x"])
def test_modes(mode, buffering):
    def described(left, right):
        with left.makefile(mode, buffering) as file:
            return type(file), file.mode if hasattr(file, "mode") else None, file.seekable()

    assert_same(on_a_pair(described))


def test_lines_and_text():
    def conversation(left, right):
        right.sendall("eins\nzwei\r\ndrü".encode())
        right.shutdown(stock.SHUT_WR)
        with left.makefile("rw", encoding="utf-8", newline="\n") as file:
            lines = list(file)
            file.write("späte Antwort\n")
            file.flush()
            return lines, right.recv(100), file.encoding, file.newlines

    assert_same(on_a_pair(conversation))


def test_raw_reads_and_writes():
    def raw(left, right):
        right.send(b"0123\n56789")
        with left.makefile("rwb", 0) as file:
            buffer = bytearray(3)
            answers = [file.read(2), file.readinto(buffer), bytes(buffer), file.write(b"xy")]
            answers += [file.readable(), file.writable(), file.mode, file.isatty(), right.recv(9)]
            return answers

    def to_the_end(left, right):
        right.send(b"line\nrest")
        right.close()
        with left.makefile("rb", 0) as file:
            return file.readline(), file.readall(), file.read(5), file.readinto(bytearray(1))

    assert_same(on_a_pair(raw))
    assert_same(on_a_pair(to_the_end))


def on_a_closed_file(module):
    left, right = module.socketpair()
    with left, right:
        file = left.makefile("rwb", 0)
        file.close()
        return file


@pytest.mark.parametrize(
    "method", ["read", "readline", "readable", "writable", "seekable", "fileno"]
)
def test_closed_files(method):
    assert_same(lambda module: getattr(on_a_closed_file(module), method)())
    assert_same(lambda module: on_a_closed_file(module).write(b""))
    assert_same(lambda module: on_a_closed_file(module).close())
    assert_same(lambda module: (on_a_closed_file(module).closed, on_a_closed_file(module)._sock))


@pytest.mark.parametrize("direction", ["rb", "wb"])
def test_the_wrong_direction(direction):
    def wrong(left, right):
        with left.makefile(direction, 0) as file:
            return file.write(b"x") if direction == "rb" else file.readinto(bytearray(1))

    assert_same(on_a_pair(wrong))


def test_nothing_there_is_none():
    def nothing(left, right):
        left.setblocking(False)
        with left.makefile("rwb", 0) as file:
            answers = [file.readinto(bytearray(1)), file.read(1)]
            while file.write(bytes(65536)) is not None:
                pass
            return answers

    assert_same(on_a_pair(nothing))


def test_after_a_timeout_nothing_is_read():
    def timed_out(left, right):
        left.settimeout(0.05)
        with left.makefile("rb") as file:
            try:
                file.read(1)
            except rsocket.timeout:
                right.send(b"late")
            return file.read(1)

    assert_same(on_a_pair(timed_out))


def test_the_socket_closes_with_its_last_file():
    left, right = rsocket.socketpair()
    files = [left.makefile("rb"), left.makefile("wb"), left.makefile("rw")]
    assert left._io_refs == 3
    left.close()
    right.send(b"x")
    assert files[0].read(1) == b"x"
    for file in files:
        assert left.fileno() >= 0
        file.close()
        file.close()
    assert left.fileno() == -1
    assert right.recv(1) == b""
    right.close()


def test_the_file_leaves_an_open_socket_open():
    left, right = rsocket.socketpair()
    with left, right:
        left.makefile("rb").close()
        left.send(b"x")
        assert right.recv(1) == b"x"


def test_names_of_files():
    with rsocket.socket() as sock:
        file = sock.makefile("rb", 0)
        assert file.name == sock.fileno() == file.fileno()
        file.close()
        assert file.name == -1


def test_other_objects_may_stand_for_the_socket():
    class Echo:
        def __init__(self):
            self.closed = 0
            self.data = b""

        def recv_into(self, buffer):
            buffer[: len(self.data)] = self.data
            return len(self.data)

        def send(self, data):
            self.data = bytes(data)
            return len(data)

        def fileno(self):
            return 42

        def _decref_socketios(self):
            self.closed += 1

    def echo(module):
        sock = Echo()
        with module.SocketIO(sock, "rwb") as file:
            answers = [file.write(b"abc"), file.read(10), file.fileno(), file.name, file.mode]
        return answers, sock.closed

    assert_same(echo)


def test_subclasses_of_the_file():
    class Upper(rsocket.SocketIO):
        def readinto(self, buffer):
            count = super().readinto(buffer)
            buffer[:count] = bytes(buffer[:count]).upper()
            return count

    left, right = rsocket.socketpair()
    with left, right:
        right.send(b"quiet\n")
        left._io_refs += 1
        with io.BufferedReader(Upper(left, "r")) as file:
            assert file.readline() == b"QUIET\n"


def test_bad_files():
    for arguments in [(), (1,), (1, 2), (1, "x"), (1, "r+"), (1, None)]:
        with pytest.raises((TypeError, ValueError)):
            rsocket.SocketIO(*arguments)
    with pytest.raises(ValueError, match="invalid mode: 'x'"):
        rsocket.SocketIO(1, "x")


@pytest.mark.parametrize("call", ["()", "(1, 2)", "(c=b'')", "(b'', b=b'')", "(b'', c=1)"])
@pytest.mark.parametrize("method", ["readinto", "write"])
def test_arguments_of_the_raw_file(method, call):
    def misuse(m):
        left, right = m.socketpair()
        with left, right, m.SocketIO(left, "rw") as file:
            return eval(f"file.{method}{call}", {"file": file})

    assert_same(misuse)


def test_the_argument_of_the_raw_file_has_a_name():
    def name(m):
        left, right = m.socketpair()
        with left, right, m.SocketIO(left, "rw") as file:
            right.send(b"hello")
            return file.readinto(b=bytearray(3)), file.write(b=b"hello")

    assert_same(name)


@pytest.mark.parametrize("method", ["__init__", "readinto", "write", "readable", "fileno", "close"])
def test_the_parameters_of_the_raw_file_are_known(method):
    def names(m):
        return list(inspect.signature(getattr(m.SocketIO, method)).parameters)

    assert_same(names)
