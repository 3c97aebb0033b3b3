//! Names to addresses: getaddrinfo(3), with a quick way for numbers. The way back is in `name_info`.

mod flags;
mod name_info;

pub use self::flags::{NameFlags, ResolveFlags};
pub use self::name_info::{NameInfo, name_info};

use std::ffi::{CStr, CString, OsString};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStringExt;

use crate::address::Address;
use crate::errno::Errno;
use crate::error::{Error, Op, ResolveError, Result};
use crate::family::{Family, Kind, Protocol};
use crate::sys::resolve as sys;

/// What [`resolve`] is to find; the default is everything.
///
/// ```
/// use rsocket::{Family, Hints, Kind, ResolveFlags};
///
/// let hints = Hints {
///     family: Family::INET6,
///     kind: Some(Kind::STREAM),
///     flags: ResolveFlags::PASSIVE,
///     ..Hints::default()
/// };
/// assert_eq!(hints.family, Family::INET6);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hints {
    /// One family, or [`Family::UNSPEC`] for both internet families.
    pub family: Family,
    /// One socket type; `None` gives an answer for each that the service has.
    pub kind: Option<Kind>,
    /// One protocol, or [`Protocol::DEFAULT`] for any.
    pub protocol: Protocol,
    /// How to look.
    pub flags: ResolveFlags,
}

impl Default for Hints {
    fn default() -> Self {
        Hints {
            family: Family::UNSPEC,
            kind: None,
            protocol: Protocol::DEFAULT,
            flags: ResolveFlags::empty(),
        }
    }
}

/// One answer of [`resolve`]: all that a socket needs to be made and connected or bound.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResolvedAddress {
    /// The family of the socket.
    pub family: Family,
    /// The type of the socket.
    pub kind: Kind,
    /// The protocol of the socket.
    pub protocol: Protocol,
    /// Where to connect or bind.
    pub address: Address,
    /// The canonical name of the host, in the first answer, if it was asked for.
    pub canonical_name: Option<OsString>,
}

/// The answers of [`resolve`], in the order in which to try them (RFC 6724).
#[derive(Debug)]
pub struct ResolvedAddresses(Source);

#[derive(Debug)]
enum Source {
    Number {
        address: SocketAddr,
        uses: &'static [(Kind, Protocol)],
    },
    List(sys::List),
}

/// What a number may be used for where the hints leave it open, in the order of the C library.
const USES: &[(Kind, Protocol)] = &[
    (Kind::STREAM, Protocol::TCP),
    (Kind::DGRAM, Protocol::UDP),
    (Kind::RAW, Protocol::DEFAULT),
];

/// Looks up the addresses of a host and a service, as [getaddrinfo(3)] does.
///
/// A host is a name, a number, or `None` for this machine; a service is a name such as `"http"`, a
/// decimal port, or `None`. A number is answered at once ([`resolve_number`]); a name may take as
/// long as the system's resolver takes, which no deadline can bound. May be called from any
/// thread.
///
/// # Errors
/// [`Error::Resolve`] with the `EAI_…` code, such as an unknown host or service, and
/// [`Error::Os`] where a system call failed (EAI_SYSTEM). A NUL byte in either is an unknown name
/// (EAI_NONAME).
///
/// ```
/// use rsocket::{Hints, Kind, resolve};
///
/// let hints = Hints { kind: Some(Kind::STREAM), ..Hints::default() };
/// let answers: Vec<_> = resolve(Some("127.0.0.1"), Some("80"), hints)?.collect();
/// assert_eq!(answers[0].address.to_string(), "127.0.0.1:80");
/// assert_eq!(answers.len(), 1);
/// # Ok::<(), rsocket::Error>(())
/// ```
///
/// [getaddrinfo(3)]: https://man7.org/linux/man-pages/man3/getaddrinfo.3.html
#[doc(alias = "getaddrinfo")]
pub fn resolve(
    host: Option<&str>,
    service: Option<&str>,
    hints: Hints,
) -> Result<ResolvedAddresses> {
    let port = service.map_or(Some(0), parse_port);
    if let (Some(host), Some(port)) = (host, port)
        && let Some(answers) = resolve_number(host, port, hints)
    {
        return Ok(answers);
    }
    resolve_c(
        terminated(host)?.as_deref(),
        terminated(service)?.as_deref(),
        hints,
    )
}

