"""Control messages, as `socket.recvmsg()` gives them, with their meaning.

`parse()` makes each `(level, type, data)` a tuple with a name. The option that asks the kernel for
a message is named with it; see cmsg(3), socket(7), ip(7), ipv6(7), unix(7).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NamedTuple, Union

from rsocket import _socket

__all__ = [
    "Credentials",
    "Dropped",
    "ExtendedError",
    "HopLimit",
    "Mark",
    "Message",
    "OriginalDestination",
    "Other",
    "PacketInfo",
    "PidFd",
    "QueuedBytes",
    "Rights",
    "SecurityLabel",
    "SegmentSize",
    "TimeToLive",
    "Timestamp",
    "Timestamps",
    "TrafficClass",
    "TypeOfService",
    "parse",
]


class Rights(NamedTuple):
    """SCM_RIGHTS: descriptors, which are the receiver's to close.

    They are inheritable, unless `recvmsg()` was called with MSG_CMSG_CLOEXEC.
    """

    fds: tuple[int, ...]

    def close(self) -> None:
        """Closes all of them."""
        for fd in self.fds:
            os.close(fd)


class PidFd(NamedTuple):
    """SCM_PIDFD (SO_PASSPIDFD): a descriptor of the sending process; the receiver's to close."""

    fd: int


class Credentials(NamedTuple):
    """SCM_CREDENTIALS (SO_PASSCRED), and what `peercred()` gives: a process, as the kernel says."""

    pid: int
    uid: int
    gid: int


class SecurityLabel(NamedTuple):
    """SCM_SECURITY (SO_PASSSEC): the sender's security label."""

    label: bytes


class PacketInfo(NamedTuple):
    """IP_PKTINFO, IPV6_PKTINFO (IPV6_RECVPKTINFO): where a datagram came to.

    The number of the interface, the destination in the header, and the local address to answer
    from, which differ for multicast and broadcast over IPv4.
    """

    interface: int
    destination: str
    local: str


class TypeOfService(NamedTuple):
    """IP_TOS (IP_RECVTOS): the byte with DSCP and ECN."""

    value: int


class TrafficClass(NamedTuple):
    """IPV6_TCLASS (IPV6_RECVTCLASS): the byte with DSCP and ECN."""

    value: int


class TimeToLive(NamedTuple):
    """IP_TTL (IP_RECVTTL): how many hops were left."""

    hops: int


class HopLimit(NamedTuple):
    """IPV6_HOPLIMIT (IPV6_RECVHOPLIMIT): how many hops were left."""

    hops: int


class Timestamp(NamedTuple):
    """SO_TIMESTAMP, SO_TIMESTAMPNS: when the kernel saw the packet, since 1970 in UTC."""

    seconds: int
    nanoseconds: int

    @property
    def ns(self) -> int:
        """The whole in nanoseconds, as `time.time_ns()` counts."""
        return self.seconds * 1_000_000_000 + self.nanoseconds


class Timestamps(NamedTuple):
    """SCM_TIMESTAMPING (SO_TIMESTAMPING): the stamps that were taken, None for the others."""

    software: Timestamp | None
    transformed: Timestamp | None
    hardware: Timestamp | None


class SegmentSize(NamedTuple):
    """UDP_GRO: the length in bytes of the datagrams that were joined; the last may be shorter."""

    size: int


class ExtendedError(NamedTuple):
    """IP_RECVERR, IPV6_RECVERR: an entry of the error queue, received with MSG_ERRQUEUE.

    `errno` is 0 for a completion or a stamp. `origin` is SO_EE_ORIGIN_...; `type` and `code` are
    those of ICMP; `info` is the path MTU for EMSGSIZE. `offender` is the address of the host that
    sent the error, or None.
    """

    errno: int
    origin: int
    type: int
    code: int
    info: int
    data: int
    offender: Any


class OriginalDestination(NamedTuple):
    """IP_ORIGDSTADDR, IPV6_ORIGDSTADDR: where a redirected datagram was going."""

    address: Any


class Dropped(NamedTuple):
    """SO_RXQ_OVFL: how many datagrams the socket has dropped so far."""

    datagrams: int


class Mark(NamedTuple):
    """SO_MARK (SO_RCVMARK): the packet's firewall mark."""

    mark: int


class QueuedBytes(NamedTuple):
    """TCP_CM_INQ (TCP_INQ): how many bytes the queue still holds."""

    size: int


class Other(NamedTuple):
    """A message that has no class of its own, or is shorter than it must be."""

    level: int
    type: int
    data: bytes


Message = Union[
    Rights,
    PidFd,
    Credentials,
    SecurityLabel,
    PacketInfo,
    TypeOfService,
    TrafficClass,
    TimeToLive,
    HopLimit,
    Timestamp,
    Timestamps,
    SegmentSize,
    ExtendedError,
    OriginalDestination,
    Dropped,
    Mark,
    QueuedBytes,
    Other,
]


def parse(ancdata: Iterable[tuple[int, int, bytes]]) -> list[Message]:
    """Returns the control messages of a `recvmsg()`, the second item of what it gives, with names.

    Every descriptor among the data is in a `Rights` or a `PidFd`, to be closed by the caller.
    Raises TypeError for what is no (level, type, data).
    """
    return [_message(*message) for message in ancdata]


def _message(level: int, kind: int, data: bytes) -> Message:
    decoded = _socket.decode_control(level, kind, data)
    if decoded is None:
        return Other(level, kind, data)
    name, *values = decoded
    if name == "Timestamps":
        values = [None if value is None else Timestamp(*value) for value in values]
    message: Message = globals()[name](*values)
    return message
