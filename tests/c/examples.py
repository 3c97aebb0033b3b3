"""Runs the C examples as their users would, and looks at what they do.

The other side of each is the standard library's socket module, or a program of the system.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.argv[1])


def run(*args, **options):
    """Runs an example to its end and gives what it printed."""
    done = subprocess.run(
        [BIN / args[0], *args[1:]],
        capture_output=True,
        timeout=30,
        check=False,
        **options,
    )
    if done.returncode != 0:
        raise AssertionError(f"{args}: {done.returncode}\n{done.stderr.decode()}")
    return done.stdout


def connect(family, address):
    """Connects once the example listens."""
    for _ in range(500):
        peer = socket.socket(family)
        try:
            peer.connect(address)
        except OSError:
            peer.close()
            time.sleep(0.01)
        else:
            peer.settimeout(10)
            return peer
    raise AssertionError(f"nobody listens on {address}")


def recv_exactly(peer, size):
    """Receives `size` bytes."""
    data = b""
    while len(data) < size:
        part = peer.recv(size - len(data))
        if not part:
            raise AssertionError(f"the end after {len(data)} bytes")
        data += part
    return data


EXAMPLES = Path(__file__).parents[2] / "examples/c"


def code_lines(name):
    """How many lines of code an example has, without comments and empty lines."""
    text = re.sub(r"/\*.*?\*/", "", (EXAMPLES / name).read_text(), flags=re.DOTALL)
    return sum(1 for line in text.splitlines() if line.strip())


def links():
    """One name per line, as the kernel has them; the source is short."""
    names = run("links").decode().split()
    assert sorted(names) == sorted(os.listdir("/sys/class/net")), names
    assert code_lines("links.c") < 20, code_lines("links.c")


def sizes():
    """The netcat is clearly shorter than the plain one, as the list of examples says."""
    ours, plain = code_lines("netcat.c"), code_lines("posix/netcat.c")
    assert ours < plain / 2, (ours, plain)
    said = (EXAMPLES / "README.md").read_text()
    assert f"{ours} lines of code" in said, ours
    assert f"{plain} by plain POSIX" in said, plain


def pass_descriptor():
    """What it prints is the file."""
    path = Path(__file__)
    assert run("pass_descriptor", str(path)) == path.read_bytes()


def echo_server():
    """Echoes to several clients at once, more than any buffer holds, over two families."""
    with tempfile.TemporaryDirectory() as directory:
        for url, family, address in (
            ("tcp://127.0.0.1:0", socket.AF_INET, None),
            (f"unix:{directory}/echo", socket.AF_UNIX, f"{directory}/echo"),
        ):
            with subprocess.Popen([BIN / "echo_server", url], stdout=subprocess.PIPE) as server:
                try:
                    said = server.stdout.readline().decode().split()[-1]
                    where = address or ("127.0.0.1", int(said.rpartition(":")[2]))
                    peers = [connect(family, where) for _ in range(20)]
                    data = os.urandom(50_000)
                    for peer in peers:
                        peer.sendall(data)
                    for peer in peers:
                        assert recv_exactly(peer, len(data)) == data
                        peer.close()
                finally:
                    server.kill()


def udp_batch():
    """Nothing is lost on loopback, and far fewer calls are made than datagrams come."""
    sent, came, calls = (int(word) for word in run("udp_batch").split() if word.isdigit())
    assert sent == 1000 and 900 < came <= 1000, (sent, came)
    assert calls < came / 5, calls


def ping():
    """The C++ one: a round trip, and an error as an exception."""
    if not shutil.which("c++"):
        print("skipped: no c++")
        return
    lines = run("ping").decode().splitlines()
    assert lines == ["ping", "pong", "connect: No such file or directory"], lines


def connect_many():
    """One that answers, one that refuses, one that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as open_one, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        urls = [f"tcp://127.0.0.1:{one.getsockname()[1]}" for one in (open_one, closed)]
        said = run("connect_many", *urls, "unix:/nonexistent").decode()
        assert f"{urls[0]}: connected" in said, said
        assert f"{urls[1]}: Connection refused" in said, said
        assert "unix:/nonexistent: No such file or directory" in said, said


