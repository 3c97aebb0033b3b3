"""The servers of the standard library's `socketserver` on sockets of this package.

The classes have the same names and are subclasses of the originals, so handlers, mix-ins and
programs fit without a change. Beyond them: `shutdown()` takes effect at once instead of at the
end of a polling interval, and `ThreadPoolMixIn` serves requests with a bounded number of threads
and stops them gracefully.
"""

from __future__ import annotations

import os
import selectors
import socketserver as _stdlib
import threading
from socketserver import (
    BaseRequestHandler,
    DatagramRequestHandler,
    ForkingMixIn,
    StreamRequestHandler,
    ThreadingMixIn,
)
from typing import TYPE_CHECKING, Any, Callable

from rsocket import SHUT_RDWR, error, socket as _Socket, socketpair

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    _Handler = Callable[[Any, Any, Any], BaseRequestHandler]
    _MixInBase = _stdlib.BaseServer
else:
    _MixInBase = object

__all__ = [
    "BaseRequestHandler",
    "BaseServer",
    "DatagramRequestHandler",
    "ForkingMixIn",
    "ForkingTCPServer",
    "ForkingUDPServer",
    "ForkingUnixDatagramServer",
    "ForkingUnixStreamServer",
    "StreamRequestHandler",
    "TCPServer",
    "ThreadPoolMixIn",
    "ThreadPoolTCPServer",
    "ThreadPoolUDPServer",
    "ThreadPoolUnixDatagramServer",
    "ThreadPoolUnixStreamServer",
    "ThreadingMixIn",
    "ThreadingTCPServer",
    "ThreadingUDPServer",
    "ThreadingUnixDatagramServer",
    "ThreadingUnixStreamServer",
    "UDPServer",
    "UnixDatagramServer",
    "UnixStreamServer",
]


