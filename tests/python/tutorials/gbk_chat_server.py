"""One side of a chat for two in the GBK encoding: waits for the other one to call.

Usage: python gbk_chat_server.py [PORT]

The caller speaks first, then each side types a line in turn; "bye" from either one ends the chat.
Without PORT the system chooses one; it is printed.
"""

import sys

import rsocket as socket

HOST = "127.0.0.1"
ENCODING = "gbk"


def chat(connection):
    # No GBK character contains the byte of the newline, so lines are safe units on the wire.
    with connection.makefile("r", encoding=ENCODING) as heard:
        for line in heard:
            text = line.rstrip("\n")
            print("caller:", text, flush=True)
            if text == "bye":
                return
            reply = sys.stdin.readline().rstrip("\n") or "bye"
            connection.sendall((reply + "\n").encode(ENCODING))
            if reply == "bye":
                return


def serve(port):
    with socket.socket() as server:
        server.bind((HOST, port))
        server.listen(1)
        print("waiting for a call on port", server.getsockname()[1], flush=True)
        connection, _address = server.accept()
        with connection:
            chat(connection)
    print("the chat is over")


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
