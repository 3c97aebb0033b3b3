"""`rsocket.socketserver`: the stock servers on our sockets, prompt shutdown, and a bounded pool."""

import os
import socketserver as stock
import threading
import time

import pytest
import rsocket
from rsocket import socketserver

NAMES = [name for name in stock.__all__ if not name.startswith("Forking")]
FORKING = ["ForkingTCPServer", "ForkingUDPServer"]


class Upper(socketserver.StreamRequestHandler):
    # One line and not all of them: a forked server has copies of the clients of this process, and
    # would wait for itself to close them.
    def handle(self):
        self.wfile.write(self.rfile.readline().upper())


class UpperDatagram(socketserver.DatagramRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.read().upper())


class Serving:
    """A server with its loop in a thread."""

    def __init__(self, server, *arguments):
        self.server = server
        self.thread = threading.Thread(target=server.serve_forever, args=arguments)

    def __enter__(self):
        self.thread.start()
        return self.server

    def __exit__(self, *_exception):
        self.server.shutdown()
        self.thread.join(30)
        assert not self.thread.is_alive()
        self.server.server_close()


def address_of(cls, tmp_path):
    if cls.address_family == rsocket.AF_UNIX:
        return str(tmp_path / "server.sock")
    return ("127.0.0.1", 0)


def exchange(server, tmp_path):
    with rsocket.socket(server.address_family, server.socket_type) as client:
        client.settimeout(20)
        if (server.address_family, server.socket_type) == (rsocket.AF_UNIX, rsocket.SOCK_DGRAM):
            client.bind(str(tmp_path / "client.sock"))
        client.connect(server.server_address)
        client.sendall(b"hello\n")
        return client.recv(100)


def test_every_name_of_the_original_is_there_and_a_subclass_where_it_is_a_server():
    assert set(NAMES) - set(socketserver.__all__) == set()
    for name in NAMES:
        ours, theirs = getattr(socketserver, name), getattr(stock, name)
        if "Server" in name and not name.startswith("Threading"):
            assert issubclass(ours, theirs) and ours is not theirs
        elif not name.startswith("Threading") or name.endswith("MixIn"):
            assert ours is theirs


@pytest.mark.parametrize(
    "name", [n for n in socketserver.__all__ if n.endswith("Server") and n != "BaseServer"]
)
def test_a_server_of_each_kind_answers(name, tmp_path):
    cls = getattr(socketserver, name)
    handler = Upper if cls.socket_type == rsocket.SOCK_STREAM else UpperDatagram
    server = cls(address_of(cls, tmp_path), handler)
    assert type(server.socket) is rsocket.socket
    with Serving(server):
        for _ in range(3):
            assert exchange(server, tmp_path) == b"HELLO\n"
            if server.address_family == rsocket.AF_UNIX and handler is UpperDatagram:
                os.unlink(tmp_path / "client.sock")


def seconds_to_shut_down(server):
    with Serving(server):
        exchange(server, None)
        time.sleep(0.05)
        began = time.monotonic()
        server.shutdown()
        return time.monotonic() - began


def test_shutdown_takes_effect_at_once_where_the_original_waits_for_its_poll():
    theirs = [seconds_to_shut_down(stock.TCPServer(("127.0.0.1", 0), Upper)) for _ in range(2)]
    ours = [seconds_to_shut_down(socketserver.TCPServer(("127.0.0.1", 0), Upper)) for _ in range(5)]
    assert min(ours) < 0.05
    assert sorted(ours)[2] < min(theirs) / 4


def test_shutdown_before_and_after_serving_behaves_as_in_the_original():
    for module in (stock, socketserver):
        server = module.TCPServer(("127.0.0.1", 0), Upper)
        with Serving(server):
            exchange(server, None)
        server.shutdown()  # nobody serves any more: returns
        server.server_close()


def test_a_server_can_serve_again_after_shutdown():
    server = socketserver.TCPServer(("127.0.0.1", 0), Upper)
    for _ in range(3):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        assert exchange(server, None) == b"HELLO\n"
        server.shutdown()
        thread.join()
    server.server_close()


def test_shutdown_from_many_threads_at_once():
    server = socketserver.TCPServer(("127.0.0.1", 0), Upper)
    with Serving(server):
        exchange(server, None)
        threads = [threading.Thread(target=server.shutdown) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()


def test_service_actions_that_a_class_overrides_are_called_while_nothing_comes():
    class Ticking(socketserver.TCPServer):
        ticks = 0

        def service_actions(self):
            self.ticks += 1

    with Serving(Ticking(("127.0.0.1", 0), Upper), 0.01) as server:
        deadline = time.monotonic() + 20
        while server.ticks < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.ticks >= 5


def test_serving_leaves_no_descriptor_open():
    def open_descriptors():
        return set(os.listdir("/proc/self/fd"))

    before = open_descriptors()
    with Serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Upper)) as server:
        exchange(server, None)
    assert open_descriptors() == before


