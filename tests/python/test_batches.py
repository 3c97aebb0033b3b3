"""Many messages in one system call: whole, in order, with their senders, never cut in silence."""

import errno
import threading

import pytest
import rsocket

UDP_SEGMENT_MAX = 64


def udp(host="127.0.0.1"):
    family = rsocket.AF_INET6 if ":" in host else rsocket.AF_INET
    sock = rsocket.socket(family, rsocket.SOCK_DGRAM)
    sock.bind((host, 0))
    sock.settimeout(10)
    return sock


@pytest.fixture(params=["127.0.0.1", "::1"])
def pair(request):
    with udp(request.param) as left, udp(request.param) as right:
        yield left, right


def received(sock, count, *arguments):
    messages = []
    while len(messages) < count:
        messages += sock.recvmmsg(count - len(messages), *arguments)
    return messages


def test_a_batch_arrives_whole(pair):
    left, right = pair
    texts = [b"%d" % number * (number % 7) for number in range(200)]
    sent = 0
    got = []
    while sent < len(texts):
        part = [(text, right.getsockname()) for text in texts[sent : sent + 50]]
        assert left.sendmmsg(part) == len(part)
        sent += len(part)
        got += received(right, len(part))
    assert [text for text, _sender in got] == texts
    assert {sender for _text, sender in got} == {left.getsockname()}


