"""`rsocket.connect` and `rsocket.listen`: one text for a socket of any family."""

import errno
import os
import stat
import subprocess
import sys
import time

import pytest
import rsocket


def talk(listener, url, **options):
    with rsocket.connect(url, **options) as client:
        server, _peer = listener.accept()
        with server:
            client.sendall(b"question")
            assert server.recv(100) == b"question"
            server.sendall(b"answer")
            assert client.recv(100) == b"answer"
        return client.gettimeout()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_tcp(host):
    with rsocket.listen(f"tcp://{host}:0") as listener:
        assert listener.getsockopt(rsocket.SOL_SOCKET, rsocket.SO_REUSEADDR) == 1
        assert not listener.get_inheritable()
        port = listener.getsockname()[1]
        assert talk(listener, f"tcp://{host}:{port}") is None
        assert talk(listener, f"tcp://{host}:{port}", timeout=20) == 20.0
        assert talk(listener, f"tcp://{host}:{port}".encode(), timeout=20) == 20.0


@pytest.mark.parametrize("kind", ["", "-seqpacket"])
def test_unix_paths(tmp_path, kind):
    path = tmp_path / "a b.sock"
    url = f"unix{kind}:{tmp_path}/a%20b.sock"
    with rsocket.listen(f"{url}?mode=600") as listener:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        talk(listener, url)
        with pytest.raises(OSError) as caught:
            rsocket.listen(f"{url}?reuse")
        assert caught.value.errno == errno.EADDRINUSE
    with pytest.raises(OSError) as caught:
        rsocket.listen(url)
    assert caught.value.errno == errno.EADDRINUSE
    with rsocket.listen(f"{url}?reuse") as listener:
        talk(listener, url)


def test_abstract_names():
    url = f"unix-abstract:rsocket-{os.getpid()}-%00%ff"
    with rsocket.listen(url) as listener:
        assert listener.getsockname() == b"\0rsocket-%d-\0\xff" % os.getpid()
        talk(listener, url)


def test_datagrams(tmp_path):
    with rsocket.listen("udp://127.0.0.1:0") as receiver:
        with rsocket.connect(f"udp://127.0.0.1:{receiver.getsockname()[1]}") as sender:
            sender.send(b"hello")
            data, peer = receiver.recvfrom(100)
            assert (data, peer) == (b"hello", sender.getsockname())
    url = f"unix-dgram:{tmp_path}/d"
    with rsocket.listen(url) as receiver, rsocket.connect(url) as sender:
        sender.send(b"hello")
        data, peer = receiver.recvfrom(100)
        receiver.sendto(data.upper(), peer)
        assert sender.recv(100) == b"HELLO"


def test_an_inherited_descriptor_is_duplicated():
    with rsocket.create_server(("127.0.0.1", 0)) as original:
        with rsocket.listen(f"fd:{original.fileno()}") as copy:
            assert copy.getsockname() == original.getsockname()
            assert copy.fileno() != original.fileno()
            talk(copy, f"tcp://127.0.0.1:{original.getsockname()[1]}")