@pytest.mark.parametrize("name", ["TCPServer", "ThreadPoolTCPServer", "ForkingTCPServer"])
def test_an_address_in_use_closes_the_socket(name):
    before = len(os.listdir("/proc/self/fd"))
    with rsocket.create_server(("127.0.0.1", 0)) as other:
        address = other.getsockname()
        with pytest.raises(OSError, match="Address already in use"):
            getattr(socketserver, name)(address, Upper)
    assert len(os.listdir("/proc/self/fd")) == before


class Held(socketserver.BaseRequestHandler):
    """Tells that it has begun, then works until it is allowed to end."""

    def setup(self):
        with self.server.lock:
            self.server.at_work += 1
            self.server.most_at_work = max(self.server.most_at_work, self.server.at_work)
        self.server.begun.release()

    def handle(self):
        self.server.release.wait(30)
        self.request.sendall(b"done")

    def finish(self):
        with self.server.lock:
            self.server.at_work -= 1


class Pool(socketserver.ThreadPoolTCPServer):
    max_workers = 2
    request_queue_size = 50

    def __init__(self, handler=Held):
        self.lock = threading.Lock()
        self.at_work = self.most_at_work = 0
        self.begun = threading.Semaphore(0)
        self.release = threading.Event()
        self.errors = []
        super().__init__(("127.0.0.1", 0), handler)

    def handle_error(self, request, client_address):
        import sys

        self.errors.append(sys.exc_info()[0])


def test_a_pool_never_has_more_threads_at_work_than_it_may():
    with Serving(Pool()) as server:
        clients = [rsocket.create_connection(server.server_address, 20) for _ in range(8)]
        assert server.begun.acquire(timeout=20)
        assert server.begun.acquire(timeout=20)
        assert not server.begun.acquire(timeout=0.2)
        server.release.set()
        for client in clients:
            with client:
                assert client.recv(10) == b"done"
        assert server.most_at_work == 2


def test_a_pool_shuts_down_promptly_while_every_thread_is_busy():
    server = Pool()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    clients = [rsocket.create_connection(server.server_address, 20) for _ in range(4)]
    assert server.begun.acquire(timeout=20) and server.begun.acquire(timeout=20)
    time.sleep(0.1)  # the loop now waits for a free thread, with the third request in its hand
    began = time.monotonic()
    server.shutdown()
    assert time.monotonic() - began < 5
    thread.join(20)
    server.release.set()
    server.server_close()
    # What was accepted has been served to its end; the rest was never accepted.
    assert [client.recv(10) for client in clients[:3]] == [b"done"] * 3
    for client in clients:
        client.close()


def test_a_graceful_stop_finishes_what_is_at_work_and_waits_no_longer_than_the_grace_period():
    class Reading(Held):
        def handle(self):
            assert self.request.recv(10) == b""
            self.server.ended.set()

    class Patient(Pool):
        grace_period = 0.3

    server = Patient(Reading)
    server.ended = threading.Event()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with rsocket.create_connection(server.server_address, 20) as client:
        assert server.begun.acquire(timeout=20)
        server.shutdown()
        thread.join(20)
        began = time.monotonic()
        server.server_close()
        assert 0.25 < time.monotonic() - began < 10
        assert server.ended.is_set()
        assert client.recv(10) == b""
    assert not server.errors


def test_requests_that_nobody_has_begun_when_the_grace_period_ends_are_closed():
    class Impatient(Pool):
        max_workers = 1
        queue_size = 3
        grace_period = 0.2

    server = Impatient()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    clients = [rsocket.create_connection(server.server_address, 20) for _ in range(3)]
    assert server.begun.acquire(timeout=20)
    deadline = time.monotonic() + 20
    while len(server._accepted) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    server.shutdown()
    thread.join(20)
    threading.Timer(0.5, server.release.set).start()
    server.server_close()
    assert [client.recv(10) for client in clients[1:]] == [b"", b""]
    assert not server.begun.acquire(timeout=0)
    for client in clients:
        client.close()


def test_an_error_in_a_handler_of_a_pool_is_reported_and_the_thread_goes_on():
    class Failing(socketserver.StreamRequestHandler):
        def handle(self):
            if self.rfile.readline() == b"fail\n":
                raise LookupError("asked to")
            self.wfile.write(b"fine\n")

    with Serving(Pool(Failing)) as server:
        for text, answer in [(b"fail\n", b""), (b"go\n", b"fine\n")] * 4:
            with rsocket.create_connection(server.server_address, 20) as client:
                client.sendall(text)
                assert client.recv(10) == answer
        assert server.errors == [LookupError] * 4


def test_a_pool_serves_an_http_server():
    import http.server
    import urllib.request

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(threading.current_thread().name.encode())

        def log_message(self, *args):
            pass

    class Server(socketserver.ThreadPoolMixIn, socketserver.TCPServer, http.server.HTTPServer):
        max_workers = 3

    with Serving(Server(("127.0.0.1", 0), Handler)) as server:
        url = "http://{}:{}/".format(*server.server_address)
        names = {urllib.request.urlopen(url, timeout=20).read() for _ in range(20)}
        assert names <= {b"Server_%d" % number for number in range(3)}