/// [`resolve`] for C strings, which need not be UTF-8; always asks the C library.
///
/// # Errors
/// Those of [`resolve`].
pub fn resolve_c(
    host: Option<&CStr>,
    service: Option<&CStr>,
    hints: Hints,
) -> Result<ResolvedAddresses> {
    let hints = sys::Hints {
        family: hints.family.raw(),
        kind: hints.kind.map_or(0, Kind::raw),
        protocol: hints.protocol.raw(),
        flags: hints.flags.raw(),
    };
    match sys::getaddrinfo(host, service, hints) {
        Ok(list) => Ok(ResolvedAddresses(Source::List(list))),
        Err(failure) => Err(error(failure, Op::GetAddrInfo)),
    }
}

/// The answers for a numeric host, without a system call; `None` where the C library must be
/// asked.
///
/// That is so for names, IPv6 zones, IPv4 numbers that are not four plain decimals, a family that
/// the number is not of, and hints beyond the everyday ones (stream or datagram sockets of
/// their usual protocol, or all; flags PASSIVE, NUMERIC_HOST and NUMERIC_SERVICE). The answers are the
/// same ones in the same order.
///
/// ```
/// use rsocket::{Hints, resolve_number};
///
/// assert_eq!(resolve_number("::1", 53, Hints::default()).into_iter().flatten().count(), 3);
/// assert!(resolve_number("localhost", 53, Hints::default()).is_none());
/// ```
#[must_use]
pub fn resolve_number(host: &str, port: u16, hints: Hints) -> Option<ResolvedAddresses> {
    let simple = ResolveFlags::PASSIVE | ResolveFlags::NUMERIC_HOST | ResolveFlags::NUMERIC_SERVICE;
    if hints.flags.raw() & !simple.raw() != 0 {
        return None;
    }
    let uses = match hints.kind.filter(|kind| kind.raw() != 0) {
        None => USES,
        // Raw sockets have no services: the C library judges whether one was asked for.
        Some(Kind::RAW) => return None,
        Some(kind) => {
            let known = USES.iter().position(|(known, _)| *known == kind)?;
            USES.get(known..=known)?
        }
    };
    let uses = match hints.protocol {
        Protocol::DEFAULT => uses,
        protocol => {
            let known = uses.iter().position(|(_, known)| *known == protocol)?;
            uses.get(known..=known)?
        }
    };
    let host: IpAddr = host.parse().ok()?;
    let family = if host.is_ipv4() {
        Family::INET
    } else {
        Family::INET6
    };
    if hints.family != Family::UNSPEC && hints.family != family {
        return None;
    }
    Some(ResolvedAddresses(Source::Number {
        address: SocketAddr::new(host, port),
        uses,
    }))
}

impl Iterator for ResolvedAddresses {
    type Item = ResolvedAddress;

    fn next(&mut self) -> Option<ResolvedAddress> {
        match &mut self.0 {
            Source::Number { address, uses } => {
                let ((kind, protocol), rest) = uses.split_first()?;
                *uses = rest;
                let address = Address::from(*address);
                Some(ResolvedAddress {
                    family: address.family(),
                    kind: *kind,
                    protocol: *protocol,
                    address,
                    canonical_name: None,
                })
            }
            Source::List(list) => loop {
                let entry = list.next()?;
                if let Some(address) = entry.address {
                    return Some(ResolvedAddress {
                        family: Family::from_raw(entry.family),
                        kind: Kind::from_raw(entry.kind),
                        protocol: Protocol::from_raw(entry.protocol),
                        address: Address::from_native(address),
                        canonical_name: entry.canonical_name.map(OsString::from_vec),
                    });
                }
            },
        }
    }
}

fn error(failure: sys::Failure, op: Op) -> Error {
    match failure {
        sys::Failure::Code(code) => Error::Resolve(ResolveError::from_code(code)),
        sys::Failure::System(number) => Error::Os {
            op,
            errno: Errno::from_raw(number),
        },
    }
}

/// A port in plain decimal, as no service's name can be read.
fn parse_port(service: &str) -> Option<u16> {
    if service.bytes().all(|byte| byte.is_ascii_digit()) {
        service.parse().ok()
    } else {
        None
    }
}