def test_a_descriptor_of_the_service_manager_is_taken_by_its_name():
    program = (
        "import os, rsocket\n"
        "os.environ['LISTEN_PID'] = str(os.getpid())\n"
        "with rsocket.listen('activation:web') as listener:\n"
        "    print(listener.getsockname()[1], listener.get_inheritable())\n"
        "try:\n"
        "    rsocket.listen('activation:web')\n"
        "except FileNotFoundError:\n"
        "    print('taken')\n"
    )
    with rsocket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-c", f"import os\nos.dup2({server.fileno()}, 3)\n{program}"],
            env={**os.environ, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"},
            pass_fds=[server.fileno()],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        assert done.stdout.split() == [str(port), "False", "taken"]


def test_a_backlog_is_what_it_says():
    with rsocket.listen("tcp://127.0.0.1:0", backlog=0) as listener:
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        clients = []
        began = time.monotonic()
        with pytest.raises(rsocket.timeout, match="timed out"):
            for _ in range(4):
                clients.append(rsocket.connect(url, timeout=0.2))
        assert time.monotonic() - began < 5
        assert len(clients) in (1, 2)
        for client in clients:
            client.close()


def test_a_timeout_of_zero_starts_connecting(tmp_path):
    with rsocket.listen("tcp://127.0.0.1:0") as listener:
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        with rsocket.connect(url, timeout=0) as client:
            assert client.gettimeout() == 0.0
            server, _peer = listener.accept()
            server.close()
            client.settimeout(5)
            assert client.recv(1) == b""


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("", errno.EINVAL),
        ("127.0.0.1:80", errno.EINVAL),
        ("tcp://127.0.0.1", errno.EINVAL),
        ("tcp://127.0.0.1:65536", errno.EINVAL),
        ("tcp://::1:80", errno.EINVAL),
        ("http://127.0.0.1:80", errno.EINVAL),
        ("unix:", errno.EINVAL),
        ("unix:a%00b", errno.EINVAL),
        ("unix:" + "x" * 108, errno.ENAMETOOLONG),
        ("unix:x?colour=red", errno.EINVAL),
        ("tcp://127.0.0.1:80\0", errno.EINVAL),
        ("fd:99999", errno.EBADF),
        ("fd:0x3", errno.EINVAL),
        ("activation:none", errno.ENOENT),
    ],
)
def test_a_bad_url_is_an_oserror_that_says_why(url, number):
    for call in (rsocket.connect, rsocket.listen):
        with pytest.raises(OSError) as caught:
            call(url)
        assert caught.value.errno == number
        assert caught.value.strerror


def test_what_fails_leaves_nothing_open(tmp_path):
    before = os.listdir("/proc/self/fd")
    with pytest.raises(ConnectionRefusedError):
        rsocket.connect("tcp://127.0.0.1:1")
    with pytest.raises(FileNotFoundError):
        rsocket.connect(f"unix:{tmp_path}/none")
    with pytest.raises(rsocket.gaierror):
        rsocket.connect("tcp://no.such.host.invalid:1")
    with pytest.raises(OSError):
        rsocket.listen("tcp://192.0.2.1:1")
    with pytest.raises(OSError):
        rsocket.listen("udp://127.0.0.1:0", backlog=1)
    for bad in (None, 5, ["tcp://127.0.0.1:1"]):
        with pytest.raises(TypeError, match="url must be str or bytes"):
            rsocket.connect(bad)
    with pytest.raises(TypeError):
        rsocket.connect("tcp://127.0.0.1:1", timeout="soon")
    with pytest.raises(ValueError):
        rsocket.connect("tcp://127.0.0.1:1", timeout=-1)
    with pytest.raises(OverflowError):
        rsocket.listen("tcp://127.0.0.1:0", backlog=2**40)
    assert os.listdir("/proc/self/fd") == before


def test_audit_events_name_the_url():
    program = (
        "import sys, rsocket\n"
        "events = []\n"
        "sys.addaudithook(lambda event, args: events.append((event, args)))\n"
        "with rsocket.listen('unix-abstract:rsocket-audit') as listener:\n"
        "    rsocket.connect('unix-abstract:rsocket-audit').close()\n"
        "print([e for e in events if e[0].startswith('rsocket.')])\n"
        "def refuse(event, args):\n"
        "    if event == 'rsocket.listen': raise PermissionError(args)\n"
        "sys.addaudithook(refuse)\n"
        "try: rsocket.listen('tcp://127.0.0.1:0')\n"
        "except PermissionError as error: print(error)\n"
    )
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    url = "unix-abstract:rsocket-audit"
    assert printed.splitlines() == [
        str([("rsocket.listen", (url,)), ("rsocket.connect", (url,))]),
        "('tcp://127.0.0.1:0',)",
    ]
