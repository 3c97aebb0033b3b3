//! The schemes of address text, as one table: what stands before the colon and what it means.

use crate::error::AddressError;
use crate::family::{Kind, Protocol};

/// What the text behind a scheme looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Ip,
    UnixPath,
    UnixAbstract,
    UnixUnnamed,
    Netlink,
    Vsock,
    Packet,
    Fd,
    Activation,
}

/// A row of the table.
pub(super) struct Scheme {
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// `None` where the inherited socket itself knows.
    pub(super) kind: Option<Kind>,
    /// Where the text itself does not say.
    pub(super) protocol: Protocol,
}

macro_rules! schemes {
    ($($name:literal $form:ident $kind:expr, $protocol:ident;)+) => {
        const SCHEMES: &[Scheme] = &[$(
            Scheme { name: $name, form: Form::$form, kind: $kind, protocol: Protocol::$protocol },
        )+];
    };
}

// The first row of a form is the one that an address alone has.
schemes! {
    "tcp"                     Ip           Some(Kind::STREAM),    TCP;
    "udp"                     Ip           Some(Kind::DGRAM),     UDP;
    "mptcp"                   Ip           Some(Kind::STREAM),    MPTCP;
    "unix"                    UnixPath     Some(Kind::STREAM),    DEFAULT;
    "unix-dgram"              UnixPath     Some(Kind::DGRAM),     DEFAULT;
    "unix-seqpacket"          UnixPath     Some(Kind::SEQPACKET), DEFAULT;
    "unix-abstract"           UnixAbstract Some(Kind::STREAM),    DEFAULT;
    "unix-abstract-dgram"     UnixAbstract Some(Kind::DGRAM),     DEFAULT;
    "unix-abstract-seqpacket" UnixAbstract Some(Kind::SEQPACKET), DEFAULT;
    "unix-unnamed"            UnixUnnamed  Some(Kind::STREAM),    DEFAULT;
    "unix-unnamed-dgram"      UnixUnnamed  Some(Kind::DGRAM),     DEFAULT;
    "unix-unnamed-seqpacket"  UnixUnnamed  Some(Kind::SEQPACKET), DEFAULT;
    "netlink"                 Netlink      Some(Kind::RAW),       DEFAULT;
    "vsock"                   Vsock        Some(Kind::STREAM),    DEFAULT;
    "vsock-dgram"             Vsock        Some(Kind::DGRAM),     DEFAULT;
    "vsock-seqpacket"         Vsock        Some(Kind::SEQPACKET), DEFAULT;
    "packet"                  Packet       Some(Kind::RAW),       DEFAULT;
    "packet-dgram"            Packet       Some(Kind::DGRAM),     DEFAULT;
    "fd"                      Fd           None,                  DEFAULT;
    "activation"              Activation   None,                  DEFAULT;
}

impl Scheme {
    /// By its name; RFC 3986, 3.1: "schemes are case-insensitive".
    pub(super) fn find(name: &[u8]) -> Option<&'static Scheme> {
        SCHEMES
            .iter()
            .find(|scheme| scheme.name.as_bytes().eq_ignore_ascii_case(name))
    }

    /// The scheme of such a socket. For netlink and packet sockets the protocol stands elsewhere.
    pub(super) fn of(
        form: Form,
        kind: Option<Kind>,
        protocol: Protocol,
    ) -> Option<&'static Scheme> {
        SCHEMES.iter().find(|scheme| {
            scheme.form == form
                && scheme.kind == kind
                && (protocol == Protocol::DEFAULT
                    || protocol == scheme.protocol
                    || matches!(form, Form::Netlink | Form::Packet))
        })
    }

    /// Whether an address alone is written with this scheme.
    pub(super) fn is_of_address(&self) -> bool {
        !matches!(self.form, Form::Ip | Form::Fd | Form::Activation)
            && SCHEMES
                .iter()
                .find(|scheme| scheme.form == self.form)
                .is_some_and(|first| first.name == self.name)
    }
}

/// Divides `scheme:rest`; `None` where no scheme stands at the start (RFC 3986, 3.1).
pub(super) fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = super::grammar::split_once(text, b':')?;
    let is_scheme = name.first().is_some_and(u8::is_ascii_alphabetic)
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    is_scheme.then_some((name, rest))
}