def privileged_helper():
    """A file of the directory for the right user; nothing else for anybody."""
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/socket"
        Path(directory, "secret").write_text("the secret")
        Path(directory, "link").symlink_to("/etc/passwd")
        for uid, name, number in (
            (os.getuid(), b"secret", 0),
            (os.getuid(), b"../secret", 13),
            (os.getuid(), b"link", 40),
            (os.getuid(), b"missing", 2),
            (os.getuid() + 1, b"secret", 1),
        ):
            helper = [BIN / "privileged_helper", f"unix-seqpacket:{path}", directory, str(uid)]
            with subprocess.Popen(helper, stderr=subprocess.PIPE) as server:
                peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                for _ in range(500):
                    if peer.connect_ex(path) == 0:
                        break
                    time.sleep(0.01)
                peer.settimeout(10)
                peer.send(name)
                answer, fds, _, _ = socket.recv_fds(peer, 16, 4)
                peer.close()
                server.kill()
            os.unlink(path)
            assert int(answer) == number, (name, answer)
            assert len(fds) == (number == 0)
            for fd in fds:
                with os.fdopen(fd) as file:
                    assert file.read() == "the secret"


def netcats():
    """Ours and the plain one do the same."""
    for name in ("netcat", "posix_netcat"):
        netcat(BIN / name)


def netcat(program):
    """Each way over TCP, UDP and Unix-domain sockets, with itself and with others."""
    with tempfile.TemporaryDirectory() as directory:
        data = os.urandom(200_000)
        for url in (
            f"unix:{directory}/stream",
            f"unix-seqpacket:{directory}/packet",
            "unix-abstract:librsocket-netcat",
            "tcp://127.0.0.1:{port}",
            "tcp://localhost:{port}",
        ):
            with socket.create_server(("127.0.0.1", 0)) as probe:
                url = url.format(port=probe.getsockname()[1])
            sent = data[:60_000] if "packet" in url else data
            with subprocess.Popen(
                [program, "-l", "-w", "10", url],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            ) as server:
                server.stdin.write(b"welcome")
                server.stdin.close()
                for _ in range(500):
                    client = subprocess.run(
                        [program, "-w", "10", url],
                        input=sent,
                        capture_output=True,
                        check=False,
                    )
                    if client.returncode == 0:
                        break
                    time.sleep(0.01)
                assert client.stdout == b"welcome", (url, client)
                assert server.stdout.read() == sent, url
                assert server.wait(10) == 0, url
        udp(program, directory)
    refused = subprocess.run([program, "tcp://127.0.0.1:99999"], capture_output=True, check=False)
    assert refused.returncode == 1
    assert b"port is not a decimal number from 0 to 65535" in refused.stderr, refused.stderr


def udp(program, directory):
    """The netcat as a datagram client and server."""
    for family, url, address in (
        (socket.AF_INET, "udp://127.0.0.1:{}", ("127.0.0.1", 0)),
        (socket.AF_UNIX, f"unix-dgram:{directory}/datagram", f"{directory}/datagram"),
    ):
        with socket.socket(family, socket.SOCK_DGRAM) as peer:
            peer.bind(address)
            peer.settimeout(10)
            port = peer.getsockname()[1]
            client = [program, "-w", "1", url.format(port)]
            with subprocess.Popen(client, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as caller:
                caller.stdin.write(b"question")
                caller.stdin.flush()
                question, sender = peer.recvfrom(100)
                assert question == b"question"
                peer.sendto(b"answer", sender)
                assert caller.stdout.read() == b"answer"
        with socket.socket(family, socket.SOCK_DGRAM) as peer:
            if family == socket.AF_UNIX:
                os.unlink(address)
                peer.bind(f"{directory}/client")
            server = [program, "-l", "-w", "1", url.format(port)]
            with subprocess.Popen(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as callee:
                where = address if family == socket.AF_UNIX else ("127.0.0.1", port)
                callee.stdin.write(b"hello")
                callee.stdin.flush()
                peer.settimeout(0.05)
                reply = None
                for _ in range(100):
                    try:
                        peer.sendto(b"x", where)
                        reply = peer.recv(100)
                        break
                    except OSError:
                        time.sleep(0.01)
                callee.stdin.close()
                if reply is None:
                    callee.kill()
                assert reply == b"hello"
                assert set(callee.stdout.read()) == set(b"x")


def main():
    """Runs each example's function above."""
    for example in (
        links,
        pass_descriptor,
        echo_server,
        udp_batch,
        ping,
        connect_many,
        privileged_helper,
        netcats,
        sizes,
    ):
        example()
        print("ok:", example.__name__)


main()
