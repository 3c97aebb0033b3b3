"""A TCP server that greets its clients, each in a thread of its own.

Usage: python greeting_server.py [PORT]

It welcomes a client, answers every name with "Hello, <name>!" and hangs up at "exit".
Without PORT the system chooses one; it is printed. Ctrl-C stops the server.
"""

import sys
import threading

import rsocket as socket

HOST = "127.0.0.1"


def greet(connection, address):
    print("accepted a connection from", address[0], flush=True)
    with connection, connection.makefile("r", encoding="utf-8") as names:
        connection.send(b"Welcome!\n")
        for line in names:
            name = line.strip()
            if name == "exit":
                break
            connection.sendall(f"Hello, {name}!\n".encode())
    print("closed the connection from", address[0], flush=True)


def serve(port):
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((HOST, port))
    server.listen(5)
    print("waiting for connections on port", server.getsockname()[1], flush=True)
    try:
        while True:
            connection, address = server.accept()
            threading.Thread(target=greet, args=(connection, address), daemon=True).start()
    except KeyboardInterrupt:
        print("stopped")
    finally:
        server.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
