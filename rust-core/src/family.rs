//! The numbers that name a socket: family, kind and protocol, as newtypes over the C constants.

use std::fmt;

macro_rules! numbers {
    ($(#[$doc:meta])* $type:ident { $($(#[$item_doc:meta])* $name:ident = $value:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(transparent)]
        pub struct $type(i32);

        impl $type {
            $(
                $(#[$item_doc])*
                #[doc = concat!("\n\nC: `", stringify!($value), "`.")]
                pub const $name: $type = $type(libc::$value);
            )+

            /// Takes any number, known here or not: the kernel judges it.
            #[must_use]
            pub const fn from_raw(number: i32) -> Self {
                $type(number)
            }

            /// The number as C has it.
            #[must_use]
            pub const fn raw(self) -> i32 {
                self.0
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $(
                    if self.0 == libc::$value {
                        return f.write_str(stringify!($value));
                    }
                )+
                write!(f, concat!(stringify!($type), "({})"), self.0)
            }
        }
    };
}

numbers! {
    /// An address family, `AF_…` ([socket(2)], [address_families(7)]).
    ///
    /// ```
    /// use rsocket::Family;
    ///
    /// assert_eq!(format!("{:?}", Family::UNIX), "AF_UNIX");
    /// assert_eq!(Family::from_raw(16), Family::NETLINK);
    /// ```
    ///
    /// [socket(2)]: https://man7.org/linux/man-pages/man2/socket.2.html
    /// [address_families(7)]: https://man7.org/linux/man-pages/man7/address_families.7.html
    Family {
        /// No family: an empty address, or one that dissolves a datagram association.
        UNSPEC = AF_UNSPEC,
        /// Unix-domain sockets, see unix(7).
        UNIX = AF_UNIX,
        /// IPv4, see ip(7).
        INET = AF_INET,
        /// IPv6, see ipv6(7).
        INET6 = AF_INET6,
        /// Messages between kernel and user space, see netlink(7).
        NETLINK = AF_NETLINK,
        /// Link-layer packets, see packet(7).
        PACKET = AF_PACKET,
        /// Virtual machine and host, see vsock(7).
        VSOCK = AF_VSOCK,
        /// Controller area network.
        CAN = AF_CAN,
        /// The kernel's crypto interface.
        ALG = AF_ALG,
        /// Cluster communication.
        TIPC = AF_TIPC,
        /// Bluetooth.
        BLUETOOTH = AF_BLUETOOTH,
    }
}

numbers! {
    /// A socket type, `SOCK_…` ([socket(2)]): how data keeps its shape on the way.
    ///
    /// [socket(2)]: https://man7.org/linux/man-pages/man2/socket.2.html
    Kind {
        /// A byte stream over a connection.
        STREAM = SOCK_STREAM,
        /// Messages without a connection.
        DGRAM = SOCK_DGRAM,
        /// Messages with their boundaries kept, in order, over a connection.
        SEQPACKET = SOCK_SEQPACKET,
        /// Raw protocol access; needs CAP_NET_RAW for internet families.
        RAW = SOCK_RAW,
        /// Reliable datagrams without ordering.
        RDM = SOCK_RDM,
    }
}

impl Kind {
    /// True where data has no message boundaries, so that a short buffer cuts nothing off.
    #[must_use]
    pub const fn is_stream(self) -> bool {
        self.0 == libc::SOCK_STREAM
    }

    /// True where a server listens and accepts: stream and seqpacket.
    #[must_use]
    pub const fn is_connection_oriented(self) -> bool {
        self.0 == libc::SOCK_STREAM || self.0 == libc::SOCK_SEQPACKET
    }
}

/// A protocol within a family: `IPPROTO_…` for the internet families, `NETLINK_…` for netlink.
///
/// The same number means different things in different families, so it is not named by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
#[repr(transparent)]
pub struct Protocol(i32);

impl Protocol {
    /// The family's usual protocol for the kind.
    pub const DEFAULT: Protocol = Protocol(0);
    /// `IPPROTO_ICMP`, see icmp(7).
    pub const ICMP: Protocol = Protocol(libc::IPPROTO_ICMP);
    /// `IPPROTO_TCP`, see tcp(7).
    pub const TCP: Protocol = Protocol(libc::IPPROTO_TCP);
    /// `IPPROTO_UDP`, see udp(7).
    pub const UDP: Protocol = Protocol(libc::IPPROTO_UDP);
    /// `IPPROTO_ICMPV6`.
    pub const ICMPV6: Protocol = Protocol(libc::IPPROTO_ICMPV6);
    /// `IPPROTO_MPTCP`, multipath TCP (RFC 8684).
    pub const MPTCP: Protocol = Protocol(libc::IPPROTO_MPTCP);
    /// `NETLINK_ROUTE`, see rtnetlink(7).
    pub const NETLINK_ROUTE: Protocol = Protocol(libc::NETLINK_ROUTE);
    /// `NETLINK_SOCK_DIAG`, see sock_diag(7).
    pub const NETLINK_SOCK_DIAG: Protocol = Protocol(libc::NETLINK_SOCK_DIAG);
    /// `NETLINK_KOBJECT_UEVENT`: device events.
    pub const NETLINK_KOBJECT_UEVENT: Protocol = Protocol(libc::NETLINK_KOBJECT_UEVENT);
    /// `NETLINK_GENERIC`: families resolved by name.
    pub const NETLINK_GENERIC: Protocol = Protocol(libc::NETLINK_GENERIC);
    /// `NETLINK_USERSOCK`: user-space peers of each other.
    pub const NETLINK_USERSOCK: Protocol = Protocol(libc::NETLINK_USERSOCK);

    /// Takes any number: the kernel judges it.
    #[must_use]
    pub const fn from_raw(number: i32) -> Self {
        Protocol(number)
    }

    /// The number as C has it.
    #[must_use]
    pub const fn raw(self) -> i32 {
        self.0
    }
}
