"""Sends what is typed to the TCP timestamp server and prints the answers.

Usage: python tcp_timestamp_client.py PORT

An empty line, or the end of the input, ends it.
"""

# ruff: noqa: F403, F405, RUF100 -- the star import is what this program shows
import sys

from rsocket import *

HOST = "127.0.0.1"
BUFFER_SIZE = 1024


def receive_line(connection):
    """One line of the server, or None once it has hung up."""
    line = b""
    while not line.endswith(b"\n"):
        data = connection.recv(BUFFER_SIZE)
        if not data:
            return None
        line += data
    return line.decode().rstrip("\n")


def talk(port):
    client = socket(AF_INET, SOCK_STREAM)
    client.settimeout(20)
    client.connect((HOST, port))
    for typed in sys.stdin:
        text = typed.rstrip("\n")
        if not text:
            break
        client.sendall(f"{text}\n".encode())
        answer = receive_line(client)
        if answer is None:
            break
        print(answer, flush=True)
    client.close()


if __name__ == "__main__":
    talk(int(sys.argv[1]))
