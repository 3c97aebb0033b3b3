"""What a subclass or an assignment overrides is called by the files of makefile."""

import socket as stock

import pytest
import rsocket
from both import assert_same
from buffered_scene import Scene, bytearray_of, described


def overridden(module):
    class Loud(module.socket):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.calls = []

        def recv_into(self, buffer, *rest):
            got = super().recv_into(buffer, *rest)
            self.calls.append(("recv_into", len(buffer), got))
            buffer[:got] = bytes(buffer[:got]).upper()
            return got

        def send(self, data, *rest):
            self.calls.append(("send", bytes(data)))
            return super().send(bytes(data).lower(), *rest)

    return Loud


@pytest.mark.parametrize("buffering", [None, 5])
def test_what_a_subclass_of_the_socket_overrides_is_called(buffering):
    def converse(module):
        left, right = module.socketpair()
        near = overridden(module)(fileno=left.detach())
        with near, right, near.makefile("rwb", buffering) as file:
            right.send(b"one\ntwo\nthree and four")
            answers = [file.readline(), file.read(2), file.peek(), file.read1(3)]
            answers.append(bytearray_of(file, "readinto", 6))
            answers += [file.write(b"SOME WORDS"), file.flush(), right.recv(99)]
            right.close()
            answers.append(file.read())
            return answers, near.calls

    assert_same(converse)


def test_what_is_patched_on_the_raw_file_is_called():
    def converse(module):
        near, far = module.socketpair()
        with near, far, near.makefile("rwb") as pair, near.makefile("rb") as reader:
            raw, calls = reader.raw, []
            far.send(b"line\nrest")

            def readinto(buffer):
                calls.append(len(buffer))
                got = type(raw).readinto(raw, buffer)
                buffer[0] = ord("L")
                return got

            raw.readinto = readinto
            answers = [reader.readline(), calls]
            raw.readinto = lambda buffer: len(buffer) + 1
            for odd in (lambda _: -1, lambda b: len(b) + 1, lambda _: "x", lambda _: None):
                raw.readinto = odd
                try:
                    answers.append(reader.read(20))
                except Exception as error:
                    answers.append(described(error))
            far.send(b"again\n")
            pair.own = 1
            pair.peek = lambda size: b"no such bytes"[:size]
            far.send(b"once more\n")
            return [*answers, pair.readline(), pair.readline()]

    assert_same(converse)


CIRCLES = [
    ("rb", "f.raw.flush = f.flush", "f.flush"),
    ("rb", "f.flush = f.close", "f.close"),
    ("rb", "f.raw.fileno = f.fileno", "f.fileno"),
    ("wb", "f.raw.isatty = f.isatty", "f.isatty"),
    ("wb", "f.flush = f.detach", "f.detach"),
    ("rwb", "f.readline = f.__next__", "f.__next__"),
    ("rwb", "f.peek = lambda size: f.readline()", "f.readline"),
]


@pytest.mark.parametrize(("mode", "circle", "call"), CIRCLES)
def test_methods_that_call_themselves_in_circles(mode, circle, call):
    def go_round(module):
        with Scene(module, mode) as on:
            exec(circle, {"f": on.file})
            try:
                eval(call, {"f": on.file})()
            except RecursionError:
                return "RecursionError"
            finally:
                vars(on.file).clear()
                if mode != "rwb" and on.file.raw:
                    vars(on.file.raw).clear()

    assert go_round(rsocket) == "RecursionError"


def test_a_method_replaced_in_the_class_of_the_raw_file_is_called(monkeypatch):
    for module in (rsocket, stock):
        calls = []
        original = module.SocketIO.readinto

        def readinto(self, buffer, calls=calls, original=original):
            calls.append(len(buffer))
            return original(self, buffer)

        with Scene(module) as on:
            on.far.send(b"line\n")
            with monkeypatch.context() as patched:
                patched.setattr(module.SocketIO, "readinto", readinto)
                assert on.file.readline() == b"line\n"
            on.far.send(b"line\n")
            assert on.file.readline() == b"line\n"
        assert calls == [8192]


@pytest.mark.parametrize(
    "error", [InterruptedError(4, "again"), ValueError("odd"), OSError(5, "x")]
)
@pytest.mark.parametrize("call", ["f.read(3)", "f.readline()", "f.write(bytes(9000))"])
def test_errors_of_an_overridden_method(error, call):
    def run(module):
        with Scene(module, "rb" if "read" in call else "wb") as on:
            raises, raw = [error], on.file.raw
            name = "readinto" if "read" in call else "write"
            on.far.send(b"abc\n" * 3)

            def once(buffer):
                if raises:
                    raise raises.pop()
                return getattr(type(raw), name)(raw, buffer)

            setattr(raw, name, once)
            return list(on.run([call, call]))

    assert_same(run)


@pytest.mark.parametrize("mode", ["wb", "rwb"])
def test_both_errors_of_a_close_are_told(mode):
    def close(module):
        with Scene(module, mode) as on:
            on.file.write(b"x")
            on.far.close()

            def fail():
                raise KeyError("close")

            raw = on.file.raw if mode == "wb" else None
            if raw is not None:
                raw.close = fail
            try:
                on.file.close()
            except Exception as error:
                context = error.__context__ and described(error.__context__)
                return described(error), context, on.file.closed
            finally:
                if raw is not None:
                    del raw.close

    assert_same(close)


@pytest.mark.parametrize("call", ["f.flush()", "f.close()", "f.detach()"])
def test_a_raw_file_that_says_by_itself_that_it_would_block(call):
    def attempt(module):
        with Scene(module, "wb") as on:

            def write(_):
                raise BlockingIOError(11, "by itself", 3)

            on.file.write(b"x")
            on.file.raw.write = write
            try:
                eval(call, {"f": on.file})
            except BlockingIOError as error:
                return described(error)
            finally:
                del on.file.raw.write

    assert_same(attempt)
