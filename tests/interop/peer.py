"""The Python side of the conversations: see CONVERSATIONS.md."""

import fcntl
import os
import struct
import sys
import tempfile

import rsocket as socket
from rsocket import netlink

# rtnetlink(7), and the size of `struct ifinfomsg`
RTM_GETLINK, IFLA_IFNAME, IFINFOMSG_LEN = 18, 3, 16
SILENCE = 0.03
BULK = bytes(i * 31 % 251 for i in range(1 << 20))


def listen(text):
    """Listens (or, for datagrams, is bound) at the address, and says so."""
    sock = socket.listen(text)
    name = sock.getsockname()
    internet = sock.family in (socket.AF_INET, socket.AF_INET6)
    print(f"ready {name[1]}" if internet else "ready", flush=True)
    return sock


def port_of(sock, name):
    return name[1] if sock.family in (socket.AF_INET, socket.AF_INET6) else 0


def expect(what, got, wanted):
    if got != wanted:
        raise ValueError(f"{what}: got {got!r}, expected {wanted!r}")


def recv_exactly(sock, size):
    data = bytearray()
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise EOFError(f"{len(data)} of {size} bytes came")
        data += part
    return bytes(data)


def send_frame(sock, frame):
    sock.sendall(len(frame).to_bytes(4, "big") + frame)


def recv_frame(sock):
    return recv_exactly(sock, int.from_bytes(recv_exactly(sock, 4), "big"))


def recv_message(sock):
    data, _, flags, _ = sock.recvmsg(4096)
    expect("truncation", flags & socket.MSG_TRUNC, 0)
    return data


def expect_silence(sock):
    sock.settimeout(SILENCE)
    try:
        data = sock.recv(16)
    except TimeoutError:
        sock.settimeout(None)
    else:
        raise ValueError(f"silence: got {data!r}")


def expect_truncation(sock):
    sock.send(b"long")
    data, _, flags, _ = sock.recvmsg(100)
    expect("truncated length", len(data), 100)
    expect("truncation", flags & socket.MSG_TRUNC, socket.MSG_TRUNC)


def expect_messages(sock, port):
    """What seqpacket and datagram clients have in common."""
    sock.send(b"hello")
    expect("welcome", recv_message(sock), b"welcome %d" % port)
    for size in (1, 10, 1000):
        sock.send(b"x" * size)
        expect("length", recv_message(sock), b"%d" % size)
    expect_truncation(sock)
    expect_silence(sock)


def answer(message, port):
    """What seqpacket and datagram servers have in common."""
    if message == b"hello":
        return b"welcome %d" % port
    if message == b"long":
        return b"y" * 1000
    return b"%d" % len(message)


def serve_stream(listener):
    sock, peer = listener.accept()
    with sock:
        expect("greeting", recv_frame(sock), b"hello")
        send_frame(sock, b"welcome %d" % port_of(sock, peer))
        bulk = recv_exactly(sock, len(BULK))
        expect("bulk", bulk == BULK, True)
        send_frame(sock, b"%d" % sum(bulk))
        expect("quiet", recv_frame(sock), b"quiet")
        expect("end of stream", sock.recv(16), b"")
        send_frame(sock, b"bye")


def call_stream(sock):
    send_frame(sock, b"hello")
    expect("welcome", recv_frame(sock), b"welcome %d" % port_of(sock, sock.getsockname()))
    sock.sendall(BULK)
    expect("sum", recv_frame(sock), b"%d" % sum(BULK))
    expect_silence(sock)
    send_frame(sock, b"quiet")
    sock.shutdown(socket.SHUT_WR)
    expect("bye", recv_frame(sock), b"bye")
    expect("end of stream", sock.recv(16), b"")


def serve_seqpacket(listener):
    sock, _ = listener.accept()
    with sock:
        while (message := recv_message(sock)) != b"quiet":
            sock.send(answer(message, 0))
        expect("end of stream", sock.recv(16), b"")
        sock.send(b"bye")


