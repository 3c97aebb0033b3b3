"""`rsocket.aio`: the verbs as coroutines, on the loop that runs."""

import asyncio
import errno
import functools
import os

import pytest
import rsocket
from rsocket import aio


@pytest.fixture(autouse=True, params=["asyncio", "uvloop"])
def kind_of_loop(request, monkeypatch):
    if request.param == "uvloop":
        uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")
        monkeypatch.setattr(asyncio.events, "new_event_loop", uvloop.new_event_loop)


def coroutine(test):
    @functools.wraps(test)
    def run(*arguments, **keywords):
        asyncio.run(asyncio.wait_for(test(*arguments, **keywords), 60))

    return run


def pair(kind=rsocket.SOCK_STREAM):
    left, right = rsocket.socketpair(rsocket.AF_UNIX, kind)
    return aio.Socket(left), aio.Socket(right)


@coroutine
async def test_datagrams_in_batches():
    async with await aio.open_datagram(("127.0.0.1", 0)) as server:
        address = server.sock.getsockname()
        async with await aio.open_datagram(remote_addr=address) as client:
            assert await client.sendmmsg([b"%d" % number for number in range(100)]) == 100
            got = []
            while len(got) < 100:
                got += await server.recvmmsg(64)
            assert [data for data, _ in got] == [b"%d" % number for number in range(100)]
            peer = got[0][1]
            assert await server.sendmmsg([(b"back", peer), (b"again", peer)]) == 2
            assert await client.recvfrom(16) == (b"back", address)
            assert await client.recvmmsg_into(bytearray(16), 8) == [5]
            assert await server.sendto_segments(b"abcdef", 2, peer) == 6
            assert [await client.recv(16) for _ in range(3)] == [b"ab", b"cd", b"ef"]
            assert await server.sendto(b"one", peer) == 3
            assert await client.recvfrom_segments() == (b"one", 3, address)


@coroutine
async def test_a_receive_waits_and_other_tasks_run():
    left, right = pair(rsocket.SOCK_DGRAM)
    async with left, right:
        receiving = asyncio.create_task(right.recvmmsg())
        await asyncio.sleep(0.02)
        assert not receiving.done()
        await left.sendmmsg([b"x", b"y"])
        assert [data for data, _ in await receiving] == [b"x", b"y"]


@coroutine
async def test_several_tasks_wait_for_one_socket():
    left, right = pair(rsocket.SOCK_SEQPACKET)
    async with left, right:
        tasks = [asyncio.create_task(right.recv(8)) for _ in range(5)]
        await asyncio.sleep(0.01)
        tasks[2].cancel()
        for number in range(4):
            await left.send(b"%d" % number)
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(done[2], asyncio.CancelledError)
        assert {data for data in done if isinstance(data, bytes)} == {b"0", b"1", b"2", b"3"}


@coroutine
async def test_a_close_ends_what_waits():
    left, right = pair()
    reading = asyncio.create_task(left.recv(1))
    filling = asyncio.create_task(left.sendall(bytes(10_000_000)))
    await asyncio.sleep(0.02)
    left.close()
    for task in (reading, filling):
        with pytest.raises(OSError) as raised:
            await task
        assert raised.value.errno == errno.EBADF
    assert left.fileno() == -1
    left.close()
    right.close()


@coroutine
async def test_large_streams_both_ways():
    left, right = pair()
    data = bytes(range(256)) * 20_000
    async with left, right:
        _none, got, back, _none = await asyncio.gather(
            left.sendall(data),
            right.recvexactly(len(data)),
            left.recvexactly(len(data)),
            right.sendall(memoryview(data)),
        )
        assert got == data and back == data


@coroutine
async def test_lines_in_pieces():
    left, right = pair()
    async with left, right:

        async def drip(text):
            for index in range(len(text)):
                await left.sendall(text[index : index + 1])
                await asyncio.sleep(0)

        dripping = asyncio.create_task(drip(b"one\r\ntwo\r\r\nrest"))
        assert await right.readuntil(b"\r\n") == b"one\r\n"
        assert await right.readuntil(b"\r\n") == b"two\r\r\n"
        assert await right.recvexactly(4) == b"rest"
        await dripping
        await left.sendall(b"0123456789")
        with pytest.raises(asyncio.LimitOverrunError):
            await right.readuntil(limit=4)
        left.close()
        with pytest.raises(asyncio.IncompleteReadError) as raised:
            await right.recvexactly(10)
        assert (raised.value.partial, raised.value.expected) == (b"456789", 10)
        with pytest.raises(asyncio.IncompleteReadError):
            await right.readuntil()
        with pytest.raises(ValueError):
            await right.readuntil(b"")


