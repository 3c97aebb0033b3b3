"""Socket objects are as the interpreter's own: text, attributes, copies, subclasses, finalizers."""

import copy
import gc
import io
import pickle
import socket as stock
import subprocess
import sys
import warnings
import weakref

import pytest
import rsocket
from both import assert_same

EXPRESSIONS = ["repr(s)", "s.family", "s.type", "s.proto", "s.timeout", "s._closed", "s._io_refs"]
EXPRESSIONS += ["s.nothing", "setattr(s, 'nothing', 1)", "s.__dict__", "copy.copy(s)", "len(s)"]
EXPRESSIONS += ["pickle.dumps(s, 2)", "copy.deepcopy(s)", "hash(s) == hash(s)", "s == s", "s < s"]
EXPRESSIONS += [
    "iter(s)",
    "bool(s)",
    "s.__reduce_ex__(4)",
    "s.__exit__()",
    "s.__exit__(1, 2, 3, 4)",
]
EXPRESSIONS += ["type(s).__name__", "type(s).__qualname__", "s.share", "s.ioctl", "type(s)(99)"]
EXPRESSIONS += ["type(s)(1, 1, 0, None).close()", "type(s)(type=2).close()", "type(s)(-2)"]
EXPRESSIONS += [
    "type(s)(proto=17, type=2).close()",
    "type(s)(-1, -1, -1).close()",
    "type(s)(2, 99)",
]
EXPRESSIONS += [
    "s.makefile('x')",
    "s.makefile('r', 0)",
    "s.makefile('rb', 0).mode",
    "s.makefile(5)",
]
EXPRESSIONS += [
    "s.makefile('rw').mode",
    "repr(s.makefile('rwb')).split()[0]",
    "s.makefile('r', encoding='no')",
]
EXPRESSIONS += ["s.makefile('wb', 0).writable()", "s.makefile('rb').seekable()", "s.makefile('')"]
EXPRESSIONS += ["s.makefile('rb', 0).seek(0)", "s.makefile('rb', 0).write(b'')", "s.makefile(None)"]
EXPRESSIONS += ["s.makefile('wb', 0).readinto(bytearray(1))", "s.makefile('rb', None).raw.closed"]
EXPRESSIONS += ["[c.__name__ for c in type(s.makefile('rb', 0)).__mro__]", "s.makefile('rr').mode"]
EXPRESSIONS += ["s.makefile(5)", "type(s)(2, 99)", "s.makefile('rb', 0)._sock is s"]
EXPRESSIONS += ["s.makefile('rb', 0)._mode", "s.sendfile(5)"]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions(expression):
    def evaluated(module):
        with module.socket() as sock:
            return eval(expression, {"s": sock, "copy": copy, "pickle": pickle})

    assert_same(evaluated)


@pytest.mark.parametrize("number", [2, 3, 99])
def test_numbers_without_a_name_stay_numbers(number):
    def family_and_type(module):
        adopted = stock.socket(stock.AF_UNIX)
        with module.socket(number, number, 0, fileno=adopted.detach()) as sock:
            return sock.family, sock.type

    assert_same(family_and_type)


def test_enum_members_are_those_of_the_interpreter():
    with rsocket.socket() as sock:
        assert sock.family is stock.AF_INET
        assert sock.type is stock.SOCK_STREAM


def test_flags_in_the_type_do_not_show():
    with rsocket.socket(type=stock.SOCK_DGRAM | stock.SOCK_NONBLOCK | stock.SOCK_CLOEXEC) as sock:
        assert sock.type is stock.SOCK_DGRAM
        assert sock.gettimeout() == 0.0


def test_an_object_that_was_never_initialised():
    sock = rsocket.socket.__new__(rsocket.socket, 1, 2, foo=3)
    assert sock.fileno() == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        sock.recv(1)
    sock.close()


def test_initialising_twice_leaks_nothing():
    with rsocket.socket() as sock:
        first = sock.fileno()
        sock.__init__(rsocket.AF_UNIX, rsocket.SOCK_DGRAM)
        assert sock.family is stock.AF_UNIX
        with pytest.raises(OSError, match="Bad file descriptor"):
            rsocket.socket(fileno=first)
        sock.__init__(fileno=sock.fileno())
        sock.getsockname()


