"""The programs of five socket tutorials do what their texts promise, as separate processes.

The peers on the interpreter's own `socket` check what really crosses the wire.
"""

import re
import socket as stock
from datetime import datetime, timedelta

import pytest


def caller(port):
    return stock.create_connection(("127.0.0.1", port), timeout=30)


def assert_stamped(line, text):
    """`line` is `text` behind the present time as `time.ctime()` writes it."""
    stamp = re.fullmatch(r"\[(.{24})\] (.*)", line)
    assert stamp is not None, line
    assert stamp[2] == text
    said = datetime.strptime(stamp[1], "%a %b %d %H:%M:%S %Y")
    assert abs(datetime.now() - said) < timedelta(minutes=2)


def test_tcp_timestamp(start):
    server = start("tcp_timestamp_server.py")
    port = server.port()
    for words in (["hello", "good day"], ["你好 again"]):
        client = start("tcp_timestamp_client.py", port)
        for text in words:
            client.type(text)
            assert_stamped(client.line(), text)
        client.type("")
        assert client.finish() == (0, [])
        assert server.line() == "connected from 127.0.0.1"
        assert server.line() == "disconnected"
    server.interrupt()
    assert server.finish() == (0, ["stopped"])


def test_tcp_timestamp_of_a_line_in_pieces(start):
    server = start("tcp_timestamp_server.py")
    with caller(server.port()) as peer, peer.makefile("r", encoding="utf-8") as answers:
        for piece in (b"in ", b"pieces\ntwo", b"\nthree\nunfinished"):
            peer.sendall(piece)
        for text in ("in pieces", "two", "three"):
            assert_stamped(answers.readline().rstrip("\n"), text)
        peer.shutdown(stock.SHUT_WR)
        assert answers.read() == ""


def test_udp_timestamp(start):
    server = start("udp_timestamp_server.py")
    client = start("udp_timestamp_client.py", server.port())
    for text in ("hello", "a longer line " * 100, "你好"):
        client.type(text)
        assert_stamped(client.line(), text)
        assert server.line() == "received from and returned to 127.0.0.1"
    client.end_input()
    assert client.finish() == (0, [])
    server.interrupt()
    assert server.finish() == (0, ["stopped"])


def test_udp_client_gives_up(start):
    with stock.socket(type=stock.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        client = start("udp_timestamp_client.py", silent.getsockname()[1], "0.2")
        client.type("anybody there?")
        assert client.finish() == (1, ["no answer within 0.2 seconds"])


def test_greetings(start):
    server = start("greeting_server.py")
    client = start("greeting_client.py", server.port(), "Ada", "Jürgen", "小明")
    greetings = ["Hello, Ada!", "Hello, Jürgen!", "Hello, 小明!"]
    assert client.finish() == (0, ["Welcome!", *greetings, "the server hung up"])
    assert server.line() == "accepted a connection from 127.0.0.1"
    assert server.line() == "closed the connection from 127.0.0.1"
    server.interrupt()
    assert server.finish() == (0, ["stopped"])


def test_greetings_go_on_beside_a_silent_client(start):
    server = start("greeting_server.py")
    port = server.port()
    with caller(port) as silent, silent.makefile("rb") as answers:
        assert answers.readline() == b"Welcome!\n"
        status, said = start("greeting_client.py", port, "Ada").finish()
        assert (status, said[1]) == (0, "Hello, Ada!")
        silent.sendall(b"Bob\n")
        assert answers.readline() == b"Hello, Bob!\n"


def test_greeting_client_without_a_server(start):
    with stock.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        client = start("greeting_client.py", nobody.getsockname()[1], "Ada")
        assert client.finish() == (1, ["cannot connect: Connection refused"])


@pytest.fixture
def chat(start):
    """A server and a client that have exchanged Chinese text."""
    server = start("gbk_chat_server.py")
    client = start("gbk_chat_client.py", server.port())
    for spoken, reply in (("你好 服务器", "你好 客户端"), ("hello", "天气很好 today")):
        client.type(spoken)
        assert server.line() == f"caller: {spoken}"
        server.type(reply)
        assert client.line() == f"server: {reply}"
    return server, client


def test_gbk_chat_ended_by_the_client(chat):
    server, client = chat
    client.type("bye")
    assert client.finish() == (0, ["the chat is over"])
    assert server.finish() == (0, ["caller: bye", "the chat is over"])


def test_gbk_chat_ended_by_the_server(chat):
    server, client = chat
    client.type("再见")
    server.type("bye")
    assert client.finish() == (0, ["server: bye", "the chat is over"])
    assert server.finish() == (0, ["caller: 再见", "the chat is over"])


def test_gbk_is_what_crosses_the_wire(start):
    server = start("gbk_chat_server.py")
    with caller(server.port()) as peer, peer.makefile("rb") as answers:
        for byte in b"\xc4\xe3\xba\xc3\n":  # each character arrives in halves
            peer.sendall(bytes([byte]))
        assert server.line() == "caller: 你好"
        server.type("中文")
        assert answers.readline() == b"\xd6\xd0\xce\xc4\n"
        peer.sendall(b"bye\n")
        assert answers.read() == b""
    assert server.finish() == (0, ["caller: bye", "the chat is over"])


def test_sendall_echo(start):
    server = start("sendall_echo_server.py")
    client = start("sendall_echo_client.py", server.port(), "Hello, world")
    assert client.finish() == (0, ["received b'Hello, world'"])
    assert server.finish() == (0, ["connected by 127.0.0.1", "echoed 12 bytes"])


def test_sendall_echo_of_a_large_message(start):
    size = 16 * 1024 * 1024 + 7
    server = start("sendall_echo_server.py")
    client = start("sendall_echo_client.py", server.port(), "--bytes", size)
    assert client.finish() == (0, [f"received the same {size} bytes"])
    assert server.finish() == (0, ["connected by 127.0.0.1", f"echoed {size} bytes"])