/// The names of the netlink protocols (linux/netlink.h), `NETLINK_` left away.
const NETLINK_PROTOCOLS: &[(&str, i32)] = &[
    ("route", libc::NETLINK_ROUTE),
    ("usersock", libc::NETLINK_USERSOCK),
    ("firewall", libc::NETLINK_FIREWALL),
    ("sock-diag", libc::NETLINK_SOCK_DIAG),
    ("nflog", libc::NETLINK_NFLOG),
    ("xfrm", libc::NETLINK_XFRM),
    ("selinux", libc::NETLINK_SELINUX),
    ("iscsi", libc::NETLINK_ISCSI),
    ("audit", libc::NETLINK_AUDIT),
    ("fib-lookup", libc::NETLINK_FIB_LOOKUP),
    ("connector", libc::NETLINK_CONNECTOR),
    ("netfilter", libc::NETLINK_NETFILTER),
    ("ip6-fw", libc::NETLINK_IP6_FW),
    ("dnrtmsg", libc::NETLINK_DNRTMSG),
    ("kobject-uevent", libc::NETLINK_KOBJECT_UEVENT),
    ("generic", libc::NETLINK_GENERIC),
    ("scsitransport", libc::NETLINK_SCSITRANSPORT),
    ("ecryptfs", libc::NETLINK_ECRYPTFS),
    ("rdma", libc::NETLINK_RDMA),
    ("crypto", libc::NETLINK_CRYPTO),
    ("smc", NETLINK_SMC),
    // The same number by its older name (sock_diag(7)).
    ("inet-diag", libc::NETLINK_SOCK_DIAG),
];

/// linux/netlink.h; libc has no name for it.
const NETLINK_SMC: i32 = 22;

/// A protocol by its name (hyphens or underscores, any case) or by its number.
pub(super) fn netlink_protocol(text: &[u8]) -> Result<Protocol, AddressError> {
    let same = |name: &str| {
        name.len() == text.len()
            && name.bytes().zip(text).all(|(byte, other)| {
                byte == other.to_ascii_lowercase() || (byte == b'-' && *other == b'_')
            })
    };
    let number = match NETLINK_PROTOCOLS.iter().find(|(name, _)| same(name)) {
        Some((_, number)) => Some(*number),
        None => super::grammar::decimal(text),
    };
    number
        .map(Protocol::from_raw)
        .ok_or(AddressError::NetlinkProtocol)
}

/// The name of a netlink protocol, where it has one.
pub(super) fn netlink_name(protocol: Protocol) -> Option<&'static str> {
    NETLINK_PROTOCOLS
        .iter()
        .find(|(_, number)| *number == protocol.raw())
        .map(|(name, _)| *name)
}

/// The well-known machines of vsock(7), by name.
pub(super) const VSOCK_CIDS: &[(&[u8], u32)] = &[
    (b"any", libc::VMADDR_CID_ANY),
    (b"local", libc::VMADDR_CID_LOCAL),
    (b"host", libc::VMADDR_CID_HOST),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_found_by_its_name_and_by_what_it_means() {
        for scheme in SCHEMES {
            let found = Scheme::find(scheme.name.to_ascii_uppercase().as_bytes());
            assert_eq!(found.map(|found| found.name), Some(scheme.name));
            let found = Scheme::of(scheme.form, scheme.kind, scheme.protocol);
            assert_eq!(found.map(|found| found.name), Some(scheme.name));
        }
    }

    #[test]
    fn every_netlink_name_means_its_number() {
        for (name, number) in NETLINK_PROTOCOLS {
            let protocol = Protocol::from_raw(*number);
            assert_eq!(netlink_protocol(name.as_bytes()), Ok(protocol));
            assert_eq!(
                netlink_protocol(name.replace('-', "_").as_bytes()),
                Ok(protocol)
            );
            assert_eq!(
                netlink_protocol(number.to_string().as_bytes()),
                Ok(protocol)
            );
            let canonical = netlink_name(protocol).unwrap();
            assert_eq!(netlink_protocol(canonical.as_bytes()), Ok(protocol));
        }
        for text in ["", "routes", "rout", "-1", "016", "2147483648", "route "] {
            let result = netlink_protocol(text.as_bytes());
            assert_eq!(result, Err(AddressError::NetlinkProtocol), "{text:?}");
        }
    }
}