def test_subclasses_choose_their_own_arguments():
    class Named(rsocket.socket):
        def __init__(self, name, *, family=rsocket.AF_INET):
            super().__init__(family)
            self.name = name

    with Named("one", family=rsocket.AF_UNIX) as sock:
        assert sock.name == "one"
        assert sock.family is stock.AF_UNIX
        assert repr(sock).startswith(f"<{__name__}.test_subclasses_choose_their_own_arguments.")


def test_dup_keeps_the_class_and_accept_does_not():
    class Mine(rsocket.socket):
        pass

    with Mine() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(5)
        with rsocket.create_connection(listener.getsockname()), listener.dup() as second:
            assert type(second) is Mine
            assert second.gettimeout() == 5
            assert not second.get_inheritable()
            accepted, _address = second.accept()
            with accepted:
                assert type(accepted) is rsocket.socket
                assert accepted.gettimeout() is None


def test_dup_asks_for_what_a_subclass_overrides():
    def asked(module):
        class Other(module.socket):
            @property
            def proto(self):
                return 77

            def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
                self.given = proto
                super().__init__(family, type, -1, fileno)

        with Other() as sock, sock.dup() as copy:
            return sock.given, copy.given

    assert_same(asked)


def test_overriding_methods_are_called():
    calls = []

    class Recorder(rsocket.socket):
        def close(self):
            calls.append("close")
            super().close()

        def _real_close(self):
            calls.append("_real_close")
            super()._real_close()

        def fileno(self):
            calls.append("fileno")
            return super().fileno()

        def recv_into(self, *arguments):
            calls.append("recv_into")
            return super().recv_into(*arguments)

        def send(self, *arguments):
            calls.append("send")
            return super().send(*arguments)

        def _accept(self):
            calls.append("_accept")
            return super()._accept()

    left, right = rsocket.socketpair()
    with Recorder(fileno=left.detach()) as sock, right:
        right.send(b"x")
        with sock.makefile("rwb", 0) as file:
            assert file.read(1) == b"x"
            file.write(b"y")
        sock.get_inheritable()
    assert calls == ["recv_into", "send", "fileno", "close", "_real_close"]
    calls.clear()
    with Recorder() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with rsocket.create_connection(listener.getsockname()):
            listener.accept()[0].close()
    assert calls == ["_accept", "close", "_real_close"]


def test_methods_replaced_on_the_class_are_called(monkeypatch):
    sent = []
    left, right = rsocket.socketpair()
    with left, right:
        monkeypatch.setattr(
            rsocket.socket, "send", lambda self, data: sent.append(bytes(data)) or 1
        )
        with left.makefile("wb", 0) as file:
            file.write(b"z")
    assert sent == [b"z"]


def test_unbound_methods():
    left, right = rsocket.socketpair()
    with left, right:
        rsocket.socket.send(left, b"x")
        assert rsocket.socket.recv(right, 1) == b"x"
        with pytest.raises(TypeError):
            rsocket.socket.recv(5, 1)
        with pytest.raises(TypeError):
            rsocket.socket.recv()


def test_weak_references():
    sock = rsocket.socket()
    reference = weakref.ref(sock)
    assert reference() is sock
    sock.close()
    del sock
    assert reference() is None


