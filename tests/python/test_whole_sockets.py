"""Servers on a path, sockets of a service manager, and the first connection of several."""

import errno
import os
import socket as stock
import stat
import subprocess
import sys
import threading
import time
import warnings

import pytest
import rsocket


@pytest.fixture
def path(tmp_path):
    return tmp_path / "server.sock"


def test_the_file_has_its_mode_and_goes_with_the_socket(path):
    with rsocket.create_unix_server(path, mode=0o600) as server:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert isinstance(server, rsocket.socket)
        assert not server.get_inheritable()
        with rsocket.socket(rsocket.AF_UNIX) as client:
            client.connect(path)
            connection, _peer = server.accept()
            assert type(connection) is rsocket.socket
            connection.close()
    assert not path.exists()
    server.close()


@pytest.mark.parametrize("kind", [rsocket.SOCK_SEQPACKET, rsocket.SOCK_DGRAM])
def test_other_types(path, kind):
    with rsocket.create_unix_server(os.fsencode(path), type=kind, backlog=1) as server:
        assert server.type == kind
        with rsocket.socket(rsocket.AF_UNIX, kind) as client:
            client.connect(str(path))
            client.send(b"x")
    assert not path.exists()


def test_a_dead_servers_file_is_taken_over(path):
    with rsocket.socket(rsocket.AF_UNIX) as dead:
        dead.bind(path)
        dead.listen()
    assert path.exists()
    with pytest.raises(OSError) as raised:
        rsocket.create_unix_server(path, cleanup=False)
    assert raised.value.errno == errno.EADDRINUSE
    rsocket.create_unix_server(path).close()
    assert not path.exists()


def test_a_live_servers_file_is_left_alone(path):
    with rsocket.create_unix_server(path):
        for cleanup in (True, False):
            with pytest.raises(OSError) as raised:
                rsocket.create_unix_server(path, cleanup=cleanup)
            assert raised.value.errno == errno.EADDRINUSE
        assert path.exists()
    assert not path.exists()
    path.write_text("no socket")
    with pytest.raises(OSError):
        rsocket.create_unix_server(path)
    assert path.read_text() == "no socket"


def test_another_servers_file_is_not_removed(path):
    first = rsocket.create_unix_server(path)
    path.unlink()
    with rsocket.socket(rsocket.AF_UNIX) as second:
        second.bind(path)
        first.close()
        assert path.exists()


def test_without_cleanup_the_file_stays(path):
    rsocket.create_unix_server(path, cleanup=False).close()
    assert path.exists()


def test_detach_leaves_the_file(path):
    number = rsocket.create_unix_server(path).detach()
    with rsocket.socket(fileno=number) as server:
        assert server.getsockname() == str(path)
    assert path.exists()


def test_a_forked_child_leaves_the_file_to_its_parent(path):
    with rsocket.create_unix_server(path) as server:
        child = os.fork()
        if child == 0:
            server.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert path.exists()
    assert not path.exists()


def test_a_socket_that_nobody_closed_takes_its_file_along(path):
    server = rsocket.create_unix_server(path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del server
    assert [warning.category for warning in caught] == [ResourceWarning]
    del caught  # a warning keeps what it is about
    assert not path.exists()


def test_bad_servers(tmp_path):
    for wrong in ("x" * 200, tmp_path / "missing" / "file", ""):
        with pytest.raises(OSError):
            rsocket.create_unix_server(wrong)
    with pytest.raises(ValueError):
        rsocket.create_unix_server(tmp_path / "x", mode=0o7777)
    with pytest.raises(TypeError):
        rsocket.create_unix_server(5)
    assert list(tmp_path.iterdir()) == []


ACTIVATED = """if True:
    import os, sys
    os.environ["LISTEN_PID"] = str(os.getpid())
    import rsocket
    named = rsocket.listen_fds_with_names()
    assert [name for name, _ in named] == ["web", "control"], named
    (_, web), (_, control) = named
    assert (web.family, web.type) == (rsocket.AF_INET, rsocket.SOCK_STREAM)
    assert (control.family, control.type) == (rsocket.AF_UNIX, rsocket.SOCK_DGRAM)
    assert web.gettimeout() is None and control.gettimeout() == 0.0
    assert not web.get_inheritable()
    assert web.fileno() > 5
    assert rsocket.listen_fds() == []
    connection, _peer = web.accept()
    connection.sendall(b"activated")
    connection.close()
    web.close()
    control.close()
"""


def test_sockets_of_a_service_manager():
    with stock.create_server(("127.0.0.1", 0)) as web:
        with stock.socket(stock.AF_UNIX, stock.SOCK_DGRAM) as control, open(os.devnull) as file:
            control.bind(b"\0rsocket-activation-%d" % os.getpid())
            control.setblocking(False)
            numbers = [web.fileno(), control.fileno(), file.fileno()]
            program = (
                "import fcntl, os, sys;"
                "numbers = [fcntl.fcntl(int(n), fcntl.F_DUPFD, 50) for n in sys.argv[2:]];"
                "[os.dup2(number, place) for place, number in enumerate(numbers, 3)];"
                "exec(sys.argv[1])"
            )
            environment = {**os.environ, "LISTEN_FDS": "3", "LISTEN_FDNAMES": "web:control:file"}
            child = subprocess.Popen(
                [sys.executable, "-c", program, ACTIVATED, *map(str, numbers)],
                pass_fds=numbers,
                env=environment,
            )
            with stock.create_connection(web.getsockname(), timeout=30) as client:
                assert client.recv(16) == b"activated"
            assert child.wait(30) == 0


def test_nobody_handed_anything_over(monkeypatch):
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        monkeypatch.delenv(name, raising=False)
    assert rsocket.listen_fds() == []
    monkeypatch.setenv("LISTEN_PID", "1")
    monkeypatch.setenv("LISTEN_FDS", "3")
    assert rsocket.listen_fds_with_names() == []
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "many")
    with pytest.raises(OSError) as raised:
        rsocket.listen_fds()
    assert raised.value.errno == errno.EINVAL


