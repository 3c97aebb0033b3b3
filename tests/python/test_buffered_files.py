"""Buffered files over sockets cannot be told from those of module io, call by call."""

import contextlib
import copy
import gc
import inspect
import io
import os
import pickle
import random
import signal
import socket as stock
import sys
import threading
import time
import warnings
import weakref

import pytest
import rsocket
from both import assert_same, shown

CLASSES = {"rb": io.BufferedReader, "wb": io.BufferedWriter, "rwb": io.BufferedRWPair}
HALVES = ["rb", "wb", "rwb"]


class Scene:
    """A pair of sockets, and a file over one of them."""

    def __init__(self, module, mode="rb", buffering=None, timeout=None):
        self.near, self.far = module.socketpair()
        self.near.settimeout(timeout)
        self.file = self.near.makefile(mode, buffering)
        # What is sent on one is there on the other at once.
        self.far.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, ValueError):
            self.file.close()
        self.near.close()
        self.far.close()

    def run(self, calls):
        """What each call gives or raises. A call is an expression of f, near and far."""
        names = {"f": self.file, "near": self.near, "far": self.far, "io": io, "pickle": pickle}
        names.update(copy=copy, bytearray_of=bytearray_of, into=into, os=os)
        for call in calls:
            try:
                answer = eval(call, names)
            except Exception as error:
                answer = described(error)
            yield call, answer


def described(error):
    cause = error.__cause__ and described(error.__cause__)
    written = getattr(error, "characters_written", None)
    context = error.__context__ and type(error.__context__)
    return type(error), str(error), getattr(error, "errno", None), written, cause, context


def bytearray_of(file, method, size):
    """What `readinto` gives and leaves in its buffer."""
    buffer = bytearray(b"." * size)
    return getattr(file, method)(buffer), bytes(buffer)


def into(file, method, buffer):
    return getattr(file, method)(buffer), bytes(buffer)


def same(calls, **scene):
    def run(module):
        with Scene(module, **scene) as on:
            return list(on.run(calls))

    def answers(module):
        return [(call, shown(answer)) for call, answer in run(module)]

    for ours, theirs in zip(answers(rsocket), answers(stock)):
        assert ours == theirs


SEND = r"far.send(b'one\ntwo\n\nfour and more\nfi')"
READS = [
    "f.read(3)",
    "f.read(1)",
    "f.read1(2)",
    "f.read1()",
    "f.peek()",
    "f.peek(3)",
    "f.readline()",
    "f.readline(2)",
    "f.readline(0)",
    "f.readline(None)",
    "bytearray_of(f, 'readinto', 4)",
    "bytearray_of(f, 'readinto1', 4)",
    "bytearray_of(f, 'readinto', 0)",
    "f.read(0)",
    "f.read1(0)",
    "next(f)",
    "f.readlines(3)",
]


@pytest.mark.parametrize("mode", ["rb", "rwb"])
@pytest.mark.parametrize("buffering", [None, 1, 3, 8])
@pytest.mark.parametrize("first", READS)
@pytest.mark.parametrize("second", ["f.read(5)", "f.readline()", "f.read1()", "f.peek()"])
def test_reads(mode, buffering, first, second):
    rest = ["f.read()", "f.read()", "f.read(1)", "f.readline()", "f.peek()", "next(f)"]
    end = "far.shutdown(1)"
    calls = [SEND, first, second, first, end, first, *rest]
    same(calls, mode=mode, buffering=buffering, timeout=0)


@pytest.mark.parametrize("mode", ["rb", "rwb"])
@pytest.mark.parametrize("timeout", [0, 0.02])
@pytest.mark.parametrize("read", [*READS, "f.read()", "f.readlines()", "f.read(100)"])
@pytest.mark.parametrize("buffering", [None, 4])
def test_reads_where_too_little_is_there(mode, timeout, read, buffering):
    calls = [read, "far.send(b'ab')", read, read, "f.peek()", "far.send(b'c\\nde')", read, read]
    same(calls, mode=mode, timeout=timeout, buffering=buffering)