def finalized(make):
    """The warnings that finalizing what `make` makes gives, and what the warning came from."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make()
        gc.collect()
    return [(str(warning.message), warning.source) for warning in caught]


def test_an_unclosed_socket_warns_and_is_closed():
    numbers = []

    def forget():
        sock = rsocket.socket()
        numbers.append(sock.fileno())

    ((message, source),) = finalized(forget)
    assert message.startswith("unclosed <rsocket.socket fd=")
    assert "laddr=('0.0.0.0', 0)" in message
    assert type(source) is rsocket.socket
    assert source.fileno() == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        rsocket.socket(fileno=numbers[0])


def test_an_unclosed_socket_of_a_subclass_or_in_a_cycle_warns_once():
    class Mine(rsocket.socket):
        pass

    class Slotted(rsocket.socket):
        __slots__ = ()

    def cycle():
        sock = Mine()
        sock.itself = sock

    assert len(finalized(lambda: Mine())) == 1
    assert len(finalized(lambda: Slotted())) == 1
    assert len(finalized(cycle)) == 1


def test_a_finalizer_of_a_subclass_is_called_once():
    calls = []

    class Slotted(rsocket.socket):
        __slots__ = ()

        def __del__(self):
            calls.append(self.fileno())
            self.close()

    Slotted()
    assert len(calls) == 1


def test_closed_detached_and_empty_sockets_do_not_warn():
    def quiet():
        rsocket.socket().close()
        stock.socket(fileno=rsocket.socket().detach()).close()
        rsocket.socket.__new__(rsocket.socket)

    assert finalized(quiet) == []


def test_a_file_keeps_its_socket_open_and_the_socket_warns():
    def forget():
        rsocket.socket().makefile("rb")

    ((message, _source),) = finalized(forget)
    assert message.startswith("unclosed <rsocket.socket fd=")


def test_a_warning_that_is_an_error_is_reported_and_the_exception_at_hand_kept(monkeypatch):
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(KeyError):
            try:
                raise KeyError("kept")
            finally:
                rsocket.socket()
    assert [type(report.exc_value) for report in unraisable] == [ResourceWarning]


def test_a_resurrected_socket_works_on():
    saved = []

    class Undead(rsocket.socket):
        def __del__(self):
            saved.append(self)

    Undead()
    (sock,) = saved
    sock.getsockname()
    sock.close()


def test_socket_io_is_a_raw_file():
    with rsocket.socket() as sock, sock.makefile("rb", 0) as file:
        assert isinstance(file, io.RawIOBase)
        assert isinstance(file, rsocket.SocketIO)
        assert issubclass(rsocket.SocketIO, io.RawIOBase)


# Methods that stand in the place of those which they call: each of these never comes to an end.
ENDLESS = {
    "close": ("close()", "_real_close"),
    "__exit__": ("__exit__(None, None, None)", "close"),
    "accept": ("accept()", "_accept"),
    "dup": ("dup()", "fileno"),
    "get_inheritable": ("get_inheritable()", "fileno"),
    "sendfile": ("sendfile(open('/proc/self/exe', 'rb'))", "_sendfile_use_sendfile"),
    "_sendfile_use_send": (
        "_sendfile_use_send(open('/proc/self/exe', 'rb'), 0, None)",
        "_check_sendfile_params",
    ),
    "__repr__": ("__repr__()", "getsockname"),
}


@pytest.mark.parametrize("method", ENDLESS)
def test_calls_without_an_end_are_a_recursion_error(method):
    call, replaced = ENDLESS[method]
    code = (
        "import rsocket, warnings\n"
        "warnings.simplefilter('ignore')\n"
        f"kind = type('Kind', (rsocket.socket,), {{{replaced!r}: rsocket.socket.{method}}})\n"
        f"try:\n    kind().{call}\n"
        "except RecursionError:\n    print('too deep', flush=True)\n"
        "import os; os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert (done.returncode, done.stdout) == (0, "too deep\n")


def test_an_address_that_is_the_socket_itself_is_a_recursion_error():
    code = (
        "import os, rsocket\n"
        "class Kind(rsocket.socket):\n    def getsockname(self):\n        return self\n"
        "try:\n    repr(Kind())\n"
        "except RecursionError:\n    print('too deep', flush=True)\n"
        "os._exit(0)\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert (done.returncode, done.stdout) == (0, "too deep\n")


@pytest.mark.parametrize("method", ["sendfile", "_sendfile_use_sendfile", "_sendfile_use_send"])
def test_what_replaces_the_check_of_sendfile_is_called(method, tmp_path):
    (tmp_path / "file").write_bytes(b"content")

    def send(module):
        left, right = module.socketpair()
        left = type("Kind", (module.socket,), {})(fileno=left.detach())
        calls = []
        left._check_sendfile_params = lambda *given: calls.append(given)
        right.settimeout(5)
        with left, right, open(tmp_path / "file", "rb") as file:
            return getattr(left, method)(file, 2, 0), [given[1:] for given in calls], right.recv(9)

    assert_same(send)
