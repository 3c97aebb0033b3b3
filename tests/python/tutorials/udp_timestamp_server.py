"""A UDP server that sends every datagram back with the time in front.

Usage: python udp_timestamp_server.py [PORT]

Without PORT the system chooses one; it is printed. Ctrl-C stops the server.
"""

# ruff: noqa: F403, F405, RUF100 -- the star import is what this program shows
import sys
from time import ctime

from rsocket import *

HOST = "127.0.0.1"
BUFFER_SIZE = 65535


def serve(port):
    server = socket(AF_INET, SOCK_DGRAM)
    server.bind((HOST, port))
    print("waiting on port", server.getsockname()[1], flush=True)
    try:
        while True:
            data, address = server.recvfrom(BUFFER_SIZE)
            server.sendto(b"[%s] %s" % (ctime().encode(), data), address)
            print("received from and returned to", address[0], flush=True)
    except KeyboardInterrupt:
        print("stopped")
    finally:
        server.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
