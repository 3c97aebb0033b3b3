"""An echo server for one client: what it receives it sends back, and then it ends.

Usage: python sendall_echo_server.py [PORT]

Without PORT the system chooses one; it is printed.
"""

import sys

import rsocket as socket

HOST = "127.0.0.1"


def serve(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.bind((HOST, port))
        server.listen()
        print("listening on port", server.getsockname()[1], flush=True)
        connection, address = server.accept()
        with connection:
            print("connected by", address[0])
            echoed = 0
            while True:
                data = connection.recv(1024)
                if not data:
                    break
                connection.sendall(data)
                echoed += len(data)
    print("echoed", echoed, "bytes")


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
