//! [`Target`]: a URL that names a socket to connect to or to listen on, of any family.

use std::fmt;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::str::FromStr;

use super::grammar::{
    EscapedName, Host, ZoneSign, decimal, host_and_port, is_bare_ipv6, padded, unescape,
};
use super::query::{Key, Query, QueryWriter, split_query};
use super::scheme::{self, Form, Scheme};
use super::text::{
    PACKET_KEYS, ip_address, ip_keys, parse_name, parse_packet, without_slashes, write_flowinfo,
    write_packet, write_path, write_v6,
};
use super::{Address, AddressView, UnixName};
use crate::error::{AddressError, Error, Result};
use crate::family::{Family, Kind, Protocol};

/// A socket to connect to or to listen on, as one text from a command line or configuration file:
/// the place, the socket type, the protocol, and what a listener is asked for.
///
/// | canonical text, as `Display` writes it | read as well | what it names |
/// | --- | --- | --- |
/// | `tcp://127.0.0.1:80`, `tcp://[::1]:80`, `tcp://localhost:80` | | TCP; a name is resolved later |
/// | `udp://[fe80::1%253]:53` | `udp://[fe80::1%25eth0]:53` | UDP; the zone as RFC 6874 has it |
/// | `mptcp://192.0.2.1:80` | | multipath TCP (RFC 8684) |
/// | `unix:/run/x.sock`, `unix:rel.sock` | `unix:///run/x.sock` | a path, stream |
/// | `unix-dgram:/run/x.sock`, `unix-seqpacket:/run/x.sock` | | a path, other socket types |
/// | `unix-abstract:name`, `unix-abstract-dgram:name`, … | | Linux's abstract namespace |
/// | `unix-unnamed:`, `unix-unnamed-dgram:`, … | | a free abstract name (autobind) |
/// | `netlink:route?pid=7&groups=1,40` | `netlink:0?groups=40,1` | a netlink protocol by name or number |
/// | `vsock:2:1234`, `vsock-dgram:…`, `vsock-seqpacket:…` | `any`, `local`, `host` | vsock(7) |
/// | `packet:2?protocol=0x0800`, `packet-dgram:…` | `packet:eth0` | packet(7) |
/// | `fd:3` | | a descriptor that was inherited |
/// | `activation:name` | | a descriptor from the service manager (sd_listen_fds(3)) |
///
/// Schemes are read in any case. The rules of [`Address::parse`] hold for `%XX`, numbers, zones
/// and names, but that in a URL the percent sign before a zone is always `%25`.
///
/// What a listener is asked for stands in the query: `mode`, the socket file's permission bits in
/// octal (Unix paths); `unlink` (Unix paths) and `reuse` (Unix paths, TCP, UDP), each `1`, `0`, or
/// alone for `1`. IPv6 has `flowinfo`, netlink `pid` and `groups` (multicast groups by their
/// numbers, beyond 32 too), packet `protocol`, `hatype`, `pkttype` and `addr`. Any other key, or
/// one that comes twice, is an error.
///
/// ```
/// use rsocket::{Address, Family, Kind, Place, Target};
///
/// let target: Target = "unix-seqpacket:///run/app.sock?mode=660&unlink".parse()?;
/// assert_eq!(target.address(), Some(&Address::unix("/run/app.sock")?));
/// assert_eq!(target.kind(), Some(Kind::SEQPACKET));
/// assert_eq!((target.mode(), target.unlink(), target.reuse()), (Some(0o660), Some(true), None));
/// assert_eq!(target.to_string(), "unix-seqpacket:/run/app.sock?mode=0660&unlink=1");
///
/// let target: Target = "tcp://localhost:80".parse()?;
/// assert_eq!(*target.place(), Place::Host { name: "localhost".into(), port: 80 });
///
/// let error = "tcp://127.0.0.01:80".parse::<Target>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "IPv4 address is not four decimal numbers from 0 to 255 without leading zeros",
/// );
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Target {
    place: Place,
    kind: Option<Kind>,
    protocol: Protocol,
    mode: Option<u32>,
    unlink: Option<bool>,
    reuse: Option<bool>,
    /// In ascending order, each once; the address's own mask is empty.
    groups: Vec<u32>,
}