@pytest.mark.parametrize("mode", ["rb", "rwb"])
@pytest.mark.parametrize("size", [1, 8191, 8192, 8193, 20000, 100_000])
@pytest.mark.parametrize("buffering", [None, 1, 1000])
def test_reads_larger_than_the_buffer(mode, size, buffering):
    def read_all(module):
        with Scene(module, mode, buffering) as on:
            data = random.Random(size).randbytes(150_000) if sys.version_info >= (3, 9) else b""
            on.far.setblocking(True)
            sender = threading.Thread(target=lambda: (on.far.sendall(data), on.far.shutdown(1)))
            sender.start()
            parts = [on.file.read(3), on.file.read(size)]
            parts += [bytearray_of(on.file, "readinto", size)[1], on.file.peek()[:1]]
            parts += [on.file.read(), on.file.read()]
            sender.join()
            return [hash(part) for part in parts], [len(part) for part in parts]

    assert_same(read_all)


WRITES = [
    "f.write(b'abc')",
    "f.write(b'')",
    "f.write(bytearray(b'0123456789'))",
    "f.write(memoryview(b'x' * 20))",
    "f.writelines([b'a', b'bc', b'd' * 9])",
    "f.flush()",
]


@pytest.mark.parametrize("mode", ["wb", "rwb"])
@pytest.mark.parametrize("buffering", [None, 1, 4, 16])
@pytest.mark.parametrize("first", WRITES)
@pytest.mark.parametrize("second", WRITES)
def test_writes(mode, buffering, first, second):
    calls = [first, second, "far.recv(99)", first, "f.flush()", "far.recv(99)", second]
    same([*calls, "f.close()", "far.recv(99)"], mode=mode, buffering=buffering)


@pytest.mark.parametrize("mode", ["wb", "rwb"])
@pytest.mark.parametrize("size", [1, 3000, 8192, 9000, 1_000_000])
@pytest.mark.parametrize("buffering", [None, 100, 20_000])
def test_writes_that_would_wait(mode, size, buffering):
    """What goes out is counted, and the rest kept, as far as there is room for it."""

    def fill(module):
        with Scene(module, mode, buffering, timeout=0) as on:
            near, far, file = on.near, on.far, on.file
            near.setsockopt(module.SOL_SOCKET, module.SO_SNDBUF, 20_000)
            outcomes, sent = [], 0
            for step in range(200):
                data = bytes([65 + step % 26]) * size
                try:
                    sent += file.write(data)
                except BlockingIOError as error:
                    outcomes.append(described(error))
                    sent += error.characters_written
                    if len(outcomes) > 3:
                        break
            with contextlib.suppress(BlockingIOError):
                file.flush()
            got = b""
            near.settimeout(5)
            far.settimeout(0.2)
            flusher = threading.Thread(target=file.flush)
            flusher.start()
            with contextlib.suppress(OSError):
                while True:
                    got += far.recv(1 << 16)
            flusher.join()
            return outcomes, sent == len(got), sent if size < 1_000_000 else None, hash(got)

    assert_same(fill)


def test_a_timeout_in_the_middle_of_a_write_keeps_the_rest():
    def time_out(module):
        with Scene(module, "wb", 50_000, timeout=0.02) as on:
            on.near.setsockopt(module.SOL_SOCKET, module.SO_SNDBUF, 5000)
            answers = [on.file.write(bytes(40_000))]
            for attempt in ("flush", "flush", "close"):
                try:
                    answers.append(getattr(on.file, attempt)())
                except Exception as error:
                    answers.append(described(error))
            return answers, on.file.closed

    assert_same(time_out)