def call_seqpacket(sock):
    expect_messages(sock, 0)
    sock.send(b"quiet")
    sock.shutdown(socket.SHUT_WR)
    expect("bye", recv_message(sock), b"bye")
    expect("end of stream", sock.recv(16), b"")


def serve_datagram(sock):
    while True:
        message, _, flags, client = sock.recvmsg(4096)
        expect("truncation", flags & socket.MSG_TRUNC, 0)
        if message == b"quiet":
            sock.sendto(b"bye", client)
            return
        sock.sendto(answer(message, port_of(sock, client)) if message else b"", client)


def call_datagram(sock):
    expect_messages(sock, port_of(sock, sock.getsockname()))
    sock.send(b"")
    expect("empty", recv_message(sock), b"")
    sock.send(b"quiet")
    expect("bye", recv_message(sock), b"bye")


def serve_fds(listener):
    sock, _ = listener.accept()
    with sock:
        # Stock's recv_fds leaves descriptors inheritable unless it is told otherwise.
        word, fds, _, _ = socket.recv_fds(sock, 16, 1, socket.MSG_CMSG_CLOEXEC)
        expect("word", word, b"file")
        expect("close-on-exec", fcntl.fcntl(fds[0], fcntl.F_GETFD), fcntl.FD_CLOEXEC)
        with open(fds[0], "rb") as file:
            token = file.read()
        sock.send(token)
        reader, writer = os.pipe()
        socket.send_fds(sock, [b"pipe"], [reader])
        os.close(reader)
        with open(writer, "wb") as pipe:
            pipe.write(token)


def call_fds(sock):
    token = b"token of %d" % os.getpid()
    with tempfile.TemporaryFile() as file:
        file.write(token)
        file.seek(0)
        socket.send_fds(sock, [b"file"], [file.fileno()])
        # Exactly so many bytes: on a stream the next word may be there already.
        expect("token", sock.recv(len(token)), token)
    word, fds, _, _ = socket.recv_fds(sock, 16, 1, socket.MSG_CMSG_CLOEXEC)
    expect("word", word, b"pipe")
    with open(fds[0], "rb") as pipe:
        expect("token through the pipe", pipe.read(), token)


def peer_credentials(sock):
    """Process, user and group of the peer: `struct ucred` of unix(7)."""
    layout = struct.Struct("3i")
    return layout.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, layout.size))


def serve_credentials(listener):
    sock, _ = listener.accept()
    with sock:
        expect("greeting", recv_message(sock), b"hello")
        sock.send(b"%d %d %d" % peer_credentials(sock))
        expect("greeting", recv_message(sock), b"who")
        sock.send(b"server %d" % os.getpid())


def call_credentials(sock):
    sock.send(b"hello")
    expect("credentials", recv_message(sock), b"%d %d %d" % (os.getpid(), os.getuid(), os.getgid()))
    sock.send(b"who")
    expect("server", recv_message(sock), b"server %d" % peer_credentials(sock)[0])


def links():
    with netlink.open(socket.NETLINK_ROUTE) as kernel:
        for link in kernel.dump(RTM_GETLINK, bytes(IFINFOMSG_LEN)):
            index = int.from_bytes(link.payload[4:8], sys.byteorder)
            for attribute in link.attributes(IFINFOMSG_LEN):
                if attribute.type == IFLA_IFNAME:
                    print(index, attribute.string())


SERVERS = {
    "stream": serve_stream,
    "seqpacket": serve_seqpacket,
    "datagram": serve_datagram,
    "fds": serve_fds,
    "credentials": serve_credentials,
}
CLIENTS = {
    "stream": call_stream,
    "seqpacket": call_seqpacket,
    "datagram": call_datagram,
    "fds": call_fds,
    "credentials": call_credentials,
}


def main(words):
    if words == ["links"]:
        links()
        return
    side, medium, text = words
    if side == "server":
        with listen(text) as sock:
            SERVERS[medium](sock)
    else:
        with socket.connect(text) as sock:
            CLIENTS[medium](sock)


if __name__ == "__main__":
    main(sys.argv[1:])