@pytest.fixture
def answers(monkeypatch):
    """Lets a test say what a host name resolves to."""

    def resolve(*hosts):
        real = rsocket.getaddrinfo

        def getaddrinfo(host, port, *rest):
            if host != "several.test":
                return real(host, port, *rest)
            return [answer for name in hosts for answer in real(name, port, *rest)]

        monkeypatch.setattr(rsocket, "getaddrinfo", getaddrinfo)

    return resolve


@pytest.fixture
def server():
    with rsocket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def silent():
    """A host on which connecting to the server's port has no answer: its queue is full."""
    with rsocket.create_server(("127.0.0.2", 0), backlog=0) as listener:
        fillers = []
        for _ in range(3):
            filler = rsocket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        time.sleep(0.05)
        yield listener
        for filler in fillers:
            filler.close()


def test_a_silent_address_costs_one_delay(answers, silent):
    port = silent.getsockname()[1]
    with rsocket.create_server(("127.0.0.3", port)):
        answers("127.0.0.2", "127.0.0.3")
        begin = time.monotonic()
        with rsocket.create_connection(
            ("several.test", port), timeout=30, happy_eyeballs_delay=0.1
        ) as sock:
            assert sock.getpeername() == ("127.0.0.3", port)
            assert sock.gettimeout() == 30
            assert not sock.get_inheritable()
        assert 0.09 < time.monotonic() - begin < 5


def test_the_timeout_covers_the_whole(answers, silent):
    answers("127.0.0.2", "127.0.0.2", "127.0.0.2")
    begin = time.monotonic()
    with pytest.raises(rsocket.timeout):
        rsocket.create_connection(
            ("several.test", silent.getsockname()[1]), timeout=0.3, happy_eyeballs_delay=0.05
        )
    assert 0.29 < time.monotonic() - begin < 5


def test_refusals_are_told(answers, server):
    port = server.getsockname()[1]
    answers("127.0.0.8", "127.0.0.9")
    with pytest.raises(ConnectionRefusedError):
        rsocket.create_connection(("several.test", port), happy_eyeballs_delay=1)
    if sys.version_info >= (3, 11):
        with pytest.raises(ExceptionGroup) as raised:  # noqa: F821
            rsocket.create_connection(
                ("several.test", port), all_errors=True, happy_eyeballs_delay=1
            )
        assert [error.errno for error in raised.value.exceptions] == [errno.ECONNREFUSED] * 2
    answers("127.0.0.9", "127.0.0.1")
    rsocket.create_connection(("several.test", port), happy_eyeballs_delay=30).close()


def test_the_source_of_a_race(answers, server):
    port = server.getsockname()[1]
    answers("127.0.0.1")
    with rsocket.create_connection(
        ("several.test", port), source_address=("127.0.0.7", 0), happy_eyeballs_delay=0.2
    ) as sock:
        assert sock.getsockname()[0] == "127.0.0.7"
        assert sock.gettimeout() is None
    with pytest.raises(OSError) as raised:
        rsocket.create_connection(
            ("several.test", port), source_address=("::1", 0), happy_eyeballs_delay=0.2
        )
    assert raised.value.errno == errno.EADDRNOTAVAIL


def test_a_default_timeout_is_that_of_a_race(server):
    rsocket.setdefaulttimeout(20)
    try:
        with rsocket.create_connection(server.getsockname(), happy_eyeballs_delay=0.2) as sock:
            assert sock.gettimeout() == 20
    finally:
        rsocket.setdefaulttimeout(None)


def test_bad_races(server):
    for arguments in ({"happy_eyeballs_delay": -1}, {"timeout": 0, "happy_eyeballs_delay": 1}):
        with pytest.raises(ValueError):
            rsocket.create_connection(server.getsockname(), **arguments)
    with pytest.raises(TypeError):
        rsocket.create_connection(server.getsockname(), happy_eyeballs_delay="soon")


def test_other_threads_run_during_a_race(silent):
    ran = threading.Event()
    timer = threading.Timer(0.02, ran.set)
    timer.start()
    with pytest.raises(rsocket.timeout):
        rsocket.create_connection(silent.getsockname(), timeout=0.2, happy_eyeballs_delay=0.01)
    assert ran.is_set()
    timer.join()