ASKED = [
    "f.closed",
    "f.readable()",
    "f.writable()",
    "f.seekable()",
    "f.isatty()",
    "f.fileno() == near.fileno()",
    "f.name == near.fileno()",
    "f.mode",
    "repr(f).replace(str(near.fileno()), '#').split(' at ')[0]",
    "f.tell()",
    "f.seek(0)",
    "f.seek(0, 1)",
    "f.seek(0, 9)",
    "f.seek()",
    "f.seek('x')",
    "f.seek(1, 2, 3)",
    "f.truncate()",
    "f.truncate(3)",
    "f.truncate(1, 2)",
    "f.read()",
    "f.read('x')",
    "f.read(2 ** 70)",
    "f.read(-2)",
    "f.read(1, 2)",
    "f.read(1.5)",
    "f.read1('x')",
    "f.read1(None)",
    "f.read1(1.5)",
    "f.read1(-7)",
    "f.read1(2 ** 70)",
    "f.peek('x')",
    "f.peek(2 ** 70)",
    "f.readline('x')",
    "f.readline(2 ** 70)",
    "f.readline(1, 2)",
    "f.readlines()",
    "next(f)",
    "list(f)",
    "f.readinto(b'')",
    "f.readinto('x')",
    "f.readinto(None)",
    "f.readinto()",
    "f.readinto1(1)",
    "f.readinto1(1, 2)",
    "f.write('x')",
    "f.write(None)",
    "f.write()",
    "f.write(b'x')",
    "f.writelines(3)",
    "f.writelines([b'x', 'y'])",
    "f.flush()",
    "f.flush(1)",
    "f.detach(1)",
    "f._dealloc_warn(f)",
    "f._finalizing",
    "setattr(f, '_finalizing', 1)",
    "setattr(f, 'raw', 1)",
    "setattr(f, 'closed', 1)",
    "setattr(f, 'name', 1)",
    "setattr(f, 'own', 1)",
    "f.own",
    "vars(f)",
    "delattr(f, 'own')",
    "setattr(type(f), 'own', 1)",
    "pickle.dumps(f)",
    "copy.copy(f)",
    "copy.deepcopy(f)",
    "f._checkClosed()",
    "f._checkReadable()",
    "f._checkWritable()",
    "f._checkSeekable()",
    "iter(f) is f",
    "f.__enter__() is f",
    "type(f).__name__, type(f).__module__, type(f).__qualname__, repr(type(f))",
    "f.__exit__(None, None, None)",
]
if sys.version_info < (3, 10):
    # Whoever changes a class of module io may do so in ours, in this version.
    ASKED.remove("setattr(type(f), 'own', 1)")


@pytest.mark.parametrize("mode", HALVES)
def test_everything_that_can_be_asked(mode):
    same(ASKED, mode=mode, timeout=0)


@pytest.mark.parametrize("mode", HALVES)
@pytest.mark.parametrize(
    "end",
    ["f.close()", "f.detach() is None", "f.raw.close()", "near.close()", "os.close(near.detach())"],
)
def test_everything_that_can_be_asked_at_the_end(mode, end):
    asked = [call.replace("== near.fileno()", "< 0") for call in ASKED]
    asked = [call for call in asked if "near" not in call]
    some = ["far.send(b'abc\\ndef')", "f.readline()", "f.write(b'x')"]
    same([*some, end, *asked, "f.raw is None"], mode=mode, timeout=0)


@pytest.mark.parametrize("mode", HALVES)
def test_they_are_of_the_classes_of_module_io(mode):
    with Scene(rsocket, mode) as on:
        file, expected = on.file, CLASSES[mode]
        assert isinstance(file, expected)
        assert isinstance(file, io.BufferedIOBase)
        assert set(dir(expected)) <= set(dir(file))
        assert type(file).__mro__[1:] == expected.__mro__


# Made of other methods, or of the class alone: the base's own do.
GENERIC = {"__doc__", "__module__", "__new__", "__repr__", "__reduce__", "__reduce_ex__"}


@pytest.mark.parametrize("mode", HALVES)
def test_no_method_of_the_base_finds_an_empty_buffer(mode):
    with Scene(rsocket, mode) as on:
        assert set(vars(CLASSES[mode])) <= set(vars(type(on.file))) | GENERIC


@pytest.mark.parametrize("mode", ["rb", "wb"])
def test_methods_of_the_base_called_past_ours_lose_nothing(mode):
    with Scene(rsocket, mode) as on:
        on.far.send(b"abc")
        for method in (
            "close",
            "detach",
            "fileno",
            "flush",
            "readable" if mode == "rb" else "tell",
        ):
            with pytest.raises(ValueError, match="uninitialized"):
                getattr(CLASSES[mode], method)(on.file)
        assert on.file.read(3) == b"abc" if mode == "rb" else on.file.write(b"x")


@pytest.mark.parametrize("mode", ["rb", "wb"])
def test_the_class_makes_files_of_module_io(mode, tmp_path):
    with Scene(rsocket, mode) as on:
        path = tmp_path / "file"
        path.touch()
        with type(on.file)(io.FileIO(path, mode)) as other:
            assert type(other) is CLASSES[mode]
        with pytest.raises(TypeError):
            on.file.__init__(on.file.raw)
        with pytest.raises(TypeError):
            type("Sub", (type(on.file),), {})