class BaseServer(_stdlib.BaseServer):
    """`socketserver.BaseServer` whose serving loop sleeps until there is something to do."""

    def __init__(self, server_address: Any, RequestHandlerClass: _Handler) -> None:
        _stdlib.BaseServer.__init__(self, server_address, RequestHandlerClass)
        self._stop_lock = threading.Lock()
        self._stop_requested = False
        self._stop_signal: _Socket | None = None
        self._stopped = threading.Event()

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Handles requests until `shutdown()` is called.

        `service_actions()` is called after each request and, where a class overrides it, every
        `poll_interval` seconds.
        """
        self._stopped.clear()
        woken, signal = socketpair()
        with self._stop_lock:
            self._stop_signal = signal
        pause = poll_interval if self._has_service_actions() else None
        try:
            with selectors.DefaultSelector() as selector:
                # The subclasses have a `fileno`.
                listener = selector.register(self, selectors.EVENT_READ)  # type: ignore[arg-type]
                selector.register(woken, selectors.EVENT_READ)
                while not self._stop_requested:
                    ready = selector.select(pause)
                    if self._stop_requested:
                        break
                    if any(key is listener for key, _events in ready):
                        self._handle_request_noblock()  # type: ignore[attr-defined]
                    self.service_actions()
        finally:
            with self._stop_lock:
                self._stop_signal = None
                self._stop_requested = False
            woken.close()
            signal.close()
            self._stopped.set()

    def _has_service_actions(self) -> bool:
        return type(self).service_actions is not _stdlib.BaseServer.service_actions or (
            "service_actions" in vars(self)
        )

    def shutdown(self) -> None:
        """Ends `serve_forever()`, which must run in another thread, and waits until it has ended.

        The request that is being handled in that loop is finished first.
        """
        with self._stop_lock:
            if self._stop_signal is not None and not self._stop_requested:
                self._stop_signal.send(b"\0")
            self._stop_requested = True
        self._stopped.wait()


class TCPServer(BaseServer, _stdlib.TCPServer):
    """`socketserver.TCPServer` on a socket of this package."""

    socket: _Socket  # type: ignore[assignment]

    def __init__(
        self,
        server_address: Any,
        RequestHandlerClass: _Handler,
        bind_and_activate: bool = True,
    ) -> None:
        BaseServer.__init__(self, server_address, RequestHandlerClass)
        self.socket = _Socket(self.address_family, self.socket_type)
        if bind_and_activate:
            try:
                self.server_bind()
                self.server_activate()
            except BaseException:
                self.server_close()
                raise


class UDPServer(TCPServer, _stdlib.UDPServer):
    """`socketserver.UDPServer` on a socket of this package."""


class UnixStreamServer(TCPServer, _stdlib.UnixStreamServer):
    """`socketserver.UnixStreamServer` on a socket of this package."""


class UnixDatagramServer(UDPServer, _stdlib.UnixDatagramServer):
    """`socketserver.UnixDatagramServer` on a socket of this package."""


class ThreadPoolMixIn(_MixInBase):
    """Handles each request in one of at most `max_workers` threads.

    While all of them are busy and `queue_size` requests wait for one, no further connection is
    accepted: clients wait in the listener's queue, and the machine is not overrun.

    `server_close()` ends gracefully: requests that were accepted are finished. Those that take
    longer than `grace_period` seconds have their sockets shut down, so that their handlers see
    the end of the stream; the ones that nobody has begun yet are closed. With `block_on_close`
    off it does not wait.
    """

    max_workers: int = min(32, (os.cpu_count() or 1) + 4)
    queue_size: int = 0
    grace_period: float | None = None
    block_on_close: bool = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._accepted: dict[int, Any] = {}
        self._changed = threading.Condition()
        self._hurried = False
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hands the request to a thread, after waiting for one to be free."""
        with self._changed:
            limit = self.max_workers + self.queue_size
            self._changed.wait_for(lambda: self._hurried or len(self._accepted) < limit)
            if self._pool is None:
                from concurrent.futures import ThreadPoolExecutor

                self._pool = ThreadPoolExecutor(self.max_workers, type(self).__name__)
            self._accepted[id(request)] = request
            future = self._pool.submit(self.process_request_thread, request, client_address)
        future.add_done_callback(lambda future: self._finished(request, future))

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handles a request; runs in one of the threads."""
        try:
            self.finish_request(request, client_address)
        except Exception:
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)

    def _finished(self, request: Any, future: Future[None]) -> None:
        if future.cancelled():
            self.shutdown_request(request)
        with self._changed:
            del self._accepted[id(request)]
            self._changed.notify_all()

    def shutdown(self) -> None:
        """Ends `serve_forever()`; requests that were accepted go on."""
        with self._changed:
            # The loop may be waiting for a free thread.
            self._hurried = True
            self._changed.notify_all()
        super().shutdown()
        with self._changed:
            self._hurried = False

    def server_close(self) -> None:
        """Closes the listener and ends the threads, as the class says."""
        super().server_close()
        with self._changed:
            pool, self._pool = self._pool, None
        if pool is None:
            return
        if not self.block_on_close:
            pool.shutdown(wait=False)
            return
        if self.grace_period is not None:
            with self._changed:
                in_time = self._changed.wait_for(lambda: not self._accepted, self.grace_period)
            if not in_time:
                pool.shutdown(wait=False, cancel_futures=True)
                self._interrupt()
        pool.shutdown()

    def _interrupt(self) -> None:
        with self._changed:
            requests = list(self._accepted.values())
        for request in requests:
            if isinstance(request, _Socket):
                try:
                    request.shutdown(SHUT_RDWR)
                except error:  # not connected any more, or closed
                    pass


class ForkingTCPServer(ForkingMixIn, TCPServer):
    """A TCP server with a process for each request."""


class ForkingUDPServer(ForkingMixIn, UDPServer):
    """A UDP server with a process for each request."""


class ForkingUnixStreamServer(ForkingMixIn, UnixStreamServer):
    """A Unix-domain stream server with a process for each request."""


class ForkingUnixDatagramServer(ForkingMixIn, UnixDatagramServer):
    """A Unix-domain datagram server with a process for each request."""


class ThreadingTCPServer(ThreadingMixIn, TCPServer):
    """A TCP server with a thread for each request."""


class ThreadingUDPServer(ThreadingMixIn, UDPServer):
    """A UDP server with a thread for each request."""


class ThreadingUnixStreamServer(ThreadingMixIn, UnixStreamServer):
    """A Unix-domain stream server with a thread for each request."""


class ThreadingUnixDatagramServer(ThreadingMixIn, UnixDatagramServer):
    """A Unix-domain datagram server with a thread for each request."""


class ThreadPoolTCPServer(ThreadPoolMixIn, TCPServer):
    """A TCP server with a bounded number of threads."""


class ThreadPoolUDPServer(ThreadPoolMixIn, UDPServer):
    """A UDP server with a bounded number of threads."""


class ThreadPoolUnixStreamServer(ThreadPoolMixIn, UnixStreamServer):
    """A Unix-domain stream server with a bounded number of threads."""


class ThreadPoolUnixDatagramServer(ThreadPoolMixIn, UnixDatagramServer):
    """A Unix-domain datagram server with a bounded number of threads."""
