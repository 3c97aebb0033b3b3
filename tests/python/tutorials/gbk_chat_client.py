"""One side of a chat for two in the GBK encoding: calls the other one and speaks first.

Usage: python gbk_chat_client.py PORT

Each side types a line in turn; "bye" from either one, or the end of the input, ends the chat.
"""

import sys

import rsocket as socket

HOST = "127.0.0.1"
ENCODING = "gbk"


def chat(connection):
    with connection.makefile("r", encoding=ENCODING) as heard:
        while True:
            spoken = sys.stdin.readline().rstrip("\n") or "bye"
            connection.sendall((spoken + "\n").encode(ENCODING))
            if spoken == "bye":
                return
            answer = heard.readline().rstrip("\n")
            print("server:", answer, flush=True)
            if answer in ("bye", ""):
                return


def call(port):
    with socket.create_connection((HOST, port), timeout=20) as connection:
        chat(connection)
    print("the chat is over")


if __name__ == "__main__":
    call(int(sys.argv[1]))
