"""Sends a message to the echo server and checks that the same message comes back.

Usage: python sendall_echo_client.py PORT TEXT
       python sendall_echo_client.py PORT --bytes COUNT

The second form sends COUNT bytes. Ends with status 1 if anything else came back.
"""

import sys
import threading

import rsocket as socket

HOST = "127.0.0.1"


def send(connection, message):
    connection.sendall(message)
    connection.shutdown(socket.SHUT_WR)


def exchange(port, message):
    """What the server sends back for `message`."""
    echo = bytearray()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.connect((HOST, port))
        # A long message fills the buffers of both directions: were it sent to its end before
        # anything is read, client and server would wait for each other for ever.
        sender = threading.Thread(target=send, args=(connection, message))
        sender.start()
        while True:
            data = connection.recv(4096)
            if not data:
                break
            echo += data
        sender.join()
    return bytes(echo)


def main(port, arguments):
    if arguments[0] == "--bytes":
        count = int(arguments[1])
        # 251 is prime: a piece of the message that is lost or doubled shifts the pattern.
        message = (bytes(range(251)) * (count // 251 + 1))[:count]
    else:
        message = arguments[0].encode()
    echo = exchange(port, message)
    if echo != message:
        print("sent", len(message), "bytes, but other", len(echo), "came back")
        return 1
    print("received", repr(echo) if len(echo) <= 80 else f"the same {len(echo)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