@pytest.mark.parametrize(
    "method", ["read", "read1", "peek", "readinto", "readline", "write", "seek"]
)
def test_parameters_are_known(method):
    def parameters(module):
        with Scene(module, "wb" if method == "write" else "rb") as on:
            return str(inspect.signature(getattr(on.file, method)))

    assert_same(parameters)


@pytest.mark.parametrize("mode", ["rb", "wb", "rwb", "r", "w", "rw"])
def test_what_is_left_when_a_file_is_dropped(mode):
    def drop(module):
        near, far = module.socketpair()
        far.setblocking(False)
        with near, far:
            file = near.makefile(mode)
            if "w" in mode:
                file.write(b"abc" if "b" in mode else "abc")
            gone = weakref.ref(file)
            del file
            try:
                return gone() is None, near._io_refs, far.recv(9)
            except OSError as error:
                return gone() is None, near._io_refs, type(error)

    assert_same(drop)


@pytest.mark.parametrize("mode", HALVES)
def test_what_is_left_when_a_cycle_is_collected(mode):
    def collect(module):
        near, far = module.socketpair()
        far.setblocking(False)
        with near, far:
            file = near.makefile(mode)
            if "w" in mode:
                file.write(b"abc")
            file.cycle = [file]
            gone = weakref.ref(file)
            del file
            gc.collect()
            try:
                return gone() is None, near._io_refs, far.recv(9)
            except OSError as error:
                return gone() is None, near._io_refs, type(error)

    assert_same(collect)


def test_a_socket_may_keep_its_own_files():
    class Keeper(rsocket.socket):
        pass

    left, far = rsocket.socketpair()
    with far:
        near = Keeper(fileno=left.detach())
        near.files = [near.makefile(mode) for mode in HALVES]
        gone = weakref.ref(near)
        del near
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        assert gone() is None
        assert far.recv(1) == b""


@pytest.mark.parametrize("mode", HALVES)
def test_files_leave_no_memory_behind(mode):
    near, far = rsocket.socketpair()
    with near, far:

        def use():
            with near.makefile(mode, 1 << 20) as file:
                if "r" in mode:
                    far.send(b"line\nrest")
                    file.readline()
                    file.read(4)
                if "w" in mode:
                    file.write(b"x")
                file.own = file

        use()
        gc.collect()
        before = sum(1 for item in gc.get_objects() if isinstance(item, CLASSES[mode]))
        for _ in range(200):
            use()
        gc.collect()
        after = sum(1 for item in gc.get_objects() if isinstance(item, CLASSES[mode]))
        assert after == before


@pytest.mark.parametrize("buffering", [1 << 62, 1 << 63, 1 << 70])
def test_buffers_that_cannot_be(buffering):
    def open_file(module):
        near, far = module.socketpair()
        with near, far:
            return near.makefile("rb", buffering)

    assert_same(open_file)


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
                return described(error), on.file.closed

    assert_same(close)


def test_two_threads_share_a_reader():
    near, far = rsocket.socketpair()
    lines = [b"%06d\n" % number for number in range(20_000)]
    got = [[], [], []]
    with near, far, near.makefile("rb", 100) as file:

        def read(into):
            into.extend(iter(file.readline, b""))

        threads = [threading.Thread(target=read, args=(into,)) for into in got]
        for thread in threads:
            thread.start()
        for start in range(0, len(lines), 7):
            far.sendall(b"".join(lines[start : start + 7]))
        far.shutdown(stock.SHUT_WR)
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
    # A line may be cut where two threads read it, but no byte is lost or doubled.
    assert sorted(b"".join(map(b"".join, got))) == sorted(b"".join(lines))


