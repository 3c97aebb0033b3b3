"""Gives names to the greeting server and prints its greetings.

Usage: python greeting_client.py PORT NAME [NAME...]

Ends with status 1 if no server listens on PORT.
"""

import os
import sys

import rsocket as socket

HOST = "127.0.0.1"


def visit(port, names):
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        error = client.connect_ex((HOST, port))
        if error:
            print("cannot connect:", os.strerror(error))
            return 1
        with client.makefile("r", encoding="utf-8") as answers:
            print(answers.readline(), end="")
            for name in names:
                client.sendall(f"{name}\n".encode())
                print(answers.readline(), end="")
            client.send(b"exit\n")
            # The server answers `exit` by hanging up, and a closed connection reads as ''.
            print("the server hung up" if answers.readline() == "" else "still connected")
        return 0
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(visit(int(sys.argv[1]), sys.argv[2:]))
