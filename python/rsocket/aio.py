"""Sockets for coroutines on the running asyncio loop, uvloop's included.

`Socket` has the verbs of `rsocket.socket` as coroutines, of every family and type: what asyncio's
own streams and protocols do not have, such as batches of datagrams, seqpacket sockets and
descriptors passed with a message. Every verb makes its system call at once, and waits only where
that would block. One that is cancelled while it waits has done nothing, but for those that say
otherwise.

The objects are for the thread of their loop.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable, TypeVar

import rsocket
from rsocket import _socket

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Buffer

    _Waiters = deque["asyncio.Future[None]"]
    _Add = Callable[..., Any]
    _Message = Any
    _File = Any

__all__ = ["Socket", "connect", "listen", "open_datagram"]

_Result = TypeVar("_Result")

_CHUNK = 8192
# A Unix-domain server whose queue is full cannot be polled for.
_FULL_QUEUE_NAP = 0.01


class _Direction:
    """The tasks that wait for one readiness of a socket: the loop knows one callback for it."""

    def __init__(self, add: str, remove: str) -> None:
        self._add, self._remove = add, remove
        self._waiters: _Waiters = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def wait(self, fd: int) -> None:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        if not self._waiters:
            self._loop = loop
            getattr(loop, self._add)(fd, self._wake)
        elif loop is not self._loop:
            raise RuntimeError("another loop waits for this socket")
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            if not self._waiters:
                self._stop(fd)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _stop(self, fd: int) -> None:
        loop, self._loop = self._loop, None
        if loop is not None and not loop.is_closed():
            getattr(loop, self._remove)(fd)

    def close(self, fd: int) -> None:
        """Ends every wait with EBADF, before the descriptor is closed."""
        waiters = [waiter for waiter in self._waiters if not waiter.done()]
        self._stop(fd)
        for waiter in waiters:
            waiter.set_exception(OSError(errno.EBADF, os.strerror(errno.EBADF)))


class Socket:
    """A non-blocking socket whose verbs are coroutines.

    Takes over `sock`, which may be of any family and type. `sock` stays available for everything
    that does not wait: options, names, `tcp_info()`.
    """

    def __init__(self, sock: _socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._readable = _Direction("add_reader", "remove_reader")
        self._writable = _Direction("add_writer", "remove_writer")

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} {self.sock!r}>"

    async def __aenter__(self) -> Socket:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the socket; tasks that wait for it get OSError EBADF."""
        fd = self.sock.fileno()
        if fd != -1:
            self._readable.close(fd)
            self._writable.close(fd)
            self.sock.close()

    def fileno(self) -> int:
        """Returns the number of the descriptor; -1 once closed."""
        return self.sock.fileno()

    async def _read(self, call: Callable[..., _Result], *arguments: Any) -> _Result:
        while True:
            try:
                return call(*arguments)
            except BlockingIOError:
                await self._readable.wait(self.sock.fileno())

    async def _write(self, call: Callable[..., _Result], *arguments: Any) -> _Result:
        while True:
            try:
                return call(*arguments)
            except BlockingIOError:
                await self._writable.wait(self.sock.fileno())

    async def accept(self) -> tuple[Socket, Any]:
        """Waits for a connection: (Socket, address of the peer)."""
        sock, peer = await self._read(self.sock.accept)
        return Socket(sock), peer

    async def connect(self, address: Any) -> None:
        """Connects; host names should be resolved before. After a cancellation close the socket."""
        while True:
            number = self.sock.connect_ex(address)
            if number != errno.EAGAIN:
                break
            await asyncio.sleep(_FULL_QUEUE_NAP)
        if number == errno.EINPROGRESS:
            await self._writable.wait(self.sock.fileno())
            number = self.sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number))

    async def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Receives up to `bufsize` bytes; b'' is the end of a stream."""
        return await self._read(self.sock.recv, bufsize, flags)

    async def recv_into(self, buffer: Buffer, nbytes: int = 0, flags: int = 0) -> int:
        """Receives into a writable buffer and returns the number of bytes."""
        return await self._read(self.sock.recv_into, buffer, nbytes, flags)

    async def recvfrom(self, bufsize: int, flags: int = 0) -> tuple[bytes, Any]:
        """Receives a message and its sender: (data, address)."""
        return await self._read(self.sock.recvfrom, bufsize, flags)

    async def recvmsg(
        self, bufsize: int, ancbufsize: int = 0, flags: int = 0
    ) -> tuple[bytes, list[tuple[int, int, bytes]], int, Any]:
        """Receives data and control messages, which `rsocket.cmsg.parse()` reads."""
        return await self._read(self.sock.recvmsg, bufsize, ancbufsize, flags)

    async def recvmmsg(
        self, vlen: int = 64, bufsize: int = 2048, flags: int = 0
    ) -> list[tuple[bytes, Any]]:
        """Receives up to `vlen` messages (64 at most) at once: [(data, address)]."""
        return await self._read(self.sock.recvmmsg, vlen, bufsize, flags)

    async def recvmmsg_into(self, buffer: Buffer, itemsize: int, flags: int = 0) -> list[int]:
        """Receives messages into a buffer, one every `itemsize` bytes; returns their lengths."""
        return await self._read(self.sock.recvmmsg_into, buffer, itemsize, flags)

    async def recvfrom_segments(
        self, bufsize: int = 65535, flags: int = 0
    ) -> tuple[bytes, int, Any]:
        """Receives UDP datagrams that the kernel joined: (data, size, address)."""
        return await self._read(self.sock.recvfrom_segments, bufsize, flags)

    async def recvexactly(self, n: int) -> bytes:
        """Receives `n` bytes of a stream.

        Raises asyncio.IncompleteReadError at its end. What had come by a cancellation is lost.
        """
        data = b""
        while True:
            try:
                return data + self.sock.recvexactly(n - len(data))
            except BlockingIOError as error:
                data += getattr(error, "partial", b"")
            except asyncio.IncompleteReadError as error:
                raise asyncio.IncompleteReadError(data + error.partial, n) from None
            await self._readable.wait(self.sock.fileno())

    async def readuntil(self, separator: bytes = b"\n", limit: int = 65536) -> bytes:
        """Receives everything up to and with the separator, and nothing behind it.

        Raises asyncio.IncompleteReadError where the stream ends before, and
        asyncio.LimitOverrunError where `limit` bytes came without a separator. What had come by
        then, or by a cancellation, is no longer in the stream.
        """
        if not separator:
            raise ValueError("separator must have at least one byte")
        line = b""
        while len(line) < limit:
            chunk = await self.recv(min(_CHUNK, limit - len(line)), _socket.MSG_PEEK)
            if not chunk:
                raise asyncio.IncompleteReadError(line, None)
            start = max(0, len(line) - len(separator) + 1)
            place = (line + chunk).find(separator, start)
            wanted = len(chunk) if place == -1 else place + len(separator) - len(line)
            # It was there a moment ago, and another task may have been quicker.
            line += await self.recvexactly(wanted)
            if place != -1:
                return line
        raise asyncio.LimitOverrunError("separator is not found within the limit", len(line))

    async def recv_fds(self, bufsize: int, maxfds: int, flags: int = 0) -> tuple[bytes, list[int]]:
        """Receives data and up to `maxfds` descriptors: (data, descriptors).

        They are the caller's to close, and not inheritable. More than asked for raise OSError
        EMSGSIZE, and all are closed; EOPNOTSUPP outside of the Unix domain.
        """
        return await self._read(self.sock.recv_fds, bufsize, maxfds, flags)

    async def send(self, data: Buffer, flags: int = 0) -> int:
        """Sends as much as there is room for and returns the number of bytes."""
        return await self._write(self.sock.send, data, flags)

    async def sendall(self, data: Buffer, flags: int = 0) -> None:
        """Sends everything; after an error or a cancellation nobody knows how much went out."""
        with memoryview(data) as whole, whole.cast("B") as rest:
            sent = 0
            while sent < len(rest):
                sent += await self.send(rest[sent:], flags)

    async def sendto(self, data: Buffer, address: Any, flags: int = 0) -> int:
        """Sends to an address."""
        return await self._write(self.sock.sendto, data, flags, address)

    async def sendmsg(
        self,
        buffers: Iterable[Buffer],
        ancdata: Iterable[tuple[int, int, Buffer]] = (),
        flags: int = 0,
        address: Any = None,
    ) -> int:
        """Sends buffers with control messages, and returns the number of bytes."""
        return await self._write(self.sock.sendmsg, list(buffers), list(ancdata), flags, address)

    async def sendmmsg(self, messages: Iterable[_Message], flags: int = 0) -> int:
        """Sends messages, each bytes-like or a pair with an address; returns how many went: all.

        An error behind the first message is raised, with the number that went before as its
        attribute `sent`. So is a cancellation.
        """
        left = list(messages)
        sent = 0
        while sent < len(left):
            try:
                sent += await self._write(self.sock.sendmmsg, left[sent:], flags)
            except (OSError, asyncio.CancelledError) as error:
                error.sent = sent  # type: ignore[union-attr]
                raise
        return sent

    async def sendto_segments(
        self, data: Buffer, size: int, address: Any = None, flags: int = 0
    ) -> int:
        """Sends data as UDP datagrams of `size` bytes, cut by the kernel; returns the bytes."""
        return await self._write(self.sock.sendto_segments, data, size, address, flags)

    async def send_fds(self, data: Buffer, fds: Iterable[_File], flags: int = 0) -> int:
        """Sends descriptors with data, and returns the number of bytes.

        `fds` are numbers or objects with `fileno()`, 253 at most. Raises OSError EOPNOTSUPP outside
        of the Unix domain.
        """
        return await self._write(self.sock.send_fds, data, list(fds), flags)


async def connect(url: str | bytes, timeout: float | None = None) -> Socket:
    """Connects to what a URL names, as `rsocket.connect` does, in a thread of the loop's executor.

    The connection is made, and closed, where the task is cancelled.
    """
    loop = asyncio.get_running_loop()
    connecting = loop.run_in_executor(None, _socket.connect, url, timeout)
    try:
        return Socket(await asyncio.shield(connecting))
    except asyncio.CancelledError:
        connecting.add_done_callback(_close_result)
        raise


def _close_result(done: asyncio.Future[_socket.socket]) -> None:
    if not done.cancelled() and done.exception() is None:
        done.result().close()


async def listen(url: str | bytes, backlog: int | None = None) -> Socket:
    """Listens where a URL says, as `rsocket.listen` does."""
    loop = asyncio.get_running_loop()
    return Socket(await loop.run_in_executor(None, _socket.listen, url, backlog))


async def open_datagram(
    local_addr: tuple[Any, ...] | None = None,
    remote_addr: tuple[Any, ...] | None = None,
    *,
    family: int = 0,
    reuse_port: bool = False,
) -> Socket:
    """Makes a UDP socket, bound and connected as asked for, with the loop's `getaddrinfo()`.

    The parameters are those of asyncio's `create_datagram_endpoint()`. Without addresses the
    socket is of `family`, AF_INET by default, and gets an address of its own with its first send.
    """
    loop = asyncio.get_running_loop()
    targets = [
        None
        if address is None
        else await loop.getaddrinfo(*address[:2], family=family, type=_socket.SOCK_DGRAM)
        for address in (local_addr, remote_addr)
    ]
    families = [{answer[0] for answer in answers} for answers in targets if answers is not None]
    common = set.intersection(*families) if families else {family or _socket.AF_INET}
    failure: OSError = OSError(errno.EAFNOSUPPORT, "the addresses are of different families")
    for candidate in sorted(common, reverse=True):
        sock = rsocket.socket(candidate, _socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if reuse_port:
                sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEPORT, 1)
            for answers, apply in zip(targets, (sock.bind, sock.connect)):
                for answer in answers or ():
                    if answer[0] == candidate:
                        apply(answer[4])
                        break
            return Socket(sock)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
    raise failure
