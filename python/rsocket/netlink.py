"""Netlink, the kernel's own protocol for configuration and events, see netlink(7).

    from rsocket import netlink

    RTM_GETLINK, IFLA_IFNAME, IFINFOMSG_LEN = 18, 3, 16
    with netlink.open() as route:
        for link in route.dump(RTM_GETLINK, bytes(IFINFOMSG_LEN)):
            for attribute in link.attributes(IFINFOMSG_LEN):
                if attribute.type == IFLA_IFNAME:
                    print(attribute.string())

Requests are checked strictly by the kernel, and what comes back is checked here: its sender, its
sequence number and every length. A refusal is an OSError with the kernel's number and its own
words. Constants such as NETLINK_ROUTE and NLM_F_DUMP are in `rsocket`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rsocket import _socket

__all__ = ["Attribute", "Family", "Message", "Netlink", "open", "pack_attribute"]


class Attribute(NamedTuple):
    """An attribute of a message: a type and bytes."""

    type: int
    """`nla_type` without its flag bits."""
    nested: bool
    """NLA_F_NESTED: the payload holds attributes itself."""
    network_order: bool
    """NLA_F_NET_BYTEORDER: integers in the payload are in network byte order."""
    payload: bytes

    def attributes(self) -> list[Attribute]:
        """The attributes inside; OSError EBADMSG where a length does not fit."""
        return _attributes(self.payload, 0)

    def string(self) -> str:
        """The payload up to its first NUL, as the file system codec decodes it."""
        text = self.payload.partition(b"\0")[0]
        return text.decode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())

    def integer(self) -> int:
        """The payload as an unsigned integer of its own length."""
        return int.from_bytes(self.payload, "big" if self.network_order else sys.byteorder)


class Message(NamedTuple):
    """A message that the kernel sent."""

    type: int
    flags: int
    sequence: int
    """The number of the request that it answers; 0 for an event."""
    pid: int
    """The port id of the socket that it answers; 0 for an event of the kernel."""
    payload: bytes
    """What stands behind the header, `struct nlmsghdr`."""

    def attributes(self, offset: int = 0) -> list[Attribute]:
        """The attributes behind `offset` bytes: the size of the fixed structure before them.

        Raises OSError EBADMSG where a length does not fit.
        """
        return _attributes(self.payload, offset)


class Family(NamedTuple):
    """A generic netlink family, as the kernel's controller describes it."""

    id: int
    """The message type of its requests."""
    version: int
    header_len: int
    """The size of its own header behind `struct genlmsghdr`."""
    groups: dict[str, int]
    """The numbers of its multicast groups, for `Netlink.join`."""


class Netlink(_socket.Netlink):
    """A netlink socket with a port id that the kernel chose.

    For one thread at a time: a call while another is under way raises RuntimeError. `timeout` in
    seconds bounds each call, which raises TimeoutError; None, the default, waits for ever.
    """

    __slots__ = ()

    def __new__(cls, protocol: int = 0, groups: Sequence[int] = ()) -> Netlink:
        """Opens a socket of a protocol (NETLINK_ROUTE is 0) and joins multicast groups.

        Raises OSError EPROTONOSUPPORT for a protocol that the kernel lacks, EINVAL or EPERM for
        a group.
        """
        return super().__new__(cls, protocol, list(groups))

    def request(self, type: int, flags: int = 0, payload: bytes = b"") -> Iterator[Message]:
        """Sends a request and returns an iterator over the replies.

        NLM_F_REQUEST and NLM_F_ACK are added to the flags. The iterator ends at the
        acknowledgement or at the end of the dump; for a request that changes something it has to
        be run to its end to see whether the kernel agreed, as `list()` does. A later request ends
        it early.

        Raises OSError with the kernel's number where it refuses, while iterating; EINTR at the
        end of a dump that changed under way; TimeoutError.
        """
        return self._replies(self.start_request(type, flags, payload))

    def _replies(self, sequence: int) -> Iterator[Message]:
        while True:
            reply = self.next_reply(sequence)
            if reply is None:
                return
            yield Message._make(reply)

    def dump(self, type: int, payload: bytes = b"", *, attempts: int = 5) -> list[Message]:
        """Sends a request with NLM_F_DUMP and returns all replies as one consistent view.

        A dump that changed under way is repeated, up to `attempts` times in all; InterruptedError
        is raised when the last one changed too.
        """
        while True:
            attempts -= 1
            try:
                return list(self.request(type, _socket.NLM_F_DUMP, payload))
            except InterruptedError:
                if attempts <= 0:
                    raise

    def events(self) -> Iterator[Message]:
        """Waits for events of the groups that were joined, without end.

        Raises OSError ENOBUFS where events were lost, after which another iterator goes on;
        TimeoutError.
        """
        while True:
            yield from map(Message._make, self.recv())

    def resolve_family(self, name: str) -> Family:
        """Looks up a generic netlink family, on a socket of NETLINK_GENERIC.

        Raises OSError ENOENT where the kernel has none of that name.
        """
        number, version, header_len, groups = self.find_family(name)
        return Family(number, version, header_len, dict(groups))

    def __enter__(self) -> Netlink:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def open(protocol: int = 0, groups: Sequence[int] = ()) -> Netlink:
    """Opens a netlink socket; see `Netlink`."""
    return Netlink(protocol, groups)


def pack_attribute(type: int, payload: bytes) -> bytes:
    """The bytes of an attribute, padded, for the payload of a request.

    Raises ValueError for more than 65531 bytes.
    """
    length = 4 + len(payload)
    if length > 0xFFFF:
        raise ValueError("an attribute holds at most 65531 bytes")
    header = length.to_bytes(2, sys.byteorder) + type.to_bytes(2, sys.byteorder)
    return header + payload + bytes(-length % 4)


def _attributes(payload: bytes, offset: int) -> list[Attribute]:
    return [Attribute(*parts) for parts in _socket.netlink_attributes(payload, offset)]