def test_two_threads_share_a_writer():
    near, far = rsocket.socketpair()
    got = []
    with near, far:
        reader = threading.Thread(target=lambda: got.extend(far.makefile("rb")))
        reader.start()
        with near.makefile("wb", 50) as file:

            def write(letter):
                for number in range(5000):
                    file.write(b"%c%d\n" % (letter, number))

            threads = [threading.Thread(target=write, args=(letter,)) for letter in b"abc"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
            file.flush()
        near.shutdown(stock.SHUT_WR)
        reader.join(30)
    expected = [b"%c%d\n" % (letter, number) for letter in b"abc" for number in range(5000)]
    assert sorted(got) == sorted(expected)


def test_other_threads_run_while_one_waits_for_another():
    near, far = rsocket.socketpair()
    with near, far, near.makefile("rb") as file:
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(file.read(3))) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.05)
        assert file.closed is False and file.fileno() == near.fileno() and file.name
        far.sendall(b"aaabbbccc")
        for thread in threads:
            thread.join(10)
        assert sorted(answers) == [b"aaa", b"bbb", b"ccc"]


@pytest.mark.parametrize("mode", ["rb", "rwb"])
def test_a_reader_does_not_enter_itself(mode):
    def reenter(module):
        with Scene(module, mode) as on:
            raised = []

            def handler(*_):
                try:
                    on.file.read(1)
                except RuntimeError as error:
                    raised.append(str(error).replace(f"={on.near.fileno()}", "=#"))
                on.far.send(b"x")

            previous = signal.signal(signal.SIGALRM, handler)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                return on.file.read(1), raised
            finally:
                signal.signal(signal.SIGALRM, previous)

    assert_same(reenter)


def test_a_writer_does_not_enter_itself():
    def reenter(module):
        with Scene(module, "wb", 4) as on:
            raised, raw = [], on.file.raw

            def write(data):
                try:
                    on.file.write(b"inner")
                except RuntimeError as error:
                    raised.append(str(error).replace(f"={on.near.fileno()}", "=#"))
                return len(data)

            raw.write = write
            return on.file.write(b"outer one"), raised

    assert_same(reenter)


@pytest.mark.parametrize("mode", HALVES)
def test_a_forked_child_can_close_a_file_that_a_thread_of_the_parent_uses(mode):
    near, far = rsocket.socketpair()
    near.setsockopt(stock.SOL_SOCKET, stock.SO_SNDBUF, 5000)
    with near, far, near.makefile(mode) as file:
        busy = file.read if "r" in mode else lambda _: file.write(bytes(1 << 20))
        thread = threading.Thread(target=busy, args=(1,))
        thread.start()
        time.sleep(0.1)
        child = os.fork()
        if child == 0:
            signal.alarm(10)
            status = 1
            try:
                # What the parent has not sent is not to go out twice, nor to be waited for.
                near.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    file.close()
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        near.setblocking(True)
        if "r" in mode:
            far.send(b"x")
        else:
            far.settimeout(1)
            with contextlib.suppress(OSError):
                while far.recv(1 << 20):
                    pass
        thread.join(10)
        assert not thread.is_alive()
        assert status == 0


def random_call(random):
    """A call that a program might make, and whether it reads."""
    size = random.choice([0, 1, 2, 5, 17, 100, 4000, 9000])
    read = random.choice(
        [
            f"f.read({size})",
            f"f.read1({size})",
            "f.read1()",
            "f.peek()",
            "f.readline()",
            f"f.readline({size})",
            f"bytearray_of(f, 'readinto', {size})",
            f"bytearray_of(f, 'readinto1', {size})",
            "next(f, None)",
        ]
    )
    data = random.choice(["b'x'", "b'line\\n'", "b'long ' * 200 + b'\\n'", "bytes(9000)"])
    write = random.choice([f"f.write({data} * {random.randint(0, 3)})", "f.flush()"])
    arrive = f"far.send({data} * {random.randint(1, 3)})"
    leave = "far.recv(1 << 16)"
    return random.choice([read, read, read, write, write, arrive, arrive, leave])


@pytest.mark.parametrize("mode", HALVES)
@pytest.mark.parametrize("buffering", [None, 1, 10, 100])
@pytest.mark.parametrize("seed", range(4))
def test_random_conversations(mode, buffering, seed):
    source = random.Random(f"{mode} {buffering} {seed}")
    calls = [random_call(source) for _ in range(250)]
    end = ["far.recv(1 << 20)", "f.flush()", "far.shutdown(1)", "f.read()"]
    calls += [*end, "f.close()"]
    same(calls, mode=mode, buffering=buffering, timeout=0)