fn terminated(text: Option<&str>) -> Result<Option<CString>> {
    let name = |_| Error::Resolve(ResolveError::from_code(libc::EAI_NONAME));
    text.map(|text| CString::new(text).map_err(name))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(family: Family, kind: Option<Kind>, protocol: Protocol, flags: i32) -> Hints {
        Hints {
            family,
            kind,
            protocol,
            flags: ResolveFlags::from_raw(flags),
        }
    }

    /// Whatever the quick way answers, the C library answers too, in the same order.
    #[test]
    fn numbers_are_answered_as_the_c_library_answers_them() {
        let hosts = [
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:1.2.3.4",
            "fe80::1",
        ];
        let kinds = [None, Some(Kind::STREAM), Some(Kind::DGRAM), Some(Kind::RAW)];
        let protocols = [0, 6, 17, 132].map(Protocol::from_raw);
        let families = [Family::UNSPEC, Family::INET, Family::INET6];
        let mut compared = 0;
        for host in hosts {
            for (kind, protocol) in kinds.iter().flat_map(|k| protocols.map(|p| (*k, p))) {
                for (family, flags) in families
                    .iter()
                    .flat_map(|f| [0, 1, 4, 1024].map(|x| (*f, x)))
                {
                    let hints = hints(family, kind, protocol, flags);
                    let Some(quick) = resolve_number(host, 80, hints) else {
                        continue;
                    };
                    let host = CString::new(host).unwrap();
                    let full = resolve_c(Some(&host), Some(c"80"), hints).unwrap();
                    assert_eq!(
                        quick.collect::<Vec<_>>(),
                        full.collect::<Vec<_>>(),
                        "{hints:?}"
                    );
                    compared += 1;
                }
            }
        }
        assert!(compared > 300, "{compared}");
    }

    #[test]
    fn what_is_no_plain_number_goes_to_the_c_library() {
        for host in [
            "localhost",
            "",
            "1.2.3",
            "01.2.3.4",
            "1.2.3.4.5",
            "::1%lo",
            "[::1]",
            " ::1",
        ] {
            assert!(
                resolve_number(host, 80, Hints::default()).is_none(),
                "{host}"
            );
        }
        let canonical = Hints {
            flags: ResolveFlags::CANONICAL_NAME,
            ..Hints::default()
        };
        assert!(resolve_number("::1", 80, canonical).is_none());
        let other = Hints {
            family: Family::INET,
            ..Hints::default()
        };
        assert!(resolve_number("::1", 80, other).is_none());
    }

    #[test]
    fn a_canonical_name_comes_with_the_first_answer() {
        let hints = Hints {
            flags: ResolveFlags::CANONICAL_NAME,
            ..Hints::default()
        };
        let mut answers = resolve(Some("127.0.0.1"), None, hints).unwrap();
        let name = answers.next().and_then(|answer| answer.canonical_name);
        assert_eq!(name.as_deref(), Some("127.0.0.1".as_ref()));
        assert_eq!(
            answers.next().and_then(|answer| answer.canonical_name),
            None
        );
    }

    #[test]
    fn failures_keep_their_code() {
        let code = |result: Result<ResolvedAddresses>| match result {
            Err(Error::Resolve(error)) => error.code(),
            other => panic!("{other:?}"),
        };
        let numeric = Hints {
            flags: ResolveFlags::NUMERIC_HOST,
            ..Hints::default()
        };
        assert_eq!(
            code(resolve(Some("localhost"), None, numeric)),
            libc::EAI_NONAME
        );
        assert_eq!(
            code(resolve(None, None, Hints::default())),
            libc::EAI_NONAME
        );
        assert_eq!(
            code(resolve(Some("a\0b"), None, Hints::default())),
            libc::EAI_NONAME
        );
        let no_service = resolve(Some("::1"), Some("no such service"), Hints::default());
        assert_eq!(code(no_service), libc::EAI_SERVICE);
    }

    #[test]
    fn names_of_no_internet_address_are_refused() {
        let error = name_info(&Address::netlink(0, 0), NameFlags::empty()).unwrap_err();
        assert_eq!(
            error,
            Error::Resolve(ResolveError::from_code(libc::EAI_FAMILY))
        );
    }
}
