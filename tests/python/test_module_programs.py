"""Programs of the standard library run unmodified under `python -m rsocket`."""

import shutil
import subprocess
import sys
import textwrap

import pytest

PROGRAMS = {
    "http_server_and_urllib": """
        import http.server, threading, urllib.error, urllib.request, socket
        assert socket.__name__ == "rsocket"

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[::-1])

            def log_message(self, *args):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            assert type(server.socket).__module__ == "rsocket"
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            url = "http://%s:%d/" % server.server_address
            for body in (b"abc", bytes(range(256)) * 1000):
                with urllib.request.urlopen(url, body, timeout=20) as answer:
                    assert answer.read() == body[::-1]
            try:
                urllib.request.urlopen(url, timeout=20)
            except urllib.error.HTTPError as error:
                assert error.code == 501
                error.close()
            server.shutdown()
            thread.join()
    """,
    "http_server_and_urllib_over_tls": """
        import functools, http.server, os, socket, ssl, subprocess, threading, urllib.request
        assert socket.__name__ == "rsocket"

        subprocess.run(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
            "-subj /CN=localhost -addext subjectAltName=DNS:localhost "
            "-keyout key.pem -out cert.pem",
            shell=True, check=True, stderr=subprocess.DEVNULL,
        )
        os.mkdir("served")
        with open("served/file", "wb") as file:
            file.write(os.urandom(3_000_000))

        class Handler(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

        handler = functools.partial(Handler, directory="served")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("cert.pem", "key.pem")
        with http.server.ThreadingHTTPServer(("localhost", 0), handler) as server:
            assert type(server.socket).__module__ == "rsocket"
            # A listener in a wrapper accepts what the wrapper makes of a socket.
            server.socket = context.wrap_socket(server.socket, server_side=True)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            url = "https://localhost:%d/file" % server.server_address[1]
            trusting = ssl.create_default_context(cafile="cert.pem")
            for _ in range(3):
                with urllib.request.urlopen(url, timeout=20, context=trusting) as answer:
                    with open("served/file", "rb") as file:
                        assert answer.read() == file.read()
            try:
                urllib.request.urlopen(url, timeout=20, context=ssl.create_default_context())
            except urllib.error.URLError as error:
                assert isinstance(error.reason, ssl.SSLCertVerificationError)
            else:
                raise AssertionError("a certificate of nobody was trusted")
            server.shutdown()
            thread.join()
    """,
    "asyncio_echo": """
        import asyncio, os, socket, tempfile

        async def echo(reader, writer):
            assert type(writer.get_extra_info("socket")._sock).__module__ == "rsocket"
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.close()

        async def talk(reader, writer):
            data = os.urandom(1 << 20)
            writer.write(data)
            writer.write_eof()
            assert await reader.read() == data
            writer.close()
            await writer.wait_closed()

        async def main():
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            host, port = server.sockets[0].getsockname()
            await asyncio.gather(*[
                talk(*await asyncio.open_connection(host, port)) for _ in range(8)
            ])
            server.close()
            with tempfile.TemporaryDirectory() as directory:
                path = os.path.join(directory, "echo.sock")
                server = await asyncio.start_unix_server(echo, path)
                await talk(*await asyncio.open_unix_connection(path))
                server.close()
            loop = asyncio.get_running_loop()
            left, right = socket.socketpair()
            left.setblocking(False), right.setblocking(False)
            await loop.sock_sendall(left, b"x" * 100)
            assert await loop.sock_recv(right, 200) == b"x" * 100
            left.close(), right.close()

        asyncio.run(main())
    """,
    "multiprocessing_manager": """
        import multiprocessing, socket

        def receive(sock, queue):
            queue.put((type(sock).__module__, sock.recv(100), int(sock.family)))
            sock.close()

        def main(method):
            context = multiprocessing.get_context(method)
            with context.Manager() as manager:
                shared = manager.dict()
                shared["key"] = list(range(1000))
                assert shared["key"][-1] == 999
                queue = manager.Queue()
                left, right = socket.socketpair()
                process = context.Process(target=receive, args=(right, queue))
                process.start()
                right.close()
                left.sendall(b"hello")
                module, data, family = queue.get(timeout=30)
                assert (data, family) == (b"hello", socket.AF_UNIX)
                if method == "fork":
                    assert module == "rsocket"
                process.join()
                left.close()

        if __name__ == "__main__":
            main("fork")
            main("spawn")
    """,
    "threaded_socketserver": """
        import socket, socketserver, threading

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                for line in self.rfile:
                    self.wfile.write(line.upper())

        class Datagram(socketserver.DatagramRequestHandler):
            def handle(self):
                self.wfile.write(self.rfile.read().upper())

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            assert type(server.socket).__module__ == "rsocket"
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            clients = [socket.create_connection(server.server_address) for _ in range(20)]
            for number, client in enumerate(clients):
                client.sendall(b"line %d\\n" % number)
            for number, client in enumerate(clients):
                with client, client.makefile("rb") as file:
                    assert file.readline() == b"LINE %d\\n" % number
            server.shutdown()
            thread.join()
        with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Datagram) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(20)
                client.sendto(b"hello", server.server_address)
                assert client.recv(100) == b"HELLO"
            server.shutdown()
            thread.join()
    """,
    "logging_xmlrpc_and_ftp_like": """
        import logging, logging.handlers, pickle, socket, struct, threading, xmlrpc.client
        import xmlrpc.server

        with socket.create_server(("127.0.0.1", 0)) as server:
            handler = logging.handlers.SocketHandler(*server.getsockname())
            handler.emit(logging.makeLogRecord({"msg": "hello"}))
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as file:
                (length,) = struct.unpack(">L", file.read(4))
                assert pickle.loads(file.read(length))["msg"] == "hello"
            handler.close()
        with xmlrpc.server.SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False) as server:
            server.register_function(pow)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            with xmlrpc.client.ServerProxy("http://%s:%d" % server.server_address) as proxy:
                assert proxy.pow(2, 30) == 1 << 30
            server.shutdown()
            thread.join()
    """,
    "subprocess_and_selectors": """
        import selectors, socket, subprocess, sys
        left, right = socket.socketpair()
        with left:
            with right:
                child = subprocess.Popen([sys.executable, "-c", "print('from the child')"],
                                         stdout=right)
            with selectors.DefaultSelector() as selector:
                selector.register(left, selectors.EVENT_READ)
                ((key, events),) = selector.select(30)
                assert key.fileobj is left and events == selectors.EVENT_READ
            with left.makefile("rb") as file:
                assert file.read() == b"from the child\\n"
            assert child.wait(30) == 0
    """,
}


