"""A TCP server that sends every line back with the time in front.

Usage: python tcp_timestamp_server.py [PORT]

Without PORT the system chooses one; it is printed. Ctrl-C stops the server.
"""

# ruff: noqa: F403, F405, RUF100 -- the star import is what this program shows
import sys
from time import ctime

from rsocket import *

HOST = "127.0.0.1"
BUFFER_SIZE = 1024


def lines_of(connection):
    """The complete lines that arrive: TCP may cut or join what the client sent."""
    pending = b""
    while True:
        data = connection.recv(BUFFER_SIZE)
        if not data:
            return
        pending += data
        while b"\n" in pending:
            line, pending = pending.split(b"\n", 1)
            yield line.decode()


def serve(port):
    server = socket(AF_INET, SOCK_STREAM)
    server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    server.bind((HOST, port))
    server.listen(5)
    print("listening on port", server.getsockname()[1], flush=True)
    try:
        while True:
            client, address = server.accept()
            print("connected from", address[0], flush=True)
            try:
                for line in lines_of(client):
                    client.sendall(f"[{ctime()}] {line}\n".encode())
            finally:
                client.close()
            print("disconnected", flush=True)
    except KeyboardInterrupt:
        print("stopped")
    finally:
        server.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