/// What a [`Target`] names.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Place {
    /// An address, ready for the kernel.
    Address(Address),
    /// A host whose addresses are still to be resolved.
    Host {
        /// The name, ASCII, as it was written.
        name: String,
        /// The port, in host order.
        port: u16,
    },
    /// A descriptor that this process inherited.
    Fd(RawFd),
    /// The name that the service manager gave to a descriptor that it passed (`LISTEN_FDNAMES`,
    /// sd_listen_fds(3)).
    Activation(String),
}

impl Target {
    /// Reads the text of a target; [`Target`] has the grammar. Text without a scheme is refused:
    /// `127.0.0.1:80` does not say whether TCP or UDP is meant.
    ///
    /// # Errors
    /// An [`AddressError`] that says what is wrong; [`Error::Os`] where looking up an interface
    /// fails for another reason than that there is none.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self> {
        let text = text.as_ref();
        let (name, rest) = match scheme::split(text) {
            Some(_) if is_bare_ipv6(text) => return Err(AddressError::MissingScheme.into()),
            Some(split) => split,
            None => return Err(AddressError::MissingScheme.into()),
        };
        let scheme = Scheme::find(name).ok_or(AddressError::UnknownScheme)?;
        let (body, query) = split_query(rest);
        match scheme.form {
            Form::Ip => Self::parse_ip(scheme, body, query),
            Form::Netlink => Self::parse_netlink(scheme, body, query),
            Form::Packet => {
                let address = parse_packet(body, &Query::parse(query, PACKET_KEYS)?)?;
                let protocol = packet_protocol(&address);
                let target = Self::at(scheme, Place::Address(address), Query::default());
                Ok(Target { protocol, ..target })
            }
            Form::UnixPath => {
                let address = parse_name(scheme.form, body)?;
                let query = Query::parse(query, &[Key::Mode, Key::Unlink, Key::Reuse])?;
                Ok(Self::at(scheme, Place::Address(address), query))
            }
            Form::UnixAbstract | Form::UnixUnnamed | Form::Vsock => {
                let address = parse_name(scheme.form, body)?;
                Ok(Self::at(
                    scheme,
                    Place::Address(address),
                    Query::parse(query, &[])?,
                ))
            }
            Form::Fd => {
                let fd = decimal::<i32>(without_slashes(body)?).ok_or(AddressError::Number)?;
                Ok(Self::at(scheme, Place::Fd(fd), Query::parse(query, &[])?))
            }
            Form::Activation => {
                let name = activation_name(unescape(without_slashes(body)?)?)?;
                Ok(Self::at(
                    scheme,
                    Place::Activation(name),
                    Query::parse(query, &[])?,
                ))
            }
        }
    }

    fn parse_ip(scheme: &Scheme, body: &[u8], query: Option<&[u8]>) -> Result<Self> {
        let body = body
            .strip_prefix(b"//")
            .ok_or(AddressError::MissingSlashes)?;
        let (host, port) = host_and_port(body, ZoneSign::Url)?;
        let mut keys = vec![Key::Reuse];
        keys.extend_from_slice(ip_keys(&host));
        let query = Query::parse(query, &keys)?;
        let place = match (ip_address(&host, port, &query), host) {
            (Some(address), _) => Place::Address(address),
            (None, Host::Name(name)) => Place::Host {
                name: name.to_owned(),
                port,
            },
            (None, _) => return Err(AddressError::HostName.into()),
        };
        Ok(Self::at(scheme, place, query))
    }

    fn parse_netlink(scheme: &Scheme, body: &[u8], query: Option<&[u8]>) -> Result<Self> {
        let protocol = scheme::netlink_protocol(&unescape(without_slashes(body)?)?)?;
        let query = Query::parse(query, &[Key::Pid, Key::Groups])?;
        let address = Address::netlink(query.pid.unwrap_or(0), 0);
        Ok(Target {
            protocol,
            ..Self::at(scheme, Place::Address(address), query)
        })
    }

    fn at(scheme: &Scheme, place: Place, query: Query) -> Self {
        Target {
            place,
            kind: scheme.kind,
            protocol: scheme.protocol,
            mode: query.mode,
            unlink: query.unlink,
            reuse: query.reuse,
            groups: query.groups.unwrap_or_default(),
        }
    }

    /// The target that names `address` for a socket of that type and protocol, such as the URL of
    /// a listener whose port the kernel chose.
    ///
    /// [`Protocol::DEFAULT`] is the usual protocol of the type. Netlink knows no difference
    /// between [`Kind::RAW`] and [`Kind::DGRAM`] (netlink(7)); the groups of the address's mask
    /// become [`Target::groups`].
    ///
    /// ```
    /// use rsocket::{Address, Kind, Protocol, Target};
    ///
    /// let address = Address::parse("127.0.0.1:4711")?;
    /// let target = Target::new(address, Kind::DGRAM, Protocol::DEFAULT)?;
    /// assert_eq!(target.to_string(), "udp://127.0.0.1:4711");
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::WrongFamily`] for an address that no scheme names, [`Error::WrongKind`] where no
    /// scheme has this socket type and protocol.
    pub fn new(address: Address, kind: Kind, protocol: Protocol) -> Result<Self> {
        let form = form_of(&address).ok_or(Error::WrongFamily)?;
        let kind = if form == Form::Netlink && kind == Kind::DGRAM {
            Kind::RAW
        } else {
            kind
        };
        let scheme = Scheme::of(form, Some(kind), protocol).ok_or(Error::WrongKind)?;
        let target = Self::at(scheme, Place::Address(address), Query::default());
        match address.view() {
            AddressView::Netlink { pid, groups } => Ok(Target {
                place: Place::Address(Address::netlink(pid, 0)),
                protocol,
                groups: (1..=u32::BITS)
                    .filter(|group| groups & 1 << (group - 1) != 0)
                    .collect(),
                ..target
            }),
            AddressView::Packet(_) => {
                let own = packet_protocol(&address);
                if protocol != Protocol::DEFAULT && protocol != own {
                    return Err(Error::WrongKind);
                }
                Ok(Target {
                    protocol: own,
                    ..target
                })
            }
            _ => Ok(target),
        }
    }

    /// This target at one of the addresses that its host name resolves to.
    #[cfg(feature = "tokio")]
    pub(crate) fn resolved_to(&self, address: Address, kind: Kind) -> Self {
        Target {
            place: Place::Address(address),
            kind: Some(kind),
            ..self.clone()
        }
    }

    /// What the target names.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The address, where the target names one.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        match &self.place {
            Place::Address(address) => Some(address),
            _ => None,
        }
    }

    /// The family; `None` where only resolving the name, or the inherited socket, can tell.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        self.address().map(Address::family)
    }

    /// The socket type; `None` where only the inherited socket can tell.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// The protocol, as socket(2) takes it.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The permission bits for the socket file of a listener (`mode=0660`), from 0 to 0o777.
    #[must_use]
    pub fn mode(&self) -> Option<u32> {
        self.mode
    }

    /// Whether a listener removes its socket file when it is closed (`unlink`).
    #[must_use]
    pub fn unlink(&self) -> Option<bool> {
        self.unlink
    }

    /// Whether a listener may take an address over that its predecessor left behind (`reuse`): a
    /// socket file that nobody listens on, or a port with connections in TIME_WAIT.
    #[must_use]
    pub fn reuse(&self) -> Option<bool> {
        self.reuse
    }

    /// The netlink multicast groups to join, by number, in ascending order.
    #[must_use]
    pub fn groups(&self) -> &[u32] {
        &self.groups
    }

    /// The name of the scheme; every target that can be made has one.
    fn scheme_name(&self) -> &'static str {
        let form = match &self.place {
            Place::Address(address) => form_of(address),
            Place::Host { .. } => Some(Form::Ip),
            Place::Fd(_) => Some(Form::Fd),
            Place::Activation(_) => Some(Form::Activation),
        };
        form.and_then(|form| Scheme::of(form, self.kind, self.protocol))
            .map_or("", |scheme| scheme.name)
    }
}

fn form_of(address: &Address) -> Option<Form> {
    match address.view() {
        AddressView::Inet(_) | AddressView::Inet6(_) => Some(Form::Ip),
        AddressView::Unix(UnixName::Path(_)) => Some(Form::UnixPath),
        AddressView::Unix(UnixName::Abstract(_)) => Some(Form::UnixAbstract),
        AddressView::Unix(UnixName::Unnamed) => Some(Form::UnixUnnamed),
        AddressView::Netlink { .. } => Some(Form::Netlink),
        AddressView::Vsock { .. } => Some(Form::Vsock),
        AddressView::Packet(_) => Some(Form::Packet),
        AddressView::Unspecified | AddressView::Other { .. } => None,
    }
}

/// packet(7): "protocol is the IEEE 802.3 protocol number in network byte order".
fn packet_protocol(address: &Address) -> Protocol {
    match address.view() {
        AddressView::Packet(address) => Protocol::from_raw(address.protocol.to_be().into()),
        _ => Protocol::DEFAULT,
    }
}

/// A name that can stand in `LISTEN_FDNAMES`.
fn activation_name(name: Vec<u8>) -> Result<String, AddressError> {
    // sd_listen_fds_with_names(3): printable ASCII without colons, which divide the names, and at
    // most 255 of it.
    let fits = (1..=255).contains(&name.len())
        && name
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~') && *byte != b':');
    String::from_utf8(name)
        .ok()
        .filter(|_| fits)
        .ok_or(AddressError::ActivationName)
}

impl FromStr for Target {
    type Err = Error;

    /// See [`Target::parse`].
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for Target {
    /// The canonical text, which [`Target::parse`] reads back as the same target.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        padded(f, |f| self.write(f))
    }
}

impl Target {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme_name();
        match &self.place {
            Place::Address(address) => self.fmt_address(f, scheme, address)?,
            Place::Host { name, port } => write!(f, "{scheme}://{name}:{port}")?,
            Place::Fd(fd) => write!(f, "{scheme}:{fd}")?,
            Place::Activation(name) => write!(f, "{scheme}:{}", EscapedName(name.as_bytes()))?,
        }
        let mut query = QueryWriter::new(f);
        match self.address().map(Address::view) {
            Some(AddressView::Inet6(address)) => write_flowinfo(&mut query, &address)?,
            Some(AddressView::Netlink { pid, .. }) => {
                query.pair(Key::Pid, (pid != 0).then_some(pid))?;
                query.groups(self.groups.iter().copied())?;
            }
            _ => {}
        }
        query.pair(Key::Mode, self.mode.map(|mode| format!("{mode:04o}")))?;
        query.pair(Key::Unlink, self.unlink.map(u8::from))?;
        query.pair(Key::Reuse, self.reuse.map(u8::from))
    }

    /// What stands before the query.
    fn fmt_address(
        &self,
        f: &mut fmt::Formatter<'_>,
        scheme: &str,
        address: &Address,
    ) -> fmt::Result {
        match address.view() {
            AddressView::Inet(address) => write!(f, "{scheme}://{address}"),
            AddressView::Inet6(address) => {
                write!(f, "{scheme}://")?;
                write_v6(f, &address, ZoneSign::Url)
            }
            AddressView::Unix(UnixName::Path(path)) => {
                write_path(f, scheme, path.as_os_str().as_bytes())
            }
            AddressView::Unix(UnixName::Abstract(name)) => {
                write!(f, "{scheme}:{}", EscapedName(name))
            }
            AddressView::Unix(UnixName::Unnamed) => write!(f, "{scheme}:"),
            AddressView::Netlink { .. } => match scheme::netlink_name(self.protocol) {
                Some(name) => write!(f, "{scheme}:{name}"),
                None => write!(f, "{scheme}:{}", self.protocol.raw()),
            },
            AddressView::Vsock { cid, port } => write!(f, "{scheme}:{cid}:{port}"),
            AddressView::Packet(address) => write_packet(f, scheme, &address),
            AddressView::Unspecified | AddressView::Other { .. } => write!(f, "{address}"),
        }
    }
}
