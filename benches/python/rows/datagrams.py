"""Rows of datagrams and messages: with addresses, control data and descriptors."""

import os

from rows.table import GREETING, bound, heading, pair, row

heading("Datagrams")


@row("udp v4 sendto+recvfrom", "AF_INET", goal=1.50)
@row("udp v6 sendto+recvfrom", "AF_INET6", goal=1.44)
@row("unix datagram sendto+recvfrom", "AF_UNIX", goal=1.40)
def datagram(module, exits, family):
    sock = bound(module, exits, family, "SOCK_DGRAM")
    own = sock.getsockname()

    def run(steps):
        sendto, recvfrom = sock.sendto, sock.recvfrom
        for _ in range(steps):
            sendto(GREETING, own)
            recvfrom(2048)

    return run


@row("udp v4 sendto+recvfrom_into", goal=1.40)
def datagram_into(module, exits):
    sock = bound(module, exits, "AF_INET", "SOCK_DGRAM")
    own, room = sock.getsockname(), bytearray(2048)

    def run(steps):
        sendto, recvfrom_into = sock.sendto, sock.recvfrom_into
        for _ in range(steps):
            sendto(GREETING, own)
            recvfrom_into(room)

    return run


heading("Messages and descriptors")


@row("sendmsg+recvmsg", goal=1.35)
def message(module, exits):
    left, right = pair(module, exits)

    def run(steps):
        for _ in range(steps):
            left.sendmsg([GREETING])
            right.recvmsg(2048)

    return run


@row("sendmsg+recvmsg_into", goal=1.35)
def message_into(module, exits):
    left, right = pair(module, exits)
    rooms = [bytearray(2048)]

    def run(steps):
        for _ in range(steps):
            left.sendmsg([GREETING])
            right.recvmsg_into(rooms)

    return run


# What is passed is no Unix-domain socket: those put the kernel's garbage collector to work.
@row("sendmsg+recvmsg with a descriptor", goal=1.30)
def rights(module, exits):
    left, right = pair(module, exits)
    fd = os.open(os.devnull, os.O_RDONLY)
    exits.callback(os.close, fd)
    control = [(module.SOL_SOCKET, module.SCM_RIGHTS, fd.to_bytes(4, "little"))]
    room = module.CMSG_SPACE(4)

    def run(steps):
        for _ in range(steps):
            left.sendmsg([b"x"], control)
            os.close(int.from_bytes(right.recvmsg(16, room)[1][0][2], "little"))

    return run


@row("send_fds+recv_fds", goal=1.85)
def passed(module, exits):
    left, right = pair(module, exits)
    fd = os.open(os.devnull, os.O_RDONLY)
    exits.callback(os.close, fd)

    def run(steps):
        for _ in range(steps):
            module.send_fds(left, [b"x"], [fd])
            os.close(module.recv_fds(right, 16, 1)[1][0])

    return run