def test_each_message_has_its_own_sender_and_destination():
    with udp() as receiver, udp() as other:
        senders = [udp() for _ in range(5)]
        to, elsewhere = receiver.getsockname(), other.getsockname()
        for number, sender in enumerate(senders):
            text = b"%d" % number
            assert sender.sendmmsg([(text, to), (text, elsewhere), (text, to)]) == 3
        got = received(receiver, 10)
        expected = [(b"%d" % (i // 2), senders[i // 2].getsockname()) for i in range(10)]
        assert got == expected
        assert len(received(other, 5)) == 5
        for sender in senders:
            sender.close()


def test_connected_sockets_need_no_addresses():
    left, right = rsocket.socketpair(rsocket.AF_UNIX, rsocket.SOCK_SEQPACKET)
    with left, right:
        assert left.sendmmsg([b"one", bytearray(b"two"), memoryview(b""), (b"four", None)]) == 4
        assert [data for data, _ in received(right, 4)] == [b"one", b"two", b"", b"four"]


def test_one_call_brings_what_is_there(pair):
    left, right = pair
    to = right.getsockname()
    left.sendto(b"only", to)
    assert right.recvmmsg(32) == [(b"only", left.getsockname())]
    left.sendmmsg([(b"x", to)] * 100)
    counts = []
    while sum(counts) < 100:
        counts.append(len(right.recvmmsg(1000)))
    assert max(counts) <= 64


def test_into_a_buffer(pair):
    left, right = pair
    to = right.getsockname()
    left.sendmmsg([(b"one", to), (b"", to), (b"three", to)])
    buffer = bytearray(b"." * 34)
    lengths = []
    while len(lengths) < 3:
        part = memoryview(buffer)[len(lengths) * 8 :]
        lengths += right.recvmmsg_into(part, 8)
    assert lengths == [3, 0, 5]
    assert buffer[:3] == b"one" and buffer[16:21] == b"three" and buffer[32:] == b".."


def test_a_cut_message_shows_in_its_length(pair):
    left, right = pair
    left.sendto(b"longer than four", right.getsockname())
    buffer = bytearray(4)
    assert right.recvmmsg_into(buffer, 4) == [16]
    assert buffer == b"long"


def test_bytes_that_tcp_throws_away_show_nothing_of_the_heap():
    with rsocket.create_server(("127.0.0.1", 0)) as server:
        with rsocket.create_connection(server.getsockname()) as client, server.accept()[0] as sock:
            sock.settimeout(10)
            for _ in range(5):
                client.sendall(bytes(range(1, 251)))
                dirt = [b"%d" % number * 250 for number in range(50)]
                del dirt
                ((data, _sender),) = sock.recvmmsg(1, 250, rsocket.MSG_TRUNC)
                assert data == bytes(len(data))


def test_waiting_is_that_of_the_socket():
    with udp() as sock:
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recvmmsg(4)
        with pytest.raises(BlockingIOError):
            sock.recvmmsg_into(bytearray(8), 8)
        with pytest.raises(BlockingIOError):
            sock.recvfrom_segments()
        sock.settimeout(0.02)
        for receive in (sock.recvmmsg, sock.recvfrom_segments):
            with pytest.raises(rsocket.timeout):
                receive(4)
        sock.settimeout(None)
        timer = threading.Timer(0.05, sock.sendto, (b"late", sock.getsockname()))
        timer.start()
        assert sock.recvmmsg(4) == [(b"late", sock.getsockname())]
        timer.join()


def test_a_full_socket_sends_fewer():
    left, right = rsocket.socketpair(rsocket.AF_UNIX, rsocket.SOCK_SEQPACKET)
    with left, right:
        left.setblocking(False)
        sent = left.sendmmsg([bytes(2048)] * 4000)
        assert 0 < sent < 4000
        with pytest.raises(BlockingIOError):
            left.sendmmsg([bytes(2048)] * 4)
        right.settimeout(0)
        assert len(received(right, sent)) == sent


def test_an_error_behind_the_first_is_the_next_calls(pair):
    left, right = pair
    to = right.getsockname()
    messages = [(b"a", to), (b"b", to), (bytes(70_000), to), (b"d", to)]
    assert left.sendmmsg(messages) == 2
    with pytest.raises(OSError) as raised:
        left.sendmmsg(messages[2:])
    assert raised.value.errno == errno.EMSGSIZE
    assert [data for data, _ in received(right, 2)] == [b"a", b"b"]


@pytest.mark.parametrize("messages", [None, 5, ["text"], [(b"x",)], [(b"x", 1, 2)], [("x", None)]])
def test_what_is_no_message_is_refused_before_anything_is_sent(pair, messages):
    left, right = pair
    if isinstance(messages, list):
        messages = [(b"first", right.getsockname()), *messages]
    with pytest.raises(TypeError):
        left.sendmmsg(messages)
    right.setblocking(False)
    with pytest.raises(BlockingIOError):
        right.recv(8)


def test_numbers_out_of_range():
    with udp() as sock:
        for call in (
            lambda: sock.recvmmsg(-1),
            lambda: sock.recvmmsg(1, -1),
            lambda: sock.recvmmsg_into(bytearray(8), 0),
            lambda: sock.recvmmsg_into(bytearray(8), -1),
            lambda: sock.recvmmsg_into(bytearray(8), 9),
            lambda: sock.recvfrom_segments(-1),
            lambda: sock.sendto_segments(b"x", 0),
            lambda: sock.sendto_segments(b"x", 65_536),
            lambda: sock.sendto_segments(b"x", -1),
        ):
            with pytest.raises(ValueError):
                call()
        with pytest.raises(MemoryError):
            sock.recvmmsg(64, 2**62)
        with pytest.raises(TypeError):
            sock.recvmmsg_into(b"constant", 8)
        assert sock.recvmmsg(0) == []
        assert sock.sendmmsg([]) == 0
    for call in (lambda: sock.recvmmsg(1), lambda: sock.sendmmsg([b"x"])):
        with pytest.raises(OSError) as raised:
            call()
        assert raised.value.errno == errno.EBADF


def enable_gro(sock):
    try:
        sock.setsockopt(rsocket.IPPROTO_UDP, rsocket.UDP_GRO, 1)
    except OSError as error:
        if error.errno != errno.ENOPROTOOPT:
            raise
        pytest.skip("the kernel has no UDP_GRO")


@pytest.mark.parametrize("size", [1, 64, 1200, 1472])
def test_segments_arrive_as_datagrams(pair, size):
    left, right = pair
    data = bytes(range(256)) * 4
    data = (data * (size * 40 // len(data) + 1))[: size * 40 - size // 2]
    assert left.sendto_segments(data, size, right.getsockname()) == len(data)
    got = [text for text, _ in received(right, 40, size + 1)]
    assert [len(text) for text in got] == [size] * 39 + [size - size // 2]
    assert b"".join(got) == data


@pytest.mark.parametrize("size", [64, 1200])
def test_segments_arrive_joined_where_that_is_asked_for(pair, size):
    left, right = pair
    enable_gro(right)
    data = b"".join(bytes([number]) * size for number in range(30)) + b"end"
    assert left.sendto_segments(data, size, right.getsockname()) == len(data)
    got = b""
    buffer = bytearray(65_535)
    while len(got) < len(data):
        count, each, sender = right.recvfrom_segments_into(buffer)
        assert sender == left.getsockname()
        assert each == size or count < size
        got += buffer[:count]
    assert got == data


def test_a_single_datagram_is_a_segment_of_its_own_length(pair):
    left, right = pair
    left.sendto_segments(b"small", 100, right.getsockname())
    assert right.recvfrom_segments() == (b"small", 5, left.getsockname())
    left.connect(right.getsockname())
    assert left.sendto_segments(b"", 100) == 0
    assert right.recvfrom_segments() == (b"", 0, left.getsockname())


def test_more_than_one_call_takes(pair):
    left, right = pair
    right.setsockopt(rsocket.SOL_SOCKET, rsocket.SO_RCVBUF, 1 << 22)
    data = bytes(100 * 3 * UDP_SEGMENT_MAX)
    assert left.sendto_segments(data, 100, right.getsockname()) == len(data)
    got = received(right, 3 * UDP_SEGMENT_MAX)
    assert sum(len(text) for text, _ in got) == len(data)


def test_only_udp_sends_segments():
    left, right = rsocket.socketpair(rsocket.AF_UNIX, rsocket.SOCK_DGRAM)
    with left, right, rsocket.socket() as tcp:
        for sock in (left, tcp):
            with pytest.raises(OSError) as raised:
                sock.sendto_segments(bytes(200), 100)
            assert raised.value.errno == errno.EOPNOTSUPP


def test_segments_that_do_not_fit_the_buffer_are_an_error(pair):
    left, right = pair
    left.sendto(bytes(100), right.getsockname())
    with pytest.raises(OSError) as raised:
        right.recvfrom_segments(99)
    assert raised.value.errno == errno.EMSGSIZE