def run(program, arguments=("-m", "rsocket"), **options):
    command = [sys.executable, "-X", "dev", "-W", "error", *arguments, str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_runs_unmodified(name, tmp_path):
    program = tmp_path / f"{name}.py"
    program.write_text(textwrap.dedent(PROGRAMS[name]))
    if name.endswith("tls") and shutil.which("openssl") is None:
        pytest.skip("needs the program openssl to make a certificate")
    run(program, cwd=tmp_path)


def test_multiprocessing_passes_sockets_without_install_too(tmp_path):
    program = tmp_path / "pass_socket.py"
    program.write_text(
        textwrap.dedent(
            """
            import multiprocessing, pickle, rsocket

            def receive(sock, queue):
                queue.put((type(sock) is rsocket.socket, sock.recv(100), sock.type))
                sock.close()

            if __name__ == "__main__":
                for method in ("spawn", "forkserver"):
                    context = multiprocessing.get_context(method)
                    left, right = rsocket.socketpair()
                    queue = context.SimpleQueue()
                    process = context.Process(target=receive, args=(right, queue))
                    process.start()
                    left.sendall(b"hello")
                    assert queue.get() == (True, b"hello", rsocket.SOCK_STREAM)
                    process.join()
                    try:
                        pickle.dumps(left)
                    except TypeError as error:
                        assert str(error) == "cannot pickle 'socket' object"
                    else:
                        raise AssertionError("a socket was pickled")
                    left.close(), right.close()
            """
        )
    )
    run(program, ())
