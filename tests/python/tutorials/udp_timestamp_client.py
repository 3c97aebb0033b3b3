"""Sends each typed line as a datagram to the UDP timestamp server and prints the answers.

Usage: python udp_timestamp_client.py PORT [SECONDS]

An empty line, or the end of the input, ends it. A datagram may get lost, so the client
waits at most SECONDS (5) for an answer, and then ends with status 1.
"""

# ruff: noqa: F403, F405, RUF100 -- the star import is what this program shows
import sys

from rsocket import *

HOST = "127.0.0.1"
BUFFER_SIZE = 65535


def talk(port, seconds):
    client = socket(AF_INET, SOCK_DGRAM)
    client.settimeout(seconds)
    try:
        for typed in sys.stdin:
            text = typed.rstrip("\n")
            if not text:
                return 0
            client.sendto(text.encode(), (HOST, port))
            try:
                answer, _address = client.recvfrom(BUFFER_SIZE)
            except timeout:
                print("no answer within", client.gettimeout(), "seconds")
                return 1
            print(answer.decode(), flush=True)
        return 0
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(talk(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 5.0))