@coroutine
async def test_descriptors():
    left, right = pair(rsocket.SOCK_SEQPACKET)
    async with left, right:
        receiving = asyncio.create_task(right.recv_fds(16, 2))
        await asyncio.sleep(0)
        with open(os.devnull) as file:
            assert await left.send_fds(b"take", [file, file.fileno()]) == 4
            data, fds = await receiving
            assert data == b"take"
            assert len(fds) == 2
            for fd in fds:
                assert os.path.samestat(os.fstat(fd), os.fstat(file.fileno()))
                assert not os.get_inheritable(fd)
                os.close(fd)
            before = len(os.listdir("/proc/self/fd"))
            await left.send_fds(b"many", [file.fileno()] * 5)
            with pytest.raises(OSError) as raised:
                await right.recv_fds(16, 2)
            assert raised.value.errno == errno.EMSGSIZE
            assert len(os.listdir("/proc/self/fd")) == before


@coroutine
async def test_servers_and_clients(tmp_path):
    for url in ("tcp://127.0.0.1:0", f"unix-seqpacket:{tmp_path}/socket"):
        async with await aio.listen(url) as server:
            accepting = asyncio.create_task(server.accept())
            name = server.sock.getsockname()
            if url.startswith("tcp"):
                url = f"tcp://127.0.0.1:{name[1]}"
            async with await aio.connect(url, timeout=5) as client:
                connection, _peer = await accepting
                async with connection:
                    await client.send(b"question")
                    assert await connection.recv(16) == b"question"
            async with aio.Socket(rsocket.socket(server.sock.family, server.sock.type)) as client:
                await client.connect(name)
                connection, _peer = await server.accept()
                connection.close()
    async with aio.Socket(rsocket.socket()) as client:
        with pytest.raises(ConnectionRefusedError):
            await client.connect(("127.0.0.1", 1))


@coroutine
async def test_a_full_queue_is_waited_for(tmp_path):
    with rsocket.socket(rsocket.AF_UNIX) as server:
        server.bind(tmp_path / "socket")
        server.listen(0)
        clients = [aio.Socket(rsocket.socket(rsocket.AF_UNIX)) for _ in range(3)]
        connecting = [
            asyncio.create_task(client.connect(server.getsockname())) for client in clients
        ]
        await asyncio.sleep(0.05)
        assert not all(task.done() for task in connecting)
        for _ in clients:
            server.accept()[0].close()
            await asyncio.sleep(0.03)
        await asyncio.gather(*connecting)
        for client in clients:
            client.close()


@coroutine
async def test_an_error_in_a_batch_says_how_many_went():
    async with await aio.open_datagram(("127.0.0.1", 0)) as sock:
        to = sock.sock.getsockname()
        with pytest.raises(OSError) as raised:
            await sock.sendmmsg([(b"a", to), (b"b", to), (bytes(70_000), to)])
        assert raised.value.errno == errno.EMSGSIZE
        assert raised.value.sent == 2


@coroutine
async def test_datagram_addresses():
    async with await aio.open_datagram(family=rsocket.AF_INET6) as sock:
        assert sock.sock.family == rsocket.AF_INET6
    async with await aio.open_datagram() as sock:
        assert sock.sock.family == rsocket.AF_INET
    with pytest.raises(OSError) as raised:
        await aio.open_datagram(("127.0.0.1", 0), ("::1", 1))
    assert raised.value.errno == errno.EAFNOSUPPORT
    first = await aio.open_datagram(("127.0.0.1", 0), reuse_port=True)
    second = await aio.open_datagram(first.sock.getsockname(), reuse_port=True)
    with pytest.raises(OSError):
        await aio.open_datagram(first.sock.getsockname())
    first.close()
    second.close()


@coroutine
async def test_a_cancelled_connection_is_closed():
    with rsocket.create_server(("127.0.0.1", 0)) as server:
        task = asyncio.create_task(aio.connect(f"tcp://127.0.0.1:{server.getsockname()[1]}"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.settimeout(5)
        connection, _peer = await asyncio.get_running_loop().run_in_executor(None, server.accept)
        async with aio.Socket(connection) as accepted:
            assert await accepted.recv(1) == b""
